"""What a face wears: glasses, ribbons and bows."""

from __future__ import annotations

import math

import numpy as np
from PIL import ImageChops

from labhelpers.data.faces.attributes import between, choice
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import RIBBONS, WHITE, Colour, darker, mix
from labhelpers.data.faces.geometry import Points, curve, ellipse, shifted
from labhelpers.data.faces.head import Head
from labhelpers.data.faces.parts.hair_styles import tail_height

_FRAME_COLOURS: tuple[Colour, ...] = (
    (70, 54, 66),
    (178, 54, 66),
    (58, 88, 150),
    (150, 104, 60),
)


def draw_glasses_arms(canvas: Canvas, head: Head) -> None:
    """The arms of the glasses, which the front hair covers."""
    for side in (-1, 1):
        x, y, w, _ = head.eye(side)
        arm = [(x + side * 1.2 * w, y - 0.02), (side * head.hair_width, y - 0.035)]
        canvas.stroke(curve(arm), _frame_colour(head), 0.014, 1, 1)


def _frame_colour(head: Head) -> Colour:
    return _FRAME_COLOURS[choice(head.shape.accessory_colour, len(_FRAME_COLOURS))]


def draw_glasses(canvas: Canvas, head: Head) -> None:
    """The rims, the bridge and the gleam of the glasses."""
    colour = _frame_colour(head)
    rims = []
    for side in (-1, 1):
        x, y, w, h = head.eye(side)
        if head.attributes.glasses == "round":
            rim = ellipse(x, y + 0.014, 1.28 * w, 1.18 * h, 40)
        else:
            rx, ry = 1.30 * w, 1.02 * h
            corner = [
                (-rx, -0.5 * ry),
                (-0.9 * rx, -ry),
                (0.9 * rx, -ry),
                (rx, -0.5 * ry),
                (0.95 * rx, 0.7 * ry),
                (0.7 * rx, ry),
                (-0.7 * rx, ry),
                (-0.95 * rx, 0.7 * ry),
            ]
            rim = curve(shifted(np.asarray(corner), x, y + 0.016), closed=True, steps=5)
        canvas.tint(canvas.mask([rim]), WHITE, 0.10)
        top, bottom = y - 1.3 * h, y + 1.3 * h
        gleam = np.array(
            [
                (x - 0.2 * w, top),
                (x + 0.25 * w, top),
                (x - 0.65 * w, bottom),
                (x - 1.1 * w, bottom),
            ]
        )
        canvas.tint(
            ImageChops.darker(canvas.mask([gleam]), canvas.mask([rim])), WHITE, 0.20
        )
        rims.append(rim)
    bridge = curve(
        [
            (float(rims[0][:, 0].max()), 0.03),
            (head.turn, 0.012),
            (float(rims[1][:, 0].min()), 0.03),
        ]
    )
    canvas.stroke(bridge, colour, 0.013, 1, 1)
    for rim in rims:
        closed = np.concatenate([rim, rim[:2]])
        canvas.stroke(closed, colour, 0.015, 1, 1)


def draw_ribbon(canvas: Canvas, head: Head) -> None:
    """A bow at one side of the hair, or one at each of twin tails."""
    colour = RIBBONS[head.attributes.ribbon]
    size = between(0.085, 0.115, head.shape.accessory_colour)
    if head.attributes.hair_style == "twin tails":
        high = tail_height(head)
        for side in (-1, 1):
            draw_bow(
                canvas,
                side * (head.hair_width + 0.005),
                high - 0.005,
                0.85 * size,
                colour,
                0.5 * side,
            )
    else:
        draw_bow(
            canvas,
            head.side * 0.62 * head.hair_width,
            head.hair_top * 0.80,
            size,
            colour,
            0.5 * head.side,
        )


def draw_bow(
    canvas: Canvas, x: float, y: float, size: float, colour: Colour, angle: float = 0.0
) -> None:
    """A bow about its knot, turned by an angle in radians."""
    line, fold = darker(colour, 0.5), darker(colour, 0.22)
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])

    def at(points: Points) -> Points:
        return (points * size) @ turn + (x, y)

    loop = curve(
        [
            (0.05, 0.0),
            (0.45, -0.50),
            (1.0, -0.62),
            (1.12, 0.0),
            (1.0, 0.58),
            (0.45, 0.42),
        ],
        closed=True,
    )
    tail = np.array(
        [(0.0, 0.1), (0.32, 0.2), (0.78, 1.0), (0.48, 0.98), (0.36, 1.16), (0.05, 0.4)]
    )
    crease = curve([(0.18, 0.0), (0.5, -0.06), (0.74, -0.14)])
    for side in (-1.0, 1.0):
        canvas.shapes([at(tail * (side, 1.0))], fold, line)
    for side in (-1.0, 1.0):
        canvas.shapes([at(loop * (side, 1.0))], colour, line, bottom=fold)
        canvas.stroke(at(crease * (side, 1.0)), line, 0.008)
    canvas.shapes([at(ellipse(0.0, 0.0, 0.20, 0.25))], mix(colour, WHITE, 0.15), line)
