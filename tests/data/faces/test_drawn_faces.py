"""Sets of faces: their shapes, that they are the same again, and that no two faces are alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from labhelpers.data.faces import ATTRIBUTES, DrawnFaces, FaceShape, draw_attributes, draw_face, draw_faces


def test_shapes_and_types(many: DrawnFaces) -> None:
    assert many.images.shape == (580, 48, 48, 3)
    assert many.line_drawings.shape == (580, 48, 48, 1)
    assert many.images.dtype == many.line_drawings.dtype == np.uint8
    assert len(many) == len(many.captions) == 580
    assert list(many.attributes) == list(ATTRIBUTES)
    for name, values in many.attributes.items():
        assert values.shape == (580,)
        assert set(values.tolist()) == set(ATTRIBUTES[name]), "580 faces show every value"


def test_same_seed_same_faces_and_smaller_sets_are_the_beginning(many: DrawnFaces, tmp_path: Path) -> None:
    few = draw_faces(7, 48, seed=0, cache_directory=tmp_path)
    np.testing.assert_array_equal(few.images, many.images[:7])
    np.testing.assert_array_equal(few.line_drawings, many.line_drawings[:7])
    assert few.captions == many.captions[:7]
    assert all((few.attributes[name] == many.attributes[name][:7]).all() for name in ATTRIBUTES)
    assert draw_attributes(3, 1) != draw_attributes(3, 0)


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square difference in grey levels."""
    return float(np.sqrt(np.mean((first.astype(float) - second.astype(float)) ** 2)))


def test_no_two_of_580_are_alike(many: DrawnFaces) -> None:
    # Two faces are alike if one is the other with every number of its shape moved by half a percent of its range: it
    # moves 8 grey levels in nine faces of ten, and the eye sees no change. The nearest pair must be twice as far apart.
    nudged: list[tuple[float, float]] = []
    for index, face in enumerate(draw_attributes(40, 0)):
        shape = FaceShape(*(min(number + 0.005, 0.999) for number in dataclasses.astuple(face.shape)))
        image, line_drawing = draw_face(dataclasses.replace(face, shape=shape), 48)
        nudged.append((_distance(image, many.images[index]), _distance(line_drawing, many.line_drawings[index])))
    for pictures, alike in zip((many.images, many.line_drawings), np.percentile(nudged, 90, axis=0), strict=True):
        flat = pictures.reshape(580, -1).astype(np.float64)
        squares = np.sum(flat**2, axis=1)
        distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0) / flat.shape[1])
        np.fill_diagonal(distances, np.inf)
        assert distances.min() > 2 * alike


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 15}, "size is 15, but the edge of the image in pixels must be an integer from 16 to 256: choose"),
        ({"size": 257}, "size is 257, "),
        ({"size": 64.0}, r"size is 64\.0, "),
        ({"size": "64"}, "size is '64', "),
        ({"count": 0}, "count is 0, but how many faces to draw must be an integer of at least 1: choose"),
        ({"count": -3}, "count is -3, "),
        ({"count": True}, "count is True, "),
        ({"seed": -1}, "seed is -1, but the number that chooses the faces must be an integer of at least 0: choose"),
        ({"seed": None}, "seed is None, "),
    ],
)
def test_bad_arguments_are_sentences(arguments: dict[str, int], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        draw_faces(**{"count": 1, "size": 16, "seed": 0, **arguments}, cache_directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_numpy_integers_are_integers(tmp_path: Path) -> None:
    assert len(draw_faces(np.int64(2), np.int32(16), np.uint8(1), tmp_path)) == 2  # type: ignore[arg-type]
