"""The labs that there are, and where their files lie."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT_ROOT / "solutions"
NOTEBOOKS = PROJECT_ROOT / "notebooks"


class SourceError(ValueError):
    """The source of a lab breaks a rule of its own format."""


@dataclass(frozen=True)
class Lab:
    """A lab as the catalogue knows it.

    Attributes:
        stem: the name of its files, as ``01_vae``.
        title: what its first line says.
        minutes: about how long a profile takes on two CPU cores, where it was measured.
        data: which data sets it reads: ``mnist``, ``fashion_mnist``, ``faces``.
    """

    stem: str
    title: str
    minutes: dict[str, float]
    data: tuple[str, ...]

    @property
    def number(self) -> str:
        """The two digits that the lab is called by."""
        return self.stem[:2]

    @property
    def source(self) -> Path:
        """The percent-format file that everything is built from."""
        return SOURCES / f"{self.stem}.py"

    @property
    def notebook(self) -> Path:
        """The notebook that students open."""
        return NOTEBOOKS / f"{self.stem}.ipynb"


def catalogue() -> list[Lab]:
    """All labs, by number: from their sources, or from the notebooks where the sources were not handed out."""
    pattern = "[0-9][0-9]_*"
    paths = sorted(SOURCES.glob(f"{pattern}.py")) or sorted(
        NOTEBOOKS.glob(f"{pattern}.ipynb")
    )
    return [_lab(path) for path in paths]


def find_lab(name: str) -> Lab:
    """The lab called by its number (``1``, ``01``) or the name of its files (``01_vae``).

    Raises:
        SourceError: there is no such lab.
    """
    for lab in catalogue():
        if name in (lab.stem, lab.number, lab.number.lstrip("0")):
            return lab
    raise SourceError(
        f"There is no lab {name!r}; there are {', '.join(lab.stem for lab in catalogue())}."
    )


@cache
def repository() -> str:
    """OWNER/NAME of the public copy that Colab opens (``[tool.labs]`` in pyproject.toml); empty where there is none."""
    settings = tomllib.loads(
        (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    )
    return str(settings["tool"]["labs"]["repository"])


def _lab(path: Path) -> Lab:
    if path.suffix == ".py":
        import jupytext  # where there are sources, there are the tools to read them

        notebook = jupytext.read(path, fmt="py:percent")
    else:
        import nbformat  # it takes a second

        notebook = nbformat.read(path, as_version=4)
    facts = notebook.metadata.get("labs", {})
    missing = {"minutes", "data"} - set(facts)
    if missing:
        raise SourceError(
            f"{path.name} has no {' and '.join(sorted(missing))} under `labs:` in its header."
        )
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    return Lab(path.stem, title, dict(facts["minutes"]), tuple(facts["data"]))
