"""Nearest neighbours against brute force, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from labhelpers import judging
from labhelpers.judging import neighbours
from tests.judging.samples import correlated


def brute_force(real, fake, k):
    def radii(points):
        # the first of k + 1 neighbours is the point itself
        return NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points).kneighbors(points)[0][:, k]

    distances = pairwise_distances(real, fake)
    return (distances <= radii(real)[:, None]).any(0).mean(), (distances <= radii(fake)[None]).any(1).mean()


# --- precision and recall ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("n", "m"), [(200, 200), (150, 260)])
def test_precision_and_recall_agree_with_brute_force(n, m, k):
    real, fake = correlated(n, 6, 0), correlated(m, 6, 1, shift=1.0)
    precision, recall = brute_force(real, fake, k)
    assert 0 < precision < 1
    assert 0 < recall < 1
    assert judging.precision_recall(real, fake, k) == pytest.approx((precision, recall), abs=1e-12)


def test_chunks_do_not_change_the_answer(monkeypatch):
    real, fake = correlated(150, 6, 0), correlated(260, 6, 1, shift=1.0)
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    whole = judging.precision_recall(real, fake)
    nearest = judging.nearest_images(images[:3], images, k=4)
    monkeypatch.setattr(neighbours, "_CHUNK", 700)
    assert judging.precision_recall(real, fake) == whole
    monkeypatch.setattr(neighbours, "_CHUNK", 50)
    parts = judging.nearest_images(images[:3], images, k=4)
    assert np.array_equal(parts.indices, nearest.indices)
    assert np.array_equal(parts.distances, nearest.distances)


def test_precision_and_recall_by_hand():
    # k = 1 on the line. Reals 0, 1, 10: radii 1, 1, 9, so balls [-1, 1], [0, 2], [1, 19].
    # Fakes 1, 2, 30, 31: radii 1, 1, 1, 1, so balls [0, 2], [1, 3], [29, 31], [30, 32]; their ends count.
    real, fake = [[0.0], [1.0], [10.0]], [[1.0], [2.0], [30.0], [31.0]]
    assert judging.precision_recall(real, fake, k=1) == (2 / 4, 2 / 3)


def test_identical_gaussians_of_1000_dimensions_do_not_give_one():
    # The known figures .477 / .471 belong to k = 5 and 10,000 samples. Six draws of that size gave .46 to .50 and .47
    # to .49 here. A draw takes half a minute, so this one has 2,000 samples, whose balls are larger: .55 / .55.
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2000, 1000)), rng.normal(size=(2000, 1000))
    found = judging.precision_recall(real, fake, k=5)
    assert found == pytest.approx(brute_force(real, fake, 5), abs=1e-12)
    assert found == pytest.approx((0.55, 0.55), abs=0.05)


def test_a_generator_that_copies_one_image_has_precision_and_no_recall():
    real = correlated(100, 16, 0) * 100
    copies = np.tile(real[7].astype(np.float32), (50, 1)).astype(np.float64)
    real[7] = copies[0]
    assert judging.precision_recall(real, copies) == (1.0, 1 / 100)
    assert judging.precision_recall(copies, copies) == (1.0, 1.0)


def test_a_generator_far_away_scores_nothing():
    real, fake = correlated(50, 4, 0), correlated(50, 4, 1) + 1e6
    assert judging.precision_recall(real, fake) == (0.0, 0.0)


def test_swapping_real_and_fake_swaps_precision_and_recall():
    real, fake = correlated(100, 4, 0), correlated(120, 4, 1)
    precision, recall = judging.precision_recall(real, fake)
    assert precision != recall
    assert judging.precision_recall(fake, real) == (recall, precision)


def test_a_common_offset_costs_no_digits():
    real, fake = (np.random.default_rng(seed).integers(0, 9, (80, 3)).astype(float) for seed in (0, 1))
    assert judging.precision_recall(real + 1e8, fake + 1e8) == judging.precision_recall(real, fake)


# --- nearest images ---------------------------------------------------------------------------------------------------


def test_nearest_images_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    images, references = (rng.integers(0, 256, (n, 5, 5, 1), dtype=np.uint8) for n in (9, 70))
    flat = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(references.reshape(70, -1).astype(float))
    distances, indices = flat.kneighbors(images.reshape(9, -1).astype(float))
    found = judging.nearest_images(images, references, k=3)
    assert np.array_equal(found.indices, indices)
    assert found.distances == pytest.approx(distances, rel=1e-12)


def test_a_copied_image_is_found_at_distance_zero():
    references = np.random.default_rng(0).random((40, 8, 8, 3), np.float32)
    found = judging.nearest_images(references[[31, 2]], references)
    assert found.indices.tolist() == [[31], [2]]
    assert found.distances.tolist() == [[0.0], [0.0]]


def test_nearest_images_by_hand_with_a_tie():
    references = np.array([[[0.0, 0.0]], [[0.3, 0.4]], [[0.0, 0.0]]])
    found = judging.nearest_images(np.zeros((1, 1, 2)), references, k=3)
    assert found.indices.tolist() == [[0, 2, 1]]
    assert found.distances[0] == pytest.approx([0.0, 0.0, 0.5])
    many = (np.arange(500) % 3)[:, None, None] * np.full((1, 1, 2), 0.5)
    assert judging.nearest_images(np.zeros((1, 1, 2)), many, k=4).indices.tolist() == [[0, 3, 6, 9]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: judging.precision_recall([[1], [2]], [[1], [2]], k=0), "k=0"),
        (lambda: judging.precision_recall([[1], [2], [3]], [[1], [2], [3]], k=3), "k=3 .* at least 4 .* found 3"),
        (lambda: judging.nearest_images(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2))), "channel axis"),
        (lambda: judging.nearest_images(np.zeros((0, 2, 2)), np.zeros((1, 2, 2))), "two batches"),
        (lambda: judging.nearest_images(np.zeros((1, 2), "u1"), np.zeros((1, 2))), "uint8 and references float64"),
        (lambda: judging.nearest_images(np.zeros((1, 2)), np.zeros((1, 2)), k=2), "k=2 for 1 references"),
        (
            lambda: judging.nearest_images(np.full((1, 2), -1.0), np.zeros((1, 2))),
            r"lie in \[-1, -1\], expected uint8 or",
        ),
        (
            lambda: judging.nearest_images(np.zeros((1, 2)), np.full((1, 2), -1.0)),
            r"lie in \[-1, -1\], expected uint8 or",
        ),
    ],
)
def test_faults_are_one_sentence_that_says_what_was_found(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert str(caught.value).endswith(".")
    assert "expected" in str(caught.value) or "needs" in str(caught.value)
