"""A process that has imported what every lab needs, and computed nothing: its forks are kernels that start at once.

Run as a program. It reads one request a line from its standard input, answers each in a line of its standard output,
and kills every kernel that is left when the input ends. Requests are ``{"launch": argv, "cwd": ..., "env": ...}``,
answered with a process id, and ``{"poll": id}``, answered with an exit status or null.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import tempfile
from typing import Any, NoReturn

# fmt: off
MODULES = (
    "numpy", "pandas", "matplotlib.figure", "matplotlib.pyplot", "tensorflow", "keras", "IPython",
    "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "tqdm.auto", "imageio.v2",
    "joblib", "PIL.Image",
    "labhelpers.checks", "labhelpers.data", "labhelpers.judging", "labhelpers.losses", "labhelpers.models",
    "labhelpers.profiles", "labhelpers.training", "labhelpers.visualize", "labhelpers.zoo",
)
# fmt: on


def main() -> None:
    """Import, then serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    for name in MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # else the collections of every fork look through, and so copy, what is here already
    kernels: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "launch" in request:
            kernel = os.fork()
            if not kernel:
                _become_kernel(request, nothing, answers.fileno())
            kernels.add(kernel)
            answer: int | None = kernel
        else:
            answer = _status(request["poll"], kernels)
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()
    for kernel in kernels:
        for end in (os.killpg, os.kill):  # it may not lead a group of its own yet
            with contextlib.suppress(OSError):
                end(kernel, signal.SIGKILL)
        os.waitpid(kernel, 0)


def _status(kernel: int, kernels: set[int]) -> int | None:
    """The exit status of a kernel as subprocess gives it: minus the signal that ended it; None while it runs."""
    if kernel not in kernels:
        return 0
    found, status = os.waitpid(kernel, os.WNOHANG)
    if not found:
        return None
    kernels.discard(kernel)
    return os.waitstatus_to_exitcode(status)


def _become_kernel(request: dict[str, Any], nothing: int, answers: int) -> NoReturn:
    """In the fork: a session, a folder and an environment of its own, and no way back to the server."""
    status = 1
    try:
        os.setsid()
        os.dup2(nothing, 0)
        os.close(answers)
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
        tempfile.tempdir = None
        from ipykernel.kernelapp import IPKernelApp

        sys.argv = request["launch"]
        IPKernelApp.launch_instance(request["launch"][1:])
        status = 0
    except SystemExit as ended:
        status = (
            ended.code
            if isinstance(ended.code, int)
            else 0
            if ended.code is None
            else 1
        )
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
