from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.losses import zoo
from labhelpers.losses.adversarial import LOSSES, AdversarialLoss, non_saturating, registered_loss, saturating

REAL = tf.constant([[-5.0], [1.4], [12.5], [2.7]], tf.float64)
FAKE = tf.constant([[10.0], [4.4], [-5.5], [3.6]], tf.float64)

SCORE_LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "non_saturating": non_saturating,
    "saturating": saturating,
    "least_squares": zoo.least_squares,
    "least_squares_pearson": lambda: zoo.least_squares(-1.0, 1.0, 0.0),
    "wgan": zoo.wgan,
    "wgan_gp": zoo.wgan_gp,
    "hinge": zoo.hinge,
}


def softplus(t: np.ndarray) -> np.ndarray:
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))


@pytest.mark.parametrize(
    ("name", "d_loss", "g_loss"),
    [
        ("least_squares", 41.73375, 17.69625),
        ("wgan", 0.225, -3.125),
        ("hinge", 6.75, -3.125),
        ("non_saturating", 5.83387, 1.38582),
    ],
)
def test_golden_values(name: str, d_loss: float, g_loss: float) -> None:
    loss = SCORE_LOSSES[name]()
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(d_loss, abs=5e-6)
    assert float(loss.generator(REAL, FAKE)) == pytest.approx(g_loss, abs=5e-6)


def test_pearson_constants_by_hand() -> None:
    real, fake = tf.constant([[3.0]]), tf.constant([[1.0]])
    loss = zoo.least_squares(-1.0, 1.0, 0.0)
    assert float(loss.discriminator(real, fake)) == pytest.approx((3 - 1) ** 2 / 2 + (1 + 1) ** 2 / 2)
    assert float(loss.generator(real, fake)) == pytest.approx(0.5)


def test_saturating_is_the_negative_of_what_d_pays_for_fakes() -> None:
    loss = saturating()
    assert float(loss.generator(REAL, FAKE)) == pytest.approx(-softplus(np.asarray(FAKE)).mean())
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(5.83387, abs=5e-6)


def test_at_a_score_of_zero_both_sides_pay_log_2() -> None:
    zero = tf.zeros((3, 1))
    assert float(non_saturating().discriminator(zero, zero)) == pytest.approx(2 * np.log(2))
    assert float(non_saturating().generator(zero, zero)) == pytest.approx(np.log(2))
    assert float(saturating().generator(zero, zero)) == pytest.approx(-np.log(2))


def test_a_confident_d_silences_the_minimax_generator_only() -> None:
    fake = tf.constant([[-20.0]])
    gradients = {}
    for make in (non_saturating, saturating):
        with tf.GradientTape() as tape:
            tape.watch(fake)
            value = make().generator(fake, fake)
        gradients[make] = float(tape.gradient(value, fake)[0, 0])
    assert gradients[non_saturating] == pytest.approx(-1.0, abs=1e-6)
    assert gradients[saturating] == pytest.approx(-np.exp(-20.0), rel=1e-3)


@pytest.mark.parametrize("name", SCORE_LOSSES)
@pytest.mark.parametrize("size", [100.0, -100.0])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_loss_and_gradient_are_finite_at_large_scores(name: str, size: float, dtype: Any) -> None:
    real, fake = tf.constant([[size]], dtype), tf.constant([[-size]], dtype)
    loss = SCORE_LOSSES[name]()
    for player in (loss.discriminator, loss.generator):
        with tf.GradientTape() as tape:
            tape.watch([real, fake])
            value = player(real, fake)
        assert np.isfinite(value)
        for gradient in tape.gradient(value, [real, fake]):
            assert gradient is None or np.all(np.isfinite(gradient))


def test_large_scores_are_paid_in_full() -> None:
    # A loss through a clipped log would stop at 16 or so.
    far = tf.constant([[-100.0]])
    assert float(non_saturating().generator(far, far)) == pytest.approx(100.0)
    with tf.GradientTape() as tape:
        tape.watch(far)
        value = non_saturating().generator(far, far)
    assert float(tape.gradient(value, far)[0, 0]) == pytest.approx(-1.0)


