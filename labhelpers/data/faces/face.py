"""One face, drawn from back to front."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from labhelpers.arrays import whole_number
from labhelpers.data.faces.attributes import FaceAttributes, between
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.head import Head
from labhelpers.data.faces.parts.accessories import (
    draw_glasses,
    draw_glasses_arms,
    draw_ribbon,
)
from labhelpers.data.faces.parts.back_hair import draw_back_hair
from labhelpers.data.faces.parts.background import draw_background
from labhelpers.data.faces.parts.body import draw_body
from labhelpers.data.faces.parts.eyes import draw_brow, draw_eye
from labhelpers.data.faces.parts.front_hair import (
    bangs_outline,
    draw_front_hair,
    side_locks,
)
from labhelpers.data.faces.parts.mouth import draw_mouth
from labhelpers.data.faces.parts.skin import (
    draw_ears,
    draw_nose,
    draw_shade,
    face_outline,
)

_SMALLEST_SIZE = 16
_LARGEST_SIZE = 256


def checked_size(size: int) -> int:
    """The edge of an image in pixels, from 16 to 256; another one is a ValueError."""
    return whole_number(
        "size", size, "the edge of the image in pixels", _SMALLEST_SIZE, _LARGEST_SIZE
    )


def draw_face(
    attributes: FaceAttributes, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws one face.

    Args:
        attributes: what the face looks like.
        size: edge of the square image in pixels, from 16 to 256.

    Returns:
        The image, uint8 (size, size, 3), and its line drawing, uint8 (size, size, 1) with 0 for ink.

    Raises:
        ValueError: ``size`` is out of range.
    """
    canvas, head = Canvas(checked_size(size)), Head(attributes)
    draw_background(canvas, head)

    shape = head.shape
    zoom = between(0.98, 1.10, shape.zoom)
    origin = (between(0.475, 0.525, shape.place_x), between(0.53, 0.575, shape.place_y))
    neck = (0.0, 0.26)
    angle = _tilt(head)
    face, bangs, locks = face_outline(head), bangs_outline(head), side_locks(head)

    canvas.place(angle, zoom, origin, neck)
    draw_back_hair(canvas, head)
    canvas.place(angle * 0.25, zoom, origin, neck)
    draw_body(canvas, head)
    canvas.place(angle, zoom, origin, neck)
    draw_ears(canvas, head)
    canvas.shapes([face], head.skin, head.skin_line)
    draw_shade(canvas, head, face, [bangs, *locks])
    draw_nose(canvas, head)
    draw_mouth(canvas, head)
    for side in (-1, 1):
        draw_eye(canvas, head, side)
    if attributes.glasses != "none":
        draw_glasses_arms(canvas, head)
    draw_front_hair(canvas, head, bangs, locks)
    for side in (-1, 1):
        draw_brow(canvas, head, side)
    if attributes.glasses != "none":
        draw_glasses(canvas, head)
    if attributes.ribbon != "none":
        draw_ribbon(canvas, head)
    return canvas.finish()


def _tilt(head: Head) -> float:
    """The angle of the head in radians; a positive one leans it to the right of the image."""
    leaning = between(6, 13, head.shape.tilt_angle)
    angles = {
        "straight": between(-2, 2, head.shape.tilt_angle),
        "left": -leaning,
        "right": leaning,
    }
    return math.radians(angles[head.attributes.tilt])
