"""The constants of the papers, and what the two Wasserstein losses are made of."""

from __future__ import annotations

import keras
import pytest

from labhelpers import losses


def test_the_papers_constants_are_the_defaults() -> None:
    assert losses.wgan().clip_weights == 0.01
    assert (losses.wgan().critic_steps, losses.wgan_gp().critic_steps) == (5, 5)
    assert isinstance(losses.wgan().discriminator_optimizer(), keras.optimizers.RMSprop)
    assert float(losses.wgan().generator_optimizer().learning_rate) == pytest.approx(5e-5)
    adam = losses.wgan_gp().discriminator_optimizer()
    assert (float(adam.learning_rate), adam.beta_1, adam.beta_2) == (pytest.approx(1e-4), 0.0, 0.9)
    hinge = losses.hinge()
    assert float(hinge.generator_optimizer().learning_rate) == pytest.approx(1e-4)
    assert float(hinge.discriminator_optimizer().learning_rate) == pytest.approx(4e-4)


def test_the_penalised_loss_is_the_plain_one_with_a_term() -> None:
    assert [term.name for term in losses.wgan_gp(3.0, 2, 4.0).terms] == ["gradient_penalty"]
    assert losses.wgan_gp(3.0, 2, 4.0).terms == (losses.gradient_penalty(3.0, 4.0),)
    assert losses.wgan().terms == ()
    assert losses.wgan_gp().clip_weights is None
