"""How good samples are: distances between sets of features, shares of good samples, nearest images.

Everything here takes arrays and returns numbers; nothing trains and nothing imports TensorFlow. The features and class
probabilities come from a frozen network (see ``labhelpers.judges``), so a FID from here is comparable with another FID
of the same judge and the same sample sizes, and with nothing else: published FIDs use the 2,048 features of Inception.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from labhelpers.data.ranges import Activation

__all__ = [
    "ClassifierScore",
    "DensityCoverage",
    "FeatureNetwork",
    "KernelDistance",
    "ModeCoverage",
    "NearestImages",
    "PrecisionRecall",
    "Quality",
    "RealReference",
    "class_histogram",
    "classifier_score",
    "cluster_purity",
    "density_coverage",
    "frechet_distance",
    "kernel_distance",
    "label_agreement",
    "mode_coverage",
    "nearest_images",
    "precision_recall",
    "quality",
    "real_reference",
]

Floats = NDArray[np.float64]

_LARGEST = 1e18  # cubes and squares of such features still fit into float64, and no sane network puts out more
_CHUNK = 4_000_000  # distances held at a time: 32 MB in float64


def _matrix(values: ArrayLike, name: str) -> Floats:
    """Checked float64 copy of a table with one row a sample."""
    table = np.asarray(values)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(
            f"{name} has shape {table.shape}, expected (samples, dimensions) with at least one of each: "
            "give one row of numbers for every sample."
        )
    if table.dtype.kind not in "fiu":
        raise ValueError(f"{name} holds {table.dtype}, expected numbers: convert it to float32 or float64.")
    table = table.astype(np.float64)
    broken = int((~(np.abs(table) <= _LARGEST)).any(axis=1).sum())
    if broken:
        raise ValueError(
            f"{broken:,} of {len(table):,} rows of {name} hold NaN, infinity or a number beyond {_LARGEST:.0e}, "
            "expected finite values: look at the generator's samples first, its training has probably diverged."
        )
    return table


def _two_sets(real: ArrayLike, fake: ArrayLike, at_least: int, purpose: str) -> tuple[Floats, Floats]:
    """Both feature sets, checked against each other and for the number of samples that ``purpose`` needs."""
    real_table, fake_table = _matrix(real, "real_features"), _matrix(fake, "fake_features")
    if real_table.shape[1] != fake_table.shape[1]:
        raise ValueError(
            f"real_features have {real_table.shape[1]} dimensions and fake_features {fake_table.shape[1]}, expected "
            "the same number: compute both with the same judge."
        )
    for name, table in (("real", real_table), ("fake", fake_table)):
        if len(table) < at_least:
            raise ValueError(
                f"{purpose} needs at least {at_least:,} samples and found {len(table):,} {name} ones: give more "
                f"{name} images."
            )
    return real_table, fake_table


# --- distances between two sets of features ---------------------------------------------------------------------------


def frechet_distance(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features (FID, where the features are Inception's).

    ``|m_r - m_f|^2 + tr(C_r + C_f - 2 (C_r^1/2 C_f C_r^1/2)^1/2)``, in float64, with unbiased covariances. The product
    under the root is symmetric, so its root is taken from eigenvalues: a set of identical rows (a collapsed generator)
    has ``C = 0`` and gives a finite distance. Fewer samples give a larger distance for the same generator: compare only
    at equal sample sizes, and beside the distance of real images from other real images.

    Args:
        real_features: ``(n, d)``, with ``n > d``.
        fake_features: ``(m, d)``, with ``m > d``.

    Returns:
        The squared Fréchet distance, at least 0, in squared units of the features.

    Raises:
        ValueError: a set is no finite table, the widths differ, or a set has ``d`` rows or fewer. Then its covariance
            is singular whoever made the samples, and the number says more about the sample size than about the images:
            `kernel_distance` has no such bias.

    Source:
        Heusel et al. 2017, "GANs trained by a two time-scale update rule", equation 6.
    """
    real, fake = _two_sets(real_features, fake_features, 1, "FID")
    for name, table in (("real", real), ("fake", fake)):
        if len(table) <= table.shape[1]:
            raise ValueError(
                f"FID on {table.shape[1]} features needs more than {table.shape[1]} samples and found {len(table):,} "
                f"{name} ones: give more images, or use kernel_distance, which is unbiased at any size."
            )
    real_covariance = np.atleast_2d(np.cov(real, rowvar=False))
    fake_covariance = np.atleast_2d(np.cov(fake, rowvar=False))
    values, vectors = np.linalg.eigh(real_covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    product = root @ fake_covariance @ root
    # Rounding leaves tiny negative eigenvalues where the rank is short.
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh((product + product.T) / 2), 0.0)).sum()
    shift = real.mean(axis=0) - fake.mean(axis=0)
    distance = shift @ shift + np.trace(real_covariance) + np.trace(fake_covariance) - 2.0 * cross
    return max(0.0, float(distance))


