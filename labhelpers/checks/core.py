"""What an exercise is, and what becomes of it: a printed line, an outcome, and a version for the lab to go on with."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from labhelpers.checks.borrowed import is_borrowed
from labhelpers.checks.written import written_answers

Answer: TypeAlias = Callable[..., Any]
GOES_ON = "The lab goes on with labhelpers' version."


class Wrong(Exception):  # noqa: N818  (it is a verdict, not an error)
    """What is wrong with an answer: what came out, and what was expected, in one line."""


@dataclass(frozen=True)
class Outcome:
    """What became of one exercise.

    Attributes:
        verdict: ``"right"``, ``"wrong"`` or ``"unanswered"``.
        line: what was printed.
    """

    verdict: str
    line: str


outcomes: dict[str, Outcome] = {}
"""The last outcome of every exercise that was checked in this process, by name."""


def exercise(
    stand_in: Answer,
) -> Callable[[Callable[[Answer], str]], Callable[[Answer], Answer]]:
    """Turn a test into the check of an exercise.

    The check prints one line, never raises, and returns the answer if it is right, otherwise ``stand_in``.

    Args:
        stand_in: labhelpers' own version of the answer.

    Returns:
        A decorator for a test, which takes the answer, raises ``Wrong`` if something is wrong with it, and otherwise
        says in a few words what is right about it.
    """

    def decorate(test: Callable[[Answer], str]) -> Callable[[Answer], Answer]:
        name = test.__name__

        @functools.wraps(test)
        def check(answer: Answer) -> Answer:
            outcome = _judge(name, answer, test, stand_in)
            outcomes[name] = outcome
            print(outcome.line)
            return answer if outcome.verdict == "right" else stand_in

        check.__annotations__ = {"answer": Answer, "return": Answer}
        return check

    return decorate


def require(name: str) -> None:
    """Score an exercise: raise unless the answer itself was found right. The stand-in never counts.

    Args:
        name: of the exercise.

    Raises:
        AssertionError: the exercise was not checked, not answered, or answered wrongly.
    """
    outcome = outcomes.get(name)
    if outcome is None:
        raise AssertionError(f"{name} was not checked.")
    if outcome.verdict != "right":
        raise AssertionError(outcome.line)


def summary() -> None:
    """Print which exercises are right and which questions are answered, so far as the kernel and saved file show."""
    marks = {"right": "✓", "wrong": "✗", "unanswered": "·"}
    print("Exercises (as last checked):")
    for name, outcome in outcomes.items():
        print(f"  {marks[outcome.verdict]} {name}: {outcome.verdict}")
    if not outcomes:
        print("  none checked yet: run the check cells.")
    written = written_answers()
    if written is None:
        print(
            "Questions: save the notebook, then run `labs grade` on it to see which are answered."
        )
        return
    print("Questions (as last saved):")
    for name, answered in written.items():
        print(
            f"  {'✓' if answered else '·'} {name}: {'answered' if answered else 'missing'}"
        )
    missing = [name for name, outcome in outcomes.items() if outcome.verdict != "right"]
    missing += [name for name, answered in written.items() if not answered]
    print(f"Still missing: {', '.join(missing)}." if missing else "Nothing is missing.")


def kind_of(value: object) -> str:
    """What a value is, in words for a message: ``"None"``, ``"an int"``, ``"a tuple"``."""
    if value is None:
        return "None"
    name = type(value).__name__
    vowel = name.lower().startswith(("a", "e", "i", "o", "nd"))  # an ndarray
    return f"{'an' if vowel else 'a'} {name}"


def said_by(error: BaseException) -> str:
    """What an exception says, in one line that ends with a whole word.

    TensorFlow's names of its own nodes are left out, and of a message that Keras or AutoGraph has wrapped up, the core
    is told.
    """
    text = str(error)
    text = text.rsplit("Error encountered:", 1)[-1]  # Keras could not infer a shape
    bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", text, re.DOTALL)
    if bold:
        text = bold[1]
    elif text.startswith("in user code:"):
        text = re.split(r"\n\s*\w+(?:Error|Exception): ", text)[-1]
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*?\]( name:.*)?", " ", text)
    return textwrap.shorten(text, 200, placeholder=" ...")


def _judge(
    name: str, answer: Answer, test: Callable[[Answer], str], stand_in: Answer
) -> Outcome:
    if not callable(answer):
        return Outcome(
            "wrong", f"{name} ✗ is {kind_of(answer)}, expected a function. {GOES_ON}"
        )
    if is_borrowed(answer, stand_in):
        return Outcome(
            "wrong",
            f"{name} ✗ is labhelpers' own version, or calls it; expected your own code. Write it in the cell above, "
            f"and run that cell and this one. {GOES_ON}",
        )
    try:
        praise = test(answer)
    except Wrong as wrong:
        return Outcome("wrong", f"{name} ✗ {wrong} {GOES_ON}")
    except Exception as error:
        text = said_by(error)
        # The stub says nothing. TensorFlow raises this error with words, for NumPy in a compiled function.
        if isinstance(error, NotImplementedError) and not text:
            return Outcome("unanswered", f"{name} · not answered yet. {GOES_ON}")
        return Outcome(
            "wrong", f"{name} ✗ raised {type(error).__name__}: {text} {GOES_ON}"
        )
    return Outcome("right", f"{name} ✓ {praise}")
