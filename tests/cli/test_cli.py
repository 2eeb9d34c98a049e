"""The command ``labs`` as it is called from a shell."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys

import nbformat
import pytest

from labhelpers import profiles
from labhelpers.cli import labs, main, page, run


def test_labs_alone_helps(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    for word in ("list", "run", "build", "grade"):
        assert word in out


def test_the_command_is_installed():
    result = subprocess.run(
        [sys.executable, "-m", "labhelpers.cli", "list"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Variational autoencoder" in result.stdout


def test_list_shows_labs_times_and_data(capsys, real_data, monkeypatch):
    monkeypatch.setenv("LABS_DATA", str(real_data))
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "01" in out
    assert "quick (min)" in out
    assert "mnist.npz" in out


def test_run_of_an_unknown_lab_says_which_there_are(capsys):
    assert main(["run", "99"]) == 2
    assert "there are 01_vae" in capsys.readouterr().err


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A lab of two cells in place of the first one."""
    lab = labs.catalogue()[0]
    path = tmp_path / "tiny.ipynb"

    def make(*sources):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        nbformat.write(notebook, path)
        monkeypatch.setattr(labs.Lab, "notebook", path)
        return lab

    return make


def test_run_writes_notebook_and_page(tiny, tmp_path, capsys):
    lab = tiny("import os; print('profile is', os.environ['LABS_PROFILE'])")
    assert main(["run", "01", "--profile", "smoke", "--output", str(tmp_path / "out")]) == 0
    executed = json.loads((tmp_path / "out" / f"{lab.stem}.ipynb").read_text(encoding="utf-8"))
    assert "profile is smoke" in "".join(executed["cells"][0]["outputs"][0]["text"])
    assert "profile is smoke" in (tmp_path / "out" / f"{lab.stem}.html").read_text(encoding="utf-8")


def test_a_page_shows_model_answers_as_boxes_and_the_notebook_keeps_nbgraders_marks():
    answer = nbformat.v4.new_markdown_cell("Why?\n\n### BEGIN SOLUTION\n**Model answer.** So.\n### END SOLUTION")
    notebook = nbformat.v4.new_notebook(cells=[answer])
    written = page.page_of(notebook, "Questions")
    box = written.split(f'<div style="{page.BOX}">')[1].split("</div>")[0]
    assert "<strong>Model answer.</strong> So." in box
    assert "SOLUTION" not in written
    assert "### BEGIN SOLUTION" in notebook.cells[0].source


def test_run_of_all_labs_writes_one_page_that_links_to_them(tiny, tmp_path, capsys, monkeypatch):
    lab = tiny(
        "from labhelpers import visualize",
        "visualize.plot_losses({'fid': [300, 26]}, title='It learns', ylabel='FID')",
    )
    other = dataclasses.replace(lab, stem="02_other", title="Lab 02: <Other>")
    monkeypatch.setattr(run, "catalogue", lambda: [lab, other])
    assert main(["run", "--all", "--profile", "smoke", "--output", str(tmp_path / "out")]) == 0
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]*)"', index)
    assert links == ["01_vae.html", "01_vae.html#figure-1", "02_other.html", "02_other.html#figure-1"]
    assert all((tmp_path / "out" / link.partition("#")[0]).exists() for link in links)
    assert index.count("It learns: FID: fid falls from 300 to 26, over epoch 1 to 2.") == 6
    assert index.count('src="data:image/webp;base64,') == 2
    assert "Lab 02: &lt;Other&gt;" in index
    assert "profile smoke" in index
    assert 'id="figure-1"' in (tmp_path / "out" / "02_other.html").read_text(encoding="utf-8")


def test_a_lab_that_fails_stands_on_the_page_of_all_labs(tiny, tmp_path, capsys, monkeypatch):
    lab = tiny("1 / 0")
    monkeypatch.setattr(run, "catalogue", lambda: [lab])
    assert main(["run", "--all", "--output", str(tmp_path)]) == 1
    assert "A cell failed: ZeroDivisionError" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_run_wants_a_lab_or_all(capsys):
    with pytest.raises(SystemExit):
        main(["run"])
    assert "one of the arguments lab --all is required" in capsys.readouterr().err


def test_run_keeps_what_ran_before_an_error(tiny, tmp_path, capsys):
    lab = tiny("print('first')", "1 / 0")
    assert main(["run", "01", "--output", str(tmp_path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "first" in (tmp_path / f"{lab.stem}.ipynb").read_text(encoding="utf-8")


def test_run_of_a_broken_notebook_says_what_to_do(tiny, tmp_path, capsys):
    tiny("1").notebook.write_text("no notebook", encoding="utf-8")
    assert main(["run", "01", "--output", str(tmp_path)]) == 2
    assert "labs build" in capsys.readouterr().err


def test_the_profile_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("LABS_PROFILE", "full")
    profile = profiles.current()
    assert profile.name == "full"
    assert profile.pick(smoke=1, quick=2, full=3) == 3
    monkeypatch.setenv("LABS_PROFILE", "fast")
    with pytest.raises(ValueError, match="'fast', expected one of smoke, quick, full"):
        profiles.current()
    monkeypatch.delenv("LABS_PROFILE")
    assert profiles.current().name in ("quick", "full")
