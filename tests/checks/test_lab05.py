"""Lab 05's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers import models
from labhelpers.models.transformer import Patchify, PositionEmbedding, SelfAttention, Unpatchify
from tests.checks.exercises import Exercises


def _attend(query, key, value, *, root=0.5, axis=-1):
    scores = tf.matmul(query, key, transpose_b=True) / query.shape[-1] ** root
    weights = tf.nn.softmax(scores, axis=axis)
    return tf.matmul(weights, value), weights


def _attend_einsum(query, key, value):
    scores = tf.einsum("...nd,...md->...nm", query, key) / np.sqrt(key.shape[-1])
    weights = keras.activations.softmax(scores)
    return [tf.einsum("...nm,...me->...ne", weights, value), weights]


def _attend_by_exponentials(query, key, value):
    scores = query @ tf.linalg.matrix_transpose(key) / tf.sqrt(float(key.shape[-1]))
    raised = tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True))
    weights = raised / tf.reduce_sum(raised, axis=-1, keepdims=True)
    return weights @ value, weights


def _attend_overflowing(query, key, value):
    raised = tf.exp(query @ tf.linalg.matrix_transpose(key) / tf.sqrt(float(key.shape[-1])))
    weights = raised / tf.reduce_sum(raised, axis=-1, keepdims=True)
    return weights @ value, weights


def _attend_plain_transpose(query, key, value):
    weights = tf.nn.softmax(query @ tf.transpose(key) / key.shape[-1] ** 0.5)
    return weights @ value, weights


def _heads_transposed(tokens, matrices, heads, *, attend=_attend, mix=True, add=False, split=True):
    _, count, features = tokens.shape

    def cut(matrix):
        parts = tf.reshape(tokens @ matrix, (-1, count, heads, features // heads))
        return tf.transpose(parts, (0, 2, 1, 3)) if split else tf.reshape(parts, (-1, heads, count, features // heads))

    mixed, weights = attend(*map(cut, matrices[:3]))
    joined = tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (-1, count, features))
    output = joined @ matrices[3] if mix else joined
    return (output + tokens if add else output), weights


def _heads_in_a_loop(tokens, matrices, heads):
    query, key, value = (tf.split(tokens @ matrix, heads, axis=-1) for matrix in matrices[:3])
    results = [_attend(*each) for each in zip(query, key, value, strict=True)]
    joined = tf.concat([mixed for mixed, _ in results], axis=-1)
    return joined @ matrices[3], tf.stack([weights for _, weights in results], axis=1)


def _heads_einsum(tokens, matrices, heads):
    size = tokens.shape[-1] // heads
    wq, wk, wv = (tf.reshape(matrix, (-1, heads, size)) for matrix in matrices[:3])
    query, key, value = (tf.einsum("bnd,dhk->bhnk", tokens, each) for each in (wq, wk, wv))
    mixed, weights = _attend_einsum(query, key, value)
    return tf.einsum("bhnk,hkd->bnd", mixed, tf.reshape(matrices[3], (heads, size, -1))), weights


def _one_head(tokens, matrices, heads):
    mixed, weights = _attend(*(tokens @ matrix for matrix in matrices[:3]))
    return mixed @ matrices[3], tf.repeat(weights[:, None], heads, axis=1)


def _scaled_by_all_features(query, key, value):
    weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / (key.shape[-1] * key.shape[1]) ** 0.5)
    return weights @ value, weights


def _pad(images, overlap):
    return tf.pad(images, [[0, 0], [overlap, overlap], [overlap, overlap], [0, 0]])


def _cut(order, flat=True):
    """Patches without overlap by reshape, transpose and reshape, with this order of the axes."""

    def answer(images, patch_size, overlap):
        _, height, width, channels = images.shape
        rows, columns = height // patch_size, width // patch_size
        cut = tf.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
        shape = (patch_size * patch_size * channels,) if flat else (patch_size, patch_size, channels)
        return tf.reshape(tf.transpose(cut, order), (-1, rows * columns, *shape))

    return answer


def _right_extract(images, patch_size, overlap):
    window, step = (1, *[patch_size + 2 * overlap] * 2, 1), (1, patch_size, patch_size, 1)
    patches = tf.image.extract_patches(_pad(images, overlap), window, step, (1, 1, 1, 1), "VALID")
    return tf.reshape(patches, (tf.shape(images)[0], -1, patches.shape[-1]))


def _slices(images, patch_size, overlap, pad=_pad):
    _, height, width, channels = images.shape
    side = patch_size + 2 * overlap
    images = pad(images, overlap)
    patches = [
        tf.reshape(images[:, top : top + side, left : left + side], (-1, side**2 * channels))
        for top in range(0, height, patch_size)
        for left in range(0, width, patch_size)
    ]
    return tf.stack(patches, axis=1)


def _right_gather(images, patch_size, overlap):
    _, height, width, channels = images.shape
    side = patch_size + 2 * overlap
    rows, columns = (np.arange(0, size, patch_size)[:, None] + np.arange(side) for size in (height, width))
    cut = tf.gather(tf.gather(_pad(images, overlap), rows, axis=1), columns, axis=3)
    return tf.reshape(tf.transpose(cut, (0, 1, 3, 2, 4, 5)), (-1, len(rows) * len(columns), side * side * channels))


def _repeated_edge(images, overlap):
    return tf.concat([images[:, :1]] * overlap + [images] + [images[:, -1:]] * overlap, 1) if overlap else images


def _edge(images, overlap):
    turned = tf.transpose(_repeated_edge(images, overlap), (0, 2, 1, 3))
    return tf.transpose(_repeated_edge(turned, overlap), (0, 2, 1, 3))


def _tiles(patches, patch_size, overlap, image_shape):
    side = patch_size + 2 * overlap
    return tf.reshape(patches, (-1, patches.shape[1], side, side, image_shape[2]))


def _pad_and_add(patches, patch_size, overlap, image_shape):
    height, width, _ = image_shape
    columns, step = width // patch_size, patch_size
    tiles = _tiles(patches, patch_size, overlap, image_shape)
    total = 0.0
    for number in range(patches.shape[1]):
        top, left = number // columns * step, number % columns * step
        around = [[0, 0], [top, height - step - top], [left, width - step - left], [0, 0]]
        total += tf.pad(tiles[:, number], around)
    return total[:, overlap : overlap + height, overlap : overlap + width]


def _transposed_convolution(patches, patch_size, overlap, image_shape):
    height, width, channels = image_shape
    side = patch_size + 2 * overlap
    count = side * side * channels
    grid = tf.reshape(patches, (-1, height // patch_size, width // patch_size, count))
    kernel = tf.reshape(tf.transpose(tf.eye(count)), (side, side, channels, count))
    whole = (tf.shape(patches)[0], height + 2 * overlap, width + 2 * overlap, channels)
    added = tf.nn.conv2d_transpose(grid, kernel, whole, patch_size, "VALID")
    return added[:, overlap : overlap + height, overlap : overlap + width]


def _matrix(size, patch_size, overlap):
    places = np.arange(0, size, patch_size)[:, None] - overlap + np.arange(patch_size + 2 * overlap)
    return (places.reshape(-1, 1) == np.arange(size)).astype(np.float32)


def _by_matrices(patches, patch_size, overlap, image_shape):
    height, width, channels = image_shape
    side, rows, columns = patch_size + 2 * overlap, height // patch_size, width // patch_size
    cut = tf.transpose(tf.reshape(patches, (-1, rows, columns, side, side, channels)), (0, 1, 3, 2, 4, 5))
    laid = tf.reshape(cut, (-1, rows * side, columns * side, channels))
    down, across = (_matrix(size, patch_size, overlap) for size in (height, width))
    return tf.einsum("ih,bijc,jw->bhwc", down, laid, across)


def _put_without_adding(patches, patch_size, overlap, image_shape):
    """Each pixel from the patch of its own cell alone."""
    side = patch_size + 2 * overlap
    tiles = _tiles(patches, patch_size, overlap, image_shape)
    inner = tiles[:, :, overlap : side - overlap, overlap : side - overlap]
    cells = tf.reshape(inner, (-1, patches.shape[1], patch_size**2 * image_shape[2]))
    return _by_matrices(cells, patch_size, 0, image_shape)


def _cut_off_at_one_end(patches, patch_size, overlap, image_shape):
    height, width, _ = image_shape
    return _pad(_by_matrices(patches, patch_size, overlap, image_shape), overlap)[:, :height, :width]


class _AddWeight(keras.layers.Layer):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=tuple(input_shape[1:]), initializer="random_normal", name="positions")

    def call(self, tokens):
        return tokens + self.positions


class _WithBatchAxis(keras.layers.Layer):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=(1, *input_shape[1:]), initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, tokens):
        return keras.ops.add(tokens, self.positions)


class _Embedding(keras.layers.Layer):
    """The document's way, made to work: the embedding belongs to the layer, and is looked up in call."""

    def build(self, input_shape):
        self.tokens = input_shape[1]
        self.embedding = keras.layers.Embedding(self.tokens, input_shape[2])
        self.embedding.build((None,))

    def call(self, tokens):
        return tokens + self.embedding(tf.range(self.tokens))


