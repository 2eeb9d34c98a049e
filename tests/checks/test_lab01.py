"""Lab 01's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import functools
import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers import losses
from tests.checks.exercises import Exercises


def _functional(latent_dim):
    codes = keras.Input((latent_dim,))
    x = layers.Dense(256, activation="relu")(codes)
    x = layers.Dense(784, activation="sigmoid")(x)
    return keras.Model(codes, layers.Reshape((28, 28, 1))(x))


def _stack(*parts):
    """A decoder of these layers, new ones in every call."""
    return lambda latent_dim: keras.Sequential([make() for make in parts])


def _dense(units, activation=None, **kwargs):
    return lambda: layers.Dense(units, activation=activation, **kwargs)


def _reshaped(*shape):
    return lambda: layers.Reshape(shape)


_HIDDEN, _PIXELS, _IMAGE = _dense(256, "relu"), _dense(784, "sigmoid"), _reshaped(28, 28, 1)


class _Decoder(keras.Model):
    def __init__(self, latent_dim):
        super().__init__()
        self.hidden = layers.Dense(256)
        self.pixels = layers.Dense(28 * 28)

    def call(self, codes):
        x = tf.nn.relu(self.hidden(codes))
        return tf.reshape(tf.sigmoid(self.pixels(x)), (-1, 28, 28, 1))


class _EagerDecoder(_Decoder):
    def call(self, codes):
        return super().call(tf.constant(codes.numpy()))


class _OneByOne(_Decoder):
    def call(self, codes):
        return tf.concat([_Decoder.call(self, codes[i : i + 1]) for i in range(len(codes))], axis=0)


class _OneImage(_Decoder):
    def call(self, codes):
        return tf.reshape(super().call(codes)[:1], (1, 28, 28, 1))


class _NoGradient(_Decoder):
    def call(self, codes):
        return super().call(tf.stop_gradient(codes))


def _parts(latent_dim):
    """Activations as layers, and another kind of reshaping."""
    codes = keras.Input((latent_dim,), name="z")
    x = layers.ReLU()(layers.Dense(256)(codes))
    x = layers.Activation("sigmoid")(layers.Dense(784)(x))
    return keras.Model(codes, keras.ops.reshape(x, (-1, 28, 28, 1)))


class _Ends(_Decoder):
    """The scores of the pixels, and any end."""

    def __init__(self, latent_dim, end, bend=tf.nn.relu):
        super().__init__(latent_dim)
        self.end, self.bend = end, bend

    def call(self, codes, training=None):
        return tf.reshape(self.end(self.pixels(self.bend(self.hidden(codes)))), (-1, 28, 28, 1))


def _ending(end, bend=tf.nn.relu):
    return lambda latent_dim: _Ends(latent_dim, end, bend)


def _by_numpy(scores):
    found = tf.numpy_function(lambda s: 1 / (1 + np.exp(-s)), [scores], tf.float32)
    return tf.ensure_shape(found, scores.shape)


@tf.custom_gradient
def _wrong_slope(scores):
    return tf.sigmoid(scores), lambda upstream: upstream


class _Transposed(layers.Layer):
    """A dense layer whose kernel lies as in PyTorch."""

    def __init__(self, inside, units):
        super().__init__()
        self.kernel = self.add_weight(shape=(units, inside))
        self.bias = self.add_weight(shape=(units,), initializer="zeros")

    def call(self, values):
        return tf.matmul(values, self.kernel, transpose_b=True) + self.bias


def _as_in_pytorch(latent_dim):
    parts = [_Transposed(latent_dim, 256), layers.ReLU(), _Transposed(256, 784), layers.Activation(keras.ops.sigmoid)]
    return keras.Sequential([keras.Input((latent_dim,)), *parts, layers.Reshape((28, 28, 1))])


def _einsum(latent_dim):
    pixels = layers.EinsumDense("bu,uhwc->bhwc", (28, 28, 1), bias_axes="hwc", activation="sigmoid")
    return keras.Sequential([keras.Input((latent_dim,)), layers.Dense(256, "relu"), pixels])


_SHARED = layers.Dense(784, activation="sigmoid")


def _frozen_decoder(latent_dim):
    model = _functional(latent_dim)
    model.layers[1].trainable = False
    return model


def _with_len(mean, log_var, epsilon):
    """AutoGraph makes TensorFlow's of len, as the lab's own step does."""
    return tf.reshape(mean + tf.exp(log_var / 2) * epsilon, (len(mean), -1))


def _kl_loop(mean, log_var):
    kl = tf.zeros_like(mean[:, 0])
    for j in range(mean.shape[1]):
        kl += 0.5 * (mean[:, j] ** 2 + tf.exp(log_var[:, j]) - 1 - log_var[:, j])
    return kl


RIGHT = {
    "build_decoder": [
        _functional,
        _stack(_HIDDEN, _PIXELS, _IMAGE),
        _Decoder,
        _parts,
        _as_in_pytorch,
        _einsum,
        _ending(lambda scores: 1 / (1 + tf.exp(-scores))),
        _ending(keras.activations.sigmoid, keras.ops.relu),
        lambda latent_dim: keras.Sequential(
            [
                keras.Input((latent_dim,)),
                layers.Dense(256, "relu"),
                layers.Dense(784, "sigmoid"),
                _reshaped(28, 28, 1)(),
            ]
        ),
    ],
    "sample_z": [
        lambda mean, log_var, epsilon: mean + tf.exp(0.5 * log_var) * epsilon,
        lambda mean, log_var, epsilon: mean + tf.sqrt(tf.exp(log_var)) * epsilon,
        lambda mean, log_var, epsilon: tf.math.add(tf.multiply(epsilon, keras.ops.exp(log_var / 2)), mean),
        lambda mean, log_var, epsilon: mean + tf.exp(log_var) ** 0.5 * epsilon,
        lambda mean, log_var, epsilon: tf.map_fn(
            lambda parts: parts[0] + tf.exp(parts[1] / 2) * parts[2],
            (mean, log_var, epsilon),
            fn_output_signature=tf.float32,
        ),
        _with_len,
    ],
    "kl_divergence": [
        lambda mean, log_var: 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1),
        lambda mean, log_var: -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=-1),
        lambda mean, log_var: keras.ops.sum((mean * mean + keras.ops.exp(log_var) - 1 - log_var) / 2, axis=1),
        lambda mean, log_var: tf.einsum("bd->b", mean**2 + tf.exp(log_var) - log_var - 1) / 2,
        _kl_loop,
        lambda mean, log_var: sum(tf.unstack(0.5 * (mean**2 + tf.exp(log_var) - 1 - log_var), axis=1)),
    ],
    "vae_loss": [],
    "repaired_loss": [],
}


def _right_sum(images, reconstructions, mean, log_var, beta):
    p = tf.clip_by_value(reconstructions, 1e-7, 1 - 1e-7)
    nats = -(images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p))
    reconstruction = tf.reduce_mean(tf.reduce_sum(nats, axis=(1, 2, 3)))
    kl = tf.reduce_mean(0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1))
    return reconstruction + beta * kl, reconstruction, kl


def _right_keras(images, reconstructions, mean, log_var, beta):
    pixels = keras.losses.binary_crossentropy(images, reconstructions) * images.shape[-1]
    reconstruction = tf.reduce_mean(tf.reduce_sum(pixels, axis=[1, 2]))
    kl = -0.5 * tf.reduce_mean(tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1))
    return [reconstruction + beta * kl, reconstruction, kl]


def _right_flat(images, reconstructions, mean, log_var, beta):
    batch = tf.cast(tf.shape(images)[0], tf.float32)
    p = tf.minimum(tf.maximum(reconstructions, 1e-6), 1 - 1e-6)
    reconstruction = -tf.reduce_sum(images * tf.math.log(p) + (1 - images) * tf.math.log1p(-p)) / batch
    kl = tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var) / (2 * batch)
    return reconstruction + kl * beta, reconstruction, kl


def _right_len(images, reconstructions, mean, log_var, beta):
    count = tf.cast(len(images), tf.float32)
    p = reconstructions
    nats = images * tf.math.log(p + 1e-7) + (1 - images) * tf.math.log(1 - p + 1e-7)
    r, k = -tf.reduce_sum(nats) / count, tf.reduce_sum(losses.kl_divergence(mean, log_var)) / count
    return r + beta * k, r, k


RIGHT["vae_loss"] = [_right_sum, _right_keras, _right_flat, _right_len]


def _repaired(images, reconstructions, mean, log_var):
    pixels = keras.losses.binary_crossentropy(images, reconstructions)
    reconstruction = tf.reduce_sum(pixels, axis=(1, 2)) * images.shape[-1]
    return reconstruction - 0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1)


def _repaired_flat(images, reconstructions, mean, log_var):
    count = tf.shape(images)[0]
    flat = [tf.reshape(part, (count, -1)) for part in (images, reconstructions)]
    reconstruction = keras.losses.binary_crossentropy(*flat) * math.prod(images.shape[1:])
    return reconstruction + _kl(mean, log_var)


def _repaired_one_by_one(*batch):
    """The loss of exercise 4, an image at a time: slow, but right."""
    one = lambda parts: _right_sum(*(part[None] for part in parts), 1.0)[0]  # noqa: E731
    return tf.map_fn(one, batch, fn_output_signature=tf.float32)


RIGHT["repaired_loss"] = [
    _repaired,
    _repaired_flat,
    lambda images, reconstructions, mean, log_var: (
        tf.reduce_sum(_nats(images, reconstructions), axis=(1, 2, 3)) + _kl(mean, log_var)
    ),
    _repaired_one_by_one,
    lambda *b: (
        keras.losses.binary_crossentropy(*(tf.reshape(part, (len(part), -1)) for part in b[:2]))
        * math.prod(b[0].shape[1:])
        + losses.kl_divergence(*b[2:])
    ),
    lambda *b: tf.reduce_sum(keras.ops.binary_crossentropy(*b[:2]), axis=(1, 2, 3)) + _kl(*b[2:]),
    lambda *b: (
        tf.reduce_mean(_bce(*b[:2]), axis=(1, 2)) * tf.cast(tf.reduce_prod(tf.shape(b[0])[1:]), tf.float32)
        + _kl(*b[2:])
    ),
]


def _kl(mean, log_var):
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1)


def _nats(images, reconstructions):
    p = tf.clip_by_value(reconstructions, 1e-7, 1 - 1e-7)
    return -(images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p))


def _loss(reconstruction, kl, weigh=lambda r, k, beta: r + beta * k):
    """A wrong loss from its parts: how (images, reconstructions) and (mean, log_var) are reduced, and put together."""

    def answer(images, reconstructions, mean, log_var, beta):
        r, k = reconstruction(images, reconstructions), kl(mean, log_var)
        return weigh(r, k, beta), r, k

    return answer


def _summed(images, reconstructions):
    return tf.reduce_mean(tf.reduce_sum(_nats(images, reconstructions), axis=(1, 2, 3)))


def _mean_kl(mean, log_var):
    return tf.reduce_mean(_kl(mean, log_var))


def _unclipped_nats(images, p):
    return -(images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p))


def _unclipped(images, reconstructions):
    return tf.reduce_mean(tf.reduce_sum(_unclipped_nats(images, reconstructions), axis=(1, 2, 3)))


def _bce(images, reconstructions):
    return keras.losses.binary_crossentropy(images, reconstructions)


def _bce_mean(images, reconstructions):
    return tf.reduce_mean(_bce(images, reconstructions)) * 28 * 28


def _of_each(images, reconstructions):
    return tf.reduce_sum(_nats(images, reconstructions), axis=(1, 2, 3))


def _squeezed(*parts):
    return [tf.squeeze(part) for part in parts]


def _kl_of_numpy(mean, log_var):
    return 0.5 * tf.reduce_sum(mean**2 + np.exp(log_var) - 1 - log_var, axis=1)


def _sure(images, p):
    """No infinite loss, but a gradient that is not a number."""
    white, black = tf.where(p > 0, tf.math.log(p), -16.0), tf.where(p < 1, tf.math.log(1 - p), -16.0)
    return -tf.reduce_mean(tf.reduce_sum(images * white + (1 - images) * black, axis=(1, 2, 3)))


def _clipped(images, p):
    return _summed(images, tf.clip_by_value(p, 1e-2, 1 - 1e-2))


def _course(images, reconstructions, mean, log_var):
    return _bce_mean(images, reconstructions) - 0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var))


WRONG = {
    "build_decoder": [
        (_stack(_HIDDEN, _dense(784, "tanh"), _IMAGE), "expected [0, 1]: probabilities"),
        (_stack(_HIDDEN, _dense(784), _IMAGE), "expected [0, 1]: probabilities"),
        (_stack(_HIDDEN, _dense(784, "relu"), _IMAGE), "expected [0, 1]: probabilities"),
        (_stack(_HIDDEN, _dense(784, "softmax"), _IMAGE), "softmax"),
        (_stack(_HIDDEN, _PIXELS, _dense(784, "sigmoid"), _IMAGE), "parameters"),
        (
            _stack(_HIDDEN, _PIXELS, lambda: layers.Activation("sigmoid"), _IMAGE),
            "something shrinks them or cuts them off, probabilities come out of one sigmoid",
        ),
        (_stack(_HIDDEN, _PIXELS), "Reshape"),
        (_stack(_HIDDEN, _PIXELS, _reshaped(28, 28)), "axis of channels"),
        (_stack(_dense(256), _PIXELS, _IMAGE), "has no activation, not a ReLU"),
        (_stack(_dense(256, "tanh"), _PIXELS, _IMAGE), "has a tanh, not a ReLU"),
        (_stack(_dense(128, "relu"), _PIXELS, _IMAGE), "202,256"),
        (_stack(_PIXELS, _IMAGE), "hidden layer of 256 units is missing"),
        (_stack(_dense(256, "relu", use_bias=False), _dense(784, "sigmoid", use_bias=False), _IMAGE), "need a bias"),
        (_stack(_HIDDEN, lambda: layers.Dropout(0.5), _PIXELS, _IMAGE), "leave out dropout"),
        (lambda latent_dim: _functional(2), "takes (None, 2), expected codes of shape (None, 8)"),
        (lambda latent_dim: keras.Sequential([layers.Dense(256, "relu"), _SHARED, _IMAGE()]), "share weights"),
        (_frozen_decoder, "freeze nothing"),
        (_ending(lambda scores: 0.98 * tf.sigmoid(scores) + 0.01), "expected"),
        (_ending(tf.sigmoid, tf.nn.leaky_relu), "has a LeakyReLU of slope 0.2, not a ReLU"),
        (_ending(tf.sigmoid, tf.nn.gelu), "numbers differ"),
        (_ending(_by_numpy), "no gradient comes back"),
        (_ending(_wrong_slope), "a wrong one comes back"),
        (_ending(tf.sigmoid, tf.stop_gradient), "numbers differ"),
        (_stack(_HIDDEN, _PIXELS, _IMAGE, lambda: layers.GaussianNoise(0.1)), "in training"),
        (_stack(_HIDDEN, lambda: layers.GaussianNoise(0.1), _PIXELS, _IMAGE), "leave out dropout and noise"),
        (_stack(_HIDDEN, _PIXELS, lambda: layers.Reshape((28, 28, 1), dtype="float64")), "float64"),
        (functools.cache(_functional), "same network twice"),
        (_EagerDecoder, "does not take codes of shape (None, 2)"),
        (_OneByOne, "does not take codes of shape (None, 2)"),
        (_OneImage, "makes (1, 28, 28, 1)"),
        (_NoGradient, "no gradient comes back to what goes in"),
        (lambda latent_dim: keras.Model(z := keras.Input((latent_dim,)), [_functional(latent_dim)(z), z]), "2 outputs"),
        (lambda latent_dim: _functional(latent_dim).output, "expected a keras.Model"),
        (lambda latent_dim: None, "return"),
    ],
    "sample_z": [
        (lambda mean, log_var, epsilon: mean + tf.exp(log_var) * epsilon, "variance"),
        (lambda mean, log_var, epsilon: mean + log_var * epsilon, "logarithm"),
        (lambda mean, log_var, epsilon: mean + epsilon, "scaled"),
        (lambda mean, log_var, epsilon: mean + tf.exp(0.5 * log_var), "noise"),
        (lambda mean, log_var, epsilon: mean + tf.exp(-0.5 * log_var) * epsilon, "sign"),
        (lambda mean, log_var, epsilon: mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean)), "expected"),
        (lambda mean, log_var, epsilon: mean.numpy() + np.exp(0.5 * log_var.numpy()) * epsilon.numpy(), "NumPy"),
        (lambda mean, log_var, epsilon: tf.stop_gradient(mean) + tf.exp(0.5 * log_var) * epsilon, "gradient"),
        (lambda mean, log_var, epsilon: None, "return"),
        (lambda mean, log_var, epsilon: mean + np.exp(0.5 * log_var) * epsilon, "no gradient flows"),
        (lambda mean, log_var, epsilon: mean + tf.sqrt(np.exp(log_var) + 0 * log_var) * epsilon, "hidden"),
        (lambda *parts: RIGHT["sample_z"][0](*_squeezed(*parts)), "shape"),
        (lambda m, v, e: m + tf.exp(tf.clip_by_value(v, -4, 4) / 2) * e, "log_var=[-12, 12]"),
        (lambda mean, log_var, epsilon: mean + np.exp(log_var / 4) * epsilon, "expected"),
        (lambda *parts: RIGHT["sample_z"][0](*(tf.cast(part, tf.float64) for part in parts)), "float32"),
        (lambda mean, log_var, epsilon: tf.exp(0.5 * log_var) * epsilon, "The mean is missing"),
        (lambda mean, log_var, epsilon: (mean + tf.exp(0.5 * log_var)) * epsilon, "expected"),
    ],
    "kl_divergence": [
        (lambda mean, log_var: tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1), "1/2"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(1 + log_var - mean**2 - tf.exp(log_var), axis=1), "sign"),
        (lambda mean, log_var: 0.5 * tf.reduce_mean(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1), "average"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var), "one value per image"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=0), "axis 1"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - log_var, axis=1), "-1"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(mean**2 + tf.exp(2 * log_var) - 1 - log_var, axis=1), "square"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(mean + tf.exp(log_var) - 1 - log_var, axis=1), "Square the mean"),
        (lambda mean, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) - 1 - log_var, axis=1), "mean is missing"),
        (lambda mean, log_var: tf.constant([0.0, 3.306853]), "shape"),
        (_kl_of_numpy, "hidden from the gradient"),
        (lambda mean, log_var: tf.stop_gradient(_kl(mean, log_var)), "no gradient flows"),
        (lambda mean, log_var: _kl(mean.numpy(), log_var.numpy()), "gradient"),
        (lambda mean, log_var: tf.squeeze(_kl(mean, log_var)), "shape ()"),
        (lambda mean, log_var: _kl(mean, log_var) / 2, "half of it"),
        (lambda mean, log_var: _kl(mean[:, :2], log_var[:, :2]), "expected"),
        (lambda mean, log_var: _kl(mean, log_var)[:, None], "Drop the last axis"),
        (lambda m, v: tf.stack([_kl(m[i : i + 1], v[i : i + 1])[0] for i in range(len(m))]), "compiled"),
    ],
    "vae_loss": [
        (_loss(_summed, lambda mean, log_var: tf.reduce_sum(_kl(mean, log_var))), "batch_size times"),
        (_loss(lambda x, r: tf.reduce_mean(_nats(x, r)), _mean_kl), "Sum over the pixels"),
        (_loss(lambda x, r: tf.reduce_sum(_nats(x, r)), _mean_kl), "Average over the batch"),
        (_loss(_summed, _mean_kl, lambda r, k, beta: beta * r + k), "weight of KL"),
        (_loss(_summed, _mean_kl, lambda r, k, beta: r + k), "beta is missing"),
        (_loss(_summed, _mean_kl, lambda r, k, beta: r - beta * k), "add them"),
        (_loss(lambda x, r: -_summed(x, r), _mean_kl), "sign"),
        (_loss(_unclipped, _mean_kl), "Clip"),
        (lambda *batch: _right_sum(*batch)[0], "three values"),
        (_loss(_summed, _kl), "Average over the batch"),
        (lambda *b: dict(zip("lrk", _right_sum(*b), strict=True)), "a dict, expected the three values"),
        (_loss(lambda x, r: tf.reduce_mean(tf.reduce_sum(_bce(x, r), axis=(1, 2))), _mean_kl), "over the channels"),
        (_loss(_bce_mean, _mean_kl), "28 * 28"),
        (_loss(_clipped, _mean_kl), "0.0001"),
        (_loss(_sure, _mean_kl), "the gradient of the loss for reconstructions of exactly 0 and 1"),
        (_loss(_summed, lambda *p: tf.reduce_mean(_kl_of_numpy(*p))), "hidden from the gradient"),
        (_loss(_summed, lambda *p: tf.stop_gradient(_mean_kl(*p))), "no gradient flows from the loss to mean"),
        (_loss(lambda x, r: tf.reduce_sum(_nats(x, r)) / x.shape[0], _mean_kl), "compiled"),
        (_loss(_summed, _mean_kl, lambda r, k, beta: -r - beta * k), "ELBO"),
        (_loss(lambda *p: _summed(*(tf.squeeze(q)[..., None] for q in p)), _mean_kl), "raised"),
    ],
    "repaired_loss": [
        (_course, "KL is still summed over the batch"),
        (lambda *b: _right_sum(*b, 1.0)[0], "loss of the whole batch"),
        (lambda *b: _bce_mean(*b[:2]) + _mean_kl(*b[2:]), "KL is a mean now"),
        (lambda *b: _bce_mean(*b[:2]) + _kl(*b[2:]), "KL is right. The reconstruction is still one number"),
        (lambda *b: _of_each(*b[:2]) + tf.reduce_sum(_kl(*b[2:])), "KL is still summed over the batch"),
        (lambda *b: tf.reduce_mean(_bce(*b[:2]), axis=(1, 2)) * 28 * 28 + _kl(*b[2:]), "28 * 28 is written"),
        (lambda *b: tf.reduce_sum(_bce(*b[:2]), axis=(1, 2)) + _kl(*b[2:]), "the channels: multiply"),
        (lambda *b: tf.reduce_mean(_bce(*b[:2]), axis=(1, 2)) + _kl(*b[2:]), "sum over the pixels"),
        (lambda *b: _of_each(*b[:2]), "KL is gone"),
        (lambda *b: tf.reduce_sum(_nats(*b[:2])) + tf.reduce_sum(_kl(*b[2:])), "sum over the batch"),
        (lambda *b: _of_each(*b[:2]) + _kl(*b[2:]) / 2, "expected"),
        (lambda *b: _of_each(*b[:2]) + _kl(*b[2:]) / b[2].shape[1], "latent dimensions"),
        (lambda *b: _of_each(*b[:2]) + _kl(*b[2:]) / 128, "128"),
        (lambda *b: _of_each(*b[:2]) - _kl(*b[2:]), "add them"),
        (lambda *b: tf.reduce_sum(_unclipped_nats(*b[:2]), axis=(1, 2, 3)) + _kl(*b[2:]), "clips"),
        (lambda *b: tf.reduce_sum(_bce(*b[:2]), axis=1) + _kl(*b[2:])[:, None], "shape"),
        (lambda *b: 3 * tf.reduce_sum(_bce(*b[:2]), axis=(1, 2)) + _kl(*b[2:]), "expected"),
        (lambda *b: _of_each(*b[:2]) + 2 * tf.reduce_mean(_kl(*b[2:])[:, None], axis=1), "expected"),
        (lambda *b: _of_each(*b[:2]) + _kl_of_numpy(*b[2:]), "hidden from the gradient"),
        (lambda *b: tf.squeeze(_of_each(*b[:2]) + _kl(*b[2:])), "shape ()"),
        (lambda *b: losses.reconstruction_loss(*b[:2]) + _kl(*b[2:]), "own version"),
        (lambda *b: tf.stack([_right_sum(*(p[i : i + 1] for p in b), 1.0)[0] for i in range(len(b[0]))]), "unknown"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab01", RIGHT, WRONG
