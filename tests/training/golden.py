"""Golden weights: what three seeded steps make of a tiny network, for every model and loss.

``python -m tests.training.golden`` compares with the recorded numbers and says which are equal to the bit;
``--record`` writes the file anew. Record only before a change that must not move them, never after it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from labhelpers import losses
from labhelpers.data.toys import ring
from labhelpers.losses import AdversarialLoss
from labhelpers.models import Pair, autoencoder_discriminator, toy_pair
from labhelpers.training import GAN, VAE, ConditionalGAN, InfoGAN

FILE = Path(__file__).with_name("golden_weights.json")
BATCH = 8

Case = Callable[[], Any]
"""From nothing to a trained model."""


def _gan_steps(gan: GAN, *arrays: np.ndarray) -> GAN:
    """Three steps, the last of them on a batch that is half full."""
    gan.compile(jit_compile=False, steps_per_execution=2)
    count = BATCH * gan.adversarial_loss.critic_steps * 2 + BATCH // 2
    gan.fit(*(array[:count] for array in arrays), batch_size=BATCH, epochs=1, progress=False)
    return gan


def _points(loss: AdversarialLoss, pair: Callable[[], Pair] = lambda: toy_pair(hidden=4), **more: Any) -> Case:
    return lambda: _gan_steps(GAN(*pair(), loss, **more), ring(100, seed=0).points)


def _autoencoder_pair(energy: str) -> Callable[[], Pair]:
    return lambda: Pair(
        toy_pair(hidden=4).generator, autoencoder_discriminator((2,), hidden=4, code_dim=3, energy=energy)
    )


def _convolutional_pair() -> Pair:
    """Batch norm in both, dropout in D: statistics and random states move, too."""
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(3 * 3 * 2, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Reshape((3, 3, 2)),
            layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="tanh"),
        ],
        name="golden_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="golden_discriminator",
    )
    return Pair(generator, discriminator)


def _images() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, size=(40, 6, 6, 1)).astype(np.float32)


def _convolutional(**more: Any) -> Case:
    return lambda: _gan_steps(GAN(*_convolutional_pair(), **more), _images())


def _told_pair() -> Pair:
    def network(inputs: int, outputs: int, name: str) -> keras.Model:
        x, y = keras.Input((inputs,)), keras.Input((3,))
        hidden = layers.Dense(4, activation="relu")(layers.Concatenate()([x, y]))
        return keras.Model([x, y], layers.Dense(outputs)(hidden), name=name)

    return Pair(network(2, 2, "told_generator"), network(2, 1, "told_discriminator"))


def _conditional(loss: AdversarialLoss, **more: Any) -> Case:
    labels = np.arange(100) % 3
    return lambda: _gan_steps(ConditionalGAN(*_told_pair(), loss, **more), ring(100, seed=0).points, labels)


def _coded(loss: AdversarialLoss, **more: Any) -> Case:
    def run() -> GAN:
        generator = toy_pair(2 + 3 + 1, hidden=4).generator
        points = keras.Input((2,))
        trunk = layers.Dense(4, activation="relu")(points)
        outputs = {name: layers.Dense(size)(trunk) for name, size in (("logit", 1), ("category", 3), ("uniform", 1))}
        discriminator = keras.Model(points, outputs, name="coded_discriminator")
        return _gan_steps(InfoGAN(generator, discriminator, loss, **more), ring(100, seed=0).points)

    return run


def _vae(beta: float) -> Case:
    def run() -> VAE:
        images = keras.Input((3, 3, 1))
        hidden = layers.Dense(4, activation="relu")(layers.Flatten()(images))
        encoder = keras.Model(images, [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
        decoder = keras.Sequential(
            [keras.Input((2,)), layers.Dense(9, activation="sigmoid"), layers.Reshape((3, 3, 1))]
        )
        vae = VAE(encoder, decoder, beta)
        vae.compile(jit_compile=False)
        data = np.random.default_rng(0).uniform(size=(20, 3, 3, 1)).astype(np.float32)
        vae.fit(data, batch_size=BATCH, epochs=1, progress=False)
        return vae

    return run


CASES: dict[str, Case] = {
    "non_saturating": _points(losses.non_saturating()),
    "non_saturating, average": _points(losses.non_saturating(), ema=0.9),
    "saturating": _points(losses.saturating()),
    "least_squares": _points(losses.least_squares()),
    "least_squares(-1, 1, 0)": _points(losses.least_squares(-1.0, 1.0, 0.0)),
    "wgan": _points(losses.wgan(critic_steps=3)),
    "wgan_gp": _points(losses.wgan_gp(critic_steps=3)),
    "wgan_gp, target 2, one step, average": _points(losses.wgan_gp(3.0, 1, 2.0), ema=0.9),
    "hinge": _points(losses.hinge()),
    "r1 on non_saturating": _points(losses.non_saturating().plus(losses.r1(0.5))),
    "r1 on wgan_gp": _points(losses.wgan_gp(critic_steps=2).plus(losses.r1(0.5))),
    "ebgan": _points(losses.ebgan(margin=1.0), _autoencoder_pair("l2")),
    "began": _points(losses.began(rate=0.1), _autoencoder_pair("l1"), ema=0.9),
    "convolutions": _convolutional(),
    "convolutions, r1, average": _convolutional(loss=losses.non_saturating().plus(losses.r1(1.0)), ema=0.99),
    "conditional": _conditional(losses.non_saturating()),
    "conditional hinge, average": _conditional(losses.hinge(), ema=0.9),
    "conditional r1": _conditional(losses.non_saturating().plus(losses.r1(0.5))),
    "conditional wgan_gp, one step": _conditional(losses.wgan_gp(critic_steps=1)),
    "info": _coded(losses.non_saturating()),
    "info least_squares, weight 2": _coded(losses.least_squares(), weight=2.0),
    "vae": _vae(1.0),
    "vae, beta 4": _vae(4.0),
}


def networks_of(model: Any) -> list[keras.Model]:
    """The networks whose weights are recorded, in a fixed order."""
    if isinstance(model, VAE):
        return [model.encoder, model.decoder]
    return [model.generator, model.discriminator, *([model.ema_generator] if model.ema_generator else [])]


def run(name: str) -> dict[str, list[float]]:
    """Every weight after three steps, and every loss of every step, as float32 numbers in plain lists."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model = CASES[name]()
    weights = np.concatenate([np.ravel(array) for network in networks_of(model) for array in network.get_weights()])
    found = {f"loss {key}": np.asarray(values, np.float32) for key, values in model.step_history.items()}
    found["weights"] = weights.astype(np.float32)
    return {key: values.tolist() for key, values in found.items()}


