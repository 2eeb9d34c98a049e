"""The dense pairs have the parameters of the documents, counted by hand, layer by layer."""

from __future__ import annotations

from labhelpers import models
from tests.models.counting import trainable


def test_the_vanilla_pair_has_the_parameters_of_the_document() -> None:
    counts = (100 * 128 + 128 + 128 * 784 + 784, 784 * 128 + 128 + 128 + 1)
    assert tuple(map(trainable, models.vanilla_pair())) == counts == (114_064, 100_609)


def test_the_deep_dense_pair_has_the_parameters_of_the_document() -> None:
    generator = (100 * 128 + 128) + (128 * 256 + 256) + (256 * 512 + 512) + (512 * 1024 + 1024) + (1024 * 784 + 784)
    generator += 2 * (256 + 512 + 1024)
    discriminator = (784 * 512 + 512) + (512 * 256 + 256) + (256 + 1)
    assert tuple(map(trainable, models.deep_dense_pair())) == (generator, discriminator) == (1_510_032, 533_505)


def test_the_toy_pair_takes_and_makes_points_in_the_plane() -> None:
    generator, discriminator = models.toy_pair(latent_dim=5, hidden=4)
    assert (generator.input_shape, generator.output_shape) == ((None, 5), (None, 2))
    assert (discriminator.input_shape, discriminator.output_shape) == ((None, 2), (None, 1))
