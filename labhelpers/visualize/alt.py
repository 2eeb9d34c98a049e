"""The alt text of a figure, made from what is drawn in it: titles, labels and numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

LONGEST = 700
"""Characters; a screen reader reads an alt text in one go."""


def alt_text(figure: Figure) -> str:
    """What a figure shows, in words and numbers.

    Curves are told by where they begin and end, points by where they lie, bars by their heights, images by the labels
    that the functions of this room give them.
    """
    panels = [panel for axes in figure.axes if (panel := _panel(axes))]
    sentences = [_line(figure.get_suptitle())] if figure.get_suptitle() else []
    if len(panels) > 1:
        sentences.append(f"{len(panels)} panels")
    room = LONGEST - sum(map(len, sentences))
    for shown, panel in enumerate(panels):
        room -= len(panel) + 2
        if room < 0 and shown:
            sentences.append(f"{len(panels) - shown} more are not described")
            break
        sentences.append(panel)
    return ". ".join(sentences) + "."


def _panel(axes: Axes) -> str:
    if axes.get_label() == "<colorbar>":
        return ""
    facts = "; ".join(_facts(axes))
    title = _line(axes.get_title(loc="left") or axes.get_title())
    return ": ".join(part for part in (title, facts) if part)


def _facts(axes: Axes) -> Iterator[str]:
    drawn = list(_drawn(axes))
    # Beside what is drawn, texts only repeat names and numbers.
    yield from drawn or _texts(axes)


def _texts(axes: Axes) -> Iterator[str]:
    yield from filter(None, (_line(text.get_text()) for text in axes.texts))
    for table in axes.tables:
        rows: dict[int, list[str]] = {}
        for (row, _), cell in sorted(table.get_celld().items()):
            rows.setdefault(row, []).append(cell.get_text().get_text())
        yield from map(" ".join, rows.values())


def _drawn(axes: Axes) -> Iterator[str]:
    for image in axes.images:
        values = np.asarray(image.get_array(), dtype=float)
        yield _named(image.get_label()) or (
            f"{values.shape[0]} by {values.shape[1]} values from {values.min():.3g} to {values.max():.3g}"
        )
    yield from _curves(axes)
    for points in axes.collections:
        if isinstance(points, PathCollection):
            yield _points(np.asarray(points.get_offsets()), _named(points.get_label()))
    ticks = [tick.get_text() for tick in axes.get_xticklabels()]
    for bar in axes.containers:
        if not isinstance(bar, BarContainer):
            continue
        heights = [patch.get_height() for patch in bar.patches]
        pairs = zip(ticks, heights, strict=False)
        told = ", ".join(f"{tick} = {height:g}" for tick, height in pairs)
        yield f"{_named(str(bar.get_label()))}: {told}".lstrip(": ")
    for patch in axes.patches:
        if isinstance(patch, Polygon) and (name := _named(patch.get_label())):
            yield f"{name}: mean {_mean(np.asarray(patch.get_xy())):.3g}"


def _curves(axes: Axes) -> Iterator[str]:
    curves = [line for line in axes.lines if _named(line.get_label())]
    told = [_curve(line) for line in curves]
    moving = [line for line in curves if not _is_level(line)]
    along = [x for line in moving for x in np.asarray(line.get_xdata(), dtype=float)]
    if along:
        first, last = min(along), max(along)
        told[-1] += f", over {axes.get_xlabel() or 'x'} {first:.3g} to {last:.3g}"
    if told and axes.get_ylabel():
        told[0] = f"{_line(axes.get_ylabel())}: {told[0]}"
    yield from told


def _curve(line: Line2D) -> str:
    name = _named(line.get_label())
    values = np.asarray(line.get_ydata(), dtype=float)
    if _is_level(line):
        return f"{name} at {values[0]:.3g}"
    known = values[np.isfinite(values)]
    if not len(known):
        return f"{name} has no values"
    first, last = known[0], known[-1]
    spread = known.max() - known.min()
    if len(known) == 1:
        told = f"{name} is {first:.3g}"
    elif abs(last - first) > max(0.1 * spread, 0.02 * abs(first)):
        told = f"{name} {'falls' if last < first else 'rises'} from {first:.3g} to {last:.3g}"
    elif spread <= 0.02 * abs(first):
        told = f"{name} stays at {first:.3g}"
    else:
        told = f"{name} begins at {first:.3g} and ends at {last:.3g}"
    edge = max(0.1 * spread, 0.02 * abs(first))
    low, high = min(first, last), max(first, last)
    if known.min() < low - edge:
        told += f", lowest {known.min():.3g}"
    if known.max() > high + edge:
        told += f", highest {known.max():.3g}"
    if len(known) < len(values):
        told += f", not finite {len(values) - len(known)} times"
    return told


def _is_level(line: Line2D) -> bool:
    """Whether it is a horizontal line across the axes, as ``axhline`` draws it."""
    return line.get_transform() == line.axes.get_yaxis_transform(which="grid")  # type: ignore[union-attr]


def _points(points: np.ndarray, name: str) -> str:
    points = points[np.isfinite(points).all(axis=1)]
    told = f"{name}: " * bool(name) + f"{len(points)} point{'s' * (len(points) != 1)}"
    if not len(points):
        return told
    x, y = points.mean(axis=0).round(3) + 0.0  # no "-0"
    spread = float(np.sqrt(points.var(axis=0).mean()))
    return f"{told} around ({x:.2g}, {y:.2g}), spread {spread:.2g}"


def _mean(outline: np.ndarray) -> float:
    """The mean of what a histogram of histtype "step" counts: its outline goes up and down at each edge of a bin."""
    edges, shares = outline[::2, 0], outline[1:-1:2, 1]
    middles = (edges[:-1] + edges[1:]) / 2
    return float((middles * shares).sum() / max(shares.sum(), 1e-12))


def _named(label: object) -> str:
    """The label of something drawn; empty where matplotlib gave it one of its own, which begin with "_"."""
    text = str(label or "")
    return "" if text.startswith("_") else _line(text)


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
