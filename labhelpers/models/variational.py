"""Encoders and decoders of the variational autoencoders."""

from __future__ import annotations

import math

import keras
from keras import layers


def dense_encoder(
    image_shape: tuple[int, int, int], latent_dim: int, width: int = 256
) -> keras.Model:
    """An encoder with one hidden layer: image => ``width`` => mean and log variance.

    Args:
        image_shape: (height, width, channels).
        latent_dim: dimensions of the latent space.
        width: units of the hidden layer.

    Returns:
        A model from images (batch, *image_shape) to two outputs (batch, latent_dim).
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Flatten(name="pixels")(images)
    x = layers.Dense(width, activation="relu", name="hidden")(x)
    return keras.Model(images, _gaussian(x, latent_dim), name="encoder")


def dense_decoder(
    image_shape: tuple[int, int, int], latent_dim: int, width: int = 256
) -> keras.Model:
    """A decoder with one hidden layer: code => ``width`` => pixel probabilities.

    Args:
        image_shape: (height, width, channels).
        latent_dim: dimensions of the latent space.
        width: units of the hidden layer.

    Returns:
        A model from codes (batch, latent_dim) to images (batch, *image_shape)
        in [0, 1].
    """
    codes = keras.Input((latent_dim,), name="codes")
    x = layers.Dense(width, activation="relu", name="hidden")(codes)
    x = layers.Dense(math.prod(image_shape), activation="sigmoid", name="pixels")(x)
    return keras.Model(
        codes, layers.Reshape(image_shape, name="images")(x), name="decoder"
    )


def conv_encoder(image_shape: tuple[int, int, int], latent_dim: int) -> keras.Model:
    """An encoder of two strided convolutions: 28x28 => 14x14 => 7x7 => mean and log variance.

    Args:
        image_shape: (height, width, channels).
        latent_dim: dimensions of the latent space.

    Returns:
        A model from images (batch, *image_shape) to two outputs (batch, latent_dim).
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="half")(
        images
    )
    x = layers.Conv2D(
        32, 3, strides=2, padding="same", activation="relu", name="quarter"
    )(x)
    x = layers.Dense(128, activation="relu", name="hidden")(
        layers.Flatten(name="features")(x)
    )
    return keras.Model(images, _gaussian(x, latent_dim), name="conv_encoder")


def conv_decoder(image_shape: tuple[int, int, int], latent_dim: int) -> keras.Model:
    """A decoder of two transposed convolutions: code => 7x7 => 14x14 => 28x28 pixel probabilities.

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        latent_dim: dimensions of the latent space.

    Returns:
        A model from codes (batch, latent_dim) to images (batch, *image_shape) in [0, 1].

    Raises:
        ValueError: the height or width is not a multiple of 4.
    """
    height, width, channels = image_shape
    if height % 4 or width % 4:
        raise ValueError(
            f"The images are {height}x{width}, expected multiples of 4, because two layers double the size. "
            "Resize the images, or use dense_decoder."
        )
    codes = keras.Input((latent_dim,), name="codes")
    x = layers.Dense(128, activation="relu", name="hidden")(codes)
    x = layers.Dense(
        height // 4 * (width // 4) * 32, activation="relu", name="features"
    )(x)
    x = layers.Reshape((height // 4, width // 4, 32), name="quarter")(x)
    x = layers.Conv2DTranspose(
        16, 3, strides=2, padding="same", activation="relu", name="half"
    )(x)
    x = layers.Conv2DTranspose(
        channels, 3, strides=2, padding="same", activation="sigmoid", name="images"
    )(x)
    return keras.Model(codes, x, name="conv_decoder")


def _gaussian(features: keras.KerasTensor, latent_dim: int) -> list[keras.KerasTensor]:
    """The two heads of an encoder: mean and log variance."""
    return [
        layers.Dense(latent_dim, name="mean")(features),
        layers.Dense(latent_dim, name="log_var")(features),
    ]
