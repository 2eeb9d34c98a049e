"""The face without its features: outline, ears, shadows, blush and nose."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from labhelpers.data.faces.attributes import between, choice
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import mix
from labhelpers.data.faces.geometry import Points, curve, shifted, symmetric
from labhelpers.data.faces.head import Head


def face_outline(head: Head) -> Points:
    """The outline of the face; the hair hides its upper part."""
    wide, cheek = head.half_width, between(0.84, 0.93, head.shape.cheeks)
    half = [
        (0.0, -0.30),
        (0.75 * wide, -0.22),
        (wide, -0.05),
        (0.985 * wide, 0.06),
        (cheek * wide, 0.15),
    ]
    half += [(0.58 * wide, 0.228), (0.22 * wide, head.chin - 0.010), (0.0, head.chin)]
    outline = symmetric(half)
    outline[:, 0] += head.turn * 0.25 * np.clip(outline[:, 1] / 0.28, 0, 1)
    return outline


def draw_ears(canvas: Canvas, head: Head) -> None:
    """Both ears; the face covers their inner edges."""
    size = between(0.85, 1.15, head.shape.ears)
    for side in (-1, 1):
        ear = curve(
            [(0.94, -0.02), (1.10, -0.05), (1.18, 0.02), (1.10, 0.10), (0.92, 0.13)],
            closed=True,
        )
        ear = (ear - (1.0, 0.04)) * (size * head.half_width * side, size) + (
            side * head.half_width,
            0.04,
        )
        canvas.shapes([ear], head.skin, head.skin_line)
        inner = curve([(1.12, 0.0), (1.06, 0.03), (1.05, 0.08)]) * (
            head.half_width * side,
            1.0,
        )
        canvas.stroke(inner, head.skin_shade, 0.012)


def draw_shade(canvas: Canvas, head: Head, face: Points, hair: list[Points]) -> None:
    """The shadow of the front hair on the face, the side of the face away from the light, and the cheeks' blush."""
    whole = canvas.mask([face])
    away = ImageChops.subtract(whole, canvas.mask([shifted(face, -0.030, -0.014)]))
    hidden = canvas.mask([shifted(points, 0.008, 0.026) for points in hair])
    canvas.tint(
        ImageChops.darker(ImageChops.lighter(hidden, away), whole),
        head.skin_shade,
        0.55,
    )
    _draw_cheeks(canvas, head, whole)


def _draw_cheeks(canvas: Canvas, head: Head, face: Image.Image) -> None:
    amount = between(0.20, 0.85, head.shape.blush)
    pink = mix(
        (255, 118, 126),
        head.skin_line,
        0.25 if head.attributes.skin == "brown" else 0.0,
    )
    for side in (-1, 1):
        x = side * 0.63 * head.half_width + head.turn
        canvas.glow(x, 0.152, rx=0.075, ry=0.045, colour=pink, amount=amount, on=face)
        if head.shape.blush > 0.72:
            for index in (-1, 0, 1):
                line = curve(
                    [
                        (x + index * 0.024 + 0.009, 0.137),
                        (x + index * 0.024 - 0.009, 0.163),
                    ]
                )
                canvas.stroke(line, mix(pink, head.skin_line, 0.35), 0.008)


def draw_nose(canvas: Canvas, head: Head) -> None:
    """The nose: a stroke, or a dot of shade with a stroke."""
    x, y = 1.35 * head.turn, 0.128
    kind = choice(head.shape.nose, 3)
    side = 1 if head.turn >= 0 else -1
    if kind == 0:
        bridge = curve(
            [
                (x - 0.006 * side, y - 0.014),
                (x + 0.009 * side, y + 0.004),
                (x - 0.005 * side, y + 0.011),
            ]
        )
        canvas.stroke(bridge, head.skin_line, 0.0085)
    elif kind == 1:
        canvas.stroke(
            curve([(x - 0.011, y + 0.004), (x, y + 0.009), (x + 0.011, y + 0.004)]),
            head.skin_line,
            0.009,
        )
    else:
        canvas.glow(
            x + 0.004 * side,
            y + 0.006,
            rx=0.022,
            ry=0.018,
            colour=head.skin_shade,
            amount=1.0,
        )
        canvas.stroke(
            curve([(x, y - 0.004), (x + 0.005 * side, y + 0.006)]),
            head.skin_line,
            0.009,
        )
