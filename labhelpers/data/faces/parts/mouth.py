"""The mouth, in its five kinds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labhelpers.data.faces.attributes import again, between
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import WHITE, Colour, mix
from labhelpers.data.faces.geometry import curve, ellipse
from labhelpers.data.faces.head import Head


def draw_mouth(canvas: Canvas, head: Head) -> None:
    """The mouth, between the nose and the chin."""
    x = 1.2 * head.turn
    y = (
        0.148
        + 0.40 * (head.chin - 0.148)
        + between(-0.006, 0.008, head.shape.mouth_height)
    )
    kinds: dict[str, Callable[[Canvas, Head, float, float, float, Colour], None]] = {
        "smile": _smile,
        "open": _open,
        "cat": _cat,
        "small": _small,
        "pout": _pout,
    }
    wide = between(0.80, 1.20, head.shape.mouth_width)
    kinds[head.attributes.mouth](
        canvas, head, x, y, wide, mix(head.skin_line, (120, 30, 40), 0.5)
    )


def _smile(
    canvas: Canvas, head: Head, x: float, y: float, wide: float, line: Colour
) -> None:
    half = 0.062 * wide
    bow = [
        (-half, -0.012),
        (-0.55 * half, 0.006),
        (0.0, 0.013),
        (0.55 * half, 0.006),
        (half, -0.012),
    ]
    canvas.stroke(
        curve([(x + across, y + down) for across, down in bow]), line, 0.012, 0.6, 0.6
    )
    lip = curve([(x - 0.018, y + 0.034), (x, y + 0.038), (x + 0.018, y + 0.034)])
    canvas.stroke(lip, head.skin_shade, 0.008, inked=False)


def _open(
    canvas: Canvas, head: Head, x: float, y: float, wide: float, line: Colour
) -> None:
    half, deep = 0.058 * wide, between(0.050, 0.075, again(head.shape.mouth_width, 7))
    left, right = (x - half, y - 0.014), (x + half, y - 0.014)
    upper = curve(
        [
            left,
            (x - 0.4 * half, y - 0.004),
            (x, y - 0.006),
            (x + 0.4 * half, y - 0.004),
            right,
        ]
    )
    low = y + 0.72 * deep
    lower = curve(
        [right, (x + 0.62 * half, low), (x, y + deep), (x - 0.62 * half, low), left]
    )
    hole = np.concatenate([upper, lower[1:-1]])
    canvas.shapes([hole], (176, 52, 66), line)
    with canvas.within(hole):
        canvas.tint(
            canvas.mask([ellipse(x, y + deep + 0.008, 0.75 * half, 0.55 * deep)]),
            (244, 132, 132),
        )
        canvas.tint(canvas.mask([ellipse(x, y - 0.016, 0.82 * half, 0.024)]), WHITE)


def _cat(
    canvas: Canvas, _: Head, x: float, y: float, wide: float, line: Colour
) -> None:
    half = 0.050 * wide
    bow = [(0.0, -0.006), (0.16, 0.010), (0.50, 0.019), (0.84, 0.010), (1.0, -0.008)]
    for side in (-1, 1):
        points = [(x + side * along * half, y + down) for along, down in bow]
        canvas.stroke(curve(points), line, 0.0115, 0.7, 0.4)


def _small(
    canvas: Canvas, _: Head, x: float, y: float, wide: float, line: Colour
) -> None:
    canvas.shapes(
        [ellipse(x, y + 0.008, 0.019 * wide, 0.015 * wide)], (206, 84, 92), line
    )


def _pout(
    canvas: Canvas, head: Head, x: float, y: float, wide: float, line: Colour
) -> None:
    half = 0.034 * wide
    canvas.stroke(
        curve([(x - half, y + 0.014), (x, y - 0.002), (x + half, y + 0.014)]),
        line,
        0.0125,
        0.5,
        0.5,
    )
    lip = curve([(x - 0.018, y + 0.030), (x, y + 0.026), (x + 0.018, y + 0.030)])
    canvas.stroke(lip, head.skin_shade, 0.010, inked=False)
