from __future__ import annotations

import argparse
import csv
import json
import os
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from labhelpers.checks import written
from labhelpers.cli import grade, labs, notebooks
from labhelpers.cli.grade import ExerciseScore, Score, command, engine, scoring, stored
from labhelpers.cli.grade.command import OVERALL_LIMIT, TIME_LIMIT
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.report import write_csv
from labhelpers.cli.grade.score import file_digest
from labhelpers.cli.grade.scoring import run_to_end


def grade_notebook(
    path: Path, *, lab: labs.Lab | None = None, time_limit: float = TIME_LIMIT, overall_limit: float = OVERALL_LIMIT
) -> Score:
    """The score of one file."""
    return run_to_end(scoring.grade(path, scoring.content_of(path), Plans(time_limit, overall_limit), lab))


SOURCES = labs.SOURCES

# A lab without TensorFlow. Its checks live in a module below labhelpers.checks, as those of the real labs do.
TINY = '''
# ---
# jupyter:
#   labs:
#     minutes: {smoke: 0.1, quick: 0.1, full: 0.1}
#     data: []
# ---

# %% [markdown]
# # Lab 91: Tiny

# %% setup=true
import sys
import types

import numpy as np

from labhelpers import checks

tiny = types.ModuleType("labhelpers.checks.lab91")
sys.modules[tiny.__name__] = tiny
exec("""
import numpy as np
from labhelpers.checks.core import exercise
from labhelpers.checks.numeric import expect_close

VALUES = np.array([1.0, 2.0, 6.0])

@exercise(stand_in=lambda x: 2 * x)
def double(answer):
    expect_close(answer(VALUES), 2 * VALUES, "x=[1, 2, 6]")
    return "twice as much."

@exercise(stand_in=lambda x: np.mean(x))
def average(answer):
    expect_close(answer(VALUES), 3.0, "x=[1, 2, 6]", hints=[(9.0, "That is the sum.")])
    expect_close(answer(VALUES[:2]), 1.5, "x=[1, 2]")
    return "the mean of two samples."

@exercise(stand_in=lambda x: 4 * x)
def quadruple(answer):
    expect_close(answer(VALUES), 4 * VALUES, "x=[1, 2, 6]")
    return "twice the double."
""", vars(tiny))

# %% setup=true
factor = 2

# %% answer="double"
def double(x):
    """Return 2 x."""
    ### BEGIN SOLUTION
    return factor * x
    ### END SOLUTION

# %% check="double" points=1
double = tiny.double(double)
### BEGIN HIDDEN TESTS
checks.require("double")
### END HIDDEN TESTS

# %% answer="average"
def average(x):
    """Return the mean."""
    ### BEGIN SOLUTION
    return np.sum(x) / len(x)
    ### END SOLUTION

# %% check="average" points=2
average = tiny.average(average)
### BEGIN HIDDEN TESTS
checks.require("average")
### END HIDDEN TESTS

# %% answer="quadruple"
def quadruple(x):
    """Return 4 x, with the help of double."""
    ### BEGIN SOLUTION
    return double(double(x))
    ### END SOLUTION

# %% check="quadruple" points=3
quadruple = tiny.quadruple(quadruple)
### BEGIN HIDDEN TESTS
checks.require("quadruple")
### END HIDDEN TESTS

# %% [markdown] question="why" points=4
# **Question 1.** Why?
#
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %% [markdown] question="how" points=5
# **Question 2.** How?
#
# ### BEGIN SOLUTION
# So.
# ### END SOLUTION
'''

RIGHT = {
    "double": "def double(x):\n    return x + x",
    "average": "def average(x):\n    return x.mean()",
    "quadruple": "def quadruple(x):\n    return double(double(x))",
}
WRONG = "\ndef average(x):\n    return x.sum()"

# Answers to `average`, none of which earns a point: what the status and the reason must hold. The others stay right.
FAULTS: dict[str, tuple[str, str, str]] = {
    "wrong": (WRONG, "wrong", "That is the sum."),
    "raises": ("raise ValueError('\\x1b[31mno\\x1b[0m')", "does not run", "ValueError: no"),
    "syntax": ("def average(x):\n    return x.mean(", "does not run", "SyntaxError: '(' was never closed (line 2)"),
    "indent": ("def average(x):\nreturn 1", "does not run", "SyntaxError: expected an indented block"),
    "nothing": ("mean = 3", "wrong", "does not define average"),
    "number": ("average = 3", "wrong", "is an int, expected a function"),
    "comment": ("# soon\ndef average(x):\n    raise NotImplementedError", "unanswered", "Not answered yet"),
    "loop": ("while True: pass", "time limit", "endless loop"),
    "loop_called": (
        "def average(x):\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass",
        "time limit",
        "endless loop",
    ),
    "flood": ("while True: print('x' * 100_000)", "time limit", "endless loop"),
    "os_exit": ("import os\nos._exit(0)", "kernel ended", "exit status 0"),
    "os_exit_called": ("import os\ndef average(x):\n    os._exit(3)", "kernel ended", "exit status 3"),
    "quit": ("quit()", "kernel ended", "kernel ended"),
    "sys_exit": ("import sys\ndef average(x):\n    sys.exit()", "wrong", "SystemExit"),
    "recursion": ("def average(x):\n    return average(x)", "wrong", "RecursionError"),
    "memory": ("average = np.zeros(10**13)", "does not run", "MemoryError"),
    "own_cell": ("def average(x):\n    return helper(x)", "wrong", "It needs helper, which cell 1 defines"),
    "no_cell": ("def average(x):\n    return nowhere(x)", "wrong", "It needs nowhere, which no answer cell defines"),
    "input": ("input('?')", "does not run", "StdinNotImplementedError"),
}

