"""Every lab in JupyterLab, opened as the README says, with a student's eyes and hands."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labhelpers.checks.written import CODE_STUB, TEXT_STUB
from labhelpers.cli import labs

LABS = labs.catalogue()
LONGEST = 600
"""Seconds that a lab may take at smoke, on a machine that is busy."""

CELLS = """() => Array.from(jupyterapp.shell.currentWidget.content.widgets, (cell, index) => ({
  index, type: cell.model.type, source: cell.model.sharedModel.getSource(),
  id: cell.model.getMetadata('nbgrader')?.grade_id ?? null, count: cell.model.executionCount ?? null,
  running: cell.model.executionState ?? cell.promptNode?.textContent ?? '',
  outputs: cell.model.type === 'code' ? cell.model.outputs.toJSON() : [],
}))"""
"""What is in the notebook that is open, on and off the screen."""

WATCH = """() => { window.grown = []; for (const cell of jupyterapp.shell.currentWidget.content.widgets) {
  if (cell.model.type !== 'code') continue;
  cell.model.outputs.changed.connect((outputs, change) => {
    const html = change.type === 'set' && String(change.newValues[0]?.data['text/html']);
    if (html && html.includes(' samples '))
      window.grown.push([cell.model.id, outputs.length, html.slice(0, 60)]); }); } }"""
"""Note each picture of samples that takes the place of another."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of the notebooks, without data, a network, or settings of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(labs.NOTEBOOKS, folder / "notebooks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    command = [
        sys.executable, "-m", "jupyter", "lab", "notebooks", "--no-browser", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--expose-app-in-browser",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]  # fmt: skip
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR", "LABS_DATA")
    own = {name: str(folder / name) for name in folders}
    offline = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    paths = os.pathsep.join([str(labs.PROJECT_ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **own, **offline, "PYTHONPATH": paths, "KERAS_HOME": str(folder / "keras")}
    for name in ("TF_CPP_MIN_LOG_LEVEL", "MPLBACKEND"):  # as a student's kernel starts
        environment.pop(name, None)
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as stream:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(f"{base}/api?token={token}", server, log)
        yield f"{base}/lab/tree/NAME?reset&token={token}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"JupyterLab did not start in two minutes: {log.read_text(encoding='utf-8')}")


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that keeps what its console calls an error."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.errors = []
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    page.evaluate("() => jupyterapp.serviceManager.sessions.shutdownAll()")
    page.close()


def wait_for_kernel(page: Any) -> None:
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )


def show(page: Any, index: int) -> Any:
    """Bring a cell onto the screen, and return it."""
    page.evaluate("index => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'center')", index)
    cell = page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{index}']")
    cell.scroll_into_view_if_needed()
    return cell


def run_all(page: Any) -> list[dict[str, Any]]:
    """Choose "Run All Cells" from the menu, wait until they ran, and return them."""
    page.evaluate(WATCH)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    ended = time.monotonic() + LONGEST
    while time.monotonic() < ended:
        page.wait_for_timeout(500)
        cells: list[dict[str, Any]] = page.evaluate(CELLS)
        code = [cell for cell in cells if cell["type"] == "code"]
        if code[-1]["count"] is not None and code[-1]["outputs"]:
            return cells
        assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    pytest.fail(f"the lab did not end in {LONGEST} seconds")


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
def test_a_lab_in_jupyterlab(lab: labs.Lab, page: Any, address: str, tmp_path: Path) -> None:
    page.goto(address.replace("NAME", lab.notebook.name))
    wait_for_kernel(page)
    for width in (800, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        page.screenshot(path=tmp_path / f"{lab.stem}_{width}.png")
        assert page.evaluate("() => { const o = document.querySelector('.jp-WindowedPanel-outer');"
                             " return o.scrollWidth <= o.clientWidth + 1; }")  # fmt: skip
    cells = run_all(page)
    code = [cell for cell in cells if cell["type"] == "code"]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert [cell["source"] for cell in code if cell["count"] is None] == []
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    closing = code[-1]["outputs"][-1]["text"].split("Still missing: ")[-1]
    unanswered = [cell["id"] for cell in cells if CODE_STUB in cell["source"] or TEXT_STUB in cell["source"]]
    assert sorted(closing.rstrip(".\n").split(", ")) == sorted(unanswered)

    look_at_everything(page, len(cells))
    if lab.number == "01":
        the_slider_moves(page, cells)
    grown = page.evaluate("() => window.grown")
    sizes = {cell: size for cell, size, _ in grown}
    assert bool(sizes) == any("SampleGrid(" in cell["source"] for cell in code)
    assert all(size == sizes[cell] for cell, size, _ in grown), "a picture was added instead of replaced"
    answers_survive(page, cells)
    assert page.errors == []


def look_at_everything(page: Any, count: int) -> None:
    """Scroll from top to bottom: pictures have texts, formulas are set, nothing is red."""
    for index in range(count):
        page.evaluate("index => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')", index)
        page.wait_for_timeout(60)
        found = page.evaluate("""() => ({
          silent: Array.from(document.querySelectorAll('.jp-OutputArea-output img, .jp-RenderedMarkdown img'))
            .map(each => each.alt).filter(alt => alt.length < 20),
          red: document.querySelectorAll(".jp-Notebook [data-mime-type='application/vnd.jupyter.stderr']").length,
          broken: document.querySelectorAll('.jp-Notebook mjx-merror').length,
        })""")
        assert found == {"silent": [], "red": 0, "broken": 0}, index


def the_slider_moves(page: Any, cells: list[dict[str, Any]]) -> None:
    """Five steps to the right change the picture below the sliders."""
    walk = show(page, next(cell["index"] for cell in cells if "walk_latent_plane" in cell["source"]))
    picture = walk.locator(".jupyter-widgets img")
    before = picture.get_attribute("src")
    handle = walk.locator(".noUi-handle").first
    handle.focus()
    for _ in range(5):
        handle.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.jupyter-widgets img')?.alt.includes('(0.5, 0.0)')")
    assert picture.get_attribute("src") != before


def answers_survive(page: Any, cells: list[dict[str, Any]]) -> None:
    """Type an answer in code and one in words, save with Ctrl+S, load the page again: both are there."""
    code = next(cell for cell in cells if CODE_STUB in cell["source"])
    words = next(cell for cell in cells if TEXT_STUB in cell["source"])
    for cell, answer in ((code, "# my own code"), (words, "My own words.")):
        shown = show(page, cell["index"])
        shown.dblclick()
        shown.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("\n" + answer)
        page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    page.reload()
    wait_for_kernel(page)
    again = {cell["id"]: cell["source"] for cell in page.evaluate(CELLS)}
    assert again[code["id"]].endswith("# my own code")
    assert again[words["id"]].endswith("My own words.")
