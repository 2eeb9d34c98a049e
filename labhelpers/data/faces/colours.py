"""The colours that a face is painted in, and how shades of them are mixed."""

from __future__ import annotations

from collections.abc import Mapping

Colour = tuple[int, int, int]

HAIR_COLOURS: Mapping[str, Colour] = {
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
EYE_COLOURS: Mapping[str, Colour] = {
    "brown": (150, 92, 52),
    "blue": (62, 134, 222),
    "green": (66, 168, 106),
    "golden": (230, 168, 44),
    "purple": (146, 88, 206),
    "red": (214, 58, 74),
}
SKINS: Mapping[str, Colour] = {
    "fair": (255, 236, 222),
    "peach": (253, 220, 196),
    "tan": (232, 184, 146),
    "brown": (180, 124, 92),
}
RIBBONS: Mapping[str, Colour] = {
    "red": (228, 66, 78),
    "blue": (74, 122, 214),
    "yellow": (250, 202, 70),
}
BACKGROUNDS: Mapping[str, tuple[Colour, Colour]] = {
    "sky": ((150, 206, 244), (224, 243, 253)),
    "rose": ((250, 190, 204), (255, 232, 232)),
    "mint": ((164, 222, 200), (228, 248, 234)),
    "cream": ((250, 228, 178), (255, 247, 226)),
    "lavender": ((196, 184, 236), (236, 230, 252)),
    "sunset": ((246, 168, 130), (254, 218, 156)),
}
CLOTHES: tuple[Colour, ...] = (
    (66, 82, 130),
    (246, 246, 250),
    (196, 72, 86),
    (88, 140, 128),
    (92, 84, 104),
    (240, 188, 96),
    (142, 172, 220),
    (206, 160, 200),
)
WHITE: Colour = (255, 255, 255)
EYELASH_INK: Colour = (52, 34, 44)


def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """The colour so far on the way from the first (0) to the second (1)."""
    red, green, blue = (
        round(a + (b - a) * amount) for a, b in zip(first, second, strict=True)
    )
    return red, green, blue


def darker(colour: Colour, amount: float = 0.5) -> Colour:
    """A shade of the same colour, a little warmer and more saturated than mixing with black would make it."""
    red, green, blue = colour
    return (
        round(red * (1 - 0.80 * amount)),
        round(green * (1 - 1.0 * amount)),
        round(blue * (1 - 0.88 * amount)),
    )
