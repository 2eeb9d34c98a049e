"""Curves: losses and scores over training, functions over their argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from labhelpers.visualize.style import (
    DISCRIMINATOR_COLOUR,
    GENERATOR_COLOUR,
    GREY,
    OTHER_COLOURS,
    PLAYER_COLOURS,
    STYLE,
    WIDTH,
    finished,
    headline,
)


def plot_losses(
    history: Mapping[str, Sequence[float]],
    *,
    title: str,
    ylabel: str,
    xlabel: str = "epoch",
    smooth: int = 1,
) -> Figure:
    """Curves of named losses; the generator's and the discriminator's keep their colours.

    Args:
        history: name to one value per epoch (or step).
        title: what to see.
        ylabel: the quantity and its unit.
        xlabel: what the values are counted in.
        smooth: each point is the mean of this many values; the raw curve stays visible behind it.
    """
    colours = {"g_loss": GENERATOR_COLOUR, "d_loss": DISCRIMINATOR_COLOUR}
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.6))
        for name, values in history.items():
            x = np.arange(1, len(values) + 1)
            marker = "o" if len(values) <= 30 else None
            line = axes.plot(
                x,
                values,
                label=name,
                color=colours.get(name),
                marker=marker,
                markersize=4,
                alpha=1 if smooth == 1 else 0.25,
            )[0]
            if smooth > 1 and len(values) >= smooth:
                line.set_label("_raw")
                means = np.convolve(values, np.full(smooth, 1 / smooth), mode="valid")
                axes.plot(
                    x[smooth - 1 :],
                    means,
                    label=f"{name} (mean of {smooth})",
                    color=line.get_color(),
                )
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        if max(len(values) for values in history.values()) <= 30:
            axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        axes.legend()
        figure.tight_layout()
    return finished(figure)


def plot_curves(
    curves: Mapping[
        str, tuple[Sequence[float] | np.ndarray, Sequence[float] | np.ndarray]
    ],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    levels: Mapping[str, float] | None = None,
    log: bool = False,
) -> Figure:
    """Curves over a common axis, each with its own points, and horizontal levels to compare them with.

    Args:
        curves: name to (x, y); names that begin with "g_" or "d_" get the colour of that player, and what follows
            "g_ " or "d_ " with a space is the label.
        title: what to see.
        xlabel: quantity and unit.
        ylabel: quantity and unit.
        levels: name to the height of a dashed line.
        log: whether the vertical axis is logarithmic.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.6))
        used: list[str] = []
        for name, (x, y) in curves.items():
            colour = PLAYER_COLOURS.get(name[:2])
            # The generator begins with dashes, so that a curve that it has learned to match stays visible below.
            styles = (
                ("--", "-", ":") if colour == GENERATOR_COLOUR else ("-", "--", ":")
            )
            style = styles[used.count(colour) % 3] if colour else "-"
            used += [colour] if colour else []
            label = name[3:] if colour and name[2] == " " else name
            axes.plot(
                x,
                y,
                style,
                label=label,
                color=colour,
                linewidth=2,
                marker="o" if len(x) <= 40 else None,
            )
        for (name, height), style in zip(
            (levels or {}).items(), ("--", ":", "-."), strict=False
        ):
            axes.axhline(height, color=GREY, linestyle=style, linewidth=1.5, label=name)
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        if all(
            np.issubdtype(np.asarray(x).dtype, np.integer) for x, _ in curves.values()
        ):
            axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        if log:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:g}"))
            # Less than a decade needs labels between the powers of ten: 20, not 2 x 10^1.
            axes.yaxis.set_minor_formatter(
                mpl.ticker.LogFormatter(minor_thresholds=(1, 0.4))
            )
        axes.legend()
        figure.tight_layout()
    return finished(figure)


