"""A GAN small enough to work out its losses and one step of each player in NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from labhelpers.checks.numeric import Floats, sigmoid, softplus


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

    def d_step(self, real: Floats, fake: Floats, rate: float) -> Game:
        """The game after one step of D down its loss on these images; with a negative rate, up."""
        by_real, by_fake = (
            -sigmoid(-self.scores(real)) / len(real),
            sigmoid(self.scores(fake)) / len(fake),
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
