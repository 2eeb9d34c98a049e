"""Practical 8's pair at its own settings (100x100, batch 16, latent 200): steps a second of its loop and of ``fit``.

Run ``python benchmarks/anime.py``; it takes some minutes. Both run in turns (A B A B ...) on the same 580 drawn faces,
and the ratio is the median of the ratios of the pairs: a machine that slows down slows both. The document's loop is
written out here as it works: batches decoded from image files, one compiled step with two tapes, losses read once an
epoch. Its pictures after every epoch are left out on both sides.
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
import numpy as np
import tensorflow as tf
from PIL import Image

from labhelpers.data import draw_faces, to_float
from labhelpers.models.adversarial import anime_pair
from labhelpers.training.gan import GAN

BATCH_SIZE, LATENT_DIM = 16, 200


def document_loop(folder: Path, files: int, steps: int, seed: int) -> Callable[[], float]:
    """Practical 8's loop: seconds for so many steps; image files are read and decoded as it goes."""
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

    def run() -> float:
        start = time.perf_counter()
        done = 0
        while done < steps:
            for batch in scaled.take(min(full_batches, steps - done)):
                losses = step(batch)
                done += 1
            [float(loss) for loss in losses]
        return time.perf_counter() - start

    return run


def fit_epochs(images: np.ndarray, steps: int) -> Callable[[], float]:
    """The engine on the same images: seconds for so many steps, by the clock of its epochs."""
    gan = GAN(*anime_pair(LATENT_DIM))
    gan.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4), steps_per_execution=4)
    shown = images[: steps * BATCH_SIZE]

    def run() -> float:
        done = len(gan.epoch_seconds)
        gan.fit(shown, batch_size=BATCH_SIZE, epochs=done + 1, initial_epoch=done, progress=False)
        return gan.epoch_seconds[-1]

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12, help="of each turn")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    faces = draw_faces(580, 100)
    with tempfile.TemporaryDirectory() as folder:
        for number, image in enumerate(faces.images):
            Image.fromarray(image).save(Path(folder) / f"{number:04d}.png")
        theirs = document_loop(Path(folder), len(faces), arguments.steps, seed=0)
        ours = fit_epochs(to_float(faces.images, "tanh"), arguments.steps)
        pairs = [(ours(), theirs()) for _ in range(arguments.repeats + 1)][1:]  # the first round compiles
    for name, times in (("fit", [one for one, _ in pairs]), ("the document's loop", [other for _, other in pairs])):
        print(f"{name:20} {arguments.steps / statistics.median(times):.2f} steps/s")
    ratio = statistics.median(other / one for one, other in pairs)
    print(f"fit makes {ratio:.2f} times as many steps a second (goal: 1.2 or more)")


if __name__ == "__main__":
    main()
