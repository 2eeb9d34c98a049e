"""Pieces of bounded size, and whole numbers that are checked with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labhelpers.arrays import chunks, class_numbers, whole_number


@pytest.mark.parametrize(
    ("count", "size", "lengths"), [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 4, [3]), (1, 1, [1]), (0, 4, [])]
)
def test_chunks_cover_every_row_once(count: int, size: int, lengths: list[int]) -> None:
    rows = list(range(count))
    pieces = [rows[cut] for cut in chunks(count, size)]
    assert list(map(len, pieces)) == lengths
    assert [row for piece in pieces for row in piece] == rows


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(3)])
def test_whole_numbers_pass_as_int(value: Any) -> None:
    number = whole_number("count", value, "how many", 1, 7)
    assert number == value
    assert type(number) is int
    assert whole_number("count", 10**12, "how many", 1) == 10**12


@pytest.mark.parametrize("value", [0, -1, 8, 3.0, "3", None, True, np.True_, np.array([3, 4])])
def test_other_numbers_are_a_sentence(value: Any) -> None:
    with pytest.raises(ValueError, match="how many faces must be an integer from 1 to 7: choose such a number"):
        whole_number("count", value, "how many faces", 1, 7)


def test_the_sentence_names_what_was_found_and_has_no_upper_bound_where_there_is_none() -> None:
    with pytest.raises(ValueError, match=r"^size is 2\.5, but the edge must be an integer of at least 8: choose"):
        whole_number("size", 2.5, "the edge", 8)


@pytest.mark.parametrize("values", [[0, 2, 1], np.array([0, 2, 1], np.uint8), (0, 2, 1)])
def test_class_numbers_become_int64(values: Any) -> None:
    for count in (None, 3):
        numbers = class_numbers(values, "labels", count)
        assert numbers.dtype == np.int64
        np.testing.assert_array_equal(numbers, [0, 2, 1])


@pytest.mark.parametrize("values", [np.eye(3), [0.0, 1.0], 3, ["a"], [True, False], []])
def test_what_is_no_list_of_whole_numbers_is_a_sentence(values: Any) -> None:
    with pytest.raises(ValueError, match=r"labels has shape .* and type .*, expected at least one whole number"):
        class_numbers(values, "labels")


def test_too_few_and_negative_class_numbers_are_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"labels has shape \(2,\) and type int64, expected 1,000 whole numbers"):
        class_numbers([0, 1], "labels", 1000)
    with pytest.raises(ValueError, match="labels holds -1, expected class numbers from 0 on: number the classes anew"):
        class_numbers([0, -1], "labels")
