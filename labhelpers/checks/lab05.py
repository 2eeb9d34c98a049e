"""Checks of lab 05: patches, trained positions, and a GAN that fit can train."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise, kind_of
from labhelpers.checks.networks import as_model, largest_change, with_random_weights
from labhelpers.checks.numeric import (
    Floats,
    expect_close,
    gradients,
    one_number,
    tensor,
    to_array,
)
from labhelpers.models.transformer import Patchify, PositionEmbedding, Unpatchify


def _patchify(images: Any, patch_size: int) -> Any:
    return Patchify(patch_size)(images)


def _unpatchify(
    patches: Any, patch_size: int, image_shape: tuple[int, int, int]
) -> Any:
    return Unpatchify(image_shape, patch_size)(patches)


_STEPS = 12
"""How long each player trains alone in exercise 3."""

_CASES = ((3, 6, 4, 2, 2), (2, 28, 28, 1, 4), (2, 14, 21, 3, 7))
"""Batches of other shapes: count, height, width, channels, patch_size."""


def _numpy_patchify(images: Floats, patch_size: int) -> Floats:
    """Patch by patch with plain slices: rows of patches from the top, each from the left."""
    _, height, width, _ = images.shape
    corners = [
        (top, left)
        for top in range(0, height, patch_size)
        for left in range(0, width, patch_size)
    ]
    patches = [
        images[:, top : top + patch_size, left : left + patch_size]
        for top, left in corners
    ]
    return np.stack([patch.reshape(len(images), -1) for patch in patches], axis=1)


def _numbered(*shape: int) -> Floats:
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


@exercise(stand_in=_patchify)
def patchify(answer: Answer) -> str:
    """Exercise 1a: images to sequences of patches."""
    images = _numbered(1, 4, 4, 1)
    right = _numpy_patchify(images, 2)
    expect_close(
        answer(tensor(images), 2),
        right,
        "a 4x4 image with the pixels 0 to 15, patch_size=2",
        hints=[
            (
                images.reshape(1, 4, 4),
                "A plain reshape cuts rows into pieces: bring the two axes of a patch together first.",
            ),
            (
                right.swapaxes(1, 2),
                "The patches are the second axis, their pixels the third.",
            ),
            (right[:, [0, 2, 1, 3]], "Patches go row by row, not column by column."),
            (
                right.reshape(1, 4, 2, 2).swapaxes(2, 3).reshape(1, 4, 4),
                "Inside a patch the pixels go row by row.",
            ),
            (
                right.reshape(1, 4, 2, 2, 1),
                "Each patch is a flat vector of patch_size * patch_size * channels numbers.",
            ),
        ],
    )
    for count, height, width, channels, patch_size in _CASES:
        images = _numbered(count, height, width, channels) / 100
        given = (
            f"{count} images of {height}x{width}x{channels}, patch_size={patch_size}"
        )
        expect_close(
            answer(tensor(images), patch_size),
            _numpy_patchify(images, patch_size),
            given,
        )
    gradients(
        lambda images: answer(images, 2), {"the images": tensor(_numbered(1, 4, 4, 1))}
    )
    return "right for square and oblong images, one channel and three; gradients flow."


@exercise(stand_in=_unpatchify)
def unpatchify(answer: Answer) -> str:
    """Exercise 1b: the inverse."""
    images = _numbered(1, 4, 4, 1)
    patches = _numpy_patchify(images, 2)
    expect_close(
        answer(tensor(patches), 2, (4, 4, 1)),
        images,
        "the four patches of a 4x4 image with the pixels 0 to 15",
        hints=[
            (
                patches.reshape(1, 4, 4, 1),
                "A plain reshape lays the patches end to end: undo the transpose first.",
            ),
            (images.swapaxes(1, 2), "Rows and columns are swapped."),
            (
                images[..., 0],
                "Give the channel axis back: (batch, height, width, channels).",
            ),
        ],
    )
    for count, height, width, channels, patch_size in _CASES:
        images = _numbered(count, height, width, channels) / 100
        given = f"the patches of {count} images of {height}x{width}x{channels}, patch_size={patch_size}"
        found = answer(
            tensor(_numpy_patchify(images, patch_size)),
            patch_size,
            (height, width, channels),
        )
        expect_close(found, images, given)
    gradients(
        lambda patches: answer(patches, 2, (4, 4, 1)), {"the patches": tensor(patches)}
    )
    return "the exact inverse; gradients flow."


@exercise(stand_in=PositionEmbedding)
def PositionalEmbedding(answer: Answer) -> str:  # noqa: N802  (named as the student's class is)
    """Exercise 2: a layer with one trained vector for each position."""
    tokens, features = 5, 3
    rng = np.random.default_rng(5)
    sequence = rng.normal(size=(4, tokens, features))
    layer = answer()
    if not isinstance(layer, keras.layers.Layer):
        raise Wrong(
            f"PositionalEmbedding() is {kind_of(layer)}, expected a keras.layers.Layer."
        )
    result = to_array(layer(tensor(sequence)), "the result")
    if result.shape != sequence.shape:
        raise Wrong(
            f"{sequence.shape} went in and {result.shape} came out, expected the same shape: add, do not concatenate."
        )
    found = sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
    if found != tokens * features:
        raise Wrong(
            f"the layer has {found} trainable numbers for {tokens} tokens of {features} features, expected "
            f"{tokens * features}: {_why_untracked(layer, found)}"
        )
    weight = layer.trainable_weights[0]
    vectors = rng.normal(size=(tokens, features))
    weight.assign(vectors.reshape(weight.shape))
    expect_close(
        layer(tensor(sequence)),
        sequence + vectors,
        "with the weight set to random vectors",
        hints=[
            (sequence * vectors, "Add the vectors, do not multiply."),
            (
                np.broadcast_to(vectors, sequence.shape),
                "Add the vectors to the tokens that come in.",
            ),
            (sequence, "The weight is there, but it is not used."),
            (sequence - vectors, "Add the vectors, do not subtract them."),
        ],
    )
    _, (slope,) = gradients(
        lambda _: tf.reduce_sum(layer(tensor(sequence)) ** 2),
        {"the weight": weight.value},
        "the layer",
        "otherwise it never trains",
    )
    expected = 2 * (sequence + vectors).sum(axis=0)
    expect_close(
        slope.reshape(tokens, features), expected, "the gradient of the weight"
    )
    inputs = keras.Input((7, 2))
    network = keras.Model(inputs, answer()(inputs))
    if network.count_params() != 14 or len(network.trainable_weights) != 1:
        raise Wrong(
            f"a model of 7 tokens with 2 features counts {network.count_params()} parameters, expected 14."
        )
    return (
        "one trained vector per position, tracked by the model, and gradients reach it."
    )


def _why_untracked(layer: keras.layers.Layer, found: int) -> str:
    if found == 0 and layer.non_trainable_weights:
        return "the weight is not trainable."
    if found == 0:
        return "make the weight with self.add_weight in build, so that Keras tracks it."
    return "the shape of the weight is input_shape[1:], one vector per position."


class _MyGAN(keras.Model):
    """labhelpers' version of the student's class, with the same three methods."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        **kwargs: Any,
    ) -> None:
        """Keep both optimizers."""
        super().compile(optimizer=generator_optimizer, **kwargs)
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer

    def train_step(self, real_images: Any) -> dict[str, Any]:
        """One step of both players."""
        noise = tf.random.normal(
            (tf.shape(real_images)[0], self.generator.input_shape[-1])
        )
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake_images = self.generator(noise, training=True)
            real_logits = self.discriminator(real_images, training=True)
            fake_logits = self.discriminator(fake_images, training=True)
            d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
                tf.nn.softplus(fake_logits)
            )
            g_loss = tf.reduce_mean(tf.nn.softplus(-fake_logits))
        for tape, loss, network, optimizer in (
            (d_tape, d_loss, self.discriminator, self.discriminator_optimizer),
            (g_tape, g_loss, self.generator, self.generator_optimizer),
        ):
            optimizer.apply(
                tape.gradient(loss, network.trainable_variables),
                network.trainable_variables,
            )
        return {"g_loss": g_loss, "d_loss": d_loss}


