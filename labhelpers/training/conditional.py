"""GANs that are told something: CGAN gets labels, InfoGAN finds codes without any. Both run ``adversarial_step``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.losses.adversarial import AdversarialLoss, Tensor
from labhelpers.training.gan import GAN, adversarial_step


class _Told:
    """A network with its second input, the labels, filled in: what ``adversarial_step`` calls has one input."""

    def __init__(self, network: keras.Model, labels: Tensor) -> None:
        self.network = network
        self.labels = labels
        self.name = network.name
        self.trainable = network.trainable
        self.trainable_variables = network.trainable_variables

    def __call__(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self.network([inputs, self.labels], training=training)


@keras.saving.register_keras_serializable(package="labhelpers")
class ConditionalGAN(GAN):
    """A GAN whose two networks are told a label: G draws what is asked for, D also judges whether it was.

    Train it with ``fit(images, labels)``. In every step G is asked for the labels of the real images.

    Args:
        generator: from noise (batch, latent_dim) and labels (batch, classes), one-hot, to images.
        discriminator: from images and labels to raw scores (batch, 1).

    Raises:
        ValueError: a network does not take labels, or the loss takes several steps of D.

    Source: Mirza and Osindero 2014, equation 2.
    """

    takes_labels = True

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, loss: AdversarialLoss | None = None, **kwargs: Any
    ) -> None:
        for network in (generator, discriminator):
            if len(network.inputs) != 2:
                raise ValueError(
                    f"The network {network.name!r} has {len(network.inputs)} input(s), expected 2: noise or images, "
                    "and one-hot labels. Build it with models.conditional_pair, or give it a second keras.Input."
                )
        super().__init__(generator, discriminator, loss, **kwargs)
        _require_one_critic_step(self)

    @property
    def classes(self) -> int:
        """How many labels there are."""
        return int(self.generator.inputs[1].shape[-1])

    def step(self, batch: Any, noise: Sequence[Tensor], mix: Sequence[Tensor]) -> dict[str, Tensor]:
        """An ``adversarial_step`` in which both networks are told the labels of the real images."""
        images, labels = batch
        told = tf.one_hot(labels, self.classes)
        networks = _Told(self.generator, told), _Told(self.discriminator, told)
        return adversarial_step(*networks, *self.optimizers, self.adversarial_loss, images, noise, mix, self.control)

    def fit(self, images: np.ndarray, labels: np.ndarray | None = None, **kwargs: Any) -> keras.callbacks.History:
        """Train on images and their labels, whole numbers from 0 on; see ``ImageModel.fit``.

        Raises:
            ValueError: there are no labels, or they do not suit the images or the networks.
        """
        if labels is None:
            raise ValueError("This GAN is conditional, and got no labels. Call gan.fit(images, labels).")
        labels = self._checked(labels)
        if len(labels) != len(images):
            raise ValueError(f"There are {len(images)} images and {len(labels)} labels, expected one label an image.")
        return super().fit(images, labels, **kwargs)

    def call(self, noise: Tensor, labels: Tensor, training: bool = False) -> Tensor:  # type: ignore[override]
        """Images from noise (batch, latent_dim) and labels (batch,)."""
        network = self.ema_generator or self.generator
        return network([noise, tf.one_hot(labels, self.classes)], training=training)

    def sample(self, labels: Any, *, seed: int = 0, batch_size: int = 500) -> np.ndarray:
        """An image for each label, in inference mode.

        Args:
            labels: whole numbers (n,).
            seed: of the noise.
            batch_size: images at a time.

        Raises:
            ValueError: a label is none that the networks know.
        """
        labels = self._checked(labels)
        return self._drawn(self.noise_from_seed(len(labels), seed), labels, batch_size=batch_size)

    def _checked(self, labels: Any) -> np.ndarray:
        array = np.asarray(labels)
        numbers = array.astype(np.int32)
        if array.ndim != 1 or not np.array_equal(array, numbers) or not len(array):
            raise ValueError(
                f"The labels have shape {array.shape}, expected (n,) whole numbers from 0 on, not one-hot."
            )
        if numbers.min() < 0 or numbers.max() >= self.classes:
            raise ValueError(
                f"The labels go from {numbers.min()} to {numbers.max()}, but these networks know 0 to "
                f"{self.classes - 1}. Build them with classes={numbers.max() + 1}, or count the labels from 0."
            )
        return numbers


@keras.saving.register_keras_serializable(package="labhelpers")
class InfoGAN(GAN):
    """A GAN that finds codes by itself: Q, on D's trunk, must read G's codes back from the image. It sees no label.

    The latent vector is ``[noise | one-hot category | uniform codes in [-1, 1]]``. Both losses get minus ``weight``
    times a lower bound on the mutual information between codes and image: the entropy of the codes minus Q's error in
    reading them (cross-entropy of the category, squared error of the uniform codes as a Gaussian of variance 1). The
    history names the part of the category ``information``; it cannot exceed log(categories).

    Args:
        generator: from latent vectors to images.
        discriminator: from images to ``{"logit": (batch, 1), "category": (batch, categories), "uniform": (batch, n)}``,
            as ``models.info_pair`` makes it; the categories as logits.
        loss: what both pay beside the codes.
        weight: lambda.

    Raises:
        ValueError: the loss has a penalty, or takes several steps of D.

    Source: Chen et al. 2016, equations 5 and 6, appendix C.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: AdversarialLoss | None = None,
        *,
        weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(generator, discriminator, loss, **kwargs)
        _require_one_critic_step(self)
        if self.adversarial_loss.penalty:
            raise ValueError(
                f"The loss {self.adversarial_loss.name!r} penalises D's gradient, but this D puts out codes, too. "
                "Use one without, such as non_saturating()."
            )
        self.weight = weight
        self.categories, self.uniform = (int(discriminator.output[name].shape[-1]) for name in ("category", "uniform"))
        self.loss_names = (*self.loss_names, "information")
        self.step_losses = type(self.step_losses)(self.loss_names, capacity=1, name="step_losses")

    def draw_noise(self, count: Tensor) -> Tensor:
        """Latent vectors (count, latent_dim) to train on."""
        plain = self.noise(count, self.latent_dim - self.categories - self.uniform)
        category = keras.random.randint((count,), 0, self.categories, seed=self.seed_generator)
        uniform = keras.random.uniform((count, self.uniform), -1.0, 1.0, seed=self.seed_generator)
        return tf.concat([plain, tf.one_hot(category, self.categories), uniform], axis=1)

    def noise_from_seed(self, count: int, seed: int) -> np.ndarray:
        """Latent vectors (count, latent_dim), float32, with random codes."""
        rng = np.random.default_rng(seed)
        return self.with_codes(
            rng.normal(size=(count, self.latent_dim - self.categories - self.uniform)),
            rng.integers(self.categories, size=count),
            rng.uniform(-1, 1, size=(count, self.uniform)),
        )

    def with_codes(self, noise: np.ndarray, category: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Latent vectors with chosen codes.

        Args:
            noise: (n, latent_dim - categories - uniform).
            category: (n,), whole numbers.
            uniform: (n, uniform), from -1 to 1; a little more shows where a code leads.
        """
        one_hot = np.eye(self.categories)[np.asarray(category)]
        return np.concatenate([noise, one_hot, uniform], axis=1).astype(np.float32)

    def read_categories(self, images: np.ndarray) -> np.ndarray:
        """The category (n,) that Q reads from each image, in the range of the generator."""
        parts = [
            self.discriminator(images[i : i + 500], training=False)["category"] for i in range(0, len(images), 500)
        ]
        return np.concatenate([np.asarray(part) for part in parts]).argmax(axis=1)

    def step(self, batch: Any, noise: Sequence[Tensor], mix: Sequence[Tensor]) -> dict[str, Tensor]:
        """An ``adversarial_step`` in which both losses also count how well Q reads the codes of this noise."""
        loss, latent = self.adversarial_loss, noise[0]

        def category_error(read: dict[str, Tensor]) -> Tensor:
            wanted = latent[:, -self.categories - self.uniform : -self.uniform or None]
            return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(wanted, read["category"]))

        def codes_error(read: dict[str, Tensor]) -> Tensor:
            wanted = latent[:, self.latent_dim - self.uniform :]
            squares = 0.5 * tf.reduce_sum(tf.square(read["uniform"] - wanted), axis=1)
            return self.weight * (category_error(read) + tf.reduce_mean(squares))

        told = dataclasses.replace(
            loss,
            discriminator=lambda real, fake: loss.discriminator(real["logit"], fake["logit"]) + codes_error(fake),
            generator=lambda real, fake: loss.generator(real["logit"], fake["logit"]) + codes_error(fake),
            monitors={
                **{name: _of_logits(monitor) for name, monitor in loss.monitors.items()},
                "information": lambda real, fake: math.log(self.categories) - category_error(fake),
            },
        )
        return adversarial_step(self.generator, self.discriminator, *self.optimizers, told, batch, noise, mix)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this model."""
        return {**super().get_config(), "weight": self.weight}


def _of_logits(monitor: Any) -> Any:
    return lambda real, fake: monitor(real["logit"], fake["logit"])


def _require_one_critic_step(gan: GAN) -> None:
    loss = gan.adversarial_loss
    if loss.critic_steps != 1 or loss.controller:
        found = "a controller" if loss.controller else f"{loss.critic_steps} steps of D"
        raise ValueError(
            f"The loss {loss.name!r} takes {found}, but {type(gan).__name__} needs a loss with one step of D and no "
            "controller. Use non_saturating(), least_squares() or hinge(), or pass critic_steps=1."
        )
