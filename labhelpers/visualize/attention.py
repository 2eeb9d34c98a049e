"""Attention: how much one patch of an image looks at every other."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from labhelpers.visualize.sheets import to_unit
from labhelpers.visualize.style import STYLE, WIDTH, finished, headline


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
            for index, (image, weights) in enumerate(
                zip(to_unit(images), maps, strict=True)
            ):
                left, right = axes[index, offset : offset + 2]
                told = f"image {index + 1}, framed {_place(*query)}"
                left.imshow(image.squeeze(), vmin=0, vmax=1, label=told)
                shown = right.imshow(
                    weights,
                    cmap="viridis",
                    vmin=0,
                    vmax=peak,
                    extent=(0, image_width, height, 0),
                    label=_strongest(weights),
                )
                for axis, shift in ((left, -0.5), (right, 0.0)):
                    corner = (query[1] * wide + shift, query[0] * high + shift)
                    axis.add_patch(
                        Rectangle(
                            corner,
                            wide,
                            high,
                            fill=False,
                            edgecolor="#E69F00",
                            linewidth=2,
                        )
                    )
                    axis.set_axis_off()
        for axis, name in zip(
            axes[0], ("real", "its attention", "fake", "its attention"), strict=True
        ):
            axis.set_title(name)
        figure.colorbar(shown, ax=axes, shrink=0.6, label="attention weight")
        headline(figure, title)
    return finished(figure)


def _strongest(weights: np.ndarray) -> str:
    row, column = np.unravel_index(np.argmax(weights), weights.shape)
    return f"most attention, {weights.max():.2f}, on {_place(int(row), int(column))}"


def _place(row: int, column: int) -> str:
    return f"the patch in row {row + 1}, column {column + 1}"
