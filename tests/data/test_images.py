"""A data set of images: smaller ones from it, and its views in the range of a model."""

from __future__ import annotations

import numpy as np
import pytest

from labhelpers.data import LabeledImages


@pytest.fixture
def data() -> LabeledImages:
    pixels = np.arange(256, dtype=np.uint8).repeat(4).reshape(16, 8, 8, 1)
    labels = np.arange(16) % 2
    return LabeledImages("squares", "a test", pixels[:10], labels[:10], pixels[10:], labels[10:], ("even", "odd"))


def test_a_smaller_set_is_the_beginning_of_both_parts(data):
    few = data.first(4, 3)
    np.testing.assert_array_equal(few.train_images, data.train_images[:4])
    np.testing.assert_array_equal(few.test_labels, data.test_labels[:3])
    assert (few.name, few.source, few.class_names) == (data.name, data.source, data.class_names)
    assert len(data.first(4).test_images) == 6, "all of them, where no number is given"


@pytest.mark.parametrize(("activation", "lowest"), [("sigmoid", 0.0), ("tanh", -1.0)])
def test_a_view_has_the_range_of_its_activation(data, activation, lowest):
    view = data.scaled(activation)
    assert view.activation == activation
    assert view.train.dtype == view.test.dtype == np.float32
    assert view.train.shape == data.train_images.shape
    assert (view.train.min(), view.test.max()) == pytest.approx((lowest, 1.0), abs=1e-6)


def test_it_says_what_it_is(data):
    assert data.image_shape == (8, 8, 1)
    assert str(data) == "squares: 10 training and 6 test images of 8x8x1, from a test"
