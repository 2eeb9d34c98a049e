"""R3GAN's objective: the relativistic loss, and the penalty on the fakes."""

import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from tests.losses.looking import IMAGES, expect_gradients_of_finite_differences, paid, seen, small_network


def test_real_and_fake_are_compared_in_pairs() -> None:
    real, fake = tf.constant([[3.0], [-1.0]]), tf.constant([[1.0], [1.0]])
    loss = losses.relativistic()
    assert float(loss.discriminator(real, fake)) == pytest.approx(np.log1p(np.exp([-2.0, 2.0])).mean())
    assert float(loss.generator(real, fake)) == pytest.approx(float(loss.discriminator(fake, real)))
    # In pairs, and not against the mean of the others: the order counts.
    assert float(loss.discriminator(real, fake)) != pytest.approx(float(loss.discriminator(real, -fake)), rel=0.01)
    assert loss.relativistic


def test_r2_is_r1_of_the_fakes() -> None:
    network = small_network(4, 1)

    def score(images):  # type: ignore[no-untyped-def]
        return network(tf.reshape(images, (-1, 4)))

    what = seen(score, 7 * IMAGES, IMAGES)
    assert float(paid(losses.r2(3.0), what)) == pytest.approx(float(paid(losses.r1(3.0), seen(score, IMAGES))))
    expect_gradients_of_finite_differences(lambda: paid(losses.r2(3.0), what), network.trainable_variables)
