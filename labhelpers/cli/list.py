"""``labs list``: the labs, their times, and the data they will use."""

from __future__ import annotations

import argparse

from labhelpers import profiles
from labhelpers.cli.labs import Lab, catalogue
from labhelpers.data.digits import planned_source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``labs list`` has no options."""


def data_sources(labs: list[Lab]) -> dict[str, str]:
    """Where each data set of these labs would come from now, in words."""
    sources = {"mnist": planned_source(), "fashion_mnist": planned_source(fashion=True)}
    return {
        name: sources.get(name, "drawn by labhelpers, or a folder of your own")
        for name in sorted({name for lab in labs for name in lab.data})
    }


def main(options: argparse.Namespace) -> int:
    """Print one line a lab, then where each data set would come from now."""
    labs = catalogue()
    width = max(len(lab.title) for lab in labs)
    print(
        f"{'lab':<5}{'title':<{width + 2}}"
        + "".join(f"{name + ' (min)':>13}" for name in profiles.NAMES)
        + "  data"
    )
    for lab in labs:
        times = "".join(f"{lab.minutes.get(name, '-'):>13}" for name in profiles.NAMES)
        print(f"{lab.number:<5}{lab.title:<{width + 2}}{times}  {', '.join(lab.data)}")
    print("\nMinutes on two CPU cores; a dash where nobody has measured yet.")
    for name, source in data_sources(labs).items():
        print(f"{name}: {source}")
    print("Run one with `labs run 01`, or open it with `jupyter lab notebooks`.")
    return 0
