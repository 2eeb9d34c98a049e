"""Scoring many copies of lab 01 (right, partly right, untouched, broken) with one worker, with two, and with kills.

``python benchmarks/grading.py`` compares one worker with two on 100 copies. ``--copies 1000 --parts worker cluster``
scores 1,000 with two workers of which one is killed (``kill -9``), and again on a Dask cluster that loses first a
worker and then its scheduler. Seconds and CPU-seconds are those of the whole command with every process that it starts,
their starts included (a cluster's workers are not started by it); memory is the largest sum of all its processes'
proportional shares, looked at once a second. Every run must give the same table.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from labhelpers.cli import labs
from labhelpers.cli.notebooks import solution_notebook, student_notebook, to_text

GOAL_CPU, GOAL_RATIO = 2.0, 1.8
KINDS = {"right": 40, "partly": 30, "untouched": 10, "raises": 10, "ends": 5, "damaged": 5}
"""How many of a hundred copies are of each kind; ``ends`` calls ``os._exit``, which costs a second kernel."""
STARTED = {"right", "partly", "raises", "ends"}
"""The kinds that a kernel is started for."""


def write_copies(folder: Path, count: int) -> int:
    """Write the copies, no two with the same bytes, the kinds mixed.

    Returns:
        For how many a kernel is started.
    """
    lab = labs.find_lab("01")
    blank = to_text(student_notebook(lab))
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in solution_notebook(lab).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    code = [name for name in answers if not name.startswith("question_")]
    kinds = random.Random(0).choices(list(KINDS), list(KINDS.values()), k=count)
    for number, kind in enumerate(kinds):
        given = dict(answers) if kind != "untouched" else {}
        if kind == "partly":
            given = {name: given[name] for name in code[number % 2 :: 2]}
        elif kind == "raises":
            given[code[1]] += "\nraise ValueError('no')"
        elif kind == "ends":
            given[code[1]] += "\nimport os\nos._exit(0)"
        notebook = json.loads(blank)
        for cell in notebook["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            cell["source"] = given.get(name, cell["source"])
        notebook["cells"].append({"cell_type": "raw", "id": "own", "metadata": {}, "source": f"Copy {number}."})
        text = json.dumps(notebook)
        text = text[: len(text) // 2] if kind == "damaged" else text
        (folder / f"{number:04}_{kind}.ipynb").write_text(text, encoding="utf-8")
    return sum(kind in STARTED for kind in kinds)


@dataclass
class Figures:
    """What one run of the command took."""

    status: int
    said: str
    seconds: float
    cpu: float
    memory: float


def grade(copies: Path, output: Path, *options: str, at: dict[int, Callable[[psutil.Process], None]]) -> Figures:
    """Run ``labs grade``; ``at`` holds what is done once so many results are stored."""
    command = [sys.executable, "-m", "labhelpers.cli", "grade", str(copies), "--output", str(output), *options]
    todo, memory, start = dict(at), 0.0, time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            memory = max(memory, _memory(process))
            stored = sum(1 for _ in output.glob("*.score.json"))
            for count in [count for count in todo if stored >= count]:
                todo.pop(count)(process)
            time.sleep(1)
        said.seek(0)
        text = re.sub(r".*\r", "", said.read())
    seconds = time.perf_counter() - start
    return Figures(os.waitstatus_to_exitcode(status), text, seconds, usage.ru_utime + usage.ru_stime, memory / 2**20)


def _memory(process: psutil.Process) -> float:
    total = 0
    with suppress(psutil.Error):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += each.memory_full_info().pss
    return total


def kill_a_worker(process: psutil.Process) -> None:
    """``kill -9`` one of the command's own workers."""
    worker = next(each for each in process.children() if any("popen_loky" in word for word in each.cmdline()))
    print(f"  kill -9 {worker.pid} (a worker)")
    worker.kill()


