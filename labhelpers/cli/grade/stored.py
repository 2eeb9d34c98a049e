"""Results that were written down: the next run believes those that this grader wrote, and no others.

Each carries a signature (HMAC-SHA256) with a key that is kept in the grader's account, beside Jupyter's own secrets. An
answer may not open that file, and in a sandbox it is not there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir

from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.report import write
from labhelpers.cli.grade.score import (
    ExerciseScore,
    ManualAnswer,
    NotScored,
    Score,
    file_digest,
)
from labhelpers.cli.labs import Lab

_KEY_LENGTH = 64
"""Hexadecimal digits."""


def key_file() -> Path:
    """Where the key is kept."""
    return Path(jupyter_data_dir()) / "labs_grading_key"


def grader_key() -> bytes:
    """The key of this account; made when it is first needed, by one process where several begin at once.

    Raises:
        NotScored: it cannot be kept, or it is damaged.
    """
    path = key_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            try:
                made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:  # another process was quicker
                pass
            else:
                with os.fdopen(made, "w", encoding="ascii") as stream:
                    stream.write(secrets.token_hex(_KEY_LENGTH // 2))
        for _ in range(20):  # the other process may still write
            key = path.read_bytes()
            if len(key) == _KEY_LENGTH:
                return key
            time.sleep(0.1)
    except OSError as error:
        raise NotScored(
            f"{path} cannot be used ({error.strerror}); it holds the key that results are signed with. Name another "
            "folder for it in the environment variable JUPYTER_DATA_DIR."
        ) from None
    raise NotScored(
        f"{path} is damaged, expected {_KEY_LENGTH} hexadecimal digits: delete it. What it signed is scored again."
    )


def save(target: Path, score: Score, key: bytes) -> str:
    """Write a result; a sentence where that fails."""
    data = {**asdict(score), "points": score.points, "of": score.of}
    data["signature"] = _signature(data, key)
    text = json.dumps(data, indent=1, ensure_ascii=False)
    return write(target, lambda stream: stream.write(text + "\n"))


def load(
    target: Path,
    path: Path,
    content: bytes,
    plans: Plans,
    asked: Lab | None,
    key: bytes,
) -> tuple[Score | None, str]:
    """A stored result that still holds: same bytes, same lab, hidden tests, package and limits, and signed by ``key``.

    Returns:
        The score, or None; and a sentence where there is one that would hold but for its signature.
    """
    try:
        data = json.loads(target.read_text(encoding="utf-8"))
        stem = data["lab"]
        if (
            data["outcome"] != "scored"
            or data["file_digest"] != file_digest(content)
            or stem not in plans.labs
            or data["scorer_digest"] != plans.plan(stem).digest
            or (asked is not None and asked.stem != stem)
        ):
            return None, ""
        signature = str(data.pop("signature", ""))
        if not hmac.compare_digest(signature.encode(), _signature(data, key).encode()):
            return None, (
                f"{target} was not written by this account's `labs grade`, or was changed since: "
                f"{path.name} is scored again."
            )
        exercises = tuple(
            ExerciseScore(**{**each, "remarks": tuple(each["remarks"])})
            for each in data.pop("exercises")
        )
        manual = tuple(ManualAnswer(**each) for each in data.pop("manual"))
        for name in ("points", "of", "file"):
            data.pop(name)
        remarks = tuple(data.pop("remarks"))
        score = Score(
            file=str(path), exercises=exercises, manual=manual, remarks=remarks, **data
        )
        return score, ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, ""


def _signature(data: dict[str, Any], key: bytes) -> str:
    text = json.dumps(data, sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
