"""Networks: the layers of one, and the pipeline that a lab builds from several."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import ImageFont

from labhelpers.visualize.style import (
    DISCRIMINATOR_COLOUR,
    GENERATOR_COLOUR,
    GREY,
    STYLE,
    WIDTH,
    finished,
)

if TYPE_CHECKING:
    import keras


def show_pipeline(stages: Sequence[tuple[str, str]], *, title: str) -> Figure:
    """What a lab builds, as boxes with arrows from left to right: the picture at the top of a lab.

    Args:
        stages: name and content of each box; a name that contains "discriminator" or "critic", or "generator" or
            "decoder", gets the colour that this network has in the whole series.
        title: what to see.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 1.7))
        axes.set(xlim=(0, len(stages)), ylim=(0, 1), title=title)
        axes.set_axis_off()
        for index, (name, text) in enumerate(stages):
            colour = GREY
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
                bbox={
                    "boxstyle": "round,pad=0.5",
                    "facecolor": "white",
                    "edgecolor": colour,
                    "linewidth": 2,
                },
            )
            axes.text(index + 0.5, 0.18, text, ha="center", va="center", fontsize=9)
            if index:
                axes.annotate(
                    "",
                    (index + 0.1, 0.62),
                    (index - 0.1, 0.62),
                    arrowprops={"arrowstyle": "->", "linewidth": 1.5},
                )
        figure.tight_layout(pad=0.3)
    return finished(figure)


def show_game(
    *, noise: str, generator: str, images: str, discriminator: str, title: str
) -> Figure:
    """A GAN as a whole: fakes and real data meet in front of D, and both losses send their gradients back.

    Args:
        noise: what goes into G, as "100 numbers".
        generator: what G is inside.
        images: what fakes and real data look like, as "28x28".
        discriminator: what D is inside.
        title: what to see.
    """
    boxes = (
        (0.8, 2.0, f"noise z\n{noise}", GREY),
        (2.9, 2.0, f"generator G\n{generator}", GENERATOR_COLOUR),
        (5.0, 2.0, f"fakes G(z)\n{images}", GENERATOR_COLOUR),
        (5.0, 0.7, f"real data x\n{images}", "#000000"),
        (7.1, 1.35, f"discriminator D\n{discriminator}", DISCRIMINATOR_COLOUR),
        (9.2, 1.35, "score\nreal or fake?", GREY),
    )
    arrows = (
        ((1.4, 2.0), (1.9, 2.0)),
        ((3.9, 2.0), (4.3, 2.0)),
        ((5.7, 2.0), (6.15, 1.6)),
        ((5.7, 0.7), (6.15, 1.1)),
        ((8.1, 1.35), (8.5, 1.35)),
    )
    backward = (
        (
            (9.2, 0.95),
            (7.2, 0.95),
            -0.45,
            DISCRIMINATOR_COLOUR,
            "gradient of D's loss",
            (8.2, 0.25),
        ),
        (
            (9.3, 1.75),
            (2.9, 2.4),
            0.22,
            GENERATOR_COLOUR,
            "gradient of G's loss, through D and the fakes",
            (5.9, 3.25),
        ),
    )
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(WIDTH, 3.1))
        axes.set(xlim=(0, 10), ylim=(0.2, 3.5), title=title)
        axes.set_axis_off()
        for x, y, text, colour in boxes:
            axes.text(
                x,
                y,
                text,
                ha="center",
                va="center",
                fontsize=9,
                bbox={
                    "boxstyle": "round,pad=0.4",
                    "facecolor": "white",
                    "edgecolor": colour,
                    "linewidth": 2,
                },
            )
        for start, end in arrows:
            axes.annotate(
                "", end, start, arrowprops={"arrowstyle": "->", "linewidth": 1.5}
            )
        for start, end, bend, colour, text, where in backward:
            axes.annotate(
                "",
                end,
                start,
                arrowprops={
                    "arrowstyle": "->",
                    "linestyle": "--",
                    "linewidth": 1.5,
                    "color": colour,
                    "connectionstyle": f"arc3,rad={bend}",
                },
            )
            axes.text(*where, text, ha="center", fontsize=9, color=colour)
        figure.tight_layout(pad=0.3)
    return finished(figure)


def show_layers(model: keras.Model, *, width: float = WIDTH) -> Figure:
    """The layers of a network as blocks, drawn by visualkeras; as a table of shapes where it cannot draw the model.

    Args:
        model: built.
        width: of the figure at most, in inches.
    """
    with plt.rc_context(STYLE):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import visualkeras

                font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 26)
                sizes = {
                    "min_xy": 60,
                    "max_xy": 360,
                    "scale_xy": 8,
                    "min_z": 40,
                    "max_z": 240,
                    "spacing": 40,
                }
                picture = visualkeras.layered_view(
                    model, legend=True, font=font, **sizes
                )
        except Exception:
            return _show_shapes(model, width)
        # 160 pixels an inch bring the legend's 26 pixels to the size of the text, however few the layers are.
        inches = min(width, picture.width / 160)
        height = inches * picture.height / picture.width + 0.3
        figure, axes = plt.subplots(figsize=(max(inches, min(width, 4.5)), height))
        axes.set_anchor("W")
        kinds = ", ".join(type(layer).__name__ for layer in model.layers)
        axes.imshow(picture, interpolation="antialiased", label=f"layers {kinds}")
        axes.set_axis_off()
        axes.set_title(f"{model.name}: {model.count_params():,} parameters")
        figure.tight_layout(pad=0.3)
    return finished(figure)


def _show_shapes(model: keras.Model, width: float) -> Figure:
    rows = [
        (
            layer.name,
            type(layer).__name__,
            str(getattr(layer, "output", None) is not None and layer.output.shape),
        )
        for layer in model.layers
    ]
    figure, axes = plt.subplots(figsize=(width, 0.32 * len(rows) + 0.9))
    axes.set_axis_off()
    axes.set_title(f"{model.name}: {model.count_params():,} parameters")
    axes.table(
        rows,
        colLabels=("layer", "kind", "output shape"),
        loc="upper center",
        cellLoc="left",
    )
    figure.tight_layout(pad=0.3)
    return finished(figure)
