"""Scores in nbgrader's gradebook, and the notebook that a grader reads in its form grader."""

from __future__ import annotations

import html
import re
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc

from labhelpers.cli.collect import full_names
from labhelpers.cli.grade.score import Score
from labhelpers.cli.grade.submission import raw_cells
from labhelpers.cli.labs import find_lab
from labhelpers.cli.notebooks import solution_notebook, student_notebook
from labhelpers.cli.page import BOX
from labhelpers.files import written_whole

SHOWN = ("image/png", "text/plain")
"""What is shown of a student's outputs: pictures and plain text, nothing that a browser would run."""


def submissions(course: Path, lab: str | None = None) -> list[tuple[str, str, Path]]:
    """Student, lab and notebook of everything that was handed in to a course."""
    return [
        (path.parts[-3], path.parts[-2], path)
        for path in sorted(course.glob("submitted/*/*/*.ipynb"))
        if path.stem == path.parts[-2] and lab in (None, path.stem)
    ]


def enter(course: Path, student: str, path: Path, score: Score) -> str:
    """Enter a score into the gradebook, and write the notebook for the grader.

    Points and comments that a person gave stay as they are; where the answer behind them changed, the form grader asks
    for them again.

    Returns:
        A sentence on what became of it.
    """
    lab = score.lab
    target = course / "autograded" / student / lab / f"{lab}.ipynb"
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        if _is_entered(book, student, lab, target, score):
            return "unchanged in the gradebook"
        notebook = for_the_grader(path, score)
        previous = _texts(target)
        book.update_or_create_student(student, **_name(course, student))
        with (
            warnings.catch_warnings()
        ):  # SQLAlchemy's, about nbgrader's own order of steps
            warnings.simplefilter("ignore")
            book.update_or_create_submission(lab, student, timestamp=_timestamp(path))
        texts = _texts_of(notebook)
        reviews = 0
        for exercise in score.exercises:
            grade = book.find_grade(f"check_{exercise.name}", lab, lab, student)
            reviews += _set(
                grade, exercise.points, again=grade.auto_score != exercise.points
            )
            comment = book.find_comment(exercise.name, lab, lab, student)
            comment.auto_comment = " ".join([exercise.reason, *exercise.remarks])
        for answer in score.manual:
            grade = book.find_grade(answer.name, lab, lab, student)
            again = texts.get(answer.name) != previous.get(answer.name)
            reviews += _set(grade, None if answer.present else 0.0, again=again)
            comment = book.find_comment(answer.name, lab, lab, student)
            comment.auto_comment = None if answer.present else "No answer."
        book.db.commit()
    target.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(target, "w", encoding="utf-8", newline="\n") as stream:
        nbformat.write(notebook, stream)
    return f"in the gradebook; {reviews} answers wait for a grader"


def know(course: Path, student: str) -> None:
    """Make a student known whose file could not be scored: the summary names who is missing."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_student(student, **_name(course, student))


def _set(grade: Any, points: float | None, *, again: bool) -> int:
    """Set what scoring gave; 1 if a person has to look at it."""
    grade.auto_score = points
    if grade.manual_score is None:
        grade.needs_manual_grade = points is None
    elif again:
        grade.needs_manual_grade = True
    return int(grade.needs_manual_grade)


def _is_entered(
    book: Gradebook, student: str, lab: str, target: Path, score: Score
) -> bool:
    """Whether this very score of this very file is in the gradebook."""
    try:
        book.find_submission(lab, student)
        facts = nbformat.read(target, as_version=4).metadata.get("labs", {})
    except (MissingEntry, OSError, ValueError):
        return False
    return facts.get("scored") == [score.file_digest, score.scorer_digest]


def _name(course: Path, student: str) -> dict[str, str]:
    name = full_names(course).get(student)
    return {"last_name": name} if name else {}


def _timestamp(path: Path) -> Any:
    """When it was handed in, where nbgrader's collecting wrote it down."""
    note = path.with_name("timestamp.txt")
    return (
        parse_utc(note.read_text(encoding="utf-8").strip()) if note.exists() else None
    )


