"""Losses and terms as values: names, what is kept and drawn, adding, saving, equality, parts of scores, errors."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import (
    LOSSES,
    TERMS,
    AdversarialLoss,
    Batch,
    Term,
    began,
    codes_error,
    ebgan,
    gradient_penalty,
    hinge,
    least_squares,
    non_saturating,
    r1,
    r2,
    registered_loss,
    registered_term,
    saturating,
    wgan,
    wgan_gp,
)
from labhelpers.losses.core import mean_over_parts, parts_of
from labhelpers.losses.energies import controlled_fakes, pull_away_term
from labhelpers.training.step import adversarial_step
from tests.losses.seeing import CATEGORIES, POINTS, SOURCE, UNIFORM, generator, many_headed, player

ALL_LOSSES = [
    non_saturating(),
    saturating(),
    least_squares(),
    least_squares(-1.0, 1.0, 0.0),
    wgan(),
    wgan_gp(),
    hinge(),
    ebgan(3.0),
    began(0.7),
    hinge().plus(r1(0.1)),
    wgan_gp(3.0).plus(r1(0.5, every=4)),
]
ALL_TERMS: dict[str, Term] = {
    "gradient_penalty": gradient_penalty(),
    "r1": r1(),
    "r2": r2(),
    "pull_away_term": pull_away_term(),
    "controlled_fakes": controlled_fakes(rate=0.1),
    "codes_error": codes_error(CATEGORIES, UNIFORM),
}


@pytest.fixture
def own_names() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    before = dict(LOSSES), dict(TERMS)
    yield
    for registry, names in zip((LOSSES, TERMS), before, strict=True):
        registry.clear()
        registry.update(names)


def own_term(name: str = "mine", **more: Any) -> Term:
    return Term("discriminator", lambda seen: tf.zeros(()), name=name, **more)


# --- names, keeps, draws


def test_every_term_has_tests_here() -> None:
    assert {name for name, make in TERMS.items() if make.__module__.startswith("labhelpers.")} == set(ALL_TERMS)


def test_names_are_losses_then_terms_then_kept_numbers_then_monitors() -> None:
    assert non_saturating().names == ("g_loss", "d_loss", "d_real_accuracy", "d_fake_accuracy")
    assert began().names == (
        "g_loss",
        "d_loss",
        "controlled_fakes",
        "k",
        "real_energy",
        "fake_energy",
        "convergence",
    )
    loss = wgan_gp().plus(r1(), codes_error(3, 1))
    assert loss.names == (
        "g_loss",
        "d_loss",
        "gradient_penalty",
        "r1",
        "codes_error",
        "information",
        "real_score",
        "fake_score",
    )


def test_tensors_that_are_kept_are_not_logged() -> None:
    loss = non_saturating().plus(own_term(keeps={"mean": np.zeros(3), "number": 1.0}))
    assert loss.names == ("g_loss", "d_loss", "mine", "number", "d_real_accuracy", "d_fake_accuracy")
    assert set(loss.keeps) == {"mean", "number"}


def test_keeps_and_draws_are_those_of_all_terms() -> None:
    loss = began().plus(r1(), own_term(keeps={"other": 2.0}, draws={"direction": lambda shape, seed: None}))
    assert loss.keeps == {"k": 0.0, "other": 2.0}
    assert set(loss.draws) == {"mix", "direction"}
    assert non_saturating().keeps == {}
    assert non_saturating().draws == {}


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=lambda loss: "+".join([loss.name, *(t.name for t in loss.added)]))
def test_a_step_logs_just_the_names(loss: AdversarialLoss) -> None:
    logged, _ = one_step(loss)
    assert set(logged) == set(loss.names)
    assert len(loss.names) == len(set(loss.names))
    assert all(np.isfinite(value) for value in logged.values())


# --- plus


def test_plus_adds_terms_and_leaves_the_loss_as_it_was() -> None:
    loss = non_saturating()
    more = loss.plus(r1(2.0)).plus(gradient_penalty())
    assert loss == non_saturating()
    assert loss.terms == ()
    assert more.terms == (r1(2.0), gradient_penalty())
    assert more == non_saturating().plus(r1(2.0), gradient_penalty())
    assert more.name == "non_saturating"
    assert more.discriminator is loss.discriminator
    assert non_saturating().plus() == non_saturating()


def test_plus_says_it_in_formula_and_source() -> None:
    more = non_saturating().plus(r1(2.0), codes_error(3, 1))
    assert more.formula.startswith(non_saturating().formula + r", \quad L_D \mathrel{+}= " + r1(2.0).formula)
    assert more.formula.endswith(r"L_D, L_G \mathrel{+}= " + codes_error(3, 1).formula)
    assert r"L_G \mathrel{+}= " + pull_away_term().formula in hinge().plus(pull_away_term()).formula
    assert more.source == "; ".join([non_saturating().source, r1().source, codes_error(3, 1).source])


def test_each_name_once() -> None:
    with pytest.raises(ValueError, match="already reports something named 'r1'"):
        hinge().plus(r1()).plus(r1(2.0))
    with pytest.raises(ValueError, match="already reports something named 'r1'"):
        hinge().plus(r1(), r1(2.0))
    with pytest.raises(ValueError, match="already reports something named 'gradient_penalty'"):
        wgan_gp().plus(gradient_penalty())
    for taken in ("g_loss", "k", "convergence"):
        with pytest.raises(ValueError, match=f"named '{taken}', expected each name once: leave one of them out"):
            began().plus(own_term(taken))


@pytest.mark.parametrize(
    "more", [{"keeps": {"k": 1.0}}, {"monitors": {"k": lambda seen: 0.0}}, {"keeps": {"d_loss": 0.0}}]
)
def test_what_a_term_keeps_and_watches_needs_names_of_its_own(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"already reports something named '(k|d_loss)'"):
        began().plus(own_term(**more))
    tensor = {"keeps": {"mean": np.zeros(3)}}
    with pytest.raises(ValueError, match="named 'mean'"):
        began().plus(own_term(**tensor), own_term("other", **tensor))


def test_a_term_without_a_name_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"This term has no name\. Decorate the function .* registered_term"):
        non_saturating().plus(own_term(""))


@pytest.mark.parametrize("every", [0, -3])
def test_terms_are_paid_every_so_many_steps(every: int) -> None:
    with pytest.raises(ValueError, match=f"every is {every}, expected a number of steps of at least 1"):
        r1(every=every)


@pytest.mark.parametrize(
    ("payer", "generator_pays", "discriminator_pays"),
    [("generator", True, False), ("discriminator", False, True), ("both", True, True)],
)
def test_who_pays(payer: Any, generator_pays: bool, discriminator_pays: bool) -> None:
    term = Term(payer, lambda seen: 0.0)
    assert term.is_paid_by("generator") is generator_pays
    assert term.is_paid_by("discriminator") is discriminator_pays


# --- saving, equality, registries


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=lambda loss: "+".join([loss.name, *(t.name for t in loss.added)]))
def test_a_loss_is_its_name_and_arguments(loss: AdversarialLoss) -> None:
    config = json.loads(json.dumps(loss.to_config()))
    again = AdversarialLoss.from_config(config)
    assert again == loss
    assert hash(again) == hash(loss)
    assert again.formula == loss.formula
    assert again.names == loss.names
    assert again.terms == loss.terms
    assert again.to_config() == loss.to_config()
    assert loss.source
    assert again.names[:2] == ("g_loss", "d_loss")


def test_a_config_names_the_added_terms_only() -> None:
    assert hinge().to_config() == {"name": "hinge", "arguments": {}}
    assert wgan_gp(1.0, 2).plus(r1(0.5, 16)).to_config() == {
        "name": "wgan_gp",
        "arguments": {"weight": 1.0, "critic_steps": 2, "target": 1.0},
        "terms": [{"name": "r1", "arguments": {"gamma": 0.5, "every": 16}}],
    }


def test_losses_that_were_saved_before_terms_are_loaded() -> None:
    inner = {"name": "wgan_gp", "arguments": {"weight": 3.0, "critic_steps": 2, "target": 1.0}}
    old = {"name": "with_r1", "arguments": {"loss": {"loss": inner}, "gamma": 0.5}}
    assert AdversarialLoss.from_config(old) == wgan_gp(3.0, 2).plus(r1(0.5))
    # Later configs of the same loss are of the new kind.
    again = AdversarialLoss.from_config(old).to_config()
    assert again == {**inner, "terms": [{"name": "r1", "arguments": {"gamma": 0.5, "every": 1}}]}


def test_losses_with_other_arguments_differ() -> None:
    assert wgan_gp(weight=1.0) != wgan_gp()
    assert wgan_gp(10.0) == wgan_gp(weight=10.0, critic_steps=5)
    assert hinge().plus(r1()) != non_saturating().plus(r1())
    assert hinge().plus(r1()) != hinge()
    assert hinge().plus(r1()) != hinge().plus(r1(0.5))
    assert hinge().plus(r1()) != hinge().plus(r1(every=2))
    assert hinge().plus(r1()).terms[0].arguments == {"gamma": 10.0, "every": 1}
    assert r1() == r1(gamma=10.0)
    assert len({hinge(), hinge(), hinge().plus(r1()), wgan_gp(1.0), wgan_gp(2.0)}) == 4


def test_an_unknown_loss_or_term_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"There is no loss named 'best', expected one of .*hinge.* registered_loss"):
        AdversarialLoss.from_config({"name": "best", "arguments": {}})
    unknown = {**hinge().to_config(), "terms": [{"name": "best", "arguments": {}}]}
    with pytest.raises(ValueError, match=r"There is no term named 'best', expected one of .*r1.* registered_term"):
        AdversarialLoss.from_config(unknown)


@pytest.mark.usefixtures("own_names")
def test_a_student_registers_a_loss_of_their_own() -> None:
    @registered_loss
    def quadratic(weight: float = 1.0) -> AdversarialLoss:
        """A docstring."""
        return AdversarialLoss(
            discriminator=lambda r, f: weight * tf.reduce_mean(f**2),
            generator=lambda r, f: tf.reduce_mean(f),
            formula="f^2",
            source="a test",
        )

    assert AdversarialLoss.from_config(quadratic(3.0).to_config()).arguments == {"weight": 3.0}
    assert quadratic() == quadratic(1.0)
    assert (quadratic.__name__, quadratic.__doc__, LOSSES["quadratic"]) == ("quadratic", "A docstring.", quadratic)


@pytest.mark.usefixtures("own_names")
def test_a_student_registers_a_term_of_their_own() -> None:
    @registered_term
    def drift(weight: float = 0.001) -> Term:
        return Term("discriminator", lambda seen: tf.reduce_mean(tf.square(seen.real["logit"])), weight)

    loss = wgan_gp().plus(drift(0.5))
    assert loss.terms[-1].name == "drift"
    assert AdversarialLoss.from_config(loss.to_config()) == loss


@pytest.mark.usefixtures("own_names")
def test_a_registered_loss_that_is_made_with_plus_is_loaded_with_its_terms_once() -> None:
    @registered_loss
    def style(gamma: float = 10.0) -> AdversarialLoss:
        return non_saturating().plus(r1(gamma, every=16))

    for loss in (style(4.0), style(4.0).plus(gradient_penalty(2.0))):
        again = AdversarialLoss.from_config(loss.to_config())
        assert again == loss
        assert again.terms[0] == r1(4.0, every=16)
        assert [term.name for term in again.terms] == [term.name for term in loss.terms]


def test_every_optimizer_recipe_makes_a_new_optimizer() -> None:
    for loss in ALL_LOSSES:
        assert loss.generator_optimizer() is not loss.generator_optimizer()
        assert loss.generator_optimizer() is not loss.discriminator_optimizer()


# --- structures of scores

TWO_SCALES = (
    [tf.constant([[1.0], [3.0]]), tf.constant([[[[0.5], [1.5]]], [[[-1.0], [3.0]]]])],
    [tf.constant([[-2.0], [0.0]]), tf.constant([[[[1.0], [0.0]]], [[[-3.0], [-2.0]]]])],
)
"""Real and fake scores: of whole images, and of two patches (batch, 1, 2, 1)."""


def test_parts_of_scores() -> None:
    one = tf.ones((2, 1))
    assert parts_of(one) == [one]
    assert len(parts_of((one, one))) == len(parts_of([one, one])) == 2


def test_losses_of_several_scales_are_the_mean_over_scales_not_over_scores() -> None:
    real, fake = TWO_SCALES
    loss = hinge()
    # whole images: mean([1 - 1, 1 - 3]+) + mean([1 - 2, 1 + 0]+) = 0 + 1/2
    # patches: mean(.5, 0, 2, 0) + mean(2, 1, 0, 0) = .625 + .75
    assert float(mean_over_parts(loss.discriminator, real, fake)) == pytest.approx((0.5 + 1.375) / 2)
    # -mean(f): 1 and 1
    assert float(mean_over_parts(loss.generator, real, fake)) == pytest.approx(1.0)
    assert float(mean_over_parts(loss.discriminator, real[1:], fake[1:])) == pytest.approx(1.375)
    assert float(mean_over_parts(loss.discriminator, tuple(real), tuple(fake))) == pytest.approx((0.5 + 1.375) / 2)


@pytest.mark.parametrize("make", [non_saturating, saturating, least_squares, hinge, wgan])
def test_patches_are_as_many_scores(make: Callable[[], AdversarialLoss]) -> None:
    real, fake = (scores[1] for scores in TWO_SCALES)
    flat = [tf.reshape(scores, (-1, 1)) for scores in (real, fake)]
    for function in (make().discriminator, make().generator):
        assert float(mean_over_parts(function, real, fake)) == pytest.approx(float(function(*flat)))


def test_as_many_parts_of_real_and_of_fake_scores() -> None:
    real, fake = TWO_SCALES
    with pytest.raises(ValueError, match=r"shorter|longer"):
        mean_over_parts(hinge().discriminator, real, fake[:1])


def test_a_loss_reads_its_own_entry() -> None:
    output = {"logit": tf.constant([[1.0]]), "energy": tf.constant([[2.0]])}
    assert hinge().score_of(output) is output["logit"]
    assert ebgan().score_of(output) is output["energy"]
    scales = {"logit": TWO_SCALES[0]}
    assert hinge().score_of(scales) is TWO_SCALES[0]
    assert hinge().score_of(TWO_SCALES[0]) is TWO_SCALES[0]
    assert hinge().score_of(output["energy"]) is output["energy"]


def test_a_missing_entry_is_a_sentence() -> None:
    with pytest.raises(
        ValueError, match=r"'ebgan' reads 'energy' of what D puts out, but there is only category, logit"
    ):
        ebgan().score_of({"logit": 1.0, "category": 2.0})


def test_a_step_on_scales_and_patches_in_a_dict() -> None:
    points = keras.Input((2,), dtype="float64")
    dense = keras.layers.Dense(5, dtype="float64")(points)
    outputs = {"logit": [dense[:, :1], keras.ops.reshape(dense[:, 1:], (-1, 2, 2, 1))], "features": dense}
    judge = keras.Model(points, outputs, name="scales")
    drawer = generator()
    loss = least_squares().plus(r1(2.0))
    real, fake = (judge(images)["logit"] for images in (POINTS, drawer(SOURCE)))
    batch = Batch(POINTS, SOURCE, drawn={"mix": tf.zeros(4)})
    logged = adversarial_step(player(drawer, 0.0), player(judge, 0.0), loss, [batch])

    def half_square(scores: Any, target: float) -> float:
        return 0.5 * float(np.mean((np.asarray(scores) - target) ** 2))

    d_loss = sum(half_square(r, 1) + half_square(f, 0) for r, f in zip(real, fake, strict=True)) / 2
    assert float(logged["d_loss"]) == pytest.approx(d_loss)
    assert float(logged["g_loss"]) == pytest.approx(sum(half_square(f, 1) for f in fake) / 2)
    assert float(logged["real_score"]) == pytest.approx(sum(float(np.mean(r)) for r in real) / 2)
    # D is linear: the gradient of the sum of its five scores is the sum of the five columns.
    assert float(logged["r1"]) == pytest.approx(np.sum(judge.trainable_weights[0].numpy().sum(axis=1) ** 2))


# --- terms in a step: who pays, when, and what moves


def one_step(
    loss: AdversarialLoss, rates: tuple[float, float] = (0.0, 0.0), steps: int = 1, graph: bool = False
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Steps of the tiny networks: what the last one logged, and by name the state and the weights after each."""
    drawer, judge = generator(), many_headed()
    players = player(drawer, rates[0]), player(judge, rates[1])
    state = {name: tf.Variable(start, dtype=tf.float64) for name, start in loss.keeps.items()}
    batch = Batch(POINTS, SOURCE, drawn={"mix": tf.constant([0.1, 0.4, 0.6, 0.9], tf.float64)})

    def step() -> dict[str, Any]:
        return adversarial_step(*players, loss, [batch] * loss.critic_steps, state)

    run = tf.function(step) if graph else step
    trace: dict[str, list[Any]] = {"logged": [], "state": [], "generator": [], "discriminator": []}
    for _ in range(steps + 1):
        trace["state"].append({name: float(variable) for name, variable in state.items()})
        trace["generator"].append(drawer.get_weights())
        trace["discriminator"].append(judge.get_weights())
        if len(trace["state"]) <= steps:
            trace["logged"].append({name: float(value) for name, value in run().items()})
    return trace["logged"][-1], trace


