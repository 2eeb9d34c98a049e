"""The small game in NumPy against TensorFlow's gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.checks.networks import with_random_weights
from labhelpers.checks.numeric import tensor
from labhelpers.checks.small_game import Game, d_loss, g_loss

RATE = 0.5


@pytest.mark.parametrize("activation", ["tanh", "linear"])
def test_steps_are_those_of_gradient_descent(activation):
    rng = np.random.default_rng(1)
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation=activation)])
    discriminator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    networks = [with_random_weights(network, rng) for network in (generator, discriminator)]
    real, noise = rng.normal(size=(5, 4)), rng.normal(size=(6, 3))
    start = Game.of(*networks, tanh=activation == "tanh")
    fake = start.fakes(noise)
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        real_logits, fake_logits = discriminator(tensor(real)), discriminator(generator(tensor(noise)))
        d_value = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))
        g_value = tf.reduce_mean(tf.nn.softplus(-fake_logits))
    for tape, value, network in zip((d_tape, g_tape), (d_value, g_value), reversed(networks), strict=True):
        variables = network.trainable_variables
        keras.optimizers.SGD(RATE).apply(tape.gradient(value, variables), variables)
    after = Game.of(*networks, tanh=start.tanh)
    assert d_loss(start.scores(real), start.scores(fake)) == pytest.approx(float(d_value), rel=1e-5)
    assert g_loss(start.scores(fake)) == pytest.approx(float(g_value), rel=1e-5)
    d_after, g_after = start.d_step(real, fake, RATE), start.g_step(noise, start, RATE)
    assert after.same_d(d_after)
    assert after.same_g(g_after)
    assert not after.same_d(start)
    assert not after.same_g(start)
    assert d_after.same_g(start)
    assert g_after.same_d(start)
