"""A program that trains small models on one device and on two logical ones, and prints how far apart they end.

It needs a process of its own: logical devices are settled before TensorFlow starts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers import losses
from labhelpers.models.dense import toy_pair
from labhelpers.training import GAN, VAE, ConditionalGAN
from tests.training.small_pairs import energy_pair, told_pair

BATCH = 8
ROWS = 11 * BATCH + 3
"""Eleven whole batches, and one of three rows, which two replicas cannot share."""

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(3 * ROWS, 2)).astype(np.float32)
IMAGES = RNG.uniform(-1, 1, size=(ROWS, 6, 6, 1)).astype(np.float32)


def dense() -> tuple[Any, ...]:
    return GAN(*toy_pair(hidden=8), losses.non_saturating(), ema=0.9), POINTS[:ROWS]


def conditional() -> tuple[Any, ...]:
    return ConditionalGAN(*told_pair(hidden=8)), POINTS[:ROWS], np.arange(ROWS) % 3


def wgan_gp() -> tuple[Any, ...]:
    return GAN(*toy_pair(hidden=8), losses.wgan_gp(critic_steps=3)), POINTS


def lazy() -> tuple[Any, ...]:
    return GAN(*toy_pair(hidden=8), losses.non_saturating().plus(losses.r1(1.0, every=2))), POINTS[:ROWS]


def clipped() -> tuple[Any, ...]:
    return GAN(*toy_pair(hidden=8), losses.wgan(clip_weights=0.1, critic_steps=2)), POINTS[: 2 * ROWS]


def controlled() -> tuple[Any, ...]:
    return GAN(*energy_pair("l1"), losses.began(rate=0.1)), POINTS[:ROWS]


def vae() -> tuple[Any, ...]:
    images = keras.Input((6, 6, 1))
    hidden = layers.Dense(4, activation="relu")(layers.Flatten()(images))
    encoder = keras.Model(images, [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(36, activation="sigmoid"), layers.Reshape((6, 6, 1))])
    return VAE(encoder, decoder), (IMAGES + 1) / 2


def batch_norm() -> tuple[Any, ...]:
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(18, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Reshape((3, 3, 2)),
            layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="tanh"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    return GAN(generator, discriminator), IMAGES


CASES: dict[str, Callable[[], tuple[Any, ...]]] = {
    each.__name__: each for each in (dense, conditional, wgan_gp, lazy, clipped, controlled, vae, batch_norm)
}


def trained(case: Callable[[], tuple[Any, ...]], strategy: tf.distribute.Strategy) -> Any:
    with strategy.scope():
        keras.utils.set_random_seed(3)
        model, *data = case()
        count = 1 if isinstance(model, VAE) else 2
        model.compile(*(keras.optimizers.SGD(0.05) for _ in range(count)), jit_compile=False, steps_per_execution=4)
    model.fit(*data, batch_size=BATCH, epochs=1, progress=False)
    return model


def apart(one: Any, two: Any) -> dict[str, float]:
    assert len(one.variables) == len(two.variables)
    weights = [
        float(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max())
        for a, b in zip(one.variables, two.variables, strict=True)
    ]
    steps = [float(np.abs(np.subtract(one.step_history[key], two.step_history[key])).max()) for key in one.step_history]
    return {"steps": len(two.step_history["d_loss" if "d_loss" in two.step_history else "loss"]),
            "weights": max(weights), "losses": max(steps)}  # fmt: skip


def dropout_differs(strategy: tf.distribute.Strategy) -> bool:
    """Whether two replicas drop different units; and the random states are what they were afterwards."""
    from labhelpers.training.replicas import trained_as_one

    with strategy.scope():
        network = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5)])
        model = GAN(*toy_pair(hidden=4), helpers={"drops": network})
        model.compile(jit_compile=False)
    before = np.asarray(network.layers[0].seed_generator.state)
    with trained_as_one(model, model.optimizers):
        found = strategy.run(tf.function(lambda: network(tf.ones((1, 50)), training=True)))
    first, second = (np.asarray(part) for part in strategy.experimental_local_results(found))
    states = strategy.experimental_local_results(network.layers[0].seed_generator.state.value)
    assert all(np.asarray(state)[0] == before[0] for state in states)
    return not np.array_equal(first, second)


def refusals(strategy: tf.distribute.Strategy) -> dict[str, str]:
    """What is said where two replicas could not train as one does."""
    said = {}

    def note(name: str, run: Callable[[], Any]) -> None:
        try:
            run()
        except ValueError as error:
            said[name] = str(error)

    def model(pair: Any = None, **settings: Any) -> GAN:
        gan = GAN(*(pair or toy_pair(hidden=4)))
        gan.compile(keras.optimizers.SGD(0.1, **settings), keras.optimizers.SGD(0.1), jit_compile=False)
        return gan

    outside, optimizers = toy_pair(hidden=4), [keras.optimizers.SGD(0.1) for _ in range(2)]
    with strategy.scope():
        whole, mixed, clipped, free = model(), model(outside), model(clipnorm=1.0), GAN(*toy_pair(hidden=4))
        free.compile(*optimizers, jit_compile=False)
    note("odd", lambda: whole.fit(POINTS, batch_size=7, progress=False))
    note("network", lambda: mixed.fit(POINTS, batch_size=8, progress=False))
    note("optimizer", lambda: free.fit(POINTS, batch_size=8, progress=False))
    note("clipping", lambda: clipped.fit(POINTS, batch_size=8, progress=False))
    return said


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    # What GPUs add up through NCCL two halves of a processor add up on one of them.
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice())
    found: dict[str, Any] = {
        name: apart(trained(case, tf.distribute.get_strategy()), trained(case, two)) for name, case in CASES.items()
    }
    found |= {"dropout": dropout_differs(two), "refused": refusals(two)}
    print(json.dumps(found), file=sys.stdout, flush=True)


if __name__ == "__main__":
    main()
