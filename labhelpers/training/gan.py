"""The GAN: one generator that draws from noise, one discriminator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor, chunks
from labhelpers.data.ranges import ready_to_show
from labhelpers.losses.core import AdversarialLoss, Draw
from labhelpers.losses.seen import Batch
from labhelpers.training.game import Game


@keras.saving.register_keras_serializable(package="labhelpers")
class GAN(Game):
    """A generator and a discriminator that learn against each other; calling it draws images from noise.

    ``fit`` (of ``ImageModel``) runs ``adversarial_step``.

    Args:
        generator: from noise (batch, latent_dim) to images; its last activation fixes the scale of the images.
        discriminator: from images to raw scores (batch, 1), without a sigmoid.
        loss: what both pay.
        ema: decay of a running average of the generator's weights; see ``Game``.
        helpers: further networks by name, which terms of the loss find in ``seen.networks``, and which never move.

    Attributes:
        ema_generator: the averaged generator, or None.

    Raises:
        ValueError: the networks do not fit together, or ``ema`` is no decay.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: AdversarialLoss | None = None,
        *,
        ema: float | None = None,
        helpers: Mapping[str, keras.Model] | None = None,
        **kwargs: Any,
    ) -> None:
        if generator.outputs[0].shape[1:] != discriminator.inputs[0].shape[1:]:
            raise ValueError(
                f"The generator makes images of shape {generator.outputs[0].shape[1:]}, but the discriminator takes "
                f"{discriminator.inputs[0].shape[1:]}. Build both for the same image_shape."
            )
        self.helper_names = tuple(helpers or {})
        networks = {
            "generator": generator,
            "discriminator": discriminator,
            **(helpers or {}),
        }
        super().__init__(networks, loss, ema=ema, **kwargs)
        self._draw: Any = None

    @property
    def latent_dim(self) -> int:
        """Length of a noise vector."""
        return int(self.generator.inputs[0].shape[-1])

    @property
    def output_activation(self) -> str:
        """The generator's last activation: ``"tanh"``, ``"sigmoid"`` or ``"linear"``."""
        return last_activation(self.generator)

    def draw_noise(self, count: Tensor) -> Tensor:
        """Noise (count, latent_dim) to train on."""
        return self.noise(count, self.latent_dim)

    def draws(self) -> dict[str, Draw]:
        """The noise, and what the terms of the loss need."""
        return {
            "noise": lambda shape, seed: self.draw_noise(shape[0]),
            **super().draws(),
        }

    def deal(self, data: Any, drawn: Mapping[str, Tensor]) -> Batch:
        """The images, and noise to draw from."""
        return Batch(data, drawn["noise"], drawn=drawn)

    def fit(self, *arrays: np.ndarray, **kwargs: Any) -> keras.callbacks.History:
        """Train on images; see ``ImageModel.fit``.

        Raises:
            ValueError: the model is not compiled, a network is frozen, or the images do not suit the networks.
        """
        expected = tuple(self.discriminator.inputs[0].shape[1:])
        if arrays and arrays[0].shape[1:] != expected:
            raise ValueError(
                f"These images have shape {arrays[0].shape[1:]}, but the discriminator takes {expected}. "
                "Reshape the images, or build the networks for this image_shape."
            )
        return super().fit(*arrays, **kwargs)

    def call(self, noise: Tensor, training: bool = False) -> Tensor:
        """Images from noise (batch, latent_dim), by the averaged generator where there is one."""
        return (self.ema_generator or self.generator)(noise, training=training)

    def sample(
        self, count_or_noise: int | np.ndarray, *, seed: int = 0, batch_size: int = 500
    ) -> np.ndarray:
        """Images that the generator draws, in inference mode.

        Args:
            count_or_noise: how many images, or noise (n, latent_dim).
            seed: of the noise for a number of images: the same seed gives the same noise. Training is not disturbed.
            batch_size: images at a time.

        Returns:
            float32 array (n, ...): images in [0, 1], ready to show and to judge, whatever G's last layer is; points as
            they are. What D is to score comes from ``gan(noise)``, which stays in G's own range.

        Raises:
            ValueError: the noise has another length than the generator takes.
        """
        if isinstance(count_or_noise, int | np.integer):
            noise = self.noise_from_seed(int(count_or_noise), seed)
        else:
            noise = np.asarray(count_or_noise)
        if noise.ndim != 2 or noise.shape[1] != self.latent_dim:
            raise ValueError(
                f"The noise has shape {noise.shape}, but this generator takes (n, {self.latent_dim}). "
                "Draw it with that length, or give only the number of images."
            )
        return self._drawn(noise, batch_size=batch_size)

    def noise_from_seed(self, count: int, seed: int) -> np.ndarray:
        """Noise (count, latent_dim) to sample with, float32: the same seed gives the same noise."""
        return (
            np.random.default_rng(seed)
            .normal(size=(count, self.latent_dim))
            .astype(np.float32)
        )

    def _drawn(self, *inputs: np.ndarray, batch_size: int) -> np.ndarray:
        """What ``call`` makes of arrays, some rows at a time, ready to show."""
        if self._draw is None:
            self._draw = tf.function(self.call, reduce_retracing=True)
        cuts = chunks(len(inputs[0]), batch_size)
        parts = [
            self._draw(*(tf.constant(array[cut]) for array in inputs)) for cut in cuts
        ]
        return ready_to_show(
            np.concatenate([np.asarray(part) for part in parts]), self.output_activation
        )

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this model: its networks, the loss by its name and arguments, the decay."""
        config = super().get_config()
        if self.helper_names:
            config["helpers"] = {name: config.pop(name) for name in self.helper_names}
        return config


def last_activation(generator: keras.Model) -> str:
    """The activation that fixes the range of what a network puts out.

    Layers that only reshape are looked through. Images whose activation is no layer's, such
    as those of ``keras.ops.tanh`` or of a subclassed model, are judged by their values.

    Raises:
        ValueError: it is not tanh, sigmoid or linear.
    """
    name = _named_activation(generator)
    if name == "linear" and len(generator.outputs[0].shape) == 4:
        return _measured_activation(generator)
    return name


def _named_activation(generator: keras.Model) -> str:
    """The activation that the last layers name; linear where they name none."""
    stacked = isinstance(generator, keras.Sequential)
    # The layers of a subclassed model stand in no order, so they tell nothing.
    parts = generator.layers if stacked else getattr(generator, "operations", [])
    for part in reversed(parts):
        if isinstance(part, keras.Model):
            return _named_activation(part)
        if not isinstance(part, keras.Layer):  # an operation, such as keras.ops.tanh
            return "linear"
        if hasattr(part, "activation"):
            name = keras.activations.serialize(part.activation)
            if name not in ("tanh", "sigmoid", "linear"):
                raise ValueError(
                    f"The generator {generator.name!r} ends in {name}, expected tanh (images in [-1, 1]), sigmoid "
                    "([0, 1]) or linear (points). Change its last layer."
                )
            return str(name)
    return "linear"


def _measured_activation(generator: keras.Model) -> str:
    """The range of the images of very large noise: only an activation keeps them in one."""
    shape = (8, *generator.inputs[0].shape[1:])
    noise = 1e6 * np.random.default_rng(0).normal(size=shape)
    images = np.asarray(generator(noise.astype(np.float32), training=False))
    if not np.abs(images).max() <= 1:  # nan, too
        return "linear"
    return "tanh" if images.min() < 0 else "sigmoid"
