"""A GAN small enough to work out its losses and one step of each player in NumPy, and a student's step judged by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from labhelpers.checks.core import Answer, Wrong, said_by
from labhelpers.checks.networks import with_random_weights
from labhelpers.checks.numeric import (
    Floats,
    difference,
    expect_close,
    one_number,
    parts_of,
    sigmoid,
    softplus,
    tensor,
)

_D_RATE, _G_RATE = 0.5, 0.3
"""No half of each other: half a step must not look like the other player's optimizer."""


def d_loss(real_logits: Floats, fake_logits: Floats) -> float:
    """What D pays for these scores: mean softplus(-real) + mean softplus(fake)."""
    return float(softplus(-real_logits).mean() + softplus(fake_logits).mean())


def g_loss(fake_logits: Floats) -> float:
    """What G pays for these scores, the non-saturating loss: mean softplus(-fake)."""
    return float(softplus(-fake_logits).mean())


def g_slope(fake_logits: Floats) -> Floats:
    """The derivative of G's loss by each score, but for the factor 1/n of the mean."""
    return -sigmoid(-fake_logits)


@dataclass(frozen=True)
class Game:
    """The weights of two small networks: G(z) = z a + b, or the tanh of that, and D(x) = x w + c.

    Attributes:
        a: (latent_dim, pixels).
        b: (pixels,).
        w: (pixels, 1).
        c: (1,).
        tanh: whether G ends in a tanh.
    """

    a: Floats
    b: Floats
    w: Floats
    c: Floats
    tanh: bool = False

    @classmethod
    def of(
        cls, generator: keras.Model, discriminator: keras.Model, *, tanh: bool = False
    ) -> Game:
        """The game that two Keras networks play now: a dense layer each, with whatever reshapes around it."""
        a, b, w, c = (
            np.asarray(weight, dtype=np.float64)
            for network in (generator, discriminator)
            for weight in network.get_weights()
        )
        return cls(a, b, w, c, tanh)

    def fakes(self, noise: Floats) -> Floats:
        """G's images (n, pixels)."""
        images = noise @ self.a + self.b
        return np.tanh(images) if self.tanh else images

    def scores(self, images: Floats) -> Floats:
        """D's scores (n, 1)."""
        return images @ self.w + self.c

    def d_step(
        self,
        real: Floats,
        fake: Floats,
        rate: float,
        weights: tuple[float, float] = (1, 1),
    ) -> Game:
        """The game after one step of D down its loss on these images; with a negative rate, up.

        The weights are those of the terms for real images and for fakes.
        """
        by_real, by_fake = (
            -weights[0] * sigmoid(-self.scores(real)) / len(real),
            weights[1] * sigmoid(self.scores(fake)) / len(fake),
        )
        w = self.w - rate * (real.T @ by_real + fake.T @ by_fake)
        return dataclasses.replace(
            self, w=w, c=self.c - rate * (by_real.sum(axis=0) + by_fake.sum(axis=0))
        )

    def g_step(
        self,
        noise: Floats,
        judge: Game,
        rate: float,
        slope: Callable[[Floats], Floats] = g_slope,
    ) -> Game:
        """The game after one step of G down a loss with this derivative by the score, through the D of ``judge``."""
        fake = self.fakes(noise)
        by_pixel = slope(judge.scores(fake)) / len(fake) @ judge.w.T
        if self.tanh:
            by_pixel = by_pixel * (1 - fake**2)
        return dataclasses.replace(
            self,
            a=self.a - rate * noise.T @ by_pixel,
            b=self.b - rate * by_pixel.sum(axis=0),
        )

    def same_d(self, other: Game) -> bool:
        """Whether both have the same D, but for rounding."""
        return _same(self.w, other.w) and _same(self.c, other.c)

    def same_g(self, other: Game) -> bool:
        """Whether both have the same G, but for rounding."""
        return _same(self.a, other.a) and _same(self.b, other.b)


def _same(one: Floats, other: Floats) -> bool:
    return bool(np.allclose(one, other, rtol=1e-3, atol=1e-5))


