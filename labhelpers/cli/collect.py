"""Who handed in what, by the names that Moodle and Canvas give to files: a plug-in of ``nbgrader zip_collect``."""

from __future__ import annotations

import re
from pathlib import Path

from nbgrader.plugins import FileNameCollectorPlugin

_LAB = r"(?P<lab>\d\d_[a-z0-9_]+?)(?:-(?P<dash>\d+)| ?\((?P<bracket>\d+)\))?\.ipynb"
_MOODLE = re.compile(
    rf"(?P<name>[^/]+)_(?P<student>\d+)_assignsubmission_file(?:_|/(?:.*/)?){_LAB}"
)
_CANVAS = re.compile(rf"(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<student>\d+)_\d+_{_LAB}")
# Moodle: "Ada Lovelace_123_assignsubmission_file_01_vae.ipynb", or a folder "..._file" with the notebook in it.
# Canvas: "lovelaceada_LATE_123_4567_01_vae-2.ipynb"; the number at the end counts what was handed in before.


class MoodleAndCanvas(FileNameCollectorPlugin):
    """The student's number in the learning system, and the lab; of several versions the last one counts."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """What ``nbgrader zip_collect`` wants to know of a file, or None where it is skipped, which a sentence says."""
        path = Path(submitted_file)
        found = _parts(path)
        if found is None:
            self.log.warning(
                "%s is skipped: expected a notebook that Moodle or Canvas named, as "
                "'Name_123_assignsubmission_file_01_vae.ipynb' or 'name_123_4567_01_vae.ipynb'.",
                path.name,
            )
            return None
        if found["lab"] not in path.parts:
            self.log.warning(
                "%s is skipped: it is of lab %s, and was put among another lab's files.",
                path.name,
                found["lab"],
            )
            return None
        twins = [other for other in _files_beside(path) if _same(other, found)]
        newest = max(twins, key=_version)
        if path != newest:
            self.log.warning(
                "%s is skipped: student %s handed in %s later.",
                path.name,
                found["student"],
                newest.name,
            )
            return None
        if found.get("late"):
            self.log.warning(
                "%s was handed in late, by student %s.", path.name, found["student"]
            )
        return {"student_id": found["student"], "file_id": found["lab"]}


def full_names(course: Path) -> dict[str, str]:
    """The students' names by number, as far as the collected files tell them."""
    found = map(_parts, sorted(course.glob("downloaded/*/extracted/**/*.ipynb")))
    return {parts["student"]: parts["name"] for parts in found if parts}


def _parts(path: Path) -> dict[str, str] | None:
    """The parts of a name: ``student``, ``lab``, and where they are there ``late``, ``dash``, ``bracket``."""
    for pattern in (_MOODLE, _CANVAS):
        for text in (path.name, f"{path.parent.name}/{path.name}"):
            match = pattern.fullmatch(text)
            if match:
                return {key: value for key, value in match.groupdict().items() if value}
    return None


def _files_beside(path: Path) -> list[Path]:
    """All files of the same collection: those below the folder ``extracted``."""
    root = next(
        (parent for parent in path.parents if parent.name == "extracted"), path.parent
    )
    return sorted(root.rglob("*.ipynb"))


def _same(path: Path, found: dict[str, str]) -> bool:
    other = _parts(path)
    return other is not None and all(
        other[key] == found[key] for key in ("student", "lab")
    )


def _version(path: Path) -> tuple[int, float, str]:
    parts = _parts(path) or {}
    number = int(parts.get("dash") or parts.get("bracket") or 0)
    return number, path.stat().st_mtime, path.name
