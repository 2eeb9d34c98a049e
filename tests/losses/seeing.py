"""What the tests of losses look at: hand-made ``Seen`` values, tiny networks in float64, finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers.losses import Batch, Seen, Term
from labhelpers.training.step import Player

IMAGES = tf.constant(np.random.default_rng(0).normal(size=(3, 2, 2, 1)))
OTHERS = tf.constant(np.random.default_rng(1).normal(size=(3, 2, 2, 1)))
MIX = tf.constant([0.1, 0.5, 0.9])

CATEGORIES, UNIFORM = 3, 2
HEADS = {"logit": 1, "energy": 1, "code": 3, "category": CATEGORIES, "uniform": UNIFORM}
NOISE = 2
SOURCE = tf.constant(
    np.concatenate(
        [
            np.random.default_rng(2).normal(size=(4, NOISE)),
            np.eye(CATEGORIES)[[0, 2, 1, 2]],
            np.random.default_rng(3).uniform(-1, 1, size=(4, UNIFORM)),
        ],
        axis=1,
    )
)
"""Noise, a category and two uniform codes for each of four images."""


def seen_by(
    critic: Callable[[Any], Any], real: Any, fake: Any, *, source: Any = None, score: Any = None, **more: Any
) -> Seen:
    """What a player has seen whose D is a plain function of images."""
    batch = Batch(real, source, drawn=more.pop("drawn", {"mix": MIX[: len(real)]}))
    return Seen(batch, fake, critic(real), critic(fake), score or critic, **more)


def paid(term: Term, seen: Seen) -> Any:
    """What a term costs, weight included."""
    result = term.amount(seen)
    return term.weight * (result[0] if isinstance(result, tuple) else result)


def linear_critic(weights: np.ndarray | tf.Variable) -> Callable[[Any], Any]:
    """D(x) = w . x over all pixels."""
    column = weights if isinstance(weights, tf.Variable) else tf.constant(np.reshape(weights, (-1, 1)))
    return lambda images: tf.reshape(images, (-1, column.shape[0])) @ column


def sum_of_squares(images: Any) -> Any:
    """D(x) = |x|^2, whose gradient 2x differs from image to image."""
    return tf.reduce_sum(tf.square(images), axis=(1, 2, 3))[:, None]


def tiny_network(inputs: tuple[int, ...], outputs: int, name: str, hidden: int = 3) -> keras.Model:
    """A smooth network in float64 with seeded weights."""
    keras.utils.set_random_seed(len(name))
    start = keras.Input(inputs, dtype="float64")
    x = layers.Dense(hidden, activation="tanh", dtype="float64")(layers.Flatten(dtype="float64")(start))
    return keras.Model(start, layers.Dense(outputs, dtype="float64")(x), name=name)


def generator() -> keras.Model:
    """From ``SOURCE`` to points in the plane."""
    return tiny_network((NOISE + CATEGORIES + UNIFORM,), 2, "generator")


def many_headed(name: str = "discriminator") -> keras.Model:
    """From points to everything that a term may read, all from one layer, so that no weight is without a gradient."""
    trunk = tiny_network((2,), sum(HEADS.values()), name)
    ends = np.cumsum(list(HEADS.values()))
    outputs = {
        head: trunk.outputs[0][:, end - size : end] for (head, size), end in zip(HEADS.items(), ends, strict=True)
    }
    outputs["energy"] = keras.ops.square(outputs["energy"])
    return keras.Model(trunk.inputs[0], outputs, name=name)


POINTS = tf.constant(np.random.default_rng(4).normal(size=(4, 2)))


def seen_of_networks(drawer: keras.Model, judge: keras.Model, **more: Any) -> Seen:
    """What is seen in one step of ``generator()`` and ``many_headed()``, in float64."""
    return seen_by(
        judge,
        POINTS,
        drawer(SOURCE),
        source=SOURCE,
        score=lambda images: judge(images)["logit"],
        drawn={"mix": tf.constant([0.1, 0.4, 0.6, 0.9], tf.float64)},
        **more,
    )


def player(network: keras.Model, learning_rate: float) -> Player:
    """A network with plain gradient descent."""
    optimizer = keras.optimizers.SGD(learning_rate)
    optimizer.build(network.trainable_variables)
    return Player(network, optimizer)


def assert_gradients_are_slopes(value: Callable[[], Any], variables: Sequence[Any], atol: float = 1e-7) -> None:
    """The tape's gradient of a scalar is that of central differences, for every entry of every variable.

    In float64 the differences' error is h^2 plus rounding 1e-16 / h.
    """
    h = 1e-6
    with tf.GradientTape() as tape:
        scalar = value()
    assert scalar.dtype == tf.float64
    found = tape.gradient(scalar, variables)
    gradients = [np.zeros(v.shape) if g is None else g.numpy() for v, g in zip(variables, found, strict=True)]
    assert max(np.abs(gradient).max() for gradient in gradients) > 1e-3, "nothing to compare"
    for variable, gradient in zip(variables, gradients, strict=True):
        start = variable.numpy()
        for index in np.ndindex(start.shape):
            ends = []
            for step in (h, -h):
                moved = start.copy()
                moved[index] += step
                variable.assign(moved)
                ends.append(float(value()))
            variable.assign(start)
            np.testing.assert_allclose(gradient[index], (ends[0] - ends[1]) / (2 * h), atol=atol)
