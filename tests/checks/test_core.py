"""How outcomes are kept, scored and summed up; what the labs' checks have in common is tested with each lab."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labhelpers import checks
from labhelpers.checks.core import kind_of, said_by


def test_an_exercise_that_was_never_checked_scores_nothing():
    with pytest.raises(AssertionError, match="not checked"):
        checks.require("no such exercise")


def test_there_is_no_part_but_the_labs():
    with pytest.raises(AttributeError, match="one for each lab"):
        _ = checks.labels


@pytest.mark.parametrize(
    ("value", "words"), [(None, "None"), (5, "an int"), ((), "a tuple"), (np.zeros(2), "an ndarray"), ("", "a str")]
)
def test_values_are_named_with_their_article(value, words):
    assert kind_of(value) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("my own\nmistake", "my own mistake"),
        ("{{function_node __wrapped__Sub_device_/job}} Incompatible shapes: [7] vs. [4] [Op:Sub] name: ", None),
        ("Exception encountered when calling X.call().\n\n\x1b[1mIncompatible shapes: [7] vs. [4]\x1b[0m\n\nArg", None),
        ("in user code:\n\n  File x, line 3, in f\n\n    ValueError: Incompatible shapes: [7] vs. [4]\n", None),
        ("word " * 100, "word " * 39 + "..."),
    ],
)
def test_an_error_is_told_in_whole_words(text, said):
    assert said_by(ValueError(text)) == (said or "Incompatible shapes: [7] vs. [4]")


def test_summary_lists_exercises_and_saved_questions(tmp_path, monkeypatch, capsys):
    cell = {"nbgrader": {"grade_id": "question_a", "grade": True, "solution": True}}
    notebook = {"cells": [{"cell_type": "markdown", "metadata": cell, "source": ["Because ", "of x."]}]}
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    checks.outcomes.clear()
    checks.summary()
    out = capsys.readouterr().out
    assert "question_a: answered" in out
    assert "none checked yet" in out
