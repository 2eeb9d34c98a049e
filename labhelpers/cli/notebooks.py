"""From the source of a lab to its notebooks, through nbgrader's own preprocessors.

A source is a percent-format file in ``solutions/``. Short cell headers say what a cell is for:

* ``# %% answer="name"``: the student's code; the lines between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` go.
* ``# %% check="name" points=3``: the check under it; the lines between ``### BEGIN HIDDEN TESTS`` and
  ``### END HIDDEN TESTS`` go.
* ``# %% [markdown] question="name" points=4``: a written answer; model answer and rubric stand between
  ``### BEGIN SOLUTION`` and ``### END SOLUTION``. Without ``[markdown]`` it is graded code.
* ``# %% setup=true``: grading needs this cell, too.
* ``# %% top="alt text"``: the picture that this cell makes stands at the top of the lab (``labs pictures`` takes it
  from a run).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import jupytext
import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

from labhelpers.checks.written import CODE_STUB, TEXT_STUB
from labhelpers.cli import pictures
from labhelpers.cli.labs import Lab, SourceError, repository

INSTALL_CELL = """\
# @title Set-up: run this cell first
# If labhelpers, the labs' own package, is missing, as in Colab, it is installed from
# a zip of the labs in this folder, or from their public copy. No package that is
# there already is changed.
import importlib.util


