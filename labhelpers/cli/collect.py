"""Who handed in what, by the names that Moodle and Canvas give to files: a plug-in of ``nbgrader zip_collect``.

Moodle (``mod/assign/classes/downloader.php``) puts a student's files, with the student's own folders, into a folder
``Ada Lovelace_1201_assignsubmission_file``, or begins each file's name so, as its user chooses; text that was typed in
is ``..._assignsubmission_onlinetext``. The number is the participant's, another one in each assignment. Only the last
attempt is in the zip.

Canvas (``lib/content_zipper.rb``) writes ``lovelaceada_LATE_301_9001_01_vae-2.ipynb``: the name, a mark where it was
late, the student's number, the upload's, and the file's own name, in which ``-2``, or ``-`` and a UUID, stands for what
was handed in before. Anonymous ones are ``anon_Xy1z3_9001_...``; text is ``..._301_text.html``, an address
``..._301_link.html``.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.plugins import FileNameCollectorPlugin

_MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<student>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:[_/](?P<file>.*))?"
)
_CANVAS = re.compile(
    r"(?:(?=(?:LATE_)?anon_)|(?P<name>.+?)_(?=(?:LATE_)?\d))"
    r"(?P<late>LATE_)?(?P<student>\d+|anon_[A-Za-z0-9]+)_(?P<upload>\d+)_(?P<file>.+)"
)
_CANVAS_TEXT = re.compile(
    r"(?P<name>.+?)_(?P<late>LATE_)?(?P<student>\d+)_(?P<kind>text|link)\.html"
)
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_VERSION = re.compile(
    rf"(?P<lab>\d\d_[a-z0-9_]+?)(?:-(?P<dash>\d+)|-{_UUID}| ?\((?P<bracket>\d+)\))?\.ipynb"
)
"""A lab's own file name with what Canvas, Moodle and browsers add to it."""
_MOODLES_BLIND_NAME = "Participant"
_NBGRADERS_OWN = ("Skipped submission with no", "Clearing ", "Directory not found. C")
"""Warnings that repeat ours, or tell of every student's folder."""


@dataclass(frozen=True)
class HandedIn:
    """What a file's name says.

    Attributes:
        name: of the student or the group, as the learning system writes it; empty where it hides it.
        student: the number; empty for a group without one.
        kind: ``file``, or what the student typed in instead: ``onlinetext``, ``text``, ``link``.
        file: the file's own name, with the student's folders before it.
        late: whether Canvas marks it so.
        upload: Canvas' number of the file, which counts up; 0 in Moodle.
    """

    name: str
    student: str
    kind: str
    file: str
    late: bool = False
    upload: int = 0


class MoodleAndCanvas(FileNameCollectorPlugin):
    """The student's number in the learning system, and the lab; of several versions the last one counts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._collections: dict[Path, _Collection] = {}
        self.log.addFilter(_worth_reading)

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """What ``nbgrader zip_collect`` wants to know of a file, or None where it is skipped, which a sentence says."""
        path = Path(submitted_file)
        root = next(parent for parent in path.parents if parent.name == "extracted")
        if root not in self._collections:
            self._collections[root] = _Collection(root)
        collection = self._collections[root]
        if path not in collection.files:
            return None  # a checkpoint, or what a system adds to a zip
        parts, problem = collection.files[path]
        if parts is None or problem:
            self.log.warning("%s is skipped: %s", path.name, problem)
            return None
        counts = collection.newest[parts.student]
        if path != counts:
            if path.read_bytes() != counts.read_bytes():
                self.log.warning(
                    "%s is skipped: %s counts, the last version of student %s.",
                    path.relative_to(root).as_posix(),
                    counts.relative_to(root).as_posix(),
                    parts.student,
                )
            return None
        if parts.late:
            self.log.warning(
                "%s was handed in late, by student %s.", path.name, parts.student
            )
        return {"student_id": parts.student, "file_id": root.parent.name}


class _Collection:
    """All files below the folder ``extracted`` of a lab.

    Attributes:
        files: for each file what its name says, and why it cannot be collected, if it cannot.
        newest: for each student the version that counts.
    """

    def __init__(self, root: Path) -> None:
        self.files = {
            path: (parts := parse(path, root), _problem(path, parts, root.parent.name))
            for path in sorted(root.rglob("*"))
            if path.is_file()
            and not any(
                part.startswith((".", "__MACOSX"))
                for part in path.relative_to(root).parts
            )
        }
        versions: dict[str, list[tuple[Path, HandedIn]]] = {}
        for path, (parts, problem) in self.files.items():
            if parts and not problem:
                versions.setdefault(parts.student, []).append((path, parts))
        self.newest = {student: _newest(own, root) for student, own in versions.items()}


def parse(path: Path, root: Path) -> HandedIn | None:
    """What the name of a file below ``root``, or of a folder that it lies in, says of who handed it in."""
    inside = path.relative_to(root).parts
    # The first folder has the name of the zip, which a person may have given.
    for number in (*range(1, len(inside)), 0):
        part, rest = inside[number], inside[number + 1 :]
        match = _MOODLE.fullmatch(part)
        if match:
            name = match["name"] if match["name"] != _MOODLES_BLIND_NAME else ""
            file = "/".join(filter(None, [match["file"], *rest]))
            return HandedIn(name, match["student"] or "", match["kind"], file)
        match = _CANVAS.fullmatch(part)
        if match:
            name, file = match["name"] or "", "/".join([match["file"], *rest])
            return HandedIn(
                name,
                match["student"],
                "file",
                file,
                bool(match["late"]),
                int(match["upload"]),
            )
        match = _CANVAS_TEXT.fullmatch(part)
        if match:
            return HandedIn(match["name"], match["student"], match["kind"], part)
    return None


def full_names(course: Path) -> dict[str, str]:
    """The students' names by number, as far as the collected files tell them."""
    roots = sorted(course.glob("downloaded/*/extracted"))
    return _names(tuple((root, root.stat().st_mtime_ns) for root in roots))


