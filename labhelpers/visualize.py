"""Pictures in one style. Functions take arrays and return the figure; they know nothing of models or trainers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import ImageFont

from labhelpers.data.images import require_ready

GENERATOR_COLOUR = "#0072B2"
DISCRIMINATOR_COLOUR = "#D55E00"
THIRD_COLOUR = "#009E73"
"""Blue, vermilion and green of Okabe and Ito's palette, which colour-blind readers can tell apart."""

WIDTH = 8.0
"""Inches: the width of a notebook's column."""

STYLE: Any = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "axes.prop_cycle": cycler(
        color=["#000000", THIRD_COLOUR, "#CC79A7", "#E69F00", "#56B4E9", GENERATOR_COLOUR, DISCRIMINATOR_COLOUR]
    ),
}


def tile(images: np.ndarray, columns: int, *, gap: int = 1) -> np.ndarray:
    """Put images into one picture, row by row, with white gaps of equal size.

    Args:
        images: (n, height, width, channels); 1 or 3 channels; any range, which is kept.
        columns: images a row.
        gap: pixels between images.

    Returns:
        (rows * height + gaps, columns * width + gaps, channels); empty places are white.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    white = 255 if images.dtype == np.uint8 else 1
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), white, dtype=images.dtype)
    for index, image in enumerate(images):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def show_grid(images: np.ndarray, *, columns: int = 10, title: str = "", width: float = WIDTH) -> Figure:
    """A sheet of images.

    Args:
        images: (n, height, width, channels): uint8, or floats in [0, 1].
        columns: images a row.
        title: what to see.
        width: of the figure, in inches.
    """
    sheet = tile(_to_unit(images), columns)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(width, width * sheet.shape[0] / sheet.shape[1] + (0.4 if title else 0)))
        _show_sheet(axes, sheet, title)
        figure.tight_layout(pad=0.3)
    return _finished(figure)


def show_pairs(
    left: np.ndarray, right: np.ndarray, *, left_title: str, right_title: str, columns: int = 5, width: float = WIDTH
) -> Figure:
    """Two sheets side by side: real images or originals on the left, fake ones or reconstructions on the right.

    Args:
        left: (n, height, width, channels).
        right: (m, height, width, channels).
        left_title: what the left sheet shows.
        right_title: what the right sheet shows.
        columns: images a row in each sheet.
        width: of the figure, in inches.
    """
    sheets = [tile(_to_unit(images), columns) for images in (left, right)]
    with plt.rc_context(STYLE):
        ratio = max(sheet.shape[0] / sheet.shape[1] for sheet in sheets)
        figure, axes = plt.subplots(1, 2, figsize=(width, width / 2 * ratio + 0.5))
        for axis, sheet, title in zip(axes, sheets, (left_title, right_title), strict=True):
            _show_sheet(axis, sheet, title)
        figure.tight_layout(pad=0.5)
    return _finished(figure)


def show_rows(rows: Mapping[str, np.ndarray], *, title: str = "", width: float = WIDTH) -> Figure:
    """One labelled row of images for each entry, so that columns can be compared.

    Args:
        rows: label to images (n, height, width, channels), the same n for each.
        title: what to see.
        width: of the figure, in inches.
    """
    with plt.rc_context(STYLE):
        sheets = {label: tile(_to_unit(images), len(images)) for label, images in rows.items()}
        ratio = next(iter(sheets.values())).shape[0] / next(iter(sheets.values())).shape[1]
        figure, axes = plt.subplots(
            len(rows), 1, figsize=(width, len(rows) * (width * 0.8 * ratio + 0.08) + 0.5), squeeze=False
        )
        for axis, (label, sheet) in zip(axes[:, 0], sheets.items(), strict=True):
            _show_sheet(axis, sheet, "")
            axis.text(-0.01, 0.5, label, transform=axis.transAxes, ha="right", va="center")
        top = 1.0
        if title:
            figure.suptitle(title, x=0.02, ha="left", fontsize=12)
            top -= 0.35 / figure.get_figheight()
        figure.tight_layout(pad=0.4, rect=(0, 0, 1, top))
    return _finished(figure)


def plot_losses(
    history: Mapping[str, Sequence[float]], *, title: str, ylabel: str, xlabel: str = "epoch", smooth: int = 1
) -> Figure:
    """Curves of named losses; the generator's and the discriminator's keep their colours.

    Args:
        history: name to one value per epoch (or step).
        title: what to see.
        ylabel: the quantity and its unit.
        xlabel: what the values are counted in.
        smooth: each point is the mean of so many values; the raw curve stays visible behind it.
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
                axes.plot(x[smooth - 1 :], means, label=f"{name} (mean of {smooth})", color=line.get_color())
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        if max(len(values) for values in history.values()) <= 30:
            axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        axes.legend()
        figure.tight_layout()
    return _finished(figure)


