"""The trusted side: a lab as scoring needs it, from its source."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

from labhelpers.cli import labs
from labhelpers.cli.grade.outside import DECIDED_OUTSIDE
from labhelpers.cli.grade.score import NotScored
from labhelpers.cli.labs import Lab, SourceError

# fmt: off
MACHINERY = {
    "__builtins__", "__import__", "_thread", "atexit", "builtins", "checks", "ctypes", "eval", "exec", "gc",
    "get_ipython", "importlib", "inspect", "multiprocessing", "os", "pathlib", "signal", "socket", "subprocess",
    "sys", "threading",
}
# fmt: on
"""Names that an answer of these labs has no reason to use."""
# fmt: off
MACHINERY_PARTS = {
    "__builtins__", "__closure__", "__code__", "__globals__", "__kwdefaults__", "__subclasses__", "_getframe",
    "f_back", "gfile", "read_file", "write_file",
}
# fmt: on
"""Attributes of objects that it has no reason to use."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: its stub, its check with hidden tests, and the names that it defines and uses.

    Attributes:
        part: of ``labhelpers.checks``, as ``lab01``; None where the lab brings its own check.
    """

    name: str
    points: float
    stub: str
    check: str
    defines: tuple[str, ...]
    uses: frozenset[str]
    part: str | None

    @property
    def outside(self) -> bool:
        """Whether it is decided in a process that runs no student's code."""
        return self.part is not None and self.name in DECIDED_OUTSIDE.get(self.part, ())


@dataclass(frozen=True)
class Plan:
    """A lab as scoring needs it. Set-up cells come first, wherever they stand."""

    lab: Lab
    release: str
    digest: str
    setup: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    questions: tuple[tuple[str, float, str], ...]
    graded_ids: frozenset[str]
    released: frozenset[str]
    """The text of every cell that students get."""
    isolation: str


class Plans:
    """The plans of all labs, made when first needed, with the limits that they are run under.

    A copy that is sent to another process holds all of them, and needs no source there.

    Args:
        time_limit: seconds for one answer with its check.
        overall_limit: seconds for one notebook.

    Raises:
        NotScored: there is no source of a lab.
    """

    def __init__(
        self, time_limit: float, overall_limit: float, isolation: str = "auto"
    ) -> None:
        self.time_limit = time_limit
        self.isolation = isolation
        self.overall_limit = overall_limit
        self.package = package_digest()
        self.labs = {lab.stem: lab for lab in labs.catalogue()}
        self._made: dict[str, Plan | SourceError] = {}
        if not any(lab.source.exists() for lab in self.labs.values()):
            raise NotScored(
                f"There is no source of a lab in {labs.SOURCES}: scoring needs the folder with solutions."
            )

    def plan(self, stem: str) -> Plan:
        """The plan of the lab with this stem.

        Raises:
            SourceError: its source is broken.
        """
        if stem not in self._made:
            scorer = f"{self.package} {self.time_limit} {self.overall_limit} {self.isolation}"
            try:
                self._made[stem] = _make_plan(self.labs[stem], scorer, self.isolation)
            except SourceError as error:
                self._made[stem] = error
        made = self._made[stem]
        if isinstance(made, SourceError):
            raise made
        return made

    def __getstate__(self) -> dict[str, object]:
        for stem in self.labs:
            with contextlib.suppress(SourceError):  # told when that plan is asked for
                self.plan(stem)
        return self.__dict__


