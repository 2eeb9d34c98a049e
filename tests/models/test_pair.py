"""What holds for every pair, a discriminator from an encoder, and D(G(z))."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from labhelpers import models

SMALL = [
    models.vanilla_pair,
    models.deep_dense_pair,
    models.cnn_pair,
    models.light_dcgan_pair,
    models.transformer_pair,
    models.light_transformer_pair,
    models.toy_pair,
]


@pytest.mark.parametrize("make", SMALL, ids=lambda make: make.__name__)
def test_pairs_fit_together_and_score_without_a_sigmoid(make: Callable[[], models.Pair]) -> None:
    keras.utils.set_random_seed(0)
    generator, discriminator = make()
    noise = np.random.default_rng(0).normal(size=(3, generator.input_shape[-1])).astype(np.float32)
    fake_images = generator(noise)
    logits = discriminator(fake_images * 1e4)
    assert logits.shape == (3, 1)
    # Scores of large inputs leave [0, 1]: nothing squashes them.
    assert np.abs(np.asarray(logits)).max() > 1.0
    if make is not models.toy_pair:
        assert np.abs(np.asarray(fake_images)).max() <= 1.0


def test_a_discriminator_from_an_encoder_computes_with_a_copy_of_its_trunk() -> None:
    encoder = models.dense_encoder((28, 28, 1), latent_dim=3, width=8)
    rng = np.random.default_rng(0)
    encoder.set_weights([rng.normal(scale=0.1, size=weight.shape) for weight in encoder.get_weights()])
    discriminator = models.discriminator_from_encoder(encoder)
    assert discriminator.count_params() == 784 * 8 + 8 + 8 + 1
    images = rng.uniform(size=(4, 28, 28, 1))
    trunk, bias = encoder.get_layer("hidden").get_weights()
    head, offset = discriminator.get_layer("logit").get_weights()
    expected = np.maximum(images.reshape(4, -1) @ trunk + bias, 0) @ head + offset
    np.testing.assert_allclose(discriminator(images.astype("float32")), expected, rtol=1e-4, atol=1e-5)
    discriminator.set_weights([weight + 1 for weight in discriminator.get_weights()])
    np.testing.assert_array_equal(encoder.get_layer("hidden").get_weights()[0], trunk)


def test_an_encoder_without_a_hidden_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="hidden"):
        models.discriminator_from_encoder(models.toy_pair().discriminator)


def test_an_assembled_gan_is_d_of_g_and_shares_their_weights() -> None:
    generator, discriminator = models.vanilla_pair(latent_dim=5, hidden=4)
    gan = models.assemble_gan(generator, discriminator)
    noise = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(gan(noise), discriminator(generator(noise)), rtol=1e-5)
    assert {id(weight) for weight in gan.weights} == {id(w) for net in (generator, discriminator) for w in net.weights}
