"""How good convolutional GANs get in how many seconds: FID over the time of training, for four of them.

Run ``python benchmarks/dcgan.py`` on a quiet machine; with three seeds it takes about forty minutes. All train on the
60,000 MNIST digits through ``fit``; their clock starts after the first call of the compiled step, and stands still
while 10,000 samples are judged by the labs' judge, whose floor is printed. One table: the median over the seeds, and
behind it every seed. ``--picture FILE`` draws the curves.

* ``ours``: the light pair of lab 04 with the settings that the lab starts from; and without the R1 penalty;
* ``Lab 2``: the document's pair, Adam(2e-4), batches of 128; here D learns, and the images are in [-1, 1] (for the
  program as printed see ``documents/lab2_cnn.py``);
* ``tutorial``: TensorFlow's DCGAN tutorial (tensorflow.org/tutorials/generative/dcgan), Adam(1e-4), batches of 256.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

from labhelpers import visualize
from labhelpers.data import load_mnist
from labhelpers.judging import mnist_judge, quality, real_reference
from labhelpers.losses import AdversarialLoss, non_saturating, r1
from labhelpers.models.dcgan import cnn_pair, light_dcgan_pair
from labhelpers.models.pair import Pair
from labhelpers.training import GAN


def tutorial_dcgan_pair() -> Pair:
    """The networks of TensorFlow's DCGAN tutorial (tensorflow.org/tutorials/generative/dcgan)."""
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Conv2DTranspose(1, 5, strides=2, padding="same", use_bias=False, activation="tanh"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(0.3),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    return Pair(generator, discriminator)


@dataclass(frozen=True)
class Contestant:
    """Networks, and how they are trained.

    Attributes:
        pair: makes the networks.
        optimizer: makes the optimizer of each player.
        batch_size: images in a batch.
        ema: decay of the average that draws, or None.
        loss: what both minimise.
    """

    pair: Callable[[], Pair]
    optimizer: Callable[[], keras.optimizers.Optimizer]
    batch_size: int
    ema: float | None = None
    loss: Callable[[], AdversarialLoss] = non_saturating


CONTESTANTS = {
    "ours": Contestant(
        light_dcgan_pair,
        lambda: keras.optimizers.Adam(8e-4, 0.5, 0.99),
        64,
        0.995,
        lambda: non_saturating().plus(r1(0.5, every=4)),
    ),
    "ours without R1": Contestant(light_dcgan_pair, lambda: keras.optimizers.Adam(8e-4, 0.5, 0.99), 64, 0.995),
    "Lab 2": Contestant(cnn_pair, lambda: keras.optimizers.Adam(2e-4), 128),
    "tutorial": Contestant(tutorial_dcgan_pair, lambda: keras.optimizers.Adam(1e-4), 256),
}


class Curve(keras.callbacks.Callback):
    """Judges the model when the clock, which stands still meanwhile, passes a mark; stops after the last.

    Args:
        judge: from the model to its FID.
        marks: seconds, rising.

    Attributes:
        found: (seconds, steps, FID) for each mark.
    """

    def __init__(self, judge: Callable[[GAN], float], marks: Sequence[float]) -> None:
        super().__init__()
        self.judge = judge
        self.marks = list(marks)
        self.found: list[tuple[float, int, float]] = []
        self._start: float | None = None

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now = time.perf_counter()
        if self._start is None:
            self._start = now
        if now - self._start >= self.marks[len(self.found)]:
            steps = int(np.asarray(self.model.generator_optimizer.iterations))
            self.found.append((now - self._start, steps, self.judge(self.model)))
            self._start += time.perf_counter() - now
            self.model.stop_training = len(self.found) == len(self.marks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("contestants", nargs="*", choices=[*CONTESTANTS, []], help="all unless named")
    parser.add_argument("--seconds", type=float, nargs="+", default=[20.0, 40.0, 60.0, 100.0, 140.0, 180.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--picture", type=Path, help="where to draw the curves")
    arguments = parser.parse_args()
    data, judge = load_mnist(), mnist_judge()
    images = data.scaled("tanh").train
    reference = real_reference(judge, data.test_images, data.train_images[:10_000])
    floor, _ = reference.floor(10_000) or (0.0, 0)
    print(f"FID after so many seconds of training, floor {floor:.2f}; median of seeds {arguments.seeds}")
    medians: dict[str, tuple[list[float], list[float]]] = {}
    for name in arguments.contestants or CONTESTANTS:
        each = CONTESTANTS[name]
        curves = []
        for seed in arguments.seeds:
            keras.utils.set_random_seed(seed)
            gan = GAN(*each.pair(), each.loss(), ema=each.ema)
            gan.compile(each.optimizer(), each.optimizer(), steps_per_execution=8)
            curve = Curve(lambda model: quality(model.sample(10_000, seed=2), judge, reference).fid, arguments.seconds)
            gan.fit(images, batch_size=each.batch_size, epochs=100_000, callbacks=[curve], progress=False)
            curves.append(curve.found)
        medians[name] = ([], [])
        for mark, at_mark in zip(arguments.seconds, zip(*curves, strict=True), strict=True):
            fids = [fid for _, _, fid in at_mark]
            medians[name][0].append(mark)
            medians[name][1].append(statistics.median(fids))
            single = ", ".join(f"{fid:.2f}" for fid in fids)
            steps = statistics.median(steps for _, steps, _ in at_mark)
            print(
                f"{name:15} {mark:4.0f} s {steps:7,.0f} steps  FID {medians[name][1][-1]:7.2f}  ({single})", flush=True
            )
    if arguments.picture:
        figure = visualize.plot_curves(
            medians,
            title="FID over seconds of training",
            xlabel="seconds of training",
            ylabel="FID (lower is better)",
            levels={"floor": floor},
            log=True,
        )
        figure.savefig(arguments.picture)


if __name__ == "__main__":
    main()
