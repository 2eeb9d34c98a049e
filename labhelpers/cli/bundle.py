"""``labs bundle``: one zip for students, without solutions, hidden tests and instructors' tools."""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from pathlib import Path

from labhelpers.cli.labs import PROJECT_ROOT, catalogue

ROOT = "generative-model-labs"
"""The folder that the zip unpacks to."""
STUDENTS_COMMANDS = {
    "__init__",
    "__main__",
    "doctor",
    "labs",
    "list",
    "page",
    "run",
    "zoo",
}
"""The modules of ``labhelpers.cli`` that students get."""
LEFT_OUT = re.compile(
    r"<!-- not for students -->.*?<!-- for students again -->\n*", re.DOTALL
)
"""What of the README only instructors and developers need."""
INSTRUCTORS_PACKAGES = {
    "distributed",
    "nbgrader",
    "jupytext",
    "nbval",
    "axe-playwright-python",
    "playwright",
    "pytest",
    "pytest-xdist",
    "mypy",
    "ruff",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``labs bundle``."""
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(f"{ROOT}.zip"),
        metavar="FILE",
        help=f"the zip (default: {ROOT}.zip)",
    )


def main(options: argparse.Namespace) -> int:
    """Write the zip, and say what is in it."""
    try:
        names = write_bundle(options.output)
    except OSError as error:
        print(
            f"{options.output} cannot be written ({error.strerror}): give another place with --output.",
            file=sys.stderr,
        )
        return 2
    size = options.output.stat().st_size / 1e6
    labs = ", ".join(lab.number for lab in catalogue())
    print(f"{options.output}: {len(names)} files, {size:.1f} MB, labs {labs}.")
    return 0


def write_bundle(target: Path) -> list[str]:
    """Write the zip for students; the same files give the same bytes.

    Returns:
        The names of the files in it, below its one folder.
    """
    files = _files()
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{ROOT}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return sorted(files)


def _files() -> dict[str, bytes]:
    paths = [lab.notebook for lab in catalogue()]
    paths += [PROJECT_ROOT / "pyproject.toml", PROJECT_ROOT / "data" / "README.md"]
    paths += sorted((PROJECT_ROOT / "docs" / "pictures").glob("labs.svg"))
    for path in sorted((PROJECT_ROOT / "labhelpers").rglob("*")):
        inside = path.relative_to(PROJECT_ROOT / "labhelpers").parts
        if "__pycache__" in inside or not path.is_file():
            continue
        if inside[0] == "cli" and Path(inside[1]).stem not in STUDENTS_COMMANDS:
            continue
        paths.append(path)
    files = {
        path.relative_to(PROJECT_ROOT).as_posix(): path.read_bytes() for path in paths
    }
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    files["README.md"] = LEFT_OUT.sub("", readme).rstrip().encode() + b"\n"
    pins = (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8")
    files["requirements.txt"] = students_pins(pins).encode()
    return files


def students_pins(pins: str) -> str:
    """The pins of ``requirements.txt`` without what only building, testing and grading need."""
    lines = [
        line
        for line in pins.splitlines()
        if line.partition("==")[0] not in INSTRUCTORS_PACKAGES and line != "# tests"
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