def plot_latent(codes: np.ndarray, labels: np.ndarray, class_names: Sequence[str], *, title: str) -> Figure:
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
        raise ValueError(f"The codes have shape {codes.shape}, expected (n, 2). Plot a model with latent_dim = 2.")
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 6.4))
        colours = plt.get_cmap("tab10")
        for label, name in enumerate(class_names):
            chosen = codes[labels == label]
            if not len(chosen):
                continue
            axes.scatter(chosen[:, 0], chosen[:, 1], s=5, alpha=0.45, linewidths=0, color=colours(label % 10))
            axes.text(
                float(np.median(chosen[:, 0])),
                float(np.median(chosen[:, 1])),
                name,
                fontsize=13,
                fontweight="bold",
                ha="center",
                va="center",
                bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": colours(label % 10)},
            )
        limit = float(np.quantile(np.abs(codes), 0.998)) * 1.05 + 0.1
        axes.set(title=title, xlabel="z[0]", ylabel="z[1]", aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
        figure.tight_layout()
    return _finished(figure)


def plot_manifold(images: np.ndarray, limit: float, *, title: str) -> Figure:
    """Decoded images at the points of a square grid in a 2-d latent space.

    Args:
        images: (steps * steps, height, width, channels), as ``grid_codes`` orders them: rows from the top down.
        limit: the grid goes from -limit to limit on both axes.
        title: what to see.
    """
    steps = round(len(images) ** 0.5)
    sheet = tile(_to_unit(images), steps, gap=0)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH * 0.85, WIDTH * 0.85))
        axes.imshow(sheet.squeeze(), extent=(-limit, limit, -limit, limit), vmin=0, vmax=1)
        axes.set(title=title, xlabel="z[0]", ylabel="z[1]")
        axes.grid(visible=False)
        figure.tight_layout()
    return _finished(figure)


def grid_codes(limit: float, steps: int) -> np.ndarray:
    """The codes of a square grid in the latent plane, (steps * steps, 2): rows from z[1] = limit down."""
    along = np.linspace(-limit, limit, steps, dtype=np.float32)
    first, second = np.meshgrid(along, along[::-1])
    return np.stack([first.ravel(), second.ravel()], axis=1)


def line_between(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Codes on the straight line from ``start`` to ``end``, both (latent_dim,), as (steps, latent_dim)."""
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return (1 - share) * start[None] + share * end[None]


def _to_unit(images: np.ndarray) -> np.ndarray:
    """Images that are uint8, or float in [0, 1], as floats in [0, 1]."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"The images have shape {images.shape}, expected (n, height, width, 1 or 3). Reshape them.")
    if images.dtype.kind == "f":
        # What a diverged model draws is black: its training must come to the sentence that says which loss broke.
        images = np.nan_to_num(images.astype(np.float64), nan=0.0)
    require_ready(images)
    return images / 255.0 if images.dtype == np.uint8 else np.clip(images, 0, 1)


def _show_sheet(axes: Axes, sheet: np.ndarray, title: str) -> None:
    axes.imshow(sheet.squeeze(axis=-1) if sheet.shape[-1] == 1 else sheet, vmin=0, vmax=1)
    axes.set_axis_off()
    axes.set_title(title)


def _finished(figure: Figure) -> Figure:
    """Closed for pyplot, so that a notebook shows the returned figure once and not twice."""
    plt.close(figure)
    return figure


def show_layers(model: Any, *, width: float = WIDTH) -> Figure:
    """The layers of a network as blocks, drawn by visualkeras; as a table of shapes where it cannot draw the model.

    Args:
        model: a built Keras model.
        width: of the figure at most, in inches.
    """
    with plt.rc_context(STYLE):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import visualkeras

                font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 26)
                sizes = {"min_xy": 60, "max_xy": 360, "scale_xy": 8, "min_z": 40, "max_z": 240, "spacing": 40}
                picture = visualkeras.layered_view(model, legend=True, font=font, **sizes)
        except Exception:
            return _show_shapes(model, width)
        # 160 pixels an inch bring the legend's 26 pixels to the size of the text, however few the layers are.
        inches = min(width, picture.width / 160)
        height = inches * picture.height / picture.width + 0.3
        figure, axes = plt.subplots(figsize=(max(inches, min(width, 4.5)), height))
        axes.set_anchor("W")
        axes.imshow(picture, interpolation="antialiased")
        axes.set_axis_off()
        axes.set_title(f"{model.name}: {model.count_params():,} parameters")
        figure.tight_layout(pad=0.3)
    return _finished(figure)


