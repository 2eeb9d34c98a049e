"""The surface that a face and its line drawing are drawn on."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from labhelpers.data.faces.colours import Colour
from labhelpers.data.faces.geometry import Points, brush


class Canvas:
    """Two large pictures that are drawn on together: the face in colour, and its lines.

    Points are in the plane of the head: the middle between the eyes is the origin, x grows to the right, y down, and
    the edge of the image is 1. ``place`` says where that plane lies in the image.
    """

    def __init__(self, size: int) -> None:
        # At least 3 canvas pixels a pixel, and enough of them that curves of small images keep their form.
        self._scale = max(3, math.ceil(384 / size))
        self._edge = size * self._scale
        self._image = Image.new("RGB", (self._edge, self._edge))
        self._lines = Image.new("L", (self._edge, self._edge), 255)
        self._line_width = 0.0085
        # A line much thinner than a pixel fades to a light grey, and one much thicker than this closes the eyes up.
        self.ink_width = max(0.0085, min(0.8 / size, 0.018))
        self.place(0.0, 1.0, (0.5, 0.5), (0.0, 0.0))

    def place(
        self,
        angle: float,
        zoom: float,
        origin: tuple[float, float],
        pivot: tuple[float, float],
    ) -> None:
        """Turns the plane (radians, about a pivot in the plane), zooms it, and puts its origin somewhere."""
        cosine, sine = (
            math.cos(angle) * zoom * self._edge,
            math.sin(angle) * zoom * self._edge,
        )
        self._matrix = np.array([[cosine, sine], [-sine, cosine]])
        still = np.asarray(pivot) * zoom * self._edge + np.asarray(origin) * self._edge
        self._offset = still - np.asarray(pivot) @ self._matrix
        self._zoom = zoom * self._edge

    def _flat(self, points: Points) -> list[float]:
        """Points in the plane as x, y, x, y, ... on the canvas."""
        mapped: list[float] = (points @ self._matrix + self._offset).ravel().tolist()
        return mapped

    def shapes(
        self,
        outlines: list[Points],
        fill: Colour,
        outline: Colour | None = None,
        bottom: Colour | None = None,
        *,
        inked: bool = True,
    ) -> Image.Image | None:
        """Fills shapes as one.

        Args:
            outlines: the shapes.
            fill: their colour.
            outline: colour of a line round all of them together, or None for no line.
            bottom: the colour to which the fill runs downwards, or None for one colour.
            inked: whether they hide what is below them in the line drawing, and their outline is drawn there.

        Returns:
            The mask of the shapes where there is a gradient.
        """
        flats = [self._flat(points) for points in outlines]
        picture, lines = ImageDraw.Draw(self._image), ImageDraw.Draw(self._lines)
        if outline is not None:
            for flat in flats:
                _border(
                    picture,
                    flat,
                    outline,
                    max(1, round(2 * self._line_width * self._zoom)),
                )
                if inked:
                    _border(
                        lines, flat, 0, max(1, round(2 * self.ink_width * self._zoom))
                    )
        if inked:
            for flat in flats:
                lines.polygon(flat, fill=255)
        if bottom is None:
            for flat in flats:
                picture.polygon(flat, fill=fill)
            return None
        mask = self.mask(outlines, "1")
        box = mask.getbbox()
        if box is not None:
            self._image.paste(_gradient(fill, bottom, box), box, mask.crop(box))
        return mask

    def backdrop(self, top: Colour, bottom: Colour) -> None:
        """Fills the whole image with colours from its top to its bottom; the lines do not change."""
        box = (0, 0, self._edge, self._edge)
        self._image.paste(_gradient(top, bottom, box), box)

    def mask(self, outlines: list[Points], mode: str = "L") -> Image.Image:
        """White shapes on black: mode "1" pastes in a third of the time, mode "L" can be faded and combined."""
        mask = Image.new(mode, (self._edge, self._edge), 0)
        draw = ImageDraw.Draw(mask)
        for points in outlines:
            draw.polygon(self._flat(points), fill=255)
        return mask

    def tint(self, mask: Image.Image, colour: Colour, amount: float = 1.0) -> None:
        """Lays a transparent colour over the face where a mask is white; the lines do not change."""
        box = mask.getbbox()
        if box is None:
            return
        part = mask.crop(box)
        if amount < 1:
            part = part.point(_fading(amount))
        self._image.paste(colour, box, part)

    def glow(
        self,
        x: float,
        y: float,
        *,
        rx: float,
        ry: float,
        colour: Colour,
        amount: float,
        on: Image.Image | None = None,
    ) -> None:
        """A soft ellipse of colour that fades to its edge, where a mask is white; the lines do not change."""
        (cx, cy) = np.array([x, y]) @ self._matrix + self._offset
        half_width, half_height = (
            max(1, round(rx * self._zoom)),
            max(1, round(ry * self._zoom)),
        )
        soft = (
            _soft_disc()
            .resize((2 * half_width, 2 * half_height))
            .point(_fading(amount))
        )
        corner = round(cx) - half_width, round(cy) - half_height
        if on is not None:
            soft = ImageChops.darker(
                soft,
                on.crop((*corner, corner[0] + soft.width, corner[1] + soft.height)),
            )
        self._image.paste(colour, corner, soft)

    def stroke(
        self,
        points: Points,
        colour: Colour,
        width: float,
        start: float = 0.15,
        end: float = 0.15,
        *,
        inked: bool = True,
    ) -> None:
        """A brush stroke of a width (in parts of the image's edge) that tapers to its ends."""
        ImageDraw.Draw(self._image).polygon(
            self._flat(brush(points, width, start, end)), fill=colour
        )
        if inked:
            ink = brush(
                points, max(width, self.ink_width), max(start, 0.4), max(end, 0.4)
            )
            ImageDraw.Draw(self._lines).polygon(self._flat(ink), fill=0)

    def ink(self, points: Points, shade: int = 0) -> None:
        """Fills a shape in the line drawing only."""
        ImageDraw.Draw(self._lines).polygon(self._flat(points), fill=shade)

    @contextmanager
    def within(self, points: Points) -> Iterator[None]:
        """What is drawn inside this context shows only within a shape; it reaches at most 0.15 beyond the shape."""
        mask = self.mask([points], "1")
        reach = 0.15 * self._zoom
        left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
        box = (
            max(0, math.floor(left - reach)),
            max(0, math.floor(top - reach)),
            min(self._edge, math.ceil(right + reach)),
            min(self._edge, math.ceil(bottom + reach)),
        )
        image, lines, outside = (
            self._image.crop(box),
            self._lines.crop(box),
            ImageChops.invert(mask.crop(box)),
        )
        yield
        self._image.paste(image, box, outside)
        self._lines.paste(lines, box, outside)

    def finish(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pixels: every pixel is the mean of its block of the canvas."""
        image, lines = self._image.reduce(self._scale), self._lines.reduce(self._scale)
        return np.asarray(image), np.asarray(lines)[..., None]


def _border(
    draw: ImageDraw.ImageDraw, flat: list[float], colour: Colour | int, width: int
) -> None:
    """Draws a closed line of one width through points."""
    draw.line(flat + flat[:4], fill=colour, width=width)
    # Pillow leaves a notch where a wide line turns sharply; a disc fills it.
    corners = np.array([*flat[-2:], *flat, *flat[:2]]).view(np.complex128)
    steps = np.diff(corners)
    turn = steps[1:] * steps[:-1].conj()
    sharp = turn.real < 0.94 * np.abs(turn)
    radius = 0.5 * width
    for x, y in corners[1:-1][sharp].view(np.float64).reshape(-1, 2).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _gradient(
    top: Colour, bottom: Colour, box: tuple[int, int, int, int]
) -> Image.Image:
    """An image of the size of a box whose rows run from one colour to the other."""
    width, height = box[2] - box[0], box[3] - box[1]
    along = np.linspace(0, 1, height)[:, None]
    rows = np.rint(np.asarray(top) * (1 - along) + np.asarray(bottom) * along).astype(
        np.uint8
    )
    return Image.fromarray(rows[:, None, :]).resize(
        (width, height), Image.Resampling.NEAREST
    )


def _fading(amount: float) -> list[int]:
    """The table by which ``Image.point`` scales a mask."""
    return np.rint(np.arange(256) * amount).astype(int).tolist()


@functools.cache
def _soft_disc() -> Image.Image:
    """A mask that is white in its middle and fades to the edge of a disc."""
    x = (np.arange(64) + 0.5) / 32 - 1
    inside = np.clip(1 - np.hypot(x, x[:, None]), 0, 1)
    return Image.fromarray(np.rint(255 * inside * (2 - inside)).astype(np.uint8))
