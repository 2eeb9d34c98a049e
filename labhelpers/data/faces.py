"""Anime-style faces drawn by the program, each with its attributes, its line drawing and a caption.

The faces need no download and no licence. They serve as images for a GAN, as pairs (line drawing to face), as unpaired
domains (blond hair to pink hair), as captioned images, and as a ground truth to judge conditional models by.

How a face is drawn: attributes and shape are numbers drawn from the seed; shapes are smooth curves in a plane whose
unit is the edge of the image; Pillow fills them on a canvas several times larger than the image, and averaging blocks
of the canvas into pixels smooths every edge. The line drawing is made by the same calls on a second canvas, where a
filled shape is white with a black outline: what a shape hides in the face it also hides in the line drawing, so both
are in register.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw
from tqdm.auto import tqdm

from labhelpers.data.directory import data_directory

__all__ = [
    "ATTRIBUTES",
    "DRAWING_VERSION",
    "DrawnFaces",
    "FaceAttributes",
    "FaceShape",
    "describe_face",
    "draw_attributes",
    "draw_face",
    "draw_faces",
]

DRAWING_VERSION = 1
"""Part of the cache's name: raise it with every change of the drawing, and old caches are not read again."""

ATTRIBUTES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "hair_colour": MappingProxyType(
            {
                "brown": 0.16,
                "blond": 0.16,
                "black": 0.14,
                "pink": 0.12,
                "blue": 0.12,
                "red": 0.08,
                "purple": 0.08,
                "green": 0.07,
                "silver": 0.07,
            }
        ),
        "hair_style": MappingProxyType(
            {
                "long": 0.20,
                "bob": 0.18,
                "twin tails": 0.16,
                "short": 0.14,
                "ponytail": 0.12,
                "spiky": 0.10,
                "buns": 0.10,
            }
        ),
        "eye_colour": MappingProxyType(
            {"brown": 0.22, "blue": 0.22, "green": 0.16, "golden": 0.14, "purple": 0.14, "red": 0.12}
        ),
        "eye_shape": MappingProxyType({"round": 0.40, "sharp": 0.25, "droopy": 0.20, "sleepy": 0.15}),
        "skin": MappingProxyType({"fair": 0.40, "peach": 0.30, "tan": 0.18, "brown": 0.12}),
        "mouth": MappingProxyType({"smile": 0.35, "open": 0.25, "cat": 0.15, "small": 0.15, "pout": 0.10}),
        "glasses": MappingProxyType({"none": 0.80, "round": 0.12, "square": 0.08}),
        "ribbon": MappingProxyType({"none": 0.60, "red": 0.14, "blue": 0.13, "yellow": 0.13}),
        "background": MappingProxyType(
            {"sky": 0.20, "rose": 0.18, "mint": 0.17, "cream": 0.17, "lavender": 0.16, "sunset": 0.12}
        ),
        "tilt": MappingProxyType({"straight": 0.50, "left": 0.25, "right": 0.25}),
    }
)
"""Every attribute, its values, and the probability of each value. The attributes are independent of each other."""

SMALLEST_SIZE = 16
LARGEST_SIZE = 256

Colour = tuple[int, int, int]
Points = NDArray[np.float64]

_HAIR_COLOURS: Mapping[str, Colour] = {
    "brown": (139, 92, 62),
    "blond": (246, 211, 118),
    "black": (62, 60, 78),
    "pink": (247, 160, 186),
    "blue": (98, 150, 222),
    "red": (205, 74, 66),
    "purple": (152, 112, 196),
    "green": (112, 182, 132),
    "silver": (206, 211, 226),
}
_EYE_COLOURS: Mapping[str, Colour] = {
    "brown": (150, 92, 52),
    "blue": (62, 134, 222),
    "green": (66, 168, 106),
    "golden": (230, 168, 44),
    "purple": (146, 88, 206),
    "red": (214, 58, 74),
}
_SKINS: Mapping[str, Colour] = {
    "fair": (255, 236, 222),
    "peach": (253, 220, 196),
    "tan": (232, 184, 146),
    "brown": (180, 124, 92),
}
_RIBBONS: Mapping[str, Colour] = {"red": (228, 66, 78), "blue": (74, 122, 214), "yellow": (250, 202, 70)}
_BACKGROUNDS: Mapping[str, tuple[Colour, Colour]] = {
    "sky": ((150, 206, 244), (224, 243, 253)),
    "rose": ((250, 190, 204), (255, 232, 232)),
    "mint": ((164, 222, 200), (228, 248, 234)),
    "cream": ((250, 228, 178), (255, 247, 226)),
    "lavender": ((196, 184, 236), (236, 230, 252)),
    "sunset": ((246, 168, 130), (254, 218, 156)),
}
_CLOTHES: tuple[Colour, ...] = (
    (66, 82, 130),
    (246, 246, 250),
    (196, 72, 86),
    (88, 140, 128),
    (92, 84, 104),
    (240, 188, 96),
    (142, 172, 220),
    (206, 160, 200),
)
_WHITE: Colour = (255, 255, 255)
_INK: Colour = (52, 34, 44)


@dataclasses.dataclass(frozen=True)
class FaceShape:
    """What varies from face to face besides the attributes.

    Every number is in [0, 1], and 0.5 is the middle of its range.
    """

    face_width: float = 0.5
    chin: float = 0.5
    cheeks: float = 0.5
    eye_spacing: float = 0.5
    eye_height: float = 0.5
    eye_size: float = 0.5
    eye_aspect: float = 0.5
    iris_size: float = 0.5
    gaze_x: float = 0.5
    gaze_y: float = 0.5
    highlights: float = 0.5
    lashes: float = 0.5
    brow_angle: float = 0.5
    brow_height: float = 0.5
    brow_width: float = 0.5
    nose: float = 0.5
    mouth_width: float = 0.5
    mouth_height: float = 0.5
    blush: float = 0.5
    ears: float = 0.5
    turn: float = 0.5
    tilt_angle: float = 0.5
    hair_volume: float = 0.5
    hair_length: float = 0.5
    hair_wave: float = 0.5
    hair_tone: float = 0.5
    hair_gradient: float = 0.5
    bangs_kind: float = 0.5
    bangs_count: float = 0.5
    bangs_length: float = 0.5
    bangs_sweep: float = 0.5
    bangs_jitter: float = 0.5
    bangs_rhythm: float = 0.5
    side_locks: float = 0.5
    side_lock_length: float = 0.5
    shine: float = 0.5
    antenna: float = 0.5
    accessory_side: float = 0.5
    accessory_colour: float = 0.5
    clothes: float = 0.5
    clothes_colour: float = 0.5
    pattern: float = 0.5
    pattern_place: float = 0.5
    zoom: float = 0.5
    place_x: float = 0.5
    place_y: float = 0.5
    wording: float = 0.5


@dataclasses.dataclass(frozen=True)
class FaceAttributes:
    """One face in words, and the numbers that make it different from others of the same words.

    Every attribute takes one of the values in ``ATTRIBUTES``. ``tilt`` is the side of the image to which the top of
    the head leans. ``dataclasses.replace(face, hair_colour="pink")`` gives the same face with pink hair.
    """

    hair_colour: str = "brown"
    hair_style: str = "long"
    eye_colour: str = "blue"
    eye_shape: str = "round"
    skin: str = "fair"
    mouth: str = "smile"
    glasses: str = "none"
    ribbon: str = "none"
    background: str = "sky"
    tilt: str = "straight"
    shape: FaceShape = FaceShape()

    def __post_init__(self) -> None:
        for name, values in ATTRIBUTES.items():
            value = getattr(self, name)
            if value not in values:
                raise ValueError(
                    f"{name} is {value!r}, but a face can have one of {', '.join(values)}: choose one of these."
                )


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnFaces:
    """A set of drawn faces; item ``i`` of every field belongs to the same face.

    Attributes:
        images: uint8, shape (n, size, size, 3), RGB.
        line_drawings: uint8, shape (n, size, size, 1): 0 is ink, 255 is paper.
        attributes: for every name in ``ATTRIBUTES`` one array of n strings.
        captions: n captions of several words each.
    """

    images: NDArray[np.uint8]
    line_drawings: NDArray[np.uint8]
    attributes: Mapping[str, NDArray[np.str_]]
    captions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)


# ---------------------------------------------------------------------------------------------------------------------
# Attributes and captions
# ---------------------------------------------------------------------------------------------------------------------


def draw_attributes(count: int, seed: int = 0) -> tuple[FaceAttributes, ...]:
    """Draws the attributes of faces from a seed, without drawing the faces.

    Face ``i`` of a seed is the same whatever ``count`` is: it has its own random stream, PCG64 seeded with (seed, i).

    Args:
        count: How many faces, at least 1.
        seed: An integer of at least 0.

    Raises:
        ValueError: If ``count`` or ``seed`` is out of range.
    """
    count = _whole_number("count", count, "how many faces to draw", 1)
    seed = _whole_number("seed", seed, "the number that chooses the faces", 0)
    return tuple(_draw_one(seed, index) for index in range(count))


