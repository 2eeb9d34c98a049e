"""Lab 2, part 2: the transformer pair as it is printed, and how far its repaired version gets.

The document's generator is built with its own layers and sizes; its discriminator fails while it is built; the
training is left to the reader ("TO DO"). So ``python benchmarks/documents/lab2_transformer.py`` prints what the two
builders do, and ``--seconds N`` trains ``models.transformer_pair``, which differs by trained positions and by real
patches, for that long on MNIST in [-1, 1]: Adam(--rate, --beta_1) for both, --batch images a step, the non-saturating
loss (the document's cross-entropy), and R1 of weight --gamma in every fourth step unless that is 0. It prints FID of
3,000 samples (the labs' judge), of G and of its running average, and writes a sheet of each to --output.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image

from labhelpers import models
from labhelpers.arrays import Tensor
from labhelpers.data import load_mnist
from labhelpers.judging import mnist_judge, quality, real_reference
from labhelpers.losses import non_saturating, r1
from labhelpers.training import GAN
from labhelpers.visualize import sheet


def with_constant_positions(tokens: Tensor) -> Tensor:
    """The document's positions: an embedding of a constant range, added to a symbolic tensor."""
    return tokens + layers.Embedding(49, 128)(tf.range(49))


def generator() -> keras.Model:
    noise = keras.Input((100,))
    x = layers.Reshape((49, 128))(layers.Dense(7 * 7 * 128, activation="relu")(noise))
    x = with_constant_positions(x)
    x = layers.LayerNormalization()(layers.MultiHeadAttention(num_heads=4, key_dim=128)(x, x))
    x = layers.LayerNormalization()(layers.Dense(128, activation="relu")(x))
    x = layers.Reshape((7, 7, 128))(x)
    x = layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="relu")(x)
    return keras.Model(noise, layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")(x))


def discriminator() -> keras.Model:
    images = keras.Input((28, 28, 1))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(images))
    x = with_constant_positions(layers.Reshape((49, 128))(x))
    x = layers.LayerNormalization()(layers.MultiHeadAttention(num_heads=4, key_dim=128)(x, x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return keras.Model(images, layers.Dense(1, activation="sigmoid")(x))


def as_printed() -> None:
    """Both builders, and what becomes of the positions when G is built again and gets its weights back."""
    first = generator()
    print(
        f"G: {first.count_params():,} parameters ({models.transformer_pair().generator.count_params():,} with trained"
    )
    print("positions); variables of an embedding:", [v.path for v in first.variables if "embedding" in v.path])
    again = generator()
    again.set_weights(first.get_weights())
    noise = np.random.default_rng(0).normal(size=(4, 100)).astype("float32")
    changed = np.abs(np.asarray(again(noise)) - np.asarray(first(noise))).max()
    print(f"built again with the same weights, G draws other images: a pixel differs by up to {changed:.2g} of 2")
    try:
        discriminator()
    except ValueError as error:
        print("D: ValueError:", " ".join(str(error).split())[:140])


def train(options: argparse.Namespace) -> None:
    """The repaired pair for some seconds."""
    digits = load_mnist().first(50_000, 10_000)
    images = tf.constant(digits.scaled("tanh").train)
    judge = mnist_judge()
    reference = real_reference(judge, digits.test_images, digits.train_images[:10_000])
    keras.utils.set_random_seed(options.seed)
    loss = non_saturating()
    if options.gamma:
        loss = loss.plus(r1(options.gamma, every=4))
    gan = GAN(*models.transformer_pair(), loss, ema=0.99)
    gan.compile(*(keras.optimizers.Adam(options.rate, options.beta_1) for _ in range(2)), jit_compile=False)

    @tf.function
    def run(steps: Tensor) -> None:
        for _ in tf.range(steps):
            gan.losses_of_step(tf.gather(images, tf.random.uniform((options.batch,), 0, len(images), tf.int32)))

    run(tf.constant(1))  # traces and compiles
    used, done = 0.0, 1
    while used < options.seconds:
        start = time.perf_counter()
        run(tf.constant(50))
        used, done = used + time.perf_counter() - start, done + 50
    for name, network in (("average", gan.ema_generator), ("G itself", gan.generator)):
        noise = np.random.default_rng(1).normal(size=(6, 500, 100)).astype("float32")
        samples = (np.concatenate([np.asarray(network(part)) for part in noise]) + 1) / 2
        print(f"{done} steps of {options.batch} in {used:.0f} s, {name}: {quality(samples, judge, reference)}")
        if options.output:
            path = options.output / f"lab2_transformer_{name.split()[0]}.png"
            Image.fromarray(sheet(samples[:60], columns=10)).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0, help="how long to train the repaired pair (default: not)")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--beta_1", type=float, default=0.5)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--gamma", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--output", type=Path, help="folder for the sheets")
    options = parser.parse_args()
    as_printed()
    if options.seconds:
        train(options)


if __name__ == "__main__":
    main()
