"""Checks of lab 07: three losses, the gradient penalty, and BEGAN's controller."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.numeric import (
    FAKE_LOGITS,
    GIVEN_LOGITS,
    REAL_LOGITS,
    Floats,
    Hint,
    expect_close,
    gradients,
    one_number,
    parts_of,
    sigmoid,
    tensor,
)


def _losses_of(loss: Any) -> Answer:
    return lambda real_logits, fake_logits: (
        loss.discriminator(real_logits, fake_logits),
        loss.generator(real_logits, fake_logits),
    )


def _least_squares(real_logits: Any, fake_logits: Any) -> Any:
    return _losses_of(losses.least_squares())(real_logits, fake_logits)


def _wasserstein(real_logits: Any, fake_logits: Any) -> Any:
    return _losses_of(losses.wgan())(real_logits, fake_logits)


def _hinge(real_logits: Any, fake_logits: Any) -> Any:
    return _losses_of(losses.hinge())(real_logits, fake_logits)


def _two_losses(answer: Answer, real: Floats, fake: Floats) -> tuple[Any, Any]:
    """What the answer gives for these scores: D's loss and G's."""
    names = ("d_loss", "g_loss")
    found = parts_of(
        answer(tensor(real), tensor(fake)), names, "the two losses", "the answer"
    )
    for name, value in zip(names, found, strict=True):
        one_number(value, name)
    return found[0], found[1]


def _expect_losses(
    answer: Answer, expected: Answer, d_hints: list[Hint], g_hints: list[Hint]
) -> None:
    """Compare with the right losses on four scores, on others in another number, and in the gradients."""
    d_loss, g_loss = _two_losses(answer, REAL_LOGITS, FAKE_LOGITS)
    d_right, g_right = (
        float(value) for value in expected(tensor(REAL_LOGITS), tensor(FAKE_LOGITS))
    )
    if np.isclose(one_number(d_loss, "d_loss"), g_right, rtol=1e-4) and np.isclose(
        one_number(g_loss, "g_loss"), d_right, rtol=1e-4
    ):
        raise Wrong(
            f"{GIVEN_LOGITS}: the two losses are swapped, expected d_loss first, then g_loss."
        )
    expect_close(d_loss, d_right, f"d_loss of {GIVEN_LOGITS}", hints=d_hints)
    expect_close(g_loss, g_right, f"g_loss of {GIVEN_LOGITS}", hints=g_hints)
    rng = np.random.default_rng(9)
    real, fake = rng.normal(size=(7, 1)), rng.normal(size=(3, 1))
    pairs = zip(
        _two_losses(answer, real, fake),
        expected(tensor(real), tensor(fake)),
        strict=True,
    )
    for name, (found, right) in zip(("d_loss", "g_loss"), pairs, strict=True):
        expect_close(found, right, f"{name} of 7 real and 3 fake scores")
    gradients(
        lambda scores: answer(tensor(REAL_LOGITS), scores)[1],
        {"the fakes' scores": tensor(FAKE_LOGITS)},
        "g_loss",
    )


@exercise(stand_in=_least_squares)
def least_squares_losses(answer: Answer) -> str:
    """Exercise 1: least squares, a = 0, b = c = 1."""
    real, fake = REAL_LOGITS, FAKE_LOGITS
    d_right = 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()
    g_right = 0.5 * ((fake - 1) ** 2).mean()
    on_probabilities = (
        0.5 * ((sigmoid(real) - 1) ** 2).mean() + 0.5 * (sigmoid(fake) ** 2).mean()
    )
    _expect_losses(
        answer,
        _least_squares,
        [
            (2 * d_right, "The factor 1/2 is missing."),
            (
                on_probabilities,
                "Take the raw scores: a sigmoid flattens the squares again.",
            ),
            (
                2 * on_probabilities,
                "Take the raw scores, without a sigmoid, and keep the factor 1/2.",
            ),
            (
                0.5 * (real**2).mean() + 0.5 * ((fake - 1) ** 2).mean(),
                "Real and fake are swapped.",
            ),
            (
                0.5 * d_right,
                "Each of the two terms has the factor 1/2; do not average them once more.",
            ),
            (
                0.5 * ((real - 1) ** 2).mean() + 0.5 * ((fake + 1) ** 2).mean(),
                "Here a = 0, not -1.",
            ),
        ],
        [
            (2 * g_right, "The factor 1/2 is missing."),
            (0.5 * (fake**2).mean(), "G wants the score c = 1 for its fakes, not 0."),
            (
                0.5 * ((sigmoid(fake) - 1) ** 2).mean(),
                "Take the raw scores, without a sigmoid.",
            ),
            (
                -0.5 * (fake**2).mean(),
                "G does not maximise D's loss here: it has a target of its own.",
            ),
        ],
    )
    return "both losses, on raw scores, with the factor 1/2; gradients flow."


@exercise(stand_in=_wasserstein)
def wasserstein_losses(answer: Answer) -> str:
    """Exercise 2: the critic's loss and the generator's."""
    real, fake = REAL_LOGITS, FAKE_LOGITS
    _expect_losses(
        answer,
        _wasserstein,
        [
            (
                real.mean() - fake.mean(),
                "The sign is flipped: the critic wants high scores for real images.",
            ),
            (
                abs(fake.mean() - real.mean()),
                "Leave out the absolute value: the sign matters.",
            ),
            (
                sigmoid(fake).mean() - sigmoid(real).mean(),
                "A critic's score is not a probability: no sigmoid.",
            ),
            (fake.sum() - real.sum(), "Take the mean over the batch, not the sum."),
        ],
        [
            (fake.mean(), "The sign is flipped: G wants high scores for its fakes."),
            (
                real.mean() - fake.mean(),
                "G has no influence on the real scores: leave them out.",
            ),
            (
                -sigmoid(fake).mean(),
                "A critic's score is not a probability: no sigmoid.",
            ),
        ],
    )
    return "the critic widens the gap, G raises its own score; gradients flow."


@exercise(stand_in=_hinge)
def hinge_losses(answer: Answer) -> str:
    """Exercise 3: the hinge loss."""
    real, fake = REAL_LOGITS, FAKE_LOGITS

    def relu(x: Any) -> Any:
        return np.maximum(x, 0)

    _expect_losses(
        answer,
        _hinge,
        [
            (
                relu(1 - real.mean()) + relu(1 + fake.mean()),
                "Clip each image at 0, then take the mean: not the other way round.",
            ),
            (
                relu(1 + real).mean() + relu(1 - fake).mean(),
                "The signs are flipped: real above +1, fake below -1.",
            ),
            (relu(1 - real).mean(), "The fakes are missing."),
            (
                (1 - real).mean() + (1 + fake).mean(),
                "Clip each term at 0: nothing is paid beyond the margin.",
            ),
            (relu(-real).mean() + relu(fake).mean(), "The margin of 1 is missing."),
            (
                0.5 * (relu(1 - real).mean() + relu(1 + fake).mean()),
                "Add the two terms, without a factor 1/2.",
            ),
        ],
        [
            (
                relu(1 - fake).mean(),
                "G's loss has no margin: it is minus the mean score of the fakes.",
            ),
            (fake.mean(), "The sign is flipped: G wants high scores for its fakes."),
            (
                -relu(1 + fake).mean(),
                "G's loss is not minus D's: no clipping, no margin.",
            ),
        ],
    )
    return "D's loss is clipped image by image, G's has no margin; gradients flow."


def _gradient_penalty(
    critic: Answer, real_images: Any, fake_images: Any, mix: Any
) -> Any:
    batch = losses.Batch(real_images, source=None, drawn={"mix": mix})
    return losses.gradient_penalty().amount(
        losses.Seen(batch, fake_images, real=None, fake=None, score=critic)
    )


@exercise(stand_in=_gradient_penalty)
def gradient_penalty(answer: Answer) -> str:
    """Exercise 4: the mean of (norm - 1)^2 of the critic's gradient at the mixed images."""
    rng = np.random.default_rng(10)
    real, fake = rng.normal(size=(2, 3, 2, 2, 1))
    mix = np.array([0.2, 0.5, 0.9])

    def call(critic: Answer, count: int = 3) -> Any:
        return answer(
            critic, tensor(real[:count]), tensor(fake[:count]), tensor(mix[:count])
        )

    def linear(images: Tensor) -> Tensor:
        return 2.0 * tf.reduce_sum(images, axis=(1, 2, 3))[:, None]

    # The gradient of this critic is x itself: so the penalty tells where it was taken.
    def square(images: Tensor) -> Tensor:
        return 0.5 * tf.reduce_sum(images**2, axis=(1, 2, 3))[:, None]

    expect_close(
        call(linear),
        9.0,
        "the critic 2 * sum(x) over 4 pixels, whose gradient has norm 4",
        hints=[
            (
                90.0,
                "The loss itself multiplies by the weight of 10: return the mean alone.",
            ),
            (16.0, "The target is missing: (norm - 1)^2."),
            (
                1.0,
                "The norm is over all pixels of an image: height, width and channels.",
            ),
            (
                (np.sqrt(8) - 1) ** 2,
                "The norm is over all pixels of an image: height, width and channels.",
            ),
            (225.0, "Take the root: this is (norm^2 - 1)^2."),
            (3.0, "Square the difference."),
            (
                121.0,
                "Each image has its own gradient: the norm is not over the whole batch.",
            ),
            (
                (np.sqrt(48) - 1) ** 2,
                "Each image has its own gradient: the norm is not over the whole batch.",
            ),
            ((4 / 3 - 1) ** 2, "Differentiate the sum of the scores, not their mean."),
        ],
    )

    def mixed(share: Floats) -> Floats:
        return fake + share.reshape(-1, 1, 1, 1) * (real - fake)

    def value(images: Floats) -> float:
        return float(((np.sqrt((images**2).sum(axis=(1, 2, 3))) - 1) ** 2).mean())

    found = one_number(call(square), "the penalty")
    for place, images in (("real", real), ("fake", fake)):
        if np.isclose(found, value(images), rtol=1e-3):
            raise Wrong(
                f"the gradient was taken at the {place} images, expected it at the mixed ones."
            )
    either = [value(mixed(mix)), value(mixed(1 - mix))]
    if not any(np.isclose(found, right, rtol=1e-3, atol=1e-4) for right in either):
        raise Wrong(
            f"with the critic sum(x^2)/2 the penalty is {found:.4g}, expected {either[0]:.4g}: mix each image with "
            "its own number, mix * real + (1 - mix) * fake, the same for all its pixels: reshape mix."
        )
    expect_close(call(linear, 2), 9.0, "a batch of 2")
    _expect_trains(call)
    return "each image has its own place and norm, any batch size, and the penalty reaches the critic's weights."


