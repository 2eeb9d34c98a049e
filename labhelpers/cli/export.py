"""``labs export``: points as the learning systems import them, and a summary for the instructor."""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from labhelpers.cli.gradebook_view import (
    Part,
    Submission,
    absent,
    lab_title,
    not_scored,
    submissions,
)
from labhelpers.cli.labs import SourceError, find_lab
from labhelpers.files import written_whole

KINDS = ("csv", "moodle", "canvas")
UNANSWERED = "Not answered yet."
"""What scoring says where there is no answer."""
COMMON = 5
"""Wrong answers that the summary names for an exercise, at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs export``."""
    parser.add_argument("course", type=Path, metavar="DIR", help="the course's folder")
    parser.add_argument(
        "--to", choices=KINDS, default="csv", help="for whom (default: csv)"
    )
    parser.add_argument("--lab", help="number or name of one lab (default: every lab)")


def main(options: argparse.Namespace) -> int:
    """Write a file for each lab into the course's folder ``exports``, and a summary beside it."""
    try:
        lab = find_lab(options.lab).stem if options.lab else None
        found = submissions(options.course, lab)
        for stem in sorted({each.lab for each in found}):
            own = [each for each in found if each.lab == stem]
            target = options.course / "exports" / f"{stem}_{options.to}.csv"
            rows = {"csv": as_csv, "moodle": as_moodle, "canvas": as_canvas}[
                options.to
            ](own)
            with written_whole(
                target,
                "w",
                encoding="utf-8-sig" if options.to == "csv" else "utf-8",
                newline="",
            ) as stream:
                csv.writer(stream).writerows([list(map(_plain, row)) for row in rows])
            text = summary(
                own, absent(options.course, stem), not_scored(options.course, stem)
            )
            with written_whole(
                options.course / "exports" / f"{stem}_summary.md",
                "w",
                encoding="utf-8",
                newline="\n",
            ) as stream:
                stream.write(text)
            print(f"{target}: {_told(own, options.to)}")
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The files cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    return 0


def as_csv(found: Sequence[Submission]) -> list[list[str]]:
    """One row a student, one column an exercise and question; a part that waits for a grader is empty."""
    names = [part.name for part in found[0].parts]
    rows = [["student", "name", "points", "of", "waiting", *names]]
    for each in found:
        points = {
            part.name: "" if part.points is None else f"{part.points:g}"
            for part in each.parts
        }
        rows.append(
            [
                each.student,
                each.full_name,
                f"{each.points:g}",
                f"{each.of:g}",
                str(each.waits),
            ]
            + [points.get(name, "") for name in names]
        )
    return rows


def as_moodle(found: Sequence[Submission]) -> list[list[str]]:
    """What Moodle reads of a grading worksheet (assignment, "Upload grading worksheet"), by participant number.

    Moodle leaves a grade alone that was changed after the time in the row; so the time is that of the export. Who waits
    for a grader is left out, and stays in Moodle as before. Source: Moodle,
    ``mod/assign/feedback/offline/importgradeslib.php``.
    """
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    head = [
        "Identifier",
        "Full name",
        "Grade",
        "Maximum Grade",
        "Last modified (grade)",
        "Feedback comments",
    ]
    return [head] + [
        [
            f"Participant {each.student}",
            each.full_name,
            f"{each.points:g}",
            f"{each.of:g}",
            now,
            _remarks(each),
        ]
        for each in found
        if not each.waits
    ]


def as_canvas(found: Sequence[Submission]) -> list[list[str]]:
    """The columns of Canvas' gradebook (Grades, "Import"), by Canvas' own number of the student.

    An empty cell would take away a grade that is there, so who waits for a grader is left out. Source: Canvas,
    ``lib/gradebook_importer.rb``.
    """
    title = lab_title(found[0].lab)
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
        ["    Points Possible", "", "", "", "", f"{found[0].of:g}"],
    ]
    for each in found:
        if not each.waits:
            # A folder that was made by hand may have the student's login as its name.
            number, login = (
                (each.student, "") if each.student.isdigit() else ("", each.student)
            )
            rows.append([each.full_name, number, "", login, "", f"{each.points:g}"])
    return rows


