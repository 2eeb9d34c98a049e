"""One epoch of the 2-d dense VAE: ``fit`` against the course's own loop, side by side in one run.

Run ``python benchmarks/vae.py``. The two take turns, so a machine that drifts slows both; the ratio is the median over
the pairs. The course's loop is a ``tf.function`` per batch over a shuffled ``tf.data`` pipeline; its loss is repaired.
An epoch of ``fit`` is what lies between two visits of its callbacks; what a call of ``fit`` costs beside its epochs
(the images move to the device, once) is a line of its own.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from labhelpers import data, losses, models, training

BATCH_SIZE = 128
EPOCHS = 2
PAIRS = 7
GOAL = 0.6


class CourseVAE(keras.Model):
    """Encoder, sampling and decoder in one ``call``, as the course writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(256, activation="relu")
        self.mean = keras.layers.Dense(2)
        self.log_var = keras.layers.Dense(2)
        self.decode = keras.layers.Dense(256, activation="relu")
        self.pixels = keras.layers.Dense(784, activation="sigmoid")
        self.image = keras.layers.Reshape((28, 28, 1))

    def call(self, images: Any) -> tuple[Any, Any, Any]:
        hidden = self.hidden(self.flatten(images))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
        return self.image(self.pixels(self.decode(z))), mean, log_var


def course_epochs(images: np.ndarray) -> Callable[[], float]:
    """Seconds of one epoch of the course's loop, the mean of ``EPOCHS``."""
    vae = CourseVAE()
    optimizer = keras.optimizers.Adam()
    dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(60_000).batch(BATCH_SIZE)

    @tf.function
    def train_step(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            reconstructions, mean, log_var = vae(batch)
            reconstruction = tf.reduce_mean(keras.losses.binary_crossentropy(batch, reconstructions)) * 784
            loss = reconstruction + tf.reduce_mean(losses.kl_divergence(mean, log_var))
        gradients = tape.gradient(loss, vae.trainable_variables)
        optimizer.apply_gradients(zip(gradients, vae.trainable_variables, strict=True))
        return loss

    def seconds() -> float:
        start = time.perf_counter()
        for _ in range(EPOCHS):
            for batch in dataset:
                loss = train_step(batch)
            loss.numpy()
        return (time.perf_counter() - start) / EPOCHS

    return seconds


def our_epochs(images: np.ndarray) -> Callable[[], tuple[float, float]]:
    """Seconds of one epoch through ``fit``, as lab 01 runs it, the mean of ``EPOCHS``; and of the call's set-up."""
    vae = training.VAE(models.dense_encoder((28, 28, 1), 2), models.dense_decoder((28, 28, 1), 2))
    vae.compile(keras.optimizers.Adam())

    def seconds() -> tuple[float, float]:
        start = time.perf_counter()
        vae.fit(images, batch_size=BATCH_SIZE, epochs=EPOCHS, progress=False)
        whole, epochs = time.perf_counter() - start, sum(vae.epoch_seconds[-EPOCHS:])
        return epochs / EPOCHS, whole - epochs

    return seconds


def main() -> None:
    images = data.load_mnist().scaled("sigmoid").train
    keras.utils.set_random_seed(0)
    ours, course = our_epochs(images), course_epochs(images)
    ours()
    course()
    seconds: dict[str, list[float]] = {"fit": [], "course": [], "set-up of fit": []}
    for _ in range(PAIRS):
        epoch, setup = ours()
        seconds["fit"].append(epoch)
        seconds["set-up of fit"].append(setup)
        seconds["course"].append(course())
    ratios = [a / b for a, b in zip(seconds["fit"], seconds["course"], strict=True)]
    print(f"{len(images):,} images, batch {BATCH_SIZE}, {PAIRS} pairs; seconds, median (min to max)")
    for name, values in (*seconds.items(), ("ratio fit / course", ratios)):
        print(f"{name:<20}{statistics.median(values):8.2f} ({min(values):.2f} to {max(values):.2f})")
    verdict = "met" if statistics.median(ratios) <= GOAL else "missed"
    print(f"goal: a ratio of at most {GOAL}: {verdict}")


if __name__ == "__main__":
    main()
