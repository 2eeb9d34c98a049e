"""The step of the game: computed by hand, and shown to move what it should and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses import AdversarialLoss, Batch, Seen, Term
from labhelpers.models.pair import Pair
from labhelpers.training import Player, adversarial_step
from tests.training.small_pairs import POINTS, coded_pair, energy_pair, listen, moved, small_pair, told_pair, values


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(0)


def player(network: keras.Model, optimizer: keras.optimizers.Optimizer | float = 0.1, *more: keras.Model) -> Player:
    """A player with SGD of this rate, or with another optimizer, built as a game builds it."""
    if isinstance(optimizer, float):
        optimizer = keras.optimizers.SGD(optimizer)
    made = Player((network, *more), optimizer)
    optimizer.build(made.variables)
    return made


def batch_of(count: int = 16, **more: Any) -> Batch:
    return Batch(tf.constant(POINTS[:count]), tf.random.normal((count, 2), seed=1), **more)


def line(factor: float, name: str) -> keras.Model:
    """From x to ``factor`` times x, with one number to learn."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)], name=name)
    network.set_weights([np.array([[factor]])])
    return network


def linear_players() -> tuple[Player, Player]:
    """G(z) = 2 z and D(x) = x / 2: every step can be computed by hand."""
    return player(line(2.0, "g"), 0.1), player(line(0.5, "d"), 0.2)


def factor_of(one: Player) -> float:
    return float(one.networks[0].weights[0][0, 0])


def numbers(real: float, noise: float, **more: Any) -> Batch:
    return Batch(tf.constant([[real]]), tf.constant([[noise]]), **more)


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


def test_a_step_computed_by_hand() -> None:
    generator, discriminator = linear_players()
    real, noise = 3.0, 1.0
    found = adversarial_step(generator, discriminator, losses.non_saturating(), [numbers(real, noise)])
    g, d, fake = 2.0, 0.5, 2.0
    assert float(found["d_loss"]) == pytest.approx(math.log1p(math.exp(-d * real)) + math.log1p(math.exp(d * fake)))
    d_after = d - 0.2 * (-sigmoid(-d * real) * real + sigmoid(d * fake) * fake)
    assert factor_of(discriminator) == pytest.approx(d_after, rel=1e-6)
    # G pays, and learns from, what the D that has just learnt says.
    assert float(found["g_loss"]) == pytest.approx(math.log1p(math.exp(-d_after * fake)), rel=1e-6)
    g_after = g - 0.1 * (-sigmoid(-d_after * fake) * d_after * noise)
    assert factor_of(generator) == pytest.approx(g_after, rel=1e-6)
    assert tuple(found) == losses.non_saturating().names
    assert float(found["d_real_accuracy"]) == 1.0
    assert float(found["d_fake_accuracy"]) == 0.0


def linear_loss(*terms: Term) -> AdversarialLoss:
    """D's gradient is 0 and G's is -d z: what terms add is easy to see."""
    return AdversarialLoss(
        discriminator=lambda real, fake: 0.0 * tf.reduce_mean(fake),
        generator=lambda real, fake: -tf.reduce_mean(fake),
        formula="",
        source="",
        terms=terms,
        monitors={},
        name="linear",
    )


@pytest.mark.parametrize("payer", ["generator", "discriminator", "both"])
def test_a_term_is_paid_by_its_payer_with_its_weight(payer: Any) -> None:
    generator, discriminator = linear_players()
    # The score of the fakes, f = d g z: its slope is g z for D's number and d z for G's.
    term = Term(payer, lambda seen: tf.reduce_mean(seen.fake), weight=0.5, name="price")
    found = adversarial_step(generator, discriminator, linear_loss(term), [numbers(3.0, 1.0)])
    d_after = 0.5 - 0.2 * 0.5 * 2.0 if payer != "generator" else 0.5
    assert factor_of(discriminator) == pytest.approx(d_after, rel=1e-6)
    share = 0.5 if payer != "discriminator" else 0.0
    assert factor_of(generator) == pytest.approx(2.0 + 0.1 * d_after * (1 - share), rel=1e-6)
    # Losses are logged without terms; of a term that both pay, G's share, which comes later, is logged.
    assert float(found["d_loss"]) == 0.0
    assert float(found["g_loss"]) == pytest.approx(-2.0 * d_after, rel=1e-6)
    price = 0.5 * 2.0 * (0.5 if payer == "discriminator" else d_after)
    assert float(found["price"]) == pytest.approx(price, rel=1e-6)
    assert tuple(found) == linear_loss(term).names


