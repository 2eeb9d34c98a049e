"""EBGAN and BEGAN: losses of energies, the pull-away term and the controller."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses.energies import controlled_fakes, pull_away_term
from tests.losses.looking import expect_gradients_of_finite_differences, paid, seen, small_network


def energy(*values: float) -> Any:
    return tf.constant(values)[:, None]


def test_ebgan_takes_the_margin_of_each_image_alone() -> None:
    loss = losses.ebgan(margin=10.0)
    real, fake = energy(1.0, 3.0), energy(4.0, 30.0)
    # The mean of the fakes, 17, is above the margin; the first image alone is not.
    assert float(loss.discriminator(real, fake)) == pytest.approx(2.0 + (6.0 + 0.0) / 2)
    assert float(loss.generator(real, fake)) == pytest.approx(17.0)
    assert float(loss.discriminator(fake, real)) == pytest.approx(17.0 + (9.0 + 7.0) / 2)


def test_the_mean_squared_cosine_of_codes() -> None:
    assert float(losses.mean_squared_cosine(tf.ones((4, 3)))) == pytest.approx(1.0)
    assert float(losses.mean_squared_cosine(tf.eye(4) * 7)) == pytest.approx(0.0)
    # Opposite codes are as alike as equal ones: the cosine is squared.
    assert float(losses.mean_squared_cosine(tf.constant([[1.0, 0.0], [-1.0, 0.0]]))) == pytest.approx(1.0)
    # Cosine of 60 degrees, squared.
    assert float(losses.mean_squared_cosine(tf.constant([[2.0, 0.0], [1.0, np.sqrt(3.0)]]))) == pytest.approx(0.25)
    assert float(losses.mean_squared_cosine(tf.ones((1, 3)))) == 0.0


def test_only_g_pays_for_codes_of_fakes_that_are_alike() -> None:
    (term,) = losses.ebgan(pull_away=0.3).terms
    assert term.payer == "generator"
    alike, apart = {"code": tf.ones((2, 3))}, {"code": tf.eye(3)}
    assert float(paid(term, seen(fake=alike, real=apart))) == pytest.approx(0.3)
    assert float(paid(term, seen(fake=apart, real=alike))) == pytest.approx(0.0)


def test_the_gradient_of_the_pull_away_term() -> None:
    network = small_network(2, 3)
    noise = tf.constant(np.random.default_rng(0).normal(size=(4, 2)))
    expect_gradients_of_finite_differences(
        lambda: paid(pull_away_term(0.1), seen(fake={"code": network(noise)})), network.trainable_variables
    )


def test_began_losses_and_measure() -> None:
    loss = losses.began(gamma=0.5, rate=0.001)
    real, fake = energy(0.2, 0.4), energy(0.1, 0.5)
    assert loss.keeps == {"k": 0.0}
    assert float(loss.discriminator(real, fake)) == pytest.approx(0.3)
    assert float(loss.generator(real, fake)) == pytest.approx(0.3)
    assert float(loss.monitors["convergence"](real, fake)) == pytest.approx(0.3 + 0.15)


def controlled(k: float, real: Any, fake: Any, rate: float = 0.001) -> tuple[float, float]:
    what = seen(real={"energy": real}, fake={"energy": fake}, state={"k": tf.constant(k)})
    amount, kept = controlled_fakes(0.5, rate).amount(what)
    return float(amount), float(kept["k"])


def test_d_earns_k_times_the_energy_of_the_fakes_and_k_moves() -> None:
    amount, k = controlled(0.5, energy(0.2, 0.4), energy(0.1, 0.5))
    assert amount == pytest.approx(-0.5 * 0.3)
    # gamma L(x) - L(G) = .15 - .3 = -.15
    assert k == pytest.approx(0.5 - 0.00015)
    assert controlled_fakes().payer == "discriminator"


def test_k_stays_in_its_range() -> None:
    assert controlled(0.5, energy(1.0), energy(9.0), rate=100.0)[1] == 0.0
    assert controlled(0.5, energy(9.0), energy(1.0), rate=100.0)[1] == 1.0


def test_the_gradient_of_what_d_earns_does_not_reach_k() -> None:
    network = small_network(4, 1)
    images = tf.constant(np.random.default_rng(0).normal(size=(3, 4)))
    k = tf.Variable(0.7, dtype=tf.float64)

    def value() -> Any:
        what = seen(
            real={"energy": tf.zeros((3, 1), tf.float64)}, fake={"energy": tf.square(network(images))}, state={"k": k}
        )
        return paid(controlled_fakes(), what)

    expect_gradients_of_finite_differences(value, network.trainable_variables)
