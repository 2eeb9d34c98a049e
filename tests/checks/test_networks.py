"""What is asked of a student's network, on networks a few lines long."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from labhelpers.checks import networks
from labhelpers.checks.core import Wrong


def _generator(last="tanh"):
    body = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation=last), layers.Reshape((2, 2, 1))])
    return keras.Sequential([keras.Input((2,)), layers.Dense(3), body])


def test_layers_of_networks_inside_stand_in_their_place():
    assert [type(layer) for layer in networks.layers_of(_generator())] == [layers.Dense, layers.Dense, layers.Reshape]


@pytest.mark.parametrize(
    ("value", "built", "words"),
    [
        (None, False, "it is None, expected a keras.Model: is there a `return`"),
        ([], False, r"it is a list, expected a keras.Model\."),
        (keras.Sequential([layers.Dense(1)]), True, "it is a Sequential, expected a built keras.Model: start it with"),
    ],
)
def test_what_is_no_network_is_named(value, built, words):
    with pytest.raises(Wrong, match=words):
        networks.as_model(value, "it", built=built)
    assert networks.as_model(network := _generator(), "it", built=built) is network


def test_shape_and_range_and_size_are_checked():
    network = _generator()
    networks.expect_shape(network.output_shape, (2, 2, 1), "images", "it makes")
    with pytest.raises(Wrong, match=r"it makes \(None, 2, 2, 1\), expected images of shape \(None, 4, 4, 1\). Crop."):
        networks.expect_shape(network.output_shape, (4, 4, 1), "images", "it makes", "Crop.")
    networks.expect_tanh(network, "it")
    with pytest.raises(Wrong, match="it ends in sigmoid, expected tanh"):
        networks.expect_tanh(_generator("sigmoid"), "it")
    networks.expect_budget(network, 25, "it", "less")
    with pytest.raises(Wrong, match="it has 25 parameters, expected at most 24: less"):
        networks.expect_budget(network, 24, "it", "less")


def test_images_must_differ_and_stay_in_range():
    networks.expect_varied_images(_generator(), "it")
    for scale, spread in ((100.0, "differ by"), (0.0, "differ by 0")):
        network = networks.with_random_weights(_generator("linear"), np.random.default_rng(0), scale)
        with pytest.raises(Wrong, match=rf"it makes images .* {spread}.*expected different images"):
            networks.expect_varied_images(network, "it")


def test_the_weight_that_moved_most_counts():
    before = [np.zeros(2), np.ones((2, 2))]
    assert networks.largest_change(before, [np.array([0.0, -3.0]), np.ones((2, 2))]) == 3
    assert networks.largest_change(before, before) == 0
