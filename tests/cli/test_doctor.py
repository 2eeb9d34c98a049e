"""``labs doctor`` says what is here, what is missing, and how long each lab will take."""

from __future__ import annotations

import importlib.metadata
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import psutil
import pytest

from labhelpers import memory, profiles
from labhelpers.cli import doctor, main
from labhelpers.cli.labs import Lab, catalogue

LAB = Lab("04_dcgan", "Lab 04: DCGAN", {"smoke": 1.0, "quick": 11.0}, ("mnist",))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A machine on which a step of every kind takes twice as long."""
    found = {name: 2 * seconds for name, seconds in doctor.REFERENCE.items()}
    monkeypatch.setattr(doctor, "measure", lambda: found)
    return found


def test_it_tells_all_of_this_machine(measured: Any, capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("LABS_DATA", str(tmp_path / "nothing" / "yet"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    main(["doctor"])
    out = capsys.readouterr().out
    for word in (
        "Python ",
        "tensorflow ",
        "cores ",
        "GB free of",
        "disk ",
        "GPU ",
        "mnist ",
        "a download",
        "measuring",
    ):
        assert word in out
    table = out.split("minutes here")[1]
    for lab in catalogue():
        assert lab.title in table
        assert {"quick", "full"} <= set(out.split("minutes here")[1].split("\n")[0].split())
    assert "6.4 ms (3.2 ms)" in table


def test_minutes_are_those_of_the_reference_in_the_proportion_of_its_steps() -> None:
    here = dict(doctor.REFERENCE)
    assert doctor.minutes(LAB, "smoke", here) == pytest.approx(1)
    assert doctor.minutes(LAB, "quick", here) == pytest.approx(11)
    assert doctor.minutes(LAB, "full", here) == pytest.approx(1 + sum(doctor.WORK["04"].full.values()))
    here["convolutions"] *= 3
    assert doctor.minutes(LAB, "smoke", here) == pytest.approx(1)
    assert doctor.minutes(LAB, "quick", here) == pytest.approx(1 + 0.3 * 10 + 0.7 * 10 * 3)
    here["starting"] *= 2
    assert doctor.minutes(LAB, "quick", here) == pytest.approx(2 + 0.3 * 10 + 0.7 * 10 * 3)


def test_the_share_of_other_programs() -> None:
    times = namedtuple("times", "user system idle iowait guest")
    before = times(100.0, 10.0, 50.0, 0.0, 5.0)
    assert doctor.by_others(before, times(112.0, 14.0, 54.0, 0.0, 9.0), own=6.0) == pytest.approx(10 / 20)
    assert doctor.by_others(before, times(104.0, 10.0, 66.0, 0.0, 5.0), own=4.5) == 0


def test_the_work_of_every_lab_is_known() -> None:
    assert {lab.number for lab in catalogue()} == doctor.WORK.keys()
    for work in doctor.WORK.values():
        assert sum(work.quick.values()) == pytest.approx(1)
        assert {*work.quick, *work.full} <= set(doctor.KINDS)
        assert set(work.full) == set(work.quick)


def test_a_measurement_takes_a_moment_and_finds_every_kind() -> None:
    found = doctor.measure(0.05)
    assert found.keys() == doctor.REFERENCE.keys()
    assert all(seconds > 0 for seconds in found.values())


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "requires",
        lambda name: [
            "keras>=99",
            "no-such-package>=1",
            "numpy>=1",
            'jupyterlab>=99; extra == "workshop"',
            'nbgrader>=99; extra == "workshop"',
        ],
    )
    (sentence,) = (each for each in doctor.faults() if "packages" in each)
    assert f"keras>=99 (here: {version('keras')}), no-such-package>=1, jupyterlab>=99" in sentence
    assert "numpy" not in sentence
    assert "nbgrader" not in sentence
    assert "requirements.txt" in sentence


def test_a_full_disk_an_old_python_and_a_wrong_profile_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage(1, 1, 2**29))
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    monkeypatch.setenv("LABS_PROFILE", "fast")
    said = " ".join(doctor.faults())
    assert "Less than 1 GB of the disk is free" in said
    assert "expected 3.11, 3.12 or 3.13" in said
    assert "'fast', expected one of smoke, quick, full" in said


def test_without_tensorflow_it_says_what_there_is_and_does_not_measure(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith(("labhelpers.training", "labhelpers.models"))]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["doctor"]) == 1
    out = capsys.readouterr()
    assert "TensorFlow cannot be imported" in out.out
    assert "cores " in out.out
    assert "Nothing can be measured yet" in out.err


def test_a_lab_says_before_it_starts_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    room = namedtuple("room", "available total")
    monkeypatch.setattr(memory, "_CONTROL_GROUP", Path("nowhere"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: room(3 * 2**30, 8 * 2**30))
    monkeypatch.setenv("LABS_PROFILE", "quick")
    said = str(profiles.current())
    assert "Only 3.0 GB of memory are free, and a lab at 'quick' may need 4 GB" in said
    assert "close other programs" in said
    monkeypatch.setenv("LABS_PROFILE", "smoke")
    assert "memory" not in str(profiles.current())
    assert [each for each in doctor.faults() if "memory" in each] == []
    monkeypatch.setattr(psutil, "virtual_memory", lambda: room(5 * 2**30, 8 * 2**30))
    monkeypatch.setenv("LABS_PROFILE", "quick")
    assert "memory" not in str(profiles.current())


def test_a_container_counts_its_own_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    room = namedtuple("room", "available total")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: room(60 * 2**30, 64 * 2**30))
    monkeypatch.setattr(memory, "_CONTROL_GROUP", tmp_path)
    assert memory.free() == 60 * 2**30
    (tmp_path / "memory.max").write_text(f"{3 * 2**30}\n", encoding="ascii")
    (tmp_path / "memory.current").write_text(f"{2 * 2**30}\n", encoding="ascii")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {2**29}\n", encoding="ascii")
    assert memory.free() == 3 * 2**29
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert memory.free() == 60 * 2**30


def test_labs_run_says_it_before_it_starts(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(memory, "free", lambda: 2**30)
    assert main(["run", "99", "--profile", "quick"]) == 2
    assert "GB of memory" not in capsys.readouterr().err
    monkeypatch.setattr(Lab, "notebook", Path("nowhere.ipynb"))
    assert main(["run", "01", "--profile", "quick"]) == 2
    assert "Only 1.0 GB of memory are free" in capsys.readouterr().err
