"""Lab 04's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import functools
import math
import types

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.checks.exercises import Exercises


def _logits(discriminator, images):
    return discriminator(images, training=True)


def _d_loss(discriminator, real_images, fake_images):
    real_logits, fake_logits = _logits(discriminator, real_images), _logits(discriminator, fake_images)
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def _g_loss(generator, discriminator, noise):
    return tf.reduce_mean(tf.nn.softplus(-_logits(discriminator, generator(noise, training=True))))


def _step(
    d_loss=_d_loss,
    g_loss=_g_loss,
    d_variables=lambda g, d: d.trainable_variables,
    g_variables=lambda g, d: g.trainable_variables,
    result=lambda d_loss, g_loss: (d_loss, g_loss),
):
    """A step from its parts, of which one may be wrong."""

    def answer(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise):
        with tf.GradientTape() as tape:
            d = d_loss(discriminator, real_images, generator(noise, training=True))
        variables = d_variables(generator, discriminator)
        discriminator_optimizer.apply(tape.gradient(d, variables), variables)
        with tf.GradientTape() as tape:
            g = g_loss(generator, discriminator, noise)
        variables = g_variables(generator, discriminator)
        generator_optimizer.apply(tape.gradient(g, variables), variables)
        return result(d, g)

    return answer


def _right_together(*arguments):
    """AutoGraph compiles float, too."""
    return [float(loss) for loss in _right_together_tensors(*arguments)]


def _right_together_tensors(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise):
    """Both gradients from the same D: simultaneous steps are a right answer, too."""
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        fake_images = generator(noise, training=True)
        d_loss = _d_loss(discriminator, real_images, fake_images)
        g_loss = tf.reduce_mean(tf.nn.softplus(-discriminator(fake_images)))
    discriminator_optimizer.apply_gradients(
        zip(d_tape.gradient(d_loss, discriminator.trainable_weights), discriminator.trainable_weights, strict=True)
    )
    generator_optimizer.apply_gradients(
        zip(g_tape.gradient(g_loss, generator.trainable_weights), generator.trainable_weights, strict=True)
    )
    return d_loss, g_loss


def _right_keras(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise):
    """With Keras' loss, and with the flag thawed before and frozen after, as it was meant."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    discriminator.trainable = True
    with tf.GradientTape() as tape:
        real_logits, fake_logits = discriminator(real_images), discriminator(generator(noise))
        d_loss = loss(tf.ones_like(real_logits), real_logits) + loss(tf.zeros_like(fake_logits), fake_logits)
    gradients = tape.gradient(d_loss, discriminator.trainable_variables)
    discriminator_optimizer.apply(gradients, discriminator.trainable_variables)
    discriminator.trainable = False
    with tf.GradientTape() as tape:
        logits = discriminator(generator(noise))
        g_loss = loss(tf.ones_like(logits), logits)
    generator_optimizer.apply(tape.gradient(g_loss, generator.trainable_variables), generator.trainable_variables)
    return d_loss, g_loss


def _frozen(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise):
    discriminator.trainable = False
    return _step()(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise)


def _g_not_through_d(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise):
    d_loss = _d_loss(discriminator, real_images, generator(noise))
    with tf.GradientTape() as tape:
        d_loss = _d_loss(discriminator, real_images, generator(noise))
    variables = discriminator.trainable_variables
    discriminator_optimizer.apply(tape.gradient(d_loss, variables), variables)
    return d_loss, _g_loss(generator, discriminator, noise)


def _generator(*blocks, latent_dim=64, start=(7, 7, 32), last="tanh"):
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(math.prod(start)),
            layers.Reshape(start),
            *blocks,
            layers.Activation(last),
        ]
    )


def _up(filters, **more):
    return layers.Conv2DTranspose(filters, 4, strides=2, padding="same", **more)


