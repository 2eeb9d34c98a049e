"""What a loss is: its names, what it keeps and draws, how terms are added, and how a saved model names it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses import (
    LOSSES,
    TERMS,
    AdversarialLoss,
    Batch,
    Term,
    non_saturating,
    registered_loss,
    registered_term,
)
from labhelpers.losses.core import mean_over_parts, parts_of
from labhelpers.training import Player, adversarial_step
from tests.losses.test_scores import SCORE_LOSSES


@pytest.mark.parametrize(
    "loss",
    [
        *(make() for make in SCORE_LOSSES.values()),
        losses.ebgan(3.0),
        losses.began(0.7),
        losses.hinge().plus(losses.r1(0.1)),
    ],
    ids=lambda loss: loss.name,
)
def test_a_loss_is_its_name_and_arguments(loss: AdversarialLoss) -> None:
    again = AdversarialLoss.from_config(loss.to_config())
    assert again == loss
    assert again.formula == loss.formula
    assert loss.source
    assert again.names[:2] == ("g_loss", "d_loss")


def test_losses_with_other_arguments_or_terms_differ() -> None:
    assert losses.wgan_gp(weight=1.0) != losses.wgan_gp()
    r1 = losses.r1(2.0)
    assert losses.hinge().plus(r1) == losses.hinge().plus(losses.r1(2.0))
    for other in (losses.hinge(), losses.hinge().plus(losses.r1(3.0)), non_saturating().plus(r1)):
        assert losses.hinge().plus(r1) != other
    assert losses.hinge().plus(losses.r1(2.0, every=2)) != losses.hinge().plus(r1)


def test_an_unknown_loss_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="There is no loss named 'best', expected one of"):
        AdversarialLoss.from_config({"name": "best", "arguments": {}})


def test_a_student_registers_a_loss_of_their_own() -> None:
    @registered_loss
    def quadratic(weight: float = 1.0) -> AdversarialLoss:
        return AdversarialLoss(
            discriminator=lambda r, f: weight * tf.reduce_mean(f**2),
            generator=lambda r, f: tf.reduce_mean(f),
            formula="f^2",
            source="a test",
        )

    try:
        assert AdversarialLoss.from_config(quadratic(3.0).to_config()).arguments == {"weight": 3.0}
    finally:
        LOSSES.pop("quadratic")


def test_every_optimizer_recipe_makes_a_new_optimizer() -> None:
    loss = non_saturating()
    assert loss.generator_optimizer() is not loss.generator_optimizer()


def test_the_names_are_what_a_step_reports() -> None:
    loss = losses.began().plus(losses.r1())
    assert loss.names == (
        *("g_loss", "d_loss", "controlled_fakes", "r1", "k"),
        *("real_energy", "fake_energy", "convergence"),
    )
    assert non_saturating().plus(losses.codes_error(3, 1)).names[2:4] == ("codes_error", "information")


def test_tensors_that_are_kept_are_not_logged() -> None:
    term = Term("generator", lambda seen: tf.zeros(()), keeps={"mean": np.zeros((2, 2)), "count": 0.0}, name="odd")
    loss = non_saturating().plus(term)
    assert loss.keeps.keys() == {"mean", "count"}
    assert "mean" not in loss.names
    assert "count" in loss.names


def test_plus_adds_terms_formula_and_source() -> None:
    loss = losses.hinge().plus(losses.r1(3.0), losses.codes_error(3, 1))
    assert [term.name for term in loss.terms] == ["r1", "codes_error"]
    assert loss.formula.startswith(losses.hinge().formula)
    assert r"L_D \mathrel{+}= \tfrac{3}{2}" in loss.formula
    assert r"L_D, L_G \mathrel{+}=" in loss.formula
    assert "Mescheder" in loss.source
    assert loss.draws.keys() == {"mix"}
    assert losses.hinge().terms == ()


def test_a_term_comes_once() -> None:
    with pytest.raises(ValueError, match="already reports something named 'r1'"):
        non_saturating().plus(losses.r1(), losses.r1(1.0))
    with pytest.raises(ValueError, match="already reports something named 'gradient_penalty'"):
        losses.wgan_gp().plus(losses.gradient_penalty())
    with pytest.raises(ValueError, match=r"no name\. Decorate"):
        non_saturating().plus(Term("generator", lambda seen: tf.zeros(())))


def test_an_unknown_term_is_a_sentence() -> None:
    config = {"name": "hinge", "arguments": {}, "terms": [{"name": "best", "arguments": {}}]}
    with pytest.raises(ValueError, match=r"There is no term named 'best', expected one of .*registered_term"):
        AdversarialLoss.from_config(config)


def test_scales_and_heads_are_averaged_and_patches_are_one_part() -> None:
    def gap(real: Any, fake: Any) -> Any:
        return tf.reduce_mean(real) - tf.reduce_mean(fake)

    fine, coarse = tf.reshape(tf.range(8.0), (2, 2, 2, 1)), tf.constant([[10.0], [20.0]])
    assert float(mean_over_parts(gap, fine, tf.zeros_like(fine))) == 3.5
    pair = [fine, coarse]
    assert float(mean_over_parts(gap, pair, [tf.zeros_like(fine), tf.zeros_like(coarse)])) == (3.5 + 15.0) / 2
    assert len(parts_of(fine)) == 1
    assert len(parts_of((fine, coarse))) == 2


def test_a_loss_reads_its_entry_of_named_outputs() -> None:
    outputs = {"logit": 1, "energy": 2, "code": 3}
    assert non_saturating().score_of(outputs) == 1
    assert losses.began().score_of(outputs) == 2
    assert non_saturating().score_of(7) == 7


def tiny_players(rate: float = 0.0) -> tuple[Player, Player]:
    players = []
    for name in ("generator", "discriminator"):
        network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2 if name == "generator" else 1)])
        optimizer = keras.optimizers.SGD(rate)
        optimizer.build(network.trainable_variables)
        players.append(Player(network, optimizer))
    return players[0], players[1]


@pytest.mark.parametrize("payer", ["generator", "discriminator", "both"])
def test_every_term_may_be_lazy(payer: Any) -> None:
    calls: list[float] = []

    @registered_term
    def lazy(every: int = 3) -> Term:
        def amount(seen: Any) -> Any:
            calls.append(1.0)
            return tf.reduce_mean(seen.fake_images**2) * 0 + 2.0, {"count": seen.state["count"] + 1}

        return Term(payer, amount, weight=5.0, every=every, keeps={"count": 0.0})

    try:
        loss = non_saturating().plus(lazy())
        state = {"count": tf.Variable(0.0)}
        players = tiny_players()
        found, counts = [], []
        for _ in range(7):
            batch = Batch(tf.ones((4, 2)), tf.ones((4, 2)))
            found.append(float(adversarial_step(*players, loss, [batch], state)["lazy"]))
            counts.append(float(state["count"]))
    finally:
        TERMS.pop("lazy")
    # 3 times 5 times 2 in each third step, and nothing, not even computed, in between.
    assert found == [30.0, 0.0, 0.0, 30.0, 0.0, 0.0, 30.0]
    times = 2 if payer == "both" else 1
    assert counts == [times * n for n in (1, 1, 1, 2, 2, 2, 3)]
    assert len(calls) == 3 * times


def test_each_player_pays_its_own_terms_only() -> None:
    moved = {}
    for payer in ("generator", "discriminator"):
        # A loss of nothing, and one term that pulls on the weights of both networks.
        def amount(seen: Any) -> Any:
            return tf.reduce_mean(seen.fake) + tf.reduce_mean(seen.fake_images)

        nothing = AdversarialLoss(lambda r, f: 0.0 * tf.reduce_sum(f), lambda r, f: 0.0 * tf.reduce_sum(f), "", "")
        loss = nothing.plus(Term(payer, amount, name="pull"))
        keras.utils.set_random_seed(0)
        players = tiny_players(rate=1.0)
        before = [[np.array(v) for v in player.variables] for player in players]
        adversarial_step(*players, loss, [Batch(tf.ones((4, 2)), tf.ones((4, 2)))])
        moved[payer] = [
            any(not np.array_equal(b, np.asarray(v)) for b, v in zip(start, player.variables, strict=True))
            for start, player in zip(before, players, strict=True)
        ]
    assert moved == {"generator": [True, False], "discriminator": [False, True]}


def test_what_a_step_misses_is_a_sentence() -> None:
    batch = Batch(tf.ones((4, 2)), tf.ones((4, 2)))
    with pytest.raises(ValueError, match="needs mix drawn at random for each batch, but got only nothing"):
        adversarial_step(*tiny_players(), losses.wgan_gp(), [batch])
    with pytest.raises(ValueError, match="keeps k between steps, but got no variable"):
        adversarial_step(*tiny_players(), losses.began(), [batch])
