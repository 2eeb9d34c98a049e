"""The drawn faces: what is promised about them holds for the pixels, not only for the words."""

from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from labhelpers.data import faces
from labhelpers.data.faces import (
    ATTRIBUTES,
    DrawnFaces,
    FaceAttributes,
    FaceShape,
    describe_face,
    draw_attributes,
    draw_face,
    draw_faces,
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> DrawnFaces:
    return draw_faces(580, 48, seed=0, cache_directory=tmp_path_factory.mktemp("faces"))


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Root mean square difference in grey levels."""
    return float(np.sqrt(np.mean((first.astype(float) - second.astype(float)) ** 2)))


# -- shapes, determinism -----------------------------------------------------------------------------------------------


def test_shapes_and_types(many: DrawnFaces) -> None:
    assert many.images.shape == (580, 48, 48, 3)
    assert many.line_drawings.shape == (580, 48, 48, 1)
    assert many.images.dtype == many.line_drawings.dtype == np.uint8
    assert len(many) == len(many.captions) == 580
    assert list(many.attributes) == list(ATTRIBUTES)
    for name, values in many.attributes.items():
        assert values.shape == (580,)
        assert set(values.tolist()) == set(ATTRIBUTES[name]), "580 faces show every value"


@pytest.mark.parametrize("size", [16, 17, 33, 64, 100, 255, 256])
def test_any_size(size: int) -> None:
    image, line_drawing = draw_face(draw_attributes(1, 5)[0], size)
    assert image.shape == (size, size, 3)
    assert line_drawing.shape == (size, size, 1)
    assert image.dtype == line_drawing.dtype == np.uint8


def test_same_seed_same_faces_and_smaller_sets_are_the_beginning(many: DrawnFaces, tmp_path: Path) -> None:
    few = draw_faces(7, 48, seed=0, cache_directory=tmp_path)
    np.testing.assert_array_equal(few.images, many.images[:7])
    np.testing.assert_array_equal(few.line_drawings, many.line_drawings[:7])
    assert few.captions == many.captions[:7]
    assert all((few.attributes[name] == many.attributes[name][:7]).all() for name in ATTRIBUTES)
    assert draw_attributes(3, 1) != draw_attributes(3, 0)


def test_attributes_of_a_seed_do_not_change_between_machines() -> None:
    # The stream is PCG64's bits and the values come from comparisons alone, so these words hold on every platform.
    first = draw_attributes(2, 0)
    uniform = np.random.Generator(np.random.PCG64([0, 1])).random()
    assert first[1].hair_colour == next(
        name
        for name, top in zip(
            ATTRIBUTES["hair_colour"], np.cumsum(list(ATTRIBUTES["hair_colour"].values())), strict=True
        )
        if uniform < top
    )
    assert describe_face(first[0]) == (
        "an anime face with tan skin, round brown eyes, a pout and blue hair in a bob, wearing a red ribbon, "
        "head tilted to the right, on a mint background"
    )


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


# -- attributes --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn_attributes() -> tuple[FaceAttributes, ...]:
    return draw_attributes(20_000, 11)


def test_probabilities_add_up_to_one() -> None:
    for name, values in ATTRIBUTES.items():
        assert sum(values.values()) == pytest.approx(1.0), name


@pytest.mark.parametrize("name", list(ATTRIBUTES))
def test_attributes_distribute_as_documented(name: str, drawn_attributes: tuple[FaceAttributes, ...]) -> None:
    # A right generator fails a seed once in 10,000 times for each attribute; a value wrong by 0.02 fails it always:
    # its frequency is then 0.02 / sqrt(p (1 - p) / n) = 6 standard deviations off, or more.
    seen = [getattr(face, name) for face in drawn_attributes]
    observed = [seen.count(value) for value in ATTRIBUTES[name]]
    expected = np.array(list(ATTRIBUTES[name].values())) * len(seen)
    assert sum(observed) == len(seen)
    assert stats.chisquare(observed, expected * (len(seen) / expected.sum())).pvalue > 1e-4


def test_attributes_are_independent(drawn_attributes: tuple[FaceAttributes, ...]) -> None:
    for one, other in itertools.combinations(ATTRIBUTES, 2):
        table = np.zeros((len(ATTRIBUTES[one]), len(ATTRIBUTES[other])))
        rows, columns = list(ATTRIBUTES[one]), list(ATTRIBUTES[other])
        for face in drawn_attributes:
            table[rows.index(getattr(face, one)), columns.index(getattr(face, other))] += 1
        assert stats.chi2_contingency(table).pvalue > 1e-5, (one, other)


def test_shape_numbers_are_uniform(drawn_attributes: tuple[FaceAttributes, ...]) -> None:
    numbers = np.array([dataclasses.astuple(face.shape) for face in drawn_attributes[:4000]])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for column in numbers.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-5


def test_an_unknown_value_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"hair_colour is 'orange', but a face can have one of brown, .*: choose"):
        FaceAttributes(hair_colour="orange")


# -- captions ----------------------------------------------------------------------------------------------------------


def test_captions_name_what_shows(many: DrawnFaces) -> None:
    mouths = {"smile": "smile", "open": "open mouth", "cat": "cat mouth", "small": "small mouth", "pout": "pout"}
    styles = {name: name for name in ATTRIBUTES["hair_style"]} | {"bob": "in a bob", "buns": "in buns"}
    for index, caption in enumerate(many.captions):
        face = {name: str(values[index]) for name, values in many.attributes.items()}
        assert len(caption.split()) >= 10
        assert face["hair_colour"] in caption
        assert styles[face["hair_style"]] in caption
        assert f"{face['eye_shape']} {face['eye_colour']} eyes" in caption
        assert f"{face['skin']} skin" in caption
        assert mouths[face["mouth"]] in caption
        assert f"{face['background']} background" in caption
        assert ("glasses" in caption) == (face["glasses"] != "none")
        assert ("ribbon" in caption) == (face["ribbon"] != "none")
        assert ("tilted" in caption) == (face["tilt"] != "straight")
        assert "none" not in caption


def test_captions_tell_different_attributes_apart() -> None:
    captions = [
        describe_face(FaceAttributes(**{name: value})) for name, values in ATTRIBUTES.items() for value in values
    ]
    # Every value changes the caption; the default face comes once for every attribute.
    assert len(set(captions)) == len(captions) - len(ATTRIBUTES) + 1


# -- pixels ------------------------------------------------------------------------------------------------------------


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
    palette = np.array(list(faces._HAIR_COLOURS.values()), float)
    for face in draw_attributes(8, 31):
        pictures = {
            colour: draw_face(dataclasses.replace(face, hair_colour=colour), 64)[0].astype(float)
            for colour in ATTRIBUTES["hair_colour"]
        }
        # Hair is where black hair and silver hair differ most: the fills, not the lines.
        hair = np.abs(pictures["black"] - pictures["silver"]).sum(axis=-1) > 250
        assert hair.mean() > 0.08
        for index, colour in enumerate(faces._HAIR_COLOURS):
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


def test_canvas_pixels_average_to_pixels() -> None:
    # A vertical edge through the middle of a pixel: half of it is covered.
    canvas = faces._Canvas(16)
    canvas.place(0.0, 1.0, (0.0, 0.0), (0.0, 0.0))
    edge = 5.5 / 16
    canvas.shapes([np.array([(edge, -1.0), (2.0, -1.0), (2.0, 2.0), (edge, 2.0)])], (240, 240, 240))
    row = canvas.finish()[0][8, :, 0]
    # The fill reaches a canvas pixel at most beyond the edge, 1/24 of a pixel.
    np.testing.assert_allclose(row[[4, 5, 6]], [0, 120, 240], atol=10)


# -- cache -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[FaceAttributes]:
    """The faces that were drawn since the test began."""
    drawn: list[FaceAttributes] = []
    original = faces.draw_face

    def counted(attributes: FaceAttributes, size: int) -> tuple[np.ndarray, np.ndarray]:
        drawn.append(attributes)
        return original(attributes, size)

    monkeypatch.setattr(faces, "draw_face", counted)
    return drawn


def test_the_second_time_is_read_from_the_cache(drawings: list[FaceAttributes], tmp_path: Path) -> None:
    first = draw_faces(4, 16, 3, tmp_path / "new" / "folder")
    assert len(drawings) == 4
    second = draw_faces(4, 16, 3, tmp_path / "new" / "folder")
    assert len(drawings) == 4
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.line_drawings, second.line_drawings)
    assert first.captions == second.captions
    assert [path.suffix for path in (tmp_path / "new" / "folder").iterdir()] == [".npz"]


def test_another_count_size_seed_or_version_is_another_cache(
    drawings: list[FaceAttributes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count, size, seed in ((2, 16, 0), (3, 16, 0), (2, 17, 0), (2, 16, 1)):
        before = len(drawings)
        draw_faces(count, size, seed, tmp_path)
        assert len(drawings) == before + count
    monkeypatch.setattr(faces, "DRAWING_VERSION", -1)
    before = len(drawings)
    draw_faces(2, 16, 0, tmp_path)
    assert len(drawings) == before + 2


@pytest.mark.parametrize(
    "fault", ["empty", "truncated", "flipped", "text", "other arrays", "wrong shape", "wrong type"]
)
def test_a_broken_cache_is_drawn_again(fault: str, drawings: list[FaceAttributes], tmp_path: Path) -> None:
    right = draw_faces(3, 16, 3, tmp_path)
    (cache,) = tmp_path.iterdir()
    stored = cache.read_bytes()
    if fault == "empty":
        cache.write_bytes(b"")
    elif fault == "truncated":
        cache.write_bytes(stored[: len(stored) // 2])
    elif fault == "flipped":
        middle = len(stored) // 3
        cache.write_bytes(
            stored[:middle] + bytes(255 - byte for byte in stored[middle : middle + 50]) + stored[middle + 50 :]
        )
    elif fault == "text":
        cache.write_text("not an archive")
    elif fault == "other arrays":
        np.savez(cache, images=right.images)
    elif fault == "wrong shape":
        np.savez(cache, images=right.images[:2], line_drawings=right.line_drawings)
    else:
        np.savez(cache, images=right.images.astype(np.float32), line_drawings=right.line_drawings)
    again = draw_faces(3, 16, 3, tmp_path)
    np.testing.assert_array_equal(again.images, right.images)
    assert len(drawings) == 6
    draw_faces(3, 16, 3, tmp_path)
    assert len(drawings) == 6, "the broken cache was mended"


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(file: object, **_: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw_faces(1, 16, 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="could not be kept in .*: give a cache_directory"):
        drawn = draw_faces(1, 16, 0, tmp_path / "file")
    assert drawn.images.shape == (1, 16, 16, 3)


def test_the_default_place_is_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_faces(1, 16)
    assert [path.name for path in (tmp_path / "drawn_faces").iterdir()] == [
        f"faces-1x16-seed0-v{faces.DRAWING_VERSION}.npz"
    ]


# -- bad arguments -----------------------------------------------------------------------------------------------------


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


def test_importing_loads_no_tensorflow() -> None:
    script = "import sys, labhelpers.data.faces, labhelpers.data.folder; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
