"""Pairs of dense layers: for small images, and for points in the plane."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from labhelpers.models.pair import Pair


def vanilla_pair(
    latent_dim: int = 100,
    image_shape: tuple[int, int, int] = (28, 28, 1),
    hidden: int = 128,
) -> Pair:
    """UW's dense pair: G 100-128-784 with tanh (114,064 parameters), D 784-128-1 (100,609).

    Args:
        latent_dim: length of a noise vector.
        image_shape: (height, width, channels).
        hidden: units of the hidden layer in each network.

    Returns:
        G from noise (batch, latent_dim) to images (batch, *image_shape) in [-1, 1]; D from such images to
        logits (batch, 1).

    Source: University of Washington, Lab 7, parts 2 and 3; LeakyReLU with PyTorch's slope 0.01.
    """
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(hidden),
            layers.LeakyReLU(0.01),
            layers.Dense(math.prod(image_shape), activation="tanh"),
            layers.Reshape(image_shape),
        ],
        name="vanilla_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Flatten(),
            layers.Dense(hidden),
            layers.LeakyReLU(0.01),
            layers.Dense(1),
        ],
        name="vanilla_discriminator",
    )
    return Pair(generator, discriminator)


def deep_dense_pair(
    latent_dim: int = 100, image_shape: tuple[int, int, int] = (28, 28, 1)
) -> Pair:
    """Module 6's deep dense pair: G 128-256-512-1024 with batch norm, D 512-256-1.

    G has 1,510,032 trainable parameters, D 533,505. Momentum 0.1 of the batch norm
    makes its statistics those of the last few batches, and epsilon 0.8 is large beside
    a variance of about 1: both are the document's.

    Args:
        latent_dim: length of a noise vector.
        image_shape: (height, width, channels).

    Returns:
        G from noise (batch, latent_dim) to images (batch, *image_shape) in [-1, 1]; D
        from such images to logits (batch, 1).

    Source: Module 6, steps 3 and 4.
    """
    pixels = math.prod(image_shape)

    def dense(units: int, **more: Any) -> layers.Layer:
        return layers.Dense(units, kernel_initializer="he_uniform", **more)

    blocks: list[layers.Layer] = [dense(128), layers.LeakyReLU(0.2)]
    for units in (256, 512, 1024):
        blocks += [
            dense(units),
            layers.BatchNormalization(momentum=0.1, epsilon=0.8),
            layers.LeakyReLU(0.2),
        ]
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            *blocks,
            dense(pixels, activation="tanh"),
            layers.Reshape(image_shape),
        ],
        name="deep_dense_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Flatten(),
            dense(512),
            layers.LeakyReLU(0.2),
            dense(256),
            layers.LeakyReLU(0.2),
            dense(1),
        ],
        name="deep_dense_discriminator",
    )
    return Pair(generator, discriminator)


def toy_pair(latent_dim: int = 2, hidden: int = 128) -> Pair:
    """A pair for points in the plane: two hidden layers each.

    Args:
        latent_dim: length of a noise vector.
        hidden: units of each hidden layer.

    Returns:
        G from noise (batch, latent_dim) to points (batch, 2); D from points to logits (batch, 1).
    """

    def network(inputs: int, outputs: int, name: str) -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((inputs,)),
                layers.Dense(hidden, activation="relu"),
                layers.Dense(hidden, activation="relu"),
                layers.Dense(outputs),
            ],
            name=name,
        )

    return Pair(
        network(latent_dim, 2, "toy_generator"), network(2, 1, "toy_discriminator")
    )
