"""Comparison of numbers and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from labhelpers.checks.core import Wrong
from labhelpers.checks.numeric import (
    compiled,
    difference,
    expect_close,
    expect_exact,
    expect_gradients_of,
    expect_results,
    expect_same_compiled,
    gradients,
    one_number,
    parts_of,
    shorten,
    sigmoid,
    softplus,
    tensor,
    to_array,
)


def test_objects_that_equal_everything_are_no_numbers():
    class Yes:
        def __eq__(self, other):
            return True

        def __array__(self, dtype=None, copy=None):
            raise TypeError

    with pytest.raises(Wrong, match="a Yes, expected a tensor"):
        to_array(Yes(), "the result")


def test_not_finite_and_none_are_named():
    with pytest.raises(Wrong, match="return"):
        to_array(None, "x")
    with pytest.raises(Wrong, match="finite"):
        to_array([float("nan")], "x")


def test_expect_close_tolerates_rounding_only():
    expect_close([1.0004], [1.0], "x")
    with pytest.raises(Wrong):
        expect_close([1.01], [1.0], "x")
    with pytest.raises(Wrong, match="shape"):
        expect_close([[1.0]], [1.0], "x")


def test_expect_exact_tolerates_no_rounding():
    expect_exact(np.int64(3), 3, "x")
    with pytest.raises(Wrong, match=r"x: gave 2.999, expected 3. Almost."):
        expect_exact(2.9995, 3, "x", [(2.9995, "Almost.")])


def test_one_number_may_sit_in_any_shape():
    assert one_number([[2.0]], "x") == 2.0
    with pytest.raises(Wrong, match=r"x has shape \(2,\), expected one number: average over the batch"):
        one_number([1.0, 2.0], "x")


@pytest.mark.parametrize(("result", "found"), [(None, "None"), (3, "an int"), ((1, 2, 3), "3 values"), ({}, "a dict")])
def test_a_result_has_as_many_parts_as_names(result, found):
    assert parts_of([1, 2], ("a", "b"), "two numbers", "it") == (1, 2)
    with pytest.raises(Wrong, match=f"it returned {found}, expected two numbers: `return a, b`"):
        parts_of(result, ("a", "b"), "two numbers", "it")


def test_gradients_are_those_of_the_sum():
    value, (by_x, by_y) = gradients(lambda x, y: x * y, {"x": tensor([1.0, 2.0]), "y": tensor(3.0)})
    np.testing.assert_allclose(value, [3, 6])
    np.testing.assert_allclose(by_x, [3, 3])
    np.testing.assert_allclose(by_y, 3)


def test_gradients_of_gathered_rows_are_whole_arrays():
    _, (found,) = gradients(lambda table: tf.gather(table, [1, 1]), {"x": tf.Variable(np.zeros((3, 2)))})
    np.testing.assert_allclose(found, [[0, 0], [2, 2], [0, 0]])


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: None, "the loss is None, expected a tensor: is there a `return`"),
        (lambda x: x.numpy(), "the loss is a float32, expected a tensor: NumPy lets no gradient through"),
        (tf.stop_gradient, "no gradient flows from the loss to x, expected one: stay in TensorFlow"),
    ],
)
def test_results_without_a_gradient_are_named(function, words):
    with pytest.raises(Wrong, match=words):
        gradients(function, {"x": tensor(1.0)}, "the loss")


def test_sigmoid_and_softplus_do_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(sigmoid([-1000.0, 0.0, 1000.0]), [0, 0.5, 1])
        np.testing.assert_allclose(softplus([-1000.0, 0.0, 1000.0]), [0, np.log(2), 1000])


def test_numbers_are_written_shortly():
    assert shorten(np.array(3.0)) == "3"
    assert shorten(np.array([[1.0, -0.12345678]])) == "[[1, -0.1235]]"
    assert shorten(np.arange(9.0)) == "[0, 1, 2, 3, ...] of shape (9,)"


def test_a_compiled_function_takes_batches_of_any_size():
    double = compiled(lambda rows, more: 2 * rows + more, np.ones((5, 2)), np.ones((5, 1)))
    np.testing.assert_allclose(double(tf.ones((3, 2)), tf.zeros((3, 1))), np.full((3, 2), 2.0))
    for function in (lambda rows: rows[: len(rows)], lambda rows: rows.numpy()):
        with pytest.raises(Wrong, match=r"it raised \w+ when compiled, where the size of the batch is unknown"):
            compiled(function, np.ones((5, 2)))


def test_a_difference_is_never_two_equal_lists():
    assert difference(np.array([1.0, 2.00001]), np.array([1.0, 2.0])) == "gave [1, 2.00001], expected [1, 2]"
    long = np.zeros((2, 5))
    other = long.copy()
    other[1, 3] = 1e-7
    assert difference(other, long) == "1 of 10 numbers differ: at [1, 3] it gave 1e-07, expected 0"
    with pytest.raises(Wrong, match=r"x: 2 of 9 numbers differ: at \[7\] it gave 8, expected 7. Late."):
        expect_close([*range(7), 8, 9], range(9), "x", hints=[([*range(7), 8, 9], "Late.")])


SIDES = {"3 and 4": (3, 4), "2 and 2": (2, 2)}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda a, b: a * b, "3 and 4: gave 12, expected 7. A product."),
        (lambda a, b: 12, "3 and 4: gave 12, expected 7."),  # a product by chance
        (lambda a, b: 7, "2 and 2: gave 7, expected 4."),
        (lambda a, b: a + b if a != b else 1 / 0, r"2 and 2: it raised ZeroDivisionError \(.*\), expected a result"),
    ],
)
def test_a_likely_mistake_is_named_if_it_explains_every_result(answer, words):
    expect_results(lambda a, b: a + b, np.add, SIDES, exact=True)
    with pytest.raises(Wrong, match=f"^{words}"):
        expect_results(answer, np.add, SIDES, [(np.multiply, "A product.")], exact=True)
    if "product" not in words:
        with pytest.raises(Wrong, match=r"^(?!.*A product)"):
            expect_results(answer, np.add, SIDES, [(np.multiply, "A product.")], exact=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: (x**2 + tf.stop_gradient(x**2)) / 2, "hidden from the gradient"),
        (lambda x: tf.constant(np.square(x)), "no gradient flows from it to x"),
        (lambda x: tf.cast(x, tf.float64) ** 2, "it is float64, expected float32"),
        (lambda x: x.numpy() ** 2, "NumPy lets no gradient through"),
    ],
)
def test_gradients_are_compared_by_value(answer, words):
    inputs = {"x": tensor([[1.0, -2.0]])}
    expect_gradients_of(tf.square, lambda x: x * x, inputs, "it")
    with pytest.raises(Wrong, match=words):
        expect_gradients_of(tf.square, answer, inputs, "it")


@pytest.mark.parametrize("xla", [False, True])
def test_what_is_right_in_python_must_be_right_when_compiled(xla):
    batches = [tensor(np.ones((3, 2))), tensor(2.0)], [tensor(np.ones((1, 2))), tensor(5.0)]
    expect_same_compiled(lambda rows, k: [rows * k, k], *batches, given="it", xla=xla)
    once = iter(range(100))
    for function, words in (
        (lambda rows, k: np.clip(rows, 0, k), "no NumPy"),
        (lambda rows, k: rows if k > 1 else -rows, "no Python `if`"),
        (lambda rows, k: rows * len(rows), "not len"),
        (lambda rows, k: rows * float(k), "no float"),
        (lambda rows, k: tf.cast(rows, tf.float64), "float64"),
        (lambda rows, k: rows + next(once), "only once"),
    ):
        with pytest.raises(Wrong, match=words):
            expect_same_compiled(function, *batches, given="it", xla=xla)
