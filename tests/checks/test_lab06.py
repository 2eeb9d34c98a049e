"""Lab 06's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers import models
from tests.checks.exercises import Exercises

# --- sizes ------------------------------------------------------------------------------------------------------------


def _sides_by_loop(image_size, doublings):
    side = -(-image_size // 2**doublings)
    sides = [side]
    for _ in range(doublings):
        side *= 2
        sides.append(side)
    return sides


def _halved(image_size, doublings):
    sides = [image_size]
    for _ in range(doublings):
        sides.append(math.ceil(sides[-1] / 2))
    return sides


def _valid(image_size, halvings):
    sides = [image_size]
    for _ in range(halvings):
        sides.append((sides[-1] - 3) // 2 + 1)
    return sides


def _by_real_layers(image_size, halvings):
    images = tf.zeros((1, image_size, image_size, 1))
    sides = [image_size]
    for _ in range(halvings):
        images = layers.Conv2D(1, 3, strides=2, padding="same")(images)
        sides.append(images.shape[1])
    return sides


# --- generators -------------------------------------------------------------------------------------------------------


def _up(filters, **more):
    return layers.Conv2DTranspose(filters, 4, strides=2, padding="same", **more)


def _generator(image_size, latent_dim, *blocks, start_filters=32, doublings=2, last="tanh", crop=True):
    start = math.ceil(image_size / 2**doublings)
    extra = start * 2**doublings - image_size
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(start * start * start_filters),
            layers.Reshape((start, start, start_filters)),
            *blocks,
            last if callable(last) else layers.Activation(last),
            *([layers.Cropping2D(((0, extra), (extra, 0)))] if extra and crop else []),
        ]
    )


def _functional(image_size, latent_dim, end=keras.ops.tanh, between=lambda x: x):
    """Upsampling and a convolution, functional, cropped by a slice; the tanh is a plain operation."""
    start = math.ceil(image_size / 4)
    noise = keras.Input((latent_dim,))
    x = layers.Reshape((start, start, 24))(between(layers.Dense(start * start * 24, activation="relu")(noise)))
    for filters in (16, 8):
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(3, 3, padding="same")(x)
    return keras.Model(noise, end(x[:, :image_size, :image_size]))


def _right_nested(image_size, latent_dim):
    start = math.ceil(image_size / 4)
    extra = start * 4 - image_size
    body = keras.Sequential([keras.Input((start, start, 16)), _up(8), layers.ReLU(), _up(3, activation="tanh")])
    tail = [layers.Cropping2D(((extra, 0), (0, extra)))] if extra else []
    return keras.Sequential(
        [keras.Input((latent_dim,)), layers.Dense(start * start * 16), layers.Reshape((start, start, 16)), body, *tail]
    )


def _right_shuffled(image_size, latent_dim):
    """Pixel shuffle: channels become space, by operations only; normalised in every layer."""
    start = math.ceil(image_size / 4)
    noise = keras.Input((latent_dim,))
    x = layers.Reshape((start, start, 32))(layers.Dense(start * start * 32)(noise))
    side = start
    for filters in (16, 3):
        x = layers.Conv2D(4 * filters, 3, padding="same")(layers.LayerNormalization()(x))
        x = keras.ops.reshape(x, (-1, side, side, 2, 2, filters))
        x = keras.ops.reshape(keras.ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 2 * side, 2 * side, filters))
        side *= 2
    edge = (0, side - image_size)
    return keras.Model(noise, layers.Activation("tanh")(layers.Cropping2D((edge, edge))(x)))


def _as_often_as_doublings_for(image_size, latent_dim):
    doublings = models.doublings_for(image_size)
    between = [_up(16) for _ in range(doublings - 1)]
    return _generator(image_size, latent_dim, *between, _up(3), doublings=doublings)


class _Shuffle(layers.Layer):
    """A layer of one's own, which no file keeps."""

    def call(self, x):
        return tf.nn.depth_to_space(x, 2)


def _spectral(size, latent):
    normed = layers.SpectralNormalization
    between = normed(_up(16)), layers.GroupNormalization(4), layers.PReLU(shared_axes=[1, 2]), normed(_up(3))
    return _generator(size, latent, *between)


def _centred(size, latent):
    between = layers.UpSampling2D(), layers.Conv2D(12, 3, padding="same"), layers.ReLU(), _up(3, activation="tanh")
    return _generator(size, latent, *between, last=layers.CenterCrop(size, size), crop=False)


