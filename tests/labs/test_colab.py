"""The set-up cell and every lab in an environment with the versions, and the IPython, of an old Colab runtime."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from labhelpers.cli import bundle, labs, notebooks
from tests.labs.running import LABS
from tests.test_install import ADDITIONS

READY = re.compile(r"Ready: labhelpers [\d.]+ and TensorFlow [\d.]+, with(out)? a GPU( \(Runtime > .* one\))?\.\n\Z")
LAST = 'print("the session goes on")'
UPLOAD = """\
import shutil
from pathlib import Path


def upload():
    for path in Path("downloads").glob("*.zip"):
        shutil.copy(path, path.name)
"""


class Colab:
    """A Python with what Colab has, and a folder to work in."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.folder, self.content = python, folder, folder / "content"
        self.content.mkdir()
        spec = folder / "jupyter" / "kernels" / "colab"
        spec.mkdir(parents=True)
        arguments = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.joinpath("kernel.json").write_text(
            json.dumps({"argv": arguments, "display_name": "Colab", "language": "python"}), encoding="utf-8"
        )
        fake = folder / "fake" / "google" / "colab"
        fake.mkdir(parents=True)
        fake.joinpath("__init__.py").touch()
        fake.joinpath("files.py").write_text(UPLOAD, encoding="utf-8")
        self.environment = {"JUPYTER_PATH": str(folder / "jupyter"), "PYTHONPATH": str(folder / "fake")}
        self.environment |= {"LABS_DATA": str(folder / "data"), "KERAS_HOME": str(folder / "keras")}

    def pip(self, *arguments: str) -> str:
        command = [self.python, "-m", "pip", "--disable-pip-version-check", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def packages(self) -> dict[str, str]:
        return dict(line.split("==") for line in self.pip("list", "--format=freeze").split())

    def run(self, notebook: Any) -> list[list[Any]]:
        """The outputs of each code cell; a cell that fails does not stop the others."""
        notebook.metadata.kernelspec.name = "colab"
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            # As a student's kernel starts; where pytest is named, ipykernel shows nothing of what C++ code prints.
            for name in ("TF_CPP_MIN_LOG_LEVEL", "MPLBACKEND", "PYTEST_CURRENT_TEST"):
                patch.delenv(name, raising=False)
            NotebookClient(
                notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(self.content)}}
            ).execute()
        return [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]

    def set_up(self, public_copy: str = "") -> tuple[str, str]:
        """What the set-up cell prints, and the error that it ends with; the session has to outlive it."""
        notebook = notebooks.student_notebook(LABS[0])
        cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
        cell.source = cell.source.replace('install_labhelpers("")', f'install_labhelpers("{public_copy}")')
        notebook.cells = [
            nbformat.v4.new_code_cell("import google.colab"), cell, nbformat.v4.new_code_cell(LAST)
        ]  # fmt: skip
        _, outputs, last = self.run(notebook)
        assert [output.text for output in last] == ["the session goes on\n"]
        printed = "".join(output.text for output in outputs if output.output_type == "stream")
        errors = [output for output in outputs if output.output_type == "error"]
        return printed, errors[0].evalue if errors else ""


def bare_colab(folder: Path) -> Colab:
    """Colab before anything is installed in it."""
    python = os.environ.get("LABS_COLAB_PYTHON")
    if python is None:
        pytest.skip("LABS_COLAB_PYTHON names no Python with the versions of tests/runtimes; .ci/run makes one")
    place = Colab(python, folder)
    added = {"labhelpers", *ADDITIONS} & set(place.packages())
    if added:
        place.pip("uninstall", "--yes", *added)
    return place


@pytest.fixture
def colab(tmp_path: Path) -> Colab:
    return bare_colab(tmp_path)


def test_the_zip_in_the_folder_is_installed_and_nothing_else_changes(colab: Colab) -> None:
    before = colab.packages()
    bundle.write_bundle(colab.content / "students (1).zip")
    with zipfile.ZipFile(colab.content / "pictures.zip", "w") as other:
        other.writestr("one.txt", "not the labs")
    started = time.perf_counter()
    printed, error = colab.set_up()
    print(f"the set-up cell took {time.perf_counter() - started:.0f} s")
    assert error == ""
    assert "Installing labhelpers from students (1).zip\n" in printed
    assert "Installing collected packages" in printed
    assert READY.search(printed)
    after = colab.packages()
    assert before.items() <= after.items()
    assert set(after) - set(before) == {"labhelpers", *ADDITIONS}
    again, error = colab.set_up("https://localhost/never-asked.zip")
    assert READY.match(again), "what is there already is not installed again"


def test_the_public_copy_is_installed(colab: Colab) -> None:
    bundle.write_bundle(colab.folder / "main.zip")
    printed, error = colab.set_up((colab.folder / "main.zip").as_uri())
    assert error == ""
    assert "Installing labhelpers from file:" in printed
    assert READY.search(printed)


def test_a_zip_is_asked_for_where_there_is_none(colab: Colab) -> None:
    downloads = colab.content / "downloads"
    downloads.mkdir()
    printed, error = colab.set_up()
    assert printed == "Choose the zip of the labs that your course gave you.\n"
    assert "run this cell again" in error
    whole = bundle.write_bundle(colab.folder / "labs.zip") and (colab.folder / "labs.zip").read_bytes()
    (downloads / "labs.zip").write_bytes(whole[: len(whole) // 2])
    _, error = colab.set_up()
    assert "choose the zip of the labs, as it came" in error
    (downloads / "labs.zip").write_bytes(whole)
    printed, error = colab.set_up()
    assert error == ""
    assert READY.search(printed)


def test_a_runtime_that_is_too_old_is_left_as_it_was(colab: Colab) -> None:
    bundle.write_bundle(colab.folder / "labs.zip")
    with (
        zipfile.ZipFile(colab.folder / "labs.zip") as theirs,
        zipfile.ZipFile(colab.content / "labs.zip", "w") as ours,
    ):
        for name in theirs.namelist():
            content = theirs.read(name)
            if name.endswith("pyproject.toml"):
                assert b'"pooch>=' in content
                content = re.sub(rb'"pooch>=[\d.]+"', b'"packaging>26.0"', content)  # a newer one could be had
            ours.writestr(name, content)
    before = colab.packages()
    printed, error = colab.set_up()
    assert before["packaging"] == "26.0"
    assert "packaging" in printed
    assert "could not be installed" in error
    assert colab.packages() == before


@pytest.fixture(scope="module")
def with_labs(tmp_path_factory: pytest.TempPathFactory) -> Colab:
    """Colab after the set-up cell."""
    place = bare_colab(tmp_path_factory.mktemp("colab"))
    bundle.write_bundle(place.content / "labs.zip")
    _, error = place.set_up()
    assert error == ""
    return place


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
def test_every_lab_runs_on_the_lowest_versions(with_labs: Colab, lab: labs.Lab) -> None:
    notebook = notebooks.solution_notebook(lab)
    outputs = [output for cell in with_labs.run(notebook) for output in cell]
    assert [output.evalue for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