def expect_game_step(answer: Answer) -> None:
    """A step of both players must move each down its own loss, in plain Python and compiled.

    Args:
        answer: takes G, D, their optimizers, real images and noise; returns both losses.

    Raises:
        Wrong: it does not compile, or weights or losses are others than those worked out in NumPy.
    """
    rng = np.random.default_rng(4)
    for compiled in (False, True):
        networks, optimizers = _players(rng)
        step = tf.function(answer) if compiled else answer
        for number in (1, 2):
            where = f"step {number}{', compiled' * compiled}"
            real, noise = rng.uniform(-1, 1, size=(6, 4)), rng.normal(size=(6, 3))
            start = Game.of(*networks, tanh=True)
            try:
                result = step(
                    *networks,
                    *optimizers,
                    tensor(real.reshape(6, 2, 2, 1)),
                    tensor(noise),
                )
            except Exception as error:
                if not compiled:
                    raise
                raise Wrong(
                    f"it works in plain Python but not under tf.function ({type(error).__name__}: {said_by(error)}), "
                    "expected a step that compiles: TensorFlow only, no NumPy and no .numpy()."
                ) from error
            found = Game.of(*networks, tanh=True)
            _expect_step(start, found, real, noise, where)
            _expect_losses(result, start, real, noise, where)


def _players(
    rng: np.random.Generator,
) -> tuple[list[keras.Model], list[keras.optimizers.Optimizer]]:
    """G and D with random weights, and their optimizers, built as in the labs."""
    networks = [
        keras.Sequential(
            [
                keras.Input((3,)),
                keras.layers.Dense(4, activation="tanh"),
                keras.layers.Reshape((2, 2, 1)),
            ],
            name="generator",
        ),
        keras.Sequential(
            [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)],
            name="discriminator",
        ),
    ]
    optimizers = [keras.optimizers.SGD(rate) for rate in (_G_RATE, _D_RATE)]
    for network, optimizer in zip(networks, optimizers, strict=True):
        with_random_weights(network, rng)
        optimizer.build(network.trainable_variables)
    return networks, optimizers


def _expect_step(
    start: Game, found: Game, real: Floats, noise: Floats, where: str
) -> None:
    """Both players must be where their losses send them."""
    fake = start.fakes(noise)
    d_right = start.d_step(real, fake, _D_RATE)
    if np.array_equal(start.w, found.w) and np.array_equal(start.c, found.c):
        raise Wrong(
            f"{where}: D moved by exactly 0.0, expected a step down d_loss: is it frozen, or not updated?"
        )
    if np.array_equal(start.a, found.a) and np.array_equal(start.b, found.b):
        raise Wrong(
            f"{where}: G moved by exactly 0.0, expected a step down g_loss: is it updated, and does its gradient go "
            "through D?"
        )
    if not found.same_d(d_right):
        raise Wrong(
            f"{where}: {_moved(found, d_right, 'D', 'wc')}. {_hint_d(start, found, real, noise)}"
        )
    # Both orders are in use: G may look at D before or after D's own step.
    judges = (d_right, start)
    g_right = [start.g_step(noise, judge, _G_RATE) for judge in judges]
    if not any(found.same_g(right) for right in g_right):
        raise Wrong(
            f"{where}: {_moved(found, g_right[0], 'G', 'ab')}. {_hint_g(start, found, noise, judges)}"
        )


def _moved(found: Game, right: Game, player: str, parts: str) -> str:
    """The weights of a player that are not where they should be."""
    for part, name in zip(parts, ("kernel", "bias"), strict=True):
        one, other = getattr(found, part), getattr(right, part)
        if not _same(one, other):
            return f"{player}'s {name}: {difference(one, other)}"
    raise ValueError(f"{player} is where it should be.")


