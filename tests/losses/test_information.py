"""InfoGAN's term: what the codes cost when they cannot be read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from tests.losses.looking import expect_gradients_of_finite_differences, paid, seen, small_network

NOISE = np.random.default_rng(0).normal(size=(2, 5))


def source(category: list[int], uniform: list[float], noise: np.ndarray = NOISE) -> Any:
    return tf.constant(np.hstack([noise, np.eye(3)[category], np.array(uniform)[:, None]]))


def read(logits: Any, uniform: Any) -> dict[str, Any]:
    category, codes = tf.constant(logits, tf.float64), tf.constant(uniform, tf.float64)
    return {"logit": tf.zeros((2, 1)), "category": category, "uniform": codes}


LOGITS, READ = [[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]], [[0.5], [-0.5]]


def test_by_hand() -> None:
    term = losses.codes_error(3, 1, weight=2.0)
    what = seen(source=source([0, 2], [1.0, -0.5]), fake=read(LOGITS, READ))
    logits = np.array(LOGITS)
    errors = np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1], [0, 2]]
    squares = 0.5 * np.array([(0.5 - 1.0) ** 2, 0.0])
    assert float(paid(term, what)) == pytest.approx(2 * (errors.mean() + squares.mean()))
    assert float(term.monitors["information"](what)) == pytest.approx(np.log(3) - errors.mean())
    assert term.payer == "both"


def test_it_reads_the_codes_and_nothing_else() -> None:
    term = losses.codes_error(3, 1)
    first = float(paid(term, seen(source=source([0, 2], [1.0, -0.5]), fake=read(LOGITS, READ))))
    other_noise = seen(source=source([0, 2], [1.0, -0.5], 10 * NOISE), fake=read(LOGITS, READ), real=read(READ, READ))
    assert float(paid(term, other_noise)) == first
    for category, uniform in (([1, 2], [1.0, -0.5]), ([0, 2], [0.3, -0.5])):
        assert float(paid(term, seen(source=source(category, uniform), fake=read(LOGITS, READ)))) != first


def test_codes_that_are_read_perfectly_are_worth_log_of_their_number() -> None:
    what = seen(source=source([0, 2], [1.0, -0.5]), fake=read(50 * np.eye(3)[[0, 2]], [[1.0], [-0.5]]))
    assert float(paid(losses.codes_error(3, 1), what)) == pytest.approx(0.0, abs=1e-9)
    assert float(losses.codes_error(3, 1).monitors["information"](what)) == pytest.approx(np.log(3))


def test_without_uniform_codes() -> None:
    latent = tf.constant(np.hstack([NOISE, np.eye(3)[[0, 2]]]))
    fake = {"category": tf.constant(LOGITS, tf.float64), "uniform": tf.zeros((2, 0), tf.float64)}
    logits = np.array(LOGITS)
    errors = np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1], [0, 2]]
    assert float(paid(losses.codes_error(3, 0), seen(source=latent, fake=fake))) == pytest.approx(errors.mean())


def test_its_gradient() -> None:
    network = small_network(4, 4)
    images = tf.constant(np.random.default_rng(1).normal(size=(2, 4)))

    def value() -> Any:
        output = network(images)
        fake = {"category": output[:, :3], "uniform": output[:, 3:]}
        return paid(losses.codes_error(3, 1, 0.5), seen(source=source([0, 2], [1.0, -0.5]), fake=fake))

    expect_gradients_of_finite_differences(value, network.trainable_variables)
