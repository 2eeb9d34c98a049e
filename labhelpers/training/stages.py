"""Training in stages: what one game has learned goes into the next, larger one."""

from __future__ import annotations

import keras
import numpy as np

from labhelpers.training.game import Game


def carry_weights(old: Game, new: Game) -> list[str]:
    """Copy the weights of every layer that two games have in common, by the names of networks and layers.

    Averages come along: those of the old game where it has them, else the networks themselves. Optimizers start anew.

    Args:
        old: the game that has been trained.
        new: the game that goes on; it is changed.

    Returns:
        The names of the layers that were carried, as ``"network/layer"``.

    Raises:
        ValueError: a layer of one name has weights of other shapes in the two games, or nothing matches.
    """
    carried = []
    for name in old.networks.keys() & new.networks.keys():
        carried += [
            f"{name}/{layer}"
            for layer in _copy_layers(old.networks[name], new.networks[name])
        ]
        average = getattr(new, f"ema_{name}", None)
        if average is not None:
            _copy_layers(new.networks[name], average)
            _copy_layers(
                getattr(old, f"ema_{name}", None) or old.networks[name], average
            )
    if not carried:
        raise ValueError(
            f"The games have no layer in common: the old one has the networks {', '.join(old.networks)}, the new one "
            f"{', '.join(new.networks)}. Give networks and layers that go on the same names in both."
        )
    return sorted(carried)


def _copy_layers(source: keras.Model, target: keras.Model) -> list[str]:
    layers = {layer.name: layer for layer in source.layers if layer.weights}
    copied = []
    for layer in target.layers:
        if layer.name not in layers:
            continue
        found, expected = (
            [np.shape(w) for w in each.get_weights()]
            for each in (layers[layer.name], layer)
        )
        if found != expected:
            raise ValueError(
                f"The layer {layer.name!r} has weights of shapes {found} in the old game and {expected} in the new "
                "one, expected the same. Give a layer that starts anew another name."
            )
        layer.set_weights(layers[layer.name].get_weights())
        copied.append(layer.name)
    return copied