def _show_shapes(model: Any, width: float) -> Figure:
    rows = [
        (layer.name, type(layer).__name__, str(getattr(layer, "output", None) is not None and layer.output.shape))
        for layer in model.layers
    ]
    figure, axes = plt.subplots(figsize=(width, 0.32 * len(rows) + 0.9))
    axes.set_axis_off()
    axes.set_title(f"{model.name}: {model.count_params():,} parameters")
    axes.table(rows, colLabels=("layer", "kind", "output shape"), loc="upper center", cellLoc="left")
    figure.tight_layout(pad=0.3)
    return _finished(figure)


def walk_latent_plane(decode: Callable[[np.ndarray], np.ndarray], limit: float) -> None:
    """Two sliders that move through a 2-d latent space; above them a still walk, for pages where widgets do not run.

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
        display(show_grid(decode(code), columns=1, title=f"z = ({first:.1f}, {second:.1f})", width=2.5))

    slider = {"min": -limit, "max": limit, "step": 0.1, "value": 0.0, "continuous_update": False}
    ipywidgets.interact(
        draw,
        first=ipywidgets.FloatSlider(description="z[0]", **slider),
        second=ipywidgets.FloatSlider(description="z[1]", **slider),
    )


def sheet(images: np.ndarray, columns: int = 8) -> np.ndarray:
    """A sheet of images as one uint8 picture (height, width) or (height, width, 3), each pixel three times enlarged."""
    tiled = tile(_to_unit(images), columns)
    enlarged = np.rint(tiled * 255).astype(np.uint8).repeat(3, axis=0).repeat(3, axis=1)
    return enlarged[..., 0] if enlarged.shape[-1] == 1 else enlarged


def show_pipeline(stages: Sequence[tuple[str, str]], *, title: str) -> Figure:
    """What a lab builds, as boxes with arrows from left to right: the picture at the top of a lab.

    Args:
        stages: name and what is in it, for each box; a name that holds "discriminator" or "critic", or "generator" or
            "decoder", gets the colour that this network has in the whole series.
        title: what to see.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.7))
        axes.set(xlim=(0, len(stages)), ylim=(0, 1), title=title)
        axes.set_axis_off()
        for index, (name, text) in enumerate(stages):
            colour = "#777777"
            if any(word in name.lower() for word in ("generator", "decoder")):
                colour = GENERATOR_COLOUR
            elif any(word in name.lower() for word in ("discriminator", "critic")):
                colour = DISCRIMINATOR_COLOUR
            axes.text(
                index + 0.5,
                0.62,
                name,
                ha="center",
                va="center",
                fontweight="bold",
                color=colour,
                fontsize=10,
                bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": colour, "linewidth": 2},
            )
            axes.text(index + 0.5, 0.18, text, ha="center", va="center", fontsize=9)
            if index:
                axes.annotate(
                    "", (index + 0.1, 0.62), (index - 0.1, 0.62), arrowprops={"arrowstyle": "->", "linewidth": 1.5}
                )
        figure.tight_layout(pad=0.3)
    return _finished(figure)


