"""The registry of GAN types: complete, true about what is built, and with formulas that can be shown and looked up."""

from __future__ import annotations

import re

import pytest
from matplotlib.mathtext import MathTextParser

from labhelpers import zoo
from labhelpers.cli.labs import catalogue
from labhelpers.losses import LOSSES

FORMULAS = [
    pytest.param(getattr(gan, side), id=f"{gan.name} {side}") for gan in zoo.ZOO for side in ("d_loss", "g_loss")
]

# LaTeX that shapes a formula and names nothing.
STRUCTURE = {
    *("tfrac", "sum", "log", "lVert", "rVert", "quad", "mid", "min", "max", "cdot", "text", "chi", "top", "odot"),
    *("leftarrow", "in", "mathrm", "mathbb", "mathbf", "exp", "sigma"),
}


def symbols(latex: str) -> set[str]:
    """The names in a formula: letters, Greek letters, letters with a hat, words in roman, bold and blackboard ones."""
    found = set(re.findall(r"\\(?:mathrm|mathbb|mathbf|hat)\s*(?:\{[^}]*\}|\w)", latex))
    rest = re.sub(r"\\(?:mathrm|mathbb|mathbf|hat|text)\s*(?:\{[^}]*\}|\w)", " ", latex)
    commands = set(re.findall(r"\\([A-Za-z]+)", rest))
    rest = re.sub(r"\\[A-Za-z]+|\\.", " ", rest)
    return found | {f"\\{name}" for name in commands - STRUCTURE} | set(re.findall(r"[A-Za-z]", rest))


def test_the_zoo_holds_24_types_without_gaps() -> None:
    assert len(zoo.ZOO) == 24
    assert len({gan.name for gan in zoo.ZOO}) == 24
    for gan in zoo.ZOO:
        for column in ("name", "venue", "idea", "key_feature", "d_loss", "g_loss", "architecture", "use", "paper"):
            assert getattr(gan, column).strip(), (gan.name, column)
        assert re.fullmatch(r"\d{2}(0[1-9]|1[0-2])\.\d{4,5}", gan.preprint), gan.name
        assert 2014 <= gan.year <= 2023


def test_the_history_runs_by_the_preprint() -> None:
    assert [gan.preprint for gan in zoo.ZOO] == sorted(gan.preprint for gan in zoo.ZOO)
    years = {gan.name: gan.year for gan in zoo.ZOO}
    assert [years[name] for name in ("LSGAN", "SRGAN", "ProGAN", "AttnGAN", "Pix2PixHD", "SAGAN", "SPA-GAN")] == [
        *(2016, 2016, 2017, 2017, 2017, 2018, 2019)
    ]
    order = [gan.name for gan in zoo.ZOO]
    for earlier, later in (("SAGAN", "BigGAN"), ("WGAN", "WGAN-GP"), ("ProGAN", "StyleGAN"), ("CycleGAN", "SPA-GAN")):
        assert order.index(earlier) < order.index(later), "a type stands before what it builds on"
    # A paper is not presented before it is written; a journal's volume may take two years.
    for gan in zoo.ZOO:
        year = re.search(r"\d{4}$", gan.venue)
        assert gan.venue == "preprint only" or (year and gan.year <= int(year[0]) <= gan.year + 2), gan.name


@pytest.mark.parametrize("latex", FORMULAS)
def test_a_formula_is_latex_that_can_be_drawn(latex: str) -> None:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", latex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, "a brace is closed before it is opened"
    assert depth == 0, "a brace stays open"
    for left, right in ("()", "[]"):
        assert latex.count(left) == latex.count(right), f"{left}{right}"
    assert latex.count(r"\lVert") == latex.count(r"\rVert")
    assert "$" not in latex
    # What matplotlib knows by another name: the rest it must parse.
    drawn = latex.replace(r"\tfrac12", r"\frac{1}{2}").replace(r"\tfrac", r"\frac").replace(r"\text", r"\mathrm")
    drawn = re.sub(r"\\[lr]Vert", r"\\Vert ", drawn)
    MathTextParser("path").parse(f"${drawn}$")


@pytest.mark.parametrize("latex", FORMULAS)
def test_the_legend_holds_every_symbol_of_a_formula(latex: str) -> None:
    explained = {symbol for entry, _ in zoo.LEGEND for symbol in symbols(entry)}
    # \hat x has an entry of its own; levels and scales are explained with their number.
    also = {
        symbol for _, meaning in zoo.LEGEND for part in re.findall(r"\$([^$]+)\$", meaning) for symbol in symbols(part)
    }
    assert symbols(latex) <= explained | also


def test_the_symbols_of_a_formula_are_found() -> None:
    assert symbols(r"\tfrac12\, \mathbb{E}\,(r - b)^2 + \lambda\,\mathrm{PT} \text{ or } D(\hat x)") == {
        *(r"\mathbb{E}", "r", "b", r"\lambda", r"\mathrm{PT}", "D", r"\hat x")
    }


def test_the_formulas_of_built_losses_hold_the_constants_of_the_code() -> None:
    card = zoo.formulas("LSGAN", "WGAN", "WGAN-GP", "EBGAN", "BEGAN")
    assert LOSSES["wgan"]().clip_weights == 0.01
    assert "[-0.01, 0.01]" in card
    assert LOSSES["wgan_gp"]().terms[0].weight == 10
    assert r"10\, \mathbb{E}\,(\lVert \nabla D(\hat x) \rVert - 1)^2" in card
    ebgan = dict(LOSSES["ebgan"]().arguments)
    assert (ebgan["margin"], ebgan["pull_away"]) == (10, 0.1)
    assert r"0.1\, \mathrm{PT}" in card
    assert "$m = 10$" in card
    began = dict(LOSSES["began"]().arguments)
    assert (began["gamma"], began["rate"]) == (0.5, 0.001)
    assert r"$\gamma = 0.5$" in card
    assert "0.001" in card
    squares = dict(LOSSES["least_squares"]().arguments)
    assert list(squares.values()) == [0, 1, 1]
    assert "(0, 1, 1)" in card


def test_cards_and_legend_are_markdown() -> None:
    text = zoo.formulas()
    for gan in zoo.ZOO:
        assert f"**{gan.name}** ({gan.year}; {gan.venue}; {gan.built})" in text
        assert f"https://arxiv.org/abs/{gan.preprint}" in text
    assert text.count("$$") == 4 * len(zoo.ZOO)
    assert text.replace("$$", "").count("$") % 2 == 0
    assert zoo.formulas("CGAN", "DCGAN").count("$$L_D") == 2
    with pytest.raises(ValueError, match="no type CGANS; it has Vanilla GAN"):
        zoo.formulas("CGANS")
    lines = zoo.legend().splitlines()
    assert len(lines) == 2 + len(zoo.LEGEND)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines), "two columns in every line"
    assert all(line.count("$") % 2 == 0 for line in lines)


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
