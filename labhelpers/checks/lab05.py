"""Checks of lab 05: attention, patches, positions, and two networks made of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.checks.core import Answer, Wrong, exercise, kind_of
from labhelpers.checks.networks import (
    as_model,
    expect_copy,
    expect_gradients,
    expect_raw_scores,
    expect_rows_apart,
    expect_shape,
    expect_tanh,
    expect_varied,
    layers_of,
    outputs,
    with_random_weights,
)
from labhelpers.checks.numeric import (
    Floats,
    difference,
    expect_close,
    expect_gradients_of,
    expect_same_compiled,
    gradients,
    parts_of,
    sigmoid,
    softplus,
    tensor,
    to_array,
)
from labhelpers.models import transformer
from labhelpers.models.transformer import Patchify, PositionEmbedding, Unpatchify

_BOTH = ("output", "weights")


def _softmax(scores: Floats, axis: int = -1) -> Floats:
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def _weights(query: Floats, key: Floats, scale: float, axis: int = -1) -> Floats:
    return _softmax(query @ key.swapaxes(-1, -2) / scale, axis)


@exercise(stand_in=transformer.attention)
def attention(answer: Answer) -> str:
    """Exercise 1: scaled dot-product attention, with any number of axes in front."""
    rng = np.random.default_rng(1)
    for shape in ((), (2,), (2, 3)):
        given = f"query {(*shape, 4, 9)}, key {(*shape, 5, 9)}, value {(*shape, 5, 6)}"
        query, key, value = (
            rng.normal(size=(*shape, *last)) for last in ((4, 9), (5, 9), (5, 6))
        )
        result = answer(tensor(query), tensor(key), tensor(value))
        mixed, weights = parts_of(result, _BOTH, "the two results", "attention")
        right = _weights(query, key, 3.0)
        unscaled, columns = _weights(query, key, 1.0), _weights(query, key, 3.0, -2)
        scores = query @ key.swapaxes(-1, -2) / 3
        expect_close(
            weights,
            right,
            f"{given}: the weights",
            hints=[
                (unscaled, "Divide the scores by the root of the key's length."),
                (_weights(query, key, 9.0), "Divide by the root of the key's length."),
                (
                    columns,
                    "The softmax runs over the keys: each query's row sums to 1.",
                ),
                (scores, "These are the scores: a softmax turns them into weights."),
                (right.swapaxes(-1, -2), "One row for each query, please."),
                (right @ value, "Return the output first, then the weights."),
            ],
        )
        expect_close(mixed, right @ value, f"{given}: the output")
    large = tensor(np.array([[400.0, 0.0], [0.0, 400.0]]))
    _, weights = answer(large, large, large)
    expect_close(
        weights, np.eye(2), "queries and keys of length 400", relative=0, absolute=1e-3
    )
    batch = [
        tensor(rng.normal(size=shape)) for shape in ((3, 2, 4), (3, 5, 4), (3, 5, 6))
    ]
    for index, name in enumerate(_BOTH):
        expect_gradients_of(
            lambda *three, index=index: transformer.attention(*three)[index],
            lambda *three, index=index: answer(*three)[index],
            dict(zip(("query", "key", "value"), batch, strict=True)),
            f"the {name} of attention",
        )
    expect_same_compiled(answer, batch, [part[:1] for part in batch], given="attention")
    return "right for any number of axes in front and for large scores; gradients flow."


@exercise(stand_in=transformer.multi_head)
def multi_head(answer: Answer) -> str:
    """Exercise 2: several heads side by side, and a matrix that mixes what they gather."""
    rng = np.random.default_rng(2)
    for count, tokens, features, heads in ((2, 5, 12, 3), (1, 7, 8, 2), (5, 3, 4, 1)):
        given = f"tokens {(count, tokens, features)}, {heads} head{'s' * (heads > 1)}"
        sequence = rng.normal(size=(count, tokens, features))
        matrices = [rng.normal(size=(features, features)) / 2 for _ in range(4)]
        result = answer(tensor(sequence), [tensor(each) for each in matrices], heads)
        mixed, weights = parts_of(result, _BOTH, "the two results", "multi_head")
        joined, right = _heads_by_hand(sequence, matrices, heads)
        one_head, _ = _heads_by_hand(sequence, matrices, 1)
        unscaled = _heads_by_hand(sequence, matrices, heads, 1.0)
        wrong_scale = _heads_by_hand(sequence, matrices, heads, features**0.5)
        output = matrices[3]
        expect_close(
            mixed,
            joined @ output,
            f"{given}: the output",
            hints=[
                (joined, "The last matrix mixes what the heads have gathered."),
                (one_head @ output, "Each head compares its own part of the features."),
                (unscaled[0] @ output, "Divide the scores by a root."),
                (wrong_scale[0] @ output, "The key of one head has d / heads numbers."),
                (sequence + joined @ output, "The input is added later, not here."),
                (
                    _heads_by_hand(sequence, matrices, heads, split=_reshaped)[0]
                    @ output,
                    "A reshape to (batch, heads, tokens, ...) mixes up tokens and heads: "
                    "split the last axis first, then transpose.",
                ),
            ],
        )
        expect_close(
            weights,
            right,
            f"{given}: the weights",
            hints=[
                (right.swapaxes(-1, -2), "One row for each token that listens."),
                (
                    right.swapaxes(0, 1),
                    "First the batch, then the heads: (batch, heads, n, n).",
                ),
                (right.mean(axis=1), "The weights of every head, not their mean."),
                (
                    np.moveaxis(right, 1, -1),
                    "The heads are the second axis: (batch, heads, n, n).",
                ),
            ],
        )
    sequence, more = (tensor(rng.normal(size=(count, 3, 4))) for count in (2, 5))
    four = {
        f"the {name} matrix": tensor(rng.normal(size=(4, 4)))
        for name in ("query", "key", "value", "output")
    }
    for index, name in enumerate(_BOTH):
        expect_gradients_of(
            lambda tokens, *four, index=index: transformer.multi_head(tokens, four, 2)[
                index
            ],
            lambda tokens, *four, index=index: answer(tokens, list(four), 2)[index],
            {"the tokens": sequence} | four,
            f"the {name} of multi_head",
        )
    matrices = list(four.values())
    expect_same_compiled(
        lambda tokens: answer(tokens, matrices, 2),
        [sequence],
        [sequence[:1]],
        [more],
        given="multi_head",
    )
    return "every head gathers for itself, one matrix mixes them; gradients flow."


def _heads_by_hand(
    sequence: Floats,
    matrices: Sequence[Floats],
    heads: int,
    scale: float | None = None,
    split: Any = None,
) -> tuple[Floats, Floats]:
    """What the heads gather, laid side by side, and their weights."""
    size = sequence.shape[-1] // heads
    query, key, value = (sequence @ matrix for matrix in matrices[:3])
    if split is not None:
        query, key, value = (split(each, heads) for each in (query, key, value))
        weights = _weights(query, key, size**0.5)
        gathered = weights @ value
        return gathered.swapaxes(1, 2).reshape(sequence.shape), weights
    parts, all_weights = [], []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        weights = _weights(query[..., part], key[..., part], scale or size**0.5)
        parts.append(weights @ value[..., part])
        all_weights.append(weights)
    return np.concatenate(parts, axis=-1), np.stack(all_weights, axis=1)


def _reshaped(values: Floats, heads: int) -> Floats:
    count, tokens, features = values.shape
    return values.reshape(count, heads, tokens, features // heads)


def _patchify(images: Any, patch_size: int, overlap: int = 0) -> Any:
    return Patchify(patch_size, overlap)(images)


def _add_up(
    patches: Any, patch_size: int, overlap: int, image_shape: tuple[int, int, int]
) -> Any:
    return Unpatchify(image_shape, patch_size, overlap)(patches)


_CASES = (
    (3, 6, 4, 2, 2, 0),
    (2, 28, 28, 1, 4, 0),
    (2, 28, 28, 1, 7, 2),
    (1, 14, 21, 3, 7, 1),
    (5, 8, 8, 2, 4, 4),
    (2, 15, 51, 1, 3, 1),
    (1, 4, 2, 2, 1, 3),
)
"""Batches of images: count, height, width, channels, patch_size, overlap."""


def _numpy_patchify(images: Floats, patch_size: int, overlap: int = 0) -> Floats:
    """Patch by patch with plain slices: rows of patches from the top, each from the left."""
    _, height, width, _ = images.shape
    side = patch_size + 2 * overlap
    around = [(0, 0), (overlap, overlap), (overlap, overlap), (0, 0)]
    padded = np.pad(images, around)
    corners = [
        (top, left)
        for top in range(0, height, patch_size)
        for left in range(0, width, patch_size)
    ]
    patches = [padded[:, top : top + side, left : left + side] for top, left in corners]
    return np.stack([patch.reshape(len(images), -1) for patch in patches], axis=1)


def _numpy_add_up(
    patches: Floats,
    patch_size: int,
    overlap: int,
    shape: tuple[int, int, int],
    *,
    cut: bool = True,
    put: bool = False,
) -> Floats:
    """Tile by tile with plain slices, added where they overlap, or ``put`` one over the other."""
    height, width, channels = shape
    side = patch_size + 2 * overlap
    high, wide = height + 2 * overlap, width + 2 * overlap
    padded = np.zeros((len(patches), high, wide, channels))
    columns = width // patch_size
    for number in range(patches.shape[1]):
        top, left = number // columns * patch_size, number % columns * patch_size
        tile = patches[:, number].reshape(-1, side, side, channels)
        place = padded[:, top : top + side, left : left + side]
        place[...] = tile + (0 if put else place)
    inside = padded[:, overlap : overlap + height, overlap : overlap + width]
    return inside if cut else padded


def _numbered(*shape: int) -> Floats:
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


@exercise(stand_in=_patchify)
def patchify(answer: Answer) -> str:
    """Exercise 3a: images to sequences of patches that may overlap."""
    images = _numbered(1, 4, 4, 1)
    right = _numpy_patchify(images, 2)
    expect_close(
        answer(tensor(images), 2, 0),
        right,
        "a 4x4 image with the pixels 0 to 15, patch_size=2, overlap=0",
        hints=[
            (
                images.reshape(1, 4, 4),
                "A plain reshape cuts rows into pieces: bring the two axes of a patch "
                "together first.",
            ),
            (
                right.swapaxes(1, 2),
                "The patches are the second axis, their pixels the third.",
            ),
            (right[:, [0, 2, 1, 3]], "Patches go row by row, not column by column."),
            (
                right.reshape(1, 4, 2, 2).swapaxes(2, 3).reshape(1, 4, 4),
                "Inside a patch the pixels go row by row.",
            ),
            (
                right.reshape(1, 4, 2, 2, 1),
                "Each patch is a flat vector of side * side * channels numbers.",
            ),
        ],
    )
    overlapping = _numpy_patchify(images, 2, 1)

    def cut(padded: Floats) -> Floats:
        corners = itertools.product((0, 2), (0, 2))
        patches = [padded[:, top : top + 4, left : left + 4] for top, left in corners]
        return np.stack([patch.reshape(1, -1) for patch in patches], axis=1)

    around = [(0, 0), (1, 1), (1, 1), (0, 0)]
    expect_close(
        answer(tensor(images), 2, 1),
        overlapping,
        "a 4x4 image with the pixels 0 to 15, patch_size=2, overlap=1",
        hints=[
            (right, "With overlap=1 a patch has 4x4 pixels, one more on each side."),
            *(
                (
                    cut(np.pad(images, around, mode=mode)),
                    "Outside of the image there are zeros.",
                )
                for mode in ("edge", "reflect", "symmetric", "wrap")
            ),
            *(
                (
                    cut(np.pad(images, [(0, 0), sides, sides, (0, 0)])),
                    "A patch reaches over its cell on all four sides.",
                )
                for sides in ((0, 2), (2, 0))
            ),
        ],
    )
    for count, height, width, channels, patch_size, overlap in _CASES:
        images = _numbered(count, height, width, channels) / 100
        given = (
            f"{count} images of {height}x{width}x{channels}, patch_size={patch_size}, "
            f"overlap={overlap}"
        )
        expect_close(
            answer(tensor(images), patch_size, overlap),
            _numpy_patchify(images, patch_size, overlap),
            given,
        )
    expect_gradients_of(
        lambda images: _patchify(images, 2, 1),
        lambda images: answer(images, 2, 1),
        {"the images": tensor(_numbered(2, 4, 6, 1))},
        "the patches",
    )
    return "right with and without overlap, for one channel and three; gradients flow."


@exercise(stand_in=_add_up)
def add_up(answer: Answer) -> str:
    """Exercise 3b: patches to images, added up where they overlap."""
    images = _numbered(1, 4, 4, 1)
    patches = _numpy_patchify(images, 2)
    expect_close(
        answer(tensor(patches), 2, 0, (4, 4, 1)),
        images,
        "the four patches of a 4x4 image with the pixels 0 to 15, overlap=0",
        hints=[
            (
                patches.reshape(1, 4, 4, 1),
                "A plain reshape lays the patches end to end: put each into its place.",
            ),
            (images.swapaxes(1, 2), "Rows and columns are swapped."),
            (
                images[..., 0],
                "Give the channel axis back: (batch, height, width, channels).",
            ),
        ],
    )
    rng = np.random.default_rng(3)
    four = rng.normal(size=(1, 4, 16))
    whole = _numpy_add_up(four, 2, 1, (4, 4, 1), cut=False)
    inner = four.reshape(1, 4, 4, 4)[:, :, 1:3, 1:3].reshape(1, 4, 4)
    counts = _numpy_add_up(np.ones((1, 4, 16)), 2, 1, (4, 4, 1))
    sums = _numpy_add_up(four, 2, 1, (4, 4, 1))
    added = "Where patches overlap their pixels are added up."
    cut_off = "Cut the border off on all four sides, `overlap` pixels on each."
    expect_close(
        answer(tensor(four), 2, 1, (4, 4, 1)),
        sums,
        "four patches of 4x4 random pixels for a 4x4 image, overlap=1",
        hints=[
            (_numpy_add_up(inner, 2, 0, (4, 4, 1)), added),
            (sums / counts, "They are added up, not averaged."),
            (
                _numpy_add_up(four, 2, 1, (4, 4, 1), put=True),
                added,
            ),
            *(
                (whole[:, rows, columns], cut_off)
                for rows in (slice(4), slice(2, None))
                for columns in (slice(4), slice(2, None))
            ),
            (whole, cut_off),
        ],
    )
    for count, height, width, channels, patch_size, overlap in _CASES:
        shape = (height, width, channels)
        cells = (height // patch_size) * (width // patch_size)
        pixels = (patch_size + 2 * overlap) ** 2 * channels
        patches = rng.normal(size=(count, cells, pixels))
        expect_close(
            answer(tensor(patches), patch_size, overlap, shape),
            _numpy_add_up(patches, patch_size, overlap, shape),
            f"{count} x {cells} patches for images of {height}x{width}x{channels}, "
            f"patch_size={patch_size}, overlap={overlap}",
        )
    expect_gradients_of(
        lambda patches: _add_up(patches, 2, 1, (4, 4, 1)),
        lambda patches: answer(patches, 2, 1, (4, 4, 1)),
        {"the patches": tensor(four)},
        "the image",
    )
    return "the exact inverse without overlap, sums with it; gradients flow."


@exercise(stand_in=PositionEmbedding)
def PositionalEmbedding(answer: Answer) -> str:  # noqa: N802  (named as the student's class is)
    """Exercise 4: a layer with one trained vector for each position."""
    tokens, features = 5, 3
    rng = np.random.default_rng(5)
    sequence = rng.normal(size=(4, tokens, features))
    layer = answer()
    if not isinstance(layer, keras.layers.Layer):
        raise Wrong(
            f"PositionalEmbedding() is {kind_of(layer)}, expected a keras.layers.Layer."
        )
    result = to_array(layer(tensor(sequence)), "the result")
    if result.shape != sequence.shape:
        raise Wrong(
            f"{sequence.shape} went in and {result.shape} came out, expected the same shape: add, do not concatenate."
        )
    found = sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
    if found != tokens * features:
        raise Wrong(
            f"the layer has {found} trainable numbers for {tokens} tokens of {features} features, expected "
            f"{tokens * features}: {_why_untracked(layer, found)}"
        )
    weight = layer.trainable_weights[0]
    vectors = rng.normal(size=(tokens, features))
    weight.assign(vectors.reshape(weight.shape))
    found_vectors = to_array(layer(tensor(sequence)), "the result") - sequence
    # a weight may lie in any order: all of its numbers are there, the same for every sequence
    if np.allclose(found_vectors, found_vectors[:1], atol=1e-4) and np.allclose(
        np.sort(found_vectors[0], axis=None), np.sort(vectors, axis=None), atol=1e-4
    ):
        vectors = found_vectors[0]
    expect_close(
        layer(tensor(sequence)),
        sequence + vectors,
        "with the weight set to random vectors",
        hints=[
            (sequence * vectors, "Add the vectors, do not multiply."),
            (
                np.broadcast_to(vectors, sequence.shape),
                "Add the vectors to the tokens that come in.",
            ),
            (sequence, "The weight is there, but it is not used."),
            (sequence - vectors, "Add the vectors, do not subtract them."),
        ],
    )
    _, (slope,) = gradients(
        lambda _: tf.reduce_sum(layer(tensor(sequence)) ** 2),
        {"the weight": weight.value},
        "the layer",
        "otherwise it never trains",
    )
    expected = 2 * (sequence + vectors).sum(axis=0)
    expect_close(
        np.sort(slope, axis=None),
        np.sort(expected, axis=None),
        "the gradient of the weight, in order of size",
        hints=[(np.sort(slope, axis=None), "Add the weight itself, no stop_gradient.")],
    )
    inputs = keras.Input((7, 2))
    network = keras.Model(inputs, answer()(inputs))
    if network.count_params() != 14 or len(network.trainable_weights) != 1:
        raise Wrong(
            f"a model of 7 tokens with 2 features counts {network.count_params()} parameters, expected 14."
        )
    _expect_copy(network, "a model with PositionalEmbedding()")
    return (
        "one trained vector per position, tracked by the model, and gradients reach it."
    )


def _expect_copy(network: keras.Model, given: str) -> None:
    """The lab trains with a running average, which lives in a copy."""
    inputs = np.random.default_rng(9).normal(size=(2, *network.input_shape[1:]))
    expect_copy(network, inputs, given)


def _why_untracked(layer: keras.layers.Layer, found: int) -> str:
    if found == 0 and layer.non_trainable_weights:
        return "the weight is not trainable."
    if found == 0:
        return "make the weight with self.add_weight in build, so that Keras tracks it."
    return "the shape of the weight is input_shape[1:], one vector per position."


def _block_size(features: int) -> int:
    """Parameters of a transformer block: attention, two dense layers, two norms."""
    attention, dense = 4 * features**2, 4 * features**2 + 3 * features
    return attention + dense + 4 * features


@exercise(stand_in=transformer.transformer_block)
def transformer_block(answer: Answer) -> str:
    """Exercise 5: two branches, each behind a norm, each added to its input."""
    rng = np.random.default_rng(5)
    inputs = keras.Input((6, 8))
    result = answer(inputs, 2)
    if not isinstance(result, keras.KerasTensor):
        raise Wrong(
            f"transformer_block(tokens, 2) is {kind_of(result)}, expected tokens again: "
            "is there a `return`?"
        )
    network = keras.Model(inputs, result)
    expect_shape(
        network.output_shape, (6, 8), "tokens", "transformer_block(tokens, 2) makes"
    )
    tokens = rng.normal(size=(5, 6, 8))
    _expect_steady(network, tokens, "a block of 6 tokens")
    expect_rows_apart(network, tokens, "a block of 6 tokens", training=True)
    count, expected = network.count_params(), _block_size(8)
    if count != expected:
        shares = {
            4 * 64: "the attention (4 * 64 weights)",
            16: "a norm (16)",
            32: "both norms (32)",
            8 * 16 + 16: "the first dense layer, of 16 units (144)",
            16 * 8 + 8: "the last dense layer, back to 8 features (136)",
        }
        lacks = shares.get(expected - count)
        why = f"Is {lacks} missing?" if lacks else "Compare it with the picture."
        raise Wrong(
            f"a block of 8 features has {count:,} parameters, expected {expected:,}. {why}"
        )
    with_random_weights(network, rng, scale=0.5)
    added = to_array(network(tensor(tokens)), "the tokens") - tokens
    far = 1e4 * tokens
    grown = to_array(network(tensor(far)), "the tokens") - far
    if np.abs(grown).max() > 100 * np.abs(added).max() + 1:
        raise Wrong(
            f"for tokens 10,000 times as large the block adds {np.abs(grown).max():.3g}, for "
            f"plain ones {np.abs(added).max():.3g}; expected about the same: norm the tokens "
            "in front of each branch, and add what comes out to the tokens themselves."
        )
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    expect_close(
        network(tensor(tokens)),
        tokens,
        "a block with all weights 0",
        hints=[
            (np.zeros_like(tokens), "Add each branch to the tokens that come in."),
            (2 * tokens, "Each branch is added once, to the result of the one before."),
            (3 * tokens, "Each branch is added once, to the result of the one before."),
        ],
    )
    with_random_weights(network, rng, scale=0.5)
    changed = tokens.copy()
    changed[:, 4] += rng.normal(size=8)
    moved = np.abs(
        to_array(network(tensor(changed)), "the tokens")
        - to_array(network(tensor(tokens)), "the tokens")
    ).max(axis=(0, 2))
    if moved[0] < 1e-6:
        raise Wrong(
            "another token 4 changes nothing in token 0, expected that attention carries "
            "it over: does it look along the axis of the tokens?"
        )
    inputs = keras.Input((6, 8))
    known = _Known(keras.Model(inputs, answer(inputs, 2)), 8, {})
    known.compare(
        tokens,
        lambda **how: known.block(tokens, **({"heads": 2} | how)),
        "a block with known weights",
        _BLOCK_MISTAKES,
    )
    _expect_copy(network, "a block")
    praise = "two branches, both behind a norm, both added; tokens hear each other."
    if any(hasattr(layer, "last_weights") for layer in layers_of(network)):
        return praise
    return f"{praise} (In exercise 6b it must be your SelfAttention, whose weights section 11 looks at.)"


def _expect_steady(network: keras.Model, inputs: Floats, given: str) -> None:
    """In training the network must do the same as otherwise, and the same each time."""
    plain, *training = (
        outputs(network, inputs, given, training=each) for each in (False, True, True)
    )
    if not all(np.allclose(each, plain, atol=1e-4) for each in training):
        raise Wrong(
            f"{given} makes something else in training than otherwise, expected the same: no dropout or noise is asked "
            "for, and the norms are LayerNormalization."
        )


def _gelu(values: Floats) -> Floats:
    return 0.5 * values * (1 + np.tanh(0.7978845608 * (values + 0.044715 * values**3)))


def _relu(values: Floats) -> Floats:
    return np.maximum(values, 0)


def _plain(values: Floats) -> Floats:
    return values


_CURVES = {
    "ReLU": _relu,
    "GELU": _gelu,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "LeakyReLU": lambda values: np.maximum(values, 0.2 * values),
    "ELU": lambda values: np.where(values > 0, values, np.expm1(np.minimum(values, 0))),
    "SiLU": lambda values: values * sigmoid(values),
}


def _bent(
    layer: str, sentence: str, but: str | None = None
) -> list[tuple[dict[str, Any], str]]:
    """A layer by hand with each of the curves but one, and the sentence with the curve's name in it."""
    return [
        ({layer: curve}, sentence.format(name))
        for name, curve in _CURVES.items()
        if name != but
    ]