def _even_crop(size, latent):
    """Half of what is too much, on both sides: an odd rest is left over."""
    network = _generator(size, latent, _up(16), _up(3), crop=False)
    half = (network.output_shape[1] - size) // 2
    return keras.Sequential([network, layers.Cropping2D(half)])


def _then(after):
    """A right generator, with layers behind its tanh."""
    return lambda size, latent: keras.Sequential([_generator(size, latent, _up(16), layers.ReLU(), _up(3)), *after()])


class _Subclassed(keras.Model):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def call(self, noise, training=False):
        return self.body(noise, training=training)


# --- translation ------------------------------------------------------------------------------------------------------


def _right_matrices(images, rows, columns):
    """One matrix of zeros and ones for each image and axis."""
    height, width = images.shape[1], images.shape[2]
    down = tf.one_hot(tf.range(height)[None, :] - rows[:, None], height, dtype=images.dtype)
    right = tf.one_hot(tf.range(width)[None, :] - columns[:, None], width, dtype=images.dtype)
    return tf.einsum("nih,njw,nhwc->nijc", down, right, images)


def _right_pad_and_cut(images, rows, columns):
    """Image by image: a wide frame of zeros, and a window cut from it."""
    height, width = images.shape[1], images.shape[2]
    framed = tf.pad(images, ((0, 0), (height, height), (width, width), (0, 0)))
    moved = [
        tf.slice(framed[i], (height - rows[i], width - columns[i], 0), images.shape[1:]) for i in range(len(images))
    ]
    return tf.stack(moved)


def _right_gather(images, rows, columns):
    for axis, shifts in ((1, rows), (2, columns)):
        side = images.shape[axis]
        framed = tf.pad(images, [(side, side) if each == axis else (0, 0) for each in range(4)])
        images = tf.gather(framed, tf.range(side)[None] + side - shifts[:, None], axis=axis, batch_dims=1)
    return images


def _right_masked(images, rows, columns):
    """Rolled, and what came round set to zero."""
    for axis, shifts in ((1, rows), (2, columns)):
        side = images.shape[axis]
        source = tf.range(side)[None] - shifts[:, None]
        inside = tf.cast((source >= 0) & (source < side), images.dtype)
        images = tf.gather(images, source % side, axis=axis, batch_dims=1)
        images *= tf.reshape(inside, (-1, *(side if each == axis else 1 for each in (1, 2, 3))))
    return images


def _right_mapped(images, rows, columns):
    def move(each):
        image, row, column = each
        height, width, _ = images.shape[1:]
        framed = tf.pad(image, ((height, height), (width, width), (0, 0)))
        return tf.roll(framed, (row, column), (0, 1))[height : 2 * height, width : 2 * width]

    return tf.map_fn(move, (images, rows, columns), fn_output_signature=images.dtype)


def _rolled(images, rows, columns):
    return tf.stack([tf.roll(images[i], (rows[i], columns[i]), (0, 1)) for i in range(len(images))])


def _numpy(images, rows, columns):
    return tf.constant(_right_matrices(tf.constant(np.asarray(images)), rows, columns).numpy())


# --- scores, GIFs, snapshots ------------------------------------------------------------------------------------------


def _means(discriminator, *sets, **how):
    return [tf.reduce_mean(discriminator(images, **how)) for images in sets]


def _gap(discriminator, train, other):
    on_train, on_other = _means(discriminator, train, other, training=False)
    return on_train - on_other


def _together(discriminator, train, held_out):
    scores = discriminator(np.concatenate([train, held_out]))[:, 0]
    return float(tf.reduce_mean(scores[: len(train)]) - tf.reduce_mean(scores[len(train) :]))


def _snapshot(of=lambda part: [v.numpy() for v in part.variables]):
    def answer(generator, discriminator, generator_optimizer, discriminator_optimizer):
        return {
            "generator": of(generator),
            "discriminator": of(discriminator),
            "generator_optimizer": of(generator_optimizer),
            "discriminator_optimizer": of(discriminator_optimizer),
        }

    return answer


def _weights_only(part):
    return part.get_weights() if isinstance(part, keras.Model) else [v.numpy() for v in part.variables]


def _trainable_only(part):
    variables = part.trainable_variables if isinstance(part, keras.Model) else part.variables
    return [v.numpy() for v in variables]