def test_a_term_sees_all_that_the_player_has_seen() -> None:
    generator, discriminator = linear_players()
    helper = line(7.0, "helper")
    looks: list[Seen] = []
    term = Term("both", lambda seen: looks.append(seen) or 0.0 * tf.reduce_mean(seen.fake), name="look")  # type: ignore[func-returns-value]
    batch = numbers(3.0, 1.0, drawn={"place": tf.constant(0.25)})
    adversarial_step(generator, discriminator, linear_loss(term), [batch], networks={"helper": helper})
    d_turn, g_turn = looks
    for seen in looks:
        assert float(seen.real_images[0, 0]) == 3.0
        assert float(seen.fake_images[0, 0]) == 2.0
        assert float(seen.batch.source[0, 0]) == 1.0
        assert float(seen.drawn["place"]) == 0.25
        assert set(seen.networks) == {"generator", "discriminator", "helper"}
        assert seen.networks["discriminator"] is discriminator.networks[0]
    assert (float(d_turn.real[0, 0]), float(d_turn.fake[0, 0])) == (1.5, 1.0)
    assert float(g_turn.fake[0, 0]) == pytest.approx(2.0 * factor_of(discriminator))
    assert float(g_turn.score(tf.constant([[10.0]]))[0, 0]) == pytest.approx(10.0 * factor_of(discriminator))
    assert float(helper.weights[0][0, 0]) == 7.0


def test_what_a_term_keeps_goes_from_step_to_step() -> None:
    def amount(seen: Seen) -> Any:
        return seen.state["count"] * tf.reduce_mean(seen.fake), {"count": seen.state["count"] + 1.0}

    loss = linear_loss(Term("discriminator", amount, keeps={"count": 0.0}, name="rising"))
    generator, discriminator = player(line(2.0, "g"), 0.0), player(line(0.5, "d"), 0.0)
    state = {"count": tf.Variable(0.0)}
    for step in range(3):
        found = adversarial_step(generator, discriminator, loss, [numbers(3.0, 1.0)], state)
        assert float(found["rising"]) == step * 1.0  # f = 0.5 * 2 * 1
        assert float(found["count"]) == float(state["count"]) == step + 1
    with pytest.raises(ValueError, match=r"The loss 'linear' keeps count between steps, but got no variable .* pass"):
        adversarial_step(generator, discriminator, loss, [numbers(3.0, 1.0)])


def test_a_lazy_term_is_paid_in_every_nth_step_of_its_payer_and_n_times_then() -> None:
    loss = linear_loss(Term("discriminator", lambda seen: tf.reduce_mean(seen.fake), 0.5, every=3, name="lazy"))
    generator, discriminator = player(line(2.0, "g"), 0.0), player(line(0.5, "d"), 0.0)
    paid = [float(adversarial_step(generator, discriminator, loss, [numbers(3.0, 1.0)])["lazy"]) for _ in range(5)]
    assert paid == [1.5, 0.0, 0.0, 1.5, 0.0]


def test_of_an_energy_the_loss_reads_its_own_output() -> None:
    generator, discriminator = map(player, energy_pair("l1"))
    batch = batch_of(8)
    fakes = generator(batch.source)
    before = discriminator(batch.real_images)["energy"], discriminator(fakes)["energy"]
    found = adversarial_step(generator, discriminator, losses.began(), [batch], {"k": tf.Variable(0.5)})
    assert float(found["d_loss"]) == pytest.approx(float(tf.reduce_mean(before[0])), rel=1e-5)
    assert float(found["controlled_fakes"]) == pytest.approx(-0.5 * float(tf.reduce_mean(before[1])), rel=1e-5)


def test_of_a_list_of_scores_the_loss_is_the_mean() -> None:
    x = keras.Input((1,))
    parts = [keras.layers.Dense(1, use_bias=False)(x) for _ in range(2)]
    two = keras.Model(x, parts)
    two.set_weights([np.array([[0.5]]), np.array([[-1.5]])])
    found = adversarial_step(player(line(2.0, "g")), player(two), losses.least_squares(), [numbers(3.0, 1.0)])
    by_part = [0.5 * (r - 1) ** 2 + 0.5 * f**2 for r, f in ((1.5, 1.0), (-4.5, -3.0))]
    assert float(found["d_loss"]) == pytest.approx(np.mean(by_part))
    assert float(found["real_score"]) == pytest.approx((1.5 - 4.5) / 2)


@pytest.fixture
def _eagerly() -> Iterator[None]:
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("_eagerly")
def test_one_generator_pass_serves_both_updates() -> None:
    generator, discriminator = map(player, small_pair())
    drawn, shown = listen(generator.networks[0]), listen(discriminator.networks[0])
    batch = batch_of(4)
    adversarial_step(generator, discriminator, losses.non_saturating(), [batch])
    assert len(drawn) == 1
    # The real images, the fakes, and the same fakes again for G.
    assert len(shown) == 3
    np.testing.assert_array_equal(shown[0], batch.real_images)
    np.testing.assert_array_equal(shown[1], shown[2])


