"""From what was handed in to nbgrader's gradebook, and to the page that a grader reads."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry

from labhelpers.checks.written import TEXT_STUB
from labhelpers.cli import labs, main, notebooks
from labhelpers.cli.grade import gradebook
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.score import ExerciseScore, ManualAnswer, Score

LAB = labs.find_lab("01")
PNG = "iVBORw0KGgoAAAANSUhEUg=="
SOLUTIONS = {
    cell.metadata.nbgrader.grade_id: cell.source
    for cell in notebooks.solution_notebook(LAB).cells
    if "nbgrader" in cell.metadata
}
RIGHT = {name: text for name, text in SOLUTIONS.items() if not name.startswith(("check_", "question_"))}
QUESTIONS = [name for name in SOLUTIONS if name.startswith("question_")]


def answered(code: dict[str, str], words: dict[str, str]) -> dict[str, Any]:
    notebook = json.loads(LAB.notebook.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in code:
            cell["source"] = code[name]
        if name in words:
            cell["source"] = "".join(cell["source"]).replace(TEXT_STUB, words[name])
    return notebook


def hand_in(course: Path, student: str, notebook: Any) -> Path:
    path = course / "submitted" / student / LAB.stem / f"{LAB.stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    return path


def grades(course: Path, student: str) -> dict[str, Any]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(LAB.stem, LAB.stem, student)
        return {each.name: (each.auto_score, each.manual_score, each.needs_manual_grade) for each in submission.grades}


def comments(course: Path, student: str) -> dict[str, str]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(LAB.stem, LAB.stem, student)
        return {each.name: each.auto_comment for each in submission.comments}


@pytest.fixture(scope="module")
def course(tmp_path_factory, made_course) -> Path:
    folder = tmp_path_factory.mktemp("teaching") / "gans"
    shutil.copytree(made_course, folder)
    partly = {**RIGHT, "kl_divergence": RIGHT["kl_divergence"].replace("0.5 *", "1.0 *")}
    hand_in(folder, "ada", answered(partly, dict.fromkeys(QUESTIONS, "Because.")))
    hand_in(folder, "bo", answered({}, {}))
    hand_in(folder, "cy", "{")
    assert main(["grade", "--course", str(folder)]) == 0
    return folder


def test_points_sentences_and_what_waits_for_a_grader(course):
    found = grades(course, "ada")
    assert found["check_sample_z"] == (2, None, False)
    assert found["check_kl_divergence"] == (0, None, False)
    assert all(found[name] == (None, None, True) for name in QUESTIONS)
    said = comments(course, "ada")
    assert "factor 1/2 is missing" in said["kl_divergence"]
    assert said["sample_z"].startswith("right values")
    assert {said[name] for name in QUESTIONS} == {None}


def test_what_was_not_answered_waits_for_nobody(course):
    found = grades(course, "bo")
    assert set(found.values()) == {(0, None, False)}
    assert {comments(course, "bo")[name] for name in QUESTIONS} == {"No answer."}


def test_a_damaged_file_is_told_and_stops_nobody(course, capsys):
    assert main(["grade", "--course", str(course)]) == 0
    out = capsys.readouterr().out
    assert "is not JSON" in out
    assert "student cy: not in the gradebook" in out
    assert "student ada: unchanged in the gradebook" in out


def test_the_grader_sees_answer_sentence_model_answer_and_rubric(course):
    path = course / "autograded" / "ada" / LAB.stem / f"{LAB.stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    by_id = {c.metadata.nbgrader.grade_id: n for n, c in enumerate(notebook.cells) if "nbgrader" in c.metadata}
    assert set(by_id) == set(SOLUTIONS)
    check = notebook.cells[by_id["check_kl_divergence"]]
    assert check.outputs[0].text.startswith("0 of 3 points: ")
    assert "1.0 *" in notebook.cells[by_id["kl_divergence"]].source
    for name in QUESTIONS:
        assert "Because." in notebook.cells[by_id[name]].source
        below = notebook.cells[by_id[name] + 1].source
        assert "**Model answer.**" in below
        assert "**Rubric.**" in below
        assert "SOLUTION" not in below


def test_points_of_a_person_stay_and_a_new_answer_asks_for_them_again(course):
    def give(name: str, points: float) -> None:
        with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
            grade = book.find_grade(name, LAB.stem, LAB.stem, "dee")
            grade.manual_score, grade.needs_manual_grade = points, False
            book.find_comment(name, LAB.stem, LAB.stem, "dee").manual_comment = "Well said."
            book.db.commit()

    first, second, *rest = QUESTIONS
    hand_in(course, "dee", answered({}, {first: "So.", second: "Thus."}))
    assert main(["grade", "--course", str(course)]) == 0
    give(first, 1.5)
    give(second, 1.0)
    hand_in(course, "dee", answered(RIGHT, {first: "So.", second: "Thus, and more."}))
    assert main(["grade", "--course", str(course)]) == 0
    found = grades(course, "dee")
    assert found[first] == (None, 1.5, False)
    assert found[second] == (None, 1.0, True)
    assert found["check_sample_z"] == (2, None, False)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        assert book.find_comment(second, LAB.stem, LAB.stem, "dee").comment == "Well said."
    assert rest


def everything(course: Path, student: str) -> dict[str, tuple[Any, ...]]:
    """All that the gradebook holds of a submission."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        notebook = book.find_submission_notebook(LAB.stem, LAB.stem, student)
        grades = {g.name: (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade) for g in notebook.grades}
        return grades | {f"{c.name}, a comment": (c.auto_comment, c.manual_comment) for c in notebook.comments}


