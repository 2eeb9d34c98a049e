"""Mistakes that are known from public code: each is planted here, and a property that ours has must catch it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import zoo
from labhelpers.models.dense import toy_pair
from labhelpers.training.gan import GAN, adversarial_step

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
    real, fake = {"energy": tf.zeros((2, 1))}, {"energy": tf.constant([[0.0], [20.0]])}
    assert float(d_loss(real, fake)) == pytest.approx(5.0)


def margin_of_the_mean(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(real["energy"]) + tf.nn.relu(10.0 - tf.reduce_mean(fake["energy"]))


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


OURS = zoo.gradient_penalty(10.0)
REAL, FAKE = (RNG.normal(size=(4, 2, 2, 1)).astype(np.float32) for _ in range(2))
MIX = tf.constant([0.1, 0.4, 0.6, 0.9])


def norm_is_over_all_pixels(penalty: Callable[..., Any]) -> None:
    found = penalty(lambda x, **_: 2.0 * tf.reduce_sum(x, axis=(1, 2, 3)), tf.constant(REAL), tf.constant(FAKE), MIX)
    assert float(found) == pytest.approx(90.0)


def mixes_lie_on_the_line(penalty: Callable[..., Any]) -> None:
    seen: list[np.ndarray] = []

    def critic(images: Any, **_: Any) -> Any:
        seen.append(np.asarray(images))
        return tf.reduce_sum(images**2, axis=(1, 2, 3))

    penalty(critic, tf.constant(REAL), tf.constant(FAKE), MIX)
    share = (seen[0] - FAKE) / (REAL - FAKE)
    np.testing.assert_allclose(share, np.broadcast_to(share[:, :1, :1], share.shape), rtol=1e-3)


def a_flat_critic_is_no_trouble(penalty: Callable[..., Any]) -> None:
    weight = tf.Variable(tf.zeros((4, 1)))
    with tf.GradientTape() as tape:
        loss = penalty(lambda x, **_: tf.reshape(x, (-1, 4)) @ weight, tf.constant(REAL), tf.constant(FAKE), MIX)
    assert np.isfinite(tape.gradient(loss, weight).numpy()).all()


def any_batch_size_will_do(penalty: Callable[..., Any]) -> None:
    for count in (4, 3, 1):
        penalty(
            lambda x, **_: tf.reduce_sum(x, axis=(1, 2, 3)),
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
    gan = GAN(*toy_pair(hidden=4), zoo.wgan_gp(critic_steps=1))
    gan.compile(jit_compile=False)
    gan.compiled_step = lambda images, noise, mix: seen.append(np.asarray(mix[0])) or {}
    original, keras.random.uniform = keras.random.uniform, uniform
    try:
        gan.losses_of_step(tf.zeros((2000, 2)))
    finally:
        keras.random.uniform = original
    assert seen[0].shape == (2000,)
    assert 0 <= seen[0].min() < 0.01
    assert 0.99 < seen[0].max() < 1
    assert seen[0].std() == pytest.approx(1 / np.sqrt(12), abs=0.02)


# --- WGAN, least squares, InfoGAN


def clip_leaves_statistics_alone(step: Callable[..., Any]) -> None:
    critic = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    generator = toy_pair(hidden=4).generator
    optimizers = [keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0)]
    for optimizer, network in zip(optimizers, (generator, critic), strict=True):
        optimizer.build(network.trainable_variables)
    step(generator, critic, *optimizers, zoo.wgan(critic_steps=1), tf.ones((8, 2)), [tf.ones((8, 2))])
    assert critic.layers[1].moving_variance.numpy().min() > 0.5
    assert max(np.abs(weight.numpy()).max() for weight in critic.trainable_variables) <= np.float32(0.01)


def clip_everything(generator: Any, critic: Any, *rest: Any) -> Any:
    losses = adversarial_step(generator, critic, *rest)
    for weight in critic.weights:
        weight.assign(tf.clip_by_value(weight, -0.01, 0.01))
    return losses


def squares_are_of_raw_scores(d_loss: Callable[[Any, Any], Any]) -> None:
    assert float(d_loss(tf.constant([[-5.0], [1.4], [12.5], [2.7]]), tf.constant([[10.0], [4.4], [-5.5], [3.6]]))) == (
        pytest.approx(41.73375, rel=1e-5)
    )


def info_gan_sees_no_labels(fit: Callable[..., Any]) -> None:
    from labhelpers.training import InfoGAN
    from tests.test_conditional import LABELS, POINTS, coded_pair, compiled

    gan = compiled(InfoGAN(*coded_pair()))
    with pytest.raises(ValueError, match="got labels"):
        fit(gan, POINTS, LABELS)


def fit_that_ignores_labels(gan: Any, images: np.ndarray, labels: np.ndarray) -> None:
    gan.fit(images, epochs=0)


def _fit(gan: Any, images: np.ndarray, labels: np.ndarray) -> None:
    gan.fit(images, labels)


CASES: dict[str, tuple[Callable[[Any], None], Any, Any]] = {
    "EBGAN: pull-away term without the square": (pull_away_is_squared, zoo.pull_away_term, pull_away_without_square),
    "EBGAN: margin of the batch mean": (margin_is_of_each_image, zoo.ebgan(10.0).discriminator, margin_of_the_mean),
    "WGAN-GP: normal alpha": (places_are_uniform, keras.random.uniform, keras.random.normal),
    "WGAN-GP: one alpha per pixel": (mixes_lie_on_the_line, OURS, penalty_with(mix_shape=(4, 2, 2, 1))),
    "WGAN-GP: norm over one axis": (norm_is_over_all_pixels, OURS, penalty_with(axes=(1,))),
    "WGAN-GP: batch norm in the critic": (batch_norm_is_refused, OURS, penalty_with()),
    "WGAN-GP: infinite slope of the root": (a_flat_critic_is_no_trouble, OURS, penalty_with(root=tf.sqrt)),
    "WGAN-GP: fixed batch size": (any_batch_size_will_do, OURS, penalty_with(batch=4)),
    "WGAN: clipped statistics": (clip_leaves_statistics_alone, adversarial_step, clip_everything),
    "LSGAN: a sigmoid first": (
        squares_are_of_raw_scores,
        zoo.least_squares().discriminator,
        lambda real, fake: zoo.least_squares().discriminator(tf.sigmoid(real), tf.sigmoid(fake)),
    ),
    "InfoGAN: labels": (info_gan_sees_no_labels, _fit, fit_that_ignores_labels),
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