class _Untrainable(_AddWeight):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=tuple(input_shape[1:]), initializer="random_normal", trainable=False)


class _PlainVariable(_AddWeight):
    def build(self, input_shape):
        self.positions = tf.random.normal(tuple(input_shape[1:]))


class _EmbeddingInCall(keras.layers.Layer):
    def call(self, tokens):
        return tokens + keras.layers.Embedding(tokens.shape[1], tokens.shape[2])(tf.range(tokens.shape[1]))


class _OneNumberAPosition(_AddWeight):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=(input_shape[1], 1), initializer="random_normal")


class _OneVectorForAll(_AddWeight):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=(input_shape[2],), initializer="random_normal")


class _Multiplied(_AddWeight):
    def call(self, tokens):
        return tokens * self.positions


class _Joined(_AddWeight):
    def call(self, tokens):
        return tf.concat([tokens, tf.broadcast_to(self.positions, tf.shape(tokens))], axis=2)


class _OnlyPositions(_AddWeight):
    def call(self, tokens):
        return tf.zeros_like(tokens) + self.positions


class _Stopped(_AddWeight):
    def call(self, tokens):
        return tokens + tf.stop_gradient(self.positions.value)


class _Unused(_AddWeight):
    def call(self, tokens):
        return tokens


def _branches(tokens, heads, *, norm=layers.LayerNormalization, attend=True, units=2, first=True, second=True):
    """The block, or one with a mistake."""
    width = tokens.shape[-1]
    if attend:
        found = SelfAttention(heads)(norm()(tokens))
        tokens = tokens + found if first else found
    hidden = layers.Dense(units * width, activation="gelu")(norm()(tokens))
    found = layers.Dense(width)(hidden)
    return tokens + found if second else found