def install_labhelpers(public_copy):
    import os
    import subprocess
    import sys
    import tempfile
    import zipfile
    from pathlib import Path

    def newest_zip():
        for path in sorted(Path().glob("*.zip"), key=os.path.getmtime, reverse=True):
            if zipfile.is_zipfile(path):
                names = zipfile.ZipFile(path).namelist()
                if any(name.endswith("labhelpers/__init__.py") for name in names):
                    return path
        return None

    if not (newest_zip() or public_copy) and "google.colab" in sys.modules:
        from google.colab import files

        print("Choose the zip of the labs that your course gave you.")
        files.upload()
    chosen = newest_zip()
    if not (chosen or public_copy):
        raise ModuleNotFoundError(
            "labhelpers is not installed in this kernel. At home: run the first "
            "command of the README, and open the lab in the JupyterLab that it starts. "
            "In Colab: run this cell again, and choose the zip of the labs, as it came."
        )
    print("Installing labhelpers from", chosen or public_copy)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        source = public_copy
        if chosen:
            with zipfile.ZipFile(chosen) as archive:
                archive.extractall(folder)
            source = next(Path(folder).rglob("pyproject.toml")).parent
        listing = [*pip, "list", "--format=freeze"]
        there = subprocess.run(listing, capture_output=True, text=True).stdout
        keep = Path(folder, "keep.txt")
        keep.write_text(there)
        with subprocess.Popen(
            [*pip, "install", "--constraint", keep, source],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as installing:
            for line in installing.stdout:
                if not line.lstrip().startswith(("Requirement already", "WARNING")):
                    print(line, end="")
    if installing.returncode:
        raise RuntimeError(
            "labhelpers could not be installed: pip says why above. No package that "
            "was there has changed, and the session goes on."
        )
    importlib.invalidate_caches()


if importlib.util.find_spec("labhelpers") is None:
    install_labhelpers("{PUBLIC_COPY}")

from labhelpers import quiet

print(quiet.import_tensorflow())"""
"""The first code cell of every lab; ``{PUBLIC_COPY}`` is the address of a zip, or empty."""


def solution_notebook(lab: Lab) -> NotebookNode:
    """The lab with answers, rubrics and hidden tests: what nbgrader calls the source version."""
    notebook = jupytext.reads(lab.source.read_text(encoding="utf-8"), fmt="py:percent")
    facts = dict(notebook.metadata.get("labs", {}))
    first, *others = notebook.cells
    notebook.cells = [*_top(first, lab), _install_cell(), *others, _closing_cell()]
    taken: dict[str, int] = {}
    for cell in notebook.cells:
        _give_role(cell, lab)
        _give_id(cell, taken)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "name": "python3",
                "display_name": "Python 3",
                "language": "python",
            },
            "language_info": {"name": "python"},
            # What Colab reads: a runtime with a GPU, where there is one to be had.
            "accelerator": "GPU",
            "colab": {"gpuType": "T4", "provenance": []},
            "labs": {"lab": lab.stem, **facts},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    _run(notebook, LockCells(), ClearOutput(), CheckCellMetadata(), ComputeChecksums())
    notebook.metadata["labs"]["release"] = _release(student_cells(notebook))
    return notebook


def student_notebook(lab: Lab) -> NotebookNode:
    """The lab as students get it: stubs for answers, no hidden tests, no outputs."""
    notebook = student_cells(solution_notebook(lab))
    _run(notebook, ComputeChecksums(), CheckCellMetadata())
    nbformat.validate(notebook)
    return notebook


def student_cells(notebook: NotebookNode) -> NotebookNode:
    """A copy of a solution notebook with stubs in place of answers, and without hidden tests."""
    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    _run(copy, ClearSolutions(config=config), ClearHiddenTests())
    return copy


def to_text(notebook: NotebookNode) -> str:
    """The notebook as it is written to a file: sorted keys, one-space indent, a newline at the end."""
    return (
        json.dumps(lines_of(notebook), indent=1, sort_keys=True, ensure_ascii=False)
        + "\n"
    )


def lines_of(notebook: NotebookNode) -> dict[str, Any]:
    """The notebook as plain data, its sources as lists of lines, as JupyterLab writes them."""
    plain: dict[str, Any] = json.loads(nbformat.writes(notebook))
    return plain


def _run(notebook: NotebookNode, *preprocessors: Preprocessor) -> None:
    resources: dict[str, Any] = {}
    for preprocessor in preprocessors:
        preprocessor.preprocess(notebook, resources)


def _top(first: NotebookNode, lab: Lab) -> list[NotebookNode]:
    """The first cell with Colab's badge where a public copy is configured, and the picture of what will be made."""
    title, _, rest = first.source.partition("\n")
    colab = "https://colab.research.google.com"
    place = f"{colab}/github/{repository()}/blob/main/notebooks/{lab.stem}.ipynb"
    badge = f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({place})"
    top = f"{title}\n\n{badge}" if repository() else title
    return [
        nbformat.v4.new_markdown_cell(text)
        for text in (top, pictures.embedded(lab), rest.strip())
        if text
    ]


def _install_cell() -> NotebookNode:
    public = (
        f"https://github.com/{repository()}/archive/refs/heads/main.zip"
        if repository()
        else ""
    )
    return nbformat.v4.new_code_cell(
        INSTALL_CELL.replace("{PUBLIC_COPY}", public),
        metadata={
            "setup": True,
            "cellView": "form",
            "jupyter": {"source_hidden": True},
        },
    )


def _closing_cell() -> NotebookNode:
    return nbformat.v4.new_code_cell("checks.summary()")


def _give_role(cell: NotebookNode, lab: Lab) -> None:
    """Turn the short keys of a cell header into nbgrader's metadata."""
    short = {
        key: cell.metadata.pop(key)
        for key in ("answer", "check", "question", "points", "setup", "top")
        if key in cell.metadata
    }
    kept = ("tags", "cellView", "jupyter")
    cell.metadata = nbformat.from_dict(
        {key: cell.metadata[key] for key in kept if key in cell.metadata}
    )
    roles = [key for key in ("answer", "check", "question") if key in short]
    if len(roles) > 1 or ("points" in short) != bool(roles and roles[0] != "answer"):
        raise SourceError(
            f"{lab.source.name}: a cell header holds {', '.join(map(str, short))}; expected answer alone, "
            "or check or question with points."
        )
    if "top" in short:
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), pictures.TAG]
        cell.metadata["alt"] = short["top"]
    if short.get("setup"):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "setup"]
    if not roles:
        return
    role = roles[0]
    name = short[role]
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": name if role == "answer" else f"{role}_{name}",
        "cell_type": cell.cell_type,
        "grade": role != "answer",
        "solution": role != "check",
        "locked": role == "check",
        "task": False,
        **({"points": short["points"]} if role != "answer" else {}),
    }


def _give_id(cell: NotebookNode, taken: dict[str, int]) -> None:
    """A cell id that a rebuild keeps: the grade id, or a digest of the cell's text."""
    digest = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
    name = re.sub(
        r"[^A-Za-z0-9_-]",
        "-",
        cell.metadata.get("nbgrader", {}).get("grade_id", digest),
    )
    taken[name] = taken.get(name, 0) + 1
    cell.id = name if taken[name] == 1 else f"{name}-{taken[name]}"


def _release(notebook: NotebookNode) -> str:
    """A short digest of everything graded, so that an answered notebook tells which release it belongs to."""
    graded = [
        (c.metadata.nbgrader.grade_id, c.source)
        for c in notebook.cells
        if "nbgrader" in c.metadata
    ]
    return hashlib.sha256(json.dumps(graded).encode()).hexdigest()[:10]