def show_sheets(sheets: Mapping[str, np.ndarray], *, columns: int = 5, title: str = "", width: float = WIDTH) -> Figure:
    """Several sheets of images side by side, each under its own title; real images first.

    Args:
        sheets: title to images (n, height, width, channels), the same n for each.
        columns: images a row in each sheet.
        title: what to see.
        width: of the figure, in inches.
    """
    tiled = {name: tile(_to_unit(images), columns) for name, images in sheets.items()}
    with plt.rc_context(STYLE):
        ratio = max(sheet.shape[0] / sheet.shape[1] for sheet in tiled.values())
        height = width / len(tiled) * ratio + 0.4 + (0.4 if title else 0)
        figure, axes = plt.subplots(1, len(tiled), figsize=(width, height), squeeze=False)
        for axis, (name, sheet) in zip(axes[0], tiled.items(), strict=True):
            _show_sheet(axis, sheet, name)
        if title:
            figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout(pad=0.5)
    return _finished(figure)


def show_matrices(
    matrices: Mapping[str, np.ndarray], *, title: str = "", columns: int | None = None, cell: float = 0.34
) -> Figure:
    """Small matrices as grids of cells with their numbers in them, the larger the darker, all cells of one size.

    Args:
        matrices: title to a matrix (rows, columns).
        title: what to see.
        columns: matrices a row of the figure; all in one row unless given.
        cell: side of a cell, in inches.
    """
    columns = columns or len(matrices)
    rows = -(-len(matrices) // columns)
    tallest = max(matrix.shape[0] for matrix in matrices.values())
    widest = max(matrix.shape[1] for matrix in matrices.values())
    size = (columns * (widest * cell + 0.45), rows * (tallest * cell + 0.5) + (0.4 if title else 0))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axis in axes.ravel():
            axis.set_axis_off()
        for axis, (name, matrix) in zip(axes.ravel(), matrices.items(), strict=False):
            height, width = matrix.shape
            peak = float(np.abs(matrix).max()) or 1.0
            axis.imshow(np.abs(matrix) / peak, cmap="Blues", vmin=0, vmax=1.4)
            for row, column in np.ndindex(height, width):
                value = matrix[row, column]
                dark = abs(value) > 0.8 * peak
                axis.text(
                    column,
                    row,
                    f"{value:.3g}",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if dark else "black",
                )
            axis.set(xlim=(-0.5, widest - 0.5), ylim=(tallest - 0.5, -0.5))
            axis.set_title(name, fontsize=10)
        if title:
            figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout(pad=0.4, w_pad=1.6)
    return _finished(figure)


def show_attention(
    real_images: np.ndarray,
    real_maps: np.ndarray,
    fake_images: np.ndarray,
    fake_maps: np.ndarray,
    *,
    query: tuple[int, int],
    title: str,
    width: float = WIDTH,
) -> Figure:
    """Images with one patch framed, and beside each how much attention this patch pays to every patch.

    Args:
        real_images: (n, height, width, channels).
        real_maps: (n, rows, columns), weights of the framed patch that sum to 1.
        fake_images: the same for fakes.
        fake_maps: the same for fakes.
        query: row and column of the framed patch, counted in patches.
        title: what to see.
        width: of the figure, in inches.
    """
    pairs = ((real_images, real_maps), (fake_images, fake_maps))
    peak = max(float(maps.max()) for _, maps in pairs)
    height, image_width = real_images.shape[1:3]
    rows, columns = real_maps.shape[1:]
    high, wide = height / rows, image_width / columns
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(real_images),
            4,
            figsize=(width, 0.22 * width * len(real_images) + 0.7),
            squeeze=False,
            layout="constrained",
        )
        for (images, maps), offset in zip(pairs, (0, 2), strict=True):
            for index, (image, weights) in enumerate(zip(_to_unit(images), maps, strict=True)):
                left, right = axes[index, offset : offset + 2]
                left.imshow(image.squeeze(), vmin=0, vmax=1)
                shown = right.imshow(weights, cmap="viridis", vmin=0, vmax=peak, extent=(0, image_width, height, 0))
                for axis, shift in ((left, -0.5), (right, 0.0)):
                    corner = (query[1] * wide + shift, query[0] * high + shift)
                    axis.add_patch(Rectangle(corner, wide, high, fill=False, edgecolor="#E69F00", linewidth=2))
                    axis.set_axis_off()
        for axis, name in zip(axes[0], ("real", "its attention", "fake", "its attention"), strict=True):
            axis.set_title(name)
        figure.colorbar(shown, ax=axes, shrink=0.6, label="attention weight")
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return _finished(figure)


