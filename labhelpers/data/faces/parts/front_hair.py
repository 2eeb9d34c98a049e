"""The hair in front: bangs, locks at the sides, and the light on them."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageChops

from labhelpers.data.faces.attributes import again, between, choice
from labhelpers.data.faces.canvas import Canvas
from labhelpers.data.faces.geometry import Point, Points, curve, mirrored, shifted
from labhelpers.data.faces.head import Head
from labhelpers.data.faces.parts.hair_styles import skull, spiky_crown


def _strands(head: Head) -> list[tuple[Point, Point, Point]]:
    """The strands of the bangs from left to right: left root, tip and right root of each on the forehead."""
    shape, wide = head.shape, head.hair_width
    kind = choice(shape.bangs_kind, 5)
    count = 4 + choice(shape.bangs_count, 4)
    longest = between(-0.055, 0.0, shape.bangs_length)
    sweep = between(-1, 1, shape.bangs_sweep)
    parting = 0.0
    if kind == 1:  # swept from a parting at one side
        parting, count = 0.48 if sweep < 0 else -0.48, 4 + count % 2
    elif kind == 2:
        count = 4 if count < 6 else 6
    elif kind == 3:
        count += 3
    edges = np.linspace(-0.96, 0.96, count + 1)
    jitter = [
        again(shape.bangs_jitter + 0.1618 * index, 3 + index % 3) - 0.5
        for index in range(count + 1)
    ]
    edges[1:-1] += np.array(jitter[1:-1]) * 0.5 / count
    found = []
    for index in range(count):
        left, right = float(edges[index]), float(edges[index + 1])
        middle, nudge = (
            0.5 * (left + right),
            again(shape.bangs_rhythm + 0.31 * index, 4) - 0.5,
        )
        outward = min(1.0, abs(middle - parting))
        if kind == 0:  # a full fringe
            tip_x, tip_y = (
                middle + 0.10 * sweep,
                longest + 0.03 * nudge + 0.05 * middle**2,
            )
            root = -0.13
        elif kind == 1:
            tip_x = right + 0.04 if middle > parting else left - 0.04
            tip_y, root = (
                longest - 0.055 + 0.10 * outward + 0.02 * nudge,
                -0.185 + 0.09 * outward,
            )
        elif kind == 2:  # parted in the middle
            tip_x = right + 0.03 if middle > 0 else left - 0.03
            tip_y, root = (
                longest - 0.095 + 0.16 * outward + 0.02 * nudge,
                -0.225 + 0.13 * outward,
            )
        elif kind == 3:  # cut straight
            tip_x, tip_y, root = (
                middle,
                longest - 0.035 + 0.02 * middle**2,
                longest - 0.075,
            )
        else:  # a long strand between the eyes
            tip_x = middle * 0.92 + 0.06 * sweep
            tip_y = (
                longest
                + 0.085 * math.exp(-((middle / 0.22) ** 2))
                - 0.035
                + 0.04 * middle**2
                + 0.02 * nudge
            )
            root = -0.14
        roots = [
            max(root, -0.02) if abs(edge) > 0.9 else root + 0.02 * jit
            for edge, jit in ((left, jitter[index]), (right, jitter[index + 1]))
        ]
        tip_x = min(max(tip_x, -0.93), 0.93)
        found.append(
            ((left * wide, roots[0]), (tip_x * wide, tip_y), (right * wide, roots[1]))
        )
    return found


def bangs_outline(head: Head) -> Points:
    """The hair over the skull and the forehead, down to the tips of the bangs."""
    wide = head.hair_width
    half = skull(head)
    over = curve([(-x, y) for x, y in reversed(half[1:])] + half)
    edge: list[Points] = [over, np.array([(1.04 * wide, 0.04), (0.97 * wide, 0.05)])]
    blunt = choice(head.shape.bangs_kind, 5) == 3
    for left, tip, right in reversed(_strands(head)):
        (lx, ly), (tx, ty), (rx, ry) = left, tip, right
        across = rx - lx
        if blunt:
            corners = [
                (rx - 0.12 * across, ty - 0.004),
                (tx, ty),
                (lx + 0.12 * across, ty - 0.004),
            ]
            edge.append(curve([right, *corners, left], steps=4))
        else:
            right_bend = (0.25 * rx + 0.75 * tx + 0.10 * across, 0.42 * ry + 0.58 * ty)
            left_bend = (0.40 * lx + 0.60 * tx - 0.02 * across, 0.45 * ly + 0.55 * ty)
            edge.append(curve([right, right_bend, tip], steps=5)[:-1])
            edge.append(curve([tip, left_bend, left], steps=5))
    edge.append(np.array([(-0.97 * wide, 0.05), (-1.04 * wide, 0.04)]))
    return np.concatenate(edge)


def side_locks(head: Head) -> list[Points]:
    """A pair of locks in front of the ears."""
    shape, wide = head.shape, head.hair_width
    if head.attributes.hair_style in ("short", "spiky"):
        low, thick = (
            between(0.07, 0.16, shape.side_lock_length),
            between(0.05, 0.075, shape.side_locks),
        )
    else:
        low, thick = (
            between(0.14, 0.36, shape.side_lock_length),
            between(0.055, 0.095, shape.side_locks),
        )
    outer = 1.05 * wide
    bend = between(-0.02, 0.02, shape.hair_wave)
    tip = (outer - 0.55 * thick + 2 * bend, low)
    down = [
        (outer, -0.10),
        (outer + 0.005, 0.4 * low),
        (outer - 0.2 * thick + bend, 0.78 * low),
        tip,
    ]
    up = [
        tip,
        (outer - thick + bend, 0.6 * low),
        (outer - 0.95 * thick, 0.0),
        (outer - 0.6 * thick, -0.12),
    ]
    lock = np.concatenate([curve(down), curve(up)])
    return [lock, mirrored(lock)]


def draw_front_hair(
    canvas: Canvas, head: Head, bangs: Points, locks: list[Points]
) -> None:
    """Bangs and locks as one shape, with their light, shadow and strands."""
    shape = head.shape
    outlines = [bangs, *locks]
    if head.attributes.hair_style == "spiky":
        outlines.append(spiky_crown(head))
    if shape.antenna > 0.55:
        outlines.append(_antenna(head))
    mask = canvas.shapes(outlines, head.hair, head.hair_line, bottom=head.hair_tip)
    assert mask is not None
    away = ImageChops.subtract(
        canvas.mask([bangs]), canvas.mask([shifted(bangs, -0.026, -0.016)])
    )
    canvas.tint(away, head.hair_dark, 0.55)
    _draw_shine(canvas, head, mask.convert("L"))
    crown = np.array(
        (
            0.35 * head.turn + 0.03 * between(-1, 1, shape.bangs_sweep),
            head.hair_top + 0.03,
        )
    )
    for (lx, ly), (tx, ty), (rx, _) in _strands(head):
        if abs(lx) > 0.9 * head.hair_width:
            continue
        root = np.array((lx, ly))
        start = crown + (root - crown) * between(
            0.45, 0.75, again(lx * 7 + shape.bangs_jitter, 5)
        )
        bulge = shifted(0.5 * (start + root), 0.06 * lx, -0.01)
        parted = curve(np.stack([start, bulge, shifted(root, 0.0, 0.004)]))
        canvas.stroke(parted, head.hair_line, 0.0085, 0.1, 0.8)
        tip = np.array((tx, ty))
        inner = np.array((0.5 * (lx + rx), ly - 0.03))
        shadow = curve(np.stack([inner, 0.5 * (inner + tip), tip]))
        canvas.stroke(shadow, head.hair_dark, 0.013, 0.1, 0.1, inked=False)
    for lock in locks:
        side = math.copysign(1, float(lock[0, 0]))
        outermost = abs(float(lock[:, 0].min() if side < 0 else lock[:, 0].max()))
        line = curve(
            [
                (side * (outermost - 0.035), -0.02),
                tuple(lock[len(lock) // 2] + (0, -0.03)),
            ]
        )
        canvas.stroke(line, head.hair_dark, 0.010, inked=False)


def _antenna(head: Head) -> Points:
    """A strand of hair that stands up on the crown."""
    side, top = head.side, head.hair_top
    high = between(0.05, 0.09, again(head.shape.antenna, 9))
    there = curve(
        [
            (-0.02 * side, top + 0.03),
            (0.01 * side, top - 0.6 * high),
            (0.10 * side, top - high),
        ]
    )
    back = curve(
        [
            (0.10 * side, top - high),
            (0.045 * side, top - 0.35 * high),
            (0.035 * side, top + 0.03),
        ]
    )
    return np.concatenate([there, back])


def _draw_shine(canvas: Canvas, head: Head, hair: Image.Image) -> None:
    """The band of light round the crown, with a ragged lower edge."""
    shape = head.shape
    wide = head.hair_width
    height, thick = (
        between(0.60, 0.72, shape.shine),
        between(0.022, 0.042, again(shape.shine, 5)),
    )
    t = np.linspace(-1, 1, 29)
    upper = np.stack([0.80 * wide * t, head.hair_top * height + 0.085 * t**2], axis=1)
    teeth = np.where(np.arange(29) % 2 == 0, 0.55, 1.25) * (1 - t**2) ** 0.5
    lower = upper + np.stack([np.zeros(29), thick * teeth], axis=1)
    gap = between(-0.5, 0.5, again(shape.shine, 17))
    for keep in (t < gap - 0.06, t > gap + 0.06):
        if keep.sum() > 4:
            band = np.concatenate([upper[keep], lower[keep][::-1]])
            canvas.tint(
                ImageChops.darker(canvas.mask([band]), hair), head.hair_light, 0.85
            )
