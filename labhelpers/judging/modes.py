"""Mode coverage: which parts of a two-dimensional toy the samples reach."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labhelpers.judging.tables import table_of


@dataclass(frozen=True, eq=False)
class ModeCoverage:
    """Which modes of a mixture the samples reach.

    Attributes:
        found: number of modes with at least one good sample.
        modes: number of modes there are.
        good: share of good samples, 0 to 1.
        counts: ``(modes,)``, good samples of each mode.
        n: number of samples.
    """

    found: int
    modes: int
    good: float
    counts: NDArray[np.int64]
    n: int

    def __str__(self) -> str:
        return f"{self.found} of {self.modes} modes, {self.good:.1%} good ({self.n:,} samples)"


def mode_coverage(samples: ArrayLike, centres: ArrayLike, sigma: float) -> ModeCoverage:
    """Modes found and share of good samples on a mixture of equal round Gaussians (ring, grid).

    A sample is good where it lies within ``3 * sigma`` of its nearest centre (Euclidean, boundary included); it counts
    for that centre alone. A mode is found when at least one good sample counts for it, so the number found grows with
    the number of samples: the usual choice is 2,500. Perfect samples in two dimensions are ``1 - e^-4.5`` = 98.9 %
    good.

    Args:
        samples: ``(n, d)`` points.
        centres: ``(modes, d)`` means of the mixture.
        sigma: standard deviation of each mode along each axis, in the same units.

    Returns:
        Modes found, share of good samples, good samples of each mode.

    Raises:
        ValueError: an array is no finite table, the dimensions differ, or sigma is not positive.

    Source:
        Srivastava et al. 2017, "VEEGAN", section 5.1; Lin et al. 2018, "PacGAN", section 4.1.
    """
    points, means = table_of(samples, "samples"), table_of(centres, "centres")
    if points.shape[1] != means.shape[1]:
        raise ValueError(
            f"samples have {points.shape[1]} coordinates and centres {means.shape[1]}, expected the same number: give "
            "the centres of the distribution that the samples imitate."
        )
    if not (sigma > 0 and math.isfinite(sigma)):
        raise ValueError(
            f"found sigma={sigma}, expected a positive number: give the width of one mode, .01 for the ring."
        )
    # Direct differences: few centres, and nothing may round at the 3 sigma line.
    squares = np.stack([((points - mean) ** 2).sum(axis=1) for mean in means], axis=1)
    nearest = squares.argmin(axis=1)
    good = squares[np.arange(len(points)), nearest] <= (3.0 * sigma) ** 2
    counts = np.bincount(nearest[good], minlength=len(means)).astype(np.int64)
    return ModeCoverage(
        int((counts > 0).sum()), len(means), float(good.mean()), counts, len(points)
    )
