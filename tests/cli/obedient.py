"""Stands in for scoring in the tests of the engine; a worker imports it from here, and nothing heavy with it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from labhelpers.cli.grade.engine import Task
from labhelpers.cli.grade.score import Score, file_digest


def score(task: Task) -> Score:
    """Note that the notebook was scored, and do what it says: take a while, fail, or end the worker."""
    text = json.loads(task.content)["cells"][-1]["source"]
    with task.path.with_suffix(".tries").open("a", encoding="utf-8") as stream:
        stream.write(f"{os.getpid()}\n")
    if text == "pause":
        time.sleep(3)
    if text == "once after a":
        while not tries(task.path.with_name("a.ipynb")):
            time.sleep(0.01)
    if text == "always" or (text.startswith("once") and len(tries(task.path)) == 1):
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    if text == "fail":
        raise LookupError("nothing of that name")
    if text == "slow":
        time.sleep(300)
    (lab,) = {each for each in task.plans.labs if each.startswith("02")}
    plan = task.plans.plan(lab)
    digest = file_digest(task.content)
    return Score(str(task.path), "scored", lab=lab, file_digest=digest, scorer_digest=plan.digest)


def tries(path: Path) -> list[int]:
    """The processes that scored a notebook, in order."""
    note = path.with_suffix(".tries")
    return [int(line) for line in note.read_text(encoding="utf-8").splitlines()] if note.exists() else []
