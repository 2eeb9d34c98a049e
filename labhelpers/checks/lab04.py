"""Checks of lab 04: sizes and parameters of convolutions, a step that trains both players, a student's own DCGAN."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses, models
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.networks import (
    Function,
    Reference,
    as_model,
    expect_budget,
    expect_copy,
    expect_gradients,
    expect_range,
    expect_raw_scores,
    expect_rows_apart,
    expect_shape,
    expect_tanh,
    expect_twin,
    expect_varied,
    fresh,
    layers_of,
    operations_of,
    with_random_weights,
)
from labhelpers.checks.numeric import Likely, expect_results, parts_of
from labhelpers.checks.small_game import expect_game_step
from labhelpers.training import Player, adversarial_step

# The largest numbers of parameters that the networks of the assignment may have, and what to do about more.
_GENERATOR_BUDGET = 1_200_000
_DISCRIMINATOR_BUDGET = 500_000
_SMALLER = "fewer channels, or smaller dense layers"

_IMAGE_SHAPE = (28, 28, 1)


def _conv_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - kernel) // stride + 1


_ROUND_DOWN = "Where the kernel no longer fits there is no output: round down."


@exercise(stand_in=_conv_output_size)
def conv_output_size(answer: Answer) -> str:
    """Exercise 1: how large the output of a convolution is."""
    cases = [(5, 3, 1, 0), (33, 7, 3, 6)]
    cases += [
        (size, kernel, stride, padding)
        for size in (5, 8, 28, 31, 51)
        for kernel in (1, 3, 4, 5)
        for stride in (1, 2, 3)
        for padding in (0, 1, 2)
    ]
    mistakes: list[Likely] = [
        (lambda s, k, t, p: (s + 2 * p - k) / t + 1, _ROUND_DOWN),
        (lambda s, k, t, p: math.ceil((s + 2 * p - k) / t) + 1, _ROUND_DOWN),
        (lambda s, k, t, p: round((s + 2 * p - k) / t) + 1, _ROUND_DOWN),
        (
            lambda s, k, t, p: (s + 2 * p - k) // t,
            "The first position counts as well: add 1 after the division.",
        ),
        (
            lambda s, k, t, p: (s + 2 * p - k + 1) // t,
            "The first position counts as well: add 1 after the division, not before.",
        ),
        (
            lambda s, k, t, p: (s + p - k) // t + 1,
            "The padding is added on both sides.",
        ),
        (lambda s, k, t, p: (s - k) // t + 1, "Where is the padding?"),
        (
            lambda s, k, t, p: (s - 2 * p - k) // t + 1,
            "Padding makes the input larger, not smaller.",
        ),
        (lambda s, k, t, p: s + 2 * p - k + 1, "Where is the stride?"),
        (
            lambda s, k, t, p: (s - 1) * t - 2 * p + k,
            "That is the formula of the transposed convolution.",
        ),
        (
            lambda s, k, t, p: -(-s // t),
            'That is what Keras\' padding="same" gives; here the padding is a number.',
        ),
    ]
    expect_results(answer, _convolved_size, _named(cases), mistakes, exact=True)
    return f"the size is right for {len(cases)} convolutions."


def _transposed_output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size - 1) * stride - 2 * padding + kernel


@exercise(stand_in=_transposed_output_size)
def transposed_output_size(answer: Answer) -> str:
    """Exercise 2: how large the output of a transposed convolution is."""
    cases = [(2, 3, 1, 0), (9, 9, 3, 2)]
    cases += [
        (size, kernel, stride, padding)
        for size in (1, 2, 4, 7, 14, 51)
        for kernel in (3, 4, 5, 7)
        for stride in (1, 2, 3)
        for padding in (0, 1)
    ]
    right = _transposed_output_size
    mistakes: list[Likely] = [
        (
            lambda s, k, t, p: s * t - 2 * p + k,
            "From the first stamp to the last there are size - 1 strides.",
        ),
        (
            lambda s, k, t, p: right(s, k, t, p) - 1,
            "It is 1 too small: the last stamp is a whole kernel wide.",
        ),
        (
            lambda s, k, t, p: right(s, k, t, p) + 1,
            "It is 1 too large: the last stamp is one kernel wide, no more.",
        ),
        (
            lambda s, k, t, p: (s - 1) * t + 2 * p + k,
            "Here the padding is cut off the output, it does not enlarge it.",
        ),
        (
            lambda s, k, t, p: (s - 1) * t - p + k,
            "The padding is cut off on both sides.",
        ),
        (lambda s, k, t, p: (s - 1) * t + k, "Where is the padding?"),
        (
            lambda s, k, t, p: (s - 1) * t - 2 * p,
            "The last stamp is a whole kernel wide.",
        ),
        (
            lambda s, k, t, p: s * t,
            'That is what Keras\' padding="same" gives; here the padding is a number.',
        ),
        (
            lambda s, k, t, p: (s + 2 * p - k) // t + 1,
            "That is the formula of the ordinary convolution.",
        ),
    ]
    expect_results(answer, _stamped_size, _named(cases), mistakes, exact=True)
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


def _named(
    cases: Sequence[tuple[int, int, int, int]],
) -> dict[str, tuple[int, int, int, int]]:
    """Sizes of a convolution by the words for them."""
    names = ("size", "kernel", "stride", "padding")
    return {
        ", ".join(
            f"{name}={value}" for name, value in zip(names, case, strict=True)
        ): case
        for case in cases
    }


def _count_parameters(
    kernel: int, channels_in: int, channels_out: int, bias: bool
) -> int:
    return kernel * kernel * channels_in * channels_out + (channels_out if bias else 0)


@exercise(stand_in=_count_parameters)
def count_parameters(answer: Answer) -> str:
    """Exercise 4: how many numbers a convolution learns."""

    def of_the_layer(
        kernel: int, channels_in: int, channels_out: int, bias: bool
    ) -> int:
        layer = keras.layers.Conv2D(channels_out, kernel, use_bias=bias)
        layer.build((None, 8, 8, channels_in))
        return int(layer.count_params())

    one_each = "There is one bias for each output channel"
    mistakes: list[Likely] = [
        (lambda k, i, o, bias: k * k * i * o, f"{one_each}, where `bias` is True."),
        (
            lambda k, i, o, bias: k * k * i * o + o,
            "Where `bias` is False there is none to count.",
        ),
        (
            lambda k, i, o, bias: k * k * i * o + (not bias) * o,
            "Look at bias again: it is counted where it is False.",
        ),
        (
            lambda k, i, o, bias: k * k * i * o + bias * i,
            f"{one_each}, not for each input channel.",
        ),
        (lambda k, i, o, bias: k * k * i * o + bias, f"{one_each}."),
        (lambda k, i, o, bias: k * k * i * o + bias * i * o, f"{one_each}."),
        (lambda k, i, o, bias: k * i * o + bias * o, "The kernel has two sides."),
        (lambda k, i, o, bias: 2 * k * i * o + bias * o, "k * k, not 2 * k."),
        (
            lambda k, i, o, bias: k * k * o + bias * o,
            "Each filter looks at all input channels.",
        ),
        (
            lambda k, i, o, bias: k * k * i + bias * o,
            "There is one filter for each output channel.",
        ),
    ]
    cases = {
        f"kernel={kernel}, channels_in={channels_in}, channels_out={channels_out}, bias={bias}": (
            kernel,
            channels_in,
            channels_out,
            bias,
        )
        for kernel, channels_in, channels_out, bias in (
            (4, 3, 5, True),
            (4, 3, 5, False),
            (4, 100, 512, False),
            (3, 1, 64, True),
            (4, 512, 1, False),
            (1, 16, 7, True),
            (7, 6, 6, True),
        )
    }
    expect_results(answer, of_the_layer, cases, mistakes, exact=True)
    return "the counts are those of the real layers; a transposed convolution learns as many."


def _repaired_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    real_images: Any,
    noise: Any,
) -> tuple[Any, Any]:
    found = adversarial_step(
        Player(generator, generator_optimizer),
        Player(discriminator, discriminator_optimizer),
        losses.non_saturating(),
        [losses.Batch(real_images, noise)],
    )
    return found["d_loss"], found["g_loss"]


@exercise(stand_in=_repaired_step)
def repaired_step(answer: Answer) -> str:
    """Find the bug: a step in which the discriminator learns, too."""
    expect_game_step(answer)
    return "D moves down its loss, G down its own, neither moves the other, and it compiles."


_NAMES = ("generator", "discriminator")


@exercise(stand_in=models.cnn_pair)
def cnn_networks(answer: Answer) -> str:
    """Exercise 3: Lab 2's networks from their description: the counts of the text, and what each layer does."""
    for latent_dim in (10, 100):
        given = f"cnn_networks({latent_dim})"
        pairs = [
            parts_of(answer(latent_dim), _NAMES, "two networks", given)
            for _ in range(2)
        ]
        networks = []
        for number, (name, shape, kind) in enumerate(
            zip(_NAMES, ((latent_dim,), _IMAGE_SHAPE), ("noise", "images"), strict=True)
        ):
            both = [pair[number] for pair in pairs]
            if not as_model(both[0], f"{given}: the {name}").built:
                raise Wrong(
                    f"{given}: the {name} has no weights yet, expected a built model: start it with keras.Input, "
                    "or call it once before you return it."
                )
            networks.append(
                fresh(iter(both).__next__, shape, kind, f"{given}: the {name}")
            )
        generator, discriminator = networks
        for network, makes, name, verb in (
            (generator, _IMAGE_SHAPE, "images", "makes"),
            (discriminator, (1,), "one score", "gives"),
        ):
            player = _NAMES[network is discriminator]
            found_shape = tuple(network.output_shape)
            expect_shape(found_shape, makes, name, f"{given}: the {player} {verb}")
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
    _expect_drawing(generator, f"{given}: the generator")
    _expect_scoring(discriminator, f"{given}: the discriminator")
    return "1,925,633 and 138,561 parameters, and each layer does what the table says."


