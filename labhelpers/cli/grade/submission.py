"""The untrusted side: a student's file, read as data, and what in it answers which exercise."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labhelpers.checks.written import TEXT_STUB
from labhelpers.cli.grade.plan import (
    MACHINERY,
    MACHINERY_PARTS,
    Exercise,
    Plan,
    Plans,
    attributes,
    bound_names,
    normal,
    parse,
)
from labhelpers.cli.grade.report import clean, shorten
from labhelpers.cli.grade.score import ManualAnswer, NotScored
from labhelpers.cli.labs import Lab


@dataclass(frozen=True)
class _Cell:
    number: int
    kind: str
    source: str
    grade_id: str
    """From nbgrader's metadata; where that is lost, the cell's id, which the build makes equal to it."""


@dataclass(frozen=True)
class File:
    """A notebook as it was handed in: its cells, and the lab that it names."""

    cells: tuple[_Cell, ...]
    lab: str | None
    release: str | None


@dataclass(frozen=True)
class Answer:
    """An exercise's answer as it was found; ``source`` is None where there is nothing to run."""

    source: str | None
    status: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()


def read(path: Path, content: bytes) -> File:
    """Read a file as data.

    Raises:
        NotScored: it is no notebook.
    """
    if not content.strip():
        raise NotScored(
            f"{path.name} is empty, expected a notebook: ask for the file again."
        )
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotScored(
            f"{path.name} is not UTF-8 text (byte {error.start}), expected a notebook as Jupyter saves it: "
            "ask for the file again."
        ) from None
    except json.JSONDecodeError as error:
        raise NotScored(
            f"{path.name} is not JSON (line {error.lineno}: {error.msg}), expected a notebook: the file is damaged or "
            "of another kind; ask for it again."
        ) from None
    except (RecursionError, ValueError):
        raise NotScored(
            f"{path.name} is JSON that no notebook holds, expected a notebook: ask for it again."
        ) from None
    if isinstance(data, dict) and isinstance(data.get("worksheets"), list):
        raise NotScored(
            f"{path.name} is a notebook of format 3, expected 4: open and save it with JupyterLab."
        )
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        kind = (
            "a dictionary without cells"
            if isinstance(data, dict)
            else f"a {type(data).__name__}"
        )
        raise NotScored(
            f"{path.name} is JSON but no notebook: found {kind}, expected a list of cells."
        )
    cells = tuple(
        _read_cell(number, cell)
        for number, cell in enumerate(data["cells"], start=1)
        if isinstance(cell, dict)
    )
    labs = _dictionary(_dictionary(data.get("metadata")).get("labs"))
    return File(
        cells, _text(labs.get("lab")) or None, _text(labs.get("release")) or None
    )


def _read_cell(number: int, cell: dict[str, Any]) -> _Cell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    grader = _dictionary(_dictionary(cell.get("metadata")).get("nbgrader"))
    grade_id = _text(grader.get("grade_id")) or _text(cell.get("id"))
    return _Cell(number, _text(cell.get("cell_type")), _text(source), grade_id)


