"""Scoring on this machine and on a cluster: each notebook once, the same results, and a killed worker costs none."""

from __future__ import annotations

import _thread
import argparse
import csv
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from labhelpers.cli import grade, labs, notebooks
from labhelpers.cli.grade import Score, engine, scoring
from labhelpers.cli.grade.command import OVERALL_LIMIT, TIME_LIMIT
from labhelpers.cli.grade.plan import Plans
from tests.cli import obedient
from tests.cli.obedient import tries

LAB = labs.find_lab("02")
HAS_DASK = importlib.util.find_spec("distributed") is not None
dask = pytest.mark.skipif(not HAS_DASK, reason="distributed is not installed")


def run_main(*words: object) -> int:
    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    return grade.main(parser.parse_args([str(word) for word in words]))


def write(folder: Path, **texts: str) -> list[Path]:
    """Untouched notebooks of lab 02, made different by a text, which need no kernel."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in texts.items():
        notebook: dict[str, Any] = json.loads(notebooks.to_text(notebooks.student_notebook(LAB)))
        notebook["cells"].append({"cell_type": "raw", "id": "own", "metadata": {}, "source": text})
        paths.append(folder / f"{name}.ipynb")
        paths[-1].write_text(json.dumps(notebook), encoding="utf-8")
    return paths


def answered(folder: Path) -> list[Path]:
    """Notebooks of lab 02: right, with an answer that raises, with one that ends its kernel; and a damaged file."""
    solution = notebooks.solution_notebook(LAB).cells
    answers = {c.metadata.nbgrader.grade_id: c.source for c in solution if "nbgrader" in c.metadata}
    first = next(name for name in answers if not name.startswith(("check_", "question_")))
    folder.mkdir()
    for kind, more in (("right", ""), ("raises", "\nraise ValueError('no')"), ("ends", "\nimport os\nos._exit(3)")):
        notebook: dict[str, Any] = json.loads(notebooks.to_text(notebooks.student_notebook(LAB)))
        for cell in notebook["cells"]:
            grader = cell["metadata"].get("nbgrader", {})
            if grader.get("solution") and not grader["grade"]:
                name = grader["grade_id"]
                cell["source"] = answers[name] + (more if name == first else "")
        (folder / f"{kind}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "damaged.ipynb").write_text('{"cells": [', encoding="utf-8")
    return sorted(folder.iterdir())


def results(output: Path) -> dict[str, Any]:
    """What was stored, without what differs from run to run."""
    found = {}
    for path in sorted(output.rglob("*.score.json")):
        found[path.name] = json.loads(path.read_text(encoding="utf-8"))
        del found[path.name]["seconds"], found[path.name]["signature"]
    return found


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "score", obedient.score)


def score_here(path: Path) -> Score:
    content = path.read_bytes()
    return scoring.run_to_end(scoring.grade(path, content, Plans(TIME_LIMIT, OVERALL_LIMIT), None))


def wait_for(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_a_killed_worker_costs_the_notebook_in_hand(tmp_path: Path, stand_in: None) -> None:
    paths = write(tmp_path / "in", a="pause", b="once after a", c="", d="", e="")
    assert run_main(tmp_path / "in", "--jobs", 2, "--output", tmp_path / "out") == 0
    assert [len(tries(path)) for path in paths] == [1, 2, 1, 1, 1]
    first, second = tries(paths[1])
    assert first != second
    with (tmp_path / "out" / "scores.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["outcome"] for row in csv.DictReader(stream)] == ["scored"] * 5


def test_a_notebook_that_ends_every_worker_gets_a_sentence(tmp_path: Path, stand_in: None, capsys: Any) -> None:
    paths = write(tmp_path / "in", a="always", b="")
    assert run_main(tmp_path / "in", "--jobs", 1, "--output", tmp_path / "out") == 0
    assert [len(tries(path)) for path in paths] == [engine.TRIES, 1]
    assert "a.ipynb: not scored. The process that scores it ended 3 times" in capsys.readouterr().out


def test_where_no_worker_lives_the_run_ends_with_a_sentence(
    tmp_path: Path, stand_in: None, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(engine, "_HOPELESS", 2)
    write(tmp_path / "in", a="always", b="always")
    assert run_main(tmp_path / "in", "--jobs", 1) == 1
    said = capsys.readouterr().err
    assert "2 workers ended, and none has scored a notebook: is there enough memory?" in said
    assert "0 of 2 notebooks are done" in said


def test_a_worker_that_is_busy_for_ever_ends_itself() -> None:
    program = """