def plot_functions(
    x: np.ndarray, functions: Mapping[str, np.ndarray], *, derivatives: Mapping[str, np.ndarray], title: str
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
        for axis, curves, label in zip(axes, (functions, derivatives), ("f(x)", "df/dx"), strict=True):
            for (name, values), dashes in zip(curves.items(), ("-", "--", ":", "-."), strict=False):
                axis.plot(x, values, dashes, label=name, linewidth=2)
            axis.set(xlabel="x", ylabel=label)
        axes[0].legend()
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout()
    return _finished(figure)


def plot_curves(
    curves: Mapping[str, tuple[Sequence[float] | np.ndarray, Sequence[float] | np.ndarray]],
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
    players = {"g_": GENERATOR_COLOUR, "d_": DISCRIMINATOR_COLOUR}
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.6))
        used: list[str] = []
        for name, (x, y) in curves.items():
            colour = players.get(name[:2])
            # The generator begins with dashes, so that a curve that it has learned to match stays visible below.
            styles = ("--", "-", ":") if colour == GENERATOR_COLOUR else ("-", "--", ":")
            style = styles[used.count(colour) % 3] if colour else "-"
            used += [colour] if colour else []
            label = name[3:] if colour and name[2] == " " else name
            axes.plot(x, y, style, label=label, color=colour, linewidth=2, marker="o" if len(x) <= 40 else None)
        for (name, height), style in zip((levels or {}).items(), ("--", ":", "-."), strict=False):
            axes.axhline(height, color="#777777", linestyle=style, linewidth=1.5, label=name)
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        if all(np.issubdtype(np.asarray(x).dtype, np.integer) for x, _ in curves.values()):
            axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        if log:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:g}"))
        axes.legend()
        figure.tight_layout()
    return _finished(figure)


def plot_curve_grid(
    panels: Mapping[str, Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]]],
    *,
    title: str,
    xlabel: str,
) -> Figure:
    """Curves in a grid of panels: quantities below each other, cases side by side; one legend for all.

    A curve is named "group" or "group, part"; a group keeps its colour everywhere, its parts differ in their dashes.

    Args:
        panels: quantity with its unit (a row) to case (a column) to curve name to (x, y).
        title: what to see.
        xlabel: quantity and unit of all horizontal axes.
    """
    colours = ("#000000", THIRD_COLOUR, "#CC79A7", "#E69F00", "#56B4E9")
    groups: list[str] = []
    columns = len(next(iter(panels.values())))
    with plt.rc_context(STYLE):
        size = (WIDTH, 2.6 * len(panels) + 0.8)
        figure, axes = plt.subplots(len(panels), columns, figsize=size, sharey="row", sharex="col", squeeze=False)
        for number, (row, (ylabel, cases)) in enumerate(zip(axes, panels.items(), strict=True), start=1):
            row[0].set_ylabel(ylabel)
            for axis, (case, curves) in zip(row, cases.items(), strict=True):
                parts: dict[str, int] = {}
                for name, (x, y) in curves.items():
                    group = name.split(", ")[0]
                    groups += [] if group in groups else [group]
                    style = ("-", "--", ":")[parts.get(group, 0) % 3]
                    parts[group] = parts.get(group, 0) + 1
                    colour = colours[groups.index(group) % len(colours)]
                    axis.plot(x, y, style, color=colour, linewidth=2, marker="o", markersize=3)
                if number == 1:
                    axis.set_title(case)
                if number == len(panels):
                    axis.set_xlabel(xlabel)
        keys = [
            Line2D([], [], color=colours[i % len(colours)], linewidth=2, label=group) for i, group in enumerate(groups)
        ]
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.legend(handles=keys, loc="lower center", ncols=len(keys))
        figure.tight_layout(rect=(0, 0.06, 1, 1))
    return _finished(figure)


