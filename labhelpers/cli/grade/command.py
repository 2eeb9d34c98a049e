"""The command ``labs grade``: which files, how many at a time, and what was done already."""

from __future__ import annotations

import argparse
import asyncio
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from labhelpers.cli import labs
from labhelpers.cli.grade import isolation
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.report import load, table, write, write_csv
from labhelpers.cli.grade.score import NotScored, Score
from labhelpers.cli.grade.scoring import grade
from labhelpers.cli.labs import Lab, SourceError

TIME_LIMIT = 60.0
"""Seconds for one answer with its check."""


OVERALL_LIMIT = 600.0
"""Seconds for one notebook, starts of kernels included."""


_RESULT_SUFFIX = ".score.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs grade``."""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="an answered notebook, or a folder of them",
    )
    parser.add_argument(
        "--course",
        type=Path,
        metavar="DIR",
        help="score what was handed in to this course, into its gradebook",
    )
    parser.add_argument(
        "--lab", help="number or name of the lab that they must be of, as 01"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for the results (default: beside each file)",
    )
    parser.add_argument(
        "--jobs",
        type=_positive(int),
        default=os.cpu_count() or 1,
        help="notebooks scored at the same time (default: one a core)",
    )
    parser.add_argument(
        "--time-limit",
        type=_positive(float),
        default=TIME_LIMIT,
        metavar="SECONDS",
        help=f"for one answer with its check (default: {TIME_LIMIT:g})",
    )
    parser.add_argument(
        "--isolation",
        choices=isolation.LEVELS,
        default="auto",
        help="required: refuse where bubblewrap cannot make a sandbox (default: auto, a sandbox where it can)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Score every file, print tables, write results; 0 when all got an outcome, 1 when interrupted, 2 for bad usage."""
    try:
        asked = labs.find_lab(arguments.lab) if arguments.lab else None
        if bool(arguments.files) == bool(arguments.course):
            raise NotScored(
                "Expected either files to score, or --course with the folder of a course."
            )
        handed_in = _handed_in(arguments.course, asked) if arguments.course else {}
        files = list(handed_in) or _expand(arguments.files)
        if arguments.course:
            arguments.output = arguments.output or arguments.course / "scores"
        if arguments.output:
            arguments.output.mkdir(parents=True, exist_ok=True)
        if arguments.isolation == "required" and isolation.obstacle():
            raise NotScored(isolation.refusal())
        plans = Plans(arguments.time_limit, OVERALL_LIMIT, arguments.isolation)
    except (SourceError, NotScored) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"{arguments.output} cannot be made a folder for the results ({error.strerror}).",
            file=sys.stderr,
        )
        return 2
    targets = _targets(files, arguments.output)
    # A course's folders say which lab a file must be of.
    wanted = {
        path: plans.labs.get(path.stem) if path in handed_in else asked
        for path in files
    }
    scores: dict[Path, Score] = {}
    try:
        run_to_end(
            _grade_all(
                files,
                targets,
                plans,
                wanted,
                arguments.jobs,
                scores,
                functools.partial(_enter, arguments.course, handed_in),
            )
        )
    except (
        ExceptionGroup
    ) as group:  # the source of a lab is broken: no file of it can be scored
        print("; ".join(dict.fromkeys(map(str, group.exceptions))), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            f"Interrupted after {len(scores)} of {len(files)} notebooks. The same command goes on from here.",
            file=sys.stderr,
        )
        return 1
    if len(files) > 1:
        table = (arguments.output or _common_folder(files)) / "scores.csv"
        problem = write(
            table, lambda stream: write_csv(stream, [scores[path] for path in files])
        )
        scored = sum(score.outcome == "scored" for score in scores.values())
        print(
            f"{len(files)} notebooks, {scored} scored. "
            + (problem or f"All in one table: {table}")
        )
    return 0


