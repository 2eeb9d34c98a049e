"""CGAN and InfoGAN: labels and codes go where they should, and nothing else does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses
from labhelpers.losses import AdversarialLoss
from labhelpers.models.conditional import conditional_pair
from labhelpers.models.dense import toy_pair
from labhelpers.training import GAN, ConditionalGAN, InfoGAN, StopOnNonFinite
from tests.training.small_pairs import (
    LABELLED_POINTS as POINTS,
)
from tests.training.small_pairs import (
    LABELS,
    all_finite,
    coded_pair,
    listen,
    moved,
    quickly_compiled,
    told_energy_pair,
    told_pair,
    values,
)


def compiled(gan: GAN) -> GAN:
    return quickly_compiled(gan, keras.optimizers.Adam(5e-3, 0.5), keras.optimizers.Adam(5e-3, 0.5))


@pytest.fixture
def _eagerly() -> Iterator[None]:
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_a_conditional_gan_draws_what_is_asked_for() -> None:
    keras.utils.set_random_seed(0)
    gan = compiled(ConditionalGAN(*told_pair()))
    gan.fit(np.tile(POINTS, (50, 1)), np.tile(LABELS, 50), batch_size=50, epochs=25, progress=False)
    for label in range(3):
        mean = gan.sample(np.full(200, label)).mean(axis=0)
        np.testing.assert_allclose(mean, [label, -label], atol=0.5)


@pytest.mark.usefixtures("_eagerly")
def test_both_networks_are_told_the_labels_of_the_real_images() -> None:
    gan = compiled(ConditionalGAN(*told_pair()))
    seen = {"generator": listen(gan.generator), "discriminator": listen(gan.discriminator)}
    gan.losses_of_step((tf.constant(POINTS[:5]), tf.constant(LABELS[:5])))
    assert len(seen["generator"]) == 1
    assert len(seen["discriminator"]) == 3
    for _, told in (*seen["generator"], *seen["discriminator"]):
        np.testing.assert_array_equal(told, np.eye(3)[LABELS[:5]])


@pytest.mark.usefixtures("_eagerly")
@pytest.mark.parametrize("count", [13, 3])
def test_every_critic_step_has_images_of_its_own_with_their_labels(count: int) -> None:
    gan = compiled(ConditionalGAN(*told_pair(), losses.wgan_gp(critic_steps=5)))
    drawn, judged = listen(gan.generator), listen(gan.discriminator)
    gan.losses_of_step((tf.constant(POINTS[:count]), tf.constant(LABELS[:count])))
    assert len(drawn) == 5
    assert len(judged) == 5 * 3 + 1  # real, fake and mixed images; the last fakes once more, for G
    for step in range(5):
        # With fewer images than steps of D, they are shown again.
        rows = np.arange(step, count, 5) if count >= 5 else [step % count]
        labels = np.eye(3)[LABELS[rows]]
        np.testing.assert_array_equal(drawn[step][1], labels)
        np.testing.assert_array_equal(judged[3 * step][0], POINTS[rows])
        for _, told in judged[3 * step : 3 * step + 3]:
            np.testing.assert_array_equal(told, labels)
    np.testing.assert_array_equal(judged[-1][1], labels)


OTHER_LOSSES: dict[str, AdversarialLoss] = {
    "least squares": losses.least_squares(),
    "hinge": losses.hinge(),
    "R1": losses.non_saturating().plus(losses.r1(1.0)),
    "WGAN": losses.wgan(clip_weights=0.1),
    "WGAN-GP": losses.wgan_gp(),
    "WGAN-GP, one step": losses.wgan_gp(critic_steps=1),
    "WGAN-GP and R1": losses.wgan_gp(critic_steps=2).plus(losses.r1(1.0)),
    "BEGAN": losses.began(rate=0.1),
}


@pytest.mark.parametrize("name", OTHER_LOSSES)
def test_other_losses_and_penalties_run_conditionally(name: str) -> None:
    loss = OTHER_LOSSES[name]
    gan = ConditionalGAN(*(told_energy_pair() if loss.reads == "energy" else told_pair(hidden=8)), loss)
    before = values(gan.generator), values(gan.discriminator)
    stop = StopOnNonFinite()
    compiled(gan).fit(POINTS, LABELS, batch_size=8, epochs=1, progress=False, callbacks=[stop])
    assert stop.message is None
    assert all_finite(gan)
    steps = -(-40 // (8 * loss.critic_steps))
    assert int(gan.generator_optimizer.iterations) == len(gan.step_history["g_loss"]) == steps
    assert int(gan.discriminator_optimizer.iterations) == steps * loss.critic_steps
    assert moved(before[0], gan.generator)
    assert moved(before[1], gan.discriminator)


def test_began_moves_its_controller_conditionally() -> None:
    gan = compiled(ConditionalGAN(*told_energy_pair(), losses.began(rate=0.1)))
    gan.fit(POINTS, LABELS, batch_size=8, epochs=2, progress=False)
    steps = {name: np.array(each) for name, each in gan.step_history.items()}
    k, expected = 0.0, []
    for real, fake in zip(steps["real_energy"], steps["fake_energy"], strict=True):
        k = float(np.clip(k + 0.1 * (0.5 * real - fake), 0, 1))
        expected.append(k)
    np.testing.assert_allclose(steps["k"], expected, atol=1e-6)
    assert float(gan.state["k"]) == pytest.approx(k, abs=1e-6)
    # What D earns for the fakes comes from k as it was before the step.
    np.testing.assert_allclose(steps["controlled_fakes"][1:], -steps["k"][:-1] * steps["fake_energy"][1:], atol=1e-6)
    assert steps["controlled_fakes"][0] == 0


def test_what_a_conditional_gan_cannot_take_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"'toy_generator' has 1 input.* expected 2"):
        ConditionalGAN(*toy_pair())
    gan = compiled(ConditionalGAN(*told_pair()))
    with pytest.raises(ValueError, match=r"ConditionalGAN\.fit got 1 array\(s\), expected 2: images, labels"):
        gan.fit(POINTS)
    with pytest.raises(ValueError, match="There are 40 images, 39 labels, expected as many of each"):
        gan.fit(POINTS, LABELS[:39])
    with pytest.raises(ValueError, match="The labels go from 1 to 3, but these networks know 0 to 2"):
        gan.fit(POINTS, LABELS + 1)
    with pytest.raises(ValueError, match="know 0 to 2"):
        gan.sample([0, 3])
    with pytest.raises(ValueError, match="from 0 on"):
        gan.fit(POINTS, LABELS - 1)
    with pytest.raises(ValueError, match="whole numbers"):
        gan.sample(np.eye(3))
    with pytest.raises(ValueError, match="whole numbers"):
        gan.sample([0.5])


def test_batch_norm_under_a_gradient_penalty_is_found_behind_the_labels() -> None:
    pair = conditional_pair(latent_dim=4)
    gan = compiled(ConditionalGAN(*pair, losses.wgan_gp(critic_steps=1)))
    with pytest.raises(ValueError, match="uses batch norm"):
        gan.fit(np.linspace(-1, 1, 4 * 784, dtype=np.float32).reshape(4, 28, 28, 1), np.arange(4), progress=False)


def test_save_and_load_a_conditional_gan(tmp_path: Path) -> None:
    gan = compiled(ConditionalGAN(*told_energy_pair(), losses.began(rate=0.1), ema=0.9))
    gan.fit(POINTS, LABELS, batch_size=20, epochs=1, progress=False)
    gan.save(tmp_path / "cgan.keras")
    loaded = keras.models.load_model(tmp_path / "cgan.keras")
    assert loaded.adversarial_loss == gan.adversarial_loss
    assert float(loaded.state["k"]) == float(gan.state["k"])
    np.testing.assert_array_equal(loaded.sample([0, 1, 2]), gan.sample([0, 1, 2]))


# --- InfoGAN


def info_gan(**more: float) -> InfoGAN:
    keras.utils.set_random_seed(1)
    gan = InfoGAN(*coded_pair(), **more)
    compiled(gan)
    return gan


def test_latent_vectors_hold_noise_a_category_and_codes() -> None:
    gan = info_gan()
    for latent in (np.asarray(gan.draw_noise(500)), gan.noise_from_seed(500, seed=0)):
        assert latent.shape == (500, 6)
        assert latent.dtype == np.float32
        np.testing.assert_array_equal(np.sort(latent[:, 2:5], axis=1), np.tile([0, 0, 1], (500, 1)))
        assert latent[:, 2:5].mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.1)
        assert np.abs(latent[:, 5]).max() <= 1
        assert latent[:, 5].std() == pytest.approx(1 / math.sqrt(3), abs=0.05)


def test_the_information_by_hand() -> None:
    gan = info_gan()
    latent = gan.noise_from_seed(4, seed=0)
    real = tf.constant(POINTS[:4])
    fakes = gan.generator(latent)
    before = gan.discriminator(fakes)
    logits = np.asarray(before["category"], dtype=np.float64)
    log_q = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    error = -(log_q * latent[:, 2:5]).sum(axis=1).mean()
    squares = 0.5 * ((np.asarray(before["uniform"], dtype=np.float64) - latent[:, 5:]) ** 2).sum(axis=1).mean()
    plain = losses.non_saturating().discriminator(gan.discriminator(real)["logit"], before["logit"])
    found = gan.step(real, [{"noise": tf.constant(latent)}])
    assert float(found["d_loss"]) == pytest.approx(float(plain), rel=1e-4)
    assert float(found["information"]) == pytest.approx(math.log(3) - error, rel=1e-3)
    # Of the codes' error G's share is logged, through the D that has learned; D's is the one by hand.
    after = gan.discriminator(fakes)
    logits = np.asarray(after["category"], dtype=np.float64)
    g_error = -((logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))) * latent[:, 2:5]).sum(axis=1).mean()
    g_squares = 0.5 * ((np.asarray(after["uniform"], dtype=np.float64) - latent[:, 5:]) ** 2).sum(axis=1).mean()
    assert float(found["codes_error"]) == pytest.approx(g_error + g_squares, rel=1e-4)
    assert g_error + g_squares < error + squares, "D, which reads the codes, has learned to"


def test_info_gan_makes_its_category_visible_without_labels() -> None:
    gan = info_gan()
    gan.fit(np.tile(POINTS, (50, 1)), batch_size=50, epochs=15, progress=False)
    assert gan.step_history["information"][-1] > 0.8 * math.log(3)
    categories = np.arange(300) % 3
    latent = gan.with_codes(np.random.default_rng(0).normal(size=(300, 2)), categories, np.zeros((300, 1)))
    assert (gan.read_categories(gan.sample(latent)) == categories).mean() > 0.9
    with pytest.raises(ValueError, match=r"InfoGAN\.fit got 2 array\(s\), expected 1: images"):
        gan.fit(POINTS, LABELS)


def test_without_weight_the_category_stays_hidden() -> None:
    gan = info_gan(weight=0.0)
    gan.fit(np.tile(POINTS, (50, 1)), batch_size=50, epochs=15, progress=False)
    assert gan.step_history["information"][-1] < 0.5 * math.log(3)


INFO_LOSSES: dict[str, AdversarialLoss] = {
    "R1": losses.non_saturating().plus(losses.r1(1.0)),
    "WGAN-GP": losses.wgan_gp(critic_steps=2),
    "least squares": losses.least_squares(),
}


@pytest.mark.parametrize("name", INFO_LOSSES)
def test_other_losses_and_penalties_run_with_codes(name: str) -> None:
    keras.utils.set_random_seed(1)
    loss = INFO_LOSSES[name]
    gan = compiled(InfoGAN(*coded_pair(), loss))
    before = values(gan.generator), values(gan.discriminator)
    gan.fit(POINTS, batch_size=8, epochs=1, progress=False)
    assert all_finite(gan)
    assert {"codes_error", "information", *loss.names} == set(gan.step_history)
    assert int(gan.discriminator_optimizer.iterations) == loss.critic_steps * len(gan.step_history["g_loss"])
    assert moved(before[0], gan.generator)
    assert moved(before[1], gan.discriminator)


@pytest.mark.parametrize("name", INFO_LOSSES)
def test_the_category_is_found_under_other_losses(name: str) -> None:
    keras.utils.set_random_seed(1)
    gan = compiled(InfoGAN(*coded_pair(), INFO_LOSSES[name]))
    gan.fit(np.tile(POINTS, (50, 1)), batch_size=50, epochs=15 * gan.batches_per_step, progress=False)
    assert gan.step_history["information"][-1] > 0.8 * math.log(3)


def test_penalties_look_at_the_score_and_not_at_the_codes() -> None:
    keras.utils.set_random_seed(1)
    gan = InfoGAN(*coded_pair(), losses.non_saturating().plus(losses.r1(2.0)))
    compiled(gan)
    points = tf.constant(POINTS[:6])
    with tf.GradientTape() as tape:
        tape.watch(points)
        score = tf.reduce_sum(gan.discriminator(points)["logit"])
    by_hand = float(tf.reduce_mean(tf.reduce_sum(tape.gradient(score, points) ** 2, axis=1)))
    found = gan.losses_of_step(points)
    assert float(found["r1"]) == pytest.approx(by_hand, rel=1e-5)


def test_save_and_load_info_gan(tmp_path: Path) -> None:
    gan = compiled(InfoGAN(*coded_pair(), losses.non_saturating().plus(losses.r1(2.0)), weight=0.5))
    gan.save(tmp_path / "info.keras")
    loaded = keras.models.load_model(tmp_path / "info.keras")
    assert loaded.weight == 0.5
    assert loaded.adversarial_loss == gan.adversarial_loss
    np.testing.assert_array_equal(loaded.sample(5), gan.sample(5))
