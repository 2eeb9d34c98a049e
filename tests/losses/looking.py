"""What a term sees, made by hand; and gradients by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.losses import Batch, Seen, Term

IMAGES = tf.constant(np.random.default_rng(0).normal(size=(3, 2, 2, 1)))
OTHERS = tf.constant(np.random.default_rng(1).normal(size=(3, 2, 2, 1)))
MIX = tf.constant([0.1, 0.5, 0.9])


def seen(
    score: Callable[..., Any] | None = None,
    real_images: Any = IMAGES,
    fake_images: Any = OTHERS,
    *,
    mix: Any = MIX,
    source: Any = None,
    real: Any = None,
    fake: Any = None,
    state: Mapping[str, Any] | None = None,
    networks: Mapping[str, keras.Model] | None = None,
) -> Seen:
    """What a player has seen."""
    batch = Batch(real_images, source, drawn={"mix": mix})
    nothing = score or (lambda images: images)
    return Seen(batch, fake_images, real, fake, nothing, state or {}, networks or {})


def paid(term: Term, what: Seen) -> Any:
    """What a term costs, weight included."""
    result = term.amount(what)
    return term.weight * (result[0] if isinstance(result, tuple) else result)


def linear(weights: Any) -> Callable[..., Any]:
    """A critic whose gradient is the same everywhere."""
    matrix = tf.reshape(tf.constant(weights, tf.float64), (-1, 1))
    return lambda images, training=True: tf.reshape(images, (-1, matrix.shape[0])) @ matrix


def small_network(inputs: int, outputs: int, seed: int = 0) -> keras.Model:
    """A smooth network in float64, with a few weights."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((inputs,), dtype="float64"),
            keras.layers.Dense(3, activation="tanh", dtype="float64"),
            keras.layers.Dense(outputs, dtype="float64"),
        ]
    )


def expect_gradients_of_finite_differences(value: Callable[[], Any], variables: list[Any], h: float = 1e-6) -> None:
    """The tape's gradient with respect to every number in the variables, against central differences in float64."""
    with tf.GradientTape() as tape:
        result = value()
    gradients = tape.gradient(result, variables)  # None where a variable has no part in it
    for variable, gradient in zip(variables, gradients, strict=True):
        start = np.array(variable)
        for index in np.ndindex(start.shape):
            slopes = []
            for sign in (1, -1):
                moved = start.copy()
                moved[index] += sign * h
                variable.assign(moved)
                slopes.append(float(value()))
            variable.assign(start)
            # Error of the differences: h^2 times a third derivative of order 10, plus rounding 1e-15 / h.
            found = 0.0 if gradient is None else np.asarray(gradient)[index]
            np.testing.assert_allclose(found, (slopes[0] - slopes[1]) / (2 * h), atol=1e-7)
