"""Which labs there are."""

from __future__ import annotations

import pytest

from labhelpers.cli import labs, main
from labhelpers.cli.labs import SourceError, catalogue

LABS = catalogue()


def test_a_copy_without_sources_still_has_its_labs(copy_of, capsys):
    lab = copy_of(LABS[0])
    lab.source.unlink()
    lab.source.parent.rmdir()
    assert [found.title for found in catalogue()] == [lab.title]
    assert labs.find_lab("01").minutes == lab.minutes
    assert main(["build"]) == 2
    assert "came without them" in capsys.readouterr().err


def test_an_unknown_lab_is_told_which_there_are():
    with pytest.raises(SourceError, match=r"no lab '99'; there are 01_vae"):
        labs.find_lab("99")
    assert labs.find_lab("1").stem == "01_vae"
    assert labs.find_lab("01_vae").stem == "01_vae"
