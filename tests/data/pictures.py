"""Pictures to write into files and to find again."""

from __future__ import annotations

import numpy as np
from PIL import Image


def smooth_picture(width: int = 40, height: int = 40, seed: int = 0) -> Image.Image:
    """A picture that is smooth (so that JPEG keeps it) and has no symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def plain_picture(colour: tuple[int, ...] | int, mode: str = "RGB", size: tuple[int, int] = (20, 20)) -> Image.Image:
    return Image.new(mode, size, colour)
