"""Honest students: what they leave in their cells, or lose of their notebook, costs no points in any lab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labhelpers.cli import labs, notebooks
from labhelpers.cli.grade.plan import definitions
from tests.cli.test_grade import cell_of, grade_notebook, own_cell, save, student_file

Notebook = dict[str, Any]


def _trial(notebook: Notebook, name: str, source: str) -> None:
    """The answer is tried on what scoring does not have, by a name and by a print."""
    source = f"{source}\n\ntried = {name}(images_of_the_lab)\nprint({name}(images_of_the_lab).shape)"
    cell_of(notebook, name)["source"] = source


def _shell(notebook: Notebook, name: str, source: str) -> None:
    cell_of(notebook, name)["source"] = f"!ls\n%pip install tqdm\n{source}\n!nvidia-smi"


def _below(notebook: Notebook, name: str, source: str) -> None:
    """The answer stands in a new cell below the untouched stub."""
    place = notebook["cells"].index(cell_of(notebook, name))
    notebook["cells"].insert(place + 1, own_cell(source))


def _at_the_end(notebook: Notebook, name: str, source: str) -> None:
    """The answer stands in a new cell at the end, and a cell tries its check again; the stub was deleted."""
    notebook["cells"].remove(cell_of(notebook, name))
    notebook["cells"].append(own_cell(source))
    notebook["cells"].append(own_cell(f"{name} = checks.{name}({name})\nprint('right?')"))


HABITS: tuple[Callable[[Notebook, str, str], None], ...] = (_trial, _shell, _below, _at_the_end)


def lose_ids(notebook: Notebook) -> None:
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"].pop("nbgrader", None)
        cell["id"] = f"lost{number}"


def answers_of(lab: labs.Lab) -> dict[str, str]:
    """The lab's own answers, by grade id."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebooks.solution_notebook(lab).cells
        if cell.metadata.get("nbgrader", {}).get("solution") and not cell.metadata.nbgrader.grade
    }


@pytest.mark.parametrize("lost", [False, True], ids=["habits", "lost ids"])
@pytest.mark.parametrize("number", [lab.number for lab in labs.catalogue()])
def test_honest_habits_cost_nothing(number: str, lost: bool, tmp_path: Path) -> None:
    lab = labs.find_lab(number)
    answers = answers_of(lab)
    notebook = student_file(lab, answers if lost else None)
    if lost:
        lose_ids(notebook)
    else:
        for place, (name, source) in enumerate(answers.items()):
            HABITS[(place + int(number)) % len(HABITS)](notebook, name, source)
    score = grade_notebook(save(tmp_path / "a.ipynb", notebook), time_limit=300, overall_limit=1500)
    assert score.points == score.of, [each for each in score.exercises if each.points < each.of]
    if not lost:
        assert all(each.remarks for each in score.exercises), "the report says what was left out, or where it was found"


@pytest.mark.parametrize(
    ("source", "left", "gone"),
    [
        ("def f(x):\n    return x\nf(1)", "def f(x):\n    return x\n", [3]),
        ("y = g(1)\ndef f(x):\n    return x", "\ndef f(x):\n    return x", [1]),
        ("k = 2\nz = k\ndef f(x):\n    return k * x", "k = 2\n\ndef f(x):\n    return k * x", [2]),
        ("import numpy as np\n!ls\ndef f(x):\n    return x", "import numpy as np\n\ndef f(x):\n    return x", [2]),
        (
            "def h(x):\n    return x\ndef f(x):\n    return h(x)",
            "def h(x):\n    return x\ndef f(x):\n    return h(x)",
            [],
        ),
        ("t = {}\nt['a'] = 1\nf = t.get\nu = {}\nu['b'] = f", "t = {}\nt['a'] = 1\nf = t.get\n\n", [4, 5]),
        ("if ok:\n    def f(x):\n        return x\nelse:\n    f = None\n", None, []),
        ("@once\ndef g():\n    pass\nf = len", "\n\n\nf = len", [1, 2, 3]),
    ],
)
def test_what_is_left_of_a_cell(source: str, left: str | None, gone: list[int]) -> None:
    rest, lines = definitions(source, ["f"])
    assert lines == gone
    assert rest.rstrip() == (source if left is None else left).rstrip()