def _keras_block(tokens, heads):
    normed = layers.LayerNormalization()(tokens)
    found = layers.MultiHeadAttention(heads, tokens.shape[-1] // heads, use_bias=False)(normed, normed)
    tokens = layers.Add()([tokens, found])
    width = tokens.shape[-1]
    parts = [layers.LayerNormalization(), layers.Dense(2 * width), layers.Activation("gelu"), layers.Dense(width)]
    return layers.Add()([tokens, keras.Sequential(parts)(tokens)])


class _BlockLayer(layers.Layer):
    def __init__(self, heads):
        super().__init__()
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        self.attention = SelfAttention(heads)

    def build(self, shape):
        width = shape[-1]
        self.dense = [layers.Dense(2 * width, activation="relu"), layers.Dense(width)]
        for norm in self.norms:
            norm.build(shape)
        self.attention.build(shape)
        self.dense[0].build(shape)
        self.dense[1].build((*shape[:-1], 2 * width))

    def call(self, tokens):
        tokens = tokens + self.attention(self.norms[0](tokens))
        return tokens + self.dense[1](self.dense[0](self.norms[1](tokens)))


def _norm_behind(tokens, heads):
    width = tokens.shape[-1]
    tokens = layers.LayerNormalization()(tokens + SelfAttention(heads)(tokens))
    found = layers.Dense(width)(layers.Dense(2 * width, activation="gelu")(tokens))
    return layers.LayerNormalization()(tokens + found)


def _norms_inside_only(tokens, heads):
    """The norm stands behind each branch instead of in front of it."""
    width = tokens.shape[-1]
    tokens = tokens + layers.LayerNormalization()(SelfAttention(heads)(tokens))
    hidden = layers.Dense(2 * width, activation="gelu")(tokens)
    return tokens + layers.Dense(width)(layers.LayerNormalization()(hidden))


def _one_norm_for_both(tokens, heads):
    width, norm = tokens.shape[-1], layers.LayerNormalization()
    tokens = tokens + SelfAttention(heads)(norm(tokens))
    return tokens + layers.Dense(width)(layers.Dense(2 * width, activation="gelu")(norm(tokens)))


def _residual_of_the_norm(tokens, heads):
    width = tokens.shape[-1]
    normed = layers.LayerNormalization()(tokens)
    tokens = normed + SelfAttention(heads)(normed)
    normed = layers.LayerNormalization()(tokens)
    return normed + layers.Dense(width)(layers.Dense(2 * width, activation="gelu")(normed))


class _AttentionOfTheBatch(SelfAttention):
    """Looks along the wrong axis: each token hears the same token of other images."""

    def call(self, tokens):
        turned = tf.transpose(tokens, (1, 0, 2))
        query, key, value = (turned @ matrix for matrix in self.matrices[:3])
        return tf.transpose(_attend(query, key, value)[0] @ self.matrices[3], (1, 0, 2))


def _along_the_batch(tokens, heads):
    width = tokens.shape[-1]
    tokens = tokens + _AttentionOfTheBatch(heads)(layers.LayerNormalization()(tokens))
    hidden = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization()(tokens))
    return tokens + layers.Dense(width)(hidden)


