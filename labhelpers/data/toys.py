"""Points in the plane whose modes are known: a generator that forgets one is caught in the act."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labhelpers.arrays import whole_number


@dataclass(frozen=True)
class ToyPoints:
    """Samples of a mixture of equal Gaussians in the plane.

    Attributes:
        name: what it is, as in a title.
        points: float32 (n, 2).
        centres: float64 (modes, 2), the means of the Gaussians.
        sigma: their standard deviation in each direction.
    """

    name: str
    points: np.ndarray
    centres: np.ndarray
    sigma: float


def ring(count: int, seed: int = 0) -> ToyPoints:
    """Eight Gaussians on a circle of radius 1, with standard deviation 0.01.

    Args:
        count: how many points.
        seed: the same seed gives the same points.

    Raises:
        ValueError: ``count`` is no whole number of at least 1.

    Source: the 2-d ring of Srivastava et al. 2017 (VEEGAN).
    """
    angles = np.arange(8) * (2 * np.pi / 8)
    return _mixture(
        "ring of 8 Gaussians",
        np.stack([np.cos(angles), np.sin(angles)], axis=1),
        0.01,
        count,
        seed,
    )


def grid(count: int, seed: int = 0) -> ToyPoints:
    """Twenty-five Gaussians on the grid {-4, -2, 0, 2, 4} squared, with standard deviation 0.05.

    Args:
        count: how many points.
        seed: the same seed gives the same points.

    Raises:
        ValueError: ``count`` is no whole number of at least 1.

    Source: the 2-d grid of Srivastava et al. 2017 (VEEGAN).
    """
    side = np.arange(-4.0, 5.0, 2.0)
    centres = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    return _mixture("grid of 25 Gaussians", centres, 0.05, count, seed)


def _mixture(
    name: str, centres: np.ndarray, sigma: float, count: int, seed: int
) -> ToyPoints:
    count = whole_number("count", count, "how many points to draw", 1)
    rng = np.random.default_rng(seed)
    points = centres[rng.integers(len(centres), size=count)] + rng.normal(
        scale=sigma, size=(count, 2)
    )
    return ToyPoints(name, points.astype(np.float32), centres, sigma)
