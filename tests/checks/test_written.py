"""Which cells count as answered."""

from __future__ import annotations

import json

import pytest

from labhelpers.checks.written import is_answered
from labhelpers.cli.labs import catalogue


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
