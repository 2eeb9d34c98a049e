"""How fast the adversarial engine is: side by side in one run, prints one table.

Run ``python benchmarks/gan.py`` for all parts, or name some: ``cnn dense losses``. Timed parts run in turns
(A B A B ...), and a ratio is the median of the ratios of the pairs: a machine that slows down slows both. PyTorch is
used where it is installed, and for nothing else in this project.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers.data import load_mnist
from labhelpers.losses import AdversarialLoss, least_squares, non_saturating, wgan_gp
from labhelpers.models.dcgan import cnn_pair
from labhelpers.models.dense import vanilla_pair
from labhelpers.models.pair import Pair
from labhelpers.training.gan import GAN

Row = tuple[str, str, str]


def in_turns(ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> tuple[float, float, float]:
    """Medians of both times, and the median of their ratios; one round before is not counted."""
    pairs = [(ours(), theirs()) for _ in range(repeats + 1)][1:]
    return (
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(one / other for one, other in pairs),
    )


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fitting(gan: GAN, images: np.ndarray, batch_size: int) -> Callable[[], float]:
    """One more epoch of ``fit`` at every call: its seconds, without the set-up of the call (see ``setup_row``)."""

    def run() -> float:
        done = len(gan.epoch_seconds)
        whole = seconds(
            lambda: gan.fit(images, batch_size=batch_size, epochs=done + 1, initial_epoch=done, progress=False)
        )
        SETUPS.setdefault(gan.name, []).append(whole - gan.epoch_seconds[-1])
        return gan.epoch_seconds[-1]

    return run


SETUPS: dict[str, list[float]] = {}
"""Seconds of each call of ``fit`` outside its epochs, by the name of the model."""


def setup_row(name: str, gan: GAN) -> Row:
    """What a call of ``fit`` costs once, however many epochs it runs: mostly the copy of the images to the device."""
    return (f"{name}, set-up of a call of fit", f"{statistics.median(SETUPS[gan.name][1:]):.2f} s", "once a call")


def cnn(images: np.ndarray, repeats: int) -> list[Row]:
    """Lab 2's pair: its own loop, kept as it is but for a discriminator that learns, against ``fit``."""
    batch_size, steps, latent_dim = 128, 10, 100
    generator, scores = cnn_pair(latent_dim)
    discriminator = keras.Sequential([*scores.layers, layers.Activation("sigmoid")])
    discriminator.compile(optimizer=keras.optimizers.Adam(2e-4), loss="binary_crossentropy", metrics=["accuracy"])
    noise_in = keras.Input((latent_dim,))
    both = keras.Model(noise_in, discriminator(generator(noise_in)))
    both.compile(optimizer=keras.optimizers.Adam(2e-4), loss="binary_crossentropy")
    real_labels, fake_labels = tf.ones((batch_size, 1)), tf.zeros((batch_size, 1))
    rng = np.random.default_rng(0)
    # Under Keras 3 the flag counts when a function is first traced: D's with D learning, then the other with D still.
    discriminator.train_on_batch(images[:batch_size], real_labels)
    discriminator.trainable = False
    both.train_on_batch(tf.zeros((batch_size, latent_dim)), real_labels)

    def document() -> float:
        def loop() -> None:
            for _ in range(steps):
                noise = tf.random.normal([batch_size, latent_dim])
                fake_images = generator.predict(noise, verbose=0)
                real_images = images[rng.integers(0, images.shape[0], batch_size)]
                discriminator.train_on_batch(real_images, real_labels)
                discriminator.train_on_batch(fake_images, fake_labels)
                both.train_on_batch(noise, real_labels)

        return seconds(loop)

    gan = GAN(*cnn_pair(latent_dim))
    gan.compile()
    ours, theirs, ratio = in_turns(fitting(gan, images[: batch_size * steps], batch_size), document, repeats)
    shown = batch_size * steps
    return [
        ("Lab 2's CNN pair, its own loop", f"{shown / theirs:,.0f} images/s", ""),
        (
            "Lab 2's CNN pair, fit",
            f"{shown / ours:,.0f} images/s",
            f"{1 / ratio:.2f} times the loop (goal: 1.8 or more)",
        ),
    ]


