"""Every lab runs with all its answers, and shows what its top promises and nothing on red ground."""

from __future__ import annotations

import os

import pytest

from labhelpers.cli import labs, notebooks, pictures
from labhelpers.cli.run import execute
from tests.labs.running import LABS


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
def test_an_answered_lab_runs_to_its_last_cell(lab: labs.Lab, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(labs.PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]))
    for name in ("TF_CPP_MIN_LOG_LEVEL", "MPLBACKEND"):  # as a student's kernel starts
        monkeypatch.delenv(name, raising=False)
    notebook = notebooks.solution_notebook(lab)
    assert execute(notebook, tmp_path, lab.title) is None
    outputs = [(cell.source, output) for cell in notebook.cells for output in cell.get("outputs", [])]
    red = [(source, output.text) for source, output in outputs if output.get("name") == "stderr"]
    assert red == []
    png, alt = pictures.of_run(notebook)
    assert png.startswith(b"\x89PNG")
    assert len(alt) >= 20
