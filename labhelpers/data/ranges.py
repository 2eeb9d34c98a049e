"""The two ranges that models work in: images are brought to one of them, back from it, and checked against it."""

from __future__ import annotations

from typing import Literal

import numpy as np

Activation = Literal["sigmoid", "tanh"]
"""The last activation of a model that makes images, which fixes their range."""

RANGES: dict[str, tuple[float, float]] = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""The lowest and the highest value that each of them gives."""


def to_float(images: np.ndarray, activation: Activation) -> np.ndarray:
    """Scales uint8 images to the range of a model's output.

    Args:
        images: uint8 array of any shape.
        activation: ``"sigmoid"`` for [0, 1], ``"tanh"`` for [-1, 1].

    Returns:
        float32 array of the same shape.

    Raises:
        ValueError: the images are not uint8, or the activation is another one.
    """
    if images.dtype != np.uint8:
        raise ValueError(f"These images are {images.dtype}, expected uint8. Scale them once, from the stored ones.")
    low, high = _range_of(activation)
    return images.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)


def to_uint8(images: np.ndarray, activation: Activation) -> np.ndarray:
    """Brings a model's images back to uint8: the inverse of ``to_float``.

    Args:
        images: float array of any shape; values outside the range are cut.
        activation: ``"sigmoid"`` for [0, 1], ``"tanh"`` for [-1, 1].

    Returns:
        uint8 array of the same shape.

    Raises:
        ValueError: the activation is another one.
    """
    low, high = _range_of(activation)
    scaled = (np.asarray(images, dtype=np.float32) - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def require_range(images: np.ndarray, activation: str) -> None:
    """Checks that images lie in the range that a model with this last activation makes.

    Args:
        images: float array (n, ...).
        activation: ``"sigmoid"``, ``"tanh"``, or ``"linear"``, which takes any range.

    Raises:
        ValueError: no images, integers, NaN, or another range than the model's.
    """
    if len(images) == 0:
        raise ValueError("There are no images here, expected at least one. Check how the array was cut.")
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"These images are {images.dtype}, expected float32 in the range of the model. "
            f'Use the data set\'s view: data.scaled("{activation}").'
        )
    low, high = float(images.min()), float(images.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError("These images contain NaN or infinite values, expected finite ones. Check how they were made.")
    if activation == "linear":
        return
    lowest, highest = _range_of(activation)
    slack = 1e-3
    too_wide = low < lowest - slack or high > highest + slack
    only_upper_half = activation == "tanh" and low >= 0.0
    if too_wide or only_upper_half:
        raise ValueError(
            f"These images lie in [{low:.3g}, {high:.3g}], but the model ends in {activation}, so its images lie in "
            f'[{lowest:g}, {highest:g}]. Train it on the same range: data.scaled("{activation}").'
        )


def _range_of(activation: str) -> tuple[float, float]:
    if activation not in RANGES:
        raise ValueError(
            f'The activation is {activation!r}, expected "sigmoid" (images in [0, 1]) or "tanh" ([-1, 1]).'
        )
    return RANGES[activation]
