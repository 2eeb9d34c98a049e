"""Builders: functions from sizes to Keras models, without state."""

from labhelpers.models.adversarial import (
    Pair,
    anime_pair,
    assemble_gan,
    cnn_pair,
    dcgan_pair,
    deep_dense_pair,
    discriminator_from_encoder,
    light_dcgan_pair,
    light_transformer_pair,
    toy_pair,
    transformer_pair,
    vanilla_pair,
)
from labhelpers.models.variational import conv_decoder, conv_encoder, dense_decoder, dense_encoder

__all__ = [
    "Pair",
    "anime_pair",
    "assemble_gan",
    "cnn_pair",
    "conv_decoder",
    "conv_encoder",
    "dcgan_pair",
    "deep_dense_pair",
    "dense_decoder",
    "dense_encoder",
    "discriminator_from_encoder",
    "light_dcgan_pair",
    "light_transformer_pair",
    "toy_pair",
    "transformer_pair",
    "vanilla_pair",
]
