"""Scores in nbgrader's gradebook, and the notebook that a grader reads in its form grader."""

from __future__ import annotations

import functools
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import parse_utc

from labhelpers.cli import labs
from labhelpers.cli.collect import full_names
from labhelpers.cli.grade.score import ExerciseScore, Score
from labhelpers.cli.grade.submission import raw_cells
from labhelpers.cli.notebooks import solution_notebook, student_notebook
from labhelpers.cli.page import BOX
from labhelpers.files import written_whole

SHOWN = ("image/png", "text/plain")
"""What is shown of a student's outputs: pictures and plain text, nothing that a browser would run."""
RUBRIC = "labs-rubric"
"""The class of the box with model answer and rubric."""
PAGE = f"""\
<style>
/* The whole width; the rubric stands beside the answer where there is room, otherwise below it. */
body > .container, #notebook-container {{ width: 100%; max-width: 1800px; }}
#notebook .cell {{ clear: both; }}
#notebook .output_area pre {{ white-space: pre-wrap; }}
#notebook img {{ border: 0; }}
#notebook .anchor-link {{ display: none; }}
.{RUBRIC} {{ font-size: 92%; padding: .4em 1em !important; }}
.{RUBRIC} :is(td, th) {{ border: 1px solid #bcd; padding: 2px 6px; vertical-align: top; }}
@media (min-width: 1100px) {{
  #notebook .cell:has(+ .cell .{RUBRIC}) {{ float: left; width: 49%; }}
  #notebook .cell:has(.{RUBRIC}) {{ clear: none; margin-left: 50%; }}
}}
</style>
<script>
document.addEventListener("DOMContentLoaded", () => {{
  const graded = box => box.closest(".cell").nextElementSibling?.querySelector(".{RUBRIC}");
  for (const box of document.querySelectorAll("input.score")) box.step = 0.5;
  // The tab key leads from question to question; everything else can be clicked.
  for (const box of document.querySelectorAll(".nbgrader_cell .tabbable"))
    if (!graded(box) || box.matches(".extra-credit")) box.classList.remove("tabbable");
  // Without a network there is no MathJax, and the form grader's keys would wait for it.
  window.MathJax ??= {{Hub: {{Startup: {{signal: {{Interest: done => done("End")}}}}}}}};
}});
</script>
"""
"""What makes grading quick in nbgrader's form grader; it is put at the top of a grader's notebook."""


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
        _know(book, course, student)
        with (
            warnings.catch_warnings()
        ):  # SQLAlchemy's, about nbgrader's own order of steps
            warnings.simplefilter("ignore")
            book.update_or_create_submission(lab, student, timestamp=_timestamp(path))
        texts = _texts_of(notebook)

        def changed(name: str) -> bool:
            return texts.get(name) != previous.get(name)

        reviews = 0
        for exercise in score.exercises:
            grade = book.find_grade(f"check_{exercise.name}", lab, lab, student)
            again = changed(exercise.name) or grade.auto_score != exercise.points
            reviews += _set(grade, exercise.points, again=again)
            comment = book.find_comment(exercise.name, lab, lab, student)
            comment.auto_comment = exercise.reason  # remarks are for the grader alone
        for answer in score.manual:
            grade = book.find_grade(answer.name, lab, lab, student)
            reviews += _set(
                grade, None if answer.present else 0.0, again=changed(answer.name)
            )
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
        _know(book, course, student)


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


def _know(book: Gradebook, course: Path, student: str) -> None:
    """Enter a student; a name that somebody entered stays."""
    try:
        known = book.find_student(student)
        named = bool(known.first_name or known.last_name)
    except MissingEntry:
        named = False
    name = full_names(course).get(student)
    if not named:
        book.update_or_create_student(student, **({"last_name": name} if name else {}))


def _timestamp(path: Path) -> Any:
    """When it was handed in, where nbgrader's collecting wrote it down."""
    note = path.with_name("timestamp.txt")
    return (
        parse_utc(note.read_text(encoding="utf-8").strip()) if note.exists() else None
    )


@dataclass(frozen=True)
class _Trusted:
    """A lab's own cells.

    Attributes:
        graded: as students get them, by grade id.
        answers: the sources with answers and rubrics, by grade id.
        texts: the sources of all other cells.
        metadata: of the notebook.
    """

    graded: dict[str, NotebookNode]
    answers: dict[str, str]
    texts: frozenset[str]
    metadata: NotebookNode


