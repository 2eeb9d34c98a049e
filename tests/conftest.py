"""Settings of every test: the smoke profile, and the folder of real data where LABS_DATA names one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["LABS_PROFILE"] = "smoke"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

REAL_DATA = Path(os.environ["LABS_DATA"]) if "LABS_DATA" in os.environ else None


@pytest.fixture
def real_data() -> Path:
    """The folder with the real data sets; the test is skipped where there is none."""
    if REAL_DATA is None or not (REAL_DATA / "mnist.npz").exists():
        pytest.skip("LABS_DATA names no folder with mnist.npz")
    return REAL_DATA
