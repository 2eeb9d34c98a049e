"""``labs feedback``: one page for each student and lab."""

from __future__ import annotations

import argparse
import sys
import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

import mistune

from labhelpers.cli.collect import from_moodle
from labhelpers.cli.gradebook_view import Part, Submission, lab_title, submissions
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
.comment {{ background: #f3f3f3; padding: .1rem .6rem; }}
code {{ background: #f3f3f3; padding: 0 .2rem; }}
pre, code {{ white-space: pre-wrap; }}
@media print {{
  body {{ margin: 0; max-width: none; font-size: 11pt; }}
  h2 {{ break-after: avoid; }}
  section, .comment, code {{ print-color-adjust: exact; }}
}}
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
MARKDOWN = mistune.create_markdown(escape=True)
"""A grader's comment to HTML; tags in it are shown."""


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
        zips = [
            _for_moodle(options.course, stem, [one for one in found if one.lab == stem])
            for stem in sorted({each.lab for each in found})
        ]
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The pages cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    waiting = sum(each.waits > 0 for each in found)
    print(f"{len(found)} pages in {options.course / 'feedback'}.")
    for target in filter(None, zips):
        print(f"For Moodle: {target}")
    if waiting:
        print(
            f"Answers on {waiting} of them still wait for a grader; run this again when they are graded."
        )
    return 0


def _for_moodle(
    course: Path, lab: str, submissions: Sequence[Submission]
) -> Path | None:
    """The pages of a lab as Moodle takes feedback files: one zip, named as its submissions were; None without any.

    Pages with answers that wait for a grader are left out.

    Source: Moodle, ``mod/assign/feedback/file/importziplib.php``.
    """
    names = from_moodle(course, lab)
    known = [each for each in submissions if each.student in names and not each.waits]
    if not known:
        return None
    target = course / "feedback" / f"{lab}_moodle.zip"
    with (
        written_whole(target) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for each in known:
            archive.writestr(f"{names[each.student]}{lab}.html", page(each))
    return target


def page(submission: Submission) -> str:
    """A submission as a page for its student: points, sentences, comments; no solution and no hidden test."""
    count = submission.waits
    waiting = (
        f" so far; {count} {'answer waits' if count == 1 else 'answers wait'} to be graded"
        if count
        else ""
    )
    return PAGE.format(
        title=escape(lab_title(submission.lab)),
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
    title = escape(part.title or part.name)
    lines = [f'<p><span class="points">{points}</span><strong>{title}</strong></p>']
    if kind == "open":
        lines.append("<p>Not graded yet.</p>")
    elif part.sentence:
        name = "" if part.written else f"<code>{escape(part.name)}</code>: "
        lines.append(f"<p>{name}{escape(part.sentence)}</p>")
    if part.comment:
        lines.append(f'<div class="comment">{MARKDOWN(part.comment)}</div>')
    return f'<section class="{kind}">\n' + "\n".join(lines) + "\n</section>"
