"""Lab 04's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import math

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


def _right_together(generator, discriminator, generator_optimizer, discriminator_optimizer, real_images, noise):
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
    return [float(d_loss), float(g_loss)]


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
    "my_generator": [
        lambda latent_dim=64: _generator(_up(16), layers.ReLU(), _up(1), latent_dim=latent_dim),
        _right_all_convolutional,
        _right_nested,
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
    ],
}

WRONG = {
    "conv_output_size": [
        (lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1, "round down"),
        (lambda size, kernel, stride, padding: math.ceil((size + 2 * padding - kernel) / stride) + 1, "round down"),
        (lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride, "expected 3"),
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
        (_step(d_loss=lambda *a: _d_loss(*a) / 2), "half"),
        (_step(d_loss=lambda *a: -_d_loss(*a)), "up d_loss"),
        (_step(g_loss=lambda *a: -_g_loss(*a)), "up g_loss"),
        (_step(g_variables=lambda g, d: [*g.trainable_variables, *d.trainable_variables]), "own network"),
        (
            _step(g_loss=lambda g, d, z: -tf.reduce_mean(tf.nn.softplus(_logits(d, g(z))))),
            "softplus(-fake_logits)",
        ),
        (_step(result=lambda d, g: None), "two losses"),
        (_step(result=lambda d, g: (g, d)), "order"),
    ],
    "my_generator": [
        (lambda latent_dim=64: None, "return"),
        (lambda latent_dim=64: _generator(_up(16), _up(1)), "(None, 10)"),
        (lambda latent_dim=64: _generator(_up(16), _up(1), latent_dim=latent_dim, last="sigmoid"), "sigmoid"),
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
            "strided Conv2DTranspose",
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
        (lambda: _discriminator(layers.Conv2D(8, 3), layers.MaxPooling2D(), _down(8)), "MaxPooling2D"),
        (lambda: _discriminator(_down(16)), "strided Conv2D"),
        (lambda: _discriminator(_down(16), _down(16), shape=(32, 32, 1)), "(None, 28, 28, 1)"),
        (lambda: _discriminator(_down(64), _down(512)), "500,000"),
        (
            lambda: keras.Sequential([keras.Input((28, 28, 1)), _down(8), _down(8), layers.Conv2D(1, 7)]),
            "(None, 1)",
        ),
        (
            lambda: keras.Sequential([layers.Flatten(), layers.Dense(1)]),
            "built keras.Model",
        ),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab04", RIGHT, WRONG
