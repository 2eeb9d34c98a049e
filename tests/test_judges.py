"""The frozen judges: what they take, that they stay frozen, and that the MNIST judge is the one that is stated."""

from __future__ import annotations

import hashlib
import os
import random
import socket

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import layers

from labhelpers import judges, metrics
from labhelpers.data import LabeledImages, data_directory, embedded_digits, load_mnist, to_float


@pytest.fixture(scope="module")
def judge() -> judges.Judge:
    return judges.mnist_judge()


@pytest.fixture(scope="module")
def digits() -> LabeledImages:
    return embedded_digits()


@pytest.fixture(scope="module")
def mnist() -> LabeledImages:
    if not (data_directory() / "mnist.npz").is_file():
        pytest.skip("no mnist.npz in the data directory (LABS_DATA)")
    return load_mnist()


def small_classifier(last: str | None = "softmax") -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(),
            layers.Dense(5, activation="relu", name="hidden"),
            layers.Dropout(0.5),
            layers.Dense(2, activation=last, name="answer"),
        ]
    )


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 6, 6, 3), dtype=np.uint8)


# --- the MNIST judge --------------------------------------------------------------------------------------------------


def test_the_weights_are_the_stated_ones_and_small():
    content = judges._MNIST_WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == judges.MNIST_JUDGE_SHA256
    assert len(content) < 1_000_000


def test_mnist_judge_is_what_it_says(judge):
    assert (judge.image_shape, judge.feature_dim, judge.classes) == ((28, 28, 1), 64, 10)
    assert judges.mnist_classifier().count_params() == 105_866
    for number in (f"{judges.MNIST_JUDGE_ACCURACY:.2%}".replace("%", " %"), str(judges.MNIST_JUDGE_FLOOR)):
        assert number in judges.mnist_judge.__doc__


def test_mnist_judge_reads_mnist_as_stated(judge, mnist):
    found = judge.probabilities(mnist.test_images).argmax(axis=1)
    # another processor may round one image to the other side
    assert (found == mnist.test_labels).mean() == pytest.approx(judges.MNIST_JUDGE_ACCURACY, abs=2e-4)
    assert judges.MNIST_JUDGE_ACCURACY >= 0.984


def test_the_floor_on_mnist_is_as_stated(judge, mnist):
    reference = metrics.real_reference(judge, mnist.test_images, mnist.train_images[:10_000])
    found = metrics.quality(to_float(mnist.train_images[:10_000], "tanh"), judge, reference, activation="tanh")
    assert found.floor == pytest.approx(judges.MNIST_JUDGE_FLOOR, abs=2e-3)
    assert (found.n, found.real_n, found.floor_n) == (10_000, 10_000, 10_000)
    # the same images once as fakes: only the scale has gone through other roundings
    assert found.fid == pytest.approx(found.floor, abs=1e-3)
    assert str(found) == "FID 0.53 (floor 0.53, 10,000 samples)"
    assert 0.4 < found.floor < 0.6


def test_mnist_judge_sees_quality(judge, mnist):
    reference = metrics.real_reference(judge, mnist.test_images[:2000])
    # the second half of the test images comes from other writers, training images do not
    real = mnist.train_images[:2000]
    noisy = np.clip(real + np.random.default_rng(0).normal(0, 60, real.shape), 0, 255).astype(np.uint8)
    one_class = real[mnist.train_labels[:2000] == 1]
    fids = [metrics.quality(images, judge, reference).fid for images in (real, noisy, one_class)]
    assert fids == sorted(fids)
    assert fids[1] > 2 * fids[0]
    assert fids[2] > 20 * fids[0]


def test_quality_on_the_embedded_digits_uses_the_few_there_are(judge, digits):
    reference = metrics.real_reference(judge, digits.test_images, digits.train_images)
    fakes = np.random.default_rng(0).random((400, 28, 28, 1), dtype=np.float32)
    found = metrics.quality(fakes, judge, reference, activation="sigmoid")
    assert (found.n, found.real_n, found.floor_n) == (400, len(digits.test_images), 400)
    assert found.fid > 10 * found.floor
    # it never saw these digits; chance is .1
    right = judge.probabilities(digits.test_images).argmax(axis=1) == digits.test_labels
    assert right.mean() > 0.7


def test_a_collapsed_generator_gets_finite_numbers(judge):
    black = np.zeros((200, 28, 28, 1), np.uint8)
    reference = metrics.RealReference(np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32))
    found = metrics.quality(black, judge, reference, details=True)
    assert np.isfinite([found.fid, found.floor, found.kid, found.precision, found.recall]).all()
    score = metrics.classifier_score(judge.probabilities(black))
    assert score.mean == pytest.approx(1.0, abs=1e-6)