def _right_all_convolutional(latent_dim=64):
    """Noise as a 1x1 image, as in UW's tables: 1 => 7 => 14 => 28, without a dense layer."""
    noise = keras.Input((latent_dim,))
    x = layers.Reshape((1, 1, latent_dim))(noise)
    x = layers.Conv2DTranspose(64, 7, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.ReLU()(layers.BatchNormalization()(_up(32, use_bias=False)(x)))
    return keras.Model(noise, _up(1, activation="tanh")(x))


def _right_nested(latent_dim=64):
    body = keras.Sequential([keras.Input((7, 7, 32)), _up(16), layers.ReLU(), _up(1), layers.Activation("tanh")])
    return keras.Sequential([keras.Input((latent_dim,)), layers.Dense(7 * 7 * 32), layers.Reshape((7, 7, 32)), body])


def _discriminator(*blocks, last=None, shape=(28, 28, 1)):
    return keras.Sequential([keras.Input(shape), *blocks, layers.Flatten(), layers.Dense(1, activation=last)])


def _down(filters, **more):
    return layers.Conv2D(filters, 4, strides=2, padding="same", **more)


def _ends_in_operation(latent_dim=64):
    """A functional model whose tanh is an operation, not a layer."""
    noise = keras.Input((latent_dim,))
    x = layers.Reshape((7, 7, 32))(layers.Dense(7 * 7 * 32, activation="relu")(noise))
    return keras.Model(noise, keras.ops.tanh(_up(1)(_up(16, activation="relu")(x))))


class _OwnGenerator(keras.Model):
    """A class of the student's own, which is built by its first call."""

    def __init__(self, start=7, **more):
        super().__init__(**more)
        self.start = layers.Dense(start * start * 32)
        self.side = start
        self.first, self.second = _up(16, activation="relu"), _up(1)

    def call(self, noise, training=False):
        return tf.tanh(
            self.second(self.first(tf.reshape(tf.nn.relu(self.start(noise)), (-1, self.side, self.side, 32))))
        )


class _OwnDiscriminator(keras.Model):
    def __init__(self, **more):
        super().__init__(**more)
        self.first, self.second, self.score = _down(16), _down(32), layers.Dense(1)

    def call(self, images):
        x = keras.ops.leaky_relu(self.second(keras.ops.leaky_relu(self.first(images))))
        return self.score(keras.ops.reshape(x, (-1, 7 * 7 * 32)))


class _DeviationOfBatch(layers.Layer):
    """A minibatch feature, which D may have."""

    def call(self, images):
        spread = keras.ops.mean(keras.ops.std(images, axis=0))
        return keras.ops.concatenate([images, spread + keras.ops.zeros_like(images[..., :1])], axis=-1)


class _MixesTheBatch(layers.Layer):
    def call(self, values):
        return values - keras.ops.mean(values, axis=0, keepdims=True)


class _FixedBatch(layers.Layer):
    def call(self, values):
        return keras.ops.reshape(values, (8, 7, 7, 32))


def _closure_generator(latent_dim=64):
    """A class that cannot be copied, since one of its arguments is an object of another kind."""

    class Own(_OwnGenerator):
        def __init__(self, sizes, **more):
            super().__init__(start=sizes.start, **more)

    return Own(types.SimpleNamespace(start=7))


def _lab2(
    latent_dim=100,
    *,
    side=7,
    kernel=4,
    last=7,
    bend="relu",
    slope=0.2,
    end="tanh",
    raw=None,
    scores=1,
    norm=False,
    start=None,
):
    """Lab 2's pair from its parts, of which one may be wrong."""
    bends = [[layers.LeakyReLU(slope)] if slope is not None else [] for _ in range(2)]
    middle = [[layers.BatchNormalization()] if norm else [] for _ in range(2)]
    up, down = ({"kernel_size": kernel, "strides": 2, "padding": "same"},) * 2
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(side * side * 256, activation=start),
            layers.Reshape((side, side, 256)),
            layers.Conv2DTranspose(128, activation=bend, **up),
            *middle[0],
            layers.Conv2DTranspose(64, activation=bend, **up),
            *middle[1],
            layers.Conv2DTranspose(1, last, padding="same", activation=end),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, **down),
            *bends[0],
            layers.Conv2D(128, **down),
            *bends[1],
            layers.Flatten(),
            layers.Dense(scores, activation=raw),
        ]
    )
    return generator, discriminator


def _lab2_functional(latent_dim=100):
    noise, images = keras.Input((latent_dim,)), keras.Input((28, 28, 1))
    x = keras.ops.reshape(layers.Dense(12_544)(noise), (-1, 7, 7, 256))
    for filters in (128, 64):
        x = keras.ops.relu(_up(filters)(x))
    x = keras.ops.tanh(layers.Conv2DTranspose(1, 7, padding="same")(x))
    y = images
    for filters in (64, 128):
        y = keras.ops.leaky_relu(_down(filters)(y), negative_slope=0.2)
    return [keras.Model(noise, x), keras.Model(images, layers.Dense(1)(layers.Flatten()(y)))]


