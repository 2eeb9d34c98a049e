"""Image files of every kind become squares, upright and with the right colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from labhelpers.data.image_file import ReadImage, load_square
from tests.data.pictures import plain_picture, smooth_picture


def _square(path: Path, size: int) -> tuple[np.ndarray, ReadImage]:
    """The square that is read from a file, and what the file was."""
    square = np.empty((size, size, 3), np.uint8)
    read = load_square(path, square)
    assert isinstance(read, ReadImage), read
    return square, read


@pytest.mark.parametrize(
    ("picture", "suffix", "colour"),
    [
        (plain_picture(100, "L"), "png", (100, 100, 100)),
        (plain_picture(1, "1"), "png", (255, 255, 255)),
        (plain_picture((255, 0, 0, 255), "RGBA"), "png", (255, 0, 0)),
        (plain_picture((255, 0, 0, 0), "RGBA"), "png", (255, 255, 255)),
        (
            plain_picture((0, 0, 200, 51), "RGBA"),
            "png",
            (204, 204, 244),
        ),  # a fifth of it on white
        (plain_picture((50, 0), "LA"), "png", (255, 255, 255)),
        (plain_picture((10, 200, 30)).quantize(4), "png", (10, 200, 30)),
        (plain_picture((10, 200, 30)).quantize(4), "gif", (10, 200, 30)),
        (plain_picture((0, 255, 255, 0), "CMYK"), "jpg", (255, 0, 0)),
        (plain_picture((0, 255, 255, 0), "CMYK"), "tiff", (255, 0, 0)),
        (plain_picture((90, 128, 128), "YCbCr"), "jpg", (90, 90, 90)),
        (Image.fromarray(np.full((20, 20), 0x80FF, np.uint16)), "png", (128, 128, 128)),
        (Image.fromarray(np.full((20, 20), 0x80FF, np.uint16)), "tiff", (128, 128, 128)),
    ],
)
def test_modes(picture: Image.Image, suffix: str, colour: tuple[int, int, int], tmp_path: Path) -> None:
    picture.save(tmp_path / f"picture.{suffix}")
    image, _ = _square(tmp_path / f"picture.{suffix}", 8)
    np.testing.assert_allclose(image.reshape(-1, 3), np.tile(colour, (64, 1)), atol=2)


def test_a_transparent_palette_colour_is_white(tmp_path: Path) -> None:
    picture = plain_picture(0, "P")
    picture.putpalette([200, 0, 0, 0, 200, 0])
    picture.paste(1, (0, 0, 10, 20))
    picture.save(tmp_path / "a.png", transparency=0)
    image, _ = _square(tmp_path / "a.png", 20)
    assert (image[:, 2:8] == (0, 200, 0)).all()
    assert (image[:, 12:18] == 255).all()


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_grey_images_of_32_bits_are_stretched(kind: type, tmp_path: Path) -> None:
    values = np.tile(np.linspace(-5, 3000, 16), (16, 1)).astype(kind)
    Image.fromarray(values).save(tmp_path / "a.tiff")
    row = _square(tmp_path / "a.tiff", 16)[0][8, :, 0].astype(int)
    np.testing.assert_allclose(row, np.linspace(0, 255, 16), atol=1)


def test_floats_that_are_no_numbers_do_not_matter(tmp_path: Path) -> None:
    values = np.array([[0.0, np.nan], [np.inf, 1.0]], np.float32).repeat(8, 0).repeat(8, 1)
    Image.fromarray(values).save(tmp_path / "a.tiff")
    image = _square(tmp_path / "a.tiff", 16)[0][:, :, 0]
    assert image[2, 2] == image[2, 13] == image[13, 2] == 0
    assert image[13, 13] == 255


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(48, 30), (30, 48)])
def test_exif_orientation(orientation: int, size: tuple[int, int], tmp_path: Path) -> None:
    picture = smooth_picture(*size)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as stored:
        upright = ImageOps.exif_transpose(stored)
    expected = ImageOps.fit(upright.convert("RGB"), (30, 30), Image.Resampling.LANCZOS)
    image, read = _square(tmp_path / "a.png", 30)
    np.testing.assert_array_equal(image, np.asarray(expected))
    assert read.pixels == upright.size


def test_centre_crop(tmp_path: Path) -> None:
    # Thirds of red, green and blue: the central square of a 3:1 picture is the green one.
    for name, size, axis in (("wide.png", (90, 30), 0), ("tall.png", (30, 90), 1)):
        picture = plain_picture((255, 0, 0), size=size)
        for third, colour in ((1, (0, 255, 0)), (2, (0, 0, 255))):
            box = [0, 0, *size]
            box[axis], box[axis + 2] = 30 * third, 30 * (third + 1)
            picture.paste(colour, tuple(box))
        picture.save(tmp_path / name)
        image, _ = _square(tmp_path / name, 30)
        assert (image == (0, 255, 0)).all()


def test_shrinking_averages(tmp_path: Path) -> None:
    # A checkerboard of single pixels becomes grey; picking pixels would leave black, white or stripes.
    board = np.indices((240, 240)).sum(axis=0) % 2 * 255
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "a.png")
    image = _square(tmp_path / "a.png", 50)[0].astype(int)
    assert np.abs(image - 127).max() <= 12


def test_a_large_jpeg_is_as_good_as_its_full_decoding(tmp_path: Path) -> None:
    # It is decoded at half its size. Against a full decoding that is a few grey levels; an eighth would be a blur.
    coarse = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((400, 300), Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=90)
    image = _square(tmp_path / "a.jpg", 64)[0].astype(int)
    with Image.open(tmp_path / "a.jpg") as full:
        expected = np.asarray(ImageOps.fit(full, (64, 64), Image.Resampling.LANCZOS)).astype(int)
    assert np.sqrt(np.mean((image - expected) ** 2)) < 3


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [plain_picture((250, 10, 10)), plain_picture((10, 10, 250))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(_square(tmp_path / "a.gif", 8)[0][4, 4], (250, 10, 10), atol=3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_loses_no_picture(tmp_path: Path) -> None:
    smooth_picture().save(tmp_path / "a.jpg", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff nonsense")
    _, read = _square(tmp_path / "a.jpg", 16)
    assert read.format == "JPEG"
