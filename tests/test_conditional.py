"""CGAN and InfoGAN: labels and codes go where they should, and nothing else does."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from labhelpers.losses import zoo
from labhelpers.losses.adversarial import non_saturating
from labhelpers.models.conditional import conditional_pair, info_pair
from labhelpers.models.dense import toy_pair
from labhelpers.training import GAN, ConditionalGAN, InfoGAN, StopOnNonFinite
from labhelpers.training.base import batches

RNG = np.random.default_rng(0)
LABELS = np.arange(40) % 3
POINTS = (np.stack([LABELS, -LABELS], axis=1) + RNG.normal(scale=0.05, size=(40, 2))).astype(np.float32)


def told_pair(latent_dim: int = 2, classes: int = 3) -> tuple[keras.Model, keras.Model]:
    """Points in the plane with labels: the smallest conditional pair."""

    def network(inputs: int, outputs: int, name: str) -> keras.Model:
        x, y = keras.Input((inputs,)), keras.Input((classes,))
        hidden = layers.Dense(32, activation="relu")(layers.Concatenate()([x, y]))
        return keras.Model([x, y], layers.Dense(outputs)(hidden), name=name)

    return network(latent_dim, 2, "told_generator"), network(2, 1, "told_discriminator")


def coded_pair(categories: int = 3, uniform: int = 1) -> tuple[keras.Model, keras.Model]:
    generator = toy_pair(2 + categories + uniform, hidden=16).generator
    points = keras.Input((2,))
    trunk = layers.Dense(16, activation="relu")(points)
    outputs = {
        "logit": layers.Dense(1)(trunk),
        "category": layers.Dense(categories)(trunk),
        "uniform": layers.Dense(uniform)(trunk),
    }
    return generator, keras.Model(points, outputs, name="coded_discriminator")


def compiled(gan: GAN) -> GAN:
    gan.compile(keras.optimizers.Adam(5e-3, 0.5), keras.optimizers.Adam(5e-3, 0.5), jit_compile=False)
    return gan


def test_batches_keep_images_and_labels_together() -> None:
    seed, epoch = tf.Variable([3, 0]), tf.Variable(0)
    numbers = np.arange(10, dtype=np.float32)
    for images, labels in batches((numbers[:, None], numbers.astype(np.int32)), 4, seed=seed, epoch=epoch):
        np.testing.assert_array_equal(images.numpy()[:, 0], labels.numpy())


def test_a_conditional_gan_draws_what_is_asked_for() -> None:
    keras.utils.set_random_seed(0)
    gan = compiled(ConditionalGAN(*told_pair()))
    gan.fit(np.tile(POINTS, (50, 1)), np.tile(LABELS, 50), batch_size=50, epochs=25, progress=False)
    for label in range(3):
        mean = gan.sample(np.full(200, label)).mean(axis=0)
        np.testing.assert_allclose(mean, [label, -label], atol=0.5)


def test_both_networks_are_told_the_labels_of_the_real_images() -> None:
    gan = compiled(ConditionalGAN(*told_pair()))
    seen: dict[str, list[np.ndarray]] = {"generator": [], "discriminator": []}
    for name, arrays in seen.items():
        network = getattr(gan, name)
        original = network.call
        network.call = lambda x, original=original, arrays=arrays, **k: (
            arrays.append(np.asarray(x[1])) or original(x, **k)
        )
    tf.config.run_functions_eagerly(True)
    try:
        gan.losses_of_step((tf.constant(POINTS[:5]), tf.constant(LABELS[:5])))
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(seen["generator"]) == 1
    assert len(seen["discriminator"]) == 3
    for told in (*seen["generator"], *seen["discriminator"]):
        np.testing.assert_array_equal(told, np.eye(3)[LABELS[:5]])


@pytest.mark.parametrize(
    "loss", [zoo.least_squares(), zoo.hinge(), zoo.with_r1(non_saturating(), 1.0), zoo.wgan_gp(critic_steps=1)]
)
def test_other_losses_and_penalties_run_conditionally(loss: object) -> None:
    gan = compiled(ConditionalGAN(*told_pair(), loss))
    gan.fit(POINTS, LABELS, batch_size=16, epochs=1, progress=False, callbacks=[StopOnNonFinite()])
    assert all(np.isfinite(values).all() for values in gan.step_history.values())


def test_what_a_conditional_gan_cannot_take_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"has 1 input.* expected 2"):
        ConditionalGAN(*toy_pair())
    with pytest.raises(ValueError, match="takes 5 steps of D"):
        ConditionalGAN(*told_pair(), zoo.wgan())
    gan = compiled(ConditionalGAN(*told_pair()))
    with pytest.raises(ValueError, match="got no labels"):
        gan.fit(POINTS)
    with pytest.raises(ValueError, match="40 images and 39 labels"):
        gan.fit(POINTS, LABELS[:39])
    with pytest.raises(ValueError, match="know 0 to 2"):
        gan.fit(POINTS, LABELS + 1)
    with pytest.raises(ValueError, match="whole numbers"):
        gan.sample(np.eye(3))
    with pytest.raises(ValueError, match="whole numbers"):
        gan.sample([0.5])


def test_batch_norm_under_a_gradient_penalty_is_found_behind_the_labels() -> None:
    pair = conditional_pair(latent_dim=4)
    gan = compiled(ConditionalGAN(*pair, zoo.wgan_gp(critic_steps=1)))
    with pytest.raises(ValueError, match="uses batch norm"):
        gan.fit(np.linspace(-1, 1, 4 * 784, dtype=np.float32).reshape(4, 28, 28, 1), np.arange(4), progress=False)


def test_save_and_load_a_conditional_gan(tmp_path) -> None:  # type: ignore[no-untyped-def]
    gan = compiled(ConditionalGAN(*told_pair(), ema=0.9))
    gan.fit(POINTS, LABELS, batch_size=20, epochs=1, progress=False)
    gan.save(tmp_path / "cgan.keras")
    loaded = keras.models.load_model(tmp_path / "cgan.keras")
    np.testing.assert_array_equal(loaded.sample([0, 1, 2]), gan.sample([0, 1, 2]))


def test_the_light_conditional_pair_reads_its_labels() -> None:
    generator, discriminator = conditional_pair(latent_dim=4)
    noise, labels = np.zeros((2, 4), np.float32), np.eye(10, dtype=np.float32)[[3, 8]]
    images = generator([noise, labels]).numpy()
    assert images.shape == (2, 28, 28, 1)
    assert np.abs(images[0] - images[1]).max() > 0
    same = np.repeat(images[:1], 2, axis=0)
    scores = discriminator([same, labels]).numpy()
    assert scores.shape == (2, 1)
    assert scores[0] != scores[1]


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
    plain = non_saturating().discriminator(gan.discriminator(real)["logit"], before["logit"])
    losses = gan.step(real, [tf.constant(latent)], ())
    assert float(losses["d_loss"]) == pytest.approx(float(plain) + error + squares, rel=1e-4)
    assert float(losses["information"]) == pytest.approx(math.log(3) - error, rel=1e-3)


def test_info_gan_makes_its_category_visible_without_labels() -> None:
    gan = info_gan()
    gan.fit(np.tile(POINTS, (50, 1)), batch_size=50, epochs=15, progress=False)
    assert gan.step_history["information"][-1] > 0.8 * math.log(3)
    categories = np.arange(300) % 3
    latent = gan.with_codes(RNG.normal(size=(300, 2)), categories, np.zeros((300, 1)))
    assert (gan.read_categories(gan.sample(latent)) == categories).mean() > 0.9
    with pytest.raises(ValueError, match="InfoGAN got labels"):
        gan.fit(POINTS, LABELS)


def test_without_weight_the_category_stays_hidden() -> None:
    gan = info_gan(weight=0.0)
    gan.fit(np.tile(POINTS, (50, 1)), batch_size=50, epochs=15, progress=False)
    assert gan.step_history["information"][-1] < 0.5 * math.log(3)


def test_what_info_gan_cannot_take_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="penalises D"):
        InfoGAN(*coded_pair(), zoo.with_r1(non_saturating(), 1.0))
    with pytest.raises(ValueError, match="takes 5 steps of D"):
        InfoGAN(*coded_pair(), zoo.wgan())


def test_save_and_load_info_gan(tmp_path) -> None:  # type: ignore[no-untyped-def]
    gan = info_gan(weight=0.5)
    gan.save(tmp_path / "info.keras")
    loaded = keras.models.load_model(tmp_path / "info.keras")
    assert loaded.weight == 0.5
    np.testing.assert_array_equal(loaded.sample(5), gan.sample(5))


def test_the_light_info_pair() -> None:
    generator, discriminator = info_pair()
    assert generator.input_shape == (None, 74)
    outputs = discriminator(np.zeros((2, 28, 28, 1), np.float32))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "logit": (2, 1),
        "category": (2, 10),
        "uniform": (2, 2),
    }
