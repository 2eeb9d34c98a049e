"""The zip for students: what they need, and nothing of what instructors keep."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labhelpers.cli import bundle, labs, main


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("students")
    assert main(["bundle", "--output", str(folder / "deep" / "labs.zip")]) == 0
    with zipfile.ZipFile(folder / "deep" / "labs.zip") as archive:
        archive.extractall(folder)
    return folder / bundle.ROOT


def test_it_holds_the_labs_as_students_get_them(unpacked):
    for lab in labs.catalogue():
        assert (unpacked / "notebooks" / lab.notebook.name).read_bytes() == lab.notebook.read_bytes()
    for name in ("README.md", "requirements.txt", "pyproject.toml", "data/README.md", "labhelpers/__init__.py"):
        assert (unpacked / name).exists()
    weights = labs.PROJECT_ROOT / "labhelpers" / "judging" / "weights"
    assert {path.name for path in (unpacked / "labhelpers/judging/weights").iterdir()} == {
        path.name for path in weights.iterdir()
    }


def test_no_answer_rubric_hidden_test_or_instructors_tool_is_in_it(unpacked):
    assert not (unpacked / "solutions").exists()
    assert not (unpacked / "tests").exists()
    assert not list(unpacked.rglob("__pycache__"))
    commands = {path.stem for path in (unpacked / "labhelpers" / "cli").iterdir()}
    assert commands == bundle.STUDENTS_COMMANDS
    for path in unpacked.rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert not re.search("SOLUTION|HIDDEN|Rubric|Model answer", text)


def test_its_readme_speaks_to_students_alone(unpacked):
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    assert "jupyter lab notebooks" in text
    assert "## For students" in text
    assert not re.search("instructor|pytest|grade|## For developers|not for students", text)
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (unpacked / link).exists(), link


def test_its_pins_are_the_readmes_without_instructors_packages(unpacked):
    pins = (unpacked / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ours = (labs.PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert set(pins) < set(ours)
    assert {"-e .", *(line for line in ours if line.startswith(("tensorflow==", "jupyterlab==")))} <= set(pins)
    assert not [line for line in pins if re.match("nbgrader|jupytext|playwright|pytest|mypy|ruff|nbval", line)]


@pytest.mark.parametrize("arguments", [["list"], ["zoo"], ["run", "01", "--solutions"], ["grade", "x.ipynb"]])
def test_its_commands_need_none_of_those_packages(unpacked, arguments):
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({sorted(bundle.INSTRUCTORS_PACKAGES)}))\n"
        f"sys.path.insert(0, {str(unpacked)!r})\n"
        "import labhelpers.cli as cli\n"
        f"assert cli.__file__.startswith({str(unpacked)!r}), cli.__file__\n"
        f"sys.exit(cli.main({arguments!r}))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", cwd=unpacked, check=False
    )
    expected = {"list": 0, "zoo": 0, "run": 2, "grade": 2}[arguments[0]]
    assert result.returncode == expected, result.stderr
    assert "Traceback" not in result.stderr
    if arguments[0] == "run":
        assert "came without solutions" in result.stderr


def test_the_same_files_give_the_same_zip(tmp_path):
    for name in ("a.zip", "b.zip"):
        bundle.write_bundle(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["bundle", "--output", str(tmp_path / "file" / "labs.zip")]) == 2
    assert "give another place with --output" in capsys.readouterr().err
