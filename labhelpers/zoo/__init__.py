"""The zoo: 24 types of GAN as data (``ZOO``, ``table``), and the contest in which those built here compete."""

from __future__ import annotations

import importlib
from typing import Any

from labhelpers.zoo.registry import ZOO, GanType, markdown, table
from labhelpers.zoo.runs import RUNS, Run

_CONTEST = (
    "CONTESTANTS",
    "Contestant",
    "Round",
    "Task",
    "columns_of",
    "compete",
    "digits_task",
    "grid_task",
    "ring_task",
    "train",
)
__all__ = ["RUNS", "ZOO", "GanType", "Run", "markdown", "table", *_CONTEST]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _CONTEST:
        return getattr(importlib.import_module("labhelpers.zoo.contest"), name)
    raise AttributeError(f"labhelpers.zoo has no {name!r}: it has {', '.join(__all__)}")