def enter(course: Path, student: str, notebook: dict[str, Any], points: float, digest: str) -> str:
    """Enter a notebook as if scoring had given so many points for each exercise."""
    path = hand_in(course, student, notebook)
    plan = Plans(60, 600).plan(LAB.stem)
    exercises = tuple(ExerciseScore(each.name, points, each.points, "", "A sentence.") for each in plan.exercises)
    manual = tuple(ManualAnswer(name, of, True) for name, of, _ in plan.questions)
    score = Score(str(path), "scored", "", LAB.stem, "", exercises, manual, (), 0, "", digest_of(path), digest)
    return gradebook.enter(course, student, path, score)


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_regrading_and_new_files_change_only_what_changed(course):
    wrong = {name: f"{name} = 1" for name in RIGHT}
    words = dict.fromkeys(QUESTIONS, "So.")
    for student in ("fay", "gus"):
        enter(course, student, answered(wrong, words), 0, "first scorer")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for student in ("fay", "gus"):
            notebook = book.find_submission_notebook(LAB.stem, LAB.stem, student)
            for grade in notebook.grades:
                grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.5, False
            for comment in notebook.comments:
                comment.manual_comment = "From a person."
        book.db.commit()
    before = {student: everything(course, student) for student in ("fay", "gus")}
    page = course / "autograded" / "gus" / LAB.stem / f"{LAB.stem}.ipynb"
    written = page.stat().st_mtime_ns

    new = answered({**wrong, "sample_z": "sample_z = 2"}, {**words, QUESTIONS[1]: "So, and more."})
    enter(course, "fay", new, 0, "first scorer")
    assert enter(course, "gus", answered(wrong, words), 0, "first scorer") == "unchanged in the gradebook"
    assert everything(course, "gus") == before["gus"]
    assert page.stat().st_mtime_ns == written
    after = everything(course, "fay")
    changed = {name for name, row in after.items() if row != before["fay"][name]}
    assert changed == {"check_sample_z", QUESTIONS[1]}
    assert after["check_sample_z"] == (0, 1.5, 0.5, True), "the points stay, and a person is asked again"
    assert after[QUESTIONS[1]] == (None, 1.5, 0.5, True)

    enter(course, "gus", answered(wrong, words), 1, "a better scorer")  # a regrade of the same file
    after = everything(course, "gus")
    changed = {name for name, row in after.items() if row != before["gus"][name]}
    assert changed == {f"check_{name}" for name in RIGHT}
    assert {after[name] for name in changed} == {(1, 1.5, 0.5, True)}


def test_a_name_that_somebody_entered_stays(course):
    root = course / "downloaded" / LAB.stem / "extracted"
    root.mkdir(parents=True)
    for number in ("301", "302"):
        (root / f"lovelaceada_{number}_9_{LAB.stem}.ipynb").write_text("", encoding="utf-8")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.add_student("301", first_name="Ada", last_name="Lovelace")
    for number in ("301", "302"):
        enter(course, number, answered({}, {}), 0, "")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        assert book.find_student("301").last_name == "Lovelace"
        assert book.find_student("302").last_name == "lovelaceada"


def score_of(notebook: dict[str, Any], tmp_path: Path) -> nbformat.NotebookNode:
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    manual = tuple(ManualAnswer(name, 1, True, "Read cells 3 and 4.") for name in QUESTIONS)
    return gradebook.for_the_grader(
        path, Score(str(path), "scored", lab=LAB.stem, manual=manual, remarks=("Of another release.",))
    )


def test_nothing_of_a_student_runs_in_the_graders_browser(tmp_path):
    notebook = answered({}, dict.fromkeys(QUESTIONS, "<script>alert(1)</script> a<b <img src=x onerror=alert(1)>"))
    code = next(
        cell for cell in notebook["cells"] if cell["cell_type"] == "code" and "nbgrader" not in cell["metadata"]
    )
    harmful = {"text/html": "<script>alert(2)</script>", "image/svg+xml": "<svg onload=alert(3)>", "text/plain": "7"}
    code["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": harmful},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PNG}},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": '" onerror="alert(4)'}},
        {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": "alert(5)"}},
        {"output_type": "stream", "name": "stdout", "text": "loss 1.0"},
        "no output at all",
    ]
    seen = score_of(notebook, tmp_path)
    assert seen.cells.pop(0).source == gradebook.PAGE
    text = json.dumps(seen)
    assert "< script>alert(1)" in text
    assert "a< b < img src=x" in text
    for word in ("<script", "<svg", "<img", 'onerror=\\"alert(4)', "alert(2)", "alert(3)", "alert(5)"):
        assert word not in text, word
    kept = [output for cell in seen.cells for output in cell.get("outputs", [])]
    assert [o.data for o in kept if "data" in o] == [{"text/plain": "7"}, {"image/png": PNG}]
    assert "loss 1.0" in text


