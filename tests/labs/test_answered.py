"""Every lab runs with all its answers, shows what its top promises and nothing on red ground, and makes a good page."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from labhelpers.cli import labs, notebooks, pictures
from labhelpers.cli.page import page_of
from labhelpers.cli.run import execute
from tests.labs.running import LABS


@pytest.fixture(scope="module", params=LABS, ids=[lab.stem for lab in LABS])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookNode]:
    """A lab with its answers, executed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(labs.PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]))
        for name in ("TF_CPP_MIN_LOG_LEVEL", "MPLBACKEND"):  # as a student's kernel starts
            patch.delenv(name, raising=False)
        notebook = notebooks.solution_notebook(request.param)
        assert execute(notebook, tmp_path_factory.mktemp("lab"), request.param.title) is None
        yield notebook


def test_an_answered_lab_runs_to_its_last_cell(run: NotebookNode) -> None:
    outputs = [(cell.source, output) for cell in run.cells for output in cell.get("outputs", [])]
    red = [(source, output.text) for source, output in outputs if output.get("name") == "stderr"]
    assert red == []
    png, alt = pictures.of_run(run)
    assert png.startswith(b"\x89PNG")
    assert len(alt) >= 20


def test_every_figure_of_a_lab_says_what_it_shows(run: NotebookNode) -> None:
    outputs = [output for cell in run.cells for output in cell.get("outputs", []) if "data" in output]
    shown = [o for o in outputs if any(kind.startswith("image/") for kind in o.data) or "<img" in str(o.data)]
    texts = [re.findall(r'<img alt="([^"]*)"', o.data.get("text/html", "")) for o in shown]
    assert len(texts) >= 8
    assert [o.data.keys() for o, found in zip(shown, texts, strict=True) if len(found) != 1] == []
    for (text,), output in zip(texts, shown, strict=True):
        assert len(text) >= 40, text
        assert re.search(r"\d", text), text
        if "image/png" in output.data:
            assert output.metadata["image/png"]["alt"] == html.unescape(text)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_lab(run: NotebookNode, width: int, browser: Any, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    file = tmp_path / "lab.html"
    file.write_text(page_of(run, "A lab"), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    assert [url for url in asked if not url.startswith(("data:", file.as_uri()))] == [], "the page needs a network"
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (
        page.evaluate("""() => Array.from(document.images)
      .filter(each => !each.naturalWidth || each.getBoundingClientRect().right > innerWidth).length""")
        == 0
    )
    for link in page.query_selector_all("nav a"):
        assert page.query_selector(str(link.get_attribute("href")))
    assert len(page.query_selector_all("nav a")) >= 10
    words = page.evaluate("""() => { for (const code of document.querySelectorAll('main pre, main code')) code.remove();
      return document.querySelector('main').textContent; }""")
    assert re.findall(r"\$[^$]*\$|\\[a-z]+", words) == [], "formulas that are not set"
    page.goto(file.as_uri())
    found = axe.Axe().run(page).response["violations"]
    bad = [(each["id"], each["nodes"][0]["html"][:300]) for each in found if each["impact"] in ("serious", "critical")]
    assert bad == []
    page.close()
