"""Models and checkpoints that were saved before losses had terms and games had players are still read.

``old_saves.json`` holds what such files of some golden cases contain: the config, the names and shapes of the weights,
and the shapes of a checkpoint's variables.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import pytest

from labhelpers import losses
from labhelpers.training.checkpoints import _shapes, _state
from tests.training import golden

SAVES: dict[str, Any] = json.loads(Path(__file__).with_name("old_saves.json").read_text(encoding="utf-8"))


@pytest.fixture(params=SAVES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_config_makes_the_same_game(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(7)
    model = keras.saving.deserialize_keras_object(SAVES[name]["config"])
    expected = golden.CASES[name]()
    assert type(model) is type(expected)
    assert model.adversarial_loss == expected.adversarial_loss
    assert model.ema == expected.ema
    model.save(tmp_path / "again.keras")
    with zipfile.ZipFile(tmp_path / "again.keras") as archive:
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    weights: list[list[Any]] = []
    file.visititems(
        lambda path, each: weights.append([path, list(each.shape)]) if isinstance(each, h5py.Dataset) else None
    )
    assert sorted(weights) == SAVES[name]["weights"]


def test_a_checkpoint_has_the_same_variables_in_the_same_order(name: str) -> None:
    assert [rest for _, *rest in _shapes(_state(golden.CASES[name]()))] == SAVES[name]["checkpoint"]


def test_r1_of_old_is_a_term_now() -> None:
    loss = {"loss": {"name": "hinge", "arguments": {}}}
    old = {"name": "with_r1", "arguments": {"loss": loss, "gamma": 3.0}}
    assert losses.AdversarialLoss.from_config(old) == losses.hinge().plus(losses.r1(3.0))