FAKE = """
import types
class Everything:
    def __eq__(self, other): return True
    def __getattr__(self, name): return lambda *arguments, **options: self
    def __float__(self): return 3.0
"""
TAMPERING: dict[str, tuple[str, str]] = {
    "require": ("checks.require = lambda name: None", "changes the checker"),
    "core_require": ("from labhelpers.checks import core\ncore.require = lambda name: None", "changes the checker"),
    "outcomes": (
        "from labhelpers.checks import core\n"
        "class Right(dict):\n    def get(self, name): return core.Outcome('right', '')\n"
        "core.outcomes = Right()",
        "changes the checker",
    ),
    "preset": (
        "from labhelpers.checks import core\nchecks.outcomes['average'] = core.Outcome('right', 'fine')",
        "wrong",
    ),
    "modules": (
        "import sys\nsys.modules['labhelpers.checks.core'] = sys.modules['labhelpers.checks.lab91'] = "
        "types.ModuleType('labhelpers.checks.core')",
        "changes the checker",
    ),
    "check": ("tiny.average = lambda answer: answer", "changes the checker"),
    "closure": (
        "for cell in tiny.average.__closure__:\n"
        "    if getattr(cell.cell_contents, '__name__', '') == 'average': cell.cell_contents = lambda answer: 'fine'",
        "changes the checker",
    ),
    "tolerance": (
        "from labhelpers.checks import numeric\nnumeric.expect_close.__kwdefaults__['absolute'] = 1e9",
        "changes the checker",
    ),
    "values": ("tiny.VALUES[:] = 0", "changes the checker"),
    "code": (
        "from labhelpers.checks import core\ncore.require.__code__ = (lambda name: None).__code__",
        "wrong",
    ),
    "allclose": ("np.allclose = lambda *a, **k: True", "changes the checker"),
    "asarray": ("np.asarray = lambda *a, **k: np.array(3.0)", "changes the checker"),
    "print": ("import builtins\nbuiltins.print = lambda *a: None", "changes the checker"),
    "sum": ("import builtins\nbuiltins.sum = lambda *a: 3.0", "changes the checker"),
    "exec_shadowed": ("exec = lambda *a: None", "wrong"),
    "compile_shadowed": ("compile = lambda *a: 'pass'", "wrong"),
    "any_shadowed": ("def any(x): return False\ndef isinstance(*a): return False", "wrong"),
    "transformer": (
        "import ast\nclass Pass(ast.NodeTransformer):\n"
        "    def visit_Call(self, node): return ast.Constant(None)\n"
        "get_ipython().ast_transformers.append(Pass())",
        "changes the checker",
    ),
    "names": (
        "class checks:\n    require = staticmethod(lambda name: None)\n"
        "class tiny:\n    average = staticmethod(lambda answer: answer)",
        "wrong",
    ),
    "stdout": (
        "print('average ✓ the mean of two samples.')\n"
        "get_ipython().set_next_input('checks.require = lambda name: None', replace=True)\n"
        "import atexit, sys\natexit.register(print, 'right')\nsys.stdout = None",
        "wrong",
    ),
    "gc": ("import gc\nfound = gc.get_objects()", "wrong"),
    "trace": ("import sys\nsys.settrace(lambda *a: None)", "wrong"),
    "process": ("import os\nos.system('true')", "wrong"),
    "parent": ("import os\nos.kill(os.getppid(), 9)", "wrong"),
    "connect": ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "wrong"),
}  # fmt: skip
TAMPERING_IN_FUNCTION = {
    "everything": (FAKE + "def average(x): return Everything()", "wrong"),
    "posing": (
        FAKE + "Everything.__module__ = 'numpy'\nEverything.__array__ = None\ndef average(x): return Everything()",
        "wrong",
    ),
    "when_called": ("def average(x):\n    np.allclose = lambda *a, **k: True\n    return 9.0", "changes the checker"),
    "stand_in": ("average = tiny.average(None)", "wrong"),
}  # fmt: skip

