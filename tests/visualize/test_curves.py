"""Curves: the players' colours, running means, and one legend for a grid of panels."""

from __future__ import annotations

import numpy as np
import pytest

from labhelpers import visualize
from labhelpers.visualize.style import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR


def test_generator_and_discriminator_keep_their_colours():
    figure = visualize.plot_losses({"d_loss": [1, 2], "g_loss": [2, 1]}, title="t", ylabel="loss")
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert colours == {"g_loss": GENERATOR_COLOUR, "d_loss": DISCRIMINATOR_COLOUR}


def test_smoothed_curves_are_means_over_the_window():
    figure = visualize.plot_losses({"loss": [0, 2, 4, 6]}, title="t", ylabel="nats", xlabel="step", smooth=2)
    raw, smooth = figure.axes[0].lines
    assert raw.get_ydata().tolist() == [0, 2, 4, 6]
    assert smooth.get_xdata().tolist() == [2, 3, 4]
    assert smooth.get_ydata().tolist() == [1, 3, 5]


def test_curves_of_the_players_have_their_colours_and_levels_are_drawn() -> None:
    x = np.arange(1, 4)
    figure = visualize.plot_curves(
        {"g_ model": (x, [1, 2, 3]), "d_ best": (x, [3, 2, 1]), "real": (x, [0, 0, 0])},
        levels={"guessing": 50.0},
        title="t",
        xlabel="epoch",
        ylabel="y",
    )
    lines = {str(line.get_label()): line for line in figure.axes[0].lines}
    assert set(lines) == {"model", "best", "real", "guessing"}
    assert lines["model"].get_color() == GENERATOR_COLOUR
    assert lines["best"].get_color() == DISCRIMINATOR_COLOUR
    assert lines["real"].get_color() not in (GENERATOR_COLOUR, DISCRIMINATOR_COLOUR)
    np.testing.assert_array_equal(lines["model"].get_ydata(), [1, 2, 3])
    np.testing.assert_array_equal(lines["guessing"].get_ydata(), [50, 50])


def test_two_curves_of_one_player_differ_in_their_dashes() -> None:
    x = np.arange(5)
    figure = visualize.plot_curves({"d_ a": (x, x), "d_ b": (x, x)}, title="t", xlabel="x", ylabel="y", log=True)
    first, second = figure.axes[0].lines
    assert first.get_linestyle() != second.get_linestyle()
    assert figure.axes[0].get_yscale() == "log"


def test_a_grid_of_curves_has_titles_dashes_and_one_colour_a_group():
    curves = {"none, train": ([1, 2], [0.0, 1.0]), "none, held out": ([1, 2], [0.0, 0.5]), "both, train": ([1], [2.0])}
    panels = {
        "score": {"205 images": curves, "580 images": curves},
        "FID": {"205 images": {"both": ([1], [9.0])}, "580 images": {}},
    }
    figure = visualize.plot_curve_grid(panels, title="what to see", xlabel="epoch")
    axes = figure.axes
    assert [axis.get_title(loc="left") for axis in axes] == ["205 images", "580 images", "", ""]
    assert [axis.get_xlabel() for axis in axes] == ["", "", "epoch", "epoch"]
    assert [axis.get_ylabel() for axis in axes] == ["score", "", "FID", ""]
    none, held_out, both = axes[0].lines
    assert (none.get_linestyle(), held_out.get_linestyle()) == ("-", "--")
    assert none.get_color() == held_out.get_color() != both.get_color() == axes[2].lines[0].get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["none", "both"]


def test_small_multiples_smooth_less_where_there_are_few_values():
    panels = {"long": {"d_loss": np.arange(100.0)}, "short": {"d_loss": np.arange(8.0), "g_loss": np.ones(8)}}
    figure = visualize.plot_panels(panels, title="t", xlabel="step", columns=2, smooth=50)
    (long,), (short, players) = (axis.lines for axis in figure.axes)
    first_mean = (long.get_xdata()[0], long.get_ydata()[0])
    assert first_mean == pytest.approx((26, 12.5)), "the mean of the first 26 of 100 values"
    assert short.get_ydata().tolist() == pytest.approx([1, 2, 3, 4, 5, 6])
    assert (short.get_color(), players.get_color()) == (DISCRIMINATOR_COLOUR, GENERATOR_COLOUR)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["d_loss", "g_loss"]


def test_a_function_and_its_derivative_have_one_colour():
    x = np.linspace(-1, 1, 5)
    figure = visualize.plot_functions(x, {"a": x, "b": x**2}, derivatives={"a": x**0, "b": 2 * x}, title="t")
    left, right = (axis.lines for axis in figure.axes)
    assert [line.get_color() for line in left] == [line.get_color() for line in right]
    np.testing.assert_array_equal(right[1].get_ydata(), 2 * x)