class _Weights(SelfAttention):
    def call(self, tokens):
        return tokens @ self.matrices[0] @ self.matrices[1] @ self.matrices[2] @ self.matrices[3]


def _nobody_listens(tokens, heads):
    width = tokens.shape[-1]
    tokens = tokens + _Weights(heads)(layers.LayerNormalization()(tokens))
    hidden = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization()(tokens))
    return tokens + layers.Dense(width)(hidden)


def _draw(
    latent_dim,
    overlap,
    *,
    first=True,
    positions=True,
    blocks=1,
    last="tanh",
    early=None,
    norm=True,
    patches=None,
    order=(0, 1, 2),
):
    """The generator, or one with a mistake."""
    noise = keras.Input((latent_dim,))
    tokens = layers.Reshape((16, 128))(layers.Dense(2048)(noise if first else noise * 0.0))
    if positions:
        tokens = PositionEmbedding()(tokens)
    for _ in range(blocks):
        tokens = _branches(tokens, 4)
    if norm:
        tokens = layers.LayerNormalization()(tokens)
    side = 7 + 2 * (overlap if patches is None else patches)
    tokens = layers.Dense(side * side, activation=early)(tokens)
    x = Unpatchify((28, 28, 1), 7, overlap if patches is None else patches)(tokens)
    return keras.Model(noise, layers.Activation(last)(x) if last else x)


def _sequential_generator(latent_dim, overlap):
    parts = [
        keras.Input((latent_dim,)),
        layers.Dense(2048),
        layers.Reshape((16, 128)),
        PositionEmbedding(),
        _BlockLayer(4),
        layers.LayerNormalization(),
        layers.Dense((7 + 2 * overlap) ** 2),
        Unpatchify((28, 28, 1), 7, overlap),
        layers.Activation("tanh"),
    ]
    return keras.Sequential(parts)


def _operations_generator(latent_dim, overlap):
    """With keras.ops for what has no weights."""
    noise = keras.Input((latent_dim,))
    tokens = PositionEmbedding()(keras.ops.reshape(layers.Dense(2048)(noise), (-1, 16, 128)))
    tokens = layers.LayerNormalization()(_keras_block(tokens, 4))
    patches = layers.Dense((7 + 2 * overlap) ** 2)(tokens)
    return keras.Model(noise, keras.ops.tanh(Unpatchify((28, 28, 1), 7, overlap)(patches)))


def _fixed_batch(latent_dim, overlap):
    noise = keras.Input((latent_dim,))
    tokens = PositionEmbedding()(layers.Reshape((16, 128))(layers.Dense(2048)(noise)))
    tokens = layers.LayerNormalization()(_branches(tokens, 4))
    patches = layers.Dense((7 + 2 * overlap) ** 2)(tokens)
    x = Unpatchify((28, 28, 1), 7, overlap)(patches)
    return keras.Model(noise, layers.Activation("tanh")(x * keras.ops.mean(x, axis=0, keepdims=True)))


def _score(
    overlap,
    *,
    positions=True,
    blocks=1,
    last=None,
    norm=layers.LayerNormalization,
    ends=layers.Flatten,
    cut=None,
):
    """The discriminator, or one with a mistake."""
    images = keras.Input((28, 28, 1))
    tokens = layers.Dense(128)(Patchify(7, overlap if cut is None else cut)(images))
    if positions:
        tokens = PositionEmbedding()(tokens)
    for _ in range(blocks):
        tokens = _branches(tokens, 4)
    logits = layers.Dense(1, activation=last)(ends()(norm()(tokens)))
    return keras.Model(images, logits)