_BEHIND = "Behind the hidden convolutions there is"


def _leaky(slope: float) -> Function:
    return lambda x: tf.nn.leaky_relu(x, slope)


def _expect_drawing(generator: keras.Model, given: str) -> None:
    """The generator draws what the table's layers draw with its weights."""
    rng = np.random.default_rng(1)
    with_random_weights(generator, rng, 0.05)
    latent_dim = generator.input_shape[1]
    shapes = [(latent_dim, 12_544), (12_544,)]
    shapes += [(4, 4, 128, 256), (128,), (4, 4, 64, 128), (64,), (7, 7, 1, 64), (1,)]
    weights = _by_shape(generator, shapes, given)

    def drawn(
        start: Function = tf.identity,
        bend: Function = tf.nn.relu,
        end: Function = tf.tanh,
    ) -> Reference:
        def run(noise: Tensor) -> Tensor:
            x = start(noise @ weights[latent_dim, 12_544] + weights[12_544,])
            x = tf.reshape(x, (-1, 7, 7, 256))
            x = bend(_stamps(x, weights[4, 4, 128, 256], 2) + weights[128,])
            x = bend(_stamps(x, weights[4, 4, 64, 128], 2) + weights[64,])
            return end(_stamps(x, weights[7, 7, 1, 64], 1) + weights[1,])

        return run

    bends = {
        "no activation": tf.identity,
        "a tanh": tf.tanh,
        "a LeakyReLU(0.2)": _leaky(0.2),
        "a LeakyReLU": _leaky(0.3),
    }
    mistakes = [
        (drawn(bend=bend), f"{_BEHIND} {words}, expected a ReLU.")
        for words, bend in bends.items()
    ]
    mistakes += [
        (drawn(start), "The dense layer has an activation, expected none.")
        for start in (tf.nn.relu, tf.tanh, _leaky(0.2), _leaky(0.3))
    ]
    ends = {"no activation": tf.identity, "a sigmoid": tf.sigmoid, "a ReLU": tf.nn.relu}
    mistakes += [
        (drawn(end=end), f"At the end there is {words}, expected a tanh.")
        for words, end in ends.items()
    ]
    noise = rng.normal(size=(5, latent_dim))
    expect_twin(generator, drawn(), noise, given, mistakes)


