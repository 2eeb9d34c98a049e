"""One rule for ranges: what models take, what they make, and what is shown and judged."""

import numpy as np
import pytest

from labhelpers import data


def test_views_have_the_range_of_their_activation_and_come_back():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    for activation, low in (("sigmoid", 0.0), ("tanh", -1.0)):
        scaled = data.to_float(pixels, activation)
        assert scaled.dtype == np.float32
        assert (scaled.min(), scaled.max()) == pytest.approx((low, 1.0), abs=1e-6)
        np.testing.assert_array_equal(data.to_uint8(data.ready_to_show(scaled, activation)), pixels)
        data.require_range(scaled, activation)


def test_mismatched_ranges_are_told_with_the_way_out():
    sigmoid = np.linspace(0, 1, 16, dtype=np.float32).reshape(1, 4, 4, 1)
    with pytest.raises(ValueError, match=r'\[0, 1\], but the model ends in tanh.*data.scaled\("tanh"\)'):
        data.require_range(sigmoid, "tanh")
    with pytest.raises(ValueError, match=r'\[-1, 1\], but the model ends in sigmoid.*data.scaled\("sigmoid"\)'):
        data.require_range(sigmoid * 2 - 1, "sigmoid")
    with pytest.raises(ValueError, match="uint8, expected float32"):
        data.require_range(np.zeros((1, 4, 4, 1), np.uint8), "tanh")
    with pytest.raises(ValueError, match="NaN"):
        data.require_range(sigmoid * np.nan, "sigmoid")
    with pytest.raises(ValueError, match="no images"):
        data.require_range(sigmoid[:0], "sigmoid")
    with pytest.raises(ValueError, match="expected uint8"):
        data.to_float(sigmoid, "sigmoid")
    with pytest.raises(ValueError, match="'relu', expected"):
        data.to_float(np.zeros((1, 4, 4, 1), np.uint8), "relu")


def test_what_a_model_makes_becomes_ready_to_show():
    drawn = np.array([[-1.0, 0.0, 1.0 + 1e-6]], np.float64)
    ready = data.ready_to_show(drawn, "tanh")
    assert ready.dtype == np.float32
    assert ready.tolist() == [[0.0, 0.5, 1.0]]
    assert data.ready_to_show(np.array([0.25, 1.0 + 1e-6]), "sigmoid").tolist() == [0.25, 1.0]
    points = np.array([[-7.0, 3.0]], np.float32)
    np.testing.assert_array_equal(data.ready_to_show(points, "linear"), points)
    with pytest.raises(ValueError, match="'relu', expected"):
        data.ready_to_show(drawn, "relu")


def test_uint8_stays_uint8_and_other_ranges_are_told_with_the_way_out():
    pixels = np.arange(4, dtype=np.uint8)
    assert data.to_uint8(pixels) is pixels
    assert data.to_uint8(np.array([-1e-4, 0.5, 1.0 + 1e-4])).tolist() == [0, 128, 255]
    with pytest.raises(ValueError, match=r"lie in \[-1, 1\], expected uint8 or floats in \[0, 1\].*ready_to_show"):
        data.to_uint8(np.array([-1.0, 1.0]))
    with pytest.raises(ValueError, match=r"lie in \[0, 255\].*astype\(np.uint8\)"):
        data.to_uint8(np.array([0.0, 255.0]))
    with pytest.raises(ValueError, match="int64, expected uint8 from 0 to 255 or floats"):
        data.to_uint8(np.array([0, 255]))
    with pytest.raises(ValueError, match=r"NaN or infinite.*diverged"):
        data.to_uint8(np.array([np.nan]))
    with pytest.raises(ValueError, match="no images"):
        data.to_uint8(pixels[:0])
