"""How much memory is free on this machine, or in this container."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

NEEDED = {"smoke": 2 * 2**30, "quick": 4 * 2**30, "full": 4 * 2**30}
"""Bytes that a lab needs at each profile; the largest at ``quick`` took 2.6 GB, Jupyter and the system want some."""

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def free() -> int:
    """Bytes that a program may still take: what the system has left, or the container where that is less."""
    available = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):  # no Linux, or no limit ("max")
        limit = int((_CONTROL_GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_CONTROL_GROUP / "memory.current").read_text(encoding="ascii"))
        cached = 0  # files that were read: given back when a program needs the room
        for line in (_CONTROL_GROUP / "memory.stat").open(encoding="ascii"):
            if line.startswith("inactive_file "):
                cached = int(line.split()[1])
        available = min(available, limit - used + cached)
    return max(available, 0)


def shortage(profile: str) -> str | None:
    """A sentence where less memory is free than a lab needs at a profile, else None."""
    here, needed = free(), NEEDED[profile]
    if here >= needed:
        return None
    smaller = "" if profile == "smoke" else ", or set LABS_PROFILE=smoke to try it out"
    return (
        f"Only {here / 2**30:.1f} GB of memory are free, and a lab at {profile!r} may need {needed / 2**30:.0f} GB: "
        f"close other programs and notebooks (each keeps its memory until its kernel is shut down){smaller}."
    )