def show_pictures(pictures: Mapping[str, np.ndarray], *, title: str = "", width: float = WIDTH) -> Figure:
    """Ready pictures, such as the frames of a sample grid, side by side, each under its own title.

    Args:
        pictures: title to uint8 picture (height, width) or (height, width, 3).
        title: what to see.
        width: of the figure, in inches.
    """
    with plt.rc_context(STYLE):
        ratio = max(picture.shape[0] / picture.shape[1] for picture in pictures.values())
        height = width / len(pictures) * ratio + 0.4 + (0.4 if title else 0)
        figure, axes = plt.subplots(1, len(pictures), figsize=(width, height), squeeze=False)
        for axis, (name, picture) in zip(axes[0], pictures.items(), strict=True):
            _show_sheet(axis, picture, name)
        if title:
            figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout(pad=0.5)
    return _finished(figure)


def plot_histograms(
    values: Mapping[str, Mapping[str, np.ndarray]], *, title: str, xlabel: str, limits: tuple[float, float] = (0, 1)
) -> Figure:
    """Histograms that lie over each other, in one or more panels side by side.

    Args:
        values: panel title to (name to values); "real" is black, "fake" has the generator's colour, others are green.
        title: what to see.
        xlabel: quantity and unit.
        limits: ends of the horizontal axis.
    """
    colours = {"real": "#000000", "fake": GENERATOR_COLOUR}
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(values), figsize=(WIDTH, 3.2), sharey=True, squeeze=False)
        bins = np.linspace(*limits, 41)
        for axis, (panel, sets) in zip(axes[0], values.items(), strict=True):
            for name, numbers in sets.items():
                weights = np.full(len(numbers), 1 / len(numbers))
                colour = next((c for word, c in colours.items() if word in name), THIRD_COLOUR)
                axis.hist(numbers, bins=bins, weights=weights, histtype="step", linewidth=2, label=name, color=colour)
            axis.set(title=panel, xlabel=xlabel, xlim=limits)
        axes[0, 0].set_ylabel("share of images")
        axes[0, -1].legend(loc="best")
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout()
    return _finished(figure)


