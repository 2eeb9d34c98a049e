"""Toy points have the modes, the widths and the frequencies that they say."""

from __future__ import annotations

import numpy as np
import pytest

from labhelpers.data.toys import ToyPoints, grid, ring


def nearest(toy: ToyPoints) -> tuple[np.ndarray, np.ndarray]:
    distances = np.linalg.norm(toy.points[:, None, :] - toy.centres[None], axis=-1)
    return distances.argmin(axis=1), distances.min(axis=1)


def test_ring_has_eight_modes_on_the_unit_circle() -> None:
    toy = ring(8000, seed=1)
    assert toy.points.shape == (8000, 2)
    assert toy.points.dtype == np.float32
    assert toy.centres.shape == (8, 2)
    np.testing.assert_allclose(np.linalg.norm(toy.centres, axis=1), 1.0)
    neighbours = np.linalg.norm(toy.centres - np.roll(toy.centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(neighbours, 2 * np.sin(np.pi / 8))


def test_grid_has_the_25_points_that_are_two_apart() -> None:
    toy = grid(100)
    assert {tuple(c) for c in toy.centres} == {(float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}


@pytest.mark.parametrize(("make", "modes", "sigma"), [(ring, 8, 0.01), (grid, 25, 0.05)])
def test_modes_are_equally_frequent_and_as_wide_as_they_say(make: object, modes: int, sigma: float) -> None:
    toy = make(modes * 2000, seed=3)  # type: ignore[operator]
    assert toy.sigma == sigma
    mode, distance = nearest(toy)
    # A count has standard deviation sqrt(2000) = 45: five of them.
    assert np.abs(np.bincount(mode, minlength=modes) - 2000).max() < 225
    # The distance to the centre is Rayleigh: its mean square is 2 sigma^2, and 98.9 % lie within 3 sigma.
    assert np.mean(distance**2) == pytest.approx(2 * sigma**2, rel=0.05)
    assert np.mean(distance < 3 * sigma) == pytest.approx(1 - np.exp(-4.5), abs=0.004)


def test_a_seed_fixes_the_points() -> None:
    np.testing.assert_array_equal(ring(50, seed=7).points, ring(50, seed=7).points)
    assert not np.array_equal(ring(50, seed=7).points, ring(50, seed=8).points)


def test_no_points_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="count is 0, but how many points to draw must be an integer of at least 1"):
        ring(0)