_BLOCK_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"inner": _plain}, "Dense 1 has a GELU."),
    *_bent("inner", "Dense 1 has a GELU, and this looks like a {}.", but="GELU"),
    *_bent("outer", "Dense 2 has no activation, and this looks like a {}."),
    ({"inner": _plain, "outer": _gelu}, "The GELU belongs to Dense 1, not to Dense 2."),
    (
        {"beside": True},
        "The second branch takes T', what the first one has added to, and not T.",
    ),
    *(
        ({"heads": heads}, f"This looks like {heads} head{'s' * (heads > 1)}.")
        for heads in (1, 2, 4, 8, 16)
    ),
]
"""How a block by hand has to be changed to do what a wrong one does, and what is wrong with that."""


class _Known:
    """A network whose weights are set so that what it must make can be worked out in NumPy.

    Weights of the same kind get the same numbers, so that the order in which the network has them does not count: the
    four matrices of the attention, the scales of all norms, and all shifts and biases that are as long as a token.

    Args:
        network: of one transformer block; its weights are changed.
        features: numbers in a token.
        shapes: of the weights outside of the block, by name.
    """

    def __init__(
        self, network: keras.Model, features: int, shapes: dict[str, tuple[int, ...]]
    ) -> None:
        rng = np.random.default_rng(features)
        wide = {
            "wide": (features, 2 * features),
            "wide_bias": (2 * features,),
            "narrow": (2 * features, features),
        }
        self.network = network
        self.numbers = {
            # quiet at the end, where a tanh follows
            name: rng.normal(
                scale=(0.3 if name == "last" else 1) / np.sqrt(shape[0]), size=shape
            )
            for name, shape in (
                wide | shapes | {"matrix": (features, features)}
            ).items()
        }
        self.numbers["scale"] = rng.uniform(0.7, 1.3, size=features)
        self.numbers["shift"] = rng.normal(scale=0.3, size=features)
        if "positions" in shapes:
            self.numbers["positions"] *= 4
        self.complete = all(list(map(self._set, network.trainable_weights)))

    def _set(self, weight: keras.Variable) -> bool:
        """Give a weight its numbers, or say that it is of no kind that is known."""
        shape = tuple(side for side in weight.shape if side > 1)
        (features,) = self.numbers["scale"].shape
        name = None
        if shape == (features,):
            name = "scale" if np.all(weight.numpy() == 1) else "shift"
        elif np.prod(shape) == features**2:
            name = "matrix"
        for key, numbers in self.numbers.items():
            same = tuple(side for side in numbers.shape if side > 1) == shape
            kernel = key == "cut" and np.prod(shape) == numbers.size and len(shape) > 2
            if name is None and (same or kernel):
                name = key
        if name is None:
            return False
        weight.assign(self.numbers[name].reshape(weight.shape))
        return True

    def compare(
        self,
        inputs: Floats,
        right: Answer,
        given: str,
        mistakes: Sequence[tuple[dict[str, Any], str]],
        opened: Answer = _plain,
        ways: Sequence[dict[str, Any]] = ({},),
        otherwise: Callable[[], None] = lambda: None,
    ) -> None:
        """Compare what the network makes with what it should.

        Args:
            inputs: a batch of what goes in.
            right: the same by hand, with arguments for mistakes.
            given: the network in words, for the message.
            mistakes: arguments, and what is wrong with a network that does as they say.
            opened: undoes what stands at the network's end, such as a tanh.
            ways: arguments for networks that are as right.
            otherwise: what may have a better word where no mistake explains what the network does.

        Raises:
            Wrong: it makes something else.
        """
        if not self.complete:  # weights in a form of their own
            otherwise()
            return
        found = opened(outputs(self.network, inputs, given))

        def distance(other: Floats) -> float:
            return float(np.abs(found - other).max() / max(np.abs(other).max(), 1e-9))

        expected, close = right(), 0.005
        if any(distance(right(**way)) <= close for way in ways):
            return
        gap, words = min(
            ((distance(right(**mistake)), words) for mistake, words in mistakes),
            key=lambda each: each[0],
        )
        if gap > close:
            otherwise()
            words = "Go through the steps one by one."
        near = np.abs(found - expected) <= close * np.abs(expected).max()
        raise Wrong(f"{given}: {difference(found, expected, near)}. {words}")

    def norm(self, tokens: Floats) -> Floats:
        """A layer norm."""
        mean, variance = (
            part(tokens, axis=-1, keepdims=True) for part in (np.mean, np.var)
        )
        normed = (tokens - mean) / np.sqrt(variance + 1e-3)
        return normed * self.numbers["scale"] + self.numbers["shift"]

    def block(
        self,
        tokens: Floats,
        heads: int = 4,
        inner: Answer = _gelu,
        outer: Answer = _plain,
        beside: bool = False,
    ) -> Floats:
        """A transformer block."""
        w = self.numbers
        heads = min(heads, tokens.shape[-1])
        gathered, _ = _heads_by_hand(self.norm(tokens), [w["matrix"]] * 4, heads)
        heard = tokens + gathered @ w["matrix"]
        hidden = inner(
            self.norm(tokens if beside else heard) @ w["wide"] + w["wide_bias"]
        )
        return heard + outer(hidden @ w["narrow"] + w["shift"])