RIGHT = {
    "generator_sides": [
        _sides_by_loop,
        lambda image_size, doublings: [math.ceil(image_size / 2**doublings) * 2**k for k in range(doublings + 1)],
        lambda image_size, doublings: tuple(np.int64(math.ceil(image_size / 2**doublings)) << np.arange(doublings + 1)),
        lambda image_size, doublings: math.ceil(image_size / 2**doublings) * 2 ** np.arange(doublings + 1),
        lambda image_size, doublings: [((image_size - 1 >> doublings) + 1) << k for k in range(doublings + 1)],
    ],
    "discriminator_sides": [
        _halved,
        lambda image_size, halvings: [math.ceil(image_size / 2**k) for k in range(halvings + 1)],
        lambda image_size, halvings: [(image_size + 2**k - 1) // 2**k for k in range(halvings + 1)],
        _by_real_layers,
        lambda image_size, halvings: [(image_size - 1 >> k) + 1 for k in range(halvings + 1)],
    ],
    "my_face_generator": [
        lambda size, latent: _generator(size, latent, _up(16), layers.ReLU(), _up(3)),
        _functional,
        _right_nested,
        _right_shuffled,
        lambda size, latent: _generator(size, latent, _up(16), _up(3), last=layers.Activation(keras.ops.tanh)),
        lambda size, latent: _generator(
            size, latent, layers.BatchNormalization(), _up(24), layers.LeakyReLU(0.2), _up(12), _up(3), doublings=3
        ),
        _spectral,
        _centred,
        lambda size, latent: _functional(size, latent, end=lambda x: 2 * keras.ops.sigmoid(x) - 1),
    ],
    "translate": [_right_matrices, _right_pad_and_cut, _right_gather, _right_masked, _right_mapped],
    "score_gap": [
        _gap,
        lambda d, train, other: float(np.mean(d.predict(train, verbose=0)) - np.mean(d.predict(other, verbose=0))),
        lambda d, train, other: np.subtract(*[float(m) for m in _means(d, train, other)]),
        _together,
        lambda d, train, other: sum(d(train)[:, 0]) / len(train) - sum(d(other)[:, 0]) / len(other),
    ],
    "frame_milliseconds": [
        lambda frames_per_second: max(20, 10 * round(100 / frames_per_second)),
        lambda frames_per_second: max(20.0, round(1000 / frames_per_second, -1)),
        lambda frames_per_second: int(max(2, np.rint(100 / frames_per_second))) * 10,
        lambda frames_per_second: 10 * max(2, int(100 / frames_per_second + 0.5)),
        lambda frames_per_second: min(range(20, 5000, 10), key=lambda time: abs(time - 1000 / frames_per_second)),
    ],
    "take_snapshot": [
        _snapshot(),
        _snapshot(lambda part: [np.asarray(v).copy() for v in part.variables]),
        _snapshot(lambda part: tuple(keras.ops.convert_to_numpy(v).copy() for v in part.variables)),
        _snapshot(lambda part: [np.array(v) for v in part.variables]),
        lambda *parts: {
            f"{name}{kind}": [np.copy(v.numpy()) for v in part.variables]
            for part, (kind, name) in zip(
                parts, [(k, n) for k in ("", "_optimizer") for n in ("generator", "discriminator")], strict=True
            )
        },
    ],
}

WRONG = {
    "generator_sides": [
        (lambda size, doublings: [size // 2**doublings * 2**k for k in range(doublings + 1)], "cropped"),
        (lambda size, doublings: [round(size / 2**doublings) * 2**k for k in range(doublings + 1)], "cropped"),
        (lambda size, doublings: _sides_by_loop(size, doublings)[::-1], "smallest"),
        (lambda size, doublings: _sides_by_loop(size, doublings)[1:], "start"),
        (lambda size, doublings: _sides_by_loop(size, doublings)[:-1], "last doubling"),
        (lambda size, doublings: math.ceil(size / 2**doublings), "all sides"),
        (lambda size, doublings: _halved(size, doublings)[::-1], "doubles exactly"),
        (lambda size, doublings: [size / 2 ** (doublings - k) for k in range(doublings + 1)], "whole number"),
        (lambda size, doublings: None, "return"),
        (lambda size, doublings: [2.0 * side / 2 for side in _sides_by_loop(size, doublings)], "type float64"),
        (lambda size, doublings: [(size // 2**doublings + 1) * 2**k for k in range(doublings + 1)], "nothing to add"),
        (lambda size, doublings: [size * 2**k for k in range(doublings + 1)], "divide by 2^n"),
        (
            lambda size, doublings: [25, 50, 100],
            "image_size=28, doublings=2: gave [25, 50, 100], expected [7, 14, 28].",
        ),
    ],
    "discriminator_sides": [
        (lambda size, halvings: [size // 2**k for k in range(halvings + 1)], "13, not 12"),
        (_valid, "valid"),
        (lambda size, halvings: _halved(size, halvings)[1:], "own side"),
        (lambda size, halvings: _halved(size, halvings)[::-1], "largest side"),
        (lambda size, halvings: [size / 2**k for k in range(halvings + 1)], "whole number"),
        (lambda size, halvings: _halved(size, halvings)[-1], "all of them"),
        (lambda size, halvings: [], "empty"),
        (lambda size, halvings: [math.ceil(size / 2**k) for k in range(halvings)], "last halving"),
        (lambda size, halvings: [size // 2**k + (k > 0) for k in range(halvings + 1)], "expected"),
        (lambda size, halvings: list(np.ceil(size / 2.0 ** np.arange(halvings + 1))), "type float64"),
    ],
    "my_face_generator": [
        (lambda size, latent: None, "return"),
        (lambda size, latent: _generator(48, 16, _up(16), _up(3)), "(None, 8)"),
        (lambda size, latent: _generator(size, latent, _up(16), _up(3), crop=False), "crop"),
        (lambda size, latent: _generator(size, latent, _up(16), _up(3), last="sigmoid"), "a sigmoid"),
        (lambda size, latent: _generator(size, latent, _up(16), _up(3), last="linear"), "end in a tanh"),
        (lambda size, latent: _generator(size, latent, _up(16), _up(3), last="softsign"), "softsign"),
        (
            lambda size, latent: _functional(size, latent, end=lambda x: 0.3 * keras.ops.tanh(x)),
            "something shrinks them",
        ),
        (lambda size, latent: _functional(size, latent, between=keras.ops.stop_gradient), "no gradient"),
        (lambda size, latent: _functional(size, latent, between=lambda x: 0 * x + 1), "noise reach"),
        (lambda size, latent: _generator(size, latent, _up(16), _up(1)), "3)"),
        (lambda size, latent: _generator(size, latent, _up(16), _up(32), layers.Conv2D(3, 3, padding="same")), "fall"),
        (lambda size, latent: _generator(size, latent, _up(64), _up(3), start_filters=2048), "2,000,000"),
        (
            # one doubling is all that doublings_for gives for 16
            _as_often_as_doublings_for,
            "my_face_generator(16, 4) has images of side 8, 16 inside, expected at least 2",
        ),
        (
            lambda size, latent: _generator(
                size, latent, layers.Conv2DTranspose(3, 4, strides=4, padding="same"), doublings=2
            ),
            "enlarging",
        ),
        (lambda size, latent: keras.Sequential([layers.Dense(3)]), "start it with keras.Input"),
        (lambda size, latent: _Subclassed(_generator(size, latent, _up(16), _up(3))), ".h5"),
        (
            lambda size, latent: _generator(size, latent, _up(16), _up(3), last=layers.Lambda(keras.ops.tanh)),
            "Lambda",
        ),
        (lambda size, latent: _generator(size, latent, _up(16), layers.Conv2D(12, 1), _Shuffle()), "no code of yours"),
        (_even_crop, "my_face_generator(17, 5) makes (None, 18, 18, 3)"),
        (_then(lambda: [layers.Rescaling(0.5, 0.5)]), "both ends"),
        (_then(lambda: [layers.ReLU()]), "both ends"),
        (_then(lambda: [layers.LayerNormalization()]), "expected [-1, 1]"),
        (_then(lambda: [layers.BatchNormalization(scale=False, center=False)]), "in training"),
        (_then(lambda: [layers.GaussianNoise(0.1)]), "in training"),
    ],
    "translate": [
        (lambda images, rows, columns: images, "did not move"),
        (_rolled, "comes back"),
        (lambda images, rows, columns: _right_gather(images, -rows, -columns), "wrong way"),
        (lambda images, rows, columns: _right_gather(images, columns, rows), "swapped"),
        (lambda images, rows, columns: _right_gather(images, rows, 0 * columns), "columns"),
        (
            lambda images, rows, columns: _right_gather(images, rows[0] + 0 * rows, columns[0] + 0 * columns),
            "own shift",
        ),
        (_numpy, "gradient"),
        (lambda images, rows, columns: tf.stop_gradient(_right_gather(images, rows, columns)), "gradient"),
        (lambda images, rows, columns: None, "return"),
        (lambda images, r, c: _right_gather((images + tf.stop_gradient(images)) / 2, r, c), "hidden from the gradient"),
        (lambda images, rows, columns: _right_gather(tf.cast(images, tf.float64), rows, columns), "is float64"),
        (lambda images, rows, columns: _right_gather(images, rows % 5, columns % 6), "expected"),
        (lambda images, rows, columns: _right_gather(images, 2 * rows // 2, tf.abs(columns)), "expected"),
    ],
    "score_gap": [
        (lambda d, train, other: -_gap(d, train, other), "minus"),
        (lambda d, train, other: np.subtract(*_means(d, train, other, training=True)), "dropout"),
        (
            lambda d, train, other: tf.reduce_mean(tf.sigmoid(d(train))) - tf.reduce_mean(tf.sigmoid(d(other))),
            "sigmoid",
        ),
        (lambda d, train, other: tf.reduce_sum(d(train)) - tf.reduce_sum(d(other)), "means"),
        (lambda d, train, other: _means(d, train)[0], "training images only"),
        (lambda d, train, other: d(train[:4]) - d(other), "one number"),
        (lambda d, train, other: None, "return"),
        (lambda d, train, other: float(np.max(d(train)) - np.max(d(other))), "largest"),
        (lambda d, train, other: _means(d, other)[0], "held-out images only"),
        (lambda d, train, other: (tf.reduce_sum(d(train)) - tf.reduce_sum(d(other))) / len(train), "expected"),
    ],
    "frame_milliseconds": [
        (lambda frames_per_second: 1 / frames_per_second, "seconds"),
        (lambda frames_per_second: frames_per_second, "how many frames"),
        (lambda frames_per_second: 0.3, "0.3"),
        (lambda frames_per_second: 1000 * frames_per_second, "less time"),
        (lambda frames_per_second: round(100 / frames_per_second), "hundredths"),
        (lambda frames_per_second: 1000 / frames_per_second, "multiples of 10"),
        (lambda frames_per_second: 10 * round(100 / frames_per_second), "shorter than 20"),
        (lambda frames_per_second: max(20, 1000 / frames_per_second // 10 * 10), "not the one below"),
        (lambda frames_per_second: None, "return"),
        (lambda frames_per_second: max(20, 10 * math.ceil(100 / frames_per_second)), "not the one above"),
        (lambda frames_per_second: int(1000 / frames_per_second), "multiples of 10"),
        (lambda frames_per_second: max(10, 10 * round(100 / frames_per_second)), "shorter than 20"),
        (lambda frames_per_second: 250, "10 frames a second: gave 250, expected 100."),
    ],
    "take_snapshot": [
        (_snapshot(_weights_only), "random state"),
        (_snapshot(_trainable_only), "running statistics"),
        (_snapshot(lambda part: list(part.variables)), "NumPy"),
        (lambda g, d, g_optimizer, d_optimizer: [g.get_weights(), d.get_weights()], "dict"),
        (lambda g, d, g_optimizer, d_optimizer: {"generator": g.get_weights()}, "discriminator_optimizer"),
        (
            lambda g, d, g_optimizer, d_optimizer: (
                _snapshot()(g, d, g_optimizer, d_optimizer)
                | {"generator_optimizer": [np.asarray(d_optimizer.learning_rate)]}
            ),
            "moments",
        ),
        (
            lambda g, d, g_optimizer, d_optimizer: _snapshot()(g, d, d_optimizer, g_optimizer),
            "expected",
        ),
        (
            _snapshot(lambda part: [0 * v.numpy() for v in part.variables]),
            "every digit",
        ),
        (_snapshot(lambda part: [np.array(v, "float32") for v in part.variables]), "every digit"),
        (_snapshot(lambda part: [v.numpy().round(4) for v in part.variables]), "every digit"),
        (_snapshot(lambda part: np.concatenate([v.numpy().ravel() for v in part.variables])), "a list of arrays"),
        (_snapshot(lambda part: [v.numpy().tolist() for v in part.variables]), "NumPy arrays"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab06", RIGHT, WRONG
