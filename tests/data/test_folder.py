"""Folders of images as students have them: what can be used is used, the rest is named and counted."""

from __future__ import annotations

import io
import os
import random
import struct
import threading
import time
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labhelpers.data import folder as folder_module
from labhelpers.data.folder import load_image_folder
from tests.data.pictures import plain_picture, smooth_picture


def _reasons(images: folder_module.FolderImages) -> dict[str, list[str]]:
    return {reason: [path.as_posix() for path in paths] for reason, paths in images.summary.left_out.items()}


def _counted(images: folder_module.FolderImages) -> bool:
    summary = images.summary
    return summary.used + sum(map(len, summary.left_out.values())) == summary.found


# -- what is read ------------------------------------------------------------------------------------------------------


def test_sizes_formats_nested_folders_and_odd_names(tmp_path: Path) -> None:
    names = {
        "b.png": (30, 60),
        "a.JPG": (61, 33),
        "sub folder/with space.gif": (17, 17),
        "sub folder/деле́/ñandú 顔.webp": (90, 20),
        "z/1.bmp": (1, 1),
        "z/2.tiff": (5, 300),
        "z/no suffix": (24, 24),
    }
    for name, size in names.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        smooth_picture(*size).save(path, "PNG" if path.suffix == "" else None)
    loaded = load_image_folder(tmp_path, 24)
    assert loaded.images.shape == (7, 24, 24, 3)
    assert loaded.images.dtype == np.uint8
    assert loaded.images.flags.c_contiguous
    found = [unicodedata.normalize("NFC", path.relative_to(tmp_path).as_posix()) for path in loaded.paths]
    assert found == [unicodedata.normalize("NFC", path.as_posix()) for path in sorted(map(Path, names))]
    assert loaded.summary.found == loaded.summary.used == 7
    assert loaded.summary.smallest == (1, 1)
    assert loaded.summary.largest == (61, 33)
    assert loaded.summary.enlarged == 4  # shorter sides of 1, 5, 17 and 20 pixels
    assert loaded.summary.formats["PNG"] == 2


def test_every_row_is_its_own_file(tmp_path: Path) -> None:
    # Many threads, and broken files in between: rows must not get mixed up.
    for index in range(200):
        path = tmp_path / f"{index:03d}.png"
        if index % 7 == 3:
            path.write_bytes(b"broken")
        else:
            plain_picture((index, 255 - index, 7)).save(path)
    loaded = load_image_folder(str(tmp_path), 8)
    assert len(loaded) == 200 - 29
    for image, path in zip(loaded.images, loaded.paths, strict=True):
        index = int(path.stem)
        assert (image == (index, 255 - index, 7)).all()
    again = load_image_folder(tmp_path, 8)
    np.testing.assert_array_equal(again.images, loaded.images)
    assert again.paths == loaded.paths


# -- what is left out --------------------------------------------------------------------------------------------------


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge, and is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_every_fault_is_named_and_counted(tmp_path: Path) -> None:
    smooth_picture().save(tmp_path / "good.png")
    smooth_picture(200, 200).save(tmp_path / "cut.jpg")
    smooth_picture(200, 200).save(tmp_path / "cut.png")
    for name in ("cut.jpg", "cut.png"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:900])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "program.py").write_text("print('also not')")
    (tmp_path / "lies.png").write_text("text with the name of a picture")
    (tmp_path / "bomb.png").write_bytes(_bomb(40_000, 40_000))
    (tmp_path / "small bomb.png").write_bytes(_bomb(10_000, 8_000))
    (tmp_path / ".hidden.png").write_bytes((tmp_path / "good.png").read_bytes())
    (tmp_path / "Thumbs.db").write_bytes(b"cache")
    (tmp_path / ".cache").mkdir()
    smooth_picture().save(tmp_path / ".cache" / "one.png")
    smooth_picture().save(tmp_path / ".cache" / "two.png")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    loaded = load_image_folder(tmp_path, 16)
    assert [path.name for path in loaded.paths] == ["good.png"]
    assert _reasons(loaded) == {
        "hidden": [".cache", ".hidden.png", "Thumbs.db", "__MACOSX"],
        "not an image": ["notes.txt", "program.py"],
        "too large": ["bomb.png", "small bomb.png"],
        "truncated": ["cut.jpg", "cut.png"],
        "corrupt": ["lies.png"],
        "empty": ["empty.jpg"],
        "unreadable": ["dangling.png"],
    }
    assert loaded.summary.found == 14
    assert _counted(loaded)


