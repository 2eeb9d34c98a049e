"""A discriminator that is an autoencoder: its error is the score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from labhelpers.arrays import Tensor


@keras.saving.register_keras_serializable(package="labhelpers")
class ReconstructionEnergy(layers.Layer):
    """How far an autoencoder's output is from its input: from ``(images, reconstructions)`` to (batch, 1).

    Args:
        kind: ``"l2"``, the Euclidean norm of the error over all pixels (EBGAN), or ``"l1"``, its mean absolute value
            (BEGAN).

    Raises:
        ValueError: the kind is neither of them.

    Source: Zhao et al. 2017, section 2; Berthelot et al. 2017, section 3, with eta = 1.
    """

    def __init__(self, kind: str = "l2", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kind not in ("l1", "l2"):
            raise ValueError(
                f'The energy is {kind!r}, expected "l2" (EBGAN) or "l1" (BEGAN): choose one of them.'
            )
        self.kind = kind

    def call(self, pair: Sequence[Tensor]) -> Tensor:
        """The energy of each image."""
        images, reconstructions = pair
        error = keras.ops.reshape(
            reconstructions - images, (-1, math.prod(images.shape[1:]))
        )
        if self.kind == "l1":
            return keras.ops.mean(keras.ops.abs(error), axis=1, keepdims=True)
        squared = keras.ops.sum(keras.ops.square(error), axis=1, keepdims=True)
        # The root's gradient is infinite at 0; cut there, it is 0.
        return keras.ops.sqrt(keras.ops.maximum(squared, 1e-12))

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        return {**super().get_config(), "kind": self.kind}


def autoencoder_discriminator(
    data_shape: Sequence[int] = (28, 28, 1),
    *,
    hidden: int = 256,
    code_dim: int = 32,
    energy: str = "l2",
) -> keras.Model:
    """A dense autoencoder whose error is the score, for EBGAN and BEGAN.

    Args:
        data_shape: (height, width, channels), or (2,) for points.
        hidden: units of the layer on each side of the code.
        code_dim: length of the code.
        energy: ``"l2"`` for EBGAN, ``"l1"`` for BEGAN.

    Returns:
        A network from images (batch, *data_shape) to ``{"energy": (batch, 1), "code": (batch, code_dim)}``.

    Raises:
        ValueError: the energy is neither of them.

    Source: Zhao et al. 2017, section 2; Berthelot et al. 2017, section 3.
    """
    images = keras.Input(tuple(data_shape))
    x = layers.LeakyReLU(0.2)(layers.Dense(hidden)(layers.Flatten()(images)))
    code = layers.Dense(code_dim, name="code")(x)
    x = layers.LeakyReLU(0.2)(layers.Dense(hidden)(layers.LeakyReLU(0.2)(code)))
    reconstructions = layers.Reshape(tuple(data_shape))(
        layers.Dense(math.prod(data_shape))(x)
    )
    scores = {
        "energy": ReconstructionEnergy(energy, name="energy")(
            [images, reconstructions]
        ),
        "code": code,
    }
    return keras.Model(images, scores, name="autoencoder_discriminator")
