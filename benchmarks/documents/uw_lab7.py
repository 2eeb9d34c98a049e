"""UW's Lab 7, part 3 (MNIST with the dense GAN), as printed: what it draws, and what range and optimizer settings do.

PyTorch and TensorFlow need not share an environment, so there are two calls. The first one needs torch and numpy only::

    python benchmarks/documents/uw_lab7.py train FOLDER --mnist mnist.npz

trains the program as printed (images in [0, 1], tanh, Adam at 1e-3 with weight decay 1e-5, batches of 128 in file
order, the last, smaller one left out, 5 epochs, the document's seed 55 and two more), and the other three cells of the
factorial (range [0, 1] or [-1, 1]) x (Adam 1e-3, beta_1 0.9 or 2e-4, 0.5), all else equal; then two more ranges at the
printed settings, which tell the width of the range from its place. Each run leaves an npz of 10,000 samples with its
losses; a run whose file is there already is left out. The second one, in the labs' environment::

    python benchmarks/documents/uw_lab7.py judge FOLDER

prints one table of FIDs by the labs' judge (lower is better; its floor is printed), and writes one sheet of fifty for
each run. Samples are shown as the document's own ``imshow`` shows them: clipped to the range of the data.

Seen with PyTorch 2.13 on a CPU (seeds 55, 56, 57; floor 0.53; 12 to 20 s a run)::

    [0, 1],  Adam 1e-3, 0.9: FID 230, 342, 196   as printed: readable digits twice, one grey shape with seed 56
    [0, 1],  Adam 2e-4, 0.5: FID 140, 138, 132
    [-1, 1], Adam 1e-3, 0.9: FID 330, 320, 331   speckled blobs
    [-1, 1], Adam 2e-4, 0.5: FID 113, 120, 111
    [-1, 0], Adam 1e-3, 0.9: FID 268, 288, 301   as narrow as [0, 1], black at -1
    [-0.5, 0.5], the same:   FID 304, 324, 308   as narrow as [0, 1], black at -0.5
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS, BATCH, NOISE = 5, 128, 100
SEEDS = (55, 56, 57)
RANGES = {"[0, 1]": (0.0, 1.0), "[-1, 1]": (-1.0, 1.0)}
OTHER_RANGES = {"[-1, 0]": (-1.0, 0.0), "[-0.5, 0.5]": (-0.5, 0.5)}
SETTINGS = {"Adam 1e-3, 0.9": (1e-3, 0.9), "Adam 2e-4, 0.5": (2e-4, 0.5)}
PRINTED = ("[0, 1]", "Adam 1e-3, 0.9")
CELLS = [(values, setting) for values in RANGES for setting in SETTINGS]
CELLS += [(values, PRINTED[1]) for values in OTHER_RANGES]
SAMPLES = 10_000


def file_of(folder: Path, values: str, setting: str, seed: int) -> Path:
    words = f"{values} {setting} {seed}".replace("[", "").replace("]", "").replace(", ", "_").replace(" ", "_")
    return folder / f"{words}.npz"


def play(digits: np.ndarray, values: str, setting: str, seed: int) -> dict[str, Any]:
    """One run of the printed program, with this range and these settings of Adam.

    Args:
        digits: uint8 (60000, 28, 28).
        values: a key of RANGES or OTHER_RANGES.
        setting: a key of SETTINGS.
        seed: of the weights and the noise.
    """
    import torch
    from torch import nn

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(seed)
    low, high = (RANGES | OTHER_RANGES)[values]
    rate, beta_1 = SETTINGS[setting]
    real = torch.from_numpy(digits.reshape(len(digits), 784)).float() / 255 * (high - low) + low
    judge = nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(), nn.Linear(128, 1), nn.Sigmoid())
    painter = nn.Sequential(nn.Linear(NOISE, 128), nn.LeakyReLU(), nn.Linear(128, 784), nn.Tanh())
    cost = nn.BCELoss()
    of_judge, of_painter = (
        torch.optim.Adam(network.parameters(), lr=rate, betas=(beta_1, 0.999), weight_decay=1e-5)
        for network in (judge, painter)
    )
    yes, no = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    d_losses, g_losses = [], []
    start = time.perf_counter()
    for _ in range(EPOCHS):
        for first in range(0, len(real) - BATCH + 1, BATCH):
            of_judge.zero_grad()
            on_real = cost(judge(real[first : first + BATCH]), yes)
            on_real.backward()
            fake = painter(torch.randn(BATCH, NOISE))
            on_fake = cost(judge(fake.detach()), no)
            on_fake.backward()
            of_judge.step()
            of_painter.zero_grad()
            fooled = cost(judge(fake), yes)
            fooled.backward()
            of_painter.step()
            d_losses.append(on_real.item() + on_fake.item())
            g_losses.append(fooled.item())
    seconds = time.perf_counter() - start
    with torch.no_grad():
        drawn = painter(torch.randn(SAMPLES, NOISE)).numpy()
    images = np.clip((drawn - low) / (high - low), 0, 1)
    return {
        "samples": np.rint(images * 255).astype(np.uint8).reshape(SAMPLES, 28, 28, 1),
        "d_losses": np.array(d_losses, np.float32),
        "g_losses": np.array(g_losses, np.float32),
        "seconds": np.array(seconds),
    }


def train(folder: Path, mnist: Path) -> None:
    with np.load(mnist) as arrays:
        digits = arrays["x_train"]
    folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        for values, setting in CELLS:
            path = file_of(folder, values, setting, seed)
            if not path.exists():
                found = play(digits, values, setting, seed)
                np.savez_compressed(path, **found)
                print(f"{values}, {setting}, seed {seed}: {float(found['seconds']):.0f} s", flush=True)


def judge(folder: Path) -> None:
    import PIL.Image

    from labhelpers import data, judging, visualize

    digits = data.load_mnist()
    eyes = judging.mnist_judge()
    reference = judging.real_reference(eyes, digits.test_images, digits.train_images[: len(digits.test_images)])
    print(f"FID after {EPOCHS} epochs, {SAMPLES:,} samples; found: digits with at least 10 of 1,000 samples")
    print("losses: means of the last 200 steps")
    for values, setting in CELLS:
        fids = []
        for seed in SEEDS:
            path = file_of(folder, values, setting, seed)
            if not path.exists():
                continue
            with np.load(path) as run:
                samples, d_losses, g_losses = run["samples"], run["d_losses"], run["g_losses"]
            quality = judging.quality(samples, eyes, reference)
            counts = judging.class_histogram(eyes.probabilities(samples[:1000]))
            fids.append(quality.fid)
            print(
                f"{values:8} {setting}  seed {seed}: {quality}; found {int((counts >= 10).sum())}, "
                f"most frequent {int(counts.max())}; d_loss {d_losses[-200:].mean():.2f}, "
                f"g_loss {g_losses[-200:].mean():.2f}"
            )
            PIL.Image.fromarray(visualize.sheet(samples[:50], columns=10)).save(path.with_suffix(".png"))
        if fids:
            printed = "  <- as printed" if (values, setting) == PRINTED else ""
            print(f"{values:8} {setting}: median {statistics.median(fids):.0f} of {len(fids)} seeds{printed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["train", "judge"])
    parser.add_argument("folder", type=Path, help="where the samples lie")
    parser.add_argument("--mnist", type=Path, default=Path("data/mnist.npz"), help="Keras' file of the digits")
    arguments = parser.parse_args()
    if arguments.what == "train":
        train(arguments.folder, arguments.mnist)
    else:
        judge(arguments.folder)


if __name__ == "__main__":
    main()
