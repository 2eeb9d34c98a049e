"""The two players of a GAN, and what is made of them or for them.

A generator takes noise (batch, latent_dim); a discriminator gives raw scores (batch, 1): no sigmoid, the losses take
care of it.
"""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import layers


class Pair(NamedTuple):
    """The two players.

    Attributes:
        generator: from noise (batch, latent_dim) to images.
        discriminator: from images of that shape to raw scores (batch, 1).
    """

    generator: keras.Model
    discriminator: keras.Model


def discriminator_from_encoder(encoder: keras.Model) -> keras.Model:
    """The trunk of a VAE's encoder with one score on top of it in place of mean and log variance.

    The trunk is a copy: training the discriminator leaves the encoder as it is.

    Args:
        encoder: from ``dense_encoder`` or ``conv_encoder``; its layer ``hidden`` is the end of the trunk.

    Returns:
        A model from images (batch, *image_shape) to logits (batch, 1), named ``discriminator``.

    Raises:
        ValueError: the encoder has no layer ``hidden``.
    """
    copy = keras.models.clone_model(encoder)
    copy.set_weights(encoder.get_weights())
    logits = layers.Dense(1, name="logit")(copy.get_layer("hidden").output)
    return keras.Model(copy.inputs[0], logits, name="discriminator")


def assemble_gan(generator: keras.Model, discriminator: keras.Model) -> keras.Model:
    """D(G(z)) as one model, which shares the weights of both networks.

    Args:
        generator: from noise to images.
        discriminator: from images of that shape to logits.

    Returns:
        A model from noise (batch, latent_dim) to logits (batch, 1), named ``gan``.

    Raises:
        ValueError: the discriminator takes another shape of images than the generator makes.
    """
    noise = keras.Input(generator.input_shape[1:], name="noise")
    return keras.Model(noise, discriminator(generator(noise)), name="gan")
