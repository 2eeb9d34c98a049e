"""Energies by hand, and the network that has them as scores."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from labhelpers.models.autoencoder import ReconstructionEnergy, autoencoder_discriminator


def test_energies_by_hand() -> None:
    images, reconstructions = np.zeros((1, 2, 1, 1), np.float32), np.array([3.0, -4.0], np.float32).reshape(1, 2, 1, 1)
    assert float(ReconstructionEnergy("l2")([images, reconstructions])[0, 0]) == pytest.approx(5.0)
    assert float(ReconstructionEnergy("l1")([images, reconstructions])[0, 0]) == pytest.approx(3.5)
    with pytest.raises(ValueError, match="The energy is 'l3'"):
        ReconstructionEnergy("l3")


@pytest.mark.parametrize(("shape", "energy"), [((4, 4, 1), "l2"), ((2,), "l1")])
def test_the_autoencoder_survives_saving(tmp_path: Path, shape: tuple[int, ...], energy: str) -> None:
    network = autoencoder_discriminator(shape, hidden=8, code_dim=3, energy=energy)
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    scores = network(x)
    assert {name: tuple(value.shape) for name, value in scores.items()} == {"energy": (2, 1), "code": (2, 3)}
    for name, value in again(x).items():
        np.testing.assert_array_equal(value, scores[name])
