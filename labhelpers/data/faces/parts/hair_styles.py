"""The outlines of the hair behind the head, style by style."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from labhelpers.data.faces.attributes import again, between, choice
from labhelpers.data.faces.geometry import (
    Point,
    Points,
    curve,
    ellipse,
    mirrored,
    symmetric,
)
from labhelpers.data.faces.head import Head


def skull(head: Head) -> list[Point]:
    """Right half of the hair over the skull, from the top to the height of the ear."""
    wide, top = head.hair_width, head.hair_top
    return [
        (0.0, top),
        (0.42 * wide, 0.955 * top),
        (0.79 * wide, 0.78 * top),
        (1.02 * wide, 0.45 * top),
        (1.07 * wide, -0.03),
    ]


def _long_back(head: Head) -> list[Points]:
    wide, wave = head.hair_width, between(-0.03, 0.05, head.shape.hair_wave)
    flare = between(0.0, 0.09, head.shape.hair_length)
    half = [
        *skull(head),
        (1.10 * wide + wave, 0.16),
        (1.08 * wide - 0.4 * wave + flare, 0.36),
        (1.12 * wide + flare, 0.75),
    ]
    return [symmetric([*half, (0.0, 0.75)])]


def _bob_back(head: Head) -> list[Points]:
    wide, low = head.hair_width, between(0.20, 0.30, head.shape.hair_length)
    curl = between(-0.05, 0.07, head.shape.hair_wave)
    side = [*skull(head), (1.16 * wide, 0.10), (1.12 * wide + curl, low - 0.02)]
    hem = [
        (1.0 * wide + curl, low + 0.02),
        (0.78 * wide, low - 0.01),
        (0.62 * wide, low + 0.02),
        (0.4 * wide, low - 0.03),
    ]
    return [symmetric([*side, *hem, (0.0, low - 0.03)])]


def _short_back(head: Head) -> list[Points]:
    wide, low = head.hair_width, between(0.12, 0.20, head.shape.hair_length)
    tips = [
        (1.10 * wide, 0.08),
        (1.10 * wide + 0.02, low),
        (0.96 * wide, low - 0.03),
        (0.88 * wide, low + 0.06),
    ]
    return [symmetric([*skull(head), *tips, (0.70 * wide, low), (0.0, low)], steps=5)]


def _tied_back(head: Head) -> Points:
    """Hair over the skull alone, for what hangs from it."""
    wide = head.hair_width
    return symmetric(
        [*skull(head), (0.98 * wide, 0.08), (0.7 * wide, 0.16), (0.0, 0.16)]
    )


def tail_height(head: Head) -> float:
    """Where twin tails are tied."""
    return between(-0.26, -0.10, again(head.shape.hair_length, 7))


def _twin_tails(head: Head) -> list[Points]:
    low, wave = (
        between(0.30, 0.58, head.shape.hair_length),
        between(-0.05, 0.05, head.shape.hair_wave),
    )
    high = tail_height(head)
    x = head.hair_width - 0.01
    outer = [
        (x, high - 0.05),
        (x + 0.11, high - 0.03),
        (x + 0.17, high + 0.18),
        (x + 0.14 + wave, 0.5 * (low + high) + 0.1),
    ]
    inner = [
        (x + 0.03 - wave, 0.5 * (low + high) + 0.08),
        (x + 0.05, high + 0.18),
        (x - 0.01, high + 0.04),
    ]
    tip = (x + 0.06 + 1.4 * wave, low)
    tail = np.concatenate([curve([*outer, tip]), curve([tip, *inner])])
    return [_tied_back(head), tail, mirrored(tail)]


def _ponytail(head: Head) -> list[Points]:
    side, wide = head.side, head.hair_width
    low, wave = (
        between(0.15, 0.50, head.shape.hair_length),
        between(-0.05, 0.05, head.shape.hair_wave),
    )
    outer = [
        (0.40 * wide, head.hair_top + 0.03),
        (0.85 * wide, head.hair_top - 0.035),
        (wide + 0.11, -0.25),
    ]
    outer += [(wide + 0.15, -0.02), (wide + 0.11 + wave, 0.6 * low)]
    inner = [
        (wide + 0.01 - wave, 0.5 * low),
        (wide + 0.03, -0.02),
        (wide - 0.02, -0.20),
        (0.55 * wide, head.hair_top + 0.09),
    ]
    tip = (wide + 0.05 + 1.4 * wave, low)
    tail = np.concatenate([curve([*outer, tip]), curve([tip, *inner])])
    return [_tied_back(head), tail * (side, 1.0)]


def _spikes(head: Head, widest: float) -> list[Point]:
    """Tips and valleys of the spikes round the head, up to an angle from the crown in half turns."""
    wide, spread, shake = (
        head.hair_width,
        between(0.07, 0.12, head.shape.hair_length),
        head.shape.hair_wave,
    )
    angles = (
        np.linspace(-0.84, 0.84, 2 * (8 + choice(again(shake, 3), 3)) + 1) * math.pi
    )
    ring = []
    for index, angle in enumerate(angles.tolist()):
        if abs(angle) > widest * math.pi:
            continue
        far = (
            spread * (0.7 + 0.6 * again(shake + 0.137 * index, 5))
            if index % 2
            else -0.008
        )
        lean = 0.10 * math.copysign(1, angle) if index % 2 else 0.0
        x = (1.05 * wide + far) * math.sin(angle + lean)
        y = (head.hair_top + 0.10 - far) * math.cos(angle + lean) - 0.10
        ring.append((x, y))
    return ring


def _spiky_back(head: Head) -> list[Points]:
    return [_spiked(_spikes(head, 1.0))]


def spiky_crown(head: Head) -> Points:
    """The upper spikes as a part of the front hair, with a lower edge that the bangs hide."""
    ring = _spiked(_spikes(head, 0.52))
    return np.concatenate([ring, (ring * (0.80, 0.72))[::-1]])


def _buns(head: Head) -> list[Points]:
    radius = between(0.085, 0.118, head.shape.hair_length)
    x, y = (
        between(0.62, 0.80, head.shape.hair_wave) * head.hair_width,
        head.hair_top + 0.035,
    )
    bun = ellipse(x, y, radius, radius * 0.94)
    return [_tied_back(head), bun, mirrored(bun)]


def _spiked(ring: list[Point]) -> Points:
    """An outline through tips and valleys, its flanks bent a little outwards."""
    points = np.asarray(ring)
    flanks = 0.5 * (points[:-1] + points[1:]) * (1.03, 1.03)
    pieces = [
        curve(np.stack(piece), steps=4)[:-1]
        for piece in zip(points[:-1], flanks, points[1:], strict=True)
    ]
    return np.concatenate([*pieces, points[-1:]])


OUTLINES: Mapping[str, Callable[[Head], list[Points]]] = {
    "long": _long_back,
    "bob": _bob_back,
    "twin tails": _twin_tails,
    "short": _short_back,
    "ponytail": _ponytail,
    "spiky": _spiky_back,
    "buns": _buns,
}
"""For every style the outlines behind the head: the hair over the skull first, then the tails or buns tied to it."""
