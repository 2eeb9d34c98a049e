"""Eyes and brows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labhelpers.data.faces.attributes import again, between, choice
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import EYE_COLOURS, WHITE, darker, mix
from labhelpers.data.faces.geometry import (
    Point,
    Points,
    curve,
    ellipse,
    normals,
    shifted,
)
from labhelpers.data.faces.head import Head


def draw_eye(canvas: Canvas, head: Head, side: int) -> None:
    """The eye on one side: -1 is left, 1 is right."""
    shape = head.shape
    x, y, w, h = head.eye(side)
    slant = {"round": 0.0, "sharp": -0.34, "droopy": 0.34, "sleepy": 0.06}[
        head.attributes.eye_shape
    ]
    lid = {"round": 1.0, "sharp": 0.78, "droopy": 0.88, "sleepy": 0.36}[
        head.attributes.eye_shape
    ]

    def at(points: list[Point]) -> Points:
        """From the frame of the eye (outwards and down, half sizes are 1) to the plane of the head."""
        local = np.asarray(points)
        return np.stack(
            [x + side * w * local[:, 0], y + h * (local[:, 1] + slant * local[:, 0])],
            axis=1,
        )

    upper_lid = [
        (-1.0, 0.10),
        (-0.80, -0.45 * lid),
        (-0.25, -0.92 * lid),
        (0.35, -0.90 * lid),
        (0.82, -0.42 * lid),
        (1.04, 0.12),
    ]
    upper = curve(at(upper_lid))
    lower = curve(
        at(
            [
                (1.04, 0.12),
                (0.86, 0.62),
                (0.36, 0.94),
                (-0.36, 0.95),
                (-0.82, 0.60),
                (-1.0, 0.10),
            ]
        )
    )
    opening = np.concatenate([upper, lower[1:-1]])

    colour = EYE_COLOURS[head.attributes.eye_colour]
    dark, light = darker(colour, 0.62), mix(colour, WHITE, 0.36)
    ix = x + between(-0.16, 0.16, shape.gaze_x) * w - 0.05 * side * w
    iy = y + (between(-0.08, 0.08, shape.gaze_y) + 0.02) * h
    rx, ry = (
        between(0.72, 0.82, shape.iris_size) * w,
        between(0.92, 1.0, shape.iris_size) * h,
    )

    canvas.shapes([opening], WHITE)
    with canvas.within(opening):
        canvas.shapes([ellipse(ix, iy, rx, ry)], dark)
        canvas.ink(
            ellipse(ix, iy, rx + 0.5 * canvas.ink_width, ry + 0.5 * canvas.ink_width)
        )
        canvas.ink(
            ellipse(ix, iy, rx - 0.5 * canvas.ink_width, ry - 0.5 * canvas.ink_width),
            255,
        )
        # The brighter part of the iris is a matter of colour: its fill must not rub out the ring in the lines.
        bright = ellipse(ix, iy + 0.02 * h, 0.87 * rx, 0.89 * ry)
        canvas.shapes([bright], mix(dark, colour, 0.35), bottom=light, inked=False)
        glint = ellipse(ix, iy + 0.58 * ry, 0.56 * rx, 0.26 * ry)
        canvas.tint(canvas.mask([glint]), mix(light, WHITE, 0.25), 0.75)
        pupil = ellipse(ix, iy + 0.02 * h, 0.40 * rx, 0.46 * ry)
        canvas.tint(canvas.mask([pupil]), darker(colour, 0.82))
        canvas.ink(pupil)
        shade = np.concatenate([upper, shifted(upper[::-1], 0.0, 0.34 * h)])
        canvas.tint(canvas.mask([shade]), mix(dark, (70, 60, 110), 0.4), 0.36)
        _draw_highlights(canvas, head, ix, iy, rx, ry)
    _draw_lashes(canvas, head, at, upper, lower, h, lid)


def _draw_highlights(
    canvas: Canvas, head: Head, ix: float, iy: float, rx: float, ry: float
) -> None:
    kind = choice(head.shape.highlights, 3)
    side = -1 if again(head.shape.highlights, 3) < 0.7 else 1
    spots = [ellipse(ix + side * 0.34 * rx, iy - 0.36 * ry, 0.34 * rx, 0.27 * ry)]
    if kind != 0:
        spots.append(
            ellipse(ix - side * 0.42 * rx, iy + 0.44 * ry, 0.17 * rx, 0.14 * ry)
        )
    if kind == 2:
        spots.append(
            ellipse(ix - side * 0.05 * rx, iy + 0.70 * ry, 0.10 * rx, 0.08 * ry)
        )
    for spot in spots:
        canvas.shapes([spot], WHITE)


def _draw_lashes(
    canvas: Canvas,
    head: Head,
    at: Callable[[list[Point]], Points],
    upper: Points,
    lower: Points,
    h: float,
    lid: float,
) -> None:
    shape = head.shape
    thick = between(0.024, 0.034, shape.lashes)
    body = shifted(upper, 0.0, -0.25 * thick)
    # The brush is thin at the inner corner and thick at the outer one.
    normal = normals(body)
    half = (
        0.5
        * thick
        * np.interp(
            np.linspace(0, 1, len(body)), [0, 0.3, 0.75, 1], [0.25, 0.85, 1.0, 0.55]
        )[:, None]
    )
    lash = np.concatenate([body + normal * half, (body - normal * half)[::-1]])
    canvas.shapes([lash], head.lash)
    canvas.ink(lash)
    flicks = [[(0.72, -0.48 * lid), (1.22, -0.32 * lid), (0.98, 0.05)]]
    if shape.lashes > 0.35:
        flicks.append([(0.90, -0.20 * lid), (1.30, 0.06), (1.02, 0.16)])
    if shape.lashes > 0.75:
        flicks.append([(0.42, -0.82 * lid), (0.86, -0.98 * lid), (0.72, -0.55 * lid)])
    for flick in flicks:
        points = at(flick)
        canvas.shapes([points], head.lash)
        canvas.ink(points)
    part = lower[
        int(0.12 * len(lower)) : int(between(0.55, 0.72, shape.lashes) * len(lower))
    ]
    canvas.stroke(part, mix(head.lash, head.skin_line, 0.35), 0.0095, 0.6, 0.1)
    crease = shifted(
        upper[int(0.22 * len(upper)) : int(0.86 * len(upper))], 0.0, -0.24 * h
    )
    canvas.stroke(crease, mix(head.skin_line, head.skin_shade, 0.3), 0.007)


def draw_brow(canvas: Canvas, head: Head, side: int) -> None:
    """The brow on one side: -1 is left, 1 is right."""
    shape = head.shape
    x, y, w, h = head.eye(side)
    high = y - h - between(0.035, 0.062, shape.brow_height)
    angle = between(-0.022, 0.022, shape.brow_angle) - (
        0.008 if head.attributes.eye_shape == "sharp" else 0.0
    )
    # Positive angles raise the inner end: a worried look; negative ones lower it: a determined one.
    points = [
        (x - side * 0.85 * w, high - angle),
        (x + side * 0.1 * w, high - 0.016),
        (x + side * 0.95 * w, high + 0.012 + angle),
    ]
    width = between(0.011, 0.019, shape.brow_width)
    canvas.stroke(
        curve(points), mix(head.hair_line, head.skin_line, 0.2), width, 0.8, 0.2
    )
