"""Distances against closed forms, and against other libraries' implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
from sklearn.metrics.pairwise import polynomial_kernel

from labhelpers import judging
from tests.judging.samples import correlated


def with_covariance(n: int, mean: np.ndarray, covariance: np.ndarray, seed: int) -> np.ndarray:
    """Rows whose sample mean and sample covariance are exactly these."""
    rows = np.random.default_rng(seed).normal(size=(n, len(mean)))
    rows -= rows.mean(axis=0)
    whitener = np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False)))
    return rows @ whitener.T @ np.linalg.cholesky(covariance).T + mean


# --- Fréchet distance -------------------------------------------------------------------------------------------------


def test_fid_of_diagonal_gaussians_is_the_closed_form():
    # |m|^2 + sum (s_r - s_f)^2 = (9 + 16) + (1 - 2)^2 + (3 - 5)^2 = 30
    real = with_covariance(50, np.zeros(2), np.diag([1.0, 9.0]), 0)
    fake = with_covariance(70, np.array([3.0, -4.0]), np.diag([4.0, 25.0]), 1)
    assert judging.frechet_distance(real, fake) == pytest.approx(30.0, rel=1e-12)


def test_fid_in_one_dimension():
    # unbiased variances: 1 of [0, 1, 2] and 4 of [3, 5, 7]; (5 - 1)^2 + (2 - 1)^2 = 17
    assert judging.frechet_distance([[0], [1], [2]], [[3], [5], [7]]) == pytest.approx(17.0, rel=1e-12)


def test_fid_of_covariances_that_do_not_commute():
    # tr (A B)^1/2 of 2x2 matrices is sqrt(tr(AB) + 2 sqrt(det(A) det(B))): tr(AB) = 2 + 12 = 14 with A and B below,
    # det(A) = 3, det(B) = 6, so FID = 4 + 7 - 2 sqrt(14 + 2 sqrt(18)).
    a, b = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 6.0]])
    real, fake = with_covariance(40, np.zeros(2), a, 0), with_covariance(40, np.zeros(2), b, 1)
    expected = 4 + 7 - 2 * math.sqrt(14 + 2 * math.sqrt(18))
    assert judging.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("d", [2, 16, 64])
def test_fid_agrees_with_the_matrix_square_root_of_scipy(d):
    real, fake = correlated(500, d, 0), correlated(400, d, 1, shift=0.5)
    a, b = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(a @ b).real
    expected = np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(a + b - 2 * root)
    assert judging.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-8)


def test_fid_is_symmetric_scales_with_the_square_and_ignores_a_common_rotation():
    real, fake = correlated(300, 8, 0), correlated(300, 8, 1)
    fid = judging.frechet_distance(real, fake)
    rotation = np.linalg.qr(correlated(8, 8, 2))[0]
    assert fid > 1
    assert judging.frechet_distance(fake, real) == pytest.approx(fid, rel=1e-9)
    assert judging.frechet_distance(3 * real, 3 * fake) == pytest.approx(9 * fid, rel=1e-9)
    assert judging.frechet_distance(real @ rotation + 7, fake @ rotation + 7) == pytest.approx(fid, rel=1e-8)


def test_fid_of_a_set_with_itself_is_zero_also_with_dead_features():
    real = correlated(300, 8, 0)
    real[:, 3] = 0.0
    # sqrt of an eigenvalue's rounding: 1e-8 of the variance
    assert 0.0 <= judging.frechet_distance(real, real[::-1]) < 1e-6 * real.var()


def test_fid_of_a_collapsed_generator_is_its_distance_plus_the_real_variance():
    real = correlated(300, 8, 0)
    collapsed = np.tile(real[0], (300, 1))
    expected = np.sum((real.mean(0) - real[0]) ** 2) + np.trace(np.cov(real, rowvar=False))
    assert judging.frechet_distance(real, collapsed) == pytest.approx(expected, rel=1e-9)
    assert judging.frechet_distance(collapsed, collapsed) == 0.0


def test_fid_of_float32_features_is_computed_in_float64():
    # The features are exact in float32; beside a common offset of 3,000, products summed in float32 would not be.
    rng = np.random.default_rng(0)
    real, fake = (rng.integers(0, 8, (2000, 4)) + 3000 for _ in range(2))
    expected = judging.frechet_distance(real.astype(np.float64), fake.astype(np.float64))
    assert judging.frechet_distance(real.astype(np.float32), fake.astype(np.float32)) == expected


def test_fid_with_too_few_samples_names_the_way_out():
    with pytest.raises(ValueError, match=r"needs more than 8 samples and found 8 fake .* use kernel_distance"):
        judging.frechet_distance(correlated(9, 8, 0), correlated(8, 8, 1))
    assert math.isfinite(judging.frechet_distance(correlated(9, 8, 0), correlated(9, 8, 1)))


# --- kernel distance --------------------------------------------------------------------------------------------------


def brute_force_kid(x: np.ndarray, y: np.ndarray) -> float:
    def kernel(a, b):
        return polynomial_kernel(a, b, degree=3, gamma=1 / a.shape[1], coef0=1)

    def mean_of_pairs(points):
        table = kernel(points, points)
        return np.mean([table[i, j] for i in range(len(points)) for j in range(len(points)) if i != j])

    return mean_of_pairs(x) + mean_of_pairs(y) - 2 * kernel(x, y).mean()


def test_kid_by_hand():
    # One dimension, kernel (xy + 1)^3, sets {0, 1} and {2, 3}:
    # k(0,1) = 1; k(2,3) = 343; cross 1, 1, 27, 64 => mean 23.25. 1 + 343 - 46.5 = 297.5
    assert judging.kernel_distance([[0], [1]], [[2], [3]], subsets=1) == (297.5, 0.0)


def test_kid_agrees_with_brute_force_over_scikit_learns_kernel():
    real, fake = correlated(30, 5, 0), correlated(30, 5, 1)
    found = judging.kernel_distance(real, fake, subsets=3, subset_size=1000)
    assert found.mean == pytest.approx(brute_force_kid(real, fake), rel=1e-10)
    # every subset is the whole set, in another order
    assert found.std < 1e-10 * found.mean


def test_kid_averages_over_seeded_subsets():
    real, fake = correlated(60, 4, 0), correlated(90, 4, 1)
    rng = np.random.default_rng(5)
    values = []
    for _ in range(7):
        x = real[rng.choice(60, 20, replace=False)]
        values.append(brute_force_kid(x, fake[rng.choice(90, 20, replace=False)]))
    found = judging.kernel_distance(real, fake, subsets=7, subset_size=20, seed=5)
    assert found == pytest.approx((np.mean(values), np.std(values)), rel=1e-9)
    assert found == judging.kernel_distance(real, fake, subsets=7, subset_size=20, seed=5)
    assert found != judging.kernel_distance(real, fake, subsets=7, subset_size=20, seed=6)


def test_kid_is_unbiased_at_few_samples():
    # 400 independent pairs of 10 samples of one distribution: the mean lies within 4 standard errors of 0, while the
    # biased estimate, with the diagonal, is far above.
    rng = np.random.default_rng(0)
    values = [
        judging.kernel_distance(rng.normal(size=(10, 4)), rng.normal(size=(10, 4)), subsets=1).mean for _ in range(400)
    ]
    error = np.std(values) / 20
    assert abs(np.mean(values)) < 4 * error
    assert error < 0.05


def test_kid_of_collapsed_sets_is_finite():
    real, one = correlated(40, 4, 0), np.ones((40, 4))
    assert judging.kernel_distance(real, real[::-1]).std == 0.0, "all subsets are the whole set: one is enough"
    assert judging.kernel_distance(one, one) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert np.isfinite(judging.kernel_distance(real, one)).all()
    assert judging.kernel_distance(real, one).mean > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: judging.kernel_distance([[1], [2]], [[1], [2]], subsets=0), "subsets=0"),
        (lambda: judging.kernel_distance([[1], [2]], [[1], [2]], subset_size=1), "subset_size=1"),
    ],
)
def test_faults_are_one_sentence_that_says_what_was_found(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "expected" in str(caught.value) or "needs" in str(caught.value)
