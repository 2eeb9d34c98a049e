"""Where notebooks are scored: in processes of this machine, or on the workers of a Dask cluster. The loop is the same.

A worker gets a notebook's bytes and the labs as scoring needs them, and answers with a score: it reads no solutions,
and writes nothing. If it ends instead of answering, its notebook is scored again by another one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

from labhelpers.cli.grade.plan import Plans, package_digest
from labhelpers.cli.grade.score import NotScored, Score
from labhelpers.cli.grade.scoring import content_of, grade, run_to_end
from labhelpers.cli.labs import Lab, SourceError

TRIES = 3
"""How often a notebook is scored whose worker ends."""
_HOPELESS = 10
"""Workers that may end before one of them has scored anything."""
_IDLE = 30.0
"""Seconds after which a worker of this machine ends that is asked nothing: nobody else ends it after a ``kill -9``."""
_REACHED = 10.0
"""Seconds that a scheduler has to answer."""
_OVERTIME = 120.0
"""Seconds after the limit for a notebook at which its worker ends itself: a file may keep the reading of it busy."""
_TOO_LATE = 70
"""The exit status of such a worker."""
_LOOK = 5.0
"""Seconds after which a cluster is asked again how many workers it has."""


class EngineError(Exception):
    """Why no notebook can be scored any more, in a sentence that says what to do."""


@dataclass(frozen=True)
class Task:
    """One notebook to score, with all that a worker needs for it."""

    path: Path
    content: bytes
    asked: Lab | None
    plans: Plans


def score(task: Task) -> Score:
    """Score one notebook; this is what a worker runs.

    Raises:
        EngineError: the worker's package is not the one that the plans were made with.
        SourceError: the source of the notebook's lab is broken.
    """
    if task.plans.package != package_digest():
        raise EngineError(
            f"The worker on {socket.gethostname()} has other files of labhelpers than this machine: bring both to the "
            "same version, and start the worker again."
        )
    late = threading.Timer(task.plans.overall_limit + _OVERTIME, os._exit, [_TOO_LATE])
    late.daemon = True
    late.start()
    try:
        return run_to_end(grade(task.path, task.content, task.plans, task.asked))
    finally:
        late.cancel()


class Workers(Protocol):
    """Those that score; a context manager that ends them."""

    def size(self) -> int:
        """How many notebooks they take at the same time."""

    def submit(self, task: Task) -> Future[Score]:
        """Hand them a notebook."""

    def ended(self, future: Future[Score]) -> bool:
        """Whether the worker ended instead of answering; asked once when a future is done.

        Raises:
            EngineError: no worker can be asked any more.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: Any) -> None: ...


def scores(
    files: Iterable[tuple[Path, Lab | None]], plans: Plans, workers: Workers
) -> Iterator[tuple[Path, Score]]:
    """Score each file once, and yield its score when it is there.

    Args:
        files: each with the lab that it must be of, or None.
        plans: of all labs.
        workers: that score them.

    Raises:
        EngineError: no worker can go on.
        SourceError: the source of a lab is broken.
    """
    waiting = deque(files)
    running: dict[Future[Score], tuple[Path, Lab | None]] = {}
    ends: Counter[Path] = Counter()
    answered = False
    while waiting or running:
        size = workers.size()
        while waiting and len(running) < size:
            path, asked = waiting.popleft()
            try:
                content = content_of(path)
            except NotScored as problem:
                yield path, Score(str(path), "not scored", str(problem))
                continue
            future = workers.submit(Task(path, content, asked, plans))
            running[future] = (path, asked)
        for future in wait(running, _LOOK, FIRST_COMPLETED).done:
            path, asked = running.pop(future)
            if not workers.ended(future):
                answered = True
                yield path, future.result()
                continue
            ends[path] += 1
            if not answered and ends.total() >= _HOPELESS:
                raise EngineError(
                    f"{_HOPELESS} workers ended, and none has scored a notebook: is there enough memory? "
                    "Try fewer --jobs."
                )
            if ends[path] < TRIES:
                waiting.append((path, asked))
                continue
            reason = (
                f"The process that scores it ended {TRIES} times, which is the file's doing or a lack of memory: look "
                "into the file, and score it alone with --jobs 1."
            )
            yield path, Score(str(path), "not scored", reason)


