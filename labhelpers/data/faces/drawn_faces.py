"""A set of drawn faces: images, line drawings, attributes and captions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from labhelpers.data.faces.attributes import ATTRIBUTES, draw_attributes
from labhelpers.data.faces.cache import cache_file, read_cache, write_cache
from labhelpers.data.faces.captions import describe_face
from labhelpers.data.faces.face import checked_size, draw_face


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnFaces:
    """A set of drawn faces; item ``i`` of every field belongs to the same face.

    Attributes:
        images: uint8 (n, size, size, 3), RGB.
        line_drawings: uint8 (n, size, size, 1): 0 is ink, 255 is paper.
        attributes: for every name in ``ATTRIBUTES`` one array of n strings.
        captions: n captions of several words each.
    """

    images: NDArray[np.uint8]
    line_drawings: NDArray[np.uint8]
    attributes: Mapping[str, NDArray[np.str_]]
    captions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)


def draw_faces(
    count: int = 580,
    size: int = 100,
    seed: int = 0,
    cache_directory: Path | None = None,
) -> DrawnFaces:
    """Draws a set of faces, or reads it from the cache where it was drawn before.

    Face ``i`` of a seed is the same whatever ``count`` is, so a smaller set is the beginning of a larger one.
    Attributes and captions are the same everywhere; pixels are the same with the same Pillow, and another release of it
    may shade an edge differently.

    Args:
        count: how many faces, at least 1.
        size: edge of the square images in pixels, from 16 to 256.
        seed: an integer of at least 0.
        cache_directory: where the drawn set is kept; ``drawn_faces`` in the data directory if it is not given. A cache
            that cannot be read is drawn again; one that cannot be written costs a warning.

    Raises:
        ValueError: ``count``, ``size`` or ``seed`` is out of range.
    """
    size = checked_size(size)
    faces = draw_attributes(count, seed)
    cache = cache_file(len(faces), size, int(seed), cache_directory)
    pixels = read_cache(cache, len(faces), size)
    if pixels is None:
        images = np.empty((len(faces), size, size, 3), np.uint8)
        line_drawings = np.empty((len(faces), size, size, 1), np.uint8)
        progress = tqdm(
            faces, desc="drawing faces", unit="face", disable=len(faces) <= 100
        )
        for index, attributes in enumerate(progress):
            images[index], line_drawings[index] = draw_face(attributes, size)
        write_cache(cache, images, line_drawings)
    else:
        images, line_drawings = pixels
    table = {
        name: np.array([getattr(face, name) for face in faces]) for name in ATTRIBUTES
    }
    return DrawnFaces(
        images, line_drawings, MappingProxyType(table), tuple(map(describe_face, faces))
    )
