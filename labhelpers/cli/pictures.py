"""``labs pictures``: run labs, and put the picture of what they make at their top.

The pictures are text files in ``docs/pictures``: SVG around a small WebP, which a README and a browser show as they
are, and from which ``labs build`` takes the picture for the notebook.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import sys
from html import escape, unescape
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from PIL import Image

from labhelpers import profiles
from labhelpers.cli.labs import (
    PROJECT_ROOT,
    Lab,
    SourceError,
    catalogue,
    find_lab,
)

FOLDER = PROJECT_ROOT / "docs" / "pictures"
OVERVIEW = FOLDER / "labs.svg"
TAG = "top"
"""The tag of the cell whose picture stands at the top."""
WIDEST = 800
"""Pixels: what fits a notebook on a laptop."""
TALLEST = 480
"""Pixels: what leaves room for the first sentences below it."""
LARGEST = 60_000
"""Bytes of an embedded picture, as base64."""
TILE, TITLE, GAP = 380, 26, 14
"""Pixels of the overview: the side of a tile, the height of its title, what is between tiles."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs pictures``."""
    parser.add_argument("labs", nargs="*", help="numbers or names (default: every lab)")
    parser.add_argument(
        "--profile",
        choices=profiles.NAMES,
        default="quick",
        help="how long they may take (default: quick)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=PROJECT_ROOT / "runs",
        help="folder for the notebooks and pages that the runs write",
    )


def main(options: argparse.Namespace) -> int:
    """Run the labs with their answers, and write their pictures and the overview."""
    from labhelpers.cli.notebooks import solution_notebook
    from labhelpers.cli.run import execute_and_write

    try:
        chosen = [find_lab(name) for name in options.labs] or catalogue()
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    os.environ[profiles.VARIABLE] = options.profile
    for lab in chosen:
        notebook = solution_notebook(lab)
        run = execute_and_write(
            notebook, lab, options.output / f"{lab.stem}_solutions.ipynb"
        )
        if run.failure:
            print(run.failure, file=sys.stderr)
            return 1
        try:
            png, alt = of_run(notebook)
        except SourceError as error:
            print(f"{lab.source.name}: {error}", file=sys.stderr)
            return 1
        FOLDER.mkdir(parents=True, exist_ok=True)
        picture = shrunk(png)
        _write(_file(lab), _svg(picture, alt))
        print(f"{_file(lab)}: {len(base64.b64encode(picture)) / 1000:.0f} kB")
    _write(OVERVIEW, overview())
    return 0


def of_run(notebook: NotebookNode) -> tuple[bytes, str]:
    """The picture of the cell that is marked as the top, and its alt text.

    Raises:
        SourceError: no cell is marked, or the marked one made no picture.
    """
    for cell in notebook.cells:
        if TAG not in cell.metadata.get("tags", []):
            continue
        for output in reversed(cell.get("outputs", [])):
            if "image/png" in output.get("data", {}):
                return base64.b64decode(output.data["image/png"]), cell.metadata.alt
        raise SourceError(f"the cell with top={cell.metadata.alt!r} made no picture.")
    raise SourceError('no cell has the header top="alt text".')


def shrunk(png: bytes) -> bytes:
    """The picture as WebP of at most 800 by 480 pixels and 60 kB as base64, as good as that allows."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for width in (WIDEST, 640, 480, 320):
        ratio = min(1.0, width / image.width, TALLEST / image.height)
        size = round(image.width * ratio), round(image.height * ratio)
        small = image.resize(size, Image.Resampling.LANCZOS)
        ways: tuple[dict[str, Any], ...] = (
            {"lossless": True},
            {"quality": 80},
            {"quality": 60},
        )
        for way in ways:
            buffer = io.BytesIO()
            small.save(buffer, "WEBP", method=6, **way)
            if len(base64.b64encode(buffer.getvalue())) < LARGEST:
                return buffer.getvalue()
    raise SourceError(
        f"the picture has over {LARGEST:,} bytes even at 320 pixels in width."
    )


def embedded(lab: Lab) -> str:
    """The lab's picture as Markdown that holds it, or an empty text where none was made yet."""
    if not _file(lab).exists():
        return ""
    text = _file(lab).read_text(encoding="utf-8")
    return f"![{_title(text)}]({_link(text)})"


def overview() -> str:
    """All the labs' pictures as one SVG, two in a row, under their titles."""
    made = [lab for lab in catalogue() if _file(lab).exists()]
    parts = []
    for number, lab in enumerate(made):
        text = _file(lab).read_text(encoding="utf-8")
        x = GAP + number % 2 * (TILE + GAP)
        y = GAP + number // 2 * (TILE * 3 // 4 + TITLE + GAP)
        parts.append(
            f'<text x="{x}" y="{y + TITLE - 9}" font-family="sans-serif" font-size="16" fill="#222">'
            f"{escape(lab.title)}</text>\n"
            f'<image x="{x}" y="{y + TITLE}" width="{TILE}" height="{TILE * 3 // 4}" href="{_link(text)}">'
            f"<title>{escape(_title(text))}</title></image>"
        )
    rows = (len(made) + 1) // 2
    width, height = (
        2 * TILE + 3 * GAP,
        rows * (TILE * 3 // 4 + TITLE + GAP) + GAP,
    )
    return _frame(width, height, "What the labs make", "\n".join(parts))


def _svg(picture: bytes, title: str) -> str:
    width, height = Image.open(io.BytesIO(picture)).size
    data = base64.b64encode(picture).decode()
    image = f'<image width="{width}" height="{height}" href="data:image/webp;base64,{data}"/>'
    return _frame(width, height, title, image)


def _frame(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<title>{escape(title)}</title>\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _link(svg: str) -> str:
    found = re.search(r'href="(data:[^"]+)"', svg)
    return found[1] if found else ""


def _title(svg: str) -> str:
    found = re.search(r"<title>(.*?)</title>", svg)
    return unescape(found[1]) if found else ""


def _file(lab: Lab) -> Path:
    return FOLDER / f"{lab.stem}.svg"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
