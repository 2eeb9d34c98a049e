"""How many numbers a network learns."""

from __future__ import annotations

import math

import keras


def trainable(network: keras.Model) -> int:
    return sum(math.prod(variable.shape) for variable in network.trainable_variables)