def raw_cells(content: bytes) -> list[tuple[dict[str, Any], str]]:
    """The cells of a file that ``read`` takes, as they are, each with its grade id."""
    cells = json.loads(content.decode("utf-8-sig"))["cells"]
    return [
        (cell, _read_cell(0, cell).grade_id) for cell in cells if isinstance(cell, dict)
    ]


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A string that can be encoded; JSON may hold halves of surrogate pairs, and a kernel takes none."""
    return (
        value.encode("utf-8", "replace").decode("utf-8")
        if isinstance(value, str)
        else ""
    )


def find_plan(
    path: Path, file: File, plans: Plans, asked: Lab | None
) -> tuple[Plan, list[str]]:
    """The lab that a file is of, from its metadata or else from its grade ids, with remarks."""
    remarks = []
    stem = file.lab
    if stem is not None and stem not in plans.labs:
        raise NotScored(
            f"{path.name} is of lab {shorten(stem, 40)!r}, expected one of {', '.join(plans.labs)}."
        )
    if stem is None:
        ids = {cell.grade_id for cell in file.cells}
        shared = {name: len(ids & plans.plan(name).graded_ids) for name in plans.labs}
        best = max(shared.values())
        candidates = [name for name, count in shared.items() if count == best]
        if best == 0 or len(candidates) > 1:
            raise NotScored(
                f"{path.name} names no lab, and its cells do not tell one: expected the notebook of one of "
                f"{', '.join(plans.labs)}, with its own cells."
            )
        stem = candidates[0]
        remarks.append("The file's metadata is lost; its cells tell which lab it is.")
    if asked is not None and asked.stem != stem:
        raise NotScored(
            f"{path.name} is of lab {stem}, expected {asked.stem}: score it with that lab."
        )
    plan = plans.plan(stem)
    known = {cell.grade_id for cell in file.cells} & plan.graded_ids
    if file.release != plan.release and file.lab is not None:
        gone = sorted(plan.graded_ids - known)
        remarks.append(
            f"The file is of release {shorten(file.release, 20) if file.release else 'unknown'}, scored with release "
            f"{plan.release}: cells that still match count."
            + (f" Without a match: {', '.join(gone)}." if gone else "")
        )
    return plan, remarks


def find_answer(exercise: Exercise, plan: Plan, file: File) -> Answer:
    """The cell that answers an exercise, with remarks on how it was found."""
    cells = [cell for cell in file.cells if cell.grade_id == exercise.name]
    written = {
        normal(cell.source): cell
        for cell in cells
        if normal(cell.source) not in ("", normal(exercise.stub))
    }
    if len(written) > 1:
        places = ", ".join(str(cell.number) for cell in cells)
        return Answer(
            None,
            "ambiguous",
            f"Cells {places} all claim to be this answer, and they differ: keep one.",
        )
    remarks = []
    if not written:
        elsewhere = _defined_elsewhere(exercise, plan, file)
        if elsewhere is None and not cells:
            return Answer(
                None,
                "missing",
                f"The answer cell is gone: there is no cell with the grade id {exercise.name}.",
            )
        if elsewhere is None:
            return Answer(None, "unanswered", "Not answered yet.")
        written = {"": elsewhere}
        state = "is untouched" if cells else "is gone"
        defined = ", ".join(exercise.defines)
        remarks.append(
            f"The answer cell {state}; cell {elsewhere.number}, which defines {defined}, was scored."
        )
    (cell,) = written.values()
    if len(cells) > 1:
        remarks.append(
            f"There are {len(cells)} copies of this answer cell; cell {cell.number} was scored."
        )
    if cell.kind != "code":
        remarks.append(
            f"Cell {cell.number} is of type {shorten(cell.kind, 20) or 'unknown'}, not code; it was scored."
        )
    try:
        tree = parse(cell.source)
    except SyntaxError as error:
        line = f" (line {error.lineno})" if error.lineno else ""
        reason = f"The cell does not run: SyntaxError: {clean(error.msg)}{line}."
        return Answer(None, "does not run", reason, tuple(remarks))
    own = {other.name for other in plan.exercises} & attributes(
        cell.source
    ) - exercise.uses
    if own:
        remarks.append(
            f"It refers to labhelpers' own {', '.join(sorted(own))}: is it the student's work?"
        )
    touched = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        part for node in ast.walk(tree) for part in _imported(node)
    }
    machinery = sorted(
        name
        for name in touched & MACHINERY | attributes(cell.source) & MACHINERY_PARTS
        if name in cell.source
    )  # a magic brings get_ipython
    if machinery:
        remarks.append(
            f"It uses {', '.join(machinery)}, for which this exercise has no need."
        )
    return Answer(cell.source, remarks=tuple(remarks))


def _defined_elsewhere(exercise: Exercise, plan: Plan, file: File) -> _Cell | None:
    """The last cell of the student's own that defines what an exercise asks for."""
    found = [
        cell
        for cell in file.cells
        if cell.kind == "code"
        and cell.grade_id not in plan.graded_ids
        and normal(cell.source) not in plan.released
        and set(exercise.defines) <= bound_names(_without_checks(cell.source))
    ]
    return found[-1] if found else None


def _without_checks(source: str) -> str:
    """A cell without the statements that call a check: these bind an answer's name, and answer nothing."""
    try:
        statements = parse(source).body
    except SyntaxError:
        return ""
    kept = [
        statement
        for statement in statements
        if not any(
            isinstance(node, ast.Name) and node.id == "checks"
            for node in ast.walk(statement)
        )
    ]
    return "\n".join(map(ast.unparse, kept))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [part for alias in node.names for part in alias.name.split(".")]
    if isinstance(node, ast.ImportFrom):
        return [*(node.module or "").split("."), *(alias.name for alias in node.names)]
    return []


def find_manual(question: tuple[str, float, str], file: File) -> ManualAnswer:
    """Whether a written answer is there, and its text."""
    name, points, stub = question
    cells = [cell for cell in file.cells if cell.grade_id == name]
    given = {line.strip() for line in stub.replace(TEXT_STUB, "").splitlines()} | {
        TEXT_STUB,
        "",
    }
    present = [
        c
        for c in cells
        if any(
            line.strip().replace(TEXT_STUB, "") not in given
            for line in c.source.splitlines()
        )
    ]
    remark = "The cell is gone." if not cells else ""
    if len(cells) > 1:
        remark = f"There are {len(cells)} copies of this cell; read cells {', '.join(str(c.number) for c in cells)}."
    return ManualAnswer(name, points, bool(present), remark)