def test_loading_needs_no_network_and_moves_no_random_state(monkeypatch):
    def no_network(*args, **kwargs):
        raise AssertionError("the judge went to the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    keras.utils.set_random_seed(3)
    python_state, numpy_state = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    noise = keras.random.normal((3,))
    keras.utils.set_random_seed(3)
    judges.mnist_judge().features(np.zeros((1, 28, 28, 1), np.uint8))
    assert random.getstate() == python_state
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert np.array_equal(keras.random.normal((3,)), noise)


def test_mixed_precision_does_not_change_the_judge(judge, digits):
    images = digits.test_images[:20]
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = judges.mnist_judge()
    finally:
        keras.config.set_dtype_policy(policy)
    assert np.array_equal(mixed.features(images), judge.features(images))
    assert np.array_equal(mixed.probabilities(images), judge.probabilities(images))


def test_damaged_or_missing_weights_are_named(monkeypatch, tmp_path):
    content = bytearray(judges._MNIST_WEIGHTS.read_bytes())
    content[-1000] ^= 1
    damaged = tmp_path / "mnist_judge.npz"
    damaged.write_bytes(content)
    monkeypatch.setattr(judges, "_MNIST_WEIGHTS", damaged)
    with pytest.raises(ValueError, match=r"mnist_judge.npz has the SHA-256 .*, expected 2cfb85b6d338.*install"):
        judges.mnist_judge()
    damaged.unlink()
    with pytest.raises(FileNotFoundError, match=r"no file mnist_judge.npz .* install the package anew"):
        judges.mnist_judge()


def test_training_follows_its_seed_and_written_weights_come_back(digits, tmp_path):
    images, labels = digits.train_images[:256], digits.train_labels[:256]
    one, two = (judges.train_mnist_classifier(images, labels, epochs=1).get_weights() for _ in range(2))
    # The command asks TensorFlow for deterministic operations; here, where that would last for all later tests, the
    # order of sums may differ, and 4 steps of Adam carry that into a few millionths.
    for first, second in zip(one, two, strict=True):
        assert first == pytest.approx(second, abs=1e-4)
    model = judges.train_mnist_classifier(images, labels, seed=1, epochs=1)
    assert np.abs(model.get_weights()[0] - one[0]).max() > 0.1
    file = tmp_path / "weights" / "judge.npz"
    sha256 = judges._write_weights(file, model)
    assert judges._write_weights(tmp_path / "again.npz", model) == sha256
    for read, kept in zip(judges._read_weights(file, sha256), model.get_weights(), strict=True):
        assert np.array_equal(read, kept)


def test_the_command_refuses_other_digits(monkeypatch, digits, capsys):
    monkeypatch.setattr(judges, "load_mnist", lambda: digits)
    monkeypatch.setattr(judges, "_write_weights", lambda *_: pytest.fail("wrote weights"))
    assert judges.main() == 1
    assert "expected the 60,000 + 10,000 of MNIST" in capsys.readouterr().err


# --- what a judge takes -----------------------------------------------------------------------------------------------


def test_every_scale_of_the_same_images_gives_the_same_features(judge, digits):
    images = digits.test_images[:30]
    features = judge.features(images)
    assert features.dtype == np.float32
    assert features.shape == (30, 64)
    assert (features >= 0).all()
    # float32 rounding of the pixels, seen through sums of 1,568 products
    for activation in ("tanh", "sigmoid"):
        scaled = to_float(images, activation)
        assert judge.features(scaled, activation) == pytest.approx(features, abs=1e-3)
        assert judge.features(scaled[..., 0].astype(np.float64), activation) == pytest.approx(features, abs=1e-3)
    assert np.array_equal(judge.features(images, "tanh"), features)
    wrong = judge.features(to_float(images, "sigmoid"), "tanh")
    assert np.abs(wrong - features).max() > 1


def test_batches_do_not_change_the_answer_and_make_no_new_trace(digits):
    judge = judges.mnist_judge()
    images = digits.train_images[:1203]  # two full batches of 500 and a partial one
    whole = judge.features(images)
    # sums of 1,568 products in another order
    assert judge.features(images[497:510]) == pytest.approx(whole[497:510], abs=1e-4)
    assert judge.features(images[1202:]) == pytest.approx(whole[1202:], abs=1e-4)
    assert judge.probabilities(images[:3]).shape == (3, 10)
    assert judge._forward.experimental_get_tracing_count() == 1


def test_probabilities_are_probabilities(judge, digits):
    probabilities = judge.probabilities(digits.test_images[:50])
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(50), abs=1e-5)
    assert metrics.class_histogram(probabilities).sum() == 50


