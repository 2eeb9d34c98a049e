"""What an installation brings along besides the package, and what it leaves alone."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from jupyterlab_server.config import get_page_config
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIMES = sorted((ROOT / "tests" / "runtimes").glob("colab-*.txt"))
ADDITIONS = {"aggdraw", "visualkeras"}
"""What no Colab runtime has, and the package needs."""


def pins(path: Path) -> dict[str, Version]:
    """The exact versions that a file lists, by normalised name."""
    found = re.findall(r"(?m)^([\w.-]+)==(\S+)$", path.read_text(encoding="utf-8"))
    return {canonicalize_name(name): Version(version) for name, version in found}


def test_a_students_jupyterlab_loads_no_tools_of_nbgrader() -> None:
    assert "@jupyter/nbgrader" in get_page_config([])["disabledExtensions"]


@pytest.mark.parametrize("runtime", RUNTIMES, ids=[path.stem for path in RUNTIMES])
def test_the_package_changes_nothing_that_a_colab_runtime_has(runtime: Path) -> None:
    there = pins(runtime)
    python = re.search(r"(?m)^# Python (\S+)$", runtime.read_text(encoding="utf-8"))[1]
    assert python in Requirement(f"python{PROJECT['requires-python']}").specifier
    added: set[str] = set()
    needed = [Requirement(text) for text in PROJECT["dependencies"]]
    while needed:
        requirement = needed.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"python_version": python, "extra": ""}):
            continue
        if name in there:
            assert there[name] in requirement.specifier, f"{runtime.stem} has {name} {there[name]}, not {requirement}"
        elif name not in added:
            added.add(name)
            needed += map(Requirement, importlib.metadata.requires(name) or [])
    assert added == ADDITIONS


def test_the_package_takes_the_lowest_versions_that_the_labs_are_run_on_and_none_below() -> None:
    oldest, local = pins(RUNTIMES[0]), pins(ROOT / "requirements.txt")
    assert RUNTIMES[0].name in (ROOT / ".ci" / "run").read_text(encoding="utf-8"), "the one in which the CI runs them"
    for requirement in map(Requirement, PROJECT["dependencies"]):
        name = canonicalize_name(requirement.name)
        (bound,) = requirement.specifier
        lowest = min(versions[name] for versions in (oldest, local) if name in versions)
        assert Version(bound.version) == lowest, f"{requirement}, but the lowest that is run is {lowest}"
        for runtime in RUNTIMES[1:]:
            assert pins(runtime).get(name, lowest) >= lowest
