"""The figures of lab 06 show what they are given, with one legend and titled panels."""

from __future__ import annotations

import numpy as np

from labhelpers import visualize


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


def test_ready_pictures_stand_side_by_side():
    pictures = {"0 epochs": np.zeros((10, 12, 3), np.uint8), "5 epochs": np.full((10, 12, 3), 255, np.uint8)}
    figure = visualize.show_pictures(pictures, title="growing")
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["0 epochs", "5 epochs"]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), pictures["5 epochs"])
