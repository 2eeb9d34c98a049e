"""Written answers: the stubs of unanswered cells, and which questions a saved notebook answers."""

from __future__ import annotations

import json
import os
from pathlib import Path

TEXT_STUB = "*Write your answer here.*"
"""The place for an answer in an unanswered text cell."""

CODE_STUB = "raise NotImplementedError  # write your code here, and remove this line"
"""The place for an answer in an unanswered code cell."""


def is_answered(text: str) -> bool:
    """Whether a cell holds an answer: its stub is gone, or text follows it."""
    _, stub, behind = text.partition(TEXT_STUB)
    return CODE_STUB not in text and bool(behind.strip() if stub else text.strip())


def written_answers() -> dict[str, bool] | None:
    """Which questions of the notebook in this kernel are answered in its saved file; None if there is no such file."""
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
            answered[str(grader["grade_id"])] = is_answered("".join(cell["source"]))
    return answered
