"""The Wasserstein losses: what both papers fix, and what is paid besides. Values and slopes: test_scores."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import AdversarialLoss, Batch, gradient_penalty, r1, wgan, wgan_gp
from labhelpers.training.step import adversarial_step
from tests.losses.seeing import IMAGES, OTHERS, linear_critic, paid, player, seen_by


def test_the_papers_constants_are_the_defaults() -> None:
    assert wgan().clip_weights == 0.01
    assert (wgan().critic_steps, wgan_gp().critic_steps) == (5, 5)
    for recipe in (wgan().generator_optimizer, wgan().discriminator_optimizer):
        assert isinstance(recipe(), keras.optimizers.RMSprop)
        assert float(recipe().learning_rate) == pytest.approx(5e-5)
    for recipe in (wgan_gp().generator_optimizer, wgan_gp().discriminator_optimizer):
        adam = recipe()
        assert (float(adam.learning_rate), adam.beta_1, adam.beta_2) == (pytest.approx(1e-4), 0.0, 0.9)


def test_weights_are_cut_or_penalised_and_never_both() -> None:
    assert wgan().terms == ()
    assert wgan_gp().clip_weights is None
    assert wgan_gp(3.0, target=2.0).terms == (gradient_penalty(3.0, 2.0),)
    assert wgan_gp().names == ("g_loss", "d_loss", "gradient_penalty", "real_score", "fake_score")


def test_the_penalty_comes_with_its_weight_and_target() -> None:
    seen = seen_by(linear_critic(np.full(4, 2.0)), IMAGES, OTHERS)
    assert float(paid(wgan_gp(10.0).terms[0], seen)) == pytest.approx(90.0)
    assert float(paid(wgan_gp(10.0, target=2.0).terms[0], seen)) == pytest.approx(10.0)


def test_r1_is_added_and_the_critic_steps_stay() -> None:
    loss = wgan_gp(1.0).plus(r1(10.0))
    seen = seen_by(linear_critic(np.full(4, 2.0)), IMAGES, OTHERS)
    assert sum(float(paid(term, seen)) for term in loss.terms) == pytest.approx(89.0)
    assert loss.critic_steps == 5


def test_a_saved_loss_has_its_penalty_once() -> None:
    loss = wgan_gp(3.0, 2, 2.0)
    assert loss.to_config() == {"name": "wgan_gp", "arguments": {"weight": 3.0, "critic_steps": 2, "target": 2.0}}
    assert AdversarialLoss.from_config(loss.to_config()).terms == loss.terms


def test_the_formula_names_the_target() -> None:
    assert r"\rVert - 1)^2" in wgan_gp().formula
    assert r"\rVert / 2 - 1)^2" in wgan_gp(target=2.0).formula


def linear_player(weights: list[float], learning_rate: float, name: str):
    network = keras.Sequential(
        [keras.Input((2,), dtype="float64"), keras.layers.Dense(1, use_bias=False, dtype="float64")], name=name
    )
    network.set_weights([np.array(weights)[:, None]])
    return player(network, learning_rate)


def test_every_weight_is_cut_after_every_critic_step() -> None:
    critic = linear_player([0.0, 0.0], 1.0, "critic")
    drawer = keras.Sequential(
        [keras.Input((2,), dtype="float64"), keras.layers.Dense(2, use_bias=False, dtype="float64")], name="drawer"
    )
    drawer.set_weights([np.zeros((2, 2))])
    x = tf.constant([[3.0, -0.25]], tf.float64)
    logged = adversarial_step(player(drawer, 1.0), critic, wgan(0.5, critic_steps=2), [Batch(x, x)] * 2)
    # The gradient is -x at every step: 3 is cut to .5, and .25 reaches .5 in the second step without a cut.
    np.testing.assert_allclose(critic.networks[0].get_weights()[0][:, 0], [0.5, -0.5])
    # What is logged is the critic's last loss, before its step: -(w . x) with w = (.5, -.25).
    assert float(logged["d_loss"]) == pytest.approx(-(0.5 * 3 + 0.25 * 0.25))
    # G's weights are not cut: they move by x (.5, -.5).
    np.testing.assert_allclose(drawer.get_weights()[0], np.outer([3.0, -0.25], [0.5, -0.5]))


def test_the_penalty_moves_the_critic_by_hand_computed_amounts() -> None:
    critic = linear_player([3.0, 4.0], 0.1, "critic")
    drawer = keras.Sequential(
        [keras.Input((2,), dtype="float64"), keras.layers.Dense(2, use_bias=False, dtype="float64")], name="drawer"
    )
    drawer.set_weights([np.zeros((2, 2))])
    x = tf.constant([[1.0, 2.0]], tf.float64)
    batch = Batch(x, x, drawn={"mix": tf.constant([0.3], tf.float64)})
    logged = adversarial_step(player(drawer, 0.0), critic, wgan_gp(10.0, critic_steps=1), [batch])
    assert float(logged["d_loss"]) == pytest.approx(-(3 + 8))  # without the penalty
    assert float(logged["gradient_penalty"]) == pytest.approx(10 * (5 - 1) ** 2)
    # The gradient of -w . x + 10 (|w| - 1)^2 is -x + 20 (|w| - 1) w / |w|.
    expected = np.array([3.0, 4.0]) - 0.1 * (-np.array([1.0, 2.0]) + 20 * 4 * np.array([0.6, 0.8]))
    np.testing.assert_allclose(critic.networks[0].get_weights()[0][:, 0], expected)
