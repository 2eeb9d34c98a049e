"""The command ``labs grade``: which files, how many at a time, and what was done already."""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
from tqdm import tqdm

from labhelpers.cli import labs
from labhelpers.cli.grade import isolation
from labhelpers.cli.grade.engine import (
    ClusterWorkers,
    EngineError,
    LocalWorkers,
    scores,
)
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.report import table, write, write_csv
from labhelpers.cli.grade.score import NotScored, Score
from labhelpers.cli.grade.scoring import content_of
from labhelpers.cli.grade.stored import grader_key, load, save
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
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=_positive(int),
        help="notebooks scored at the same time (default: one a core)",
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="score on the workers of the Dask cluster whose scheduler is there",
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="score only part I of N, as job I of an array of N",
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
        local = not arguments.scheduler  # a cluster's workers look for themselves
        if arguments.isolation == "required" and local and isolation.obstacle():
            raise NotScored(isolation.refusal())
        plans = Plans(arguments.time_limit, OVERALL_LIMIT, arguments.isolation)
        key = grader_key()
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
    if arguments.shard:
        part, parts = arguments.shard
        files = sorted(files, key=os.path.abspath)[part - 1 :: parts]
    # A course's folders say which lab a file must be of.
    wanted = {
        path: plans.labs.get(path.stem) if path in handed_in else asked
        for path in files
    }
    course = None if arguments.shard else arguments.course
    run = _Run(plans, key, targets, functools.partial(_enter, course, handed_in))
    problem = run.score(wanted, arguments.jobs, arguments.scheduler)
    if problem:
        print(problem, file=sys.stderr)
        return 1 if isinstance(problem, str) else 2
    if len(targets) > 1:
        _summary(arguments, files, run.scores)
    return 0


class _Run:
    """One run of the command: what was scored so far, and what becomes of each score."""

    def __init__(
        self,
        plans: Plans,
        key: bytes,
        targets: Mapping[Path, Path],
        enter: Callable[[Path, Score], str],
    ) -> None:
        self.scores: dict[Path, Score] = {}
        self._plans = plans
        self._key = key
        self._targets = targets
        self._enter = enter

    def score(
        self, wanted: Mapping[Path, Lab | None], jobs: int | None, scheduler: str | None
    ) -> str | Exception:
        """Score every file that has no stored result that holds.

        Returns:
            Why it came to no end: an exception where the same command would not go on; empty where all was scored.
        """
        with tqdm(
            total=len(wanted),
            desc="Scoring",
            unit="notebook",
            file=sys.stderr,
            disable=len(wanted) < 2,
        ) as bar:
            try:
                todo = [
                    (path, lab)
                    for path, lab in wanted.items()
                    if not self._take_stored(path, lab, bar)
                ]
                if not todo:
                    return ""
                jobs = min(jobs or joblib.cpu_count(), len(todo))
                with (
                    ClusterWorkers(scheduler) if scheduler else LocalWorkers(jobs)
                ) as workers:
                    for path, score in scores(todo, self._plans, workers):
                        problem = ""
                        if path.parent.is_dir():  # else there is no such notebook
                            problem = save(self._targets[path], score, self._key)
                        self._report(path, score, bar, after=problem)
            except (SourceError, NotScored) as error:
                return error
            except EngineError as error:
                return f"{error} {self._so_far(wanted)}"
            except KeyboardInterrupt:
                return f"Interrupted. {self._so_far(wanted)}"
        return ""

    def _so_far(self, wanted: Mapping[Path, Lab | None]) -> str:
        return (
            f"{len(self.scores)} of {len(wanted)} notebooks are done; "
            "the same command goes on from here."
        )

    def _take_stored(self, path: Path, lab: Lab | None, bar: Any) -> bool:
        try:
            content = content_of(path)
        except NotScored:
            return False
        target = self._targets[path]
        score, problem = load(target, path, content, self._plans, lab, self._key)
        if problem:
            tqdm.write(problem)
        if score is None:
            return False
        self._report(path, score, bar, after="  (stored result)")
        return True

    def _report(self, path: Path, score: Score, bar: Any, after: str) -> None:
        self.scores[path] = score
        tqdm.write(
            table(score) + (f"{after}\n" if after else "") + self._enter(path, score)
        )
        bar.update()


def _summary(
    arguments: argparse.Namespace, files: Sequence[Path], scores: Mapping[Path, Score]
) -> None:
    """Write the table of all, and say where it is, and which labs they are of."""
    done = [scores[path] for path in files]
    scored = sum(score.outcome == "scored" for score in done)
    print(f"{len(files)} notebooks, {scored} scored.", end=" ")
    if arguments.shard:
        part, parts = arguments.shard
        print(
            f"This was part {part} of {parts}. When all are done, the same command without --shard takes what they "
            "stored, and makes the table."
        )
    else:
        place = (arguments.output or _common_folder(files)) / "scores.csv"
        problem = write(place, lambda stream: write_csv(stream, done))
        print(problem or f"All in one table: {place}")
    found: dict[str, list[str]] = {}
    for score in done:
        if score.lab:
            found.setdefault(score.lab, []).append(score.file)
    if len(found) > 1 and not arguments.course:
        few = sorted(found, key=lambda lab: len(found[lab]))[:-1]
        named = "; ".join(
            f"{len(found[lab])} of {lab} ({', '.join(found[lab][:3])}{', ...' * (len(found[lab]) > 3)})"
            for lab in few
        )
        most = next(lab for lab in found if lab not in few)
        print(
            f"They are of {len(found)} labs: {len(found[most])} of {most}; {named}. Each was scored as what it is; "
            f"with --lab {most[:2]} only those of {most} are."
        )


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


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(
            f"{text} was given, expected I/N with I from 1 to N, as 3/10"
        )
    return int(match[1]), int(match[2])


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
