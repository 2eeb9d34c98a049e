"""What comes of one notebook: points for each exercise, and which written answers are there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


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
        isolation: ``"sandbox"``, ``"account"`` where the answers ran under the account that scores, or empty where
            none ran.
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
    isolation: str = ""
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


def file_digest(content: bytes) -> str:
    """A digest of a file's bytes."""
    return hashlib.sha256(content).hexdigest()[:20]


class NotScored(Exception):  # noqa: N818  (it is an outcome, not an error)
    """Why a file gets no points table, in one sentence."""
