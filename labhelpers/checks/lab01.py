"""Checks of lab 01: the parts of a variational autoencoder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from labhelpers import losses, training
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.numeric import (
    expect_close,
    gradients,
    parts_of,
    tensor,
    to_array,
)

_MEAN = np.array([[1.0, -2.0]])
_LOG_VAR = np.array([[2 * math.log(2), 0.0]])
"""A standard deviation of 2 in the first dimension and of 1 in the second."""


@exercise(stand_in=training.sample_z)
def sample_z(answer: Answer) -> str:
    """Exercise 1: codes from mean, log variance and noise."""
    epsilon = np.array([[1.0, -0.5]])
    given = "mean=[1, -2], log_var=[log 4, 0], epsilon=[1, -0.5]"
    result = answer(tensor(_MEAN), tensor(_LOG_VAR), tensor(epsilon))
    deviation = np.exp(0.5 * _LOG_VAR)
    expect_close(
        result,
        _MEAN + deviation * epsilon,
        given,
        hints=[
            (
                _MEAN + np.exp(_LOG_VAR) * epsilon,
                "That multiplies the noise by the variance, not by its square root.",
            ),
            (
                _MEAN + _LOG_VAR * epsilon,
                "log_var is a logarithm: take its exponential first.",
            ),
            (
                _MEAN + np.sqrt(np.abs(_LOG_VAR)) * epsilon,
                "log_var is a logarithm: take its exponential first.",
            ),
            (_MEAN + epsilon, "The noise must be scaled by the standard deviation."),
            (_MEAN, "Where is the noise?"),
            (_MEAN + deviation, "Where is the noise?"),
            (_MEAN + epsilon / deviation, "Check the sign in the exponent."),
            (_MEAN - deviation * epsilon, "Add the scaled noise, do not subtract it."),
        ],
    )
    rng = np.random.default_rng(0)
    mean, log_var, noise = rng.normal(size=(3, 5, 3))
    inputs = {"mean": tensor(mean), "log_var": tensor(log_var)}
    codes, slopes = gradients(lambda m, v: answer(m, v, tensor(noise)), inputs)
    spread = np.exp(0.5 * log_var) * noise
    expect_close(codes, mean + spread, "a batch of 5 codes with 3 dimensions")
    for name, slope, expected in zip(
        inputs, slopes, (np.ones((5, 3)), 0.5 * spread), strict=True
    ):
        expect_close(
            slope, expected, f"the gradient of the codes with respect to {name}"
        )
    return "right values, and gradients flow to mean and log_var."


@exercise(stand_in=losses.kl_divergence)
def kl_divergence(answer: Answer) -> str:
    """Exercise 2: KL divergence in closed form, one value per image."""
    m = np.array([[0.0, 0.0], [1.0, -2.0]])
    v = np.array([[0.0, 0.0], [2 * math.log(2), 0.0]])
    given = "mean=[[0, 0], [1, -2]], log_var=[[0, 0], [log 4, 0]]"
    parts = 0.5 * (m**2 + np.exp(v) - 1 - v)
    right = parts.sum(axis=1)
    expect_close(
        answer(tensor(m), tensor(v)),
        right,
        given,
        hints=[
            (-right, "KL is never negative: check the sign in front."),
            (2 * right, "The factor 1/2 is missing."),
            (-2 * right, "KL is never negative, and the factor 1/2 is missing."),
            (parts.mean(axis=1), "Sum over the latent dimensions, do not average."),
            (
                right.sum(),
                "Keep one value per image: sum over the latent dimensions only.",
            ),
            (
                right.mean(),
                "Keep one value per image: the mean over the batch comes later.",
            ),
            (
                parts.sum(axis=0),
                "Sum over the latent dimensions (axis 1), not over the batch.",
            ),
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
            (
                0.5 * (m**2 - 1).sum(axis=1),
                "log_var is a logarithm: its exponential is missing.",
            ),
            (
                0.5 * (m**2 + np.exp(v) - 1 + v).sum(axis=1),
                "log_var is subtracted, not added.",
            ),
        ],
    )
    rng = np.random.default_rng(1)
    mean, log_var = map(tensor, rng.normal(size=(2, 6, 4)))
    expect_close(
        answer(mean, log_var),
        losses.kl_divergence(mean, log_var),
        "a batch of 6 codes with 4 dimensions",
    )
    gradients(
        lambda m, v: tf.reduce_sum(answer(m, v)),
        {"mean": mean, "log_var": log_var},
        "KL",
    )
    return "0 at the standard normal, and right for six random Gaussians."


def _vae_loss(*arguments: Any) -> tuple[Any, ...]:
    return tuple(losses.vae_loss(*arguments).values())


def _repaired_loss(*arguments: Any) -> Any:
    return losses.vae_loss(*arguments)["loss"]


# Stand-ins are not lambdas: AutoGraph prints a warning for each lambda whose source it cannot find in a file.
@exercise(stand_in=_vae_loss)
def vae_loss(answer: Answer) -> str:
    """Exercise 3: the loss in nats per image, with its two parts."""
    images = _tiny_images([[1.0, 0.0], [1.0, 1.0]])
    reconstructions = _tiny_images([[0.5, 0.5], [0.9, 0.8]])
    mean, log_var = tensor([[1.0], [2.0]]), tensor([[0.0], [0.0]])
    given = "images=[[1, 0], [1, 1]], reconstructions=[[.5, .5], [.9, .8]], mean=[[1], [2]], log_var=0, beta=3"
    loss, reconstruction, kl = _three(
        answer(images, reconstructions, mean, log_var, 3.0), given
    )
    nats = np.array([2 * math.log(2), -math.log(0.9) - math.log(0.8)])
    divergence = np.array([0.5, 2.0])
    expect_close(
        reconstruction,
        nats.mean(),
        f"{given}: reconstruction",
        hints=[
            (nats.mean() / 2, "Sum over the pixels of an image, do not average."),
            (nats.sum(), "Average over the batch, do not sum."),
            (
                -nats.mean(),
                "Check the sign: a likelihood below 1 costs a positive number of nats.",
            ),
            (3 * nats.mean(), "beta is the weight of KL, not of the reconstruction."),
            (nats, "Average over the batch."),
        ],
    )
    expect_close(
        kl,
        divergence.mean(),
        f"{given}: kl",
        hints=[
            (
                divergence.sum(),
                "Average KL over the batch as well; a sum makes it batch_size times too large.",
            ),
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
            (
                3 * nats.mean() + divergence.mean(),
                "beta is the weight of KL, not of the reconstruction.",
            ),
            (3 * (nats.mean() + divergence.mean()), "beta is the weight of KL alone."),
            (nats.mean() - 3 * divergence.mean(), "Both parts are costs: add them."),
        ],
    )
    given = "reconstructions of exactly 0 and 1"
    try:
        loss, _, _ = _three(answer(1 - images, images, mean, log_var, 1.0), given)
        to_array(loss, f"the loss for {given}")
    except Wrong as wrong:
        raise Wrong(
            f"{wrong} Clip the probabilities away from 0 and 1 before the logarithm."
        ) from None
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
            (
                reconstruction + 4 * kl,
                "KL is still summed over the batch: here it is 4 times too large.",
            ),
            (
                4 * reconstruction + 4 * kl,
                "That is a sum over the batch: average both parts.",
            ),
            (reconstruction, "KL is gone; it should stay, with the right weight."),
            (
                reconstruction / pixels + kl,
                "Keep the reconstruction a sum over pixels.",
            ),
            (
                reconstruction + kl / 2,
                "KL is a sum over latent dimensions; average over the batch only.",
            ),
            (
                reconstruction + 4 * kl / 128,
                "Divide by the batch's own size, not by 128.",
            ),
        ],
    )
    expect_close(twice, expected, "the same batch twice over")
    return "the loss of a batch does not change when the batch is doubled."


def _tiny_images(rows: list[list[float]]) -> Tensor:
    """Images of one row."""
    return tensor(np.array(rows)[:, None, :, None])


def _three(result: object, given: str) -> tuple[object, ...]:
    if isinstance(result, dict):
        result = tuple(result.values())
    return parts_of(
        result,
        ("loss", "reconstruction", "kl"),
        "the three values",
        f"{given}: the answer",
    )


def _random_batch(rng: np.random.Generator, count: int) -> tuple[Tensor, ...]:
    """Images, reconstructions, means and log variances."""
    images = rng.uniform(0.05, 0.95, size=(2, count, 3, 2, 1))
    gaussians = rng.normal(size=(2, count, 2))
    return tuple(map(tensor, (*images, *gaussians)))


def _compare_on_random_batch(answer: Answer, beta: float) -> None:
    batch = _random_batch(np.random.default_rng(3), 5)
    images, guesses, mean, log_var = batch
    expected = losses.vae_loss(images, guesses, mean, log_var, beta)
    found = _three(answer(*batch), "a random batch of 5 images")
    for name, value, wanted in zip(
        ("loss", "reconstruction", "kl"), found, expected.values(), strict=True
    ):
        expect_close(
            value, wanted, f"a random batch of 5 images, beta={beta:g}: {name}"
        )
