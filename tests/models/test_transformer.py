"""Patches, trained positions, and the pairs that are made of them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import models
from labhelpers.models.transformer import Patchify, PositionEmbedding, SelfAttention, Unpatchify
from tests.models.counting import trainable


def test_the_transformer_pair_has_the_parameters_counted_by_hand() -> None:
    counts = (1_046_465 + 6_272, 2_176 + 6_272 + 263_808 + 256 + 802_944 + 129)
    assert tuple(map(trainable, models.transformer_pair())) == counts == (1_052_737, 1_075_585)


def test_the_light_transformer_pair_has_the_stated_parameters() -> None:
    assert tuple(map(trainable, models.light_transformer_pair())) == (283_001, 151_937)
    assert tuple(map(trainable, models.light_transformer_pair(overlap=0))) == (273_713, 142_721)


def test_positions_are_trained() -> None:
    for network in models.transformer_pair():
        positions = network.get_layer("positions")
        assert any(variable is positions.positions for variable in network.trainable_variables)
        assert tuple(positions.positions.shape) == (49, 128)


def test_attention_sees_positions() -> None:
    # Without positions, attention gives permuted tokens for permuted tokens.
    layer = PositionEmbedding()
    tokens = np.ones((1, 5, 4), np.float32)
    out = np.asarray(layer(tokens))
    assert np.abs(out[0, 0] - out[0, 1]).max() > 0


def test_attention_agrees_with_keras() -> None:
    tokens = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(np.float32)
    layer, keras_layer = SelfAttention(4), keras.layers.MultiHeadAttention(4, 2, use_bias=False)
    found = np.asarray(layer(tokens))
    keras_layer(tokens, tokens)
    *three, output = layer.get_weights()
    keras_layer.set_weights([*(each.reshape(8, 4, 2) for each in three), output.reshape(4, 2, 8)])
    expected, weights = keras_layer(tokens, tokens, return_attention_scores=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(layer.last_weights, weights, atol=1e-6)


def test_features_that_no_heads_share_are_a_sentence() -> None:
    with pytest.raises(ValueError, match="8 features cannot be divided among 3 heads"):
        SelfAttention(3)(np.zeros((1, 5, 8), np.float32))


def test_patchify_cuts_row_by_row() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    patches = np.asarray(Patchify(2)(image))
    np.testing.assert_array_equal(patches[0], [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]])


def test_unpatchify_is_the_inverse_of_patchify() -> None:
    images = np.random.default_rng(0).normal(size=(2, 8, 12, 3)).astype(np.float32)
    patches = Patchify(4)(images)
    assert patches.shape == (2, 6, 48)
    np.testing.assert_array_equal(np.asarray(Unpatchify((8, 12, 3), 4)(patches)), images)


def test_overlapping_patches_are_what_tensorflow_extracts() -> None:
    images = np.random.default_rng(0).normal(size=(2, 28, 21, 3)).astype(np.float32)
    around = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
    expected = tf.image.extract_patches(around, (1, 11, 11, 1), (1, 7, 7, 1), (1, 1, 1, 1), "VALID")
    found = Patchify(7, overlap=2)(images)
    np.testing.assert_array_equal(found, tf.reshape(expected, found.shape))


def test_adding_up_is_the_transpose_of_cutting() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(2, 28, 21, 3)).astype(np.float32)
    cut = np.asarray(Patchify(7, overlap=2)(images))
    patches = rng.normal(size=cut.shape).astype(np.float32)
    added = np.asarray(Unpatchify((28, 21, 3), 7, overlap=2)(patches))
    np.testing.assert_allclose(np.vdot(patches, cut), np.vdot(added, images), rtol=1e-3)


def test_patches_that_do_not_fit_are_a_sentence() -> None:
    with pytest.raises(ValueError, match="Images of 28x28 cannot be cut into patches of 5x5"):
        Patchify(5)(np.zeros((1, 28, 28, 1), np.float32))
    with pytest.raises(ValueError, match="are not the patches of a 28x28x1 image"):
        Unpatchify((28, 28, 1), 4)(np.zeros((1, 48, 16), np.float32))


def test_the_light_transformer_pair_survives_saving(tmp_path: Path) -> None:
    for network in models.light_transformer_pair(blocks=1, width=16, overlap=2):
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras")
        x = np.random.default_rng(0).normal(size=(2, *network.input_shape[1:])).astype(np.float32)
        np.testing.assert_array_equal(again(x), network(x))