@pytest.mark.parametrize("name", SCORE_LOSSES)
def test_swapping_real_and_fake_changes_the_loss_of_d(name: str) -> None:
    loss = SCORE_LOSSES[name]()
    assert float(loss.discriminator(REAL, FAKE)) != pytest.approx(float(loss.discriminator(FAKE, REAL)), rel=1e-3)


@pytest.mark.parametrize("name", SCORE_LOSSES)
def test_d_wants_real_above_fake_and_g_wants_fake_up(name: str) -> None:
    loss = SCORE_LOSSES[name]()
    real, fake, low = (tf.constant([[score]], tf.float64) for score in (0.1, 0.1, -0.1))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake, low])
        d_loss, g_loss = loss.discriminator(real, fake), loss.generator(real, low)
    assert float(tape.gradient(d_loss, real)[0, 0]) < 0
    assert float(tape.gradient(d_loss, fake)[0, 0]) > 0
    assert float(tape.gradient(g_loss, low)[0, 0]) < 0


@pytest.mark.parametrize("name", SCORE_LOSSES)
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradients_are_those_of_finite_differences(name: str, player: str) -> None:
    function = getattr(SCORE_LOSSES[name](), player)
    scores = [np.asarray(REAL) * 0.37, np.asarray(FAKE) * 0.37]
    tensors = [tf.constant(s) for s in scores]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    h = 1e-6
    for which, index in [(w, i) for w in range(2) for i in range(4)]:
        up, down = [s.copy() for s in scores], [s.copy() for s in scores]
        up[which][index] += h
        down[which][index] -= h
        slope = float(function(*map(tf.constant, up)) - function(*map(tf.constant, down))) / (2 * h)
        # Central differences in float64: error h^2 plus rounding 1e-16 / h.
        assert float(gradients[which][index, 0]) == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("name", SCORE_LOSSES)
def test_losses_are_means_over_the_batch(name: str) -> None:
    loss = SCORE_LOSSES[name]()
    twice = [tf.concat([scores, scores], 0) for scores in (REAL, FAKE)]
    assert float(loss.discriminator(*twice)) == pytest.approx(float(loss.discriminator(REAL, FAKE)))
    assert float(loss.generator(*twice)) == pytest.approx(float(loss.generator(REAL, FAKE)))


def linear_critic(weights: np.ndarray) -> Callable[..., Any]:
    matrix = tf.constant(weights.reshape(-1, 1))

    def critic(images: Any, training: bool = False) -> Any:
        return tf.reshape(images, (-1, matrix.shape[0])) @ matrix

    return critic


IMAGES = tf.constant(np.random.default_rng(0).normal(size=(3, 2, 2, 1)))
OTHERS = tf.constant(np.random.default_rng(1).normal(size=(3, 2, 2, 1)))
MIX = tf.constant([0.1, 0.5, 0.9])


def test_penalties_of_a_linear_critic_are_exact() -> None:
    # D(x) = 2 sum(x) over 4 pixels: a gradient of norm 4.
    critic = linear_critic(np.full(4, 2.0))
    assert float(zoo.gradient_penalty(1.0)(critic, IMAGES, OTHERS, MIX)) == pytest.approx(9.0)
    assert float(zoo.gradient_penalty(10.0)(critic, IMAGES, OTHERS, MIX)) == pytest.approx(90.0)
    assert float(zoo.gradient_penalty(1.0, target=2.0)(critic, IMAGES, OTHERS, MIX)) == pytest.approx(1.0)
    assert float(zoo.r1_penalty(10.0)(critic, IMAGES, OTHERS, MIX)) == pytest.approx(5 * 16.0)


