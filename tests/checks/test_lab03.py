"""Lab 03's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tests.checks.exercises import Exercises

_BCE = keras.losses.BinaryCrossentropy(from_logits=True)


def _d(real, fake):
    return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))


def _g(fake):
    return tf.reduce_mean(tf.nn.softplus(-fake))


def _two_tapes(g, d, g_optimizer, d_optimizer, real, noise):
    """Module 6's order: both losses first, then both steps."""
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = g(noise, training=True)
        real_logits, fake_logits = d(real, training=True), d(fake, training=True)
        d_loss, g_loss = _d(real_logits, fake_logits), _g(fake_logits)
    d_gradients = d_tape.gradient(d_loss, d.trainable_variables)
    g_gradients = g_tape.gradient(g_loss, g.trainable_variables)
    d_optimizer.apply_gradients(zip(d_gradients, d.trainable_variables, strict=True))
    g_optimizer.apply_gradients(zip(g_gradients, g.trainable_variables, strict=True))
    return d_loss, g_loss


def _one_after_the_other(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape() as tape:
        d_loss = _d(d(real), d(tf.stop_gradient(g(noise))))
    d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    with tf.GradientTape() as tape:
        g_loss = _g(d(g(noise)))
    g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    return {"g_loss": g_loss, "d_loss": d_loss}


def _persistent(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = d(g(noise))
        d_loss = _BCE(tf.ones_like(d(real)), d(real)) + _BCE(tf.zeros_like(fake_logits), fake_logits)
        g_loss = _BCE(tf.ones_like(fake_logits), fake_logits)
    d_gradients = tape.gradient(d_loss, d.trainable_variables)
    g_gradients = tape.gradient(g_loss, g.trainable_variables)
    g_optimizer.apply(g_gradients, g.trainable_variables)
    d_optimizer.apply(d_gradients, d.trainable_variables)
    return [d_loss, g_loss]


def _step(d_sign=1.0, g_sign=1.0, g_loss=_g, d_loss=_d, move=("d", "g"), d_takes=None, g_takes=None, returns=None):
    """A wrong step, by what is changed of the right one."""

    def step(g, d, g_optimizer, d_optimizer, real, noise):
        with tf.GradientTape(persistent=True) as tape:
            fake_logits = d(g(noise))
            losses = {"d": d_loss(d(real), fake_logits), "g": g_loss(fake_logits)}
        d_gradients = tape.gradient(losses[d_takes or "d"], d.trainable_variables)
        g_gradients = tape.gradient(losses[g_takes or "g"], g.trainable_variables)
        if "d" in move:
            d_optimizer.apply([d_sign * gradient for gradient in d_gradients], d.trainable_variables)
        if "g" in move:
            g_optimizer.apply([g_sign * gradient for gradient in g_gradients], g.trainable_variables)
        return returns(losses) if returns else (losses["d"], losses["g"])

    return step


def _both_move_with_both(g, d, g_optimizer, d_optimizer, real, noise):
    everything = g.trainable_variables + d.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = d(g(noise))
        d_loss, g_loss = _d(d(real), fake_logits), _g(fake_logits)
        total = d_loss + g_loss
    gradients = tape.gradient(total, everything)
    keras.optimizers.SGD(0.5).apply(gradients, everything)
    return d_loss, g_loss


def _g_moves_with_d(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = d(g(noise))
        d_loss, g_loss = _d(d(real), fake_logits), _g(fake_logits)
    d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    for loss in (g_loss, d_loss):
        for variable, gradient in zip(g.trainable_variables, tape.gradient(loss, g.trainable_variables), strict=True):
            variable.assign_sub(0.5 * gradient)
    return d_loss, g_loss


def _not_compiled(g, d, g_optimizer, d_optimizer, real, noise):
    d_loss, g_loss = _two_tapes(g, d, g_optimizer, d_optimizer, real, noise)
    return float(d_loss.numpy()), float(g_loss.numpy())


def _no_path(g, d, g_optimizer, d_optimizer, real, noise):
    fake = g(noise)
    with tf.GradientTape() as tape:
        g_loss = _g(d(fake))
    g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    return g_loss, g_loss


def _naive_d(real, fake):
    return -tf.reduce_mean(tf.math.log(tf.sigmoid(real))) - tf.reduce_mean(tf.math.log(1 - tf.sigmoid(fake)))


def _clipped_d(real, fake):
    bce = keras.losses.BinaryCrossentropy()
    return bce(tf.ones_like(real), tf.sigmoid(real)) + bce(tf.zeros_like(fake), tf.sigmoid(fake))


RIGHT = {
    "optimal_discriminator": [
        lambda p, q: p / (p + q),
        lambda p, q: 1 - q / (p + q),
        lambda p, q: np.divide(p, np.add(p, q)),
        lambda p, q: tf.constant(p) / (tf.constant(p) + q),
    ],
    "discriminator_loss": [
        _d,
        lambda real, fake: _BCE(tf.ones_like(real), real) + _BCE(tf.zeros_like(fake), fake),
        lambda real, fake: -tf.reduce_mean(tf.math.log_sigmoid(real)) - tf.reduce_mean(tf.math.log_sigmoid(-fake)),
        lambda real, fake: (
            tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(real), real))
            + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.zeros_like(fake), fake))
        ),
    ],
    "generator_loss": [
        _g,
        lambda fake: _BCE(tf.ones_like(fake), fake),
        lambda fake: -tf.reduce_mean(tf.math.log_sigmoid(fake)),
        lambda fake: keras.ops.mean(keras.ops.softplus(-fake)),
    ],
    "train_step": [_two_tapes, _one_after_the_other, _persistent],
    "preprocess": [
        lambda images: (images.astype("float32") - 127.5) / 127.5,
        lambda images: images.astype("float32") / 127.5 - 1,
        lambda images: tf.cast(images, tf.float32) / 255 * 2 - 1,
        lambda images: np.interp(images, (0, 255), (-1, 1)).astype(np.float32),
    ],
}