def _told(found: Sequence[Submission], kind: str) -> str:
    """What is in a file, and what the learning system needs to know."""
    waiting = sum(each.waits for each in found)
    left_out = sum(each.waits > 0 for each in found) if kind != "csv" else 0
    text = _count(len(found) - left_out, "student")
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        text += f"; {_count(waiting, 'answer')} still {verb} for a grader"
    if left_out:
        text += f", so {_count(left_out, 'student')} left out"
    if kind == "moodle":
        text += f". The assignment's maximum grade has to be {found[0].of:g}"
    if kind == "canvas":
        text += f". The assignment is {lab_title(found[0].lab)!r}, of {found[0].of:g} points"
    return text + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def summary(
    found: Sequence[Submission], missing: Sequence[str], not_scored: Sequence[str]
) -> str:
    """How a lab went, as Markdown: distribution, hardest parts, common wrong answers, who is missing.

    Args:
        found: what was scored.
        missing: who handed nothing in.
        not_scored: whose file could not be scored.
    """
    shares = [each.points / each.of for each in found if each.of]
    lines = [f"# {lab_title(found[0].lab)}", "", f"{len(found)} handed in."]
    waiting = sum(each.waits for each in found)
    if waiting:
        lines.append(
            f"Still waiting for a grader, and counted as 0 here: {_count(waiting, 'answer')}."
        )
    lines += [
        "",
        f"Points: mean {statistics.mean(shares):.0%}, median {statistics.median(shares):.0%}.",
        "",
    ]
    lines += ["| points | students |", "| --- | --- |"]
    bins = Counter(min(int(share * 5), 4) for share in shares)
    lines += [f"| {20 * n} to {20 * n + 20} % | {bins[n]} |" for n in range(5)]
    lines += [
        "",
        "## From the hardest to the easiest",
        "",
        "| part | mean | full points |",
        "| --- | --- | --- |",
    ]
    table = []
    for part in found[0].parts:
        got = [
            p
            for each in found
            for p in each.parts
            if p.name == part.name and p.points is not None
        ]
        if got and part.of:
            mean = statistics.mean((p.points or 0) / p.of for p in got)
            table.append(
                (mean, part.name, sum((p.points or 0) >= p.of for p in got), len(got))
            )
    lines += [
        f"| {name} | {mean:.0%} | {full} of {count} |"
        for mean, name, full, count in sorted(table)
    ]
    lines += ["", "## Common wrong answers", ""]
    wrong: list[str] = []
    for part in found[0].parts:
        said = Counter(
            p.sentence
            for each in found
            for p in each.parts
            if p.name == part.name
            and not p.written
            and not p.points
            and p.sentence != UNANSWERED
        )
        wrong += [
            f"- {part.name}, {_count(count, 'time')}: {text}"
            for text, count in said.most_common(COMMON)
            if text
        ]
    lines += [
        *(wrong or ["None."]),
        "",
        "## Not handed in",
        "",
        ", ".join(missing) if missing else "Nobody whom the gradebook knows.",
    ]
    if not_scored:
        lines += [
            "",
            "## Handed in, but not scored",
            "",
            f"{', '.join(not_scored)}: `labs grade` says why.",
        ]
    return "\n".join(lines) + "\n"


def _remarks(each: Submission) -> str:
    """What the page says, as the HTML that Moodle takes a comment for."""
    return "<br>".join(map(_remark, each.parts))


def _remark(part: Part) -> str:
    points = part.points or 0
    said = [f"{part.name}: {points:g} of {part.of:g}."]
    if points < part.of:
        said.append(part.sentence)
    said.append(part.comment)
    return escape(" ".join(" ".join(said).split()), quote=False)


def _plain(value: str) -> str:
    """Nothing that a spreadsheet would take for a formula."""
    return (
        f"'{value}"
        if value[:1] in ("=", "+", "@") or (value[:1] == "-" and len(value) > 1)
        else value
    )
