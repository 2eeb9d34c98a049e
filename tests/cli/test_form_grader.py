"""Grading by hand in nbgrader's form grader, in a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from labhelpers.checks.written import TEXT_STUB
from labhelpers.cli import labs
from labhelpers.cli.grade import gradebook
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.score import ExerciseScore, ManualAnswer, Score

LAB = labs.find_lab("01")
PLAN = Plans(60, 600).plan(LAB.stem)
QUESTIONS = [name for name, _, _ in PLAN.questions]
TOKEN = "a-token-for-the-test"
READY = "window.formgrader?.loaded && formgrader.grades.loaded && formgrader.comments.loaded"


def hand_in(folder: Path, student: str, words: dict[str, str], digest: str) -> str:
    """Enter a notebook with these written answers, its first exercise right and all others wrong."""
    notebook: dict[str, Any] = json.loads(LAB.notebook.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in words:
            cell["source"] = "".join(cell["source"]).replace(TEXT_STUB, words[name])
    path = folder / "submitted" / student / LAB.stem / f"{LAB.stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    exercises = tuple(
        ExerciseScore(each.name, each.points * (number == 0), each.points, "", f"What the check of {each.name} says.")
        for number, each in enumerate(PLAN.exercises)
    )
    manual = tuple(ManualAnswer(name, points, name in words) for name, points, _ in PLAN.questions)
    score = Score(str(path), "scored", lab=LAB.stem, exercises=exercises, manual=manual, file_digest=digest)
    return gradebook.enter(folder, student, path, score)


def given(folder: Path, student: str, question: str) -> tuple[float | None, bool, str | None]:
    """Points, whether the answer waits, and the comment, as the database has them."""
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        grade = book.find_grade(question, LAB.stem, LAB.stem, student)
        comment = book.find_comment(question, LAB.stem, LAB.stem, student)
        return grade.manual_score, grade.needs_manual_grade, comment.manual_comment


@pytest.fixture(scope="module")
def course(tmp_path_factory, made_course) -> Path:
    folder = tmp_path_factory.mktemp("teaching") / "gans"
    shutil.copytree(made_course, folder)
    for student in ("1201", "1202"):
        hand_in(folder, student, dict.fromkeys(QUESTIONS, f"Because {student} says so."), "first")
    return folder


@pytest.fixture(scope="module")
def address(course) -> Iterator[str]:
    """Where nbgrader's pages are served, as docs/teaching.md says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--port={port}", "--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}"]
    log = course.parent / "server.log"
    with log.open("w", encoding="utf-8") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options],
            cwd=course,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT), "JUPYTER_CONFIG_DIR": str(course.parent / "none")},
        )
    try:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={TOKEN}").close()
                break
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def page(browser, address) -> Iterator[Any]:
    """A browser's page that reaches this machine alone."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(60_000)
    opened.route(lambda url: not url.startswith(address), lambda route: route.abort())
    yield opened
    opened.close()


def open_first(page: Any, address: str) -> None:
    """From the start page to the first student's notebook, by its links."""
    page.goto(f"{address}/formgrader?token={TOKEN}")
    page.get_by_role("link", name="Manual Grading").click()
    page.get_by_role("link", name=LAB.stem).click()
    page.get_by_role("link", name=LAB.stem, exact=True).last.click()
    page.get_by_role("link", name="Submission #1").click()
    page.wait_for_function(READY)


def test_points_and_a_comment_reach_the_database(course, address, page):
    open_first(page, address)
    assert "reparameterisation" in QUESTIONS[0]
    answer, rubric = page.locator(f"#{QUESTIONS[0]}"), page.locator(".labs-rubric").first
    panel = page.locator(".nbgrader_cell", has=answer)
    said = panel.inner_text()
    student = "1201" if "Because 1201" in said else "1202"
    beside, own = rubric.bounding_box(), panel.bounding_box()
    assert beside["x"] >= own["x"] + own["width"], "the rubric stands to the right of the answer"
    assert beside["y"] < own["y"] + own["height"], "and at its height"
    assert "Rubric." in rubric.inner_text()

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == QUESTIONS[0], "the first question takes the keyboard"
    page.keyboard.type("1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.type("Good, but **why**?")
    with page.expect_response(lambda reply: "/api/comment/" in reply.url and reply.request.method == "PUT"):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == QUESTIONS[1]
    assert given(course, student, QUESTIONS[0]) == (1.5, False, "Good, but **why**?")

    # A new answer to the first question, while the page is served: it asks again, and the points are there.
    words = {**dict.fromkeys(QUESTIONS, f"Because {student} says so."), QUESTIONS[0]: "On second thoughts: no."}
    hand_in(course, student, words, "second")
    assert given(course, student, QUESTIONS[0]) == (1.5, True, "Good, but **why**?")
    page.reload()
    page.wait_for_function(READY)
    assert "On second thoughts" in panel.inner_text()
    assert answer.input_value() == "1.5"
    assert "needs_manual_grade" in answer.get_attribute("class")
    with page.expect_response(lambda reply: "/api/grade/" in reply.url and reply.request.method == "PUT"):
        panel.get_by_role("button", name="Resolve").click()
    assert given(course, student, QUESTIONS[0]) == (1.5, False, "Good, but **why**?")


def test_a_grader_sees_what_each_check_said(course, address, page):
    open_first(page, address)
    text = page.locator("#notebook-container").first.inner_text()
    for each in PLAN.exercises:
        assert f"What the check of {each.name} says." in text
    assert "### BEGIN" not in text
    assert page.locator(".labs-rubric").count() == len(QUESTIONS)
    assert page.locator(".labs-rubric table").count() == len(QUESTIONS)
