"""Tables of numbers with one row a sample, checked before anything is computed from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LARGEST = 1e18  # cubes and squares of such features still fit into float64, and no sane network puts out more


def table_of(values: ArrayLike, name: str) -> Floats:
    """A float64 copy of a table.

    Args:
        values: ``(n, d)`` numbers, one row a sample.
        name: what they are, for the message.

    Raises:
        ValueError: it is no table, is empty, or holds something else than finite numbers.
    """
    table = np.asarray(values)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(
            f"{name} has shape {table.shape}, expected (samples, dimensions) with at least one of each: "
            "give one row of numbers for every sample."
        )
    if table.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} holds {table.dtype}, expected numbers: convert it to float32 or float64."
        )
    table = table.astype(np.float64)
    broken = int((~(np.abs(table) <= _LARGEST)).any(axis=1).sum())
    if broken:
        raise ValueError(
            f"{broken:,} of {len(table):,} rows of {name} hold NaN, infinity or a number beyond {_LARGEST:.0e}, "
            "expected finite values: look at the generator's samples first, its training has probably diverged."
        )
    return table


def two_sets(
    real: ArrayLike, fake: ArrayLike, at_least: int, purpose: str
) -> tuple[Floats, Floats]:
    """Float64 copies of the features of real and of fake images.

    Args:
        real: ``(n, d)``.
        fake: ``(m, d)``.
        at_least: samples that each set needs.
        purpose: what needs them, for the message.

    Raises:
        ValueError: a set is no finite table, the widths differ, or a set is too small.
    """
    real_table, fake_table = (
        table_of(real, "real_features"),
        table_of(fake, "fake_features"),
    )
    if real_table.shape[1] != fake_table.shape[1]:
        raise ValueError(
            f"real_features have {real_table.shape[1]} dimensions and fake_features {fake_table.shape[1]}, expected "
            "the same number: compute both with the same judge."
        )
    for name, table in (("real", real_table), ("fake", fake_table)):
        if len(table) < at_least:
            raise ValueError(
                f"{purpose} needs at least {at_least:,} samples and found {len(table):,} {name} ones: give more "
                f"{name} images."
            )
    return real_table, fake_table
