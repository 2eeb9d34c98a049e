"""A file is written whole, or the old one stays as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labhelpers.files import written_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_text_take_the_place_of_an_older_file(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "file.txt"
    with written_whole(target) as stream:
        stream.write(b"first")
    assert target.read_bytes() == b"first"
    with written_whole(str(target), "w", encoding="utf-16") as stream:
        stream.write("zwölf")
    assert target.read_text(encoding="utf-16") == "zwölf"
    assert names(target.parent) == ["file.txt"]


def test_until_all_is_written_the_old_file_stands(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with written_whole(target) as stream:
        stream.write(b"new")
        stream.flush()
        assert target.read_bytes() == b"old"
        (beside,) = (name for name in names(tmp_path) if name != "file")
        assert beside.startswith(".file-")
        assert beside.endswith(".part")
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("old", [b"old", None])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(
    error: type[BaseException], old: bytes | None, tmp_path: Path
) -> None:
    target = tmp_path / "file"
    if old is not None:
        target.write_bytes(old)

    def write() -> None:
        with written_whole(target) as stream:
            stream.write(b"half of the n")
            raise error

    with pytest.raises(error):
        write()
    assert names(tmp_path) == ([] if old is None else ["file"])
    assert old is None or target.read_bytes() == old


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with written_whole(target) as one, written_whole(target) as other:
        one.write(b"one" * 10)
        other.write(b"other")
    assert target.read_bytes() == b"one" * 10  # whoever ends last
    assert names(tmp_path) == ["file"]


KILLED = """
import os, signal, sys
from labhelpers.files import written_whole
with written_whole(sys.argv[1]) as stream:
    stream.write(b"half of the n")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    command = [sys.executable, "-c", KILLED, target]
    killed = subprocess.run(command, check=False, cwd=Path(__file__).parents[1], env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    with written_whole(target) as stream:
        stream.write(b"new")
    assert target.read_bytes() == b"new"


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError), written_whole(tmp_path / "file" / "inside"):  # noqa: PT011
        pass
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError), written_whole(tmp_path / "folder") as stream:  # noqa: PT011
        stream.write(b"new")
    assert names(tmp_path) == ["file", "folder"]


def test_what_a_killed_writer_left_is_swept_up_and_what_another_is_writing_is_not(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".file-1.part", tmp_path / ".file-2.part"
    for left in (old, fresh):
        left.touch()
    os.utime(old, (0, 0))
    with written_whole(tmp_path / "file") as stream:
        stream.write(b"new")
    assert names(tmp_path) == [fresh.name, "file"]
