"""R3GAN's objective: the relativistic loss, and the penalty on the fakes."""

import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import r1, r2, relativistic
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
