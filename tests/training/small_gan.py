"""A small game with all that a checkpoint must hold (dropout, batch norm, an average), and how it is trained."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from labhelpers.data.toys import ring
from labhelpers.models.dense import toy_pair
from labhelpers.models.pair import Pair
from labhelpers.training import GAN

POINTS = ring(200, seed=0).points


def pair_with_dropout(hidden: int = 8) -> Pair:
    critic = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )
    return Pair(toy_pair(hidden=hidden).generator, critic)


def new_gan(seed: int, hidden: int = 8) -> GAN:
    keras.utils.set_random_seed(seed)
    gan = GAN(*pair_with_dropout(hidden), ema=0.9)
    gan.compile(steps_per_execution=2, jit_compile=False)  # XLA would compile for longer than this trains
    return gan


def train(gan: GAN, epochs: int, **kwargs: Any) -> None:
    gan.fit(POINTS, batch_size=64, epochs=epochs, progress=False, **kwargs)


def assert_same_state(one: GAN, other: GAN) -> None:
    state = [
        [*gan.variables, *gan.generator_optimizer.variables, *gan.discriminator_optimizer.variables]
        for gan in (one, other)
    ]
    for first, second in zip(*state, strict=True):
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second), err_msg=first.path)
    assert one.step_history == other.step_history
