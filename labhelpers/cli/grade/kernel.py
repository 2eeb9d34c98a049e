"""The kernel, seen from outside: started, asked, and ended."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import site
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import matplotlib
import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from labhelpers import profiles
from labhelpers.cli import labs
from labhelpers.cli.grade import forks, isolation, outside
from labhelpers.cli.grade.plan import Exercise, Plan
from labhelpers.cli.grade.report import sentence, shorten
from labhelpers.cli.grade.score import NotScored
from labhelpers.cli.grade.stored import key_file
from labhelpers.data.directory import data_directory

_SETUP_LIMIT = 300.0


_MEMORY_LIMIT = 4 * 2**30


_FILE_LIMIT = 2**28


_MESSAGE_LIMIT = 2**26


class KernelEnded(Exception):  # noqa: N818  (an outcome)
    """The kernel's process ended; holds its exit status."""


class Kernel:
    """A kernel that has run the set-up cells of a lab, with its own folder; an asynchronous context manager."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.seal: object = None
        self._digest: object = None
        self.done = 0
        self.own_answers = 0
        in_sandbox = not isolation.obstacle()
        # The name of a socket holds a hundred characters, and some folders for temporary files have long names.
        too_long = in_sandbox and len(tempfile.gettempdir()) > 60
        self._folder = tempfile.TemporaryDirectory(
            prefix="labs-",
            dir="/tmp" if too_long else None,
            ignore_cleanup_errors=True,
        )
        self._manager = AsyncKernelManager(
            kernel_name="python3",
            # Only the kernel of this very Python, not one that the user registered under the same name.
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            connection_file=str(Path(self._folder.name) / "connection.json"),
            # No TCP leads into a sandbox, but a socket in the folder that both sides see.
            **({"transport": "ipc"} if in_sandbox else {}),
        )
        self._client: Any = None
        self._judge: Kernel | None = None

    async def start(self) -> None:
        """Start it and run the set-up cells.

        Raises:
            NotScored: they fail, which is no student's fault.
        """
        await self._launch()
        limits = {"memory": _MEMORY_LIMIT, "file": _FILE_LIMIT}
        places = {
            labs.SOURCES: "reading the solutions",
            key_file(): "reading the grader's key",
        }
        forbidden = {
            os.path.normcase(os.path.realpath(place)): what
            for place, what in places.items()
        }
        call = f"_kernel_side({limits!r}, {forbidden!r})"
        handler = _handler(kernel_side(), call)
        parts = sorted(
            {each.part for each in self.plan.exercises if each.part is not None}
        )
        uses = {each.name: sorted(each.uses) for each in self.plan.exercises}
        await self._set_up([handler, *self.plan.setup])
        begun = await self._first_request("begin", parts, uses)
        self.seal, self._digest = begun["seal"], begun["digest"]

    async def check(
        self, exercise: Exercise, end: float, *, judged: bool
    ) -> dict[str, Any]:
        """Run the check of an exercise on the answer that this kernel holds.

        Args:
            exercise: whose answer it is.
            end: when to give up.
            judged: whether the verdict matters; the lab's own version takes the answer's place where it does not.

        Returns:
            What it raised, the outcomes of ``labhelpers.checks``, the seal, and what was noticed.
        """
        names = list(exercise.defines)
        # Without forks a judge would cost as much as all the rest.
        if not (exercise.outside and forks.CAN_FORK):
            await self.request("check", end, names, exercise.check)
            return await self.request("report", end)
        if not judged:
            await self.request("settle", end, names, exercise.check, False)
            return await self.request("report", end)
        if self._judge is None:
            self._judge = Kernel(self.plan)
            await self._judge._launch()
            await self._judge._set_up([_handler(outside.judge_side(), "_judge_side()")])
        step = await self._judge.request(
            "start", end, exercise.part, exercise.name, exercise.check
        )
        while "done" not in step:
            reply = await self.request(
                "answer", end, exercise.part, exercise.name, step["call"]
            )
            step = await self._judge.request("resume", end, reply)
        verdict = step["done"]
        right = not verdict["error"]
        await self.request("settle", end, names, exercise.check, right)
        return {**await self.request("report", end), **verdict}

    async def _launch(self) -> None:
        """Start the process, and the channel on which it is asked."""
        folder = Path(self._folder.name)
        home = folder / "home"
        home.mkdir()
        environment = _environment(home)
        obstacle = isolation.obstacle()
        if obstacle and self.plan.isolation == "required":
            raise NotScored(isolation.refusal())
        kind = forks.ForkProvisioner if forks.CAN_FORK else forks.SandboxProvisioner
        provisioner = kind(
            kernel_id=self._folder.name,
            kernel_spec=self._manager.kernel_spec,
            parent=self._manager,
        )
        if not obstacle:
            data = [
                Path(environment["LABS_DATA"]),
                Path(environment["KERAS_HOME"]) / "datasets",
            ]
            provisioner.sandbox = isolation.sandbox(folder, data)
        self._manager.provisioner = provisioner
        await self._manager.start_kernel(
            cwd=str(home),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            extra_arguments=["--HistoryManager.enabled=False"],
        )
        self._client = self._manager.client()
        self._client.context.setsockopt(zmq.MAXMSGSIZE, _MESSAGE_LIMIT)
        # Neither output nor questions are read: the channels stay closed, and a flood of output ends nowhere.
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)

    async def _set_up(self, sources: Sequence[str]) -> None:
        end = time.monotonic() + _SETUP_LIMIT
        with self._nobodys_fault():
            for source in sources:
                error = await self.execute(source, end)
                if error:
                    raise NotScored(
                        f"The set-up of the lab fails, which is not the student's fault: {sentence(error)}"
                    )

    async def _first_request(self, request: str, *arguments: object) -> dict[str, Any]:
        with self._nobodys_fault():
            return await self.request(
                request, time.monotonic() + _SETUP_LIMIT, *arguments
            )

    @contextlib.contextmanager
    def _nobodys_fault(self) -> Iterator[None]:
        try:
            yield
        except (TimeoutError, KernelEnded) as problem:
            raise NotScored(
                "The set-up of the lab "
                + (
                    "takes too long"
                    if isinstance(problem, TimeoutError)
                    else f"ends the kernel ({problem})"
                )
                + ", which is not the student's fault: try fewer --jobs."
            ) from None

    async def execute(self, source: str, end: float) -> str:
        """Run a cell; what it raised as ``Name: text``, or an empty string."""
        content = {
            "code": source,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        reply = await self._ask("execute_request", content, end)
        if any(part.get("source") == "ask_exit" for part in reply.get("payload", ())):
            raise KernelEnded("exit or quit was called")  # it will end in a moment
        if reply.get("status") == "ok":
            return ""
        return f"{reply.get('ename', 'Error')}: {str(reply.get('evalue', ''))[:600]}"

    async def request(
        self, request: str, end: float, *arguments: object
    ) -> dict[str, Any]:
        """Ask the handler that ``kernel_side`` installed."""
        reply = await self._ask(
            "labs_request", {"request": request, "arguments": list(arguments)}, end
        )
        if "fault" in reply:
            raise KernelEnded(
                f"the request {request} failed: {shorten(str(reply['fault']), 200)}"
            )
        if "digest" in reply and self._digest is not None:
            same = reply["digest"] == self._digest
            whole = self.seal if same else (await self.request("seal", end))["seal"]
            reply["seal"] = whole
        return reply

    async def _ask(
        self, kind: str, content: Mapping[str, object], end: float
    ) -> dict[str, Any]:
        message = self._client.session.msg(kind, dict(content))
        self._client.shell_channel.send(message)
        wanted = message["header"]["msg_id"]
        while time.monotonic() < end:
            try:
                reply = await self._client.get_shell_msg(timeout=0.25)
            except queue.Empty:
                if not await self._manager.is_alive():
                    status = await self._manager.provisioner.poll()
                    raise KernelEnded(f"exit status {status}") from None
                continue
            if reply["parent_header"].get("msg_id") == wanted:
                return dict(reply["content"])
        raise TimeoutError

    async def __aenter__(self) -> Kernel:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._judge is not None:
            await self._judge.__aexit__(kind, error, trace)
        if self._client is not None:
            self._client.stop_channels()
        if self._manager.has_kernel:
            with contextlib.suppress(OSError, RuntimeError):
                if hasattr(
                    signal, "SIGKILL"
                ):  # the whole process group; Windows ends the process itself
                    await self._manager.signal_kernel(signal.SIGKILL)
            with contextlib.suppress(OSError, RuntimeError):
                await self._manager.shutdown_kernel(now=True)
        try:
            self._folder.cleanup()
        except RecursionError:  # a thousand folders, one in the other
            subprocess.run(["rm", "-rf", "--", self._folder.name], check=False)


def _handler(text: str, call: str) -> str:
    """Code that installs a handler.

    It has a namespace of its own: in the lab's, an answer's ``exec`` or ``compile`` would replace Python's.
    """
    return (
        "scope = {'__name__': 'kernel_side'}\n"
        f"exec(compile({text!r}, 'kernel_side.py', 'exec'), scope)\n"
        f"exec({call!r}, scope)\n"
        "del scope"
    )


def kernel_side() -> str:
    """The text of the file that is sent to every kernel."""
    return Path(__file__).with_name("kernel_side.py").read_text(encoding="utf-8")


def _environment(home: Path) -> dict[str, str]:
    """A kernel's environment: what Python and TensorFlow need, where the data is, and nothing else of the caller's."""
    keep = re.compile(
        r"PATH|PATHEXT|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|NUMBER_OF_PROCESSORS|PROCESSOR_\w+|LANG|LC_\w+|TZ"
        r"|(DY)?LD_LIBRARY_PATH|PYTHONPATH|PYTHONHOME|VIRTUAL_ENV|CONDA_PREFIX|TF_\w+|OMP_NUM_THREADS",
        re.IGNORECASE,
    )
    kept = {name: value for name, value in os.environ.items() if keep.fullmatch(name)}
    places = {
        name: str(home)
        for name in (
            "HOME",
            "USERPROFILE",
            "APPDATA",
            "LOCALAPPDATA",
            "TMPDIR",
            "TEMP",
            "TMP",
        )
    }
    cache = os.environ.get("KERAS_HOME") or str(Path.home() / ".keras")
    return {
        **kept,
        **places,
        "KERAS_HOME": cache,
        "LABS_DATA": str(data_directory().resolve()),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # else every kernel builds its list of fonts anew
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "CUDA_VISIBLE_DEVICES": "-1",  # many notebooks at once do not share a GPU well
        "TF_CPP_MIN_LOG_LEVEL": "3",
        profiles.VARIABLE: "smoke",
    }
