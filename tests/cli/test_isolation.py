"""The sandbox of a kernel: what an answer tries in it, and that the same attempts get through without one."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import labhelpers
from labhelpers.cli import labs
from labhelpers.cli.grade import forks, isolation, kernel, scoring
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.report import table
from labhelpers.cli.grade.scoring import run_to_end
from tests.cli.test_grade import RIGHT, run_main, save, student_file, tiny  # noqa: F401  (a fixture)

OBSTACLE = isolation.obstacle()
needs_sandbox = pytest.mark.skipif(bool(OBSTACLE), reason=OBSTACLE or "never")


class World:
    """What an account holds beside the submission that is scored, and a server that listens on this machine."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.classmate = folder / "submitted" / "1202" / "01_vae" / "01_vae.ipynb"
        self.result = folder / "scores" / "01_vae.ipynb.score.json"
        for path in (self.home / ".ssh" / "id", self.classmate, self.result):
            path.parent.mkdir(parents=True)
            path.write_text("secret", encoding="utf-8")
        self.listener = socket.create_server(("127.0.0.1", 0))

    def attempts(self) -> dict[str, str]:
        """Name and code of each attempt; it raises where it fails."""
        solution, package = labs.SOURCES / "01_vae.py", Path(str(labhelpers.__file__))
        read = {
            "the list of accounts": "/etc/passwd",
            "a key in the home": self.home / ".ssh" / "id",
            "the solutions": solution,
            "the tests": labs.PROJECT_ROOT / "tests" / "cli" / "test_isolation.py",
            "a classmate's file": self.classmate,
        }
        written = {
            "the stored result": self.result,
            "a classmate's file": self.classmate,
            "labhelpers": package,
            "a file beside labhelpers": package.with_name("written_by_an_answer.py"),
            "a file in /tmp": Path("/tmp/written_by_an_answer"),
        }
        return {
            **{f"read {name}": f"open({str(path)!r}).read()" for name, path in read.items()},
            **{f"TensorFlow reads {name}": f"tf.io.gfile.GFile({str(path)!r}).read()" for name, path in read.items()},
            "TensorFlow lists the solutions": f"assert tf.io.gfile.glob({str(solution.parent / '*.py')!r})",
            **{f"write {name}": f"open({str(path)!r}, 'a').close()" for name, path in written.items()},
            **{f"TensorFlow writes {name}": _appends(path) for name, path in written.items()},
            "connect": f"socket.create_connection({self.listener.getsockname()!r}, 5).close()",
            "see the process that scores": f"os.kill({os.getpid()}, 0)",
            "read its environment": f"open('/proc/{os.getpid()}/environ').read()",
            "see other processes": "assert sum(name.isdigit() for name in os.listdir('/proc')) > 2",
        }


def _appends(path: Path) -> str:
    """TensorFlow opens a file to append to it, and adds nothing."""
    return f"file = tf.io.gfile.GFile({str(path)!r}, 'a'); file.write(''); file.close()"


# What an account may do is tried in the sandbox only: without one it would be done.
ONLY_INSIDE = {
    "kill all that it can see": "os.kill(-1, 9)",
    "change the system": "open('/proc/sys/kernel/core_pattern', 'w')",
    "write to memory": "open('/dev/shm/x', 'w')",
    "mount": "check(libc.mount(b'/', b'/tmp', None, 4096, None))",
    "become the root of a user namespace": "check(libc.unshare(0x10000000))",
    "enter the namespaces of process 1 anew": "check(libc.setns(os.pidfd_open(1), 0x10000000))",
    "have a capability": "assert 'CapEff:\\t' + 16 * '0' not in open('/proc/self/status').read()",
    "gain one by a program": "assert 'NoNewPrivs:\\t1' not in open('/proc/self/status').read()",
}
READY = """
import ctypes, os, socket, tensorflow as tf
libc = ctypes.CDLL(None, use_errno=True)
def check(failed):
    if failed: raise OSError(ctypes.get_errno(), 'no')
"""


