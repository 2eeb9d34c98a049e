"""Pictures in one style. Functions take arrays and return the figure.

Only ``show_layers`` takes a model. Importing the room loads neither Keras nor TensorFlow.
"""

from labhelpers.visualize.attention import show_attention
from labhelpers.visualize.curves import (
    plot_curve_grid,
    plot_curves,
    plot_functions,
    plot_losses,
    plot_panels,
)
from labhelpers.visualize.distributions import plot_counts, plot_histograms
from labhelpers.visualize.matrices import show_matrices
from labhelpers.visualize.networks import show_game, show_layers, show_pipeline
from labhelpers.visualize.plane import (
    grid_codes,
    line_between,
    plot_decision,
    plot_landscapes,
    plot_latent,
    show_points,
    walk_latent_plane,
)
from labhelpers.visualize.sheets import (
    plot_manifold,
    sheet,
    show_animation,
    show_grid,
    show_pairs,
    show_pictures,
    show_rows,
    show_sheets,
    tile,
)

__all__ = [
    "grid_codes",
    "line_between",
    "plot_counts",
    "plot_curve_grid",
    "plot_curves",
    "plot_decision",
    "plot_functions",
    "plot_histograms",
    "plot_landscapes",
    "plot_latent",
    "plot_losses",
    "plot_manifold",
    "plot_panels",
    "sheet",
    "show_animation",
    "show_attention",
    "show_game",
    "show_grid",
    "show_layers",
    "show_matrices",
    "show_pairs",
    "show_pictures",
    "show_pipeline",
    "show_points",
    "show_rows",
    "show_sheets",
    "tile",
    "walk_latent_plane",
]