def _draw_one(seed: int, index: int) -> FaceAttributes:
    # Only uniform doubles are asked of the stream: they are the bits of PCG64 and do not change between numpy releases.
    uniforms = np.random.Generator(np.random.PCG64([seed, index])).random(len(ATTRIBUTES) + len(_SHAPE_NAMES)).tolist()
    values = {name: _pick(name, u) for name, u in zip(ATTRIBUTES, uniforms, strict=False)}
    return FaceAttributes(**values, shape=FaceShape(*uniforms[len(ATTRIBUTES) :]))


_SHAPE_NAMES = tuple(field.name for field in dataclasses.fields(FaceShape))


def _pick(name: str, uniform: float) -> str:
    """The value of an attribute at one point of its cumulative distribution."""
    reached = 0.0
    for value, probability in ATTRIBUTES[name].items():
        reached += probability
        if uniform < reached:
            return value
    return value  # the probabilities may add up to a hair less than 1


def describe_face(attributes: FaceAttributes) -> str:
    """A caption of several words that names every attribute which shows."""
    hair_nouns = {
        "long": "long {} hair",
        "bob": "{} hair in a bob",
        "twin tails": "{} twin tails",
        "short": "short {} hair",
        "ponytail": "a {} ponytail",
        "spiky": "spiky {} hair",
        "buns": "{} hair in buns",
    }
    mouths = {
        "smile": "a smile",
        "open": "an open mouth",
        "cat": "a cat mouth",
        "small": "a small mouth",
        "pout": "a pout",
    }
    hair = hair_nouns[attributes.hair_style].format(attributes.hair_colour)
    eyes = f"{attributes.eye_shape} {attributes.eye_colour} eyes"
    mouth = mouths[attributes.mouth]
    features = (f"{hair}, {eyes} and {mouth}", f"{eyes}, {mouth} and {hair}", f"{hair}, {mouth} and {eyes}")
    worn = []
    if attributes.glasses != "none":
        worn.append(f"{attributes.glasses} glasses")
    if attributes.ribbon != "none":
        worn.append(f"a {attributes.ribbon} ribbon")
    caption = f"an anime face with {attributes.skin} skin, {features[_choice(attributes.shape.wording, 3)]}"
    if worn:
        caption += f", wearing {' and '.join(worn)}"
    if attributes.tilt != "straight":
        caption += f", head tilted to the {attributes.tilt}"
    return f"{caption}, on a {attributes.background} background"


# ---------------------------------------------------------------------------------------------------------------------
# Public drawing
# ---------------------------------------------------------------------------------------------------------------------


def draw_face(attributes: FaceAttributes, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draws one face.

    Args:
        attributes: What the face looks like.
        size: Edge of the square image in pixels, from 16 to 256.

    Returns:
        The image, uint8 of shape (size, size, 3), and its line drawing, uint8 of shape (size, size, 1) with 0 for ink.

    Raises:
        ValueError: If ``size`` is out of range.
    """
    size = _whole_number("size", size, "the edge of the image in pixels", SMALLEST_SIZE, LARGEST_SIZE)
    canvas = _Canvas(size)
    _Face(canvas, attributes).draw()
    return canvas.finish()


def draw_faces(count: int = 580, size: int = 100, seed: int = 0, cache_directory: Path | None = None) -> DrawnFaces:
    """Draws a set of faces, or reads it from the cache where it was drawn before.

    Face ``i`` of a seed is the same whatever ``count`` is, so a smaller set is the beginning of a larger one.
    Attributes and captions are the same everywhere; pixels are the same with the same Pillow, and another release of it
    may shade an edge differently.

    Args:
        count: How many faces.
        size: Edge of the square images in pixels, from 16 to 256.
        seed: An integer of at least 0.
        cache_directory: Where the drawn set is kept; ``drawn_faces`` in the data directory if it is not given. A cache
            that cannot be read is drawn again; one that cannot be written costs a warning.

    Raises:
        ValueError: If ``count``, ``size`` or ``seed`` is out of range.
    """
    size = _whole_number("size", size, "the edge of the image in pixels", SMALLEST_SIZE, LARGEST_SIZE)
    faces = draw_attributes(count, seed)
    folder = data_directory() / "drawn_faces" if cache_directory is None else Path(cache_directory)
    cache = folder / f"faces-{len(faces)}x{size}-seed{operator.index(seed)}-v{DRAWING_VERSION}.npz"
    pixels = _read_cache(cache, len(faces), size)
    if pixels is None:
        images = np.empty((len(faces), size, size, 3), np.uint8)
        line_drawings = np.empty((len(faces), size, size, 1), np.uint8)
        progress = tqdm(faces, desc="drawing faces", unit="face", disable=len(faces) <= 100)
        for index, attributes in enumerate(progress):
            images[index], line_drawings[index] = draw_face(attributes, size)
        _write_cache(cache, images, line_drawings)
    else:
        images, line_drawings = pixels
    table = {name: np.array([getattr(face, name) for face in faces]) for name in ATTRIBUTES}
    return DrawnFaces(images, line_drawings, MappingProxyType(table), tuple(map(describe_face, faces)))


def _read_cache(cache: Path, count: int, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    if not cache.is_file():
        return None
    try:
        with np.load(cache, allow_pickle=False) as stored:
            images, line_drawings = stored["images"], stored["line_drawings"]
    except Exception:  # a broken zip raises nearly anything, and whatever it is the answer is to draw again
        return None
    right = (
        images.dtype == line_drawings.dtype == np.uint8
        and images.shape == (count, size, size, 3)
        and line_drawings.shape == (count, size, size, 1)
    )
    return (images, line_drawings) if right else None


def _write_cache(cache: Path, images: NDArray[np.uint8], line_drawings: NDArray[np.uint8]) -> None:
    beside = cache.with_name(f".{cache.stem}-{uuid.uuid4().hex}.part")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            np.savez_compressed(file, images=images, line_drawings=line_drawings)
        beside.replace(cache)
    except OSError as error:
        warnings.warn(
            f"The drawn faces could not be kept in {cache.parent} ({error.strerror or error}), so they are drawn again "
            "next time: give a cache_directory that can be written, or set LABS_DATA to one.",
            stacklevel=3,
        )
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _whole_number(name: str, value: int, meaning: str, least: int, most: int | None = None) -> int:
    expected = f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        raise ValueError(f"{name} is {value!r}, but {meaning} must be {expected}: choose such a number.")
    return number


# ---------------------------------------------------------------------------------------------------------------------
# Geometry and colour
# ---------------------------------------------------------------------------------------------------------------------


def _between(low: float, high: float, u: float) -> float:
    return low + (high - low) * u


def _choice(u: float, kinds: int) -> int:
    """A uniform number in [0, 1) as one of so many kinds."""
    return min(int(u * kinds), kinds - 1)


def _again(u: float, times: float) -> float:
    """A second number in [0, 1) from the later digits of one: for details that do not deserve a field of their own."""
    return (u * times) % 1.0


def _mix(first: Colour, second: Colour, amount: float) -> Colour:
    """The colour so far on the way from the first (0) to the second (1)."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _darker(colour: Colour, amount: float = 0.5) -> Colour:
    """A shade of the same colour, a little warmer and more saturated than mixing with black would make it."""
    red, green, blue = colour
    return round(red * (1 - 0.80 * amount)), round(green * (1 - 1.0 * amount)), round(blue * (1 - 0.88 * amount))


@functools.cache
def _spline_basis(steps: int) -> NDArray[np.float64]:
    t = np.arange(steps) / steps
    return 0.5 * np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], axis=1)


def _curve(points: list[tuple[float, float]] | Points, closed: bool = False, steps: int = 8) -> Points:
    """A Catmull-Rom spline through points, sampled ``steps`` times a piece."""
    through = np.asarray(points, float)
    if closed:
        padded = np.concatenate([through[-1:], through, through[:2]])
    else:
        padded = np.concatenate([2 * through[:1] - through[1:2], through, 2 * through[-1:] - through[-2:-1]])
    pieces = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]])
    sampled = np.einsum("sk,kpd->psd", _spline_basis(steps), pieces).reshape(-1, 2)
    return sampled if closed else np.concatenate([sampled, through[-1:]])