def test_points_and_locked_cells_come_from_the_lab(tmp_path):
    notebook = answered(RIGHT, {})
    original = {
        c.metadata.nbgrader.grade_id: c for c in notebooks.student_notebook(LAB).cells if "nbgrader" in c.metadata
    }
    for cell in notebook["cells"]:
        grader = cell["metadata"].get("nbgrader")
        if grader and "points" in grader:
            grader["points"] = 100
            if grader["locked"]:
                cell["source"] = "checks.outcomes = {}"
    notebook["cells"].append(copy.deepcopy(next(c for c in notebook["cells"] if "nbgrader" in c["metadata"])))
    seen = [cell for cell in score_of(notebook, tmp_path).cells if "nbgrader" in cell.metadata]
    assert len(seen) == len(original)
    for cell in seen:
        own = original[cell.metadata.nbgrader.grade_id]
        assert cell.metadata.nbgrader == own.metadata.nbgrader
        if own.metadata.nbgrader.locked:
            assert cell.source == own.source


def test_of_the_labs_own_text_only_headings_and_outputs_are_left(tmp_path):
    notebook = answered(RIGHT, {})
    own = [cell for cell in notebook["cells"] if "nbgrader" not in cell["metadata"]]
    code = [cell for cell in own if cell["cell_type"] == "code"]
    code[2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "what it printed"}]
    code[3]["source"] = "epochs = 1  # changed by the student"
    added = {"cell_type": "markdown", "metadata": {}, "source": "A note of the student's."}
    notebook["cells"].append(added)
    seen = score_of(notebook, tmp_path).cells[1:]
    assert seen[0].source == "**Look:** Of another release."
    ungraded = [cell for cell in seen if "nbgrader" not in cell.metadata]
    kept = [cell for cell in ungraded if cell.cell_type == "code"]
    assert [cell.metadata.get("transient") for cell in kept] == [{"remove_source": True}, None]
    assert kept[0].outputs[0].text == "what it printed"
    assert kept[1].source == "epochs = 1  # changed by the student"
    text = "\n".join(cell.source for cell in ungraded)
    assert "### Exercise 1: the decoder (3 points)" in text
    assert "You will build a network" not in text
    assert f"*Cell {len(notebook['cells'])}, the student's own:*\nA note of the student's." in text
    assert text.count("**Look:** Read cells 3 and 4.\n\n**Model answer.**") == len(QUESTIONS)


def test_cells_that_are_gone_are_shown_as_missing(tmp_path):
    notebook = answered(RIGHT, {})
    notebook["cells"] = [
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") != QUESTIONS[0]
    ]
    last = [cell for cell in score_of(notebook, tmp_path).cells if "nbgrader" in cell.metadata][-1]
    assert last.metadata.nbgrader.grade_id == QUESTIONS[0]
    assert "missing in the file" in last.source


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "either files to score, or --course"),
        (["--course", "{}", "x.ipynb"], "either files to score, or --course"),
        (["--course", "{}"], "expected a folder that `labs course` made"),
    ],
)
def test_bad_usage_gets_a_sentence(arguments, sentence, tmp_path, capsys):
    assert main(["grade", *(each.format(tmp_path) for each in arguments)]) == 2
    assert sentence in capsys.readouterr().err


def test_a_course_without_submissions_says_where_they_go(tmp_path, capsys):
    (tmp_path / "gradebook.db").write_text("", encoding="utf-8")
    assert main(["grade", "--course", str(tmp_path)]) == 2
    assert "nbgrader zip_collect" in capsys.readouterr().err


def test_a_file_of_another_lab_is_not_scored_as_this_one(course, capsys):
    other = labs.find_lab("02").notebook.read_text(encoding="utf-8")
    path = hand_in(course, "eve", other)
    assert main(["grade", "--course", str(course), "--lab", "01"]) == 0
    assert f"is of lab 02_vae_to_gan, expected {LAB.stem}" in capsys.readouterr().out
    path.unlink()


def test_a_shard_stores_and_the_run_after_it_enters(course, capsys):
    hand_in(course, "kim", answered({}, {}))
    assert main(["grade", "--course", str(course), "--shard", "1/1"]) == 0
    assert "in the gradebook" not in capsys.readouterr().out
    with pytest.raises(MissingEntry), Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.find_student("kim")
    assert main(["grade", "--course", str(course)]) == 0
    assert "(stored result)\n  student kim: in the gradebook" in capsys.readouterr().out
