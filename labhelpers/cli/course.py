"""``labs course``: a folder in which nbgrader keeps the course."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from labhelpers.checks.written import CODE_STUB, TEXT_STUB
from labhelpers.cli import labs
from labhelpers.cli.labs import SourceError, catalogue

BUNDLE = "students.zip"
CONFIG = '''"""nbgrader's settings for these labs, made by `labs course`."""

c = get_config()

c.CourseDirectory.course_id = {course_id!r}

# The places for answers in the students' notebooks, as `labs build` makes them.
c.ClearSolutions.code_stub = {{"python": {code_stub!r}}}
c.ClearSolutions.text_stub = {text_stub!r}

# TensorFlow takes a while to load.
c.ExecutePreprocessor.timeout = 300

# Files as Moodle and Canvas name them in the zip of all submissions; of several versions the last one counts.
c.ZipCollectApp.collector_plugin = "labhelpers.cli.collect.MoodleAndCanvas"
c.ZipCollectApp.strict = True

# Scoring is `labs grade`: nbgrader's own autograding would run students' notebooks in your account.
c.Autograde.pre_convert_hook = "labhelpers.cli.course.no_autograding"

# Nothing is handed out or in through nbgrader's exchange.
c.Exchange.root = {exchange!r}
'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs course``."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the course's folder")


def main(options: argparse.Namespace) -> int:
    """Make the folder, or bring an existing one up to date with the labs; submissions and grades in it stay."""
    if not labs.SOURCES.exists():
        print(
            f"There are no sources in {labs.SOURCES}: a course needs the copy of the labs that has them.",
            file=sys.stderr,
        )
        return 2
    folder: Path = options.folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = _foreign(folder)
        if foreign:
            print(
                f"{folder} holds {foreign}, and no course: expected a new or an empty folder.",
                file=sys.stderr,
            )
            return 2
        make(folder)
    except OSError as error:
        print(f"{folder} cannot be written ({error.strerror}).", file=sys.stderr)
        return 2
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    points = {each["name"]: each["max_score"] for each in api(folder).get_assignments()}
    print(f"{folder} is a course of")
    for lab in catalogue():
        print(f"  {lab.stem}, {lab.title!r}: {points[lab.stem]:g} points")
    print(f"Give students {folder / BUNDLE}.")
    return 0


def make(folder: Path) -> None:
    """Write a course's settings, sources, releases and the zip for students, and enter the labs into its gradebook."""
    from labhelpers.cli.bundle import write_bundle
    from labhelpers.cli.notebooks import solution_notebook, to_text

    config = CONFIG.format(
        course_id=folder.name,
        code_stub=CODE_STUB,
        text_stub=TEXT_STUB,
        exchange=str(folder / "exchange"),
    )
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8", newline="\n")
    for lab in catalogue():
        source = folder / "source" / lab.stem / f"{lab.stem}.ipynb"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(
            to_text(solution_notebook(lab)), encoding="utf-8", newline="\n"
        )
        (folder / "downloaded" / lab.stem / "archive").mkdir(
            parents=True, exist_ok=True
        )
        answer = api(folder).generate_assignment(lab.stem)
        if not answer["success"]:
            raise SourceError(
                f"nbgrader cannot release {lab.stem}: {answer.get('error') or answer.get('log')}"
            )
    write_bundle(folder / BUNDLE)


def no_autograding(**_: Any) -> None:
    """What a course's settings let nbgrader call before its own autograding.

    Raises:
        SystemExit: always; nbgrader goes on after any other exception.
    """
    raise SystemExit(
        "Nothing was graded: nbgrader's own autograding runs students' notebooks in your account. "
        "`labs grade --course DIR` scores them, and takes their answers out of them first."
    )


def api(folder: Path) -> Any:
    """A course as nbgrader's programming interface sees it."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    # nbgrader starts `alembic` from the search path, where it is only while the environment is activated.
    here = str(Path(sys.executable).parent)
    if here not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ["PATH"]])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    return NbGraderAPI(config=config)


def _foreign(folder: Path) -> str:
    """What a folder holds that is no course of ours, in words; empty where it may be used."""
    if (folder / "nbgrader_config.py").exists():
        return ""
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
