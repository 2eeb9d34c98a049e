"""What goes back: a page for each student, and points for the learning systems."""

from __future__ import annotations

import csv
import shutil
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from labhelpers.cli import export, feedback, labs, main
from labhelpers.cli.gradebook_view import Part, Submission, absent, not_scored, submissions

LAB = labs.find_lab("01").stem
QUESTION = "question_reparameterisation"


@pytest.fixture(scope="module")
def course(tmp_path_factory, made_course) -> Path:
    """Three students: one graded, one who waits, one who handed nothing in."""
    folder = tmp_path_factory.mktemp("teaching") / "gans"
    shutil.copytree(made_course, folder)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        book.add_student("1201", last_name="Ada Lovelace")
        book.add_student("1202", last_name="=cmd|' /C calc'!A0")
        book.add_student("1203")
        for student in ("1201", "1202"):
            book.add_submission(LAB, student)
            notebook = book.find_submission_notebook(LAB, LAB, student)
            for grade in notebook.grades:
                written = grade.name.startswith("question_")
                grade.auto_score = None if written else (grade.max_score if grade.name == "check_sample_z" else 0.0)
                grade.needs_manual_grade = written and student == "1202"
                if written and student == "1201":
                    grade.manual_score = 1.5
            for comment in notebook.comments:
                if not comment.name.startswith("question_"):
                    comment.auto_comment = "expected 3.307, gave <b>6.614</b>: The factor 1/2 is missing."
                elif comment.name == QUESTION and student == "1201":
                    comment.manual_comment = "Good, *but* <i>why</i>? [x](javascript:alert)"
        book.db.commit()
    return folder


def test_the_gradebook_is_read_in_the_order_of_the_lab(course):
    ada, other = submissions(course)
    assert [part.name for part in ada.parts[:3]] == ["build_decoder", "sample_z", "kl_divergence"]
    questions = [part for part in ada.parts if part.written]
    assert ada.points == 2 + 1.5 * len(questions)
    assert ada.waits == 0
    assert other.waits == len(questions)
    assert other.points == 2