def _generator(latent_dim: int = 64, overlap: int = 0) -> keras.Model:
    return transformer.light_transformer_pair(latent_dim, overlap=overlap).generator


def _discriminator(overlap: int = 0) -> keras.Model:
    return transformer.light_transformer_pair(overlap=overlap).discriminator


_SHARES = {
    16 * 128: "the positions",
    256: "the norm behind the block",
    _block_size(128): "the transformer block",
    -_block_size(128): "a second block",
}
"""What a wrong number of parameters may come from: how many are missing, and of what."""


@exercise(stand_in=_generator)
def my_generator(answer: Answer) -> str:
    """Exercise 6a: noise to images by way of 16 tokens."""
    rng = np.random.default_rng(6)
    for latent_dim, overlap in ((64, 2), (64, 0), (51, 1)):
        given = f"my_generator({latent_dim}, {overlap})"
        network = _with_input(answer(latent_dim, overlap), given)
        expect_shape(network.input_shape, (latent_dim,), "noise", f"{given} takes")
        expect_shape(network.output_shape, (28, 28, 1), "images", f"{given} makes")
        side = 7 + 2 * overlap
        first = (latent_dim + 1) * 16 * 128
        _expect_count(
            network,
            first + 16 * 128 + _block_size(128) + 256 + 129 * side**2,
            given,
            _sides(129, side, "Does each token make {0}x{0} pixels?"),
        )
        noise = rng.normal(size=(8, latent_dim))
        _expect_steady(network, noise, given)
        if overlap == 2:  # the others are judged by what they draw
            images = expect_rows_apart(network, noise, given, training=True)
            last = "the tanh comes last, after the patches have been added up"
            expect_tanh(network, noise, given, last)
            expect_varied(images, given)
            expect_gradients(network, noise, given)
            _expect_copy(network, given)
        _expect_drawn(network, noise, overlap, given)
    return (
        "shapes, sizes and range are right; every pixel hears the noise, every weight "
        "gets a gradient."
    )


