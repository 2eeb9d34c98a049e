"""The page of a notebook: formulas, contents, what moves only in JupyterLab, and nothing from elsewhere."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import nbformat
import pytest
from fontTools.ttLib import TTFont

from labhelpers import zoo
from labhelpers.cli import labs, notebooks
from labhelpers.cli.page import page_of
from labhelpers.cli.page.formulas import font_for, mathml

LABS = labs.catalogue()


def page(*cells):
    return page_of(nbformat.v4.new_notebook(cells=list(cells)), "A title")


def markdown(text):
    return nbformat.v4.new_markdown_cell(text)


@pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])
def test_every_formula_of_a_lab_is_set(lab):
    cells = notebooks.solution_notebook(lab).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text += zoo.formulas() * (lab.number == "07")
    formulas = re.findall(r"\$\$(.+?)\$\$|(?<!\$)\$([^$]+?)\$(?!\$)", text, re.DOTALL)
    assert len(formulas) >= 5
    for block, inline in formulas:
        made = mathml(block or inline, "block" if block else "inline")
        assert ET.fromstring(made).tag == "math", block or inline
        assert "\\" not in made


@pytest.mark.parametrize(
    ("formula", "part"),
    [
        (r"\max_D x", '<munder><mo lspace="0" rspace="0.167em">max</mo><mi>D</mi></munder>'),
        (r"z \sim q", "<mo>∼</mo>"),
        (r"\lVert x \rVert_1", '<msub><mo stretchy="false">‖</mo>'),
        (r"2 \log D", '<mo lspace="0.167em" rspace="0.167em">log</mo>'),
        (r"\log(D)", '<mo lspace="0" rspace="0">log</mo>'),
        (r"(1, -2)", '<mo form="prefix">−</mo>'),
        (r"a - b", "<mo>−</mo>"),
        (r"\arg\min_x f", '<mo lspace="0" rspace="0.167em">arg</mo>'),
        (r"65{,}536", "<mtext>,</mtext>"),
        (r"\mathbf{1}", "𝟏"),
        (r"a \mathrel{+}= b", '<mo rspace="0">+</mo><mo lspace="0">=</mo>'),
    ],
)
def test_what_the_library_leaves_out_is_mended(formula, part):
    assert part in mathml(formula, "block")


@pytest.mark.parametrize("formula", [r"\unknown x", r"x^2^3 <b>"])
def test_what_is_no_latex_is_shown_as_it_is(formula):
    made = mathml(formula, "inline")
    assert made.startswith("<code>")
    assert "<b>" not in made


def test_the_font_has_the_signs_of_the_page_and_those_of_variables():
    sheet = font_for(mathml(r"\sqrt{\beta}", "inline"))
    data = base64.b64decode(re.search(r"base64,([^\"]*)", sheet)[1])
    font = TTFont(io.BytesIO(data))
    assert {ord("√"), ord("β"), 0x1D6FD} <= font.getBestCmap().keys()
    assert ord("∑") not in font.getBestCmap()
    assert "MATH" in font
    assert len(data) < 100_000
    assert font_for("<p>no formula</p>") == ""


def test_a_page_loads_nothing_and_runs_nothing():
    code = nbformat.v4.new_code_cell("x")
    code.outputs = [nbformat.v4.new_output("display_data", {"text/latex": r"$\displaystyle \beta$"})]
    written = page(markdown("# T\n\n$\\sigma$\n\n```mermaid\na\n```"), code)
    assert "<script" not in written
    assert not re.search(r'(src|href)="(?!#|data:)', written)
    assert written.count("<math") == 2
    assert "<title>A title</title>" in written


def test_two_headings_of_one_name_are_two_places_in_the_contents():
    written = page(markdown("# T"), markdown("## Again $x$"), markdown("### Again $x$"))
    links = re.findall(r'<li class="(h.)"><a href="#([^"]*)">', written)
    assert [level for level, _ in links] == ["h2", "h3"]
    assert len({place for _, place in links}) == 2
    assert all(f'id="{place}"' in written for _, place in links)


def test_progress_bars_go_and_sliders_become_a_sentence():
    code = nbformat.v4.new_code_cell("x")
    view = "application/vnd.jupyter.widget-view+json"
    bar, slider = (
        nbformat.v4.new_output("display_data", {"text/plain": text, view: {"model_id": "1"}})
        for text in ("  0%|   | 0/3", "interactive(children=(FloatSlider(value=0.0)))")
    )
    code.outputs = [bar, slider]
    notebook = nbformat.v4.new_notebook(cells=[code], metadata={"widgets": {"application/x": {"state": {}}}})
    written = page_of(notebook, "t")
    assert "0/3" not in written
    assert "Here JupyterLab shows sliders." in written
    assert len(notebook.cells[0].outputs) == 2, "the notebook itself stays as it was"
