"""Checks of lab 04: sizes and parameters of convolutions, a step that trains both players, a DCGAN of one's own."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers import models
from labhelpers.checks.core import Answer, Wrong, exercise, expect_close, shorten, to_array
from labhelpers.training.gan import last_activation

GENERATOR_BUDGET = 1_200_000
DISCRIMINATOR_BUDGET = 500_000
"""The largest numbers of parameters that the networks of the assignment may have."""

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
            (exact + 1, "A kernel that does not fit any more makes no output: round down."),
            (np.ceil(exact) + 1, "A kernel that does not fit any more makes no output: round down."),
            (exact // 1, "The first position counts, too: add 1 after the division."),
            ((size + padding - kernel) // stride + 1, "The padding is added on both sides."),
            ((size - kernel) // stride + 1, "Where is the padding?"),
            ((size - 2 * padding - kernel) // stride + 1, "Padding makes the input larger, not smaller."),
            (size + 2 * padding - kernel + 1, "Where is the stride?"),
            ((size - 1) * stride - 2 * padding + kernel, "That is the formula of the transposed convolution."),
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
    return f"{len(cases)} convolutions have the size that you say."


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
            (size * stride - 2 * padding + kernel, "From the first stamp to the last there are size - 1 strides."),
            (right - 1, "Check the 1: the last stamp is a whole kernel wide."),
            (right + 1, "Check the 1: the last stamp is a whole kernel wide."),
            (right + 4 * padding, "Here padding is cut off the output, it does not enlarge it."),
            (right + padding, "The padding is cut off on both sides."),
            (right + 2 * padding, "Where is the padding?"),
            (right - kernel, "The last stamp is a whole kernel wide."),
            (size * stride, 'That is what Keras\' padding="same" gives; here the padding is a number.'),
            ((size + 2 * padding - kernel) // stride + 1, "That is the formula of the ordinary convolution."),
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
    return f"{len(cases)} transposed convolutions have the size that you say."


def _convolved_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Counted: the places where the kernel lies wholly on the padded input."""
    windows = np.lib.stride_tricks.sliding_window_view(np.zeros(size + 2 * padding), kernel)
    return len(windows[::stride])


