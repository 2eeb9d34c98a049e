"""Encoders and decoders have the sizes of the course."""

from __future__ import annotations

import pytest

from labhelpers import models

SHAPE = (28, 28, 1)


def test_the_dense_pair_has_the_sizes_of_the_course() -> None:
    encoder, decoder = models.dense_encoder(SHAPE, 2), models.dense_decoder(SHAPE, 2)
    assert encoder.count_params() == 784 * 256 + 256 + 2 * (256 * 2 + 2)
    assert decoder.count_params() == 2 * 256 + 256 + 256 * 784 + 784
    assert [output.shape for output in encoder.outputs] == [(None, 2), (None, 2)]


def test_the_convolutional_pair_goes_from_images_to_codes_and_back() -> None:
    assert [output.shape for output in models.conv_encoder(SHAPE, 3).outputs] == [(None, 3), (None, 3)]
    assert models.conv_decoder(SHAPE, 3).output_shape == (None, *SHAPE)
    with pytest.raises(ValueError, match="30x28, expected multiples of 4"):
        models.conv_decoder((30, 28, 1), 2)