@exercise(stand_in=_MyGAN)
def MyGAN(answer: Answer) -> str:  # noqa: N802  (named as the student's class is)
    """Exercise 3: the GAN itself. Each player alone must get better at its own game, and leave the other as it was."""
    real_images = tensor(np.random.default_rng(6).normal(1.0, 0.1, size=(16, 4)))
    for learner in ("D", "G"):
        _expect_learns_alone(answer, learner, real_images)
    gan = _assembled(answer, 0.05, 0.05)
    gan.jit_compile = (
        False  # compiling two tiny networks with XLA takes longer than training them
    )
    batches = tf.data.Dataset.from_tensor_slices(real_images).batch(6)
    history = gan.fit(batches, epochs=2, shuffle=False, verbose=0).history
    missing = {"g_loss", "d_loss"} - set(history)
    if missing:
        raise Wrong(
            f"the history of fit has {sorted(history)}, expected g_loss and d_loss: return both from train_step."
        )
    return "each player learns and leaves the other alone, fit trains it, and a smaller last batch is no problem."


def _expect_learns_alone(answer: Answer, learner: str, real_images: Tensor) -> None:
    """A few steps in which the other player's learning rate is 0."""
    other, name = ("G", "d_loss") if learner == "D" else ("D", "g_loss")
    gan = _assembled(
        answer, **{"g_rate": 0.0, "d_rate": 0.0, f"{learner.lower()}_rate": 0.5}
    )
    networks = {"G": gan.generator, "D": gan.discriminator}
    before = {player: network.get_weights() for player, network in networks.items()}
    real_before, fake_before = _scores(gan, real_images)
    losses = [
        _losses(gan.train_step(real_images[: 16 - step % 2]))[name]
        for step in range(_STEPS)
    ]
    moved = {
        player: largest_change(before[player], network.get_weights())
        for player, network in networks.items()
    }
    if moved[learner] == 0:
        raise Wrong(
            f"{learner} moved by exactly 0.0 in {_STEPS} steps, expected it to train: does its optimizer step?"
        )
    if moved[other] > 0:
        raise Wrong(
            f"{other}'s optimizer has learning rate 0, but {other} moved, expected it to stay put: each optimizer "
            "takes the variables of its own network."
        )
    real_score, fake_score = _scores(gan, real_images)
    old_gap, gap = real_before - fake_before, real_score - fake_score
    if learner == "D" and gap <= old_gap:
        raise Wrong(
            f"{_STEPS} steps of D brought the gap between real and fake scores from {old_gap:.3g} to {gap:.3g}, "
            "expected a wider one: check the signs in d_loss."
        )
    if learner == "G" and fake_score <= fake_before:
        raise Wrong(
            f"{_STEPS} steps of G brought its fakes' score from {fake_before:.3g} to {fake_score:.3g}, expected a "
            "higher one: check the sign in g_loss."
        )
    first, last = losses[0], np.mean(losses[-3:])
    if not last < first:
        raise Wrong(
            f"{name} went from {first:.3g} to {last:.3g} in {_STEPS} steps, expected it to fall: is it the right loss?"
        )


