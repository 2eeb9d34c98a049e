"""Numbers and gradients that come out of an answer, compared with those that should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, kind_of, said_by

Floats: TypeAlias = NDArray[np.float64]

Hint: TypeAlias = tuple[Any, str]
"""A likely wrong result, and the sentence that says where it comes from."""

Likely: TypeAlias = tuple[Answer, str]
"""A likely wrong answer, and the sentence that says what is wrong with it."""

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
        raise Wrong(f"{what} is None, expected a result: is there a `return`?")
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
    near = np.isclose(array, right, rtol=relative, atol=absolute)
    raise Wrong(f"{given}: {difference(array, right, near)}.{hint}")


def expect_exact(
    found: object, expected: ArrayLike, given: str, hints: Sequence[Hint] = ()
) -> None:
    """Compare whole numbers: like ``expect_close``, with no more tolerance than float64 needs.

    Raises:
        Wrong: shape or values differ.
    """
    expect_close(found, expected, given, hints=hints, relative=0, absolute=1e-9)


def expect_results(
    answer: Answer,
    right: Answer,
    cases: Mapping[str, Sequence[Any]],
    likely: Sequence[Likely] = (),
    *,
    exact: bool = False,
) -> None:
    """Try an answer on several inputs, and say of which wrong one it may be only if that explains all its results.

    Args:
        answer: gives numbers, or a list of them.
        right: the same in NumPy, from the same inputs.
        cases: the inputs of each case, by the words for them in a message.
        likely: wrong answers, which get the inputs that ``right`` gets.
        exact: whether the results are whole numbers, or numbers as exact as float64.

    Raises:
        Wrong: a result is not the right one.
    """
    relative, absolute = (0.0, 1e-9) if exact else (1e-3, 1e-4)

    def agree(one: Floats, other: ArrayLike) -> bool:
        values = np.asarray(other, dtype=np.float64)
        return one.shape == values.shape and np.allclose(
            one, values, rtol=relative, atol=absolute
        )

    found: list[tuple[str, Sequence[Any], Floats]] = []
    failed: Exception | None = None
    for given, inputs in cases.items():
        try:
            value = to_array(answer(*inputs), f"{given}: the result")
            found.append((given, inputs, value))
        except Exception as error:
            failed = error
            break
    for given, inputs, result in found:
        if agree(result, right(*inputs)):
            continue
        hints = [
            (result, words)
            for other, words in likely
            if all(agree(each, other(*its)) for _, its, each in found)
        ]
        expect_close(
            result,
            right(*inputs),
            given,
            hints=hints,
            relative=relative,
            absolute=absolute,
        )
    if failed is None:
        return
    if isinstance(failed, Wrong) or not found:
        raise failed
    raise Wrong(
        f"{list(cases)[len(found)]}: it raised {type(failed).__name__} ({said_by(failed)}), expected a result as for "
        f"{found[0][0]}."
    ) from failed


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
        value = _as_tensor(function(*inputs.values()), result)
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


def expect_gradients_of(
    right: Answer,
    answer: Answer,
    inputs: Mapping[str, Tensor],
    result: str = "the result",
) -> None:
    """Compare the gradients of an answer, whose values are right, with those of the right function.

    What is differentiated is the sum of the result's numbers, each times a random one: a plain sum hides much.

    Args:
        right: a TensorFlow function.
        answer: gives the same values.
        inputs: of both, in their order, by name.
        result: what they give, for the message.

    Raises:
        Wrong: the answer gives no tensor, one of another dtype, or another gradient.
    """
    import tensorflow as tf

    parts = list(inputs.values())

    def slopes(function: Answer) -> list[Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(parts)
            value = _as_tensor(function(*parts), result)
            factors = np.random.default_rng(0).uniform(0.5, 2, value.shape)
            total = tf.reduce_sum(value * tf.cast(factors, value.dtype))
        if value.dtype != tf.float32:
            raise Wrong(
                f"{result} is {value.dtype.name}, expected float32 as what goes in: the lab calculates on with it, "
                "and TensorFlow does not mix them."
            )
        return list(tape.gradient(total, parts, unconnected_gradients="none"))

    for name, found, wanted in zip(inputs, slopes(answer), slopes(right), strict=True):
        if wanted is None:
            continue
        if found is None:
            raise Wrong(
                f"no gradient flows from {result} to {name}, expected one: stay in TensorFlow from end to end."
            )
        expect_close(
            tf.convert_to_tensor(found),
            np.asarray(tf.convert_to_tensor(wanted), np.float64),
            f"the gradient of {result} by {name}",
            hints=[
                (
                    tf.convert_to_tensor(found),
                    "The values are right, so a part of the way to them is hidden from the gradient: NumPy, a "
                    "constant, or stop_gradient.",
                )
            ],
        )


def _as_tensor(value: object, result: str) -> Tensor:
    import tensorflow as tf

    if isinstance(value, tf.Tensor):
        return value
    why = "is there a `return`?" if value is None else "NumPy lets no gradient through."
    raise Wrong(f"{result} is {kind_of(value)}, expected a tensor: {why}")


def compiled(
    function: Answer,
    *batch: Any,
    given: str = "it",
    xla: bool = False,
    autograph: bool = False,
) -> Answer:
    """A function compiled as the engine does it: the size of the batch is unknown.

    Args:
        function: takes the parts of a batch.
        batch: an example of each part, for its shape: an array, a number, or a list or dict of arrays.
        given: the subject of the message.
        xla: whether XLA compiles it, too, as the engine does with dense networks.
        autograph: whether AutoGraph turns its loops and conditions into TensorFlow's, as a plain ``tf.function`` does.

    Raises:
        Wrong: it cannot be compiled; the function returned raises it where it fails when it runs.
    """
    import tensorflow as tf

    unknown = [
        tf.nest.map_structure(
            lambda part: tf.TensorSpec((None, *np.shape(part)[1:])[: np.ndim(part)]),
            part,
        )
        for part in batch
    ]

    def named(*parts: Tensor) -> Any:
        with tf.name_scope("answer"):  # a network's own name may begin with _
            return function(*parts)

    traced = tf.function(
        named, input_signature=unknown, autograph=autograph, jit_compile=xla
    )

    def run(*parts: Any) -> Any:
        try:
            return traced(*parts)
        except Exception as error:
            raise _not_compiled(given, error) from error

    try:
        traced.get_concrete_function()
    except Exception as error:
        raise _not_compiled(given, error) from error
    return run


def expect_same_compiled(
    function: Answer,
    *batches: Sequence[Any],
    given: str,
    xla: bool = False,
    autograph: bool = False,
) -> None:
    """What is right in plain Python must be so in a compiled step, for batches of any size.

    Args:
        function: the answer, which gives a number, an array, or a list of them.
        batches: its arguments, several times; arrays of the first have their shapes in the others, but for the batch.
        given: the subject of the message, as "the penalty".
        xla: as for ``compiled``.
        autograph: as for ``compiled``.

    Raises:
        Wrong: it cannot be compiled, gives something else then, or numbers that are not float32.
    """
    import tensorflow as tf

    run = compiled(function, *batches[0], given=given, xla=xla, autograph=autograph)
    for batch in batches:
        for found, right in zip(
            tf.nest.flatten(run(*batch)), tf.nest.flatten(function(*batch)), strict=True
        ):
            if found.dtype != tf.float32:
                raise Wrong(
                    f"{given} is {found.dtype.name}, expected float32 as what goes in: the lab calculates on with it, "
                    "and TensorFlow does not mix them."
                )
            expect_close(
                found,
                to_array(right, given),
                f"{given}, compiled",
                hints=[
                    (
                        found,
                        "In plain Python it was right: is a part of it worked out only once, while it is compiled?",
                    )
                ],
            )


_COMPILED_ADVICE = (
    (("numpy", "to a NumPy"), "no NumPy, no .numpy()"),
    (("bool", "iterat"), "no Python `if`, min, max or loop over a tensor"),
    (("len is not", "len()"), "tf.shape(x)[0], not len(x)"),
    (("float()", "int()"), "no float() or int() of a tensor"),
    (("None", "unknown"), "tf.shape(x)[0], where x.shape[0] is None"),
)


def _not_compiled(given: str, error: Exception) -> Wrong:
    said = said_by(error)
    advice = next(
        (
            f": {advice}"
            for words, advice in _COMPILED_ADVICE
            if any(word in said for word in words)
        ),
        "",
    )
    return Wrong(
        f"{given} raised {type(error).__name__} when compiled, where the size of the batch is unknown ({said}), "
        f"expected it to work in a compiled step{advice}."
    )


def difference(
    found: Floats, expected: Floats, near: NDArray[np.bool_] | None = None
) -> str:
    """Two arrays of one shape that differ, in words: short ones whole, of long ones the first place that differs.

    Args:
        found: what came.
        expected: what should have come.
        near: where the two agree well enough; where they are equal, unless given.
    """
    if found.size <= 6:
        for digits in range(4, 18):
            texts = shorten(found, digits), shorten(expected, digits)
            if texts[0] != texts[1]:
                break
        return "gave {}, expected {}".format(*texts)
    places = np.argwhere(~(np.equal(found, expected) if near is None else near))
    here = tuple(places[0])
    count = "all" if len(places) == found.size else f"{len(places)} of"
    one = difference(np.asarray(found[here]), np.asarray(expected[here]))
    return f"{count} {found.size} numbers differ: at {[int(axis) for axis in here]} it {one}"


def shorten(array: ArrayLike, digits: int = 4) -> str:
    """An array in a few characters: at most six values, four digits each unless told."""
    flat = np.asarray(array, dtype=np.float64)
    if flat.size > 6:
        head = ", ".join(f"{value:.{digits}g}" for value in flat.ravel()[:4])
        return f"[{head}, ...] of shape {flat.shape}"
    numbers: Any = {"float_kind": lambda value: f"{value:.{digits}g}"}
    return np.array2string(flat, separator=", ", formatter=numbers).replace("\n", "")
