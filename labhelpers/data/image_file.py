"""One image file as people have it, of any kind or broken, made into a square of one size."""

from __future__ import annotations

import functools
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

_MOST_PIXELS = 50_000_000
"""An image that decodes to more pixels is left out: a small file can decode to more than fits in memory."""

# Formats that Pillow decodes itself and knows by their first bytes. Of the others, EPS starts a program from outside,
# and TGA has no mark of its own: text files pass for it.
_FORMATS = (
    "JPEG",
    "MPO",
    "PNG",
    "GIF",
    "BMP",
    "DIB",
    "WEBP",
    "TIFF",
    "PPM",
    "ICO",
    "AVIF",
    "JPEG2000",
)
_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".gif",
        ".bmp",
        ".dib",
        ".webp",
        ".tif",
        ".tiff",
    }
    | {".ppm", ".pgm", ".pbm", ".pnm", ".ico", ".avif", ".jp2", ".j2k"}
)

# How the finished square is turned, by the value of the EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class ReadImage:
    """What an image file was before it became a square.

    Attributes:
        format: Pillow's name of it.
        pixels: width and height of the upright image.
    """

    format: str
    pixels: tuple[int, int]


def load_square(path: Path, square: NDArray[np.uint8]) -> ReadImage | str:
    """Reads the middle of an image into an array.

    The image is turned upright (EXIF), cropped to its central square, and resized with Lanczos filtering, which
    averages where it shrinks. Transparent pixels become white. Grey images of 16 bits keep their upper 8 bits; those of
    32 bits and of floats are stretched from their darkest to their brightest value. Of an animation the first frame is
    taken.

    Args:
        path: the file.
        square: uint8 (size, size, 3), which the image is written to.

    Returns:
        What the image was; or, where it cannot be used, the reason in a word or two.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "not a file"  # a pipe, which would be waited for without end
        if status.st_size == 0:
            return "empty"
        with Image.open(path, formats=readable_formats()) as image:
            return _read(image, square)
    except Exception as error:  # decoders raise nearly anything at a broken file
        return _fault(path, error)


def _fault(path: Path, error: Exception) -> str:
    """Why a file that raised an error cannot be used."""
    match error:
        case UnidentifiedImageError():
            return "corrupt" if path.suffix.lower() in _SUFFIXES else "not an image"
        case Image.DecompressionBombError() | MemoryError():
            return "too large"
        case PermissionError() | FileNotFoundError():
            return "unreadable"
        case _:
            return (
                "truncated"
                if isinstance(error, EOFError) or "truncated" in str(error).lower()
                else "corrupt"
            )


@functools.cache
def readable_formats() -> tuple[str, ...]:
    """The formats that this build of Pillow can open; the first call loads its decoders."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _read(image: Image.Image, target: NDArray[np.uint8]) -> ReadImage | str:
    pixels, size = image.size, target.shape[0]
    if (
        pixels[0] * pixels[1] > 4 * _MOST_PIXELS
    ):  # Pillow's own limit may be switched off
        return "too large"
    # JPEG decodes to an eighth, a quarter or a half at little cost; twice the size that is wanted loses nothing to see.
    image.draft(None, (2 * size, 2 * size))
    if image.width * image.height > _MOST_PIXELS:
        return "too large"
    orientation = _orientation(image)
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    square = _resizable(image).resize(
        (size, size), Image.Resampling.LANCZOS, (left, top, left + side, top + side)
    )
    if square.mode != "RGB":
        square = square.convert("RGB")
    if orientation in _TURNS:
        square = square.transpose(_TURNS[orientation])
        if orientation >= 5:
            pixels = pixels[::-1]
    target[:] = np.asarray(square)
    return ReadImage(image.format or "unknown", pixels)


def _orientation(image: Image.Image) -> int:
    """The value of the EXIF orientation, 1 where there is none."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # broken EXIF data is no reason to lose a picture
        return 1


def _resizable(image: Image.Image) -> Image.Image:
    """The image in a mode whose values may be averaged, with white where it was transparent."""
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        colours = image.convert("RGBA")
        white = Image.new("RGB", colours.size, "white")
        white.paste(colours, mask=colours.getchannel("A"))
        return white
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, np.float64), posinf=0.0, neginf=0.0)
        low, high = float(values.min()), float(values.max())
        return Image.fromarray(
            np.rint((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
        )
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")
