"""Checks of lab 04: sizes and parameters of convolutions, a step that trains both players, a student's own DCGAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import models
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.networks import (
    as_model,
    expect_bent,
    expect_budget,
    expect_copy,
    expect_gradients,
    expect_raw_scores,
    expect_rows_apart,
    expect_shape,
    expect_tanh,
    expect_varied,
    largest_change,
    layers_of,
    with_random_weights,
)
from labhelpers.checks.numeric import (
    Floats,
    Hint,
    expect_close,
    expect_exact,
    one_number,
    parts_of,
    shorten,
    tensor,
)
from labhelpers.checks.small_game import Game, d_loss, g_loss

# The largest numbers of parameters that the networks of the assignment may have, and what to do about more.
_GENERATOR_BUDGET = 1_200_000
_DISCRIMINATOR_BUDGET = 500_000
_SMALLER = "fewer channels, or smaller dense layers"

_D_RATE, _G_RATE = 0.5, 0.25
"""The learning rates of the repaired step."""

_IMAGE_SHAPE = (28, 28, 1)


def _conv_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - kernel) // stride + 1


@exercise(stand_in=_conv_output_size)
def conv_output_size(answer: Answer) -> str:
    """Exercise 1: how large the output of a convolution is."""
    _expect_size(answer, (5, 3, 1, 0), 3)
    size, kernel, stride, padding = case = (33, 7, 3, 6)
    exact = (size + 2 * padding - kernel) / stride
    _expect_size(
        answer,
        case,
        _convolved_size(*case),
        hints=[
            (
                exact + 1,
                "Where the kernel no longer fits there is no output: round down.",
            ),
            (
                np.ceil(exact) + 1,
                "Where the kernel no longer fits there is no output: round down.",
            ),
            (
                exact // 1,
                "The first position counts as well: add 1 after the division.",
            ),
            (
                (size + padding - kernel) // stride + 1,
                "The padding is added on both sides.",
            ),
            ((size - kernel) // stride + 1, "Where is the padding?"),
            (
                (size - 2 * padding - kernel) // stride + 1,
                "Padding makes the input larger, not smaller.",
            ),
            (size + 2 * padding - kernel + 1, "Where is the stride?"),
            (
                (size - 1) * stride - 2 * padding + kernel,
                "That is the formula of the transposed convolution.",
            ),
        ],
    )
    cases = [
        (size, kernel, stride, padding)
        for size in (5, 8, 28, 31)
        for kernel in (1, 3, 4, 5)
        for stride in (1, 2, 3)
        for padding in (0, 1, 2)
    ]
    for case in cases:
        _expect_size(answer, case, _convolved_size(*case))
    return f"the size is right for {len(cases)} convolutions."


def _transposed_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size - 1) * stride - 2 * padding + kernel


@exercise(stand_in=_transposed_output_size)
def transposed_output_size(answer: Answer) -> str:
    """Exercise 2: how large the output of a transposed convolution is."""
    _expect_size(answer, (2, 3, 1, 0), 4)
    size, kernel, stride, padding = case = (9, 9, 3, 2)
    right = (size - 1) * stride - 2 * padding + kernel
    _expect_size(
        answer,
        case,
        _stamped_size(*case),
        hints=[
            (
                size * stride - 2 * padding + kernel,
                "From the first stamp to the last there are size - 1 strides.",
            ),
            (right - 1, "Check the 1: the last stamp is a whole kernel wide."),
            (right + 1, "Check the 1: the last stamp is a whole kernel wide."),
            (
                right + 4 * padding,
                "Here the padding is cut off the output, it does not enlarge it.",
            ),
            (right + padding, "The padding is cut off on both sides."),
            (right + 2 * padding, "Where is the padding?"),
            (right - kernel, "The last stamp is a whole kernel wide."),
            (
                size * stride,
                'That is what Keras\' padding="same" gives; here the padding is a number.',
            ),
            (
                (size + 2 * padding - kernel) // stride + 1,
                "That is the formula of the ordinary convolution.",
            ),
        ],
    )
    cases = [
        (size, kernel, stride, padding)
        for size in (2, 4, 7, 14)
        for kernel in (3, 4, 5)
        for stride in (1, 2, 3)
        for padding in (0, 1)
        if kernel >= stride
    ]
    for case in cases:
        _expect_size(answer, case, _stamped_size(*case))
    return f"the size is right for {len(cases)} transposed convolutions."


def _convolved_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Counted: the places where the whole kernel lies on the padded input."""
    windows = np.lib.stride_tricks.sliding_window_view(
        np.zeros(size + 2 * padding), kernel
    )
    return len(windows[::stride])


