"""The whole way of a course: thirty students, half of them from Moodle and half from Canvas, to pages and exports."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
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


def test_from_handing_out_to_handing_back(tmp_path, capsys):
    folder = tmp_path / "gans"
    assert main(["course", str(folder)]) == 0
    made = {f"{100 + n}": KINDS[n % len(KINDS)] for n in range(30)}
    with zipfile.ZipFile(folder / "downloaded" / LAB.stem / "archive" / "all.zip", "w") as archive:
        for number, (student, kind) in enumerate(made.items()):
            moodle = f"Student {number}_{student}_assignsubmission_file_{LAB.stem}.ipynb"
            canvas = f"student{number}_{student}_77{number}_{LAB.stem}.ipynb"
            archive.writestr(moodle if number < 15 else canvas, filled(folder, kind))
    environment = {**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT)}
    command = [sys.executable, "-m", "nbgrader", "zip_collect", LAB.stem, "--force"]
    subprocess.run(command, cwd=folder, check=True, env=environment, capture_output=True)
    assert len(list(folder.glob(f"submitted/*/{LAB.stem}/{LAB.stem}.ipynb"))) == 30

    assert main(["grade", "--course", str(folder), "--jobs", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("not in the gradebook") == sum(kind == "damaged" for kind in made.values())

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        for each in book.assignment_submissions(LAB.stem):
            for grade in each.notebooks[0].grades:
                if grade.needs_manual_grade:
                    grade.manual_score, grade.needs_manual_grade = grade.max_score / 2, False
        book.db.commit()
    assert main(["grade", "--course", str(folder), "--jobs", "2"]) == 0
    assert capsys.readouterr().out.count("unchanged in the gradebook") == 24

    assert main(["feedback", str(folder)]) == 0
    assert len(list((folder / "feedback").glob(f"*/{LAB.stem}.html"))) == 24
    for kind in ("csv", "moodle", "canvas"):
        assert main(["export", str(folder), "--to", kind]) == 0
    with (folder / "exports" / f"{LAB.stem}_csv.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["student"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == {student for student, kind in made.items() if kind != "damaged"}
    points = {kind: {rows[s]["points"] for s, k in made.items() if k == kind} for kind in KINDS if kind != "damaged"}
    assert all(len(values) == 1 for values in points.values()), points
    right, partly, untouched = (float(*points[kind]) for kind in ("right", "partly", "untouched"))
    assert right > partly > untouched == 0
    assert {rows[s]["waiting"] for s in rows} == {"0"}
    summary = (folder / "exports" / f"{LAB.stem}_summary.md").read_text(encoding="utf-8")
    assert "24 handed in." in summary
    assert summary.rstrip().endswith(", ".join(sorted(s for s, kind in made.items() if kind == "damaged")))
