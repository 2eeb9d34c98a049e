"""Numbers and gradients that come out of an answer, compared with those that should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, kind_of

Floats: TypeAlias = NDArray[np.float64]

Hint: TypeAlias = tuple[Any, str]
"""A likely wrong result, and the sentence that says where it comes from."""

# Scores for hand calculation: of four real images and of four fakes, and the words for them in a message.
REAL_LOGITS: Floats = np.array([[-5.0], [1.4], [12.5], [2.7]])
FAKE_LOGITS: Floats = np.array([[10.0], [4.4], [-5.5], [3.6]])
GIVEN_LOGITS = "real_logits=[-5, 1.4, 12.5, 2.7], fake_logits=[10, 4.4, -5.5, 3.6]"


def sigmoid(values: ArrayLike) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(-softplus(-np.asarray(values, dtype=np.float64)))


def softplus(values: ArrayLike) -> Floats:
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(0.0, np.asarray(values, dtype=np.float64))


def tensor(values: ArrayLike) -> Tensor:
    """Values as a float32 tensor, as the networks compute."""
    import tensorflow as tf

    return tf.constant(np.asarray(values), dtype=tf.float32)


def to_array(value: object, what: str) -> Floats:
    """A result as float64.

    Args:
        value: a tensor, an array, a number, or a list of them.
        what: what it is, for the message.

    Raises:
        Wrong: it is something else, or not finite.
    """
    if value is None:
        raise Wrong(f"{what} is None, expected a tensor: is there a `return`?")
    trusted = type(value).__module__.split(".")[0] in (
        "tensorflow",
        "numpy",
        "builtins",
        "keras",
    )
    try:
        array = np.asarray(value, dtype=np.float64) if trusted else None
    except (TypeError, ValueError, NotImplementedError):
        array = None
    if array is None:
        raise Wrong(f"{what} is {kind_of(value)}, expected a tensor of numbers.")
    if not np.isfinite(array).all():
        raise Wrong(f"{what} is {shorten(array)}, expected finite numbers.")
    return array


def one_number(
    value: object, what: str, advice: str = "average over the batch"
) -> float:
    """A result that must hold a single number.

    Args:
        value: as for ``to_array``.
        what: what it is, for the message.
        advice: what to do if it holds several.

    Raises:
        Wrong: it holds another number of values, or what ``to_array`` rejects.
    """
    array = to_array(value, what)
    if array.size != 1:
        raise Wrong(f"{what} has shape {array.shape}, expected one number: {advice}.")
    return float(array.reshape(()))


def parts_of(
    result: object, names: Sequence[str], what: str, where: str
) -> tuple[Any, ...]:
    """The parts of a result that must be a tuple or a list.

    Args:
        result: what the answer returned.
        names: of the parts, in order.
        what: all of them in words, as "the two losses".
        where: the subject of the message, as "the step".

    Raises:
        Wrong: it is something else, or has another length.
    """
    if not isinstance(result, tuple | list) or len(result) != len(names):
        found = (
            f"{len(result)} values"
            if isinstance(result, tuple | list)
            else kind_of(result)
        )
        raise Wrong(
            f"{where} returned {found}, expected {what}: `return {', '.join(names)}`."
        )
    return tuple(result)


def expect_close(
    found: object,
    expected: ArrayLike,
    given: str,
    *,
    hints: Sequence[Hint] = (),
    relative: float = 1e-3,
    absolute: float = 1e-4,
) -> None:
    """Compare a result with the expected one.

    Args:
        found: what the answer returned.
        expected: what is right.
        given: the input, in words that a student can type.
        hints: likely wrong results, with where each comes from.
        relative: tolerated share of the expected value.
        absolute: tolerated difference beside that.

    Raises:
        Wrong: shape or values differ.
    """
    array = to_array(found, f"{given}: the result")
    right = np.asarray(expected, dtype=np.float64)

    def agrees(other: ArrayLike) -> bool:
        reference = np.asarray(other, dtype=np.float64)
        return array.shape == reference.shape and np.allclose(
            array, reference, rtol=relative, atol=absolute
        )

    if agrees(right):
        return
    hint = next((f" {words}" for other, words in hints if agrees(other)), "")
    if array.shape != right.shape:
        raise Wrong(f"{given}: gave shape {array.shape}, expected {right.shape}.{hint}")
    raise Wrong(f"{given}: gave {shorten(array)}, expected {shorten(right)}.{hint}")


def expect_exact(
    found: object, expected: ArrayLike, given: str, hints: Sequence[Hint] = ()
) -> None:
    """Compare whole numbers: like ``expect_close``, with no more tolerance than float64 needs.

    Raises:
        Wrong: shape or values differ.
    """
    expect_close(found, expected, given, hints=hints, relative=0, absolute=1e-9)


def gradients(
    function: Answer,
    inputs: Mapping[str, Tensor],
    result: str = "the result",
    advice: str = "stay in TensorFlow from end to end",
) -> tuple[Tensor, list[Floats]]:
    """Run a function on the inputs, and differentiate its result.

    Args:
        function: takes the inputs in their order.
        inputs: tensors or variables by name.
        result: what the function gives, for the message.
        advice: what to do if no gradient flows.

    Returns:
        The result, and the gradient of its sum by each of the inputs.

    Raises:
        Wrong: the result is no tensor, or does not depend on one of the inputs.
    """
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(list(inputs.values()))
        value = function(*inputs.values())
    if not isinstance(value, tf.Tensor):
        why = (
            "is there a `return`?"
            if value is None
            else "NumPy lets no gradient through."
        )
        raise Wrong(f"{result} is {kind_of(value)}, expected a tensor: {why}")
    found = tape.gradient(value, list(inputs.values()))
    for name, gradient in zip(inputs, found, strict=True):
        if gradient is None:
            raise Wrong(
                f"no gradient flows from {result} to {name}, expected one: {advice}."
            )
    return value, [
        np.asarray(tf.convert_to_tensor(gradient), dtype=np.float64)
        for gradient in found
    ]


def compiled(function: Answer, *batch: ArrayLike, given: str = "it") -> Answer:
    """A function compiled as the engine does it: the size of the batch is unknown.

    Args:
        function: takes the parts of a batch.
        batch: an example of each part, for its shape.
        given: the subject of the message.

    Raises:
        Wrong: it cannot be compiled.
    """
    import tensorflow as tf

    unknown = [tf.TensorSpec((None, *np.shape(part)[1:])) for part in batch]

    def named(*parts: Tensor) -> Any:
        with tf.name_scope("answer"):  # a network's own name may begin with _
            return function(*parts)

    run = tf.function(named, input_signature=unknown, autograph=False)
    try:
        run.get_concrete_function()
    except Exception as error:
        text = " ".join(str(error).split())[-80:]
        raise Wrong(
            f"{given} raised {type(error).__name__} when compiled, where the size of "
            f"the batch is unknown (... {text}), expected it to work in a compiled step"
            ": use tf.shape(x)[0], not len(x), and no NumPy."
        ) from error
    return run


def shorten(array: ArrayLike) -> str:
    """An array in a few characters: at most six values, four digits each."""
    flat = np.asarray(array, dtype=np.float64)
    if flat.size > 6:
        head = ", ".join(f"{value:.4g}" for value in flat.ravel()[:4])
        return f"[{head}, ...] of shape {flat.shape}"
    numbers: Any = {"float_kind": lambda value: f"{value:.4g}"}
    return np.array2string(flat, separator=", ", formatter=numbers).replace("\n", "")
