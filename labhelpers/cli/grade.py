"""``labs grade``: score answered notebooks.

A student's file is read as data and never run. Its answer cells are merged, by grade id, into the trusted lab that is
built from ``solutions/``, and only what scoring needs is run, in a kernel of its own: the cells tagged ``setup``, then
answer and check (with hidden tests) of every exercise. An answer that raises, loops for ever, or ends the kernel costs
its own points and nobody else's: the kernel is started anew and the other exercises go on.

What stands between an answer and points that it has not earned:

* The check runs beside IPython, not through it, in a namespace in which every name of the lab has its trusted value;
  outcomes are emptied before it. What an answer prints is not read, and exit hooks never run.
* A seal over the checks, ``labhelpers``, built-ins, NumPy and TensorFlow's public functions is taken before the first
  answer, kept in the scoring process, and compared after every answer and after every check.
* An audit hook, which Python cannot remove, refuses to open the solutions, start processes, open connections, send
  signals, or go through ctypes or the garbage collector. Memory and file size are limited where the system can do it.
* The kernel gets a fresh folder as home and working directory, and an environment without the caller's variables.
* Answers that call labhelpers' own version, or that touch the machinery, are named in the report for a person to read.

What it does not stop: answer and check share a process. Whoever studies this file can still reach the check through
stack frames or compiled code, and TensorFlow's own file operations bypass the audit hook. The account that runs the
scoring can read whatever it can read. For hostile students, run it in a container without network, and look at the
answers that the report names.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import contextlib
import csv
import hashlib
import inspect
import json
import os
import queue
import re
import signal
import site
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import matplotlib
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from tqdm import tqdm

from labhelpers import profiles
from labhelpers.checks.core import GOES_ON
from labhelpers.checks.written import TEXT_STUB
from labhelpers.cli import build
from labhelpers.cli.build import Lab, SourceError
from labhelpers.data.directory import data_directory

TIME_LIMIT = 60.0
"""Seconds for one answer with its check."""

OVERALL_LIMIT = 600.0
"""Seconds for one notebook, starts of kernels included."""

_SETUP_LIMIT = 300.0
_MEMORY_LIMIT = 4 * 2**30
_FILE_LIMIT = 2**28
_RESULT_SUFFIX = ".score.json"

# fmt: off
_MACHINERY = {
    "__builtins__", "__import__", "_thread", "atexit", "builtins", "checks", "ctypes", "eval", "exec", "gc",
    "get_ipython", "importlib", "inspect", "multiprocessing", "os", "pathlib", "signal", "socket", "subprocess",
    "sys", "threading",
}
# fmt: on
"""Names that an answer of these labs has no reason to use."""


@dataclass(frozen=True)
class ExerciseScore:
    """What one exercise got.

    Attributes:
        name: its grade id.
        points: what it got.
        of: what it can get.
        status: ``"right"``, ``"wrong"``, ``"unanswered"``, ``"missing"``, ``"ambiguous"``, ``"does not run"``,
            ``"time limit"``, ``"kernel ended"``, ``"changes the checker"`` or ``"not reached"``.
        reason: a sentence on it; what the check says where it has an opinion.
        remarks: what a person should look at; they change no points.
    """

    name: str
    points: float
    of: float
    status: str
    reason: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ManualAnswer:
    """A written answer: whether it is there. A person gives its points, ``of`` at most."""

    name: str
    of: float
    present: bool
    remark: str = ""


@dataclass(frozen=True)
class Score:
    """The outcome of one notebook.

    Attributes:
        file: the file that was read.
        outcome: ``"scored"`` or ``"not scored"``.
        reason: why it was not scored; empty where it was.
        lab: the stem of the lab, or empty.
        release: the release that it was scored with, or empty.
        exercises: in the order of the lab.
        manual: the written answers, in the order of the lab.
        remarks: what is odd about the file as a whole.
        seconds: how long scoring took.
        file_digest: of the file's bytes; with ``scorer_digest`` it tells whether a stored result still holds.
        scorer_digest: of the lab with its hidden tests, of ``labhelpers``, and of the limits.
    """

    file: str
    outcome: str
    reason: str = ""
    lab: str = ""
    release: str = ""
    exercises: tuple[ExerciseScore, ...] = ()
    manual: tuple[ManualAnswer, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0
    file_digest: str = ""
    scorer_digest: str = ""

    @property
    def points(self) -> float:
        """The points of all exercises."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def of(self) -> float:
        """The points that the exercises can give."""
        return sum(exercise.of for exercise in self.exercises)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs grade``."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="an answered notebook, or a folder of them")
    parser.add_argument("--lab", help="number or name of the lab that they must be of, as 01")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the results (default: beside each file)")
    parser.add_argument(
        "--jobs",
        type=_positive(int),
        default=max(1, (os.cpu_count() or 2) // 2),
        help="notebooks scored at the same time (default: half the cores)",
    )
    parser.add_argument(
        "--time-limit",
        type=_positive(float),
        default=TIME_LIMIT,
        metavar="SECONDS",
        help=f"for one answer with its check (default: {TIME_LIMIT:g})",
    )


def main(arguments: argparse.Namespace) -> int:
    """Score every file, print tables, write results; 0 when all got an outcome, 1 when interrupted, 2 for bad usage."""
    try:
        asked = build.find_lab(arguments.lab) if arguments.lab else None
        files = _expand(arguments.files)
        if arguments.output:
            arguments.output.mkdir(parents=True, exist_ok=True)
        plans = _Plans(arguments.time_limit, OVERALL_LIMIT)
    except (SourceError, _NotScored) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{arguments.output} cannot be made a folder for the results ({error.strerror}).", file=sys.stderr)
        return 2
    targets = _targets(files, arguments.output)
    scores: dict[Path, Score] = {}
    try:
        _run(_grade_all(files, targets, plans, asked, arguments.jobs, scores))
    except ExceptionGroup as group:  # the source of a lab is broken: no file of it can be scored
        print("; ".join(dict.fromkeys(map(str, group.exceptions))), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            f"Interrupted after {len(scores)} of {len(files)} notebooks. The same command goes on from here.",
            file=sys.stderr,
        )
        return 1
    if len(files) > 1:
        table = (arguments.output or _common_folder(files)) / "scores.csv"
        problem = _write(table, lambda stream: _write_csv(stream, [scores[path] for path in files]))
        scored = sum(score.outcome == "scored" for score in scores.values())
        print(f"{len(files)} notebooks, {scored} scored. " + (problem or f"All in one table: {table}"))
    return 0


def grade_notebook(
    path: Path | str, *, lab: Lab | None = None, time_limit: float = TIME_LIMIT, overall_limit: float = OVERALL_LIMIT
) -> Score:
    """Score one answered notebook.

    Args:
        path: the file; nothing in it is trusted.
        lab: the lab that it must be of; None takes the one that it names.
        time_limit: seconds for one answer with its check.
        overall_limit: seconds for the notebook, starts of kernels included.

    Returns:
        The score. A file that cannot be scored gives a score that says why; nothing is raised for it.

    Raises:
        SourceError: the source of a lab is broken.
    """
    return _run(_grade(Path(path), _Plans(time_limit, overall_limit), lab))


# ---------------------------------------------------------------------------------------------------------------------
# The trusted side: what is scored


class _NotScored(Exception):  # noqa: N818  (it is an outcome, not an error)
    """Why a file gets no points table, in one sentence."""


@dataclass(frozen=True)
class _Exercise:
    name: str
    points: float
    stub: str
    check: str
    defines: tuple[str, ...]
    uses: frozenset[str]


@dataclass(frozen=True)
class _Plan:
    """A lab as scoring needs it. Set-up cells come first, wherever they stand."""

    lab: Lab
    release: str
    digest: str
    setup: tuple[str, ...]
    exercises: tuple[_Exercise, ...]
    questions: tuple[tuple[str, float, str], ...]
    graded_ids: frozenset[str]


class _Plans:
    """The plans of all labs, made when first needed, with the limits that they are run under."""

    def __init__(self, time_limit: float, overall_limit: float) -> None:
        self.time_limit = time_limit
        self.overall_limit = overall_limit
        self.labs = {lab.stem: lab for lab in build.catalogue()}
        self._made: dict[str, _Plan] = {}
        if not any(lab.source.exists() for lab in self.labs.values()):
            raise _NotScored(
                f"There is no source of a lab in {build.SOURCES}: scoring needs the folder with solutions."
            )

    def plan(self, stem: str) -> _Plan:
        if stem not in self._made:
            self._made[stem] = _make_plan(self.labs[stem], f"{self.time_limit} {self.overall_limit}")
        return self._made[stem]


def _make_plan(lab: Lab, limits: str) -> _Plan:
    notebook = build.solution_notebook(lab)
    stubs = build.student_cells(notebook)
    answers: dict[str, tuple[str, str]] = {}
    exercises: list[_Exercise] = []
    questions: list[tuple[str, float, str]] = []
    graded_ids = set()
    setup = [cell.source for cell in notebook.cells if "setup" in cell.metadata.get("tags", [])]
    for cell, stub in zip(notebook.cells, stubs.cells, strict=True):
        grader = cell.metadata.get("nbgrader")
        if not grader:
            continue
        graded_ids.add(grader.grade_id)
        if grader.solution and not grader.grade:
            answers[grader.grade_id] = (cell.source, stub.source)
        elif grader.solution:
            questions.append((grader.grade_id, float(grader.points), stub.source))
        else:
            name = grader.grade_id.removeprefix("check_")
            if name not in answers:
                raise SourceError(f"{lab.source.name}: the check {name!r} has no answer cell of that name above it.")
            if cell.source == stub.source:
                raise SourceError(f"{lab.source.name}: the check {name!r} has no hidden tests, so nothing is scored.")
            solution, stub_text = answers[name]
            exercises.append(
                _Exercise(
                    name,
                    float(grader.points),
                    stub_text,
                    TransformerManager().transform_cell(cell.source),
                    tuple(sorted(_bound_names(solution))),
                    frozenset(_attributes(solution)),
                )
            )
    digest = hashlib.sha256(build.to_text(notebook).encode())
    for path in sorted(Path(build.__file__).resolve().parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    digest.update(limits.encode())
    release = notebook.metadata["labs"]["release"]
    return _Plan(
        lab,
        release,
        digest.hexdigest()[:20],
        tuple(setup),
        tuple(exercises),
        tuple(questions),
        frozenset(graded_ids),
    )


def _parse(source: str) -> ast.Module:
    """The syntax tree of a cell, magics and top-level ``await`` included.

    Raises:
        SyntaxError: it does not parse.
    """
    try:
        text = TransformerManager().transform_cell(source)
        tree = compile(text, "<answer>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"{error or type(error).__name__}") from None
    assert isinstance(tree, ast.Module)
    return tree


def _bound_names(source: str) -> set[str]:
    """The names that a cell binds at its top level, as far as its text tells."""
    try:
        statements = _parse(source).body
    except SyntaxError:
        return set()
    names: set[str] = set()
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).split(".")[0] for alias in statement.names)
        else:
            names.update(
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
    return names


def _attributes(source: str) -> set[str]:
    """Every name that a cell takes from a module or an object: ``losses.kl_divergence``, an import, a getattr."""
    found: set[str] = set()
    for node in ast.walk(_parse(source)):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# The untrusted side: what is in the file


@dataclass(frozen=True)
class _Cell:
    number: int
    kind: str
    source: str
    grade_id: str
    """From nbgrader's metadata; where that is lost, the cell's id, which the build makes equal to it."""


@dataclass(frozen=True)
class _File:
    cells: tuple[_Cell, ...]
    lab: str | None
    release: str | None


@dataclass(frozen=True)
class _Answer:
    """An exercise's answer as it was found; ``source`` is None where there is nothing to run."""

    source: str | None
    status: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()


def _read(path: Path, content: bytes) -> _File:
    if not content.strip():
        raise _NotScored(f"{path.name} is empty, expected a notebook: ask for the file again.")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _NotScored(
            f"{path.name} is not UTF-8 text (byte {error.start}), expected a notebook as Jupyter saves it: "
            "ask for the file again."
        ) from None
    except json.JSONDecodeError as error:
        raise _NotScored(
            f"{path.name} is not JSON (line {error.lineno}: {error.msg}), expected a notebook: the file is damaged or "
            "of another kind; ask for it again."
        ) from None
    except (RecursionError, ValueError):
        raise _NotScored(
            f"{path.name} is JSON that no notebook holds, expected a notebook: ask for it again."
        ) from None
    if isinstance(data, dict) and isinstance(data.get("worksheets"), list):
        raise _NotScored(f"{path.name} is a notebook of format 3, expected 4: open and save it with JupyterLab.")
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        kind = "a dictionary without cells" if isinstance(data, dict) else f"a {type(data).__name__}"
        raise _NotScored(f"{path.name} is JSON but no notebook: found {kind}, expected a list of cells.")
    cells = tuple(
        _read_cell(number, cell) for number, cell in enumerate(data["cells"], start=1) if isinstance(cell, dict)
    )
    labs = _dictionary(_dictionary(data.get("metadata")).get("labs"))
    return _File(cells, _text(labs.get("lab")) or None, _text(labs.get("release")) or None)


def _read_cell(number: int, cell: dict[str, Any]) -> _Cell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    grader = _dictionary(_dictionary(cell.get("metadata")).get("nbgrader"))
    grade_id = _text(grader.get("grade_id")) or _text(cell.get("id"))
    return _Cell(number, _text(cell.get("cell_type")), _text(source), grade_id)


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A string that can be encoded; JSON may hold halves of surrogate pairs, and a kernel takes none."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _find_plan(path: Path, file: _File, plans: _Plans, asked: Lab | None) -> tuple[_Plan, list[str]]:
    """The lab that a file is of, from its metadata or else from its grade ids, with remarks."""
    remarks = []
    stem = file.lab
    if stem is not None and stem not in plans.labs:
        raise _NotScored(f"{path.name} is of lab {_shorten(stem, 40)!r}, expected one of {', '.join(plans.labs)}.")
    if stem is None:
        ids = {cell.grade_id for cell in file.cells}
        shared = {name: len(ids & plans.plan(name).graded_ids) for name in plans.labs}
        best = max(shared.values())
        candidates = [name for name, count in shared.items() if count == best]
        if best == 0 or len(candidates) > 1:
            raise _NotScored(
                f"{path.name} names no lab, and its cells do not tell one: expected the notebook of one of "
                f"{', '.join(plans.labs)}, with its own cells."
            )
        stem = candidates[0]
        remarks.append("The file's metadata is lost; its cells tell which lab it is.")
    if asked is not None and asked.stem != stem:
        raise _NotScored(f"{path.name} is of lab {stem}, expected {asked.stem}: score it with that lab.")
    plan = plans.plan(stem)
    known = {cell.grade_id for cell in file.cells} & plan.graded_ids
    if file.release != plan.release and file.lab is not None:
        gone = sorted(plan.graded_ids - known)
        remarks.append(
            f"The file is of release {_shorten(file.release, 20) if file.release else 'unknown'}, scored with release "
            f"{plan.release}: cells that still match count." + (f" Without a match: {', '.join(gone)}." if gone else "")
        )
    return plan, remarks


def _find_answer(exercise: _Exercise, plan: _Plan, file: _File) -> _Answer:
    cells = [cell for cell in file.cells if cell.grade_id == exercise.name]
    if not cells:
        return _Answer(None, "missing", f"The answer cell is gone: there is no cell with the grade id {exercise.name}.")
    written = {_normal(cell.source): cell for cell in cells if _normal(cell.source) not in ("", _normal(exercise.stub))}
    if len(written) > 1:
        places = ", ".join(str(cell.number) for cell in cells)
        return _Answer(None, "ambiguous", f"Cells {places} all claim to be this answer, and they differ: keep one.")
    if not written:
        return _Answer(None, "unanswered", "Not answered yet.")
    (cell,) = written.values()
    remarks = []
    if len(cells) > 1:
        remarks.append(f"There are {len(cells)} copies of this answer cell; cell {cell.number} was scored.")
    if cell.kind != "code":
        remarks.append(
            f"Cell {cell.number} is of type {_shorten(cell.kind, 20) or 'unknown'}, not code; it was scored."
        )
    try:
        tree = _parse(cell.source)
    except SyntaxError as error:
        line = f" (line {error.lineno})" if error.lineno else ""
        reason = f"The cell does not run: SyntaxError: {_clean(error.msg)}{line}."
        return _Answer(None, "does not run", reason, tuple(remarks))
    own = {other.name for other in plan.exercises} & _attributes(cell.source) - exercise.uses
    if own:
        remarks.append(f"It refers to labhelpers' own {', '.join(sorted(own))}: is it the student's work?")
    touched = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        part for node in ast.walk(tree) for part in _imported(node)
    }
    machinery = sorted(name for name in touched & _MACHINERY if name in cell.source)  # a magic brings get_ipython
    if machinery:
        remarks.append(f"It uses {', '.join(machinery)}, for which this exercise has no need.")
    return _Answer(cell.source, remarks=tuple(remarks))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [part for alias in node.names for part in alias.name.split(".")]
    if isinstance(node, ast.ImportFrom):
        return [*(node.module or "").split("."), *(alias.name for alias in node.names)]
    return []


def _find_manual(question: tuple[str, float, str], file: _File) -> ManualAnswer:
    name, points, stub = question
    cells = [cell for cell in file.cells if cell.grade_id == name]
    given = {line.strip() for line in stub.replace(TEXT_STUB, "").splitlines()} | {TEXT_STUB, ""}
    present = [
        c for c in cells if any(line.strip().replace(TEXT_STUB, "") not in given for line in c.source.splitlines())
    ]
    remark = "The cell is gone." if not cells else ""
    if len(cells) > 1:
        remark = f"There are {len(cells)} copies of this cell; read cells {', '.join(str(c.number) for c in cells)}."
    return ManualAnswer(name, points, bool(present), remark)


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


# ---------------------------------------------------------------------------------------------------------------------
# Inside the kernel


def _kernel_side(limits: dict[str, int], forbidden: str) -> None:  # noqa: PLR0915  (sent to the kernel as one piece)
    """Install the handler of scoring requests. Its source is sent to the kernel; it uses nothing of this module."""
    import contextlib
    import hashlib
    import importlib
    import os
    import sys
    import types

    import numpy as np
    from IPython.core.getipython import get_ipython

    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # Windows has none

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file"], limits["file"]))
        resource.setrlimit(resource.RLIMIT_DATA, (limits["memory"], limits["memory"]))

    shell: Any = get_ipython()
    session = shell.kernel.session
    namespace: dict[str, Any] = shell.user_ns
    streams = (sys.stdout, sys.stderr)
    trusted: dict[str, Any] = {}
    watched: list[tuple[str, dict[str, Any], str]] = []
    held: list[object] = []
    verdict: dict[str, Any] = {}
    refused: list[str] = []
    # fmt: off
    libraries = {
        "builtins", "functools", "math", "operator", "json", "contextlib", "numpy", "numpy.linalg",
        "numpy.random", "numpy.testing", "numpy._core.numeric", "numpy._core.fromnumeric", "tensorflow",
        "tensorflow.math", "tensorflow.nn", "tensorflow.linalg", "tensorflow.random",
    }
    # fmt: on

    class Sink:
        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None:
            pass

    def identity(value: Any, depth: int = 2) -> Any:
        """What changes when an object is replaced, or a function gets other code."""
        held.append(value)
        parts: list[Any] = [id(value)]
        if isinstance(value, types.FunctionType):
            cells = []
            for cell in value.__closure__ or ():
                with contextlib.suppress(ValueError):  # not filled yet
                    cells.append(cell.cell_contents)
            defaults = [value.__code__, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
            held.extend(defaults)
            parts += [id(each) for each in defaults]
            parts += [identity(cell, depth - 1) if depth else id(cell) for cell in cells]
        elif isinstance(value, type) and depth:
            parts += [
                (name, identity(part, depth - 1))
                for name, part in sorted(vars(value).items())
                if isinstance(part, (types.FunctionType, staticmethod, classmethod, property))
            ]
        elif isinstance(value, np.ndarray) and value.dtype != object and value.size < 10_000:
            parts.append(value.tobytes())
        elif type(value).__name__ == "_ArrayFunctionDispatcher":  # how NumPy wraps its public functions
            parts.append(identity(value._implementation, depth - 1))
        return tuple(parts)

    def fingerprint(label: str, table: dict[str, Any], name: str) -> str:
        if name not in table:
            return "gone"
        value = table[name]
        if isinstance(value, types.ModuleType) and not label.startswith("labhelpers"):
            return value.__name__  # TensorFlow swaps its lazy loaders for modules
        return hashlib.sha256(repr(identity(value)).encode()).hexdigest()[:12]

    def watch(label: str, table: dict[str, Any], everything: bool) -> None:
        for name, value in list(table.items()):
            if name.startswith("__") and name != "__import__" and label != "builtins":
                continue
            if name == "_" or (name == "outcomes" and label.startswith("labhelpers.checks")):
                continue
            kinds = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, np.ndarray)
            if everything or isinstance(value, kinds) or callable(value):
                watched.append((label, table, name))

    def seal() -> list[list[str]]:
        """A digest of every watched object, and what hooks into Python's and IPython's running of code."""
        size = len(held)
        lines = [[label, name, fingerprint(label, table, name)] for label, table, name in watched]
        if size:
            del held[size:]  # the first call holds the originals, so that no id is used twice
        (core,) = cores
        lines.append(["IPython", "ast_transformers", repr([id(each) for each in shell.ast_transformers])])
        lines.append(["Python", "trace", repr((sys.gettrace(), sys.getprofile()))])
        lines.append(["labhelpers.checks.core", "outcomes", repr((id(core.outcomes), type(core.outcomes)))])
        lines.append(["modules", "modules", repr([id(sys.modules.get(label)) for label in modules])])
        return lines

    modules: list[str] = []
    cores: list[Any] = []

    def begin(parts: list[str]) -> dict[str, Any]:
        for part in parts:
            importlib.import_module(f"labhelpers.checks.{part}")
        cores.append(importlib.import_module("labhelpers.checks.core"))
        hidden = set(shell.user_ns_hidden) | {"In", "Out", "exit", "quit", "open", "get_ipython"}
        trusted.update((n, v) for n, v in namespace.items() if not n.startswith("_") and n not in hidden)
        modules.extend(n for n in list(sys.modules) if n.split(".")[0] == "labhelpers" or n in libraries)
        for name in modules:
            watch(name, vars(sys.modules[name]), name.startswith("labhelpers.checks") or name == "builtins")
        watch("the lab", dict(trusted), False)
        sys.addaudithook(audit)
        return {"seal": seal()}

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in opens:
            for argument in arguments:
                if isinstance(argument, (str, bytes, os.PathLike)) and realpath(argument).startswith(forbidden):
                    refuse("reading the solutions")
            return
        if event == "object.__setattr__":
            if arguments[1] == "__code__":
                refuse("changing a function's code")
            return
        if event in closed or event.startswith("ctypes."):
            refuse(event)

    def refuse(what: str) -> None:
        if what not in refused:
            refused.append(what)
        raise PermissionError(f"scoring allows no {what}")

    def realpath(path: str | bytes | os.PathLike[str]) -> str:
        try:
            return str(normal(resolve(decode(path))))
        except (OSError, ValueError):
            return ""

    normal, resolve, decode = os.path.normcase, os.path.realpath, os.fsdecode
    # fmt: off
    opens = {"open", "os.listdir", "os.scandir", "os.link", "os.symlink", "os.rename", "shutil.copyfile"}
    closed = {
        "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty",
        "os.startfile", "os.kill", "os.killpg", "pty.spawn", "signal.pthread_kill", "socket.connect",
        "socket.bind", "gc.get_objects", "gc.get_referrers", "gc.get_referents", "resource.prlimit",
        "resource.setrlimit", "sys.settrace", "sys.setprofile", "sys.addaudithook",
    }
    # fmt: on

    def clear(names: list[str]) -> dict[str, Any]:
        """Before an answer: its own names unbound, the lab's names as they should be."""
        restore(names)
        for name in names:
            namespace.pop(name, None)
        refused.clear()
        return {}

    def restore(names: list[str]) -> list[str]:
        sys.stdout, sys.stderr = streams
        changed = [n for n, v in trusted.items() if n not in names and namespace.get(n) is not v]
        namespace.update((name, trusted[name]) for name in changed)
        return changed

    def inspect_answer(names: list[str]) -> dict[str, Any]:
        """After an answer: what it changed, what it lacks, and whether it hands in an object of labhelpers."""
        rebound = restore(names)
        absent = [name for name in names if name not in namespace]
        borrowed = []
        for name in names:
            value = namespace.get(name)
            module = getattr(value, "__module__", None)
            ours = isinstance(module, str) and module.split(".")[0] == "labhelpers"
            if (ours and isinstance(value, (types.FunctionType, type))) or any(
                value is each for each in trusted.values() if isinstance(each, types.FunctionType)
            ):
                borrowed.append(name)
        return {"rebound": rebound, "absent": absent, "borrowed": borrowed, "refused": [*refused], "seal": seal()}

    def check(names: list[str], source: str) -> dict[str, Any]:
        outcomes = cores[0].outcomes
        outcomes.clear()
        verdict.clear()
        scope = {**trusted, **{name: namespace[name] for name in names if name in namespace}, "__name__": "__main__"}
        before = dict(scope)
        error = ""
        sys.stdout = sys.stderr = Sink()
        try:
            exec(compile(source, "<check>", "exec"), scope)
        except BaseException as raised:
            try:
                error = f"{type(raised).__name__}: {str(raised)[:600]}"
            except BaseException:
                error = "an error that cannot be printed"
        finally:
            sys.stdout, sys.stderr = streams
        made = {n: v for n, v in scope.items() if not n.startswith("__") and (n not in before or v is not before[n])}
        trusted.update(made)
        trusted.update((name, namespace[name]) for name in names if name in namespace and name not in made)
        namespace.update(made)
        verdict.update(
            error=error,
            outcomes={str(name): [str(each.verdict), str(each.line)[:600]] for name, each in outcomes.items()},
        )
        return {}

    def report() -> dict[str, Any]:
        return {**verdict, "refused": [*refused], "seal": seal()}

    def handle(stream: Any, ident: Any, message: Any) -> None:
        content = message["content"]
        try:
            reply = requests[content["request"]](*content["arguments"])
        except BaseException as error:
            reply = {"fault": f"{type(error).__name__}: {error}"}
        send(stream, "labs_reply", reply, parent=message, ident=ident)

    requests: dict[str, Any] = {
        "begin": begin,
        "clear": clear,
        "inspect": inspect_answer,
        "check": check,
        "report": report,
    }
    send = session.send
    shell.kernel.shell_handlers["labs_request"] = handle


# ---------------------------------------------------------------------------------------------------------------------
# The kernel, seen from outside


class _KernelEnded(Exception):  # noqa: N818  (an outcome)
    """The kernel's process ended; holds its exit status."""


class _Kernel:
    """A kernel that has run the set-up cells of a lab, with its own folder; an asynchronous context manager."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan
        self.seal: object = None
        self.done = 0
        self.own_answers = 0
        self._folder = tempfile.TemporaryDirectory(prefix="labs-", ignore_cleanup_errors=True)
        self._manager = AsyncKernelManager(
            kernel_name="python3",
            # Only the kernel of this very Python, not one that the user registered under the same name.
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            connection_file=str(Path(self._folder.name) / "connection.json"),
        )
        self._client: Any = None

    async def start(self) -> None:
        """Start it and run the set-up cells.

        Raises:
            _NotScored: they fail, which is no student's fault.
        """
        home = Path(self._folder.name) / "home"
        home.mkdir()
        await self._manager.start_kernel(
            cwd=str(home),
            env=_environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            extra_arguments=["--HistoryManager.enabled=False"],
        )
        self._client = self._manager.client()
        # Neither output nor questions are read: the channels stay closed, and a flood of output ends nowhere.
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        end = time.monotonic() + _SETUP_LIMIT
        checks = sorted(
            {part for each in self.plan.exercises for part in re.findall(r"\bchecks\.(lab\d+)\b", each.check)}
        )
        limits = {"memory": _MEMORY_LIMIT, "file": _FILE_LIMIT}
        forbidden = os.path.normcase(os.path.realpath(build.SOURCES))
        handler = (
            "from __future__ import annotations\n"
            f"{inspect.getsource(_kernel_side)}\n_kernel_side({limits!r}, {forbidden!r})\n"
            "del _kernel_side, annotations"
        )
        try:
            for source in (handler, *self.plan.setup):
                error = await self.execute(source, end)
                if error:
                    raise _NotScored(
                        f"The set-up of the lab fails, which is not the student's fault: {_sentence(error)}"
                    )
            self.seal = (await self.request("begin", end, checks))["seal"]
        except (TimeoutError, _KernelEnded) as problem:
            raise _NotScored(
                "The set-up of the lab "
                + ("takes too long" if isinstance(problem, TimeoutError) else f"ends the kernel ({problem})")
                + ", which is not the student's fault: try fewer --jobs."
            ) from None

    async def execute(self, source: str, end: float) -> str:
        """Run a cell; what it raised as ``Name: text``, or an empty string."""
        content = {
            "code": source,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        reply = await self._ask("execute_request", content, end)
        if any(part.get("source") == "ask_exit" for part in reply.get("payload", ())):
            raise _KernelEnded("exit or quit was called")  # it will end in a moment
        if reply.get("status") == "ok":
            return ""
        return f"{reply.get('ename', 'Error')}: {str(reply.get('evalue', ''))[:600]}"

    async def request(self, request: str, end: float, *arguments: object) -> dict[str, Any]:
        """Ask the handler that ``_kernel_side`` installed."""
        reply = await self._ask("labs_request", {"request": request, "arguments": list(arguments)}, end)
        if "fault" in reply:
            raise _KernelEnded(f"the request {request} failed: {_shorten(str(reply['fault']), 200)}")
        return reply

    async def _ask(self, kind: str, content: Mapping[str, object], end: float) -> dict[str, Any]:
        message = self._client.session.msg(kind, dict(content))
        self._client.shell_channel.send(message)
        wanted = message["header"]["msg_id"]
        while time.monotonic() < end:
            try:
                reply = await self._client.get_shell_msg(timeout=0.25)
            except queue.Empty:
                if not await self._manager.is_alive():
                    status = await self._manager.provisioner.poll()
                    raise _KernelEnded(f"exit status {status}") from None
                continue
            if reply["parent_header"].get("msg_id") == wanted:
                return dict(reply["content"])
        raise TimeoutError

    async def __aenter__(self) -> _Kernel:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.stop_channels()
        if self._manager.has_kernel:
            with contextlib.suppress(OSError, RuntimeError):
                if hasattr(signal, "SIGKILL"):  # the whole process group; Windows ends the process itself
                    await self._manager.signal_kernel(signal.SIGKILL)
            with contextlib.suppress(OSError, RuntimeError):
                await self._manager.shutdown_kernel(now=True)
        self._folder.cleanup()


def _environment(home: Path) -> dict[str, str]:
    """A kernel's environment: what Python and TensorFlow need, where the data is, and nothing else of the caller's."""
    keep = re.compile(
        r"PATH|PATHEXT|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|NUMBER_OF_PROCESSORS|PROCESSOR_\w+|LANG|LC_\w+|TZ"
        r"|(DY)?LD_LIBRARY_PATH|PYTHONPATH|PYTHONHOME|VIRTUAL_ENV|CONDA_PREFIX|TF_\w+|OMP_NUM_THREADS",
        re.IGNORECASE,
    )
    kept = {name: value for name, value in os.environ.items() if keep.fullmatch(name)}
    places = {name: str(home) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP")}
    cache = os.environ.get("KERAS_HOME") or str(Path.home() / ".keras")
    return {
        **kept,
        **places,
        "KERAS_HOME": cache,
        "LABS_DATA": str(data_directory().resolve()),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # else every kernel builds its list of fonts anew
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "CUDA_VISIBLE_DEVICES": "-1",  # many notebooks at once do not share a GPU well
        "TF_CPP_MIN_LOG_LEVEL": "3",
        profiles.VARIABLE: "smoke",
    }


# ---------------------------------------------------------------------------------------------------------------------
# Scoring


@dataclass(frozen=True)
class _Verdict:
    status: str
    reason: str
    remarks: tuple[str, ...] = ()

    @property
    def spoils_kernel(self) -> bool:
        return self.status in ("time limit", "kernel ended", "changes the checker")


async def _grade(path: Path, plans: _Plans, asked: Lab | None) -> Score:
    started = time.monotonic()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Score(str(path), "not scored", f"{path} is missing, expected a notebook: check the name.")
    except OSError as error:
        return Score(str(path), "not scored", f"{path} cannot be read ({error.strerror}), expected a notebook.")
    score = Score(str(path), "not scored", file_digest=hashlib.sha256(content).hexdigest()[:20])
    try:
        file = _read(path, content)
        plan, remarks = _find_plan(path, file, plans, asked)
        answers = [_find_answer(exercise, plan, file) for exercise in plan.exercises]
        manual = tuple(_find_manual(question, file) for question in plan.questions)
        score = replace(score, lab=plan.lab.stem, release=plan.release, manual=manual, remarks=tuple(remarks))
        verdicts = await _judge(plan, answers, file, plans.time_limit, started + plans.overall_limit)
    except _NotScored as problem:
        return replace(score, reason=_clean(str(problem)), seconds=round(time.monotonic() - started, 2))
    except SourceError:
        raise
    except Exception as error:  # one file must not stop the others
        text = _sentence(f"{type(error).__name__}: {error}")
        reason = f"Scoring itself failed, which is not the student's fault: {text}"
        return replace(score, reason=_clean(reason), seconds=round(time.monotonic() - started, 2))
    exercises = tuple(
        ExerciseScore(
            exercise.name,
            exercise.points if verdict.status == "right" else 0.0,
            exercise.points,
            verdict.status,
            _clean(verdict.reason),
            tuple(_clean(remark) for remark in (*answer.remarks, *verdict.remarks)),
        )
        for exercise, answer, verdict in zip(plan.exercises, answers, verdicts, strict=True)
    )
    return replace(
        score,
        outcome="scored",
        exercises=exercises,
        seconds=round(time.monotonic() - started, 2),
        scorer_digest=plan.digest,
    )


async def _judge(
    plan: _Plan, answers: Sequence[_Answer], file: _File, time_limit: float, overall_end: float
) -> list[_Verdict]:
    """The verdict on every exercise: in one kernel while it lives, and once more in a clean one where that may help."""
    verdicts = [_Verdict(answer.status, answer.reason) for answer in answers]
    todo = [number for number, answer in enumerate(answers) if answer.source is not None]
    sources = {number: answers[number].source or "" for number in todo}
    first = await _run_in_order(plan, todo, sources, {}, time_limit, overall_end)
    for number, (verdict, _) in first.items():
        verdicts[number] = verdict
    # An answer may fail because of what an earlier one left behind; the stand-ins leave nothing.
    again = [n for n, (v, others) in first.items() if others and v.status not in ("right", "unanswered", "not reached")]
    if again and time.monotonic() < overall_end:
        stubs = {number: plan.exercises[number].stub for number in todo if number not in again}
        for number, (verdict, _) in (
            await _run_in_order(plan, again, {n: sources[n] for n in again}, stubs, time_limit, overall_end)
        ).items():
            if verdict.status == "right":
                note = "Right on its own, but not after the earlier answers: they leave something behind."
                verdicts[number] = replace(verdict, remarks=(*verdict.remarks, note))
    return [_explain(verdict, plan, file) for verdict in verdicts]


async def _run_in_order(
    plan: _Plan,
    todo: Sequence[int],
    sources: Mapping[int, str],
    fixed: Mapping[int, str],
    time_limit: float,
    overall_end: float,
) -> dict[int, tuple[_Verdict, int]]:
    """Run the exercises in ``todo``; every other one is there as its stand-in.

    Returns:
        For each the verdict, and how many other answers had run in its kernel.
    """
    late = _Verdict("not reached", "The time for the whole notebook was over before this answer.")
    results: dict[int, tuple[_Verdict, int]] = {}
    replay: dict[int, str] = dict(fixed)
    async with contextlib.AsyncExitStack() as stack:
        kernel: _Kernel | None = None
        for number in todo:
            while number not in results:
                if time.monotonic() >= overall_end:
                    results[number] = (late, 0)
                    break
                if kernel is None:
                    kernel = await stack.enter_async_context(_Kernel(plan))
                    await kernel.start()
                target = kernel.done
                exercise = plan.exercises[target]
                own = sources[target] if target == number else replay.get(target, exercise.stub)
                verdict = await _step(kernel, exercise, own, min(overall_end, time.monotonic() + time_limit))
                own_answers = kernel.own_answers
                if target == number:
                    results[number] = (verdict, own_answers)
                kernel.done += 1
                kernel.own_answers += own != exercise.stub
                replay[target] = exercise.stub if verdict.spoils_kernel else own
                if verdict.spoils_kernel:
                    await stack.aclose()
                    kernel = None
                    if own == exercise.stub:
                        if not own_answers:
                            raise _NotScored(
                                f"The lab's own cells of {exercise.name} fail ({verdict.reason}), which is not the "
                                "student's fault: try fewer --jobs or a longer --time-limit."
                            )
                        replay = {}  # an earlier answer left something behind that spoils even these
    return results


async def _step(kernel: _Kernel, exercise: _Exercise, source: str, end: float) -> _Verdict:
    """Run one answer and its check; leave the stand-in behind where the answer does not give its names."""
    names = list(exercise.defines)
    started = time.monotonic()
    try:
        await kernel.request("clear", end, names)
        error = await kernel.execute(source, end)
        found = await kernel.request("inspect", end, names)
        if found["seal"] != kernel.seal:
            return _changed(kernel.seal, found["seal"])
        remarks = [f"It rebinds {', '.join(found['rebound'])}, which the lab made; scoring put it back."] * bool(
            found["rebound"]
        )
        verdict = _before_check(error, found, exercise)
        if verdict is not None and source != exercise.stub:
            await kernel.request("clear", end, names)
            await kernel.execute(exercise.stub, end)
        await kernel.request("check", end, names, exercise.check)
        report = await kernel.request("report", end)
        if report["seal"] != kernel.seal:
            return _changed(kernel.seal, report["seal"])
        if found["refused"] or report["refused"]:
            tried = ", ".join(dict.fromkeys([*found["refused"], *report["refused"]]))
            remarks.append(f"It tried what scoring does not allow: {tried}.")
        return replace(verdict or _after_check(report, exercise), remarks=tuple(remarks))
    except TimeoutError:
        return _Verdict(
            "time limit", f"Stopped after {time.monotonic() - started:.0f} s: an endless loop, or far too slow."
        )
    except _KernelEnded as ended:
        return _Verdict(
            "kernel ended", f"The kernel ended while it ran ({ended}): it exits, crashes, or needs too much memory."
        )


def _before_check(error: str, found: Mapping[str, Any], exercise: _Exercise) -> _Verdict | None:
    if error.startswith("NotImplementedError"):
        return _Verdict("unanswered", "Not answered yet.")
    if error:
        return _Verdict("does not run", f"The cell does not run: {_sentence(error)}")
    if found["absent"]:
        return _Verdict("wrong", f"The cell does not define {', '.join(found['absent'])}.")
    if found["borrowed"]:
        return _Verdict("wrong", f"It hands in labhelpers' own {', '.join(found['borrowed'])}, which is never scored.")
    return None


def _after_check(report: Mapping[str, Any], exercise: _Exercise) -> _Verdict:
    outcomes: dict[str, list[str]] = report["outcomes"]
    lines = [_strip_line(line, name) for name, (_, line) in outcomes.items()]
    if not report["error"]:
        return _Verdict("right", " ".join(lines) or "All hidden tests pass.")
    kinds = {kind for kind, _ in outcomes.values()}
    if "unanswered" in kinds:
        return _Verdict("unanswered", "Not answered yet.")
    wrong = [_strip_line(line, name) for name, (kind, line) in outcomes.items() if kind == "wrong"]
    return _Verdict("wrong", " ".join(wrong) or _sentence(report["error"].removeprefix("AssertionError: ")))


def _changed(before: object, after: object) -> _Verdict:
    """Which sealed objects differ."""
    old = {(label, name): value for label, name, value in before} if isinstance(before, list) else {}
    new = {(label, name): value for label, name, value in after} if isinstance(after, list) else {}
    places = [
        label if name == label else f"{label}.{name}"
        for label, name in old
        if old[label, name] != new.get((label, name))
    ]
    named = ", ".join(places[:3]) + (", ..." if len(places) > 3 else "")
    return _Verdict("changes the checker", f"The answer changes what checks it ({named}): no points.")


def _strip_line(line: str, name: str) -> str:
    return re.sub(rf"^{re.escape(name)} [✓✗·] ", "", line).replace(GOES_ON, "").strip()


def _explain(verdict: _Verdict, plan: _Plan, file: _File) -> _Verdict:
    """Say what to do about a name that only exists outside of the answer cells."""
    match = re.search(r"NameError: name '(\w+)' is not defined", verdict.reason)
    if verdict.status == "right" or not match:
        return verdict
    name = match[1]
    graded = {exercise.name for exercise in plan.exercises}
    places = [
        str(cell.number)
        for cell in file.cells
        if cell.kind == "code" and cell.grade_id not in graded and name in _bound_names(cell.source)
    ]
    where = f"cell {' and '.join(places[:3])} defines" if places else "no answer cell defines"
    advice = f"It needs {name}, which {where}: all that an answer needs must stand in its own cell."
    return replace(verdict, reason=f"{verdict.reason} {advice}")


async def _grade_all(
    files: Sequence[Path],
    targets: Mapping[Path, Path],
    plans: _Plans,
    asked: Lab | None,
    jobs: int,
    scores: dict[Path, Score],
) -> None:
    """Score the files that have no valid stored result, ``jobs`` at a time; fill ``scores``."""
    gate = asyncio.Semaphore(jobs)

    async def one(path: Path) -> None:
        async with gate:
            stored = _load(targets[path], path, plans, asked)
            score = stored or await _grade(path, plans, asked)
            text = json.dumps({**asdict(score), "points": score.points, "of": score.of}, indent=1, ensure_ascii=False)
            problem = "" if stored else _write(targets[path], lambda stream: stream.write(text + "\n"))
            scores[path] = score
            tqdm.write(_table(score) + ("  (stored result)\n" if stored else "") + (f"{problem}\n" if problem else ""))
            bar.update()

    with tqdm(total=len(files), desc="Scoring", unit="notebook", file=sys.stderr, disable=len(files) < 2) as bar:
        async with asyncio.TaskGroup() as group:
            for path in files:
                group.create_task(one(path))


def _run(coroutine: Any) -> Any:
    """Run a coroutine; on Windows with the event loop that ZeroMQ works with."""
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


# ---------------------------------------------------------------------------------------------------------------------
# Files and tables


def _positive(kind: type[int] | type[float]) -> Any:
    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} was given, expected a positive number")
        return value

    parse.__name__ = "number"
    return parse


def _expand(paths: Iterable[Path]) -> list[Path]:
    """The files, each once; for a folder every notebook in it, without hidden folders such as checkpoints."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [
                p
                for p in sorted(path.rglob("*.ipynb"))
                if not any(q.startswith(".") for q in p.relative_to(path).parts)
            ]
            if not inside:
                raise _NotScored(f"{path} holds no notebook, expected files that end in .ipynb.")
            found.update(dict.fromkeys(inside))
        else:
            found[path] = None
    return list(found)


