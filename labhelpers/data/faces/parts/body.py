"""Neck, shoulders and clothes."""

from __future__ import annotations

import numpy as np

from labhelpers.data.faces.attributes import choice
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import CLOTHES, RIBBONS, WHITE, Colour, darker, mix
from labhelpers.data.faces.geometry import curve, ellipse, mirrored, symmetric
from labhelpers.data.faces.head import Head
from labhelpers.data.faces.parts.accessories import draw_bow


def draw_body(canvas: Canvas, head: Head) -> None:
    """Shoulders and neck, in one of four kinds of clothes."""
    cloth, trim = _cloth_and_trim(head)
    shoulders = symmetric(
        [
            (0.0, 0.40),
            (0.10, 0.395),
            (0.22, 0.425),
            (0.36, 0.50),
            (0.44, 0.80),
            (0.0, 0.85),
        ]
    )
    neck = np.array(
        [
            (-0.076, 0.18),
            (0.076, 0.18),
            (0.082, 0.36),
            (0.12, 0.42),
            (0.0, 0.50),
            (-0.12, 0.42),
            (-0.082, 0.36),
        ]
    )
    canvas.shapes([shoulders], cloth, darker(cloth, 0.5), bottom=darker(cloth, 0.12))
    canvas.shapes([neck], head.skin, head.skin_line)
    with canvas.within(neck):
        canvas.tint(
            canvas.mask([ellipse(0.0, head.chin - 0.02, 0.2, 0.085)]), head.skin_shade
        )
    (_sailor_collar, _shirt, _high_collar, _round_neck)[choice(head.shape.clothes, 4)](
        canvas, cloth, trim
    )


def _cloth_and_trim(head: Head) -> tuple[Colour, Colour]:
    number = choice(head.shape.clothes_colour, len(CLOTHES))
    return CLOTHES[number], CLOTHES[(number + 1) % len(CLOTHES)]


def _sailor_collar(canvas: Canvas, _: Colour, trim: Colour) -> None:
    half = np.array(
        [
            (0.065, 0.345),
            (0.17, 0.395),
            (0.24, 0.50),
            (0.17, 0.60),
            (0.0, 0.52),
            (0.0, 0.505),
        ]
    )
    for collar in (half, mirrored(half)):
        canvas.shapes([collar], trim, darker(trim, 0.5))
    scarf = mix(RIBBONS["red"], trim, 0.1)
    canvas.shapes([ellipse(0.0, 0.515, 0.035, 0.03)], scarf, darker(scarf, 0.5))


def _shirt(canvas: Canvas, _: Colour, trim: Colour) -> None:
    """A pointed collar and a bow."""
    half = np.array(
        [(0.062, 0.335), (0.135, 0.40), (0.10, 0.50), (0.0, 0.43), (0.05, 0.395)]
    )
    for collar in (half, mirrored(half)):
        canvas.shapes([collar], (250, 250, 252), (140, 140, 160))
    draw_bow(canvas, 0.0, 0.455, 0.085, trim)


def _high_collar(canvas: Canvas, cloth: Colour, _: Colour) -> None:
    line = darker(cloth, 0.5)
    high = symmetric(
        [
            (0.0, 0.345),
            (0.06, 0.338),
            (0.098, 0.345),
            (0.112, 0.40),
            (0.135, 0.43),
            (0.07, 0.452),
            (0.0, 0.458),
        ]
    )
    canvas.shapes([high], mix(cloth, WHITE, 0.12), line, bottom=cloth)
    canvas.stroke(curve([(-0.095, 0.375), (0.0, 0.395), (0.095, 0.375)]), line, 0.007)


def _round_neck(canvas: Canvas, _: Colour, trim: Colour) -> None:
    """A hem round the neck."""
    hem = curve(
        [(-0.125, 0.405), (-0.07, 0.47), (0.0, 0.495), (0.07, 0.47), (0.125, 0.405)]
    )
    canvas.stroke(hem, trim, 0.03, 1, 1)