class _Lab2Generator(keras.Model):
    def __init__(self, **more):
        super().__init__(**more)
        self.parts = [
            layers.Dense(12_544),
            layers.Reshape((7, 7, 256)),
            _up(128),
            layers.ReLU(),
            _up(64),
            layers.ReLU(),
        ]
        self.last = layers.Conv2DTranspose(1, 7, padding="same", activation="tanh")

    def call(self, noise):
        for part in self.parts:
            noise = part(noise)
        return self.last(noise)


def _called_once(network, latent_dim):
    network(tf.zeros((1, latent_dim)))
    return network


@keras.saving.register_keras_serializable()
class _UpByHand(layers.Layer):
    """A transposed convolution by TensorFlow's operation."""

    def __init__(self, filters, **more):
        super().__init__(**more)
        self.filters = filters

    def build(self, shape):
        self.kernel = self.add_weight(shape=(4, 4, self.filters, shape[-1]))

    def call(self, x):
        shape = (tf.shape(x)[0], 2 * x.shape[1], 2 * x.shape[2], self.filters)
        return tf.nn.conv2d_transpose(x, self.kernel, shape, 2)

    def compute_output_shape(self, shape):
        return (shape[0], 2 * shape[1], 2 * shape[2], self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def _spectral(layer):
    return layers.SpectralNormalization(layer)


def _ends_in(*last, **more):
    """A small generator whose end may be wrong."""
    return lambda latent_dim=64: _generator(
        _up(16), layers.ReLU(), _up(1), *(make() for make in last), latent_dim=latent_dim, **more
    )


def _after_tanh(*parts):
    """A right generator with something behind it."""
    return lambda latent_dim=64: keras.Sequential([_ends_in()(latent_dim), *(make() for make in parts)])


def _scores(end):
    """A right discriminator with something behind it."""
    return lambda: keras.Sequential([_discriminator(_down(16), layers.LeakyReLU(0.2), _down(32)), layers.Lambda(end)])


@functools.cache
def _body():
    return keras.Sequential([keras.Input((7, 7, 32)), _up(16), layers.ReLU(), _up(1, activation="tanh")])


def _shared_pair(latent_dim):
    """New at the start, and always the same at the end."""
    return keras.Sequential([keras.Input((latent_dim,)), layers.Dense(1568), layers.Reshape((7, 7, 32)), _body()])


_CACHED = functools.cache(lambda: _discriminator(_down(16), _down(32)))


RIGHT = {
    "conv_output_size": [
        lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1,
        lambda size, kernel, stride, padding: math.floor((size + 2 * padding - kernel) / stride + 1),
        lambda size, kernel, stride, padding: int((size + 2 * padding - (kernel - 1) - 1) / stride) + 1,
        lambda size, kernel, stride, padding: len(range(0, size + 2 * padding - kernel + 1, stride)),
    ],
    "transposed_output_size": [
        lambda size, kernel, stride, padding: (size - 1) * stride - 2 * padding + (kernel - 1) + 1,
        lambda size, kernel, stride, padding: (size - 1) * stride + kernel - 2 * padding,
        lambda size, kernel, stride, padding: np.int64(size * stride - stride + kernel - padding - padding),
    ],
    "count_parameters": [
        lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_in * channels_out + bias * channels_out,
        lambda kernel, channels_in, channels_out, bias: (kernel * kernel * channels_in + int(bias)) * channels_out,
        lambda kernel, channels_in, channels_out, bias: (
            math.prod((kernel, kernel, channels_in, channels_out)) + (channels_out if bias else 0)
        ),
    ],
    "repaired_step": [
        _step(),
        _right_together,
        _right_keras,
    ],
    "cnn_networks": [
        _lab2,
        _lab2_functional,
        lambda latent_dim=100: (_called_once(_Lab2Generator(), latent_dim), _lab2()[1]),
    ],
    "my_generator": [
        lambda latent_dim=64: _generator(_up(16), layers.ReLU(), _up(1), latent_dim=latent_dim),
        _ends_in_operation,
        lambda latent_dim=64: _OwnGenerator(),
        lambda latent_dim=64: keras.Sequential(_generator(_up(16), _up(1), latent_dim=latent_dim).layers),
        _right_all_convolutional,
        _right_nested,
        _ends_in(last=keras.ops.tanh),
        _after_tanh(layers.Identity),
        lambda latent_dim=64: _generator(
            _spectral(_up(16)), layers.LeakyReLU(), _spectral(_up(1)), latent_dim=latent_dim
        ),
        lambda latent_dim=64: _generator(_UpByHand(16), layers.ReLU(), _UpByHand(1), latent_dim=latent_dim),
        lambda latent_dim=64: _generator(
            layers.BatchNormalization(),
            layers.ReLU(),
            _up(8),
            layers.ReLU(),
            _up(8),
            layers.Conv2D(1, 3, padding="same"),
            latent_dim=latent_dim,
        ),
    ],
    "my_discriminator": [
        lambda: _discriminator(_down(16), layers.LeakyReLU(0.2), _down(32), layers.LeakyReLU(0.2)),
        lambda: keras.Sequential(
            [keras.Input((28, 28, 1)), _down(8), layers.LeakyReLU(0.2), _down(8), layers.Conv2D(1, 7), layers.Flatten()]
        ),
        lambda: _discriminator(_down(16), layers.LeakyReLU(0.1), layers.Dropout(0.3), _down(32), _down(32)),
        _OwnDiscriminator,
        lambda: _discriminator(_spectral(_down(16)), layers.LeakyReLU(), _spectral(_down(32)), layers.LeakyReLU()),
        lambda: _discriminator(
            layers.SeparableConv2D(16, 4, strides=2, padding="same"), layers.LeakyReLU(), _down(32), layers.LeakyReLU()
        ),
        lambda: _discriminator(_down(16), layers.LeakyReLU(), _down(32), layers.GlobalAveragePooling2D()),
        lambda: keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                _down(8, use_bias=False),
                layers.LeakyReLU(),
                _down(8),
                layers.Flatten(),
                layers.Dense(1, use_bias=False),
            ]
        ),
        lambda: keras.Sequential([_down(16), layers.LeakyReLU(), _down(32), layers.Flatten(), layers.Dense(1)]),
        lambda: _discriminator(_down(16), layers.LeakyReLU(0.2), _down(32), _DeviationOfBatch()),
    ],
}

