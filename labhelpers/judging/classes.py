"""What a classifier says of the samples: how many of each class, how many as asked for, how pure a found code is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labhelpers.arrays import class_numbers
from labhelpers.judging.tables import Floats, table_of


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
    wanted = class_numbers(labels, "labels", len(table))
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
    cluster = class_numbers(codes, "codes")
    classes = class_numbers(labels, "labels", len(cluster))
    _, cluster = np.unique(cluster, return_inverse=True)
    _, classes = np.unique(classes, return_inverse=True)
    table = np.zeros((cluster.max() + 1, classes.max() + 1), dtype=np.int64)
    np.add.at(table, (cluster, classes), 1)
    return float(table.max(axis=1).sum() / len(cluster))


def _probability_table(probabilities: ArrayLike) -> Floats:
    table = table_of(probabilities, "probabilities")
    sums = table.sum(axis=1)
    if (table < 0).any() or (np.abs(sums - 1.0) > 1e-3).any():
        raise ValueError(
            f"probabilities have values from {table.min():.3g} to {table.max():.3g} and rows that sum to "
            f"{sums.min():.3g} to {sums.max():.3g}, expected rows of probabilities that sum to 1: "
            "apply a softmax to logits first."
        )
    return table / sums[:, None]
