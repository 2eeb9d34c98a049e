"""The one style of all pictures: colours, width, title, and how a figure is handed to a notebook."""

from __future__ import annotations

import io
import sys
import warnings
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

from labhelpers.described import Described
from labhelpers.visualize.alt import alt_text

GENERATOR_COLOUR = "#0072B2"
DISCRIMINATOR_COLOUR = "#D55E00"
THIRD_COLOUR = "#009E73"
"""Blue, vermilion and green of Okabe and Ito's palette, which colour-blind readers can tell apart."""

OTHER_COLOURS = ("#000000", THIRD_COLOUR, "#CC79A7", "#E69F00", "#56B4E9")
"""For whatever is neither generator nor discriminator, in this order; from the same palette."""

PLAYER_COLOURS = {"g_": GENERATOR_COLOUR, "d_": DISCRIMINATOR_COLOUR}
"""The first two letters of a quantity's name to the colour of its player."""

GREY = "#777777"
"""For what a curve or a bar is compared with."""

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
        color=[*OTHER_COLOURS, GENERATOR_COLOUR, DISCRIMINATOR_COLOUR]
    ),
}


def headline(figure: Figure, title: str) -> None:
    """Write the title of a whole figure above its panels, as large as the title of a single one."""
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)


def finished(figure: Figure) -> Figure:
    """Close the figure for pyplot and return it, so that a notebook shows it once, with an alt text."""
    plt.close(figure)
    _show_figures_with_alt_text()
    return figure


def _show_figures_with_alt_text() -> None:
    # A kernel has loaded IPython; matplotlib's inline backend has registered its own way by now.
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return
    shell.display_formatter.formatters["image/png"].pop(Figure, None)
    shell.display_formatter.mimebundle_formatter.for_type(Figure, _bundle)


def _bundle(figure: Figure, include: Any = None, exclude: Any = None) -> Any:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # On a slow machine matplotlib would say on red ground that a legend took a second.
        warnings.filterwarnings("ignore", message="Creating legend with loc")
        figure.savefig(buffer, format="png", bbox_inches="tight")
    return Described(buffer.getvalue(), alt_text(figure))._repr_mimebundle_()
