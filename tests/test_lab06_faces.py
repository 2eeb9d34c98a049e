"""Sizes by hand, pairs of odd sizes, and augmentation that lets gradients through and rests outside of training."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import models
from labhelpers.models import faces
from labhelpers.training.callbacks import Checkpoints, resume
from labhelpers.training.gan import GAN, last_activation

# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "doublings", "sides"),
    [
        (100, 2, (25, 50, 100)),
        (100, 3, (13, 26, 52, 104)),
        (28, None, (7, 14, 28)),
        (48, None, (6, 12, 24, 48)),
        (64, None, (8, 16, 32, 64)),
        (64, 4, (4, 8, 16, 32, 64)),
        (100, None, (7, 14, 28, 56, 112)),
        (101, 2, (26, 52, 104)),
        (8, None, (4, 8)),
    ],
)
def test_sides_of_the_generator(size, doublings, sides):
    assert models.sizes_of(size, doublings) == sides


@pytest.mark.parametrize(
    ("size", "halvings", "sides"),
    [(100, 4, (100, 50, 25, 13, 7)), (28, None, (28, 14, 7)), (64, 3, (64, 32, 16, 8)), (101, 2, (101, 51, 26))],
)
def test_sides_of_the_discriminator(size, halvings, sides):
    assert models.mirrored_sizes(size, halvings) == sides


def test_the_sides_are_those_of_the_documents_networks():
    pair = models.anime_pair()
    drawn = [layer.output.shape[1] for layer in pair.generator.layers if len(layer.output.shape) == 4]
    assert tuple(sorted(set(drawn))) == models.sizes_of(100, 2)
    seen = [layer.output.shape[1] for layer in pair.discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert (100, *seen) == models.mirrored_sizes(100, 4)


def test_the_table_says_what_the_functions_say():
    table = models.sizing_table([28, 64, 100])
    assert list(table.index) == ["28x28", "64x64", "100x100"]
    assert table.loc["28x28"].to_dict() == {
        "latent": "50 to 100",
        "doublings": 2,
        "generator": "7 => 14 => 28",
        "cropped": 0,
        "discriminator": "28 => 14 => 7",
    }
    assert table.loc["100x100", "cropped"] == 12
    assert models.sizing_table([100], doublings=2).loc["100x100", "generator"] == "25 => 50 => 100"
    assert [models.latent_range(size) for size in (28, 100, 256)] == [(50, 100), (100, 200), (256, 512)]


@pytest.mark.parametrize(
    "call", [lambda: models.sizes_of(7), lambda: models.doublings_for(4), lambda: models.mirrored_sizes(1)]
)
def test_images_that_are_too_small_are_named(call):
    with pytest.raises(ValueError, match="8 or more"):
        call()


def test_impossible_doublings_are_named():
    for doublings in (0, 6, 9):
        with pytest.raises(ValueError, match="choose 1 to 5"):
            models.sizes_of(64, doublings)
    with pytest.raises(ValueError, match="at least 1"):
        models.mirrored_sizes(64, 0)


@pytest.mark.parametrize(("size", "channels"), [(8, 3), (17, 3), (28, 1), (45, 3), (50, 3), (100, 3)])
def test_the_light_pair_fits_any_size(size, channels):
    generator, discriminator = models.light_face_pair(size, 5, channels=channels, filters=8)
    assert generator.output_shape == discriminator.input_shape == (None, size, size, channels)
    assert last_activation(generator) == "tanh"
    images = generator(np.random.default_rng(0).normal(size=(2, 5)).astype("float32"))
    assert discriminator(images).shape == (2, 1)
    filters = [layer.filters for layer in generator.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert filters == sorted(filters, reverse=True)
    seen = [layer.output.shape[1] for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert (size, *seen) == models.mirrored_sizes(size)
    GAN(generator, discriminator)


# --- augmentation -----------------------------------------------------------------------------------------------------


def pictures(count: int = 6, size: int = 16, seed: int = 0) -> Any:
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, size=(count, size, size, 3)).astype("float32"))


def layers_by_name() -> dict[str, keras.layers.Layer]:
    return {layer.name: layer for layer in models.differentiable_augmentation(seed=1)}


@pytest.mark.parametrize("name", ["colour", "translation", "cutout"])
def test_gradients_flow_through_each_change_to_the_images(name):
    images, layer = pictures(), layers_by_name()[name]
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(layer(images, training=True) ** 2)
    gradient = tape.gradient(total, images).numpy()
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).reshape(len(gradient), -1).max(axis=1) > 0).all()  # into every image
    assert (np.abs(gradient) > 0).mean() > 0.5


@pytest.mark.parametrize("name", ["colour", "translation"])
def test_the_gradient_is_the_right_one(name):
    """Against differences: a change by its own draw is linear, so one direction is enough."""
    images, direction = pictures(3), pictures(3, seed=5)

    def changed(scale: float) -> Any:
        return layers_by_name()[name](images + scale * direction, training=True)  # the same draws every time

    weights = pictures(3, seed=6)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(changed(0.0) * weights)
    slope = float(tf.reduce_sum(tape.gradient(total, images) * direction))
    difference = float(tf.reduce_sum((changed(0.5) - changed(-0.5)) * weights))
    assert slope == pytest.approx(difference, rel=0.05)


@pytest.mark.parametrize("name", ["colour", "translation", "cutout"])
def test_each_image_gets_its_own_draw_and_each_call_too(name):
    images = tf.repeat(pictures(1), 8, axis=0)
    layer = layers_by_name()[name]
    once, again = (layer(images, training=True).numpy() for _ in range(2))
    assert once.shape == images.shape
    assert not np.allclose(once[0], once[1])
    assert not np.allclose(once, again)


def test_cutout_takes_a_square_of_half_the_side_and_no_colour_leaves_with_a_clip():
    cut = layers_by_name()["cutout"](pictures() * 0 + 0.5, training=True).numpy()
    assert np.allclose((cut == 0).mean(axis=(1, 2, 3)), 0.25, atol=0.03)
    bright = layers_by_name()["colour"](pictures() * 0 + 1, training=True).numpy()
    assert bright.max() > 1


def test_colour_of_strength_zero_changes_nothing():
    images = pictures()
    layer = models.differentiable_augmentation(colour=0.0)[0]
    np.testing.assert_allclose(layer(images, training=True), images, atol=1e-5)


def test_changes_are_chosen_by_name():
    chosen = models.differentiable_augmentation(changes=("cutout", "colour"))
    assert [layer.name for layer in chosen] == ["cutout", "colour"]
    with pytest.raises(ValueError, match="no change mirror: choose from colour, translation, cutout"):
        models.differentiable_augmentation(changes=("mirror",))


def test_outside_of_training_the_augmented_discriminator_is_the_plain_one():
    discriminator = models.light_face_pair(16, 4, filters=4).discriminator
    both = models.augmented(discriminator)
    images = pictures()
    for how in ({}, {"training": False}):
        np.testing.assert_array_equal(both(images, **how), discriminator(images, training=False))
    np.testing.assert_array_equal(both.predict(images, verbose=0), discriminator.predict(images, verbose=0))
    assert not np.allclose(both(images, training=True), discriminator(images, training=False))
    assert [w.path for w in both.trainable_variables] == [w.path for w in discriminator.trainable_variables]


def test_no_numpy_is_in_the_augmentation():
    source = inspect.getsource(faces)
    assert "numpy" not in source
    assert "np." not in source


def test_the_augmented_discriminator_survives_saving(tmp_path: Path):
    both = models.augmented(models.light_face_pair(16, 4, filters=4).discriminator)
    both.save(tmp_path / "d.keras")
    loaded = keras.models.load_model(tmp_path / "d.keras")
    np.testing.assert_array_equal(loaded(pictures()), both(pictures()))
    assert [layer.name for layer in loaded.get_layer("augmentation").changes] == ["colour", "translation", "cutout"]


class Recorder(keras.layers.Layer):
    """Counts the batches that pass in training."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = self.add_weight((), initializer="zeros", trainable=False, dtype="float32")

    def call(self, images: Any, training: bool = False) -> Any:
        self.seen.assign_add(1.0)
        return images


