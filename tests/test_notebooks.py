"""Every lab runs from its first cell to its last, as students get it and with answers, under nbval."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labhelpers.cli import build

LABS = build.catalogue()
SECONDS_PER_CELL = 300


def _nbval(path, environment):
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(path.parent), "-c", os.devnull,
        "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={SECONDS_PER_CELL}", str(path),
    ]  # fmt: skip
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=path.parent, env=environment
    )


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
@pytest.mark.parametrize("version", ["untouched", "solutions"])
def test_a_lab_runs_to_its_last_cell(lab, version, tmp_path):
    make = build.student_notebook if version == "untouched" else build.solution_notebook
    path = tmp_path / f"{lab.stem}.ipynb"
    path.write_text(build.to_text(make(lab)), encoding="utf-8")
    environment = dict(os.environ)
    if version == "untouched":
        # A student without any file and without a network: every lab must live on what is on board.
        offline = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
        environment |= {"LABS_DATA": str(tmp_path / "data"), "KERAS_HOME": str(tmp_path / "keras"), **offline}
    result = _nbval(path, environment)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