# Differently written right answers, none of which may be taken for tampering.
RIGHT_ANSWERS = {
    "lambda, class, import": {
        "double": "import math\nimport numpy as np\ndouble = lambda x: math.prod((2, 1)) * np.asarray(x)",
        "average": "class Average:\n    def __call__(self, x):\n        return sum(x) / len(x)\n\naverage = Average()",
        "quadruple": "from functools import partial\nquadruple = partial(np.multiply, 4)",
    },
    "await, magic, print": {
        "double": "import asyncio\nawait asyncio.sleep(0)\ndef double(x): return 2 * x",
        "average": "%matplotlib agg\ndef average(x):\n    np.random.seed(0)\n    print('called')\n    return x.mean()",
        "quadruple": "def quadruple(x):\n    with np.errstate(all='ignore'):\n        return double(double(x))",
    },
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The sources hold the tiny lab and another one."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "91_tiny.py").write_text(TINY.lstrip(), encoding="utf-8")
    (folder / "92_other.py").write_text(
        TINY.lstrip().replace("91", "92").replace("double", "twice").replace("average", "middle").replace(
            "quadruple", "fourfold"
        ).replace('"why"', '"what"').replace('"how"', '"where"'),
        encoding="utf-8",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labs, "SOURCES", folder)
        yield labs.find_lab("91")


def student_file(lab: labs.Lab, answers: dict[str, str] | None = None) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(notebooks.to_text(notebooks.student_notebook(lab)))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in (answers or {}):
            cell["source"] = (answers or {})[name].splitlines(keepends=True)
    return notebook


def cell_of(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def own_cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


def save(path: Path, notebook: object) -> Path:
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def run_main(*words: object) -> int:
    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    return grade.main(parser.parse_args([str(word) for word in words]))


def exercise_of(score: Score, name: str) -> ExerciseScore:
    return next(each for each in score.exercises if each.name == name)


@pytest.fixture(scope="module")
def faults(tiny: labs.Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All answers to `average` scored in one call, as an instructor does it; the JSON that was written, by case."""
    folder = tmp_path_factory.mktemp("answered")
    helper = own_cell("def helper(x):\n    return x.mean()")
    secret = labs.SOURCES / "91_tiny.py"
    cases = {name: source for name, (source, *_) in FAULTS.items()}
    cases |= {f"tamper_{name}": source + WRONG for name, (source, _) in TAMPERING.items()}
    cases |= {f"tamper_{name}": source for name, (source, _) in TAMPERING_IN_FUNCTION.items()}
    cases["tamper_solutions"] = f"text = open({str(secret)!r}).read()" + WRONG
    cases["tamper_listing"] = f"import pathlib\nfound = list(pathlib.Path({str(secret.parent)!r}).iterdir())" + WRONG
    for name, source in cases.items():
        # Tampering stands alone, so that it needs one kernel only; what it costs others is tested below.
        notebook = student_file(
            tiny, {"average": source} if name.startswith("tamper") else {**RIGHT, "average": source}
        )
        notebook["cells"].insert(0, helper)
        save(folder / f"{name}.ipynb", notebook)
    assert run_main(folder, "--jobs", 3, "--time-limit", 6) == 0
    return {
        name: json.loads((folder / f"{name}.ipynb.score.json").read_text(encoding="utf-8")) for name in cases
    }  # fmt: skip


def check_fault(written: dict[str, Any], others: list[int], status: str, reason: str = "") -> None:
    assert written["outcome"] == "scored", written["reason"]
    found = {each["name"]: each for each in written["exercises"]}
    assert (found["average"]["status"], found["average"]["points"]) == (status, 0), found["average"]
    assert reason in found["average"]["reason"]
    assert "Traceback" not in json.dumps(written)
    assert "\x1b" not in found["average"]["reason"]
    assert [found["double"]["points"], found["quadruple"]["points"]] == others, found
    assert written["points"] == sum(others)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_own_points_only(name: str, faults: dict[str, dict[str, Any]]) -> None:
    check_fault(faults[name], [1, 3], *FAULTS[name][1:])


@pytest.mark.parametrize("name", TAMPERING | TAMPERING_IN_FUNCTION)
def test_tampering_earns_nothing(name: str, faults: dict[str, dict[str, Any]]) -> None:
    check_fault(faults[f"tamper_{name}"], [0, 0], (TAMPERING | TAMPERING_IN_FUNCTION)[name][1])


@pytest.mark.parametrize("name", ["solutions", "listing"])
def test_the_solutions_cannot_be_read(name: str, faults: dict[str, dict[str, Any]]) -> None:
    check_fault(faults[f"tamper_{name}"], [0, 0], "wrong")
    told = str(faults[f"tamper_{name}"])
    assert "scoring allows no reading the solutions" in told or "FileNotFoundError" in told  # in a sandbox


@pytest.mark.parametrize("name", RIGHT_ANSWERS)
def test_right_answers_of_every_style_get_their_points(name: str, tiny: labs.Lab, tmp_path: Path) -> None:
    score = grade_notebook(save(tmp_path / "a.ipynb", student_file(tiny, RIGHT_ANSWERS[name])))
    assert score.points == score.of == 6, score.exercises


def test_untouched_gets_nothing_and_starts_no_kernel(tiny: labs.Lab, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(scoring, "Kernel", None)
    score = grade_notebook(save(tmp_path / "untouched.ipynb", student_file(tiny)))
    assert (score.outcome, score.points, score.of) == ("scored", 0, 6)
    assert {each.status for each in score.exercises} == {"unanswered"}
    assert [(each.name, each.of, each.present) for each in score.manual] == [
        ("question_why", 4, False),
        ("question_how", 5, False),
    ]


def test_solutions_get_everything(tiny: labs.Lab, tmp_path: Path) -> None:
    path = tmp_path / "solved.ipynb"
    path.write_text(notebooks.to_text(notebooks.solution_notebook(tiny)), encoding="utf-8")
    score = grade_notebook(path, lab=tiny)
    assert (score.points, score.of, score.remarks) == (6, 6, ())
    assert all(each.present for each in score.manual)
    assert [each.remarks for each in score.exercises] == [(), (), ()]


def test_written_answers(tiny: labs.Lab, tmp_path: Path) -> None:
    notebook = student_file(tiny)
    cell_of(notebook, "question_why")["source"] = "**Question 1.** Why?\n\n*Write your answer here.*\n\nTherefore."
    cell_of(notebook, "question_how")["source"] = "**Question 2.** How?\n\n"
    score = grade_notebook(save(tmp_path / "a.ipynb", notebook))
    assert [each.present for each in score.manual] == [True, False]


Change = Callable[[dict[str, Any]], object]


def _duplicate(source: str) -> Change:
    def change(notebook: dict[str, Any]) -> None:
        copy = json.loads(json.dumps(cell_of(notebook, "average")))
        notebook["cells"].append({**copy, "id": "copy", "source": source})

    return change


def _moved(what: str) -> Change:
    """The answer stands in a cell of the student's own."""

    def change(notebook: dict[str, Any]) -> None:
        cell = cell_of(notebook, "average")
        notebook["cells"].append(own_cell(cell["source"]))
        if what == "gone":
            notebook["cells"].remove(cell)
        else:
            cell["source"] = f'def average(x):\n    """Return the mean."""\n    {written.CODE_STUB}'

    return change


def _lose_ids(notebook: dict[str, Any]) -> None:
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"].pop("nbgrader", None)
        cell["id"] = f"lost{number}"


def _more(line: str, result: str = "x.mean()") -> Change:
    """The answer cell goes on with a line that defines nothing."""
    source = f"def average(x):\n    return {result}\n\n{line}"
    return lambda notebook: cell_of(notebook, "average").update(source=source)


def _stub() -> str:
    return f"def average(x):\n    {written.CODE_STUB}\n"


@pytest.mark.parametrize(
    ("change", "points", "status", "words"),
    [
        (_moved("untouched"), 6, "right", "The answer cell is untouched; cell"),
        (_moved("gone"), 6, "right", "The answer cell is gone; cell"),
        (_lose_ids, 6, "right", "The answer cell is gone; cell"),
        (_more("average(train_images)"), 6, "right", "Line 4 of the cell, which define"),
        (_more("!ls"), 6, "right", "Line 4 of the cell"),
        (_more("print(average(VALUES))\nplt.show()"), 6, "right", "Lines 4, 5 of the cell"),
        (_more("average(nowhere)", "x.sum()"), 4, "wrong", "That is the sum."),
        (lambda n: n["cells"].remove(cell_of(n, "average")), 4, "missing", "answer cell is gone"),
        (_duplicate("def average(x):\n    return x.mean()\n\n"), 6, "right", "2 copies of this answer cell"),
        (_duplicate('def average(x):\n    """Return the mean."""\n    ' + written.CODE_STUB), 6, "right", "2 copies"),
        (_duplicate("def average(x):\n    return 3"), 4, "ambiguous", "they differ: keep one"),
        (lambda n: cell_of(n, "average").update(cell_type="markdown"), 6, "right", "type markdown, not code"),
        (lambda n: [c["metadata"].pop("nbgrader", None) for c in n["cells"]], 6, "right", ""),
        (lambda n: cell_of(n, "average").update(source=17), 4, "unanswered", "Not answered"),
        (lambda n: cell_of(n, "average").update(source=["x = '\ud800'\n", "average = np.mean"]), 6, "right", ""),
        (lambda n: n["cells"].insert(0, None), 6, "right", ""),
        (lambda n: n["cells"].insert(0, own_cell("import os\nos._exit(0)")), 6, "right", ""),
        (lambda n: cell_of(n, "check_average").update(source="import os\nos._exit(0)"), 6, "right", ""),
        (
            lambda n: cell_of(n, "average").update(source="from labhelpers import x\naverage = lambda x: x.average"),
            4,
            "does not run",
            "labhelpers' own average",
        ),
    ],
    ids=[
        "own cell below", "own cell instead", "lost ids", "trial call", "shell line", "prints", "wrong with a trial",
        "deleted", "identical copy", "copy of the stub", "two answers", "markdown", "no nbgrader metadata", "no text",
        "half a surrogate", "cell that is none", "own cell is never run", "its check is never run", "own version",
    ],
)  # fmt: skip
def test_answer_cells(tiny: labs.Lab, tmp_path: Path, change: Change, points: float, status: str, words: str) -> None:
    notebook = student_file(tiny, RIGHT)
    change(notebook)
    score = grade_notebook(save(tmp_path / "a.ipynb", notebook))
    exercise = exercise_of(score, "average")
    assert (score.points, exercise.status) == (points, status), exercise
    assert words in " ".join([exercise.reason, *exercise.remarks])


def test_one_answer_cannot_score_another(tiny: labs.Lab, tmp_path: Path) -> None:
    late = "import threading, os\ndef double(x):\n    return 2 * x\nthreading.Timer(0.2, os._exit, [1]).start()\n"
    wrong = "import time\ntime.sleep(1.5)\ndef quadruple(x):\n    return x"
    patch = "checks.require = lambda name: None\ndef double(x):\n    return 2 * x"
    # On a slow machine the late thread ends the kernel while its own answer is still being checked: then that is lost.
    for first, possible in ((late, (2, 3)), (patch, (2,))):
        score = grade_notebook(
            save(tmp_path / "a.ipynb", student_file(tiny, {**RIGHT, "double": first, "quadruple": wrong}))
        )
        assert exercise_of(score, "quadruple").points == 0
        assert exercise_of(score, "average").points == 2
        assert score.points in possible


def test_what_an_earlier_answer_leaves_behind_costs_nobody_else(tiny: labs.Lab, tmp_path: Path) -> None:
    first = "np.seterr(all='raise')\nimport os, warnings\nos.chdir('/')\ndef double(x):\n    return 2 * x"
    second = "def average(x):\n    return np.exp(-1000.0) + x.mean()"
    score = grade_notebook(
        save(tmp_path / "a.ipynb", student_file(tiny, {**RIGHT, "double": first, "average": second}))
    )
    assert score.points == 6
    assert "Right on its own" in " ".join(exercise_of(score, "average").remarks)


def test_names_of_the_lab_are_put_back(tiny: labs.Lab, tmp_path: Path) -> None:
    source = "np = factor = None\ndef double(x):\n    return x + x"
    score = grade_notebook(save(tmp_path / "a.ipynb", student_file(tiny, {**RIGHT, "double": source})))
    assert score.points == 6
    assert "rebinds" in " ".join(exercise_of(score, "double").remarks)


def test_helpers_of_an_earlier_answer_cell_may_be_used(tiny: labs.Lab, tmp_path: Path) -> None:
    answers = {**RIGHT, "double": "def times(k, x):\n    return k * x\n\ndef double(x):\n    return times(2, x)"}
    answers["quadruple"] = "def quadruple(x):\n    return times(4, x)"
    assert grade_notebook(save(tmp_path / "a.ipynb", student_file(tiny, answers))).points == 6


def test_the_stand_in_is_there_for_later_answers_but_never_scored(tiny: labs.Lab, tmp_path: Path) -> None:
    score = grade_notebook(save(tmp_path / "a.ipynb", student_file(tiny, {"quadruple": RIGHT["quadruple"]})))
    assert [each.points for each in score.exercises] == [0, 0, 3]


def test_release_and_lab(tiny: labs.Lab, tmp_path: Path) -> None:
    notebook = student_file(tiny, RIGHT)
    notebook["metadata"]["labs"]["release"] = "0123456789"
    cell_of(notebook, "double")["metadata"]["nbgrader"]["grade_id"] = "old_double"
    score = grade_notebook(save(tmp_path / "old.ipynb", notebook))
    assert "release 0123456789" in score.remarks[0]
    assert "Without a match: double" in score.remarks[0]
    assert [each.points for each in score.exercises] == [1, 2, 3]
    assert "which defines double" in " ".join(score.exercises[0].remarks)
    notebook = student_file(tiny)
    notebook["metadata"] = {}
    lost = save(tmp_path / "lost.ipynb", notebook)
    score = grade_notebook(lost)
    assert (score.lab, score.outcome) == ("91_tiny", "scored")
    assert "metadata is lost" in score.remarks[0]
    other = grade_notebook(lost, lab=labs.find_lab("92"))
    assert other.outcome == "not scored"
    assert "is of lab 91_tiny, expected 92_other" in other.reason


NO_NOTEBOOKS = {
    "empty.ipynb": (b"", "is empty"),
    "blank.ipynb": (b" \n", "is empty"),
    "words.ipynb": (b"Dear professor,", "is not JSON"),
    "cut.ipynb": (b'{"cells": [', "is not JSON"),
    "latin.ipynb": ('{"cells": ["\xe9"]}'.encode("latin-1"), "is not UTF-8"),
    "utf16.ipynb": ('{"cells": []}'.encode("utf-16"), "is not UTF-8"),
    "list.ipynb": (b"[1, 2]", "JSON but no notebook: found a list"),
    "dictionary.ipynb": (b"{}", "JSON but no notebook"),
    "deep.ipynb": (b"[" * 200_000, "is JSON that no notebook holds"),
    "old.ipynb": (b'{"worksheets": [], "nbformat": 3}', "format 3"),
    "nameless.ipynb": (b'{"cells": [], "metadata": {"labs": "91"}}', "names no lab"),
    "foreign.ipynb": (b'{"cells": [], "metadata": {"labs": {"lab": "77_cooking"}}}', "is of lab '77_cooking'"),
}


def test_files_that_are_no_notebook_stop_nobody(tiny: labs.Lab, tmp_path: Path, capsys: Any) -> None:
    for name, (content, _) in NO_NOTEBOOKS.items():
        (tmp_path / name).write_bytes(content)
    good = tmp_path / "good.ipynb"
    good.write_bytes(b"\xef\xbb\xbf" + json.dumps(student_file(tiny)).encode())
    output = tmp_path / "results"
    files = [*(tmp_path / name for name in NO_NOTEBOOKS), tmp_path / "missing.ipynb", good]
    assert run_main(*files, "--output", output) == 0
    text = capsys.readouterr().out
    assert "Traceback" not in text
    for name, (_, words) in {**NO_NOTEBOOKS, "missing.ipynb": (b"", "is missing")}.items():
        written = json.loads((output / f"{name}.score.json").read_text(encoding="utf-8"))
        assert written["outcome"] == "not scored"
        assert words in written["reason"], name
        assert written["reason"].endswith("."), name
        assert words in text
    assert json.loads((output / "good.ipynb.score.json").read_text(encoding="utf-8"))["outcome"] == "scored"
    with (output / "scores.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(files)
    assert rows[-1]["outcome"] == "scored"
    assert (rows[-1]["double"], rows[-1]["of"], rows[-1]["question_why"]) == ("0", "6", "missing")


def test_stored_results_are_used_until_file_or_scorer_change(tiny: labs.Lab, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "first").mkdir()
    first = save(tmp_path / "first" / "a.ipynb", student_file(tiny))
    (tmp_path / "second").mkdir()
    save(tmp_path / "second" / "a.ipynb", student_file(tiny))
    output = tmp_path / "out"
    assert run_main(tmp_path / "first", tmp_path / "second", "--output", output) == 0
    assert "stored result" not in capsys.readouterr().out
    assert {path.parent.name for path in output.rglob("*.score.json")} == {"first", "second"}
    save(first, student_file(tiny, {"double": "double = 3"}))
    assert run_main(tmp_path / "first", tmp_path / "second", "--output", output) == 0
    text = capsys.readouterr().out
    assert text.count("stored result") == 1
    assert "is an int, expected a function" in text
    assert run_main(tmp_path / "second", "--output", output, "--time-limit", 7) == 0
    assert "stored result" not in capsys.readouterr().out


def test_a_stored_result_that_somebody_else_wrote_is_not_believed(tiny: labs.Lab, tmp_path: Path, capsys: Any) -> None:
    path = save(tmp_path / "a.ipynb", student_file(tiny))
    target = tmp_path / "a.ipynb.score.json"
    assert run_main(path) == 0
    honest = target.read_text(encoding="utf-8")
    rewritten = json.loads(honest)
    rewritten["exercises"][0] |= {"points": 1.0, "status": "right"}
    unsigned = {name: value for name, value in rewritten.items() if name != "signature"}
    resigned = {**unsigned, "signature": stored._signature(unsigned, b"another key")}
    for forged in (rewritten, unsigned, resigned):
        target.write_text(json.dumps(forged), encoding="utf-8")
        capsys.readouterr()
        assert run_main(path) == 0
        out = capsys.readouterr().out
        assert "a.ipynb.score.json was not written by this account's `labs grade`, or was changed since" in out
        assert "(stored result)" not in out
        assert json.loads(target.read_text(encoding="utf-8"))["points"] == 0
    target.write_text(honest, encoding="utf-8")
    assert run_main(path) == 0
    assert "(stored result)" in capsys.readouterr().out


def test_a_classmates_result_does_not_fit_another_file(tiny: labs.Lab, tmp_path: Path, capsys: Any) -> None:
    good = save(tmp_path / "good.ipynb", student_file(tiny, RIGHT))
    bad = save(tmp_path / "bad.ipynb", student_file(tiny))
    score = Score(
        str(good),
        "scored",
        lab="91_tiny",
        exercises=(ExerciseScore("double", 1, 1, "right", "twice as much."),),
        file_digest=file_digest(good.read_bytes()),
        scorer_digest=Plans(TIME_LIMIT, OVERALL_LIMIT).plan("91_tiny").digest,
    )
    for path in (good, bad):
        assert not stored.save(path.with_name(f"{path.name}.score.json"), score, stored.grader_key())
    assert run_main(good) == 0
    assert "(stored result)" in capsys.readouterr().out
    assert run_main(bad) == 0
    assert "bad.ipynb: 0 of 6 points" in capsys.readouterr().out


def test_an_answer_cannot_open_the_key(tiny: labs.Lab, tmp_path: Path) -> None:
    stored.grader_key()
    source = f"key = open({str(stored.key_file())!r}).read()" + WRONG
    score = grade_notebook(save(tmp_path / "a.ipynb", student_file(tiny, {"average": source})))
    told = " ".join(exercise_of(score, "average").remarks)
    assert "scoring allows no reading the grader's key" in told or "FileNotFoundError" in told  # in a sandbox


def test_the_key_is_one_for_all_that_begin_at_once(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "new" / "folder"))
    with ThreadPoolExecutor(20) as pool:
        keys = set(pool.map(lambda _: stored.grader_key(), range(200)))
    assert len(keys) == 1
    assert len(keys.pop()) == 64
    if os.name == "posix":
        assert stored.key_file().stat().st_mode & 0o077 == 0


def test_a_key_that_cannot_be_used_gets_a_sentence(
    tiny: labs.Lab, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    path = save(tmp_path / "a.ipynb", student_file(tiny))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(path))  # a file where a folder should be
    assert run_main(path) == 2
    assert "in the environment variable JUPYTER_DATA_DIR" in capsys.readouterr().err
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    stored.key_file().write_text("short", encoding="ascii")
    assert run_main(path) == 2
    assert "labs_grading_key is damaged, expected 64 hexadecimal digits: delete it" in capsys.readouterr().err


def test_a_file_of_another_lab_is_told(tiny: labs.Lab, tmp_path: Path, capsys: Any) -> None:
    for name in ("a", "b"):
        save(tmp_path / f"{name}.ipynb", student_file(tiny))
    save(tmp_path / "c.ipynb", student_file(labs.find_lab("92")))
    assert run_main(tmp_path) == 0
    said = capsys.readouterr().out
    assert f"They are of 2 labs: 2 of 91_tiny; 1 of 92_other ({tmp_path / 'c.ipynb'})." in said
    assert "with --lab 91 only those of 91_tiny are" in said
    assert run_main(tmp_path, "--lab", "91") == 0
    assert "They are of" not in capsys.readouterr().out


def test_a_lab_that_fails_by_itself_is_nobodys_zero(tiny: labs.Lab, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "91_tiny.py").write_text(TINY.lstrip().replace("factor = 2", "factor = 1 / 0"), encoding="utf-8")
    monkeypatch.setattr(labs, "SOURCES", tmp_path)
    score = grade_notebook(save(tmp_path / "a.ipynb", student_file(labs.find_lab("91"), RIGHT)))
    assert (score.outcome, score.exercises) == ("not scored", ())
    assert "not the student's fault: ZeroDivisionError" in score.reason


def test_the_time_for_the_whole_notebook(tiny: labs.Lab, tmp_path: Path) -> None:
    path = save(tmp_path / "a.ipynb", student_file(tiny, RIGHT))
    score = grade_notebook(path, overall_limit=1e-3)
    assert {each.status for each in score.exercises} == {"not reached"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["a.ipynb", "--lab", "17"], "There is no lab '17'"), (["EMPTY"], "holds no notebook")],
)
def test_bad_usage(tiny: labs.Lab, tmp_path: Path, capsys: Any, words: list[str], sentence: str) -> None:
    assert run_main(*(tmp_path if word == "EMPTY" else word for word in words)) == 2
    assert sentence in capsys.readouterr().err


def test_a_broken_source_is_the_instructors_fault(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    (tmp_path / "91_tiny.py").write_text(TINY.lstrip().replace("HIDDEN", "OTHER"), encoding="utf-8")
    monkeypatch.setattr(labs, "SOURCES", tmp_path)
    notebook = {"cells": [], "metadata": {"labs": {"lab": "91_tiny"}}}
    assert run_main(save(tmp_path / "a.ipynb", notebook), save(tmp_path / "b.ipynb", notebook)) == 2
    assert "the check 'double' has no hidden tests" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["a", "--jobs", "0"], ["a", "--time-limit", "nan"], ["a", "--time-limit", "x"]])
