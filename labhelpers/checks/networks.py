"""What a student's network is and must be: layers, shapes, size, outputs, gradients.

In every check of what a network does, ``network`` is the answer's, whose weights are
the same afterwards, ``inputs`` or ``images`` is a batch of what goes in, ``given`` is the
answer's call in words, with which each message begins, and ``advice`` what to do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers.arrays import Tensor
from labhelpers.checks.core import Wrong, kind_of
from labhelpers.checks.numeric import Floats, compiled, tensor, to_array


def as_model(value: object, what: str, *, built: bool = False) -> keras.Model:
    """A result that must be a network.

    Args:
        value: what the answer returned.
        what: what it is, for the message.
        built: whether its shapes must be known already.

    Raises:
        Wrong: it is something else, or not built.
    """
    if value is None:
        raise Wrong(f"{what} is None, expected a keras.Model: is there a `return`?")
    if built and not (isinstance(value, keras.Model) and value.built):
        raise Wrong(
            f"{what} is {kind_of(value)}, expected a built keras.Model: start it with keras.Input."
        )
    if not isinstance(value, keras.Model):
        raise Wrong(f"{what} is {kind_of(value)}, expected a keras.Model.")
    return value


def layers_of(network: keras.Model) -> list[keras.layers.Layer]:
    """All layers of a network, also those inside other networks and wrappers."""
    return list(network._flatten_layers(include_self=False))


def expect_shape(
    found: tuple[int | None, ...],
    expected: tuple[int, ...],
    kind: str,
    where: str,
    hint: str = "",
) -> None:
    """Compare what a network takes or makes with what it should.

    Args:
        found: the network's ``input_shape`` or ``output_shape``.
        expected: the same without the batch axis.
        kind: what has this shape, as "images".
        where: the beginning of the message up to the verb, as "my_generator(64) makes".
        hint: a sentence to add.

    Raises:
        Wrong: they differ.
    """
    right = (None, *expected)
    if tuple(found) != right:
        raise Wrong(
            f"{where} {tuple(found)}, expected {kind} of shape {right}.{hint and f' {hint}'}"
        )


def expect_budget(network: keras.Model, budget: int, given: str, advice: str) -> None:
    """Count the parameters of a network.

    Raises:
        Wrong: there are more than the budget allows.
    """
    count = network.count_params()
    if count > budget:
        raise Wrong(
            f"{given} has {count:,} parameters, expected at most {budget:,}: {advice}."
        )


def outputs(
    network: keras.Model, inputs: Floats, given: str, *, training: bool = False
) -> Floats:
    """What a network makes of a batch.

    Raises:
        Wrong: it is no tensor of finite numbers.
    """
    return to_array(network(tensor(inputs), training=training), f"{given}: the output")


def expect_rows_apart(
    network: keras.Model,
    inputs: Floats,
    given: str,
    *,
    training: bool = False,
    mixing: bool = False,
) -> Floats:
    """Run a compiled network on a batch of 5 or more, and on its first 5, 2 and 1 rows.

    With ``mixing`` the numbers of a row may depend on the rows beside it. With ``training``
    it runs in that mode, in which batch norm's averages move.

    Returns:
        What it made of the whole batch.

    Raises:
        Wrong: it does not compile, a batch of another size gives another shape, or a
            row alone other numbers.
    """

    def output_of(rows: Tensor) -> Tensor:
        return network(rows, training=training)

    run = compiled(output_of, inputs, given=given)
    whole = to_array(run(tensor(inputs)), f"{given}: the output")
    slack = 1e-3 * np.abs(whole).max()
    for count in (5, 2, 1):
        part = to_array(run(tensor(inputs[:count])), f"{given}: the output")
        right = (count, *whole.shape[1:])
        if part.shape != right:
            raise Wrong(
                f"{given} makes {part.shape} of a batch of {count}, expected {right}: "
                "leave the batch axis as it is (-1)."
            )
        if not (mixing or np.abs(part - whole[:count]).max() <= slack):
            raise Wrong(
                f"{given} makes something else of an input when others are in the "
                "batch with it, expected the same: no layer may mix a batch (to norm "
                "each input for itself there is LayerNormalization)."
            )
    return whole


def expect_varied(images: Floats, given: str) -> None:
    """Images (n, ...) of n noises differ in every pixel that is not black or white.

    Raises:
        Wrong: some of their numbers are always the same.
    """
    spread = np.ptp(images, axis=0)
    dead = int(((spread < 1e-6) & (np.abs(images[0]) < 0.999)).sum())
    if dead:
        raise Wrong(
            f"{given}: {dead} of {spread.size} pixel values are the same for "
            f"{len(images)} different noises, expected all to change: does the noise "
            "reach every place of the output?"
        )


def expect_range(
    network: keras.Model,
    inputs: Floats,
    given: str,
    advice: str,
    low: float = -1.0,
    high: float = 1.0,
) -> None:
    """A network must fill [low, high] and never leave it, for wild inputs and weights.

    Raises:
        Wrong: it leaves the range, or comes near one end only.
    """
    with _own_weights(network):
        for large, scale in ((False, 1), (False, 1e6), (True, 1), (True, 1e3)):
            if large and scale == 1:
                _shake(network, np.random.default_rng(1))
            values = outputs(network, scale * inputs, given)
            least, most = float(values.min()), float(values.max())
            found = f"{given} makes values from {least:.3g} to {most:.3g}"
            found += f" of inputs times {scale:g}{' with large weights' * large}"
            if least < low - 1e-4 or most > high + 1e-4:
                raise Wrong(f"{found}, expected [{low:g}, {high:g}]: {advice}.")
    edge = (high - low) / 20
    if least > low + edge or most < high - edge:
        lower, shrunk = low < 0 <= least, "something shrinks them or cuts them off"
        why = "a sigmoid or a ReLU leaves out the lower half" if lower else shrunk
        raise Wrong(
            f"{found}, expected both ends of [{low:g}, {high:g}]: {why}, {advice}."
        )


def expect_tanh(
    network: keras.Model, inputs: Floats, given: str, advice: str = "end in a tanh"
) -> None:
    """Images must come out of a tanh, however it is written: range and curve tell.

    Raises:
        Wrong: they do not fill [-1, 1], or something else than a tanh keeps them there.
    """
    expect_range(network, inputs, given, advice)
    kernels = [weight for weight in network.trainable_weights if weight.shape[1:]]
    with _own_weights(network):
        if not any(_opens(network, kernel, inputs, given) for kernel in kernels[::-1]):
            raise Wrong(
                f"{given} keeps its values in [-1, 1], but bends them in another way "
                "than a tanh, expected a tanh as the last step: no softsign, nothing "
                "that cuts off."
            )


def _opens(
    network: keras.Model, kernel: keras.Variable, inputs: Floats, given: str
) -> bool:
    """Whether the outputs' arctanh grows in a straight line with a kernel.

    It does with the last one before a tanh, and with none before another such function.
    """
    start, size = kernel.numpy(), 1.0

    def opened(times: float) -> Floats:
        kernel.assign(times * start)
        return np.arctanh(np.clip(outputs(network, inputs, given), -0.9999, 0.9999))

    for _ in range(8):  # bring the outputs to where a tanh bends
        middle = float(np.abs(opened(size)).mean())
        if 0.2 < middle < 1.5:
            break
        size *= 0.4 / max(middle, 1e-6)
    one, two, three = (opened(times * size) for times in (1, 2, 3))
    kernel.assign(start)
    inner = np.abs(three) < 4.9
    grown, bent = np.abs(three - one)[inner], np.abs(one - 2 * two + three)[inner]
    return bool(grown.sum() > 0 and bent.sum() < 0.05 * grown.sum())


def expect_raw_scores(network: keras.Model, images: Floats, given: str) -> None:
    """A discriminator must give raw scores: large weights take them far out both ways.

    Raises:
        Wrong: its scores stay in [-1, 1], or on one side of 0.
    """
    rng, low, high = np.random.default_rng(0), 0.0, 0.0
    with _own_weights(network):
        for number in range(40):  # the scores of one network may all have the same sign
            if number % 2 == 0:
                _shake(network, rng)
            scores = outputs(network, 1000 ** (number % 2) * images, given)
            low, high = min(low, float(scores.min())), max(high, float(scores.max()))
            if low < -1 and high > 1:
                return
    found = f"{given} scores from {low:.3g} to {high:.3g}, however large its weights, "
    if low >= -1 and high <= 1:
        raise Wrong(
            f"{found}expected raw scores (logits): no sigmoid or tanh at the end, our "
            "losses contain the sigmoid."
        )
    if low >= 0 or high <= 0:
        raise Wrong(f"{found}expected both signs: no ReLU or softplus at the end.")


def expect_bent(network: keras.Model, inputs: Floats, given: str, advice: str) -> None:
    """A network must be more than linear layers, with or without a tanh at the end.

    Without biases those are odd, f(-x) = -f(x). With ReLU or LeakyReLU in between, the
    even part of f is not zero.

    Raises:
        Wrong: negating its input does no more than negate its output.
    """
    plus, minus, zero = (outputs(network, sign * inputs, given) for sign in (1, -1, 0))
    if np.abs(plus + minus - 2 * zero).max() < 1e-3 * np.abs(plus - minus).max():
        raise Wrong(
            f"{given}: negating what goes in just negates what comes out, expected a "
            f"network that bends: {advice}"
        )


def expect_gradients(
    network: keras.Model, inputs: Floats, given: str, *, whole: bool = True
) -> None:
    """A compiled training step must be able to move every weight, and feel the input.

    Unless it is the ``whole`` input, some of its numbers may count for nothing.

    Raises:
        Wrong: it does not compile, no weight trains, or a gradient is lost on its way
            to one or to the input.
    """
    weights = network.trainable_weights
    if not weights:
        raise Wrong(
            f"{given} has 0 weights that train, expected all of them: is `trainable` "
            "False?"
        )

    def slopes_of(rows: Tensor) -> list[Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            result = network(rows, training=True)
            # Not a plain sum: batch norm's gradient of that is zero.
            places = tf.range(tf.size(result, tf.int32), dtype=tf.int32)
            waves = tf.reshape(tf.sin(tf.cast(places, result.dtype)), tf.shape(result))
            total = tf.reduce_sum(result * waves)
        parts = [rows, *(weight.value for weight in weights)]
        slopes = tape.gradient(total, parts, unconnected_gradients="zero")
        return [tf.convert_to_tensor(slope) for slope in slopes]

    run = compiled(slopes_of, inputs, given=given)
    with _own_weights(network):
        slopes = [list(map(np.abs, run(tensor(inputs))))]
        _shake(network, np.random.default_rng(2), scale=0.1)  # zeros may be a start
        slopes.append(list(map(np.abs, run(tensor(inputs)))))
    felt = [one + other for one, other in zip(*slopes, strict=True)]
    for weight, slope in zip(weights, felt[1:], strict=True):
        if not np.any(slope):
            raise Wrong(
                f"{given}: no gradient comes back to {weight.path}, expected one for "
                "every weight: is a layer left out, does something stop the gradient?"
            )
    deaf = felt[0].max(axis=0) == 0
    if deaf.all() or (whole and deaf.any()):
        raise Wrong(
            f"{given} does not look at {deaf.sum()} of the {deaf.size} numbers that go "
            "in, expected that all of them count: do all parts reach the output?"
        )


def expect_copy(network: keras.Model, inputs: Floats, given: str) -> None:
    """A copy with the same weights must do the same: the engine averages in one.

    Raises:
        Wrong: it cannot be copied, or the copy makes something else.
    """
    try:
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
    except Exception as error:
        raise Wrong(
            f"{given} raised {type(error).__name__} when it was copied, expected a "
            "copy, in which the lab keeps an average: build it from Keras layers, and "
            "give a class of your own plain numbers as arguments."
        ) from None
    found, right = (outputs(each, inputs, given) for each in (copy, network))
    if not np.allclose(found, right, atol=1e-4):
        raise Wrong(
            f"{given}: a copy with the same weights makes something else, expected the "
            "same: is something random in it?"
        )


@contextlib.contextmanager
def _own_weights(network: keras.Model) -> Iterator[None]:
    """A network that has its weights again afterwards."""
    weights = network.get_weights()
    try:
        yield
    finally:
        network.set_weights(weights)


def _shake(network: keras.Model, rng: np.random.Generator, scale: float = 1.0) -> None:
    """Add normal numbers to every weight that trains: variances stay as they are."""
    for weight in network.trainable_weights:
        weight.assign_add(rng.normal(scale=scale, size=weight.shape))


def with_random_weights(
    network: keras.Model, rng: np.random.Generator, scale: float = 1.0
) -> keras.Model:
    """The network with normal weights of this scale: no bias stays at 0, where a lost one would not show."""
    network.set_weights(
        [rng.normal(scale=scale, size=weight.shape) for weight in network.get_weights()]
    )
    return network


def largest_change(
    before: Sequence[NDArray[np.floating]], after: Sequence[NDArray[np.floating]]
) -> float:
    """How far the weight that moved most has moved."""
    return max(
        float(np.abs(new - old).max()) for old, new in zip(before, after, strict=True)
    )