@pytest.mark.parametrize(
    ("images", "activation", "message"),
    [
        (
            np.zeros((2, 28, 28, 1), np.float32),
            None,
            r"float, from 0 to 0, .* activation is None.* activation=\"tanh\"",
        ),
        (np.zeros((2, 28, 28, 1), np.float32), "relu", r"activation is 'relu', expected"),
        (np.full((2, 28, 28, 1), 200.0), "tanh", r"values from 200 to 200, expected -1 to 1 for tanh"),
        (np.full((2, 28, 28, 1), -0.5), "sigmoid", r"from -0.5 to -0.5, expected 0 to 1 for sigmoid"),
        (np.full((2, 28, 28, 1), np.nan), "tanh", r"from nan to nan, .* diverged"),
        (np.zeros((2, 28, 28, 1), np.int64), None, r"hold int64, expected uint8"),
        (np.zeros((2, 784), np.uint8), None, r"shape \(2, 784\), expected \(n, 28, 28, 1\)"),
        (np.zeros((2, 28, 28, 3), np.uint8), None, r"shape \(2, 28, 28, 3\), expected"),
        (np.zeros((0, 28, 28, 1), np.uint8), None, r"shape \(0, 28, 28, 1\), expected .* at least one"),
    ],
)
def test_images_that_a_judge_does_not_take_are_named(judge, images, activation, message):
    for look in (judge.features, judge.probabilities):
        with pytest.raises(ValueError, match=message) as caught:
            look(images, activation)
        assert str(caught.value).endswith(".")


# --- judges of other data ---------------------------------------------------------------------------------------------


def test_from_model_takes_the_penultimate_features_and_the_softmax(pictures):
    model = small_classifier()
    judge = judges.Judge.from_model(model)
    assert (judge.image_shape, judge.feature_dim, judge.classes) == ((6, 6, 3), 5, 2)
    scaled = pictures.astype(np.float32) / 255
    hidden = keras.Model(model.inputs[0], model.get_layer("hidden").output)
    assert judge.features(pictures) == pytest.approx(hidden(scaled, training=False).numpy(), abs=1e-5)
    assert judge.probabilities(pictures) == pytest.approx(model(scaled, training=False).numpy(), abs=1e-5)


def test_from_model_applies_the_softmax_to_logits(pictures):
    model = small_classifier(last=None)
    logits = model(pictures.astype(np.float32) / 255, training=False)
    judge = judges.Judge.from_model(model)
    assert judge.probabilities(pictures) == pytest.approx(keras.ops.softmax(logits).numpy(), abs=1e-5)


def test_from_model_averages_features_with_positions(pictures):
    model = small_classifier()
    judge = judges.Judge.from_model(model, "conv")
    maps = model.layers[0](pictures.astype(np.float32) / 255).numpy()
    assert judge.features(pictures) == pytest.approx(maps.mean(axis=(1, 2)), abs=1e-5)
    assert np.array_equal(judges.Judge.from_model(model, 0).features(pictures), judge.features(pictures))


def test_from_model_scales_to_the_models_own_range(pictures):
    model = small_classifier()
    judge = judges.Judge.from_model(model, "conv", input_range=(-1, 1))
    maps = model.layers[0](pictures.astype(np.float32) / 127.5 - 1).numpy()
    assert judge.features(pictures) == pytest.approx(maps.mean(axis=(1, 2)), abs=1e-5)
    assert judge.features(to_float(pictures, "tanh"), "tanh") == pytest.approx(maps.mean(axis=(1, 2)), abs=1e-5)


def test_training_the_model_later_leaves_the_judge_alone_and_the_reverse(pictures):
    model = small_classifier()
    judge = judges.Judge.from_model(model)
    before = judge.features(pictures)
    assert len(model.trainable_weights) == 8
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(pictures / 255, np.arange(7) % 2, verbose=0)
    assert not np.array_equal(judges.Judge.from_model(model).features(pictures), before)
    assert np.array_equal(judge.features(pictures), before)


def test_a_network_that_is_no_classifier_gives_features_only(pictures):
    judge = judges.Judge.from_model(small_classifier(last="relu"), "hidden")
    assert judge.classes == 0
    assert judge.features(pictures).shape == (7, 5)
    with pytest.raises(ValueError, match="features only, expected a classifier"):
        judge.probabilities(pictures)


def test_models_that_cannot_judge_are_named():
    with pytest.raises(ValueError, match=r"no layer 'hiden', expected one of conv, norm, .*hidden"):
        judges.Judge.from_model(small_classifier(), "hiden")
    with pytest.raises(ValueError, match="no layer 9, expected one of"):
        judges.Judge.from_model(small_classifier(), 9)
    with pytest.raises(ValueError, match="not built of layers from one input to one output"):
        judges.Judge.from_model(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match="no layer with weights"):
        judges.Judge.from_model(keras.Sequential([keras.Input((6, 6, 3)), layers.Flatten()]))
