"""Penalties on D's gradient: by hand, against finite differences, and what they must not see."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses.penalties import squared_gradient
from tests.losses.looking import (
    IMAGES,
    MIX,
    OTHERS,
    expect_gradients_of_finite_differences,
    linear,
    paid,
    seen,
    small_network,
)


def square_sum(images: Any, training: bool = True) -> Any:
    return tf.reduce_sum(tf.square(images), axis=(1, 2, 3))[:, None]


def test_penalties_of_a_linear_critic_are_exact() -> None:
    # D(x) = 2 sum(x) over 4 pixels: a gradient of norm 4.
    what = seen(linear(np.full(4, 2.0)))
    assert float(paid(losses.gradient_penalty(1.0), what)) == pytest.approx(9.0)
    assert float(paid(losses.gradient_penalty(10.0), what)) == pytest.approx(90.0)
    assert float(paid(losses.gradient_penalty(1.0, target=2.0), what)) == pytest.approx(1.0)
    assert float(paid(losses.r1(10.0), what)) == pytest.approx(5 * 16.0)


def test_the_penalty_takes_each_image_alone() -> None:
    # D(x) = sum(x^2): the gradient 2x differs from image to image, so a norm over the batch would show.
    mix = np.asarray(MIX, np.float64)[:, None, None, None]
    mixed = mix * np.asarray(IMAGES) + (1 - mix) * np.asarray(OTHERS)
    norms = np.sqrt(np.sum((2 * mixed) ** 2, axis=(1, 2, 3)))
    found = float(paid(losses.gradient_penalty(1.0), seen(square_sum)))
    assert found == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-6)  # mix is float32
    expected = np.mean(np.sum((2 * np.asarray(IMAGES)) ** 2, axis=(1, 2, 3)))
    assert float(paid(losses.r1(2.0), seen(square_sum))) == pytest.approx(expected)


def test_mixed_images_lie_on_the_line_with_one_place_for_each_image() -> None:
    places = []

    def critic(images: Any, training: bool = True) -> Any:
        places.append(np.asarray(images))
        return tf.reduce_sum(images, axis=(1, 2, 3))[:, None]

    paid(losses.gradient_penalty(), seen(critic))
    share = (places[0] - np.asarray(OTHERS)) / (np.asarray(IMAGES) - np.asarray(OTHERS))
    np.testing.assert_allclose(share, np.broadcast_to(np.asarray(MIX)[:, None, None, None], share.shape), rtol=1e-5)


def test_r1_sees_real_images_only_and_one_image_does_not_count_for_another() -> None:
    first = float(paid(losses.r1(2.0), seen(square_sum)))
    assert float(paid(losses.r1(2.0), seen(square_sum, fake_images=OTHERS * 100))) == first
    assert float(paid(losses.r1(2.0), seen(square_sum, real_images=IMAGES * 2))) == pytest.approx(4 * first)
    each = squared_gradient(square_sum, IMAGES)
    assert each.shape == (3,)
    np.testing.assert_allclose(each, 4 * np.sum(np.asarray(IMAGES) ** 2, axis=(1, 2, 3)))


def test_a_list_of_scores_is_differentiated_as_their_sum() -> None:
    both = squared_gradient(lambda images: [square_sum(images), 2 * square_sum(images)], IMAGES)
    np.testing.assert_allclose(both, 9 * np.asarray(squared_gradient(square_sum, IMAGES)))


@pytest.mark.parametrize("term", [losses.gradient_penalty(10.0), losses.gradient_penalty(1.0, 2.0), losses.r1(3.0)])
def test_gradients_with_respect_to_the_critics_weights(term: losses.Term) -> None:
    network = small_network(4, 1)
    what = seen(lambda images: network(tf.reshape(images, (-1, 4))), mix=tf.cast(MIX, tf.float64))
    # D's last bias has no part in its slope: gradient 0, as the differences say.
    expect_gradients_of_finite_differences(lambda: paid(term, what), network.trainable_variables)


def test_a_flat_critic_has_a_finite_gradient() -> None:
    weight = tf.Variable(tf.zeros((4, 1), tf.float64))
    with tf.GradientTape() as tape:
        value = paid(losses.gradient_penalty(10.0), seen(lambda images: tf.reshape(images, (-1, 4)) @ weight))
    # The root is cut at 1e-12, so the norm is 1e-6 and not 0.
    assert float(value) == pytest.approx(10.0, rel=1e-5)
    assert np.all(np.isfinite(tape.gradient(value, weight)))


def test_the_gradient_penalty_reaches_the_critics_weights() -> None:
    weight = tf.Variable(tf.fill((4, 1), tf.constant(2.0, tf.float64)))
    with tf.GradientTape() as tape:
        value = paid(losses.gradient_penalty(1.0), seen(lambda images: tf.reshape(images, (-1, 4)) @ weight))
    # (|w| - 1)^2 has the gradient 2 (|w| - 1) w / |w| = 2 * 3 * 2 / 4.
    np.testing.assert_allclose(tape.gradient(value, weight), np.full((4, 1), 3.0))


def test_batch_norm_in_the_critic_is_a_sentence() -> None:
    critic = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    what = seen(critic, tf.ones((2, 4)), tf.ones((2, 4)), mix=tf.ones(2), networks={"discriminator": critic})
    with pytest.raises(ValueError, match="uses batch norm"):
        losses.gradient_penalty().amount(what)


def test_what_is_drawn_has_one_number_in_0_to_1_for_each_image() -> None:
    for term in (losses.gradient_penalty(), losses.r1()):
        numbers = np.asarray(term.draws["mix"]((2000, 2, 2, 1), keras.random.SeedGenerator(0)))
        assert numbers.shape == (2000,)
        assert 0 <= numbers.min() < 0.01
        assert 0.99 < numbers.max() < 1
        assert numbers.std() == pytest.approx(1 / np.sqrt(12), abs=0.02)


def test_penalties_are_added_to_any_loss() -> None:
    what = seen(linear(np.full(4, 2.0)))
    r1_alone = losses.non_saturating().plus(losses.r1(10.0))
    both = losses.wgan_gp(1.0).plus(losses.r1(10.0))
    assert [float(paid(term, what)) for term in r1_alone.terms] == [pytest.approx(80.0)]
    assert [float(paid(term, what)) for term in both.terms] == [pytest.approx(9.0), pytest.approx(80.0)]
    assert both.critic_steps == 5
    assert all(term.payer == "discriminator" for term in both.terms)
    with pytest.raises(ValueError, match="every is 0"):
        dataclasses.replace(losses.r1(), every=0)
