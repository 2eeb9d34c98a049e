"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

_ABANDONED = 3600.0
"""Seconds after which a file that is still half written is taken for one whose writer is gone."""


@contextmanager
def written_whole(
    target: str | os.PathLike[str], mode: str = "wb", **options: Any
) -> Iterator[IO[Any]]:
    """Open a file for writing that takes the target's place in one move once everything is in it.

    Whatever happens before that move (an error, an interrupt, a kill), an older file of this name stays as it was.

    Args:
        target: the file; missing folders are made.
        mode: of ``open``: ``"wb"`` or ``"w"``.
        options: of ``open``, such as ``encoding``.

    Yields:
        The stream to write to.

    Raises:
        OSError: the file cannot be written there.
    """
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{path.name}-*.part"):
        with suppress(OSError):
            if (
                time.time() - left.stat().st_mtime > _ABANDONED
            ):  # of a writer that was killed
                left.unlink()
    beside = path.with_name(f".{path.name}-{uuid.uuid4().hex}.part")
    try:
        with beside.open(mode, **options) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _take_the_place(beside, path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _take_the_place(new: Path, old: Path) -> None:
    for seconds in (0.1, 0.3, 1.0):
        try:
            new.replace(old)
        except (
            PermissionError
        ):  # on Windows while a virus scanner, or a reader, has the old file open
            time.sleep(seconds)
        else:
            return
    new.replace(old)
