"""The plane: points and codes in two dimensions, ways through it, and what a discriminator says about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labhelpers.visualize.sheets import show_grid, show_rows
from labhelpers.visualize.style import (
    DISCRIMINATOR_COLOUR,
    GENERATOR_COLOUR,
    STYLE,
    WIDTH,
    finished,
    headline,
)

_ORANGE = mpl.colors.LinearSegmentedColormap.from_list(
    "discriminator", ["#FFFFFF", DISCRIMINATOR_COLOUR]
)


def grid_codes(limit: float, steps: int) -> np.ndarray:
    """The points of a square grid in a plane, row by row from the top.

    Args:
        limit: the grid goes from -limit to limit on both axes.
        steps: points a side.

    Returns:
        (steps * steps, 2), float32; the first point is (-limit, limit).
    """
    along = np.linspace(-limit, limit, steps, dtype=np.float32)
    first, second = np.meshgrid(along, along[::-1])
    return np.stack([first.ravel(), second.ravel()], axis=1)


def line_between(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Codes at equal distances on the straight line between two codes.

    Args:
        start: (latent_dim,).
        end: (latent_dim,).
        steps: number of codes, both ends included.

    Returns:
        (steps, latent_dim).
    """
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return (1 - share) * start[None] + share * end[None]


def plot_latent(
    codes: np.ndarray, labels: np.ndarray, class_names: Sequence[str], *, title: str
) -> Figure:
    """Where the encoder puts images in a 2-d latent space, one colour and one number a class.

    Args:
        codes: (n, 2).
        labels: (n,) integers.
        class_names: one a label.
        title: what to see.

    Raises:
        ValueError: the codes do not have two columns.
    """
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise ValueError(
            f"The codes have shape {codes.shape}, expected (n, 2). Plot a model with latent_dim = 2."
        )
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 6.4))
        colours = plt.get_cmap("tab10")
        for label, name in enumerate(class_names):
            chosen = codes[labels == label]
            if not len(chosen):
                continue
            axes.scatter(
                chosen[:, 0],
                chosen[:, 1],
                s=5,
                alpha=0.45,
                linewidths=0,
                color=colours(label % 10),
                label=name,
            )
            axes.text(
                float(np.median(chosen[:, 0])),
                float(np.median(chosen[:, 1])),
                name,
                fontsize=13,
                fontweight="bold",
                ha="center",
                va="center",
                bbox={
                    "boxstyle": "circle,pad=0.2",
                    "facecolor": "white",
                    "edgecolor": colours(label % 10),
                },
            )
        limit = float(np.quantile(np.abs(codes), 0.998)) * 1.05 + 0.1
        axes.set(
            title=title,
            xlabel="z[0]",
            ylabel="z[1]",
            aspect="equal",
            xlim=(-limit, limit),
            ylim=(-limit, limit),
        )
        figure.tight_layout()
    return finished(figure)


def walk_latent_plane(decode: Callable[[np.ndarray], np.ndarray], limit: float) -> None:
    """Two sliders that move through a 2-d latent space, below a still walk for pages where widgets do not run.

    Args:
        decode: from codes (n, 2) to images (n, height, width, channels).
        limit: the sliders go from -limit to limit.
    """
    import ipywidgets
    from IPython.display import display

    along = np.linspace(-limit, limit, 11, dtype=np.float32)
    zeros = np.zeros_like(along)
    display(
        show_rows(
            {
                "z[0]": decode(np.stack([along, zeros], axis=1)),
                "z[1]": decode(np.stack([zeros, along], axis=1)),
            },
            title=f"A walk along each axis from -{limit:g} to {limit:g}, the other at 0",
        )
    )

    def draw(first: float, second: float) -> None:
        code = np.array([[first, second]], dtype=np.float32)
        display(
            show_grid(
                decode(code),
                columns=1,
                title=f"z = ({first:.1f}, {second:.1f})",
                width=2.5,
            )
        )

    slider = {
        "min": -limit,
        "max": limit,
        "step": 0.1,
        "value": 0.0,
        "continuous_update": False,
    }
    ipywidgets.interact(
        draw,
        first=ipywidgets.FloatSlider(description="z[0]", **slider),
        second=ipywidgets.FloatSlider(description="z[1]", **slider),
    )


