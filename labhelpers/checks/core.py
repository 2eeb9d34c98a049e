"""How an exercise is checked: one line for every outcome, and a version to go on with where the answer is not right."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Answer: TypeAlias = Callable[..., Any]
GOES_ON = "The lab goes on with labhelpers' version."


class Wrong(Exception):  # noqa: N818  (it is a verdict, not an error)
    """What is wrong with an answer: what came out, and what was expected, in one line."""


@dataclass(frozen=True)
class Outcome:
    """What became of one exercise: ``"right"``, ``"wrong"`` or ``"unanswered"``, with the line that was printed."""

    verdict: str
    line: str


outcomes: dict[str, Outcome] = {}
"""The last outcome of every exercise that was checked in this process, by name."""


def exercise(stand_in: Answer) -> Callable[[Callable[[Answer], str]], Callable[[Answer], Answer]]:
    """Make a check of an exercise from a test.

    The check prints one line, never raises, and returns the answer where it is right, else ``stand_in``.

    Args:
        stand_in: labhelpers' own version of the answer.

    Returns:
        A decorator for a test, which takes the answer, raises ``Wrong`` where it is not right, and returns in a few
        words what is right about it.
    """

    def decorate(test: Callable[[Answer], str]) -> Callable[[Answer], Answer]:
        name = test.__name__

        @functools.wraps(test)
        def check(answer: Answer) -> Answer:
            outcome = _judge(name, answer, test)
            outcomes[name] = outcome
            print(outcome.line)
            return answer if outcome.verdict == "right" else stand_in

        check.__annotations__ = {"answer": Answer, "return": Answer}
        return check

    return decorate


def require(name: str) -> None:
    """Score an exercise: raise where its own answer was not found right. The stand-in never counts.

    Raises:
        AssertionError: the exercise was not checked, not answered, or answered wrongly.
    """
    outcome = outcomes.get(name)
    if outcome is None:
        raise AssertionError(f"{name} was not checked.")
    if outcome.verdict != "right":
        raise AssertionError(outcome.line)


def summary() -> None:
    """Print which exercises are right and which questions are answered, as far as kernel and saved file tell."""
    marks = {"right": "✓", "wrong": "✗", "unanswered": "·"}
    print("Exercises (as last checked):")
    for name, outcome in outcomes.items():
        print(f"  {marks[outcome.verdict]} {name}: {outcome.verdict}")
    if not outcomes:
        print("  none was checked: run the check cells.")
    written = _written_answers()
    if written is None:
        print("Questions: save the notebook, then run `labs grade` on it to see which are answered.")
        return
    print("Questions (as last saved):")
    for name, answered in written.items():
        print(f"  {'✓' if answered else '·'} {name}: {'answered' if answered else 'missing'}")
    missing = [name for name, outcome in outcomes.items() if outcome.verdict != "right"]
    missing += [name for name, answered in written.items() if not answered]
    print(f"Still missing: {', '.join(missing)}." if missing else "Nothing is missing.")


def to_array(value: object, what: str) -> np.ndarray:
    """A result as float64.

    Args:
        value: a tensor, an array, a number, or a list of them.
        what: what it is, for the message.

    Raises:
        Wrong: it is something else, or not finite.
    """
    if value is None:
        raise Wrong(f"{what} is None, expected a tensor: is there a `return`?")
    kind = type(value)
    trusted = kind.__module__.split(".")[0] in ("tensorflow", "numpy", "builtins", "keras")
    try:
        array = np.asarray(value, dtype=np.float64) if trusted else None
    except (TypeError, ValueError, NotImplementedError):
        array = None
    if array is None:
        raise Wrong(f"{what} is a {kind.__name__}, expected a tensor of numbers.")
    if not np.isfinite(array).all():
        raise Wrong(f"{what} is {shorten(array)}, expected finite numbers.")
    return array


def expect_close(
    found: object,
    expected: np.ndarray | float,
    given: str,
    *,
    hints: Sequence[tuple[np.ndarray | float, str]] = (),
    relative: float = 1e-3,
    absolute: float = 1e-4,
) -> None:
    """Compare a result with the expected one.

    Args:
        found: what the answer returned.
        expected: what is right.
        given: the input, in words that a student can type.
        hints: pairs of a likely wrong result and what it comes from.
        relative: tolerated share of the expected value.
        absolute: tolerated difference beside that.

    Raises:
        Wrong: shape or values differ.
    """
    array = to_array(found, f"{given}: the result")
    wanted = np.asarray(expected, dtype=np.float64)

    def agrees(other: np.ndarray | float) -> bool:
        reference = np.asarray(other, dtype=np.float64)
        return array.shape == reference.shape and np.allclose(array, reference, rtol=relative, atol=absolute)

    if agrees(wanted):
        return
    hint = next((f" {words}" for other, words in hints if agrees(other)), "")
    if array.shape != wanted.shape:
        raise Wrong(f"{given}: gave shape {array.shape}, expected {wanted.shape}.{hint}")
    raise Wrong(f"{given}: gave {shorten(array)}, expected {shorten(wanted)}.{hint}")


def shorten(array: np.ndarray) -> str:
    """An array in a few characters: at most six values, four digits each."""
    flat = np.asarray(array, dtype=np.float64)
    if flat.size > 6:
        head = ", ".join(f"{value:.4g}" for value in flat.ravel()[:4])
        return f"[{head}, ...] of shape {flat.shape}"
    numbers: Any = {"float_kind": lambda value: f"{value:.4g}"}
    return np.array2string(flat, separator=", ", formatter=numbers).replace("\n", "")


def _judge(name: str, answer: Answer, test: Callable[[Answer], str]) -> Outcome:
    if not callable(answer):
        return Outcome("wrong", f"{name} ✗ is a {type(answer).__name__}, expected a function. {GOES_ON}")
    try:
        praise = test(answer)
    except NotImplementedError:
        return Outcome("unanswered", f"{name} · not answered yet. {GOES_ON}")
    except Wrong as wrong:
        return Outcome("wrong", f"{name} ✗ {wrong} {GOES_ON}")
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        return Outcome("wrong", f"{name} ✗ raised {type(error).__name__}: {text} {GOES_ON}")
    return Outcome("right", f"{name} ✓ {praise}")


def _written_answers() -> dict[str, bool] | None:
    """Which questions of the notebook in this kernel are answered in its saved file; None where it cannot be found."""
    session = os.environ.get("JPY_SESSION_NAME", "")
    if not session.endswith(".ipynb") or not Path(session).is_file():
        return None
    try:
        cells = json.loads(Path(session).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return None
    answered = {}
    for cell in cells:
        grader = cell.get("metadata", {}).get("nbgrader", {})
        if grader.get("solution") and grader.get("grade"):
            text = "".join(cell["source"])
            answered[str(grader["grade_id"])] = is_answered(text)
    return answered


TEXT_STUB = "*Write your answer here.*"
"""What stands in an unanswered text cell."""


CODE_STUB = "raise NotImplementedError  # write your code here, and remove this line"
"""What stands in an unanswered code cell."""


def is_answered(text: str) -> bool:
    """Whether a cell holds an answer: its stub is replaced, or something stands behind it."""
    _, stub, behind = text.partition(TEXT_STUB)
    return CODE_STUB not in text and bool(behind.strip() if stub else text.strip())
