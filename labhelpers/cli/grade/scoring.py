"""From a file to its score: each answer is run and checked in turn, and what came of it is explained."""

from __future__ import annotations

import asyncio
import contextlib
import re
import stat
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labhelpers.checks.core import GOES_ON
from labhelpers.cli.grade import isolation
from labhelpers.cli.grade.kernel import Kernel, KernelEnded
from labhelpers.cli.grade.plan import Exercise, Plan, Plans, bound_names, definitions
from labhelpers.cli.grade.report import clean, sentence
from labhelpers.cli.grade.score import (
    ExerciseScore,
    NotScored,
    Score,
    file_digest,
)
from labhelpers.cli.grade.submission import (
    Answer,
    File,
    find_answer,
    find_manual,
    find_plan,
    read,
)
from labhelpers.cli.labs import Lab, SourceError


@dataclass(frozen=True)
class _Verdict:
    status: str
    reason: str
    remarks: tuple[str, ...] = ()

    @property
    def spoils_kernel(self) -> bool:
        return self.status in ("time limit", "kernel ended", "changes the checker")


def content_of(path: Path) -> bytes:
    """The bytes of a file that was handed in.

    Raises:
        NotScored: it is missing, or nothing to be read.
    """
    try:
        kind = path.lstat().st_mode
        if not stat.S_ISREG(kind):
            # A link may lead to a classmate's file, and reading a pipe or a device may never end.
            found = "a link" if stat.S_ISLNK(kind) else "no regular file"
            raise NotScored(
                f"{path} is {found}, expected a notebook: ask for the file itself."
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise NotScored(
            f"{path} is missing, expected a notebook: check the name."
        ) from None
    except OSError as error:
        raise NotScored(
            f"{path} cannot be read ({error.strerror}), expected a notebook."
        ) from None


async def grade(path: Path, content: bytes, plans: Plans, asked: Lab | None) -> Score:
    """Score one file with this content; whatever is wrong with it becomes a score that says so."""
    started = time.monotonic()
    score = Score(str(path), "not scored", file_digest=file_digest(content))
    try:
        file = read(path, content)
        plan, remarks = find_plan(path, file, plans, asked)
        answers = [find_answer(exercise, plan, file) for exercise in plan.exercises]
        manual = tuple(find_manual(question, file) for question in plan.questions)
        score = replace(
            score,
            lab=plan.lab.stem,
            release=plan.release,
            manual=manual,
            remarks=tuple(remarks),
            isolation=(
                ""
                if not any(answer.source for answer in answers)
                else "account"
                if isolation.obstacle()
                else "sandbox"
            ),
        )
        verdicts = await _judge(
            plan, answers, file, plans.time_limit, started + plans.overall_limit
        )
    except NotScored as problem:
        return replace(
            score,
            reason=clean(str(problem)),
            seconds=round(time.monotonic() - started, 2),
        )
    except SourceError:
        raise
    except Exception as error:  # one file must not stop the others
        text = sentence(f"{type(error).__name__}: {error}")
        reason = f"Scoring itself failed, which is not the student's fault: {text}"
        return replace(
            score, reason=clean(reason), seconds=round(time.monotonic() - started, 2)
        )
    exercises = tuple(
        ExerciseScore(
            exercise.name,
            exercise.points if verdict.status == "right" else 0.0,
            exercise.points,
            verdict.status,
            clean(verdict.reason),
            tuple(clean(remark) for remark in (*answer.remarks, *verdict.remarks)),
        )
        for exercise, answer, verdict in zip(
            plan.exercises, answers, verdicts, strict=True
        )
    )
    return replace(
        score,
        outcome="scored",
        exercises=exercises,
        seconds=round(time.monotonic() - started, 2),
        scorer_digest=plan.digest,
    )


def run_to_end(coroutine: Any) -> Any:
    """Run a coroutine; on Windows with the event loop that ZeroMQ works with."""
    factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


async def _judge(
    plan: Plan,
    answers: Sequence[Answer],
    file: File,
    time_limit: float,
    overall_end: float,
) -> list[_Verdict]:
    """The verdict on every exercise: in one kernel while it lives, and once more in a clean one where that may help."""
    verdicts = [_Verdict(answer.status, answer.reason) for answer in answers]
    todo = [
        number for number, answer in enumerate(answers) if answer.source is not None
    ]
    sources = {number: answers[number].source or "" for number in todo}
    first = await _run_in_order(plan, todo, sources, {}, time_limit, overall_end)
    for number, (verdict, _) in first.items():
        verdicts[number] = verdict
    # An answer may fail because of what an earlier one left behind; the stand-ins leave nothing.
    again = [
        n
        for n, (v, others) in first.items()
        if others and v.status not in ("right", "unanswered", "not reached")
    ]
    if again and time.monotonic() < overall_end:
        stubs = {
            number: plan.exercises[number].stub
            for number in todo
            if number not in again
        }
        for number, (verdict, _) in (
            await _run_in_order(
                plan,
                again,
                {n: sources[n] for n in again},
                stubs,
                time_limit,
                overall_end,
            )
        ).items():
            if verdict.status == "right":
                note = "Right on its own, but not after the earlier answers: they leave something behind."
                verdicts[number] = replace(verdict, remarks=(*verdict.remarks, note))
    return [_explain(verdict, plan, file) for verdict in verdicts]


async def _run_in_order(
    plan: Plan,
    todo: Sequence[int],
    sources: Mapping[int, str],
    fixed: Mapping[int, str],
    time_limit: float,
    overall_end: float,
) -> dict[int, tuple[_Verdict, int]]:
    """Run the exercises in ``todo``; every other one is there as its stand-in.

    Returns:
        For each the verdict, and how many other answers had run in its kernel.
    """
    late = _Verdict(
        "not reached", "The time for the whole notebook was over before this answer."
    )
    results: dict[int, tuple[_Verdict, int]] = {}
    replay: dict[int, str] = dict(fixed)
    async with contextlib.AsyncExitStack() as stack:
        kernel: Kernel | None = None
        for number in todo:
            while number not in results:
                if time.monotonic() >= overall_end:
                    results[number] = (late, 0)
                    break
                if kernel is None:
                    kernel = await stack.enter_async_context(Kernel(plan))
                    await kernel.start()
                target = kernel.done
                exercise = plan.exercises[target]
                own = (
                    sources[target]
                    if target == number
                    else replay.get(target, exercise.stub)
                )
                verdict = await _step(
                    kernel,
                    exercise,
                    own,
                    min(overall_end, time.monotonic() + time_limit),
                )
                own_answers = kernel.own_answers
                if target == number:
                    results[number] = (verdict, own_answers)
                kernel.done += 1
                kernel.own_answers += own != exercise.stub
                replay[target] = exercise.stub if verdict.spoils_kernel else own
                if verdict.spoils_kernel:
                    await stack.aclose()
                    kernel = None
                    if own == exercise.stub:
                        if not own_answers:
                            raise NotScored(
                                f"The lab's own cells of {exercise.name} fail ({verdict.reason}), which is not the "
                                "student's fault: try fewer --jobs or a longer --time-limit."
                            )
                        replay = {}  # an earlier answer left something behind that spoils even these
    return results


async def _step(
    kernel: Kernel, exercise: Exercise, source: str, end: float
) -> _Verdict:
    """Run one answer and its check; leave the stand-in behind where the answer does not give its names."""
    names = list(exercise.defines)
    started = time.monotonic()
    try:
        await kernel.request("clear", end, names)
        error = await kernel.execute(source, end)
        found = await kernel.request("inspect", end, names)
        if found["seal"] != kernel.seal:
            return _changed(kernel.seal, found["seal"])
        left_out = ""
        if error and not error.startswith("NotImplementedError"):
            # An honest cell may try its answer on what scoring does not have: what it defines still counts.
            rest, lines = definitions(source, names)
            if lines and bound_names(rest) >= set(names):
                tried = found["refused"]
                await kernel.request("clear", end, names)
                left_out = _left_out(lines, error)
                error = await kernel.execute(rest, end)
                found = await kernel.request("inspect", end, names)
                found["refused"] = [*tried, *found["refused"]]
                if found["seal"] != kernel.seal:
                    return _changed(kernel.seal, found["seal"])
        remarks = [left_out] * bool(left_out) + [
            f"It rebinds {', '.join(found['rebound'])}, which the lab made; scoring put it back."
        ] * bool(found["rebound"])
        if found["compared"]:
            remarks.append(
                "Its cell calls labhelpers' own version: to compare, or to keep what comes out?"
            )
        verdict = _before_check(error, found, exercise)
        if verdict is not None and source != exercise.stub:
            await kernel.request("clear", end, names)
            await kernel.execute(exercise.stub, end)
        judged = verdict is None and source != exercise.stub
        report = await kernel.check(exercise, end, judged=judged)
        if report["seal"] != kernel.seal:
            return _changed(kernel.seal, report["seal"])
        if found["refused"] or report["refused"]:
            tried = ", ".join(dict.fromkeys([*found["refused"], *report["refused"]]))
            remarks.append(f"It tried what scoring does not allow: {tried}.")
        return replace(
            verdict or _after_check(report, exercise), remarks=tuple(remarks)
        )
    except TimeoutError:
        return _Verdict(
            "time limit",
            f"Stopped after {time.monotonic() - started:.0f} s: an endless loop, or far too slow.",
        )
    except KernelEnded as ended:
        return _Verdict(
            "kernel ended",
            f"The kernel ended while it ran ({ended}): it exits, crashes, or needs too much memory.",
        )


def _left_out(lines: Sequence[int], error: str) -> str:
    places = ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
    return f"Line{'s' * (len(lines) > 1)} {places} of the cell, which define nothing, were left out: {sentence(error)}"


def _before_check(
    error: str, found: Mapping[str, Any], exercise: Exercise
) -> _Verdict | None:
    if error.startswith("NotImplementedError"):
        return _Verdict("unanswered", "Not answered yet.")
    if error:
        return _Verdict("does not run", f"The cell does not run: {sentence(error)}")
    if found["absent"]:
        return _Verdict(
            "wrong", f"The cell does not define {', '.join(found['absent'])}."
        )
    if found["borrowed"]:
        return _Verdict(
            "wrong",
            f"It hands in labhelpers' own {', '.join(found['borrowed'])}, which is never scored.",
        )
    return None


def _after_check(report: Mapping[str, Any], exercise: Exercise) -> _Verdict:
    outcomes: dict[str, list[str]] = report["outcomes"]
    lines = [_strip_line(line, name) for name, (_, line) in outcomes.items()]
    if exercise.name in report["delegated"]:
        return _Verdict(
            "wrong",
            "It calls labhelpers' own version, by whatever name, which is never scored.",
        )
    if not report["error"]:
        return _Verdict("right", " ".join(lines) or "All hidden tests pass.")
    kinds = {kind for kind, _ in outcomes.values()}
    if "unanswered" in kinds:
        return _Verdict("unanswered", "Not answered yet.")
    wrong = [
        _strip_line(line, name)
        for name, (kind, line) in outcomes.items()
        if kind == "wrong"
    ]
    return _Verdict(
        "wrong",
        " ".join(wrong) or sentence(report["error"].removeprefix("AssertionError: ")),
    )


def _changed(before: object, after: object) -> _Verdict:
    """Which sealed objects differ."""
    old = (
        {(label, name): value for label, name, value in before}
        if isinstance(before, list)
        else {}
    )
    new = (
        {(label, name): value for label, name, value in after}
        if isinstance(after, list)
        else {}
    )
    places = [
        label if name == label else f"{label}.{name}"
        for label, name in old
        if old[label, name] != new.get((label, name))
    ]
    named = ", ".join(places[:3]) + (", ..." if len(places) > 3 else "")
    return _Verdict(
        "changes the checker",
        f"The answer changes what checks it ({named}): no points.",
    )


def _strip_line(line: str, name: str) -> str:
    return re.sub(rf"^{re.escape(name)} [✓✗·] ", "", line).replace(GOES_ON, "").strip()


def _explain(verdict: _Verdict, plan: Plan, file: File) -> _Verdict:
    """Say what to do about a name that only exists outside of the answer cells."""
    match = re.search(r"NameError: name '(\w+)' is not defined", verdict.reason)
    if verdict.status == "right" or not match:
        return verdict
    name = match[1]
    graded = {exercise.name for exercise in plan.exercises}
    places = [
        str(cell.number)
        for cell in file.cells
        if cell.kind == "code"
        and cell.grade_id not in graded
        and name in bound_names(cell.source)
    ]
    where = (
        f"cell {' and '.join(places[:3])} defines"
        if places
        else "no answer cell defines"
    )
    advice = f"It needs {name}, which {where}: all that an answer needs must stand in its own cell."
    return replace(verdict, reason=f"{verdict.reason} {advice}")
