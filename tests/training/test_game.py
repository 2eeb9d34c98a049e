"""A game under ``fit``: what is compiled, dealt, logged, averaged, refused, saved and loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses import AdversarialLoss
from labhelpers.models.pair import Pair
from labhelpers.training import GAN
from tests.training.small_pairs import (
    POINTS,
    all_finite,
    energy_pair,
    listen,
    moved,
    quickly_compiled,
    small_pair,
    values,
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(0)


def test_critic_steps_move_d_several_times_and_g_once() -> None:
    gan = quickly_compiled(GAN(*small_pair(), losses.wgan_gp(critic_steps=3)), steps_per_execution=1)
    gan.fit(POINTS, batch_size=20, epochs=1, progress=False)  # 60 images a step: 60 + 40
    assert int(gan.generator_optimizer.iterations) == 2
    assert int(gan.discriminator_optimizer.iterations) == 6


def test_critic_steps_use_fresh_noise_and_images_of_their_own() -> None:
    gan = quickly_compiled(GAN(*small_pair(), losses.wgan(critic_steps=2)))
    noise, shown = listen(gan.generator), listen(gan.discriminator)
    tf.config.run_functions_eagerly(True)
    try:
        gan.losses_of_step(tf.constant(POINTS[:5]))
    finally:
        tf.config.run_functions_eagerly(False)
    assert [array.shape for array in noise] == [(3, 2), (2, 2)]
    assert not np.array_equal(noise[0][:2], noise[1])
    np.testing.assert_array_equal(shown[0], POINTS[[0, 2, 4]])  # real, fake, real, fake, and the fakes again for G
    np.testing.assert_array_equal(shown[2], POINTS[[1, 3]])


@pytest.mark.parametrize("count", [1, 6])
def test_fewer_images_than_critic_steps_are_shown_again(count: int) -> None:
    gan = quickly_compiled(GAN(*small_pair(), losses.wgan_gp(critic_steps=5)))
    gan.fit(POINTS[:count], batch_size=1, epochs=1, progress=False)
    assert int(gan.generator_optimizer.iterations) == -(-count // 5)
    assert all_finite(gan)


def test_an_epoch_has_every_step_and_the_partial_batch() -> None:
    gan = quickly_compiled(GAN(*small_pair()), steps_per_execution=4)
    history = gan.fit(POINTS, batch_size=32, epochs=2, progress=False).history
    assert set(history) == {"g_loss", "d_loss", "d_real_accuracy", "d_fake_accuracy"}
    for name, means in history.items():
        steps = gan.step_history[name]
        assert len(steps) == 2 * 4  # 32 + 32 + 32 + 4
        np.testing.assert_allclose(means, [np.mean(steps[:4]), np.mean(steps[4:])], rtol=1e-5)
    assert all(0 <= share <= 1 for share in gan.step_history["d_real_accuracy"])


@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
def test_any_batch_size(batch_size: int) -> None:
    gan = quickly_compiled(GAN(*small_pair()))
    gan.fit(POINTS[:15], batch_size=batch_size, epochs=1, progress=False)
    assert len(gan.step_history["g_loss"]) == -(-15 // batch_size)


def test_a_seed_fixes_the_training() -> None:
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        gan = quickly_compiled(GAN(*small_pair()))
        gan.fit(POINTS, batch_size=32, epochs=2, progress=False)
        results.append((gan.step_history["g_loss"], values(gan.generator)))
    assert results[0][0] == results[1][0]
    for one, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_default_optimizers_are_those_of_the_loss() -> None:
    gan = quickly_compiled(GAN(*small_pair(), losses.hinge()))
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(1e-4)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(4e-4)
    built_on = [{id(v) for v in optimizer._trainable_variables} for optimizer in gan.optimizers]
    assert built_on[0] == {id(v) for v in gan.generator.trainable_variables}
    assert built_on[1] == {id(v) for v in gan.discriminator.trainable_variables}


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_frozen_network_is_a_sentence(frozen: str) -> None:
    gan = GAN(*small_pair())
    getattr(gan, frozen).trainable = False
    with pytest.raises(ValueError, match=f"'toy_{frozen}' has 0 trainable variables"):
        quickly_compiled(gan)


def test_freezing_after_compile_cannot_silence_d() -> None:
    # The mistake of Lab 2: the flag is set after compile, and D never moves again.
    gan = quickly_compiled(GAN(*small_pair()))
    gan.discriminator.trainable = False
    before = values(gan.discriminator)
    with pytest.raises(ValueError, match="'toy_discriminator' has 0 trainable variables"):
        gan.fit(POINTS, epochs=1, progress=False)
    with pytest.raises(ValueError, match="would never learn"):
        gan.losses_of_step(tf.constant(POINTS))
    gan.discriminator.trainable = True
    gan.fit(POINTS, epochs=1, progress=False)
    assert moved(before, gan.discriminator)


def test_freezing_one_layer_after_compile_is_a_sentence() -> None:
    gan = quickly_compiled(GAN(*small_pair()))
    gan.generator.layers[0].trainable = False
    with pytest.raises(ValueError, match="'toy_generator' has 4 trainable variables, but its optimizer was built on 6"):
        gan.fit(POINTS, epochs=1, progress=False)


def test_one_optimizer_for_both_is_a_sentence() -> None:
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="expected one each"):
        GAN(*small_pair()).compile(optimizer, optimizer)


def test_what_does_not_fit_is_a_sentence() -> None:
    gan = GAN(*small_pair())
    with pytest.raises(ValueError, match="is not compiled"):
        gan.fit(POINTS)
    with pytest.raises(ValueError, match=r"expected a decay in \[0, 1\)"):
        GAN(*small_pair(), ema=1.0)
    with pytest.raises(ValueError, match=r"GAN\.fit got 2 array\(s\), expected 1: images"):
        quickly_compiled(gan).fit(POINTS, POINTS)


@pytest.mark.parametrize("taken", ["step", "state", "ema", "generator_optimizer"])
def test_a_name_that_is_taken_is_a_sentence(taken: str) -> None:
    with pytest.raises(ValueError, match=f"A game has something named '{taken}' already"):
        GAN(*small_pair(), helpers={taken: small_pair().generator})


def test_the_average_follows_the_generator() -> None:
    gan = quickly_compiled(GAN(*small_pair(), ema=0.9), steps_per_execution=1)
    assert gan.ema_generator is not None
    expected = values(gan.generator)
    for step in range(1, 31):
        gan.losses_of_step(tf.constant(POINTS[:10]))
        keep = min(0.9, (1 + step) / (10 + step))
        expected = [keep * mean + (1 - keep) * now for mean, now in zip(expected, values(gan.generator), strict=True)]
    for mean, by_hand in zip(values(gan.ema_generator), expected, strict=True):
        np.testing.assert_allclose(mean, by_hand, rtol=1e-4, atol=1e-6)
    noise = np.ones((3, 2), np.float32)
    np.testing.assert_allclose(gan.sample(noise), np.asarray(gan.ema_generator(noise)), rtol=1e-5)
    assert np.abs(gan.sample(noise) - np.asarray(gan.generator(noise))).max() > 1e-4


LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "non_saturating": losses.non_saturating,
    "wgan_gp": lambda: losses.wgan_gp(weight=3.0, critic_steps=2),
    "r1": lambda: losses.hinge().plus(losses.r1(0.1)),
    "ebgan": lambda: losses.ebgan(margin=1.0),
    "began": losses.began,
}


def pair_for(name: str) -> Pair:
    energies = {"ebgan": "l2", "began": "l1"}
    return energy_pair(energies[name]) if name in energies else small_pair()


@pytest.mark.parametrize("name", LOSSES)
def test_save_and_load_keep_everything(name: str, tmp_path: Path) -> None:
    gan = quickly_compiled(GAN(*pair_for(name), LOSSES[name](), ema=0.99), steps_per_execution=2)
    gan.fit(POINTS, batch_size=32, epochs=1, progress=False)
    assert all_finite(gan)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.adversarial_loss == gan.adversarial_loss
    np.testing.assert_array_equal(again.sample(5), gan.sample(5))
    assert {key: float(value) for key, value in again.state.items()} == (
        {key: float(value) for key, value in gan.state.items()}
    )
    for one, other in zip(gan.optimizers, again.optimizers, strict=True):
        for first, second in zip(one.variables, other.variables, strict=True):
            np.testing.assert_array_equal(np.asarray(first), np.asarray(second))
    if name == "wgan_gp":  # one is enough: every new fit is traced for a second
        # A .keras file keeps no random states: the training goes on, but only Checkpoints resume it exactly.
        again.fit(POINTS, batch_size=32, initial_epoch=1, epochs=2, progress=False)
        assert int(again.generator_optimizer.iterations) == 2 * -(-100 // (32 * gan.adversarial_loss.critic_steps))


def test_the_config_is_json() -> None:
    gan = GAN(*small_pair(), losses.wgan_gp().plus(losses.r1()), ema=0.9)
    config = json.loads(json.dumps(gan.get_config()))
    assert GAN.from_config(config).adversarial_loss == gan.adversarial_loss


def test_began_moves_its_controller() -> None:
    gan = quickly_compiled(GAN(*energy_pair("l1"), losses.began(rate=0.1)))
    gan.fit(POINTS, batch_size=20, epochs=2, progress=False)
    k = np.array(gan.step_history["k"])
    assert np.all((k >= 0) & (k <= 1))
    assert float(gan.state["k"]) == pytest.approx(k[-1])
    real, fake = np.array(gan.step_history["real_energy"]), np.array(gan.step_history["fake_energy"])
    by_hand, expected = 0.0, []
    for step in range(len(k)):
        by_hand = float(np.clip(by_hand + 0.1 * (0.5 * real[step] - fake[step]), 0, 1))
        expected.append(by_hand)
    np.testing.assert_allclose(k, expected, atol=1e-6)