def _stamped_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Counted: every input pixel stamps one kernel, a stride apart; padding cuts off the rim."""
    stamped = {
        start * stride + offset for start in range(size) for offset in range(kernel)
    }
    return len(range(min(stamped), max(stamped) + 1)) - 2 * padding


def _expect_size(
    answer: Answer,
    case: tuple[int, int, int, int],
    expected: int,
    hints: Sequence[Hint] = (),
) -> None:
    size, kernel, stride, padding = case
    given = f"size={size}, kernel={kernel}, stride={stride}, padding={padding}"
    expect_exact(answer(*case), expected, given, hints)


def _count_parameters(
    kernel: int, channels_in: int, channels_out: int, bias: bool
) -> int:
    return kernel * kernel * channels_in * channels_out + (channels_out if bias else 0)


@exercise(stand_in=_count_parameters)
def count_parameters(answer: Answer) -> str:
    """Exercise 3: how many numbers a convolution learns."""
    for case in (
        (4, 3, 5, True),
        (4, 3, 5, False),
        (4, 100, 512, False),
        (3, 1, 64, True),
        (4, 512, 1, False),
    ):
        kernel, channels_in, channels_out, bias = case
        weights = kernel * kernel * channels_in * channels_out
        layer = keras.layers.Conv2D(channels_out, kernel, use_bias=bias)
        layer.build((None, 8, 8, channels_in))
        expect_exact(
            answer(*case),
            layer.count_params(),
            f"kernel={kernel}, channels_in={channels_in}, channels_out={channels_out}, bias={bias}",
            hints=[
                (
                    weights if bias else weights + channels_out,
                    "Look at bias again: one number for each output channel.",
                ),
                (
                    weights + channels_in,
                    "There is one bias for each output channel, not for each input channel.",
                ),
                (weights + 1, "There is one bias for each output channel."),
                (
                    weights + channels_in * channels_out,
                    "There is one bias for each output channel.",
                ),
                (
                    weights // kernel + (channels_out if bias else 0),
                    "The kernel has two sides.",
                ),
                (
                    weights // channels_in + (channels_out if bias else 0),
                    "Each filter looks at all input channels.",
                ),
                (
                    weights // channels_out + (channels_out if bias else 0),
                    "There is one filter for each output channel.",
                ),
            ],
        )
    return "the counts are those of the real layers; a transposed convolution learns as many."


def _repaired_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    real_images: Any,
    noise: Any,
) -> tuple[Any, Any]:
    with tf.GradientTape() as g_tape:
        fake_images = generator(noise, training=True)
    with tf.GradientTape() as d_tape:
        real_logits = discriminator(real_images, training=True)
        fake_logits = discriminator(fake_images, training=True)
        d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
        d_loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
    variables = discriminator.trainable_variables
    discriminator_optimizer.apply(d_tape.gradient(d_loss, variables), variables)
    with g_tape:
        fake_logits = discriminator(fake_images, training=True)
        g_loss = tf.reduce_mean(tf.nn.softplus(-fake_logits))
    variables = generator.trainable_variables
    generator_optimizer.apply(g_tape.gradient(g_loss, variables), variables)
    return d_loss, g_loss


@exercise(stand_in=_repaired_step)
def repaired_step(answer: Answer) -> str:
    """Find the bug: a step in which the discriminator learns, too. The expected weights are worked out in NumPy."""
    rng = np.random.default_rng(4)
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="tanh"),
            keras.layers.Reshape((2, 2, 1)),
        ]
    )
    discriminator = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    networks = [
        with_random_weights(network, rng) for network in (generator, discriminator)
    ]
    optimizers = (keras.optimizers.SGD(_G_RATE), keras.optimizers.SGD(_D_RATE))
    for number in (1, 2):
        real, noise = rng.uniform(-1, 1, size=(5, 4)), rng.normal(size=(5, 3))
        start = Game.of(*networks, tanh=True)
        result = answer(
            *networks, *optimizers, tensor(real.reshape(5, 2, 2, 1)), tensor(noise)
        )
        g_right = _compare_step(
            start, Game.of(*networks, tanh=True), real, noise, f"step {number}"
        )
        losses = parts_of(result, ("d_loss", "g_loss"), "the two losses", "the step")
        found_d, found_g = (
            one_number(losses[0], "d_loss"),
            one_number(losses[1], "g_loss"),
        )
        fake = start.fakes(noise)
        right = d_loss(start.scores(real), start.scores(fake))
        expect_close(
            found_d,
            right,
            "d_loss",
            hints=[(g, "The order is d_loss, g_loss.") for g in g_right],
        )
        if not any(np.isclose(found_g, g, rtol=1e-3, atol=1e-4) for g in g_right):
            raise Wrong(
                f"g_loss is {found_g:.4g}, expected {g_right[0]:.4g}: the mean of softplus(-fake_logits)."
            )
    return "D moves down its loss, G down its own, and neither moves the other."


def _compare_step(
    start: Game, found: Game, real: Floats, noise: Floats, where: str
) -> list[float]:
    """Compare the weights after a step with those that the losses ask for.

    Returns:
        G's loss against the D after its step, and against the D before it: both orders are right.

    Raises:
        Wrong: a player did not move, or moved elsewhere.
    """
    fake = start.fakes(noise)
    d_right = start.d_step(real, fake, _D_RATE)
    judges = (d_right, start)
    if largest_change((start.w, start.c), (found.w, found.c)) == 0:
        raise Wrong(
            f"{where}: D moved by exactly 0.0, expected a step down d_loss: it is still frozen, or not updated."
        )
    if largest_change((start.a, start.b), (found.a, found.b)) == 0:
        raise Wrong(
            f"{where}: G moved by exactly 0.0, expected a step down g_loss: does its gradient go through D?"
        )
    if not found.same_d(d_right):
        hint = "Does G's step move D as well? Give each optimizer the variables of its own network."
        if found.same_d(start.d_step(real, fake, _D_RATE / 2)):
            hint = "That is half the step: d_loss is the sum of both means, not their average."
        elif found.same_d(start.d_step(real, fake, -_D_RATE)):
            hint = "That is a step up d_loss: check the signs, real images want high logits."
        raise Wrong(
            f"{where}: D's kernel is {shorten(found.w)}, expected {shorten(d_right.w)}. {hint}"
        )
    g_right = [start.g_step(noise, judge, _G_RATE) for judge in judges]
    if not any(found.same_g(right) for right in g_right):
        hint = "g_loss is the mean of softplus(-fake_logits), for G's variables only."
        if any(found.same_g(start.g_step(noise, judge, -_G_RATE)) for judge in judges):
            hint = "That is a step up g_loss: G wants high logits for its fakes."
        raise Wrong(
            f"{where}: G's kernel is {shorten(found.a)}, expected {shorten(g_right[0].a)}. {hint}"
        )
    return [g_loss(judge.scores(fake)) for judge in judges]


@exercise(stand_in=models.cnn_pair)
def cnn_networks(answer: Answer) -> str:
    """Lab 2's networks from their description: the counts of the text, and what they do."""
    for latent_dim in (10, 100):
        given = f"cnn_networks({latent_dim})"
        networks = parts_of(
            answer(latent_dim), ("generator", "discriminator"), "two networks", given
        )
        for network, name in zip(networks, ("generator", "discriminator"), strict=True):
            if not as_model(network, f"{given}: the {name}").built:
                raise Wrong(
                    f"{given}: the {name} has no weights yet, expected a built model: start it with keras.Input, "
                    "or call it once before you return it."
                )
        generator = _expect_generator(
            networks[0], latent_dim, f"{given}: the generator"
        )
        discriminator = _expect_discriminator(
            networks[1], f"{given}: the discriminator"
        )
    for name, network, count, hints in (
        ("generator", generator, 1_925_633, _GENERATOR_HINTS),
        ("discriminator", discriminator, 138_561, _DISCRIMINATOR_HINTS),
    ):
        found = network.count_params()
        if found != count:
            hint = next(
                (words for other, words in hints if other == found),
                "compare each layer with the table: kernels, channels, biases.",
            )
            raise Wrong(
                f"{given}: the {name} has {found:,} parameters, expected {count:,}: {hint}"
            )
    for name, network, bend in (
        ("generator", generator, "ReLU"),
        ("discriminator", discriminator, "LeakyReLU"),
    ):
        inputs = np.random.default_rng(1).normal(size=(16, *network.input_shape[1:]))
        advice = f"is there a {bend} behind the hidden convolutions?"
        expect_bent(network, inputs, f"{given}: the {name}", advice)
    return "1,925,633 and 138,561 parameters, and both do what they should."


