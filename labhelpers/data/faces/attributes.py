"""What a face looks like: attributes in words, shape in numbers, both drawn from a seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from labhelpers.arrays import whole_number

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
            {
                "brown": 0.22,
                "blue": 0.22,
                "green": 0.16,
                "golden": 0.14,
                "purple": 0.14,
                "red": 0.12,
            }
        ),
        "eye_shape": MappingProxyType(
            {"round": 0.40, "sharp": 0.25, "droopy": 0.20, "sleepy": 0.15}
        ),
        "skin": MappingProxyType(
            {"fair": 0.40, "peach": 0.30, "tan": 0.18, "brown": 0.12}
        ),
        "mouth": MappingProxyType(
            {"smile": 0.35, "open": 0.25, "cat": 0.15, "small": 0.15, "pout": 0.10}
        ),
        "glasses": MappingProxyType({"none": 0.80, "round": 0.12, "square": 0.08}),
        "ribbon": MappingProxyType(
            {"none": 0.60, "red": 0.14, "blue": 0.13, "yellow": 0.13}
        ),
        "background": MappingProxyType(
            {
                "sky": 0.20,
                "rose": 0.18,
                "mint": 0.17,
                "cream": 0.17,
                "lavender": 0.16,
                "sunset": 0.12,
            }
        ),
        "tilt": MappingProxyType({"straight": 0.50, "left": 0.25, "right": 0.25}),
    }
)
"""Every attribute, its values, and the probability of each value. The attributes are independent of each other."""


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


_SHAPE_NAMES = tuple(field.name for field in dataclasses.fields(FaceShape))


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


def draw_attributes(count: int, seed: int = 0) -> tuple[FaceAttributes, ...]:
    """Draws the attributes of faces from a seed, without drawing the faces.

    Face ``i`` of a seed is the same whatever ``count`` is: it has its own random stream, PCG64 seeded with (seed, i).

    Args:
        count: how many faces, at least 1.
        seed: an integer of at least 0.

    Raises:
        ValueError: ``count`` or ``seed`` is out of range.
    """
    count = whole_number("count", count, "how many faces to draw", 1)
    seed = whole_number("seed", seed, "the number that chooses the faces", 0)
    return tuple(_draw_one(seed, index) for index in range(count))


def _draw_one(seed: int, index: int) -> FaceAttributes:
    # Only uniform doubles are asked of the stream: they are the bits of PCG64 and do not change between numpy releases.
    uniforms = (
        np.random.Generator(np.random.PCG64([seed, index]))
        .random(len(ATTRIBUTES) + len(_SHAPE_NAMES))
        .tolist()
    )
    values = {
        name: _pick(name, u) for name, u in zip(ATTRIBUTES, uniforms, strict=False)
    }
    return FaceAttributes(**values, shape=FaceShape(*uniforms[len(ATTRIBUTES) :]))


def _pick(name: str, uniform: float) -> str:
    """The value of an attribute at one point of its cumulative distribution."""
    reached = 0.0
    for value, probability in ATTRIBUTES[name].items():
        reached += probability
        if uniform < reached:
            return value
    return value  # the probabilities may add up to a hair less than 1


def between(low: float, high: float, u: float) -> float:
    """A number in [0, 1] as one in the range from ``low`` to ``high``."""
    return low + (high - low) * u


def choice(u: float, kinds: int) -> int:
    """A uniform number in [0, 1) as one of so many kinds."""
    return min(int(u * kinds), kinds - 1)


def again(u: float, times: float) -> float:
    """A second number in [0, 1) from the later digits of one: for details that do not deserve a field of their own."""
    return (u * times) % 1.0
