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


def _attend_ops(query, key, value):
    weights = keras.ops.softmax(keras.ops.matmul(query, keras.ops.swapaxes(key, -1, -2)) * key.shape[-1] ** -0.5)
    return keras.ops.matmul(weights, value), weights


def _attend_roots(query, key, value):
    root = float(key.shape[-1]) ** 0.25
    weights = tf.exp(tf.nn.log_softmax(tf.linalg.matmul(query / root, key / root, transpose_b=True)))
    return tf.linalg.matmul(weights, value), weights


def _attend_unstacked(query, key, value):
    """One sequence after the other: no batch of unknown size."""
    if len(query.shape) == 2:
        return _attend(query, key, value)
    parts = [_attend_unstacked(*three) for three in zip(*map(tf.unstack, (query, key, value)), strict=True)]
    return tuple(tf.stack(part) for part in zip(*parts, strict=True))


def _attend_half_numpy(query, key, value):
    """A sum that no gradient sees."""
    scores = query @ tf.linalg.matrix_transpose(key) / tf.sqrt(float(key.shape[-1]))
    raised = tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True))
    weights = raised / np.sum(raised, axis=-1, keepdims=True)
    return weights @ value, weights


def _attend_exp(query, key, value):
    raised = np.exp(query @ tf.linalg.matrix_transpose(key) / np.sqrt(key.shape[-1], dtype=np.float32) - 300)
    weights = tf.constant(raised / raised.sum(axis=-1, keepdims=True))
    return weights @ value, weights


def _attend_long(query, key, value):
    return _attend(*(tf.cast(each, tf.float64) for each in (query, key, value)))


def _attend_if(query, key, value):
    mixed, weights = _attend(query, key, value)
    return (mixed, weights) if tf.reduce_max(weights) <= 1 else (mixed, tf.nn.softmax(weights))


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


def _heads_matrices(tokens, matrices, heads):
    """Cut the matrices instead of what they make."""
    cut = [tf.split(tf.convert_to_tensor(matrix), heads, axis=1) for matrix in matrices[:3]]
    results = [_attend_ops(*(tokens @ part for part in three)) for three in zip(*cut, strict=True)]
    down = tf.split(tf.convert_to_tensor(matrices[3]), heads, axis=0)
    output = tf.add_n([mixed @ part for (mixed, _), part in zip(results, down, strict=True)])
    return output, tf.stack([weights for _, weights in results], axis=1)


def _heads_stacked(tokens, matrices, heads):
    query, key, value = (tf.stack(tf.split(tokens @ matrix, heads, -1), 1) for matrix in matrices[:3])
    mixed, weights = _attend_roots(query, key, value)
    return tf.concat(tf.unstack(mixed, axis=1), -1) @ matrices[3], weights


