"""Metrics against hand-computed numbers, closed forms, and other libraries' implementations."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
import scipy.linalg
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors

from labhelpers import metrics


def correlated(n: int, d: int, seed: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + shift


def with_covariance(n: int, mean: np.ndarray, covariance: np.ndarray, seed: int) -> np.ndarray:
    """Rows whose sample mean and sample covariance are exactly these."""
    rows = np.random.default_rng(seed).normal(size=(n, len(mean)))
    rows -= rows.mean(axis=0)
    whitener = np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False)))
    return rows @ whitener.T @ np.linalg.cholesky(covariance).T + mean


def test_importing_metrics_loads_no_tensorflow():
    code = "import sys, labhelpers.metrics; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- Fréchet distance -------------------------------------------------------------------------------------------------


def test_fid_of_diagonal_gaussians_is_the_closed_form():
    # |m|^2 + sum (s_r - s_f)^2 = (9 + 16) + (1 - 2)^2 + (3 - 5)^2 = 30
    real = with_covariance(50, np.zeros(2), np.diag([1.0, 9.0]), 0)
    fake = with_covariance(70, np.array([3.0, -4.0]), np.diag([4.0, 25.0]), 1)
    assert metrics.frechet_distance(real, fake) == pytest.approx(30.0, rel=1e-12)


def test_fid_in_one_dimension():
    # unbiased variances: 1 of [0, 1, 2] and 4 of [3, 5, 7]; (5 - 1)^2 + (2 - 1)^2 = 17
    assert metrics.frechet_distance([[0], [1], [2]], [[3], [5], [7]]) == pytest.approx(17.0, rel=1e-12)


def test_fid_of_covariances_that_do_not_commute():
    # tr (A B)^1/2 of 2x2 matrices is sqrt(tr(AB) + 2 sqrt(det(A) det(B))): tr(AB) = 2 + 12 = 14 with A and B below,
    # det(A) = 3, det(B) = 6, so FID = 4 + 7 - 2 sqrt(14 + 2 sqrt(18)).
    a, b = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 6.0]])
    real, fake = with_covariance(40, np.zeros(2), a, 0), with_covariance(40, np.zeros(2), b, 1)
    expected = 4 + 7 - 2 * math.sqrt(14 + 2 * math.sqrt(18))
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("d", [2, 16, 64])
def test_fid_agrees_with_the_matrix_square_root_of_scipy(d):
    real, fake = correlated(500, d, 0), correlated(400, d, 1, shift=0.5)
    a, b = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(a @ b).real
    expected = np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(a + b - 2 * root)
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-8)


def test_fid_is_symmetric_scales_with_the_square_and_ignores_a_common_rotation():
    real, fake = correlated(300, 8, 0), correlated(300, 8, 1)
    fid = metrics.frechet_distance(real, fake)
    rotation = np.linalg.qr(correlated(8, 8, 2))[0]
    assert fid > 1
    assert metrics.frechet_distance(fake, real) == pytest.approx(fid, rel=1e-9)
    assert metrics.frechet_distance(3 * real, 3 * fake) == pytest.approx(9 * fid, rel=1e-9)
    assert metrics.frechet_distance(real @ rotation + 7, fake @ rotation + 7) == pytest.approx(fid, rel=1e-8)


def test_fid_of_a_set_with_itself_is_zero_also_with_dead_features():
    real = correlated(300, 8, 0)
    real[:, 3] = 0.0
    # sqrt of an eigenvalue's rounding: 1e-8 of the variance
    assert 0.0 <= metrics.frechet_distance(real, real[::-1]) < 1e-6 * real.var()


def test_fid_of_a_collapsed_generator_is_its_distance_plus_the_real_variance():
    real = correlated(300, 8, 0)
    collapsed = np.tile(real[0], (300, 1))
    expected = np.sum((real.mean(0) - real[0]) ** 2) + np.trace(np.cov(real, rowvar=False))
    assert metrics.frechet_distance(real, collapsed) == pytest.approx(expected, rel=1e-9)
    assert metrics.frechet_distance(collapsed, collapsed) == 0.0


def test_fid_of_float32_features_is_computed_in_float64():
    # The features are exact in float32; beside a common offset of 3,000, products summed in float32 would not be.
    rng = np.random.default_rng(0)
    real, fake = (rng.integers(0, 8, (2000, 4)) + 3000 for _ in range(2))
    expected = metrics.frechet_distance(real.astype(np.float64), fake.astype(np.float64))
    assert metrics.frechet_distance(real.astype(np.float32), fake.astype(np.float32)) == expected


def test_fid_with_too_few_samples_names_the_way_out():
    with pytest.raises(ValueError, match=r"needs more than 8 samples and found 8 fake .* use kernel_distance"):
        metrics.frechet_distance(correlated(9, 8, 0), correlated(8, 8, 1))
    assert math.isfinite(metrics.frechet_distance(correlated(9, 8, 0), correlated(9, 8, 1)))


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
    assert metrics.kernel_distance([[0], [1]], [[2], [3]], subsets=1) == (297.5, 0.0)


def test_kid_agrees_with_brute_force_over_scikit_learns_kernel():
    real, fake = correlated(30, 5, 0), correlated(30, 5, 1)
    found = metrics.kernel_distance(real, fake, subsets=3, subset_size=1000)
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
    found = metrics.kernel_distance(real, fake, subsets=7, subset_size=20, seed=5)
    assert found == pytest.approx((np.mean(values), np.std(values)), rel=1e-9)
    assert found == metrics.kernel_distance(real, fake, subsets=7, subset_size=20, seed=5)
    assert found != metrics.kernel_distance(real, fake, subsets=7, subset_size=20, seed=6)


def test_kid_is_unbiased_at_few_samples():
    # 400 independent pairs of 10 samples of one distribution: the mean lies within 4 standard errors of 0, while the
    # biased estimate, with the diagonal, is far above.
    rng = np.random.default_rng(0)
    values = [
        metrics.kernel_distance(rng.normal(size=(10, 4)), rng.normal(size=(10, 4)), subsets=1).mean for _ in range(400)
    ]
    error = np.std(values) / 20
    assert abs(np.mean(values)) < 4 * error
    assert error < 0.05


def test_kid_of_collapsed_sets_is_finite():
    real, one = correlated(40, 4, 0), np.ones((40, 4))
    assert metrics.kernel_distance(one, one) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert np.isfinite(metrics.kernel_distance(real, one)).all()
    assert metrics.kernel_distance(real, one).mean > 0


# --- precision, recall, density, coverage -----------------------------------------------------------------------------


def brute_force_prdc(real, fake, k):
    def radii(points):
        # the first of k + 1 neighbours is the point itself
        return NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points).kneighbors(points)[0][:, k]

    distances = pairwise_distances(real, fake)
    in_real, in_fake = distances <= radii(real)[:, None], distances <= radii(fake)[None]
    return in_real.any(0).mean(), in_fake.any(1).mean(), in_real.sum(0).mean() / k, in_real.any(1).mean()


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (150, 260)])
def test_precision_recall_density_coverage_agree_with_brute_force(n, m, k):
    real, fake = correlated(n, 6, 0), correlated(m, 6, 1, shift=1.0)
    precision, recall, density, coverage = brute_force_prdc(real, fake, k)
    assert 0 < precision < 1
    assert 0 < recall < 1
    assert metrics.precision_recall(real, fake, k) == pytest.approx((precision, recall), abs=1e-12)
    assert metrics.density_coverage(real, fake, k) == pytest.approx((density, coverage), abs=1e-12)


def test_chunks_do_not_change_the_answer(monkeypatch):
    real, fake = correlated(150, 6, 0), correlated(260, 6, 1, shift=1.0)
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    whole = metrics.precision_recall(real, fake), metrics.density_coverage(real, fake)
    nearest = metrics.nearest_images(images[:3], images, k=4)
    monkeypatch.setattr(metrics, "_CHUNK", 700)
    assert (metrics.precision_recall(real, fake), metrics.density_coverage(real, fake)) == whole
    monkeypatch.setattr(metrics, "_CHUNK", 50)
    parts = metrics.nearest_images(images[:3], images, k=4)
    assert np.array_equal(parts.indices, nearest.indices)
    assert np.array_equal(parts.distances, nearest.distances)


def test_precision_recall_density_coverage_by_hand():
    # k = 1 on the line. Reals 0, 1, 10: radii 1, 1, 9, so balls [-1, 1], [0, 2], [1, 19].
    # Fakes 1, 2, 30, 31: radii 1, 1, 1, 1, so balls [0, 2], [1, 3], [29, 31], [30, 32]; their ends count.
    real, fake = [[0.0], [1.0], [10.0]], [[1.0], [2.0], [30.0], [31.0]]
    assert metrics.precision_recall(real, fake, k=1) == (2 / 4, 2 / 3)
    # 1 lies in 3 balls, 2 in 2, the others in none: 5 / (1 * 4); all three balls hold a fake.
    assert metrics.density_coverage(real, fake, k=1) == (5 / 4, 1.0)


def test_identical_gaussians_of_1000_dimensions_do_not_give_one():
    # The known figures .477 / .471 / 1.06 / .974 belong to k = 5 for all four, 10,000 samples and one draw. Six draws
    # of that size gave .46 to .50, .47 to .49, .91 to 1.07, .956 to .974 here; k = 3 gave .37 / .39 / .91 / .85. A draw
    # takes half a minute, so this one has 2,000 samples, whose balls are larger: .55 / .55 / .99 / .97.
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2000, 1000)), rng.normal(size=(2000, 1000))
    found = (*metrics.precision_recall(real, fake, k=5), *metrics.density_coverage(real, fake, k=5))
    assert found == pytest.approx(brute_force_prdc(real, fake, 5), abs=1e-12)
    assert found[:2] == pytest.approx((0.55, 0.55), abs=0.05)
    assert found[2:] == pytest.approx((1.0, 0.97), abs=0.1)


def test_coverage_and_density_of_equal_distributions_have_their_distribution_free_expectation():
    # E coverage = 1 - prod_i (N - i) / (M + N - i) over i = 1..k, E density = 1, in any dimension.
    n, m, k = 100, 80, 5
    expected = 1 - math.prod((n - i) / (m + n - i) for i in range(1, k + 1))
    rng = np.random.default_rng(0)
    values = np.array(
        [metrics.density_coverage(rng.normal(size=(n, 3)), rng.normal(size=(m, 3)), k) for _ in range(300)]
    )
    error = values.std(axis=0) / math.sqrt(300)
    assert np.all(np.abs(values.mean(axis=0) - [1.0, expected]) < 4 * error)
    assert np.all(error < 0.01)


def test_a_generator_that_copies_one_image_has_precision_and_no_recall():
    real = correlated(100, 16, 0) * 100
    copies = np.tile(real[7].astype(np.float32), (50, 1)).astype(np.float64)
    real[7] = copies[0]
    assert metrics.precision_recall(real, copies) == (1.0, 1 / 100)
    density, coverage = metrics.density_coverage(real, copies)
    balls = pairwise_distances(real, real)
    holding = (balls[:, 7] <= np.sort(balls, axis=1)[:, 5]).sum()
    assert (density, coverage) == (holding / 5, holding / 100)
    assert metrics.precision_recall(copies, copies) == (1.0, 1.0)


def test_a_generator_far_away_scores_nothing():
    real, fake = correlated(50, 4, 0), correlated(50, 4, 1) + 1e6
    assert metrics.precision_recall(real, fake) == (0.0, 0.0)
    assert metrics.density_coverage(real, fake) == (0.0, 0.0)


def test_swapping_real_and_fake_swaps_precision_and_recall():
    real, fake = correlated(100, 4, 0), correlated(120, 4, 1)
    precision, recall = metrics.precision_recall(real, fake)
    assert precision != recall
    assert metrics.precision_recall(fake, real) == (recall, precision)


def test_a_common_offset_costs_no_digits():
    real, fake = (np.random.default_rng(seed).integers(0, 9, (80, 3)).astype(float) for seed in (0, 1))
    assert metrics.precision_recall(real + 1e8, fake + 1e8) == metrics.precision_recall(real, fake)


# --- toys -------------------------------------------------------------------------------------------------------------


def ring() -> np.ndarray:
    angles = 2 * np.pi * np.arange(8) / 8
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_mode_coverage_by_hand():
    samples = [[0, 0], [0, 3], [0, 3.1], [10, 0], [10, 0], [5, 0], [2, 2]]
    found = metrics.mode_coverage(samples, [[0, 0], [10, 0], [0, 10]], sigma=1)
    # [0, 3] lies on the line and is good; [0, 3.1] and [5, 0] are not; [2, 2] is sqrt(8) = 2.8 away.
    assert found.counts.tolist() == [3, 2, 0]
    assert (found.found, found.modes, found.good, found.n) == (2, 3, 5 / 7, 7)
    assert str(found) == "2 of 3 modes, 71.4% good (7 samples)"


def test_a_sample_near_two_centres_counts_for_the_nearest_alone():
    found = metrics.mode_coverage([[0.4, 0]], [[0, 0], [1, 0]], sigma=1)
    assert found.counts.tolist() == [1, 0]
    assert found.found == 1


def test_perfect_ring_samples_are_98_9_percent_good():
    rng = np.random.default_rng(0)
    samples = ring()[rng.integers(0, 8, 40_000)] + 0.01 * rng.normal(size=(40_000, 2))
    found = metrics.mode_coverage(samples, ring(), 0.01)
    # standard error sqrt(.989 * .011 / 40000) = .0005
    assert found.good == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert found.found == 8
    assert found.counts.sum() == round(found.good * 40_000)


def test_collapsed_and_diverged_toys():
    assert metrics.mode_coverage(np.tile(ring()[:1], (100, 1)), ring(), 0.01).found == 1
    far = metrics.mode_coverage(np.full((100, 2), 50.0), ring(), 0.01)
    assert (far.found, far.good) == (0, 0.0)


# --- classifier -------------------------------------------------------------------------------------------------------


def test_classifier_score_by_hand():
    assert metrics.classifier_score(np.eye(10)) == (pytest.approx(10.0), 0.0)
    assert metrics.classifier_score(np.full((7, 10), 0.1)) == (pytest.approx(1.0), 0.0)
    # p(y) = (5/8, 3/8); KL of (1, 0) = ln(8/5), KL of (1/4, 3/4) = ln(2/5)/4 + 3/4 ln 2
    expected = math.exp((math.log(8 / 5) + math.log(2 / 5) / 4 + 0.75 * math.log(2)) / 2)
    assert metrics.classifier_score([[1, 0], [0.25, 0.75]]).mean == pytest.approx(expected, rel=1e-12)


def test_classifier_score_splits_are_consecutive():
    # The first half sees one class only (score 1), the second two classes evenly (score 2).
    probabilities = np.eye(2)[[0, 0, 0, 1]]
    assert metrics.classifier_score(probabilities, splits=2) == (pytest.approx(1.5), pytest.approx(0.5))
    # Taken alternately, each part would see one class.
    assert metrics.classifier_score(np.eye(2)[[0, 1, 0, 1]], splits=2) == (pytest.approx(2.0), pytest.approx(0.0))


def test_histogram_agreement_and_purity_by_hand():
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1]]
    assert metrics.class_histogram(probabilities).tolist() == [3, 1, 0]
    assert metrics.label_agreement(probabilities, [0, 1, 1, 2]) == 0.5
    # code 5 holds labels 1, 1, 2 and code 9 holds 2: 2 + 1 of 4
    assert metrics.cluster_purity([5, 5, 5, 9], [1, 1, 2, 2]) == 0.75
    assert metrics.cluster_purity([0, 0, 0, 0], [1, 1, 1, 2]) == 0.75


# --- nearest images ---------------------------------------------------------------------------------------------------


def test_nearest_images_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    images, references = (rng.integers(0, 256, (n, 5, 5, 1), dtype=np.uint8) for n in (9, 70))
    flat = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(references.reshape(70, -1).astype(float))
    distances, indices = flat.kneighbors(images.reshape(9, -1).astype(float))
    found = metrics.nearest_images(images, references, k=3)
    assert np.array_equal(found.indices, indices)
    assert found.distances == pytest.approx(distances, rel=1e-12)


def test_a_copied_image_is_found_at_distance_zero():
    references = np.random.default_rng(0).normal(size=(40, 8, 8, 3)).astype(np.float32)
    found = metrics.nearest_images(references[[31, 2]], references)
    assert found.indices.tolist() == [[31], [2]]
    assert found.distances.tolist() == [[0.0], [0.0]]


def test_nearest_images_by_hand_with_a_tie():
    references = np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 0.0]]])
    found = metrics.nearest_images(np.zeros((1, 1, 2)), references, k=3)
    assert found.indices.tolist() == [[0, 2, 1]]
    assert found.distances.tolist() == [[0.0, 0.0, 5.0]]
    many = (np.arange(500) % 3)[:, None, None] * np.ones((1, 1, 2))
    assert metrics.nearest_images(np.zeros((1, 1, 2)), many, k=4).indices.tolist() == [[0, 3, 6, 9]]


# --- quality ----------------------------------------------------------------------------------------------------------


class PixelJudge:
    """Stands in for a judge: the features are the pixels."""

    def __init__(self):
        self.asked = []

    def features(self, images, activation=None):
        self.asked.append(activation)
        return np.asarray(images).reshape(len(images), -1).astype(np.float32)


def test_quality_reads_as_promised():
    shown = metrics.Quality(fid=9.84, floor=0.478, floor_n=10_000, n=10_000, real_n=10_000)
    assert str(shown) == "FID 9.8 (floor 0.48, 10,000 samples)"
    few = metrics.Quality(fid=52.0, floor=3.04, floor_n=700, n=1000, real_n=297, kid=0.0123, precision=0.5, recall=0.25)
    assert str(few) == (
        "FID 52.0 (floor 3.0 with 700 real images, 1,000 samples against 297 real images), "
        "KID 0.0123, precision 0.5, recall 0.25"
    )


def test_quality_measures_floor_and_distance_at_the_size_of_the_fakes():
    judge = PixelJudge()
    rng = np.random.default_rng(0)
    real, other, fake = (rng.normal(size=(n, 2, 2, 1)) for n in (300, 500, 200))
    reference = metrics.real_reference(judge, real, other, activation="tanh")
    found = metrics.quality(fake, judge, reference, activation="sigmoid")
    assert judge.asked == ["tanh", "tanh", "sigmoid"]
    assert (found.n, found.real_n, found.floor_n) == (200, 300, 200)
    assert found.fid == metrics.frechet_distance(reference.features, fake.reshape(200, -1).astype(np.float32))
    # one distribution everywhere: distance and floor are both sampling noise of the same size
    assert 0 < found.floor < 0.2
    assert 0 < found.fid < 0.2
    assert found.kid is found.precision is found.recall is None


def test_quality_uses_what_real_images_there_are():
    judge = PixelJudge()
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(30, 2, 2, 1)), rng.normal(size=(200, 2, 2, 1))
    halves = metrics.quality(fake, judge, metrics.real_reference(judge, real), details=True)
    assert (halves.n, halves.real_n, halves.floor_n) == (200, 30, 15)
    assert None not in (halves.floor, halves.kid, halves.precision, halves.recall)
    few = metrics.quality(fake, judge, metrics.real_reference(judge, real[:8]))
    assert (few.floor, few.floor_n) == (None, None)
    assert "no floor: too few real images" in str(few)


def test_the_floor_does_not_follow_the_order_of_the_file():
    # Even and odd rows of two different distributions, as in MNIST: a stride would compare one with the other.
    features = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    features[::2] += 5
    halves, _ = metrics.RealReference(features).floor(1000)
    drawn, count = metrics.RealReference(features, features).floor(1000)
    assert count == 1000
    # a stride would give 75; sampling noise of the shared mean is below 75 * (2 / sqrt(1000)) ** 2 = .3
    assert halves < 1
    assert drawn < 1


# --- what holds for all of them ---------------------------------------------------------------------------------------

TWO_SETS = [metrics.frechet_distance, metrics.kernel_distance, metrics.precision_recall, metrics.density_coverage]


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.kernel_distance([[1], [2]], [[1], [2]], subsets=0), "subsets=0"),
        (lambda: metrics.kernel_distance([[1], [2]], [[1], [2]], subset_size=1), "subset_size=1"),
        (lambda: metrics.precision_recall([[1], [2]], [[1], [2]], k=0), "k=0"),
        (lambda: metrics.precision_recall([[1], [2], [3]], [[1], [2], [3]], k=3), "k=3 .* at least 4 .* found 3"),
        (lambda: metrics.density_coverage([[1], [2]], [[1], [2]], k=2), "at least 3 .* found 2 real"),
        (lambda: metrics.mode_coverage([[0, 0]], [[0, 0, 0]], 0.1), "2 coordinates and centres 3"),
        (lambda: metrics.mode_coverage([[0, 0]], [[0, 0]], 0.0), "sigma=0.0"),
        (lambda: metrics.mode_coverage([[0, math.nan]], [[0, 0]], 0.1), "1 of 1 rows of samples"),
        (lambda: metrics.classifier_score([[2.0, -1.0]]), "apply a softmax"),
        (lambda: metrics.classifier_score([[0.7, 0.7]]), "sum to 1.4"),
        (lambda: metrics.classifier_score([[0.5, 0.5]], splits=2), "splits=2 for 1 samples"),
        (lambda: metrics.label_agreement([[0.5, 0.5]], [2]), "labels go up to 2 .* 2 classes"),
        (lambda: metrics.label_agreement([[0.5, 0.5]], [0, 1]), r"shape \(2,\) .* expected 1 whole"),
        (lambda: metrics.label_agreement([[0.5, 0.5]], [[0, 1]]), "argmax of one-hot"),
        (lambda: metrics.cluster_purity([0.5], [1]), "codes has .* float64"),
        (lambda: metrics.cluster_purity([-1], [1]), "codes holds -1"),
        (lambda: metrics.cluster_purity([], []), "at least one"),
        (lambda: metrics.nearest_images(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2))), "channel axis"),
        (lambda: metrics.nearest_images(np.zeros((0, 2, 2)), np.zeros((1, 2, 2))), "two batches"),
        (lambda: metrics.nearest_images(np.zeros((1, 2), "u1"), np.zeros((1, 2))), "uint8 and references float64"),
        (lambda: metrics.nearest_images(np.zeros((1, 2)), np.zeros((1, 2)), k=2), "k=2 for 1 references"),
    ],
)
def test_faults_are_one_sentence_that_says_what_was_found(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    text = str(caught.value)
    assert text.endswith(".")
    assert "expected" in text or "needs" in text