def _sequential_discriminator(overlap):
    parts = [
        keras.Input((28, 28, 1)),
        Patchify(7, overlap),
        layers.Dense(128),
        PositionEmbedding(),
        _BlockLayer(4),
        layers.LayerNormalization(),
        layers.Reshape((2048,)),
        layers.Dense(1),
    ]
    return keras.Sequential(parts)


def _convolution_discriminator(overlap):
    """The projection of patches as what it is: a convolution with a stride."""
    images = keras.Input((28, 28, 1))
    padded = layers.ZeroPadding2D(overlap)(images)
    tokens = layers.Conv2D(128, 7 + 2 * overlap, strides=7)(padded)
    tokens = PositionEmbedding()(layers.Reshape((16, 128))(tokens))
    tokens = layers.LayerNormalization()(_branches(tokens, 4))
    return keras.Model(images, layers.Dense(1)(layers.Flatten()(tokens)))


def _without_kept_weights(overlap):
    images = keras.Input((28, 28, 1))
    tokens = PositionEmbedding()(layers.Dense(128)(Patchify(7, overlap)(images)))
    tokens = layers.LayerNormalization()(_keras_block(tokens, 4))
    return keras.Model(images, layers.Dense(1)(layers.Flatten()(tokens)))


def _half_blind(overlap):
    images = keras.Input((28, 28, 1))
    tokens = layers.Dense(128)(Patchify(7, overlap)(images))
    tokens = keras.ops.concatenate([tokens[:, :8], tokens[:, :8]], axis=1)
    tokens = _branches(PositionEmbedding()(tokens), 4)
    logits = layers.Dense(1)(layers.Flatten()(layers.LayerNormalization()(tokens)))
    return keras.Model(images, logits)


def _pair(which, **settings):
    """A player as a student calls it."""
    if which == "G":
        return lambda latent_dim=64, overlap=0: _draw(latent_dim, overlap, **settings)
    return lambda overlap=0: _score(overlap, **settings)


RIGHT = {
    "attention": [_attend, _attend_einsum, _attend_by_exponentials],
    "multi_head": [_heads_transposed, _heads_in_a_loop, _heads_einsum],
    "patchify": [_right_extract, _slices, _right_gather],
    "add_up": [_pad_and_add, _transposed_convolution, _by_matrices],
    "PositionalEmbedding": [_AddWeight, _WithBatchAxis, _Embedding],
    "transformer_block": [_branches, _keras_block, lambda tokens, heads: _BlockLayer(heads)(tokens)],
    "my_generator": [
        _pair("G"),
        _sequential_generator,
        _operations_generator,
    ],
    "my_discriminator": [
        _pair("D"),
        _sequential_discriminator,
        _convolution_discriminator,
    ],
}

