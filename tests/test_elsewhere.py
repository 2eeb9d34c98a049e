"""What Windows and macOS lack is taken away here, and the package must do without."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from labhelpers import files, quiet

ROOT = Path(__file__).parents[1]

LACKING = """
import os, signal, sys
# The standard library settles what it can do when it is imported, so it comes first; then all that Windows lacks goes.
import asyncio, multiprocessing, multiprocessing.util, shutil, socket, subprocess, tarfile, tempfile, zipfile
import numpy, tensorflow, keras, matplotlib.pyplot, jupyter_client, nbclient, nbconvert, nbgrader.apps, psutil, pooch
import ipykernel.kernelapp, joblib, jupyter_client.provisioning, jupytext, nbval, visualkeras, imageio, sklearn.datasets
for name in ("fork", "forkpty", "setsid", "killpg", "getuid", "geteuid", "chown", "mkfifo", "uname", "WNOHANG"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGCHLD", "alarm", "pthread_kill"):
    if hasattr(signal, name):
        delattr(signal, name)
for name in ("resource", "fcntl", "pwd", "grp", "termios", "pty"):
    sys.modules[name] = None
"""
EVERYTHING = """
import importlib, pkgutil
import labhelpers
for found in pkgutil.walk_packages(labhelpers.__path__, "labhelpers."):
    if found.name.rpartition(".")[2] != "__main__":
        importlib.import_module(found.name)
"""
TRAINING = """
from labhelpers.training import Checkpoints, resume
from tests.training.small_gan import new_gan, train
train(new_gan(seed=1), 1, callbacks=[Checkpoints(sys.argv[1])])
assert resume(new_gan(seed=2), sys.argv[1]) == 1
"""
COMMANDS = """
from labhelpers.cli import main
for arguments in (["list"], ["zoo"], ["build", "--check"], ["bundle", "--output", sys.argv[1] + "/labs.zip"]):
    assert main(arguments) == 0, arguments
"""


def run(code: str, folder: Path, *options: str, **environment: str) -> str:
    """Run a program; what it printed."""
    result = subprocess.run(
        [sys.executable, *options, "-c", code, str(folder)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout + result.stderr


def test_every_module_and_the_students_way_need_nothing_of_posix(tmp_path: Path) -> None:
    run(LACKING + EVERYTHING + TRAINING + COMMANDS, tmp_path)


def test_every_file_is_read_and_written_in_an_encoding_that_is_named(tmp_path: Path) -> None:
    # Python warns where the machine's own encoding is taken: cp1252 or another one on Windows.
    code = (
        "import sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "warnings.filterwarnings('error', category=EncodingWarning, module='labhelpers')\n"
    )
    run(code + TRAINING + COMMANDS, tmp_path, "-X", "warn_default_encoding")


def test_commands_print_what_the_console_cannot(tmp_path: Path) -> None:
    said = run(COMMANDS.partition("for ")[0] + "main(['zoo'])\nprint('\\u2192')", tmp_path, PYTHONIOENCODING="cp1252")
    assert "Vanilla GAN" in said


def test_a_program_without_a_console_loads_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_descriptor(number: int) -> int:
        raise OSError(9, "Bad file descriptor")

    loaded = []
    monkeypatch.setattr(os, "dup", no_descriptor)
    monkeypatch.setattr(quiet, "_import", lambda: loaded.append(True) or "Ready")
    assert quiet.import_tensorflow() == "Ready"
    assert loaded == [True]


@pytest.mark.parametrize("refusals", [2, 9])
def test_a_file_that_a_scanner_holds_open_is_replaced_a_moment_later(
    refusals: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    replace, waited, tries = Path.replace, [], []

    def held(path: Path, target: Any) -> Any:
        tries.append(path)
        if len(tries) <= refusals:
            raise PermissionError(13, "The process cannot access the file")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(files.time, "sleep", waited.append)
    target = tmp_path / "kept.txt"
    target.write_text("old", encoding="utf-8")
    if refusals == 2:
        with files.written_whole(target, "w", encoding="utf-8") as stream:
            stream.write("new")
    else:
        with pytest.raises(PermissionError), files.written_whole(target, "w", encoding="utf-8") as stream:
            stream.write("new")
    assert target.read_text(encoding="utf-8") == ("new" if refusals == 2 else "old")
    assert len(waited) == min(refusals, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the names of the project's files come from git")
def test_every_file_name_can_exist_on_windows_and_on_a_disk_that_ignores_case() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    names = listed.stdout.splitlines()
    assert len({name.lower() for name in names}) == len(names)
    reserved = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
    for name in names:
        assert not set(name) & set('\\:*?"<>|'), name
        assert not {part.partition(".")[0].lower() for part in name.split("/")} & reserved, name
        assert len(name) < 150, name


def test_temporary_folders_are_the_systems_own() -> None:
    linux_only = ROOT / "labhelpers" / "cli" / "grade"  # its sandbox is that of Linux, and is asked for by name
    for path in (*(ROOT / "labhelpers").rglob("*.py"), *(ROOT / "solutions").glob("*.py")):
        if linux_only in path.parents:
            continue
        text = path.read_text(encoding="utf-8")
        for place in ('"/tmp', "'/tmp", '"/dev/', "'/dev/", '"/proc/', '"/home/'):
            assert place not in text, f"{path.name}: {place}"
    assert Path(tempfile.gettempdir()).is_dir()
