"""Checks of lab 01: the parts of a variational autoencoder."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses, models, training
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.networks import (
    as_model,
    expect_range,
    expect_rows_apart,
    with_random_weights,
)
from labhelpers.checks.numeric import (
    Floats,
    Hint,
    compiled,
    expect_close,
    gradients,
    parts_of,
    sigmoid,
    tensor,
    to_array,
)

_IMAGE_SHAPE = (28, 28, 1)
_WIDTH = 256

_MEAN = np.array([[1.0, -2.0]])
_LOG_VAR = np.array([[2 * math.log(2), 0.0]])
"""A standard deviation of 2 in the first dimension and of 1 in the second."""


def _dense_decoder(latent_dim: int) -> keras.Model:
    return models.dense_decoder(_IMAGE_SHAPE, latent_dim, _WIDTH)


@exercise(stand_in=_dense_decoder)
def build_decoder(answer: Answer) -> str:
    """Exercise 1: the decoder, from codes to pixel probabilities."""
    rng = np.random.default_rng(4)
    for latent_dim in (2, 8):
        given = f"build_decoder({latent_dim})"
        network = as_model(answer(latent_dim), given)
        codes = rng.normal(size=(5, latent_dim))
        _expect_images(_drawn(network, tensor(codes), given), tensor(codes), given)
        _expect_parameters(network, latent_dim, given)
        if any(
            variable is other
            for variable in as_model(answer(latent_dim), given).weights
            for other in network.weights
        ):
            raise Wrong(
                f"two calls of {given} gave networks that share weights, expected new "
                "layers in every call: make them inside of the function."
            )
        sure = "probabilities come out of one sigmoid"
        expect_range(network, codes, given, sure, low=0)
        _expect_decoding(network, latent_dim, rng, given)
    return "right shapes, 202,256 parameters for 2 dimensions, and probabilities."


def _drawn(network: keras.Model, codes: Tensor, given: str) -> Any:
    """What a network makes of codes."""
    try:
        return network(codes)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        raise Wrong(
            f"{given} does not take codes of shape {tuple(codes.shape)}, expected it to: "
            "the size of its input is latent_dim."
        ) from error


def _expect_images(images: Any, codes: Tensor, given: str) -> None:
    """The output has the shape of images."""
    if isinstance(images, list | tuple):
        raise Wrong(
            f"{given} has {len(images)} outputs, expected one: mean and log variance "
            "belong to the encoder."
        )
    expected, found = (len(codes), *_IMAGE_SHAPE), to_array(images, given).shape
    if found == expected:
        return
    hint = {
        (len(codes), 784): " Give the 784 numbers the shape of an image: Reshape.",
        expected[:-1]: " The axis of channels is missing: Reshape to (28, 28, 1).",
    }.get(found, "")
    raise Wrong(
        f"{given} makes {found} from codes of shape {tuple(codes.shape)}, expected "
        f"{expected}.{hint}"
    )


def _expect_parameters(network: keras.Model, latent_dim: int, given: str) -> None:
    """Two dense layers with bias, all trainable."""
    pixels = math.prod(_IMAGE_SHAPE)
    expected = (latent_dim + 1) * _WIDTH + (_WIDTH + 1) * pixels
    found = network.count_params()
    hint = {
        (latent_dim + 1) * pixels: f" The hidden layer of {_WIDTH} units is missing.",
        latent_dim * _WIDTH + _WIDTH * pixels: " Both layers need a bias.",
    }.get(found, f" One hidden layer of {_WIDTH} units, and one unit for each pixel.")
    if found != expected:
        raise Wrong(f"{given} has {found:,} parameters, expected {expected:,}.{hint}")
    trainable = sum(math.prod(v.shape) for v in network.trainable_variables)
    if trainable != expected:
        raise Wrong(
            f"{given} trains {trainable:,} of its {found:,} parameters, expected all of "
            "them: freeze nothing."
        )


def _expect_decoding(
    network: keras.Model, latent_dim: int, rng: np.random.Generator, given: str
) -> None:
    """A network of random weights draws what two dense layers draw, in training, too, and compiled."""
    with_random_weights(network, rng, scale=0.3)
    weights = {weight.shape: weight for weight in network.get_weights()}
    pixels = math.prod(_IMAGE_SHAPE)
    try:
        kernel, bias = weights[latent_dim, _WIDTH], weights[_WIDTH,]
        output, offset = weights[_WIDTH, pixels], weights[pixels,]
    except KeyError:
        raise Wrong(
            f"{given} has weights of shapes {sorted(weights)}, expected two dense layers: "
            f"{latent_dim} => {_WIDTH} => {pixels}."
        ) from None
    codes = tensor(rng.normal(size=(5, latent_dim)))
    linear = np.asarray(codes, dtype=np.float64) @ kernel + bias

    def image(scores: Floats) -> Floats:
        # Sorted: in which order the 784 numbers fill the image is learned anyway.
        return np.sort(scores, axis=1)

    def drawn(hidden: Floats) -> Floats:
        return image(sigmoid(hidden @ output + offset))

    relu = np.maximum(linear, 0)
    scores = relu @ output + offset
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    right = drawn(relu)
    hints: list[Hint] = [
        (drawn(linear), "The hidden layer has no activation, expected a ReLU."),
        (drawn(np.tanh(linear)), "The hidden layer needs a ReLU, not a tanh."),
        (drawn(sigmoid(linear)), "The hidden layer needs a ReLU, not a sigmoid."),
        (
            image(powers / powers.sum(axis=1, keepdims=True)),
            "That is a softmax: every pixel has a probability of its own, so use a "
            "sigmoid.",
        ),
        (
            image(np.clip(scores, 0, 1)),
            "Cut-off values have no gradient: end in a sigmoid.",
        ),
    ]
    for training_mode in (False, True):
        images = to_array(network(codes, training=training_mode), given)
        mode = " with training=True" if training_mode else ""
        expect_close(
            image(images.reshape(len(images), -1)),
            right,
            f"{given}{mode}, five codes, each image's pixels in rising order",
            hints=[
                *hints,
                (
                    image(images.reshape(len(images), -1)) if training_mode else [],
                    "It draws differently in training: no dropout, and no noise.",
                ),
            ],
        )
    gradients(network, {"the codes": codes}, "the images")
    expect_rows_apart(network, np.asarray(codes), given)


@exercise(stand_in=training.sample_z)
def sample_z(answer: Answer) -> str:
    """Exercise 2: codes from mean, log variance and noise."""
    epsilon = np.array([[1.0, -0.5]])
    given = "mean=[1, -2], log_var=[log 4, 0], epsilon=[1, -0.5]"
    result = answer(tensor(_MEAN), tensor(_LOG_VAR), tensor(epsilon))
    deviation = np.exp(0.5 * _LOG_VAR)
    expect_close(
        result,
        _MEAN + deviation * epsilon,
        given,
        hints=[
            (
                _MEAN + np.exp(_LOG_VAR) * epsilon,
                "That multiplies the noise by the variance, not by its square root.",
            ),
            (
                _MEAN + _LOG_VAR * epsilon,
                "log_var is a logarithm: take its exponential first.",
            ),
            (
                _MEAN + np.sqrt(np.abs(_LOG_VAR)) * epsilon,
                "log_var is a logarithm: take its exponential first.",
            ),
            (_MEAN + epsilon, "The noise must be scaled by the standard deviation."),
            (_MEAN, "Where is the noise?"),
            (_MEAN + deviation, "Where is the noise?"),
            (_MEAN + epsilon / deviation, "Check the sign in the exponent."),
            (_MEAN - deviation * epsilon, "Add the scaled noise, do not subtract it."),
        ],
    )
    rng = np.random.default_rng(0)
    mean, log_var, noise = rng.normal(size=(3, 5, 3))
    inputs = {"mean": tensor(mean), "log_var": tensor(log_var)}
    codes, slopes = gradients(lambda m, v: answer(m, v, tensor(noise)), inputs)
    spread = np.exp(0.5 * log_var) * noise
    expect_close(codes, mean + spread, "a batch of 5 codes with 3 dimensions")
    for name, slope, expected in zip(
        inputs, slopes, (np.ones((5, 3)), 0.5 * spread), strict=True
    ):
        expect_close(
            slope, expected, f"the gradient of the codes with respect to {name}"
        )
    compiled(answer, tensor(mean), tensor(log_var), tensor(noise))
    return "right values, and gradients flow to mean and log_var."


@exercise(stand_in=losses.kl_divergence)
def kl_divergence(answer: Answer) -> str:
    """Exercise 3: KL divergence in closed form, one value per image."""
    m = np.array([[0.0, 0.0], [1.0, -2.0]])
    v = np.array([[0.0, 0.0], [2 * math.log(2), 0.0]])
    given = "mean=[[0, 0], [1, -2]], log_var=[[0, 0], [log 4, 0]]"
    parts = 0.5 * (m**2 + np.exp(v) - 1 - v)
    right = parts.sum(axis=1)
    expect_close(
        answer(tensor(m), tensor(v)),
        right,
        given,
        hints=[
            (-right, "KL is never negative: check the sign in front."),
            (2 * right, "The factor 1/2 is missing."),
            (-2 * right, "KL is never negative, and the factor 1/2 is missing."),
            (parts.mean(axis=1), "Sum over the latent dimensions, do not average."),
            (
                right.sum(),
                "Keep one value per image: sum over the latent dimensions only.",
            ),
            (
                right.mean(),
                "Keep one value per image: the mean over the batch comes later.",
            ),
            (
                parts.sum(axis=0),
                "Sum over the latent dimensions (axis 1), not over the batch.",
            ),
            (parts, "Sum over the latent dimensions."),
            (right + 1, "The term -1 is missing."),
            (right - 0.5 * (m**2).sum(axis=1), "The squared mean is missing."),
            (0.5 * (np.abs(m) + np.exp(v) - 1 - v).sum(axis=1), "Square the mean."),
            (0.5 * (m + np.exp(v) - 1 - v).sum(axis=1), "Square the mean."),
            (
                0.5 * (m**2 + np.exp(0.5 * v) - 1 - v).sum(axis=1),
                "exp(log_var) is the variance; do not take its root.",
            ),
            (
                0.5 * (m**2 + np.exp(2 * v) - 1 - v).sum(axis=1),
                "exp(log_var) is the variance already; do not square it.",
            ),
            (
                0.5 * (m**2 - 1).sum(axis=1),
                "log_var is a logarithm: its exponential is missing.",
            ),
            (
                0.5 * (m**2 + np.exp(v) - 1 + v).sum(axis=1),
                "log_var is subtracted, not added.",
            ),
        ],
    )
    rng = np.random.default_rng(1)
    mean, log_var = map(tensor, rng.normal(size=(2, 6, 4)))
    expect_close(
        answer(mean, log_var),
        losses.kl_divergence(mean, log_var),
        "a batch of 6 codes with 4 dimensions",
    )
    gradients(
        lambda m, v: tf.reduce_sum(answer(m, v)),
        {"mean": mean, "log_var": log_var},
        "KL",
    )
    compiled(answer, mean, log_var)
    return "0 at the standard normal, and right for six random Gaussians."


def _vae_loss(*arguments: Any) -> tuple[Any, ...]:
    return tuple(losses.vae_loss(*arguments).values())


def _repaired_loss(images: Any, guesses: Any, mean: Any, log_var: Any) -> Any:
    return losses.reconstruction_loss(images, guesses) + losses.kl_divergence(
        mean, log_var
    )


# Stand-ins are not lambdas: AutoGraph prints a warning for each lambda whose source it cannot find in a file.
@exercise(stand_in=_vae_loss)
def vae_loss(answer: Answer) -> str:
    """Exercise 4: the loss in nats per image, with its two parts."""
    images = _tiny_images([[1.0, 0.0], [1.0, 1.0]])
    reconstructions = _tiny_images([[0.5, 0.5], [0.9, 0.8]])
    mean, log_var = tensor([[1.0], [2.0]]), tensor([[0.0], [0.0]])
    given = "images=[[1, 0], [1, 1]], reconstructions=[[.5, .5], [.9, .8]], mean=[[1], [2]], log_var=0, beta=3"
    loss, reconstruction, kl = _three(
        answer(images, reconstructions, mean, log_var, 3.0), given
    )
    nats = np.array([2 * math.log(2), -math.log(0.9) - math.log(0.8)])
    divergence = np.array([0.5, 2.0])
    expect_close(
        reconstruction,
        nats.mean(),
        f"{given}: reconstruction",
        hints=[
            (nats.mean() / 2, "Sum over the pixels of an image, do not average."),
            (nats.sum(), "Average over the batch, do not sum."),
            (
                -nats.mean(),
                "Check the sign: a likelihood below 1 costs a positive number of nats.",
            ),
            (3 * nats.mean(), "beta is the weight of KL, not of the reconstruction."),
            (nats, "Average over the batch."),
        ],
    )
    expect_close(
        kl,
        divergence.mean(),
        f"{given}: kl",
        hints=[
            (
                divergence.sum(),
                "Average KL over the batch as well; a sum makes it batch_size times too large.",
            ),
            (3 * divergence.mean(), "Return kl without beta; only the loss has it."),
            (divergence, "Average over the batch."),
            (-divergence.mean(), "KL is never negative."),
        ],
    )
    expect_close(
        loss,
        nats.mean() + 3 * divergence.mean(),
        f"{given}: loss",
        hints=[
            (nats.mean() + divergence.mean(), "beta is missing: it multiplies KL."),
            (
                3 * nats.mean() + divergence.mean(),
                "beta is the weight of KL, not of the reconstruction.",
            ),
            (3 * (nats.mean() + divergence.mean()), "beta is the weight of KL alone."),
            (nats.mean() - 3 * divergence.mean(), "Both parts are costs: add them."),
        ],
    )
    given = "reconstructions of exactly 0 and 1"
    try:
        loss, _, _ = _three(answer(1 - images, images, mean, log_var, 1.0), given)
        to_array(loss, f"the loss for {given}")
    except Wrong as wrong:
        raise Wrong(
            f"{wrong} Clip the probabilities away from 0 and 1 before the logarithm."
        ) from None
    _compare_on_random_batch(lambda *batch: answer(*batch, 0.5), 0.5)
    batch = _random_batch(np.random.default_rng(3), 5)
    compiled(lambda *parts: answer(*parts, 0.5), *batch)
    return "reconstruction, KL and loss are right, for any batch size, and finite at probabilities of 0 and 1."


@exercise(stand_in=_repaired_loss)
def repaired_loss(answer: Answer) -> str:
    """Find the bug: the document's loss, mended, for each image of the batch."""
    rng = np.random.default_rng(2)
    for count, shape in ((4, _IMAGE_SHAPE), (5, (6, 4, 1)), (3, (8, 8, 3))):
        batch = _random_batch(rng, count, shape)
        given = f"a batch of {count} images of {'x'.join(map(str, shape))}"
        _expect_loss_of_each(answer(*batch), batch, given)
    twice = tuple(tf.concat([part, part], axis=0) for part in batch)
    _expect_loss_of_each(answer(*twice), twice, f"{given}, twice over")
    images, _, mean, log_var = batch
    try:
        to_array(answer(tf.round(images), 1 - tf.round(images), mean, log_var), "it")
    except Wrong as wrong:
        raise Wrong(
            f"for probabilities of exactly 0 and 1 {wrong} The printed code clips them."
        ) from None
    names = ("images", "reconstructions", "mean", "log_var")
    inputs = dict(zip(names, batch, strict=True))
    del inputs["images"]
    gradients(lambda *parts: tf.reduce_sum(answer(images, *parts)), inputs, "the loss")
    compiled(answer, *batch)
    return "a loss for each image, whatever its size and whoever shares its batch."


