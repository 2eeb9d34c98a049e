"""The two ranges that models work in: images are brought to one of them, back from it, and checked against it."""

from __future__ import annotations

from typing import Literal

import numpy as np

Activation = Literal["sigmoid", "tanh"]
"""The last activation of a model that makes images, which fixes their range."""

RANGES: dict[str, tuple[float, float]] = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}

_SLACK = 1e-3  # rounding of a resized or low-precision image; a wrong range is off by far more


def to_float(images: np.ndarray, activation: Activation) -> np.ndarray:
    """Scale uint8 images to the range of a model's output.

    Args:
        images: uint8 array of any shape.
        activation: ``"sigmoid"`` for [0, 1], ``"tanh"`` for [-1, 1].

    Returns:
        float32 array of the same shape.

    Raises:
        ValueError: the images are not uint8, or the activation is another one.
    """
    if images.dtype != np.uint8:
        raise ValueError(
            f"These images are {images.dtype}, expected uint8. Scale them once, from the stored ones."
        )
    low, high = _range_of(activation)
    return images.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)


def ready_to_show(images: np.ndarray, activation: str) -> np.ndarray:
    """What a model made, in the range in which images are shown and judged.

    Args:
        images: float array (n, ...), as the model's last layer makes them.
        activation: of that layer: ``"tanh"``, ``"sigmoid"``, or ``"linear"`` for points, which stay as they are.

    Returns:
        float32 array of the same shape; images in [0, 1].

    Raises:
        ValueError: the activation is another one.
    """
    images = np.asarray(images, dtype=np.float32)
    if activation == "linear":
        return images
    low, high = _range_of(activation)
    return np.clip((images - low) / (high - low), 0, 1)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Images that are ready to show as uint8.

    Args:
        images: floats in [0, 1] of any shape, as ``sample`` gives them; uint8 stays as it is.

    Returns:
        uint8 array of the same shape.

    Raises:
        ValueError: the images are in another range.
    """
    require_ready(images)
    if images.dtype == np.uint8:
        return images
    return np.clip(np.rint(images.astype(np.float32) * 255), 0, 255).astype(np.uint8)


def require_ready(images: np.ndarray) -> None:
    """Check that images are in the one range in which they are shown and judged: uint8, or floats in [0, 1].

    Args:
        images: array (n, ...).

    Raises:
        ValueError: there are no images, or they are of another type or range, or not finite.
    """
    if images.dtype == np.uint8 and len(images):
        return
    low, high = _bounds(
        images,
        "uint8 from 0 to 255 or floats in [0, 1]. Convert them, with astype(np.uint8) if they go up to 255.",
    )
    if low < -_SLACK or high > 1 + _SLACK:
        raise ValueError(
            f"These images lie in [{low:.3g}, {high:.3g}], expected uint8 or floats in [0, 1], as sample() gives them. "
            'Show the stored images, bring images in [-1, 1] back with data.ready_to_show(images, "tanh"), or convert '
            "images that go up to 255 with astype(np.uint8)."
        )


def require_range(images: np.ndarray, activation: str) -> None:
    """Check that images lie in the range that a model with this last activation makes.

    Args:
        images: float array (n, ...).
        activation: ``"sigmoid"``, ``"tanh"``, or ``"linear"``, which takes any range.

    Raises:
        ValueError: no images, integers, NaN, or another range than the model's.
    """
    low, high = _bounds(
        images,
        f'float32 in the range of the model. Use the data set\'s view: data.scaled("{activation}").',
    )
    if activation == "linear":
        return
    lowest, highest = _range_of(activation)
    too_wide = low < lowest - _SLACK or high > highest + _SLACK
    only_upper_half = activation == "tanh" and low >= 0.0
    if too_wide or only_upper_half:
        raise ValueError(
            f"These images lie in [{low:.3g}, {high:.3g}], but the model ends in {activation}, so its images lie in "
            f'[{lowest:g}, {highest:g}]. Train it on the same range: data.scaled("{activation}").'
        )


def _bounds(images: np.ndarray, expected: str) -> tuple[float, float]:
    """The smallest and the largest value of images that must be floats and finite."""
    if len(images) == 0:
        raise ValueError(
            "There are no images here, expected at least one. Check how the array was cut."
        )
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"These images are {images.dtype}, expected {expected}")
    low, high = float(images.min()), float(images.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError(
            "These images contain NaN or infinite values, expected finite ones. Check how they were made: if a model "
            "drew them, its training has diverged."
        )
    return low, high


def _range_of(activation: str) -> tuple[float, float]:
    if activation not in RANGES:
        raise ValueError(
            f'The activation is {activation!r}, expected "sigmoid" (images in [0, 1]) or "tanh" ([-1, 1]).'
        )
    return RANGES[activation]
