"""Rules of thumb for the sizes of a pair: sides of the images in its layers, and the length of the noise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

_COMFORTABLE_START = 8
"""The side from which a generator likes to start: small enough to plan a whole face, large enough to be cheap."""


def doublings_for(image_size: int) -> int:
    """How many times a generator doubles, so that it starts as near to 8 pixels as it can (as a ratio).

    Args:
        image_size: side of the images, at least 8.

    Returns:
        1 or more: 2 for 28, 3 for 64, 4 for 100.

    Raises:
        ValueError: the images are smaller than 8 pixels.
    """
    _require_size(image_size)
    return max(1, round(math.log2(image_size / _COMFORTABLE_START)))


def sizes_of(image_size: int, doublings: int | None = None) -> tuple[int, ...]:
    """The sides of a generator's images, from its start to its last layer.

    The start is ``image_size / 2 ** doublings``, rounded up. Where it does not divide, the last side is larger than the
    image, and the generator crops.

    Args:
        image_size: side of the images, at least 8.
        doublings: how many layers double the side; ``doublings_for(image_size)`` unless given.

    Returns:
        ``doublings + 1`` sides: (25, 50, 100) for 100 and 2, (13, 26, 52, 104) for 100 and 3.

    Raises:
        ValueError: the images are too small, or so many doublings would start below 2 pixels.

    Source: Practical 8, "initial size = final size / 2^n", with the rounding that its own example of 12 leaves out.
    """
    _require_size(image_size)
    steps = doublings_for(image_size) if doublings is None else doublings
    if steps < 1 or 2**steps > image_size / 2:
        most = int(math.log2(image_size / 2))
        raise ValueError(
            f"{steps} doublings do not lead to images of {image_size} pixels from a start of 2 or more: choose 1 to "
            f"{most} doublings."
        )
    start = math.ceil(image_size / 2**steps)
    return tuple(start * 2**step for step in range(steps + 1))


def mirrored_sizes(image_size: int, halvings: int | None = None) -> tuple[int, ...]:
    """The sides in a discriminator of strided convolutions with padding "same": each half of the last, rounded up.

    Args:
        image_size: side of the images, at least 8.
        halvings: how many layers halve the side; as many as the generator doubles unless given.

    Returns:
        ``halvings + 1`` sides, the image's first: (100, 50, 25, 13, 7) for 100 and 4.

    Raises:
        ValueError: the images are too small, or there is nothing to halve.
    """
    _require_size(image_size)
    steps = doublings_for(image_size) if halvings is None else halvings
    if steps < 1:
        raise ValueError(
            f"halvings is {steps}, expected at least 1: let one or more layers halve the side."
        )
    sides = [image_size]
    for _ in range(steps):
        sides.append(math.ceil(sides[-1] / 2))
    return tuple(sides)


def sizing_table(image_sizes: Iterable[int], doublings: int | None = None) -> Any:
    """What the rules say for several sizes of images, as a table.

    Args:
        image_sizes: sides of images.
        doublings: for all of them; ``doublings_for`` each unless given.

    Returns:
        A ``pandas.DataFrame`` with one row a size: latent length, sides in the generator, pixels that it crops off,
        sides in the discriminator.
    """
    import pandas as pd

    rows = []
    for size in image_sizes:
        steps = doublings_for(size) if doublings is None else doublings
        sides = sizes_of(size, steps)
        rows.append(
            {
                "image": f"{size}x{size}",
                "latent": "{} to {}".format(*_latent_range(size)),
                "doublings": steps,
                "generator": " => ".join(map(str, sides)),
                "cropped": sides[-1] - size,
                "discriminator": " => ".join(map(str, mirrored_sizes(size, steps))),
            }
        )
    return pd.DataFrame(rows).set_index("image")


def _latent_range(image_size: int) -> tuple[int, int]:
    """The smallest and largest latent length of Practical 8's rule of thumb: a place to start, not a law.

    What counts is how different the images are; their size is only a hint of that.
    """
    if image_size <= 32:
        return 50, 100
    return (100, 200) if image_size <= 128 else (256, 512)


def _require_size(image_size: int) -> None:
    if image_size < 8:
        raise ValueError(
            f"The images have a side of {image_size} pixels, expected 8 or more: choose larger images."
        )
