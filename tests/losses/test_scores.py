"""Losses of scores: golden values, slopes, signs, and what is finite; the two of Wasserstein's among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import (
    AdversarialLoss,
    hinge,
    least_squares,
    non_saturating,
    relativistic,
    saturating,
    wgan,
    wgan_gp,
)
from tests.losses.seeing import assert_gradients_are_slopes, generator, many_headed, seen_of_networks

REAL = tf.constant([[-5.0], [1.4], [12.5], [2.7]], tf.float64)
FAKE = tf.constant([[10.0], [4.4], [-5.5], [3.6]], tf.float64)

SCORE_LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "non_saturating": non_saturating,
    "saturating": saturating,
    "least_squares": least_squares,
    "least_squares_pearson": lambda: least_squares(-1.0, 1.0, 0.0),
    "wgan": wgan,
    "wgan_gp": wgan_gp,
    "hinge": hinge,
    "relativistic": relativistic,
}


def softplus(t: np.ndarray) -> np.ndarray:
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))


@pytest.mark.parametrize(
    ("name", "d_loss", "g_loss"),
    [
        ("least_squares", 41.73375, 17.69625),
        ("wgan", 0.225, -3.125),
        ("hinge", 6.75, -3.125),
        ("non_saturating", 5.83387, 1.38582),
    ],
)
def test_golden_values(name: str, d_loss: float, g_loss: float) -> None:
    loss = SCORE_LOSSES[name]()
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(d_loss, abs=5e-6)
    assert float(loss.generator(REAL, FAKE)) == pytest.approx(g_loss, abs=5e-6)


def test_pearson_constants_by_hand() -> None:
    real, fake = tf.constant([[3.0]]), tf.constant([[1.0]])
    loss = least_squares(-1.0, 1.0, 0.0)
    assert float(loss.discriminator(real, fake)) == pytest.approx((3 - 1) ** 2 / 2 + (1 + 1) ** 2 / 2)
    assert float(loss.generator(real, fake)) == pytest.approx(0.5)


def test_saturating_is_the_negative_of_what_d_pays_for_fakes() -> None:
    loss = saturating()
    assert float(loss.generator(REAL, FAKE)) == pytest.approx(-softplus(np.asarray(FAKE)).mean())
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(5.83387, abs=5e-6)


def test_at_a_score_of_zero_both_sides_pay_log_2() -> None:
    zero = tf.zeros((3, 1))
    assert float(non_saturating().discriminator(zero, zero)) == pytest.approx(2 * np.log(2))
    assert float(non_saturating().generator(zero, zero)) == pytest.approx(np.log(2))
    assert float(saturating().generator(zero, zero)) == pytest.approx(-np.log(2))


def test_a_confident_d_silences_the_minimax_generator_only() -> None:
    fake = tf.constant([[-20.0]])
    gradients = {}
    for make in (non_saturating, saturating):
        with tf.GradientTape() as tape:
            tape.watch(fake)
            value = make().generator(fake, fake)
        gradients[make] = float(tape.gradient(value, fake)[0, 0])
    assert gradients[non_saturating] == pytest.approx(-1.0, abs=1e-6)
    assert gradients[saturating] == pytest.approx(-np.exp(-20.0), rel=1e-3)


@pytest.mark.parametrize("name", SCORE_LOSSES)
@pytest.mark.parametrize("size", [100.0, -100.0])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_loss_and_gradient_are_finite_at_large_scores(name: str, size: float, dtype: Any) -> None:
    real, fake = tf.constant([[size]], dtype), tf.constant([[-size]], dtype)
    loss = SCORE_LOSSES[name]()
    for player in (loss.discriminator, loss.generator):
        with tf.GradientTape() as tape:
            tape.watch([real, fake])
            value = player(real, fake)
        assert np.isfinite(value)
        for gradient in tape.gradient(value, [real, fake]):
            assert gradient is None or np.all(np.isfinite(gradient))


def test_large_scores_are_paid_in_full() -> None:
    # A loss through a clipped log would stop at 16 or so.
    far = tf.constant([[-100.0]])
    assert float(non_saturating().generator(far, far)) == pytest.approx(100.0)
    with tf.GradientTape() as tape:
        tape.watch(far)
        value = non_saturating().generator(far, far)
    assert float(tape.gradient(value, far)[0, 0]) == pytest.approx(-1.0)


@pytest.mark.parametrize("name", SCORE_LOSSES)
def test_swapping_real_and_fake_changes_the_loss_of_d(name: str) -> None:
    loss = SCORE_LOSSES[name]()
    assert float(loss.discriminator(REAL, FAKE)) != pytest.approx(float(loss.discriminator(FAKE, REAL)), rel=1e-3)


@pytest.mark.parametrize("name", SCORE_LOSSES)
def test_d_wants_real_above_fake_and_g_wants_fake_up(name: str) -> None:
    loss = SCORE_LOSSES[name]()
    real, fake, low = (tf.constant([[score]], tf.float64) for score in (0.1, 0.1, -0.1))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake, low])
        d_loss, g_loss = loss.discriminator(real, fake), loss.generator(real, low)
    assert float(tape.gradient(d_loss, real)[0, 0]) < 0
    assert float(tape.gradient(d_loss, fake)[0, 0]) > 0
    assert float(tape.gradient(g_loss, low)[0, 0]) < 0


@pytest.mark.parametrize("name", SCORE_LOSSES)
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradients_are_those_of_finite_differences(name: str, player: str) -> None:
    function = getattr(SCORE_LOSSES[name](), player)
    scores = [np.asarray(REAL) * 0.37, np.asarray(FAKE) * 0.37]
    tensors = [tf.constant(s) for s in scores]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    h = 1e-6
    for which, index in [(w, i) for w in range(2) for i in range(4)]:
        up, down = [s.copy() for s in scores], [s.copy() for s in scores]
        up[which][index] += h
        down[which][index] -= h
        slope = float(function(*map(tf.constant, up)) - function(*map(tf.constant, down))) / (2 * h)
        # Central differences in float64: error h^2 plus rounding 1e-16 / h.
        assert float(gradients[which][index, 0]) == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("name", SCORE_LOSSES)
def test_losses_are_means_over_the_batch(name: str) -> None:
    loss = SCORE_LOSSES[name]()
    twice = [tf.concat([scores, scores], 0) for scores in (REAL, FAKE)]
    assert float(loss.discriminator(*twice)) == pytest.approx(float(loss.discriminator(REAL, FAKE)))
    assert float(loss.generator(*twice)) == pytest.approx(float(loss.generator(REAL, FAKE)))


def test_gradients_reach_the_weights_of_both_players() -> None:
    drawer, judge = generator(), many_headed()
    loss = non_saturating()

    def d_loss() -> Any:
        seen = seen_of_networks(drawer, judge)
        return loss.discriminator(loss.score_of(seen.real), loss.score_of(seen.fake))

    def g_loss() -> Any:
        seen = seen_of_networks(drawer, judge)
        return loss.generator(loss.score_of(seen.real), loss.score_of(seen.fake))

    assert_gradients_are_slopes(d_loss, judge.trainable_variables)
    assert_gradients_are_slopes(g_loss, drawer.trainable_variables)


def test_the_papers_constants_are_the_defaults() -> None:
    assert least_squares().arguments == {"fake_target": 0.0, "real_target": 1.0, "generator_target": 1.0}
    for make, rates, beta_1 in ((non_saturating, (2e-4, 2e-4), 0.5), (hinge, (1e-4, 4e-4), 0.0)):
        for optimizer, rate in zip(
            (make().generator_optimizer(), make().discriminator_optimizer()), rates, strict=True
        ):
            assert float(optimizer.learning_rate) == pytest.approx(rate)
            assert optimizer.beta_1 == beta_1
    assert all(make().critic_steps == 1 for make in (non_saturating, saturating, least_squares, hinge))


def test_accuracies_count_logits_on_the_right_side_of_zero() -> None:
    monitors = non_saturating().monitors
    assert float(monitors["d_real_accuracy"](REAL, FAKE)) == 0.75
    assert float(monitors["d_fake_accuracy"](REAL, FAKE)) == 0.25


def test_losses_without_a_border_log_mean_scores() -> None:
    for make in (least_squares, wgan, wgan_gp):
        assert tuple(make().monitors) == ("real_score", "fake_score")
        assert float(make().monitors["real_score"](REAL, FAKE)) == pytest.approx(2.9)
        assert float(make().monitors["fake_score"](REAL, FAKE)) == pytest.approx(3.125)