def test_the_bomb_limit_holds_where_pillow_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    (tmp_path / "bomb.png").write_bytes(_bomb(60_000, 60_000))
    smooth_picture().save(tmp_path / "good.png")
    smooth_picture().save(tmp_path / "bomb.jpg")
    # A JPEG that says it has 2.5 gigapixels: an eighth of its width and height would fit, and take long to decode.
    data = bytearray((tmp_path / "bomb.jpg").read_bytes())
    start_of_frame = data.index(b"\xff\xc0")
    data[start_of_frame + 5 : start_of_frame + 9] = struct.pack(">HH", 50_000, 50_000)
    (tmp_path / "bomb.jpg").write_bytes(data)
    assert _reasons(load_image_folder(tmp_path, 16)) == {"too large": ["bomb.jpg", "bomb.png"]}


def test_a_file_without_permission_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Simulated, for the superuser may read everything.
    smooth_picture().save(tmp_path / "good.png")
    smooth_picture().save(tmp_path / "locked.png")
    original = Image.open

    def opened(path: Path, **arguments: object) -> Image.Image:
        if path.name == "locked.png":
            raise PermissionError(13, "Permission denied")
        return original(path, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", opened)
    assert _reasons(load_image_folder(tmp_path, 16)) == {"unreadable": ["locked.png"]}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    smooth_picture().save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert _reasons(load_image_folder(tmp_path, 16)) == {"not a file": ["pipe.png"]}


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    smooth_picture().save(tmp_path / "sub" / "good.png")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    (tmp_path / "linked.png").symlink_to(tmp_path / "sub" / "good.png")
    loaded = load_image_folder(tmp_path, 16)
    assert [path.name for path in loaded.paths] == ["linked.png", "good.png"]


@pytest.mark.skipif(os.name != "posix", reason="names of arbitrary bytes exist on POSIX systems only")
def test_names_that_are_no_text_can_be_printed(tmp_path: Path) -> None:
    smooth_picture().save(tmp_path / "good.png")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.png", "wb") as file:  # noqa: PTH123
        file.write(b"broken")
    loaded = load_image_folder(tmp_path, 16)
    text = str(loaded.summary)
    text.encode("utf-8")
    assert "caf" in text


def _originals() -> dict[str, bytes]:
    stored = {}
    for suffix, options in {"jpg": {"quality": 80}, "png": {}, "gif": {}, "bmp": {}, "webp": {}}.items():
        buffer = io.BytesIO()
        smooth_picture(48, 40).save(buffer, {"jpg": "JPEG"}.get(suffix, suffix.upper()), **options)
        stored[suffix] = buffer.getvalue()
    return stored


def test_700_broken_files_are_never_fatal_and_all_counted(tmp_path: Path) -> None:
    chance = random.Random(2026)
    written = 0
    for suffix, data in _originals().items():
        for index in range(140):
            broken = bytearray(data)
            kind = index % 5
            if kind == 0:
                broken = broken[: chance.randrange(len(data))]
            elif kind == 1:
                for _ in range(chance.choice((1, 3, 20))):
                    broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            elif kind == 2:  # in the header, where sizes and modes are
                for _ in range(3):
                    broken[chance.randrange(min(64, len(broken)))] = chance.randrange(256)
            elif kind == 3:
                start = chance.randrange(len(broken))
                del broken[start : start + chance.randrange(1, 40)]
            else:
                broken = broken[: chance.randrange(4, 40)] + chance.randbytes(chance.randrange(400))
            (tmp_path / f"{suffix}{index:03d}.{suffix}").write_bytes(broken)
            written += 1
    smooth_picture().save(tmp_path / "good.png")
    loaded = load_image_folder(tmp_path, 16)
    assert written == 700
    assert loaded.summary.found == 701
    assert _counted(loaded)
    assert tmp_path / "good.png" in loaded.paths
    assert len(loaded.images) == len(loaded.paths) == loaded.summary.used
    # A flipped bit inside the pixels still decodes, but most of these cannot be whole.
    left_out = sum(map(len, loaded.summary.left_out.values()))
    assert 350 < left_out < 701
    assert set(loaded.summary.left_out) <= {"corrupt", "truncated", "empty", "too large", "not an image"}
    assert len(str(loaded.summary).splitlines()) <= 7


# -- what the folder itself can get wrong ------------------------------------------------------------------------------


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*wrong.*check its name \(.* exists is .*\)"):
        load_image_folder(tmp_path / "wrong" / "name", 16)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "faces.zip").write_bytes(b"PK")
    with pytest.raises(NotADirectoryError, match=r"faces\.zip is a file, but a folder of images is expected: .*unpack"):
        load_image_folder(tmp_path / "faces.zip", 16)