def from_moodle(course: Path, lab: str) -> dict[str, str]:
    """For each student whose file for a lab came from Moodle the beginning of the names that Moodle knows it by."""
    found = {}
    for root in course.glob(f"downloaded/{lab}/extracted"):
        for path in sorted(root.rglob("*.ipynb")):
            parts = parse(path, root)
            if parts and parts.student and not parts.upload:
                name = parts.name or _MOODLES_BLIND_NAME
                found[parts.student] = f"{name}_{parts.student}_assignsubmission_file_"
    return found


@functools.lru_cache(maxsize=8)
def _names(roots: tuple[tuple[Path, int], ...]) -> dict[str, str]:
    found = [
        parse(path, root) for root, _ in roots for path in sorted(root.rglob("*.ipynb"))
    ]
    return {each.student: each.name for each in found if each and each.name}


def _problem(path: Path, parts: HandedIn | None, lab: str) -> str:
    """Why a file cannot be collected for a lab, in a sentence; empty where it can."""
    by_hand = f"Put it to submitted/STUDENT/{lab}/{lab}.ipynb yourself."
    if parts is None:
        return (
            f"expected a name from Moodle or Canvas, as 'Name_123_assignsubmission_file_{lab}.ipynb' or "
            f"'name_123_4567_{lab}.ipynb'. {by_hand}"
        )
    who = " ".join(filter(None, [parts.name, parts.student]))
    if not parts.student:
        return f"Moodle gives {who} no number, expected students who hand in alone or in a group. {by_hand}"
    if parts.student.startswith("anon_"):
        return f"Canvas hides whose it is: switch anonymous grading off, and download again. {by_hand}"
    if parts.kind != "file":
        return f"{who} typed it in or gave an address: ask for the file {lab}.ipynb."
    return _problem_inside(path, parts, who, lab)


def _problem_inside(path: Path, parts: HandedIn, who: str, lab: str) -> str:
    if path.suffix != ".ipynb":
        return f"it is no notebook, expected {lab}.ipynb of {who}."
    named = _VERSION.fullmatch(Path(parts.file).name)
    found = _stated_lab(path) or (named["lab"] if named else "")
    if not found:
        return f"it names no lab, expected {lab}.ipynb of {who}."
    if found != lab:
        return f"it is of lab {found}, and was put among the files of {lab}."
    return ""


def _stated_lab(path: Path) -> str:
    """The lab that a notebook names in its metadata, whatever the file is called; empty where it names none."""
    try:
        return str(
            json.loads(path.read_text(encoding="utf-8-sig"))["metadata"]["labs"]["lab"]
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _newest(versions: list[tuple[Path, HandedIn]], root: Path) -> Path:
    """The version from the last download, with the highest number of its upload, then of its name."""

    def order(version: tuple[Path, HandedIn]) -> tuple[Any, ...]:
        path, parts = version
        match = _VERSION.fullmatch(Path(parts.file).name)
        number = int(match["dash"] or match["bracket"] or 0) if match else -1
        return _downloaded(path, root), parts.upload, number, path.name

    return max(versions, key=order)[0]


def _downloaded(path: Path, root: Path) -> tuple[int, ...]:
    """When the zip that a file came in was made; for a file that came alone, when it was written."""
    first = path.relative_to(root).parts[0]
    archive = root.parent / "archive" / f"{first}.zip"
    if archive.exists():
        return _made(archive)
    return tuple(time.localtime(path.stat().st_mtime)[:6])


@functools.lru_cache(maxsize=64)
def _made(archive: Path) -> tuple[int, ...]:
    with zipfile.ZipFile(archive) as opened:
        return max((info.date_time for info in opened.infolist()), default=())


def _worth_reading(record: logging.LogRecord) -> bool:
    """What is told of a collection: our sentences, errors, and how many; not every file that is opened or copied."""
    text = record.getMessage()
    if record.levelno < logging.WARNING:
        return "files collected" in text
    return not text.startswith(_NBGRADERS_OWN)
