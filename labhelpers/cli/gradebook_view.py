"""What nbgrader's gradebook holds on a submission, as plain data for feedback, exports and the summary."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labhelpers.cli.labs import SourceError, find_lab


@dataclass(frozen=True)
class Part:
    """An exercise or a question of a submission.

    Attributes:
        name: its grade id without ``check_`` or ``question_``.
        written: whether a person gives its points.
        points: what it got; None while a person has not given points.
        of: what it can get.
        sentence: what the check, or the scoring, says.
        comment: what a person wrote.
        waits: whether a grader has to look at it.
        title: what the lab calls it, as ``Exercise 1: the decoder``.
    """

    name: str
    written: bool
    points: float | None
    of: float
    sentence: str
    comment: str
    waits: bool
    title: str = ""


@dataclass(frozen=True)
class Submission:
    """A student's lab as it stands in the gradebook.

    Attributes:
        lab: the stem of the lab.
        student: the student's id.
        full_name: the student's name where it is known, or empty.
        parts: exercises and questions, in the order of the lab.
    """

    lab: str
    student: str
    full_name: str
    parts: tuple[Part, ...]

    @property
    def points(self) -> float:
        """All points so far."""
        return sum(part.points or 0 for part in self.parts)

    @property
    def of(self) -> float:
        """All points that there are."""
        return sum(part.of for part in self.parts)

    @property
    def waits(self) -> int:
        """How many parts wait for a grader."""
        return sum(part.waits for part in self.parts)


@contextmanager
def opened(course: Path) -> Iterator[Any]:
    """The gradebook of a course.

    Raises:
        SourceError: the folder is no course.
    """
    from nbgrader.api import Gradebook

    path = course / "gradebook.db"
    if not path.exists():
        raise SourceError(
            f"{course} is no course: expected a folder that `labs course` made."
        )
    with Gradebook(f"sqlite:///{path}") as book:
        yield book


def submissions(course: Path, lab: str | None = None) -> list[Submission]:
    """Everything that was scored, by lab and student.

    Raises:
        SourceError: the folder is no course, or nothing was scored in it.
    """
    with opened(course) as book:
        found = [
            _submission(assignment.name, each)
            for assignment in sorted(book.assignments, key=lambda each: each.name)
            if lab in (None, assignment.name)
            for each in sorted(assignment.submissions, key=lambda one: one.student.id)
        ]
    if not found:
        raise SourceError(
            f"Nothing is scored in {course} yet: `labs grade --course {course}` comes first."
        )
    return found


def not_scored(course: Path, lab: str) -> list[str]:
    """The students whose file for a lab was collected, and is not in the gradebook."""
    with opened(course) as book:
        scored = {each.student.id for each in book.find_assignment(lab).submissions}
        names = {each.id: _full_name(each) or each.id for each in book.students}
    return sorted(names.get(each, each) for each in _collected(course, lab) - scored)


def absent(course: Path, lab: str) -> list[str]:
    """The students whom the gradebook knows, and who handed nothing in for a lab.

    A name stands for a person, as far as it is known: Moodle's numbers are others in each assignment. Of namesakes as
    many are missing as there were more of them in another lab.
    """
    with opened(course) as book:
        names = {each.id: _full_name(each) or each.id for each in book.students}
        ids = {
            assignment.name: _collected(course, assignment.name)
            | {each.student.id for each in assignment.submissions}
            for assignment in book.assignments
        }
    there = {
        name: Counter(names.get(each, each) for each in own)
        for name, own in ids.items()
    }
    known = Counter(set(names.values()))
    for counter in there.values():
        known |= counter
    return sorted((known - there[lab]).elements())


def _collected(course: Path, lab: str) -> set[str]:
    return {path.parts[-3] for path in course.glob(f"submitted/*/{lab}/{lab}.ipynb")}


def _full_name(student: Any) -> str:
    return " ".join(filter(None, [student.first_name, student.last_name]))


def _submission(lab: str, submission: Any) -> Submission:
    student = submission.student
    parts: list[Part] = []
    for notebook in submission.notebooks:
        comments = {each.name: each for each in notebook.comments}
        for grade in notebook.grades:
            written = grade.name.startswith("question_")
            name = grade.name.removeprefix("check_").removeprefix("question_")
            comment = comments.get(grade.name if written else name)
            given = (
                grade.manual_score
                if grade.manual_score is not None
                else grade.auto_score
            )
            parts.append(
                Part(
                    name,
                    written,
                    None if given is None else given + (grade.extra_credit or 0),
                    grade.max_score,
                    (comment.auto_comment or "") if comment else "",
                    (comment.manual_comment or "") if comment else "",
                    bool(grade.needs_manual_grade),
                    _titles(lab).get(grade.name, name),
                )
            )
    return Submission(
        lab, student.id, _full_name(student), tuple(_in_order(lab, parts))
    )


def _in_order(lab: str, parts: list[Part]) -> list[Part]:
    titles = list(_titles(lab).values())
    return sorted(
        parts,
        key=lambda part: (
            part.written,
            titles.index(part.title) if part.title in titles else len(titles),
        ),
    )


@functools.cache
def lab_title(lab: str) -> str:
    """The title of a lab, which is the first line of its notebook."""
    return find_lab(lab).title


@functools.cache
def _titles(lab: str) -> dict[str, str]:
    """What a lab calls each exercise and question, by the name of its grade, in the lab's order."""
    from labhelpers.cli.notebooks import solution_notebook

    titles: dict[str, str] = {}
    exercise = question = ""
    for cell in solution_notebook(find_lab(lab)).cells:
        if cell.cell_type == "markdown":
            question = (re.findall(r"\*\*(Question \d+)", cell.source) or [question])[0]
            for line in cell.source.splitlines():
                found = re.match(
                    r"(?:#+ (?:\d+\. )?|\*\*)(Exercise \d+)(?:: (.+?)(?: \([^()]*\))?$|\.\*\*)",
                    line,
                )
                if found:
                    exercise = ": ".join(filter(None, found.groups()))
                elif line.startswith("#"):
                    exercise = ""
        grader = cell.metadata.get("nbgrader", {})
        if not grader.get("grade"):
            continue
        kind, _, name = grader.grade_id.partition("_")
        if kind == "question":
            name = name.replace("-", " ")
            title = f"{question}: {name}" if question else name
        elif exercise and exercise not in titles.values() and ":" in exercise:
            title = exercise
        else:
            title = f"{exercise}: {name}" if exercise else name
        titles[grader.grade_id] = title
    return titles
