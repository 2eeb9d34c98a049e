"""Lab 01's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from tests.checks.exercises import Exercises

RIGHT = {
    "sample_z": [
        lambda mean, log_var, epsilon: mean + tf.exp(0.5 * log_var) * epsilon,
        lambda mean, log_var, epsilon: mean + tf.sqrt(tf.exp(log_var)) * epsilon,
        lambda mean, log_var, epsilon: tf.math.add(tf.multiply(epsilon, keras.ops.exp(log_var / 2)), mean),
        lambda mean, log_var, epsilon: mean + tf.exp(log_var) ** 0.5 * epsilon,
    ],
    "kl_divergence": [
        lambda mean, log_var: 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1),
        lambda mean, log_var: -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=-1),
        lambda mean, log_var: keras.ops.sum((mean * mean + keras.ops.exp(log_var) - 1 - log_var) / 2, axis=1),
        lambda mean, log_var: tf.einsum("bd->b", mean**2 + tf.exp(log_var) - log_var - 1) / 2,
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
    return {"loss": reconstruction + kl * beta, "reconstruction": reconstruction, "kl": kl}


RIGHT["vae_loss"] = [_right_sum, _right_keras, _right_flat]
RIGHT["repaired_loss"] = [
    lambda *batch: _right_sum(*batch, 1.0)[0],
    lambda *batch: _right_flat(*batch, 1.0)["loss"],
    lambda *batch: tf.reduce_mean(_right_keras(*batch, 1.0)[0]),
    lambda images, reconstructions, mean, log_var: (
        tf.reduce_mean(
            keras.losses.binary_crossentropy(
                tf.reshape(images, (len(images), -1)), tf.reshape(reconstructions, (len(images), -1))
            )
        )
        * math.prod(images.shape[1:])
        - 0.5 * tf.reduce_mean(tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1))
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


def _unclipped(images, reconstructions):
    p = reconstructions
    nats = -(images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p))
    return tf.reduce_mean(tf.reduce_sum(nats, axis=(1, 2, 3)))


def _course(images, reconstructions, mean, log_var):
    reconstruction = tf.reduce_mean(keras.losses.binary_crossentropy(images, reconstructions)) * 28 * 28
    return reconstruction - 0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var))


WRONG = {
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
    ],
    "repaired_loss": [
        (_course, "expected"),
        (lambda *b: _summed(*b[:2]) + tf.reduce_sum(_kl(*b[2:])), "4 times"),
        (lambda *b: _summed(*b[:2]), "KL is gone"),
        (lambda *b: tf.reduce_mean(_nats(*b[:2])) + _mean_kl(*b[2:]), "sum over pixels"),
        (lambda *b: tf.reduce_sum(_nats(*b[:2])) + tf.reduce_sum(_kl(*b[2:])), "sum over the batch"),
        (lambda *b: _summed(*b[:2]) + tf.reduce_mean(_kl(*b[2:])) / 2, "latent dimensions"),
        (lambda *b: _summed(*b[:2]) + tf.reduce_sum(_kl(*b[2:])) / 128, "128"),
        (lambda *b: tf.reduce_sum(_nats(*b[:2]), axis=(1, 2, 3)) + _kl(*b[2:]), "shape"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab01", RIGHT, WRONG
