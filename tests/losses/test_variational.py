"""The parts of a VAE's loss: by hand, against samples, and against finite differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses.variational import gaussian_log_density, standard_normal_log_density
from labhelpers.training import sample_z


def test_kl_by_hand() -> None:
    """1/2 (1 + 4 - 1 - log 4) + 1/2 (4 + 1 - 1 - 0) nats."""
    kl = losses.kl_divergence(tf.constant([[1.0, -2.0], [0.0, 0.0]]), tf.constant([[math.log(4), 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(kl, [0.5 * (4 - math.log(4)) + 2, 0], rtol=1e-6)


def test_kl_agrees_with_samples() -> None:
    """KL is the mean of log q - log p under q; 400,000 samples leave an error below 0.02 nats (5 standard errors)."""
    mean, log_var = tf.constant([[0.7, -1.0]]), tf.constant([[-0.5, 0.8]])
    noise = np.random.default_rng(0).normal(size=(400_000, 2)).astype(np.float32)
    z = sample_z(mean, log_var, noise)
    sampled = tf.reduce_mean(gaussian_log_density(z, mean, log_var) - standard_normal_log_density(z))
    assert float(sampled) == pytest.approx(float(losses.kl_divergence(mean, log_var)[0]), abs=0.02)


def test_reconstruction_by_hand_and_finite_at_the_ends() -> None:
    images = tf.constant([1.0, 0.0, 1.0, 1.0], shape=(2, 1, 2, 1))
    guesses = tf.constant([0.5, 0.5, 0.9, 0.8], shape=(2, 1, 2, 1))
    nats = losses.reconstruction_loss(images, guesses)
    np.testing.assert_allclose(nats, [2 * math.log(2), -math.log(0.9) - math.log(0.8)], rtol=1e-5)
    wrong = losses.reconstruction_loss(images, 1 - images)
    assert np.isfinite(wrong).all()
    assert (wrong.numpy() > 30).all()


def test_loss_weighs_kl_by_beta_and_does_not_depend_on_the_batch_size() -> None:
    rng = np.random.default_rng(0)
    images = tf.constant(rng.uniform(0, 1, (6, 4, 4, 1)).astype(np.float32))
    codes = tf.constant(rng.normal(size=(6, 2)).astype(np.float32))
    once = losses.vae_loss(images, images[::-1], codes, -codes, beta=3.0)
    assert float(once["loss"]) == pytest.approx(float(once["reconstruction"] + 3 * once["kl"]), rel=1e-6)
    doubled = [tf.concat([part, part], 0) for part in (images, images[::-1], codes, -codes)]
    for name, value in losses.vae_loss(*doubled, beta=3.0).items():
        assert float(value) == pytest.approx(float(once[name]), rel=1e-5)


def test_gradient_of_the_loss_against_finite_differences() -> None:
    """Central differences in float64 with h = 1e-6 have an error near 1e-9 here; 1e-6 relative leaves room."""
    rng = np.random.default_rng(0)
    images, weights = rng.uniform(0, 1, (3, 2, 2, 1)), rng.normal(size=(2, 4))
    epsilon, start = rng.normal(size=(3, 2)), rng.normal(size=(2, 3, 2))

    def loss(parameters: Any) -> Any:
        mean, log_var = tf.unstack(parameters)
        z = sample_z(mean, log_var, tf.constant(epsilon))
        guesses = tf.reshape(tf.sigmoid(z @ weights), (3, 2, 2, 1))
        return losses.vae_loss(tf.constant(images), guesses, mean, log_var, 0.7)["loss"]

    variable = tf.Variable(start)
    with tf.GradientTape() as tape:
        value = loss(variable)
    gradient = tape.gradient(value, variable).numpy()
    for index in np.ndindex(start.shape):
        step = np.zeros_like(start)
        step[index] = 1e-6
        difference = (loss(tf.constant(start + step)) - loss(tf.constant(start - step))) / 2e-6
        assert gradient[index] == pytest.approx(float(difference), rel=1e-6, abs=1e-8)
