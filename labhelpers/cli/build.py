"""From the source of a lab to its notebooks, through nbgrader's own preprocessors.

A source is a percent-format file in ``solutions/``. Short cell headers say what a cell is for:

* ``# %% answer="name"``: the student's code; the lines between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` go.
* ``# %% check="name" points=3``: the check under it; the lines between ``### BEGIN HIDDEN TESTS`` and
  ``### END HIDDEN TESTS`` go.
* ``# %% [markdown] question="name" points=4``: a written answer; model answer and rubric stand between
  ``### BEGIN SOLUTION`` and ``### END SOLUTION``. Without ``[markdown]`` it is graded code.
* ``# %% setup=true``: grading needs this cell, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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
from labhelpers.zoo.registry import markdown

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT_ROOT / "solutions"
NOTEBOOKS = PROJECT_ROOT / "notebooks"
README = PROJECT_ROOT / "README.md"
ZOO_MARKS = ("<!-- zoo: made by labs build -->", "<!-- zoo: end -->")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs build``."""
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a notebook differs from its source"
    )
    parser.add_argument(
        "--solutions", type=Path, metavar="DIR", help="write the versions with answers into this folder"
    )


def main(options: argparse.Namespace) -> int:
    """Write, or check, every notebook; return 1 where one drifted."""
    if not SOURCES.exists():
        print(f"There are no sources in {SOURCES}: this copy of the labs came without them.", file=sys.stderr)
        return 2
    if options.check:
        found = [line for line in (*map(drift, catalogue()), readme_drift()) if line]
        print("\n".join(found) or "Every notebook agrees with its source.", file=sys.stderr if found else sys.stdout)
        return 1 if found else 0
    for lab in catalogue():
        target = options.solutions / f"{lab.stem}.ipynb" if options.solutions else lab.notebook
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            to_text(solution_notebook(lab) if options.solutions else student_notebook(lab)),
            encoding="utf-8",
            newline="\n",
        )
        print(f"{lab.source.name} -> {target}")
    if not options.solutions:
        README.write_text(readme_with_tables(README.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    return 0


def readme_with_tables(text: str) -> str:
    """The README with the table of GAN types made anew from the registry."""
    begin, end = ZOO_MARKS
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise SourceError(f"README.md has no lines {begin!r} and {end!r}: the table of GAN types goes between them.")
    return f"{before}{begin}\n{markdown('year', 'idea', 'use', 'built')}\n{end}{after}"


def readme_drift() -> str | None:
    """A sentence if the README's table differs from the registry, or None."""
    text = README.read_text(encoding="utf-8")
    if readme_with_tables(text) == text:
        return None
    return "README.md: the table of GAN types differs from labhelpers.zoo. Run `labs build`."


class SourceError(ValueError):
    """The source of a lab breaks a rule of its own format."""


@dataclass(frozen=True)
class Lab:
    """A lab as the catalogue knows it.

    Attributes:
        stem: the name of its files, as ``01_vae``.
        title: what its first line says.
        minutes: about how long a profile takes on two CPU cores, where it was measured.
        data: which data sets it reads: ``mnist``, ``fashion_mnist``, ``faces``.
    """

    stem: str
    title: str
    minutes: dict[str, float]
    data: tuple[str, ...]

    @property
    def number(self) -> str:
        """The two digits that the lab is called by."""
        return self.stem[:2]

    @property
    def source(self) -> Path:
        """The percent-format file that everything is built from."""
        return SOURCES / f"{self.stem}.py"

    @property
    def notebook(self) -> Path:
        """The notebook that students open."""
        return NOTEBOOKS / f"{self.stem}.ipynb"


def catalogue() -> list[Lab]:
    """All labs, by number: from their sources, or from the notebooks where the sources were not handed out."""
    pattern = "[0-9][0-9]_*"
    paths = sorted(SOURCES.glob(f"{pattern}.py")) or sorted(NOTEBOOKS.glob(f"{pattern}.ipynb"))
    return [_lab(path) for path in paths]


def find_lab(name: str) -> Lab:
    """The lab called by its number (``1``, ``01``) or the name of its files (``01_vae``).

    Raises:
        SourceError: there is no such lab.
    """
    for lab in catalogue():
        if name in (lab.stem, lab.number, lab.number.lstrip("0")):
            return lab
    raise SourceError(f"There is no lab {name!r}; there are {', '.join(lab.stem for lab in catalogue())}.")


def solution_notebook(lab: Lab) -> NotebookNode:
    """The lab with answers, rubrics and hidden tests: what nbgrader calls the source version."""
    notebook = jupytext.reads(lab.source.read_text(encoding="utf-8"), fmt="py:percent")
    facts = dict(notebook.metadata.get("labs", {}))
    notebook.cells = [_badge(notebook.cells[0], lab), _install_cell(), *notebook.cells[1:], _closing_cell()]
    taken: dict[str, int] = {}
    for cell in notebook.cells:
        _give_role(cell, lab)
        _give_id(cell, taken)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
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
    return json.dumps(_split(notebook), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def drift(lab: Lab) -> str | None:
    """How the notebook on disk differs from what its source builds, in one line; None where it does not."""
    built = student_notebook(lab)
    if not lab.notebook.exists():
        return f"{lab.notebook.name} is missing: run `labs build`."
    text = lab.notebook.read_text(encoding="utf-8")
    if text == to_text(built):
        return None
    try:
        found = json.loads(text)["cells"]
    except (ValueError, KeyError):
        return f"{lab.notebook.name} is not a notebook: run `labs build`."
    for number, (have, want) in enumerate(zip(found, _split(built)["cells"], strict=False), start=1):
        if have != want:
            parts = [key for key in sorted({*have, *want}) if have.get(key) != want.get(key)]
            return (
                f"{lab.notebook.name}, cell {number} (id {have.get('id', 'none')}, in the source {want['id']}) differs "
                f"in {', '.join(parts)}: edit {lab.source.name}, not the notebook, and run `labs build`."
            )
    return (
        f"{lab.notebook.name} has {len(found)} cells and its source {len(built.cells)}, or other metadata: "
        "run `labs build`."
    )


@cache
def repository() -> str:
    """OWNER/NAME of the public repository that Colab opens the labs from: ``[tool.labs]`` in pyproject.toml."""
    settings = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(settings["tool"]["labs"]["repository"])


def _lab(path: Path) -> Lab:
    notebook = jupytext.read(path, fmt="py:percent" if path.suffix == ".py" else "ipynb")
    facts = notebook.metadata.get("labs", {})
    missing = {"minutes", "data"} - set(facts)
    if missing:
        raise SourceError(f"{path.name} has no {' and '.join(sorted(missing))} under `labs:` in its header.")
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    return Lab(path.stem, title, dict(facts["minutes"]), tuple(facts["data"]))


def _run(notebook: NotebookNode, *preprocessors: Preprocessor) -> None:
    resources: dict[str, Any] = {}
    for preprocessor in preprocessors:
        preprocessor.preprocess(notebook, resources)


def _badge(first: NotebookNode, lab: Lab) -> NotebookNode:
    link = f"https://colab.research.google.com/github/{repository()}/blob/main/notebooks/{lab.stem}.ipynb"
    title, _, rest = first.source.partition("\n")
    badge = f"[Open in Colab]({link})"
    return nbformat.v4.new_markdown_cell(f"{title}\n\n{badge}\n{rest}")


def _install_cell() -> NotebookNode:
    source = (
        "# Colab installs labhelpers here; elsewhere it is installed already, and nothing happens.\n"
        "# Lines on red ground under the next cells are notes of TensorFlow, not errors; most are kept away here.\n"
        "import importlib.util\n"
        "import os\n\n"
        'os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")\n'
        'if importlib.util.find_spec("labhelpers") is None:\n'
        f'    %pip install -q "labhelpers @ git+https://github.com/{repository()}"'
    )
    return nbformat.v4.new_code_cell(source, metadata={"setup": True})


def _closing_cell() -> NotebookNode:
    return nbformat.v4.new_code_cell("checks.summary()")


def _give_role(cell: NotebookNode, lab: Lab) -> None:
    """Turn the short keys of a cell header into nbgrader's metadata."""
    short = {
        key: cell.metadata.pop(key)
        for key in ("answer", "check", "question", "points", "setup")
        if key in cell.metadata
    }
    cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {})
    roles = [key for key in ("answer", "check", "question") if key in short]
    if len(roles) > 1 or ("points" in short) != bool(roles and roles[0] != "answer"):
        raise SourceError(
            f"{lab.source.name}: a cell header holds {', '.join(map(str, short))}; expected answer alone, "
            "or check or question with points."
        )
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
    name = re.sub(r"[^A-Za-z0-9_-]", "-", cell.metadata.get("nbgrader", {}).get("grade_id", digest))
    taken[name] = taken.get(name, 0) + 1
    cell.id = name if taken[name] == 1 else f"{name}-{taken[name]}"


def _release(notebook: NotebookNode) -> str:
    """A short digest of everything graded, so that an answered notebook tells which release it belongs to."""
    graded = [(c.metadata.nbgrader.grade_id, c.source) for c in notebook.cells if "nbgrader" in c.metadata]
    return hashlib.sha256(json.dumps(graded).encode()).hexdigest()[:10]


def _split(notebook: NotebookNode) -> dict[str, Any]:
    """The notebook as plain data, its sources as lists of lines, as JupyterLab writes them."""
    plain: dict[str, Any] = json.loads(nbformat.writes(notebook))
    return plain