async def _grade_all(
    files: Sequence[Path],
    targets: Mapping[Path, Path],
    plans: Plans,
    asked: Mapping[Path, Lab | None],
    jobs: int,
    scores: dict[Path, Score],
    enter: Callable[[Path, Score], str],
) -> None:
    """Score the files that have no valid stored result, ``jobs`` at a time; fill ``scores``, and enter each."""
    gate = asyncio.Semaphore(jobs)

    async def one(path: Path) -> None:
        async with gate:
            stored = load(targets[path], path, plans, asked[path])
            score = stored or await grade(path, plans, asked[path])
            text = json.dumps(
                {**asdict(score), "points": score.points, "of": score.of},
                indent=1,
                ensure_ascii=False,
            )
            problem = (
                ""
                if stored or not path.parent.is_dir()  # there is no such notebook
                else write(targets[path], lambda stream: stream.write(text + "\n"))
            )
            scores[path] = score
            tqdm.write(
                table(score)
                + ("  (stored result)\n" if stored else "")
                + (f"{problem}\n" if problem else "")
                + enter(path, score)
            )
            bar.update()

    with tqdm(
        total=len(files),
        desc="Scoring",
        unit="notebook",
        file=sys.stderr,
        disable=len(files) < 2,
    ) as bar:
        async with asyncio.TaskGroup() as group:
            for path in files:
                group.create_task(one(path))


def _handed_in(course: Path, asked: Lab | None) -> dict[Path, str]:
    """The notebooks that were handed in to a course, and by whom."""
    from labhelpers.cli.grade.gradebook import submissions

    if not (course / "gradebook.db").exists():
        raise NotScored(
            f"{course} is no course: expected a folder that `labs course` made."
        )
    found = {
        path: student
        for student, _, path in submissions(course, asked.stem if asked else None)
    }
    if not found:
        raise NotScored(
            f"Nothing was handed in to {course}: expected notebooks in submitted/STUDENT/LAB, where "
            "`nbgrader zip_collect LAB` puts them."
        )
    return found


def _enter(
    course: Path | None, handed_in: Mapping[Path, str], path: Path, score: Score
) -> str:
    """Enter a score into the course's gradebook; a line on it, empty where there is no course."""
    if course is None:
        return ""
    from labhelpers.cli.grade.gradebook import enter, know

    if score.outcome != "scored":
        know(course, handed_in[path])
        return f"  student {handed_in[path]}: not in the gradebook\n"
    return (
        f"  student {handed_in[path]}: {enter(course, handed_in[path], path, score)}\n"
    )


def run_to_end(coroutine: Any) -> Any:
    """Run a coroutine; on Windows with the event loop that ZeroMQ works with."""
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


def _positive(kind: type[int] | type[float]) -> Any:
    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(
                f"{text} was given, expected a positive number"
            )
        return value

    parse.__name__ = "number"
    return parse


def _expand(paths: Iterable[Path]) -> list[Path]:
    """The files, each once; for a folder every notebook in it, without hidden folders such as checkpoints."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [
                p
                for p in sorted(path.rglob("*.ipynb"))
                if not any(q.startswith(".") for q in p.relative_to(path).parts)
            ]
            if not inside:
                raise NotScored(
                    f"{path} holds no notebook, expected files that end in .ipynb."
                )
            found.update(dict.fromkeys(inside))
        else:
            found[path] = None
    return list(found)


def _common_folder(files: Sequence[Path]) -> Path:
    try:
        return Path(os.path.commonpath([path.parent.resolve() for path in files]))
    except ValueError:  # on several drives
        return Path.cwd()


def _targets(files: Sequence[Path], output: Path | None) -> dict[Path, Path]:
    """Where each result goes: beside its file, or under ``output`` with the folders that keep equal names apart."""
    if output is None:
        return {path: path.with_name(path.name + _RESULT_SUFFIX) for path in files}
    common = _common_folder(files)
    targets = {}
    for path in files:
        full = path.parent.resolve()
        inside = (
            full.relative_to(common)
            if full.is_relative_to(common)
            else Path(hashlib.sha256(str(full).encode()).hexdigest()[:8])
        )
        targets[path] = output / inside / (path.name + _RESULT_SUFFIX)
    return targets