def _expect_trains(call: Answer) -> None:
    """The penalty must be differentiable by the critic's weights, also where the gradient is 0."""
    critic = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    for scale in (1.0, 0.0):
        critic.set_weights([scale * np.ones((4, 1)), np.zeros(1)])
        kernel = critic.trainable_variables[0].value
        _, (slope,) = gradients(
            lambda _: call(critic), {"the critic's weights": kernel}, "the penalty"
        )
        if not np.isfinite(slope).all():
            raise Wrong(
                "where the critic is flat, the gradient is not finite, expected 0 there: the root's slope at 0 is "
                "infinite. Keep what is under it above 0: tf.sqrt(tf.maximum(squares, 1e-12))."
            )


def _update_k(
    k: Any, real_energy: Any, fake_energy: Any, gamma: float = 0.5, rate: float = 0.001
) -> Any:
    balance = gamma * tf.reduce_mean(real_energy) - tf.reduce_mean(fake_energy)
    return tf.clip_by_value(k + rate * balance, 0.0, 1.0)


@exercise(stand_in=_update_k)
def update_k(answer: Answer) -> str:
    """Exercise 5: BEGAN's controller."""
    real, fake = tensor([[4.0], [6.0]]), tensor([[1.0], [0.0], [0.5]])

    def call(k: float, *more: float) -> Any:
        return answer(tensor(k), real, fake, *more)

    expect_close(
        call(0.3, 0.5, 0.1),
        0.3 + 0.1 * (0.5 * 5.0 - 0.5),
        "k = 0.3, energies of mean 5 (real) and 0.5 (fake), gamma 0.5, rate 0.1",
        hints=[
            (
                0.3 - 0.1 * 2.0,
                "The sign is flipped: k grows while the fakes' error is too small.",
            ),
            (0.1 * 2.0, "Add the change to the old k."),
            (0.3 + 2.0, "The rate is missing."),
            (0.3 + 0.1 * (5.0 - 0.5), "gamma is missing."),
            (0.3 + 0.1 * (5.0 - 0.5 * 0.5), "gamma belongs to the real images' error."),
            (1.0, "The rate is missing."),
        ],
    )
    expect_close(
        call(0.95, 0.5, 0.1),
        1.0,
        "k = 0.95, pushed upwards",
        hints=[(1.15, "Clip k at 1.")],
    )
    expect_close(
        answer(tensor(0.05), fake, real, 0.5, 0.1),
        0.0,
        "k = 0.05, pushed downwards",
        hints=[(0.05 + 0.1 * (0.25 - 5.0), "Clip k at 0.")],
    )
    expect_close(call(0.3), 0.302, "k = 0.3 with the default gamma and rate")
    return "k moves the right way and stays in [0, 1]."
