"""A sandbox for every kernel, made by bubblewrap: what it sees, and whether this machine can make one.

A kernel in it has a network, processes, users and a file system of its own. Of this machine it sees the system's and
Python's libraries, ``labhelpers`` without the commands, the data, and its own folder; it can write the last one only.
"""

from __future__ import annotations

import functools
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import labhelpers
from labhelpers.cli import labs

LEVELS = ("auto", "required")
"""What ``--isolation`` can ask for: a sandbox where there can be one, or none of the scoring without."""

_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
_SETTINGS = ("ld.so.cache", "alternatives", "fonts", "localtime")
_LIMIT = 10.0


@functools.cache
def obstacle() -> str:
    """Why no sandbox can be made on this machine, in a sentence; empty where one can."""
    if not sys.platform.startswith("linux"):
        return "bubblewrap makes sandboxes on Linux only."
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed: install the package bubblewrap (the command bwrap)."
    try:
        tried = subprocess.run(
            [*_namespaces(), *_system(), "--", "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run here ({error})."
    if tried.returncode:
        said = " ".join(tried.stderr.split())[:200] or f"status {tried.returncode}"
        return f"bubblewrap cannot make a sandbox here ({said}): the system must allow user namespaces."
    return ""


def refusal() -> str:
    """What ``--isolation required`` says where no sandbox can be made."""
    return f"No notebook is scored without a sandbox, as --isolation required asks: {obstacle()}"


def sandbox(folder: Path, data: Iterable[Path]) -> list[str]:
    """The start of a command whose process runs in a sandbox; ``--`` and the program are to follow.

    Args:
        folder: what the process may write.
        data: files and folders that it may read, beside Python's and the system's; those that are not there are left
            out, and so is a folder that holds the account's home.
    """
    hidden = [labs.SOURCES, labs.PROJECT_ROOT / "tests", _package() / "cli"]
    shown = [*_python(), _package(), *data]
    shown = [place for place in shown if not _holds(place, Path.home())]
    return [
        *_namespaces(),
        *_system(),
        *_read_only(shown),
        *(
            part
            for secret in hidden
            if secret.is_dir() and any(_holds(place, secret) for place in shown)
            for part in ("--tmpfs", str(secret), "--remount-ro", str(secret))
        ),
        *("--bind", str(folder), str(folder)),
        *("--remount-ro", "/"),
    ]


@functools.cache
def _namespaces() -> tuple[str, ...]:
    program = shutil.which("bwrap") or "bwrap"
    known = subprocess.run(
        [program, "--help"], capture_output=True, text=True, check=False
    )
    no_more = "--disable-userns"  # bubblewrap has it since 0.8
    return (
        program,
        *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"),
        *((no_more,) if no_more in known.stdout + known.stderr else ()),
        *("--as-pid-1", "--cap-drop", "ALL", "--hostname", "labs"),
    )


def _system() -> list[str]:
    """Libraries and devices; /proc cannot be written, which matters where root scores."""
    words = ["--proc", "/proc", "--remount-ro", "/proc"]
    words += ["--dev", "/dev", "--remount-ro", "/dev"]
    for name in _SYSTEM:
        place = Path(name)
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), name]
        else:
            words += _read_only([place])
    return words + _read_only(Path("/etc") / name for name in _SETTINGS)


def _python() -> list[Path]:
    """Where Python, its packages and their libraries lie."""
    places = [
        Path(prefix) / part
        for prefix in (sys.prefix, sys.base_prefix)
        for part in ("bin", "lib", "lib64", "share", "pyvenv.cfg")
    ]
    paths = sysconfig.get_paths()
    places += [Path(paths[k]) for k in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += map(Path, site.getsitepackages())
    if site.ENABLE_USER_SITE:
        places.append(Path(site.getusersitepackages()))
    searched = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return places + [Path(place) for place in searched if place.startswith("/")]


def _package() -> Path:
    return Path(str(labhelpers.__file__)).parent


def _holds(place: Path, inside: Path) -> bool:
    return inside.resolve().is_relative_to(place.resolve())


def _read_only(places: Iterable[Path]) -> list[str]:
    """Each place that exists, under its own name and under the one that links in it lead to; the outer ones first."""
    names = {name for place in places for name in (place.absolute(), place.resolve())}
    words: list[str] = []
    bound: list[Path] = []
    for name in sorted(names):
        if name.exists() and not any(name.is_relative_to(outer) for outer in bound):
            bound.append(name)
            words += ["--ro-bind", str(name), str(name)]
    return words
