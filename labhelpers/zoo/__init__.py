"""The zoo: 24 types of GAN as data (``ZOO``, ``table``, ``formulas``), and the contest of those built here."""

from __future__ import annotations

import importlib
from typing import Any

from labhelpers.zoo.registry import (
    LEGEND,
    ZOO,
    GanType,
    formulas,
    legend,
    markdown,
    table,
)
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
    "settings",
    "train",
)
__all__ = [  # noqa: PLE0604
    "LEGEND",
    "RUNS",
    "ZOO",
    "GanType",
    "Run",
    "formulas",
    "legend",
    "markdown",
    "table",
    *_CONTEST,
]


def __getattr__(name: str) -> Any:
    if name in _CONTEST:
        return getattr(importlib.import_module("labhelpers.zoo.contest"), name)
    raise AttributeError(f"labhelpers.zoo has no {name!r}: it has {', '.join(__all__)}")