def only(term: Term) -> AdversarialLoss:
    """A loss that pays nothing but this term."""
    nothing = lambda real, fake: 0.0 * (tf.reduce_mean(real) + tf.reduce_mean(fake))  # noqa: E731
    if term.keeps:
        term = dataclasses.replace(term, keeps=dict.fromkeys(term.keeps, 0.5))
    return AdversarialLoss(nothing, nothing, formula="0", source="a test").plus(term)


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("name", ALL_TERMS)
def test_a_lazy_term_pays_so_many_times_as_much_in_every_so_many_steps(name: str, graph: bool) -> None:
    term = ALL_TERMS[name]
    _, always = one_step(only(term), steps=1)
    amount = always["logged"][0][name]
    assert amount != 0.0
    _, lazy = one_step(only(dataclasses.replace(term, every=3)), steps=7, graph=graph)
    k = {**lazy["state"][0]}
    for step, logged in enumerate(lazy["logged"]):
        if step % 3:
            assert logged[name] == 0.0
            assert lazy["state"][step + 1] == lazy["state"][step]
        else:
            # The networks stand still; what is paid for the fakes is k times a constant.
            share = lazy["state"][step]["k"] / 0.5 if k else 1.0
            assert logged[name] == pytest.approx(3 * amount * share, rel=1e-6)
            assert not k or lazy["state"][step + 1] != lazy["state"][step]