def _expect_loss_of_each(found: Any, batch: tuple[Tensor, ...], given: str) -> None:
    """The loss of each image, or what is wrong with it."""
    images, guesses, mean, log_var = batch
    pixels, channels = math.prod(images.shape[1:]), images.shape[-1]
    count = len(images)
    r = to_array(losses.reconstruction_loss(images, guesses), "r")
    k = to_array(losses.kl_divergence(mean, log_var), "k")
    course = r.mean() / pixels * 784
    alone = "return one value for each image, the loop takes the mean"
    summed = f"KL is still summed over the batch: here {count} times too large"
    not_any = f"28 * 28 is written into it, but these images have {pixels} numbers"
    averaged = "binary_crossentropy averages over the last axis, the channels"
    expect_close(
        found,
        r + k,
        given,
        hints=[
            (r.mean() + k.mean(), f"That is the loss of the whole batch: {alone}."),
            (r.sum() + k.sum(), f"That is the sum over the batch: {alone}."),
            (course + k.sum(), f"{summed}; and {alone}."),
            (course + k.mean(), f"KL is a mean now, but {alone}."),
            (
                r.mean() + k,
                "KL is right. The reconstruction is still one number for the whole "
                "batch: tf.reduce_mean takes the mean over the images as well.",
            ),
            (
                course + k,
                "KL is right. The reconstruction is still one number for the whole "
                f"batch, and {not_any}.",
            ),
            (r + k.sum(), f"{summed}."),
            (r + k.mean(), "KL is one number for the whole batch: sum over axis 1."),
            (r / pixels * 784 + k, f"KL is right, but {not_any}: sum over the pixels."),
            (r / pixels + k, "Keep the reconstruction a sum over the pixels."),
            (r / channels + k, f"{averaged}: multiply by their number."),
            (r, "KL is gone; it should stay, with the right weight."),
            (r - k, "Both parts are costs: add them."),
            (r + k / mean.shape[1], "Sum KL over the latent dimensions."),
            (r + k.sum() / 128, "Do not divide by 128: sum over axis 1 only."),
            (r + k / 128, "Do not divide by 128: a sum over axis 1 is all it needs."),
        ],
        relative=1e-5,  # KL is a small part of it
    )


