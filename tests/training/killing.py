"""A training in a process of its own that is killed at the worst moment."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path


def run_until_killed(code: str, folder: Path, sign: str, seconds: float = 300) -> None:
    """Run a program until it leaves a sign, and kill it then, so that it has no chance to tidy up.

    Args:
        code: Python; it finds ``folder`` in ``sys.argv[1]``.
        folder: where it writes.
        sign: the name of the file in ``folder`` that says: now.
        seconds: how long to wait for it.
    """
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=root, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + seconds
        while not (folder / sign).exists():
            assert process.poll() is None, process.communicate()[1].decode()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode != 0
