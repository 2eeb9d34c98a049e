"""Shuffled batches of arrays that stay on the device."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.training.replicas import shared_rows


def batches(
    arrays: np.ndarray | tuple[np.ndarray, ...],
    batch_size: int,
    *,
    seed: Tensor,
    epoch: Tensor,
    paired: bool = True,
    replicas: int = 1,
    steps: int = 1,
) -> tf.data.Dataset:
    """One epoch of shuffled batches, cut from tensors that stay on the device.

    Only indices are shuffled, so an epoch costs one gather for each batch. The order depends on ``seed`` and ``epoch``
    alone: a training that resumes at epoch 7 sees the images in the order that an uninterrupted one would have seen.

    Args:
        arrays: array (n, ...), or a tuple of arrays, such as images and their labels.
        batch_size: rows in a batch; the last batch holds what is left.
        seed: integer variable (2,), the state of a seed generator; its first value, which never changes, is used.
        epoch: int32 scalar variable. Both are read when the epoch's iterator is made.
        paired: whether row i of one array belongs to row i of the others. Where it does not, each array is shuffled for
            itself, and rows of a shorter one come again until the longest is through.
        replicas: how many share a batch.
        steps: critic steps in a training step, which share it, too.

    Returns:
        A dataset of ``ceil(n / batch_size)`` batches (batch_size, ...), tuples where tuples went in. For several
        replicas, of ``(batch, places, counts)``; see ``shared_rows``.
    """
    resident = tf.nest.map_structure(tf.constant, arrays)
    lengths = [len(array) for array in tf.nest.flatten(arrays)]
    count = max(lengths)

    def shuffled_rows() -> tuple[Tensor, ...]:
        first = tf.cast(seed[0], tf.int32)
        return tuple(
            tf.random.experimental.stateless_shuffle(
                tf.range(count), seed=[first + number, epoch]
            )
            % length
            for number, length in enumerate(lengths[:1] if paired else lengths)
        )

    def order(_: Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(shuffled_rows()).batch(batch_size)

    def shared_order(_: Tensor) -> tf.data.Dataset:
        # Cut by hand, and not by batch(): distribution looks for that, and would cut otherwise.
        shuffled = tf.stack(shuffled_rows(), axis=1)

        def piece(number: Tensor) -> tuple[Tensor, ...]:
            start = tf.cast(number, tf.int32) * batch_size
            return shared_rows(shuffled[start : start + batch_size], replicas, steps)

        return tf.data.Dataset.range(math.ceil(count / batch_size)).map(piece)

    def gather(*orders: Tensor) -> Any:
        rows = orders * len(lengths) if paired else orders
        taken = [
            tf.gather(values, index)
            for values, index in zip(tf.nest.flatten(resident), rows, strict=True)
        ]
        return tf.nest.pack_sequence_as(resident, taken)

    def shared_gather(rows: Tensor, *places: Tensor) -> Any:
        return gather(*tf.unstack(rows, axis=1)), *places

    if replicas == 1:
        dataset = tf.data.Dataset.range(1).flat_map(order).map(gather)
    else:
        dataset = tf.data.Dataset.range(1).flat_map(shared_order).map(shared_gather)
    # There is nothing to optimise here, and the search for it copies the arrays: most of a second for MNIST.
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    whole = dataset.apply(
        tf.data.experimental.assert_cardinality(math.ceil(count / batch_size))
    )
    return whole.prefetch(2).with_options(options)
