"""Where the pixels of drawn faces are kept, so that they are drawn once."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labhelpers.data.directory import data_directory
from labhelpers.files import written_whole

DRAWING_VERSION = 1
"""Part of the cache's name: raise it with every change of the drawing, and old caches are not read again."""


def cache_file(count: int, size: int, seed: int, folder: Path | None) -> Path:
    """The file of one set of faces, in a folder or else in ``drawn_faces`` in the data directory."""
    place = data_directory() / "drawn_faces" if folder is None else Path(folder)
    return place / f"faces-{count}x{size}-seed{seed}-v{DRAWING_VERSION}.npz"


def read_cache(
    cache: Path, count: int, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The images and line drawings in a cache; None where there is none, or a broken one."""
    if not cache.is_file():
        return None
    try:
        with np.load(cache, allow_pickle=False) as stored:
            images, line_drawings = stored["images"], stored["line_drawings"]
    except Exception:  # a broken zip raises nearly anything, and whatever it is the answer is to draw again
        return None
    right = (
        images.dtype == line_drawings.dtype == np.uint8
        and images.shape == (count, size, size, 3)
        and line_drawings.shape == (count, size, size, 1)
    )
    return (images, line_drawings) if right else None


def write_cache(
    cache: Path, images: NDArray[np.uint8], line_drawings: NDArray[np.uint8]
) -> None:
    """Keep images and line drawings; a cache that cannot be written costs a warning."""
    try:
        with written_whole(cache) as stream:
            np.savez_compressed(stream, images=images, line_drawings=line_drawings)
    except OSError as error:
        warnings.warn(
            f"The drawn faces could not be kept in {cache.parent} ({error.strerror or error}), so they are drawn again "
            "next time: give a cache_directory that can be written, or set LABS_DATA to one.",
            stacklevel=3,
        )