def _tiny_images(rows: list[list[float]]) -> Tensor:
    """Images of one row."""
    return tensor(np.array(rows)[:, None, :, None])


def _three(result: object, given: str) -> tuple[object, ...]:
    if isinstance(result, dict):
        result = tuple(result.values())
    return parts_of(
        result,
        ("loss", "reconstruction", "kl"),
        "the three values",
        f"{given}: the answer",
    )


def _random_batch(
    rng: np.random.Generator, count: int, shape: tuple[int, ...] = (3, 2, 1)
) -> tuple[Tensor, ...]:
    """Images, reconstructions, means and log variances."""
    images = rng.uniform(0.05, 0.95, size=(2, count, *shape))
    gaussians = rng.normal(size=(2, count, 2))
    return tuple(map(tensor, (*images, *gaussians)))


def _compare_on_random_batch(answer: Answer, beta: float) -> None:
    batch = _random_batch(np.random.default_rng(3), 5)
    images, guesses, mean, log_var = batch
    expected = losses.vae_loss(images, guesses, mean, log_var, beta)
    found = _three(answer(*batch), "a random batch of 5 images")
    for name, value, wanted in zip(
        ("loss", "reconstruction", "kl"), found, expected.values(), strict=True
    ):
        expect_close(
            value, wanted, f"a random batch of 5 images, beta={beta:g}: {name}"
        )