WRONG = {
    "attention": [
        (lambda *a: _attend(*a, root=0), "root of the key"),
        (lambda *a: _attend(*a, root=1), "root of the key"),
        (lambda *a: _attend(*a, axis=-2), "each query's row"),
        (lambda *a: _attend(*a)[::-1], "output first"),
        (lambda *a: _attend(*a)[0], "the two results"),
        (_attend_overflowing, "finite"),
        (_attend_plain_transpose, "raised"),
        (lambda *a: tuple(each.numpy() for each in _attend(*a)), "NumPy lets no gradient"),
        (lambda q, k, v: (_attend(q, k, v)[0], tf.matmul(q, k, transpose_b=True) / 3), "softmax turns them"),
    ],
    "multi_head": [
        (lambda *a: _heads_transposed(*a, mix=False), "The last matrix"),
        (lambda *a: _heads_transposed(*a, add=True), "added later"),
        (lambda *a: _heads_transposed(*a, split=False), "then transpose"),
        (_one_head, "own part"),
        (lambda *a: _heads_transposed(*a, attend=lambda *q: _attend(*q, root=0)), "Divide the scores"),
        (lambda *a: _heads_transposed(*a, attend=_scaled_by_all_features), "d / heads"),
        (lambda *a: _heads_transposed(*a)[0], "the two results"),
        (lambda *a: None, "return"),
    ],
    "patchify": [
        (lambda images, p, o: tf.reshape(images, (images.shape[0], -1, p * p * images.shape[3])), "plain reshape"),
        (_cut((0, 3, 1, 2, 4, 5)), "row by row"),
        (_cut((0, 1, 3, 4, 2, 5)), "Inside a patch"),
        (_cut((0, 1, 3, 2, 4, 5), flat=False), "flat vector"),
        (_cut((0, 1, 3, 2, 4, 5)), "one more on each side"),
        (lambda *a: _slices(*a, pad=_edge), "zeros"),
        (lambda *a: tf.transpose(_slices(*a), (0, 2, 1)), "second axis"),
        (lambda images, p, o: _slices(images.numpy(), p, o).numpy(), "gradient"),
        (lambda images, p, o: None, "return"),
    ],
    "add_up": [
        (lambda patches, p, o, shape: tf.reshape(patches, (-1, *shape)), "plain reshape"),
        (lambda *a: tf.transpose(_by_matrices(*a), (0, 2, 1, 3)), "swapped"),
        (lambda *a: _by_matrices(*a)[..., 0], "channel axis"),
        (_put_without_adding, "added up"),
        (_cut_off_at_one_end, "all four sides"),
        (lambda *a: _by_matrices(*a).numpy(), "gradient"),
        (lambda patches, p, o, shape: patches, "shape"),
    ],
    "PositionalEmbedding": [
        (_Untrainable, "not trainable"),
        (_PlainVariable, "add_weight"),
        (_EmbeddingInCall, "add_weight"),
        (_OneNumberAPosition, "input_shape[1:]"),
        (_OneVectorForAll, "input_shape[1:]"),
        (_Multiplied, "do not multiply"),
        (_Joined, "same shape"),
        (_OnlyPositions, "that come in"),
        (_Stopped, "no gradient"),
        (_Unused, "not used"),
        (lambda: np.zeros(3), "keras.layers.Layer"),
    ],
    "transformer_block": [
        (_norm_behind, "in front of each branch"),
        (_norms_inside_only, "parameters"),
        (_one_norm_for_both, "a norm (16)"),
        (_residual_of_the_norm, "add"),
        (lambda t, h: _branches(t, h, first=False), "add"),
        (lambda t, h: _branches(t, h, second=False), "add"),
        (lambda t, h: _branches(t, h, attend=False), "parameters"),
        (lambda t, h: _branches(t, h, units=4), "parameters"),
        (lambda t, h: _branches(t, h, norm=layers.BatchNormalization), "LayerNormalization"),
        (_along_the_batch, "in the batch"),
        (_nobody_listens, "axis of the tokens"),
        (lambda t, h: layers.Flatten()(_branches(t, h)), "expected tokens"),
        (lambda t, h: None, "return"),
    ],
    "my_generator": [
        (_pair("G", last="sigmoid"), "both ends"),
        (_pair("G", last=None), "tanh comes last"),
        (_pair("G", last=None, early="tanh"), "tanh comes last"),
        (_pair("G", positions=False), "positions missing"),
        (_pair("G", blocks=0), "transformer block missing"),
        (_pair("G", blocks=2), "a second block"),
        (_pair("G", norm=False), "norm behind the block"),
        (_pair("G", patches=0), "11x11"),
        (_pair("G", first=False), "same for 8"),
        (_fixed_batch, "in the batch"),
        (lambda latent_dim, overlap: _score(overlap), "takes"),
        (
            lambda latent_dim, overlap: models.light_transformer_pair(latent_dim, overlap=overlap).generator,
            "labhelpers' own version",
        ),
        (lambda latent_dim, overlap: None, "return"),
    ],
    "my_discriminator": [
        (_pair("D", last="sigmoid"), "raw scores"),
        (_pair("D", last="tanh"), "raw scores"),
        (_pair("D", positions=False), "positions missing"),
        (_pair("D", blocks=0), "transformer block missing"),
        (_pair("D", cut=0), "11x11"),
        (_pair("D", ends=layers.GlobalAveragePooling1D), "Flatten"),
        (_pair("D", norm=layers.BatchNormalization), "parameters"),
        (_half_blind, "does not look at"),
        (_without_kept_weights, "last_weights"),
        (lambda overlap: _draw(64, overlap), "takes"),
        (lambda overlap: None, "return"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab05", RIGHT, WRONG
