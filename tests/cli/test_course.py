"""A course's folder is nbgrader's own, and takes what Moodle and Canvas let an instructor download."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from labhelpers.cli import course, labs, main
from labhelpers.cli.collect import MoodleAndCanvas, full_names

STEMS = [lab.stem for lab in labs.catalogue()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, made_course) -> Path:
    path = tmp_path_factory.mktemp("teaching") / "gans"
    shutil.copytree(made_course, path)
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


def test_made_again_it_keeps_what_was_handed_in(folder, capsys):
    handed_in = folder / "submitted" / "7" / "01_vae" / "01_vae.ipynb"
    handed_in.parent.mkdir(parents=True)
    handed_in.write_text("mine", encoding="utf-8")
    assert main(["course", str(folder)]) == 0
    assert handed_in.read_text(encoding="utf-8") == "mine"
    said = capsys.readouterr().out
    assert "  01_vae, 'Lab 01: Variational autoencoder': 30 points\n" in said
    assert said.count(" points\n") == len(STEMS)


def test_nbgraders_own_autograding_runs_nothing(folder):
    answered = folder / "submitted" / "8" / "01_vae" / "01_vae.ipynb"
    answered.parent.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell(f"open({str(folder / 'ran')!r}, 'w').close()")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), answered)
    result = nbgrader(folder, "autograde", "01_vae", "--student=8", "--create")
    assert result.returncode != 0
    assert "Nothing was graded" in result.stderr
    assert not (folder / "ran").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("", encoding="utf-8")
    assert main(["course", str(tmp_path)]) == 2
    assert "thesis.tex, and no course: expected a new or an empty folder" in capsys.readouterr().err


def test_a_copy_without_sources_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(labs, "SOURCES", tmp_path / "none")
    assert main(["course", str(tmp_path / "new")]) == 2
    assert "no sources" in capsys.readouterr().err


def nbgrader(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT)},
    )


def collect(folder: Path, lab: str, files: dict[str, str]) -> str:
    archive = folder / "downloaded" / lab / "archive"
    for old in archive.iterdir():
        old.unlink()
    with zipfile.ZipFile(archive / "submissions.zip", "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    result = nbgrader(folder, "zip_collect", lab, "--force")
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def collected(folder: Path, lab: str) -> dict[str, str]:
    return {path.parts[-3]: path.read_text(encoding="utf-8") for path in folder.glob(f"submitted/*/{lab}/{lab}.ipynb")}


def notebook(lab: str, text: str) -> str:
    return json.dumps({"cells": [], "metadata": {"labs": {"lab": lab}, "text": text}, "nbformat": 4})


def text_of(content: str) -> str:
    return json.loads(content)["metadata"]["text"] if content.startswith("{") else content


MOODLE = "02_vae_to_gan"


def test_moodles_names_with_and_without_folders(folder):
    said = collect(
        folder,
        MOODLE,
        {
            f"Ada Lovelace_1201_assignsubmission_file_{MOODLE}.ipynb": "ada",
            f"Müller-Lüdenscheidt, Jürgen_1202_assignsubmission_file/{MOODLE}.ipynb": "jürgen",
            f"Dee Ware_1205_assignsubmission_file_/labs/my work/{MOODLE}.ipynb": "with the student's own folders",
            f"Participant_1206_assignsubmission_file/{MOODLE}.ipynb": "graded blindly",
            f"Team 7_88_assignsubmission_file/{MOODLE}.ipynb": "a group",
            f"Default group_assignsubmission_file/{MOODLE}.ipynb": "no group",
            f"Eve Hill_1207_assignsubmission_file_{MOODLE} (1).ipynb": "renamed by a browser",
            "Bo Li_1203_assignsubmission_file_01_vae.ipynb": "another lab",
            f"Gil Roy_1208_assignsubmission_file_{MOODLE}.ipynb": notebook("03_vanilla_gan", "another lab in its name"),
            "Cy Twombly_1204_assignsubmission_file/final version.ipynb": notebook(MOODLE, "renamed by the student"),
            "Hal Oz_1209_assignsubmission_file/final version.ipynb": "renamed, and no notebook",
            "Ada Lovelace_1201_assignsubmission_onlinetext/onlinetext.html": "typed in",
            "Ada Lovelace_1201_assignsubmission_file_notes.txt": "no notebook",
            f"Ada Lovelace_1201_assignsubmission_file/.ipynb_checkpoints/{MOODLE}-checkpoint.ipynb": "a checkpoint",
            f"{MOODLE}.ipynb": "nobody's",
        },
    )
    found = {student: text_of(content) for student, content in collected(folder, MOODLE).items()}
    assert found == {
        "1201": "ada",
        "1202": "jürgen",
        "1204": "renamed by the student",
        "1205": "with the student's own folders",
        "1206": "graded blindly",
        "88": "a group",
        "1207": "renamed by a browser",
    }
    for sentence in (
        f"01_vae.ipynb is skipped: it is of lab 01_vae, and was put among the files of {MOODLE}.",
        f"{MOODLE}.ipynb is skipped: it is of lab 03_vanilla_gan, and was put among the files of {MOODLE}.",
        f"final version.ipynb is skipped: it names no lab, expected {MOODLE}.ipynb of Hal Oz 1209.",
        "onlinetext.html is skipped: Ada Lovelace 1201 typed it in or gave an address: ask for the file",
        f"notes.txt is skipped: it is no notebook, expected {MOODLE}.ipynb of Ada Lovelace 1201.",
        "Moodle gives Default group no number, expected students who hand in alone or in a group.",
        f"{MOODLE}.ipynb is skipped: expected a name from Moodle or Canvas, as",
    ):
        assert sentence in said, sentence
    told = [line for line in said.splitlines() if "WARNING" in line]
    assert len(told) == 8, "one line for each file, and one that counts"
    assert "7 files collected" in told[-1]
    assert "checkpoint" not in said
    assert full_names(folder)["1201"] == "Ada Lovelace"
    assert "1206" not in full_names(folder), "Moodle hides the name"


def test_canvas_names_late_ones_and_several_versions(folder):
    lab = "03_vanilla_gan"
    said = collect(
        folder,
        lab,
        {
            f"lovelaceada_301_9001_{lab}.ipynb": "first",
            f"lovelaceada_301_9004_{lab}-1.ipynb": "second",
            f"lovelaceada_301_9009_{lab}-2f1c3f5e-0a1b-4c2d-8e3f-001122334455.ipynb": "ninth",
            f"hoppergrace_LATE_302_9002_{lab}.ipynb": "late",
            f"o_brienpat_303_9003_{lab}-1.ipynb": "with an underscore",
            "lidan_304_9005_my solution.ipynb": notebook(lab, "renamed by the student"),
            f"teamred_305_9006_{lab}.ipynb": "a group, by one of its members",
            f"anon_Xy1z3_9007_{lab}.ipynb": "anonymous",
            f"LATE_anon_Ab2c4_9008_{lab}.ipynb": "anonymous and late",
            "twomblycy_306_text.html": "typed in",
            "twomblycy_LATE_307_link.html": "an address",
        },
    )
    found = {student: text_of(content) for student, content in collected(folder, lab).items()}
    assert found == {
        "301": "ninth",
        "302": "late",
        "303": "with an underscore",
        "304": "renamed by the student",
        "305": "a group, by one of its members",
    }
    for first in ("9001_03_vanilla_gan", "9004_03_vanilla_gan-1"):
        assert f"lovelaceada_301_{first}.ipynb is skipped: " in said
    assert "-001122334455.ipynb counts, the last version of student 301" in said
    assert "was handed in late, by student 302" in said
    assert said.count("switch anonymous grading off, and download again") == 2
    assert "twomblycy 306 typed it in or gave an address" in said
    assert "twomblycy 307 typed it in" in said
    assert full_names(folder)["303"] == "o_brienpat"


def test_of_two_downloads_the_later_one_counts(folder, tmp_path):
    lab = "04_dcgan"
    root = folder / "downloaded" / lab / "extracted"
    name = f"Ada Lovelace_1201_assignsubmission_file/{lab}.ipynb"
    for archive, year in (
        ("a", 2026),
        ("b", 2025),
    ):  # in the order in which they are unpacked, the later one comes first
        (root / archive / name).parent.mkdir(parents=True)
        (root / archive / name).write_text(f"of {year}", encoding="utf-8")
        os.utime(root / archive / name, (4000 - year, 4000 - year))  # the time of unpacking says nothing
        with zipfile.ZipFile(folder / "downloaded" / lab / "archive" / f"{archive}.zip", "w") as zipped:
            zipped.writestr(zipfile.ZipInfo(name, (year, 11, 24, 12, 0, 0)), f"of {year}")
    plugin = MoodleAndCanvas()
    assert plugin.collect(str(root / "a" / name)) == {"student_id": "1201", "file_id": lab}
    assert plugin.collect(str(root / "b" / name)) is None
    alone = root / f"lovelaceada_301_9001_{lab}.ipynb"  # put there without a zip
    alone.write_text("canvas", encoding="utf-8")
    assert MoodleAndCanvas().collect(str(alone)) == {"student_id": "301", "file_id": lab}


def test_collected_again_only_what_is_new_is_told(folder):
    lab = "05_transformer_gan"
    names = {f"Student {n}_{n}_assignsubmission_file/{lab}.ipynb": str(n) for n in range(3)}
    assert "3 files collected" in collect(folder, lab, names)
    said = collect(folder, lab, {**names, f"Student 3_3_assignsubmission_file/{lab}.ipynb": "3"})
    assert [line for line in said.splitlines() if "] Using file" not in line] == [
        "[ZipCollectApp | INFO] 4 files collected"
    ]
    assert collected(folder, lab) == {"0": "0", "1": "1", "2": "2", "3": "3"}
