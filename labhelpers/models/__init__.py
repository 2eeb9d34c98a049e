"""Builders: functions from sizes to Keras models, without state.

To import this package is to register the layers of all its files, so that networks saved with them can be loaded.
"""

from labhelpers.models.augmentation import augmented, differentiable_augmentation
from labhelpers.models.autoencoder import autoencoder_discriminator
from labhelpers.models.conditional import conditional_pair, info_pair
from labhelpers.models.dcgan import (
    anime_pair,
    cnn_pair,
    dcgan_pair,
    light_dcgan_pair,
    light_face_pair,
)
from labhelpers.models.dense import deep_dense_pair, toy_pair, vanilla_pair
from labhelpers.models.pair import Pair, assemble_gan, discriminator_from_encoder
from labhelpers.models.sizes import (
    doublings_for,
    mirrored_sizes,
    sizes_of,
    sizing_table,
)
from labhelpers.models.transformer import (
    Patchify,
    Unpatchify,
    light_transformer_pair,
    transformer_pair,
)
from labhelpers.models.variational import (
    conv_decoder,
    conv_encoder,
    dense_decoder,
    dense_encoder,
)

__all__ = [
    "Pair",
    "Patchify",
    "Unpatchify",
    "anime_pair",
    "assemble_gan",
    "augmented",
    "autoencoder_discriminator",
    "cnn_pair",
    "conditional_pair",
    "conv_decoder",
    "conv_encoder",
    "dcgan_pair",
    "deep_dense_pair",
    "dense_decoder",
    "dense_encoder",
    "differentiable_augmentation",
    "discriminator_from_encoder",
    "doublings_for",
    "info_pair",
    "light_dcgan_pair",
    "light_face_pair",
    "light_transformer_pair",
    "mirrored_sizes",
    "sizes_of",
    "sizing_table",
    "toy_pair",
    "transformer_pair",
    "vanilla_pair",
]