_GENERATOR_HINTS = (
    (1_925_633 - 12_544, "the first dense layer has a bias."),
    (1_925_633 + 768, "there is no batch norm in Lab 2's generator."),
    (1_925_633 - 64 * (49 - 16), "the last kernel is 7 wide, not 4."),
    (1_925_633 - 64 * (49 - 25), "the last kernel is 7 wide, not 5."),
    (1_925_633 - 64 * (49 - 9), "the last kernel is 7 wide, not 3."),
    (
        1_925_633 + (25 - 16) * (256 * 128 + 128 * 64),
        "the two strided kernels are 4 wide, not 5.",
    ),
    (
        1_925_633 - (16 - 9) * (256 * 128 + 128 * 64),
        "the two strided kernels are 4 wide, not 3.",
    ),
)

_DISCRIMINATOR_HINTS = (
    (138_561 + 6_272 + 1, "one score, not two."),
    (138_561 + (25 - 16) * (64 + 64 * 128), "the kernels are 4 wide, not 5."),
    (138_561 - (16 - 9) * (64 + 64 * 128), "the kernels are 4 wide, not 3."),
    (138_561 + 512, "there is no batch norm in Lab 2's discriminator."),
    (
        138_561 + 15 * 6_272,
        "without strides the image stays 28x28: both convolutions have stride 2.",
    ),
)


