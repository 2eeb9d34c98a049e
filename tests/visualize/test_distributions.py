"""Histograms are shares, counts are bars of that height."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from labhelpers import visualize
from labhelpers.visualize.style import GENERATOR_COLOUR


def test_counts_become_bars_of_that_height() -> None:
    figure = visualize.plot_counts({"a": [1, 0, 7], "b": [2, 3, 4]}, "012", title="t")
    assert [bar.get_height() for bar in figure.axes[0].patches] == [1, 0, 7, 2, 3, 4]


def test_histograms_are_shares_of_the_images() -> None:
    figure = visualize.plot_histograms(
        {"before": {"real": np.full(10, 0.5), "fake (x)": np.full(40, 0.1)}}, title="t", xlabel="D(x)"
    )
    for patch in figure.axes[0].patches:
        assert patch.get_xy()[:, 1].max() == pytest.approx(1.0)
    colours = [mpl.colors.to_hex(patch.get_edgecolor()).upper() for patch in figure.axes[0].patches]
    assert colours == ["#000000", GENERATOR_COLOUR.upper()]
