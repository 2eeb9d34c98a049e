"""``labs feedback``: one page for each student and lab."""

from __future__ import annotations

import argparse
import sys
from html import escape
from pathlib import Path

from labhelpers.cli.gradebook_view import Part, Submission, submissions
from labhelpers.cli.labs import SourceError, find_lab
from labhelpers.files import written_whole

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: {who}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
h1 {{ font-size: 1.5rem; line-height: 1.2; }}
h2 {{ font-size: 1.1rem; margin: 1.6rem 0 .4rem; }}
section {{ border: 1px solid #ccc; border-left: .4rem solid #888; border-radius: .3rem; padding: .4rem 1rem;
  margin: .6rem 0; break-inside: avoid; overflow-wrap: anywhere; }}
section.full {{ border-left-color: #2a7d4f; }}
section.part {{ border-left-color: #b8860b; }}
section.none {{ border-left-color: #a33; }}
p {{ margin: .3rem 0; }}
.points {{ float: right; font-weight: bold; margin-left: 1rem; }}
.comment {{ background: #f3f3f3; padding: .3rem .6rem; white-space: pre-wrap; }}
@media print {{ body {{ margin: 0; max-width: none; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{who}: <strong>{points:g} of {of:g} points</strong>{waiting}</p>
<h2>Exercises</h2>
{exercises}
<h2>Questions</h2>
{questions}
</body>
</html>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs feedback``."""
    parser.add_argument("course", type=Path, metavar="DIR", help="the course's folder")
    parser.add_argument("--lab", help="number or name of one lab (default: every lab)")


def main(options: argparse.Namespace) -> int:
    """Write the pages into the course's folder ``feedback``."""
    try:
        lab = find_lab(options.lab).stem if options.lab else None
        found = submissions(options.course, lab)
        for each in found:
            target = options.course / "feedback" / each.student / f"{each.lab}.html"
            with written_whole(target, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(page(each))
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The pages cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    waiting = sum(each.waits > 0 for each in found)
    print(f"{len(found)} pages in {options.course / 'feedback'}.")
    if waiting:
        print(
            f"{waiting} of them have answers that still wait for a grader; run this again when they are graded."
        )
    return 0


def page(submission: Submission) -> str:
    """A submission as a page for its student: points, sentences, comments; no solution and no hidden test."""
    count = submission.waits
    waiting = (
        f" so far; {count} {'answer waits' if count == 1 else 'answers wait'} to be graded"
        if count
        else ""
    )
    return PAGE.format(
        title=escape(find_lab(submission.lab).title),
        who=escape(submission.full_name or f"Student {submission.student}"),
        points=submission.points,
        of=submission.of,
        waiting=waiting,
        exercises=_sections([p for p in submission.parts if not p.written]),
        questions=_sections([p for p in submission.parts if p.written]),
    )


def _sections(parts: list[Part]) -> str:
    return "\n".join(map(_section, parts)) or "<p>None in this lab.</p>"


def _section(part: Part) -> str:
    if part.points is None or part.waits:
        kind, points = "open", f"of {part.of:g}"
    else:
        kind = (
            "none" if not part.points else "full" if part.points >= part.of else "part"
        )
        points = f"{part.points:g} of {part.of:g}"
    lines = [
        f'<p><span class="points">{points}</span><strong>{escape(part.name)}</strong></p>'
    ]
    if kind == "open":
        lines.append("<p>Not graded yet.</p>")
    elif part.sentence:
        lines.append(f"<p>{escape(part.sentence)}</p>")
    if part.comment:
        lines.append(f'<p class="comment">{escape(part.comment)}</p>')
    return f'<section class="{kind}">\n' + "\n".join(lines) + "\n</section>"