def _hint_d(start: Game, found: Game, real: Floats, noise: Floats) -> str:
    """The mistake that explains all of D's weights, if there is one."""
    fake = start.fakes(noise)
    d_right = start.d_step(real, fake, _D_RATE)

    def terms(
        real_weight: float,
        fake_weight: float,
        rate: float = _D_RATE,
        game: Game = start,
    ) -> Game:
        return game.d_step(real, fake, rate, (real_weight, fake_weight))

    mistakes = [
        (terms(1, 1, -_D_RATE), "That is a step up d_loss: D minimises it."),
        (
            start.d_step(fake, real, _D_RATE),
            "Real and fake are swapped: D should score real images high.",
        ),
        (
            terms(0.5, 0.5),
            "That is exactly half of the step: d_loss is the sum of both means, not their average.",
        ),
        (
            terms(6, 6),
            "The means are over the batch: sums are as many times too large.",
        ),
        (
            terms(1, 0),
            "Only the real images moved D: the term for the fakes is missing.",
        ),
        (terms(0, 1), "Only the fakes moved D: the term for real images is missing."),
        (terms(1, -1), "The sign of the term for the fakes is wrong."),
        (terms(-1, 1), "The sign of the term for real images is wrong."),
        (
            terms(1, 1, _G_RATE),
            "That is the step of the other optimizer: each moves its own network.",
        ),
        (terms(2, 2), "That is twice the step."),
        (
            terms(0, 1, game=terms(1, 0)),
            "D took two steps, one for each kind of image: add both terms, and step once.",
        ),
        (
            terms(1, 0, game=terms(0, 1)),
            "D took two steps, one for each kind of image: add both terms, and step once.",
        ),
        (
            start.d_step(real, found.fakes(noise), _D_RATE),
            "D learned from the fakes of a G that had moved already: draw the fakes once, before either moves.",
        ),
    ]
    for judge in (start, d_right):
        by_score = g_slope(judge.scores(fake)) / len(fake)
        for rate in (_D_RATE, _G_RATE):
            for game, words in (
                (
                    d_right,
                    "G's loss moved D as well: give each optimizer the variables of its own network only.",
                ),
                (start, "D stepped down G's loss: each network has a loss of its own."),
            ):
                moved = dataclasses.replace(
                    game,
                    w=game.w - rate * fake.T @ by_score,
                    c=game.c - rate * by_score.sum(axis=0),
                )
                mistakes.append((moved, words))
    return next(
        (words for wrong, words in mistakes if found.same_d(wrong)),
        "Check which loss and which variables D's tape is asked for.",
    )


def _hint_g(start: Game, found: Game, noise: Floats, judges: tuple[Game, ...]) -> str:
    """The mistake that explains all of G's weights, if there is one."""
    mistakes: list[tuple[Callable[[Floats], Floats], str]] = [
        (lambda f: -g_slope(f), "That is a step up g_loss: G wants high scores."),
        (
            lambda f: -sigmoid(f),
            "That is the minimax loss, not softplus(-fake_logits).",
        ),
        (sigmoid, "G made D's work easier: it stepped down D's loss, not its own."),
        (
            lambda f: sigmoid(f) + g_slope(f),
            "D's loss moved G as well: give each optimizer the variables of its own network only.",
        ),
        (
            lambda f: g_slope(f) / 2,
            "That is exactly half of the step: g_loss is a mean.",
        ),
        (
            lambda f: len(f) * g_slope(f),
            "The mean is over the batch: a sum is as many times too large.",
        ),
        (
            lambda f: _D_RATE / _G_RATE * g_slope(f),
            "That is the step of the other optimizer: each moves its own network.",
        ),
    ]
    for slope, words in mistakes:
        for judge in judges:
            if found.same_g(start.g_step(noise, judge, _G_RATE, slope)):
                return words
    return "Check which loss and which variables G's tape is asked for."


def _expect_losses(
    result: object, start: Game, real: Floats, noise: Floats, where: str
) -> None:
    """The losses returned are those that the players paid."""
    losses = parts_of(
        result,
        ("d_loss", "g_loss"),
        "the two losses",
        f"both networks moved, but {where}",
    )
    fake = start.fakes(noise)
    d_right = d_loss(start.scores(real), start.scores(fake))
    judges = (start, start.d_step(real, fake, _D_RATE))
    g_right = [g_loss(judge.scores(fake)) for judge in judges]
    expect_close(
        one_number(losses[0], f"{where}: d_loss"),
        d_right,
        f"{where}: d_loss",
        hints=[(value, "Return d_loss first, then g_loss.") for value in g_right],
    )
    value = one_number(losses[1], f"{where}: g_loss")
    expected = min(g_right, key=lambda right: abs(value - right))
    expect_close(value, expected, f"{where}: g_loss")
