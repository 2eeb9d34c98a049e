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
from PIL import ImageFont

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
        images: (n, height, width, channels): uint8, floats in [0, 1], or floats in [-1, 1].
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
        if title:
            figure.suptitle(title, x=0.02, ha="left", fontsize=12)
        figure.tight_layout(pad=0.4)
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
    """Images of any of the three ranges as floats in [0, 1]."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"The images have shape {images.shape}, expected (n, height, width, 1 or 3). Reshape them.")
    if images.dtype == np.uint8:
        return images / 255.0
    images = images.astype(np.float64)
    return np.clip((images + 1) / 2 if images.size and images.min() < -1e-3 else images, 0, 1)


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
        width: of the figure, in inches.
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
        figure, axes = plt.subplots(figsize=(width, width * min(0.6, picture.height / picture.width)))
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