@exercise(stand_in=_discriminator)
def my_discriminator(answer: Answer) -> str:
    """Exercise 6b: images to one score by way of 16 tokens."""
    rng = np.random.default_rng(7)
    for overlap in (2, 0, 1):
        given = f"my_discriminator({overlap})"
        network = _with_input(answer(overlap), given)
        expect_shape(network.input_shape, (28, 28, 1), "images", f"{given} takes")
        expect_shape(network.output_shape, (1,), "scores", f"{given} makes")
        side = 7 + 2 * overlap
        _expect_count(
            network,
            (side**2 + 1) * 128 + 16 * 128 + _block_size(128) + 256 + 16 * 128 + 1,
            given,
            _sides(128, side, "Does each token see {0}x{0} pixels?")
            | {15 * 128: "Do all 16 tokens reach the last layer (Flatten)?"},
        )
        images = rng.uniform(-1, 1, size=(8, 28, 28, 1))
        _expect_steady(network, images, given)
        if overlap == 2:  # the others are judged by what they score
            expect_rows_apart(network, images, given, training=True)
            expect_gradients(network, images, given)
        _expect_scored(network, images, overlap, given)
    if not any(hasattr(layer, "last_weights") for layer in layers_of(network)):
        raise Wrong(
            f"{given} has no layer with last_weights, expected your SelfAttention in its "
            "block: section 11 looks at the weights that it keeps."
        )
    return "shapes and sizes are right; the raw score hears every pixel."