class KernelDistance(NamedTuple):
    """Kernel distance (KID) over subsets: their mean, and their standard deviation."""

    mean: float
    std: float


def kernel_distance(
    real_features: ArrayLike,
    fake_features: ArrayLike,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Squared maximum mean discrepancy with the kernel ``(x.y / d + 1)^3``, unbiased (KID).

    Each subset draws the same number of real and of fake samples without replacement; the pairs of a sample with itself
    are left out, so that equal distributions give 0 on average at any sample size, and single values may be negative.

    Args:
        real_features: ``(n, d)``, ``n >= 2``.
        fake_features: ``(m, d)``, ``m >= 2``.
        subsets: how many subsets are drawn.
        subset_size: samples of each kind in a subset; all of the smaller set where that has fewer.
        seed: of the draws.

    Returns:
        Mean and standard deviation over the subsets. Subsets overlap, so the latter shows scatter and is no error bar.

    Raises:
        ValueError: a set is no finite table, the widths differ, or there are fewer than 2 samples or 1 subset.

    Source:
        Bińkowski et al. 2018, "Demystifying MMD GANs", section 4; Gretton et al. 2012, equation 3.
    """
    real, fake = _two_sets(real_features, fake_features, 2, "KID")
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            f"found subsets={subsets} and subset_size={subset_size}, expected at least 1 and 2: the published setting "
            "is 100 subsets of 1,000."
        )
    size = min(subset_size, len(real), len(fake))
    rng = np.random.default_rng(seed)
    values = np.empty(subsets)
    for index in range(subsets):
        x = real[rng.choice(len(real), size, replace=False)]
        y = fake[rng.choice(len(fake), size, replace=False)]
        within = _mean_off_diagonal(_cubic_kernel(x, x)) + _mean_off_diagonal(_cubic_kernel(y, y))
        values[index] = within - 2.0 * float(_cubic_kernel(x, y).mean())
    return KernelDistance(float(values.mean()), float(values.std()))


def _cubic_kernel(x: Floats, y: Floats) -> Floats:
    base = x @ y.T
    base /= x.shape[1]
    base += 1.0
    cube = base * base
    cube *= base
    return cube


def _mean_off_diagonal(kernel: Floats) -> float:
    size = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (size * (size - 1)))


# --- fidelity and variety from nearest neighbours ---------------------------------------------------------------------


def _squared_distances(x: Floats, y: Floats) -> Floats:
    """Squared Euclidean distances ``(len(x), len(y))`` by one matrix product; equal rows are exactly 0 apart."""
    x_norms, y_norms = np.einsum("ij,ij->i", x, x), np.einsum("ij,ij->i", y, y)
    squares = x @ y.T
    squares *= -2.0
    squares += x_norms[:, None]
    squares += y_norms
    # |x|^2 + |y|^2 - 2 x.y rounds by up to d * eps of the norms. Without this, copies of one image (a collapsed
    # generator) would be some random tiny distance apart, and a ball of radius 0 would miss them.
    rounding = 2.0 * x.shape[1] * np.finfo(np.float64).eps
    rows, columns = np.nonzero(squares <= rounding * (x_norms.max() + y_norms.max()))
    equal = squares[rows, columns] <= rounding * (x_norms[rows] + y_norms[columns])
    squares[rows[equal], columns[equal]] = 0.0
    return squares


def _chunks(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, _CHUNK // columns)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _squared_radii(points: Floats, k: int) -> Floats:
    """Squared distance of every point to its k-th nearest neighbour among the others."""
    radii = np.empty(len(points))
    for part in _chunks(len(points), len(points)):
        squares = _squared_distances(points[part], points)
        squares[np.arange(len(squares)), np.arange(part.start, part.stop)] = np.inf
        squares.partition(k - 1, axis=1)
        radii[part] = squares[:, k - 1]
    return radii


def _neighbour_sets(real_features: ArrayLike, fake_features: ArrayLike, k: int) -> tuple[Floats, Floats]:
    if k < 1:
        raise ValueError(
            f"found k={k}, expected a count of neighbours of at least 1: the published settings are 3 and 5."
        )
    real, fake = _two_sets(real_features, fake_features, k + 1, f"k={k} nearest neighbours")
    # Distances do not change, and a large offset that all rows share no longer costs digits.
    origin = real[0].copy()
    return real - origin, fake - origin


class PrecisionRecall(NamedTuple):
    """Improved precision (share of fakes among the reals) and recall (share of reals among the fakes)."""

    precision: float
    recall: float


def precision_recall(real_features: ArrayLike, fake_features: ArrayLike, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall: is each fake among the real images, and each real image among the fakes?

    A set's region is the union of closed balls, one around each of its samples, that reach to the sample's k-th nearest
    neighbour in the same set (itself not counted). Precision is the share of fakes inside the real region, recall the
    share of reals inside the fake region. Two sets from one distribution do not give 1: 10,000 samples each of a
    1,000-dimensional normal distribution give .46 to .50 for both at ``k=5``.

    Args:
        real_features: ``(n, d)``, ``n > k``.
        fake_features: ``(m, d)``, ``m > k``.
        k: which neighbour sets the radius.

    Returns:
        Two shares from 0 to 1. They need about ``n * m * d`` multiplications, and 32 MB beyond the features.

    Raises:
        ValueError: a set is no finite table, the widths differ, or a set has ``k`` samples or fewer.

    Source:
        Kynkäänniemi et al. 2019, "Improved precision and recall metric", section 2.
    """
    real, fake = _neighbour_sets(real_features, fake_features, k)
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    precise = np.zeros(len(fake), dtype=bool)
    recalled = np.zeros(len(real), dtype=bool)
    for part in _chunks(len(fake), len(real)):
        squares = _squared_distances(fake[part], real)
        precise[part] = (squares <= real_radii).any(axis=1)
        recalled |= (squares <= fake_radii[part, None]).any(axis=0)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))


