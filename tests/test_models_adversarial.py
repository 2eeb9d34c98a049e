import math
from collections.abc import Callable

import keras
import numpy as np
import pytest

from labhelpers.models import adversarial as models
from labhelpers.models.variational import dense_encoder


def trainable(network: keras.Model) -> int:
    return sum(math.prod(variable.shape) for variable in network.trainable_variables)


# Counted by hand from the documents, layer by layer.
COUNTS = {
    "vanilla_pair": (100 * 128 + 128 + 128 * 784 + 784, 784 * 128 + 128 + 128 + 1),
    "deep_dense_pair": (
        (100 * 128 + 128) + (128 * 256 + 256) + (256 * 512 + 512) + (512 * 1024 + 1024) + (1024 * 784 + 784)
        + 2 * (256 + 512 + 1024),
        (784 * 512 + 512) + (512 * 256 + 256) + (256 + 1),
    ),
    "cnn_pair": (
        (100 * 12544 + 12544) + (256 * 128 * 16 + 128) + (128 * 64 * 16 + 64) + (64 * 49 + 1),
        (64 * 16 + 64) + (64 * 128 * 16 + 128) + (7 * 7 * 128 + 1),
    ),
    "dcgan_pair": (3_576_704, 2_765_568),
    "light_dcgan_pair": (
        (64 * 256 + 2 * 256) + (256 * 3136 + 2 * 3136) + (64 * 32 * 16 + 2 * 32) + (32 * 16 + 1),
        (32 * 16 + 32) + (32 * 64 * 16 + 2 * 64) + (3136 * 128 + 128) + (128 + 1),
    ),
    "transformer_pair": (1_046_465 + 6_272, 2_176 + 6_272 + 263_808 + 256 + 802_944 + 129),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_trainable_parameters_are_those_of_the_documents(name: str) -> None:
    assert tuple(trainable(network) for network in getattr(models, name)()) == COUNTS[name]


def test_the_anime_pair_has_all_parameters_of_the_document() -> None:
    pair = models.anime_pair()
    assert (pair.generator.count_params(), pair.discriminator.count_params()) == (33_011_136, 1_576_065)
    assert trainable(pair.generator) == 32_690_752
    assert pair.generator.output_shape == (None, 100, 100, 3)


def test_the_dcgan_matches_the_tables_row_by_row() -> None:
    pair = models.dcgan_pair()

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


def test_positions_are_trained() -> None:
    for network in models.transformer_pair():
        positions = network.get_layer("positions")
        assert any(variable is positions.positions for variable in network.trainable_variables)
        assert tuple(positions.positions.shape) == (49, 128)


def test_attention_sees_positions() -> None:
    # Without positions, attention gives permuted tokens for permuted tokens.
    layer = models.PositionEmbedding()
    tokens = np.ones((1, 5, 4), np.float32)
    out = np.asarray(layer(tokens))
    assert np.abs(out[0, 0] - out[0, 1]).max() > 0


def test_patchify_cuts_row_by_row() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    patches = np.asarray(models.Patchify(2)(image))
    np.testing.assert_array_equal(patches[0], [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]])


def test_unpatchify_is_the_inverse_of_patchify() -> None:
    images = np.random.default_rng(0).normal(size=(2, 8, 12, 3)).astype(np.float32)
    patches = models.Patchify(4)(images)
    assert patches.shape == (2, 6, 48)
    np.testing.assert_array_equal(np.asarray(models.Unpatchify((8, 12, 3), 4)(patches)), images)


def test_patches_that_do_not_fit_are_a_sentence() -> None:
    with pytest.raises(ValueError, match="Images of 28x28 cannot be cut into patches of 5x5"):
        models.Patchify(5)(np.zeros((1, 28, 28, 1), np.float32))
    with pytest.raises(ValueError, match="are not the patches of a 28x28x1 image"):
        models.Unpatchify((28, 28, 1), 4)(np.zeros((1, 48, 16), np.float32))


def test_energies_by_hand() -> None:
    images, reconstructions = np.zeros((1, 2, 1, 1), np.float32), np.array([3.0, -4.0], np.float32).reshape(1, 2, 1, 1)
    assert float(models.ReconstructionEnergy("l2")([images, reconstructions])[0, 0]) == pytest.approx(5.0)
    assert float(models.ReconstructionEnergy("l1")([images, reconstructions])[0, 0]) == pytest.approx(3.5)
    with pytest.raises(ValueError, match="The energy is 'l3'"):
        models.ReconstructionEnergy("l3")


def test_networks_of_own_layers_are_saved_and_loaded(tmp_path) -> None:  # type: ignore[no-untyped-def]
    networks = [*models.light_transformer_pair(blocks=1, width=16), models.autoencoder_discriminator((4, 4, 1))]
    for network in networks:
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        x = np.random.default_rng(0).normal(size=(2, *network.input_shape[1:])).astype(np.float32)
        first, second = (keras.tree.flatten(net(x)) for net in (network, again))
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_a_discriminator_from_an_encoder_computes_with_a_copy_of_its_trunk() -> None:
    encoder = dense_encoder((28, 28, 1), latent_dim=3, width=8)
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
