"""The variational autoencoder: its training step, the model that ``fit`` runs, and its bounds on log p(x)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor, chunks
from labhelpers.losses.variational import (
    gaussian_log_density,
    kl_divergence,
    reconstruction_loss,
    standard_normal_log_density,
    vae_loss,
)
from labhelpers.training.image_model import ImageModel, xla_pays
from labhelpers.training.replicas import for_rows_here


def sample_z(mean: Tensor, log_var: Tensor, epsilon: Tensor) -> Tensor:
    """Reparameterised sampling: noise moved and stretched to the encoder's Gaussian, so that gradients flow through.

    Args:
        mean: (..., latent_dim).
        log_var: (..., latent_dim), the logarithm of the variance.
        epsilon: (..., latent_dim), standard normal noise.

    Returns:
        Codes (..., latent_dim).
    """
    return mean + tf.exp(0.5 * log_var) * epsilon


def vae_step(
    encoder: keras.Model,
    decoder: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    images: Tensor,
    epsilon: Tensor,
    beta: float,
) -> dict[str, Tensor]:
    """One training step of a VAE: encode, sample, decode, and move both networks.

    Both go down the gradient of one loss.

    Args:
        encoder: images to (mean, log variance).
        decoder: codes to pixel probabilities.
        optimizer: built for the variables of the encoder, then of the decoder.
        images: (batch, height, width, channels) in [0, 1].
        epsilon: (batch, latent_dim), standard normal noise.
        beta: the weight of KL.

    Returns:
        Scalars ``loss``, ``reconstruction``, ``kl`` in nats per image, before the step.
    """
    with tf.GradientTape() as tape:
        mean, log_var = encoder(images, training=True)
        reconstructions = decoder(sample_z(mean, log_var, epsilon), training=True)
        losses = vae_loss(images, reconstructions, mean, log_var, beta)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply(tape.gradient(losses["loss"], variables), variables)
    return losses


@keras.saving.register_keras_serializable(package="labhelpers")
class VAE(ImageModel):
    """A variational autoencoder that ``fit`` trains; calling it reconstructs images through the mean code.

    Args:
        encoder: images to two outputs (batch, latent_dim).
        decoder: codes to images that end in a sigmoid.
        beta: the weight of KL in the loss.
    """

    loss_names = ("loss", "reconstruction", "kl")
    output_activation = "sigmoid"

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        beta: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.beta = beta
        self.built = True

    @property
    def latent_dim(self) -> int:
        """Dimensions of the latent space."""
        return int(self.decoder.input_shape[-1])

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer | None = None,
        steps_per_execution: int = 32,
        jit_compile: bool | None = None,
    ) -> None:
        """Choose the optimizer (default: Adam as the course has it) and how steps are run.

        Args:
            optimizer: a new optimizer.
            steps_per_execution: steps between two visits of Python.
            jit_compile: whether XLA compiles the step; by default where it was measured to help.
        """
        with self.distribute_strategy.scope():
            optimizer = optimizer or keras.optimizers.Adam()

        def step(images: Tensor, epsilon: Tensor) -> dict[str, Tensor]:
            return vae_step(
                self.encoder, self.decoder, self.optimizer, images, epsilon, self.beta
            )

        self.compile_step(
            step,
            xla=xla_pays(self.encoder, self.decoder)
            if jit_compile is None
            else jit_compile,
            optimizer=optimizer,
            steps_per_execution=steps_per_execution,
        )
        with self.distribute_strategy.scope():
            optimizer.build(
                self.encoder.trainable_variables + self.decoder.trainable_variables
            )

    def call(self, images: Tensor) -> Tensor:
        """Reconstruct images (batch, height, width, channels) through the mean code, without noise."""
        mean, _ = self.encoder(images, training=False)
        return self.decoder(mean, training=False)

    def sample(self, codes: np.ndarray) -> np.ndarray:
        """Images (n, height, width, channels) decoded from codes (n, latent_dim)."""
        return _in_batches(self.decoder, np.asarray(codes, dtype=np.float32))

    def encode(self, images: np.ndarray) -> np.ndarray:
        """The mean codes (n, latent_dim) of images."""
        return _in_batches(lambda batch: self.encoder(batch, training=False)[0], images)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Images decoded from their own mean codes, without noise."""
        return _in_batches(self, images)

    def losses_of_step(self, images: Tensor) -> dict[str, Tensor]:
        """One ``vae_step`` with fresh noise."""
        epsilon = for_rows_here(
            lambda count: self.noise(count, self.latent_dim), tf.shape(images)[0]
        )
        assert self.compiled_step
        return self.compiled_step(images, epsilon)

    def elbo(self, images: np.ndarray, batch_size: int = 500) -> dict[str, float]:
        """The evidence lower bound and its two parts, means over images, with one sample of the code for each.

        Args:
            images: (n, height, width, channels) in [0, 1].
            batch_size: images at a time.

        Returns:
            ``elbo``, ``reconstruction`` and ``kl`` in nats per image; elbo = -(reconstruction + kl), without beta.
        """
        parts = [
            self._elbo_parts(images[cut]) for cut in chunks(len(images), batch_size)
        ]
        reconstruction, kl = (
            float(np.concatenate(part).mean(dtype=np.float64))
            for part in zip(*parts, strict=True)
        )
        return {
            "elbo": -(reconstruction + kl),
            "reconstruction": reconstruction,
            "kl": kl,
        }

    def importance_weighted_bound(
        self, images: np.ndarray, samples: int = 50, batch_size: int = 100
    ) -> float:
        """The importance-weighted bound on log p(x): tighter than the ELBO, equal to it for one sample.

        Args:
            images: (n, height, width, channels) in [0, 1].
            samples: codes drawn for each image.
            batch_size: images at a time.

        Returns:
            Mean over images, in nats.

        Source: Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (2016), equation 8.
        """
        count = tf.constant(samples)
        bounds = [
            self._importance_weighted(images[cut], count)
            for cut in chunks(len(images), batch_size)
        ]
        return float(np.concatenate(bounds).mean(dtype=np.float64))

    @tf.function(reduce_retracing=True)
    def _elbo_parts(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.encoder(images, training=False)
        z = sample_z(mean, log_var, self.noise(tf.shape(images)[0], self.latent_dim))
        return reconstruction_loss(
            images, self.decoder(z, training=False)
        ), kl_divergence(mean, log_var)

    @tf.function(reduce_retracing=True)
    def _importance_weighted(self, images: Tensor, samples: Tensor) -> Tensor:
        batch = tf.shape(images)[0]
        mean, log_var = (
            tf.repeat(part, samples, axis=0)
            for part in self.encoder(images, training=False)
        )
        z = sample_z(mean, log_var, self.noise(batch * samples, self.latent_dim))
        log_likelihood = -reconstruction_loss(
            tf.repeat(images, samples, axis=0), self.decoder(z, training=False)
        )
        log_weights = (
            log_likelihood
            + standard_normal_log_density(z)
            - gaussian_log_density(z, mean, log_var)
        )
        by_image = tf.reshape(log_weights, (batch, samples))
        return tf.reduce_logsumexp(by_image, axis=1) - tf.math.log(
            tf.cast(samples, tf.float32)
        )

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this model."""
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "beta": self.beta,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> VAE:
        """The model that ``get_config`` described."""
        networks = {
            key: keras.saving.deserialize_keras_object(config.pop(key))
            for key in ("encoder", "decoder")
        }
        return cls(**networks, **config)


def _in_batches(function: Callable[[Tensor], Tensor], arrays: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [np.asarray(function(arrays[cut])) for cut in chunks(len(arrays), 500)]
    )
