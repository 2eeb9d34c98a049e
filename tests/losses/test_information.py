"""InfoGAN's term: by hand, only from the codes at the end of the source, and paid by both players."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import Batch, Seen, codes_error, non_saturating
from labhelpers.training.step import adversarial_step
from tests.losses.seeing import (
    CATEGORIES,
    NOISE,
    POINTS,
    SOURCE,
    UNIFORM,
    assert_gradients_are_slopes,
    generator,
    many_headed,
    paid,
    player,
    seen_of_networks,
)

TERM = codes_error(CATEGORIES, UNIFORM)


def read_back(source: Any, category: Any, uniform: Any) -> Seen:
    """What is seen where Q read these codes, and where nothing else is there to see."""
    fake = {"category": tf.constant(category, tf.float64), "uniform": tf.constant(uniform, tf.float64)}
    return Seen(Batch(None, tf.constant(source, tf.float64)), None, None, fake, score=lambda images: None)


def test_by_hand() -> None:
    # noise, one-hot category of 3, one uniform code
    source = [[9.0, 0.0, 1.0, 0.0, 0.5], [-9.0, 1.0, 0.0, 0.0, -1.0]]
    logits = [[0.0, math.log(2), 0.0], [0.0, 0.0, 0.0]]  # probabilities 1/2 and 1/3 of what was asked for
    cross_entropy = (math.log(2) + math.log(3)) / 2
    squares = (0.5 * 0.5**2 + 0.5 * 1.0**2) / 2
    seen = read_back(source, logits, [[0.0], [0.0]])
    assert float(paid(codes_error(3, 1), seen)) == pytest.approx(cross_entropy + squares)
    assert float(paid(codes_error(3, 1, weight=2.0), seen)) == pytest.approx(2 * (cross_entropy + squares))
    information = codes_error(3, 1, weight=2.0).monitors["information"](seen)
    assert float(information) == pytest.approx(math.log(3) - cross_entropy)


def test_squares_of_several_codes_are_added_up() -> None:
    seen = read_back([[1.0, 1.0, 0.0, 0.5, -0.5]], [[0.0, 0.0]], [[0.0, 0.5]])
    assert float(paid(codes_error(2, 2), seen)) == pytest.approx(math.log(2) + 0.5 * (0.25 + 1.0))


def test_codes_that_are_read_perfectly_cost_nothing() -> None:
    source = np.asarray(SOURCE)
    sure = 1000 * source[:, NOISE:-UNIFORM]
    seen = read_back(source, sure, source[:, -UNIFORM:])
    assert float(paid(TERM, seen)) == pytest.approx(0.0, abs=1e-12)
    assert float(TERM.monitors["information"](seen)) == pytest.approx(math.log(CATEGORIES))


def test_without_uniform_codes_the_category_is_all() -> None:
    seen = read_back([[7.0, 1.0, 0.0]], [[0.0, 0.0]], np.zeros((1, 0)))
    assert float(paid(codes_error(2, 0), seen)) == pytest.approx(math.log(2))


def test_only_the_last_columns_of_the_source_are_read() -> None:
    rng = np.random.default_rng(0)
    category, uniform = rng.normal(size=(4, CATEGORIES)), rng.normal(size=(4, UNIFORM))
    source = np.array(SOURCE)
    base = float(paid(TERM, read_back(source, category, uniform)))
    for column in range(source.shape[1]):
        other = source.copy()
        other[:, column] += 1.0
        changed = float(paid(TERM, read_back(other, category, uniform)))
        if column < NOISE:
            assert changed == base
        else:
            assert changed != pytest.approx(base, rel=1e-6), column
    more_noise = np.concatenate([rng.normal(size=(4, 5)), source], axis=1)
    assert float(paid(TERM, read_back(more_noise, category, uniform))) == base


@pytest.mark.parametrize("payer", ["generator", "discriminator"])
def test_gradients_are_those_of_finite_differences(payer: str) -> None:
    networks = {"generator": generator(), "discriminator": many_headed()}
    assert_gradients_are_slopes(
        lambda: paid(TERM, seen_of_networks(*networks.values())), networks[payer].trainable_variables
    )


def test_both_players_pay_and_gs_share_is_logged() -> None:
    assert TERM.payer == "both"
    drawer, judge = generator(), many_headed()
    loss = non_saturating().plus(TERM)
    first = float(paid(TERM, seen_of_networks(drawer, judge)))
    logged = adversarial_step(player(drawer, 0.0), player(judge, 0.1), loss, [Batch(POINTS, SOURCE)])
    # G pays after D has learned to read: less.
    after = float(paid(TERM, seen_of_networks(drawer, judge)))
    assert after < first
    assert float(logged["codes_error"]) == pytest.approx(after)
    drawn_before = paid(TERM, seen_of_networks(drawer, judge))
    adversarial_step(player(drawer, 0.1), player(judge, 0.0), loss, [Batch(POINTS, SOURCE)])
    assert float(paid(TERM, seen_of_networks(drawer, judge))) < float(drawn_before)


def test_names_and_constants() -> None:
    assert TERM.arguments == {"categories": CATEGORIES, "uniform": UNIFORM, "weight": 1.0}
    assert non_saturating().plus(TERM).names[2:4] == ("codes_error", "information")
    assert codes_error(3, 1, 2.0).formula.startswith("-2\\,")
