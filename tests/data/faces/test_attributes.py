"""Attributes are what the documentation says they are: independent, with their probabilities, the same everywhere."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from labhelpers.data.faces import ATTRIBUTES, FaceAttributes, describe_face, draw_attributes


@pytest.fixture(scope="module")
def drawn_attributes() -> tuple[FaceAttributes, ...]:
    return draw_attributes(20_000, 11)


def test_attributes_of_a_seed_do_not_change_between_machines() -> None:
    # The stream is PCG64's bits and the values come from comparisons alone, so these words hold on every platform.
    first = draw_attributes(2, 0)
    uniform = np.random.Generator(np.random.PCG64([0, 1])).random()
    assert first[1].hair_colour == next(
        name
        for name, top in zip(
            ATTRIBUTES["hair_colour"], np.cumsum(list(ATTRIBUTES["hair_colour"].values())), strict=True
        )
        if uniform < top
    )
    assert describe_face(first[0]) == (
        "an anime face with tan skin, round brown eyes, a pout and blue hair in a bob, wearing a red ribbon, "
        "head tilted to the right, on a mint background"
    )


def test_probabilities_add_up_to_one() -> None:
    for name, values in ATTRIBUTES.items():
        assert sum(values.values()) == pytest.approx(1.0), name


@pytest.mark.parametrize("name", list(ATTRIBUTES))
def test_attributes_distribute_as_documented(name: str, drawn_attributes: tuple[FaceAttributes, ...]) -> None:
    # A right generator fails a seed once in 10,000 times for each attribute; a value wrong by 0.02 fails it always:
    # its frequency is then 0.02 / sqrt(p (1 - p) / n) = 6 standard deviations off, or more.
    seen = [getattr(face, name) for face in drawn_attributes]
    observed = [seen.count(value) for value in ATTRIBUTES[name]]
    expected = np.array(list(ATTRIBUTES[name].values())) * len(seen)
    assert sum(observed) == len(seen)
    assert stats.chisquare(observed, expected * (len(seen) / expected.sum())).pvalue > 1e-4


def test_attributes_are_independent(drawn_attributes: tuple[FaceAttributes, ...]) -> None:
    for one, other in itertools.combinations(ATTRIBUTES, 2):
        table = np.zeros((len(ATTRIBUTES[one]), len(ATTRIBUTES[other])))
        rows, columns = list(ATTRIBUTES[one]), list(ATTRIBUTES[other])
        for face in drawn_attributes:
            table[rows.index(getattr(face, one)), columns.index(getattr(face, other))] += 1
        assert stats.chi2_contingency(table).pvalue > 1e-5, (one, other)


def test_shape_numbers_are_uniform(drawn_attributes: tuple[FaceAttributes, ...]) -> None:
    numbers = np.array([dataclasses.astuple(face.shape) for face in drawn_attributes[:4000]])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for column in numbers.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-5


def test_an_unknown_value_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"hair_colour is 'orange', but a face can have one of brown, .*: choose"):
        FaceAttributes(hair_colour="orange")