def _stamped_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Counted: every input pixel stamps one kernel, a stride apart; padding cuts the rim off."""
    stamped = {start * stride + offset for start in range(size) for offset in range(kernel)}
    return len(range(min(stamped), max(stamped) + 1)) - 2 * padding


def _expect_size(
    answer: Answer, case: tuple[int, int, int, int], expected: int, hints: list[tuple[Any, str]] | None = None
) -> None:
    size, kernel, stride, padding = case
    given = f"size={size}, kernel={kernel}, stride={stride}, padding={padding}"
    expect_close(answer(*case), expected, given, hints=hints or (), relative=0, absolute=1e-9)


def _count_parameters(kernel: int, channels_in: int, channels_out: int, bias: bool) -> int:
    return kernel * kernel * channels_in * channels_out + (channels_out if bias else 0)


@exercise(stand_in=_count_parameters)
def count_parameters(answer: Answer) -> str:
    """Exercise 3: how many numbers a convolution learns."""
    for case in ((4, 3, 5, True), (4, 3, 5, False), (4, 100, 512, False), (3, 1, 64, True), (4, 512, 1, False)):
        kernel, channels_in, channels_out, bias = case
        weights = kernel * kernel * channels_in * channels_out
        layer = keras.layers.Conv2D(channels_out, kernel, use_bias=bias)
        layer.build((None, 8, 8, channels_in))
        expect_close(
            answer(*case),
            layer.count_params(),
            f"kernel={kernel}, channels_in={channels_in}, channels_out={channels_out}, bias={bias}",
            hints=[
                (
                    weights if bias else weights + channels_out,
                    "Look at bias again: one number for each output channel.",
                ),
                (weights + channels_in, "There is one bias for each output channel, not for each input channel."),
                (weights + 1, "There is one bias for each output channel."),
                (weights + channels_in * channels_out, "There is one bias for each output channel."),
                (weights // kernel + (channels_out if bias else 0), "The kernel has two sides."),
                (weights // channels_in + (channels_out if bias else 0), "Each filter looks at all input channels."),
                (
                    weights // channels_out + (channels_out if bias else 0),
                    "There is one filter for each output channel.",
                ),
            ],
            relative=0,
            absolute=1e-9,
        )
    return "the counts are those of the real layers, transposed ones included."


def _repaired_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    real_images: Any,
    noise: Any,
) -> tuple[Any, Any]:
    fake_images = generator(noise, training=True)
    with tf.GradientTape() as tape:
        real_logits = discriminator(real_images, training=True)
        fake_logits = discriminator(fake_images, training=True)
        d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))
    variables = discriminator.trainable_variables
    discriminator_optimizer.apply(tape.gradient(d_loss, variables), variables)
    with tf.GradientTape() as tape:
        g_loss = tf.reduce_mean(tf.nn.softplus(-discriminator(generator(noise, training=True), training=True)))
    variables = generator.trainable_variables
    generator_optimizer.apply(tape.gradient(g_loss, variables), variables)
    return d_loss, g_loss


@exercise(stand_in=_repaired_step)
def repaired_step(answer: Answer) -> str:
    """Find the bug: a step in which the discriminator learns, too. The expected weights are worked out in NumPy."""
    rng = np.random.default_rng(4)
    generator, discriminator = _small_pair(rng)
    d_rate, g_rate = 0.5, 0.25
    optimizers = (keras.optimizers.SGD(g_rate), keras.optimizers.SGD(d_rate))
    for number in (1, 2):
        real_images = rng.uniform(-1, 1, size=(5, 2, 2, 1)).astype(np.float32)
        noise = rng.normal(size=(5, 3)).astype(np.float32)
        before = [np.asarray(w, np.float64) for w in (*generator.get_weights(), *discriminator.get_weights())]
        result = answer(generator, discriminator, *optimizers, tf.constant(real_images), tf.constant(noise))
        after = [np.asarray(w, np.float64) for w in (*generator.get_weights(), *discriminator.get_weights())]
        _judge_step(before, after, real_images, noise, d_rate, g_rate, f"step {number}")
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong(f"gave {type(result).__name__}, expected the two losses: return d_loss, g_loss.")
        for name, loss in zip(("d_loss", "g_loss"), result, strict=True):
            if to_array(loss, name).size != 1:
                raise Wrong(
                    f"{name} has shape {to_array(loss, name).shape}, expected one number: average over the batch."
                )
        d_loss, _, _, g_losses = _one_step(before, real_images, noise, d_rate, g_rate)
        found = [float(to_array(loss, "loss").reshape(())) for loss in result]
        expect_close(found[0], d_loss, "d_loss", hints=[(g, "The order is d_loss, g_loss.") for g in g_losses])
        if not any(np.isclose(found[1], g, rtol=1e-3, atol=1e-4) for g in g_losses):
            raise Wrong(f"g_loss is {found[1]:.4g}, expected {g_losses[0]:.4g}: the mean of softplus(-fake_logits).")
    return "D moves down its loss, G down its own, and neither moves the other."


def _small_pair(rng: np.random.Generator) -> tuple[keras.Model, keras.Model]:
    generator = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Reshape((2, 2, 1))]
    )
    discriminator = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    for network in (generator, discriminator):
        network.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in network.get_weights()])
    return generator, discriminator


_Weights = list[NDArray[np.float64]]


def _sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-scores)))


def _softplus(scores: NDArray[np.float64]) -> float:
    return float(np.logaddexp(0, scores).mean())


def _one_step(
    weights: _Weights, real_images: NDArray[np.float32], noise: NDArray[np.float32], d_rate: float, g_rate: float
) -> tuple[float, _Weights, list[_Weights], list[float]]:
    """D's loss and weights after its step; G's weights and loss against the new D, and against the old one."""
    g_kernel, g_bias, d_kernel, d_bias = weights
    real = real_images.reshape(len(real_images), -1).astype(np.float64)
    fake = np.tanh(noise @ g_kernel + g_bias)
    real_logits, fake_logits = real @ d_kernel + d_bias, fake @ d_kernel + d_bias
    d_loss = _softplus(-real_logits) + _softplus(fake_logits)
    by_real, by_fake = -_sigmoid(-real_logits) / len(real), _sigmoid(fake_logits) / len(fake)
    new_kernel = d_kernel - d_rate * (real.T @ by_real + fake.T @ by_fake)
    new_bias = d_bias - d_rate * (by_real.sum(axis=0) + by_fake.sum(axis=0))
    g_after, g_losses = [], []
    for kernel, bias in ((new_kernel, new_bias), (d_kernel, d_bias)):
        logits = fake @ kernel + bias
        inner = (-_sigmoid(-logits) / len(fake) * kernel.T) * (1 - fake**2)
        g_after.append([g_kernel - g_rate * noise.T @ inner, g_bias - g_rate * inner.sum(axis=0)])
        g_losses.append(_softplus(-logits))
    return d_loss, [new_kernel, new_bias], g_after, g_losses


def _judge_step(
    before: _Weights,
    after: _Weights,
    real_images: NDArray[np.float32],
    noise: NDArray[np.float32],
    d_rate: float,
    g_rate: float,
    where: str,
) -> None:
    """Compare the weights after a step with those that the losses ask for."""
    _, d_expected, g_expected, _ = _one_step(before, real_images, noise, d_rate, g_rate)

    def same(found: _Weights, expected: _Weights) -> bool:
        return all(np.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(found, expected, strict=True))

    g_before, d_before, g_after, d_after = before[:2], before[2:], after[:2], after[2:]
    moved = max(float(np.abs(a - b).max()) for a, b in zip(d_after, d_before, strict=True))
    if moved == 0:
        raise Wrong(
            f"{where}: D moved by exactly 0.0, expected a step down d_loss: it is still frozen, or not updated."
        )
    if max(float(np.abs(a - b).max()) for a, b in zip(g_after, g_before, strict=True)) == 0:
        raise Wrong(f"{where}: G moved by exactly 0.0, expected a step down g_loss: does its gradient go through D?")
    if not same(d_after, d_expected):
        half = [b + (e - b) / 2 for b, e in zip(d_before, d_expected, strict=True)]
        mirrored = [2 * b - e for b, e in zip(d_before, d_expected, strict=True)]
        hint = "Does G's step move D, too? Give each optimizer the variables of its own network."
        if same(d_after, half):
            hint = "That is half the step: d_loss is the sum of both means, not their average."
        elif same(d_after, mirrored):
            hint = "That is a step up d_loss: check the signs, real images want high logits."
        raise Wrong(f"{where}: D's kernel is {shorten(d_after[0])}, expected {shorten(d_expected[0])}. {hint}")
    if not any(same(g_after, each) for each in g_expected):
        mirrored = [2 * b - e for b, e in zip(g_before, g_expected[0], strict=True)]
        hint = "g_loss is the mean of softplus(-fake_logits), for G's variables only."
        if same(g_after, mirrored):
            hint = "That is a step up g_loss: G wants high logits for its fakes."
        raise Wrong(f"{where}: G's kernel is {shorten(g_after[0])}, expected {shorten(g_expected[0][0])}. {hint}")


def _own_generator(latent_dim: int = 64) -> keras.Model:
    return models.light_dcgan_pair(latent_dim).generator


@exercise(stand_in=_own_generator)
def my_generator(answer: Answer) -> str:
    """The assignment: a convolutional generator within the budget."""
    for latent_dim in (64, 10):
        network = _network(answer(latent_dim), f"my_generator({latent_dim})")
        _expect_shape(network.input_shape, (latent_dim,), "takes noise")
        _expect_shape(network.output_shape, _IMAGE_SHAPE, "makes images")
    network = _network(answer(64), "my_generator(64)")
    last = last_activation(network)
    if last != "tanh":
        raise Wrong(f"the last activation is {last}, expected tanh: the images lie in [-1, 1].")
    _require_layers(network, keras.layers.Conv2DTranspose, "Conv2DTranspose", strided=2)
    _require_budget(network, GENERATOR_BUDGET)
    noise = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32)
    images = to_array(network(noise, training=False), "the images")
    if np.abs(images).max() > 1 or np.ptp(images, axis=0).max() < 1e-6:
        raise Wrong(
            f"8 codes give images from {images.min():.3g} to {images.max():.3g} that differ by "
            f"{np.ptp(images, axis=0).max():.2g}, expected different images in [-1, 1]."
        )
    return f"{network.count_params():,} parameters, noise to 28x28x1 in [-1, 1] by transposed convolutions."


def _own_discriminator() -> keras.Model:
    return models.light_dcgan_pair().discriminator


@exercise(stand_in=_own_discriminator)
def my_discriminator(answer: Answer) -> str:
    """The assignment: a convolutional discriminator within the budget."""
    network = _network(answer(), "my_discriminator()")
    _expect_shape(network.input_shape, _IMAGE_SHAPE, "takes images")
    _expect_shape(network.output_shape, (1,), "gives one score")
    last = getattr(network.layers[-1], "activation", None)
    if last in (keras.activations.sigmoid, keras.activations.tanh) or isinstance(
        network.layers[-1], keras.layers.Softmax
    ):
        raise Wrong("the last layer squashes the score, expected a raw score (logit): our losses contain the sigmoid.")
    _require_layers(network, keras.layers.Conv2D, "Conv2D", strided=2)
    _require_budget(network, DISCRIMINATOR_BUDGET)
    images = np.random.default_rng(0).uniform(-1, 1, size=(8, *_IMAGE_SHAPE)).astype(np.float32)
    scores = to_array(network(images, training=False), "the scores")
    if np.ptp(scores) == 0:
        raise Wrong(f"8 different images all get the score {scores.ravel()[0]:.3g}, expected different scores.")
    return f"{network.count_params():,} parameters, 28x28x1 to one score by strided convolutions."


def _network(value: object, what: str) -> keras.Model:
    if value is None:
        raise Wrong(f"{what} is None, expected a keras.Model: is there a `return`?")
    if not isinstance(value, keras.Model) or not value.built:
        raise Wrong(f"{what} is a {type(value).__name__}, expected a built keras.Model: start it with keras.Input.")
    return value


def _expect_shape(found: tuple[int | None, ...], expected: tuple[int, ...], what: str) -> None:
    if tuple(found) != (None, *expected):
        raise Wrong(f"the network {what} of shape {tuple(found)}, expected {(None, *expected)}.")


def _require_layers(network: keras.Model, kind: type[keras.layers.Layer], name: str, *, strided: int) -> None:
    """Strided convolutions do the scaling, nothing pools or resizes, and dense layers are few."""
    parts = list(_parts(network))
    for part in parts:
        if "Pooling" in type(part).__name__ or "UpSampling" in type(part).__name__:
            raise Wrong(
                f"it has a {type(part).__name__}, expected strided convolutions only: no pooling, no upsampling."
            )
    dense = [part for part in parts if isinstance(part, keras.layers.Dense)]
    if len(dense) > 2:
        raise Wrong(f"it has {len(dense)} dense layers, expected two at most, next to the noise or the score.")
    found = [part for part in parts if type(part) is kind and max(part.strides) > 1]
    if len(found) < strided:
        raise Wrong(f"it has {len(found)} strided {name} layers, expected at least {strided}: 7 <=> 14 <=> 28.")


def _parts(network: keras.Model) -> list[keras.layers.Layer]:
    return [part for layer in network.layers for part in (_parts(layer) if isinstance(layer, keras.Model) else [layer])]


def _require_budget(network: keras.Model, budget: int) -> None:
    count = network.count_params()
    if count > budget:
        raise Wrong(
            f"it has {count:,} parameters, expected at most {budget:,}: fewer channels, or smaller dense layers."
        )
