"""Nearest neighbours: which fakes lie among the real images, which real ones among the fakes, and what was copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labhelpers.arrays import chunks
from labhelpers.data.ranges import require_ready
from labhelpers.judging.tables import Floats, table_of, two_sets

_CHUNK = 4_000_000  # distances held at a time: 32 MB in float64


class PrecisionRecall(NamedTuple):
    """Improved precision (share of fakes among the reals) and recall (share of reals among the fakes)."""

    precision: float
    recall: float


def precision_recall(
    real_features: ArrayLike, fake_features: ArrayLike, k: int = 3
) -> PrecisionRecall:
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
    for part in _parts(len(fake), len(real)):
        squares = _squared_distances(fake[part], real)
        precise[part] = (squares <= real_radii).any(axis=1)
        recalled |= (squares <= fake_radii[part, None]).any(axis=0)
    return PrecisionRecall(float(precise.mean()), float(recalled.mean()))


class NearestImages(NamedTuple):
    """Nearest references of each image: their indices and distances, both ``(n, k)``, nearest first."""

    indices: NDArray[np.int64]
    distances: Floats


def nearest_images(
    images: ArrayLike, references: ArrayLike, k: int = 1
) -> NearestImages:
    """The reference images (training images, say) that are nearest to each image, by Euclidean distance of pixels.

    Args:
        images: ``(n, ...)`` of any image shape, uint8 or float in [0, 1].
        references: ``(m, ...)`` of the same shape and type, ``m >= k``.
        k: how many neighbours of each image.

    Returns:
        Indices into ``references`` and distances in units of the pixels, ``(n, k)`` each, nearest first; equal
        distances in the order of the references. A copy is at distance 0 exactly.

    Raises:
        ValueError: the shapes differ, one set is uint8 and the other float, a set is in another range, or k is out of
            range.
    """
    pictures, known = np.asarray(images), np.asarray(references)
    if (
        pictures.ndim < 2
        or 0 in pictures.shape
        or pictures.shape[1:] != known.shape[1:]
    ):
        raise ValueError(
            f"images have shape {pictures.shape} and references {known.shape}, expected two batches of images of one "
            "shape: add or remove the channel axis, or give the references that belong to these images."
        )
    if (pictures.dtype == np.uint8) != (known.dtype == np.uint8):
        raise ValueError(
            f"images hold {pictures.dtype} and references {known.dtype}, expected one type for both: bring the "
            "float ones to uint8 with data.to_uint8."
        )
    if not 1 <= k <= len(known):
        raise ValueError(
            f"found k={k} for {len(known):,} references, expected from 1 to that number: lower k."
        )
    for checked in (pictures, known):
        require_ready(checked)
    points = table_of(pictures.reshape(len(pictures), -1), "images")
    best_indices = np.zeros((len(points), 0), dtype=np.int64)
    best_squares = np.zeros((len(points), 0))
    flat = known.reshape(len(known), -1)
    for part in _parts(len(flat), max(len(points), points.shape[1])):
        squares = _squared_distances(points, table_of(flat[part], "references"))
        indices = np.broadcast_to(np.arange(part.start, part.stop), squares.shape)
        squares = np.concatenate([best_squares, squares], axis=1)
        indices = np.concatenate([best_indices, indices], axis=1)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        best_squares = np.take_along_axis(squares, order, axis=1)
        best_indices = np.take_along_axis(indices, order, axis=1)
    return NearestImages(best_indices, np.sqrt(best_squares))


def _neighbour_sets(
    real_features: ArrayLike, fake_features: ArrayLike, k: int
) -> tuple[Floats, Floats]:
    if k < 1:
        raise ValueError(
            f"found k={k}, expected a count of neighbours of at least 1: the published settings are 3 and 5."
        )
    real, fake = two_sets(
        real_features, fake_features, k + 1, f"k={k} nearest neighbours"
    )
    # Distances do not change, and a large offset that all rows share no longer costs digits.
    origin = real[0].copy()
    return real - origin, fake - origin


def _squared_radii(points: Floats, k: int) -> Floats:
    """Squared distance of every point to its k-th nearest neighbour among the others."""
    radii = np.empty(len(points))
    for part in _parts(len(points), len(points)):
        squares = _squared_distances(points[part], points)
        squares[np.arange(len(squares)), np.arange(part.start, part.stop)] = np.inf
        squares.partition(k - 1, axis=1)
        radii[part] = squares[:, k - 1]
    return radii


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


def _parts(rows: int, columns: int) -> Iterator[slice]:
    """Rows of a table of distances, as many at a time as may be held."""
    return chunks(rows, max(1, _CHUNK // columns))
