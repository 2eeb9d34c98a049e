"""Lab 07's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tests.checks.exercises import Exercises


def _swap(answer):
    return lambda real, fake: tuple(reversed(answer(real, fake)))


# --- least squares


def _ls(real, fake):
    return 0.5 * tf.reduce_mean((real - 1) ** 2) + 0.5 * tf.reduce_mean(fake**2), 0.5 * tf.reduce_mean((fake - 1) ** 2)


def _ls_keras(real, fake):
    half = lambda wanted, scores: keras.losses.MeanSquaredError()(wanted * tf.ones_like(scores), scores) / 2  # noqa: E731
    return half(1.0, real) + half(0.0, fake), half(1.0, fake)


def _ls_ops(real, fake):
    d_loss = (keras.ops.mean(keras.ops.square(real - 1.0)) + keras.ops.mean(keras.ops.square(fake))) / 2
    return [d_loss, keras.ops.mean(keras.ops.square(1.0 - fake)) / 2]


def _ls_without_half(real, fake):
    d_loss, g_loss = _ls(real, fake)
    return 2 * d_loss, 2 * g_loss


def _ls_g_zero(real, fake):
    return _ls(real, fake)[0], 0.5 * tf.reduce_mean(fake**2)


def _ls_numpy(real, fake):
    return tuple(float(value) for value in _ls(real, fake))


def _ls_by_image(real, fake):
    return 0.5 * (real - 1) ** 2 + 0.5 * fake**2, 0.5 * (fake - 1) ** 2


# --- Wasserstein


def _w(real, fake):
    return tf.reduce_mean(fake) - tf.reduce_mean(real), -tf.reduce_mean(fake)


def _w_sum_over_count(real, fake):
    mean = lambda scores: tf.reduce_sum(scores) / tf.cast(tf.size(scores), tf.float32)  # noqa: E731
    return mean(fake) - mean(real), -mean(fake)


def _w_ops(real, fake):
    return -(keras.ops.mean(real) - keras.ops.mean(fake)), keras.ops.mean(-fake)


# --- hinge


def _h(real, fake):
    return tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + fake)), -tf.reduce_mean(fake)


def _h_maximum(real, fake):
    return tf.reduce_mean(tf.maximum(0.0, 1 - real)) + tf.reduce_mean(tf.maximum(0.0, 1 + fake)), tf.reduce_mean(-fake)


def _h_keras(real, fake):
    hinge = keras.losses.Hinge()
    return hinge(tf.ones_like(real), real) + hinge(-tf.ones_like(fake), fake), -keras.ops.mean(fake)


def _h_batch_mean(real, fake):
    d_loss = tf.nn.relu(1 - tf.reduce_mean(real)) + tf.nn.relu(1 + tf.reduce_mean(fake))
    return d_loss, -tf.reduce_mean(fake)


# --- gradient penalty


def _penalty(
    critic,
    real,
    fake,
    mix,
    *,
    axes=(1, 2, 3),
    share=lambda mix: tf.reshape(mix, (-1, 1, 1, 1)),
    size=lambda squares: tf.sqrt(tf.maximum(squares, 1e-12)),
    cost=lambda norm: tf.reduce_mean((norm - 1) ** 2),
    collect=tf.reduce_sum,
    place=lambda real, fake, share: share * real + (1 - share) * fake,
):
    mixed = place(real, fake, share(mix))
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        total = collect(critic(mixed))
    return cost(size(tf.reduce_sum(tape.gradient(total, mixed) ** 2, axis=axes)))


def _varied(**more):
    return lambda critic, real, fake, mix: _penalty(critic, real, fake, mix, **more)


def _penalty_by_image(critic, real, fake, mix):
    """Image by image, in a Python loop."""
    parts = []
    for i in range(len(mix)):
        mixed = fake[i : i + 1] + mix[i] * (real[i : i + 1] - fake[i : i + 1])
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            score = critic(mixed)
        norm = tf.sqrt(tf.reduce_sum(tape.gradient(score, mixed) ** 2) + 1e-12)
        parts.append((norm - 1) ** 2)
    return tf.add_n(parts) / len(parts)


def _penalty_flat(critic, real, fake, mix):
    share = mix[:, None, None, None]
    mixed = share * fake + (1 - share) * real
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        scores = critic(mixed)
    gradient = tf.reshape(tape.gradient(scores, mixed), (tf.shape(mixed)[0], -1))
    return tf.reduce_mean(tf.square(tf.sqrt(tf.reduce_sum(gradient**2, axis=1) + 1e-12) - 1))


# --- BEGAN's controller


def _k(k, real, fake, gamma=0.5, rate=0.001):
    return tf.clip_by_value(k + rate * (gamma * tf.reduce_mean(real) - tf.reduce_mean(fake)), 0.0, 1.0)


def _k_min_max(k, real, fake, gamma=0.5, rate=0.001):
    return tf.minimum(1.0, tf.maximum(0.0, k + rate * (gamma * tf.reduce_mean(real) - tf.reduce_mean(fake))))


def _k_ops(k, real, fake, gamma=0.5, rate=0.001):
    return keras.ops.clip(k - rate * (keras.ops.mean(fake) - gamma * keras.ops.mean(real)), 0, 1)


def _k_free(k, real, fake, gamma=0.5, rate=0.001):
    return k + rate * (gamma * tf.reduce_mean(real) - tf.reduce_mean(fake))


RIGHT = {
    "least_squares_losses": [_ls, _ls_keras, _ls_ops],
    "wasserstein_losses": [_w, _w_sum_over_count, _w_ops],
    "hinge_losses": [_h, _h_maximum, _h_keras],
    "gradient_penalty": [_varied(), _penalty_by_image, _penalty_flat, _varied(size=lambda s: tf.sqrt(s + 1e-12))],
    "update_k": [_k, _k_min_max, _k_ops],
}

WRONG = {
    "least_squares_losses": [
        (_ls_without_half, "1/2 is missing"),
        (lambda real, fake: _ls(tf.sigmoid(real), tf.sigmoid(fake)), "raw scores"),
        (lambda real, fake: (_ls(fake, real)[0], _ls(real, fake)[1]), "swapped"),
        (_swap(_ls), "swapped"),
        (_ls_g_zero, "c = 1"),
        (_ls_numpy, "gradient"),
        (_ls_by_image, "average over the batch"),
        (lambda real, fake: _ls(real, fake)[0], "two losses"),
        (lambda real, fake: None, "two losses"),
    ],
    "wasserstein_losses": [
        (lambda real, fake: (-_w(real, fake)[0], _w(real, fake)[1]), "critic wants high scores"),
        (lambda real, fake: (_w(real, fake)[0], tf.reduce_mean(fake)), "G wants high scores"),
        (lambda real, fake: (_w(real, fake)[0], -_w(real, fake)[0]), "no influence"),
        (lambda real, fake: _w(tf.sigmoid(real), tf.sigmoid(fake)), "no sigmoid"),
        (lambda real, fake: (tf.reduce_sum(fake) - tf.reduce_sum(real), _w(real, fake)[1]), "not the sum"),
        (_swap(_w), "swapped"),
        (lambda real, fake: _w(real, fake)[0], "two losses"),
    ],
    "hinge_losses": [
        (_h_batch_mean, "not the other way round"),
        (lambda real, fake: (_h(-real, -fake)[0], _h(real, fake)[1]), "signs are flipped"),
        (lambda real, fake: (tf.reduce_mean(1 - real) + tf.reduce_mean(1 + fake), -tf.reduce_mean(fake)), "Clip each"),
        (lambda real, fake: (_h(real + 1, fake - 1)[0], -tf.reduce_mean(fake)), "margin of 1"),
        (lambda real, fake: (_h(real, fake)[0], tf.reduce_mean(tf.nn.relu(1 - fake))), "no margin"),
        (lambda real, fake: (_h(real, fake)[0], tf.reduce_mean(fake)), "sign is flipped"),
        (lambda real, fake: (_h(real, fake)[0] / 2, -tf.reduce_mean(fake)), "factor 1/2"),
    ],
    "gradient_penalty": [
        (_varied(cost=lambda norm: 10 * tf.reduce_mean((norm - 1) ** 2)), "return the mean alone"),
        (_varied(cost=lambda norm: tf.reduce_mean(norm**2)), "target is missing"),
        (_varied(axes=(1,)), "all pixels"),
        (_varied(axes=(0, 1, 2, 3)), "not over the whole batch"),
        (_varied(size=lambda squares: squares), "Take the root"),
        (_varied(collect=tf.reduce_mean), "not their mean"),
        (_varied(size=tf.sqrt), "not finite"),
        (_varied(place=lambda real, fake, share: real), "real images"),
        (_varied(place=lambda real, fake, share: fake + 0 * share), "fake images"),
        (_varied(share=tf.reduce_mean), "own number"),
        (_varied(share=lambda mix: tf.random.stateless_uniform((3, 2, 2, 1), (1, 2))), ""),
        (lambda *a: float(_penalty(*a)), "no gradient"),
    ],
    "update_k": [
        (_k_free, "Clip k at 1"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, gamma, -rate), "sign is flipped"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(0.0, real, fake, gamma, rate), "old k"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, gamma, 1.0), "rate is missing"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, 1.0, rate), "gamma is missing"),
        (
            lambda k, real, fake, gamma=0.5, rate=0.001: tf.maximum(_k_free(k, real, fake, gamma, rate), 0.0),
            "Clip k at 1",
        ),
        (lambda k, real, fake, gamma=0.5, rate=0.001: np.float32(np.nan), "finite"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab07", RIGHT, WRONG