def for_the_grader(path: Path, score: Score) -> NotebookNode:
    """The student's notebook as a grader reads it.

    At each exercise it shows the answer and what the check says of it; at each question the model answer and the rubric
    stand under the student's text. Which cells are graded, and for how many points, comes from the lab, never from the
    file; of the file only text, plain output and pictures are taken.
    """
    lab = find_lab(score.lab)
    solutions = solution_notebook(lab)
    trusted = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in student_notebook(lab).cells
        if "nbgrader" in cell.metadata
    }
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in solutions.cells
        if "nbgrader" in cell.metadata
    }
    exercises = {exercise.name: exercise for exercise in score.exercises}
    cells: list[NotebookNode] = []
    placed = set()
    for raw, grade_id in raw_cells(path.read_bytes()):
        # A second copy of a graded cell stands there for reading only.
        own = trusted.get(grade_id) if grade_id not in placed else None
        cell = _harmless(raw, own)
        cells.append(cell)
        if own is None:
            continue
        placed.add(grade_id)
        cells += _beside(cell, answers[grade_id], exercises)
    for grade_id, own in trusted.items():
        if grade_id not in placed:
            cell = nbformat.from_dict(
                {**own, "source": "*This cell is missing in the file.*"}
            )
            if own.cell_type == "code":
                cell.source = "# This cell is missing in the file."
            cells += [cell, *_beside(cell, answers[grade_id], exercises)]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=solutions.metadata)
    notebook.metadata["labs"]["scored"] = [score.file_digest, score.scorer_digest]
    return notebook


def _harmless(raw: dict[str, Any], own: NotebookNode | None) -> NotebookNode:
    """A cell of the student's with the lab's metadata; a locked one with the lab's text."""
    kind = own.cell_type if own is not None else raw.get("cell_type")
    locked = own is not None and not own.metadata.nbgrader.solution
    source = own.source if locked and own is not None else _joined(raw.get("source"))
    if kind == "code":
        cell = nbformat.v4.new_code_cell(source)
        cell.outputs = [] if locked else _outputs(raw.get("outputs"))
    else:
        cell = nbformat.v4.new_markdown_cell(_without_tags(source))
    if own is not None:
        cell.metadata["nbgrader"] = own.metadata.nbgrader
    return cell


def _outputs(outputs: Any) -> list[NotebookNode]:
    kept = []
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        if output.get("output_type") == "stream":
            kept.append(
                nbformat.v4.new_output("stream", text=_joined(output.get("text")))
            )
        data = output.get("data")
        for kind in SHOWN:
            if isinstance(data, dict) and kind in data:
                text = _joined(data[kind])
                if kind == "image/png" and not re.fullmatch(r"[A-Za-z0-9+/=\s]+", text):
                    continue
                kept.append(nbformat.v4.new_output("display_data", {kind: text}))
                break
    return kept


def _beside(
    cell: NotebookNode, answer: str, exercises: dict[str, Any]
) -> list[NotebookNode]:
    """What a grader needs beside a graded cell: the check's sentence, or model answer and rubric."""
    grader = cell.metadata.nbgrader
    if not grader.grade:
        return []
    if grader.solution:
        text = answer.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[
            0
        ]
        if (
            cell.cell_type == "code"
        ):  # a graded comment: the rubric stands there as comments
            text = re.sub(r"(?m)^ *# ?", "", text)
        return [
            nbformat.v4.new_markdown_cell(
                f'<div style="{BOX}">\n\n{text.strip()}\n\n</div>'
            )
        ]
    exercise = exercises.get(grader.grade_id.removeprefix("check_"))
    if exercise is not None:
        lines = [f"{exercise.points:g} of {exercise.of:g} points: {exercise.reason}"]
        lines += [f"Look: {remark}" for remark in exercise.remarks]
        cell.outputs = [nbformat.v4.new_output("stream", text="\n".join(lines) + "\n")]
    return []


def _without_tags(text: str) -> str:
    """A student's Markdown whose HTML is shown instead of rendered."""
    return re.sub(r"<(?=[A-Za-z/!?])", lambda found: html.escape(found[0]), text)


def _joined(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return (
        value.encode("utf-8", "replace").decode("utf-8")
        if isinstance(value, str)
        else ""
    )


def _texts(target: Path) -> dict[str, str]:
    try:
        return _texts_of(nbformat.read(target, as_version=4))
    except (OSError, ValueError):
        return {}


def _texts_of(notebook: NotebookNode) -> dict[str, str]:
    """What stands in every graded cell, by grade id."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }
