"""What several tests of the command line need."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from labhelpers.cli import labs, main
from labhelpers.cli.labs import Lab


@pytest.fixture(autouse=True, scope="session")
def _own_key(tmp_path_factory):
    """What tests sign results with is not the key of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter")))
        yield


@pytest.fixture(scope="session")
def made_course(tmp_path_factory) -> Path:
    """A course as `labs course` makes it; tests copy it."""
    folder = tmp_path_factory.mktemp("made") / "gans"
    assert main(["course", str(folder)]) == 0
    return folder


@pytest.fixture
def copy_of(tmp_path, monkeypatch):
    """A copy of a lab in a folder of its own, so that a test may change it."""

    def make(lab):
        monkeypatch.setattr(labs, "SOURCES", tmp_path / "solutions")
        monkeypatch.setattr(labs, "NOTEBOOKS", tmp_path / "notebooks")
        for folder in ("solutions", "notebooks"):
            (tmp_path / folder).mkdir()
        shutil.copy(labs.PROJECT_ROOT / "solutions" / f"{lab.stem}.py", tmp_path / "solutions")
        shutil.copy(labs.PROJECT_ROOT / "notebooks" / f"{lab.stem}.ipynb", tmp_path / "notebooks")
        return Lab(lab.stem, lab.title, lab.minutes, lab.data)

    return make
