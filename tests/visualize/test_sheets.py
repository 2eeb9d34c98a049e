"""Sheets: what is put where, in which range, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_rows_are_labelled():
    figure = visualize.show_rows({"first": _images(), "second": _images()}, title="compare")
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["first", "second"]


def test_ready_pictures_stand_side_by_side():
    pictures = {"0 epochs": np.zeros((10, 12, 3), np.uint8), "5 epochs": np.full((10, 12, 3), 255, np.uint8)}
    figure = visualize.show_pictures(pictures, title="growing")
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["0 epochs", "5 epochs"]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), pictures["5 epochs"])


def test_a_grey_picture_in_bytes_is_not_all_white():
    picture = visualize.show_pictures({"grey": np.full((10, 12), 128, np.uint8)}).axes[0].images[0]
    assert picture.get_clim() == (0, 255)


def test_sheets_stand_side_by_side_each_with_its_rows():
    figure = visualize.show_sheets({"real": _images(4), "fake": _images(4)}, columns=2)
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["real", "fake"]
    assert figure.axes[0].images[0].get_array().shape == (9, 13)


def test_a_manifold_fills_the_square_of_its_codes():
    axes = visualize.plot_manifold(_images(9), 1.5, title="t").axes[0]
    assert axes.images[0].get_extent() == [-1.5, 1.5, -1.5, 1.5]
    assert axes.images[0].get_array().shape == (12, 18)
