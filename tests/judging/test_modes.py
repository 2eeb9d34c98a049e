"""Mode coverage by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from labhelpers import judging


def ring() -> np.ndarray:
    angles = 2 * np.pi * np.arange(8) / 8
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_mode_coverage_by_hand():
    samples = [[0, 0], [0, 3], [0, 3.1], [10, 0], [10, 0], [5, 0], [2, 2]]
    found = judging.mode_coverage(samples, [[0, 0], [10, 0], [0, 10]], sigma=1)
    # [0, 3] lies on the line and is good; [0, 3.1] and [5, 0] are not; [2, 2] is sqrt(8) = 2.8 away.
    assert found.counts.tolist() == [3, 2, 0]
    assert (found.found, found.modes, found.good, found.n) == (2, 3, 5 / 7, 7)
    assert str(found) == "2 of 3 modes, 71.4% good (7 samples)"


def test_a_sample_near_two_centres_counts_for_the_nearest_alone():
    found = judging.mode_coverage([[0.4, 0]], [[0, 0], [1, 0]], sigma=1)
    assert found.counts.tolist() == [1, 0]
    assert found.found == 1


def test_perfect_ring_samples_are_98_9_percent_good():
    rng = np.random.default_rng(0)
    samples = ring()[rng.integers(0, 8, 40_000)] + 0.01 * rng.normal(size=(40_000, 2))
    found = judging.mode_coverage(samples, ring(), 0.01)
    # standard error sqrt(.989 * .011 / 40000) = .0005
    assert found.good == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert found.found == 8
    assert found.counts.sum() == round(found.good * 40_000)


def test_collapsed_and_diverged_toys():
    assert judging.mode_coverage(np.tile(ring()[:1], (100, 1)), ring(), 0.01).found == 1
    far = judging.mode_coverage(np.full((100, 2), 50.0), ring(), 0.01)
    assert (far.found, far.good) == (0, 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: judging.mode_coverage([[0, 0]], [[0, 0, 0]], 0.1), "2 coordinates and centres 3"),
        (lambda: judging.mode_coverage([[0, 0]], [[0, 0]], 0.0), "sigma=0.0"),
        (lambda: judging.mode_coverage([[0, math.nan]], [[0, 0]], 0.1), "1 of 1 rows of samples"),
    ],
)
def test_faults_are_one_sentence_that_says_what_was_found(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "expected" in str(caught.value) or "needs" in str(caught.value)
