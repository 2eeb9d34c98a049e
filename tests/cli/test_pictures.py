"""The picture at the top of a lab: taken from a run, small, and in the notebook itself."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import nbformat
import numpy as np
import pytest
from PIL import Image

from labhelpers.cli import labs, main, notebooks, pictures

LABS = labs.catalogue()
IDS = [lab.stem for lab in LABS]


@pytest.mark.parametrize("lab", LABS, ids=IDS)
def test_every_lab_shows_at_its_top_what_will_have_been_made(lab):
    cell = notebooks.student_notebook(lab).cells[1]
    found = re.fullmatch(r"!\[(.{20,})\]\(data:image/webp;base64,([A-Za-z0-9+/=]+)\)", cell.source)
    assert found
    assert len(cell.source) < pictures.LARGEST + 500
    image = Image.open(io.BytesIO(base64.b64decode(found[2])))
    assert 250 <= image.width <= pictures.WIDEST
    marked = [c for c in notebooks.solution_notebook(lab).cells if pictures.TAG in c.metadata.get("tags", [])]
    assert [c.metadata.alt for c in marked] == [found[1]], "run `labs pictures` again: the alt text changed"


def test_the_overview_of_the_readme_shows_every_lab():
    assert pictures.OVERVIEW.read_text(encoding="utf-8") == pictures.overview()
    images = [part for part in ET.fromstring(pictures.overview()).iter() if part.tag.endswith("image")]
    assert len(images) == len(LABS)
    readme = (labs.PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    assert f"]({pictures.OVERVIEW.relative_to(labs.PROJECT_ROOT).as_posix()})" in readme


def noise(width, height):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_made_small_enough_whatever_it_shows():
    small = pictures.shrunk(noise(1600, 1000))
    assert len(base64.b64encode(small)) < pictures.LARGEST
    image = Image.open(io.BytesIO(small))
    assert image.width / image.height == pytest.approx(1.6, rel=0.02)


def test_a_small_picture_keeps_its_size_and_its_colours():
    square = np.zeros((40, 60, 3), np.uint8)
    square[:, 30:] = 250, 20, 5
    buffer = io.BytesIO()
    Image.fromarray(square).save(buffer, "PNG")
    again = np.array(Image.open(io.BytesIO(pictures.shrunk(buffer.getvalue()))).convert("RGB"))
    np.testing.assert_array_equal(again, square)


@pytest.fixture
def one_lab(copy_of, monkeypatch, tmp_path):
    """A lab of one picture, in folders of its own."""
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a kernel draws into the notebook unless it is told otherwise
    lab = copy_of(LABS[0])
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "pictures")
    monkeypatch.setattr(pictures, "OVERVIEW", tmp_path / "pictures" / "labs.svg")
    monkeypatch.setattr(pictures, "catalogue", lambda: [lab])
    monkeypatch.setattr(pictures, "find_lab", lambda name: lab)
    head = "# ---\n# jupyter:\n#   labs:\n#     minutes: {smoke: 1, quick: 1}\n#     data: []\n# ---\n\n"
    cells = "# %% [markdown]\n# # Lab 01\n#\n# Text.\n\n"

    def write(code):
        lab.source.write_text(head + cells + code, encoding="utf-8")
        return lab

    return write


DRAW = """# %% top="A red & a white half"
import numpy as np

from labhelpers import checks, visualize

visualize.show_grid(np.ones((4, 8, 8, 3), np.float32) * [1, 0, 0])
"""


def test_a_run_writes_the_picture_and_the_next_build_holds_it(one_lab, tmp_path, capsys):
    lab = one_lab(DRAW)
    assert main(["pictures", "01", "--profile", "smoke", "--output", str(tmp_path / "runs")]) == 0
    assert (tmp_path / "runs" / f"{lab.stem}_solutions.html").exists()
    cells = notebooks.student_notebook(lab).cells
    assert cells[1].source.startswith("![A red & a white half](data:image/webp;base64,")
    assert cells[2].source == "Text."
    overview = ET.fromstring((tmp_path / "pictures" / "labs.svg").read_text(encoding="utf-8"))
    assert lab.title in [part.text for part in overview.iter()]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ('# %% top="A picture"\nprint("none")\n', "made no picture"),
        ("# %%\nprint('none')\n", "no cell has the header"),
        ("# %%\n1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_a_lab_without_a_picture_is_named(one_lab, tmp_path, capsys, code, sentence):
    one_lab(code.replace("\n", "\nfrom labhelpers import checks\n", 1))
    assert main(["pictures", "01", "--profile", "smoke", "--output", str(tmp_path)]) == 1
    assert sentence in capsys.readouterr().err


def test_the_last_picture_of_a_cell_counts():
    data = [{"image/png": base64.b64encode(bytes([n])).decode()} for n in (1, 2)]
    outputs = [nbformat.v4.new_output("display_data", each) for each in data]
    cell = nbformat.v4.new_code_cell("", outputs=outputs, metadata={"tags": ["top"], "alt": "Two"})
    assert pictures.of_run(nbformat.v4.new_notebook(cells=[cell])) == (bytes([2]), "Two")
