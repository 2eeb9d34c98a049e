"""EBGAN and BEGAN: margins of each image, cosines squared, and a controller that is moved by hand-computed amounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import AdversarialLoss, Batch, Seen, began, ebgan, mean_squared_cosine
from labhelpers.losses.energies import controlled_fakes, pull_away_term
from labhelpers.training.step import adversarial_step
from tests.losses.seeing import (
    POINTS,
    SOURCE,
    assert_gradients_are_slopes,
    generator,
    many_headed,
    paid,
    player,
    seen_of_networks,
)

ENERGY_LOSSES: dict[str, Callable[[], AdversarialLoss]] = {"ebgan": lambda: ebgan(margin=2.0), "began": began}


def column(*values: float) -> Any:
    return tf.constant(values, tf.float64)[:, None]


def seen_with(real: Any = None, fake: Any = None, *, k: float | None = None) -> Seen:
    """What is seen where D put out these energies, or codes."""
    nothing = tf.zeros((1, 2))
    state = {} if k is None else {"k": tf.constant(k, tf.float64)}
    return Seen(Batch(nothing, nothing), nothing, real, fake, score=lambda images: None, state=state)


# --- EBGAN


def test_ebgan_takes_the_margin_of_each_image_alone() -> None:
    loss = ebgan(margin=10.0)
    real, fake = column(1.0, 3.0), column(4.0, 30.0)
    # The mean of the fakes, 17, is above the margin; the first image alone is not.
    assert float(loss.discriminator(real, fake)) == pytest.approx(2.0 + (6.0 + 0.0) / 2)
    assert float(loss.generator(real, fake)) == pytest.approx(17.0)
    assert float(loss.discriminator(fake, real)) == pytest.approx(17.0 + (9.0 + 7.0) / 2)


def test_cosines_are_squared_and_an_image_is_not_its_own_neighbour() -> None:
    assert float(mean_squared_cosine(tf.ones((4, 3)))) == pytest.approx(1.0)
    assert float(mean_squared_cosine(tf.eye(4) * 7)) == pytest.approx(0.0)
    # Opposite codes are as alike as equal ones: the cosine is squared.
    assert float(mean_squared_cosine(tf.constant([[1.0, 0.0], [-1.0, 0.0]]))) == pytest.approx(1.0)
    # Cosine of 60 degrees, squared.
    assert float(mean_squared_cosine(tf.constant([[2.0, 0.0], [1.0, np.sqrt(3.0)]]))) == pytest.approx(0.25)
    assert float(mean_squared_cosine(tf.ones((1, 3)))) == 0.0
    assert float(mean_squared_cosine(tf.zeros((4, 3)))) == 0.0


@pytest.mark.parametrize(("codes", "expected"), [(np.ones((4, 3)), 0.1), (7 * np.eye(4), 0.0)])
def test_the_pull_away_term_is_paid_for_equal_codes_only(codes: np.ndarray, expected: float) -> None:
    term = pull_away_term(0.1)
    assert float(paid(term, seen_with(fake={"code": tf.constant(codes)}))) == pytest.approx(expected, abs=1e-12)


def test_only_g_pays_the_pull_away_term() -> None:
    loss = ebgan(pull_away=0.1)
    assert [(term.name, term.payer, term.weight) for term in loss.terms] == [("pull_away_term", "generator", 0.1)]
    assert float(loss.discriminator(column(0.0, 0.0), column(0.0, 0.0))) == pytest.approx(10.0)
    assert float(loss.generator(column(0.0, 0.0), column(0.0, 0.0))) == 0.0


def test_the_pull_away_term_does_not_see_the_real_images() -> None:
    drawer, judge = generator(), many_headed()
    seen = seen_of_networks(drawer, judge)
    blind = Seen(seen.batch._replace(real_images=None), seen.fake_images, None, seen.fake, lambda images: None)
    assert float(paid(pull_away_term(), blind)) == float(paid(pull_away_term(), seen))


def test_gradients_of_the_pull_away_term_are_those_of_finite_differences() -> None:
    drawer, judge = generator(), many_headed()
    variables = drawer.trainable_variables
    assert_gradients_are_slopes(lambda: paid(pull_away_term(1.0), seen_of_networks(drawer, judge)), variables)


# --- BEGAN


def test_began_losses_and_measure() -> None:
    loss = began(gamma=0.5, rate=0.001)
    real, fake = column(0.2, 0.4), column(0.1, 0.5)
    assert loss.keeps == {"k": 0.0}
    assert float(loss.discriminator(real, fake)) == pytest.approx(0.3)  # -k L(G) is a term
    assert float(loss.generator(real, fake)) == pytest.approx(0.3)
    # gamma L(x) - L(G) = .15 - .3 = -.15
    assert float(loss.monitors["convergence"](real, fake)) == pytest.approx(0.3 + 0.15)
    assert float(loss.monitors["real_energy"](real, column(9.0))) == pytest.approx(0.3)
    assert float(loss.monitors["fake_energy"](column(9.0), fake)) == pytest.approx(0.3)


def test_d_earns_k_times_the_fakes_and_k_moves_by_hand_computed_amounts() -> None:
    seen = seen_with({"energy": column(0.2, 0.4)}, {"energy": column(0.1, 0.5)}, k=0.5)
    amount, kept = controlled_fakes(gamma=0.5, rate=0.001).amount(seen)
    assert float(amount) == pytest.approx(-0.5 * 0.3)
    # gamma L(x) - L(G) = .15 - .3 = -.15
    assert float(kept["k"]) == pytest.approx(0.5 - 0.00015)
    _, kept = controlled_fakes(gamma=2.0, rate=0.1).amount(seen)
    assert float(kept["k"]) == pytest.approx(0.5 + 0.1 * (0.6 - 0.3))
    assert controlled_fakes().payer == "discriminator"


def test_k_stays_in_its_range() -> None:
    term = controlled_fakes(rate=100.0)
    for real, fake, end in ((1.0, 9.0, 0.0), (9.0, 1.0, 1.0)):
        _, kept = term.amount(seen_with({"energy": column(real)}, {"energy": column(fake)}, k=0.5))
        assert float(kept["k"]) == end


def test_k_starts_at_0_where_d_earns_nothing() -> None:
    assert controlled_fakes().keeps == {"k": 0.0}
    amount, _ = controlled_fakes().amount(seen_with({"energy": column(1.0)}, {"energy": column(5.0)}, k=0.0))
    assert float(amount) == 0.0


def energy_of_points() -> keras.Model:
    """D of points (a, b) with the energy |a w|, w = 1, and a code."""
    points = keras.Input((2,), dtype="float64")
    dense = keras.layers.Dense(1, use_bias=False, dtype="float64")
    network = keras.Model(points, {"energy": keras.ops.abs(dense(points)), "code": points}, name="energy")
    dense.set_weights([np.array([[1.0], [0.0]])])
    return network


def test_a_step_pays_with_the_old_k_and_logs_the_new_one() -> None:
    drawer = keras.Sequential(
        [keras.Input((2,), dtype="float64"), keras.layers.Dense(2, use_bias=False, dtype="float64")], name="drawer"
    )
    drawer.set_weights([np.eye(2)])
    state = {"k": tf.Variable(0.0, dtype=tf.float64)}
    real = tf.constant([[2.0, 0.0], [6.0, 0.0]], tf.float64)
    source = tf.constant([[1.0, 0.0]], tf.float64)
    players = player(drawer, 0.0), player(energy_of_points(), 0.0)
    k = 0.0
    for _ in range(12):
        logged = adversarial_step(*players, began(0.5, 0.1), [Batch(real, source)], state)
        assert float(logged["controlled_fakes"]) == pytest.approx(-k * 1.0)
        k = min(k + 0.1 * (0.5 * 4.0 - 1.0), 1.0)  # .1 a step, and no further than 1
        assert float(logged["k"]) == pytest.approx(k)
        assert float(state["k"]) == pytest.approx(k)
        assert float(logged["d_loss"]) == pytest.approx(4.0)
        assert float(logged["g_loss"]) == pytest.approx(1.0)
    assert float(state["k"]) == 1.0


def test_k_itself_is_no_way_for_gradients() -> None:
    # d/dw of L(x) - k L(G) has no part from the k that is made of the same energies.
    judge = energy_of_points()
    drawer = keras.Sequential(
        [keras.Input((2,), dtype="float64"), keras.layers.Dense(2, use_bias=False, dtype="float64")], name="drawer"
    )
    drawer.set_weights([np.eye(2)])
    state = {"k": tf.Variable(0.25, dtype=tf.float64)}
    real, source = tf.constant([[2.0, 0.0]], tf.float64), tf.constant([[1.0, 0.0]], tf.float64)
    adversarial_step(player(drawer, 0.0), player(judge, 0.1), began(0.5, 0.5), [Batch(real, source)], state)
    assert judge.get_weights()[0][0, 0] == pytest.approx(1.0 - 0.1 * (2.0 - 0.25 * 1.0))


def test_gradients_of_the_controlled_fakes_are_those_of_finite_differences() -> None:
    drawer, judge = generator(), many_headed()
    state = {"k": tf.constant(0.7, tf.float64)}
    assert_gradients_are_slopes(
        lambda: paid(controlled_fakes(), seen_of_networks(drawer, judge, state=state)), judge.trainable_variables
    )


# --- both


@pytest.mark.parametrize("name", ENERGY_LOSSES)
def test_gradients_of_the_losses_are_those_of_finite_differences(name: str) -> None:
    drawer, judge = generator(), many_headed()
    loss = ENERGY_LOSSES[name]()

    def of(function: Callable[[Any, Any], Any]) -> Callable[[], Any]:
        return lambda: function(loss.score_of(judge(POINTS)), loss.score_of(judge(drawer(SOURCE))))

    assert_gradients_are_slopes(of(loss.discriminator), judge.trainable_variables)
    assert_gradients_are_slopes(of(loss.generator), drawer.trainable_variables)


@pytest.mark.parametrize("name", ENERGY_LOSSES)
def test_losses_read_the_energy_and_are_means_over_the_batch(name: str) -> None:
    loss = ENERGY_LOSSES[name]()
    assert loss.reads == "energy"
    real, fake = column(1.0, 3.0), column(0.5, 8.0)
    twice = [tf.concat([scores, scores], 0) for scores in (real, fake)]
    assert float(loss.discriminator(*twice)) == pytest.approx(float(loss.discriminator(real, fake)))
    assert float(loss.generator(*twice)) == pytest.approx(float(loss.generator(real, fake)))
    assert float(loss.discriminator(real, fake)) != pytest.approx(float(loss.discriminator(fake, real)))


def test_the_papers_constants_are_the_defaults() -> None:
    assert ebgan().arguments == {"margin": 10.0, "pull_away": 0.1}
    assert began().arguments == {"gamma": 0.5, "rate": 0.001}
    for make, rate, beta_1 in ((ebgan, 1e-3, 0.5), (began, 1e-4, 0.9)):
        for optimizer in (make().generator_optimizer(), make().discriminator_optimizer()):
            assert float(optimizer.learning_rate) == pytest.approx(rate)
            assert optimizer.beta_1 == beta_1


def test_formulas_name_the_weights_that_are_paid() -> None:
    assert r"0.1\,\mathrm{PT}" in ebgan().formula
    assert r"0.5\,\mathrm{PT}" in ebgan(pull_away=0.5).formula
