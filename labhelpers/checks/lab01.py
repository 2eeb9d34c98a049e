"""Checks of lab 01: the parts of a variational autoencoder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from labhelpers import losses, training
from labhelpers.checks.core import Answer, Wrong, exercise, expect_close, to_array

_MEAN = np.array([[1.0, -2.0]], dtype=np.float32)
_LOG_VAR = np.array([[2 * math.log(2), 0.0]], dtype=np.float32)
"""A standard deviation of 2 in the first dimension and of 1 in the second."""


@exercise(stand_in=training.sample_z)
def sample_z(answer: Answer) -> str:
    """Exercise 1: codes from mean, log variance and noise."""
    epsilon = np.array([[1.0, -0.5]], dtype=np.float32)
    given = "mean=[1, -2], log_var=[log 4, 0], epsilon=[1, -0.5]"
    mean, log_var, noise = tf.constant(_MEAN), tf.constant(_LOG_VAR), tf.constant(epsilon)
    result = answer(mean, log_var, noise)
    deviation = np.exp(0.5 * _LOG_VAR)
    expect_close(
        result,
        _MEAN + deviation * epsilon,
        given,
        hints=[
            (_MEAN + np.exp(_LOG_VAR) * epsilon, "That multiplies the noise by the variance, not by its square root."),
            (_MEAN + _LOG_VAR * epsilon, "log_var is a logarithm: take its exponential first."),
            (_MEAN + np.sqrt(np.abs(_LOG_VAR)) * epsilon, "log_var is a logarithm: take its exponential first."),
            (_MEAN + epsilon, "The noise must be scaled by the standard deviation."),
            (_MEAN, "Where is the noise?"),
            (_MEAN + deviation, "Where is the noise?"),
            (_MEAN + epsilon / deviation, "Check the sign in the exponent."),
            (_MEAN - deviation * epsilon, "Add the scaled noise, do not subtract it."),
        ],
    )
    rng = np.random.default_rng(0)
    mean, log_var, noise = (tf.constant(rng.normal(size=(5, 3)), dtype=tf.float32) for _ in range(3))
    with tf.GradientTape() as tape:
        tape.watch([mean, log_var])
        codes = answer(mean, log_var, noise)
    if not isinstance(codes, tf.Tensor):
        raise Wrong(f"the result is a {type(codes).__name__}, expected a tensor: NumPy lets no gradient through.")
    expect_close(codes, mean + tf.exp(0.5 * log_var) * noise, "a batch of 5 codes with 3 dimensions")
    gradients = tape.gradient(codes, [mean, log_var])
    for name, gradient, expected in zip(
        ("mean", "log_var"), gradients, (np.ones((5, 3)), 0.5 * np.exp(0.5 * log_var) * noise), strict=True
    ):
        if gradient is None:
            raise Wrong(
                f"no gradient flows from the codes to {name}, expected one: stay in TensorFlow from end to end."
            )
        expect_close(gradient, expected, f"the gradient of the codes with respect to {name}")
    return "right values, and gradients flow to mean and log_var."


@exercise(stand_in=losses.kl_divergence)
def kl_divergence(answer: Answer) -> str:
    """Exercise 2: KL divergence in closed form, one value an image."""
    mean = tf.constant([[0.0, 0.0], [1.0, -2.0]])
    log_var = tf.constant([[0.0, 0.0], [2 * math.log(2), 0.0]])
    given = "mean=[[0, 0], [1, -2]], log_var=[[0, 0], [log 4, 0]]"
    m, v = mean.numpy(), log_var.numpy()
    parts = 0.5 * (m**2 + np.exp(v) - 1 - v)
    right = parts.sum(axis=1)
    result = answer(mean, log_var)
    expect_close(
        result,
        right,
        given,
        hints=[
            (-right, "KL is never negative: check the sign in front."),
            (2 * right, "The factor 1/2 is missing."),
            (-2 * right, "KL is never negative, and the factor 1/2 is missing."),
            (parts.mean(axis=1), "Sum over the latent dimensions, do not average."),
            (right.sum(), "Keep one value an image: sum over the latent dimensions only."),
            (right.mean(), "Keep one value an image: the mean over the batch comes later."),
            (parts.sum(axis=0), "Sum over the latent dimensions (axis 1), not over the batch."),
            (parts, "Sum over the latent dimensions."),
            (right + 1, "The term -1 is missing."),
            (right - 0.5 * (m**2).sum(axis=1), "The squared mean is missing."),
            (0.5 * (np.abs(m) + np.exp(v) - 1 - v).sum(axis=1), "Square the mean."),
            (0.5 * (m + np.exp(v) - 1 - v).sum(axis=1), "Square the mean."),
            (
                0.5 * (m**2 + np.exp(0.5 * v) - 1 - v).sum(axis=1),
                "exp(log_var) is the variance; do not take its root.",
            ),
            (
                0.5 * (m**2 + np.exp(2 * v) - 1 - v).sum(axis=1),
                "exp(log_var) is the variance already; do not square it.",
            ),
            (0.5 * (m**2 - 1).sum(axis=1), "log_var is a logarithm: its exponential is missing."),
            (
                0.5 * (m**2 + np.exp(v) - 1 + v).sum(axis=1),
                "log_var is subtracted, not added.",
            ),
        ],
    )
    rng = np.random.default_rng(1)
    mean, log_var = (tf.constant(rng.normal(size=(6, 4)), dtype=tf.float32) for _ in range(2))
    expect_close(answer(mean, log_var), losses.kl_divergence(mean, log_var), "a batch of 6 codes with 4 dimensions")
    _require_gradient(lambda m, v: tf.reduce_sum(answer(m, v)), (mean, log_var), ("mean", "log_var"))
    return "0 at the standard normal, and right for six random Gaussians."


def _vae_loss(*arguments: Any) -> tuple[Any, ...]:
    return tuple(losses.vae_loss(*arguments).values())


def _repaired_loss(*arguments: Any) -> Any:
    return losses.vae_loss(*arguments)["loss"]


# The stand-ins are no lambdas: AutoGraph prints a warning for each lambda that it cannot find in a file.
@exercise(stand_in=_vae_loss)
def vae_loss(answer: Answer) -> str:
    """Exercise 3: the loss in nats per image, with its two parts."""
    images = tf.constant(np.array([[1.0, 0.0], [1.0, 1.0]]).reshape(2, 1, 2, 1), dtype=tf.float32)
    guesses = tf.constant(np.array([[0.5, 0.5], [0.9, 0.8]]).reshape(2, 1, 2, 1), dtype=tf.float32)
    mean = tf.constant([[1.0], [2.0]])
    log_var = tf.zeros((2, 1))
    given = "images=[[1, 0], [1, 1]], reconstructions=[[.5, .5], [.9, .8]], mean=[[1], [2]], log_var=0, beta=3"
    loss, reconstruction, kl = _three(answer(images, guesses, mean, log_var, 3.0), given)
    nats = np.array([2 * math.log(2), -math.log(0.9) - math.log(0.8)])
    divergence = np.array([0.5, 2.0])
    expect_close(
        reconstruction,
        nats.mean(),
        f"{given}: reconstruction",
        hints=[
            (nats.mean() / 2, "Sum over the pixels of an image, do not average."),
            (nats.sum(), "Average over the batch, do not sum."),
            (-nats.mean(), "Check the sign: a likelihood below 1 costs a positive number of nats."),
            (3 * nats.mean(), "beta is the weight of KL, not of the reconstruction."),
            (nats, "Average over the batch."),
        ],
    )
    expect_close(
        kl,
        divergence.mean(),
        f"{given}: kl",
        hints=[
            (divergence.sum(), "Average KL over the batch as well; a sum weighs it batch_size times too much."),
            (3 * divergence.mean(), "Return kl without beta; only the loss has it."),
            (divergence, "Average over the batch."),
            (-divergence.mean(), "KL is never negative."),
        ],
    )
    expect_close(
        loss,
        nats.mean() + 3 * divergence.mean(),
        f"{given}: loss",
        hints=[
            (nats.mean() + divergence.mean(), "beta is missing: it multiplies KL."),
            (3 * nats.mean() + divergence.mean(), "beta is the weight of KL, not of the reconstruction."),
            (3 * (nats.mean() + divergence.mean()), "beta is the weight of KL alone."),
            (nats.mean() - 3 * divergence.mean(), "Both parts are costs: add them."),
        ],
    )
    sure = tf.constant(np.array([[1.0, 0.0], [1.0, 1.0]]).reshape(2, 1, 2, 1), dtype=tf.float32)
    try:
        loss, _, _ = _three(answer(1 - images, sure, mean, log_var, 1.0), "reconstructions of exactly 0 and 1")
        to_array(loss, "the loss for reconstructions of exactly 0 and 1")
    except Wrong as wrong:
        raise Wrong(f"{wrong} Clip the probabilities away from 0 and 1 before the logarithm.") from None
    _compare_on_random_batch(lambda *batch: answer(*batch, 0.5), 0.5)
    return "reconstruction, KL and loss are right, for any batch size, and finite at probabilities of 0 and 1."


@exercise(stand_in=_repaired_loss)
def repaired_loss(answer: Answer) -> str:
    """Find the bug: the course's loss with both parts in nats per image."""
    rng = np.random.default_rng(2)
    batch = _random_batch(rng, 4)
    once = answer(*batch)
    twice = answer(*(tf.concat([part, part], axis=0) for part in batch))
    right = losses.vae_loss(*batch)
    expected, kl = float(right["loss"]), float(right["kl"])
    reconstruction = float(right["reconstruction"])
    pixels = 6
    expect_close(
        once,
        expected,
        "a random batch of 4 images",
        hints=[
            (reconstruction + 4 * kl, "KL is still summed over the batch: here it weighs 4 times too much."),
            (4 * reconstruction + 4 * kl, "That is a sum over the batch: average both parts."),
            (reconstruction, "KL is gone; it should stay, with its right weight."),
            (reconstruction / pixels + kl, "Keep the reconstruction a sum over pixels."),
            (reconstruction + kl / 2, "KL is a sum over latent dimensions; average over the batch only."),
            (reconstruction + 4 * kl / 128, "Divide by the batch's own size, not by 128."),
        ],
    )
    expect_close(twice, expected, "the same batch twice over")
    return "the loss of a batch does not change when the batch is doubled."


