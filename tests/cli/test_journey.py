"""The whole way of a course: thirty students, half of them from Moodle and half from Canvas, to pages and exports."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from labhelpers.checks.written import TEXT_STUB
from labhelpers.cli import labs, main, notebooks

LAB = labs.find_lab("02")
KINDS = ("right", "partly", "untouched", "damaged", "right")


def filled(folder: Path, kind: str) -> str:
    """The released notebook as a student of this kind hands it in."""
    if kind == "damaged":
        return '{"cells": ['
    notebook: dict[str, Any] = json.loads(
        (folder / "release" / LAB.stem / LAB.notebook.name).read_text(encoding="utf-8")
    )
    solution = notebooks.solution_notebook(LAB).cells
    answers = {c.metadata.nbgrader.grade_id: c.source for c in solution if "nbgrader" in c.metadata}
    first = next(name for name in answers if not name.startswith(("check_", "question_")))
    for cell in notebook["cells"]:
        grader = cell["metadata"].get("nbgrader", {})
        if kind == "untouched" or not grader.get("solution"):
            continue
        if grader["grade"]:
            cell["source"] = "".join(cell["source"]).replace(TEXT_STUB, "Because the runs say so.")
        elif kind == "right" or grader["grade_id"] == first:
            cell["source"] = answers[grader["grade_id"]]
    return json.dumps(notebook)


def downloads(folder: Path, made: dict[str, str]) -> dict[str, dict[str, str]]:
    """What the zips of Moodle and of Canvas hold, half of the students each, with what else happens there."""
    zips: dict[str, dict[str, str]] = {"moodle": {}, "canvas": {}}
    for number, (student, kind) in enumerate(made.items()):
        text = filled(folder, kind)
        if number < 15:
            name = f"{LAB.stem} (1)" if number == 0 else "my final version" if number == 1 else LAB.stem
            zips["moodle"][f"Student {number}_{student}_assignsubmission_file/{name}.ipynb"] = text
        else:
            late, again = "_LATE" if number == 15 else "", "-1" if number == 16 else ""
            zips["canvas"][f"student{number}{late}_{student}_77{number}_{LAB.stem}{again}.ipynb"] = text
    zips["moodle"]["Student 2_102_assignsubmission_onlinetext/onlinetext.html"] = "See my file."
    zips["moodle"][f"Student 3_103_assignsubmission_file/01_vae/{labs.find_lab('01').notebook.name}"] = "{}"
    zips["canvas"][f"student16_116_7700_{LAB.stem}.ipynb"] = filled(folder, "untouched")  # an older version
    return zips


def secrets() -> list[str]:
    """Lines of the lab's answers, hidden tests, model answers and rubrics."""
    sources = [cell.source for cell in notebooks.solution_notebook(LAB).cells]
    blocks = [
        block
        for source in sources
        for block in re.findall(r"(?s)### BEGIN (?:SOLUTION|HIDDEN TESTS)(.*?)### END", source)
    ]
    return [line.strip() for block in blocks for line in block.splitlines() if len(line.strip()) > 15]


def moodle_takes(path: Path) -> dict[str, float]:
    """The grades that Moodle's importer would take from a worksheet, by participant number."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(datetime.fromisoformat(row["Last modified (grade)"]).tzinfo for row in rows)
    assert all(float(row["Grade"]) <= float(row["Maximum Grade"]) for row in rows)
    return {row["Identifier"].removeprefix("Participant "): float(row["Grade"]) for row in rows}


def canvas_takes(path: Path) -> dict[str, float]:
    """The grades that Canvas' importer would take, by its own number of the student."""
    with path.open(encoding="utf-8", newline="") as stream:
        head, points, *rows = csv.reader(stream)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LAB.title]
    assert "Points Possible" in points[0]
    assert all(float(row[5]) <= float(points[5]) for row in rows)
    return {row[1]: float(row[5]) for row in rows}


