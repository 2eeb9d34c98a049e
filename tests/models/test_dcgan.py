"""The convolutional pairs have the layers and parameters of the documents."""

from __future__ import annotations

import math

import keras

from labhelpers import models
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
