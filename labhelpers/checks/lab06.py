"""Checks of lab 06: sizes of networks, a student's own generator, translation, D's overfitting, GIFs, snapshots."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers import models, training
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise, kind_of, said_by
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
    Likely,
    difference,
    expect_close,
    expect_gradients_of,
    expect_results,
    one_number,
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

    def doubled(start: Answer) -> Answer:
        return lambda size, doublings: [
            start(size, doublings) * 2**step for step in range(doublings + 1)
        ]

    right = models.sizes_of
    up = "Round the start up: what is too much can be cropped, what is missing cannot be made up."
    likely: list[Likely] = [
        (
            lambda size, n: right(size, n)[::-1],
            "G starts small: the smallest side comes first.",
        ),
        (lambda size, n: right(size, n)[1:], "The start belongs in the list, too."),
        (lambda size, n: right(size, n)[:-1], "The last doubling is missing."),
        (
            lambda size, n: right(size, n)[0],
            "That is the start alone; all sides are wanted, in a list.",
        ),
        (doubled(lambda size, n: size / 2**n), "A side is a whole number of pixels."),
        (doubled(lambda size, n: size // 2**n), up),
        (doubled(lambda size, n: round(size / 2**n)), up),
        (
            doubled(lambda size, n: size // 2**n + 1),
            "Where the division leaves no remainder there is nothing to add.",
        ),
        (
            lambda size, n: models.mirrored_sizes(size, n)[::-1],
            "Each layer doubles exactly: round once, at the start.",
        ),
        (
            doubled(lambda size, n: size),
            "The image's side is the end: divide by 2^n for the start.",
        ),
    ]
    _expect_sides(
        answer,
        right,
        [
            (100, 2),
            (28, 2),
            (64, 3),
            (64, 4),
            (100, 3),
            (48, 3),
            (101, 2),
            (30, 1),
            (51, 3),
            (200, 5),
        ],
        "doublings",
        likely,
    )
    return "25 => 50 => 100, and 13 => 26 => 52 => 104 where 100 does not divide."


def _discriminator_sides(image_size: int, halvings: int) -> list[int]:
    return list(models.mirrored_sizes(image_size, halvings))


@exercise(stand_in=_discriminator_sides)
def discriminator_sides(answer: Answer) -> str:
    """Exercise 2: the sides in a discriminator whose convolutions have stride 2 and padding "same"."""

    def halved(step: Answer) -> Answer:
        def sides(size: int, halvings: int) -> list[Any]:
            found: list[Any] = [size]
            for _ in range(halvings):
                found.append(step(found[-1]))
            return found

        return sides

    right = models.mirrored_sizes
    up = 'With "same" an odd side is rounded up: 25 gives 13, not 12.'
    likely: list[Likely] = [
        (halved(lambda side: side // 2), up),
        (halved(lambda side: round(side / 2)), up),
        (
            halved(lambda side: (side - 3) // 2 + 1),
            'That is padding "valid"; "same" keeps every place where the kernel is on the image.',
        ),
        (
            halved(lambda side: (side - 4) // 2 + 1),
            'That is padding "valid"; "same" keeps every place where the kernel is on the image.',
        ),
        (halved(lambda side: side // 2 + 1), "An even side is halved exactly."),
        (lambda size, n: right(size, n)[1:], "The image's own side comes first."),
        (
            lambda size, n: right(size, n)[::-1],
            "D starts at the image: the largest side comes first.",
        ),
        (
            lambda size, n: right(size, n)[-1],
            "That is the last side alone; all of them are wanted, in a list.",
        ),
        (lambda size, n: right(size, n)[:-1], "The last halving is missing."),
        (
            halved(lambda side: side / 2),
            "A side is a whole number of pixels: round it up.",
        ),
    ]
    _expect_sides(
        answer,
        right,
        [(64, 3), (100, 4), (28, 2), (48, 4), (101, 3), (50, 1), (51, 3), (200, 6)],
        "halvings",
        likely,
    )
    return "100 => 50 => 25 => 13 => 7, as in real layers."


def _expect_sides(
    answer: Answer,
    right: Answer,
    cases: Sequence[tuple[int, int]],
    steps: str,
    likely: Sequence[Likely],
) -> None:
    """Whole numbers that layers take as sizes."""

    def sides(size: int, count: int) -> Any:
        return _as_list(answer(size, count), "the sides")

    expect_results(
        sides,
        right,
        {f"image_size={size}, {steps}={count}": (size, count) for size, count in cases},
        likely,
        exact=True,
    )
    for size, count in cases:
        found = np.asarray(sides(size, count))
        if found.dtype.kind not in "iu":
            raise Wrong(
                f"image_size={size}, {steps}={count}: gave {found.ravel()[0]!r} and so on, of type {found.dtype}, "
                "expected whole numbers of type int: no layer takes another type as a size."
            )


def _two_or_more(image_size: int) -> int:
    """Doublings, apart from the stand-in: an answer may call what the stand-in does not."""
    return max(2, models.doublings_for(image_size))


def _own_generator(image_size: int, latent_dim: int) -> keras.Model:
    doublings = _two_or_more(image_size)
    return models.light_face_pair(image_size, latent_dim, doublings=doublings).generator


@exercise(stand_in=_own_generator)
def my_face_generator(answer: Answer) -> str:
    """Exercise 3: a generator for any size of images from 16 on."""
    for size, latent_dim in (
        (48, 16),
        (50, 8),
        (16, 4),
        (17, 5),
        (37, 6),
        (51, 7),
        (100, 8),
    ):
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
        if size == 50:
            _expect_back(network, given)
        if size in (48, 50):  # the rest is a matter of shapes
            noise = np.random.default_rng(1).normal(size=(16, latent_dim))
            images = expect_rows_apart(network, noise, given)
            expect_tanh(network, noise, given)
            expect_varied(images, given)
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


def _expect_back(network: keras.Model, given: str) -> None:
    """The network must come back from a file."""
    noise = np.random.default_rng(2).normal(size=(2, *network.input_shape[1:]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generator.keras"
        try:
            network.save(path)
            loaded = training.load_trusted(path)
        except Exception as error:
            raise Wrong(
                f"{given} raised {type(error).__name__} when it was saved as .keras and loaded ({said_by(error)}), "
                "expected it back: use Keras' own layers and operations, section 9 keeps no code of yours."
            ) from error
    if not np.allclose(loaded(noise), network(noise), atol=1e-4):
        raise Wrong(
            f"{given} draws something else when it was saved and loaded, expected the same: what is no weight and no "
            "argument of a layer is lost."
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
    for given, shape, rows, columns in (
        ("no shift at all", (4, 5, 6, 2), [0, 0, 0, 0], [0, 0, 0, 0]),
        (
            "rows=[2, -1, 0, 3], columns=[-2, 1, 4, 0]",
            (4, 5, 6, 2),
            [2, -1, 0, 3],
            [-2, 1, 4, 0],
        ),
        (
            "7 x 3 pixels, rows=[-6, 5], columns=[2, -2]",
            (2, 7, 3, 3),
            [-6, 5],
            [2, -2],
        ),
        ("one image, rows=[1], columns=[-1]", (1, 4, 4, 1), [1], [-1]),
    ):
        images = rng.normal(size=shape).astype(np.float32)
        shifts = np.array(rows, np.int32), np.array(columns, np.int32)
        _expect_images(answer, images, *shifts, given)
        constants = [tf.constant(each) for each in shifts]
        expect_gradients_of(
            lambda moving, constants=constants: _translate(moving, *constants),
            lambda moving, constants=constants: answer(moving, *constants),
            {"the images": tensor(images)},
            "the moved images",
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
    height, width = (np.arange(side) for side in images.shape[1:3])

    def of_each(change: Answer) -> NDArray[np.float32]:
        return np.stack(
            [change(*each) for each in zip(images, rows, columns, strict=True)]
        )

    hints: list[Hint] = [
        (images, "The images did not move."),
        (
            of_each(lambda image, r, c: np.roll(image, (r, c), axis=(0, 1))),
            "What leaves on one side comes back on the other: zeros should come in instead.",
        ),
        (
            of_each(
                lambda image, r, c: image[np.clip(height - r, 0, height[-1])][
                    :, np.clip(width - c, 0, width[-1])
                ]
            ),
            "The border is repeated: zeros should come in instead.",
        ),
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
            _moved(images, 0 * rows + rows[0], 0 * columns + columns[0]),
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

    def call(train: Any, held_out: Any) -> float:
        value = answer(network, train, held_out)
        one_number(value, "the gap", "the difference of two means")
        try:
            return float(value)
        except TypeError:
            raise Wrong(
                f"the gap has shape {np.shape(value)}, expected a plain number, of which float() can be taken: "
                "take the mean over all axes."
            ) from None

    def scores(images: Any) -> Any:
        return images.reshape(len(images), -1) @ kernel + bias

    def gap_of(kind: Answer) -> Answer:
        return lambda train, other: kind(scores(train)) - kind(scores(other))

    right = gap_of(np.mean)
    likely: list[Likely] = [
        (
            lambda train, other: -right(train, other),
            "Training minus held-out: a D that overfits gives a positive number.",
        ),
        (
            lambda train, other: abs(right(train, other)),
            "Keep the sign: below zero D prefers the held-out images.",
        ),
        (
            gap_of(lambda found: sigmoid(found).mean()),
            "Use the raw scores, not their sigmoid.",
        ),
        (gap_of(np.sum), "The sets differ in size: take means, not sums."),
        (
            lambda train, other: np.mean(scores(train)),
            "That is the mean on the training images only.",
        ),
        (
            lambda train, other: np.mean(scores(other)),
            "That is the mean on the held-out images only.",
        ),
        (gap_of(np.median), "Take means, not medians."),
        (gap_of(np.std), "Take means."),
        (gap_of(np.max), "Take means, not the largest score."),
    ]
    cases = {
        f"{counts[0]} training and {counts[1]} held-out images": [
            rng.normal(size=(count, 3, 3, 1)).astype(np.float32) for count in counts
        ]
        for counts in ((7, 4), (3, 5), (1, 6))
    }
    train, other = next(iter(cases.values()))
    found = [call(train, other) for _ in range(3)]
    if max(found) - min(found) > 1e-4:
        raise Wrong(
            f"three calls gave {', '.join(f'{part:.3g}' for part in found)}, expected {right(train, other):.4g} each "
            "time: dropout is at work, so call D with training=False."
        )
    expect_results(call, right, cases, likely)
    return "training minus held-out, without dropout."


def _frame_milliseconds(frames_per_second: float) -> float:
    return max(20, 10 * round(100 / frames_per_second))


@exercise(stand_in=_frame_milliseconds)
def frame_milliseconds(answer: Answer) -> str:
    """Exercise 6: how long a frame of a GIF is shown."""
    seconds = "That is seconds: imageio wants milliseconds."
    hundredths = "Those are hundredths of a second: imageio wants milliseconds."
    tens = "A GIF can only store multiples of 10 milliseconds."
    likely: list[Likely] = [
        (lambda fps: 1 / fps, seconds),
        (lambda fps: _frame_milliseconds(fps) / 1000, seconds),
        (lambda fps: fps, "That is how many frames a second has."),
        (lambda fps: 1000 * fps, "More frames a second mean less time for each."),
        (lambda fps: 100 / fps, hundredths),
        (lambda fps: round(100 / fps), hundredths),
        (lambda fps: _frame_milliseconds(fps) / 10, hundredths),
        (
            lambda fps: 10 * round(100 / fps),
            "Viewers slow frames down that are shorter than 20 milliseconds.",
        ),
        (lambda fps: 1000 / fps, tens),
        (lambda fps: round(1000 / fps), tens),
        (lambda fps: int(1000 / fps), tens),
        (lambda fps: max(20, 1000 / fps), tens),
        (lambda fps: max(20, round(1000 / fps)), tens),
        (lambda fps: max(20, int(1000 / fps)), tens),
        (
            lambda fps: max(20, 10 * math.floor(100 / fps)),
            "Take the nearest multiple of 10, not the one below.",
        ),
        (
            lambda fps: 10 * math.floor(100 / fps),
            "Take the nearest multiple of 10, not the one below, and at least 20.",
        ),
        (
            lambda fps: max(20, 10 * math.ceil(100 / fps)),
            "Take the nearest multiple of 10, not the one above.",
        ),
        (
            lambda fps: max(10, 10 * round(100 / fps)),
            "Viewers slow frames down that are shorter than 20 milliseconds.",
        ),
    ]
    # no wish that lies half way between two multiples of 10: either would do
    rates = (4, 10, 2.5, 20, 15, 30, 12, 24, 25, 50, 60, 100, 1, 0.3, 7)
    expect_results(
        answer,
        _frame_milliseconds,
        {f"{fps} frames a second": (fps,) for fps in rates},
        likely,
        exact=True,
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
    # Numbers that no other type of the same size holds, let alone a smaller one.
    rng = np.random.default_rng(8)
    for variable in (each for part in parts.values() for each in part.variables):
        dtype = np.dtype(variable.dtype)
        whole = (
            rng.integers(2**31, np.iinfo(dtype).max, variable.shape, dtype)
            if (dtype.kind in "iu")
            else rng.normal(size=variable.shape)
        )
        variable.assign(whole.astype(dtype) if np.ndim(whole) else dtype.type(whole))
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
        forgotten = ": is there a `return`?" * (snapshot is None)
        raise Wrong(
            f"the snapshot is {found}, expected a dict with {', '.join(_ORDER)}{forgotten}."
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
                f"{name} holds {kind_of(array)}, expected NumPy arrays, as copies: a variable would change as the "
                "training goes on."
            )
        if array.shape != expected.shape:
            raise Wrong(
                f"{name}: {variable.name} has shape {array.shape}, expected {expected.shape}: keep the order."
            )
        if not np.array_equal(array, expected):
            raise Wrong(
                f"{name}: {variable.name}: {difference(np.asarray(array), expected)}: keep the order and every digit, "
                "as copies."
            )


def _as_list(value: object, what: str) -> Any:
    """What came as a list of sides, with its types, or a line that says what came instead."""
    if isinstance(value, (range, zip, map)) or hasattr(value, "__next__"):
        value = list(value)  # type: ignore[call-overload]
    if isinstance(value, (list, tuple)) and not all(
        isinstance(side, int | float | np.number) for side in value
    ):
        raise Wrong(f"{what} are {str(value)[:60]}, expected a list of whole numbers.")
    if to_array(value, what).size == 0:
        raise Wrong(
            f"{what} are an empty list, expected one side for the start and one for each layer."
        )
    return value