@functools.cache
def _circle(steps: int) -> Points:
    angle = np.linspace(0, 2 * math.pi, steps, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _ellipse(x: float, y: float, rx: float, ry: float, steps: int = 28) -> Points:
    ellipse: Points = _shifted(_circle(steps) * (rx, ry), x, y)
    return ellipse


def _shifted(points: Points, x: float, y: float) -> Points:
    return points + np.array((x, y))


def _mirrored(points: Points) -> Points:
    return points * (-1.0, 1.0)


def _symmetric(right_half: list[tuple[float, float]], steps: int = 8) -> Points:
    """A closed smooth outline from its right half, given from the top middle to the bottom middle."""
    left = [(-x, y) for x, y in reversed(right_half[1:-1])]
    return _curve(right_half + left, closed=True, steps=steps)


@functools.lru_cache(1024)
def _swell(count: int, start: float, end: float) -> NDArray[np.float64]:
    t = np.linspace(0, 1, count)
    swell = np.maximum(np.sin(math.pi * t), 0) ** 0.7
    return 0.5 * np.maximum(swell, np.maximum(start * (1 - t) ** 2, end * t**2))[:, None]


def _normals(points: Points) -> Points:
    """Unit normals of an open curve, one a point."""
    normals = np.empty_like(points)
    normals[1:-1] = points[2:, ::-1] - points[:-2, ::-1]
    normals[0], normals[-1] = points[1, ::-1] - points[0, ::-1], points[-1, ::-1] - points[-2, ::-1]
    normals[:, 0] *= -1
    normals /= np.maximum(np.hypot(normals[:, 0], normals[:, 1]), 1e-9)[:, None]
    return normals


def _brush(points: Points, width: float, start: float, end: float) -> Points:
    """The outline of a stroke whose width swells to ``width`` in the middle and starts and ends at parts of it."""
    offset = _normals(points) * (width * _swell(len(points), start, end))
    return np.concatenate([points + offset, (points - offset)[::-1]])


# ---------------------------------------------------------------------------------------------------------------------
# Canvas
# ---------------------------------------------------------------------------------------------------------------------


class _Canvas:
    """Two large pictures that are drawn on together: the face in colour, and its lines.

    Points are in the plane of the head: the middle between the eyes is the origin, x grows to the right, y down, and
    the edge of the image is 1. ``place`` says where that plane lies in the image.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # At least 3 canvas pixels a pixel, and enough of them that curves of small images keep their form.
        self.scale = max(3, math.ceil(384 / size))
        self.edge = size * self.scale
        self.image = Image.new("RGB", (self.edge, self.edge))
        self.lines = Image.new("L", (self.edge, self.edge), 255)
        self.line_width = 0.0085
        # A line much thinner than a pixel fades to a light grey, and one much thicker than this closes the eyes up.
        self.ink_width = max(0.0085, min(0.8 / size, 0.018))
        self.place(0.0, 1.0, (0.5, 0.5), (0.0, 0.0))

    def place(self, angle: float, zoom: float, origin: tuple[float, float], pivot: tuple[float, float]) -> None:
        """Turns the plane (radians, about a pivot in the plane), zooms it, and puts its origin somewhere."""
        cosine, sine = math.cos(angle) * zoom * self.edge, math.sin(angle) * zoom * self.edge
        self.matrix = np.array([[cosine, sine], [-sine, cosine]])
        still = np.asarray(pivot) * zoom * self.edge + np.asarray(origin) * self.edge
        self.offset = still - np.asarray(pivot) @ self.matrix
        self.zoom = zoom * self.edge

    def flat(self, points: Points) -> list[float]:
        mapped: list[float] = (points @ self.matrix + self.offset).ravel().tolist()
        return mapped

    def shapes(
        self,
        outlines: list[Points],
        fill: Colour,
        outline: Colour | None = None,
        bottom: Colour | None = None,
    ) -> Image.Image | None:
        """Fills shapes as one: an outline round all of them together, and a fill that runs to ``bottom`` downwards.

        Returns the mask of the shapes where there is a gradient.
        """
        flats = [self.flat(points) for points in outlines]
        picture, lines = ImageDraw.Draw(self.image), ImageDraw.Draw(self.lines)
        if outline is not None:
            for flat in flats:
                _border(picture, flat, outline, max(1, round(2 * self.line_width * self.zoom)))
                _border(lines, flat, 0, max(1, round(2 * self.ink_width * self.zoom)))
        for flat in flats:
            lines.polygon(flat, fill=255)
        if bottom is None:
            for flat in flats:
                picture.polygon(flat, fill=fill)
            return None
        mask = self.mask(outlines, "1")
        box = mask.getbbox()
        if box is not None:
            self.image.paste(_gradient(fill, bottom, box), box, mask.crop(box))
        return mask

    def mask(self, outlines: list[Points], mode: str = "L") -> Image.Image:
        """White shapes on black: mode "1" pastes in a third of the time, mode "L" can be faded and combined."""
        mask = Image.new(mode, (self.edge, self.edge), 0)
        draw = ImageDraw.Draw(mask)
        for points in outlines:
            draw.polygon(self.flat(points), fill=255)
        return mask

    def tint(self, mask: Image.Image, colour: Colour, amount: float = 1.0) -> None:
        """Lays a transparent colour over the face where a mask is white; the lines do not change."""
        box = mask.getbbox()
        if box is None:
            return
        part = mask.crop(box)
        if amount < 1:
            part = part.point(_fading(amount))
        self.image.paste(colour, box, part)

    def glow(
        self, x: float, y: float, *, rx: float, ry: float, colour: Colour, amount: float, on: Image.Image | None = None
    ) -> None:
        """A soft ellipse of colour that fades to its edge, where a mask is white; the lines do not change."""
        (cx, cy) = np.array([x, y]) @ self.matrix + self.offset
        half_width, half_height = max(1, round(rx * self.zoom)), max(1, round(ry * self.zoom))
        soft = _soft_disc().resize((2 * half_width, 2 * half_height)).point(_fading(amount))
        corner = round(cx) - half_width, round(cy) - half_height
        if on is not None:
            soft = ImageChops.darker(soft, on.crop((*corner, corner[0] + soft.width, corner[1] + soft.height)))
        self.image.paste(colour, corner, soft)

    def stroke(
        self,
        points: Points,
        colour: Colour,
        width: float,
        start: float = 0.15,
        end: float = 0.15,
        *,
        inked: bool = True,
    ) -> None:
        """A brush stroke of a width (in parts of the image's edge) that tapers to its ends."""
        ImageDraw.Draw(self.image).polygon(self.flat(_brush(points, width, start, end)), fill=colour)
        if inked:
            ink = _brush(points, max(width, self.ink_width), max(start, 0.4), max(end, 0.4))
            ImageDraw.Draw(self.lines).polygon(self.flat(ink), fill=0)

    def ink(self, points: Points, shade: int = 0) -> None:
        """Fills a shape in the line drawing only."""
        ImageDraw.Draw(self.lines).polygon(self.flat(points), fill=shade)

    @contextmanager
    def within(self, points: Points) -> Iterator[None]:
        """What is drawn inside this context shows only within a shape; it reaches at most 0.15 beyond the shape."""
        mask = self.mask([points], "1")
        reach = 0.15 * self.zoom
        left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
        box = (
            max(0, math.floor(left - reach)),
            max(0, math.floor(top - reach)),
            min(self.edge, math.ceil(right + reach)),
            min(self.edge, math.ceil(bottom + reach)),
        )
        image, lines, outside = self.image.crop(box), self.lines.crop(box), ImageChops.invert(mask.crop(box))
        yield
        self.image.paste(image, box, outside)
        self.lines.paste(lines, box, outside)

    def finish(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The pixels: every pixel is the mean of its block of the canvas."""
        image, lines = self.image.reduce(self.scale), self.lines.reduce(self.scale)
        return np.asarray(image), np.asarray(lines)[..., None]


def _border(draw: ImageDraw.ImageDraw, flat: list[float], colour: Colour | int, width: int) -> None:
    draw.line(flat + flat[:4], fill=colour, width=width)
    # Pillow leaves a notch where a wide line turns sharply; a disc fills it.
    corners = np.array([*flat[-2:], *flat, *flat[:2]]).view(np.complex128)
    steps = np.diff(corners)
    turn = steps[1:] * steps[:-1].conj()
    sharp = turn.real < 0.94 * np.abs(turn)
    radius = 0.5 * width
    for x, y in corners[1:-1][sharp].view(np.float64).reshape(-1, 2).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _gradient(top: Colour, bottom: Colour, box: tuple[int, int, int, int]) -> Image.Image:
    width, height = box[2] - box[0], box[3] - box[1]
    along = np.linspace(0, 1, height)[:, None]
    rows = np.rint(np.asarray(top) * (1 - along) + np.asarray(bottom) * along).astype(np.uint8)
    return Image.fromarray(rows[:, None, :]).resize((width, height), Image.Resampling.NEAREST)


def _fading(amount: float) -> list[int]:
    """The table by which ``Image.point`` scales a mask."""
    return np.rint(np.arange(256) * amount).astype(int).tolist()


@functools.cache
def _soft_disc() -> Image.Image:
    x = (np.arange(64) + 0.5) / 32 - 1
    inside = np.clip(1 - np.hypot(x, x[:, None]), 0, 1)
    return Image.fromarray(np.rint(255 * inside * (2 - inside)).astype(np.uint8))


# ---------------------------------------------------------------------------------------------------------------------
# The face
# ---------------------------------------------------------------------------------------------------------------------


class _Face:
    """Draws one face from back to front."""

    def __init__(self, canvas: _Canvas, attributes: FaceAttributes) -> None:
        self.canvas = canvas
        self.attributes = attributes
        self.shape = shape = attributes.shape

        tone = _between(-0.10, 0.10, shape.hair_tone)
        hair = _HAIR_COLOURS[attributes.hair_colour]
        self.hair = _mix(hair, _WHITE, tone) if tone > 0 else _darker(hair, -tone)
        self.hair_dark = _darker(self.hair, 0.30)
        self.hair_line = _darker(self.hair, 0.58)
        self.hair_light = _mix(self.hair, _WHITE, 0.42)
        self.hair_tip = _mix(self.hair, self.hair_light if shape.hair_gradient > 0.5 else self.hair_dark, 0.55)
        self.skin = _SKINS[attributes.skin]
        self.skin_shade = _mix(self.skin, (206, 112, 112), 0.34)
        self.skin_line = _mix(_darker(self.skin, 0.5), (150, 62, 58), 0.35)
        self.lash = _mix(_INK, self.hair_line, 0.35)

        self.half_width = _between(0.252, 0.286, shape.face_width)
        self.hair_width = self.half_width + _between(0.040, 0.072, shape.hair_volume)
        self.hair_top = -_between(0.375, 0.43, shape.hair_volume)
        self.chin = _between(0.262, 0.298, shape.chin)
        # A slight turn of the head moves what is on the face more than the outline, and the far eye is narrower.
        self.turn = _between(-1, 1, shape.turn) * 0.028
        frames = ((70, 54, 66), (178, 54, 66), (58, 88, 150), (150, 104, 60))
        self.frame_colour = frames[_choice(shape.accessory_colour, len(frames))]
        self.side = 1 if shape.accessory_side < 0.5 else -1

    def draw(self) -> None:
        shape, canvas = self.shape, self.canvas
        self.draw_background()
        zoom = _between(0.98, 1.10, shape.zoom)
        origin = (_between(0.475, 0.525, shape.place_x), _between(0.53, 0.575, shape.place_y))
        angles = {"straight": _between(-2, 2, shape.tilt_angle)}
        angles["right"] = _between(6, 13, shape.tilt_angle)
        angles["left"] = -angles["right"]
        angle = math.radians(angles[self.attributes.tilt])
        neck = (0.0, 0.26)

        face = self.face_outline()
        bangs = self.bangs()
        locks = self.side_locks()
        canvas.place(angle, zoom, origin, neck)
        self.draw_back_hair()
        canvas.place(angle * 0.25, zoom, origin, neck)
        self.draw_body()
        canvas.place(angle, zoom, origin, neck)
        self.draw_ears()
        canvas.shapes([face], self.skin, self.skin_line)
        self.draw_shade(face, [bangs, *locks])
        self.draw_nose()
        self.draw_mouth()
        for side in (-1, 1):
            self.draw_eye(side)
        if self.attributes.glasses != "none":
            self.draw_glasses_arms()
        self.draw_front_hair(bangs, locks)
        for side in (-1, 1):
            self.draw_brow(side)
        if self.attributes.glasses != "none":
            self.draw_glasses()
        if self.attributes.ribbon != "none":
            self.draw_ribbon()

    # -- behind the head ----------------------------------------------------------------------------------------------

    def draw_background(self) -> None:
        canvas, shape = self.canvas, self.shape
        top, bottom = _BACKGROUNDS[self.attributes.background]
        canvas.place(0.0, 1.0, (0.0, 0.0), (0.0, 0.0))
        box = (0, 0, canvas.edge, canvas.edge)
        canvas.image.paste(_gradient(top, bottom, box), box)
        pale = Image.new("L", (canvas.edge, canvas.edge), 0)
        draw = ImageDraw.Draw(pale)
        kind = _choice(shape.pattern, 5)
        fine, shift = _again(shape.pattern, 5), shape.pattern_place
        if kind == 1:  # dots
            step = _between(0.13, 0.22, fine)
            for row in range(-1, 9):
                for column in range(-1, 9):
                    x = (column + (row % 2) / 2 + shift) * step
                    draw.polygon(
                        canvas.flat(_ellipse(x, (row + shift) * step * 0.87, step * 0.2, step * 0.2, 16)), fill=120
                    )
        elif kind == 2:  # slanting stripes
            step = _between(0.12, 0.26, fine)
            for column in range(-12, 14):
                x = (column + shift) * step
                stripe = np.array([(x, 0), (x + step / 2, 0), (x + step / 2 - 0.6, 1), (x - 0.6, 1)])
                draw.polygon(canvas.flat(stripe), fill=84)
        elif kind == 3:  # one large disc behind the head
            x, y, radius = 0.3 + 0.4 * shift, _between(0.3, 0.5, fine), _between(0.36, 0.46, shift)
            draw.polygon(canvas.flat(_ellipse(x, y, radius, radius, 64)), fill=130)
        elif kind == 4:  # sparkles
            for index in range(9):
                x, y = _again(shift + 0.11 * index, 7.3 + index), _again(fine + 0.07 * index, 5.9 + index)
                star = _star(x, y, _between(0.025, 0.06, _again(shift, 11.0 + 3 * index)))
                draw.polygon(canvas.flat(star), fill=190)
        canvas.tint(pale, _WHITE)

    def draw_back_hair(self) -> None:
        style = self.attributes.hair_style
        drawn: dict[str, Callable[[], list[Points]]] = {
            "long": self.long_back,
            "bob": self.bob_back,
            "twin tails": self.twin_tails,
            "short": self.short_back,
            "ponytail": self.ponytail,
            "spiky": self.spiky_back,
            "buns": self.buns,
        }
        outlines = drawn[style]()
        self.canvas.shapes(outlines, self.hair_dark, self.hair_line, bottom=_mix(self.hair_dark, self.hair_tip, 0.4))
        if style in ("twin tails", "ponytail"):
            for tail in outlines[1:]:
                self.canvas.shapes([tail], self.hair, self.hair_line, bottom=self.hair_tip)
                middle = 0.5 * (tail[: len(tail) // 2] + tail[::-1][: len(tail) // 2])
                for part in (0.3, 0.7):
                    strand = part * tail[: len(tail) // 2] + (1 - part) * tail[::-1][: len(tail) // 2]
                    self.canvas.stroke(strand[4:-3], self.hair_dark, 0.010, inked=False)
                self.canvas.stroke(_shifted(middle[6:-8], 0.004, 0.0), self.hair_line, 0.006)
        elif style == "buns":
            for bun in outlines[1:]:
                self.canvas.shapes([bun], self.hair, self.hair_line)
                x, y = bun.mean(axis=0)
                swirl = _curve(
                    [(x - 0.05, y + 0.03), (x - 0.02, y - 0.045), (x + 0.045, y - 0.01), (x + 0.005, y + 0.03)]
                )
                self.canvas.stroke(swirl, self.hair_line, 0.009)
                self.canvas.glow(x - 0.02, y - 0.045, rx=0.05, ry=0.03, colour=self.hair_light, amount=0.8)
        elif style == "long":
            for side in (-1, 1):
                for x in (0.60, 0.80):
                    strand = _curve([(side * self.hair_width * x, 0.1), (side * (self.hair_width * (x + 0.16)), 0.5)])
                    self.canvas.stroke(strand, self.hair_line, 0.007)

    def skull(self) -> list[tuple[float, float]]:
        """Right half of the hair over the skull, from the top to the height of the ear."""
        wide, top = self.hair_width, self.hair_top
        return [
            (0.0, top),
            (0.42 * wide, 0.955 * top),
            (0.79 * wide, 0.78 * top),
            (1.02 * wide, 0.45 * top),
            (1.07 * wide, -0.03),
        ]

    def long_back(self) -> list[Points]:
        wide, wave = self.hair_width, _between(-0.03, 0.05, self.shape.hair_wave)
        flare = _between(0.0, 0.09, self.shape.hair_length)
        half = [
            *self.skull(),
            (1.10 * wide + wave, 0.16),
            (1.08 * wide - 0.4 * wave + flare, 0.36),
            (1.12 * wide + flare, 0.75),
        ]
        return [_symmetric([*half, (0.0, 0.75)])]

    def bob_back(self) -> list[Points]:
        wide, low = self.hair_width, _between(0.20, 0.30, self.shape.hair_length)
        curl = _between(-0.05, 0.07, self.shape.hair_wave)
        side = [*self.skull(), (1.16 * wide, 0.10), (1.12 * wide + curl, low - 0.02)]
        hem = [
            (1.0 * wide + curl, low + 0.02),
            (0.78 * wide, low - 0.01),
            (0.62 * wide, low + 0.02),
            (0.4 * wide, low - 0.03),
        ]
        return [_symmetric([*side, *hem, (0.0, low - 0.03)])]

    def short_back(self) -> list[Points]:
        wide, low = self.hair_width, _between(0.12, 0.20, self.shape.hair_length)
        tips = [(1.10 * wide, 0.08), (1.10 * wide + 0.02, low), (0.96 * wide, low - 0.03), (0.88 * wide, low + 0.06)]
        return [_symmetric([*self.skull(), *tips, (0.70 * wide, low), (0.0, low)], steps=5)]

    def tied_back(self) -> Points:
        wide = self.hair_width
        return _symmetric([*self.skull(), (0.98 * wide, 0.08), (0.7 * wide, 0.16), (0.0, 0.16)])

    def twin_tails(self) -> list[Points]:
        low, wave = _between(0.30, 0.58, self.shape.hair_length), _between(-0.05, 0.05, self.shape.hair_wave)
        high = _between(-0.26, -0.10, _again(self.shape.hair_length, 7))
        x = self.hair_width - 0.01
        outer = [
            (x, high - 0.05),
            (x + 0.11, high - 0.03),
            (x + 0.17, high + 0.18),
            (x + 0.14 + wave, 0.5 * (low + high) + 0.1),
        ]
        inner = [(x + 0.03 - wave, 0.5 * (low + high) + 0.08), (x + 0.05, high + 0.18), (x - 0.01, high + 0.04)]
        tip = (x + 0.06 + 1.4 * wave, low)
        tail = np.concatenate([_curve([*outer, tip]), _curve([tip, *inner])])
        return [self.tied_back(), tail, _mirrored(tail)]

    def ponytail(self) -> list[Points]:
        side, wide = self.side, self.hair_width
        low, wave = _between(0.15, 0.50, self.shape.hair_length), _between(-0.05, 0.05, self.shape.hair_wave)
        outer = [(0.40 * wide, self.hair_top + 0.03), (0.85 * wide, self.hair_top - 0.035), (wide + 0.11, -0.25)]
        outer += [(wide + 0.15, -0.02), (wide + 0.11 + wave, 0.6 * low)]
        inner = [
            (wide + 0.01 - wave, 0.5 * low),
            (wide + 0.03, -0.02),
            (wide - 0.02, -0.20),
            (0.55 * wide, self.hair_top + 0.09),
        ]
        tip = (wide + 0.05 + 1.4 * wave, low)
        tail = np.concatenate([_curve([*outer, tip]), _curve([tip, *inner])])
        return [self.tied_back(), tail * (side, 1.0)]

    def spikes(self, widest: float) -> list[tuple[float, float]]:
        """Tips and valleys of the spikes round the head, up to an angle from the crown in half turns."""
        wide, spread, shake = self.hair_width, _between(0.07, 0.12, self.shape.hair_length), self.shape.hair_wave
        angles = np.linspace(-0.84, 0.84, 2 * (8 + _choice(_again(shake, 3), 3)) + 1) * math.pi
        ring = []
        for index, angle in enumerate(angles.tolist()):
            if abs(angle) > widest * math.pi:
                continue
            far = spread * (0.7 + 0.6 * _again(shake + 0.137 * index, 5)) if index % 2 else -0.008
            lean = 0.10 * math.copysign(1, angle) if index % 2 else 0.0
            x, y = (
                (1.05 * wide + far) * math.sin(angle + lean),
                (self.hair_top + 0.10 - far) * math.cos(angle + lean) - 0.10,
            )
            ring.append((x, y))
        return ring

    def spiky_back(self) -> list[Points]:
        return [_spiked(self.spikes(1.0))]

    def spiky_crown(self) -> Points:
        """The upper spikes as a part of the front hair, with a lower edge that the bangs hide."""
        ring = _spiked(self.spikes(0.52))
        return np.concatenate([ring, (ring * (0.80, 0.72))[::-1]])

    def buns(self) -> list[Points]:
        radius = _between(0.085, 0.118, self.shape.hair_length)
        x, y = _between(0.62, 0.80, self.shape.hair_wave) * self.hair_width, self.hair_top + 0.035
        bun = _ellipse(x, y, radius, radius * 0.94)
        return [self.tied_back(), bun, _mirrored(bun)]

    def draw_body(self) -> None:
        canvas, shape = self.canvas, self.shape
        cloth = _CLOTHES[_choice(shape.clothes_colour, len(_CLOTHES))]
        line = _darker(cloth, 0.5)
        trim = _CLOTHES[(_choice(shape.clothes_colour, len(_CLOTHES)) + 1) % len(_CLOTHES)]
        kind = _choice(shape.clothes, 4)
        shoulders = _symmetric([(0.0, 0.40), (0.10, 0.395), (0.22, 0.425), (0.36, 0.50), (0.44, 0.80), (0.0, 0.85)])
        neck = np.array(
            [(-0.076, 0.18), (0.076, 0.18), (0.082, 0.36), (0.12, 0.42), (0.0, 0.50), (-0.12, 0.42), (-0.082, 0.36)]
        )
        canvas.shapes([shoulders], cloth, line, bottom=_darker(cloth, 0.12))
        canvas.shapes([neck], self.skin, self.skin_line)
        with canvas.within(neck):
            canvas.tint(canvas.mask([_ellipse(0.0, self.chin - 0.02, 0.2, 0.085)]), self.skin_shade)
        if kind == 0:  # sailor collar
            half = np.array([(0.065, 0.345), (0.17, 0.395), (0.24, 0.50), (0.17, 0.60), (0.0, 0.52), (0.0, 0.505)])
            for collar in (half, _mirrored(half)):
                canvas.shapes([collar], trim, _darker(trim, 0.5))
            scarf = _mix(_RIBBONS["red"], trim, 0.1)
            canvas.shapes([_ellipse(0.0, 0.515, 0.035, 0.03)], scarf, _darker(scarf, 0.5))
        elif kind == 1:  # shirt with a pointed collar and a bow
            half = np.array([(0.062, 0.335), (0.135, 0.40), (0.10, 0.50), (0.0, 0.43), (0.05, 0.395)])
            for collar in (half, _mirrored(half)):
                canvas.shapes([collar], (250, 250, 252), (140, 140, 160))
            self.draw_bow(0.0, 0.455, 0.085, trim)
        elif kind == 2:  # high collar
            high = _symmetric(
                [(0.0, 0.345), (0.06, 0.338), (0.098, 0.345), (0.112, 0.40), (0.135, 0.43), (0.07, 0.452), (0.0, 0.458)]
            )
            canvas.shapes([high], _mix(cloth, _WHITE, 0.12), line, bottom=cloth)
            canvas.stroke(_curve([(-0.095, 0.375), (0.0, 0.395), (0.095, 0.375)]), line, 0.007)
        else:  # round neck with a hem
            canvas.stroke(
                _curve([(-0.125, 0.405), (-0.07, 0.47), (0.0, 0.495), (0.07, 0.47), (0.125, 0.405)]), trim, 0.03, 1, 1
            )

    # -- the face -----------------------------------------------------------------------------------------------------

    def face_outline(self) -> Points:
        wide, cheek = self.half_width, _between(0.84, 0.93, self.shape.cheeks)
        half = [(0.0, -0.30), (0.75 * wide, -0.22), (wide, -0.05), (0.985 * wide, 0.06), (cheek * wide, 0.15)]
        half += [(0.58 * wide, 0.228), (0.22 * wide, self.chin - 0.010), (0.0, self.chin)]
        outline = _symmetric(half)
        outline[:, 0] += self.turn * 0.25 * np.clip(outline[:, 1] / 0.28, 0, 1)
        return outline

    def draw_ears(self) -> None:
        size = _between(0.85, 1.15, self.shape.ears)
        for side in (-1, 1):
            ear = _curve([(0.94, -0.02), (1.10, -0.05), (1.18, 0.02), (1.10, 0.10), (0.92, 0.13)], closed=True)
            ear = (ear - (1.0, 0.04)) * (size * self.half_width * side, size) + (side * self.half_width, 0.04)
            self.canvas.shapes([ear], self.skin, self.skin_line)
            inner = _curve([(1.12, 0.0), (1.06, 0.03), (1.05, 0.08)]) * (self.half_width * side, 1.0)
            self.canvas.stroke(inner, self.skin_shade, 0.012)

    def draw_shade(self, face: Points, hair: list[Points]) -> None:
        """The shadow of the front hair on the face, the side of the face away from the light, and the cheeks' blush."""
        canvas, whole = self.canvas, self.canvas.mask([face])
        away = ImageChops.subtract(whole, canvas.mask([_shifted(face, -0.030, -0.014)]))
        hidden = canvas.mask([_shifted(points, 0.008, 0.026) for points in hair])
        canvas.tint(ImageChops.darker(ImageChops.lighter(hidden, away), whole), self.skin_shade, 0.55)
        self.draw_cheeks(whole)

    def draw_cheeks(self, face: Image.Image) -> None:
        amount = _between(0.20, 0.85, self.shape.blush)
        pink = _mix((255, 118, 126), self.skin_line, 0.25 if self.attributes.skin == "brown" else 0.0)
        for side in (-1, 1):
            x = side * 0.63 * self.half_width + self.turn
            self.canvas.glow(x, 0.152, rx=0.075, ry=0.045, colour=pink, amount=amount, on=face)
            if self.shape.blush > 0.72:
                for index in (-1, 0, 1):
                    line = np.array([(x + index * 0.024 + 0.009, 0.137), (x + index * 0.024 - 0.009, 0.163)])
                    self.canvas.stroke(
                        _curve([tuple(line[0]), tuple(line[1])]), _mix(pink, self.skin_line, 0.35), 0.008
                    )

    def draw_nose(self) -> None:
        x, y = 1.35 * self.turn, 0.128
        kind = _choice(self.shape.nose, 3)
        side = 1 if self.turn >= 0 else -1
        if kind == 0:
            self.canvas.stroke(
                _curve([(x - 0.006 * side, y - 0.014), (x + 0.009 * side, y + 0.004), (x - 0.005 * side, y + 0.011)]),
                self.skin_line,
                0.0085,
            )
        elif kind == 1:
            self.canvas.stroke(
                _curve([(x - 0.011, y + 0.004), (x, y + 0.009), (x + 0.011, y + 0.004)]), self.skin_line, 0.009
            )
        else:
            self.canvas.glow(x + 0.004 * side, y + 0.006, rx=0.022, ry=0.018, colour=self.skin_shade, amount=1.0)
            self.canvas.stroke(_curve([(x, y - 0.004), (x + 0.005 * side, y + 0.006)]), self.skin_line, 0.009)

    def draw_mouth(self) -> None:
        canvas, kind = self.canvas, self.attributes.mouth
        x = 1.2 * self.turn
        y = 0.148 + 0.40 * (self.chin - 0.148) + _between(-0.006, 0.008, self.shape.mouth_height)
        wide = _between(0.80, 1.20, self.shape.mouth_width)
        line = _mix(self.skin_line, (120, 30, 40), 0.5)
        if kind == "smile":
            half = 0.062 * wide
            bow = [
                (x - half, y - 0.012),
                (x - 0.55 * half, y + 0.006),
                (x, y + 0.013),
                (x + 0.55 * half, y + 0.006),
                (x + half, y - 0.012),
            ]
            canvas.stroke(_curve(bow), line, 0.012, 0.6, 0.6)
            canvas.stroke(
                _curve([(x - 0.018, y + 0.034), (x, y + 0.038), (x + 0.018, y + 0.034)]),
                self.skin_shade,
                0.008,
                inked=False,
            )
        elif kind == "open":
            half, deep = 0.058 * wide, _between(0.050, 0.075, _again(self.shape.mouth_width, 7))
            upper = _curve(
                [
                    (x - half, y - 0.014),
                    (x - 0.4 * half, y - 0.004),
                    (x, y - 0.006),
                    (x + 0.4 * half, y - 0.004),
                    (x + half, y - 0.014),
                ]
            )
            lower = _curve(
                [
                    (x + half, y - 0.014),
                    (x + 0.62 * half, y + 0.72 * deep),
                    (x, y + deep),
                    (x - 0.62 * half, y + 0.72 * deep),
                    (x - half, y - 0.014),
                ]
            )
            hole = np.concatenate([upper, lower[1:-1]])
            canvas.shapes([hole], (176, 52, 66), line)
            with canvas.within(hole):
                canvas.tint(canvas.mask([_ellipse(x, y + deep + 0.008, 0.75 * half, 0.55 * deep)]), (244, 132, 132))
                canvas.tint(canvas.mask([_ellipse(x, y - 0.016, 0.82 * half, 0.024)]), _WHITE)
        elif kind == "cat":
            half = 0.050 * wide
            for side in (-1, 1):
                bow = [(0.0, -0.006), (0.16, 0.010), (0.50, 0.019), (0.84, 0.010), (1.0, -0.008)]
                points = [(x + side * along * half, y + down) for along, down in bow]
                canvas.stroke(_curve(points), line, 0.0115, 0.7, 0.4)
        elif kind == "small":
            mouth = _ellipse(x, y + 0.008, 0.019 * wide, 0.015 * wide)
            canvas.shapes([mouth], (206, 84, 92), line)
        else:
            half = 0.034 * wide
            canvas.stroke(
                _curve([(x - half, y + 0.014), (x, y - 0.002), (x + half, y + 0.014)]), line, 0.0125, 0.5, 0.5
            )
            canvas.stroke(
                _curve([(x - 0.018, y + 0.030), (x, y + 0.026), (x + 0.018, y + 0.030)]),
                self.skin_shade,
                0.010,
                inked=False,
            )

    # -- eyes ---------------------------------------------------------------------------------------------------------

    def eye_frame(self, side: int) -> tuple[float, float, float, float]:
        """Centre and half sizes of one eye."""
        shape = self.shape
        x = side * _between(0.134, 0.150, shape.eye_spacing) + self.turn
        narrow = 1 - 2.2 * max(0.0, side * self.turn)
        half_width = _between(0.074, 0.088, shape.eye_size) * narrow
        half_height = _between(1.06, 1.24, shape.eye_aspect) * _between(0.074, 0.086, shape.eye_size)
        return x, _between(0.022, 0.050, shape.eye_height), half_width, half_height

    def draw_eye(self, side: int) -> None:
        canvas, shape = self.canvas, self.shape
        x, y, w, h = self.eye_frame(side)
        slant = {"round": 0.0, "sharp": -0.34, "droopy": 0.34, "sleepy": 0.06}[self.attributes.eye_shape]
        lid = {"round": 1.0, "sharp": 0.78, "droopy": 0.88, "sleepy": 0.36}[self.attributes.eye_shape]

        def at(points: list[tuple[float, float]]) -> Points:
            """From the frame of the eye (outwards and down, half sizes are 1) to the plane of the head."""
            local = np.asarray(points)
            return np.stack([x + side * w * local[:, 0], y + h * (local[:, 1] + slant * local[:, 0])], axis=1)

        upper_lid = [
            (-1.0, 0.10),
            (-0.80, -0.45 * lid),
            (-0.25, -0.92 * lid),
            (0.35, -0.90 * lid),
            (0.82, -0.42 * lid),
            (1.04, 0.12),
        ]
        upper = _curve(at(upper_lid))
        lower = _curve(at([(1.04, 0.12), (0.86, 0.62), (0.36, 0.94), (-0.36, 0.95), (-0.82, 0.60), (-1.0, 0.10)]))
        opening = np.concatenate([upper, lower[1:-1]])

        colour = _EYE_COLOURS[self.attributes.eye_colour]
        dark, light = _darker(colour, 0.62), _mix(colour, _WHITE, 0.36)
        ix = x + _between(-0.16, 0.16, shape.gaze_x) * w - 0.05 * side * w
        iy = y + (_between(-0.08, 0.08, shape.gaze_y) + 0.02) * h
        rx, ry = _between(0.72, 0.82, shape.iris_size) * w, _between(0.92, 1.0, shape.iris_size) * h

        canvas.shapes([opening], _WHITE)
        with canvas.within(opening):
            iris = _ellipse(ix, iy, rx, ry)
            canvas.shapes([iris], dark, None)
            canvas.ink(_ellipse(ix, iy, rx + 0.5 * canvas.ink_width, ry + 0.5 * canvas.ink_width))
            canvas.ink(_ellipse(ix, iy, rx - 0.5 * canvas.ink_width, ry - 0.5 * canvas.ink_width), 255)
            # The brighter part of the iris is a matter of colour: its fill must not rub out the ring in the lines.
            lines = canvas.lines.copy()
            canvas.shapes(
                [_ellipse(ix, iy + 0.02 * h, 0.87 * rx, 0.89 * ry)], _mix(dark, colour, 0.35), None, bottom=light
            )
            canvas.lines = lines
            canvas.tint(
                canvas.mask([_ellipse(ix, iy + 0.58 * ry, 0.56 * rx, 0.26 * ry)]), _mix(light, _WHITE, 0.25), 0.75
            )
            pupil = _ellipse(ix, iy + 0.02 * h, 0.40 * rx, 0.46 * ry)
            canvas.tint(canvas.mask([pupil]), _darker(colour, 0.82))
            canvas.ink(pupil)
            shade = np.concatenate([upper, _shifted(upper[::-1], 0.0, 0.34 * h)])
            canvas.tint(canvas.mask([shade]), _mix(dark, (70, 60, 110), 0.4), 0.36)
            self.draw_highlights(ix, iy, rx, ry)
        self.draw_lashes(at, upper, lower, h, lid)

    def draw_highlights(self, ix: float, iy: float, rx: float, ry: float) -> None:
        canvas, kind = self.canvas, _choice(self.shape.highlights, 3)
        side = -1 if _again(self.shape.highlights, 3) < 0.7 else 1
        spots = [_ellipse(ix + side * 0.34 * rx, iy - 0.36 * ry, 0.34 * rx, 0.27 * ry)]
        if kind != 0:
            spots.append(_ellipse(ix - side * 0.42 * rx, iy + 0.44 * ry, 0.17 * rx, 0.14 * ry))
        if kind == 2:
            spots.append(_ellipse(ix - side * 0.05 * rx, iy + 0.70 * ry, 0.10 * rx, 0.08 * ry))
        for spot in spots:
            canvas.shapes([spot], _WHITE)

    def draw_lashes(
        self, at: Callable[[list[tuple[float, float]]], Points], upper: Points, lower: Points, h: float, lid: float
    ) -> None:
        canvas, shape = self.canvas, self.shape
        thick = _between(0.024, 0.034, shape.lashes)
        body = _shifted(upper, 0.0, -0.25 * thick)
        # The brush is thin at the inner corner and thick at the outer one.
        normal = _normals(body)
        half = (
            0.5 * thick * np.interp(np.linspace(0, 1, len(body)), [0, 0.3, 0.75, 1], [0.25, 0.85, 1.0, 0.55])[:, None]
        )
        lash = np.concatenate([body + normal * half, (body - normal * half)[::-1]])
        canvas.shapes([lash], self.lash)
        canvas.ink(lash)
        flicks = [[(0.72, -0.48 * lid), (1.22, -0.32 * lid), (0.98, 0.05)]]
        if shape.lashes > 0.35:
            flicks.append([(0.90, -0.20 * lid), (1.30, 0.06), (1.02, 0.16)])
        if shape.lashes > 0.75:
            flicks.append([(0.42, -0.82 * lid), (0.86, -0.98 * lid), (0.72, -0.55 * lid)])
        for flick in flicks:
            points = at(flick)
            canvas.shapes([points], self.lash)
            canvas.ink(points)
        part = lower[int(0.12 * len(lower)) : int(_between(0.55, 0.72, shape.lashes) * len(lower))]
        canvas.stroke(part, _mix(self.lash, self.skin_line, 0.35), 0.0095, 0.6, 0.1)
        crease = _shifted(upper[int(0.22 * len(upper)) : int(0.86 * len(upper))], 0.0, -0.24 * h)
        canvas.stroke(crease, _mix(self.skin_line, self.skin_shade, 0.3), 0.007)

    def draw_brow(self, side: int) -> None:
        shape = self.shape
        x, y, w, h = self.eye_frame(side)
        high = y - h - _between(0.035, 0.062, shape.brow_height)
        angle = _between(-0.022, 0.022, shape.brow_angle) - (0.008 if self.attributes.eye_shape == "sharp" else 0.0)
        # Positive angles raise the inner end: a worried look; negative ones lower it: a determined one.
        points = [
            (x - side * 0.85 * w, high - angle),
            (x + side * 0.1 * w, high - 0.016),
            (x + side * 0.95 * w, high + 0.012 + angle),
        ]
        self.canvas.stroke(
            _curve(points),
            _mix(self.hair_line, self.skin_line, 0.2),
            _between(0.011, 0.019, shape.brow_width),
            0.8,
            0.2,
        )

    # -- hair in front ------------------------------------------------------------------------------------------------

    def strands(self) -> list[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]:
        """The strands of the bangs from left to right: left root, tip and right root of each on the forehead."""
        shape, wide = self.shape, self.hair_width
        kind = _choice(shape.bangs_kind, 5)
        count = 4 + _choice(shape.bangs_count, 4)
        longest = _between(-0.055, 0.0, shape.bangs_length)
        sweep = _between(-1, 1, shape.bangs_sweep)
        parting = 0.0
        if kind == 1:  # swept from a parting at one side
            parting, count = 0.48 if sweep < 0 else -0.48, 4 + count % 2
        elif kind == 2:
            count = 4 if count < 6 else 6
        elif kind == 3:
            count += 3
        edges = np.linspace(-0.96, 0.96, count + 1)
        jitter = [_again(shape.bangs_jitter + 0.1618 * index, 3 + index % 3) - 0.5 for index in range(count + 1)]
        edges[1:-1] += np.array(jitter[1:-1]) * 0.5 / count
        found = []
        for index in range(count):
            left, right = float(edges[index]), float(edges[index + 1])
            middle, nudge = 0.5 * (left + right), _again(shape.bangs_rhythm + 0.31 * index, 4) - 0.5
            outward = min(1.0, abs(middle - parting))
            if kind == 0:  # a full fringe
                tip_x, tip_y = middle + 0.10 * sweep, longest + 0.03 * nudge + 0.05 * middle**2
                root = -0.13
            elif kind == 1:
                tip_x = right + 0.04 if middle > parting else left - 0.04
                tip_y, root = longest - 0.055 + 0.10 * outward + 0.02 * nudge, -0.185 + 0.09 * outward
            elif kind == 2:  # parted in the middle
                tip_x = right + 0.03 if middle > 0 else left - 0.03
                tip_y, root = longest - 0.095 + 0.16 * outward + 0.02 * nudge, -0.225 + 0.13 * outward
            elif kind == 3:  # cut straight
                tip_x, tip_y, root = middle, longest - 0.035 + 0.02 * middle**2, longest - 0.075
            else:  # a long strand between the eyes
                tip_x = middle * 0.92 + 0.06 * sweep
                tip_y, root = (
                    longest + 0.085 * math.exp(-((middle / 0.22) ** 2)) - 0.035 + 0.04 * middle**2 + 0.02 * nudge,
                    -0.14,
                )
            roots = [
                max(root, -0.02) if abs(edge) > 0.9 else root + 0.02 * jit
                for edge, jit in ((left, jitter[index]), (right, jitter[index + 1]))
            ]
            tip_x = min(max(tip_x, -0.93), 0.93)
            found.append(((left * wide, roots[0]), (tip_x * wide, tip_y), (right * wide, roots[1])))
        return found

    def bangs(self) -> Points:
        """The hair over the skull and the forehead, down to the tips of the bangs."""
        wide = self.hair_width
        half = self.skull()
        over = _curve([(-x, y) for x, y in reversed(half[1:])] + half)
        edge: list[Points] = [over, np.array([(1.04 * wide, 0.04), (0.97 * wide, 0.05)])]
        blunt = _choice(self.shape.bangs_kind, 5) == 3
        for left, tip, right in reversed(self.strands()):
            (lx, ly), (tx, ty), (rx, ry) = left, tip, right
            if blunt:
                edge.append(
                    _curve(
                        [
                            (rx, ry),
                            (rx - 0.12 * (rx - lx), ty - 0.004),
                            (tx, ty),
                            (lx + 0.12 * (rx - lx), ty - 0.004),
                            (lx, ly),
                        ],
                        steps=4,
                    )
                )
            else:
                edge.append(
                    _curve(
                        [(rx, ry), (0.25 * rx + 0.75 * tx + 0.10 * (rx - lx), 0.42 * ry + 0.58 * ty), (tx, ty)], steps=5
                    )[:-1]
                )
                edge.append(
                    _curve(
                        [(tx, ty), (0.40 * lx + 0.60 * tx - 0.02 * (rx - lx), 0.45 * ly + 0.55 * ty), (lx, ly)], steps=5
                    )
                )
        edge.append(np.array([(-0.97 * wide, 0.05), (-1.04 * wide, 0.04)]))
        return np.concatenate(edge)

    def side_locks(self) -> list[Points]:
        """Locks in front of the ears; both, or one, or none."""
        shape, wide = self.shape, self.hair_width
        if self.attributes.hair_style in ("short", "spiky"):
            low, thick = _between(0.07, 0.16, shape.side_lock_length), _between(0.05, 0.075, shape.side_locks)
        else:
            low, thick = _between(0.14, 0.36, shape.side_lock_length), _between(0.055, 0.095, shape.side_locks)
        outer = 1.05 * wide
        bend = _between(-0.02, 0.02, shape.hair_wave)
        lock = np.concatenate(
            [
                _curve(
                    [
                        (outer, -0.10),
                        (outer + 0.005, 0.4 * low),
                        (outer - 0.2 * thick + bend, 0.78 * low),
                        (outer - 0.55 * thick + 2 * bend, low),
                    ]
                ),
                _curve(
                    [
                        (outer - 0.55 * thick + 2 * bend, low),
                        (outer - thick + bend, 0.6 * low),
                        (outer - 0.95 * thick, 0.0),
                        (outer - 0.6 * thick, -0.12),
                    ]
                ),
            ]
        )
        return [lock, _mirrored(lock)]

    def draw_front_hair(self, bangs: Points, locks: list[Points]) -> None:
        canvas, shape = self.canvas, self.shape
        outlines = [bangs, *locks]
        if self.attributes.hair_style == "spiky":
            outlines.append(self.spiky_crown())
        if shape.antenna > 0.55:
            outlines.append(self.antenna())
        mask = canvas.shapes(outlines, self.hair, self.hair_line, bottom=self.hair_tip)
        assert mask is not None
        away = ImageChops.subtract(canvas.mask([bangs]), canvas.mask([_shifted(bangs, -0.026, -0.016)]))
        canvas.tint(away, self.hair_dark, 0.55)
        self.draw_shine(mask.convert("L"))
        crown = np.array((0.35 * self.turn + 0.03 * _between(-1, 1, shape.bangs_sweep), self.hair_top + 0.03))
        strands = self.strands()
        for (lx, ly), (tx, ty), (rx, _) in strands:
            if abs(lx) > 0.9 * self.hair_width:
                continue
            root = np.array((lx, ly))
            start = crown + (root - crown) * _between(0.45, 0.75, _again(lx * 7 + shape.bangs_jitter, 5))
            bulge = _shifted(0.5 * (start + root), 0.06 * lx, -0.01)
            canvas.stroke(
                _curve(np.stack([start, bulge, _shifted(root, 0.0, 0.004)])), self.hair_line, 0.0085, 0.1, 0.8
            )
            tip = np.array((tx, ty))
            inner = np.array((0.5 * (lx + rx), ly - 0.03))
            canvas.stroke(
                _curve(np.stack([inner, 0.5 * (inner + tip), tip])), self.hair_dark, 0.013, 0.1, 0.1, inked=False
            )
        for lock in locks:
            side = math.copysign(1, float(lock[0, 0]))
            line = _curve(
                [
                    (side * (abs(float(lock[:, 0].min() if side < 0 else lock[:, 0].max())) - 0.035), -0.02),
                    tuple(lock[len(lock) // 2] + (0, -0.03)),
                ]
            )
            canvas.stroke(line, self.hair_dark, 0.010, inked=False)

    def antenna(self) -> Points:
        """A strand of hair that stands up on the crown."""
        side, top = self.side, self.hair_top
        high = _between(0.05, 0.09, _again(self.shape.antenna, 9))
        there = _curve([(-0.02 * side, top + 0.03), (0.01 * side, top - 0.6 * high), (0.10 * side, top - high)])
        back = _curve([(0.10 * side, top - high), (0.045 * side, top - 0.35 * high), (0.035 * side, top + 0.03)])
        return np.concatenate([there, back])

    def draw_shine(self, hair: Image.Image) -> None:
        """The band of light round the crown, with a ragged lower edge, and a soft glow above it."""
        canvas, shape = self.canvas, self.shape
        wide = self.hair_width
        height, thick = _between(0.60, 0.72, shape.shine), _between(0.022, 0.042, _again(shape.shine, 5))
        t = np.linspace(-1, 1, 29)
        upper = np.stack([0.80 * wide * t, self.hair_top * height + 0.085 * t**2], axis=1)
        teeth = np.where(np.arange(29) % 2 == 0, 0.55, 1.25) * (1 - t**2) ** 0.5
        lower = upper + np.stack([np.zeros(29), thick * teeth], axis=1)
        gap = _between(-0.5, 0.5, _again(shape.shine, 17))
        for keep in (t < gap - 0.06, t > gap + 0.06):
            if keep.sum() > 4:
                band = np.concatenate([upper[keep], lower[keep][::-1]])
                canvas.tint(ImageChops.darker(canvas.mask([band]), hair), self.hair_light, 0.85)

    # -- worn ---------------------------------------------------------------------------------------------------------

    def draw_glasses_arms(self) -> None:
        for side in (-1, 1):
            x, y, w, _ = self.eye_frame(side)
            arm = [(x + side * 1.2 * w, y - 0.02), (side * self.hair_width, y - 0.035)]
            self.canvas.stroke(_curve(arm), self.frame_colour, 0.014, 1, 1)

    def draw_glasses(self) -> None:
        canvas = self.canvas
        colour = self.frame_colour
        rims = []
        for side in (-1, 1):
            x, y, w, h = self.eye_frame(side)
            if self.attributes.glasses == "round":
                rim = _ellipse(x, y + 0.014, 1.28 * w, 1.18 * h, 40)
            else:
                rx, ry = 1.30 * w, 1.02 * h
                corner = [
                    (-rx, -0.5 * ry),
                    (-0.9 * rx, -ry),
                    (0.9 * rx, -ry),
                    (rx, -0.5 * ry),
                    (0.95 * rx, 0.7 * ry),
                    (0.7 * rx, ry),
                    (-0.7 * rx, ry),
                    (-0.95 * rx, 0.7 * ry),
                ]
                rim = _curve(_shifted(np.asarray(corner), x, y + 0.016), closed=True, steps=5)
            canvas.tint(canvas.mask([rim]), _WHITE, 0.10)
            gleam = np.array(
                [
                    (x - 0.2 * w, y - 1.3 * h),
                    (x + 0.25 * w, y - 1.3 * h),
                    (x - 0.65 * w, y + 1.3 * h),
                    (x - 1.1 * w, y + 1.3 * h),
                ]
            )
            canvas.tint(ImageChops.darker(canvas.mask([gleam]), canvas.mask([rim])), _WHITE, 0.20)
            rims.append(rim)
        bridge = _curve([(float(rims[0][:, 0].max()), 0.03), (self.turn, 0.012), (float(rims[1][:, 0].min()), 0.03)])
        canvas.stroke(bridge, colour, 0.013, 1, 1)
        for rim in rims:
            closed = np.concatenate([rim, rim[:2]])
            canvas.stroke(closed, colour, 0.015, 1, 1)

    def draw_ribbon(self) -> None:
        colour = _RIBBONS[self.attributes.ribbon]
        size = _between(0.085, 0.115, self.shape.accessory_colour)
        if self.attributes.hair_style == "twin tails":
            high = _between(-0.26, -0.10, _again(self.shape.hair_length, 7))
            for side in (-1, 1):
                self.draw_bow(side * (self.hair_width + 0.005), high - 0.005, 0.85 * size, colour, 0.5 * side)
        else:
            self.draw_bow(self.side * 0.62 * self.hair_width, self.hair_top * 0.80, size, colour, 0.5 * self.side)

    def draw_bow(self, x: float, y: float, size: float, colour: Colour, angle: float = 0.0) -> None:
        canvas = self.canvas
        line, fold = _darker(colour, 0.5), _darker(colour, 0.22)
        cosine, sine = math.cos(angle), math.sin(angle)
        turn = np.array([[cosine, sine], [-sine, cosine]])

        def at(points: Points) -> Points:
            return (points * size) @ turn + (x, y)

        loop = _curve([(0.05, 0.0), (0.45, -0.50), (1.0, -0.62), (1.12, 0.0), (1.0, 0.58), (0.45, 0.42)], closed=True)
        tail = np.array([(0.0, 0.1), (0.32, 0.2), (0.78, 1.0), (0.48, 0.98), (0.36, 1.16), (0.05, 0.4)])
        crease = _curve([(0.18, 0.0), (0.5, -0.06), (0.74, -0.14)])
        for side in (-1.0, 1.0):
            canvas.shapes([at(tail * (side, 1.0))], fold, line)
        for side in (-1.0, 1.0):
            canvas.shapes([at(loop * (side, 1.0))], colour, line, bottom=fold)
            canvas.stroke(at(crease * (side, 1.0)), line, 0.008)
        canvas.shapes([at(_ellipse(0.0, 0.0, 0.20, 0.25))], _mix(colour, _WHITE, 0.15), line)


def _star(x: float, y: float, radius: float) -> Points:
    """A sparkle with four points."""
    angle = np.arange(8) * math.pi / 4
    far = np.where(np.arange(8) % 2 == 0, radius, 0.28 * radius)
    return np.stack([x + far * np.sin(angle), y + far * np.cos(angle)], axis=1)


def _spiked(ring: list[tuple[float, float]]) -> Points:
    """An outline through tips and valleys, its flanks bent a little outwards."""
    points = np.asarray(ring)
    flanks = 0.5 * (points[:-1] + points[1:]) * (1.03, 1.03)
    pieces = [_curve(np.stack(piece), steps=4)[:-1] for piece in zip(points[:-1], flanks, points[1:], strict=True)]
    return np.concatenate([*pieces, points[-1:]])
