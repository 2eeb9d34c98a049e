"""The drawn face: what is promised about it holds for the pixels, not only for the words."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from PIL import Image

from labhelpers.data.faces import ATTRIBUTES, DrawnFaces, FaceAttributes, FaceShape, draw_attributes, draw_face
from labhelpers.data.faces.colours import HAIR_COLOURS


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square difference in grey levels."""
    return float(np.sqrt(np.mean((first.astype(float) - second.astype(float)) ** 2)))


@pytest.mark.parametrize("size", [16, 17, 33, 64, 100, 255, 256])
def test_any_size(size: int) -> None:
    image, line_drawing = draw_face(draw_attributes(1, 5)[0], size)
    assert image.shape == (size, size, 3)
    assert line_drawing.shape == (size, size, 1)
    assert image.dtype == line_drawing.dtype == np.uint8


@pytest.mark.parametrize("name", list(ATTRIBUTES))
def test_every_value_of_every_attribute_shows(name: str) -> None:
    for face in draw_attributes(2, 23):
        pictures = [
            draw_face(dataclasses.replace(face, **{name: value}), 64)[0].astype(int) for value in ATTRIBUTES[name]
        ]
        for one, other in itertools.combinations(pictures, 2):
            # Even between two mouths, the smallest change, 10 pixels of 4096 change by more than an eye overlooks.
            assert np.sum(np.abs(one - other).max(axis=-1) > 15) >= 10


def test_hair_colour_shows_in_the_pixels() -> None:
    palette = np.array(list(HAIR_COLOURS.values()), float)
    for face in draw_attributes(8, 31):
        pictures = {
            colour: draw_face(dataclasses.replace(face, hair_colour=colour), 64)[0].astype(float)
            for colour in ATTRIBUTES["hair_colour"]
        }
        # Hair is where black hair and silver hair differ most: the fills, not the lines.
        hair = np.abs(pictures["black"] - pictures["silver"]).sum(axis=-1) > 250
        assert hair.mean() > 0.08
        for index, colour in enumerate(HAIR_COLOURS):
            seen = np.median(pictures[colour][hair], axis=0)
            assert np.argmin(np.linalg.norm(palette - seen, axis=1)) == index, (colour, seen)


def test_another_hair_colour_leaves_the_rest_alone() -> None:
    face = draw_attributes(1, 2)[0]
    blond, pink = (draw_face(dataclasses.replace(face, hair_colour=colour), 64) for colour in ("blond", "pink"))
    np.testing.assert_array_equal(blond[1], pink[1])  # the same lines
    np.testing.assert_array_equal(blond[0][:4, :4], pink[0][:4, :4])  # the same background


def test_tilt_leans_the_head_to_its_side() -> None:
    # Seen as the middle of the ink in the upper third of the picture, where the hair is; it is the same on both sides.
    middles = {}
    for tilt in ATTRIBUTES["tilt"]:
        face = FaceAttributes(hair_style="bob", tilt=tilt, shape=FaceShape(bangs_sweep=0.5))
        ink = 255.0 - draw_face(face, 96)[1][:32, :, 0]
        middles[tilt] = float((ink.sum(axis=0) @ np.arange(96)) / ink.sum())
    assert middles["left"] < middles["straight"] - 2 < middles["right"] - 4


def _edges(image: np.ndarray) -> np.ndarray:
    """How much the colour changes at a pixel, between its neighbours to the left and right, above and below."""
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = np.abs(padded[1:-1, 2:] - padded[1:-1, :-2]).sum(axis=-1)
    down = np.abs(padded[2:, 1:-1] - padded[:-2, 1:-1]).sum(axis=-1)
    return np.hypot(across, down)


def test_line_drawings_are_in_register_with_the_faces() -> None:
    agreement = []
    pairs = [draw_face(face, 100) for face in draw_attributes(24, 41)]
    for image, line_drawing in pairs:
        # Lines darken the pixels they cover, so ink goes with darkness below the local mean as well as with edges.
        ink = 255.0 - line_drawing[..., 0]
        edges = _edges(image)

        def fit(x: int, y: int, ink: np.ndarray = ink, edges: np.ndarray = edges) -> float:
            moved = np.roll(ink, (y, x), axis=(0, 1))[6:-6, 6:-6]
            return float(np.corrcoef(moved.ravel(), edges[6:-6, 6:-6].ravel())[0, 1])

        best = max(itertools.product(range(-4, 5), repeat=2), key=lambda shift: fit(*shift))
        assert max(map(abs, best)) <= 1, best
        agreement.append(fit(0, 0))
        others = [
            np.corrcoef(255.0 - other.ravel(), edges.ravel())[0, 1] for _, other in pairs if other is not line_drawing
        ]
        assert agreement[-1] > max(others)
    assert np.mean(agreement) > 0.4


def test_line_drawings_are_dark_lines_on_white_paper(many: DrawnFaces) -> None:
    paper = np.mean(many.line_drawings > 200, axis=(1, 2, 3))
    ink = np.mean(many.line_drawings < 100, axis=(1, 2, 3))
    assert paper.min() > 0.5
    assert ink.min() > 0.03
    assert ink.max() < 0.35


def test_edges_are_anti_aliased() -> None:
    for face in draw_attributes(6, 51):
        small, large = draw_face(face, 64)[0], draw_face(face, 256)[0]
        averaged = np.asarray(Image.fromarray(large).reduce(4))
        picked = large[1::4, 1::4]
        # Averaging a larger picture gives the smaller one, up to the coarseness of the canvas; picking pixels does not.
        assert _distance(small, averaged) < 0.4 * _distance(picked, averaged)
        line_drawing = draw_face(face, 64)[1]
        between = np.sum((line_drawing > 20) & (line_drawing < 235))
        assert between > 0.5 * np.sum(line_drawing <= 20)
