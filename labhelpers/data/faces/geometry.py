"""Smooth curves and outlines in the plane."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Points = NDArray[np.float64]
"""Points (n, 2) of a curve or an outline: x to the right, y down."""


@functools.cache
def _spline_basis(steps: int) -> NDArray[np.float64]:
    """Weights (steps, 4) of the four points about a piece of a Catmull-Rom spline."""
    t = np.arange(steps) / steps
    return 0.5 * np.stack(
        [
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            t**3 - t**2,
        ],
        axis=1,
    )


def curve(points: list[Point] | Points, closed: bool = False, steps: int = 8) -> Points:
    """A Catmull-Rom spline through points, sampled ``steps`` times a piece."""
    through = np.asarray(points, float)
    if closed:
        padded = np.concatenate([through[-1:], through, through[:2]])
    else:
        padded = np.concatenate(
            [2 * through[:1] - through[1:2], through, 2 * through[-1:] - through[-2:-1]]
        )
    pieces = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]])
    sampled = np.einsum("sk,kpd->psd", _spline_basis(steps), pieces).reshape(-1, 2)
    return sampled if closed else np.concatenate([sampled, through[-1:]])


@functools.cache
def _circle(steps: int) -> Points:
    """The circle of radius 1."""
    angle = np.linspace(0, 2 * math.pi, steps, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ellipse(x: float, y: float, rx: float, ry: float, steps: int = 28) -> Points:
    """An ellipse about a centre, with its half sizes."""
    outline: Points = shifted(_circle(steps) * (rx, ry), x, y)
    return outline


def shifted(points: Points, x: float, y: float) -> Points:
    """The points, moved."""
    return points + np.array((x, y))


def mirrored(points: Points) -> Points:
    """The points on the other side of the middle."""
    return points * (-1.0, 1.0)


def symmetric(right_half: list[Point], steps: int = 8) -> Points:
    """A closed smooth outline from its right half, given from the top middle to the bottom middle."""
    left = [(-x, y) for x, y in reversed(right_half[1:-1])]
    return curve(right_half + left, closed=True, steps=steps)


@functools.lru_cache(1024)
def _swell(count: int, start: float, end: float) -> NDArray[np.float64]:
    """Half the width of a brush at each of its points."""
    t = np.linspace(0, 1, count)
    swell = np.maximum(np.sin(math.pi * t), 0) ** 0.7
    return (
        0.5 * np.maximum(swell, np.maximum(start * (1 - t) ** 2, end * t**2))[:, None]
    )


def normals(points: Points) -> Points:
    """Unit normals of an open curve, one a point."""
    across = np.empty_like(points)
    across[1:-1] = points[2:, ::-1] - points[:-2, ::-1]
    across[0], across[-1] = (
        points[1, ::-1] - points[0, ::-1],
        points[-1, ::-1] - points[-2, ::-1],
    )
    across[:, 0] *= -1
    across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
    return across


def brush(points: Points, width: float, start: float, end: float) -> Points:
    """The outline of a stroke whose width swells to ``width`` in the middle and starts and ends at parts of it."""
    offset = normals(points) * (width * _swell(len(points), start, end))
    return np.concatenate([points + offset, (points - offset)[::-1]])
