"""``fit`` on two replicas, and on two workers, does what it does on one device."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.training.{program}", *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def said_by(process: subprocess.Popen[str], status: int = 0) -> dict[str, Any]:
    out, errors = process.communicate(timeout=600)
    assert process.returncode == status, errors[-3000:]
    said: dict[str, Any] = json.loads(out.splitlines()[-1]) if out else {}
    return said


@pytest.fixture(scope="module")
def two_replicas() -> dict[str, Any]:
    return said_by(started("two_replicas"))


@pytest.mark.parametrize(
    "case", ["dense", "conditional", "wgan_gp", "lazy", "clipped", "controlled", "vae", "batch_norm"]
)  # fmt: skip
def test_two_replicas_end_in_the_weights_of_one_device(two_replicas: dict[str, Any], case: str) -> None:
    # Twelve steps of SGD, whose weights feel every factor; float32 sums in another order differ by some 1e-7.
    found = two_replicas[case]
    assert found["steps"] == 12
    assert found["weights"] < 1e-6
    assert found["losses"] < 2e-5  # a gradient penalty is a hundred times as large as a weight


def test_dropout_differs_from_replica_to_replica(two_replicas: dict[str, Any]) -> None:
    assert two_replicas["dropout"]


def test_what_several_replicas_cannot_train_as_one_does_is_refused(two_replicas: dict[str, Any]) -> None:
    said = two_replicas["refused"]
    assert "choose a multiple of 2" in said["odd"]
    assert "one of its networks, was made outside of the scope of MirroredStrategy" in said["network"]
    assert said["optimizer"].startswith("The optimizer")
    assert "was made outside of the scope" in said["optimizer"]
    assert "clipnorm=1.0" in said["clipping"]


@pytest.fixture
def ports() -> list[str]:
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in (one, other)]


@pytest.mark.skipif(sys.platform == "win32", reason="TensorFlow's workers were not tried on Windows")
def test_two_workers_agree_and_a_lost_one_costs_the_epoch_in_hand(ports: list[str], tmp_path: Path) -> None:
    def both(folder: str, dies_in: str = "") -> list[dict[str, Any]]:
        more = [dies_in] if dies_in else []
        workers = [
            started("two_workers", "0", *ports, str(tmp_path / folder)),
            started("two_workers", "1", *ports, str(tmp_path / folder), *more),
        ]
        return [said_by(worker, 9 if dies_in and number else 0) for number, worker in enumerate(workers)]

    whole = both("whole")
    assert whole[0] == whole[1]
    assert "by its own clock" in whole[0]["budget"]
    assert {len(losses) for losses in whole[0]["losses"].values()} == {12}

    left, _ = both("cut", "1")
    assert "Another worker of this training is gone, so it stopped after 1 whole epochs" in left["lost"]
    again = both("cut")
    assert again[0]["resumed"] == 1
    for said in (*whole, *again):
        del said["resumed"]
    assert again == whole