class DensityCoverage(NamedTuple):
    """Density (how many real balls hold a fake, over k) and coverage (share of real balls that hold a fake)."""

    density: float
    coverage: float


def density_coverage(real_features: ArrayLike, fake_features: ArrayLike, k: int = 5) -> DensityCoverage:
    """Density and coverage: the answers of precision and recall, less open to a few outliers.

    Around each real sample lies a closed ball that reaches to its k-th nearest other real sample. Density is the mean
    number of balls that a fake lies in, divided by ``k``; it may exceed 1. Coverage is the share of balls that hold at
    least one fake. For fakes from the real distribution the expectations are 1 and, at equal and large sizes,
    ``1 - 2^-k`` (.969 for ``k=5``).

    Args:
        real_features: ``(n, d)``, ``n > k``.
        fake_features: ``(m, d)``, ``m > k``.
        k: which neighbour sets the radius.

    Returns:
        Density, at least 0, and coverage, from 0 to 1.

    Raises:
        ValueError: a set is no finite table, the widths differ, or a set has ``k`` samples or fewer.

    Source:
        Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models", section 3.
    """
    real, fake = _neighbour_sets(real_features, fake_features, k)
    radii = _squared_radii(real, k)
    inside = 0
    covered = np.zeros(len(real), dtype=bool)
    for part in _chunks(len(fake), len(real)):
        hits = _squared_distances(fake[part], real) <= radii
        inside += int(np.count_nonzero(hits))
        covered |= hits.any(axis=0)
    return DensityCoverage(inside / (k * len(fake)), float(covered.mean()))