def test_the_penalty_takes_each_image_alone() -> None:
    # D(x) = sum(x^2): the gradient 2x differs from image to image, so a norm over the batch would show.
    def critic(images: Any, training: bool = False) -> Any:
        return tf.reduce_sum(tf.square(images), axis=(1, 2, 3))[:, None]

    mix = np.asarray(MIX, np.float64)[:, None, None, None]
    mixed = mix * np.asarray(IMAGES) + (1 - mix) * np.asarray(OTHERS)
    norms = np.sqrt(np.sum((2 * mixed) ** 2, axis=(1, 2, 3)))
    found = float(zoo.gradient_penalty(1.0)(critic, IMAGES, OTHERS, MIX))
    assert found == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-6)  # mix is float32
    expected = np.mean(np.sum((2 * np.asarray(IMAGES)) ** 2, axis=(1, 2, 3)))
    assert float(zoo.r1_penalty(2.0)(critic, IMAGES, OTHERS, MIX)) == pytest.approx(expected)


def test_mixed_images_lie_on_the_line_with_one_place_an_image() -> None:
    seen = []

    def critic(images: Any, training: bool = False) -> Any:
        seen.append(np.asarray(images))
        return tf.reduce_sum(images, axis=(1, 2, 3))[:, None]

    zoo.gradient_penalty()(critic, IMAGES, OTHERS, MIX)
    share = (seen[0] - np.asarray(OTHERS)) / (np.asarray(IMAGES) - np.asarray(OTHERS))
    np.testing.assert_allclose(share, np.broadcast_to(np.asarray(MIX)[:, None, None, None], share.shape), rtol=1e-5)


def test_a_flat_critic_has_a_finite_gradient() -> None:
    weight = tf.Variable(tf.zeros((4, 1), tf.float64))

    def critic(images: Any, training: bool = False) -> Any:
        return tf.reshape(images, (-1, 4)) @ weight

    with tf.GradientTape() as tape:
        value = zoo.gradient_penalty(10.0)(critic, IMAGES, OTHERS, MIX)
    # The root is cut at 1e-12, so the norm is 1e-6 and not 0.
    assert float(value) == pytest.approx(10.0, rel=1e-5)
    assert np.all(np.isfinite(tape.gradient(value, weight)))


def test_the_gradient_penalty_reaches_the_critics_weights() -> None:
    weight = tf.Variable(tf.fill((4, 1), tf.constant(2.0, tf.float64)))

    def critic(images: Any, training: bool = False) -> Any:
        return tf.reshape(images, (-1, 4)) @ weight

    with tf.GradientTape() as tape:
        value = zoo.gradient_penalty(1.0)(critic, IMAGES, OTHERS, MIX)
    # (|w| - 1)^2 has the gradient 2 (|w| - 1) w / |w| = 2 * 3 * 2 / 4.
    np.testing.assert_allclose(tape.gradient(value, weight), np.full((4, 1), 3.0))


def test_batch_norm_in_the_critic_is_a_sentence() -> None:
    critic = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="uses batch norm"):
        zoo.gradient_penalty()(critic, tf.ones((2, 4)), tf.ones((2, 4)), tf.ones(2))


def test_r1_is_added_to_any_loss() -> None:
    critic = linear_critic(np.full(4, 2.0))
    assert float(zoo.with_r1(non_saturating(), 10.0).penalty(critic, IMAGES, OTHERS, MIX)) == pytest.approx(80.0)  # type: ignore[misc]
    assert float(zoo.with_r1(zoo.wgan_gp(1.0), 10.0).penalty(critic, IMAGES, OTHERS, MIX)) == pytest.approx(89.0)  # type: ignore[misc]
    assert zoo.with_r1(zoo.wgan_gp()).critic_steps == 5


def energies(values: list[float]) -> dict[str, Any]:
    return {"energy": tf.constant(values)[:, None], "code": tf.eye(len(values))}


def test_ebgan_takes_the_margin_of_each_image_alone() -> None:
    loss = zoo.ebgan(margin=10.0)
    real, fake = energies([1.0, 3.0]), energies([4.0, 30.0])
    # The mean of the fakes, 17, is above the margin; the first image alone is not.
    assert float(loss.discriminator(real, fake)) == pytest.approx(2.0 + (6.0 + 0.0) / 2)
    assert float(loss.generator(real, fake)) == pytest.approx(17.0)
    assert float(loss.discriminator(fake, real)) == pytest.approx(17.0 + (9.0 + 7.0) / 2)


