"""The contest: every loss of the zoo plays the same games, through one call, for as many steps of the generator."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pandas as pd

from labhelpers import losses
from labhelpers.data import load_mnist, toys
from labhelpers.judging import mnist_judge, mode_coverage, quality, real_reference
from labhelpers.losses import AdversarialLoss, adam
from labhelpers.losses.core import OptimizerFactory
from labhelpers.models.autoencoder import autoencoder_discriminator
from labhelpers.models.dense import toy_pair, vanilla_pair
from labhelpers.models.pair import Pair
from labhelpers.training.gan import GAN

Optimizers = tuple[OptimizerFactory, OptimizerFactory]


@dataclass(frozen=True)
class Contestant:
    """One loss, and how it plays.

    Attributes:
        name: in tables and titles.
        gan_type: its name in ``ZOO``.
        losses: by task ("points", "images"), the loss; its constants may depend on the scale of the data.
        optimizers: by task, recipes for G's and D's optimizer.
        energy: "l1" or "l2" for a D that is an autoencoder with that error, "" for one that gives scores.
        code_dim: by task, length of that autoencoder's code.
    """

    name: str
    gan_type: str
    losses: Mapping[str, Callable[[], AdversarialLoss]]
    optimizers: Mapping[str, Optimizers]
    energy: str = ""
    code_dim: Mapping[str, int] = field(default_factory=dict)


def _both(
    make: Callable[[], AdversarialLoss],
) -> dict[str, Callable[[], AdversarialLoss]]:
    return {"points": make, "images": make}


_POINTS = (adam(1e-3, 0.5), adam(1e-3, 0.5))
_IMAGES = (adam(1e-3, 0.5), adam(1e-3, 0.5))
_SAME = {"points": _POINTS, "images": _IMAGES}

CONTESTANTS: tuple[Contestant, ...] = (
    Contestant("non-saturating", "Vanilla GAN", _both(losses.non_saturating), _SAME),
    Contestant(
        "saturating",
        "Vanilla GAN",
        _both(losses.saturating),
        # With a D as fast as the others', this G gets no gradient on digits, and stays at the FID it started from.
        {"points": _POINTS, "images": (adam(1e-3, 0.5), adam(2e-4, 0.5))},
    ),
    Contestant("least squares (0, 1, 1)", "LSGAN", _both(losses.least_squares), _SAME),
    Contestant(
        "least squares (-1, 1, 0)",
        "LSGAN",
        _both(lambda: losses.least_squares(-1.0, 1.0, 0.0)),
        _SAME,
    ),
    Contestant("hinge", "SAGAN", _both(losses.hinge), _SAME),
    Contestant(
        "non-saturating + R1",
        "Vanilla GAN",
        {
            "points": lambda: losses.non_saturating().plus(losses.r1(0.1)),
            "images": lambda: losses.non_saturating().plus(losses.r1(1.0)),
        },
        _SAME,
    ),
    Contestant(
        "relativistic + R1 + R2",
        "Vanilla GAN",
        {
            "points": lambda: losses.relativistic().plus(
                losses.r1(0.1), losses.r2(0.1)
            ),
            "images": lambda: losses.relativistic().plus(
                losses.r1(1.0), losses.r2(1.0)
            ),
        },
        _SAME,
    ),
    Contestant(
        "WGAN",
        "WGAN",
        {"points": lambda: losses.wgan(clip_weights=0.1), "images": losses.wgan},
        {
            "points": (functools.partial(keras.optimizers.RMSprop, 1e-3),) * 2,
            # RMSprop's relative: Adam without momentum, which the paper warns of. It was twice as good here.
            "images": (adam(1e-3, 0.0, 0.9), adam(5e-4, 0.0, 0.9)),
        },
    ),
    Contestant(
        "WGAN-GP",
        "WGAN-GP",
        {"points": lambda: losses.wgan_gp(weight=0.1), "images": losses.wgan_gp},
        {"points": (adam(1e-3, 0.0, 0.9),) * 2, "images": (adam(5e-4, 0.0, 0.9),) * 2},
    ),
    Contestant(
        "EBGAN",
        "EBGAN",
        {"points": lambda: losses.ebgan(margin=1.0), "images": losses.ebgan},
        _SAME,
        energy="l2",
        code_dim={"points": 32, "images": 32},
    ),
    Contestant(
        "BEGAN",
        "BEGAN",
        # The paper's rate of 0.001 is for a hundred thousand steps; these are a few thousand.
        {
            "points": lambda: losses.began(rate=0.01),
            "images": lambda: losses.began(gamma=0.7, rate=0.01),
        },
        _SAME,
        energy="l1",
        code_dim={"points": 1, "images": 16},
    ),
)
"""All losses that are built here, each with the settings that it plays with."""


@dataclass(frozen=True)
class Task:
    """One game.

    Attributes:
        name: "ring", "grid" or "MNIST".
        kind: "points" or "images".
        data: what is learnt, float32 (n, ...).
        pair: from nothing to new networks.
        batch_size: of the training.
        judge: from samples to named numbers.
        samples: how many samples are judged.
        ema: decay of G's average, or None.
    """

    name: str
    kind: str
    data: np.ndarray
    pair: Callable[[], Pair]
    batch_size: int
    judge: Callable[[np.ndarray], dict[str, float]]
    samples: int
    ema: float | None = None


def _toy_task(name: str, toy: toys.ToyPoints) -> Task:
    # Networks start near 0 with outputs of size 1: the grid's coordinates are divided by 4 to be of that size, too.
    scale = float(np.abs(toy.centres).max())

    def judge(samples: np.ndarray) -> dict[str, float]:
        found = mode_coverage(samples * scale, toy.centres, toy.sigma)
        return {"modes": found.found, "good": found.good}

    return Task(
        name,
        "points",
        toy.points / np.float32(scale),
        toy_pair,
        128,
        judge,
        2_500,
        ema=0.999,
    )


def ring_task(count: int = 102_400, seed: int = 0) -> Task:
    """Eight Gaussians on a ring."""
    return _toy_task("ring", toys.ring(count, seed))


def grid_task(count: int = 102_400, seed: int = 0) -> Task:
    """Twenty-five Gaussians on a grid."""
    return _toy_task("grid", toys.grid(count, seed))


def digits_task(count: int = 60_000, samples: int = 10_000) -> Task:
    """MNIST with UW's dense pair, 256 hidden units wide, judged by FID of ``samples`` fakes."""
    data = load_mnist().first(count, samples)
    judge = mnist_judge()
    reference = real_reference(judge, data.test_images, data.train_images[:samples])

    def fid(fakes: np.ndarray) -> dict[str, float]:
        return {"FID": quality(fakes, judge, reference).fid}

    pair = functools.partial(vanilla_pair, latent_dim=64, hidden=256)
    return Task("MNIST", "images", data.scaled("tanh").train, pair, 128, fid, samples)