def _trusted(stem: str) -> _Trusted:
    source = labs.SOURCES / f"{stem}.py"
    return _read_trusted(stem, source, source.stat().st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read_trusted(stem: str, _source: Path, _changed: int) -> _Trusted:
    lab = labs.find_lab(stem)
    solutions = solution_notebook(lab)

    def graded(cells: list[NotebookNode]) -> dict[str, NotebookNode]:
        return {
            c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata
        }

    return _Trusted(
        graded(student_notebook(lab).cells),
        {name: cell.source for name, cell in graded(solutions.cells).items()},
        frozenset(
            cell.source.strip()
            for cell in solutions.cells
            if "nbgrader" not in cell.metadata
        ),
        solutions.metadata,
    )


def for_the_grader(path: Path, score: Score) -> NotebookNode:
    """The student's notebook as a grader reads it.

    At each exercise it shows the answer and what the check says of it; at each question the model answer and the rubric
    stand beside the student's text. Which cells are graded, and for how many points, comes from the lab, never from the
    file; of the file only text, plain output and pictures are taken. Of the lab's own text only headings are left, so
    that what is the student's can be seen.
    """
    trusted = _trusted(score.lab)
    exercises = {exercise.name: exercise for exercise in score.exercises}
    remarks = {answer.name: answer.remark for answer in score.manual}
    cells = [nbformat.v4.new_markdown_cell(PAGE)]
    cells += [
        nbformat.v4.new_markdown_cell(f"**Look:** {_without_tags(remark)}")
        for remark in score.remarks
    ]
    placed = set()

    def add(cell: NotebookNode, grade_id: str) -> None:
        cells.append(cell)
        placed.add(grade_id)
        answer, remark = trusted.answers[grade_id], remarks.get(grade_id, "")
        cells.extend(_beside(cell, answer, exercises, remark))

    for number, (raw, grade_id) in enumerate(raw_cells(path.read_bytes()), start=1):
        # A second copy of a graded cell stands there for reading only.
        own = trusted.graded.get(grade_id) if grade_id not in placed else None
        if own is not None:
            add(_harmless(raw, own), grade_id)
        elif _joined(raw.get("source")).strip() in trusted.texts:
            cells += _abridged(_harmless(raw, None))
        else:
            label = f"*Cell {number}, the student's own:*"
            cells += [nbformat.v4.new_markdown_cell(label), _harmless(raw, None)]
    for grade_id, own in trusted.graded.items():
        if grade_id not in placed:
            missing = "This cell is missing in the file."
            source = f"# {missing}" if own.cell_type == "code" else f"*{missing}*"
            add(nbformat.from_dict({**own, "source": source}), grade_id)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    metadata = nbformat.from_dict(
        {
            **trusted.metadata,
            "labs": {
                **trusted.metadata.labs,
                "scored": [score.file_digest, score.scorer_digest],
            },
        }
    )
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _abridged(cell: NotebookNode) -> list[NotebookNode]:
    """What is left of a cell of the lab's own: its headings, or what it showed on the student's machine."""
    if cell.cell_type == "code":
        # nbconvert leaves out the source of a cell that is marked so.
        cell.metadata["transient"] = {"remove_source": True}
        return [cell] if cell.outputs else []
    cell.source = "\n\n".join(re.findall(r"(?m)^#+ .*", cell.source))
    return [cell] if cell.source else []


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
    cell: NotebookNode, answer: str, exercises: dict[str, ExerciseScore], remark: str
) -> list[NotebookNode]:
    """What a grader needs beside a graded cell: the check's sentence, or model answer and rubric."""
    grader = cell.metadata.nbgrader
    if not grader.grade:
        return []
    if grader.solution:
        text = answer.partition("### BEGIN SOLUTION")[2]
        text = text.partition("### END SOLUTION")[0].strip()
        if (
            cell.cell_type == "code"
        ):  # a graded comment: the rubric stands there as comments
            text = re.sub(r"(?m)^ *# ?", "", text)
        if remark:
            text = f"**Look:** {_without_tags(remark)}\n\n{text}"
        box = f'<div class="{RUBRIC}" style="{BOX}">\n\n{text}\n\n</div>'
        return [nbformat.v4.new_markdown_cell(box)]
    exercise = exercises.get(grader.grade_id.removeprefix("check_"))
    if exercise is not None:
        lines = [f"{exercise.points:g} of {exercise.of:g} points: {exercise.reason}"]
        lines += [f"Look: {remark}" for remark in exercise.remarks]
        cell.outputs = [nbformat.v4.new_output("stream", text="\n".join(lines) + "\n")]
    return []


def _without_tags(text: str) -> str:
    """A student's Markdown whose HTML is shown instead of rendered: no tag begins with a space."""
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", text)


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
