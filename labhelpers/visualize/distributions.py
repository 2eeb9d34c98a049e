"""How samples are spread: over the values of a number, over classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labhelpers.visualize.style import (
    GENERATOR_COLOUR,
    GREY,
    OTHER_COLOURS,
    STYLE,
    THIRD_COLOUR,
    WIDTH,
    finished,
    headline,
)


def plot_histograms(
    values: Mapping[str, Mapping[str, np.ndarray]],
    *,
    title: str,
    xlabel: str,
    limits: tuple[float, float] = (0, 1),
) -> Figure:
    """Histograms laid over each other, in one or more panels side by side.

    Args:
        values: panel title to (name to values); "real" is black, "fake" has the generator's colour, others are green.
        title: what to see.
        xlabel: quantity and unit.
        limits: ends of the horizontal axis.
    """
    colours = {"real": "#000000", "fake": GENERATOR_COLOUR}
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(values), figsize=(WIDTH, 3.2), sharey=True, squeeze=False
        )
        bins = np.linspace(*limits, 41)
        for axis, (panel, sets) in zip(axes[0], values.items(), strict=True):
            for name, numbers in sets.items():
                weights = np.full(len(numbers), 1 / len(numbers))
                colour = next(
                    (c for word, c in colours.items() if word in name), THIRD_COLOUR
                )
                axis.hist(
                    numbers,
                    bins=bins,
                    weights=weights,
                    histtype="step",
                    linewidth=2,
                    label=name,
                    color=colour,
                )
            axis.set(title=panel, xlabel=xlabel, xlim=limits)
        axes[0, 0].set_ylabel("share of images")
        axes[0, -1].legend(loc="best")
        headline(figure, title)
        figure.tight_layout()
    return finished(figure)


def plot_counts(
    counts: Mapping[str, Sequence[int] | np.ndarray],
    labels: Sequence[str],
    *,
    title: str,
) -> Figure:
    """How many samples fall into each class: bars side by side, one colour a set, with the number above each bar.

    Args:
        counts: name of a set to one count per label.
        labels: what the bars stand for.
        title: what to see.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
        width = 0.84 / len(counts)
        palette = (
            [GENERATOR_COLOUR]
            if len(counts) == 1
            else [GREY, GENERATOR_COLOUR, THIRD_COLOUR, *OTHER_COLOURS[2:]]
        )
        for index, (name, numbers) in enumerate(counts.items()):
            x = np.arange(len(labels)) + (index - (len(counts) - 1) / 2) * width
            bars = axes.bar(
                x, numbers, width, label=name, color=palette[index % len(palette)]
            )
            axes.bar_label(bars, fontsize=8, padding=1)
        axes.set_xticks(np.arange(len(labels)), labels)
        axes.grid(visible=False, axis="x")
        axes.set(title=title, ylabel="samples")
        axes.margins(y=0.12)
        axes.legend()
        figure.tight_layout()
    return finished(figure)
