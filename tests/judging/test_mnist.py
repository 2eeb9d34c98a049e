"""The MNIST judge is the one that is stated."""

from __future__ import annotations

import hashlib
import os
import random
import socket

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

from labhelpers import judging
from labhelpers.data import LabeledImages, data_directory, embedded_digits, load_mnist, to_float
from labhelpers.judging import mnist as mnist_file

ACCURACY, FLOOR = 0.9849, 0.529  # as the docstring states them


@pytest.fixture(scope="module")
def judge() -> judging.Judge:
    return judging.mnist_judge()


@pytest.fixture(scope="module")
def digits() -> LabeledImages:
    return embedded_digits()


@pytest.fixture(scope="module")
def mnist() -> LabeledImages:
    if not (data_directory() / "mnist.npz").is_file():
        pytest.skip("no mnist.npz in the data directory (LABS_DATA)")
    return load_mnist()


def test_the_weights_are_the_stated_ones_and_small():
    content = mnist_file.FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == mnist_file.SHA256
    assert len(content) < 1_000_000


def test_mnist_judge_is_what_it_says(judge):
    assert (judge.image_shape, judge.feature_dim, judge.classes) == ((28, 28, 1), 64, 10)
    assert mnist_file.mnist_classifier().count_params() == 105_866
    for number in (f"{ACCURACY:.2%}".replace("%", " %"), str(FLOOR)):
        assert number in judging.mnist_judge.__doc__


def test_mnist_judge_reads_mnist_as_stated(judge, mnist):
    found = judge.probabilities(mnist.test_images).argmax(axis=1)
    # another processor may round one image to the other side
    assert (found == mnist.test_labels).mean() == pytest.approx(ACCURACY, abs=2e-4)


def test_the_floor_on_mnist_is_as_stated(judge, mnist):
    reference = judging.real_reference(judge, mnist.test_images, mnist.train_images[:10_000])
    found = judging.quality(to_float(mnist.train_images[:10_000], "sigmoid"), judge, reference)
    assert found.floor == pytest.approx(FLOOR, abs=2e-3)
    assert (found.n, found.real_n, found.floor_n) == (10_000, 10_000, 10_000)
    # the same images once as fakes: only the scale has gone through other roundings
    assert found.fid == pytest.approx(found.floor, abs=1e-3)
    assert str(found) == "FID 0.53 (floor 0.53, 10,000 samples)"
    assert 0.4 < found.floor < 0.6


def test_mnist_judge_sees_quality(judge, mnist):
    reference = judging.real_reference(judge, mnist.test_images[:2000])
    # the second half of the test images comes from other writers, training images do not
    real = mnist.train_images[:2000]
    noisy = np.clip(real + np.random.default_rng(0).normal(0, 60, real.shape), 0, 255).astype(np.uint8)
    one_class = real[mnist.train_labels[:2000] == 1]
    fids = [judging.quality(images, judge, reference).fid for images in (real, noisy, one_class)]
    assert fids == sorted(fids)
    assert fids[1] > 2 * fids[0]
    assert fids[2] > 20 * fids[0]


def test_quality_on_the_embedded_digits_uses_the_few_there_are(judge, digits):
    reference = judging.real_reference(judge, digits.test_images, digits.train_images)
    fakes = np.random.default_rng(0).random((400, 28, 28, 1), dtype=np.float32)
    found = judging.quality(fakes, judge, reference)
    assert (found.n, found.real_n, found.floor_n) == (400, len(digits.test_images), 400)
    assert found.fid > 10 * found.floor
    # it never saw these digits; chance is .1
    right = judge.probabilities(digits.test_images).argmax(axis=1) == digits.test_labels
    assert right.mean() > 0.7


def test_a_collapsed_generator_gets_finite_numbers(judge):
    black = np.zeros((200, 28, 28, 1), np.uint8)
    reference = judging.RealReference(np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32))
    found = judging.quality(black, judge, reference, details=True)
    assert np.isfinite([found.fid, found.floor, found.kid, found.precision, found.recall]).all()


def test_loading_needs_no_network_and_moves_no_random_state(monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("the judge went to the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    keras.utils.set_random_seed(3)
    python_state, numpy_state = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    noise = keras.random.normal((3,))
    keras.utils.set_random_seed(3)
    judging.mnist_judge().features(np.zeros((1, 28, 28, 1), np.uint8))
    assert random.getstate() == python_state
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert np.array_equal(keras.random.normal((3,)), noise)


def test_mixed_precision_does_not_change_the_judge(judge, digits):
    images = digits.test_images[:20]
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = judging.mnist_judge()
    finally:
        keras.config.set_dtype_policy(policy)
    assert np.array_equal(mixed.features(images), judge.features(images))
    assert np.array_equal(mixed.probabilities(images), judge.probabilities(images))


def test_damaged_or_missing_weights_are_named(monkeypatch, tmp_path):
    content = bytearray(mnist_file.FILE.read_bytes())
    content[-1000] ^= 1
    damaged = tmp_path / "mnist_judge.npz"
    damaged.write_bytes(content)
    monkeypatch.setattr(mnist_file, "FILE", damaged)
    with pytest.raises(ValueError, match=r"mnist_judge.npz has the SHA-256 .*, expected 2cfb85b6d338.*install"):
        judging.mnist_judge()
    damaged.unlink()
    with pytest.raises(FileNotFoundError, match=r"no file mnist_judge.npz .* install the package anew"):
        judging.mnist_judge()