import pathlib, time
from labhelpers.cli.grade import engine, plan
async def endless(*arguments): time.sleep(60)
engine.grade, engine._OVERTIME = endless, 0.5
engine.score(engine.Task(pathlib.Path("a.ipynb"), b"", None, plan.Plans(1, 0)))
"""
    environment = {**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT)}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 70


def test_interrupted_it_goes_on_from_there_and_leaves_nothing_running(
    tmp_path: Path, stand_in: None, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(engine, "_LOOK", 0.2)
    paths = write(tmp_path / "in", a="", b="slow")
    output = tmp_path / "out"

    def interrupt() -> None:
        wait_for(lambda: results(output) and tries(paths[1]))
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert run_main(tmp_path / "in", "--jobs", 2, "--output", output) == 1
    thread.join()
    assert "Interrupted. 1 of 2 notebooks are done; the same command goes on" in capsys.readouterr().err
    assert not psutil.pid_exists(tries(paths[1])[0])
    write(tmp_path / "in", b="")
    assert run_main(tmp_path / "in", "--jobs", 2, "--output", output) == 0
    assert len(results(output)) == 2


def test_shards_hold_each_file_once_and_one_more_run_finds_them_all(
    tmp_path: Path, stand_in: None, capsys: Any
) -> None:
    paths = write(tmp_path / "in", **dict.fromkeys("abcdefg", ""))
    common = (tmp_path / "in", "--output", tmp_path / "out", "--jobs", 1)
    for part in (3, 1, 2):
        assert run_main(*common, "--shard", f"{part}/3") == 0
        assert f"This was part {part} of 3." in capsys.readouterr().out
        assert not (tmp_path / "out" / "scores.csv").exists()
    assert run_main(*common) == 0
    assert capsys.readouterr().out.count("(stored result)") == 7
    assert [len(tries(path)) for path in paths] == [1] * 7
    owners = [tries(path)[0] for path in paths]
    assert sorted(owners.count(owner) for owner in set(owners)) == [2, 2, 3]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0"])
def test_shards_that_there_are_not(text: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        run_main("x", "--shard", text)
    assert "expected I/N with I from 1 to N" in capsys.readouterr().err


@contextmanager
def process(*words: str) -> Iterator[psutil.Popen]:
    environment = {**os.environ, "PYTHONPATH": str(labs.PROJECT_ROOT)}
    one = psutil.Popen(
        [sys.executable, "-m", "dask", *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield one
    finally:
        if one.is_running():
            for each in (*one.children(recursive=True), one):
                each.kill()
        one.wait()


@contextmanager
def dask_cluster(port: int) -> Iterator[tuple[str, psutil.Popen]]:
    """A scheduler and two worker processes; its address, and the scheduler."""
    address = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        scheduler = stack.enter_context(process("scheduler", "--port", str(port), "--no-dashboard"))
        for _ in range(2):
            stack.enter_context(process("worker", address, "--nthreads", "1", "--no-dashboard"))
        yield address, scheduler


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with dask_cluster(free_port()) as (address, _):
        yield address


@dask
def test_results_are_the_same_whatever_the_engine(tmp_path: Path, cluster: str) -> None:
    paths = answered(tmp_path / "in")
    assert run_main(tmp_path / "in", "--jobs", 2, "--output", tmp_path / "here") == 0
    assert run_main(tmp_path / "in", "--scheduler", cluster, "--output", tmp_path / "there") == 0
    here = results(tmp_path / "here")
    assert len(here) == len(paths) == 4
    assert results(tmp_path / "there") == here
    assert (tmp_path / "there" / "scores.csv").read_bytes() == (tmp_path / "here" / "scores.csv").read_bytes()
    for path in paths:
        alone = score_here(path)
        found = here[f"{path.name}.score.json"]
        assert (alone.outcome, alone.points) == (found["outcome"], found["points"])
        assert [each.reason for each in alone.exercises] == [each["reason"] for each in found["exercises"]]
    assert here["right.ipynb.score.json"]["points"] == here["right.ipynb.score.json"]["of"] > 0
    assert "exit status 3" in here["ends.ipynb.score.json"]["exercises"][0]["reason"]


@dask
def test_a_killed_worker_of_a_cluster_costs_the_notebook_in_hand(tmp_path: Path, stand_in: None, cluster: str) -> None:
    paths = write(tmp_path / "in", a="", b="once", c="")
    assert run_main(tmp_path / "in", "--scheduler", cluster, "--output", tmp_path / "out") == 0
    assert [len(tries(path)) for path in paths] == [1, 2, 1]
    assert {each["outcome"] for each in results(tmp_path / "out").values()} == {"scored"}


@dask
def test_a_worker_that_cannot_score_says_what_it_needs(
    tmp_path: Path, stand_in: None, cluster: str, capsys: Any
) -> None:
    write(tmp_path / "in", a="fail")
    assert run_main(tmp_path / "in", "--scheduler", cluster) == 1
    assert "cannot score (LookupError: nothing of that name): it needs the same" in capsys.readouterr().err


@dask
def test_a_worker_with_other_files_of_the_package_is_told(
    tmp_path: Path, cluster: str, capsys: Any, monkeypatch: Any
) -> None:
    from labhelpers.cli.grade import plan

    monkeypatch.setattr(plan, "package_digest", lambda: "0123")
    write(tmp_path / "in", a="")
    assert run_main(tmp_path / "in", "--scheduler", cluster) == 1
    assert "has other files of labhelpers than this machine" in capsys.readouterr().err


@dask
def test_after_the_end_of_the_scheduler_the_same_command_goes_on(tmp_path: Path, stand_in: None, capsys: Any) -> None:
    paths = write(tmp_path / "in", a="", b="", c="slow")
    output, port = tmp_path / "out", free_port()
    command = (tmp_path / "in", "--output", output, "--scheduler", f"tcp://127.0.0.1:{port}")
    with dask_cluster(port) as (_, scheduler):

        def kill() -> None:
            wait_for(lambda: len(results(output)) == 2 and tries(paths[2]))
            scheduler.kill()

        thread = threading.Thread(target=kill)
        thread.start()
        assert run_main(*command) == 1
        thread.join()
    assert "is gone: start it again. 2 of 3 notebooks are done; the same command goes on" in capsys.readouterr().err
    write(tmp_path / "in", c="")
    with dask_cluster(port):
        assert run_main(*command) == 0
    assert len(results(output)) == 3


@dask
def test_a_scheduler_that_is_not_there_gets_a_sentence(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(engine, "_REACHED", 0.5)
    write(tmp_path / "in", a="")
    for address in (f"tcp://127.0.0.1:{free_port()}", "nowhere"):
        assert run_main(tmp_path / "in", "--scheduler", address) == 2
        assert f"No scheduler answers at {address}" in capsys.readouterr().err


def test_without_dask_the_option_says_what_to_install(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    write(tmp_path / "in", a="")
    assert run_main(tmp_path / "in", "--scheduler", "tcp://127.0.0.1:1") == 2
    assert "pip install distributed" in capsys.readouterr().err
