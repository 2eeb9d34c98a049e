"""The face judge is the one that is stated, and sees what is wrong with faces."""

from __future__ import annotations

import hashlib
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from labhelpers import judging
from labhelpers.data import DrawnFaces, draw_faces, to_float
from labhelpers.judging import faces as faces_file
from labhelpers.judging import frozen, train

ACCURACY, FLOOR = 0.8231, 22.028  # as the docstring states them


@pytest.fixture(scope="module")
def judge() -> judging.Judge:
    return judging.face_judge()


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> DrawnFaces:
    return draw_faces(200, 48, seed=train.FACE_TEST_SEED, cache_directory=tmp_path_factory.mktemp("faces"))


def test_the_weights_are_the_stated_ones_and_small():
    content = faces_file.FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == faces_file.SHA256
    assert len(content) < 1_000_000


def test_the_face_judge_is_what_it_says(judge):
    assert (judge.image_shape, judge.feature_dim, judge.classes) == ((48, 48, 3), 64, 0)
    for number in (f"{ACCURACY:.1%}".replace("%", " %"), str(FLOOR)):
        assert number in judging.face_judge.__doc__


def test_it_reads_the_attributes_about_as_stated(faces):
    model = faces_file.face_classifier()
    model.set_weights(frozen.read_weights(faces_file.FILE, faces_file.SHA256))
    accuracy = train.attribute_accuracy(model, faces.images, faces.attributes)
    assert len(accuracy) == 10
    # 200 of the 1,000 faces that the stated number comes from
    assert np.mean(list(accuracy.values())) == pytest.approx(ACCURACY, abs=0.03)


def test_it_sees_quality(judge, faces):
    one, other = faces.images[:100], faces.images[100:]
    reference = judging.real_reference(judge, one)
    blurred = (other.astype(float) + np.roll(other, 4, axis=1) + np.roll(other, 4, axis=2)) / 3
    cases = (other, blurred.astype(np.uint8), other[:, ::-1], np.repeat(other[:1], 100, axis=0))
    fids = [judging.quality(images, judge, reference).fid for images in cases]
    assert all(fid > 1.5 * fids[0] for fid in fids[1:]), fids


def test_images_are_brought_to_the_judges_size(judge, faces):
    assert judging.resized_for(judge, faces.images) is faces.images
    large = faces.images[:3].repeat(2, axis=1).repeat(2, axis=2)
    small = judging.resized_for(judge, large)
    assert small.dtype == np.uint8
    assert np.abs(small.astype(int) - faces.images[:3]).mean() < 12  # the antialiasing filter reaches over the edges
    floats = judging.resized_for(judge, to_float(large, "sigmoid"))
    assert floats.dtype == np.float32
    assert floats.shape == (3, 48, 48, 3)
    judge.features(floats)
