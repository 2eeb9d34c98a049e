"""Batches: every row once an epoch, in an order that the seed and the epoch alone fix, and pairs kept together."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from labhelpers.training.batches import batches

SEED = [7, 0]


def rows(*lengths: int) -> tuple[np.ndarray, ...]:
    """Arrays (length, 1) whose rows are their own numbers."""
    return tuple(np.arange(length, dtype=np.float32)[:, None] for length in lengths)


def test_one_sees_every_image_once_an_epoch_in_a_new_order() -> None:
    epoch = tf.Variable(0)
    seed = tf.Variable(SEED)
    data = batches(rows(10)[0], 4, seed=seed, epoch=epoch)
    orders = []
    for number in (0, 1, 0):
        epoch.assign(number)
        parts = [part.numpy().ravel() for part in data]
        assert [len(part) for part in parts] == [4, 4, 2]
        orders.append(np.concatenate(parts).tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] != orders[1]
    assert orders[0] == orders[2]


def test_only_the_first_number_of_the_seed_is_used() -> None:
    # The second one counts the draws: were it used, a resume would see another order.
    def order(seed: list[int]) -> list[float]:
        data = batches(rows(10)[0], 10, seed=tf.Variable(seed), epoch=tf.Variable(0))
        return next(iter(data)).numpy().ravel().tolist()

    assert order([7, 0]) == order([7, 5]) != order([8, 0])


def test_an_epoch_knows_how_many_batches_it_has() -> None:
    data = batches(rows(10)[0], 4, seed=tf.Variable(SEED), epoch=tf.Variable(0))
    assert int(data.cardinality()) == len(list(data)) == 3


def test_images_and_labels_stay_together() -> None:
    images, labels = rows(10)[0], np.arange(10, dtype=np.int32)
    data = batches((images, labels), 4, seed=tf.Variable(SEED), epoch=tf.Variable(0))
    for some_images, some_labels in data:
        np.testing.assert_array_equal(some_images.numpy()[:, 0], some_labels.numpy())
        assert some_labels.dtype == tf.int32


@pytest.mark.parametrize("lengths", [(10, 4), (4, 10), (10, 10), (3, 10, 7), (5, 1)])
def test_unpaired_arrays_are_shuffled_each_for_itself(lengths: tuple[int, ...]) -> None:
    epoch = tf.Variable(0)
    data = batches(rows(*lengths), 4, seed=tf.Variable(SEED), epoch=epoch, paired=False)
    longest = max(lengths)
    orders = []
    for number in (0, 1, 0):
        epoch.assign(number)
        parts = [[each.numpy().ravel() for each in part] for part in data]
        sizes = [min(4, longest - start) for start in range(0, longest, 4)]
        assert [list(map(len, part)) for part in parts] == [[size] * len(lengths) for size in sizes]
        orders.append([np.concatenate(each) for each in zip(*parts, strict=True)])
    for first, second, again, length in zip(*orders, lengths, strict=True):
        # Each row of the longest comes once; those of a shorter one as often as it fits in, or once more.
        counts = np.bincount(first.astype(int), minlength=length)
        assert len(counts) == length
        assert set(counts) <= {longest // length, -(-longest // length)}
        np.testing.assert_array_equal(first, again)
        assert length == 1 or not np.array_equal(first, second)


def test_the_rows_that_meet_change_from_epoch_to_epoch() -> None:
    epoch = tf.Variable(0)
    data = batches(rows(30, 30), 30, seed=tf.Variable(SEED), epoch=epoch, paired=False)
    meetings = []
    for number in range(2):
        epoch.assign(number)
        one, other = next(iter(data))
        meetings.append(dict(zip(one.numpy().ravel(), other.numpy().ravel(), strict=True)))
    assert sum(meetings[0][row] == row for row in range(30)) < 6
    assert sum(meetings[0][row] == meetings[1][row] for row in range(30)) < 6
