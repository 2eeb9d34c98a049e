"""Every lab runs as students get it: without any answer, without any file and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from labhelpers.cli import labs, notebooks
from tests.labs.running import LABS, run_to_the_last_cell


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
def test_an_untouched_lab_runs_to_its_last_cell(lab: labs.Lab, tmp_path: Path) -> None:
    offline = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    nothing = {"LABS_DATA": str(tmp_path / "data"), "KERAS_HOME": str(tmp_path / "keras")}
    run_to_the_last_cell(notebooks.student_notebook(lab), tmp_path / f"{lab.stem}.ipynb", nothing | offline)
