"""The page of all labs of a run: a card for each."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from html import escape, unescape

from nbformat import NotebookNode
from PIL import Image

from labhelpers import profiles

WIDTH = 480
"""Pixels of a thumbnail."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The labs</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 1.5rem auto; padding: 0 1rem; color: #222; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1.2rem; }}
section {{ border: 1px solid #bbb; border-radius: .4rem; padding: .8rem; overflow-wrap: anywhere; }}
section img {{ width: 100%; max-height: 14rem; object-fit: contain; background: #fff; }}
h1 {{ line-height: 1.2; }}
h2 {{ font-size: 1.15rem; line-height: 1.3; margin: .4rem 0; }}
a {{ color: #0b5394; }}
summary {{ cursor: pointer; }}
ol {{ padding-left: 1.6rem; font-size: .9rem; }}
.told {{ display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 6; overflow: hidden; }}
.failed {{ color: #a00000; font-weight: bold; }}
</style>
</head>
<body>
<h1>The labs</h1>
<p>{count} labs, {minutes}, {profile}.</p>
<main>
{cards}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Run:
    """A lab that was run.

    Attributes:
        title: of the lab.
        page: file name of its HTML page.
        notebook: with its outputs.
        seconds: how long its cells took.
        failure: what went wrong, in a sentence; None if nothing did.
    """

    title: str
    page: str
    notebook: NotebookNode
    seconds: float
    failure: str | None


def index_of(runs: list[Run]) -> str:
    """An HTML page with a card for each lab, all links relative to it: picture, time, and what its figures show."""
    total = sum(run.seconds for run in runs)
    return PAGE.format(
        count=len(runs),
        minutes=duration(total),
        profile=escape(str(profiles.current())),
        cards="\n".join(map(_card, runs)),
    )


def figures(cells: list[NotebookNode]) -> list[tuple[bytes, str]]:
    """The pictures in the outputs of cells, in their order: image and alt text."""
    tags = [
        re.search(
            r'<img alt="([^"]*)" src="data:image/\w+;base64,([^"]*)">',
            "".join(output.get("data", {}).get("text/html", "")),
        )
        for cell in cells
        for output in cell.get("outputs", [])
    ]
    return [(base64.b64decode(tag[2]), unescape(tag[1])) for tag in tags if tag]


def _card(run: Run) -> str:
    shown = figures(run.notebook.cells)
    top = figures(
        [c for c in run.notebook.cells if "top" in c.metadata.get("tags", [])]
    )
    image, text = (top or shown or [(b"", "")])[-1]
    courses = [alt for _, alt in shown if re.search("(falls|rises) from", alt)]
    told = f'<p class="told">{escape(courses[-1])}</p>' if courses else ""
    page = escape(run.page)
    lines = "".join(
        f'<li><a href="{page}#figure-{number}">{escape(alt)}</a></li>'
        for number, (_, alt) in enumerate(shown, start=1)
    )
    picture = f'<img alt="{escape(text)}" src="{_thumbnail(image)}">' if image else ""
    failed = f'<p class="failed">{escape(run.failure)}</p>' if run.failure else ""
    return (
        f'<section>\n<h2><a href="{page}">{escape(run.title)}</a></h2>\n{picture}\n'
        f"<p>{duration(run.seconds)}</p>{failed}{told}\n"
        f"<details><summary>{len(shown)} figures</summary><ol>{lines}</ol></details>\n</section>"
    )


def _thumbnail(image: bytes) -> str:
    small = Image.open(io.BytesIO(image)).convert("RGB")
    small.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"


def duration(seconds: float) -> str:
    """A time in words: ``"48 s"``, ``"3 min 20 s"``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
