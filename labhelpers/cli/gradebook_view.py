"""What nbgrader's gradebook holds on a submission, as plain data for feedback, exports and the summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labhelpers.cli.labs import SourceError


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
    """

    name: str
    written: bool
    points: float | None
    of: float
    sentence: str
    comment: str
    waits: bool


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


def absent(course: Path, lab: str) -> list[str]:
    """The students whom the gradebook knows, and who handed nothing in for a lab."""
    with opened(course) as book:
        there = {each.student.id for each in book.find_assignment(lab).submissions}
        return sorted(each.id for each in book.students if each.id not in there)


def _submission(lab: str, submission: Any) -> Submission:
    student = submission.student
    full_name = " ".join(filter(None, [student.first_name, student.last_name]))
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
                )
            )
    return Submission(lab, student.id, full_name, tuple(_in_order(lab, parts)))


def _in_order(lab: str, parts: list[Part]) -> list[Part]:
    from labhelpers.cli.grade.plan import Plans

    plan = Plans(1, 1).plan(lab)
    order = [each.name for each in plan.exercises]
    order += [name.removeprefix("question_") for name, _, _ in plan.questions]
    return sorted(
        parts,
        key=lambda part: order.index(part.name) if part.name in order else len(order),
    )
