"""Checks of the exercises, one module per lab: ``checks.lab01.sample_z(sample_z)``."""

from __future__ import annotations

import importlib
from types import ModuleType

from labhelpers.checks.core import outcomes, require, summary

__all__ = ["outcomes", "require", "summary"]


def __getattr__(name: str) -> ModuleType:
    if name.startswith("lab") and name[3:].isdigit():
        return importlib.import_module(f"labhelpers.checks.{name}")
    raise AttributeError(
        f"labhelpers.checks has no part named {name!r}: there is one for each lab, as lab01"
    )