def _with_input(value: object, given: str) -> keras.Model:
    """A network that starts from keras.Input."""
    network = as_model(value, given, built=not hasattr(value, "inputs"))
    if not getattr(network, "inputs", None):
        raise Wrong(
            f"{given} is {kind_of(network)} without inputs, expected a functional or Sequential keras.Model: start it "
            "with keras.Input."
        )
    return network


def _sides(weights: int, side: int, words: str) -> dict[int, str]:
    """How many weights too few or too many patches of another side have, and the question that asks for it."""
    return {
        weights * (side**2 - other**2): words.format(side)
        for other in (7, 9, 11)
        if other != side
    }


def _expect_drawn(
    network: keras.Model, noise: Floats, overlap: int, given: str
) -> None:
    """A generator must draw what the steps of the text make of the noise."""
    pixels = (7 + 2 * overlap) ** 2
    shapes = {
        "first": (noise.shape[1], 2048),
        "first_bias": (2048,),
        "positions": (16, 128),
        "last": (128, pixels),
        "last_bias": (pixels,),
    }
    known = _Known(network, 128, shapes)
    w = known.numbers

    def drawn(
        first: Answer = _plain,
        last: Answer = _plain,
        turned: bool = False,
        stretch: float = 1.0,
        **how: Any,
    ) -> Floats:
        made = first(noise @ w["first"] + w["first_bias"])
        tokens = (
            made.reshape(-1, 128, 16).swapaxes(1, 2)
            if turned
            else made.reshape(-1, 16, 128)
        )
        tokens = known.norm(known.block(tokens + w["positions"], **how))
        patches = last(tokens @ w["last"] + w["last_bias"])
        return stretch * _numpy_add_up(patches, 7, overlap, (28, 28, 1))

    known.compare(
        noise,
        drawn,
        f"{given} with known weights, before its tanh",
        [
            *_bent(
                "first",
                "The first dense layer has no activation, and this looks like a {}.",
            ),
            *_bent(
                "last",
                "The dense layer of the pixels has no activation, and this looks like a {}.",
            ),
            *_BLOCK_MISTAKES,
        ],
        opened=lambda images: np.arctanh(np.clip(images, -1 + 1e-6, 1 - 1e-6)),
        ways=({}, {"turned": True}, {"stretch": 0.5}),  # 2 sigmoid(x) - 1 is a tanh
    )


