"""Practical 8's pair at its own settings (100x100, batch 16, latent 200): steps a second of its loop and of ``fit``.

Run ``python benchmarks/anime.py``; it takes some minutes. All run in turns (A B C A B C ...) on the same 580 drawn
faces, and a ratio is the median of the ratios of the rounds: a machine that slows down slows all. The document's loop
is written out as it works: batches decoded from image files, one compiled step with two tapes, and after every batch
both losses fetched, a sheet of 25 fakes drawn and saved, and the losses plotted. Since most would draw once an epoch
only, it also runs without the pictures; ``fit`` draws its grid once a turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import matplotlib as mpl
import numpy as np
import tensorflow as tf
from matplotlib import pyplot as plt
from PIL import Image

from labhelpers import visualize
from labhelpers.data import draw_faces, to_float
from labhelpers.models.dcgan import anime_pair
from labhelpers.training import GAN

BATCH_SIZE, LATENT_DIM = 16, 200


def draw_pictures(fake_images: np.ndarray, g_losses: list[float], d_losses: list[float], folder: Path) -> None:
    """What the document draws: a sheet of 25, saved, and the curves of both losses."""
    figure = plt.figure(figsize=(8, 8))
    for number, image in enumerate(fake_images):
        plt.subplot(5, 5, number + 1)
        plt.imshow((image + 1) / 2)
        plt.axis("off")
    plt.savefig(folder / "sheet.png")
    plt.close(figure)
    figure = plt.figure(figsize=(8, 6))
    plt.plot(g_losses, label="generator")
    plt.plot(d_losses, label="discriminator")
    plt.legend()
    plt.savefig(folder / "losses.png")
    plt.close(figure)


def document_loop(folder: Path, files: int, steps: int, seed: int) -> Callable[[bool], float]:
    """Practical 8's loop: seconds for so many steps, with or without its pictures."""
    generator, discriminator = anime_pair(LATENT_DIM)
    optimizers = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    images = keras.utils.image_dataset_from_directory(
        folder, label_mode=None, image_size=(100, 100), batch_size=BATCH_SIZE, shuffle=True, seed=seed, verbose=False
    )
    scaled = images.map(lambda batch: (tf.cast(batch, tf.float32) - 127.5) / 127.5).prefetch(tf.data.AUTOTUNE)
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def step(real_images: Any) -> Any:
        noise = tf.random.normal([BATCH_SIZE, LATENT_DIM])
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake_images = generator(noise, training=True)
            real_logits = discriminator(real_images, training=True)
            fake_logits = discriminator(fake_images, training=True)
            g_loss = entropy(tf.ones_like(fake_logits), fake_logits)
            d_loss = entropy(tf.ones_like(real_logits), real_logits)
            d_loss += entropy(tf.zeros_like(fake_logits), fake_logits)
        gradients = g_tape.gradient(g_loss, generator.trainable_variables)
        optimizers[0].apply_gradients(zip(gradients, generator.trainable_variables, strict=True))
        gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
        optimizers[1].apply_gradients(zip(gradients, discriminator.trainable_variables, strict=True))
        return g_loss, d_loss

    full_batches = files // BATCH_SIZE
    fixed_noise = tf.random.normal([25, LATENT_DIM])

    def run(pictures: bool) -> float:
        start = time.perf_counter()
        g_losses: list[float] = []
        d_losses: list[float] = []
        while len(g_losses) < steps:
            for batch in scaled.take(min(full_batches, steps - len(g_losses))):
                g_loss, d_loss = step(batch)
                g_losses.append(float(g_loss))
                d_losses.append(float(d_loss))
                if pictures:
                    fakes = generator(fixed_noise, training=False)
                    draw_pictures(fakes.numpy(), g_losses, d_losses, folder.parent)
        return time.perf_counter() - start

    return run


def fit_epochs(images: np.ndarray, steps: int) -> Callable[[], float]:
    """The engine on the same images: seconds for so many steps, by the clock of its epochs, with a grid at the end."""
    gan = GAN(*anime_pair(LATENT_DIM))
    gan.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4), steps_per_execution=4)
    shown = images[: steps * BATCH_SIZE]

    def run() -> float:
        done = len(gan.epoch_seconds)
        gan.fit(shown, batch_size=BATCH_SIZE, epochs=done + 1, initial_epoch=done, progress=False)
        start = time.perf_counter()
        visualize.sheet(gan.sample(25), columns=5)
        return gan.epoch_seconds[-1] + time.perf_counter() - start

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12, help="of each turn")
    arguments = parser.parse_args()
    mpl.use("agg")
    keras.utils.set_random_seed(0)
    faces = draw_faces(580, 100)
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "faces"
        folder.mkdir()
        for number, image in enumerate(faces.images):
            Image.fromarray(image).save(folder / f"{number:04d}.png")
        theirs = document_loop(folder, len(faces), arguments.steps, seed=0)
        ours = fit_epochs(to_float(faces.images, "tanh"), arguments.steps)
        rounds = [(ours(), theirs(True), theirs(False)) for _ in range(arguments.repeats + 1)][1:]  # the first compiles
    names = ("fit, a grid at the end", "the document's loop", "the same without its pictures")
    for name, times in zip(names, zip(*rounds, strict=True), strict=True):
        ratio = statistics.median(seconds / ours for seconds, (ours, *_) in zip(times, rounds, strict=True))
        print(f"{name:30} {arguments.steps / statistics.median(times):.2f} steps/s   fit is {ratio:.2f} times as fast")
    print("goal: 1.2 times the document's loop")


if __name__ == "__main__":
    main()
