"""Running a lab under nbval, from its first cell to its last."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from labhelpers.cli import labs, notebooks

LABS = labs.catalogue()
SECONDS_PER_CELL = 300


def run_to_the_last_cell(notebook: Any, path: Path, environment: dict[str, str]) -> None:
    """Write a notebook and run it.

    Args:
        notebook: without outputs.
        path: where it is written; its folder is the working directory.
        environment: is added to the variables of this process.
    """
    path.write_text(notebooks.to_text(notebook), encoding="utf-8")
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(path.parent), "-c", os.devnull,
        "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={SECONDS_PER_CELL}", str(path),
    ]  # fmt: skip
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=path.parent,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
