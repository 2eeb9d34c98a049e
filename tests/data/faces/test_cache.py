"""The cache of drawn faces: read where it is whole, drawn again where it is broken."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from labhelpers.data.faces import FaceAttributes, cache, draw_faces, drawn_faces


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[FaceAttributes]:
    """The faces that were drawn since the test began."""
    drawn: list[FaceAttributes] = []
    original = drawn_faces.draw_face

    def counted(attributes: FaceAttributes, size: int) -> tuple[np.ndarray, np.ndarray]:
        drawn.append(attributes)
        return original(attributes, size)

    monkeypatch.setattr(drawn_faces, "draw_face", counted)
    return drawn


def test_the_second_time_is_read_from_the_cache(drawings: list[FaceAttributes], tmp_path: Path) -> None:
    first = draw_faces(4, 16, 3, tmp_path / "new" / "folder")
    assert len(drawings) == 4
    second = draw_faces(4, 16, 3, tmp_path / "new" / "folder")
    assert len(drawings) == 4
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.line_drawings, second.line_drawings)
    assert first.captions == second.captions
    assert [path.suffix for path in (tmp_path / "new" / "folder").iterdir()] == [".npz"]


def test_another_count_size_seed_or_version_is_another_cache(
    drawings: list[FaceAttributes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count, size, seed in ((2, 16, 0), (3, 16, 0), (2, 17, 0), (2, 16, 1)):
        before = len(drawings)
        draw_faces(count, size, seed, tmp_path)
        assert len(drawings) == before + count
    monkeypatch.setattr(cache, "DRAWING_VERSION", -1)
    before = len(drawings)
    draw_faces(2, 16, 0, tmp_path)
    assert len(drawings) == before + 2


@pytest.mark.parametrize(
    "fault", ["empty", "truncated", "flipped", "text", "other arrays", "wrong shape", "wrong type"]
)
def test_a_broken_cache_is_drawn_again(fault: str, drawings: list[FaceAttributes], tmp_path: Path) -> None:
    right = draw_faces(3, 16, 3, tmp_path)
    (file,) = tmp_path.iterdir()
    stored = file.read_bytes()
    if fault == "empty":
        file.write_bytes(b"")
    elif fault == "truncated":
        file.write_bytes(stored[: len(stored) // 2])
    elif fault == "flipped":
        middle = len(stored) // 3
        file.write_bytes(
            stored[:middle] + bytes(255 - byte for byte in stored[middle : middle + 50]) + stored[middle + 50 :]
        )
    elif fault == "text":
        file.write_text("not an archive")
    elif fault == "other arrays":
        np.savez(file, images=right.images)
    elif fault == "wrong shape":
        np.savez(file, images=right.images[:2], line_drawings=right.line_drawings)
    else:
        np.savez(file, images=right.images.astype(np.float32), line_drawings=right.line_drawings)
    again = draw_faces(3, 16, 3, tmp_path)
    np.testing.assert_array_equal(again.images, right.images)
    assert len(drawings) == 6
    draw_faces(3, 16, 3, tmp_path)
    assert len(drawings) == 6, "the broken cache was mended"


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(file: object, **_: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw_faces(1, 16, 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="could not be kept in .*: give a cache_directory"):
        drawn = draw_faces(1, 16, 0, tmp_path / "file")
    assert drawn.images.shape == (1, 16, 16, 3)


def test_the_default_place_is_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_faces(1, 16)
    assert [path.name for path in (tmp_path / "drawn_faces").iterdir()] == [
        f"faces-1x16-seed0-v{cache.DRAWING_VERSION}.npz"
    ]
