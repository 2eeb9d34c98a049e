"""The hair behind the head."""

from __future__ import annotations

from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.colours import mix
from labhelpers.data.faces.geometry import Points, curve, shifted
from labhelpers.data.faces.head import Head
from labhelpers.data.faces.parts.hair_styles import OUTLINES


def draw_back_hair(canvas: Canvas, head: Head) -> None:
    """The hair over the skull with what hangs from it, in the face's style."""
    style = head.attributes.hair_style
    outlines = OUTLINES[style](head)
    canvas.shapes(
        outlines,
        head.hair_dark,
        head.hair_line,
        bottom=mix(head.hair_dark, head.hair_tip, 0.4),
    )
    if style in ("twin tails", "ponytail"):
        for tail in outlines[1:]:
            _draw_tail(canvas, head, tail)
    elif style == "buns":
        for bun in outlines[1:]:
            _draw_bun(canvas, head, bun)
    elif style == "long":
        for side in (-1, 1):
            for x in (0.60, 0.80):
                strand = curve(
                    [
                        (side * head.hair_width * x, 0.1),
                        (side * (head.hair_width * (x + 0.16)), 0.5),
                    ]
                )
                canvas.stroke(strand, head.hair_line, 0.007)


def _draw_tail(canvas: Canvas, head: Head, tail: Points) -> None:
    canvas.shapes([tail], head.hair, head.hair_line, bottom=head.hair_tip)
    outer, inner = tail[: len(tail) // 2], tail[::-1][: len(tail) // 2]
    for part in (0.3, 0.7):
        strand = part * outer + (1 - part) * inner
        canvas.stroke(strand[4:-3], head.hair_dark, 0.010, inked=False)
    middle = 0.5 * (outer + inner)
    canvas.stroke(shifted(middle[6:-8], 0.004, 0.0), head.hair_line, 0.006)


def _draw_bun(canvas: Canvas, head: Head, bun: Points) -> None:
    canvas.shapes([bun], head.hair, head.hair_line)
    x, y = bun.mean(axis=0)
    swirl = curve(
        [
            (x - 0.05, y + 0.03),
            (x - 0.02, y - 0.045),
            (x + 0.045, y - 0.01),
            (x + 0.005, y + 0.03),
        ]
    )
    canvas.stroke(swirl, head.hair_line, 0.009)
    canvas.glow(
        x - 0.02, y - 0.045, rx=0.05, ry=0.03, colour=head.hair_light, amount=0.8
    )
