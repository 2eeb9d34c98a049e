"""The canvas smooths edges."""

from __future__ import annotations

import numpy as np

from labhelpers.data.faces.canvas import Canvas


def test_canvas_pixels_average_to_pixels() -> None:
    # A vertical edge through the middle of a pixel: half of it is covered.
    canvas = Canvas(16)
    canvas.place(0.0, 1.0, (0.0, 0.0), (0.0, 0.0))
    edge = 5.5 / 16
    canvas.shapes([np.array([(edge, -1.0), (2.0, -1.0), (2.0, 2.0), (edge, 2.0)])], (240, 240, 240))
    row = canvas.finish()[0][8, :, 0]
    # The fill reaches a canvas pixel at most beyond the edge, 1/24 of a pixel.
    np.testing.assert_allclose(row[[4, 5, 6]], [0, 120, 240], atol=10)
