"""The measures and colours of one face that several of its parts share."""

from __future__ import annotations

from typing import NamedTuple

from labhelpers.data.faces.attributes import FaceAttributes, between
from labhelpers.data.faces.colours import (
    EYELASH_INK,
    HAIR_COLOURS,
    SKINS,
    WHITE,
    darker,
    mix,
)


class EyeFrame(NamedTuple):
    """Centre and half sizes of one eye."""

    x: float
    y: float
    half_width: float
    half_height: float


class Head:
    """What every part needs to know to fit the others.

    Points are in the plane of the head: the middle between the eyes is the origin, x grows to the right, y down, and
    the edge of the image is 1.

    Attributes:
        attributes: what the face looks like.
        shape: the numbers of its shape.
        hair: colour of the hair; ``hair_dark``, ``hair_line``, ``hair_light`` and ``hair_tip`` are shades of it.
        skin: colour of the skin; ``skin_shade`` and ``skin_line`` are shades of it.
        lash: colour of the eyelashes.
        half_width: of the face at the eyes.
        hair_width: half the width of the hair there.
        hair_top: y of the top of the hair.
        chin: y of the chin.
        turn: how far what is on the face moves sideways, because the head is turned a little.
        side: 1 or -1, the side where there is one thing of a kind, such as a ponytail.
    """

    def __init__(self, attributes: FaceAttributes) -> None:
        self.attributes = attributes
        self.shape = shape = attributes.shape

        tone = between(-0.10, 0.10, shape.hair_tone)
        hair = HAIR_COLOURS[attributes.hair_colour]
        self.hair = mix(hair, WHITE, tone) if tone > 0 else darker(hair, -tone)
        self.hair_dark = darker(self.hair, 0.30)
        self.hair_line = darker(self.hair, 0.58)
        self.hair_light = mix(self.hair, WHITE, 0.42)
        self.hair_tip = mix(
            self.hair,
            self.hair_light if shape.hair_gradient > 0.5 else self.hair_dark,
            0.55,
        )
        self.skin = SKINS[attributes.skin]
        self.skin_shade = mix(self.skin, (206, 112, 112), 0.34)
        self.skin_line = mix(darker(self.skin, 0.5), (150, 62, 58), 0.35)
        self.lash = mix(EYELASH_INK, self.hair_line, 0.35)

        self.half_width = between(0.252, 0.286, shape.face_width)
        self.hair_width = self.half_width + between(0.040, 0.072, shape.hair_volume)
        self.hair_top = -between(0.375, 0.43, shape.hair_volume)
        self.chin = between(0.262, 0.298, shape.chin)
        self.turn = between(-1, 1, shape.turn) * 0.028
        self.side = 1 if shape.accessory_side < 0.5 else -1

    def eye(self, side: int) -> EyeFrame:
        """Where the eye on one side (-1 left, 1 right) lies, and how large it is."""
        shape = self.shape
        x = side * between(0.134, 0.150, shape.eye_spacing) + self.turn
        # A turn moves what is on the face more than the outline, and the far eye is narrower.
        narrow = 1 - 2.2 * max(0.0, side * self.turn)
        half_width = between(0.074, 0.088, shape.eye_size) * narrow
        half_height = between(1.06, 1.24, shape.eye_aspect) * between(
            0.074, 0.086, shape.eye_size
        )
        return EyeFrame(
            x, between(0.022, 0.050, shape.eye_height), half_width, half_height
        )
