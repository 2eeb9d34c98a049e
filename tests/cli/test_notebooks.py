"""Notebooks are what their sources say, and nbgrader takes them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from labhelpers.checks import written
from labhelpers.cli import notebooks
from labhelpers.cli.labs import SourceError, catalogue

LABS = catalogue()
IDS = [lab.stem for lab in LABS]


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_students_get_no_answers_hidden_tests_or_outputs(lab):
    notebook = json.loads(lab.notebook.read_text(encoding="utf-8"))
    nbformat.validate(nbformat.from_dict(notebook))
    text = lab.notebook.read_text(encoding="utf-8")
    for word in ("SOLUTION", "HIDDEN", "Rubric", "Model answer", "checks.require"):
        assert word not in text, word
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))
    for cell in notebook["cells"]:
        grader = cell["metadata"].get("nbgrader")
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
        if not grader:
            continue
        source = "".join(cell["source"])
        assert grader["schema_version"] == 3
        assert grader["checksum"]
        if grader["solution"]:
            assert (written.CODE_STUB in source) or (written.TEXT_STUB in source)
            assert cell["metadata"]["deletable"] is False
            assert cell["metadata"].get("editable", True)
        else:
            assert grader["grade"]
            assert grader["locked"]
            assert grader["points"] > 0
            assert cell["metadata"]["editable"] is False


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_every_answer_has_a_check_with_a_hidden_test_and_every_question_a_rubric(lab):
    notebook = notebooks.solution_notebook(lab)
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    answers = [
        name for name, cell in by_id.items() if cell.metadata.nbgrader.solution and not cell.metadata.nbgrader.grade
    ]
    assert answers
    for name in answers:
        assert f'checks.require("{name}")' in by_id[f"check_{name}"].source
    questions = [cell for name, cell in by_id.items() if name.startswith("question_")]
    assert questions
    for cell in questions:
        assert "**Rubric.**" in cell.source
        assert "**Model answer.**" in cell.source


def test_an_edit_of_one_text_cell_keeps_all_other_ids(copy_of):
    lab = copy_of(LABS[0])
    before = [cell.id for cell in notebooks.student_notebook(lab).cells]
    text = lab.source.read_text(encoding="utf-8")
    lab.source.write_text(text.replace("## 1. The data", "## 1. The data, looked at"), encoding="utf-8")
    after = [cell.id for cell in notebooks.student_notebook(lab).cells]
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_a_header_with_two_roles_is_refused(copy_of):
    lab = copy_of(LABS[0])
    text = lab.source.read_text(encoding="utf-8")
    lab.source.write_text(text.replace('answer="sample_z"', 'answer="sample_z" points=2'), encoding="utf-8")
    with pytest.raises(SourceError, match="expected answer alone"):
        notebooks.student_notebook(lab)


def test_nbgrader_releases_the_same_notebook(tmp_path, monkeypatch):
    """nbgrader's generate_assignment takes the version with answers; its students get the same cells as ours."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    # nbgrader starts `alembic` from the search path, where it is only while the environment is activated.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    lab = LABS[0]
    folder = tmp_path / "source" / lab.stem
    folder.mkdir(parents=True)
    (folder / f"{lab.stem}.ipynb").write_text(notebooks.to_text(notebooks.solution_notebook(lab)), encoding="utf-8")
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.ClearSolutions.code_stub = {"python": written.CODE_STUB}
    config.ClearSolutions.text_stub = written.TEXT_STUB
    result = NbGraderAPI(config=config).generate_assignment(lab.stem)
    assert result["success"], result
    released = json.loads((tmp_path / "release" / lab.stem / f"{lab.stem}.ipynb").read_text(encoding="utf-8"))
    ours = json.loads(lab.notebook.read_text(encoding="utf-8"))
    assert ["".join(cell["source"]) for cell in released["cells"]] == [
        "".join(cell["source"]) for cell in ours["cells"]
    ]
    for theirs, own in zip(released["cells"], ours["cells"], strict=True):
        assert theirs["metadata"].get("nbgrader") == own["metadata"].get("nbgrader")
