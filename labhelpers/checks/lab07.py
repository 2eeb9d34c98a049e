"""Checks of lab 07: three losses, the gradient penalty, and BEGAN's controller."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.checks.core import Answer, Wrong, exercise, expect_close, to_array
from labhelpers.losses import zoo

REAL = np.array([[-5.0], [1.4], [12.5], [2.7]], dtype=np.float32)
FAKE = np.array([[10.0], [4.4], [-5.5], [3.6]], dtype=np.float32)


def _losses_of(loss: Any) -> Answer:
    return lambda real_logits, fake_logits: (
        loss.discriminator(real_logits, fake_logits),
        loss.generator(real_logits, fake_logits),
    )


def _least_squares(real_logits: Any, fake_logits: Any) -> Any:
    return _losses_of(zoo.least_squares())(real_logits, fake_logits)


def _wasserstein(real_logits: Any, fake_logits: Any) -> Any:
    return _losses_of(zoo.wgan())(real_logits, fake_logits)


def _hinge(real_logits: Any, fake_logits: Any) -> Any:
    return _losses_of(zoo.hinge())(real_logits, fake_logits)


def _two_losses(answer: Answer, real: np.ndarray, fake: np.ndarray) -> tuple[Any, Any]:
    """What the answer gives for these scores: D's loss and G's."""
    found = answer(tf.constant(real), tf.constant(fake))
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong(f"the result is a {type(found).__name__}, expected two losses: `return d_loss, g_loss`.")
    for name, value in zip(("d_loss", "g_loss"), found, strict=True):
        shape = to_array(value, name).shape
        if shape != ():
            raise Wrong(f"{name} has shape {shape}, expected one number: take the mean over the batch.")
    return found[0], found[1]


def _expect_losses(
    answer: Answer,
    expected: Answer,
    d_hints: list[tuple[np.ndarray | float, str]],
    g_hints: list[tuple[np.ndarray | float, str]],
) -> None:
    """Compare with the right losses on four scores, on others in another number, and in the gradients."""
    given = "r = [-5, 1.4, 12.5, 2.7], f = [10, 4.4, -5.5, 3.6]"
    d_loss, g_loss = _two_losses(answer, REAL, FAKE)
    d_right, g_right = (float(value) for value in expected(tf.constant(REAL), tf.constant(FAKE)))
    if np.isclose(float(d_loss), g_right, rtol=1e-4) and np.isclose(float(g_loss), d_right, rtol=1e-4):
        raise Wrong(f"{given}: the two losses have changed places, expected d_loss first, then g_loss.")
    expect_close(d_loss, d_right, f"d_loss of {given}", hints=d_hints)
    expect_close(g_loss, g_right, f"g_loss of {given}", hints=g_hints)
    rng = np.random.default_rng(9)
    real, fake = rng.normal(size=(7, 1)).astype(np.float32), rng.normal(size=(3, 1)).astype(np.float32)
    for name, found, right in zip(
        ("d_loss", "g_loss"),
        _two_losses(answer, real, fake),
        expected(tf.constant(real), tf.constant(fake)),
        strict=True,
    ):
        expect_close(found, float(right), f"{name} of 7 real and 3 fake scores")
    scores = tf.constant(FAKE)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = answer(tf.constant(REAL), scores)[1]
    gradient = tape.gradient(loss, scores) if isinstance(loss, tf.Tensor) else None
    if gradient is None:
        raise Wrong(
            "no gradient flows from g_loss to the fakes' scores, expected one: stay in TensorFlow from end to end."
        )


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x.astype(np.float64))))


@exercise(stand_in=_least_squares)
def least_squares_losses(answer: Answer) -> str:
    """Exercise 1: least squares, a = 0, b = c = 1."""
    real, fake = REAL.astype(np.float64), FAKE.astype(np.float64)
    d_right = 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()
    g_right = 0.5 * ((fake - 1) ** 2).mean()
    on_probabilities = 0.5 * ((_sigmoid(REAL) - 1) ** 2).mean() + 0.5 * (_sigmoid(FAKE) ** 2).mean()
    _expect_losses(
        answer,
        _least_squares,
        [
            (2 * d_right, "The factor 1/2 is missing."),
            (on_probabilities, "Take the raw scores: a sigmoid flattens the squares again."),
            (2 * on_probabilities, "Take the raw scores, without a sigmoid, and keep the factor 1/2."),
            (0.5 * (real**2).mean() + 0.5 * ((fake - 1) ** 2).mean(), "Real and fake have changed places."),
            (0.5 * d_right, "Each of the two terms has the factor 1/2; do not average them once more."),
            (0.5 * ((real - 1) ** 2).mean() + 0.5 * ((fake + 1) ** 2).mean(), "Here a = 0, not -1."),
        ],
        [
            (2 * g_right, "The factor 1/2 is missing."),
            (0.5 * (fake**2).mean(), "G wants the score c = 1 for its fakes, not 0."),
            (0.5 * ((_sigmoid(FAKE) - 1) ** 2).mean(), "Take the raw scores, without a sigmoid."),
            (-0.5 * (fake**2).mean(), "G does not maximise D's loss here: it has a target of its own."),
        ],
    )
    return "both losses, on raw scores, with the factor 1/2; gradients flow."


@exercise(stand_in=_wasserstein)
def wasserstein_losses(answer: Answer) -> str:
    """Exercise 2: the critic's loss and the generator's."""
    real, fake = REAL.astype(np.float64), FAKE.astype(np.float64)
    _expect_losses(
        answer,
        _wasserstein,
        [
            (real.mean() - fake.mean(), "The sign is turned: the critic wants high scores for real images."),
            (abs(fake.mean() - real.mean()), "Without the absolute value: the sign matters."),
            (_sigmoid(FAKE).mean() - _sigmoid(REAL).mean(), "A critic's score is no probability: no sigmoid."),
            (fake.sum() - real.sum(), "Take the mean over the batch, not the sum."),
        ],
        [
            (fake.mean(), "The sign is turned: G wants high scores for its fakes."),
            (real.mean() - fake.mean(), "G has no influence on the real scores: leave them out."),
            (-_sigmoid(FAKE).mean(), "A critic's score is no probability: no sigmoid."),
        ],
    )
    return "the critic widens the gap, G raises its own score; gradients flow."


@exercise(stand_in=_hinge)
def hinge_losses(answer: Answer) -> str:
    """Exercise 3: the hinge loss."""
    real, fake = REAL.astype(np.float64), FAKE.astype(np.float64)

    def relu(x: Any) -> Any:
        return np.maximum(x, 0)

    _expect_losses(
        answer,
        _hinge,
        [
            (
                relu(1 - real.mean()) + relu(1 + fake.mean()),
                "Cut each image at 0, then take the mean: not the reverse.",
            ),
            (relu(1 + real).mean() + relu(1 - fake).mean(), "The signs are turned: real above +1, fake below -1."),
            (relu(1 - real).mean(), "The fakes are missing."),
            ((1 - real).mean() + (1 + fake).mean(), "Cut each term at 0: nothing is paid beyond the margin."),
            (relu(-real).mean() + relu(fake).mean(), "The margin of 1 is missing."),
            (0.5 * (relu(1 - real).mean() + relu(1 + fake).mean()), "Add the two terms, without a factor 1/2."),
        ],
        [
            (relu(1 - fake).mean(), "G's loss has no margin: it is minus the mean score of the fakes."),
            (fake.mean(), "The sign is turned: G wants high scores for its fakes."),
            (-relu(1 + fake).mean(), "G's loss is not minus D's: no cut, no margin."),
        ],
    )
    return "D's margin cuts each image alone, G's has none; gradients flow."


def _gradient_penalty(critic: Answer, real_images: Any, fake_images: Any, mix: Any) -> Any:
    return zoo.gradient_penalty(weight=1.0)(critic, real_images, fake_images, mix)


@exercise(stand_in=_gradient_penalty)
def gradient_penalty(answer: Answer) -> str:
    """Exercise 4: the mean of (norm - 1)^2 of the critic's gradient at the mixed images."""
    rng = np.random.default_rng(10)
    real, fake = (rng.normal(size=(3, 2, 2, 1)).astype(np.float32) for _ in range(2))
    mix = np.array([0.2, 0.5, 0.9], dtype=np.float32)

    def call(critic: Answer, count: int = 3) -> Any:
        return answer(critic, tf.constant(real[:count]), tf.constant(fake[:count]), tf.constant(mix[:count]))

    linear = call(lambda images: 2.0 * tf.reduce_sum(images, axis=(1, 2, 3))[:, None])
    expect_close(
        linear,
        9.0,
        "the critic 2 * sum(x) over 4 pixels, whose gradient has norm 4",
        hints=[
            (90.0, "The weight of 10 is put in by the loss: return the mean alone."),
            (16.0, "The target is missing: (norm - 1)^2."),
            (1.0, "The norm is over all pixels of an image: height, width and channels."),
            ((np.sqrt(8) - 1) ** 2, "The norm is over all pixels of an image: height, width and channels."),
            (225.0, "Take the root: this is (norm^2 - 1)^2."),
            (3.0, "Square the difference."),
            (121.0, "Each image has its own gradient: the norm is not over the whole batch."),
            ((np.sqrt(48) - 1) ** 2, "Each image has its own gradient: the norm is not over the whole batch."),
            ((4 / 3 - 1) ** 2, "Differentiate the sum of the scores, not their mean."),
        ],
    )

    # The critic sum(x^2) / 2 has the gradient x itself: so one sees where it was taken.
    def mixed(share: np.ndarray) -> np.ndarray:
        return np.asarray(fake + share.reshape(-1, 1, 1, 1) * (real - fake))

    def value(images: np.ndarray) -> float:
        return float(((np.sqrt((images.astype(np.float64) ** 2).sum(axis=(1, 2, 3))) - 1) ** 2).mean())

    found = float(
        to_array(call(lambda images: 0.5 * tf.reduce_sum(images**2, axis=(1, 2, 3))[:, None]), "it").reshape(())
    )
    at_real, at_fake = value(real), value(fake)
    if np.isclose(found, at_real, rtol=1e-3) or np.isclose(found, at_fake, rtol=1e-3):
        where = "real" if np.isclose(found, at_real, rtol=1e-3) else "fake"
        raise Wrong(f"the gradient was taken at the {where} images, expected it at the mixed ones.")
    either = [value(mixed(mix)), value(mixed(1 - mix))]
    if not any(np.isclose(found, right, rtol=1e-3, atol=1e-4) for right in either):
        raise Wrong(
            f"with the critic sum(x^2)/2 the penalty is {found:.4g}, expected {either[0]:.4g}: mix each image with "
            "its own number, mix * real + (1 - mix) * fake, the same for all its pixels: reshape mix."
        )
    expect_close(call(lambda images: 2.0 * tf.reduce_sum(images, axis=(1, 2, 3))[:, None], 2), 9.0, "a batch of 2")
    _require_trains(call)
    return (
        "each image has its own place and its own norm, any batch size, and the penalty reaches the critic's weights."
    )


