"""Training a judge anew: it follows its seed, what is written comes back, and only real MNIST is taken."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from labhelpers.data import LabeledImages, embedded_digits
from labhelpers.judging import frozen, train


@pytest.fixture(scope="module")
def digits() -> LabeledImages:
    return embedded_digits()


def test_training_follows_its_seed_and_written_weights_come_back(digits, tmp_path):
    images, labels = digits.train_images[:256], digits.train_labels[:256]
    one, two = (train.train_mnist_classifier(images, labels, epochs=1).get_weights() for _ in range(2))
    # The command asks TensorFlow for deterministic operations; here, where that would last for all later tests, the
    # order of sums may differ, and 4 steps of Adam carry that into a few millionths.
    for first, second in zip(one, two, strict=True):
        assert first == pytest.approx(second, abs=1e-4)
    model = train.train_mnist_classifier(images, labels, seed=1, epochs=1)
    assert np.abs(model.get_weights()[0] - one[0]).max() > 0.1
    file = tmp_path / "weights" / "judge.npz"
    sha256 = frozen.write_weights(file, model)
    assert frozen.write_weights(tmp_path / "again.npz", model) == sha256
    for read, kept in zip(frozen.read_weights(file, sha256), model.get_weights(), strict=True):
        assert np.array_equal(read, kept)


def test_the_command_refuses_other_digits(monkeypatch, digits, capsys):
    monkeypatch.setattr(train, "load_mnist", lambda: digits)
    monkeypatch.setattr(train, "write_weights", lambda *_: pytest.fail("wrote weights"))
    assert train.main(["mnist"]) == 1
    assert "expected the 60,000 + 10,000 of MNIST" in capsys.readouterr().err