def _assembled(answer: Answer, g_rate: float, d_rate: float) -> Any:
    """The student's GAN around two tiny networks that always start the same."""
    rng = np.random.default_rng(7)
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    discriminator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    networks = [
        with_random_weights(network, rng, scale=0.3)
        for network in (generator, discriminator)
    ]
    gan = as_model(answer(*networks), "MyGAN(generator, discriminator)")
    for name in ("generator", "discriminator"):
        if getattr(gan, name, None) is None:
            raise Wrong(
                f"the GAN has no {name}, expected it to keep both networks: self.{name} = {name}."
            )
    gan.compile(keras.optimizers.SGD(g_rate), keras.optimizers.SGD(d_rate))
    return gan


def _scores(gan: Any, real_images: Tensor) -> tuple[float, float]:
    """Mean scores of the real images, and of 500 fakes from always the same noise."""
    noise = tensor(np.random.default_rng(8).normal(size=(500, 3)))
    real, fake = gan.discriminator(real_images), gan.discriminator(gan.generator(noise))
    return float(np.mean(real)), float(np.mean(fake))


def _losses(result: object) -> dict[str, float]:
    names = ("g_loss", "d_loss")
    if not isinstance(result, dict) or not set(names) <= set(result):
        found = sorted(result) if isinstance(result, dict) else kind_of(result)
        raise Wrong(
            f'train_step gave {found}, expected {{"g_loss": ..., "d_loss": ...}}.'
        )
    return {name: one_number(result[name], name) for name in names}