# --- two-dimensional toys ---------------------------------------------------------------------------------------------


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
    points, means = _matrix(samples, "samples"), _matrix(centres, "centres")
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
    return ModeCoverage(int((counts > 0).sum()), len(means), float(good.mean()), counts, len(points))


# --- what a classifier says -------------------------------------------------------------------------------------------


def _probability_table(probabilities: ArrayLike) -> Floats:
    table = _matrix(probabilities, "probabilities")
    sums = table.sum(axis=1)
    if (table < 0).any() or (np.abs(sums - 1.0) > 1e-3).any():
        raise ValueError(
            f"probabilities have values from {table.min():.3g} to {table.max():.3g} and rows that sum to "
            f"{sums.min():.3g} to {sums.max():.3g}, expected rows of probabilities that sum to 1: "
            "apply a softmax to logits first."
        )
    return table / sums[:, None]


def _whole_numbers(values: ArrayLike, name: str, n: int | None = None) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.size == 0 or (n is not None and len(array) != n):
        count = "at least one" if n is None else f"{n:,}"
        raise ValueError(
            f"{name} has shape {array.shape} and type {array.dtype}, expected {count} whole numbers in one dimension: "
            "give one class number for every sample (argmax of one-hot rows)."
        )
    if int(array.min()) < 0:
        raise ValueError(f"{name} holds {array.min()}, expected class numbers from 0 on: number the classes anew.")
    return array.astype(np.int64)


class ClassifierScore(NamedTuple):
    """Classifier score over splits: their mean, and their standard deviation (0 for one split)."""

    mean: float
    std: float


def classifier_score(probabilities: ArrayLike, splits: int = 1) -> ClassifierScore:
    """The inception score with a classifier of our own: ``exp(mean KL(p(y|x) || p(y)))``.

    1 where every sample gets the same answer, the number of classes where the answers are certain and evenly spread. It
    never looks at real images, and one perfect image of each class gets the highest score.

    Args:
        probabilities: ``(n, classes)`` rows that sum to 1.
        splits: number of consecutive parts that are scored apart.

    Returns:
        Mean and standard deviation over the parts.

    Raises:
        ValueError: the rows are no probabilities, or there are fewer rows than splits.

    Source:
        Salimans et al. 2016, "Improved techniques for training GANs", section 4.
    """
    table = _probability_table(probabilities)
    if not 1 <= splits <= len(table):
        raise ValueError(
            f"found splits={splits} for {len(table):,} samples, expected from 1 to the number of samples: use 1 or 10."
        )
    scores = []
    for part in np.array_split(table, splits):
        divergence = scipy.special.rel_entr(part, part.mean(axis=0)).sum(axis=1).mean()
        scores.append(math.exp(divergence))
    return ClassifierScore(float(np.mean(scores)), float(np.std(scores)))


def class_histogram(probabilities: ArrayLike) -> NDArray[np.int64]:
    """How many samples the classifier puts into each class.

    Args:
        probabilities: ``(n, classes)`` rows that sum to 1.

    Returns:
        ``(classes,)`` counts of the most probable class; they sum to ``n``.

    Raises:
        ValueError: the rows are no probabilities.
    """
    table = _probability_table(probabilities)
    return np.bincount(table.argmax(axis=1), minlength=table.shape[1]).astype(np.int64)


