"""``labs build``: what differs from its source is named, and mended."""

from __future__ import annotations

import json

import pytest

from labhelpers.cli import build, main, notebooks
from labhelpers.cli.labs import catalogue

LABS = catalogue()
IDS = [lab.stem for lab in LABS]


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_the_notebook_agrees_with_its_source(lab):
    assert build.drift(lab) is None


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_a_rebuild_changes_nothing(lab):
    assert notebooks.to_text(notebooks.student_notebook(lab)) == notebooks.to_text(notebooks.student_notebook(lab))


def test_drift_names_the_cell(copy_of):
    lab = copy_of(LABS[0])
    assert build.drift(lab) is None
    notebook = json.loads(lab.notebook.read_text(encoding="utf-8"))
    number = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == "sample_z")
    notebook["cells"][number]["source"] += ["# edited"]
    lab.notebook.write_text(json.dumps(notebook), encoding="utf-8")
    line = build.drift(lab)
    assert f"cell {number + 1} (id sample_z" in line
    assert "differs in source" in line
    del notebook["cells"][-1]
    notebook["cells"][number]["source"].pop()
    lab.notebook.write_text(json.dumps(notebook), encoding="utf-8")
    assert "cells and its source" in build.drift(lab)
    lab.notebook.write_text("no notebook", encoding="utf-8")
    assert "is not a notebook" in build.drift(lab)
    lab.notebook.unlink()
    assert "is missing" in build.drift(lab)


def test_build_check_fails_on_drift_and_build_mends_it(copy_of, monkeypatch, capsys):
    lab = copy_of(LABS[0])
    lab.notebook.write_text("{}", encoding="utf-8")
    assert main(["build", "--check"]) == 1
    assert lab.notebook.name in capsys.readouterr().err
    assert main(["build"]) == 0
    assert main(["build", "--check"]) == 0
