"""Checks of lab 06: sizes of networks, a student's own generator, translation, D's overfitting, GIFs, snapshots."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers import models
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise, kind_of
from labhelpers.checks.networks import (
    as_model,
    expect_budget,
    expect_copy,
    expect_gradients,
    expect_rows_apart,
    expect_shape,
    expect_tanh,
    expect_varied,
    layers_of,
)
from labhelpers.checks.numeric import (
    Hint,
    expect_close,
    expect_exact,
    gradients,
    one_number,
    shorten,
    sigmoid,
    tensor,
    to_array,
)

_GENERATOR_BUDGET = 2_000_000
"""The largest number of parameters that a student's generator may have."""

_SMALLER = "most sit in the dense layer before the start, so start with fewer filters or a smaller side"


def _generator_sides(image_size: int, doublings: int) -> list[int]:
    return list(models.sizes_of(image_size, doublings))


@exercise(stand_in=_generator_sides)
def generator_sides(answer: Answer) -> str:
    """Exercise 1: the sides in a generator, from its start to its last layer."""
    cases = [(100, 2), (28, 2), (64, 3), (64, 4), (100, 3), (48, 3), (101, 2), (30, 1)]
    for size, doublings in cases:
        wanted = models.sizes_of(size, doublings)
        floored = [size // 2**doublings * 2**step for step in range(doublings + 1)]
        rounded = [
            round(size / 2**doublings) * 2**step for step in range(doublings + 1)
        ]
        halved = list(reversed(models.mirrored_sizes(size, doublings)))
        hints: list[Hint] = [
            (list(reversed(wanted)), "G starts small: the smallest side comes first."),
            (wanted[1:], "The start belongs in the list, too."),
            (wanted[:-1], "The last doubling is missing."),
            (wanted[0], "That is the start alone; all sides are wanted, in a list."),
            (
                [size / 2**doublings * 2**step for step in range(doublings + 1)],
                "A side is a whole number of pixels.",
            ),
            (
                floored,
                "Round the start up: what is too much can be cropped, what is missing cannot be made up.",
            ),
            (
                rounded,
                "Round the start up: what is too much can be cropped, what is missing cannot be made up.",
            ),
            (halved, "Each layer doubles exactly: round once, at the start."),
        ]
        found = _as_numbers(answer(size, doublings), "the sides")
        given = f"image_size={size}, doublings={doublings}"
        expect_exact(found, wanted, given, hints)
    return "25 => 50 => 100, and 13 => 26 => 52 => 104 where 100 does not divide."


def _discriminator_sides(image_size: int, halvings: int) -> list[int]:
    return list(models.mirrored_sizes(image_size, halvings))


@exercise(stand_in=_discriminator_sides)
def discriminator_sides(answer: Answer) -> str:
    """Exercise 2: the sides in a discriminator whose convolutions have stride 2 and padding "same"."""
    for size, halvings in [(64, 3), (100, 4), (28, 2), (48, 4), (101, 3), (50, 1)]:
        wanted = models.mirrored_sizes(size, halvings)
        floored = [size // 2**step for step in range(halvings + 1)]
        valid = [size]
        for _ in range(halvings):
            valid.append((valid[-1] - 3) // 2 + 1)
        hints: list[Hint] = [
            (floored, 'With "same" an odd side is rounded up: 25 gives 13, not 12.'),
            (
                valid,
                'That is padding "valid"; "same" keeps every place where the kernel is on the image.',
            ),
            (wanted[1:], "The image's own side comes first."),
            (
                list(reversed(wanted)),
                "D starts at the image: the largest side comes first.",
            ),
            (
                wanted[-1],
                "That is the last side alone; all of them are wanted, in a list.",
            ),
            (
                [size / 2**step for step in range(halvings + 1)],
                "A side is a whole number of pixels: round it up.",
            ),
        ]
        found = _as_numbers(answer(size, halvings), "the sides")
        given = f"image_size={size}, halvings={halvings}"
        expect_exact(found, wanted, given, hints)
    return "100 => 50 => 25 => 13 => 7, as in real layers."


def _two_or_more(image_size: int) -> int:
    """Doublings, apart from the stand-in: an answer may call what the stand-in does not."""
    return max(2, models.doublings_for(image_size))


def _own_generator(image_size: int, latent_dim: int) -> keras.Model:
    doublings = _two_or_more(image_size)
    return models.light_face_pair(image_size, latent_dim, doublings=doublings).generator


@exercise(stand_in=_own_generator)
def my_face_generator(answer: Answer) -> str:
    """Exercise 3: a generator for any size of images from 16 on."""
    for size, latent_dim in ((48, 16), (50, 8), (16, 4), (17, 5), (37, 6), (100, 8)):
        given = f"my_face_generator({size}, {latent_dim})"
        network = as_model(answer(size, latent_dim), given)
        _expect_savable(network, given)
        crop = (
            ""
            if size % 4 == 0
            else "Start at size / 2^n, rounded up, and crop at the end (Cropping2D)."
        )
        expect_shape(network.input_shape, (latent_dim,), "noise", f"{given} takes")
        expect_shape(
            network.output_shape, (size, size, 3), "images", f"{given} makes", crop
        )
        _expect_falling(network, given)
        if size == 48:
            expect_budget(network, _GENERATOR_BUDGET, given, _SMALLER)
        if size in (48, 50):  # the rest is a matter of shapes
            noise = np.random.default_rng(1).normal(size=(16, latent_dim))
            expect_varied(expect_rows_apart(network, noise, given), given)
            expect_tanh(network, noise, given)
            expect_gradients(network, noise, given)
            expect_copy(network, noise, given)
    count = answer(48, 64).count_params()
    return (
        f"noise to faces of any size from 16 on, in [-1, 1]; {count:,} parameters for 48x48, with channels that fall "
        "towards the image."
    )


def _expect_savable(network: keras.Model, given: str) -> None:
    """The lab saves the network as .h5, which subclassed models cannot, and loads it without running its code."""
    if not (isinstance(network, keras.Sequential) or hasattr(network, "operations")):
        raise Wrong(
            f"{given} is a subclassed model ({kind_of(network)}), expected a Sequential or a functional one: section 9 "
            "saves it as .h5, which keeps no class of your own."
        )
    as_model(network, given, built=True)
    if any(isinstance(layer, keras.layers.Lambda) for layer in layers_of(network)):
        raise Wrong(
            f"{given} has a Lambda layer, expected layers that are no code: section 9 loads the saved network, and "
            "Keras refuses the code in a file. For a crop there is Cropping2D."
        )


def _expect_falling(network: keras.Model, given: str) -> None:
    """The side grows at least twice, and no larger side has more channels than a smaller one before it."""
    most: dict[
        int, int
    ] = {}  # the most channels at each side, in the order of the sides
    for shape in _shapes_in(network):
        if len(shape) == 4 and (shape[1] in most or shape[1] > max(most, default=0)):
            most[shape[1]] = max(most.get(shape[1], 0), shape[3])
    if len(most) < 3:
        raise Wrong(
            f"{given} has images of side {', '.join(map(str, most)) or 'none'} inside, expected at least 2 enlarging "
            "layers after the start, such as Conv2DTranspose with strides=2."
        )
    if any(later > earlier for earlier, later in itertools.pairwise(most.values())):
        raise Wrong(
            f"{given} has {', '.join(map(str, most.values()))} channels at the sides {', '.join(map(str, most))}, "
            "expected them to fall towards the image: many where the side is small, few where it is large."
        )


def _shapes_in(network: keras.Model) -> list[tuple[int, ...]]:
    """The shapes of all that is computed inside, in order, with those of networks in it in their place."""
    shapes: list[tuple[int, ...]] = []
    for operation in keras.Model(network.inputs, network.outputs).operations:
        if isinstance(operation, keras.Model):
            shapes += _shapes_in(operation)
        else:
            shapes += [tuple(out.shape) for out in keras.tree.flatten(operation.output)]
    return shapes


def _translate(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    for axis, shifts in ((1, rows), (2, columns)):
        side = images.shape[axis]
        source = (
            tf.range(side)[None, :] - shifts[:, None]
        )  # where each pixel comes from: (batch, side)
        inside = tf.cast((source >= 0) & (source < side), images.dtype)
        images = tf.gather(
            images, tf.clip_by_value(source, 0, side - 1), axis=axis, batch_dims=1
        )
        images *= inside[:, :, None, None] if axis == 1 else inside[:, None, :, None]
    return images


@exercise(stand_in=_translate)
def translate(answer: Answer) -> str:
    """Exercise 4: every image moves by its own shift, zeros come in, and gradients flow back."""
    rng = np.random.default_rng(6)
    shape = (4, 5, 6, 2)
    images = rng.normal(size=shape).astype(np.float32)
    none = np.zeros(4, np.int32)
    _expect_images(answer, images, none, none, "no shift at all")
    shifts = np.array([2, -1, 0, 3], np.int32), np.array([-2, 1, 4, 0], np.int32)
    _expect_images(answer, images, *shifts, "rows=[2, -1, 0, 3], columns=[-2, 1, 4, 0]")

    weights = rng.normal(size=shape).astype(np.float32)
    _, (slope,) = gradients(
        lambda moving: tf.reduce_sum(
            tf.cast(answer(moving, *map(tf.constant, shifts)), tf.float32) * weights
        ),
        {"the images": tensor(images)},
        "the moved images",
        "use TensorFlow's functions only, no NumPy and no stop_gradient, or G never learns from what D says",
    )
    expect_close(
        slope, _moved(weights, -shifts[0], -shifts[1]), "the gradient on the images"
    )
    return (
        "each image moves by its own shift, zeros come in, and the gradient moves back."
    )


def _moved(
    images: NDArray[np.float32], rows: NDArray[np.int32], columns: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Worked out pixel by pixel."""
    moved = np.zeros_like(images)
    for number, row, column in np.ndindex(images.shape[:3]):
        target = row + rows[number], column + columns[number]
        if 0 <= target[0] < images.shape[1] and 0 <= target[1] < images.shape[2]:
            moved[(number, *target)] = images[number, row, column]
    return moved


def _expect_images(
    answer: Answer,
    images: NDArray[np.float32],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    given: str,
) -> None:
    rolled = np.stack(
        [
            np.roll(each, (r, c), axis=(0, 1))
            for each, r, c in zip(images, rows, columns, strict=True)
        ]
    )
    first = np.full(4, rows[0]), np.full(4, columns[0])
    edge = np.stack(
        [
            each[np.clip(np.arange(5) - r, 0, 4)][:, np.clip(np.arange(6) - c, 0, 5)]
            for each, r, c in zip(images, rows, columns, strict=True)
        ]
    )
    hints: list[Hint] = [
        *([(images, "The images did not move.")] if rows.any() else []),
        (
            rolled,
            "What leaves on one side comes back on the other: zeros should come in instead.",
        ),
        (edge, "The border is repeated: zeros should come in instead."),
        (
            _moved(images, -rows, -columns),
            "They moved the wrong way: positive is down and to the right.",
        ),
        (
            _moved(images, -rows, columns),
            "The rows moved the wrong way: positive is down.",
        ),
        (
            _moved(images, rows, -columns),
            "The columns moved the wrong way: positive is to the right.",
        ),
        (_moved(images, columns, rows), "Rows and columns are swapped."),
        (
            _moved(images, *first),
            "All images moved like the first one: each has its own shift.",
        ),
        (_moved(images, rows, 0 * columns), "The columns did not move."),
        (_moved(images, 0 * rows, columns), "The rows did not move."),
    ]
    found = answer(tf.constant(images), tf.constant(rows), tf.constant(columns))
    expect_close(found, _moved(images, rows, columns), given, hints=hints)


def _score_gap(
    discriminator: keras.Model, train_images: Tensor, held_out_images: Tensor
) -> float:
    means = [
        float(np.mean(discriminator.predict(images, batch_size=200, verbose=0)))
        for images in (train_images, held_out_images)
    ]
    return means[0] - means[1]


@exercise(stand_in=_score_gap)
def score_gap(answer: Answer) -> str:
    """Exercise 5: how much higher D scores the images that it has trained on than those that it has not seen."""
    rng = np.random.default_rng(7)
    network = keras.Sequential(
        [
            keras.Input((3, 3, 1)),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5, seed=1),
            keras.layers.Dense(1),
        ]
    )
    kernel, bias = (
        rng.normal(size=(9, 1)).astype(np.float32),
        np.array([0.7], np.float32),
    )
    network.set_weights([kernel, bias])
    train, other = (
        rng.normal(size=(count, 3, 3, 1)).astype(np.float32) for count in (7, 4)
    )
    scores = [
        images.reshape(len(images), -1) @ kernel + bias for images in (train, other)
    ]
    gap = float(scores[0].mean() - scores[1].mean())
    shares = [sigmoid(part) for part in scores]
    hints: list[Hint] = [
        (-gap, "Training minus held-out: a D that overfits gives a positive number."),
        (abs(gap), "Keep the sign: below zero D prefers the held-out images."),
        (
            float(shares[0].mean() - shares[1].mean()),
            "Use the raw scores, not their sigmoid.",
        ),
        (
            float(scores[0].sum() - scores[1].sum()),
            "The sets differ in size: take means, not sums.",
        ),
        (float(scores[0].mean()), "That is the mean on the training images only."),
        (
            float(np.median(scores[0]) - np.median(scores[1])),
            "Take means, not medians.",
        ),
        (float(scores[0].std() - scores[1].std()), "Take means."),
    ]
    found = [
        one_number(
            answer(network, train, other), "the gap", "the difference of two means"
        )
        for _ in range(3)
    ]
    if max(found) - min(found) > 1e-4:
        raise Wrong(
            f"three calls gave {', '.join(f'{part:.3g}' for part in found)}, expected {gap:.4g} each time: dropout is "
            "at work, so call D with training=False."
        )
    expect_close(found[0], gap, "7 training and 4 held-out images", hints=hints)
    return "training minus held-out, without dropout."


def _frame_milliseconds(frames_per_second: float) -> float:
    return max(20, 10 * round(100 / frames_per_second))


@exercise(stand_in=_frame_milliseconds)
def frame_milliseconds(answer: Answer) -> str:
    """Exercise 6: how long a frame of a GIF is shown."""
    for fps in (4, 10, 2.5, 20, 15, 30, 12, 60, 100):
        wanted = _frame_milliseconds(fps)
        hints = [
            (1 / fps, "That is seconds: imageio wants milliseconds."),
            (wanted / 1000, "That is seconds: imageio wants milliseconds."),
            (fps, "That is how many frames a second has."),
            (1000 * fps, "More frames a second mean less time for each."),
            (
                100 / fps,
                "Those are hundredths of a second: imageio wants milliseconds.",
            ),
            (
                wanted / 10,
                "Those are hundredths of a second: imageio wants milliseconds.",
            ),
            (
                10 * round(100 / fps),
                "Viewers slow frames down that are shorter than 20 milliseconds.",
            ),
            (1000 / fps, "A GIF can only store multiples of 10 milliseconds."),
            (
                round(1000 / fps),
                "A GIF can only store multiples of 10 milliseconds.",
            ),
            (
                max(20, 10 * math.floor(100 / fps)),
                "Take the nearest multiple of 10, not the one below.",
            ),
            (
                max(20, 10 * math.ceil(100 / fps)),
                "Take the nearest multiple of 10, not the one above.",
            ),
            (300, "The time depends on the frames a second."),
        ]
        expect_close(
            answer(fps),
            wanted,
            f"{fps} frames a second",
            hints=hints,
            absolute=0.01,
        )
    return "4 frames a second are 250 milliseconds each, 30 are 30, and 60 are 20."


Snapshot: TypeAlias = dict[str, list[NDArray[Any]]]


def _take_snapshot(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
) -> Snapshot:
    parts = {
        "generator": generator,
        "discriminator": discriminator,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": discriminator_optimizer,
    }
    return {
        name: [np.asarray(variable).copy() for variable in part.variables]
        for name, part in parts.items()
    }


@exercise(stand_in=_take_snapshot)
def take_snapshot(answer: Answer) -> str:
    """Exercise 7: everything that a training run needs to go on as if it had not stopped."""
    generator = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3), keras.layers.BatchNormalization()]
    )
    discriminator = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dropout(0.5, seed=3), keras.layers.Dense(1)]
    )
    parts: dict[str, Any] = {"generator": generator, "discriminator": discriminator}
    for name, network in list(parts.items()):
        parts[f"{name}_optimizer"] = keras.optimizers.Adam()
        parts[f"{name}_optimizer"].build(network.trainable_variables)
    for number, variable in enumerate(
        variable for part in parts.values() for variable in part.variables
    ):
        variable.assign(np.full(variable.shape, number + 1).astype(variable.dtype))
    snapshot, wanted = (
        take(*(parts[name] for name in _ORDER)) for take in (answer, _take_snapshot)
    )
    for part in parts.values():
        for variable in part.variables:  # the training goes on
            variable.assign(variable * 0)
    if not isinstance(snapshot, dict) or set(snapshot) != set(_ORDER):
        found = (
            sorted(map(str, snapshot))
            if isinstance(snapshot, dict)
            else kind_of(snapshot)
        )
        raise Wrong(
            f"the snapshot is {found}, expected a dict with {', '.join(_ORDER)}: is there a `return`?"
        )
    for name in _ORDER:
        _expect_part(name, snapshot[name], wanted[name], parts[name])
    return "weights, running statistics, both optimizers and dropout's random state, as copies."


_ORDER = (
    "generator",
    "discriminator",
    "generator_optimizer",
    "discriminator_optimizer",
)


def _expect_part(
    name: str, found: object, wanted: Sequence[NDArray[Any]], part: Any
) -> None:
    if not isinstance(found, (list, tuple)):
        raise Wrong(
            f"{name} is {kind_of(found)}, expected a list of arrays, one for each of its variables."
        )
    if len(found) != len(wanted):
        hint = "an optimizer keeps its step count, its rate and two moments for each weight"
        if name == "generator":
            hint = (
                "batch norm's running statistics are not trainable, but they count, too"
            )
        elif name == "discriminator":
            hint = "dropout's random state is in .variables, but not in .weights"
        raise Wrong(
            f"{name} is a list of length {len(found)}, expected {len(wanted)} arrays: {hint}."
        )
    for variable, expected, array in zip(part.variables, wanted, found, strict=True):
        if not isinstance(array, np.ndarray | np.generic):
            raise Wrong(
                f"{name} holds {kind_of(array)}, expected NumPy arrays: a variable changes as the training goes on."
            )
        if array.shape != expected.shape or not np.array_equal(array, expected):
            raise Wrong(
                f"{name}: {variable.name} is {shorten(np.asarray(array, np.float64))}, expected "
                f"{shorten(expected.astype(np.float64))}: keep the order and the values, as copies."
            )


def _as_numbers(value: object, what: str) -> NDArray[np.float64]:
    """A list of sides, or a line that says what came instead."""
    if isinstance(value, (range, zip, map)) or hasattr(value, "__next__"):
        value = list(value)  # type: ignore[call-overload]
    if isinstance(value, (list, tuple)) and not all(
        isinstance(side, int | float | np.number) for side in value
    ):
        raise Wrong(f"{what} are {str(value)[:60]}, expected a list of whole numbers.")
    array = to_array(value, what)
    if math.prod(array.shape) == 0:
        raise Wrong(
            f"{what} are an empty list, expected one side for the start and one for each layer."
        )
    return array
