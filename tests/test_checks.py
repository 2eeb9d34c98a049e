"""Every exercise accepts differently written right answers and rejects likely wrong ones with a helpful line."""

from __future__ import annotations

import importlib
import json
import re

import numpy as np
import pytest

from labhelpers import checks
from labhelpers.checks.core import Wrong, expect_close, is_answered, shorten, to_array
from labhelpers.cli.build import catalogue

LABS = [lab for lab in catalogue() if importlib.util.find_spec(f"tests.answers.lab{lab.number}")]


def _answers(kind: str) -> list:
    cases = []
    for lab in LABS:
        module = importlib.import_module(f"tests.answers.lab{lab.number}")
        for name, answers in getattr(module, kind).items():
            cases += [
                pytest.param(lab.number, name, answer, id=f"{lab.number}-{name}-{i}")
                for i, answer in enumerate(answers)
            ]
    return cases


def _check(number: str, name: str):
    return getattr(getattr(checks, f"lab{number}"), name)


@pytest.mark.parametrize(("number", "name", "answer"), _answers("RIGHT"))
def test_right_answers_are_accepted(number, name, answer, capsys):
    assert _check(number, name)(answer) is answer, capsys.readouterr().out
    checks.require(name)


@pytest.mark.parametrize(("number", "name", "mutant"), _answers("WRONG"))
def test_wrong_answers_are_rejected_with_a_helpful_line(number, name, mutant, capsys):
    answer, hint = mutant
    returned = _check(number, name)(answer)
    line = capsys.readouterr().out
    assert returned is not answer
    assert line.count("\n") == 1
    assert line.startswith(f"{name} ✗")
    assert hint in line, line
    assert re.search(r"expected|raised", line), line
    assert line.rstrip().endswith("The lab goes on with labhelpers' version.")
    with pytest.raises(AssertionError):
        checks.require(name)


@pytest.mark.parametrize(
    ("number", "name"),
    [(lab.number, name) for lab in LABS for name in importlib.import_module(f"tests.answers.lab{lab.number}").RIGHT],
)
def test_unanswered_and_broken_answers_go_on(number, name, capsys):
    def stub(*arguments):
        raise NotImplementedError

    def broken(*arguments):
        raise RuntimeError("my own\nmistake")

    check = _check(number, name)
    assert callable(check(stub))
    assert "not answered yet" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="not answered"):
        checks.require(name)
    assert callable(check(broken))
    assert "raised RuntimeError: my own mistake" in capsys.readouterr().out
    assert callable(check(5))
    assert "is a int, expected a function" in capsys.readouterr().out


@pytest.mark.parametrize("number", [lab.number for lab in LABS])
def test_every_exercise_has_enough_answers(number):
    module = importlib.import_module(f"tests.answers.lab{number}")
    assert module.RIGHT.keys() == module.WRONG.keys()
    for name in module.RIGHT:
        assert len(module.RIGHT[name]) >= 3, name
        assert len(module.WRONG[name]) >= 5, name


def test_the_stand_in_of_an_exercise_would_be_accepted(capsys):
    for lab in LABS:
        for name in importlib.import_module(f"tests.answers.lab{lab.number}").RIGHT:
            check = _check(lab.number, name)
            stand_in = check(None)
            assert check(stand_in) is stand_in, capsys.readouterr().out
            # AutoGraph prints three lines of warning for a lambda that it cannot find in a file.
            assert getattr(stand_in, "__name__", "") != "<lambda>", name


def test_an_exercise_that_was_never_checked_scores_nothing():
    with pytest.raises(AssertionError, match="not checked"):
        checks.require("no such exercise")


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


def test_a_text_answer_is_more_than_its_stub():
    assert not is_answered("**Question 1.** Why?\n\n*Write your answer here.*\n")
    assert not is_answered("  \n")
    assert is_answered("**Question 1.** Why?\n\nBecause.")
    assert is_answered("**Question 1.** Why?\n\n*Write your answer here.* Because.")


@pytest.mark.parametrize("lab", catalogue(), ids=lambda lab: lab.stem)
def test_no_question_of_an_untouched_lab_counts_as_answered(lab):
    cells = json.loads(lab.notebook.read_text(encoding="utf-8"))["cells"]
    questions = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("question_")]
    assert questions
    assert not any(is_answered("".join(cell["source"])) for cell in questions)


def test_numbers_are_written_shortly():
    assert shorten(np.array(3.0)) == "3"
    assert shorten(np.array([[1.0, -0.12345678]])) == "[[1, -0.1235]]"
    assert shorten(np.arange(9.0)) == "[0, 1, 2, 3, ...] of shape (9,)"


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
    assert "none was checked" in out
