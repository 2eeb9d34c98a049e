"""Pictures: what is put where, in which range, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from labhelpers import visualize


def _images(count=3, value=0.5, channels=1):
    return np.full((count, 4, 6, channels), value, np.float32)


def test_tile_puts_images_row_by_row_with_equal_white_gaps():
    images = np.arange(3, dtype=np.float32).reshape(3, 1, 1, 1) / 4 * np.ones((3, 2, 2, 1), np.float32)
    sheet = visualize.tile(images, columns=2, gap=1)[..., 0]
    assert sheet.shape == (5, 5)
    assert (sheet[:2, :2] == 0).all()
    assert (sheet[:2, 3:] == 0.25).all()
    assert (sheet[3:, :2] == 0.5).all()
    assert (sheet[2] == 1).all()
    assert (sheet[:, 2] == 1).all()
    assert (sheet[3:, 3:] == 1).all(), "an empty place is white"


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.full((1, 2, 2, 1), 255, np.uint8), 255),
        (np.full((1, 2, 2, 1), 1.0, np.float32), 255),
        (np.full((1, 2, 2, 1), 0.5), 128),
        (np.full((1, 2, 2, 1), -5e-4), 0),
        (np.full((1, 2, 2, 1), np.nan), 0),
    ],
)
def test_a_sheet_takes_uint8_and_floats_in_0_to_1(images, expected):
    sheet = visualize.sheet(images, columns=1)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] == 6, "each pixel is enlarged three times"
    assert sheet[-1, 0] == expected


@pytest.mark.parametrize("value", [-1.0, -0.01, 1.01, 255.0])
def test_other_ranges_are_refused_with_the_way_out(value):
    with pytest.raises(ValueError, match=r"expected uint8 or floats in \[0, 1\].*ready_to_show"):
        visualize.show_grid(_images(value=value))


def test_sheets_of_colour_keep_their_channels():
    assert visualize.sheet(_images(channels=3), columns=3).shape == (12, 60, 3)


@pytest.mark.parametrize("shape", [(4, 4, 1), (2, 4, 4, 2), (2, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(n, height, width, 1 or 3\)"):
        visualize.show_grid(np.zeros(shape))


def test_real_or_original_images_stand_on_the_left():
    figure = visualize.show_pairs(_images(2), _images(2), left_title="real", right_title="fake")
    left, right = figure.axes
    assert left.get_title(loc="left") == "real"
    assert left.get_position().x0 < right.get_position().x0


def test_grids_show_pixels_without_interpolation_and_without_stretching_the_contrast():
    axes = visualize.show_grid(_images(value=0.4), title="grey").axes[0]
    picture = axes.images[0]
    assert picture.get_interpolation() == "nearest"
    assert picture.get_clim() == (0, 1)


def test_generator_and_discriminator_keep_their_colours():
    figure = visualize.plot_losses({"d_loss": [1, 2], "g_loss": [2, 1]}, title="t", ylabel="loss")
    colours = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
    assert colours == {"g_loss": visualize.GENERATOR_COLOUR, "d_loss": visualize.DISCRIMINATOR_COLOUR}


def test_smoothed_curves_are_means_over_the_window():
    figure = visualize.plot_losses({"loss": [0, 2, 4, 6]}, title="t", ylabel="nats", xlabel="step", smooth=2)
    raw, smooth = figure.axes[0].lines
    assert raw.get_ydata().tolist() == [0, 2, 4, 6]
    assert smooth.get_xdata().tolist() == [2, 3, 4]
    assert smooth.get_ydata().tolist() == [1, 3, 5]


def test_latent_plot_names_every_class_that_is_there():
    codes = np.random.default_rng(0).normal(size=(20, 2))
    figure = visualize.plot_latent(codes, np.arange(20) % 2, ("zero", "one", "two"), title="t")
    assert [text.get_text() for text in figure.axes[0].texts] == ["zero", "one"]
    with pytest.raises(ValueError, match=r"shape \(20, 3\), expected \(n, 2\)"):
        visualize.plot_latent(np.zeros((20, 3)), np.zeros(20), ("zero",), title="t")


def test_grid_codes_run_from_the_top_left_as_the_manifold_shows_them():
    codes = visualize.grid_codes(1.0, 3)
    assert codes[0].tolist() == [-1, 1]
    assert codes[2].tolist() == [1, 1]
    assert codes[-1].tolist() == [1, -1]
    assert isinstance(visualize.plot_manifold(_images(9), 1.0, title="t"), Figure)


def test_line_between_starts_and_ends_where_it_should():
    line = visualize.line_between(np.array([0.0, 4.0]), np.array([2.0, 0.0]), 3)
    assert line.tolist() == [[0, 4], [1, 2], [2, 0]]


def test_layers_are_drawn_also_where_visualkeras_cannot():
    import keras

    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="small")
    for model in (dense, keras.Sequential([keras.Input((None, 4)), keras.layers.LSTM(2)], name="unknown_length")):
        figure = visualize.show_layers(model)
        assert model.name in figure.axes[0].get_title(loc="left")
        assert f"{model.count_params():,} parameters" in figure.axes[0].get_title(loc="left")


def test_rows_are_labelled():
    figure = visualize.show_rows({"first": _images(), "second": _images()}, title="compare")
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["first", "second"]


def test_the_latent_walk_shows_a_still_picture_too(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    visualize.walk_latent_plane(lambda codes: np.full((len(codes), 4, 4, 1), 0.5, np.float32), limit=2.0)
    assert any(isinstance(item, Figure) for item in shown)


def test_a_pipeline_colours_the_two_players():
    figure = visualize.show_pipeline([("noise", "z"), ("generator", "G"), ("discriminator", "D")], title="the game")
    colours = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colours["generator"] == visualize.GENERATOR_COLOUR
    assert colours["discriminator"] == visualize.DISCRIMINATOR_COLOUR
