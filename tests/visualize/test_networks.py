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


def test_a_game_shows_where_real_data_enter_and_whose_gradient_goes_where():
    figure = visualize.show_game(noise="2", generator="G", images="4", discriminator="D", title="the game")
    texts = {text.get_text().split("\n")[0]: text for text in figure.axes[0].texts if text.get_text()}
    assert {"noise z", "generator G", "fakes G(z)", "real data x", "discriminator D", "score"} <= set(texts)
    assert texts["gradient of D's loss"].get_color() == DISCRIMINATOR_COLOUR
    assert texts["gradient of G's loss, through D and the fakes"].get_color() == GENERATOR_COLOUR