def test_real_and_fake_images_are_both_augmented_in_the_engines_step():
    generator, discriminator = models.light_face_pair(16, 4, filters=4)
    recorder = Recorder()
    gan = GAN(generator, models.augmented(discriminator, [recorder]))
    gan.compile(steps_per_execution=1)
    gan.fit(pictures(8).numpy(), batch_size=4, epochs=1, progress=False)
    assert float(recorder.seen) == 2 * 3  # two steps: real, fake for D, fake for G


def faces_gan(seed: int) -> GAN:
    keras.utils.set_random_seed(seed)
    generator, discriminator = models.light_face_pair(16, 4, filters=4)
    gan = GAN(generator, models.augmented(discriminator), ema=0.9)
    gan.compile(keras.optimizers.Adam(4e-4, 0.5), keras.optimizers.Adam(4e-4, 0.5), steps_per_execution=2)
    return gan


def test_a_resume_with_augmentation_is_bit_identical(tmp_path: Path):
    images = pictures(16).numpy()
    whole = faces_gan(1)
    whole.fit(images, batch_size=8, epochs=3, progress=False)
    faces_gan(1).fit(images, batch_size=8, epochs=1, progress=False, callbacks=[Checkpoints(tmp_path)])
    resumed = faces_gan(99)
    resumed.fit(images, batch_size=8, initial_epoch=resume(resumed, tmp_path), epochs=3, progress=False)
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other), err_msg=one.path)
    assert whole.step_history == resumed.step_history
    assert all(math.isfinite(value) for values in whole.step_history.values() for value in values)