def test_from_handing_out_to_handing_back(tmp_path, capsys):
    folder = tmp_path / "gans"
    assert main(["course", str(folder)]) == 0
    made = {f"{100 + n}": KINDS[n % len(KINDS)] for n in range(30)}
    damaged = {student for student, kind in made.items() if kind == "damaged"}
    for name, files in downloads(folder, made).items():
        with zipfile.ZipFile(folder / "downloaded" / LAB.stem / "archive" / f"{name}.zip", "w") as archive:
            for inside, text in files.items():
                archive.writestr(inside, text)
    environment = {**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT)}
    command = [sys.executable, "-m", "nbgrader", "zip_collect", LAB.stem, "--force"]
    said = subprocess.run(
        command, cwd=folder, check=True, env=environment, capture_output=True, text=True, encoding="utf-8"
    ).stderr
    told = [line.partition(" | ")[2] for line in said.splitlines() if "WARNING" in line]
    assert len(told) == 5, told
    for sentence in (
        "typed it in",
        "is of lab 01_vae",
        "student16_116_7700",
        "handed in late, by student 115",
        "30 files",
    ):
        assert any(sentence in line for line in told), sentence
    collected = {path.parts[-3] for path in folder.glob(f"submitted/*/{LAB.stem}/{LAB.stem}.ipynb")}
    assert collected == set(made)

    assert main(["grade", "--course", str(folder), "--jobs", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("not in the gradebook") == len(damaged)

    assert main(["export", str(folder), "--to", "moodle"]) == 0
    untouched = {student for student, kind in made.items() if kind == "untouched"}
    early = moodle_takes(folder / "exports" / f"{LAB.stem}_moodle.csv")
    assert early == dict.fromkeys(sorted(untouched), 0), "who waits for a grader gets no grade yet"

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        for each in book.assignment_submissions(LAB.stem):
            for grade in each.notebooks[0].grades:
                if grade.needs_manual_grade:
                    grade.manual_score, grade.needs_manual_grade = grade.max_score / 2, False
        book.db.commit()
    assert main(["grade", "--course", str(folder), "--jobs", "2"]) == 0
    assert capsys.readouterr().out.count("unchanged in the gradebook") == 24

    assert main(["feedback", str(folder)]) == 0
    pages = {
        path.parent.name: html.unescape(path.read_text(encoding="utf-8"))
        for path in (folder / "feedback").glob(f"*/{LAB.stem}.html")
    }
    assert pages.keys() == set(made) - damaged
    kept_back = secrets()
    assert len(kept_back) > 20
    for student, page in pages.items():
        assert not [line for line in kept_back if line in page], student
    with zipfile.ZipFile(folder / "feedback" / f"{LAB.stem}_moodle.zip") as archive:
        names = {name.split("_", 4)[1]: name.split("_", 4)[4] for name in archive.namelist()}
    assert names == {student: f"{LAB.stem}.html" for student in made if int(student) < 115 and student not in damaged}
    for kind in ("csv", "moodle", "canvas"):
        assert main(["export", str(folder), "--to", kind]) == 0
    with (folder / "exports" / f"{LAB.stem}_csv.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["student"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == set(made) - damaged
    grades = {student: float(row["points"]) for student, row in rows.items()}
    assert moodle_takes(folder / "exports" / f"{LAB.stem}_moodle.csv") == grades
    assert canvas_takes(folder / "exports" / f"{LAB.stem}_canvas.csv") == grades
    points = {kind: {grades[s] for s, k in made.items() if k == kind} for kind in KINDS if kind != "damaged"}
    assert all(len(values) == 1 for values in points.values()), points
    right, partly, untouched_points = (*points["right"], *points["partly"], *points["untouched"])
    assert right > partly > untouched_points == 0
    assert {rows[s]["waiting"] for s in rows} == {"0"}
    assert (rows["101"]["name"], rows["115"]["name"]) == ("Student 1", "student15")
    summary = (folder / "exports" / f"{LAB.stem}_summary.md").read_text(encoding="utf-8")
    assert "24 handed in." in summary
    assert "## Not handed in\n\nNobody whom the gradebook knows." in summary
    told_names = summary.rstrip().rpartition("\n")[2].partition(": ")[0].split(", ")
    assert len(told_names) == len(damaged)