def plot_curve_grid(
    panels: Mapping[
        str, Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]]
    ],
    *,
    title: str,
    xlabel: str,
) -> Figure:
    """Curves in a grid of panels: quantities one below the other, cases side by side; one legend for all.

    A curve is named "group" or "group, part"; a group keeps its colour everywhere, its parts differ in their dashes.

    Args:
        panels: quantity with its unit (a row) to case (a column) to curve name to (x, y).
        title: what to see.
        xlabel: quantity and unit of all horizontal axes.
    """
    groups: list[str] = []
    columns = len(next(iter(panels.values())))
    with plt.rc_context(STYLE):
        size = (WIDTH, 2.6 * len(panels) + 0.8)
        figure, axes = plt.subplots(
            len(panels),
            columns,
            figsize=size,
            sharey="row",
            sharex="col",
            squeeze=False,
        )
        for number, (row, (ylabel, cases)) in enumerate(
            zip(axes, panels.items(), strict=True), start=1
        ):
            row[0].set_ylabel(ylabel)
            for axis, (case, curves) in zip(row, cases.items(), strict=True):
                parts: dict[str, int] = {}
                for name, (x, y) in curves.items():
                    group = name.split(", ")[0]
                    groups += [] if group in groups else [group]
                    style = ("-", "--", ":")[parts.get(group, 0) % 3]
                    parts[group] = parts.get(group, 0) + 1
                    colour = OTHER_COLOURS[groups.index(group) % len(OTHER_COLOURS)]
                    axis.plot(
                        x,
                        y,
                        style,
                        label=name,
                        color=colour,
                        linewidth=2,
                        marker="o",
                        markersize=3,
                    )
                if number == 1:
                    axis.set_title(case)
                if number == len(panels):
                    axis.set_xlabel(xlabel)
        keys = [
            Line2D(
                [],
                [],
                color=OTHER_COLOURS[i % len(OTHER_COLOURS)],
                linewidth=2,
                label=group,
            )
            for i, group in enumerate(groups)
        ]
        headline(figure, title)
        figure.legend(handles=keys, loc="lower center", ncols=len(keys))
        figure.tight_layout(rect=(0, 0.06, 1, 1))
    return finished(figure)


def plot_panels(
    panels: Mapping[str, Mapping[str, np.ndarray]],
    *,
    title: str,
    xlabel: str,
    columns: int = 5,
    smooth: int = 1,
) -> Figure:
    """Small multiples of curves, one panel a model; each panel has its own vertical scale.

    Args:
        panels: panel title to (name to values, one a step); "g_..." and "d_..." get the colours of the players.
        title: what to see.
        xlabel: quantity of the common horizontal axis.
        columns: panels a row.
        smooth: length of a running mean, less where there are few values.
    """
    rows, across = -(-len(panels) // columns), min(columns, len(panels))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows,
            across,
            figsize=(WIDTH, rows * 1.75 + 0.5),
            squeeze=False,
            layout="constrained",
        )
        for axis in axes.ravel()[len(panels) :]:
            axis.set_axis_off()
        handles: dict[str, Any] = {}
        for axis, (panel, curves) in zip(axes.ravel(), panels.items(), strict=False):
            for name, values in curves.items():
                window = min(smooth, 1 + len(values) // 4)
                kernel = np.ones(window) / window
                means = np.convolve(
                    np.asarray(values, dtype=np.float64), kernel, mode="valid"
                )
                (line,) = axis.plot(
                    np.arange(len(means)) + window,
                    means,
                    label=name,
                    color=PLAYER_COLOURS.get(name[:2], "#000000"),
                    linestyle="--" if name.startswith("g_") else "-",
                    linewidth=1.3,
                )
                handles.setdefault(name, line)
            axis.set_title(panel, fontsize=8)
            axis.tick_params(labelsize=7)
            axis.locator_params(nbins=4)
        for axis in axes[-1]:
            axis.set_xlabel(xlabel, fontsize=8)
        figure.legend(
            handles.values(),
            handles.keys(),
            loc="outside lower center",
            ncols=len(handles),
            fontsize=8,
        )
        headline(figure, title)
    return finished(figure)


def plot_functions(
    x: np.ndarray,
    functions: Mapping[str, np.ndarray],
    *,
    derivatives: Mapping[str, np.ndarray],
    title: str,
) -> Figure:
    """Functions on the left and their derivatives on the right, in the same colours.

    Args:
        x: (n,).
        functions: name to values at x.
        derivatives: the same names to slopes at x.
        title: what to see.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.2))
        for axis, curves, label in zip(
            axes, (functions, derivatives), ("f(x)", "df/dx"), strict=True
        ):
            for (name, values), dashes in zip(
                curves.items(), ("-", "--", ":", "-."), strict=False
            ):
                axis.plot(x, values, dashes, label=name, linewidth=2)
            axis.set(xlabel="x", ylabel=label)
        axes[0].legend()
        headline(figure, title)
        figure.tight_layout()
    return finished(figure)
