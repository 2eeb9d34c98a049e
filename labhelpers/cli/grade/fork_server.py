"""A process that has imported what every lab needs, and computed nothing: its forks are kernels that start at once.

Run as a program. It reads one request a line from its standard input, answers each in a line of its standard output,
and kills every kernel that is left when the input ends. Requests are ``{"launch": argv, "cwd": ..., "env": ...,
"sandbox": ...}``, answered with a process id or with a text that says why there is no kernel, and ``{"poll": id}``,
answered with an exit status or null.

Where ``sandbox`` is the start of a bubblewrap command, the fork lets it make a sandbox with an idle process in it,
enters the namespaces of that, and forks once more: only a child sees no processes but the sandbox's. The kernel is this
child, without capabilities; the first fork waits for it outside, and ends as it ended. bubblewrap dies with the first
fork, and all that runs in the sandbox dies with bubblewrap.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import subprocess
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

# From Linux' sched.h and prctl.h: user, mount, process, network, IPC, host name and control group namespaces.
_NAMESPACES = (
    0x10000000 | 0x20000 | 0x20000000 | 0x40000000 | 0x8000000 | 0x4000000 | 0x2000000
)
_SIGNAL_AT_PARENTS_DEATH, _DROP_FROM_BOUNDING_SET, _NO_NEW_PRIVILEGES = 1, 24, 38


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
            answer: int | str | None = _launch(request, nothing, kernels)
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


def _launch(request: dict[str, Any], nothing: int, kernels: set[int]) -> int | str:
    """Fork a kernel, and wait until it is in its sandbox: its process, or why it is not there."""
    reading, writing = os.pipe()
    kernel = os.fork()
    if not kernel:
        os.close(reading)
        _become_kernel(request, nothing, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as news:
        problem = news.read()
    if problem:
        os.waitpid(kernel, 0)
        return problem
    kernels.add(kernel)
    return kernel


def _become_kernel(request: dict[str, Any], nothing: int, news: int) -> NoReturn:
    """In the fork: a session, a folder and an environment of its own, and no way back to the server.

    Args:
        request: to launch.
        nothing: the null device.
        news: where to write why this goes wrong; it is closed when nothing can go wrong any more.
    """
    status = 1
    try:
        os.setsid()
        os.dup2(nothing, 0)
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            _die_with_parent(libc)
            if request["sandbox"]:
                _enter(request["sandbox"], libc)
            os.chdir(request["cwd"])
        except (OSError, ValueError) as error:
            os.write(news, f"{type(error).__name__}: {error}".encode())
            os._exit(1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
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


def _enter(sandbox: list[str], libc: ctypes.CDLL) -> None:
    """Go on as a child of this process, in a sandbox of its own; this process itself waits, and never returns.

    Raises:
        OSError: the sandbox cannot be made or entered.
        ValueError: bubblewrap does not say which process is in it.
    """
    reading, writing = os.pipe()
    idle = subprocess.Popen(
        [*sandbox, "--info-fd", str(writing), "--", "cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath},
        pass_fds=[writing],
        bufsize=0,
    )
    os.close(writing)
    assert idle.stdin
    assert idle.stdout
    with contextlib.suppress(BrokenPipeError):
        idle.stdin.write(b".")
    if idle.stdout.read(1) != b".":  # only now is all of the sandbox in place
        raise OSError("bubblewrap made no sandbox")
    with os.fdopen(reading) as facts:
        inside = json.load(facts)["child-pid"]
    _call(libc.setns, os.pidfd_open(inside), _NAMESPACES)
    _die_with_parent(
        libc
    )  # forgotten where a process gains rights, as it does in a new user namespace
    kernel = os.fork()
    if kernel:
        kept = idle.stdin.fileno()  # while it is open, the idle process idles
        os.closerange(3, kept)
        os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
        _wait_for(kernel, idle)
    idle.stdin.close()
    idle.stdout.close()
    idle.returncode = 0  # it is the waiting process' child, not this one's
    os.setsid()
    _drop_capabilities(libc)


def _wait_for(kernel: int, idle: subprocess.Popen[bytes]) -> NoReturn:
    """End as the kernel ends, and the sandbox with it."""
    _, status = os.waitpid(kernel, 0)
    idle.kill()
    idle.wait()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with contextlib.suppress(OSError):  # some signals cannot be handled anyway
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _die_with_parent(libc: ctypes.CDLL) -> None:
    _call(libc.prctl, _SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL, 0, 0, 0)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Keep nothing of what whoever enters a user namespace may do in it, and gain nothing by running a program."""
    for capability in range(_last_capability() + 1):
        _call(libc.prctl, _DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
    _call(libc.prctl, _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    version_3_of_this_process = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call(libc.capset, version_3_of_this_process, (ctypes.c_uint32 * 6)())


def _last_capability() -> int:
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as number:  # noqa: PTH123  (nothing else is needed)
        return int(number.read())


def _call(function: Any, *arguments: Any) -> None:
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