def rows(output: Path) -> list[list[str]]:
    """The table without its heading."""
    with (output / "scores.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))[1:]


@contextmanager
def scheduler(port: int) -> Iterator[psutil.Popen]:
    """A Dask scheduler on this machine."""
    with _process("scheduler", "--port", str(port), "--no-dashboard") as process:
        yield process


@contextmanager
def _process(*words: str) -> Iterator[psutil.Popen]:
    process = psutil.Popen([sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        for each in (*process.children(recursive=True), process) if process.is_running() else ():
            with suppress(psutil.Error):
                each.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--parts", nargs="+", choices=["speed", "worker", "cluster"], default=["speed"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        copies = Path(name) / "copies"
        copies.mkdir()
        count, started = options.copies, write_copies(copies, options.copies)
        print(f"{count} copies of lab 01, of which {started} need a kernel")
        print(f"{'run':<28}{'seconds':>9}{'a notebook':>12}{'CPU-s':>8}{'a notebook':>12}{'a kernel':>10}{'MiB':>7}")
        tables: list[list[list[str]]] = []

        def run(what: str, output: str, *words: str, **at: Any) -> Figures:
            figures = grade(copies, Path(name) / output, *words, at=at.get("at", {}))
            print(
                f"{what:<28}{figures.seconds:>9.1f}{figures.seconds / count:>12.2f}{figures.cpu:>8.1f}"
                f"{figures.cpu / count:>12.2f}{figures.cpu / started:>10.2f}{figures.memory:>7.0f}"
            )
            if figures.status:
                print(f"  status {figures.status}: {figures.said.strip()}")
            else:
                tables.append(rows(Path(name) / output))
            return figures

        if "speed" in options.parts:
            one = run("one worker", "one", "--jobs", "1")
            two = run("two workers", "two", "--jobs", "2")
            ratio = one.seconds / two.seconds
            print(f"two workers are {ratio:.2f} times as fast; the goal of {GOAL_RATIO} is {_met(ratio >= GOAL_RATIO)}")
            cpu = max(one.cpu, two.cpu) / started
            print(f"CPU-seconds a kernel: {cpu:.2f}; the goal of {GOAL_CPU} is {_met(cpu <= GOAL_CPU)}")
        if "worker" in options.parts:
            run("two, one killed", "killed", "--jobs", "2", at={count // 3: kill_a_worker})
        if "cluster" in options.parts:
            cluster(run, count)
        same = all(table == tables[0] for table in tables)
        print(f"{len(tables)} tables, {'all the same' if same else 'THEY DIFFER'}")


def cluster(run: Callable[..., Figures], count: int) -> None:
    """Two worker processes; one is killed after a third, the scheduler after two thirds; then the command goes on."""
    port = 18786
    address = f"tcp://127.0.0.1:{port}"
    worker = ("worker", address, "--nthreads", "1", "--no-dashboard")
    with ExitStack() as stack:
        first = stack.enter_context(scheduler(port))
        nannies = [stack.enter_context(_process(*worker)) for _ in range(2)]

        def kill_one(_: psutil.Process) -> None:
            victim = max(nannies[0].children(), key=lambda each: each.memory_info().rss)
            print(f"  kill -9 {victim.pid} (a worker of the cluster)")
            victim.kill()

        def kill_scheduler(_: psutil.Process) -> None:
            print(f"  kill -9 {first.pid} (the scheduler)")
            first.send_signal(signal.SIGKILL)

        run(
            "cluster, both killed",
            "cluster",
            "--scheduler",
            address,
            at={count // 3: kill_one, 2 * count // 3: kill_scheduler},
        )
    with ExitStack() as stack:
        stack.enter_context(scheduler(port))
        for _ in range(2):
            stack.enter_context(_process(*worker))
        run("cluster, the same command", "cluster", "--scheduler", address)


def _met(met: bool) -> str:
    return "met" if met else "missed"


if __name__ == "__main__":
    main()
