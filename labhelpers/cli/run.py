"""``labs run``: execute a lab without a browser."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm import tqdm

from labhelpers import memory, profiles
from labhelpers.cli.labs import PROJECT_ROOT, Lab, SourceError, find_lab

BOX = "border: 1px solid #7a9; border-left-width: 6px; background: #f2f8f5; padding: 0 1em"
"""The style of a model answer on a page."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs run``."""
    parser.add_argument("lab", help="number or name of the lab, as 01")
    parser.add_argument(
        "--profile",
        choices=profiles.NAMES,
        help=f"how long it may take (default: {profiles.VARIABLE})",
    )
    parser.add_argument(
        "--solutions",
        action="store_true",
        help="run the version with answers instead of your notebook",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=PROJECT_ROOT / "runs",
        help="folder for what it writes",
    )


def main(options: argparse.Namespace) -> int:
    """Execute the lab, write notebook and page also when a cell fails, and return 1 in that case."""
    try:
        lab = find_lab(options.lab)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    if options.profile:
        os.environ[profiles.VARIABLE] = options.profile
    planned = os.environ.get(profiles.VARIABLE)
    if short := memory.shortage(planned if planned in profiles.NAMES else "quick"):
        print(short, file=sys.stderr)
    if options.solutions:
        if not lab.source.exists():
            print(
                f"There is no {lab.source}: this copy of the labs came without solutions.",
                file=sys.stderr,
            )
            return 2
        from labhelpers.cli.notebooks import solution_notebook

        notebook = solution_notebook(lab)
    else:
        try:
            notebook = nbformat.read(lab.notebook, as_version=4)
        except (OSError, ValueError) as error:
            print(
                f"{lab.notebook} cannot be read as a notebook ({error}). `labs build` makes it anew.",
                file=sys.stderr,
            )
            return 2
    target = (
        options.output / f"{lab.stem}{'_solutions' if options.solutions else ''}.ipynb"
    )
    failure = execute_and_write(notebook, lab, target)
    if failure:
        print(failure, file=sys.stderr)
    return 1 if failure else 0


def execute_and_write(notebook: NotebookNode, lab: Lab, target: Path) -> str | None:
    """Run a lab's notebook, and write it with its outputs, and as an HTML page beside it.

    Returns:
        What went wrong in a sentence, or None; what ran before is written all the same.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    failure = execute(notebook, lab.notebook.parent, lab.title)
    nbformat.write(notebook, target)
    page, _ = HTMLExporter().from_notebook_node(with_boxes(notebook))
    target.with_suffix(".html").write_text(page, encoding="utf-8")
    seconds = time.perf_counter() - started
    print(
        f"{lab.title}: {seconds:.0f} s. Notebook and page: {target}, {target.with_suffix('.html')}"
    )
    return failure


def with_boxes(notebook: NotebookNode) -> NotebookNode:
    """A copy for a page: model answers and rubrics stand in boxes instead of between nbgrader's marks."""
    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(
                "### BEGIN SOLUTION", f'<div style="{BOX}">\n'
            ).replace("### END SOLUTION", "\n</div>")
    return copy


def execute(notebook: NotebookNode, folder: Path, title: str) -> str | None:
    """Run a notebook in place, with a bar over its cells.

    Args:
        notebook: is given its outputs.
        folder: the kernel's working directory.
        title: of the bar.

    Returns:
        What went wrong in a sentence, or None.
    """
    count = sum(cell.cell_type == "code" for cell in notebook.cells)
    with tqdm(total=count, desc=title, unit="cell") as bar:
        client = NotebookClient(
            notebook,
            timeout=None,
            resources={"metadata": {"path": str(folder)}},
            on_cell_complete=lambda cell, cell_index: (
                bar.update() if cell.cell_type == "code" else None
            ),
        )
        try:
            client.execute()
        except CellExecutionError as error:
            return f"A cell failed: {error.ename}: {error.evalue}. What ran before it is written."
        except DeadKernelError:
            return "The kernel died, often for want of memory. What ran before is written; try a smaller profile."
        except KeyboardInterrupt:
            return "Interrupted. What ran before is written."
    return None