def _expect_scoring(discriminator: keras.Model, given: str) -> None:
    """The discriminator scores as the table's layers do with its weights."""
    rng = np.random.default_rng(2)
    with_random_weights(discriminator, rng, 0.05)
    shapes = [(4, 4, 1, 64), (64,), (4, 4, 64, 128), (128,), (6272, 1), (1,)]
    weights = _by_shape(discriminator, shapes, given)

    right = _leaky(0.2)

    def scored(bend: Function = right, end: Function = tf.identity) -> Reference:
        def run(images: Tensor) -> Tensor:
            x = tf.nn.conv2d(images, weights[4, 4, 1, 64], 2, "SAME") + weights[64,]
            x = tf.nn.conv2d(bend(x), weights[4, 4, 64, 128], 2, "SAME") + weights[128,]
            flat = tf.reshape(bend(x), (-1, 6272))
            return end(flat @ weights[6272, 1] + weights[1,])

        return run

    bends = {
        "no activation": tf.identity,
        "a ReLU": tf.nn.relu,
        "a tanh": tf.tanh,
        "a LeakyReLU with Keras' default slope of 0.3": _leaky(0.3),
        "a LeakyReLU(0.1)": _leaky(0.1),
        "a LeakyReLU(0.01)": _leaky(0.01),
    }
    expect_twin(
        discriminator,
        scored(),
        rng.uniform(-1, 1, size=(5, *_IMAGE_SHAPE)),
        given,
        [
            *(
                (scored(bend), f"{_BEHIND} {words}, expected LeakyReLU(0.2).")
                for words, bend in bends.items()
            ),
            *(
                (scored(end=end), "At the end there is an activation, expected none.")
                for end in (tf.sigmoid, tf.tanh, tf.nn.relu, _leaky(0.2))
            ),
        ],
    )


