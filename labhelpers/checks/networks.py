"""What a student's network is, and what it must be: its layers, shapes, size and outputs."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from labhelpers.checks.core import Wrong, kind_of
from labhelpers.checks.numeric import to_array
from labhelpers.training.gan import last_activation


def as_model(value: object, what: str, *, built: bool = False) -> keras.Model:
    """A result that must be a network.

    Args:
        value: what the answer returned.
        what: what it is, for the message.
        built: whether its shapes must be known already.

    Raises:
        Wrong: it is something else, or not built.
    """
    if value is None:
        raise Wrong(f"{what} is None, expected a keras.Model: is there a `return`?")
    if built and not (isinstance(value, keras.Model) and value.built):
        raise Wrong(
            f"{what} is {kind_of(value)}, expected a built keras.Model: start it with keras.Input."
        )
    if not isinstance(value, keras.Model):
        raise Wrong(f"{what} is {kind_of(value)}, expected a keras.Model.")
    return value


def layers_of(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a network, with those of the networks inside it in their place."""
    return [
        part
        for layer in network.layers
        for part in (layers_of(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def expect_shape(
    found: tuple[int | None, ...],
    expected: tuple[int, ...],
    kind: str,
    where: str,
    hint: str = "",
) -> None:
    """Compare what a network takes or makes with what it should.

    Args:
        found: the network's ``input_shape`` or ``output_shape``.
        expected: the same without the batch axis.
        kind: what has this shape, as "images".
        where: the beginning of the message up to the verb, as "my_generator(64) makes".
        hint: a sentence to add.

    Raises:
        Wrong: they differ.
    """
    right = (None, *expected)
    if tuple(found) != right:
        raise Wrong(
            f"{where} {tuple(found)}, expected {kind} of shape {right}.{hint and f' {hint}'}"
        )


def expect_tanh(network: keras.Model, given: str) -> None:
    """Images must end in a tanh.

    Raises:
        Wrong: the last activation is another.
    """
    last = last_activation(network)
    if last != "tanh":
        raise Wrong(
            f"{given} ends in {last}, expected tanh: the images lie in [-1, 1]."
        )


def expect_budget(network: keras.Model, budget: int, given: str, advice: str) -> None:
    """Count the parameters of a network.

    Raises:
        Wrong: there are more than the budget allows.
    """
    count = network.count_params()
    if count > budget:
        raise Wrong(
            f"{given} has {count:,} parameters, expected at most {budget:,}: {advice}."
        )


def expect_varied_images(network: keras.Model, given: str) -> None:
    """Draw eight images from random noise.

    Raises:
        Wrong: they are all the same, or leave [-1, 1].
    """
    noise = (
        np.random.default_rng(0)
        .normal(size=(8, *network.input_shape[1:]))
        .astype(np.float32)
    )
    images = to_array(network(noise, training=False), f"{given}: the images")
    spread = np.ptp(images, axis=0).max()
    if np.abs(images).max() > 1 or spread < 1e-6:
        raise Wrong(
            f"{given} makes images from {images.min():.3g} to {images.max():.3g} out of 8 codes, and they differ by "
            f"{spread:.2g}, expected different images in [-1, 1]: does the noise reach the output?"
        )


def with_random_weights(
    network: keras.Model, rng: np.random.Generator, scale: float = 1.0
) -> keras.Model:
    """The network with normal weights of this scale: no bias stays at 0, where a lost one would not show."""
    network.set_weights(
        [rng.normal(scale=scale, size=weight.shape) for weight in network.get_weights()]
    )
    return network


def largest_change(
    before: Sequence[NDArray[np.floating]], after: Sequence[NDArray[np.floating]]
) -> float:
    """How far the weight that moved most has moved."""
    return max(
        float(np.abs(new - old).max()) for old, new in zip(before, after, strict=True)
    )