WRONG = {
    "conv_output_size": [
        (lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1, "round down"),
        (lambda size, kernel, stride, padding: math.ceil((size + 2 * padding - kernel) / stride) + 1, "round down"),
        (lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride, "add 1 after the division"),
        (lambda size, kernel, stride, padding: round((size + 2 * padding - kernel) / stride) + 1, "round down"),
        (lambda size, kernel, stride, padding: -(-size // stride), '"same"'),
        (lambda size, kernel, stride, padding: (size + padding * 2 - kernel + 1) // stride, "not before"),
        (lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1, "both sides"),
        (lambda size, kernel, stride, padding: (size - kernel) // stride + 1, "padding"),
        (lambda size, kernel, stride, padding: size + 2 * padding - kernel + 1, "stride"),
        (lambda size, kernel, stride, padding: (size - 1) * stride - 2 * padding + kernel, "expected 3"),
        (lambda size, kernel, stride, padding: None, "return"),
    ],
    "transposed_output_size": [
        (lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride + 1, "expected 4"),
        (lambda size, kernel, stride, padding: size * stride, "expected 4"),
        (lambda size, kernel, stride, padding: (size - 1) * stride + 2 * padding + kernel, "cut off"),
        (lambda size, kernel, stride, padding: (size - 1) * stride - padding + kernel, "both sides"),
        (lambda size, kernel, stride, padding: (size - 1) * stride + kernel, "Where is the padding"),
        (lambda size, kernel, stride, padding: size * stride - 2 * padding + kernel - 1, "expected 29"),
        (lambda size, kernel, stride, padding: (size - 1) * stride - 2 * padding + kernel + 1, "expected 4"),
    ],
    "count_parameters": [
        (lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_in * channels_out, "bias"),
        (lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_in * channels_out + channels_out, "bias"),
        (
            lambda kernel, channels_in, channels_out, bias: kernel * channels_in * channels_out + bias * channels_out,
            "two",
        ),
        (
            lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_out + bias * channels_out,
            "input channels",
        ),
        (lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_in + bias * channels_out, "one filter"),
        (
            lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_in * channels_out + bias,
            "output channel",
        ),
        (
            lambda kernel, channels_in, channels_out, bias: kernel**2 * channels_in * channels_out + bias * channels_in,
            "output channel",
        ),
    ],
    "repaired_step": [
        (_frozen, "exactly 0.0"),
        (_g_not_through_d, "G moved by exactly 0.0"),
        (_step(d_loss=lambda *a: _d_loss(*a) / 2), "exactly half of the step"),
        (
            lambda g, d, g_optimizer, d_optimizer, *batch: _step()(g, d, d_optimizer, g_optimizer, *batch),
            "Unknown variable",
        ),
        (
            lambda *a: [float(loss.numpy()) for loss in _right_together_tensors(*a)],
            "works in plain Python but not under tf.function",
        ),
        (_step(g_loss=lambda g, d, z: _g_loss(g, d, z) * 5), "expected"),
        (_step(d_loss=lambda *a: -_d_loss(*a)), "up d_loss"),
        (_step(g_loss=lambda *a: -_g_loss(*a)), "up g_loss"),
        (_step(g_variables=lambda g, d: [*g.trainable_variables, *d.trainable_variables]), "Unknown variable"),
        (
            _step(g_loss=lambda g, d, z: -tf.reduce_mean(tf.nn.softplus(_logits(d, g(z))))),
            "softplus(-fake_logits)",
        ),
        (_step(result=lambda d, g: None), "two losses"),
        (_step(result=lambda d, g: (g, d)), "d_loss first"),
    ],
    "cnn_networks": [
        (lambda latent_dim=100: None, "two networks"),
        (lambda latent_dim=100: _lab2(latent_dim)[0], "two networks"),
        (lambda latent_dim=100: (_Lab2Generator(), _lab2()[1]), "no weights yet"),
        (lambda latent_dim=100: _lab2(latent_dim)[::-1], "expected noise of shape"),
        (lambda latent_dim=100: _lab2(), "expected noise of shape (None, 10)"),
        (lambda latent_dim=100: _lab2(latent_dim, side=5), "expected images of shape (None, 28, 28, 1)"),
        (lambda latent_dim=100: _lab2(latent_dim, kernel=5), "4 wide, not 5"),
        (lambda latent_dim=100: _lab2(latent_dim, last=3), "7 wide, not 3"),
        (lambda latent_dim=100: _lab2(latent_dim, norm=True), "no batch norm"),
        (lambda latent_dim=100: _lab2(latent_dim, end="sigmoid"), "a sigmoid, expected a tanh"),
        (lambda latent_dim=100: _lab2(latent_dim, end=None), "no activation, expected a tanh"),
        (lambda latent_dim=100: _lab2(latent_dim, raw="sigmoid"), "an activation, expected none"),
        (lambda latent_dim=100: _lab2(latent_dim, scores=2), "expected one score"),
        (lambda latent_dim=100: _lab2(latent_dim, slope=0.3), "default slope of 0.3"),
        (lambda latent_dim=100: _lab2(latent_dim, slope=0.0), "a ReLU, expected LeakyReLU(0.2)"),
        (lambda latent_dim=100: _lab2(latent_dim, bend="leaky_relu"), "a LeakyReLU(0.2), expected a ReLU"),
        (lambda latent_dim=100: _lab2(latent_dim, end="softsign"), "numbers differ"),
        (lambda latent_dim=100: _lab2(latent_dim, start="relu"), "The dense layer has an activation"),
        (functools.cache(_lab2), "the same network twice"),
        (lambda latent_dim=100: _lab2(latent_dim, slope=None), "no activation, expected LeakyReLU(0.2)"),
        (lambda latent_dim=100: _lab2(latent_dim, bend=None), "no activation, expected a ReLU"),
    ],
    "my_generator": [
        (lambda latent_dim=64: None, "return"),
        (lambda latent_dim=64: _generator(_up(16), _up(1)), "(None, 10)"),
        (lambda latent_dim=64: _generator(_up(16), _up(1), latent_dim=latent_dim, last="sigmoid"), "both ends"),
        (lambda latent_dim=64: _generator(_up(16), _up(1), latent_dim=latent_dim, last="linear"), "end in a tanh"),
        (lambda latent_dim=64: _generator(_up(16), _up(1), _MixesTheBatch(), latent_dim=latent_dim), "mix a batch"),
        (
            lambda latent_dim=64: keras.Sequential(
                [keras.Input((latent_dim,)), layers.Dense(1568), _FixedBatch(), _up(16), _up(1, activation="tanh")]
            ),
            "(8, 28, 28, 1)",
        ),
        (
            lambda latent_dim=64: _generator(layers.Rescaling(0.0), _up(16), _up(1), latent_dim=latent_dim),
            "does the noise reach",
        ),
        (_closure_generator, "when it was copied"),
        (_after_tanh(lambda: layers.Rescaling(0.95)), "expected"),
        (_after_tanh(lambda: layers.Rescaling(0.5, 0.5)), "both ends"),
        (_after_tanh(layers.ReLU), "a ReLU leaves out the lower half"),
        (_after_tanh(layers.BatchNormalization), "expected [-1, 1]"),
        (_after_tanh(lambda: layers.BatchNormalization(center=False, scale=False)), "in training, expected [-1, 1]"),
        (_after_tanh(lambda: layers.GaussianNoise(0.1)), "in training, expected [-1, 1]"),
        (_after_tanh(lambda: layers.LayerNormalization(axis=(1, 2, 3))), "expected [-1, 1]"),
        (_ends_in(last="hard_tanh"), "in another way than a tanh"),
        (_ends_in(last=tf.math.erf), "in another way than a tanh"),
        (lambda latent_dim=64: _shared_pair(latent_dim), "share weights"),
        (_after_tanh(lambda: layers.Activation("linear", dtype="float64")), "float64"),
        (
            lambda latent_dim=64: _generator(
                _up(16),
                layers.Resizing(28, 28),
                layers.Conv2D(1, 3, padding="same"),
                latent_dim=latent_dim,
            ),
            "the operation Resize",
        ),
        (lambda latent_dim=64: _generator(_up(16), _up(3), latent_dim=latent_dim), "(None, 28, 28, 1)"),
        (
            lambda latent_dim=64: _generator(
                layers.UpSampling2D(4), layers.Conv2D(1, 3, padding="same"), latent_dim=latent_dim
            ),
            "UpSampling2D",
        ),
        (lambda latent_dim=64: _generator(_up(16), _up(1), latent_dim=latent_dim, start=(7, 7, 512)), "1,200,000"),
        (
            lambda latent_dim=64: _generator(
                layers.Conv2DTranspose(1, 4, strides=4, padding="same"), latent_dim=latent_dim
            ),
            "too few transposed convolutions with strides",
        ),
        (
            lambda latent_dim=64: keras.Sequential(
                [
                    keras.Input((latent_dim,)),
                    layers.Dense(128),
                    layers.Dense(128),
                    layers.Dense(784, activation="tanh"),
                    layers.Reshape((28, 28, 1)),
                ]
            ),
            "dense",
        ),
    ],
    "my_discriminator": [
        (lambda: None, "return"),
        (lambda: _discriminator(_down(16), _down(32), last="sigmoid"), "raw score"),
        (lambda: _discriminator(_down(16), _down(32), last="tanh"), "raw score"),
        (lambda: _discriminator(_down(16), _down(32), last="relu"), "both signs"),
        (_scores(lambda x: 5 * tf.tanh(x / 5)), "no limits at the end"),
        (_scores(lambda x: tf.clip_by_value(x, -10, 10)), "no limits at the end"),
        (_scores(tf.nn.leaky_relu), "no activation"),
        (_scores(lambda x: x / (1 + tf.abs(x))), "no sigmoid or tanh"),
        (_scores(lambda x: 1 / (1 + tf.exp(-x))), "no sigmoid or tanh"),
        (_scores(tf.nn.elu), "raw scores"),
        (_scores(tf.square), "both signs"),
        (_scores(tf.math.asinh), "no activation"),
        (_CACHED, "same network twice"),
        (lambda: keras.Sequential([_CACHED(), layers.Activation("linear", dtype="float64")]), "share weights"),
        (
            lambda: keras.Sequential([_scores(tf.identity)(), layers.Activation("linear", dtype="float64")]),
            "float64",
        ),
        (lambda: _discriminator(layers.Conv2D(8, 3), layers.MaxPooling2D(), _down(8)), "MaxPooling2D"),
        (lambda: _discriminator(_down(16)), "too few convolutions with strides"),
        (lambda: _discriminator(_down(16), _down(16), shape=(32, 32, 1)), "(None, 28, 28, 1)"),
        (lambda: _discriminator(_down(64), _down(512)), "500,000"),
        (
            lambda: keras.Sequential([keras.Input((28, 28, 1)), _down(8), _down(8), layers.Conv2D(1, 7)]),
            "(None, 1)",
        ),
        (lambda: keras.Sequential([layers.Flatten(), layers.Dense(1)]), "too few convolutions with strides"),
        (lambda: layers.Dense(1), "expected a keras.Model"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab04", RIGHT, WRONG
