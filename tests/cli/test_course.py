"""A course's folder is nbgrader's own, and takes what Moodle and Canvas let an instructor download."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labhelpers.cli import course, labs, main

STEMS = [lab.stem for lab in labs.catalogue()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("teaching") / "gans"
    assert main(["course", str(path)]) == 0
    return path


def test_nbgrader_knows_every_lab_and_its_points(folder):
    known = {each["name"]: each for each in course.api(folder).get_assignments()}
    assert sorted(known) == STEMS
    assert all(each["max_code_score"] > 0 and each["max_written_score"] > 0 for each in known.values())


def test_the_releases_are_the_students_notebooks(folder):
    for lab in labs.catalogue():
        released = folder / "release" / lab.stem / f"{lab.stem}.ipynb"
        assert "SOLUTION" not in released.read_text(encoding="utf-8")
        assert "Rubric" in (folder / "source" / lab.stem / f"{lab.stem}.ipynb").read_text(encoding="utf-8")
    with zipfile.ZipFile(folder / course.BUNDLE) as archive:
        assert [name for name in archive.namelist() if name.endswith("01_vae.ipynb")]


def test_made_again_it_keeps_what_was_handed_in(folder):
    handed_in = folder / "submitted" / "7" / "01_vae" / "01_vae.ipynb"
    handed_in.parent.mkdir(parents=True)
    handed_in.write_text("mine", encoding="utf-8")
    assert main(["course", str(folder)]) == 0
    assert handed_in.read_text(encoding="utf-8") == "mine"


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    assert main(["course", str(tmp_path)]) == 2
    assert "thesis.tex, and no course: expected a new or an empty folder" in capsys.readouterr().err


def test_a_copy_without_sources_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(labs, "SOURCES", tmp_path / "none")
    assert main(["course", str(tmp_path / "new")]) == 2
    assert "no sources" in capsys.readouterr().err


def collect(folder: Path, lab: str, files: dict[str, str]) -> str:
    archive = folder / "downloaded" / lab / "archive"
    for old in archive.iterdir():
        old.unlink()
    with zipfile.ZipFile(archive / "submissions.zip", "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    result = subprocess.run(
        [sys.executable, "-m", "nbgrader", "zip_collect", lab, "--force"],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def collected(folder: Path, lab: str) -> dict[str, str]:
    return {path.parts[-3]: path.read_text(encoding="utf-8") for path in folder.glob(f"submitted/*/{lab}/{lab}.ipynb")}


def test_moodles_names_with_and_without_folders(folder):
    said = collect(
        folder,
        "02_vae_to_gan",
        {
            "Ada Lovelace_1201_assignsubmission_file_02_vae_to_gan.ipynb": "ada",
            "Müller-Lüdenscheidt, Jürgen_1202_assignsubmission_file/02_vae_to_gan.ipynb": "jürgen",
            "Ada Lovelace_1201_assignsubmission_file_notes.txt": "no notebook",
            "Bo Li_1203_assignsubmission_file_01_vae.ipynb": "another lab",
            "Cy Twombly_1204_assignsubmission_file_final version.ipynb": "renamed",
        },
    )
    assert collected(folder, "02_vae_to_gan") == {"1201": "ada", "1202": "jürgen"}
    assert "01_vae.ipynb is skipped: it is of lab 01_vae, and was put among another lab's files" in said
    assert "final version.ipynb is skipped: expected a notebook that Moodle or Canvas named" in said
    assert "notes.txt is skipped" in said


def test_canvas_names_late_ones_and_several_versions(folder):
    said = collect(
        folder,
        "03_vanilla_gan",
        {
            "lovelaceada_301_9001_03_vanilla_gan.ipynb": "first",
            "lovelaceada_301_9004_03_vanilla_gan-1.ipynb": "second",
            "lovelaceada_301_9009_03_vanilla_gan-10.ipynb": "eleventh",
            "hoppergrace_LATE_302_9002_03_vanilla_gan.ipynb": "late",
        },
    )
    assert collected(folder, "03_vanilla_gan") == {"301": "eleventh", "302": "late"}
    assert "03_vanilla_gan-1.ipynb is skipped: student 301 handed in lovelaceada_301_9009_03_vanilla_gan-10" in said
    assert "was handed in late, by student 302" in said


def test_an_answer_that_a_browser_renamed_is_still_found(folder):
    said = collect(folder, "04_dcgan", {"Eve Hill_44_assignsubmission_file_04_dcgan (1).ipynb": "eve"})
    assert collected(folder, "04_dcgan") == {"44": "eve"}
    assert "skipped" not in said
