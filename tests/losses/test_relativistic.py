"""R3GAN's objective: the relativistic loss, and the penalty on the fakes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import Batch, r1, r2, relativistic
from labhelpers.training import Player, adversarial_step
from tests.losses.seeing import IMAGES, assert_gradients_are_slopes, paid, seen_by, tiny_network


def test_real_and_fake_are_compared_in_pairs() -> None:
    real, fake = tf.constant([[3.0], [-1.0]]), tf.constant([[1.0], [2.0]])
    loss = relativistic()
    assert float(loss.discriminator(real, fake)) == pytest.approx(np.log1p(np.exp([-2.0, 3.0])).mean())
    assert float(loss.generator(real, fake)) == pytest.approx(float(loss.discriminator(fake, real)))
    # In pairs, and not against the mean of the others: the order counts.
    assert float(loss.discriminator(real, fake[::-1])) == pytest.approx(np.log1p(np.exp([-1.0, 2.0])).mean())
    assert loss.relativistic


def test_r2_is_r1_of_the_fakes() -> None:
    network = tiny_network((2, 2, 1), 1, "critic")
    seen = seen_by(network, 7 * IMAGES, IMAGES)
    assert float(paid(r2(3.0), seen)) == pytest.approx(float(paid(r1(3.0), seen_by(network, IMAGES, 7 * IMAGES))))
    assert_gradients_are_slopes(lambda: paid(r2(3.0), seen), network.trainable_variables)


def test_one_step_of_both_by_hand() -> None:
    """G(z) = v z and D(x) = (w x)^2 / 2 start at v = w = 1: with x = 2, 0 and z = 1, 1 the gaps are 1.5 and -0.5.

    D's slope in w is 0.037591 by the loss (softplus, -sigmoid(-gap) times 3 and -1) and 6 by R2. Then G pays for the
    gaps of the D that has just learned, the real scores among them, and v rises. With real and fake swapped,
    D would pay 1.087745 for the first scores (2, 0 and 0.5, 0.5), and not 0.587745.
    """
    layers = [keras.layers.Dense(1, act, False, kernel_initializer="ones") for act in (None, lambda s: s**2 / 2)]
    g, d = (Player(keras.Sequential([keras.Input((1,)), layer]), keras.optimizers.SGD(0.1)) for layer in layers)
    batch = Batch(np.float32([[2], [0]]), np.ones((2, 1), np.float32))
    paid = adversarial_step(g, d, relativistic().plus(r2(3.0)), [batch])
    w, v = (float(player.variables[0][0, 0]) for player in (d, g))
    swapped = relativistic().discriminator(np.float32([[0.5], [0.5]]), np.float32([[2], [0]]))
    np.testing.assert_allclose([paid["d_loss"], swapped, paid["r2"], w], [0.587745, 1.087745, 1.5, 0.396241], rtol=1e-5)
    gap = w**2 * np.array([1.5, -0.5])
    by_hand = np.log1p(np.exp(gap)).mean(), 1 + 0.1 * (w**2 / (1 + np.exp(-gap))).mean()
    np.testing.assert_allclose([paid["g_loss"], v], by_hand, rtol=1e-5)
