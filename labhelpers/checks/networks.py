"""What a student's network is and must be: layers, shapes, size, outputs, gradients.

In every check of what a network does, ``network`` is the answer's, whose weights are
the same afterwards, ``inputs`` or ``images`` is a batch of what goes in, ``given`` is the
answer's call in words, with which each message begins, and ``advice`` what to do.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers.arrays import Tensor
from labhelpers.checks.core import Wrong, kind_of, said_by
from labhelpers.checks.numeric import (
    Floats,
    compiled,
    expect_close,
    tensor,
    to_array,
)

Function: TypeAlias = Callable[[Any], Any]
"""From a tensor to a tensor."""

Reference: TypeAlias = Callable[[Tensor], Tensor]
"""What a network should do, in TensorFlow, from the network's own weights."""


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


def operations_of(
    network: keras.Model, shape: tuple[int, ...]
) -> list[tuple[str, int]]:
    """TensorFlow's operations of a network, each with its largest stride, or 1: how they are written does not matter.

    Args:
        network: the answer's.
        shape: of one input.
    """
    inputs = tf.TensorSpec((None, *shape))
    run = tf.function(
        lambda rows: network(rows, training=False),
        input_signature=[inputs],
        autograph=False,
    )
    graph = run.get_concrete_function().graph.as_graph_def()
    nodes = [
        *graph.node,
        *(node for inner in graph.library.function for node in inner.node_def),
    ]
    return [(node.op, max([1, *node.attr["strides"].list.i])) for node in nodes]


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


def with_ends(
    value: object, shape: tuple[int, ...], kind: str, given: str
) -> keras.Model:
    """A network of any build (a class, a Sequential, functional) as the labs use it: functional, with a named input.

    Args:
        value: what the answer returned.
        shape: of one input.
        kind: what has this shape, as "noise".
        given: the answer's call in words.

    Raises:
        Wrong: it is no network, has several inputs, or takes something else.
    """
    network = as_model(value, given)
    ends = getattr(network, "inputs", None) if network.built else None
    if ends:
        if len(ends) != 1:
            raise Wrong(f"{given} takes {len(ends)} inputs, expected one.")
        found = tuple(ends[0].shape)
        if found[0] is not None:
            raise Wrong(
                f"{given} takes batches of {found[0]} only, expected any size: leave it "
                "out of keras.Input."
            )
        expect_shape(found, shape, kind, f"{given} takes")
    inputs = keras.Input(shape)
    try:
        return keras.Model(inputs, network(inputs))
    except Exception as error:
        raise Wrong(
            f"{given} does not take {kind} of shape {(None, *shape)} "
            f"({type(error).__name__}: {said_by(error)}), expected that it does, for "
            "batches of any size: what comes in, and is it Keras or TensorFlow from "
            "end to end?"
        ) from error


