"""GANs that are told something: CGAN gets labels, InfoGAN finds codes without any. Both run ``adversarial_step``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor, chunks, class_numbers
from labhelpers.losses.core import AdversarialLoss
from labhelpers.losses.information import codes_error
from labhelpers.losses.scores import non_saturating
from labhelpers.losses.seen import Batch
from labhelpers.training.gan import GAN


@keras.saving.register_keras_serializable(package="labhelpers")
class ConditionalGAN(GAN):
    """A GAN whose two networks are told a label: G draws what is asked for, D also judges whether it was.

    Train it with ``fit(images, labels)``. In every step G is asked for the labels of the real images.

    Args:
        generator: from noise (batch, latent_dim) and labels (batch, classes), one-hot, to images.
        discriminator: from images and labels to raw scores (batch, 1).

    Raises:
        ValueError: a network does not take labels.

    Source: Mirza and Osindero 2014, equation 2.
    """

    arrays = ("images", "labels")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: AdversarialLoss | None = None,
        **kwargs: Any,
    ) -> None:
        for network in (generator, discriminator):
            if len(network.inputs) != 2:
                raise ValueError(
                    f"The network {network.name!r} has {len(network.inputs)} input(s), expected 2: noise or images, "
                    "and one-hot labels. Build it with models.conditional_pair, or give it a second keras.Input."
                )
        super().__init__(generator, discriminator, loss, **kwargs)

    @property
    def classes(self) -> int:
        """How many labels there are."""
        return int(self.generator.inputs[1].shape[-1])

    def deal(self, data: Any, drawn: Mapping[str, Tensor]) -> Batch:
        """Images, noise to draw from, and the images' labels for both networks."""
        images, labels = data
        told = (tf.one_hot(labels, self.classes),)
        return Batch(
            images,
            drawn["noise"],
            told_to_generator=told,
            told_to_discriminator=told,
            drawn=drawn,
        )

    def fit(self, *arrays: np.ndarray, **kwargs: Any) -> keras.callbacks.History:
        """Train on images and their labels, whole numbers from 0 on; see ``ImageModel.fit``.

        Raises:
            ValueError: there are no labels, or they do not suit the images or the networks.
        """
        if len(arrays) == 2:
            arrays = (arrays[0], self._checked(arrays[1]))
        return super().fit(*arrays, **kwargs)

    def call(self, noise: Tensor, labels: Tensor, training: bool = False) -> Tensor:  # type: ignore[override]
        """Images from noise (batch, latent_dim) and labels (batch,)."""
        network = self.ema_generator or self.generator
        return network([noise, tf.one_hot(labels, self.classes)], training=training)

    def sample(
        self, labels: Any, *, seed: int = 0, batch_size: int = 500
    ) -> np.ndarray:
        """An image for each label, in inference mode.

        Args:
            labels: whole numbers (n,).
            seed: of the noise.
            batch_size: images at a time.

        Raises:
            ValueError: the networks do not know one of the labels.
        """
        labels = self._checked(labels)
        return self._drawn(
            self.noise_from_seed(len(labels), seed), labels, batch_size=batch_size
        )

    def _checked(self, labels: Any) -> np.ndarray:
        numbers = class_numbers(labels, "labels")
        if numbers.max() >= self.classes:
            raise ValueError(
                f"The labels go from {numbers.min()} to {numbers.max()}, but these networks know 0 to "
                f"{self.classes - 1}. Build them with classes={numbers.max() + 1}, or count the labels from 0."
            )
        return numbers.astype(np.int32)


@keras.saving.register_keras_serializable(package="labhelpers")
class InfoGAN(GAN):
    """A GAN that finds codes by itself: Q, on D's trunk, must read G's codes back from the image. It sees no label.

    The latent vector is ``[noise | one-hot category | uniform codes in [-1, 1]]``. Both players pay ``codes_error``.

    Args:
        generator: from latent vectors to images.
        discriminator: from images to ``{"logit": (batch, 1), "category": (batch, categories), "uniform": (batch, n)}``,
            as ``models.info_pair`` makes it; the categories as logits.
        loss: what both pay besides the codes.
        weight: lambda, the weight of the codes.

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
        self.loss_without_codes = loss or non_saturating()
        self.weight = weight
        self.categories, self.uniform = (
            int(discriminator.output[name].shape[-1])
            for name in ("category", "uniform")
        )
        codes = codes_error(self.categories, self.uniform, weight)
        super().__init__(
            generator, discriminator, self.loss_without_codes.plus(codes), **kwargs
        )

    def draw_noise(self, count: Tensor) -> Tensor:
        """Latent vectors (count, latent_dim) to train on."""
        plain = self.noise(count, self.latent_dim - self.categories - self.uniform)
        category = keras.random.randint(
            (count,), 0, self.categories, seed=self.seed_generator
        )
        uniform = keras.random.uniform(
            (count, self.uniform), -1.0, 1.0, seed=self.seed_generator
        )
        return tf.concat(
            [plain, tf.one_hot(category, self.categories), uniform], axis=1
        )

    def noise_from_seed(self, count: int, seed: int) -> np.ndarray:
        """Latent vectors (count, latent_dim), float32, with random codes."""
        rng = np.random.default_rng(seed)
        return self.with_codes(
            rng.normal(size=(count, self.latent_dim - self.categories - self.uniform)),
            rng.integers(self.categories, size=count),
            rng.uniform(-1, 1, size=(count, self.uniform)),
        )

    def with_codes(
        self, noise: np.ndarray, category: np.ndarray, uniform: np.ndarray
    ) -> np.ndarray:
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
        read = [
            self.discriminator(images[cut], training=False)["category"]
            for cut in chunks(len(images), 500)
        ]
        return np.concatenate([np.asarray(part) for part in read]).argmax(axis=1)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this model."""
        return {
            **super().get_config(),
            "loss": self.loss_without_codes.to_config(),
            "weight": self.weight,
        }
