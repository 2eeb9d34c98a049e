"""The background behind the head: a gradient, and a pale pattern on it."""

from __future__ import annotations

import math

import numpy as np

from labhelpers.data.faces.attributes import again, between, choice
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import BACKGROUNDS, WHITE
from labhelpers.data.faces.geometry import Points, ellipse
from labhelpers.data.faces.head import Head


def draw_background(canvas: Canvas, head: Head) -> None:
    """Fills the image; it leaves the canvas with the plane of the image, whose corners are (0, 0) and (1, 1)."""
    canvas.place(0.0, 1.0, (0.0, 0.0), (0.0, 0.0))
    canvas.backdrop(*BACKGROUNDS[head.attributes.background])
    fine, shift = again(head.shape.pattern, 5), head.shape.pattern_place
    kind = choice(head.shape.pattern, 5)
    if kind == 1:
        canvas.tint(canvas.mask(_dots(fine, shift)), WHITE, 0.47)
    elif kind == 2:
        canvas.tint(canvas.mask(_stripes(fine, shift)), WHITE, 0.33)
    elif kind == 3:
        canvas.tint(canvas.mask([_disc(fine, shift)]), WHITE, 0.51)
    elif kind == 4:
        canvas.tint(canvas.mask(_sparkles(fine, shift)), WHITE, 0.745)


def _dots(fine: float, shift: float) -> list[Points]:
    step = between(0.13, 0.22, fine)
    return [
        ellipse(
            (column + (row % 2) / 2 + shift) * step,
            (row + shift) * step * 0.87,
            step * 0.2,
            step * 0.2,
            16,
        )
        for row in range(-1, 9)
        for column in range(-1, 9)
    ]


def _stripes(fine: float, shift: float) -> list[Points]:
    """Stripes that slant."""
    step = between(0.12, 0.26, fine)
    lefts = [(column + shift) * step for column in range(-12, 14)]
    return [
        np.array([(x, 0), (x + step / 2, 0), (x + step / 2 - 0.6, 1), (x - 0.6, 1)])
        for x in lefts
    ]


def _disc(fine: float, shift: float) -> Points:
    """One large disc behind the head."""
    radius = between(0.36, 0.46, shift)
    return ellipse(0.3 + 0.4 * shift, between(0.3, 0.5, fine), radius, radius, 64)


def _sparkles(fine: float, shift: float) -> list[Points]:
    """Stars with four points, here and there."""
    angle = np.arange(8) * math.pi / 4
    stars = []
    for index in range(9):
        x, y = (
            again(shift + 0.11 * index, 7.3 + index),
            again(fine + 0.07 * index, 5.9 + index),
        )
        radius = between(0.025, 0.06, again(shift, 11.0 + 3 * index))
        far = np.where(np.arange(8) % 2 == 0, radius, 0.28 * radius)
        stars.append(
            np.stack([x + far * np.sin(angle), y + far * np.cos(angle)], axis=1)
        )
    return stars