class LocalWorkers:
    """Processes of this machine. Each is an executor of its own, so that one which is killed takes one notebook along.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._free: list[ProcessPoolExecutor] = []
        self._busy: dict[Future[Score], ProcessPoolExecutor] = {}
        # A worker that is killed clears nothing away.
        self._folder = tempfile.TemporaryDirectory(
            prefix="labs-", ignore_cleanup_errors=True
        )

    def size(self) -> int:
        """How many notebooks they take at the same time."""
        return self._count

    def submit(self, task: Task) -> Future[Score]:
        """Hand a notebook to a free worker, or to a new one."""
        while self._free:
            executor = self._free.pop()
            with contextlib.suppress(BrokenProcessPool):  # killed while it was idle
                return self._hand(executor, task)
        executor = ProcessPoolExecutor(
            max_workers=1,
            timeout=_IDLE,
            initializer=_leave_interrupts_to_the_parent,
            env={"TMPDIR": self._folder.name},
        )
        return self._hand(executor, task)

    def _hand(self, executor: ProcessPoolExecutor, task: Task) -> Future[Score]:
        future = executor.submit(score, task)
        self._busy[future] = executor
        return future

    def ended(self, future: Future[Score]) -> bool:
        """Whether the worker ended instead of answering."""
        executor = self._busy.pop(future)
        if isinstance(future.exception(), BrokenProcessPool):
            executor.shutdown()
            return True
        self._free.append(executor)
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all workers, with what they are at."""
        for executor in (*self._free, *self._busy.values()):
            executor.shutdown(kill_workers=bool(self._busy))
        self._folder.cleanup()


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches every process of a terminal; the one that the person started decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class ClusterWorkers:
    """The workers of a Dask cluster.

    Args:
        address: of its scheduler, as ``tcp://host:8786``.

    Raises:
        NotScored: ``distributed`` is not installed, or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, KilledWorker
        except ImportError:
            raise NotScored(
                "--scheduler needs Dask: install it with `python -m pip install distributed`."
            ) from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            self._client = Client(address, timeout=_REACHED, set_as_default=False)
        except (OSError, ValueError) as error:
            raise NotScored(
                f"No scheduler answers at {address} ({error}): expected the address that `dask scheduler` prints, as "
                "tcp://host:8786."
            ) from None
        self._address = address
        self._killed = KilledWorker
        self._executor = self._client.get_executor(pure=False)
        self._threads = 0
        if not self._client.nthreads():
            print(
                f"The scheduler at {address} has no workers yet: scoring begins when the first one joins it.",
                file=sys.stderr,
            )

    def size(self) -> int:
        """How many notebooks they take: one in hand and one at hand for each thread of the cluster."""
        with contextlib.suppress(OSError, AttributeError):  # it is gone: `ended` tells
            self._threads = sum(self._client.nthreads().values())
        return max(2 * self._threads, 2)

    def submit(self, task: Task) -> Future[Score]:
        """Hand a notebook to the scheduler."""
        return self._executor.submit(score, task)

    def ended(self, future: Future[Score]) -> bool:
        """Whether several workers ended over it: of the first ones the scheduler tells nothing, and asks another.

        Raises:
            EngineError: the scheduler is gone, or a worker cannot score.
        """
        if future.cancelled():
            raise EngineError(
                f"The scheduler at {self._address} is gone: start it again."
            )
        error = future.exception()
        if error is None or isinstance(error, EngineError | SourceError | self._killed):
            return isinstance(error, self._killed)
        raise EngineError(
            f"A worker of {self._address} cannot score ({type(error).__name__}: {error}): it needs the same labhelpers "
            "and the same Python packages as this machine."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        """Take back what is not scored yet, and leave the cluster as it was."""
        self._executor.shutdown(wait=False)
        self._client.close(timeout=_LOOK)