@functools.cache
def package_digest() -> str:
    """A digest of the files of ``labhelpers`` that this process runs."""
    digest = hashlib.sha256()
    for path in sorted(Path(labs.__file__).resolve().parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _make_plan(lab: Lab, scorer: str, isolation: str) -> Plan:
    from labhelpers.cli import notebooks  # a worker needs none of nbgrader

    notebook = notebooks.solution_notebook(lab)
    stubs = notebooks.student_cells(notebook)
    answers: dict[str, tuple[str, str]] = {}
    exercises: list[Exercise] = []
    questions: list[tuple[str, float, str]] = []
    graded_ids = set()
    setup = [
        cell.source
        for cell in notebook.cells
        if "setup" in cell.metadata.get("tags", [])
    ]
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
                raise SourceError(
                    f"{lab.source.name}: the check {name!r} has no answer cell of that name above it."
                )
            if cell.source == stub.source:
                raise SourceError(
                    f"{lab.source.name}: the check {name!r} has no hidden tests, so nothing is scored."
                )
            solution, stub_text = answers[name]
            exercises.append(
                Exercise(
                    name,
                    float(grader.points),
                    stub_text,
                    TransformerManager().transform_cell(cell.source),
                    tuple(sorted(bound_names(solution))),
                    frozenset(attributes(solution)),
                    part[1]
                    if (part := re.search(r"\bchecks\.(lab\d+)\.", cell.source))
                    else None,
                )
            )
    digest = hashlib.sha256(notebooks.to_text(notebook).encode())
    digest.update(scorer.encode())
    release = notebook.metadata["labs"]["release"]
    return Plan(
        lab,
        release,
        digest.hexdigest()[:20],
        tuple(setup),
        tuple(exercises),
        tuple(questions),
        frozenset(graded_ids),
        frozenset(normal(cell.source) for cell in stubs.cells),
        isolation,
    )


def normal(source: str) -> str:
    """A cell's text without what no one sees: blanks at the ends of lines, empty lines around it."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def parse(source: str) -> ast.Module:
    """The syntax tree of a cell, magics and top-level ``await`` included.

    Raises:
        SyntaxError: it does not parse.
    """
    try:
        text = TransformerManager().transform_cell(source)
        tree = compile(
            text,
            "<answer>",
            "exec",
            ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,
        )
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"{error or type(error).__name__}") from None
    assert isinstance(tree, ast.Module)
    return tree


def bound_names(source: str) -> set[str]:
    """The names that a cell binds at its top level, as far as its text tells."""
    try:
        statements = parse(source).body
    except SyntaxError:
        return set()
    return {name for statement in statements for name in _bound_by(statement)}


def _bound_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    stored = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    # Whatever an if, a try or a loop defines inside.
    return stored | {
        node.name
        for node in ast.walk(statement)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }


def _changed_by(statement: ast.stmt) -> set[str]:
    """The names whose objects an assignment changes: ``table["a"] = 1``, ``Layer.call = call``."""
    return {
        name.id
        for node in ast.walk(statement)
        if isinstance(node, (ast.Attribute, ast.Subscript))
        and isinstance(node.ctx, ast.Store)
        for name in ast.walk(node.value)
        if isinstance(name, ast.Name)
    }


def definitions(source: str, names: Iterable[str]) -> tuple[str, list[int]]:
    """A cell without the statements that its definitions do without: trial calls, prints, ``!ls``, ``%pip install``.

    Args:
        source: of the cell.
        names: what it is to define; what these definitions use of the cell stays, too.

    Returns:
        What is left, with empty lines in place of what went, and the numbers of those lines.
    """
    lines = source.splitlines()
    needed = set(names)
    gone: list[int] = []
    for statement in reversed(parse(source).body):
        used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        if isinstance(statement, ast.Expr):
            kept = isinstance(statement.value, ast.Constant)
        else:
            kept = bool((_bound_by(statement) | _changed_by(statement)) & needed)
        if kept:
            needed |= used
        else:
            last = statement.end_lineno or statement.lineno
            gone += range(_first_line(statement), last + 1)
    for number in gone:
        if number <= len(lines):
            lines[number - 1] = ""
    return "\n".join(lines), sorted(gone)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def attributes(source: str) -> set[str]:
    """Every name that a cell takes from a module or an object: ``losses.kl_divergence``, an import, a getattr."""
    found: set[str] = set()
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.isidentifier()
        ):
            found.add(node.value)
    return found