def label_agreement(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples in which the classifier sees the class that was asked for.

    Args:
        probabilities: ``(n, classes)`` rows that sum to 1, the classifier's answers for conditional samples.
        labels: ``(n,)`` requested class numbers.

    Returns:
        A share from 0 to 1.

    Raises:
        ValueError: the rows are no probabilities, or the labels are no class numbers of as many samples.
    """
    table = _probability_table(probabilities)
    wanted = _whole_numbers(labels, "labels", len(table))
    if int(wanted.max()) >= table.shape[1]:
        raise ValueError(
            f"labels go up to {wanted.max()} and the classifier knows {table.shape[1]} classes, expected numbers below "
            "that: use the judge of the data set that the labels come from."
        )
    return float((table.argmax(axis=1) == wanted).mean())


def cluster_purity(codes: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples whose label is the most frequent one of their code (InfoGAN's 10-way code against digits).

    Args:
        codes: ``(n,)`` numbers of the discovered categories, from 0 on, in any order.
        labels: ``(n,)`` true or judged class numbers.

    Returns:
        A share from 0 to 1. One code for all gives the share of the largest class, and one code for each sample gives
        1, so compare at equal numbers of codes.

    Raises:
        ValueError: the arrays are no whole numbers of equal length.

    Source:
        Manning, Raghavan and Schütze 2008, "Introduction to information retrieval", section 16.3.
    """
    cluster = _whole_numbers(codes, "codes")
    classes = _whole_numbers(labels, "labels", len(cluster))
    _, cluster = np.unique(cluster, return_inverse=True)
    _, classes = np.unique(classes, return_inverse=True)
    table = np.zeros((cluster.max() + 1, classes.max() + 1), dtype=np.int64)
    np.add.at(table, (cluster, classes), 1)
    return float(table.max(axis=1).sum() / len(cluster))


# --- memorising -------------------------------------------------------------------------------------------------------


class NearestImages(NamedTuple):
    """Nearest references of each image: their indices and distances, both ``(n, k)``, nearest first."""

    indices: NDArray[np.int64]
    distances: Floats


def nearest_images(images: ArrayLike, references: ArrayLike, k: int = 1) -> NearestImages:
    """The reference images (training images, say) that are nearest to each image, by Euclidean distance of pixels.

    Args:
        images: ``(n, ...)`` of any image shape.
        references: ``(m, ...)`` of the same shape a image and the same scale, ``m >= k``.
        k: how many neighbours of each image.

    Returns:
        Indices into ``references`` and distances in units of the pixels, ``(n, k)`` each, nearest first; equal
        distances in the order of the references. A copy is exactly 0 away.

    Raises:
        ValueError: the shapes differ, one set is uint8 and the other float, values are not finite, or k is out of
            range.
    """
    pictures, known = np.asarray(images), np.asarray(references)
    if pictures.ndim < 2 or 0 in pictures.shape or pictures.shape[1:] != known.shape[1:]:
        raise ValueError(
            f"images have shape {pictures.shape} and references {known.shape}, expected two batches of images of one "
            "shape: add or remove the channel axis, or give the references that belong to these images."
        )
    if (pictures.dtype == np.uint8) != (known.dtype == np.uint8):
        raise ValueError(
            f"images hold {pictures.dtype} and references {known.dtype}, expected one scale for both: bring both to "
            "uint8 or to the same float range."
        )
    if not 1 <= k <= len(known):
        raise ValueError(f"found k={k} for {len(known):,} references, expected from 1 to that number: lower k.")
    points = _matrix(pictures.reshape(len(pictures), -1), "images")
    best_indices = np.zeros((len(points), 0), dtype=np.int64)
    best_squares = np.zeros((len(points), 0))
    flat = known.reshape(len(known), -1)
    for part in _chunks(len(flat), max(len(points), points.shape[1])):
        squares = _squared_distances(points, _matrix(flat[part], "references"))
        indices = np.broadcast_to(np.arange(part.start, part.stop), squares.shape)
        squares = np.concatenate([best_squares, squares], axis=1)
        indices = np.concatenate([best_indices, indices], axis=1)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        best_squares = np.take_along_axis(squares, order, axis=1)
        best_indices = np.take_along_axis(indices, order, axis=1)
    return NearestImages(best_indices, np.sqrt(best_squares))


# --- all at once ------------------------------------------------------------------------------------------------------


class FeatureNetwork(Protocol):
    """What `quality` asks of a judge: features of images, as `labhelpers.judges.Judge` gives them."""

    def features(self, images: ArrayLike, activation: Activation | None = None) -> NDArray[np.float32]:
        """Features ``(n, d)`` of uint8 images, or of float images in the range of the stated activation."""
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
            other images it is the FID between two random halves, and their size. None where too few
            images are there for a FID at all.
        """
        # Drawn at random: files have an order. MNIST's even and odd training images are FID 11.6 apart under our judge,
        # two random halves 0.3.
        rng = np.random.default_rng(0)
        if self.other_features is None:
            order = rng.permutation(len(self.features))
            one, other = self.features[order[::2]], self.features[order[1::2]]
        else:
            count = min(n, len(self.other_features))
            one, other = self.features, self.other_features[rng.choice(len(self.other_features), count, replace=False)]
        if len(other) <= other.shape[1]:
            return None
        return frechet_distance(one, other), len(other)


def real_reference(
    judge: FeatureNetwork,
    real_images: ArrayLike,
    other_real_images: ArrayLike | None = None,
    *,
    activation: Activation | None = None,
) -> RealReference:
    """Run the judge over the real images once.

    Args:
        judge: a frozen feature network.
        real_images: ``(n, height, width, channels)``, the images that fakes will be compared with: all 10,000 test
            images of MNIST, or all test images where there are fewer.
        other_real_images: as many other real images for the floor, the first 10,000 training images say.
        activation: the scale of float images, "tanh" for [-1, 1], "sigmoid" for [0, 1]; not needed for uint8.

    Returns:
        The features, to be given to `quality`.

    Raises:
        ValueError: the judge does not take the images.
    """
    other = None if other_real_images is None else judge.features(other_real_images, activation)
    return RealReference(judge.features(real_images, activation), other)


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
            for name, value in (("KID", self.kid), ("precision", self.precision), ("recall", self.recall))
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
    activation: Activation | None = None,
    details: bool = False,
) -> Quality:
    """Judge fake images: FID and its floor; with ``details`` also KID, precision and recall.

    The floor is measured at the sample size of the fakes, because FID falls as samples are added.

    Args:
        fake_images: ``(n, height, width, channels)``, uint8, or float; more than the judge has
            features.
        judge: the frozen feature network that also made ``reference``.
        reference: features of real images, from `real_reference`.
        activation: the scale of float images, named by the generator's last layer: "tanh" or "sigmoid".
        details: also KID, precision and recall, which take some seconds at 10,000 samples.

    Returns:
        The numbers; ``str()`` of them reads "FID 9.8 (floor 0.48, 10,000 samples)".

    Raises:
        ValueError: images that the judge does not take, too few of them, or features that are not finite.
    """
    features = judge.features(fake_images, activation)
    fid = frechet_distance(reference.features, features)
    floor, floor_n = reference.floor(len(features)) or (None, None)
    kid = precision = recall = None
    if details:
        kid = kernel_distance(reference.features, features).mean
        precision, recall = precision_recall(reference.features, features)
    return Quality(fid, floor, floor_n, len(features), len(reference.features), kid, precision, recall)
