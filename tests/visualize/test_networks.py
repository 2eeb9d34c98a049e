"""Layers of a network, and the pipeline of a lab."""

from __future__ import annotations

import keras

from labhelpers import visualize
from labhelpers.visualize.style import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR


def test_layers_are_drawn_also_where_visualkeras_cannot():
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="small")
    for model in (dense, keras.Sequential([keras.Input((None, 4)), keras.layers.LSTM(2)], name="unknown_length")):
        figure = visualize.show_layers(model)
        assert model.name in figure.axes[0].get_title(loc="left")
        assert f"{model.count_params():,} parameters" in figure.axes[0].get_title(loc="left")


def test_a_pipeline_colours_the_two_players():
    figure = visualize.show_pipeline([("noise", "z"), ("generator", "G"), ("discriminator", "D")], title="the game")
    colours = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colours["generator"] == GENERATOR_COLOUR
    assert colours["discriminator"] == DISCRIMINATOR_COLOUR
