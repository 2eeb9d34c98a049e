"""Kernels that are forks of one process: they start, end, and are told apart as processes of their own would be."""

from __future__ import annotations

import os
import sys
import time

import pytest

from labhelpers.cli import labs, notebooks
from labhelpers.cli.grade import forks, isolation, kernel
from labhelpers.cli.grade.plan import Plans
from labhelpers.cli.grade.scoring import run_to_end

pytestmark = pytest.mark.skipif(not forks.CAN_FORK, reason="only Linux forks a process with TensorFlow in it")
PLAN = Plans(60, 600).plan(labs.find_lab("02").stem)


@pytest.fixture(autouse=True)
def _without_a_sandbox(monkeypatch):
    """A sandbox shows no parent; what is the same in one is tested there."""
    monkeypatch.setattr(isolation, "obstacle", lambda: "not here")


async def talk(*sources: str) -> list[str]:
    async with kernel.Kernel(PLAN) as one:
        await one.start()
        return [await one.execute(source, time.monotonic() + 60) for source in sources]


def test_two_kernels_are_forks_of_one_server_and_do_not_share_names():
    first = run_to_end(talk("mine = 1", "import os", "raise KeyError(os.getppid())"))
    second = run_to_end(talk("mine", "import os", "raise KeyError(os.getppid())"))
    assert first[0] == ""
    assert second[0].startswith("NameError")
    assert first[2] == second[2]
    assert first[2] != f"KeyError: {os.getpid()}"


def test_a_kernel_has_its_own_folder_session_and_no_way_to_the_server():
    said = run_to_end(
        talk(
            "import os, sys, tempfile",
            "assert os.getsid(0) == os.getpid(), 'session'",
            "assert os.getcwd() == os.environ['HOME'] == tempfile.gettempdir(), 'folder'",
            "assert os.readlink('/proc/self/fd/0') == os.devnull, 'input'",
            "assert 'LABS_SECRET' not in os.environ, 'environment'",
            "import numpy as np; assert np.linalg.inv(np.eye(300)).sum() == 300, 'threads of NumPy'",
            "import tensorflow as tf; one = tf.ones((300, 300)); assert tf.reduce_sum(one @ one) == 300**3, 'of TF'",
        )
    )
    assert said == [""] * len(said)


def test_the_exit_status_is_told():
    async def end() -> None:
        async with kernel.Kernel(PLAN) as one:
            await one.start()
            await one.execute("import os; os._exit(7)", time.monotonic() + 60)

    with pytest.raises(kernel.KernelEnded, match="exit status 7"):
        run_to_end(end())


def test_a_server_that_was_killed_is_started_anew():
    assert run_to_end(talk("1")) == [""]
    process = forks.server._process
    assert process is not None
    process.kill()
    process.wait()
    assert run_to_end(talk("1")) == [""]


def test_kernels_end_with_the_server(tmp_path):
    server = forks.ForkServer()
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    launch = ["kernel", "-f", str(tmp_path / "connection.json")]
    pid = server.ask({"launch": launch, "cwd": str(tmp_path), "env": environment, "sandbox": []})
    assert pid
    server.close()
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the kernel outlived its server")


def test_without_fork_a_kernel_is_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(forks, "CAN_FORK", False)
    said = run_to_end(talk("import os", "raise KeyError(os.getppid())"))
    assert said[1] == f"KeyError: {os.getpid()}"


def test_the_server_imports_what_the_set_up_cells_import():
    from labhelpers.cli.grade import fork_server

    ready = {name.partition(".")[0] for name in fork_server.MODULES} | set(sys.stdlib_module_names)
    for lab in labs.catalogue():
        for cell in notebooks.solution_notebook(lab).cells:
            if "setup" in cell.metadata.get("tags", []):
                for line in cell.source.splitlines():
                    words = line.split() if line[:1] != " " else []  # what a function imports may stay unimported
                    if words[:1] in (["import"], ["from"]):
                        assert words[1].partition(".")[0] in ready, line
