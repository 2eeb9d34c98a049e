"""Augmentation lets gradients through, rests outside of training, and is part of a training that goes on exactly."""

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
from labhelpers.models import augmentation
from labhelpers.training.checkpoints import Checkpoints, resume
from labhelpers.training.gan import GAN


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
    source = inspect.getsource(augmentation)
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
