"""Sizes by hand, against real layers, and impossible ones."""

from __future__ import annotations

import keras
import pytest

from labhelpers import models


@pytest.mark.parametrize(
    ("size", "doublings", "sides"),
    [
        (100, 2, (25, 50, 100)),
        (100, 3, (13, 26, 52, 104)),
        (28, None, (7, 14, 28)),
        (48, None, (6, 12, 24, 48)),
        (64, None, (8, 16, 32, 64)),
        (64, 4, (4, 8, 16, 32, 64)),
        (100, None, (7, 14, 28, 56, 112)),
        (101, 2, (26, 52, 104)),
        (8, None, (4, 8)),
    ],
)
def test_sides_of_the_generator(size, doublings, sides):
    assert models.sizes_of(size, doublings) == sides


@pytest.mark.parametrize(
    ("size", "halvings", "sides"),
    [(100, 4, (100, 50, 25, 13, 7)), (28, None, (28, 14, 7)), (64, 3, (64, 32, 16, 8)), (101, 2, (101, 51, 26))],
)
def test_sides_of_the_discriminator(size, halvings, sides):
    assert models.mirrored_sizes(size, halvings) == sides


def test_the_sides_are_those_of_the_documents_networks():
    pair = models.anime_pair()
    drawn = [layer.output.shape[1] for layer in pair.generator.layers if len(layer.output.shape) == 4]
    assert tuple(sorted(set(drawn))) == models.sizes_of(100, 2)
    seen = [layer.output.shape[1] for layer in pair.discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert (100, *seen) == models.mirrored_sizes(100, 4)


def test_the_table_says_what_the_functions_say():
    table = models.sizing_table([28, 64, 100])
    assert list(table.index) == ["28x28", "64x64", "100x100"]
    assert table.loc["28x28"].to_dict() == {
        "latent": "50 to 100",
        "doublings": 2,
        "generator": "7 => 14 => 28",
        "cropped": 0,
        "discriminator": "28 => 14 => 7",
    }
    assert table.loc["100x100", "cropped"] == 12
    assert models.sizing_table([100], doublings=2).loc["100x100", "generator"] == "25 => 50 => 100"
    assert list(models.sizing_table([28, 100, 256])["latent"]) == ["50 to 100", "100 to 200", "256 to 512"]


@pytest.mark.parametrize(
    "call", [lambda: models.sizes_of(7), lambda: models.doublings_for(4), lambda: models.mirrored_sizes(1)]
)
def test_images_that_are_too_small_are_named(call):
    with pytest.raises(ValueError, match="8 or more"):
        call()


def test_impossible_doublings_are_named():
    for doublings in (0, 6, 9):
        with pytest.raises(ValueError, match="choose 1 to 5"):
            models.sizes_of(64, doublings)
    with pytest.raises(ValueError, match="at least 1"):
        models.mirrored_sizes(64, 0)
