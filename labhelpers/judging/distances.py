"""Distances between two sets of features: Fréchet (FID) and kernel (KID).

A distance is comparable with another one of the same judge and the same sample sizes, and with nothing else: published
FIDs use the 2,048 features of Inception.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labhelpers.judging.tables import Floats, two_sets


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
    real, fake = two_sets(real_features, fake_features, 1, "FID")
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
    cross = np.sqrt(
        np.maximum(np.linalg.eigvalsh((product + product.T) / 2), 0.0)
    ).sum()
    shift = real.mean(axis=0) - fake.mean(axis=0)
    distance = (
        shift @ shift
        + np.trace(real_covariance)
        + np.trace(fake_covariance)
        - 2.0 * cross
    )
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
    real, fake = two_sets(real_features, fake_features, 2, "KID")
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            f"found subsets={subsets} and subset_size={subset_size}, expected at least 1 and 2: the published setting "
            "is 100 subsets of 1,000."
        )
    size = min(subset_size, len(real), len(fake))
    if size == len(real) == len(fake):
        subsets = 1  # every subset is the whole set
    rng = np.random.default_rng(seed)
    values = np.empty(subsets)
    for index in range(subsets):
        x = real[rng.choice(len(real), size, replace=False)]
        y = fake[rng.choice(len(fake), size, replace=False)]
        within = _mean_off_diagonal(_cubic_kernel(x, x)) + _mean_off_diagonal(
            _cubic_kernel(y, y)
        )
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
