"""Figures of the GAN labs hold what they were given, in the colours of the players."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from labhelpers import visualize


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
    assert lines["model"].get_color() == visualize.GENERATOR_COLOUR
    assert lines["best"].get_color() == visualize.DISCRIMINATOR_COLOUR
    assert lines["real"].get_color() not in (visualize.GENERATOR_COLOUR, visualize.DISCRIMINATOR_COLOUR)
    np.testing.assert_array_equal(lines["model"].get_ydata(), [1, 2, 3])
    np.testing.assert_array_equal(lines["guessing"].get_ydata(), [50, 50])


def test_two_curves_of_one_player_differ_in_their_dashes() -> None:
    x = np.arange(5)
    figure = visualize.plot_curves({"d_ a": (x, x), "d_ b": (x, x)}, title="t", xlabel="x", ylabel="y", log=True)
    first, second = figure.axes[0].lines
    assert first.get_linestyle() != second.get_linestyle()
    assert figure.axes[0].get_yscale() == "log"


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
    assert colours == ["#000000", visualize.GENERATOR_COLOUR.upper()]


def test_points_get_a_panel_each_and_real_ones_are_black() -> None:
    panels = {"real": np.zeros((3, 2)), "fake": np.ones((5, 2))}
    figure = visualize.show_points(panels, centres=np.eye(2), limit=2.0, title="t")
    assert [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes] == ["real", "fake"]
    real, fake = (axis.collections[1] for axis in figure.axes)
    assert mpl.colors.to_hex(real.get_facecolor()[0]) == "#000000"
    assert len(fake.get_offsets()) == 5


def test_arrows_of_the_decision_keep_their_direction_and_the_longest_is_a_sixth_of_the_picture() -> None:
    fake = np.array([[0.0, 0.0], [1.0, 1.0]])
    pulls = np.array([[0.0, -2.0], [1.0, 0.0]])
    says = np.linspace(0, 1, 9).reshape(3, 3)
    figure = visualize.plot_decision({"a": (says, fake, fake, pulls)}, limit=3.0, title="t")
    arrows = next(c for c in figure.axes[0].collections if isinstance(c, mpl.quiver.Quiver))
    np.testing.assert_allclose(np.stack([arrows.U, arrows.V], axis=1), [[0, -1], [0.5, 0]])
