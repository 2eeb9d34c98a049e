"""Settings of every test: the smoke profile, the folder of real data where LABS_DATA names one, a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """This machine's Chromium, without a window; the test is skipped where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: see requirements.txt")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium or Chrome is on the search path")
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with driver.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=as_root)
        yield browser
        browser.close()
