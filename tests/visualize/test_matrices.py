"""Matrices: every number stands in its cell, and cells have one size in all matrices."""

from __future__ import annotations

import numpy as np

from labhelpers import visualize


def test_numbers_stand_in_cells_of_one_size():
    figure = visualize.show_matrices({"wide": np.array([[1.0, -2.5, 0.0]]), "tall": np.zeros((2, 1))})
    wide, tall = figure.axes
    assert {text.get_position(): text.get_text() for text in wide.texts} == {(0, 0): "1", (1, 0): "-2.5", (2, 0): "0"}
    assert wide.get_xlim() == tall.get_xlim() == (-0.5, 2.5)
    assert wide.get_ylim() == tall.get_ylim() == (1.5, -0.5)
    assert wide.images[0].get_array().tolist() == [[0.4, 1.0, 0.0]], "the larger, the darker, whatever the sign"
