"""The HTML page of an executed notebook: one file that needs no network and no script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from labhelpers.cli.page.formulas import font_for, mathml
from labhelpers.cli.page.index import Run, index_of

__all__ = ["BOX", "Run", "index_of", "page_of", "with_boxes"]

BOX = "border: 1px solid #7a9; border-left-width: 6px; background: #f2f8f5; padding: 0 1em"
"""The style of a model answer on a page."""
SLIDERS = "*Here JupyterLab shows sliders.*"
WIDGET = "application/vnd.jupyter.widget-view+json"


def page_of(notebook: NotebookNode, title: str) -> str:
    """The notebook as an HTML page with a table of contents; formulas are MathML, which every browser shows.

    Args:
        notebook: executed.
        title: of the page.
    """
    page, _ = _Exporter().from_notebook_node(
        _without_widgets(with_boxes(notebook)), {"metadata": {"name": title}}
    )
    soup = BeautifulSoup(page, features="html.parser")
    main = soup.main
    assert main is not None, "the template has a main part"
    _prepare(main)
    main.insert_before(BeautifulSoup(_contents(main), features="html.parser"))
    sheet = soup.new_tag("style")
    sheet.string = font_for(str(main))
    main.insert_before(sheet)
    return str(soup)


def with_boxes(notebook: NotebookNode) -> NotebookNode:
    """A copy for a page: model answers and rubrics stand in boxes instead of between nbgrader's marks."""
    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(
                "### BEGIN SOLUTION", f'<div style="{BOX}">\n'
            ).replace("### END SOLUTION", "\n</div>")
    return copy


class _Renderer(IPythonRenderer):
    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


class _Exporter(HTMLExporter):
    def __init__(self) -> None:
        super().__init__(
            template_name="page",
            extra_template_basedirs=[str(Path(__file__).parents[1])],
        )

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        attachments = context.get("cell", {}).get("attachments", {})
        renderer = _Renderer(
            escape=False, attachments=attachments, exclude_anchor_links=True
        )
        return MarkdownWithMath(renderer=renderer).render(source)

    def default_filters(self) -> Any:
        yield from super().default_filters()
        yield "markdown2html", self.markdown2html
        yield "formulas", self.markdown2html


def _without_widgets(notebook: NotebookNode) -> NotebookNode:
    """The same notebook; progress bars are gone, and a slider is a sentence."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        kept = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDGET not in data:
                kept.append(output)
            elif str(data.get("text/plain")).startswith("interactive("):
                kept.append(
                    nbformat.v4.new_output("display_data", {"text/markdown": SLIDERS})
                )
        if "outputs" in cell:
            cell.outputs = kept
    return notebook


def _prepare(main: Tag) -> None:
    """Give figures and headings ids of their own, and the keyboard a way to what scrolls."""
    for number, picture in enumerate(main.select(".jp-OutputArea-output img"), start=1):
        picture["id"] = f"figure-{number}"
    for cell in main.select(".jp-Cell-inputWrapper"):
        del cell["tabindex"]
    # What may scroll sideways can be reached with the keyboard, as outputs can already.
    for wide in main.select(
        '.jp-InputArea-editor, .jp-RenderedMarkdown table, math[display="block"]'
    ):
        wide["tabindex"] = "0"
    for number, heading in enumerate(main.select("h1, h2, h3"), start=1):
        heading["id"] = f"part-{number}"


def _contents(main: Tag) -> str:
    lines = "".join(
        f'<li class="{heading.name}"><a href="#{heading["id"]}">{heading.decode_contents()}</a></li>'
        for heading in main.select("h1, h2, h3")[1:]  # after the title
    )
    return (
        '<nav class="contents" aria-labelledby="contents"><p id="contents">Contents</p>'
        f"<ol>{lines}</ol></nav>"
    )