def _expect_scored(
    network: keras.Model, images: Floats, overlap: int, given: str
) -> None:
    """A discriminator must give the score that the steps of the text make of the images."""
    pixels = (7 + 2 * overlap) ** 2
    shapes = {"cut": (pixels, 128), "positions": (16, 128), "last": (2048, 1)}
    known = _Known(network, 128, shapes | {"last_bias": (1,)})
    w = known.numbers

    def scored(
        first: Answer = _plain,
        last: Answer = _plain,
        turned: bool = False,
        **how: Any,
    ) -> Floats:
        tokens = first(_numpy_patchify(images, 7, overlap) @ w["cut"] + w["shift"])
        tokens = known.norm(known.block(tokens + w["positions"], **how))
        flat = (tokens.swapaxes(1, 2) if turned else tokens).reshape(-1, 2048)
        return last(flat @ w["last"] + w["last_bias"])

    known.compare(
        images,
        scored,
        f"{given} with known weights",
        [
            *_bent(
                "first",
                "The first dense layer has no activation, and this looks like a {}.",
            ),
            *_bent("last", "We want raw scores, and this looks like a {} at the end."),
            *_BLOCK_MISTAKES,
        ],
        ways=({}, {"turned": True}),
        otherwise=lambda: expect_raw_scores(network, images, given),
    )


def _expect_count(
    network: keras.Model, expected: int, given: str, more: dict[int, str]
) -> None:
    """The number of parameters, and what may be missing where it is another."""
    lacking = expected - network.count_params()
    if lacking == 0:
        return
    words = {
        count: f"Is {part} missing?" if count > 0 else f"Is there {part}?"
        for count, part in _SHARES.items()
    } | more
    hint = words.get(lacking, "Go through the parts one by one in its summary().")
    raise Wrong(
        f"{given} has {network.count_params():,} parameters, expected {expected:,}. {hint}"
    )
