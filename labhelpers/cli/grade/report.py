"""Scores as JSON, as one table for many, and as text."""

from __future__ import annotations

import csv
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labhelpers.cli.grade.score import Score
from labhelpers.files import written_whole


def write(target: Path, fill: Any) -> str:
    """Write a file whole or not at all; a sentence where that fails."""
    try:
        encoding = "utf-8-sig" if target.suffix == ".csv" else "utf-8"
        with written_whole(target, "w", encoding=encoding, newline="") as stream:
            fill(stream)
    except OSError as error:
        return f"{target} could not be written ({error.strerror}): choose another folder with --output."
    return ""


def write_csv(stream: Any, scores: Sequence[Score]) -> None:
    """One row a notebook, one column an exercise; nothing that a spreadsheet would take for a formula."""
    labs = {score.lab for score in scores if score.lab}

    def column(lab: str, name: str) -> str:
        return f"{lab}:{name}" if len(labs) > 1 else name

    names = list(
        dict.fromkeys(column(s.lab, e.name) for s in scores for e in s.exercises)
    )
    questions = list(
        dict.fromkeys(column(s.lab, m.name) for s in scores for m in s.manual)
    )
    writer = csv.writer(stream)
    writer.writerow(
        [
            "file",
            "lab",
            "outcome",
            "points",
            "of",
            *names,
            *questions,
            "written",
            "written of",
            "isolation",
            "remarks",
        ]
    )
    for score in scores:
        points = {column(score.lab, e.name): f"{e.points:g}" for e in score.exercises}
        written = {
            column(score.lab, m.name): "there" if m.present else "missing"
            for m in score.manual
        }
        remarks = [score.reason, *score.remarks]
        remarks += [
            f"{e.name}: {text}"
            for e in score.exercises
            for text in (*([e.reason] * (e.points == 0)), *e.remarks)
        ]
        row = [
            score.file, score.lab, score.outcome, f"{score.points:g}", f"{score.of:g}",
            *(points.get(name, "") for name in names), *(written.get(name, "") for name in questions),
            str(sum(m.present for m in score.manual)), str(len(score.manual)), score.isolation,
            " | ".join(filter(None, remarks)),
        ]  # fmt: skip
        writer.writerow(
            [
                f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
                for value in row
            ]
        )


def table(score: Score) -> str:
    """The score as text for a terminal."""
    if score.outcome != "scored":
        return f"{score.file}: not scored. {score.reason}\n"
    ran = {
        "sandbox": "Isolation: a sandbox of its own, made by bubblewrap.",
        "account": "Isolation: none but a process of its own; the answers could read what your account can read.",
    }.get(score.isolation, "Isolation: there was no code to run.")
    head = f"{score.file}: {score.points:g} of {score.of:g} points (lab {score.lab}, {score.seconds:.1f} s)"
    names = [
        *(each.name for each in score.exercises),
        *(each.name for each in score.manual),
    ]
    width = max(map(len, names), default=8)
    lines = [
        head,
        f"  {ran}",
        *(f"  Note: {remark}" for remark in score.remarks),
        f"  {'exercise':<{width}}  points  of  reason",
    ]
    for each in score.exercises:
        text = (
            each.reason
            if each.status in ("right", "wrong", "unanswered")
            else f"{each.status}: {each.reason}"
        )
        lines += _wrap(
            f"  {each.name:<{width}}  {each.points:>6g}  {each.of:>2g}  ", text
        )
        for remark in each.remarks:
            lines += _wrap(" " * (width + 16), f"Look: {remark}")
    if score.manual:
        there = sum(each.present for each in score.manual)
        lines.append(
            f"  Written answers: {there} of {len(score.manual)} are there; a person gives their points."
        )
        for answer in score.manual:
            state = "there" if answer.present else "missing"
            lines.append(
                f"  {answer.name:<{width}}          {answer.of:>2g}  {state} {answer.remark}".rstrip()
            )
    return "\n".join(lines) + "\n"


def _wrap(first: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, 110, initial_indent=first, subsequent_indent=" " * len(first)
    ) or [first.rstrip()]


def clean(text: str) -> str:
    """One line without control characters: the text may come from a student's exception."""
    return shorten("".join(c if c.isprintable() else " " for c in text), 700)


def shorten(text: str, length: int) -> str:
    """A text on one line, cut to a length."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 3]}..."


def sentence(error: str) -> str:
    """An error's ``Name: text`` as the end of a sentence."""
    text = shorten(re.sub(r"\x1b\[[0-9;]*m", "", error), 300).rstrip(": ")
    return text if text.endswith((".", "!", "?")) else f"{text}."
