"""Penalties on D's gradient: exact for linear critics, of each image alone, and slopes of slopes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import Term, gradient_penalty, r1, r2
from labhelpers.losses.penalties import squared_gradient
from tests.losses.seeing import (
    IMAGES,
    MIX,
    OTHERS,
    assert_gradients_are_slopes,
    generator,
    linear_critic,
    many_headed,
    paid,
    seen_by,
    seen_of_networks,
    sum_of_squares,
)

PENALTIES = {
    "gradient_penalty": gradient_penalty(10.0),
    "gradient_penalty, target 2": gradient_penalty(3.0, target=2.0),
    "r1": r1(10.0),
    "r2": r2(10.0),
}
MIXED = np.asarray(MIX, np.float64)[:, None, None, None] * np.asarray(IMAGES) + (
    1 - np.asarray(MIX, np.float64)[:, None, None, None]
) * np.asarray(OTHERS)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (gradient_penalty(1.0), 9.0),
        (gradient_penalty(10.0), 90.0),
        (gradient_penalty(1.0, target=2.0), 1.0),
        (r1(10.0), 5 * 16.0),
        (r2(10.0), 5 * 16.0),
    ],
    ids=["weight 1", "weight 10", "target 2", "r1", "r2"],
)
def test_penalties_of_a_linear_critic_are_exact(term: Term, expected: float) -> None:
    # D(x) = 2 sum(x) over 4 pixels: a gradient of norm 4.
    seen = seen_by(linear_critic(np.full(4, 2.0)), IMAGES, OTHERS)
    assert float(paid(term, seen)) == pytest.approx(expected)


def test_the_penalty_takes_each_image_alone() -> None:
    # The gradient of D(x) = |x|^2 is 2x: a norm over the batch would show.
    seen = seen_by(sum_of_squares, IMAGES, OTHERS)
    norms = np.sqrt(np.sum((2 * MIXED) ** 2, axis=(1, 2, 3)))
    found = float(paid(gradient_penalty(1.0), seen))
    assert found == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-6)  # mix is float32
    expected = np.mean(np.sum((2 * np.asarray(IMAGES)) ** 2, axis=(1, 2, 3)))
    assert float(paid(r1(2.0), seen)) == pytest.approx(expected)


def test_squared_gradients_are_one_number_an_image() -> None:
    expected = np.sum((2 * np.asarray(IMAGES)) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(squared_gradient(sum_of_squares, IMAGES), expected)
    np.testing.assert_allclose(
        squared_gradient(lambda x: tf.reduce_sum(x, axis=1)[:, None], tf.ones((5, 3))), [3.0] * 5
    )


def test_mixed_images_lie_on_the_line_with_one_place_an_image() -> None:
    looked_at = []

    def critic(images: Any) -> Any:
        looked_at.append(np.asarray(images))
        return tf.reduce_sum(images, axis=(1, 2, 3))[:, None]

    paid(gradient_penalty(), seen_by(lambda images: None, IMAGES, OTHERS, score=critic))
    share = (looked_at[0] - np.asarray(OTHERS)) / (np.asarray(IMAGES) - np.asarray(OTHERS))
    np.testing.assert_allclose(share, np.broadcast_to(np.asarray(MIX)[:, None, None, None], share.shape), rtol=1e-5)


def test_r1_looks_at_the_real_images_only() -> None:
    looked_at = []

    def critic(images: Any) -> Any:
        looked_at.append(np.asarray(images))
        return sum_of_squares(images)

    found = [
        float(paid(r1(), seen_by(lambda images: None, IMAGES, fakes, score=critic, drawn={})))
        for fakes in (OTHERS, 100 * OTHERS)
    ]
    assert found[0] == found[1]
    for images in looked_at:
        np.testing.assert_array_equal(images, IMAGES)
    drawer, judge = generator(), many_headed()
    with tf.GradientTape() as tape:
        value = paid(r1(), seen_of_networks(drawer, judge))
    assert all(gradient is None for gradient in tape.gradient(value, drawer.trainable_variables))


def test_r2_looks_at_the_fake_images_only() -> None:
    looked_at = []

    def critic(images: Any) -> Any:
        looked_at.append(np.asarray(images))
        return sum_of_squares(images)

    found = [
        float(paid(r2(), seen_by(lambda images: None, reals, OTHERS, score=critic, drawn={})))
        for reals in (IMAGES, 100 * IMAGES)
    ]
    assert found[0] == found[1]
    for images in looked_at:
        np.testing.assert_array_equal(images, OTHERS)


def test_the_gradient_penalty_depends_on_real_and_fake_images_and_on_the_place() -> None:
    def value(real: Any, fake: Any, mix: Any) -> float:
        return float(paid(gradient_penalty(), seen_by(sum_of_squares, real, fake, drawn={"mix": mix})))

    base = value(IMAGES, OTHERS, MIX)
    for changed in ((2 * IMAGES, OTHERS, MIX), (IMAGES, 2 * OTHERS, MIX), (IMAGES, OTHERS, 1 - MIX)):
        assert value(*changed) != pytest.approx(base, rel=1e-3)
    # At the place 1 only the real images count, at 0 only the fake ones.
    assert value(IMAGES, OTHERS, tf.ones(3)) == pytest.approx(value(IMAGES, IMAGES, MIX), rel=1e-6)
    assert value(IMAGES, OTHERS, tf.zeros(3)) == pytest.approx(value(OTHERS, OTHERS, MIX), rel=1e-6)


def test_a_flat_critic_has_a_finite_gradient() -> None:
    weight = tf.Variable(tf.zeros((4, 1), tf.float64))
    with tf.GradientTape() as tape:
        value = paid(gradient_penalty(10.0), seen_by(linear_critic(weight), IMAGES, OTHERS))
    # The root is cut at 1e-12, so the norm is 1e-6 and not 0.
    assert float(value) == pytest.approx(10.0, rel=1e-5)
    assert np.all(np.isfinite(tape.gradient(value, weight)))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        # (|w| - 1)^2 has the gradient 2 (|w| - 1) w / |w| = 2 * 3 * 2 / 4.
        (gradient_penalty(1.0), 3.0),
        # (|w| / 2 - 1)^2: (|w| / 2 - 1) w / |w| = 1 * 2 / 4.
        (gradient_penalty(1.0, target=2.0), 0.5),
        # 5 |w|^2: 10 w.
        (r1(10.0), 20.0),
        (r2(10.0), 20.0),
    ],
    ids=["weight 1", "target 2", "r1", "r2"],
)
def test_penalties_reach_the_critics_weights(term: Term, expected: float) -> None:
    weight = tf.Variable(tf.fill((4, 1), tf.constant(2.0, tf.float64)))
    with tf.GradientTape() as tape:
        value = paid(term, seen_by(linear_critic(weight), IMAGES, OTHERS))
    np.testing.assert_allclose(tape.gradient(value, weight), np.full((4, 1), expected))


@pytest.mark.parametrize("name", PENALTIES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    drawer, judge = generator(), many_headed()
    assert_gradients_are_slopes(
        lambda: paid(PENALTIES[name], seen_of_networks(drawer, judge)), judge.trainable_variables, atol=1e-6
    )


@pytest.mark.parametrize("name", PENALTIES)
def test_only_d_pays(name: str) -> None:
    assert PENALTIES[name].payer == "discriminator"
    assert not PENALTIES[name].keeps


@pytest.mark.parametrize("name", PENALTIES)
def test_several_scales_and_patches_are_summed_before_the_gradient(name: str) -> None:
    def patches(images: Any) -> Any:
        return 2.0 * images  # (batch, 2, 2, 1): each patch sees its own pixel

    def scales(images: Any) -> list[Any]:
        return [tf.reduce_sum(images, axis=(1, 2, 3))[:, None], images]

    whole = paid(PENALTIES[name], seen_by(linear_critic(np.full(4, 2.0)), IMAGES, OTHERS))
    for critic in (patches, scales):
        assert float(paid(PENALTIES[name], seen_by(critic, IMAGES, OTHERS))) == pytest.approx(float(whole))


def test_points_and_images_take_one_place_each() -> None:
    for shape in ((3, 2), (3, 4, 4, 1), (3, 5)):
        real, fake = tf.ones(shape), -tf.ones(shape)
        looked_at: list[Any] = []

        def critic(images: Any, looked_at: list[Any] = looked_at) -> Any:
            looked_at.append(images)
            return tf.reduce_sum(tf.reshape(images, (3, -1)), axis=1, keepdims=True)

        paid(gradient_penalty(), seen_by(lambda images: None, real, fake, score=critic))
        expected = np.reshape(2 * np.asarray(MIX) - 1, (3, *[1] * (len(shape) - 1)))
        np.testing.assert_allclose(looked_at[0], np.broadcast_to(expected, shape), rtol=1e-6)


@pytest.mark.parametrize("term", [gradient_penalty(), r1()], ids=lambda term: term.name)
def test_places_are_drawn_for_each_image(term: Term) -> None:
    # R1 draws a place that it does not use: the order of the random numbers is that of every figure in the labs.
    draw = term.draws["mix"]
    one, other = (np.asarray(draw((6, 2, 2, 1), keras.random.SeedGenerator(seed))) for seed in (1, 2))
    assert one.shape == (6,)
    assert len(set(one)) == 6
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(one, draw((6, 2, 2, 1), keras.random.SeedGenerator(1)))


def test_batch_norm_in_the_critic_is_a_sentence() -> None:
    def critic(*norms: keras.layers.Layer) -> keras.Model:
        return keras.Sequential([keras.Input((4,)), *norms, keras.layers.Dense(1)])

    flat = tf.ones((2, 4))
    inside = critic(keras.Sequential([keras.layers.BatchNormalization()]))
    for network in (critic(keras.layers.BatchNormalization()), inside):
        with pytest.raises(ValueError, match=r"uses batch norm.*LayerNormalization"):
            paid(gradient_penalty(), seen_by(network, flat, flat, networks={"discriminator": network}))
    allowed = critic(keras.layers.LayerNormalization())
    paid(gradient_penalty(), seen_by(allowed, flat, flat, networks={"discriminator": allowed}))
    network = critic(keras.layers.BatchNormalization())
    paid(r1(), seen_by(network, flat, flat, networks={"discriminator": network}))


def test_the_papers_constants_are_the_defaults() -> None:
    assert gradient_penalty().arguments == {"weight": 10.0, "target": 1.0}
    assert r1().arguments == {"gamma": 10.0, "every": 1}
    assert r2().arguments == {"gamma": 10.0, "every": 1}
    for make in (r1, r2):
        assert (make().weight, make(0.5, every=16).weight, make(0.5, every=16).every) == (5.0, 0.25, 16)
    assert not r2().draws


def test_formulas_name_the_weights_that_are_paid() -> None:
    assert gradient_penalty(3.0).formula.startswith("3\\,")
    assert gradient_penalty().formula.endswith(r"(\lVert \nabla_{\hat x} D(\hat x) \rVert - 1)^2")
    assert gradient_penalty(target=2.0).formula.endswith(r"(\lVert \nabla_{\hat x} D(\hat x) \rVert / 2 - 1)^2")
    for make in (r1, r2):
        assert r"\tfrac{4}{2}" in make(4.0).formula