def plot_counts(counts: Mapping[str, Sequence[int] | np.ndarray], labels: Sequence[str], *, title: str) -> Figure:
    """How many samples fall into each class: bars side by side, one colour a set, the number above each bar.

    Args:
        counts: name of a set to one count per label.
        labels: what the bars stand for.
        title: what to see.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
        width = 0.84 / len(counts)
        palette = [GENERATOR_COLOUR] if len(counts) == 1 else ["#777777", GENERATOR_COLOUR, THIRD_COLOUR]
        for index, (name, numbers) in enumerate(counts.items()):
            x = np.arange(len(labels)) + (index - (len(counts) - 1) / 2) * width
            bars = axes.bar(x, numbers, width, label=name, color=palette[index % len(palette)])
            axes.bar_label(bars, fontsize=8, padding=1)
        axes.set_xticks(np.arange(len(labels)), labels)
        axes.grid(visible=False, axis="x")
        axes.set(title=title, ylabel="samples")
        axes.margins(y=0.12)
        axes.legend()
        figure.tight_layout()
    return _finished(figure)


def show_points(
    panels: Mapping[str, np.ndarray], *, centres: np.ndarray, limit: float, title: str, columns: int = 4
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
            rows, across, figsize=(WIDTH, rows * (WIDTH / across + 0.3) + 0.3), squeeze=False, sharex=True, sharey=True
        )
        for axis in axes.ravel()[len(panels) :]:
            axis.set_axis_off()
        for axis, (name, points) in zip(axes.ravel(), panels.items(), strict=False):
            axis.scatter(centres[:, 0], centres[:, 1], s=130, facecolors="none", edgecolors="#999999", linewidths=1)
            colour = "#000000" if "real" in name.lower() else GENERATOR_COLOUR
            axis.scatter(points[:, 0], points[:, 1], s=4, alpha=0.35, linewidths=0, color=colour)
            axis.set(aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
            axis.set_title(name, fontsize=10)
        for axis in axes[-1]:
            axis.set_xlabel("x[0]")
        for axis in axes[:, 0]:
            axis.set_ylabel("x[1]")
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout(pad=0.6)
    return _finished(figure)


def plot_decision(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], *, limit: float, title: str
) -> Figure:
    """What D says about every point of the plane, and where the gradient of G's loss pulls the fakes.

    Args:
        panels: title to (probabilities, real points, fake points, pulls): D on a square grid (steps, steps), rows from
            x[1] = limit down; points (n, 2); for every fake the direction in which G's loss falls, (n, 2).
        limit: the grid goes from -limit to limit.
        title: what to see.
    """
    orange = mpl.colors.LinearSegmentedColormap.from_list("discriminator", ["#FFFFFF", DISCRIMINATOR_COLOUR])
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(panels), figsize=(WIDTH, WIDTH / len(panels) + 0.4), squeeze=False, layout="constrained"
        )
        for axis, (name, (probabilities, real, fake, pulls)) in zip(axes[0], panels.items(), strict=True):
            picture = axis.imshow(
                probabilities,
                extent=(-limit, limit, -limit, limit),
                cmap=orange,
                vmin=0,
                vmax=1,
                alpha=0.8,
                interpolation="bilinear",
            )
            axis.scatter(real[:, 0], real[:, 1], s=7, color="#000000", label="real")
            axis.scatter(fake[:, 0], fake[:, 1], s=12, color=GENERATOR_COLOUR, label="fake")
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
        figure.colorbar(picture, ax=list(axes[0]), shrink=0.8, label="D(x): how probable real is")
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return _finished(figure)


def plot_landscapes(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    centres: np.ndarray,
    limit: float,
    title: str,
    columns: int = 5,
) -> Figure:
    """D's score over the plane, one panel a loss: each has its own colour scale, because each loss has its own unit.

    Args:
        panels: title to (scores, fake points): scores on a square grid (steps, steps), rows from x[1] = limit down,
            higher where D sees more reality; points (n, 2).
        centres: (modes, 2), the centres of the real modes, drawn as black rings.
        limit: the grid goes from -limit to limit.
        title: what to see.
        columns: panels a row.
    """
    orange = mpl.colors.LinearSegmentedColormap.from_list("discriminator", ["#FFFFFF", DISCRIMINATOR_COLOUR])
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
        for axis, (name, (scores, fake)) in zip(axes.ravel(), panels.items(), strict=False):
            low, high = np.percentile(scores, [2, 98])
            axis.imshow(
                scores,
                extent=(-limit, limit, -limit, limit),
                cmap=orange,
                vmin=low,
                vmax=max(float(high), float(low) + 1e-9),
                interpolation="bilinear",
            )
            axis.scatter(centres[:, 0], centres[:, 1], s=50, facecolors="none", edgecolors="#000000", linewidths=1)
            axis.scatter(fake[:, 0], fake[:, 1], s=4, alpha=0.5, linewidths=0, color=GENERATOR_COLOUR)
            axis.set(xlim=(-limit, limit), ylim=(-limit, limit))
            axis.set_title(f"{name}\n{low:.3g} (white) to {high:.3g}", fontsize=8)
            axis.grid(visible=False)
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return _finished(figure)


def plot_panels(
    panels: Mapping[str, Mapping[str, np.ndarray]], *, title: str, xlabel: str, columns: int = 5, smooth: int = 1
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
    players = {"g_": GENERATOR_COLOUR, "d_": DISCRIMINATOR_COLOUR}
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows, across, figsize=(WIDTH, rows * 1.75 + 0.5), squeeze=False, layout="constrained"
        )
        for axis in axes.ravel()[len(panels) :]:
            axis.set_axis_off()
        handles: dict[str, Any] = {}
        for axis, (panel, curves) in zip(axes.ravel(), panels.items(), strict=False):
            for name, values in curves.items():
                window = min(smooth, 1 + len(values) // 4)
                kernel = np.ones(window) / window
                means = np.convolve(np.asarray(values, dtype=np.float64), kernel, mode="valid")
                (line,) = axis.plot(
                    np.arange(len(means)) + window,
                    means,
                    color=players.get(name[:2], "#000000"),
                    linestyle="--" if name.startswith("g_") else "-",
                    linewidth=1.3,
                )
                handles.setdefault(name, line)
            axis.set_title(panel, fontsize=8)
            axis.tick_params(labelsize=7)
            axis.locator_params(nbins=4)
        for axis in axes[-1]:
            axis.set_xlabel(xlabel, fontsize=8)
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), fontsize=8)
        figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return _finished(figure)