def _three(result: object, given: str) -> tuple[object, object, object]:
    if isinstance(result, dict):
        result = tuple(result.values())
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        kind = f"{len(result)} values" if isinstance(result, (tuple, list)) else f"a {type(result).__name__}"
        raise Wrong(f"{given}: gave {kind}, expected the three values loss, reconstruction, kl.")
    return result[0], result[1], result[2]


def _random_batch(rng: np.random.Generator, count: int) -> tuple[tf.Tensor, ...]:
    images, guesses = rng.uniform(0.05, 0.95, size=(2, count, 3, 2, 1))
    mean, log_var = rng.normal(size=(2, count, 2))
    return tuple(tf.constant(part, dtype=tf.float32) for part in (images, guesses, mean, log_var))


def _compare_on_random_batch(answer: Answer, beta: float) -> None:
    batch = _random_batch(np.random.default_rng(3), 5)
    images, guesses, mean, log_var = batch
    expected = losses.vae_loss(images, guesses, mean, log_var, beta)
    found = _three(answer(*batch), "a random batch of 5 images")
    for name, value, wanted in zip(("loss", "reconstruction", "kl"), found, expected.values(), strict=True):
        expect_close(value, wanted, f"a random batch of 5 images, beta={beta:g}: {name}")


def _require_gradient(function: Answer, arguments: tuple[tf.Tensor, ...], names: tuple[str, ...]) -> None:
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        result = function(*arguments)
    for name, gradient in zip(names, tape.gradient(result, arguments), strict=True):
        if gradient is None:
            raise Wrong(f"no gradient flows to {name}, expected one: stay in TensorFlow from end to end.")