def _require_trains(call: Answer) -> None:
    """The penalty must be differentiable by the critic's weights, also where the gradient is 0."""
    critic = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    for scale in (1.0, 0.0):
        critic.set_weights([scale * np.ones((4, 1), dtype=np.float32), np.zeros(1, dtype=np.float32)])
        with tf.GradientTape() as tape:
            penalty = call(critic)
        kernel = critic.trainable_variables[0].value
        gradient = tape.gradient(penalty, kernel) if isinstance(penalty, tf.Tensor) else None
        if gradient is None:
            raise Wrong("no gradient flows from the penalty to the critic's weights, expected one: stay in TensorFlow.")
        if not np.isfinite(np.asarray(gradient)).all():
            raise Wrong(
                "where the critic is flat, the gradient is not finite, expected 0 there: the root's slope at 0 is "
                "infinite. Keep what is under it above 0: tf.sqrt(tf.maximum(squares, 1e-12))."
            )


def _update_k(k: Any, real_energy: Any, fake_energy: Any, gamma: float = 0.5, rate: float = 0.001) -> Any:
    balance = gamma * tf.reduce_mean(real_energy) - tf.reduce_mean(fake_energy)
    return tf.clip_by_value(k + rate * balance, 0.0, 1.0)


@exercise(stand_in=_update_k)
def update_k(answer: Answer) -> str:
    """Exercise 5: BEGAN's controller."""
    real, fake = tf.constant([[4.0], [6.0]]), tf.constant([[1.0], [0.0], [0.5]])

    def call(k: float, *more: float) -> Any:
        return answer(tf.constant(k), real, fake, *more)

    expect_close(
        call(0.3, 0.5, 0.1),
        0.3 + 0.1 * (0.5 * 5.0 - 0.5),
        "k = 0.3, energies of mean 5 (real) and 0.5 (fake), gamma 0.5, rate 0.1",
        hints=[
            (0.3 - 0.1 * 2.0, "The sign is turned: k grows while the fakes' error is too small."),
            (0.1 * 2.0, "Add the change to the old k."),
            (0.3 + 2.0, "The rate is missing."),
            (0.3 + 0.1 * (5.0 - 0.5), "gamma is missing."),
            (0.3 + 0.1 * (5.0 - 0.5 * 0.5), "gamma belongs to the real images' error."),
            (1.0, "The rate is missing."),
        ],
    )
    expect_close(call(0.95, 0.5, 0.1), 1.0, "k = 0.95 with a push upwards", hints=[(1.15, "Cut k at 1.")])
    expect_close(
        answer(tf.constant(0.05), fake, real, 0.5, 0.1),
        0.0,
        "k = 0.05 with a push downwards",
        hints=[(0.05 + 0.1 * (0.25 - 5.0), "Cut k at 0.")],
    )
    expect_close(call(0.3), 0.302, "k = 0.3 with the default gamma and rate")
    return "k moves the right way and stays in [0, 1]."
