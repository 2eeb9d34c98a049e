"""``labs build``: make the notebooks and the README's table from their sources, or check that they agree."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from labhelpers.cli import labs
from labhelpers.cli.labs import PROJECT_ROOT, Lab, SourceError, catalogue
from labhelpers.cli.notebooks import (
    lines_of,
    solution_notebook,
    student_notebook,
    to_text,
)
from labhelpers.zoo.registry import markdown

README = PROJECT_ROOT / "README.md"
ZOO_MARKS = ("<!-- zoo: made by labs build -->", "<!-- zoo: end -->")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs build``."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail where a notebook differs from its source",
    )
    parser.add_argument(
        "--solutions",
        type=Path,
        metavar="DIR",
        help="write the versions with answers into this folder",
    )


def main(options: argparse.Namespace) -> int:
    """Write, or check, every notebook; return 1 where one drifted."""
    if not labs.SOURCES.exists():
        print(
            f"There are no sources in {labs.SOURCES}: this copy of the labs came without them.",
            file=sys.stderr,
        )
        return 2
    if options.check:
        found = [line for line in (*map(drift, catalogue()), readme_drift()) if line]
        print(
            "\n".join(found) or "Every notebook agrees with its source.",
            file=sys.stderr if found else sys.stdout,
        )
        return 1 if found else 0
    for lab in catalogue():
        target = (
            options.solutions / f"{lab.stem}.ipynb"
            if options.solutions
            else lab.notebook
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            to_text(
                solution_notebook(lab) if options.solutions else student_notebook(lab)
            ),
            encoding="utf-8",
            newline="\n",
        )
        print(f"{lab.source.name} -> {target}")
    if not options.solutions:
        README.write_text(
            readme_with_tables(README.read_text(encoding="utf-8")),
            encoding="utf-8",
            newline="\n",
        )
    return 0


def drift(lab: Lab) -> str | None:
    """How the notebook on disk differs from what its source builds, in one line; None where it does not."""
    built = student_notebook(lab)
    if not lab.notebook.exists():
        return f"{lab.notebook.name} is missing: run `labs build`."
    text = lab.notebook.read_text(encoding="utf-8")
    if text == to_text(built):
        return None
    try:
        found = json.loads(text)["cells"]
    except (ValueError, KeyError):
        return f"{lab.notebook.name} is not a notebook: run `labs build`."
    for number, (have, want) in enumerate(
        zip(found, lines_of(built)["cells"], strict=False), start=1
    ):
        if have != want:
            parts = [
                key for key in sorted({*have, *want}) if have.get(key) != want.get(key)
            ]
            return (
                f"{lab.notebook.name}, cell {number} (id {have.get('id', 'none')}, in the source {want['id']}) differs "
                f"in {', '.join(parts)}: edit {lab.source.name}, not the notebook, and run `labs build`."
            )
    return (
        f"{lab.notebook.name} has {len(found)} cells and its source {len(built.cells)}, or other metadata: "
        "run `labs build`."
    )


def readme_with_tables(text: str) -> str:
    """The README with the table of GAN types made anew from the registry."""
    begin, end = ZOO_MARKS
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        raise SourceError(
            f"README.md has no lines {begin!r} and {end!r}: the table of GAN types goes between them."
        )
    return f"{before}{begin}\n{markdown('year', 'idea', 'use', 'built')}\n{end}{after}"


def readme_drift() -> str | None:
    """A sentence if the README's table differs from the registry, or None."""
    text = README.read_text(encoding="utf-8")
    if readme_with_tables(text) == text:
        return None
    return "README.md: the table of GAN types differs from labhelpers.zoo. Run `labs build`."
