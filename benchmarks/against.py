"""Seconds of an epoch here against another checkout of this project, side by side in one run.

    git worktree add ../before REVISION
    python benchmarks/against.py ../before

Each case trains in two processes at once that take turns, epoch by epoch, so that a drift of the machine's speed hits
both. Printed are the medians and the median of the pairwise ratios (here / there).
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent

COUNT = 19_200
"""Images of an epoch: whole batches also with five in a step."""


def _cases() -> dict[str, Callable[[], tuple[Any, tuple[Any, ...], int]]]:
    """A GAN, the arrays it is trained on, and the batch size, by name."""
    import numpy as np

    from labhelpers import models
    from labhelpers.training import GAN, ConditionalGAN

    room = importlib.import_module("labhelpers.losses")
    if not hasattr(room, "wgan_gp"):
        room = importlib.import_module("labhelpers.losses.zoo")  # where it stood in older revisions
    images = np.random.default_rng(0).uniform(-1, 1, size=(COUNT, 28, 28, 1)).astype(np.float32)
    labels = np.arange(COUNT) % 10
    some = slice(0, 3_200)
    return {
        "dense pair": lambda: (GAN(*models.vanilla_pair()), (images,), 128),
        "WGAN-GP, dense": lambda: (GAN(*models.vanilla_pair(), room.wgan_gp()), (images,), 128),
        "light DCGAN": lambda: (GAN(*models.light_dcgan_pair()), (images[some],), 64),
        "CGAN": lambda: (ConditionalGAN(*models.conditional_pair()), (images[some], labels[some]), 64),
    }


def work(case: str) -> None:
    """Train one epoch for each line that comes in, and say how long it took."""
    import keras

    keras.utils.set_random_seed(0)
    gan, arrays, batch_size = _cases()[case]()
    gan.compile()

    class Turns(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            print("done", flush=True)
            if sys.stdin.readline().strip() != "go":
                self.model.stop_training = True

    gan.fit(*arrays, batch_size=batch_size, epochs=10_000, callbacks=[Turns()], progress=False)


def compare(case: str, there: Path, epochs: int) -> str:
    """One row: seconds here, there, and their ratio."""
    workers = []
    for root in (HERE, there):
        environment = {**os.environ, "PYTHONPATH": str(root)}
        command = [sys.executable, __file__, "--work", case]
        workers.append(
            subprocess.Popen(
                command,
                cwd=root,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )

    def turn(worker: subprocess.Popen[str], word: str = "go") -> float:
        assert worker.stdin
        assert worker.stdout
        started = time.perf_counter()
        worker.stdin.write(f"{word}\n")
        worker.stdin.flush()
        if word == "go" and not worker.stdout.readline():
            raise SystemExit(f"The worker for {case!r} ended. Run it by hand with --work to see why.")
        return time.perf_counter() - started

    for worker in workers:
        assert worker.stdout
        worker.stdout.readline()  # the first epoch compiles
    pairs = []
    for number in range(epochs):
        order = workers if number % 2 == 0 else workers[::-1]
        seconds = {id(worker): turn(worker) for worker in order}
        pairs.append([seconds[id(worker)] for worker in workers])
    for worker in workers:
        turn(worker, "stop")
        worker.wait()
    here, before = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(mine / other for mine, other in pairs)
    return (
        f"{case:<16} {here:8.3f} s {before:8.3f} s   {statistics.median(ratios):.3f} "
        f"({ratios[0]:.3f} to {ratios[-1]:.3f}, {epochs} pairs)"
    )


def main() -> None:
    """Compare all cases, or work for a comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("there", nargs="?", type=Path, help="the other checkout")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--only", metavar="CASE", help="one of the cases")
    parser.add_argument("--work", metavar="CASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
        return
    if options.there is None or not (options.there / "labhelpers").is_dir():
        raise SystemExit(f"{options.there} is no checkout of this project, expected a folder with labhelpers/ in it.")
    print(f"{'case':<16} {'here':>10} {'there':>10}   here / there")
    for case in [options.only] if options.only else ["dense pair", "WGAN-GP, dense", "light DCGAN", "CGAN"]:
        print(compare(case, options.there.resolve(), options.epochs), flush=True)


if __name__ == "__main__":
    main()
