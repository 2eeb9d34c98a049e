"""The quality of a set of fake images: FID beside the floor that real images set, and on request the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labhelpers.judging.distances import frechet_distance, kernel_distance
from labhelpers.judging.neighbours import precision_recall


class FeatureNetwork(Protocol):
    """What `quality` asks of a judge: features of images, as `Judge` gives them."""

    def features(self, images: ArrayLike) -> NDArray[np.float32]:
        """Features ``(n, d)`` of images that are uint8, or float in [0, 1]."""
        ...


@dataclass(frozen=True, eq=False)
class RealReference:
    """Features of real images, computed once, that every later judgement is made against.

    Attributes:
        features: ``(n, d)``, of the images that fakes are compared with.
        other_features: ``(m, d)``, of other real images, for the floor; None: the floor comes from two halves.
    """

    features: NDArray[np.float32]
    other_features: NDArray[np.float32] | None = None

    def floor(self, n: int) -> tuple[float, int] | None:
        """FID of real images against other real images: what a perfect generator would get.

        Args:
            n: number of samples the floor is for.

        Returns:
            The FID, and how many other real images it was measured with: ``n``, or fewer where there are fewer. Without
            other images it is the FID between two random halves, and the size of a half. None where there are too few
            images for a FID at all.
        """
        # Drawn at random: files have an order. MNIST's even and odd training images are FID 11.6 apart under our judge,
        # two random halves 0.3.
        rng = np.random.default_rng(0)
        if self.other_features is None:
            order = rng.permutation(len(self.features))
            one, other = self.features[order[::2]], self.features[order[1::2]]
        else:
            count = min(n, len(self.other_features))
            one, other = (
                self.features,
                self.other_features[
                    rng.choice(len(self.other_features), count, replace=False)
                ],
            )
        if len(other) <= other.shape[1]:
            return None
        return frechet_distance(one, other), len(other)


def real_reference(
    judge: FeatureNetwork,
    real_images: ArrayLike,
    other_real_images: ArrayLike | None = None,
) -> RealReference:
    """Run the judge over the real images once.

    Args:
        judge: a frozen feature network.
        real_images: ``(n, height, width, channels)``, uint8 or float in [0, 1], the images that fakes will be compared
            with: all 10,000 test images of MNIST, or all test images where there are fewer.
        other_real_images: as many other real images for the floor, such as the first 10,000 training images.

    Returns:
        The features, to be given to `quality`.

    Raises:
        ValueError: the judge does not take the images.
    """
    other = None if other_real_images is None else judge.features(other_real_images)
    return RealReference(judge.features(real_images), other)


@dataclass(frozen=True)
class Quality:
    """Quality of a set of fake images, with all that is needed to read the number.

    Attributes:
        fid: Fréchet distance between fake and real features of one judge. Not comparable with FIDs of other features.
        floor: the same between real and other real images; None where there were too few.
        floor_n: how many images that floor was measured with; None without floor.
        n: number of fake images.
        real_n: number of real images.
        kid: mean kernel distance; None unless asked for, like those below.
        precision: share of fakes among the reals, ``k=3``.
        recall: share of reals among the fakes, ``k=3``.
    """

    fid: float
    floor: float | None
    floor_n: int | None
    n: int
    real_n: int
    kid: float | None = None
    precision: float | None = None
    recall: float | None = None

    def __str__(self) -> str:
        if self.floor is None:
            floor = "no floor: too few real images"
        elif self.floor_n == self.n:
            floor = f"floor {_short(self.floor)}"
        else:
            floor = f"floor {_short(self.floor)} with {self.floor_n:,} real images"
        sizes = f"{self.n:,} samples"
        if self.real_n != self.n:
            sizes += f" against {self.real_n:,} real images"
        more = [
            f"{name} {value:.3g}"
            for name, value in (
                ("KID", self.kid),
                ("precision", self.precision),
                ("recall", self.recall),
            )
            if value is not None
        ]
        return ", ".join([f"FID {_short(self.fid)} ({floor}, {sizes})", *more])


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:,.1f}"


def quality(
    fake_images: ArrayLike,
    judge: FeatureNetwork,
    reference: RealReference,
    *,
    details: bool = False,
) -> Quality:
    """Judge fake images: FID and its floor; with ``details`` also KID, precision and recall.

    The floor is measured at the sample size of the fakes, because FID falls as samples are added.

    Args:
        fake_images: ``(n, height, width, channels)``, uint8 or float in [0, 1], as ``sample`` gives them; more images
            than the judge has features.
        judge: the frozen feature network that also made ``reference``.
        reference: features of real images, from `real_reference`.
        details: also KID, precision and recall, which take some seconds at 10,000 samples.

    Returns:
        The numbers; ``str()`` of them reads "FID 9.8 (floor 0.48, 10,000 samples)".

    Raises:
        ValueError: images that the judge does not take, too few of them, or features that are not finite.
    """
    features = judge.features(fake_images)
    fid = frechet_distance(reference.features, features)
    floor, floor_n = reference.floor(len(features)) or (None, None)
    kid = precision = recall = None
    if details:
        kid = kernel_distance(reference.features, features).mean
        precision, recall = precision_recall(reference.features, features)
    return Quality(
        fid,
        floor,
        floor_n,
        len(features),
        len(reference.features),
        kid,
        precision,
        recall,
    )
