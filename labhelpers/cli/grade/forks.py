"""Kernels as forks of one process that has imported TensorFlow already: two seconds of a core each instead of five."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

CAN_FORK = sys.platform.startswith("linux")
"""Whether a fork of a process with TensorFlow in it is safe here; macOS' own libraries forbid it, Windows has none."""


class ForkServer:
    """The process that forks, started when it is first needed; it ends with the process that holds this object."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def ask(self, request: dict[str, Any]) -> int | str | None:
        """The server's answer to a request; threads take turns.

        Raises:
            OSError: the server ended.
        """
        with self._one_at_a_time:
            return self._ask(request)

    def _ask(self, request: dict[str, Any]) -> int | str | None:
        if self._process is None or self._process.poll() is not None:
            # Hash seed and encoding are settled when Python starts: those of the first kernel are those of all.
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("fork_server.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**request["env"], "PYTHONPATH": os.pathsep.join(sys.path)}
                if "env" in request
                else None,
                text=True,
                encoding="utf-8",
            )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise OSError("the process that starts kernels has ended")
        answer: int | str | None = json.loads(line)
        return answer

    def close(self) -> None:
        """End the server and every kernel that is left."""
        if self._process is not None:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


server = ForkServer()
atexit.register(server.close)


class _Fork:
    """A kernel's process as ``LocalProvisioner`` uses one."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            status = server.ask({"poll": self.pid})
            assert not isinstance(status, str)
            self.returncode = status
        return self.returncode

    def wait(self) -> int | None:
        while self.poll() is None:
            pass  # only asked for once it has ended
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class SandboxProvisioner(LocalProvisioner):
    """Starts a kernel as a process of its own, in a sandbox where there is one."""

    sandbox: Sequence[str] = ()
    """The start of the command that makes the sandbox."""

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Start the command in the sandbox."""
        inside = [*self.sandbox, "--", *cmd] if self.sandbox else cmd
        return await super().launch_kernel(inside, **kwargs)


class ForkProvisioner(SandboxProvisioner):
    """Starts a kernel as a fork of the server; as a process of its own where a fork cannot enter the sandbox."""

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Fork, and remember the process as ``LocalProvisioner`` does."""
        place = cmd.index("ipykernel_launcher")
        launch = {
            "launch": cmd[place:],
            "cwd": kwargs["cwd"],
            "env": kwargs["env"],
            "sandbox": list(self.sandbox),
        }
        pid = server.ask(launch)
        if not isinstance(pid, int):
            return await super().launch_kernel(cmd, **kwargs)
        self.process = _Fork(pid)
        self.pid = self.pgid = pid
        return self.connection_info
