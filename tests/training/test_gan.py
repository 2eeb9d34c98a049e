"""The GAN: what fits together, and samples that are the same for a seed and ready to show."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from labhelpers.models.dcgan import light_dcgan_pair
from labhelpers.models.dense import toy_pair, vanilla_pair
from labhelpers.training.gan import GAN, last_activation
from tests.training.small_pairs import quickly_compiled, small_pair


def test_what_does_not_fit_is_a_sentence() -> None:
    gan = quickly_compiled(GAN(*vanilla_pair()))
    with pytest.raises(ValueError, match=r"These images have shape \(28, 28\), but the discriminator takes"):
        gan.fit(np.full((4, 28, 28), -1.0, np.float32))
    with pytest.raises(ValueError, match="the model ends in tanh"):
        gan.fit(np.full((4, 28, 28, 1), 0.5, np.float32))
    with pytest.raises(ValueError, match=r"this generator takes \(n, 100\)"):
        gan.sample(np.zeros((2, 64), np.float32))
    with pytest.raises(ValueError, match="Build both for the same image_shape"):
        GAN(toy_pair().generator, vanilla_pair().discriminator)


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


@pytest.mark.parametrize(
    ("last", "activation"),
    [(keras.ops.tanh, "tanh"), (keras.ops.sigmoid, "sigmoid"), (lambda images: 2 * images, "linear")],
)
def test_images_from_an_operation_are_judged_by_their_values(last: Any, activation: str) -> None:
    noise = keras.Input((3,))
    images = keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4)(noise))
    assert last_activation(keras.Model(noise, last(images))) == activation


def test_an_unknown_last_activation_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="ends in relu, expected tanh"):
        last_activation(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu")]))


def test_sampling_is_reproducible_and_does_not_disturb_training() -> None:
    gan = quickly_compiled(GAN(*small_pair()))
    before = np.array(np.asarray(gan.seed_generator.state))
    assert gan.sample(7).shape == (7, 2)
    assert gan.sample(7).dtype == np.float32
    np.testing.assert_array_equal(gan.sample(7), gan.sample(7))
    assert not np.array_equal(gan.sample(7), gan.sample(7, seed=1))
    np.testing.assert_array_equal(before, np.array(np.asarray(gan.seed_generator.state)))
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
    if activation != "linear":
        assert 0 <= samples.min() < 0.1
        assert 0.9 < samples.max() <= 1


class OwnGenerator(keras.Model):
    """Layers in another order than they are used in, and a tanh that is no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.last = keras.layers.Dense(4)
        self.first = keras.layers.Dense(8, activation="relu")

    def call(self, noise: Any) -> Any:
        return keras.ops.reshape(keras.ops.tanh(self.last(self.first(noise))), (-1, 2, 2, 1))


@pytest.mark.parametrize("ending", [keras.ops.tanh, keras.ops.sigmoid], ids=["tanh", "sigmoid"])
def test_an_operation_behind_a_relu_tells_the_range(ending: Any) -> None:
    noise = keras.Input((3,))
    hidden = keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4, activation="relu")(noise))
    images = ending(keras.layers.Conv2D(1, 1, bias_initializer="random_normal")(hidden) - 0.1)
    assert last_activation(keras.Model(noise, images)) == ending.__name__


def test_the_range_of_a_subclassed_generator_is_read_from_its_images() -> None:
    noise = keras.Input((3,))
    wrapped = keras.Model(noise, OwnGenerator()(noise))
    assert last_activation(wrapped) == "tanh"


def test_sampling_uses_inference_mode() -> None:
    # In training mode batch norm would make an image depend on the others of its batch.
    gan = GAN(*light_dcgan_pair())
    noise = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    np.testing.assert_allclose(gan.sample(noise)[:1], gan.sample(noise[:1]), atol=1e-5)
