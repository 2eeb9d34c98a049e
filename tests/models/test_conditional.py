"""The light pairs with labels and with codes."""

from __future__ import annotations

import numpy as np

from labhelpers import models


def test_the_light_conditional_pair_reads_its_labels() -> None:
    generator, discriminator = models.conditional_pair(latent_dim=4)
    noise, labels = np.zeros((2, 4), np.float32), np.eye(10, dtype=np.float32)[[3, 8]]
    images = generator([noise, labels]).numpy()
    assert images.shape == (2, 28, 28, 1)
    assert np.abs(images[0] - images[1]).max() > 0
    same = np.repeat(images[:1], 2, axis=0)
    scores = discriminator([same, labels]).numpy()
    assert scores.shape == (2, 1)
    assert scores[0] != scores[1]


def test_the_light_info_pair_gives_a_score_a_category_and_codes() -> None:
    generator, discriminator = models.info_pair()
    assert generator.input_shape == (None, 74)
    outputs = discriminator(np.zeros((2, 28, 28, 1), np.float32))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "logit": (2, 1),
        "category": (2, 10),
        "uniform": (2, 2),
    }


def test_the_category_reaches_the_generator_twice_as_loud() -> None:
    generator, _ = models.info_pair(noise_dim=3, categories=2, uniform=1)
    louder = generator.layers[0]
    np.testing.assert_array_equal(louder(np.ones((1, 6), np.float32)), [[1, 1, 1, 2, 2, 1]])
