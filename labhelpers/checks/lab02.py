"""Checks of lab 02: a discriminator from an encoder, and D(G(z)) as one model."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from labhelpers import models
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.networks import as_model, with_random_weights
from labhelpers.checks.numeric import Floats, expect_close, sigmoid, tensor, to_array

_IMAGE_SHAPE = (28, 28, 1)


@exercise(stand_in=models.discriminator_from_encoder)
def build_discriminator(answer: Answer) -> str:
    """Exercise 1: the encoder's trunk with one score on top."""
    rng = np.random.default_rng(0)
    encoder = with_random_weights(
        models.dense_encoder(_IMAGE_SHAPE, 32), rng, scale=0.1
    )
    images = tensor(rng.uniform(size=(6, *_IMAGE_SHAPE)))
    before = encoder.get_weights()
    discriminator = as_model(answer(encoder), "build_discriminator(encoder)")
    if discriminator is encoder:
        raise Wrong(
            "the result is the encoder itself, expected a new model that ends in one score."
        )
    scores = discriminator(images)
    if isinstance(scores, (list, tuple)):
        raise Wrong(
            f"the model has {len(scores)} outputs, expected one: leave out mean and log_var."
        )
    logits = _one_score_per_image(scores, len(images))
    if any(
        not np.array_equal(old, new)
        for old, new in zip(before, encoder.get_weights(), strict=True)
    ):
        raise Wrong(
            "the weights of the encoder changed, expected them to stay as they are."
        )
    if len(encoder.trainable_variables) != len(before):
        raise Wrong(
            f"the encoder has {len(encoder.trainable_variables)} trainable variables now, expected {len(before)}: "
            "freeze nothing."
        )
    kernel, bias = before[:2]
    head, offset = _trunk_and_head(discriminator, kernel, bias)
    features = np.maximum(
        np.asarray(images, dtype=np.float64).reshape(len(images), -1) @ kernel + bias, 0
    )
    right = (features @ head + offset).ravel()
    expect_close(
        logits,
        right,
        "six random images",
        hints=[
            (
                sigmoid(right),
                "That is a probability: return the raw score, without a sigmoid.",
            ),
            (np.tanh(right), "Return the raw score, without an activation."),
            (np.maximum(right, 0), "Return the raw score, without an activation."),
        ],
        absolute=1e-3,
    )
    if len(discriminator.trainable_variables) != 4:
        raise Wrong(
            f"the model has {len(discriminator.trainable_variables)} trainable variables, expected 4: freeze nothing."
        )
    shared = any(
        variable is own for variable in discriminator.weights for own in encoder.weights
    )
    trunk = "shared with" if shared else "a copy of"
    return (
        f"{_parameters(discriminator):,} parameters; the trunk is {trunk} the encoder."
    )


@exercise(stand_in=models.assemble_gan)
def assemble_gan(answer: Answer) -> str:
    """Exercise 2: D(G(z)) as one model."""
    rng = np.random.default_rng(2)
    for latent_dim in (32, 5):
        generator = with_random_weights(
            models.dense_decoder(_IMAGE_SHAPE, latent_dim, width=8), rng, scale=0.1
        )
        encoder = with_random_weights(
            models.dense_encoder(_IMAGE_SHAPE, latent_dim, width=8), rng, scale=0.1
        )
        discriminator = models.discriminator_from_encoder(encoder)
        parts = [*generator.weights, *discriminator.weights]
        trainable = len(generator.trainable_variables) + len(
            discriminator.trainable_variables
        )
        noise = tensor(rng.normal(size=(6, latent_dim)))
        fake_images = generator(noise)
        right = np.asarray(discriminator(fake_images), dtype=np.float64).ravel()
        gan = as_model(
            answer(generator, discriminator), "assemble_gan(generator, discriminator)"
        )
        given = f"a generator with latent_dim={latent_dim}"
        try:
            result = gan(noise)
        except ValueError as error:
            raise Wrong(
                f"{given}: the model does not take noise of shape {tuple(noise.shape)}, expected D(G(z)): the noise "
                "first goes into the generator; read its length from generator.input_shape."
            ) from error
        if tuple(getattr(result, "shape", ())) == tuple(fake_images.shape):
            raise Wrong(
                f"{given}: gave images {tuple(result.shape)}, expected scores (6, 1): where is D?"
            )
        logits = _one_score_per_image(result, len(noise))
        expect_close(
            logits,
            right,
            f"{given}, six noise vectors",
            hints=[
                (
                    sigmoid(right),
                    "That is a probability: leave the raw score as it is.",
                ),
                (-right, "The sign of the score is flipped."),
            ],
            absolute=1e-3,
        )
        if {id(variable) for variable in gan.weights} != {
            id(variable) for variable in parts
        }:
            raise Wrong(
                f"{given}: the model's {len(gan.weights)} variables are not those of the two networks, expected "
                f"exactly their {len(parts)}: call the networks themselves, not copies."
            )
        if len(gan.trainable_variables) != trainable:
            raise Wrong(
                f"{given}: {len(gan.trainable_variables)} variables are trainable, expected {trainable}: freeze "
                "nothing, each optimizer will move one network only."
            )
    return "noise goes in, D(G(z)) comes out, and both networks are inside."


def _one_score_per_image(scores: Any, count: int) -> Floats:
    """The scores as (count,), from (count,) or (count, 1)."""
    array = to_array(scores, "the model's output")
    if array.shape not in ((count,), (count, 1)):
        raise Wrong(
            f"{count} inputs gave an output of shape {array.shape}, expected ({count}, 1): one score each."
        )
    return array.ravel()


def _trunk_and_head(
    discriminator: keras.Model, kernel: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of the head, after checking that the trunk is the encoder's."""
    width = kernel.shape[1]
    weights = discriminator.get_weights()
    expected = kernel.size + bias.size + width + 1
    found = _parameters(discriminator)
    kernels = [array for array in weights if array.shape == kernel.shape]
    if not kernels:
        raise Wrong(
            f"the model has no weights of shape {kernel.shape}, expected those of the encoder's layer `hidden`."
        )
    if not any(np.allclose(array, kernel) for array in kernels):
        raise Wrong(
            "the hidden layer has new weights, expected the encoder's: use encoder.get_layer('hidden'), or copy its "
            "weights."
        )
    heads = [array for array in weights if array.ndim == 2 and array.shape[1] == 1]
    if len(heads) == 1 and heads[0].shape[0] != width and found > expected:
        raise Wrong(
            f"the score is computed from {heads[0].shape[0]} numbers, expected {width}: put it on the layer `hidden`, "
            "not on what comes after it."
        )
    if found != expected:
        raise Wrong(
            f"the model has {found:,} parameters, expected {expected:,}: the layer `hidden` and one dense unit with "
            "bias."
        )
    return heads[0], next(array for array in weights if array.shape == (1,))


def _parameters(model: keras.Model) -> int:
    return sum(math.prod(variable.shape) for variable in model.weights)