def _heads_of_a_batch(tokens, matrices, heads):
    count, number, features = tokens.shape

    def cut(matrix):
        parts = tf.reshape(tokens @ matrix, (count, number, heads, features // heads))
        return tf.transpose(parts, (0, 2, 1, 3))

    mixed, weights = _attend(*map(cut, matrices[:3]))
    return tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (count, number, features)) @ matrices[3], weights


def _heads_not_back(tokens, matrices, heads):
    _, count, features = tokens.shape

    def cut(matrix):
        return tf.transpose(tf.reshape(tokens @ matrix, (-1, count, heads, features // heads)), (0, 2, 1, 3))

    mixed, weights = _attend(*map(cut, matrices[:3]))
    return tf.reshape(mixed, (-1, count, features)) @ matrices[3], weights


def _heads_hidden(tokens, matrices, heads):
    """The key's matrix as a constant."""
    return _heads_transposed(tokens, [matrices[0], tf.stop_gradient(matrices[1]), *matrices[2:]], heads)


def _with_weights(change):
    def answer(tokens, matrices, heads):
        output, weights = _heads_transposed(tokens, matrices, heads)
        return output, change(weights)

    return answer


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


def _convolved(images, patch_size, overlap):
    """A convolution whose kernel is the identity."""
    side, channels = patch_size + 2 * overlap, images.shape[3]
    kernel = tf.reshape(tf.eye(side * side * channels), (side, side, channels, -1))
    cut = tf.nn.conv2d(_pad(images, overlap), kernel, patch_size, "VALID")
    return tf.reshape(cut, (-1, cut.shape[1] * cut.shape[2], cut.shape[3]))


def _by_ops(images, patch_size, overlap):
    side = patch_size + 2 * overlap
    padded = keras.ops.pad(images, ((0, 0), (overlap, overlap), (overlap, overlap), (0, 0)))
    corners = np.ndindex(images.shape[1] // patch_size, images.shape[2] // patch_size)
    cut = [padded[:, r * patch_size :, c * patch_size :][:, :side, :side] for r, c in corners]
    return keras.ops.reshape(keras.ops.stack(cut, axis=1), (len(images), len(cut), -1))


def _square_only(images, patch_size, overlap):
    height = images.shape[1]
    return _slices(
        tf.pad(images, [[0, 0], [0, 0], [0, max(0, height - images.shape[2])], [0, 0]])[:, :, :height],
        patch_size,
        overlap,
    )


def _pad_below(images, overlap):
    return tf.pad(images, [[0, 0], [0, 2 * overlap], [0, 2 * overlap], [0, 0]])


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


def _transposed_convolution(patches, patch_size, overlap, image_shape, first=None):
    height, width, channels = image_shape
    side = patch_size + 2 * overlap
    count = side * side * channels
    grid = tf.reshape(patches, (-1, height // patch_size, width // patch_size, count))
    kernel = tf.reshape(tf.transpose(tf.eye(count)), (side, side, channels, count))
    whole = (tf.shape(patches)[0], height + 2 * overlap, width + 2 * overlap, channels)
    added = tf.nn.conv2d_transpose(grid, kernel, whole, patch_size, "VALID")
    first = overlap if first is None else first
    return added[:, first : first + height, first : first + width]


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
    return _transposed_convolution(patches, patch_size, overlap, image_shape, first=0)


def _scattered(patches, patch_size, overlap, image_shape):
    height, width, channels = image_shape
    side, columns = patch_size + 2 * overlap, width // patch_size
    cells = np.array([divmod(n, columns) for n in range(patches.shape[1])]) * patch_size
    around = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1)
    places = (cells[:, None, None] + around).reshape(-1, 2)
    tiles = tf.reshape(
        tf.transpose(_tiles(patches, patch_size, overlap, image_shape), (1, 2, 3, 0, 4)), (len(places), -1, channels)
    )
    whole = tf.scatter_nd(places, tiles, (height + 2 * overlap, width + 2 * overlap, tf.shape(patches)[0], channels))
    return tf.transpose(whole, (2, 0, 1, 3))[:, overlap : overlap + height, overlap : overlap + width]


def _pulled_back(patches, patch_size, overlap, image_shape):
    """Adding up is the gradient of cutting out."""
    image = tf.zeros((tf.shape(patches)[0], *image_shape))
    with tf.GradientTape() as tape:
        tape.watch(image)
        cut = _slices(image, patch_size, overlap)
    return tape.gradient(cut, image, output_gradients=patches)


def _averaged(patches, *how):
    return _by_matrices(patches, *how) / _by_matrices(tf.ones_like(patches), *how)


def _in_numpy(patches, patch_size, overlap, image_shape):
    return tf.constant(_pad_and_add(tf.constant(np.asarray(patches)), patch_size, overlap, image_shape).numpy())


def _half_hidden(patches, *how):
    return _by_matrices(tf.stop_gradient(patches) / 2, *how) + _by_matrices(patches / 2, *how)


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


class _Transposed(keras.layers.Layer):
    def build(self, input_shape):
        self.columns = self.add_weight(shape=(input_shape[2], input_shape[1]), initializer="zeros")

    def call(self, tokens):
        return tokens + tf.transpose(self.columns)


class _Flat(keras.layers.Layer):
    def build(self, input_shape):
        self.shape = tuple(input_shape[1:])
        self.flat = self.add_weight(shape=(int(np.prod(self.shape)),), initializer="random_normal")

    def call(self, tokens):
        return keras.layers.add([tokens, tf.broadcast_to(tf.reshape(self.flat, self.shape), tf.shape(tokens))])


class _NoArguments(_AddWeight):
    """Its copy is made with name=..., which it does not take."""

    def __init__(self):
        super().__init__()


class _HalfStopped(_AddWeight):
    def call(self, tokens):
        return tokens + (self.positions + tf.stop_gradient(self.positions.value)) / 2


class _Waves(keras.layers.Layer):
    def call(self, tokens):
        return tokens + tf.sin(tf.range(float(tokens.shape[1]))[:, None])


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


def _branches(
    tokens,
    heads,
    *,
    norm=layers.LayerNormalization,
    attend=True,
    units=2,
    first=True,
    second=True,
    inner="gelu",
    outer=None,
    beside=False,
    between=lambda x: x,
    dense=layers.Dense,
):
    """The block, or one with a mistake."""
    before, width = tokens, tokens.shape[-1]
    if attend:
        found = between(SelfAttention(heads)(norm()(tokens)))
        tokens = tokens + found if first else found
    hidden = dense(units * width, activation=inner)(norm()(before if beside else tokens))
    found = dense(width, activation=outer)(hidden)
    return tokens + found if second else found


def _with(**mistake):
    return lambda tokens, heads: _branches(tokens, heads, **mistake)


def _pointwise(units, activation):
    return layers.Conv1D(units, 1, activation=activation)


def _each_alone(units, activation):
    return layers.TimeDistributed(layers.Dense(units, activation=activation))


def _keras_block(tokens, heads):
    normed = layers.LayerNormalization()(tokens)
    found = layers.MultiHeadAttention(heads, tokens.shape[-1] // heads, use_bias=False)(normed, normed)
    tokens = layers.Add()([tokens, found])
    width = tokens.shape[-1]
    parts = [layers.LayerNormalization(), layers.Dense(2 * width), layers.Activation("gelu"), layers.Dense(width)]
    return layers.Add()([tokens, keras.Sequential(parts)(tokens)])


class _BlockLayer(layers.Layer):
    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        self.attention = SelfAttention(heads)

    def build(self, shape):
        width = shape[-1]
        self.dense = [layers.Dense(2 * width, activation="gelu"), layers.Dense(width)]
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
    start=None,
    heads=4,
    end=lambda x: x,
    between=lambda x: x,
):
    """The generator, or one with a mistake."""
    noise = keras.Input((latent_dim,))
    tokens = layers.Dense(2048, activation=start)(noise if first else noise * 0.0)
    tokens = between(layers.Reshape((16, 128))(tokens))
    if positions:
        tokens = PositionEmbedding()(tokens)
    for _ in range(blocks):
        tokens = _branches(tokens, heads)
    if norm:
        tokens = layers.LayerNormalization()(tokens)
    side = 7 + 2 * (overlap if patches is None else patches)
    tokens = layers.Dense(side * side, activation=early)(tokens)
    x = Unpatchify((28, 28, 1), 7, overlap if patches is None else patches)(tokens)
    return keras.Model(noise, end(layers.Activation(last)(x) if last else x))


def _two_sizes(latent_dim, overlap):
    """The sizes of the text alone."""
    return _draw(latent_dim, 2 if overlap else 0)


def _functional_of(network, shape):
    """The same as a class of its own, called once."""

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.body = network

        def call(self, inputs):
            return self.body(inputs)

    own = Own()
    own(tf.zeros((1, *shape)))
    return own


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
    start=None,
    heads=4,
    between=lambda x: x,
    dense=layers.Dense,
):
    """The discriminator, or one with a mistake."""
    images = keras.Input((28, 28, 1))
    tokens = dense(128, activation=start)(Patchify(7, overlap if cut is None else cut)(images))
    if positions:
        tokens = PositionEmbedding()(tokens)
    for _ in range(blocks):
        tokens = between(_branches(tokens, heads, dense=dense))
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
    "attention": [_attend, _attend_einsum, _attend_by_exponentials, _attend_ops, _attend_roots],
    "multi_head": [_heads_transposed, _heads_in_a_loop, _heads_einsum, _heads_matrices, _heads_stacked],
    "patchify": [_right_extract, _slices, _right_gather, _convolved, _by_ops],
    "add_up": [_pad_and_add, _transposed_convolution, _by_matrices, _scattered, _pulled_back],
    "PositionalEmbedding": [_AddWeight, _WithBatchAxis, _Embedding, _Transposed, _Flat],
    "transformer_block": [
        _branches,
        _keras_block,
        lambda tokens, heads: _BlockLayer(heads)(tokens),
        _with(dense=_pointwise),
        _with(norm=lambda: layers.LayerNormalization(epsilon=1e-6), inner=keras.ops.gelu, dense=_each_alone),
    ],
    "my_generator": [
        _pair("G"),
        _sequential_generator,
        _operations_generator,
        _pair("G", last=None, end=lambda x: 2 * keras.ops.sigmoid(2 * x) - 1),
        _pair("G", last=None, end=lambda x: keras.ops.tanh(0.5 * x)),
    ],
    "my_discriminator": [
        _pair("D"),
        _sequential_discriminator,
        _convolution_discriminator,
        _pair("D", dense=_pointwise),
        _pair("D", ends=lambda: layers.Reshape((-1,))),
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
        (_attend_exp, "expected finite"),
        (_attend_half_numpy, "hidden from the gradient"),
        (lambda q, k, v: _attend(tf.stop_gradient(q), k, v), "no gradient flows from the output of attention to query"),
        (_attend_long, "is float64"),
        (_attend_unstacked, "when compiled"),
        (_attend_if, "no Python `if`"),
        (lambda q, k, v: tuple(tf.constant(np.asarray(part)) for part in _attend(q, k, v)), "no gradient flows"),
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
        (_heads_not_back, "all 120 numbers differ"),
        (_heads_of_a_batch, "compiled"),
        (_heads_hidden, "no gradient flows from the output of multi_head to the key matrix"),
        (_with_weights(lambda weights: tf.reduce_mean(weights, axis=1)), "not their mean"),
        (_with_weights(lambda weights: tf.transpose(weights, (0, 1, 3, 2))), "token that listens"),
        (lambda *a: _heads_transposed(*a, attend=_attend_half_numpy), "hidden from the gradient"),
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
        (_square_only, "images of 6x4x2"),
        (lambda *a: _slices(*a, pad=_pad_below), "on all four sides"),
        (lambda images, p, o: _slices(images, p, 2 if o == 2 else min(o, 1)), "expected"),
        (lambda images, *how: _slices(tf.cast(images, tf.float64), *how), "is float64"),
        (lambda images, *how: _slices((images + tf.stop_gradient(images)) / 2, *how), "hidden from the gradient"),
    ],
    "add_up": [
        (lambda patches, p, o, shape: tf.reshape(patches, (-1, *shape)), "plain reshape"),
        (lambda *a: tf.transpose(_by_matrices(*a), (0, 2, 1, 3)), "swapped"),
        (lambda *a: _by_matrices(*a)[..., 0], "channel axis"),
        (_put_without_adding, "added up"),
        (_cut_off_at_one_end, "all four sides"),
        (lambda *a: _by_matrices(*a).numpy(), "gradient"),
        (lambda patches, p, o, shape: patches, "shape"),
        (_averaged, "not averaged"),
        (_in_numpy, "no gradient"),
        (_half_hidden, "hidden from the gradient"),
        (lambda *a: _transposed_convolution(*a, first=2 * a[2]), "expected"),
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
        (_NoArguments, "when it was copied"),
        (_HalfStopped, "stop_gradient"),
        (_Waves, "add_weight"),
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
        (_with(inner=None), "Dense 1 has a GELU."),
        (_with(inner="relu"), "looks like a ReLU"),
        (_with(inner="tanh"), "looks like a tanh"),
        (_with(inner=None, outer="gelu"), "not to Dense 2"),
        (_with(outer="relu"), "Dense 2 has no activation"),
        (_with(beside=True), "takes T', what the first one has added to"),
        (lambda t, h: _branches(t, 1), "looks like 1 head."),
        (_with(between=layers.Dropout(0.1)), "no dropout"),
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
        (_pair("G", start="relu"), "first dense layer has no activation, and this looks like a ReLU"),
        (_pair("G", early="gelu"), "expected"),
        (_pair("G", heads=2), "looks like 2 heads"),
        (_pair("G", between=layers.Dropout(0.2)), "no dropout"),
        (_pair("G", end=layers.Rescaling(0.5, 0.5)), "both ends"),
        (_pair("G", end=layers.ReLU()), "both ends"),
        (_pair("G", last="softsign"), "softsign"),
        (_two_sizes, "my_generator(51, 1)"),
        (lambda latent_dim, overlap: _functional_of(_draw(latent_dim, overlap), (latent_dim,)), "keras.Input"),
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
        (_pair("D", start="relu"), "first dense layer has no activation, and this looks like a ReLU"),
        (_pair("D", last="softplus"), "looks like a softplus at the end"),
        (_pair("D", last=lambda x: keras.ops.leaky_relu(x, 0.2)), "looks like a LeakyReLU at the end"),
        (_pair("D", last=lambda x: 10 * keras.ops.tanh(x / 10)), "raw scores"),
        (_pair("D", last=keras.ops.log_sigmoid), "expected both signs"),
        (_pair("D", heads=8), "looks like 8 heads"),
        (_pair("D", between=layers.Dropout(0.3)), "no dropout"),
        (lambda overlap: _score(2 if overlap else 0), "my_discriminator(1)"),
        (lambda overlap: _functional_of(_score(overlap), (28, 28, 1)), "keras.Input"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab05", RIGHT, WRONG