def _common_folder(files: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath([path.resolve().parent for path in files]))
    except ValueError:  # on several drives
        return Path.cwd()


def _targets(files: Sequence[Path], output: Path | None) -> dict[Path, Path]:
    """Where each result goes: beside its file, or under ``output`` with the folders that keep equal names apart."""
    if output is None:
        return {path: path.with_name(path.name + _RESULT_SUFFIX) for path in files}
    common = _common_folder(files)
    targets = {}
    for path in files:
        full = path.resolve().parent
        inside = (
            full.relative_to(common)
            if full.is_relative_to(common)
            else Path(hashlib.sha256(str(full).encode()).hexdigest()[:8])
        )
        targets[path] = output / inside / (path.name + _RESULT_SUFFIX)
    return targets


def _load(target: Path, path: Path, plans: _Plans, asked: Lab | None) -> Score | None:
    """A stored score that still holds: same bytes, same lab, hidden tests, package and limits."""
    try:
        data = json.loads(target.read_text(encoding="utf-8"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:20]
        stem = data["lab"]
        if data["outcome"] != "scored" or data["file_digest"] != digest or stem not in plans.labs:
            return None
        if data["scorer_digest"] != plans.plan(stem).digest or (asked is not None and asked.stem != stem):
            return None
        exercises = tuple(
            ExerciseScore(**{**each, "remarks": tuple(each["remarks"])}) for each in data.pop("exercises")
        )
        manual = tuple(ManualAnswer(**each) for each in data.pop("manual"))
        for name in ("points", "of", "file"):
            data.pop(name)
        remarks = tuple(data.pop("remarks"))
        return Score(file=str(path), exercises=exercises, manual=manual, remarks=remarks, **data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(target: Path, fill: Any) -> str:
    """Write a file whole or not at all; a sentence where that fails."""
    beside = target.with_name(target.name + ".part")
    try:
        if not target.parent.is_dir() and not target.parent.parent.exists():
            return ""  # the notebook itself is missing, with its folder
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8-sig" if target.suffix == ".csv" else "utf-8", newline="") as stream:
            fill(stream)
        beside.replace(target)
    except OSError as error:
        return f"{target} could not be written ({error.strerror}): choose another folder with --output."
    return ""


def _write_csv(stream: Any, scores: Sequence[Score]) -> None:
    """One row a notebook, one column an exercise; nothing that a spreadsheet would take for a formula."""
    labs = {score.lab for score in scores if score.lab}

    def column(lab: str, name: str) -> str:
        return f"{lab}:{name}" if len(labs) > 1 else name

    names = list(dict.fromkeys(column(s.lab, e.name) for s in scores for e in s.exercises))
    questions = list(dict.fromkeys(column(s.lab, m.name) for s in scores for m in s.manual))
    writer = csv.writer(stream)
    writer.writerow(["file", "lab", "outcome", "points", "of", *names, *questions, "written", "written of", "remarks"])
    for score in scores:
        points = {column(score.lab, e.name): f"{e.points:g}" for e in score.exercises}
        written = {column(score.lab, m.name): "there" if m.present else "missing" for m in score.manual}
        remarks = [score.reason, *score.remarks]
        remarks += [
            f"{e.name}: {text}" for e in score.exercises for text in (*([e.reason] * (e.points == 0)), *e.remarks)
        ]
        row = [
            score.file, score.lab, score.outcome, f"{score.points:g}", f"{score.of:g}",
            *(points.get(name, "") for name in names), *(written.get(name, "") for name in questions),
            str(sum(m.present for m in score.manual)), str(len(score.manual)), " | ".join(filter(None, remarks)),
        ]  # fmt: skip
        writer.writerow([f"'{value}" if value[:1] in ("=", "+", "-", "@") else value for value in row])


def _table(score: Score) -> str:
    """The score as text for a terminal."""
    if score.outcome != "scored":
        return f"{score.file}: not scored. {score.reason}\n"
    head = f"{score.file}: {score.points:g} of {score.of:g} points (lab {score.lab}, {score.seconds:.1f} s)"
    names = [*(each.name for each in score.exercises), *(each.name for each in score.manual)]
    width = max(map(len, names), default=8)
    lines = [head, *(f"  Note: {remark}" for remark in score.remarks), f"  {'exercise':<{width}}  points  of  reason"]
    for each in score.exercises:
        text = each.reason if each.status in ("right", "wrong", "unanswered") else f"{each.status}: {each.reason}"
        lines += _wrap(f"  {each.name:<{width}}  {each.points:>6g}  {each.of:>2g}  ", text)
        for remark in each.remarks:
            lines += _wrap(" " * (width + 16), f"Look: {remark}")
    if score.manual:
        there = sum(each.present for each in score.manual)
        lines.append(f"  Written answers: {there} of {len(score.manual)} are there; a person gives their points.")
        for answer in score.manual:
            state = "there" if answer.present else "missing"
            lines.append(f"  {answer.name:<{width}}          {answer.of:>2g}  {state} {answer.remark}".rstrip())
    return "\n".join(lines) + "\n"


def _wrap(first: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, 110, initial_indent=first, subsequent_indent=" " * len(first)) or [first.rstrip()]


def _clean(text: str) -> str:
    """One line without control characters: the text may come from a student's exception."""
    return _shorten("".join(c if c.isprintable() else " " for c in text), 700)


def _shorten(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _sentence(error: str) -> str:
    """An error's ``Name: text`` as the end of a sentence."""
    text = _shorten(re.sub(r"\x1b\[[0-9;]*m", "", error), 300).rstrip(": ")
    return text if text.endswith((".", "!", "?")) else f"{text}."
