"""The plane: the order of a grid, the ends of a line, colours of points, directions of arrows, scales of landscapes."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from labhelpers import visualize


def test_grid_codes_run_from_the_top_left_as_the_manifold_shows_them():
    codes = visualize.grid_codes(1.0, 3)
    assert codes[0].tolist() == [-1, 1]
    assert codes[2].tolist() == [1, 1]
    assert codes[-1].tolist() == [1, -1]
    drawn = np.clip(codes[:, 1:], 0, 1)[:, :, None, None] * np.ones((1, 2, 2, 1))
    picture = visualize.plot_manifold(drawn, 1.0, title="t").axes[0].images[0]
    assert picture.get_array()[:, 0].tolist() == [1, 1, 0, 0, 0, 0], "z[1] = 1 is at the top"


def test_line_between_starts_and_ends_where_it_should():
    line = visualize.line_between(np.array([0.0, 4.0]), np.array([2.0, 0.0]), 3)
    assert line.tolist() == [[0, 4], [1, 2], [2, 0]]


def test_latent_plot_names_every_class_that_is_there():
    codes = np.random.default_rng(0).normal(size=(20, 2))
    figure = visualize.plot_latent(codes, np.arange(20) % 2, ("zero", "one", "two"), title="t")
    assert [text.get_text() for text in figure.axes[0].texts] == ["zero", "one"]
    with pytest.raises(ValueError, match=r"shape \(20, 3\), expected \(n, 2\)"):
        visualize.plot_latent(np.zeros((20, 3)), np.zeros(20), ("zero",), title="t")


def test_the_latent_walk_shows_a_still_picture_too(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    visualize.walk_latent_plane(lambda codes: np.full((len(codes), 4, 4, 1), 0.5, np.float32), limit=2.0)
    assert any(isinstance(item, Figure) for item in shown)


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


def test_every_landscape_has_its_own_scale_also_where_it_is_flat():
    slope = np.linspace(0, 100, 101).reshape(1, -1)
    panels = {"slope": (slope, np.zeros((3, 2))), "flat": (np.ones((4, 4)), np.zeros((3, 2)))}
    figure = visualize.plot_landscapes(panels, centres=np.eye(2), limit=2.0, title="t", columns=2)
    first, second = (axis.images[0].get_clim() for axis in figure.axes)
    assert first == pytest.approx((2, 98))
    assert second[0] == 1 < second[1]