def fresh(
    build: Callable[[], object], shape: tuple[int, ...], kind: str, given: str
) -> keras.Model:
    """The network of a builder, which must make a new one with each call.

    Args:
        build: calls the answer.
        shape: as for ``with_ends``.
        kind: as for ``with_ends``.
        given: as for ``with_ends``.

    Raises:
        Wrong: two calls give the same network, or networks that share weights.
    """
    one, other = build(), build()
    if isinstance(one, keras.Model) and one is other:
        raise Wrong(
            f"{given} returned the same network twice, expected a new one with each "
            "call: build it inside the function."
        )
    networks = [with_ends(network, shape, kind, given) for network in (one, other)]
    mine, its = ({id(weight) for weight in network.weights} for network in networks)
    if mine & its:
        raise Wrong(
            f"two calls of {given} gave networks that share weights, expected new "
            "layers in every call: make them inside of the function."
        )
    return networks[0]


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
    made = run(tensor(inputs))
    whole = to_array(made, f"{given}: the output")
    if made.dtype != tf.float32:
        raise Wrong(
            f"{given} makes numbers of type {made.dtype.name}, expected float32 as what "
            "goes in: leave the layers' dtype as it is."
        )
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
    """A network must fill [low, high] and never leave it, for wild inputs and weights, in training, too.

    Raises:
        Wrong: it leaves the range, or comes near one end only.
    """
    cases = [(False, False, 1.0), (False, False, 1e6), (False, True, 1e3)]
    cases += [(True, True, 1.0), (True, True, 1e3)]  # last: batch norm's averages move
    missed = ""
    with _own_weights(network):
        for training, large, scale in cases:
            if large and not training:
                _shake(network, np.random.default_rng(1))
            values = outputs(network, scale * inputs, given, training=training)
            least, most = float(values.min()), float(values.max())
            found = (
                f"{given} makes values from {least:.3g} to {most:.3g} of inputs "
                f"times {scale:g}{' with large weights' * large}"
                f"{' in training' * training}"
            )
            if least < low - 1e-4 or most > high + 1e-4:
                raise Wrong(f"{found}, expected [{low:g}, {high:g}]: {advice}.")
            edge = (high - low) / 20
            near = least <= low + edge and most >= high - edge
            if large and not training and not near:
                missed = found
                lower = low < 0 <= least
    if missed:
        why = "something shrinks them or cuts them off"
        if lower:
            why = "a sigmoid or a ReLU leaves out the lower half"
        raise Wrong(
            f"{missed}, expected both ends of [{low:g}, {high:g}]: {why}, {advice}."
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
        size = min(size * 0.4 / max(middle, 1e-6), 1e9)  # it may not feel the kernel
    one, two, three = (opened(times * size) for times in (1, 2, 3))
    kernel.assign(start)
    inner = np.abs(three) < 4.9
    grown, bent = np.abs(three - one)[inner], np.abs(one - 2 * two + three)[inner]
    return bool(grown.sum() > 0 and bent.sum() < 0.005 * grown.sum())


def expect_raw_scores(network: keras.Model, images: Floats, given: str) -> None:
    """A discriminator must give raw scores: sums, which grow in a straight line with a weight, however far.

    Raises:
        Wrong: something bends its scores.
    """
    rng, low, high = np.random.default_rng(0), 0.0, 0.0
    with _own_weights(network):
        weights = network.trainable_weights[::-1]
        if any(_is_straight(network, weight, images, given) for weight in weights):
            return
        for number in range(40):  # the scores of one network may all have the same sign
            if number % 2 == 0:
                _shake(network, rng)
            scores = outputs(network, 1000 ** (number % 2) * images, given)
            low, high = min(low, float(scores.min())), max(high, float(scores.max()))
    found = f"{given} scores from {low:.3g} to {high:.3g}, however large its weights, "
    if low >= -1 and high <= 1:
        raise Wrong(
            f"{found}expected raw scores (logits): no sigmoid or tanh at the end, our "
            "losses contain the sigmoid."
        )
    if low >= 0 or high <= 0:
        raise Wrong(f"{found}expected both signs: no ReLU or softplus at the end.")
    raise Wrong(
        f"{given} gives scores that grow in a straight line with none of its weights, "
        "expected raw scores (logits), the sums of the last layer: no activation and no "
        "limits at the end."
    )


def _is_straight(
    network: keras.Model, weight: keras.Variable, images: Floats, given: str
) -> bool:
    """Whether the scores grow in a straight line with a weight, far to both sides."""
    start = weight.numpy()
    way = np.random.default_rng(3).normal(size=start.shape)

    def scores(times: float) -> Floats:
        weight.assign(start + times * way)
        return outputs(network, images, given)

    here, slope = scores(0), scores(1) - scores(0)
    straight = np.mean(np.abs(slope) > 1e-6 * (1 + np.abs(here))) > 0.8 and all(
        np.allclose(
            scores(times),
            here + times * slope,
            rtol=1e-3,
            atol=1e-3 * float(np.abs(here).max() + abs(times * slope).max()),
        )
        for times in (-3, 3, -1000, 1000)
    )
    weight.assign(start)
    return bool(straight)


def expect_twin(
    network: keras.Model,
    reference: Reference,
    inputs: Floats,
    given: str,
    hints: Sequence[tuple[Reference, str]] = (),
    view: Function = np.asarray,
) -> None:
    """A network must do what a reference does: alone and in a batch, in training, compiled, and with its gradients.

    Args:
        network: with the weights that the reference uses.
        reference: what is right.
        inputs: a batch of 5 or more.
        given: the answer's call in words.
        hints: references that do something wrong, with what it is.
        view: what is compared of an output.

    Raises:
        Wrong: there is a difference.
    """
    found = expect_rows_apart(network, inputs, given)

    def numbers(function: Reference) -> Floats:
        return np.asarray(view(to_array(function(tensor(inputs)), given)))

    right = numbers(reference)
    # float32 adds hundreds of products, whose parts may be much larger than their sum
    slack = 1e-4 * max(1.0, float(np.abs(right).max()))
    where = f"{given}, with random weights, {len(inputs)} random inputs"
    try:
        expect_close(view(found), right, where, absolute=slack)
    except Wrong as wrong:
        words = next(
            (
                words
                for function, words in hints
                if np.allclose(view(found), numbers(function), rtol=1e-3, atol=slack)
            ),
            "",
        )
        raise Wrong(f"{wrong} {words}".rstrip()) from None
    trained = outputs(network, inputs, given, training=True)
    if not np.allclose(view(trained), right, rtol=1e-3, atol=slack):
        raise Wrong(
            f"{given} gives other numbers with training=True, expected the same: leave "
            "out dropout and noise."
        )
    weights = [weight.value for weight in network.trainable_weights]

    def slopes(function: Reference, rows: Tensor) -> list[Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(rows)
            total = tf.reduce_sum(tf.square(function(rows)))
        parts = tape.gradient(total, [rows, *weights], unconnected_gradients="zero")
        return [tf.convert_to_tensor(part) for part in parts]

    learns = compiled(
        lambda rows: slopes(lambda row: network(row, training=True), rows),
        inputs,
        given=given,
    )
    names = ["what goes in", *(weight.path for weight in network.trainable_weights)]
    for name, slope, wanted in zip(
        names, learns(tensor(inputs)), slopes(reference, tensor(inputs)), strict=True
    ):
        if float(tf.reduce_max(tf.abs(slope - wanted))) > 1e-3 * float(
            tf.reduce_max(tf.abs(wanted))
        ):
            lost = "no gradient comes" if not np.any(slope) else "a wrong one comes"
            raise Wrong(
                f"{given} draws and scores as it should, but in a training step {lost} "
                f"back to {name}, expected that of the plain layers: NumPy and "
                "stop_gradient let none through."
            )


def dense_pair_of(
    network: keras.Model, sizes: tuple[int, int, int], given: str
) -> Callable[[Function, Function], Reference]:
    """Two dense layers with a network's own weights, whatever their shapes and order are.

    Args:
        network: whose weights they are.
        sizes: numbers that go in, hidden units, and numbers that come out.
        given: the answer's call in words.

    Returns:
        From the hidden activation and the last one to what the layers do with rows, flat: (batch, numbers).

    Raises:
        Wrong: there are other weights.
    """
    inside, hidden, outside = sizes
    shapes = ((inside, hidden), (hidden,), (hidden, outside), (outside,))
    left = list(network.trainable_weights)
    parts: list[tuple[keras.Variable, tuple[int, ...]]] = []
    for shape in shapes:
        fits = [part for part in left if math.prod(part.shape) == math.prod(shape)]
        # a kernel of one column may have as many numbers as a bias
        fits.sort(key=lambda part: (len(part.shape) > 1) != (len(shape) > 1))
        if not fits:
            found = sorted(tuple(part.shape) for part in network.trainable_weights)
            raise Wrong(
                f"{given} has weights of shapes {found}, expected two dense layers, "
                f"{inside} => {hidden} => {outside}: {sorted(shapes)}."
            )
        parts.append((fits[0], shape))
        left = [part for part in left if part is not fits[0]]

    def matrix(number: int) -> Tensor:
        weight, shape = parts[number]
        begins = [math.prod(weight.shape[:end]) for end in range(len(weight.shape) + 1)]
        value = tf.cast(weight.value, tf.float32)
        if len(shape) == 1 or shape[0] in begins[1:]:
            return tf.reshape(value, shape)
        return tf.transpose(tf.reshape(value, shape[::-1]))  # as PyTorch has it

    def layers(bend: Function, end: Function) -> Reference:
        def run(rows: Tensor) -> Tensor:
            flat = tf.reshape(rows, (-1, inside))
            units = bend(flat @ matrix(0) + matrix(1))
            return end(units @ matrix(2) + matrix(3))

        return run

    return layers


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
            f"{given} raised {type(error).__name__} when it was copied ({said_by(error)}), expected a copy, in which "
            "the lab keeps an average: build it from Keras layers. A class of your own "
            "takes plain numbers and **kwargs, hands the latter on to super().__init__, "
            "and has the decorator @keras.saving.register_keras_serializable()."
        ) from None
    found, right = (outputs(each, inputs, given) for each in (copy, network))
    # a copy may have another spelling of GELU, which is a thousandth away
    if np.abs(found - right).max() > 0.01 * max(0.01, np.abs(right).max()):
        raise Wrong(
            f"{given}: a copy with the same weights makes something else, expected the "
            "same: is something random in it, or a number that is neither a weight nor an argument?"
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
