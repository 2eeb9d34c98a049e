"""What a game has learned goes into the next one: layers of one name, and averages; nothing else moves."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from labhelpers.training import GAN, carry_weights
from tests.training.small_pairs import POINTS, quickly_compiled


def stage(hidden: int = 4, *, more: bool = False, trunk: str = "trunk", ema: float | None = None) -> GAN:
    """A game with batch norm; the one with ``more`` has a layer in each network that the other one has not."""
    extra = [layers.Dense(hidden, name="grown")] if more else []
    generator = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(hidden, name=trunk),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            *extra,
            layers.Dense(2, name="last"),
        ]
    )
    extra = [layers.Dense(hidden, name="grown")] if more else []
    discriminator = keras.Sequential(
        [keras.Input((2,)), layers.Dense(hidden, name=trunk), *extra, layers.Dense(1, name="score")]
    )
    return quickly_compiled(GAN(generator, discriminator, ema=ema))


def trained(game: GAN) -> GAN:
    game.fit(POINTS, batch_size=25, epochs=2, progress=False)
    return game


def same(one: keras.Model, other: keras.Model, name: str) -> bool:
    pairs = zip(one.get_layer(name).get_weights(), other.get_layer(name).get_weights(), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def test_layers_of_one_name_are_carried_and_others_start_anew() -> None:
    old, new = trained(stage()), stage(more=True)
    started = {name: network.get_layer("grown").get_weights() for name, network in new.networks.items()}
    before = [np.array(each) for network in old.networks.values() for each in network.get_weights()]
    carried = carry_weights(old, new)
    assert carried == [
        "discriminator/score",
        "discriminator/trunk",
        "generator/last",
        "generator/norm",
        "generator/trunk",
    ]
    for path in carried:
        network, layer = path.split("/")
        assert same(old.networks[network], new.networks[network], layer)
    assert old.generator.get_layer("norm").get_weights()[2].any(), "statistics of batch norm come along"
    for name, weights in started.items():
        for one, other in zip(weights, new.networks[name].get_layer("grown").get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    after = [each for network in old.networks.values() for each in network.get_weights()]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert int(new.generator_optimizer.iterations) == 0


def test_a_game_of_the_same_networks_draws_the_same() -> None:
    old, new = trained(stage(ema=0.5)), stage(ema=0.5)
    assert not np.array_equal(old.sample(5), new.sample(5))
    carry_weights(old, new)
    np.testing.assert_array_equal(old.sample(5), new.sample(5))
    points = tf.constant(POINTS[:5])
    np.testing.assert_array_equal(old.discriminator(points), new.discriminator(points))
    trained(new)
    assert not np.array_equal(old.sample(5), new.sample(5)), "and learns on"


@pytest.mark.parametrize("old_ema", [None, 0.9])
def test_averages_come_along(old_ema: float | None) -> None:
    old, new = trained(stage(ema=old_ema)), stage(more=True, ema=0.9)
    grown = new.generator.get_layer("grown")
    grown.set_weights([weight + 1 for weight in grown.get_weights()])  # set after the average was made
    carry_weights(old, new)
    average = old.ema_generator or old.generator
    assert new.ema_generator is not None
    for layer in ("trunk", "norm", "last"):
        assert same(new.ema_generator, average, layer)
        assert same(new.generator, old.generator, layer)
    assert old_ema is None or not same(new.ema_generator, new.generator, "trunk")
    assert same(new.ema_generator, new.generator, "grown"), "what starts anew has no history to average"


def test_a_game_without_averages_takes_the_networks() -> None:
    old, new = trained(stage(ema=0.9)), stage()
    carry_weights(old, new)
    assert new.ema_generator is None
    assert same(new.generator, old.generator, "trunk")


def test_what_cannot_be_carried_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"'trunk' has weights of shapes \[\(2, 4\), .* and \[\(2, 5\), .* new"):
        carry_weights(stage(4), stage(5))
    old, new = stage(), stage(trunk="other")
    for game in (old, new):
        for network in game.networks.values():
            for number, layer in enumerate(network.layers):
                if layer.name not in ("trunk", "other"):
                    layer.name = f"{game.name} {number}"
    with pytest.raises(ValueError, match=r"The games have no layer in common: .* generator, discriminator"):
        carry_weights(old, new)
