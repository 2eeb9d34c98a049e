"""The convolutional pairs have the layers and parameters of the documents, and the light face pair fits any size."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from labhelpers import models
from labhelpers.training.gan import GAN, last_activation
from tests.models.counting import trainable


def test_the_cnn_pair_has_the_parameters_of_the_document() -> None:
    generator = (100 * 12544 + 12544) + (256 * 128 * 16 + 128) + (128 * 64 * 16 + 64) + (64 * 49 + 1)
    discriminator = (64 * 16 + 64) + (64 * 128 * 16 + 128) + (7 * 7 * 128 + 1)
    assert tuple(map(trainable, models.cnn_pair())) == (generator, discriminator) == (1_925_633, 138_561)


def test_the_light_dcgan_has_the_parameters_counted_by_hand() -> None:
    generator = (64 * 256 + 2 * 256) + (256 * 3136 + 2 * 3136) + (64 * 32 * 16 + 2 * 32) + (32 * 16 + 1)
    discriminator = (32 * 16 + 32) + (32 * 64 * 16 + 2 * 64) + (3136 * 128 + 128) + (128 + 1)
    assert tuple(map(trainable, models.light_dcgan_pair())) == (generator, discriminator)


def test_the_dcgan_matches_the_tables_row_by_row() -> None:
    pair = models.dcgan_pair()
    assert tuple(map(trainable, pair)) == (3_576_704, 2_765_568)

    def rows(network: keras.Model) -> list[tuple[tuple[int, ...], int]]:
        return [
            (tuple(layer.output.shape[1:]), sum(math.prod(v.shape) for v in layer.trainable_variables))
            for layer in network.layers
            if layer.trainable_variables
        ]

    assert rows(pair.generator) == [
        ((4, 4, 512), 819_200),
        ((4, 4, 512), 1_024),
        ((8, 8, 256), 2_097_152),
        ((8, 8, 256), 512),
        ((16, 16, 128), 524_288),
        ((16, 16, 128), 256),
        ((32, 32, 64), 131_072),
        ((32, 32, 64), 128),
        ((64, 64, 3), 3_072),
    ]
    assert rows(pair.discriminator) == [
        ((32, 32, 64), 3_072),
        ((16, 16, 128), 131_072),
        ((16, 16, 128), 256),
        ((8, 8, 256), 524_288),
        ((8, 8, 256), 512),
        ((4, 4, 512), 2_097_152),
        ((4, 4, 512), 1_024),
        ((1, 1, 1), 8_192),
    ]


def test_the_anime_pair_has_all_parameters_of_the_document() -> None:
    pair = models.anime_pair()
    assert (pair.generator.count_params(), pair.discriminator.count_params()) == (33_011_136, 1_576_065)
    assert trainable(pair.generator) == 32_690_752
    assert pair.generator.output_shape == (None, 100, 100, 3)


@pytest.mark.parametrize(("size", "channels"), [(8, 3), (17, 3), (28, 1), (45, 3), (50, 3), (100, 3)])
def test_the_light_pair_fits_any_size(size, channels):
    generator, discriminator = models.light_face_pair(size, 5, channels=channels, filters=8)
    assert generator.output_shape == discriminator.input_shape == (None, size, size, channels)
    assert last_activation(generator) == "tanh"
    images = generator(np.random.default_rng(0).normal(size=(2, 5)).astype("float32"))
    assert discriminator(images).shape == (2, 1)
    filters = [layer.filters for layer in generator.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert filters == sorted(filters, reverse=True)
    seen = [layer.output.shape[1] for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert (size, *seen) == models.mirrored_sizes(size)
    GAN(generator, discriminator)
