"""The registry of GAN types: complete, and true about what is built."""

from __future__ import annotations

import pytest

from labhelpers import zoo
from labhelpers.cli.labs import catalogue
from labhelpers.losses import LOSSES


def test_the_zoo_holds_24_types_without_gaps() -> None:
    assert len(zoo.ZOO) == 24
    assert len({gan.name for gan in zoo.ZOO}) == 24
    for gan in zoo.ZOO:
        for column in ("name", "idea", "key_feature", "objective", "architecture", "use", "paper"):
            assert getattr(gan, column).strip(), (gan.name, column)
        assert 2014 <= gan.year <= 2023


def test_what_is_called_built_is_there() -> None:
    numbers = {lab.number for lab in catalogue()}
    for gan in zoo.ZOO:
        assert not gan.loss or gan.loss in LOSSES, gan.name
        assert not gan.lab or gan.lab in numbers, gan.name
    named = {gan.loss for gan in zoo.ZOO if gan.loss}
    assert {"non_saturating", "least_squares", "wgan", "wgan_gp", "hinge", "ebgan", "began"} == named


def test_table_sorts_and_refuses_unknown_columns() -> None:
    table = zoo.table()
    assert list(table.columns) == ["year", "idea", "use", "built"]
    assert table.year.is_monotonic_increasing
    assert table.loc["StyleGAN-T", "built"] == "not yet"
    assert zoo.table("paper").sort_values("paper").index[0] == "WGAN"
    with pytest.raises(ValueError, match="no column colour; it has name"):
        zoo.table("colour")
