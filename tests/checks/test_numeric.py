"""Comparison of numbers and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from labhelpers.checks.core import Wrong
from labhelpers.checks.numeric import (
    compiled,
    expect_close,
    expect_exact,
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
