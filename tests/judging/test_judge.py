"""A judge: what it takes, that it stays frozen, and how any classifier becomes one."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import layers

from labhelpers import judging
from labhelpers.data import LabeledImages, embedded_digits, to_float


@pytest.fixture(scope="module")
def judge() -> judging.Judge:
    return judging.mnist_judge()


@pytest.fixture(scope="module")
def digits() -> LabeledImages:
    return embedded_digits()


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


# --- what a judge takes -----------------------------------------------------------------------------------------------


def test_both_types_of_the_same_images_give_the_same_features(judge, digits):
    images = digits.test_images[:30]
    features = judge.features(images)
    assert features.dtype == np.float32
    assert features.shape == (30, 64)
    assert (features >= 0).all()
    scaled = to_float(images, "sigmoid")
    # float32 rounding of the pixels, seen through sums of 1,568 products
    assert judge.features(scaled) == pytest.approx(features, abs=1e-3)
    assert judge.features(scaled[..., 0].astype(np.float64)) == pytest.approx(features, abs=1e-3)


def test_batches_do_not_change_the_answer_and_make_no_new_trace(digits):
    judge = judging.mnist_judge()
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
    assert judging.class_histogram(probabilities).sum() == 50


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.full((2, 28, 28, 1), -0.5), r"lie in \[-0.5, -0.5\], expected uint8 or floats in \[0, 1\]"),
        (np.full((2, 28, 28, 1), 200.0), r"lie in \[200, 200\], expected .* astype\(np.uint8\)"),
        (np.full((2, 28, 28, 1), np.nan), r"NaN or infinite .* diverged"),
        (np.zeros((2, 28, 28, 1), np.int64), r"are int64, expected uint8"),
        (np.zeros((2, 784), np.uint8), r"shape \(2, 784\), expected \(n, 28, 28, 1\)"),
        (np.zeros((2, 28, 28, 3), np.uint8), r"shape \(2, 28, 28, 3\), expected"),
        (np.zeros((0, 28, 28, 1), np.uint8), r"shape \(0, 28, 28, 1\), expected .* at least one"),
    ],
)
def test_images_that_a_judge_does_not_take_are_named(judge, images, message):
    for look in (judge.features, judge.probabilities):
        with pytest.raises(ValueError, match=message) as caught:
            look(images)
        assert str(caught.value).endswith(".")


# --- judges of other data ---------------------------------------------------------------------------------------------


def test_from_model_takes_the_penultimate_features_and_the_softmax(pictures):
    model = small_classifier()
    judge = judging.Judge.from_model(model)
    assert (judge.image_shape, judge.feature_dim, judge.classes) == ((6, 6, 3), 5, 2)
    scaled = pictures.astype(np.float32) / 255
    hidden = keras.Model(model.inputs[0], model.get_layer("hidden").output)
    assert judge.features(pictures) == pytest.approx(hidden(scaled, training=False).numpy(), abs=1e-5)
    assert judge.probabilities(pictures) == pytest.approx(model(scaled, training=False).numpy(), abs=1e-5)


def test_from_model_applies_the_softmax_to_logits(pictures):
    model = small_classifier(last=None)
    logits = model(pictures.astype(np.float32) / 255, training=False)
    judge = judging.Judge.from_model(model)
    assert judge.probabilities(pictures) == pytest.approx(keras.ops.softmax(logits).numpy(), abs=1e-5)


def test_from_model_averages_features_with_positions(pictures):
    model = small_classifier()
    judge = judging.Judge.from_model(model, "conv")
    maps = model.layers[0](pictures.astype(np.float32) / 255).numpy()
    assert judge.features(pictures) == pytest.approx(maps.mean(axis=(1, 2)), abs=1e-5)
    assert np.array_equal(judging.Judge.from_model(model, 0).features(pictures), judge.features(pictures))


def test_training_the_model_later_leaves_the_judge_alone_and_the_reverse(pictures):
    model = small_classifier()
    judge = judging.Judge.from_model(model)
    before = judge.features(pictures)
    assert len(model.trainable_weights) == 8
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(pictures / 255, np.arange(7) % 2, verbose=0)
    assert not np.array_equal(judging.Judge.from_model(model).features(pictures), before)
    assert np.array_equal(judge.features(pictures), before)


def test_a_network_that_is_no_classifier_gives_features_only(pictures):
    judge = judging.Judge.from_model(small_classifier(last="relu"), "hidden")
    assert judge.classes == 0
    assert judge.features(pictures).shape == (7, 5)
    with pytest.raises(ValueError, match="features only, expected a classifier"):
        judge.probabilities(pictures)


def test_models_that_cannot_judge_are_named():
    with pytest.raises(ValueError, match=r"no layer 'hiden', expected one of conv, norm, .*hidden"):
        judging.Judge.from_model(small_classifier(), "hiden")
    with pytest.raises(ValueError, match="no layer 9, expected one of"):
        judging.Judge.from_model(small_classifier(), 9)
    with pytest.raises(ValueError, match="not built of layers from one input to one output"):
        judging.Judge.from_model(keras.Sequential([layers.Dense(2)]))
    with pytest.raises(ValueError, match="no layer with weights"):
        judging.Judge.from_model(keras.Sequential([keras.Input((6, 6, 3)), layers.Flatten()]))