def bare_epoch(pair: Pair, loss: AdversarialLoss, images: np.ndarray, batch_size: int) -> Callable[[], float]:
    """The same training, written out for one loss: a compiled step in a loop over the epoch, and nothing else."""
    generator, discriminator = pair
    g_optimizer, d_optimizer = loss.generator_optimizer(), loss.discriminator_optimizer()
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)
    per_step = batch_size * loss.critic_steps
    steps, latent_dim = len(images) // per_step, generator.input_shape[-1]
    resident = tf.constant(images)

    @tf.function(jit_compile=True)
    def step(all_real: Any) -> Any:
        for number in range(loss.critic_steps):
            real_images = all_real[number * batch_size : (number + 1) * batch_size]
            noise = tf.random.normal((batch_size, latent_dim))
            with tf.GradientTape() as g_tape:
                fake_images = generator(noise, training=True)
            with tf.GradientTape() as d_tape:
                real, fake = discriminator(real_images, training=True), discriminator(fake_images, training=True)
                if loss.name == "non_saturating":
                    d_loss = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))
                elif loss.name == "least_squares":
                    d_loss = 0.5 * tf.reduce_mean((real - 1) ** 2) + 0.5 * tf.reduce_mean(fake**2)
                else:
                    mix = tf.random.uniform((batch_size, 1, 1, 1))
                    mixed = fake_images + mix * (real_images - fake_images)
                    with tf.GradientTape() as tape:
                        tape.watch(mixed)
                        total = tf.reduce_sum(discriminator(mixed, training=True))
                    norm = tf.sqrt(tf.reduce_sum(tape.gradient(total, mixed) ** 2, axis=(1, 2, 3)) + 1e-12)
                    d_loss = tf.reduce_mean(fake) - tf.reduce_mean(real) + 10 * tf.reduce_mean((norm - 1) ** 2)
            gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
            d_optimizer.apply(gradients, discriminator.trainable_variables)
        with g_tape:
            fake = discriminator(fake_images, training=True)
            if loss.name == "non_saturating":
                g_loss = tf.reduce_mean(tf.nn.softplus(-fake))
            elif loss.name == "least_squares":
                g_loss = 0.5 * tf.reduce_mean((fake - 1) ** 2)
            else:
                g_loss = -tf.reduce_mean(fake)
        g_optimizer.apply(g_tape.gradient(g_loss, generator.trainable_variables), generator.trainable_variables)
        return g_loss, d_loss

    @tf.function
    def epoch() -> Any:
        order = tf.random.shuffle(tf.range(len(images)))
        g_total, d_total = 0.0, 0.0
        for number in tf.range(steps):
            batch = tf.gather(resident, order[number * per_step : (number + 1) * per_step])
            batch = tf.ensure_shape(batch, (per_step, *images.shape[1:]))
            g_loss, d_loss = step(batch)
            g_total, d_total = g_total + g_loss, d_total + d_loss
        return g_total / steps, d_total / steps

    return lambda: seconds(lambda: [float(value) for value in epoch()])


def torch_epoch(images: np.ndarray, batch_size: int) -> Callable[[], float] | None:
    """UW's pair in PyTorch, eager, with the images already in one tensor; None where PyTorch is missing."""
    try:
        import torch
    except ImportError:
        return None
    from torch import nn
    from torch.nn.functional import softplus

    generator = nn.Sequential(nn.Linear(100, 128), nn.LeakyReLU(), nn.Linear(128, 784), nn.Tanh())
    discriminator = nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(), nn.Linear(128, 1))
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    resident = torch.from_numpy(images.reshape(len(images), -1))

    def epoch() -> None:
        for index in torch.randperm(len(resident)).split(batch_size):
            real_images = resident[index]
            fake_images = generator(torch.randn(len(index), 100))
            d_optimizer.zero_grad()
            real, fake = discriminator(real_images), discriminator(fake_images.detach())
            (softplus(-real).mean() + softplus(fake).mean()).backward()
            d_optimizer.step()
            g_optimizer.zero_grad()
            softplus(-discriminator(fake_images)).mean().backward()
            g_optimizer.step()

    return lambda: seconds(epoch)


def dense(images: np.ndarray, repeats: int) -> list[Row]:
    """UW's dense pair: an epoch of ``fit`` against a bare loop, and against PyTorch."""
    batch_size = 128
    images = images[: len(images) // batch_size * batch_size]
    gan = GAN(*vanilla_pair())
    gan.compile()
    fit = fitting(gan, images, batch_size)
    ours, bare, ratio = in_turns(fit, bare_epoch(vanilla_pair(), non_saturating(), images, batch_size), repeats)
    rows = [
        ("dense GAN, bare tf.function loop", f"{bare:.2f} s an epoch", ""),
        ("dense GAN, fit", f"{ours:.2f} s an epoch", f"{ratio:.2f} of the bare loop (goal: 1.25 or less)"),
        setup_row("dense GAN", gan),
    ]
    torch_run = torch_epoch(images, batch_size)
    if torch_run is None:
        return [*rows, ("dense GAN, PyTorch eager", "PyTorch is not installed", "")]
    ours, theirs, ratio = in_turns(fit, torch_run, repeats)
    return [
        *rows,
        ("dense GAN, PyTorch eager", f"{theirs:.2f} s an epoch", f"fit is {ratio:.2f} of it (goal: 0.9 or less)"),
    ]


def losses(images: np.ndarray, repeats: int) -> list[Row]:
    """What the engine adds to a hand-written step of one loss, on UW's pair: seconds of an epoch."""
    rows = []
    whole = images[: len(images) // 640 * 640]  # no partial batch, also with five batches a step
    for loss in (least_squares(), wgan_gp()):
        gan = GAN(*vanilla_pair(), loss)
        gan.compile()
        ours, bare, ratio = in_turns(fitting(gan, whole, 128), bare_epoch(vanilla_pair(), loss, whole, 128), repeats)
        rows += [
            (f"{loss.name}, hand-written step", f"{bare:.2f} s", ""),
            (f"{loss.name}, fit", f"{ours:.2f} s", f"{ratio:.2f} of the hand-written step (goal: 1.1 or less)"),
        ]
    return rows


PARTS = {"cnn": cnn, "dense": dense, "losses": losses}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; all unless named")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    images = load_mnist().scaled("tanh").train
    rows: list[Row] = []
    for part in arguments.parts or PARTS:
        rows += PARTS[part](images, arguments.repeats)
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
