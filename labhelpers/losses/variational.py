"""The two parts of a variational autoencoder's loss, in nats per image."""

from __future__ import annotations

import math

import tensorflow as tf

from labhelpers.arrays import Tensor

SMALLEST_PROBABILITY = 1e-7
"""Probabilities are kept this far from 0 and 1, so that no logarithm is infinite in float32."""


def reconstruction_loss(images: Tensor, reconstructions: Tensor) -> Tensor:
    """Binary cross-entropy between pixels and the decoder's probabilities, summed over the pixels of an image.

    Args:
        images: (batch, height, width, channels) in [0, 1].
        reconstructions: the same shape, probabilities from a sigmoid.

    Returns:
        (batch,) nats per image. Pixels between 0 and 1 leave a rest above 0 even for a perfect reconstruction.

    Source: Kingma and Welling, Auto-Encoding Variational Bayes (2014), appendix C.1.
    """
    p = tf.clip_by_value(
        reconstructions, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY
    )
    nats = -(images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p))
    return tf.reduce_sum(tf.reshape(nats, (tf.shape(nats)[0], -1)), axis=1)


def kl_divergence(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL divergence from the encoder's Gaussian to the standard normal, in closed form, summed over latent dimensions.

    Args:
        mean: (batch, latent_dim).
        log_var: (batch, latent_dim), the logarithm of the variance.

    Returns:
        (batch,) nats per image, never below 0.

    Source: Kingma and Welling (2014), appendix B.
    """
    return 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(log_var) - 1 - log_var, axis=1)


def vae_loss(
    images: Tensor,
    reconstructions: Tensor,
    mean: Tensor,
    log_var: Tensor,
    beta: Tensor | float = 1.0,
) -> dict[str, Tensor]:
    """The loss of a (beta-)VAE: reconstruction plus ``beta`` times KL, both means over the batch of nats per image.

    Args:
        images: (batch, height, width, channels) in [0, 1].
        reconstructions: the same shape, probabilities.
        mean: (batch, latent_dim).
        log_var: (batch, latent_dim).
        beta: the weight of KL; 1 makes the loss the negative ELBO.

    Returns:
        Scalars ``loss``, ``reconstruction`` and ``kl``.

    Source: Higgins et al., beta-VAE (2017), equation 4.
    """
    reconstruction = tf.reduce_mean(reconstruction_loss(images, reconstructions))
    kl = tf.reduce_mean(kl_divergence(mean, log_var))
    return {
        "loss": reconstruction + beta * kl,
        "reconstruction": reconstruction,
        "kl": kl,
    }


def standard_normal_log_density(z: Tensor) -> Tensor:
    """Log density of N(0, I) at ``z`` (..., latent_dim), in nats, shape (...)."""
    return -0.5 * tf.reduce_sum(tf.square(z) + math.log(2 * math.pi), axis=-1)


def gaussian_log_density(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Log density of N(mean, diag(exp(log_var))) at ``z`` (..., latent_dim), in nats, shape (...)."""
    squares = tf.square(z - mean) * tf.exp(-log_var)
    return -0.5 * tf.reduce_sum(squares + log_var + math.log(2 * math.pi), axis=-1)