@pytest.mark.usefixtures("_eagerly")
def test_each_player_hears_what_it_is_told() -> None:
    generator, discriminator = map(player, told_pair(hidden=4))
    for_g, for_d = tf.constant([[1.0, 0, 0]] * 5), tf.constant([[0, 0, 1.0]] * 5)
    heard = listen(generator.networks[0]), listen(discriminator.networks[0])
    batch = batch_of(5, told_to_generator=(for_g,), told_to_discriminator=(for_d,), drawn={"mix": tf.ones(5)})
    adversarial_step(generator, discriminator, losses.non_saturating().plus(losses.r1(1.0)), [batch])
    assert [len(calls) for calls in heard] == [1, 4]  # R1 asks D, too
    for calls, told in zip(heard, (for_g, for_d), strict=True):
        for _, labels in calls:
            np.testing.assert_array_equal(labels, told)


class Nothing(keras.optimizers.SGD):
    """An optimizer that stands still: what moves then is moved by the other one."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        pass


@pytest.mark.parametrize("still", ["generator", "discriminator"])
@pytest.mark.parametrize("make", [small_pair, coded_pair], ids=lambda make: make.__name__)
def test_each_optimizer_moves_its_own_network_only(still: str, make: Any) -> None:
    pair: Pair = make()
    loss = losses.non_saturating() if make is small_pair else losses.non_saturating().plus(losses.codes_error(3, 1))
    players = [player(getattr(pair, n), Nothing(1.0) if n == still else 1.0) for n in ("generator", "discriminator")]
    before = {name: values(getattr(pair, name)) for name in ("generator", "discriminator")}
    source = tf.random.normal((16, pair.generator.input_shape[-1]), seed=1)
    adversarial_step(*players, loss, [Batch(tf.constant(POINTS[:16]), source)])
    for name, network in before.items():
        assert moved(network, getattr(pair, name)) == (name != still)


def test_networks_that_learn_along_move_with_their_player() -> None:
    g, d, along, left_out = (line(factor, name) for factor, name in ((2.0, "g"), (0.5, "d"), (1.0, "a"), (4.0, "l")))
    generator, discriminator = player(g, 0.1, along), player(d, 0.2)
    term = Term("generator", lambda seen: tf.reduce_mean(seen.networks["a"](seen.real_images)), name="along")
    adversarial_step(
        generator, discriminator, linear_loss(term), [numbers(3.0, 1.0)], networks={"a": along, "l": left_out}
    )
    assert float(along.weights[0][0, 0]) == pytest.approx(1.0 - 0.1 * 3.0)
    assert float(left_out.weights[0][0, 0]) == 4.0
    assert [variable.path for variable in generator.variables] == [w.path for net in (g, along) for w in net.weights]


def test_critic_steps_move_d_once_for_each_batch_and_g_once() -> None:
    generator, discriminator = linear_players()
    d_by_hand, seen = 0.5, []
    batches = [numbers(real, noise) for real, noise in ((3.0, 1.0), (1.0, 2.0), (-2.0, 0.5))]
    found = adversarial_step(generator, discriminator, losses.wgan(clip_weights=9.0, critic_steps=3), batches)
    for real, noise in ((3.0, 1.0), (1.0, 2.0), (-2.0, 0.5)):
        seen.append(d_by_hand * (2.0 * noise - real))
        d_by_hand -= 0.2 * (2.0 * noise - real)
    assert factor_of(discriminator) == pytest.approx(d_by_hand, rel=1e-5)
    assert float(found["d_loss"]) == pytest.approx(seen[-1], rel=1e-5)
    # G draws from the last noise, 0.5.
    assert factor_of(generator) == pytest.approx(2.0 + 0.1 * d_by_hand * 0.5, rel=1e-5)
    assert (int(generator.optimizer.iterations), int(discriminator.optimizer.iterations)) == (1, 3)


def test_clipping_leaves_batch_norm_statistics_alone() -> None:
    critic = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    players = player(small_pair().generator), player(critic)
    batch = Batch(tf.constant(POINTS[:50] + 5.0), tf.random.normal((50, 2), seed=1))
    for _ in range(6):
        adversarial_step(*players, losses.wgan(clip_weights=0.01, critic_steps=1), [batch])
    assert max(np.abs(np.asarray(v)).max() for v in critic.trainable_variables) <= np.float32(0.01)
    assert np.asarray(critic.layers[1].moving_variance).min() > 0.01


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_frozen_network_is_a_sentence(frozen: str) -> None:
    pair = small_pair()
    players = [player(network) for network in pair]
    getattr(pair, frozen).trainable = False
    with pytest.raises(ValueError, match=f"'toy_{frozen}' has 0 trainable variables .* would never learn"):
        adversarial_step(*players, losses.non_saturating(), [batch_of()])


def test_a_term_without_what_it_needs_drawn_is_a_sentence() -> None:
    players = [player(network) for network in small_pair()]
    with pytest.raises(ValueError, match=r"The loss 'wgan_gp' needs mix drawn at random .* got nothing\. Draw"):
        adversarial_step(*players, losses.wgan_gp(), [batch_of()])
    with pytest.raises(ValueError, match=r"got \['place'\]"):
        adversarial_step(*players, losses.wgan_gp(), [batch_of(drawn={"place": tf.ones(16)})])