def test_a_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds 0 files, and no image that can be used: give a folder"):
        load_image_folder(tmp_path, 16)
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds 2 files \(1 empty; 1 not an image\), and no image"):
        load_image_folder(tmp_path, 16)


def test_fewer_images_than_a_batch(tmp_path: Path) -> None:
    for index in range(3):
        smooth_picture(seed=index).save(tmp_path / f"{index}.png")
    (tmp_path / "notes.txt").write_text("text")
    assert len(load_image_folder(tmp_path, 16, batch_size=3)) == 3
    with pytest.raises(
        ValueError, match=r"gives 3 images out of 4 files \(1 not an image\), but one batch takes 4: .* at most 3"
    ):
        load_image_folder(tmp_path, 16, batch_size=4)


@pytest.mark.parametrize("size", [0, -1, 2049, 16.0, "16", None, True])
def test_bad_sizes_are_sentences(size: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"size is .*, but the edge .* must be an integer from 1 to 2048: choose"):
        load_image_folder(tmp_path, size)
    with pytest.raises(
        ValueError, match=r"batch_size is 0, but the number .* must be an integer of at least 1: choose"
    ):
        load_image_folder(tmp_path, 16, batch_size=0)


# -- how it is read ----------------------------------------------------------------------------------------------------


def test_the_summary_is_a_few_lines(tmp_path: Path) -> None:
    smooth_picture(10, 12).save(tmp_path / "a.png")
    smooth_picture(30, 40).save(tmp_path / "b.png")
    for index in range(5):
        (tmp_path / f"{index}.txt").write_text("text")
    assert str(load_image_folder(tmp_path, 16).summary) == (
        f"7 files found in {tmp_path}\n"
        "  2 used as 16 x 16 pixels (2 PNG), from 10 x 12 to 30 x 40 pixels; 1 enlarged\n"
        "  5 left out, not an image: 0.txt, 1.txt, 2.txt, and 2 more"
    )


def test_a_large_result_is_mapped_to_a_file_that_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, data = tmp_path / "pictures", tmp_path / "data"
    pictures.mkdir()
    for index in range(6):
        plain_picture((index, 0, 0)).save(pictures / f"{index}.png")
    (pictures / "2.png").write_bytes(b"broken")
    in_memory = load_image_folder(pictures, 16)
    monkeypatch.setenv("LABS_DATA", str(data))
    monkeypatch.setattr(folder_module, "_MAPPED_BYTES", 6 * 16 * 16 * 3 - 1)
    mapped = load_image_folder(pictures, 16)
    assert isinstance(mapped.images, np.memmap)
    assert mapped.summary.on_disk
    assert not in_memory.summary.on_disk
    assert "on disk" in str(mapped.summary)
    np.testing.assert_array_equal(mapped.images, in_memory.images)
    if os.name == "posix":
        assert list(data.iterdir()) == []


def test_no_room_for_a_large_result_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smooth_picture().save(tmp_path / "a.png")
    monkeypatch.setenv("LABS_DATA", str(tmp_path / "a.png"))
    monkeypatch.setattr(folder_module, "_MAPPED_BYTES", 0)
    with pytest.raises(OSError, match=r"1 images of 16 x 16 pixels need .* GB in .*: free space"):
        load_image_folder(tmp_path, 16)


def test_an_interrupt_ends_soon_and_the_next_call_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(400):
        plain_picture((index % 256, 0, 0)).save(tmp_path / f"{index:03d}.png")
    read = folder_module.load_square
    begun: list[Path] = []

    def slow(path: Path, row: np.ndarray) -> object:
        begun.append(path)
        time.sleep(0.02)
        return read(path, row)

    class Interrupting:
        def __init__(self, **_: object) -> None:
            self.seen = 0

        def __enter__(self) -> Interrupting:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self) -> None:
            self.seen += 1
            if self.seen == 5:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(folder_module, "load_square", slow)
        patched.setattr(folder_module, "tqdm", Interrupting)
        with pytest.raises(KeyboardInterrupt):
            load_image_folder(tmp_path, 8)
    assert len(begun) < 100, "what was waiting in the queue is dropped"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("images")]
    assert len(load_image_folder(tmp_path, 8)) == 400


def test_the_real_faces_all_load(real_data: Path) -> None:
    if not (real_data / "anime_faces").is_dir():
        pytest.skip("LABS_DATA has no folder anime_faces")
    loaded = load_image_folder(real_data / "anime_faces", 100, batch_size=16)
    assert loaded.images.shape == (205, 100, 100, 3)
    assert loaded.summary.left_out == {}
