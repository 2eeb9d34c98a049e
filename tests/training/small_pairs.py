"""The smallest pairs that still need what they test: points in the plane, and a few hidden units."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from labhelpers.data.toys import ring
from labhelpers.models.autoencoder import ReconstructionEnergy, autoencoder_discriminator
from labhelpers.models.dense import toy_pair
from labhelpers.models.pair import Pair
from labhelpers.training import Game

POINTS = ring(100, seed=0).points

LABELS = np.arange(40) % 3
LABELLED_POINTS = np.stack([LABELS, -LABELS], axis=1) + np.random.default_rng(0).normal(scale=0.05, size=(40, 2))
LABELLED_POINTS = LABELLED_POINTS.astype(np.float32)


def small_pair() -> Pair:
    return toy_pair(hidden=8)


def energy_pair(energy: str) -> Pair:
    """D is an autoencoder, as EBGAN ("l2") and BEGAN ("l1") need it."""
    return Pair(small_pair().generator, autoencoder_discriminator((2,), hidden=8, code_dim=3, energy=energy))


def told_pair(latent_dim: int = 2, classes: int = 3, hidden: int = 32) -> Pair:
    """Points with labels."""

    def network(inputs: int, outputs: int, name: str) -> keras.Model:
        x, y = keras.Input((inputs,)), keras.Input((classes,))
        inside = layers.Dense(hidden, activation="relu")(layers.Concatenate()([x, y]))
        return keras.Model([x, y], layers.Dense(outputs)(inside), name=name)

    return Pair(network(latent_dim, 2, "told_generator"), network(2, 1, "told_discriminator"))


def told_energy_pair() -> Pair:
    """Points with labels, and an autoencoder that is told them, too: it puts out an energy and nothing else."""
    points, labels = keras.Input((2,)), keras.Input((3,))
    code = layers.Dense(2, activation="tanh")(layers.Concatenate()([points, labels]))
    reconstructions = layers.Dense(2)(layers.Concatenate()([code, labels]))
    energy = {"energy": ReconstructionEnergy("l1")([points, reconstructions])}
    return Pair(told_pair(hidden=8).generator, keras.Model([points, labels], energy, name="told_autoencoder"))


def coded_pair(categories: int = 3, uniform: int = 1) -> Pair:
    """Points for InfoGAN: two noise values, a category and uniform codes."""
    generator = toy_pair(2 + categories + uniform, hidden=16).generator
    points = keras.Input((2,))
    trunk = layers.Dense(16, activation="relu")(points)
    outputs = {
        "logit": layers.Dense(1)(trunk),
        "category": layers.Dense(categories)(trunk),
        "uniform": layers.Dense(uniform)(trunk),
    }
    return Pair(generator, keras.Model(points, outputs, name="coded_discriminator"))


def quickly_compiled(game: Any, *optimizers: keras.optimizers.Optimizer, **kwargs: Any) -> Any:
    """Without XLA, which compiles for seconds what these tests run for milliseconds."""
    game.compile(*optimizers, jit_compile=False, **kwargs)
    return game


def values(network: keras.Model) -> list[np.ndarray]:
    return [np.array(np.asarray(variable)) for variable in network.variables]


def moved(before: list[np.ndarray], network: keras.Model) -> bool:
    return any(not np.array_equal(one, other) for one, other in zip(before, values(network), strict=True))


def all_finite(game: Game) -> bool:
    """Whether every loss was logged in every step, and none of them is NaN or infinite."""
    lengths = {len(steps) for steps in game.step_history.values()}
    return (
        tuple(game.step_history) == game.loss_names
        and len(lengths) == 1
        and all(np.isfinite(steps).all() for steps in game.step_history.values())
    )


def listen(network: keras.Model) -> list[Any]:
    """What goes into a network from now on, as arrays; run it eagerly."""
    seen: list[Any] = []
    original = network.call

    def call(x: Any, **kwargs: Any) -> Any:
        seen.append([np.asarray(part) for part in x] if isinstance(x, list) else np.asarray(x))
        return original(x, **kwargs)

    network.call = call
    return seen