def show_points(
    panels: Mapping[str, np.ndarray],
    *,
    centres: np.ndarray,
    limit: float,
    title: str,
    columns: int = 4,
) -> Figure:
    """Points in the plane, one panel a set; the centres of the real modes are circled in each.

    Args:
        panels: panel title to points (n, 2); a title that holds "real" is drawn in black, the others as fakes.
        centres: (modes, 2).
        limit: the axes go from -limit to limit.
        title: what to see.
        columns: panels a row.
    """
    rows = -(-len(panels) // columns)
    with plt.rc_context(STYLE):
        across = min(columns, len(panels))
        figure, axes = plt.subplots(
            rows,
            across,
            figsize=(WIDTH, rows * (WIDTH / across + 0.3) + 0.3),
            squeeze=False,
            sharex=True,
            sharey=True,
        )
        for axis in axes.ravel()[len(panels) :]:
            axis.set_axis_off()
        for axis, (name, points) in zip(axes.ravel(), panels.items(), strict=False):
            axis.scatter(
                centres[:, 0],
                centres[:, 1],
                s=130,
                facecolors="none",
                edgecolors="#999999",
                linewidths=1,
                label="centres of the real modes",
            )
            colour = "#000000" if "real" in name.lower() else GENERATOR_COLOUR
            axis.scatter(
                points[:, 0], points[:, 1], s=4, alpha=0.35, linewidths=0, color=colour
            )
            axis.set(aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
            axis.set_title(name, fontsize=10)
        for axis in axes[-1]:
            axis.set_xlabel("x[0]")
        for axis in axes[:, 0]:
            axis.set_ylabel("x[1]")
        headline(figure, title)
        figure.tight_layout(pad=0.6)
    return finished(figure)


def plot_decision(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
    *,
    limit: float,
    title: str,
) -> Figure:
    """What D says about every point of the plane, and where the gradient of G's loss pulls the fakes.

    Args:
        panels: title to (probabilities, real points, fake points, pulls): D on a square grid (steps, steps), rows from
            x[1] = limit down; points (n, 2); for every fake the direction in which G's loss falls, (n, 2).
        limit: the grid goes from -limit to limit.
        title: what to see.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1,
            len(panels),
            figsize=(WIDTH, WIDTH / len(panels) + 0.4),
            squeeze=False,
            layout="constrained",
        )
        for axis, (name, (probabilities, real, fake, pulls)) in zip(
            axes[0], panels.items(), strict=True
        ):
            picture = axis.imshow(
                probabilities,
                extent=(-limit, limit, -limit, limit),
                cmap=_ORANGE,
                vmin=0,
                vmax=1,
                alpha=0.8,
                interpolation="bilinear",
                label=f"D(x) from {probabilities.min():.2f} to {probabilities.max():.2f}",
            )
            axis.scatter(real[:, 0], real[:, 1], s=7, color="#000000", label="real")
            axis.scatter(
                fake[:, 0], fake[:, 1], s=12, color=GENERATOR_COLOUR, label="fake"
            )
            lengths = np.linalg.norm(pulls, axis=1, keepdims=True)
            # The direction is what matters; the longest arrow is a sixth of the picture.
            arrows = pulls / max(float(lengths.max()), 1e-12) * limit / 3
            axis.quiver(
                fake[:, 0],
                fake[:, 1],
                arrows[:, 0],
                arrows[:, 1],
                angles="xy",
                scale_units="xy",
                scale=1,
                color=GENERATOR_COLOUR,
                width=0.005,
            )
            axis.set(xlabel="x[0]", xlim=(-limit, limit), ylim=(-limit, limit))
            axis.set_title(name, fontsize=10)
            axis.grid(visible=False)
        axes[0, 0].set_ylabel("x[1]")
        axes[0, 0].legend(loc="lower right", fontsize=8, frameon=True)
        figure.colorbar(
            picture, ax=list(axes[0]), shrink=0.8, label="D(x): how probable real is"
        )
        headline(figure, title)
    return finished(figure)


def plot_landscapes(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    centres: np.ndarray,
    limit: float,
    title: str,
    columns: int = 5,
) -> Figure:
    """D's score over the plane, one panel a loss, each with its own colour scale because each loss has its own unit.

    Args:
        panels: title to (scores, fake points): scores on a square grid (steps, steps), rows from x[1] = limit down,
            higher where D sees more reality; points (n, 2).
        centres: (modes, 2), the centres of the real modes, drawn as black rings.
        limit: the grid goes from -limit to limit.
        title: what to see.
        columns: panels a row.
    """
    rows, across = -(-len(panels) // columns), min(columns, len(panels))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows,
            across,
            figsize=(WIDTH, rows * (WIDTH / across + 0.45) + 0.3),
            squeeze=False,
            sharex=True,
            sharey=True,
            layout="constrained",
        )
        for axis in axes.ravel()[len(panels) :]:
            axis.set_axis_off()
        for axis, (name, (scores, fake)) in zip(
            axes.ravel(), panels.items(), strict=False
        ):
            low, high = np.percentile(scores, [2, 98])
            axis.imshow(
                scores,
                extent=(-limit, limit, -limit, limit),
                cmap=_ORANGE,
                vmin=low,
                vmax=max(float(high), float(low) + 1e-9),
                interpolation="bilinear",
                label=_highest(scores, limit),
            )
            axis.scatter(
                centres[:, 0],
                centres[:, 1],
                s=50,
                facecolors="none",
                edgecolors="#000000",
                linewidths=1,
                label="centres of the real modes",
            )
            axis.scatter(
                fake[:, 0],
                fake[:, 1],
                s=4,
                alpha=0.5,
                linewidths=0,
                color=GENERATOR_COLOUR,
                label="fakes",
            )
            axis.set(xlim=(-limit, limit), ylim=(-limit, limit))
            axis.set_title(f"{name}\n{low:.3g} (white) to {high:.3g}", fontsize=8)
            axis.grid(visible=False)
        headline(figure, title)
    return finished(figure)


def _highest(scores: np.ndarray, limit: float) -> str:
    row, column = np.unravel_index(np.argmax(scores), scores.shape)
    steps = max(len(scores) - 1, 1)
    x, y = limit * (2 * column / steps - 1), limit * (1 - 2 * row / steps)
    return f"D scores highest near ({x:.1f}, {y:.1f})"