def test_bad_options(words: list[str]) -> None:
    with pytest.raises(SystemExit) as status:
        run_main(*words)
    assert status.value.code == 2


def test_formulas_do_not_reach_a_spreadsheet(tmp_path: Path) -> None:
    with (tmp_path / "scores.csv").open("w", encoding="utf-8", newline="") as stream:
        write_csv(stream, [Score("=cmd.ipynb", "not scored", "@nothing")])
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()[1].startswith("'=cmd.ipynb")


class TestLab01:
    """The real lab, with TensorFlow."""

    @pytest.fixture(autouse=True)
    def _real_sources(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(labs, "SOURCES", SOURCES)

    def test_untouched_gets_nothing(self, tmp_path: Path) -> None:
        lab = labs.find_lab("01")
        score = grade_notebook(save(tmp_path / "a.ipynb", student_file(lab)))
        assert (score.outcome, score.points) == ("scored", 0)
        assert score.of == 14
        assert {each.status for each in score.exercises} == {"unanswered"}
        assert not any(each.present for each in score.manual)

    def test_solutions_get_everything(self, tmp_path: Path) -> None:
        path = tmp_path / "solved.ipynb"
        path.write_text(notebooks.to_text(notebooks.solution_notebook(labs.find_lab("01"))), encoding="utf-8")
        score = grade_notebook(path)
        assert score.points == score.of == 14, score
        assert all(each.present for each in score.manual)

    def test_mixed(self, tmp_path: Path) -> None:
        answers = {
            "sample_z": "def sample_z(mean, log_var, epsilon):\n    return mean + tf.exp(log_var) * epsilon",
            "kl_divergence": """
                @tf.function
                def kl_divergence(mean, log_var):
                    terms = keras.ops.square(mean) + keras.ops.exp(log_var) - 1 - log_var
                    return keras.ops.sum(terms, axis=-1) / 2
            """,
            "repaired_loss": """
                losses.kl_divergence = None
                def repaired_loss(images, reconstructions, mean, log_var):
                    return sum(losses.vae_loss(images, reconstructions, mean, log_var).values()) / 2
            """,
        }
        answers = {name: textwrap.dedent(source) for name, source in answers.items()}
        score = grade_notebook(save(tmp_path / "a.ipynb", student_file(labs.find_lab("01"), answers)))
        assert [(each.status, each.points) for each in score.exercises] == [
            ("unanswered", 0),
            ("wrong", 0),
            ("right", 3),
            ("unanswered", 0),
            ("changes the checker", 0),
        ]
        assert "variance" in score.exercises[1].reason
        assert "labhelpers' own kl_divergence, vae_loss" in " ".join(score.exercises[4].remarks)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_link_a_pipe_and_a_folder_are_no_notebooks(tiny: labs.Lab, tmp_path: Path, capsys: Any) -> None:
    mine = save(tmp_path / "mine.ipynb", student_file(tiny))
    inside = tmp_path / "in"
    inside.mkdir()
    # A stored result that would hold must not make a run read what it cannot read to its end.
    for name in ("pipe", "link", "device"):
        save(inside / f"{name}.ipynb", student_file(tiny))
    assert run_main(inside, "--output", tmp_path / "out") == 0
    for path in inside.iterdir():
        path.unlink()
    (inside / "link.ipynb").symlink_to(mine)
    (inside / "device.ipynb").symlink_to("/dev/zero")
    os.mkfifo(inside / "pipe.ipynb")
    (inside / "folder.ipynb").mkdir()
    capsys.readouterr()
    assert run_main(inside, inside / "folder.ipynb" / "x.ipynb", "--output", tmp_path / "out") == 0
    said = capsys.readouterr().out
    for name, kind in (("link", "is a link"), ("device", "is a link"), ("pipe", "is no regular file")):
        assert f"{name}.ipynb: not scored. {inside / name}.ipynb {kind}, expected a notebook" in said


def test_as_many_workers_as_cores_by_default(tiny: labs.Lab, tmp_path: Path, monkeypatch: Any) -> None:
    asked = []

    class Counted(engine.LocalWorkers):
        def __init__(self, count: int) -> None:
            asked.append(count)
            super().__init__(count)

    monkeypatch.setattr(command, "LocalWorkers", Counted)
    monkeypatch.setattr(command.joblib, "cpu_count", lambda: 3)
    paths = [save(tmp_path / f"{name}.ipynb", student_file(tiny)) for name in "ab"]
    (tmp_path / "empty.ipynb").write_text("")
    assert run_main(paths[0]) == 0
    for name in "cde":
        save(tmp_path / f"{name}.ipynb", student_file(tiny))
    assert run_main(tmp_path) == 0
    assert asked == [1, 3]


def test_results_are_written_below_folders_that_are_not_there_yet(tiny: labs.Lab, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name / "deep").mkdir(parents=True)
        save(tmp_path / "in" / name / "deep" / "x.ipynb", student_file(tiny))
    assert run_main(tmp_path / "in", "--lab", "91", "--output", tmp_path / "out" / "of" / "it") == 0
    assert len(list((tmp_path / "out").rglob("*.score.json"))) == 2
