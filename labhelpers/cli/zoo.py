"""``labs zoo``: the registry of GAN types, and the contest of their losses."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from labhelpers import profiles
from labhelpers.cli.labs import PROJECT_ROOT
from labhelpers.zoo import RUNS, registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs zoo``."""
    parser.add_argument(
        "--sort",
        default="year",
        metavar="COLUMN",
        help="column to sort the types by (default: year)",
    )
    parser.add_argument(
        "--results",
        action="store_true",
        help="train every loss, and write the table of results",
    )
    parser.add_argument(
        "--profile",
        choices=profiles.NAMES,
        help=f"how long it may take (default: {profiles.VARIABLE})",
    )
    parser.add_argument(
        "--output", type=Path, default=PROJECT_ROOT / "runs", help="folder for zoo.csv"
    )


def main(options: argparse.Namespace) -> int:
    """Print the registry, or train all contestants and print and write what came of it."""
    if not options.results:
        try:
            table = registry.table(
                *dict.fromkeys(["year", options.sort, "idea", "built"])
            )
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        print(table.sort_values(options.sort, kind="stable").to_string(max_colwidth=70))
        return 0
    from labhelpers.zoo import contest

    run = RUNS[options.profile or profiles.current().name]
    tasks = [
        (contest.ring_task(run.toy_count), run.ring_epochs),
        (contest.grid_task(run.toy_count), run.grid_epochs),
        (contest.digits_task(run.train_count, run.sample_count), run.digit_epochs),
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / "zoo.csv"
    results = contest.compete(
        tasks,
        report=lambda name, task, result: print(f"{task}: {name}: {result.after}"),
    )
    results.round(4).to_csv(target)
    print(results.round(2).to_string())
    print(f"written to {target}")
    return 0