async def talk(sources: Mapping[str, str]) -> dict[str, str]:
    """What each piece of code raised in one kernel; empty where it went well."""
    async with kernel.Kernel(Plans(60, 600).plan(labs.find_lab("02").stem)) as one:
        await one.start()
        assert await one.execute(READY, time.monotonic() + 60) == ""
        return {name: await one.execute(source, time.monotonic() + 60) for name, source in sources.items()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The account; kernels without the audit hook, so that what stops an attempt is the sandbox alone."""
    made = World(tmp_path_factory.mktemp("account"))
    text = kernel.kernel_side()
    assert text.count("sys.addaudithook(audit)") == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "kernel_side", lambda: text.replace("sys.addaudithook(audit)", "pass"))
        patch.setenv("HOME", str(made.home))
        yield made
    made.listener.close()
    Path("/tmp/written_by_an_answer").unlink(missing_ok=True)
    Path(str(labhelpers.__file__)).with_name("written_by_an_answer.py").unlink(missing_ok=True)


@needs_sandbox
@pytest.mark.parametrize("forked", [True, False], ids=["a fork", "a process of its own"])
def test_nothing_gets_out_of_the_sandbox(world: World, monkeypatch: pytest.MonkeyPatch, forked: bool) -> None:
    monkeypatch.setattr(forks, "CAN_FORK", forked)
    said = run_to_end(talk({**world.attempts(), **ONLY_INSIDE, "write its own folder": "open('mine', 'w').close()"}))
    assert said.pop("write its own folder") == ""
    assert [name for name, error in said.items() if not error] == []
    kinds = {error.partition(":")[0] for error in said.values()}
    assert kinds <= {
        "FileNotFoundError", "NotFoundError", "PermissionError", "PermissionDeniedError", "OSError", "AssertionError",
        "ConnectionRefusedError", "ProcessLookupError", "FailedPreconditionError", "UnimplementedError",
    }, said  # fmt: skip


@pytest.mark.skipif(not forks.CAN_FORK, reason="the attempts are Linux'")
def test_without_a_sandbox_the_same_attempts_get_through(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "obstacle", lambda: "not here")
    said = run_to_end(talk(world.attempts()))
    assert [name for name, error in said.items() if error] == []


@needs_sandbox
@pytest.mark.parametrize("forked", [True, False], ids=["a fork", "a process of its own"])
def test_all_that_runs_in_a_sandbox_ends_with_it(world: World, monkeypatch: pytest.MonkeyPatch, forked: bool) -> None:
    monkeypatch.setattr(forks, "CAN_FORK", forked)
    daemon = "if not os.fork(): os.setsid(); import time; time.sleep(600)"
    said = run_to_end(talk({"daemon": daemon, "where": "raise KeyError(os.readlink('/proc/self/ns/pid'))"}))
    assert said["daemon"] == ""
    namespace = said["where"].split("'")[1]
    for _ in range(100):
        if not _processes_in(namespace):
            break
        time.sleep(0.05)
    assert _processes_in(namespace) == []


@needs_sandbox
@pytest.mark.parametrize(("code", "status"), [("os._exit(7)", 7), ("import signal; signal.raise_signal(9)", -9)])
def test_how_a_kernel_ended_is_told_through_the_sandbox(world: World, code: str, status: int) -> None:
    with pytest.raises(kernel.KernelEnded, match=f"exit status {status}"):
        run_to_end(talk({"end": code}))


@needs_sandbox
def test_a_sandbox_ends_with_a_server_that_is_killed(world: World) -> None:
    async def namespace() -> str:
        async with kernel.Kernel(Plans(60, 600).plan(labs.find_lab("02").stem)) as one:
            await one.start()
            where = "import os; raise KeyError(os.readlink('/proc/self/ns/pid'))"
            found = (await one.execute(where, time.monotonic() + 60)).split("'")[1]
            assert _processes_in(found)
            process = forks.server._process
            assert process is not None
            process.kill()
            process.wait()
            for _ in range(100):
                if not _processes_in(found):
                    break
                time.sleep(0.05)
            return found

    assert _processes_in(run_to_end(namespace())) == []


def _processes_in(namespace: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "ns" / "pid") == namespace:  # noqa: PTH115  (no path, but a name)
                found.append(process.name)
        except OSError:
            continue
    return found


@needs_sandbox
def test_where_a_fork_cannot_enter_the_kernel_is_a_process_in_a_sandbox(world: World, tmp_path: Path) -> None:
    said = forks.server.ask({"launch": ["kernel"], "cwd": str(tmp_path), "env": dict(os.environ), "sandbox": ["false"]})
    assert isinstance(said, str)
    assert "bubblewrap made no sandbox" in said


@needs_sandbox
def test_a_sandbox_does_not_show_the_home_even_where_the_data_lie_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    words = isolation.sandbox(tmp_path / "folder", [tmp_path, tmp_path / "home", tmp_path / "nowhere"])
    assert str(tmp_path) not in words
    assert str(tmp_path / "home") not in words
    assert str(tmp_path / "nowhere") not in words


@needs_sandbox
def test_solutions_and_tests_are_hidden_where_the_data_folder_holds_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(labs, "SOURCES", tmp_path / "solutions")
    (tmp_path / "solutions").mkdir()
    words = isolation.sandbox(tmp_path / "folder", [tmp_path])
    shown, hidden = words.index(str(tmp_path)), words.index(str(tmp_path / "solutions"))
    assert words[shown - 1] == "--ro-bind"
    assert words[hidden - 1] == "--tmpfs"
    assert shown < hidden


def grade_file(path: Path, plans: Plans, lab: labs.Lab) -> Any:
    return run_to_end(scoring.grade(path, path.read_bytes(), plans, lab))


def answered(lab: labs.Lab, path: Path) -> Path:
    return save(path, student_file(lab, RIGHT))


@needs_sandbox
def test_a_notebook_is_scored_in_a_sandbox_and_the_report_says_so(tiny: labs.Lab, tmp_path: Path) -> None:  # noqa: F811
    plans = Plans(60, 600, "required")
    score = grade_file(answered(tiny, tmp_path / "a.ipynb"), plans, tiny)
    assert (score.points, score.isolation) == (6, "sandbox")
    assert "Isolation: a sandbox of its own" in table(score)


def test_without_a_sandbox_the_report_says_that(
    tiny: labs.Lab,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolation, "obstacle", lambda: "not here.")
    score = grade_file(answered(tiny, tmp_path / "a.ipynb"), Plans(60, 600), tiny)
    assert (score.points, score.isolation) == (6, "account")
    assert "the answers could read what your account can read" in table(score)
    untouched = save(tmp_path / "b.ipynb", student_file(tiny))
    score = grade_file(untouched, Plans(60, 600), tiny)
    assert score.isolation == ""
    assert "there was no code to run" in table(score)


def test_required_refuses_where_there_is_no_sandbox(
    tiny: labs.Lab,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(isolation, "obstacle", lambda: "bubblewrap is not installed: install it.")
    path = answered(tiny, tmp_path / "a.ipynb")
    assert run_main(path, "--isolation", "required") == 2
    said = capsys.readouterr()
    assert said.err.strip().endswith("as --isolation required asks: bubblewrap is not installed: install it.")
    assert list(tmp_path.iterdir()) == [path]
    # A worker on another machine may lack what the machine that was asked has.
    score = grade_file(path, Plans(60, 600, "required"), tiny)
    assert score.outcome == "not scored"
    assert "bubblewrap is not installed" in score.reason


def test_a_result_from_without_a_sandbox_is_not_believed_where_one_is_required(tiny: labs.Lab) -> None:  # noqa: F811
    digests = {level: Plans(60, 600, level).plan(tiny.stem).digest for level in isolation.LEVELS}
    assert digests["auto"] != digests["required"]


@pytest.fixture
def probing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The probe, asked anew."""
    isolation.obstacle.cache_clear()
    isolation._namespaces.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    isolation.obstacle.cache_clear()
    isolation._namespaces.cache_clear()


def test_another_system_has_no_sandbox(probing: pytest.MonkeyPatch) -> None:
    probing.setattr(sys, "platform", "darwin")
    assert isolation.obstacle() == "bubblewrap makes sandboxes on Linux only."


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is Linux'")
def test_without_bubblewrap_the_sentence_says_what_to_install(probing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    probing.setenv("PATH", str(tmp_path))
    assert isolation.obstacle().startswith("bubblewrap is not installed: install the package bubblewrap")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bubblewrap is Linux'")
def test_a_bubblewrap_that_can_make_no_namespace_is_told(probing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    probing.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert isolation.obstacle() == (
        "bubblewrap cannot make a sandbox here (No permissions to create new namespace): the system must allow user "
        "namespaces."
    )
