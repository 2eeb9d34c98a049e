"""``labs export``: points as the learning systems import them, and a summary for the instructor."""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from labhelpers.cli.gradebook_view import Submission, absent, submissions
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
            rows = {"csv": as_csv, "moodle": as_moodle, "canvas": as_canvas}[
                options.to
            ](own)
            target = options.course / "exports" / f"{stem}_{options.to}.csv"
            with written_whole(
                target,
                "w",
                encoding="utf-8-sig" if options.to == "csv" else "utf-8",
                newline="",
            ) as stream:
                csv.writer(stream).writerows([list(map(_plain, row)) for row in rows])
            text = summary(own, absent(options.course, stem))
            with written_whole(
                options.course / "exports" / f"{stem}_summary.md",
                "w",
                encoding="utf-8",
                newline="\n",
            ) as stream:
                stream.write(text)
            waiting = sum(each.waits for each in own)
            print(
                f"{target}: {len(own)} students"
                + (f"; {waiting} answers still wait for a grader" if waiting else "")
            )
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
    """The columns of Moodle's grading worksheet (assignment, "Upload grading worksheet"), by participant number."""
    rows = [
        [
            "Identifier",
            "Full name",
            "Grade",
            "Maximum Grade",
            "Last modified (grade)",
            "Feedback comments",
        ]
    ]
    for each in found:
        grade = "" if each.waits else f"{each.points:g}"
        rows.append(
            [
                f"Participant {each.student}",
                each.full_name,
                grade,
                f"{each.of:g}",
                "-",
                _remarks(each),
            ]
        )
    return rows


def as_canvas(found: Sequence[Submission]) -> list[list[str]]:
    """The columns of Canvas' gradebook (Grades, "Import"), by Canvas' own number of the student."""
    title = find_lab(found[0].lab).title
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
        ["    Points Possible", "", "", "", "", f"{found[0].of:g}"],
    ]
    rows += [
        [
            each.full_name,
            each.student,
            "",
            "",
            "",
            "" if each.waits else f"{each.points:g}",
        ]
        for each in found
    ]
    return rows


def summary(found: Sequence[Submission], missing: Sequence[str]) -> str:
    """How a lab went, as Markdown: distribution, hardest parts, common wrong answers, who is missing."""
    shares = [each.points / each.of for each in found if each.of]
    lines = [f"# {find_lab(found[0].lab).title}", "", f"{len(found)} handed in."]
    waiting = sum(each.waits for each in found)
    if waiting:
        lines.append(f"{waiting} answers still wait for a grader and count as 0 here.")
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
        lines += [
            f"- {part.name}, {count} times: {text}"
            for text, count in said.most_common(COMMON)
            if text
        ]
    lines += [
        "",
        "## Not handed in",
        "",
        ", ".join(missing) if missing else "Nobody whom the gradebook knows.",
    ]
    return "\n".join(lines) + "\n"


def _remarks(each: Submission) -> str:
    """What the page says, on one line."""
    parts = [
        f"{part.name}: {part.points or 0:g} of {part.of:g}."
        + (f" {part.comment}" if part.comment else "")
        for part in each.parts
    ]
    return " ".join(" ".join(parts).split())


def _plain(value: str) -> str:
    """Nothing that a spreadsheet would take for a formula."""
    return (
        f"'{value}"
        if value[:1] in ("=", "+", "@") or (value[:1] == "-" and len(value) > 1)
        else value
    )
