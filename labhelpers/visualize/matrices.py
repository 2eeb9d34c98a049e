"""Matrices as cells with numbers in them."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labhelpers.visualize.style import STYLE, finished, headline


def show_matrices(
    matrices: Mapping[str, np.ndarray],
    *,
    title: str = "",
    columns: int | None = None,
    cell: float = 0.34,
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
    size = (
        columns * (widest * cell + 0.45),
        rows * (tallest * cell + 0.5) + (0.4 if title else 0),
    )
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axis in axes.ravel():
            axis.set_axis_off()
        for axis, (name, matrix) in zip(axes.ravel(), matrices.items(), strict=False):
            height, width = matrix.shape
            peak = float(np.abs(matrix).max()) or 1.0
            numbers = "; ".join(" ".join(f"{n:.3g}" for n in row) for row in matrix)
            axis.imshow(
                np.abs(matrix) / peak,
                cmap="Blues",
                vmin=0,
                vmax=1.4,
                label=f"{height} by {width}, row by row {numbers}",
            )
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
            headline(figure, title)
        figure.tight_layout(pad=0.4, w_pad=1.6)
    return finished(figure)
