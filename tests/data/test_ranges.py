"""Images in a range: there and back, and one that does not fit is told with the way out."""

from __future__ import annotations

import numpy as np
import pytest

from labhelpers import data


def test_views_have_the_range_of_their_activation_and_come_back():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    for activation, low in (("sigmoid", 0.0), ("tanh", -1.0)):
        scaled = data.to_float(pixels, activation)
        assert scaled.dtype == np.float32
        assert (scaled.min(), scaled.max()) == pytest.approx((low, 1.0), abs=1e-6)
        np.testing.assert_array_equal(data.to_uint8(scaled, activation), pixels)
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