WRONG = {
    "optimal_discriminator": [
        (lambda p, q: q / (p + q), "probability of fake"),
        (lambda p, q: p / q, "no fakes"),
        (lambda p, q: p - q, "share of the sum"),
        (lambda p, q: (p + q) / 2, "Divide by the sum"),
        (lambda p, q: p, "where the fakes are"),
        (lambda p, q: p / (p + q) / 2, "1/2"),
        (lambda p, q: np.log(p / (p + q)), "logarithm"),
        (lambda p, q: None, "return"),
    ],
    "discriminator_loss": [
        (_naive_d, "from_logits=True"),
        (_clipped_d, "clipped"),
        (lambda real, fake: _d(real, fake) / 2, "1/2"),
        (lambda real, fake: _d(fake, real), "swapped"),
        (lambda real, fake: _d(-real, -fake), "labels are swapped"),
        (lambda real, fake: -_d(real, fake), "sign"),
        (lambda real, fake: tf.reduce_mean(tf.nn.softplus(-real)), "fakes is missing"),
        (lambda real, fake: tf.reduce_sum(tf.nn.softplus(-real)) + tf.reduce_sum(tf.nn.softplus(fake)), "do not sum"),
        (lambda real, fake: tf.nn.softplus(-real) + tf.nn.softplus(fake), "Average over the batch"),
        (lambda real, fake: float(_d(real, fake)), "NumPy"),
        (lambda real, fake: None, "return"),
    ],
    "generator_loss": [
        (lambda fake: -tf.reduce_mean(tf.nn.softplus(fake)), "minimax"),
        (lambda fake: tf.reduce_mean(tf.nn.softplus(fake)), "called real"),
        (lambda fake: -_g(fake), "sign"),
        (lambda fake: tf.reduce_sum(tf.nn.softplus(-fake)), "do not sum"),
        (lambda fake: tf.nn.softplus(-fake), "Average over the batch"),
        (lambda fake: -tf.reduce_mean(tf.math.log(tf.sigmoid(fake))), "from_logits=True"),
        (lambda fake: -tf.reduce_mean(tf.math.log(tf.sigmoid(fake) + 1e-7)), "16.1"),
        (lambda fake: -tf.reduce_mean(fake), "logarithm"),
        (lambda fake: np.logaddexp(0, -fake.numpy()).mean(), "NumPy"),
    ],
    "train_step": [
        (_step(move=("g",)), "D's weights did not move"),
        (_step(move=("d",)), "G's weights did not move"),
        (_step(d_sign=-1.0), "step up"),
        (_step(g_sign=-1.0), "step up"),
        (_step(g_loss=lambda fake: -tf.reduce_mean(tf.nn.softplus(fake))), "minimax"),
        (_step(g_loss=lambda fake: tf.reduce_mean(tf.nn.softplus(fake))), "easier"),
        (_step(g_takes="d"), "easier"),
        (_step(d_takes="g"), "loss of its own"),
        (_step(d_loss=lambda real, fake: _d(fake, real)), "expected"),
        (_step(returns=lambda losses: (losses["g"], losses["d"])), "d_loss first"),
        (_step(returns=lambda losses: None), "returned None"),
        (_step(returns=lambda losses: losses["d"]), "two losses"),
        (_both_move_with_both, "G's loss moved D"),
        (_g_moves_with_d, "D's loss moved G"),
        (_not_compiled, "tf.function"),
        (_no_path, "raised"),
    ],
    "preprocess": [
        (lambda images: images.astype("float32") / 255, "tanh reaches"),
        (lambda images: images.astype("float32") / 255 - 0.5, "[-0.5, 0.5]"),
        (lambda images: images.astype("float32") / 128 - 1, "127.5"),
        (lambda images: images.astype("float32") - 127.5, "division is missing"),
        (lambda images: (images * np.uint8(2)).astype("float32") / 255 - 1, "wrap round"),
        (lambda images: images / 127.5 - 1, "float32"),
        (lambda images: 1 - images.astype("float32") / 127.5, "swapped"),
        (lambda images: np.tanh(images.astype("float32") / 255), "linear"),
        (
            lambda images: (images.astype("float32") - images.mean()) / np.float32(max(images.std(), 1e-9)),
            "expected",
        ),
        (lambda images: None, "return"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab03", RIGHT, WRONG