def _own_generator(latent_dim: int = 64) -> keras.Model:
    return models.light_dcgan_pair(latent_dim).generator


@exercise(stand_in=_own_generator)
def my_generator(answer: Answer) -> str:
    """The assignment: a convolutional generator within the budget."""
    for latent_dim in (10, 64):
        given = f"my_generator({latent_dim})"
        network = _expect_generator(answer(latent_dim), latent_dim, given)
    _expect_strided(network, keras.layers.Conv2DTranspose, given)
    expect_budget(network, _GENERATOR_BUDGET, given, _SMALLER)
    return f"{network.count_params():,} parameters, noise to 28x28x1 in [-1, 1] by transposed convolutions."


def _own_discriminator() -> keras.Model:
    return models.light_dcgan_pair().discriminator


@exercise(stand_in=_own_discriminator)
def my_discriminator(answer: Answer) -> str:
    """The assignment: a convolutional discriminator within the budget."""
    given = "my_discriminator()"
    network = _expect_discriminator(answer(), given)
    _expect_strided(network, keras.layers.Conv2D, given)
    expect_budget(network, _DISCRIMINATOR_BUDGET, given, _SMALLER)
    return f"{network.count_params():,} parameters, 28x28x1 to one score by strided convolutions."


def _with_ends(
    value: object, shape: tuple[int, ...], kind: str, given: str
) -> keras.Model:
    """A network of any kind (sequential, functional, subclassed; built or not) as one with a known input."""
    network = as_model(value, given)
    if network.built and getattr(network, "inputs", None):
        if len(network.inputs) != 1:
            raise Wrong(f"{given} takes {len(network.inputs)} inputs, expected one.")
        expect_shape(tuple(network.inputs[0].shape), shape, kind, f"{given} takes")
    inputs = keras.Input(shape)
    return keras.Model(inputs, network(inputs))


def _expect_generator(value: object, latent_dim: int, given: str) -> keras.Model:
    """What holds for every generator of this lab: shapes, one image for each code, range, gradients, a copy."""
    network = _with_ends(value, (latent_dim,), "noise", given)
    expect_shape(network.output_shape, _IMAGE_SHAPE, "images", f"{given} makes")
    noise = np.random.default_rng(0).normal(size=(8, latent_dim))
    expect_varied(expect_rows_apart(network, noise, given), given)
    expect_tanh(network, noise, given)
    expect_gradients(network, noise, given)
    expect_copy(network, noise, given)
    return network


def _expect_discriminator(value: object, given: str) -> keras.Model:
    """What holds for every discriminator of this lab: shapes, raw scores, gradients."""
    network = _with_ends(value, _IMAGE_SHAPE, "images", given)
    expect_shape(network.output_shape, (1,), "one score", f"{given} gives")
    images = np.random.default_rng(0).uniform(-1, 1, size=(8, *_IMAGE_SHAPE))
    expect_rows_apart(network, images, given, mixing=True)  # a minibatch feature
    expect_gradients(network, images, given, whole=False)  # the rim may be cut off
    expect_raw_scores(network, images, given)
    return network


def _expect_strided(
    network: keras.Model, kind: type[keras.layers.Layer], given: str
) -> None:
    """Strided convolutions of this kind do the scaling, nothing pools or resizes, and dense layers are few."""
    layers = layers_of(network)
    for name in (type(layer).__name__ for layer in layers):
        if "Pooling" in name or "UpSampling" in name:
            raise Wrong(
                f"{given} has the layer {name}, expected strided convolutions only: no pooling, no upsampling."
            )
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) > 2:
        raise Wrong(
            f"{given} has {len(dense)} dense layers, expected at most two, next to the noise or the score."
        )
    strided = [
        layer for layer in layers if isinstance(layer, kind) and max(layer.strides) > 1
    ]
    if len(strided) < 2:
        raise Wrong(
            f"{given} has too few strided {kind.__name__} layers: {len(strided)}, expected at least 2: 7 <=> 14 <=> 28."
        )
