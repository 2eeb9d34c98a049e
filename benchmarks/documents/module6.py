"""Module 6's program for Fashion-MNIST: where it stops as printed, and what it draws once those places are mended.

``python benchmarks/documents/module6.py`` does, step by step, what the document's code does (own code, the same
calls), prints the error of every step that raises one, and then trains the program with nothing changed but what has to
be: the reshapes become layers, the misspelt name is spelt right, and what is never defined gets a value (``args``:
batch 128 and Adam 2e-4, 0.5, 0.999; ``seed``: fixed noise; ``train_step``: both losses, both steps). The budget of
epochs and images is printed, because the document names none (its ``epochs`` is a parameter).

``--data mnist`` trains the same program on digits, which our judge can read, and ``--batch-norm pytorch`` puts
PyTorch's defaults in place of momentum 0.1 and epsilon 0.8.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import PIL.Image
import tensorflow as tf
from keras import layers

from labhelpers import data, judging, visualize

NORMS = {"printed": {"momentum": 0.1, "epsilon": 0.8}, "pytorch": {"momentum": 0.9, "epsilon": 1e-5}}


def dense(units: int, **more: Any) -> layers.Layer:
    return layers.Dense(units, kernel_initializer=keras.initializers.HeUniform(), **more)


def body_of_generator(norm: str) -> tuple[Any, Any]:
    """Its input and the 784 numbers before the reshape."""
    inputs = keras.Input((100,))
    x = layers.LeakyReLU(negative_slope=0.2)(dense(128)(inputs))
    for units in (256, 512, 1024):
        x = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization(**NORMS[norm])(dense(units)(x)))
    return inputs, dense(784, activation="tanh")(x)


def head_of_discriminator(flat: Any) -> Any:
    x = layers.LeakyReLU(negative_slope=0.2)(dense(512)(flat))
    x = layers.LeakyReLU(negative_slope=0.2)(dense(256)(x))
    return dense(1, activation="sigmoid")(x)


def generator_as_printed() -> None:
    inputs, pixels = body_of_generator("printed")
    keras.Model(inputs, tf.reshape(pixels, [-1, 28, 28, 1]))


def discriminator_as_printed() -> None:
    inputs = keras.Input((28, 28, 1))
    keras.Model(inputs, head_of_discriminator(tf.reshape(inputs, [-1, 784])))


def undefined(*names: str) -> Callable[[], None]:
    """The document's use of names that it never defines, each on its own."""

    def use() -> None:
        # In a namespace that holds what the document has defined by then.
        defined = {"tf": tf, "keras": keras, "np": np, "binary_cross_entropy": keras.losses.BinaryCrossentropy()}
        for name in names:
            eval(name, dict(defined))

    return use


STEPS: dict[str, Callable[[], None]] = {
    "2, the data's batch size is args.batch_size": undefined("args"),
    "3, G ends in tf.reshape of a symbolic tensor": generator_as_printed,
    "4, D begins with tf.reshape of a symbolic tensor": discriminator_as_printed,
    "5, D's loss calls binary_crossentropy": undefined("binary_crossentropy"),
    "6, the optimizers take args.lr, args.b1, args.b2": undefined("args"),
    "6, train calls train_step": undefined("train_step"),
    "6, train calls generate_and_save_images": undefined("generate_and_save_images"),
    "6, the pictures take seed": undefined("seed"),
    "6, every 15 epochs checkpoint.save is called": undefined("checkpoint"),
}


def show_errors() -> None:
    for step, run in STEPS.items():
        try:
            run()
        except Exception as error:
            print(f"step {step}: {type(error).__name__}: {' '.join(str(error).split())[:110]}")
        else:
            print(f"step {step}: runs")


def mended(images: np.ndarray, epochs: int, norm: str, seed: int) -> keras.Model:
    """Train the mended program.

    Args:
        images: uint8 (n, 28, 28, 1).
        epochs: how many.
        norm: a key of NORMS.
        seed: of weights, noise and order.

    Returns:
        The generator.
    """
    keras.utils.set_random_seed(seed)
    inputs, pixels = body_of_generator(norm)
    generator = keras.Model(inputs, layers.Reshape((28, 28, 1))(pixels))
    picture = keras.Input((28, 28, 1))
    discriminator = keras.Model(picture, head_of_discriminator(layers.Reshape((784,))(picture)))
    cross_entropy = keras.losses.BinaryCrossentropy()
    g_optimizer, d_optimizer = (keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999) for _ in range(2))
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)
    real = ((images - 127.5) / 127.5).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices(real).shuffle(60_000, seed=seed).batch(128)

    @tf.function(reduce_retracing=True)
    def train_step(batch: Any) -> Any:
        noise = tf.random.normal((tf.shape(batch)[0], 100))
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = generator(noise, training=True)
            on_real, on_fake = discriminator(batch, training=True), discriminator(fake, training=True)
            g_loss = cross_entropy(tf.ones_like(on_fake), on_fake)
            d_loss = cross_entropy(tf.ones_like(on_real), on_real) + cross_entropy(tf.zeros_like(on_fake), on_fake)
        g_optimizer.apply(g_tape.gradient(g_loss, generator.trainable_variables), generator.trainable_variables)
        d_optimizer.apply(d_tape.gradient(d_loss, discriminator.trainable_variables), discriminator.trainable_variables)
        return d_loss, g_loss

    for epoch in range(epochs):
        start = time.perf_counter()
        found = np.array([train_step(batch) for batch in batches])
        if epoch + 1 in (1, epochs):
            print(
                f"epoch {epoch + 1}: {time.perf_counter() - start:.1f} s, d_loss {found[:, 0].mean():.2f}, g_loss "
                f"{found[:, 1].mean():.2f}",
                flush=True,
            )
    return generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", choices=["fashion", "mnist"], default="fashion")
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-norm", choices=[*NORMS], default="printed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="where to write fifty samples, a png")
    parser.add_argument("--skip-errors", action="store_true", help="train only")
    arguments = parser.parse_args()
    if not arguments.skip_errors:
        show_errors()
    pictures = (data.load_mnist if arguments.data == "mnist" else data.load_fashion_mnist)()
    print(
        f"mended: {arguments.images:,} images of {pictures.name}, {arguments.epochs} epochs, batch norm as "
        f"{arguments.batch_norm}, seed {arguments.seed}"
    )
    generator = mended(
        pictures.train_images[: arguments.images], arguments.epochs, arguments.batch_norm, arguments.seed
    )
    noise = np.random.default_rng(0).normal(size=(10_000, 100)).astype(np.float32)
    samples = np.clip((np.asarray(generator.predict(noise, batch_size=1000, verbose=0)) + 1) / 2, 0, 1)
    if arguments.data == "mnist":
        judge = judging.mnist_judge()
        reference = judging.real_reference(judge, pictures.test_images, pictures.train_images[:10_000])
        print(judging.quality(samples, judge, reference))
    if arguments.sheet:
        PIL.Image.fromarray(visualize.sheet(samples[:50], columns=10)).save(arguments.sheet)


if __name__ == "__main__":
    main()
