"""``labs run``: execute labs without a browser."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from labhelpers import memory, profiles
from labhelpers.cli.labs import PROJECT_ROOT, Lab, SourceError, catalogue, find_lab
from labhelpers.cli.page import Run, index_of, page_of
from labhelpers.files import written_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs run``."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("lab", nargs="?", help="number or name of the lab, as 01")
    which.add_argument(
        "--all",
        action="store_true",
        help="every lab, and a page index.html that shows them all",
    )
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
    """Execute the labs, write notebook and page also when a cell fails, and return 1 in that case."""
    try:
        labs = catalogue() if options.all else [find_lab(options.lab)]
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    if options.profile:
        os.environ[profiles.VARIABLE] = options.profile
    planned = os.environ.get(profiles.VARIABLE)
    if short := memory.shortage(planned if planned in profiles.NAMES else "quick"):
        print(short, file=sys.stderr)
    try:
        notebooks = [_notebook(lab, solutions=options.solutions) for lab in labs]
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    runs = []
    for lab, notebook in zip(labs, notebooks, strict=True):
        name = f"{lab.stem}{'_solutions' if options.solutions else ''}.ipynb"
        runs.append(execute_and_write(notebook, lab, options.output / name))
        if options.all:
            index = options.output / "index.html"
            with written_whole(index, "w", encoding="utf-8") as stream:
                stream.write(index_of(runs))
        if runs[-1].failure:
            print(runs[-1].failure, file=sys.stderr)
    if options.all:
        print(f"All labs on one page: {index}")
    return 1 if any(run.failure for run in runs) else 0


def execute_and_write(notebook: NotebookNode, lab: Lab, target: Path) -> Run:
    """Run a lab's notebook, and write it with its outputs, and as an HTML page beside it.

    Returns:
        What was run; what ran before a failure is written all the same.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    failure = execute(notebook, lab.notebook.parent, lab.title)
    seconds = time.perf_counter() - started
    nbformat.write(notebook, target)
    page = target.with_suffix(".html")
    page.write_text(page_of(notebook, lab.title), encoding="utf-8")
    print(f"{lab.title}: {seconds:.0f} s. Notebook and page: {target}, {page}")
    return Run(lab.title, page.name, notebook, seconds, failure)


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


def _notebook(lab: Lab, *, solutions: bool) -> NotebookNode:
    if solutions:
        if not lab.source.exists():
            raise SourceError(
                f"There is no {lab.source}: this copy of the labs came without solutions."
            )
        from labhelpers.cli.notebooks import solution_notebook

        return solution_notebook(lab)
    try:
        return nbformat.read(lab.notebook, as_version=4)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{lab.notebook} cannot be read as a notebook ({error}). `labs build` makes it anew."
        ) from error
