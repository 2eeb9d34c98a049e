"""Every lab runs with all its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from labhelpers.cli import labs, notebooks
from tests.labs.running import LABS, run_to_the_last_cell


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
def test_an_answered_lab_runs_to_its_last_cell(lab: labs.Lab, tmp_path: Path) -> None:
    run_to_the_last_cell(notebooks.solution_notebook(lab), tmp_path / f"{lab.stem}.ipynb", {})
