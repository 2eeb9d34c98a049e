import json
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers.data.toys import ring
from labhelpers.losses import zoo
from labhelpers.losses.adversarial import AdversarialLoss, non_saturating
from labhelpers.models.autoencoder import autoencoder_discriminator
from labhelpers.models.dcgan import light_dcgan_pair
from labhelpers.models.dense import toy_pair, vanilla_pair
from labhelpers.models.pair import Pair
from labhelpers.training.gan import GAN, adversarial_step, last_activation

POINTS = ring(100, seed=0).points


@pytest.fixture(autouse=True)
def _seeded() -> None:
    keras.utils.set_random_seed(0)


def quickly_compile(gan: GAN, **kwargs: Any) -> None:
    """Without XLA, which compiles for seconds what these tests run for milliseconds."""
    gan.compile(jit_compile=False, **kwargs)


def values(network: keras.Model) -> list[np.ndarray]:
    return [np.array(variable) for variable in network.variables]


def moved(before: list[np.ndarray], network: keras.Model) -> bool:
    return any(not np.array_equal(one, other) for one, other in zip(before, values(network), strict=True))


def linear_pair() -> tuple[Pair, keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
    """G(z) = g z and D(x) = d x, one number each: every step can be computed by hand."""
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    discriminator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    generator.set_weights([np.array([[2.0]])])
    discriminator.set_weights([np.array([[0.5]])])
    optimizers = [keras.optimizers.SGD(rate) for rate in (0.1, 0.2)]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    return Pair(generator, discriminator), optimizers[0], optimizers[1]


def test_a_step_computed_by_hand() -> None:
    pair, g_optimizer, d_optimizer = linear_pair()
    real, noise = 3.0, 1.0
    losses = adversarial_step(
        *pair, g_optimizer, d_optimizer, non_saturating(), tf.constant([[real]]), [tf.constant([[noise]])]
    )
    g, d, fake = 2.0, 0.5, 2.0

    def sigmoid(t: float) -> float:
        return 1 / (1 + math.exp(-t))

    assert float(losses["d_loss"]) == pytest.approx(math.log1p(math.exp(-d * real)) + math.log1p(math.exp(d * fake)))
    d_after = d - 0.2 * (-sigmoid(-d * real) * real + sigmoid(d * fake) * fake)
    assert float(pair.discriminator.weights[0][0, 0]) == pytest.approx(d_after, rel=1e-6)
    # G pays, and learns from, what the D that has just learnt says.
    assert float(losses["g_loss"]) == pytest.approx(math.log1p(math.exp(-d_after * fake)), rel=1e-6)
    g_after = g - 0.1 * (-sigmoid(-d_after * fake) * d_after * noise)
    assert float(pair.generator.weights[0][0, 0]) == pytest.approx(g_after, rel=1e-6)
    assert losses.keys() == set(non_saturating().names)
    assert float(losses["d_real_accuracy"]) == 1.0
    assert float(losses["d_fake_accuracy"]) == 0.0


def test_one_generator_pass_serves_both_updates() -> None:
    pair, g_optimizer, d_optimizer = linear_pair()
    passes = []
    original = pair.generator.call
    pair.generator.call = lambda *args, **kwargs: passes.append(1) or original(*args, **kwargs)  # type: ignore[func-returns-value]
    adversarial_step(*pair, g_optimizer, d_optimizer, non_saturating(), tf.ones((4, 1)), [tf.ones((4, 1))])
    assert len(passes) == 1


class Nothing(keras.optimizers.SGD):
    """An optimizer that stands still: what moves then is moved by the other one."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        pass


@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_each_optimizer_moves_its_own_network_only(still: str) -> None:
    pair = toy_pair(hidden=8)
    optimizers = {"generator": keras.optimizers.SGD(1.0), "discriminator": keras.optimizers.SGD(1.0)}
    optimizers[still] = Nothing(1.0)
    for name, optimizer in optimizers.items():
        optimizer.build(getattr(pair, name).trainable_variables)
    before = {name: values(getattr(pair, name)) for name in optimizers}
    noise = [tf.random.normal((16, 2), seed=1)]
    adversarial_step(*pair, *optimizers.values(), non_saturating(), tf.constant(POINTS[:16]), noise)
    for name in optimizers:
        assert moved(before[name], getattr(pair, name)) == (name != still)


def test_critic_steps_move_d_several_times_and_g_once() -> None:
    gan = GAN(*toy_pair(hidden=8), zoo.wgan_gp(critic_steps=3))
    quickly_compile(gan, steps_per_execution=1)
    gan.fit(POINTS, batch_size=20, epochs=1, progress=False)  # 60 images a step: 60 + 40
    assert int(gan.generator_optimizer.iterations) == 2
    assert int(gan.discriminator_optimizer.iterations) == 6


def test_critic_steps_use_fresh_noise_and_images_of_their_own() -> None:
    gan = GAN(*toy_pair(hidden=8), zoo.wgan(critic_steps=2))
    quickly_compile(gan)
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


def listen(network: keras.Model) -> list[np.ndarray]:
    """What goes into a network from now on."""
    seen: list[np.ndarray] = []
    original = network.call
    network.call = lambda x, **kwargs: seen.append(np.asarray(x)) or original(x, **kwargs)  # type: ignore[func-returns-value]
    return seen


@pytest.mark.parametrize("count", [1, 4, 6])
def test_fewer_images_than_critic_steps_are_shown_again(count: int) -> None:
    gan = GAN(*toy_pair(hidden=8), zoo.wgan_gp(critic_steps=5))
    quickly_compile(gan)
    gan.fit(POINTS[:count], batch_size=1, epochs=1, progress=False)
    assert int(gan.generator_optimizer.iterations) == -(-count // 5)
    assert all(np.isfinite(values).all() for values in gan.step_history.values())


def test_clipping_leaves_batch_norm_statistics_alone() -> None:
    pair = toy_pair(hidden=8)
    critic = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    gan = GAN(pair.generator, critic, zoo.wgan(clip_weights=0.01))
    quickly_compile(gan)
    gan.fit(POINTS + 5.0, batch_size=50, epochs=3, progress=False)
    assert max(np.abs(np.asarray(v)).max() for v in critic.trainable_variables) <= np.float32(0.01)
    assert np.asarray(critic.layers[1].moving_variance).min() > 0.01


def test_an_epoch_has_every_step_and_the_partial_batch() -> None:
    gan = GAN(*toy_pair(hidden=8))
    quickly_compile(gan, steps_per_execution=4)
    history = gan.fit(POINTS, batch_size=32, epochs=2, progress=False).history
    assert set(history) == {"g_loss", "d_loss", "d_real_accuracy", "d_fake_accuracy"}
    for name, means in history.items():
        steps = gan.step_history[name]
        assert len(steps) == 2 * 4  # 32 + 32 + 32 + 4
        np.testing.assert_allclose(means, [np.mean(steps[:4]), np.mean(steps[4:])], rtol=1e-5)
    assert all(0 <= share <= 1 for share in gan.step_history["d_real_accuracy"])


@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
def test_any_batch_size(batch_size: int) -> None:
    gan = GAN(*toy_pair(hidden=8))
    quickly_compile(gan)
    gan.fit(POINTS[:15], batch_size=batch_size, epochs=1, progress=False)
    assert len(gan.step_history["g_loss"]) == -(-15 // batch_size)


def test_a_seed_fixes_the_training() -> None:
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        gan = GAN(*toy_pair(hidden=8))
        quickly_compile(gan)
        gan.fit(POINTS, batch_size=32, epochs=2, progress=False)
        results.append((gan.step_history["g_loss"], values(gan.generator)))
    assert results[0][0] == results[1][0]
    for one, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_default_optimizers_are_those_of_the_loss() -> None:
    gan = GAN(*toy_pair(hidden=8), zoo.hinge())
    quickly_compile(gan)
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(1e-4)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(4e-4)
    built_on = [{id(v) for v in optimizer._trainable_variables} for optimizer in gan.optimizers]
    assert built_on[0] == {id(v) for v in gan.generator.trainable_variables}
    assert built_on[1] == {id(v) for v in gan.discriminator.trainable_variables}


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_frozen_network_is_a_sentence(frozen: str) -> None:
    gan = GAN(*toy_pair(hidden=8))
    getattr(gan, frozen).trainable = False
    with pytest.raises(ValueError, match=f"'toy_{frozen}' has 0 trainable variables"):
        quickly_compile(gan)


def test_freezing_after_compile_cannot_silence_d() -> None:
    # The mistake of Lab 2: the flag is set after compile, and D never moves again.
    gan = GAN(*toy_pair(hidden=8))
    quickly_compile(gan)
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
    gan = GAN(*toy_pair(hidden=8))
    quickly_compile(gan)
    gan.generator.layers[0].trainable = False
    with pytest.raises(ValueError, match="'toy_generator' has 4 trainable variables, but its optimizer was built on 6"):
        gan.fit(POINTS, epochs=1, progress=False)


def test_one_optimizer_for_both_is_a_sentence() -> None:
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="expected one each"):
        GAN(*toy_pair(hidden=8)).compile(optimizer, optimizer)


def test_what_does_not_fit_is_a_sentence() -> None:
    gan = GAN(*vanilla_pair())
    with pytest.raises(ValueError, match="is not compiled"):
        gan.fit(np.zeros((4, 28, 28, 1), np.float32))
    quickly_compile(gan)
    with pytest.raises(ValueError, match=r"These images have shape \(28, 28\), but the discriminator takes"):
        gan.fit(np.full((4, 28, 28), -1.0, np.float32))
    with pytest.raises(ValueError, match="the model ends in tanh"):
        gan.fit(np.full((4, 28, 28, 1), 0.5, np.float32))
    with pytest.raises(ValueError, match=r"this generator takes \(n, 100\)"):
        gan.sample(np.zeros((2, 64), np.float32))
    with pytest.raises(ValueError, match="Build both for the same image_shape"):
        GAN(toy_pair().generator, vanilla_pair().discriminator)
    with pytest.raises(ValueError, match=r"expected a decay in \[0, 1\)"):
        GAN(*toy_pair(), ema=1.0)
    penalised = zoo.wgan_gp()
    with pytest.raises(ValueError, match="needs 1 tensors `mix`"):
        adversarial_step(*toy_pair(), None, None, penalised, tf.ones((2, 2)), [tf.ones((2, 2))])


@pytest.mark.parametrize(
    ("last", "activation"),
    [
        ([keras.layers.Dense(4, activation="tanh")], "tanh"),
        ([keras.layers.Dense(4), keras.layers.Activation("sigmoid"), keras.layers.Reshape((2, 2))], "sigmoid"),
        ([keras.layers.Dense(4)], "linear"),
    ],
)
def test_the_last_activation_is_found(last: list[keras.layers.Layer], activation: str) -> None:
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), *last])
    assert last_activation(network) == activation
    assert last_activation(keras.Sequential([keras.Input((3,)), network])) == activation


def test_an_unknown_last_activation_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="ends in relu, expected tanh"):
        last_activation(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu")]))


def test_the_average_follows_the_generator() -> None:
    gan = GAN(*toy_pair(hidden=8), ema=0.9)
    quickly_compile(gan, steps_per_execution=1)
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


def test_sampling_is_reproducible_and_does_not_disturb_training() -> None:
    gan = GAN(*toy_pair(hidden=8))
    quickly_compile(gan)
    before = np.array(gan.seed_generator.state)
    assert gan.sample(7).shape == (7, 2)
    assert gan.sample(7).dtype == np.float32
    np.testing.assert_array_equal(gan.sample(7), gan.sample(7))
    assert not np.array_equal(gan.sample(7), gan.sample(7, seed=1))
    np.testing.assert_array_equal(before, np.array(gan.seed_generator.state))
    noise = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    np.testing.assert_allclose(gan.sample(noise, batch_size=3), np.asarray(gan(noise)), rtol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "linear"])
def test_samples_of_images_are_ready_to_show(activation: str) -> None:
    generator = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation=activation, kernel_initializer="ones")]
    )
    gan = GAN(generator, keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
    noise = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    drawn, samples = np.asarray(gan(noise)), gan.sample(noise)
    expected = (drawn + 1) / 2 if activation == "tanh" else drawn
    np.testing.assert_allclose(samples, expected, atol=1e-6)
    assert samples.dtype == np.float32


def test_sampling_uses_inference_mode() -> None:
    # In training mode batch norm would make an image depend on the others of its batch.
    gan = GAN(*light_dcgan_pair())
    noise = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    np.testing.assert_allclose(gan.sample(noise)[:1], gan.sample(noise[:1]), atol=1e-5)


LOSSES: dict[str, Callable[[], AdversarialLoss]] = {
    "non_saturating": non_saturating,
    "wgan_gp": lambda: zoo.wgan_gp(weight=3.0, critic_steps=2),
    "r1": lambda: zoo.with_r1(zoo.hinge(), 0.1),
    "ebgan": lambda: zoo.ebgan(margin=1.0),
    "began": zoo.began,
}


def pair_for(name: str) -> Pair:
    pair = toy_pair(hidden=8)
    if name in ("ebgan", "began"):
        critic = autoencoder_discriminator((2,), hidden=8, code_dim=3, energy="l2" if name == "ebgan" else "l1")
        return Pair(pair.generator, critic)
    return pair


@pytest.mark.parametrize("name", LOSSES)
def test_save_and_load_keep_everything(name: str, tmp_path: Any) -> None:
    gan = GAN(*pair_for(name), LOSSES[name](), ema=0.99)
    quickly_compile(gan, steps_per_execution=2)
    gan.fit(POINTS, batch_size=32, epochs=1, progress=False)
    assert all(np.isfinite(gan.step_history[key]).all() for key in gan.loss_names)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.adversarial_loss == gan.adversarial_loss
    np.testing.assert_array_equal(again.sample(5), gan.sample(5))
    for one, other in zip(gan.optimizers, again.optimizers, strict=True):
        for first, second in zip(one.variables, other.variables, strict=True):
            np.testing.assert_array_equal(np.asarray(first), np.asarray(second))
    # A .keras file keeps no random states: the training goes on, but only Checkpoints resume it exactly.
    again.fit(POINTS, batch_size=32, initial_epoch=1, epochs=2, progress=False)
    assert int(again.generator_optimizer.iterations) == 2 * -(-100 // (32 * gan.adversarial_loss.critic_steps))


def test_the_config_is_json() -> None:
    gan = GAN(*toy_pair(), zoo.with_r1(zoo.wgan_gp()), ema=0.9)
    config = json.loads(json.dumps(gan.get_config()))
    assert GAN.from_config(config).adversarial_loss == gan.adversarial_loss


def test_began_moves_its_controller() -> None:
    gan = GAN(*pair_for("began"), zoo.began(rate=0.1))
    quickly_compile(gan)
    gan.fit(POINTS, batch_size=20, epochs=2, progress=False)
    k = np.array(gan.step_history["k"])
    assert np.all((k >= 0) & (k <= 1))
    assert float(gan.control[0]) == pytest.approx(k[-1])
    real, fake = np.array(gan.step_history["real_energy"]), np.array(gan.step_history["fake_energy"])
    by_hand, expected = 0.0, []
    for step in range(len(k)):
        by_hand = float(np.clip(by_hand + 0.1 * (0.5 * real[step] - fake[step]), 0, 1))
        expected.append(by_hand)
    np.testing.assert_allclose(k, expected, atol=1e-6)
