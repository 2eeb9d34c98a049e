"""What holds for every number that two sets of features are compared by."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from labhelpers import judging
from tests.judging.samples import correlated

TWO_SETS = [judging.frechet_distance, judging.kernel_distance, judging.precision_recall]


@pytest.mark.parametrize("metric", TWO_SETS)
def test_the_order_of_the_samples_does_not_matter(metric):
    real, fake = correlated(120, 6, 0), correlated(120, 6, 1, shift=0.3)
    order = np.random.default_rng(3).permutation(120)
    assert metric(real[order], fake[order[::-1]]) == pytest.approx(metric(real, fake), rel=1e-9)


@pytest.mark.parametrize("metric", TWO_SETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_collapsed_sets_give_finite_numbers_without_warnings(metric, dtype):
    real = correlated(60, 6, 0).astype(dtype)
    collapsed = np.full((60, 6), 0.3, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pair in ((real, collapsed), (collapsed, real), (collapsed, collapsed), (0 * real, 0 * real)):
            assert np.isfinite(metric(*pair)).all()


@pytest.mark.parametrize("metric", TWO_SETS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_features_that_are_not_finite_are_counted(metric, bad):
    fake = correlated(60, 6, 0)
    fake[[3, 9], 2] = bad
    with pytest.raises(ValueError, match=r"2 of 60 rows of fake_features hold NaN, infinity .* diverged"):
        metric(correlated(60, 6, 1), fake)


@pytest.mark.parametrize("metric", TWO_SETS)
def test_wrong_shapes_are_named(metric):
    real = correlated(60, 6, 0)
    with pytest.raises(ValueError, match=r"6 dimensions and fake_features 5, expected the same"):
        metric(real, real[:, :5])
    with pytest.raises(ValueError, match=r"fake_features has shape \(60,\), expected \(samples, dimensions\)"):
        metric(real, real[:, 0])
    with pytest.raises(ValueError, match=r"real_features has shape \(0, 6\)"):
        metric(real[:0], real)
    with pytest.raises(ValueError, match=r"holds <U1, expected numbers"):
        metric(real, [["a"] * 6] * 60)
    with pytest.raises(ValueError, match=r"found 1 fake ones: give more"):
        metric(real, real[:1])