def test_the_pull_away_term() -> None:
    assert float(zoo.pull_away_term(tf.ones((4, 3)))) == pytest.approx(1.0)
    assert float(zoo.pull_away_term(tf.eye(4) * 7)) == pytest.approx(0.0)
    # Opposite codes are as alike as equal ones: the cosine is squared.
    assert float(zoo.pull_away_term(tf.constant([[1.0, 0.0], [-1.0, 0.0]]))) == pytest.approx(1.0)
    # Cosine of 60 degrees, squared.
    assert float(zoo.pull_away_term(tf.constant([[2.0, 0.0], [1.0, np.sqrt(3.0)]]))) == pytest.approx(0.25)
    assert float(zoo.pull_away_term(tf.ones((1, 3)))) == 0.0
    only_g = zoo.ebgan(pull_away=0.1)
    same = {"energy": tf.zeros((2, 1)), "code": tf.ones((2, 3))}
    assert float(only_g.generator(same, same)) == pytest.approx(0.1)
    assert float(only_g.discriminator(same, same)) == pytest.approx(10.0)


def test_began_losses_controller_and_measure() -> None:
    loss = zoo.began(gamma=0.5, rate=0.001)
    real, fake = energies([0.2, 0.4]), energies([0.1, 0.5])
    assert loss.controller is not None
    assert loss.controller.start == 0.0
    assert float(loss.discriminator(real, fake, 0.5)) == pytest.approx(0.3 - 0.5 * 0.3)
    assert float(loss.generator(real, fake)) == pytest.approx(0.3)
    # gamma L(x) - L(G) = .15 - .3 = -.15
    assert float(loss.controller.update(tf.constant(0.5), real, fake)) == pytest.approx(0.5 - 0.00015)
    assert float(loss.monitors["convergence"](real, fake)) == pytest.approx(0.3 + 0.15)


def test_k_stays_in_its_range() -> None:
    controller = zoo.began(rate=100.0).controller
    assert controller is not None
    assert float(controller.update(tf.constant(0.5), energies([1.0]), energies([9.0]))) == 0.0
    assert float(controller.update(tf.constant(0.5), energies([9.0]), energies([1.0]))) == 1.0


def test_the_papers_constants_are_the_defaults() -> None:
    assert zoo.wgan().clip_weights == 0.01
    assert (zoo.wgan().critic_steps, zoo.wgan_gp().critic_steps) == (5, 5)
    assert isinstance(zoo.wgan().discriminator_optimizer(), keras.optimizers.RMSprop)
    assert float(zoo.wgan().generator_optimizer().learning_rate) == pytest.approx(5e-5)
    adam = zoo.wgan_gp().discriminator_optimizer()
    assert (float(adam.learning_rate), adam.beta_1, adam.beta_2) == (pytest.approx(1e-4), 0.0, 0.9)
    hinge = zoo.hinge()
    assert float(hinge.generator_optimizer().learning_rate) == pytest.approx(1e-4)
    assert float(hinge.discriminator_optimizer().learning_rate) == pytest.approx(4e-4)


@pytest.mark.parametrize(
    "loss",
    [*(make() for make in SCORE_LOSSES.values()), zoo.ebgan(3.0), zoo.began(0.7), zoo.with_r1(zoo.hinge(), 0.1)],
    ids=lambda loss: loss.name,
)
def test_a_loss_is_its_name_and_arguments(loss: AdversarialLoss) -> None:
    again = AdversarialLoss.from_config(loss.to_config())
    assert again == loss
    assert again.formula == loss.formula
    assert loss.source
    assert again.names[:2] == ("g_loss", "d_loss")


def test_losses_with_other_arguments_differ() -> None:
    assert zoo.wgan_gp(weight=1.0) != zoo.wgan_gp()
    assert zoo.with_r1(zoo.hinge()) != zoo.with_r1(non_saturating())
    assert zoo.with_r1(zoo.hinge()).arguments == {"loss": zoo.hinge(), "gamma": 10.0}


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