@dataclass(frozen=True, eq=False)
class Round:
    """What came of one contestant in one task.

    Attributes:
        gan: trained.
        before: the judge's numbers for the untrained generator.
        after: the same after the training.
        seconds: wall time of the training without the first epoch, which holds the compiling, scaled to all epochs.
    """

    gan: GAN
    before: dict[str, float]
    after: dict[str, float]
    seconds: float


def train(
    contestant: Contestant,
    task: Task,
    epochs: int,
    *,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    jit_compile: bool | None = None,
    progress: bool = True,
) -> Round:
    """Let one contestant play one game.

    Every G takes the same number of steps, ``epochs`` times the batches of the data; a loss with several steps of D
    sees that many times more real images, and pays for it in seconds. Learning rates fall to 0 along a cosine.

    Args:
        contestant: who plays.
        task: what is played.
        epochs: passes over the data, for a loss with one step of D.
        seed: of weights, noise and order.
        callbacks: Keras callbacks.
        jit_compile: whether to use XLA; where it pays unless given.
        progress: show a bar.
    """
    if jit_compile is None and task.kind == "points":
        jit_compile = False  # networks this small are slower with XLA
    keras.utils.set_random_seed(seed)
    generator, discriminator = task.pair()
    if contestant.energy:
        discriminator = autoencoder_discriminator(
            discriminator.input_shape[1:],
            hidden=128,
            code_dim=contestant.code_dim[task.kind],
            energy=contestant.energy,
        )
    loss = contestant.losses[task.kind]()
    gan = GAN(
        generator,
        discriminator,
        loss,
        ema=task.ema,
        name=_plain(f"{task.name} {contestant.name}"),
    )
    epochs *= loss.critic_steps
    steps = epochs * -(-len(task.data) // (task.batch_size * loss.critic_steps))
    g_optimizer, d_optimizer = contestant.optimizers[task.kind]
    gan.compile(
        _falling(g_optimizer, steps),
        _falling(d_optimizer, steps * loss.critic_steps),
        jit_compile=jit_compile,
    )
    before = task.judge(gan.sample(task.samples, seed=seed))
    gan.fit(
        task.data,
        batch_size=task.batch_size,
        epochs=epochs,
        callbacks=callbacks,
        progress=progress,
    )
    after = task.judge(gan.sample(task.samples, seed=seed))
    timed = gan.epoch_seconds[1:] or gan.epoch_seconds
    return Round(gan, before, after, float(np.mean(timed)) * epochs)


def _falling(recipe: OptimizerFactory, steps: int) -> keras.optimizers.Optimizer:
    optimizer = recipe()
    optimizer.learning_rate = keras.optimizers.schedules.CosineDecay(
        float(optimizer.learning_rate), steps
    )
    return optimizer


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def settings(
    kind: str, contestants: Sequence[Contestant] = CONTESTANTS
) -> pd.DataFrame:
    """What each contestant plays with, as a table.

    Args:
        kind: of the tasks, "points" or "images".
        contestants: a row each.

    Returns:
        The loss with its constants, steps of D for one of G, both optimizers as they start, and what D is.
    """
    rows = {}
    for contestant in contestants:
        loss = contestant.losses[kind]()
        g_optimizer, d_optimizer = contestant.optimizers[kind]
        rows[contestant.name] = {
            "loss": " + ".join(
                [
                    _call(loss.name, loss.arguments),
                    *(_call(term.name, term.arguments) for term in loss.added),
                ]
            ),
            "steps of D": loss.critic_steps,
            "optimizer of G": _optimizer(g_optimizer()),
            "optimizer of D": _optimizer(d_optimizer()),
            "D": f"autoencoder, code of {contestant.code_dim[kind]}"
            if contestant.energy
            else "gives scores",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("loss of")


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    inside = (f"{key}={value:g}" for key, value in arguments.items())
    return f"{name}({', '.join(inside)})"


def _optimizer(optimizer: keras.optimizers.Optimizer) -> str:
    config = optimizer.get_config()
    numbers = (
        f", {key.replace('_', '')} {config[key]:g}"
        for key in ("beta_1", "beta_2", "rho")
        if key in config
    )
    return f"{type(optimizer).__name__}({float(optimizer.learning_rate):g}{''.join(numbers)})"


def compete(
    tasks: Sequence[tuple[Task, int]],
    contestants: Sequence[Contestant] = CONTESTANTS,
    *,
    seed: int = 0,
    report: Callable[[str, str, Round], Any] = lambda contestant, task, result: None,
) -> pd.DataFrame:
    """Let all play all games, and make one table of it.

    Args:
        tasks: pairs of a task and its epochs.
        contestants: who plays.
        seed: of every training.
        report: is called after each training with the names of contestant and task, and what came of it.

    Returns:
        A row a contestant; for each task its numbers, the untrained FID, and the seconds.
    """
    rows: dict[str, dict[str, float]] = {
        contestant.name: {} for contestant in contestants
    }
    for task, epochs in tasks:
        for contestant in contestants:
            result = train(contestant, task, epochs, seed=seed)
            rows[contestant.name].update(columns_of(task, result))
            report(contestant.name, task.name, result)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("loss")


def columns_of(task: Task, result: Round) -> dict[str, float]:
    """The cells of one round in the table of results."""
    cells = {f"{task.name} {name}": value for name, value in result.after.items()}
    if "FID" in result.before:
        cells[f"{task.name} FID untrained"] = result.before["FID"]
    return {**cells, f"{task.name} seconds": result.seconds}
