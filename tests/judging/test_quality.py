"""Quality: what it measures with how many images, and how it reads."""

from __future__ import annotations

import numpy as np

from labhelpers import judging


class PixelJudge:
    """Stands in for a judge: the features are the pixels."""

    def features(self, images):
        return np.asarray(images).reshape(len(images), -1).astype(np.float32)


def test_quality_reads_as_promised():
    shown = judging.Quality(fid=9.84, floor=0.478, floor_n=10_000, n=10_000, real_n=10_000)
    assert str(shown) == "FID 9.8 (floor 0.48, 10,000 samples)"
    few = judging.Quality(fid=52.0, floor=3.04, floor_n=700, n=1000, real_n=297, kid=0.0123, precision=0.5, recall=0.25)
    assert str(few) == (
        "FID 52.0 (floor 3.0 with 700 real images, 1,000 samples against 297 real images), "
        "KID 0.0123, precision 0.5, recall 0.25"
    )


def test_quality_measures_floor_and_distance_at_the_size_of_the_fakes():
    judge = PixelJudge()
    rng = np.random.default_rng(0)
    real, other, fake = (rng.normal(size=(n, 2, 2, 1)) for n in (300, 500, 200))
    reference = judging.real_reference(judge, real, other)
    found = judging.quality(fake, judge, reference)
    assert (found.n, found.real_n, found.floor_n) == (200, 300, 200)
    assert found.fid == judging.frechet_distance(reference.features, fake.reshape(200, -1).astype(np.float32))
    # one distribution everywhere: distance and floor are both sampling noise of the same size
    assert 0 < found.floor < 0.2
    assert 0 < found.fid < 0.2
    assert found.kid is found.precision is found.recall is None


def test_quality_uses_what_real_images_there_are():
    judge = PixelJudge()
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(30, 2, 2, 1)), rng.normal(size=(200, 2, 2, 1))
    halves = judging.quality(fake, judge, judging.real_reference(judge, real), details=True)
    assert (halves.n, halves.real_n, halves.floor_n) == (200, 30, 15)
    assert None not in (halves.floor, halves.kid, halves.precision, halves.recall)
    few = judging.quality(fake, judge, judging.real_reference(judge, real[:8]))
    assert (few.floor, few.floor_n) == (None, None)
    assert "no floor: too few real images" in str(few)


def test_the_floor_does_not_follow_the_order_of_the_file():
    # Even and odd rows of two different distributions, as in MNIST: a stride would compare one with the other.
    features = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    features[::2] += 5
    halves, _ = judging.RealReference(features).floor(1000)
    drawn, count = judging.RealReference(features, features).floor(1000)
    assert count == 1000
    # a stride would give 75; sampling noise of the shared mean is below 75 * (2 / sqrt(1000)) ** 2 = .3
    assert halves < 1
    assert drawn < 1
