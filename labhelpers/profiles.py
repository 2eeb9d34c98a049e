"""How long a lab may take: one setting for the whole series, read here only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar

from labhelpers import memory

NAMES = ("smoke", "quick", "full")
VARIABLE = "LABS_PROFILE"

T = TypeVar("T")


@dataclass(frozen=True)
class Profile:
    """A run profile and why it was chosen.

    Attributes:
        name: ``"smoke"`` (seconds, for tests), ``"quick"`` (minutes on two CPU cores) or ``"full"`` (for a GPU).
        reason: where the choice came from, in a few words.
    """

    name: str
    reason: str

    def pick(self, *, smoke: T, quick: T, full: T) -> T:
        """The value for this profile."""
        return {"smoke": smoke, "quick": quick, "full": full}[self.name]

    def __str__(self) -> str:
        warning = memory.shortage(self.name)
        return f"profile {self.name}: {self.reason}" + (
            f"\n{warning}" if warning else ""
        )


def current() -> Profile:
    """The profile of this run: the environment variable ``LABS_PROFILE``, else ``full`` with a GPU, ``quick`` without.

    Raises:
        ValueError: the variable holds another word.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if named not in NAMES:
            raise ValueError(
                f"{VARIABLE} is {named!r}, expected one of {', '.join(NAMES)}. "
                "Set one of them, or unset it for the default."
            )
        return Profile(named, f"chosen by {VARIABLE}")
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return Profile(
            "full", f"a GPU was found; set {VARIABLE}=quick for a shorter run"
        )
    return Profile(
        "quick", f"no GPU was found; set {VARIABLE}=full for the course's own epochs"
    )
