"""Notebooks are what their sources say, and nbgrader takes them."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
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
def test_every_answer_has_a_check_with_a_hidden_test(lab):
    notebook = notebooks.solution_notebook(lab)
    by_id = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    answers = [
        name for name, cell in by_id.items() if cell.metadata.nbgrader.solution and not cell.metadata.nbgrader.grade
    ]
    assert answers
    for name in answers:
        assert f'checks.require("{name}")' in by_id[f"check_{name}"].source


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_a_rubric_says_what_full_half_and_no_points_look_like(lab):
    questions = [c for c in notebooks.solution_notebook(lab).cells if c.get("id", "").startswith("question_")]
    assert questions
    for cell in questions:
        text = re.sub(r"(?m)^# ?", "", cell.source)
        for part in ("**Model answer.**", "**Rubric.**", "**Enough for full marks.**", "**Typical wrong answer.**"):
            assert part in text, f"{cell.id}: no {part}"
        head, _, *rows = re.findall(r"(?m)^ *\|(.*)\| *$", text.split("**Rubric.**")[1])
        assert [word.strip() for word in head.split("|")] == ["criterion", "full", "half", "none"], cell.id
        table = [[word.strip() for word in row.split("|")] for row in rows]
        assert all(len(row) == 4 and all(row) for row in table), cell.id
        points = [float(re.search(r"\(([\d.]+)\)$", row[0])[1]) for row in table]
        assert sum(points) == cell.metadata.nbgrader.points, cell.id


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_code_fits_the_width_of_a_notebook(lab):
    for cell in notebooks.solution_notebook(lab).cells:
        if cell.cell_type == "code" and not cell.id.startswith("question_"):
            wide = [line for line in cell.source.splitlines() if len(line) > 88]
            assert wide == []


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_sources_that_a_lab_prints_fit_as_well(lab):
    pattern = r"""inspect\.getsource\((\w+)\.([\w.]+)\)(\.split\('\"{3}'\)\[-1\])?"""
    for room, path, body in re.findall(pattern, lab.source.read_text(encoding="utf-8")):
        thing = importlib.import_module(f"labhelpers.{room}")
        for name in path.split("."):
            thing = getattr(thing, name)
        source = inspect.getsource(thing)
        printed = source.split('"""')[-1] if body else source
        assert [line for line in printed.splitlines() if len(line) > 88] == []


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


@pytest.mark.parametrize(("repository", "badges"), [("", 0), ("someone/labs", 1)])
def test_a_badge_stands_only_where_there_is_a_public_copy(repository, badges, monkeypatch):
    monkeypatch.setattr(notebooks, "repository", lambda: repository)
    first, *rest = notebooks.student_notebook(LABS[0]).cells
    assert first.source.count("colab-badge.svg") == badges
    text = "".join(cell.source for cell in (first, *rest))
    assert text.count("github") == 2 * badges
    assert "OWNER" not in text
    code = next(cell.source for cell in rest if cell.cell_type == "code")
    compile(code, "set-up", "exec")
    zipped = f"https://github.com/{repository}/archive/refs/heads/main.zip" if repository else ""
    assert f'install_labhelpers("{zipped}")' in code


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_colab_is_asked_for_a_gpu_and_finds_no_link_to_a_file_beside_the_notebook(lab):
    notebook = json.loads(lab.notebook.read_text(encoding="utf-8"))
    assert notebook["metadata"]["accelerator"] == "GPU"
    assert notebook["metadata"]["colab"]["gpuType"] == "T4"
    text = "".join(line for cell in notebook["cells"] if cell["cell_type"] == "markdown" for line in cell["source"])
    assert re.findall(r"\]\((?!https://|data:|#)[^)]*\)|(?:src|href)=", text) == []
