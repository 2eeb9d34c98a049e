"""The command ``labs``: list, run, build and grade the labs."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence

COMMANDS = {
    "list": "show the labs, their times, and the data they will use",
    "doctor": "show what this machine has, what is missing, and how long each lab will take here",
    "run": "run one lab or all without a browser, and write executed notebooks and HTML pages",
    "build": "make the notebooks from their sources, or check that they agree",
    "pictures": "run labs, and put a picture of what they make at their top",
    "bundle": "write one zip for students",
    "course": "make the folder in which nbgrader keeps a course",
    "grade": "score answered notebooks",
    "feedback": "write a page for each student of a course",
    "export": "write a course's points for Moodle, Canvas or a spreadsheet, and a summary",
    "zoo": "show the types of GAN, or make the table of results again",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``labs`` with these arguments (default: the command line's) and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    parser = argparse.ArgumentParser(
        prog="labs", description="The labs on variational autoencoders and GANs."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    chosen = next(
        (
            word
            for word in (sys.argv[1:] if arguments is None else arguments)
            if word in COMMANDS
        ),
        None,
    )
    for name, text in COMMANDS.items():
        if importlib.util.find_spec(f"labhelpers.cli.{name}") is None:
            continue  # an instructor's command, which students did not get
        command = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + "."
        )
        if name == chosen:
            importlib.import_module(f"labhelpers.cli.{name}").add_arguments(command)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        status: int = importlib.import_module(f"labhelpers.cli.{options.command}").main(
            options
        )
    except KeyboardInterrupt as stop:  # Ctrl-C
        print(f"\n{stop or 'Stopped.'}", file=sys.stderr)
        return 130
    return status
