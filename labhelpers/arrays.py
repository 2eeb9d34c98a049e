"""What all rooms need of arrays: a name for tensors, pieces of bounded size, and checks of whole numbers."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Tensor: TypeAlias = Any
"""A TensorFlow tensor: TensorFlow ships no types."""


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices that cut ``count`` rows into pieces of at most ``size``."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def whole_number(
    name: str, value: object, meaning: str, least: int, most: int | None = None
) -> int:
    """A setting as an int.

    Args:
        name: of the setting, for the message.
        value: what was given.
        meaning: what it stands for, for the message.
        least: the smallest allowed value.
        most: the largest, or None for no limit.

    Raises:
        ValueError: it is no whole number, or out of bounds.
    """
    expected = (
        f"an integer of at least {least}"
        if most is None
        else f"an integer from {least} to {most}"
    )
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        raise ValueError(
            f"{name} is {value!r}, but {meaning} must be {expected}: choose such a number."
        )
    return number


def class_numbers(
    values: ArrayLike, name: str, count: int | None = None
) -> NDArray[np.int64]:
    """Class numbers as int64.

    Args:
        values: whole numbers (n,) from 0 on.
        name: what they are, for the message.
        count: how many are expected, or None for any number of them.

    Raises:
        ValueError: they have another shape or type, or one is below 0.
    """
    array = np.asarray(values)
    if (
        array.ndim != 1
        or array.dtype.kind not in "iu"
        or array.size == 0
        or (count is not None and len(array) != count)
    ):
        expected = "at least one" if count is None else f"{count:,}"
        raise ValueError(
            f"{name} has shape {array.shape} and type {array.dtype}, expected {expected} whole numbers in one "
            "dimension: give one class number for every sample (argmax of one-hot rows)."
        )
    if int(array.min()) < 0:
        raise ValueError(
            f"{name} holds {array.min()}, expected class numbers from 0 on: number the classes anew."
        )
    return array.astype(np.int64)