def _by_shape(
    network: keras.Model, shapes: Sequence[tuple[int, ...]], given: str
) -> dict[tuple[int, ...], keras.Variable]:
    """The weights of a network in which no two have the same shape."""
    found = {tuple(weight.shape): weight for weight in network.trainable_weights}
    if sorted(found) != sorted(shapes):
        raise Wrong(
            f"{given} has weights of shapes {sorted(found)}, expected {sorted(shapes)}: compare each layer with the "
            "table."
        )
    return found


def _stamps(images: Tensor, kernel: Any, stride: int) -> Tensor:
    """A transposed convolution with padding "same"."""
    side = images.shape[1] * stride
    shape = (tf.shape(images)[0], side, side, kernel.shape[2])
    return tf.nn.conv2d_transpose(images, kernel, shape, stride, "SAME")


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
        build = functools.partial(answer, latent_dim)
        network = fresh(build, (latent_dim,), "noise", given)
        _expect_generator(network, latent_dim, given)
    _expect_strided(
        network, {"Conv2DBackpropInput"}, "transposed convolution", "enlarge", given
    )
    expect_budget(network, _GENERATOR_BUDGET, given, _SMALLER)
    return f"{network.count_params():,} parameters, noise to 28x28x1 in [-1, 1] by transposed convolutions."


def _own_discriminator() -> keras.Model:
    return models.light_dcgan_pair().discriminator


@exercise(stand_in=_own_discriminator)
def my_discriminator(answer: Answer) -> str:
    """The assignment: a convolutional discriminator within the budget."""
    given = "my_discriminator()"
    network = fresh(answer, _IMAGE_SHAPE, "images", given)
    _expect_discriminator(network, given)
    _expect_strided(
        network, {"Conv2D", "DepthwiseConv2dNative"}, "convolution", "shrink", given
    )
    expect_budget(network, _DISCRIMINATOR_BUDGET, given, _SMALLER)
    return f"{network.count_params():,} parameters, 28x28x1 to one score by strided convolutions."


def _expect_generator(network: keras.Model, latent_dim: int, given: str) -> None:
    """What holds for every generator of this lab: shapes, one image for each code, range, gradients, a copy."""
    expect_shape(network.output_shape, _IMAGE_SHAPE, "images", f"{given} makes")
    noise = np.random.default_rng(0).normal(size=(8, latent_dim))
    images = expect_rows_apart(network, noise, given)
    # The range first: what a ReLU cuts off does not vary either.
    expect_range(network, noise, given, "end in a tanh")
    expect_varied(images, given)
    expect_tanh(network, noise, given)
    expect_gradients(network, noise, given)
    expect_copy(network, noise, given)


def _expect_discriminator(network: keras.Model, given: str) -> None:
    """What holds for every discriminator of this lab: shapes, raw scores, gradients."""
    expect_shape(network.output_shape, (1,), "one score", f"{given} gives")
    images = np.random.default_rng(0).uniform(-1, 1, size=(8, *_IMAGE_SHAPE))
    expect_rows_apart(network, images, given, mixing=True)  # a minibatch feature
    expect_gradients(network, images, given, whole=False)  # the rim may be cut off
    expect_raw_scores(network, images, given)


def _expect_strided(
    network: keras.Model, kinds: set[str], name: str, verb: str, given: str
) -> None:
    """Strided operations of these kinds do the scaling, nothing pools or resizes, and dense layers are few."""
    layers = layers_of(network)
    for kind in (type(layer).__name__ for layer in layers):
        if "UpSampling" in kind or ("Pooling" in kind and "Global" not in kind):
            raise Wrong(
                f"{given} has the layer {kind}, expected strided convolutions only: no pooling, no upsampling."
            )
    operations = operations_of(network, network.input_shape[1:])
    for kind, _ in operations:
        if kind.startswith(("Resize", "MaxPool", "AvgPool")):
            raise Wrong(
                f"{given} has the operation {kind}, expected strided convolutions only: no pooling, no resizing."
            )
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) > 2:
        raise Wrong(
            f"{given} has {len(dense)} dense layers, expected at most two, next to the noise or the score."
        )
    strided = sum(kind in kinds and stride > 1 for kind, stride in operations)
    if strided < 2:
        raise Wrong(
            f"{given} has too few {name}s with strides, which {verb} the image: {strided}, expected at least 2: "
            "7 <=> 14 <=> 28."
        )
