"""The linter, the type checker in strict mode, and the rules that the pins follow."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_tools_are_clean(command):
    result = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_direct_dependency_is_pinned_and_the_package_comes_last():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    assert lines.pop() == "-e ."
    pinned = {re.fullmatch(r"([\w-]+)==[\w.]+", line)[1].lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    declared = [*project["dependencies"], *(text for extra in extras for text in extra)]
    names = {re.match(r"[\w-]+", text)[0].lower() for text in declared}
    assert names <= pinned, f"not pinned: {names - pinned}"
    exact = [text for text in declared if "==" in text]
    assert exact == ["visualkeras==0.1.4"], "only visualkeras has no later release that works"


def test_the_readme_line_is_one_line_that_installs_and_tests():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split("<!-- test: Linux and macOS -->\n```bash\n")[1].split("```")[0]
    assert block.count("\n") == 1
    assert "requirements.txt" in block
    assert "pytest" in block