def as_recorded(found: dict[str, list[float]]) -> dict[str, list[float]]:
    """What a run reports, in the form of the file, whose losses were recorded before terms had names of their own.

    There ``penalty`` was the sum of all penalties, and G's or D's loss contained the terms of EBGAN, BEGAN and InfoGAN.
    """
    values = {key: np.asarray(each, np.float32) for key, each in found.items()}
    penalties = [values[key] for key in ("loss gradient_penalty", "loss r1") if key in values]
    if penalties:
        values["loss penalty"] = np.sum(penalties, axis=0)
    for loss, term in (("g", "pull_away_term"), ("d", "controlled_fakes"), ("g", "codes_error")):
        if f"loss {term}" in values:
            values[f"loss {loss}_loss"] = values[f"loss {loss}_loss"] + values[f"loss {term}"]
    if "loss codes_error" in values:
        del values["loss d_loss"]  # D's share of the codes' error is not logged: G's, which comes later, is
    return {key: each.tolist() for key, each in values.items()}


def recorded() -> dict[str, dict[str, list[float]]]:
    """What the file holds."""
    content: dict[str, dict[str, list[float]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def main() -> None:
    """Compare or record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true")
    found = {name: run(name) for name in CASES}
    if parser.parse_args().record:
        text = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
        FILE.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
        return
    for name, values in recorded().items():
        now = as_recorded(found[name])
        gaps = {key: float(np.abs(np.subtract(now[key], old)).max()) for key, old in values.items() if key in now}
        apart = {key: gap for key, gap in gaps.items() if gap}
        print(f"{name}: {apart or 'equal to the bit'}")


if __name__ == "__main__":
    main()
