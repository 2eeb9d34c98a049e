"""Where a student names a folder, a training goes on in a new session where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labhelpers import models
from labhelpers.cli import labs, notebooks


class Session:
    """What a lab's training needs, and then the cells of its training, run in a new namespace."""

    def __init__(self, number: str, folder: Path, **others: Any) -> None:
        cells = notebooks.solution_notebook(labs.find_lab(number)).cells
        codes = [cell for cell in cells if cell.cell_type == "code"]
        _, *parameters = [cell for cell in codes if "setup" in cell.metadata.get("tags", [])]
        self.training = [
            cell.source for cell in codes if "Checkpoints(" in cell.source or "gen_losses, disc" in cell.source
        ]
        self.names: dict[str, Any] = {}
        for cell in parameters:
            exec(cell.source, self.names)
        rng = np.random.default_rng(0)
        self.names |= {"run_folder": str(folder), "fixed_noise": rng.normal(size=(4, 8)).astype("float32")} | others

    def train(self, count: int) -> dict[str, Any]:
        for source in self.training[:count]:
            exec(source, self.names)
        return self.names


@pytest.mark.parametrize("done", [1, 3])
def test_lab_03_goes_on_where_it_stopped(done: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clothes = np.random.default_rng(1).uniform(-1, 1, (256, 28, 28, 1)).astype("float32")
    for epochs in (done, 3):
        pair = models.deep_dense_pair(8, (28, 28, 1))
        others = {"deep_generator": pair[0], "deep_discriminator": pair[1], "clothes_images": clothes}
        others |= {"sheet_of_50": lambda samples: samples[0, ..., 0] * 0, "fashion_epochs": epochs}
        names = Session("03", tmp_path, **others).train(1)
    assert names["done"] == done
    assert len(names["fashion_gan"].step_history["g_loss"]) == 3 * 2
    assert len(names["fashion_gan"].epoch_seconds) == 3 - done
    assert "the checkpoint holds 3 epochs" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("done", [1, 2])
def test_lab_06_goes_on_where_it_stopped(done: int, tmp_path: Path) -> None:
    faces = np.random.default_rng(1).uniform(-1, 1, (32, 24, 24, 3)).astype("float32")
    for epochs in (done, 2):
        others = {"new_pair": lambda: models.light_face_pair(24, 8, filters=8), "train_images": faces, "epochs": epochs}
        names = Session("06", tmp_path, **others).train(2)
    assert len(names["gan"].step_history["g_loss"]) == 2 * 2
    assert len(names["gan"].epoch_seconds) == 2 - done
    assert len(names["gen_losses"]) == 2
    np.testing.assert_allclose(names["gen_losses"][-1], np.mean(names["gan"].step_history["g_loss"][-2:]))