@pytest.mark.parametrize("name", ALL_TERMS)
def test_a_lazy_term_moves_its_payers_so_many_times_as_far_and_nobody_else(name: str) -> None:
    term = ALL_TERMS[name]
    for who, rates in (("generator", (1e-3, 0.0)), ("discriminator", (0.0, 1e-3))):
        start, end = one_step(only(term), rates)[1][who]
        first, second, *later = one_step(only(dataclasses.replace(term, every=3)), rates, steps=3)[1][who]
        assert any(np.any(before != after) for before, after in zip(start, end, strict=True)) is term.is_paid_by(who)
        for weights in zip(start, end, first, second, *later, strict=True):
            once, thrice = weights[1] - weights[0], weights[3] - weights[2]
            np.testing.assert_allclose(thrice, 3 * once, rtol=1e-6, atol=1e-12)
            for unpaid in weights[4:]:  # in the next two steps nothing is paid
                np.testing.assert_array_equal(unpaid, weights[3])


def test_a_step_without_what_the_terms_need_is_a_sentence() -> None:
    players = player(generator(), 0.0), player(many_headed(), 0.0)
    batch = Batch(POINTS, SOURCE)
    with pytest.raises(ValueError, match="'wgan_gp' needs mix drawn at random for each batch, but got nothing"):
        adversarial_step(*players, wgan_gp(), [batch] * 5)
    with pytest.raises(ValueError, match="'began' keeps k between steps, but got no variable for it: pass state="):
        adversarial_step(*players, began(), [batch])
