"""Lab 2, part 1 (the convolutional GAN), as printed: what it draws, and what its frozen D and its range do.

Run ``python benchmarks/documents/lab2_cnn.py``; each program trains for the seconds of ``--seconds``, and its samples
are judged on the way. The program is the document's: its networks, images in [0, 1] against a tanh, Adam(2e-4) and
batches of 128 for both players, D compiled alone and then set to ``trainable = False``, a second model D(G(z)) for G,
and a loop that draws the fakes with ``predict`` and calls ``train_on_batch`` three times. An "epoch" of it is 128
batches, and it runs 50 of them; on two cores that takes about an hour, so a stated budget stands here. Three programs:

* ``printed``: as it is. Under Keras 3 D never learns, because the flag is read when a function is first traced.
* ``thawed``: D's functions are traced before the flag is set, so D learns, as it did under Keras 2. All else is kept.
* ``thawed, [-1, 1]``: the same, on images in the whole range of the tanh.

The table says, for each program and time: the steps, how far D's weights have moved, FID by the labs' judge (with its
floor), and how many of 2,000 samples the judge takes for each digit. Samples are shown as the document shows them:
clipped to the range of the data.
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

from labhelpers.data import load_mnist
from labhelpers.judging import Judge, class_histogram, mnist_judge, quality, real_reference
from labhelpers.judging.quality import RealReference
from labhelpers.visualize import sheet

BATCH_SIZE, LATENT_DIM, SAMPLES = 128, 100, 2000
PROGRAMS = {"printed": (0.0, False), "thawed": (0.0, True), "thawed, [-1, 1]": (-1.0, True)}
"""The lowest value of the images, and whether D learns."""


def networks() -> tuple[keras.Model, keras.Model]:
    """The document's two networks, with D's sigmoid."""
    up = {"kernel_size": 4, "strides": 2, "padding": "same"}
    generator = keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(7 * 7 * 256),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, activation="relu", **up),
            layers.Conv2DTranspose(64, activation="relu", **up),
            layers.Conv2DTranspose(1, 7, activation="tanh", padding="same"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, **up),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(128, **up),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return generator, discriminator


def kernels(network: keras.Model) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in network.weights]


def play(
    name: str, digits: np.ndarray, budgets: list[float], judge: Judge, reference: RealReference, folder: Path, seed: int
) -> None:
    """Train one program, and print a row whenever a budget of seconds is used up."""
    keras.utils.set_random_seed(seed)
    low, thaw = PROGRAMS[name]
    real = digits.astype("float32") / 255 * (1 - low) + low
    generator, discriminator = networks()
    discriminator.compile(optimizer=keras.optimizers.Adam(2e-4), loss="binary_crossentropy", metrics=["accuracy"])
    ones, zeros = tf.ones((BATCH_SIZE, 1)), tf.zeros((BATCH_SIZE, 1))
    start = kernels(discriminator)
    if thaw:
        discriminator.train_on_batch(real[:BATCH_SIZE], ones)
    discriminator.trainable = False
    noise_input = keras.Input((LATENT_DIM,))
    gan = keras.Model(noise_input, discriminator(generator(noise_input)))
    gan.compile(optimizer=keras.optimizers.Adam(2e-4), loss="binary_crossentropy")
    used, steps, rng = 0.0, 0, np.random.default_rng(seed)
    for budget in budgets:
        while used < budget:
            began = time.perf_counter()
            noise = tf.random.normal([BATCH_SIZE, LATENT_DIM])
            fakes = generator.predict(noise, verbose=0)
            rows = rng.integers(0, len(real), BATCH_SIZE)
            discriminator.train_on_batch(real[rows], ones)
            discriminator.train_on_batch(fakes, zeros)
            gan.train_on_batch(noise, ones)
            used += time.perf_counter() - began
            steps += 1
        noise = np.random.default_rng(0).normal(size=(SAMPLES, LATENT_DIM)).astype("float32")
        drawn = np.clip((generator.predict(noise, verbose=0) - low) / (1 - low), 0, 1)
        found = quality(drawn, judge, reference)
        moved = max(float(np.abs(new - old).max()) for new, old in zip(kernels(discriminator), start, strict=True))
        seen = class_histogram(judge.probabilities(drawn)).tolist()
        print(f"{name:16} seed {seed} {used:5.0f} s {steps:5,} steps  D moved {moved:.4f}  {found}  {seen}", flush=True)
        picture = Image.fromarray(sheet(drawn[:50], columns=10).squeeze())
        picture.save(folder / f"{'thawed' if thaw else 'printed'}_from_{int(low)}_seed_{seed}_{budget:.0f}s.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("programs", nargs="*", choices=[*PROGRAMS, []], help="all unless named")
    parser.add_argument("--seconds", type=float, nargs="+", default=[60.0, 180.0], help="when to judge, rising")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--sheets", type=Path, default=Path(), help="a folder for one sheet of fifty a row")
    arguments = parser.parse_args()
    mnist, judge = load_mnist(), mnist_judge()
    reference = real_reference(judge, mnist.test_images, mnist.train_images[:10_000])
    arguments.sheets.mkdir(parents=True, exist_ok=True)
    for name in arguments.programs or PROGRAMS:
        for seed in arguments.seeds:
            play(name, mnist.train_images, arguments.seconds, judge, reference, arguments.sheets, seed)


if __name__ == "__main__":
    main()
