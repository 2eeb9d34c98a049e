"""Mistakes that are known from public code: each is planted here, and a property that ours has must catch it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import (
    Batch,
    Term,
    codes_error,
    ebgan,
    gradient_penalty,
    least_squares,
    mean_squared_cosine,
    r1,
    wgan,
    wgan_gp,
)
from labhelpers.losses.energies import controlled_fakes, pull_away_term
from labhelpers.models import info_pair, toy_pair
from labhelpers.training import GAN, InfoGAN
from labhelpers.training.step import Player, adversarial_step
from tests.losses.seeing import paid, seen_by

RNG = np.random.default_rng(0)


# --- EBGAN


def pull_away_is_squared(term: Callable[[Any], Any]) -> None:
    codes = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], np.float32)  # cosines -1, 0, 0
    assert float(term(codes)) == pytest.approx(1 / 3)


def pull_away_without_square(codes: Any) -> Any:
    unit = tf.math.l2_normalize(codes, axis=1)
    count = tf.cast(tf.shape(codes)[0], tf.float32)
    return (tf.reduce_sum(tf.matmul(unit, unit, transpose_b=True)) - count) / (count * (count - 1))


def margin_is_of_each_image(d_loss: Callable[[Any, Any], Any]) -> None:
    assert float(d_loss(tf.zeros((2, 1)), tf.constant([[0.0], [20.0]]))) == pytest.approx(5.0)


def margin_of_the_mean(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(real) + tf.nn.relu(10.0 - tf.reduce_mean(fake))


def only_g_pays(term: Term) -> None:
    assert term.payer == "generator"
    assert not term.is_paid_by("discriminator")


# --- BEGAN


def k_stays_in_its_range(term: Term) -> None:
    for real, fake in ((0.0, 9.0), (9.0, 0.0)):
        energies = {"energy": tf.constant([[real]])}, {"energy": tf.constant([[fake]])}
        seen = seen_by(lambda images: None, tf.zeros((1, 2)), tf.zeros((1, 2)), state={"k": tf.constant(0.5)})
        _, kept = term.amount(dataclasses.replace(seen, real=energies[0], fake=energies[1]))
        assert 0 <= float(kept["k"]) <= 1


def k_without_a_clip(term: Term) -> Term:
    def amount(seen: Any) -> Any:
        real, fake = (tf.reduce_mean(output["energy"]) for output in (seen.real, seen.fake))
        return -seen.state["k"] * fake, {"k": seen.state["k"] + 1.0 * (0.5 * real - fake)}

    return dataclasses.replace(term, amount=amount)


# --- the gradient penalty, with what may be done wrong in it as an argument


def penalty_with(
    *,
    mix_shape: tuple[int, ...] | None = None,
    axes: tuple[int, ...] = (1, 2, 3),
    root: Callable[[Any], Any] = lambda squares: tf.sqrt(tf.maximum(squares, 1e-12)),
    batch: int | None = None,
) -> Callable[[Any, Any, Any, Any], Any]:
    def penalty(critic: Any, real: Any, fake: Any, mix: Any) -> Any:
        one_an_image = tf.reshape(mix, (batch or -1, 1, 1, 1))
        share = tf.random.stateless_uniform(mix_shape, (1, 2)) if mix_shape else one_an_image
        mixed = fake + share * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            total = tf.reduce_sum(critic(mixed))
        norm = root(tf.reduce_sum(tape.gradient(total, mixed) ** 2, axis=axes))
        return 10.0 * tf.reduce_mean((norm - 1.0) ** 2)

    return penalty


def ours(critic: Any, real: Any, fake: Any, mix: Any) -> Any:
    """Our penalty, called as public code calls it."""
    networks = {"discriminator": critic} if isinstance(critic, keras.Model) else {}
    return paid(gradient_penalty(10.0), seen_by(critic, real, fake, drawn={"mix": mix}, networks=networks))


REAL, FAKE = (RNG.normal(size=(4, 2, 2, 1)).astype(np.float32) for _ in range(2))
MIX = tf.constant([0.1, 0.4, 0.6, 0.9])


def norm_is_over_all_pixels(penalty: Callable[..., Any]) -> None:
    found = penalty(lambda x: 2.0 * tf.reduce_sum(x, axis=(1, 2, 3)), tf.constant(REAL), tf.constant(FAKE), MIX)
    assert float(found) == pytest.approx(90.0)


def mixes_lie_on_the_line(penalty: Callable[..., Any]) -> None:
    seen: list[np.ndarray] = []

    def critic(images: Any) -> Any:
        seen.append(np.asarray(images))
        return tf.reduce_sum(images**2, axis=(1, 2, 3))

    penalty(critic, tf.constant(REAL), tf.constant(FAKE), MIX)
    share = (seen[0] - FAKE) / (REAL - FAKE)
    np.testing.assert_allclose(share, np.broadcast_to(share[:, :1, :1], share.shape), rtol=1e-3)


def a_flat_critic_is_no_trouble(penalty: Callable[..., Any]) -> None:
    weight = tf.Variable(tf.zeros((4, 1)))
    with tf.GradientTape() as tape:
        loss = penalty(lambda x: tf.reshape(x, (-1, 4)) @ weight, tf.constant(REAL), tf.constant(FAKE), MIX)
    assert np.isfinite(tape.gradient(loss, weight).numpy()).all()


def any_batch_size_will_do(penalty: Callable[..., Any]) -> None:
    for count in (4, 3, 1):
        penalty(
            lambda x: tf.reduce_sum(x, axis=(1, 2, 3)),
            tf.constant(REAL[:count]),
            tf.constant(FAKE[:count]),
            MIX[:count],
        )


def batch_norm_is_refused(penalty: Callable[..., Any]) -> None:
    critic = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    with pytest.raises(ValueError, match="batch norm"):
        penalty(critic, tf.constant(REAL), tf.constant(FAKE), MIX)


def places_are_uniform(uniform: Callable[..., Any]) -> None:
    """What a GAN with a penalty draws for ``mix``: between 0 and 1, evenly."""
    seen: list[np.ndarray] = []
    gan = GAN(*toy_pair(hidden=4), wgan_gp(critic_steps=1))
    gan.compile(jit_compile=False)
    gan.compiled_step = lambda images, drawn: seen.append(np.asarray(drawn[0]["mix"])) or {}
    original, keras.random.uniform = keras.random.uniform, uniform
    try:
        gan.losses_of_step(tf.zeros((2000, 2)))
    finally:
        keras.random.uniform = original
    assert seen[0].shape == (2000,)
    assert 0 <= seen[0].min() < 0.01
    assert 0.99 < seen[0].max() < 1
    assert seen[0].std() == pytest.approx(1 / np.sqrt(12), abs=0.02)


def r1_is_of_the_real_images(term: Term) -> None:
    def critic(images: Any) -> Any:
        return tf.reduce_sum(images**2, axis=(1, 2, 3))

    found = float(paid(term, seen_by(critic, tf.constant(REAL), tf.constant(FAKE), drawn={"mix": MIX})))
    assert found == pytest.approx(np.mean(np.sum((2 * REAL) ** 2, axis=(1, 2, 3))), rel=1e-5)


def at_the_fakes(term: Term) -> Term:
    def amount(seen: Any) -> Any:
        return term.amount(dataclasses.replace(seen, batch=seen.batch._replace(real_images=seen.fake_images)))

    return dataclasses.replace(term, amount=amount)


# --- WGAN, least squares, InfoGAN


def clip_leaves_statistics_alone(step: Callable[..., Any]) -> None:
    critic = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    generator = toy_pair(hidden=4).generator
    optimizers = [keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)]
    for optimizer, network in zip(optimizers, (generator, critic), strict=True):
        optimizer.build(network.trainable_variables)
    players = Player(generator, optimizers[0]), Player(critic, optimizers[1])
    step(*players, wgan(critic_steps=1), [Batch(tf.ones((8, 2)), tf.ones((8, 2)))])
    assert critic.layers[1].moving_variance.numpy().min() > 0.5
    assert max(np.abs(weight.numpy()).max() for weight in critic.trainable_variables) <= np.float32(0.01)


def clip_everything(generator: Player, critic: Player, *rest: Any) -> Any:
    losses = adversarial_step(generator, critic, *rest)
    for weight in critic.networks[0].weights:
        weight.assign(tf.clip_by_value(weight, -0.01, 0.01))
    return losses


def squares_are_of_raw_scores(d_loss: Callable[[Any, Any], Any]) -> None:
    assert float(d_loss(tf.constant([[-5.0], [1.4], [12.5], [2.7]]), tf.constant([[10.0], [4.4], [-5.5], [3.6]]))) == (
        pytest.approx(41.73375, rel=1e-5)
    )


def info_gan_sees_no_labels(fit: Callable[..., Any]) -> None:
    gan = InfoGAN(*info_pair(noise_dim=2, categories=3, uniform=1))
    gan.compile(jit_compile=False)
    images, labels = np.zeros((4, *gan.discriminator.inputs[0].shape[1:]), np.float32), np.arange(4) % 3
    with pytest.raises(ValueError, match=r"got 2 array\(s\), expected 1: images"):
        fit(gan, images, labels)


def fit_that_ignores_labels(gan: Any, images: np.ndarray, labels: np.ndarray) -> None:
    gan.fit(images, epochs=0)


def _fit(gan: Any, images: np.ndarray, labels: np.ndarray) -> None:
    gan.fit(images, labels)


def codes_are_read_not_the_noise(term: Term) -> None:
    source = tf.constant([[0.3, -2.0, 0.0, 1.0, 0.0, 0.5]])
    read = {"category": tf.constant([[0.0, 50.0, 0.0]]), "uniform": tf.constant([[0.5]])}
    seen = seen_by(lambda images: None, tf.zeros((1, 2)), tf.zeros((1, 2)), source=source)
    assert float(paid(term, dataclasses.replace(seen, fake=read))) == pytest.approx(0.0, abs=1e-6)


def first_columns(term: Term) -> Term:
    def amount(seen: Any) -> Any:
        turned = tf.roll(seen.batch.source, 4, axis=1)
        return term.amount(dataclasses.replace(seen, batch=seen.batch._replace(source=turned)))

    return dataclasses.replace(term, amount=amount)


CASES: dict[str, tuple[Callable[[Any], None], Any, Any]] = {
    "EBGAN: pull-away term without the square": (pull_away_is_squared, mean_squared_cosine, pull_away_without_square),
    "EBGAN: margin of the batch mean": (margin_is_of_each_image, ebgan(10.0).discriminator, margin_of_the_mean),
    "EBGAN: D pays the pull-away term, too": (
        only_g_pays,
        ebgan().terms[0],
        dataclasses.replace(pull_away_term(), payer="both"),
    ),
    "BEGAN: k without a clip": (k_stays_in_its_range, controlled_fakes(rate=1.0), k_without_a_clip(controlled_fakes())),
    "R1: at the fakes": (r1_is_of_the_real_images, r1(2.0), at_the_fakes(r1(2.0))),
    "WGAN-GP: normal alpha": (places_are_uniform, keras.random.uniform, keras.random.normal),
    "WGAN-GP: one alpha per pixel": (mixes_lie_on_the_line, ours, penalty_with(mix_shape=(4, 2, 2, 1))),
    "WGAN-GP: norm over one axis": (norm_is_over_all_pixels, ours, penalty_with(axes=(1,))),
    "WGAN-GP: batch norm in the critic": (batch_norm_is_refused, ours, penalty_with()),
    "WGAN-GP: infinite slope of the root": (a_flat_critic_is_no_trouble, ours, penalty_with(root=tf.sqrt)),
    "WGAN-GP: fixed batch size": (any_batch_size_will_do, ours, penalty_with(batch=4)),
    "WGAN: clipped statistics": (clip_leaves_statistics_alone, adversarial_step, clip_everything),
    "LSGAN: a sigmoid first": (
        squares_are_of_raw_scores,
        least_squares().discriminator,
        lambda real, fake: least_squares().discriminator(tf.sigmoid(real), tf.sigmoid(fake)),
    ),
    "InfoGAN: labels": (info_gan_sees_no_labels, _fit, fit_that_ignores_labels),
    "InfoGAN: the noise taken for the codes": (
        codes_are_read_not_the_noise,
        codes_error(3, 1),
        first_columns(codes_error(3, 1)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_ours_has_the_property(name: str) -> None:
    prop, ours, _ = CASES[name]
    prop(ours)


@pytest.mark.parametrize("name", CASES)
def test_the_planted_mistake_is_caught(name: str) -> None:
    prop, _, planted = CASES[name]
    with pytest.raises((AssertionError, tf.errors.InvalidArgumentError, pytest.fail.Exception)):
        prop(planted)
