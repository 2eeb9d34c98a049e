"""Checks of lab 02: a discriminator from an encoder, and D(G(z)) as one model."""

from __future__ import annotations

import functools

import keras
import numpy as np
import tensorflow as tf

from labhelpers import models
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.networks import (
    Function,
    as_model,
    dense_pair_of,
    expect_raw_scores,
    expect_twin,
    outputs,
    with_ends,
    with_random_weights,
)
from labhelpers.checks.numeric import Floats

_IMAGE_SHAPE = (28, 28, 1)


@exercise(stand_in=models.discriminator_from_encoder)
def build_discriminator(answer: Answer) -> str:
    """Exercise 1: the encoder's trunk with one score on top."""
    rng = np.random.default_rng(0)
    encoder = with_random_weights(
        models.dense_encoder(_IMAGE_SHAPE, 32), rng, scale=0.1
    )
    images = rng.uniform(size=(6, *_IMAGE_SHAPE))
    before = encoder.get_weights()
    given = "build_discriminator(encoder)"
    value = as_model(answer(encoder), given)
    if value is encoder:
        raise Wrong(
            "the result is the encoder itself, expected a new model that ends in one score."
        )
    discriminator = with_ends(value, _IMAGE_SHAPE, "images", given)
    ends = len(discriminator.outputs)
    if ends > 1:
        raise Wrong(
            f"the model has {ends} outputs, expected one: leave out mean and log_var."
        )
    _one_score_each(discriminator, images, given)
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
    _expect_trunk(discriminator, *before[:2])
    shared = any(
        variable is own for variable in discriminator.weights for own in encoder.weights
    )
    width = before[1].size
    offset = next(part for part in discriminator.weights if part.shape == (1,))
    _centre(discriminator, images, offset)
    layers = dense_pair_of(discriminator, (before[0].shape[0], width, 1), given)
    expect_twin(
        discriminator,
        _scores_like(discriminator, layers(tf.nn.relu, tf.identity)),
        images,
        given,
        [
            (
                _scores_like(discriminator, layers(bend, end)),
                words,
            )
            for bend, end, words in (
                (
                    tf.nn.relu,
                    tf.sigmoid,
                    "That is a probability: return the raw score, without a sigmoid.",
                ),
                *(
                    (tf.nn.relu, end, "Return the raw score, without an activation.")
                    for end in (tf.tanh, tf.nn.relu, tf.nn.softplus, tf.nn.leaky_relu)
                ),
                (
                    tf.identity,
                    tf.identity,
                    "The ReLU of the layer `hidden` is missing.",
                ),
            )
        ],
    )
    expect_raw_scores(discriminator, images, given)
    trunk = "shared with" if shared else "a copy of"
    return f"{discriminator.count_params():,} parameters; the trunk is {trunk} the encoder."


@exercise(stand_in=models.assemble_gan)
def assemble_gan(answer: Answer) -> str:
    """Exercise 2: D(G(z)) as one model."""
    rng = np.random.default_rng(2)
    for latent_dim in (32, 5):
        generator = with_random_weights(
            models.dense_decoder(_IMAGE_SHAPE, latent_dim, width=8), rng, scale=0.1
        )
        encoder = models.dense_encoder(_IMAGE_SHAPE, latent_dim, width=8)
        discriminator = with_random_weights(
            models.discriminator_from_encoder(encoder), rng
        )
        noise = rng.normal(size=(6, latent_dim))
        fakes = outputs(generator, noise, "G")
        _centre(discriminator, fakes, discriminator.weights[-1])
        parts = [*generator.weights, *discriminator.weights]
        trainable = [
            *generator.trainable_variables,
            *discriminator.trainable_variables,
        ]
        given = f"a generator with latent_dim={latent_dim}"
        gan = with_ends(
            answer(generator, discriminator),
            (latent_dim,),
            "noise",
            f"{given}: assemble_gan(generator, discriminator)",
        )
        if tuple(gan.output_shape) == tuple(generator.output_shape):
            raise Wrong(
                f"{given}: gave images {tuple(gan.output_shape)}, expected scores (None, 1): where is D?"
            )
        _one_score_each(gan, noise, given)
        if {id(variable) for variable in gan.weights} != {
            id(variable) for variable in parts
        }:
            raise Wrong(
                f"{given}: the model's {len(gan.weights)} variables are not those of the two networks, expected "
                f"exactly their {len(parts)}: call the networks themselves, not copies."
            )
        if len(gan.trainable_variables) != len(trainable):
            raise Wrong(
                f"{given}: {len(gan.trainable_variables)} variables are trainable, expected {len(trainable)}: freeze "
                "nothing, each optimizer will move one network only."
            )

        def composed(
            rows: Tensor,
            end: Function = tf.identity,
            generator: keras.Model = generator,
            discriminator: keras.Model = discriminator,
        ) -> Tensor:
            return end(discriminator(generator(rows)))

        expect_twin(
            gan,
            _scores_like(gan, composed),
            noise,
            f"{given}: the model",
            [
                (
                    _scores_like(gan, functools.partial(composed, end=end)),
                    words,
                )
                for end, words in (
                    (
                        tf.sigmoid,
                        "That is a probability: leave the raw score as it is.",
                    ),
                    (tf.negative, "The sign of the score is flipped."),
                    (tf.tanh, "Leave the raw score as it is, without an activation."),
                    (
                        tf.nn.relu,
                        "Leave the raw score as it is, without an activation.",
                    ),
                )
            ],
        )
    return "noise goes in, D(G(z)) comes out, and both networks are inside."


def _centre(discriminator: keras.Model, images: Floats, offset: keras.Variable) -> None:
    """Shift the scores of these images so that half of them are below 0: what bends a score must show."""
    scores = outputs(discriminator, images, "D")
    offset.assign_sub(np.full(offset.shape, np.median(scores)))


def _scores_like(network: keras.Model, reference: Function) -> Function:
    """A reference whose scores have the network's shape, (batch,) or (batch, 1)."""
    ends = tuple(network.output_shape[1:])
    return lambda rows: tf.reshape(reference(rows), (-1, *ends))


def _one_score_each(network: keras.Model, inputs: Floats, given: str) -> None:
    """The scores are (batch,) or (batch, 1)."""
    shape = outputs(network, inputs, given).shape
    count = len(inputs)
    if shape not in ((count,), (count, 1)):
        raise Wrong(
            f"{given}: {count} inputs gave an output of shape {shape}, expected ({count}, 1): one score each."
        )


def _expect_trunk(
    discriminator: keras.Model, kernel: np.ndarray, bias: np.ndarray
) -> None:
    """The trunk is the encoder's, with one dense unit on it."""
    width = kernel.shape[1]
    weights = discriminator.get_weights()
    expected = kernel.size + bias.size + width + 1
    found = discriminator.count_params()
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
    if not any(
        array.shape == bias.shape and np.allclose(array, bias) for array in weights
    ):
        raise Wrong(
            "the hidden layer has the encoder's kernel and a new bias, expected both from the encoder."
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
    if len(discriminator.trainable_variables) != 4:
        raise Wrong(
            f"the model has {len(discriminator.trainable_variables)} trainable variables, expected 4: freeze nothing."
        )
