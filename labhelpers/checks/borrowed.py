"""Whether an answer hands in labhelpers' own version of an exercise, as it is or called by other names."""

from __future__ import annotations

import dis
import types
from collections.abc import Callable, Iterator
from typing import Any


def is_borrowed(answer: Callable[..., Any], stand_in: Callable[..., Any]) -> bool:
    """Whether an answer is the version that the lab goes on with, or calls it.

    A stand-in of the checks themselves is a wrapper: what it names of labhelpers counts, too. Other parts of labhelpers
    may be used freely.
    """
    if answer is stand_in:
        return True
    twins = [stand_in]
    if isinstance(stand_in, types.FunctionType) and stand_in.__module__.startswith(
        "labhelpers.checks."
    ):
        twins += [
            thing for thing in _named(stand_in) if _home(thing) and callable(thing)
        ]
    return any(thing is twin for thing in (answer, *_named(answer)) for twin in twins)


def _home(thing: Any) -> bool:
    """Whether something was made in labhelpers, outside of the checks."""
    module = getattr(thing, "__module__", None) or ""
    return module.startswith("labhelpers.") and ".checks." not in module


def _named(answer: Any) -> Iterator[Any]:
    """Every object that a function, or a class's methods, reach by a global name and the attributes behind it."""
    if isinstance(answer, type):
        for part in vars(answer).values():
            if isinstance(part, types.FunctionType):
                yield from _named(part)
        return
    if not isinstance(answer, types.FunctionType):
        return
    codes = [answer.__code__]
    while codes:
        code = codes.pop()
        codes += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        value: Any = None
        for step in dis.get_instructions(code):
            if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
                value = answer.__globals__.get(step.argval)
            elif step.opname in {"LOAD_ATTR", "LOAD_METHOD"} and isinstance(
                value, types.ModuleType
            ):
                value = getattr(value, step.argval, None)
            elif step.opname == "CACHE":
                continue
            else:
                value = None
            if value is not None:
                yield value