class Tags(HTMLParser):
    """The tags of a page, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_has_points_sentences_and_comments_and_no_solution(course, capsys):
    assert main(["feedback", str(course)]) == 0
    assert "Answers on 1 of them still wait for a grader" in capsys.readouterr().out
    text = (course / "feedback" / "1201" / f"{LAB}.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert not {"b", "i", "script"} & set(tags.seen)
    assert "em" in tags.seen, "a comment is Markdown"
    for title in ("Exercise 1: the decoder", "Exercise 3: the KL divergence", "Question 1: reparameterisation"):
        assert f"<strong>{title}</strong>" in text
    assert "Ada Lovelace" in text
    assert "The factor 1/2 is missing." in text
    assert "&lt;b&gt;6.614&lt;/b&gt;" in text
    assert "Good, <em>but</em> &lt;i&gt;why&lt;/i&gt;?" in text
    assert "javascript" not in text
    assert "2 of 2" in text
    for word in ("Model answer", "Rubric", "SOLUTION", "checks.require"):
        assert word not in text
    assert 'name="viewport"' in text
    assert "@media print" in text


def test_a_page_with_open_answers_says_so(course):
    text = feedback.page(submissions(course)[1])
    assert "so far;" in text
    assert "wait to be graded" in text
    assert text.count("Not graded yet.") == sum(part.written for part in submissions(course)[1].parts)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_moodles_worksheet(course, capsys):
    assert main(["export", str(course), "--to", "moodle"]) == 0
    points, of = submissions(course)[0].points, submissions(course)[0].of
    said = capsys.readouterr().out
    assert "1 student; 5 answers still wait for a grader, so 1 student left out." in said
    assert f"maximum grade has to be {of:g}." in said
    head, ada = rows(course / "exports" / f"{LAB}_moodle.csv")  # no grade before everything is graded
    # What Moodle's importer looks for, in its English words; without one of the first three it takes nothing.
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(head)
    row = dict(zip(head, ada, strict=True))
    assert row["Identifier"] == "Participant 1201"
    assert (row["Grade"], row["Maximum Grade"]) == (f"{points:g}", f"{of:g}")
    age = datetime.now().astimezone() - datetime.fromisoformat(row["Last modified (grade)"])
    assert timedelta(0) <= age < timedelta(minutes=10), "Moodle skips whom it changed after this time"
    comment = row["Feedback comments"]  # Moodle takes it for HTML
    assert "Good, *but* &lt;i&gt;why&lt;/i&gt;?" in comment
    assert "<br>sample_z: 2 of 2.<br>" in comment, "what is right needs no sentence"
    assert "kl_divergence: 0 of 3. expected 3.307, gave &lt;b&gt;6.614&lt;/b&gt;: The factor" in comment


def test_canvas_gradebook(course, capsys):
    assert main(["export", str(course), "--to", "canvas"]) == 0
    assert "The assignment is 'Lab 01: Variational autoencoder', of 30 points." in capsys.readouterr().out
    head, possible, ada = rows(course / "exports" / f"{LAB}_canvas.csv")  # an empty grade would delete one
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", labs.find_lab("01").title]
    assert possible[0] == "    Points Possible"
    assert possible[-1] == f"{submissions(course)[0].of:g}"
    assert ada[:4] == ["Ada Lovelace", "1201", "", ""]
    assert float(ada[-1]) == submissions(course)[0].points
    by_login = Submission(LAB, "alovelace", "Ada Lovelace", ())
    assert export.as_canvas([by_login])[-1][:4] == ["Ada Lovelace", "", "", "alovelace"]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)"])
def test_a_spreadsheet_runs_no_name(course, name):
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.update_or_create_student("1201", last_name=name)
    try:
        for kind in export.KINDS:
            assert main(["export", str(course), "--to", kind]) == 0
            written = rows(course / "exports" / f"{LAB}_{kind}.csv")
            assert any(f"'{name}" in row for row in written)
            assert not any(cell == name for row in written for cell in row)
    finally:
        with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
            book.update_or_create_student("1201", last_name="Ada Lovelace")


def test_a_table_for_a_spreadsheet(course):
    assert main(["export", str(course)]) == 0
    head, ada, other = rows(course / "exports" / f"{LAB}_csv.csv")
    assert head[:6] == ["student", "name", "points", "of", "waiting", "build_decoder"]
    assert (ada[head.index("build_decoder")], ada[head.index("sample_z")]) == ("0", "2")
    assert ada[head.index("reparameterisation")] == "1.5"
    assert other[head.index("reparameterisation")] == ""


def test_the_summary_names_what_is_hard_what_is_common_and_who_is_missing():
    def student(name: str, first: float, second: float, said: str) -> Submission:
        return Submission(
            LAB, name, "", (Part("a", False, first, 2, said, "", False), Part("b", True, second, 2, "", "", False))
        )

    text = export.summary(
        [
            student("1", 2, 1, "right"),
            student("2", 0, 1, "The sign is wrong."),
            student("3", 0, 1, "The sign is wrong."),
            student("5", 0, 1, export.UNANSWERED),
        ],
        ["4"],
        ["6"],
    )
    assert "4 handed in." in text
    assert "Points: mean 38%, median 25%." in text
    assert "| 20 to 40 % | 3 |" in text
    assert text.index("| a | 25% | 1 of 4 |") < text.index("| b | 50% | 0 of 4 |")
    assert "- a, 2 times: The sign is wrong." in text
    assert export.UNANSWERED not in text
    assert "## Not handed in\n\n4\n" in text
    assert "## Handed in, but not scored\n\n6: " in text


def test_who_is_missing_is_told_by_name_where_numbers_change(tmp_path, made_course):
    folder = tmp_path / "gans"
    shutil.copytree(made_course, folder)
    other = labs.find_lab("02").stem
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        handed_in = {LAB: {"11": "Ada", "12": "Bo", "13": "Cy", "14": "Cy"}, other: {"21": "Ada", "23": "Cy"}}
        for lab, students in handed_in.items():
            for number, name in students.items():
                book.add_student(number, last_name=name)
                book.add_submission(lab, number)
        book.add_student("15", last_name="Dee")
        book.add_student("24", last_name="Eve")
    damaged = folder / "submitted" / "24" / other / f"{other}.ipynb"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{", encoding="utf-8")
    assert absent(folder, LAB) == ["Dee", "Eve"]
    assert absent(folder, other) == ["Bo", "Cy", "Dee"], "one of the two Cys"
    assert not_scored(folder, other) == ["Eve"]
    assert not_scored(folder, LAB) == []


@pytest.mark.parametrize("command", ["feedback", "export"])
@pytest.mark.parametrize(("there", "sentence"), [(False, "is no course"), (True, "Nothing is scored")])
def test_a_folder_that_is_not_ready_gets_a_sentence(command, there, sentence, tmp_path, capsys):
    if there:
        with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}"):
            pass
    assert main([command, str(tmp_path)]) == 2
    assert sentence in capsys.readouterr().err
