"""A folder of images as people have it: any sizes, kinds and names, some files broken, made into one array.

Memory: the array is allocated once, and every worker thread decodes one image at a time into its row, so that the peak
is the array, plus one decoded image a worker (at most 50 million pixels; JPEG files are decoded at a fraction of their
size). An array of more than a gigabyte is mapped to an unnamed file in the data directory instead of being held in
memory: 50,000 images of 100 x 100 pixels are 1.5 GB of disk, and the system keeps in memory what is in use.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from labhelpers.arrays import chunks, whole_number
from labhelpers.data.directory import data_directory
from labhelpers.data.image_file import ReadImage, load_square, readable_formats

_LARGEST_SIZE = 2048
_NOT_PICTURES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_MAPPED_BYTES = 2**30
_QUEUE = 1024


@dataclass(frozen=True)
class FolderSummary:
    """What was found in a folder, what was used, and what was left out and why, as text by ``print``.

    Attributes:
        folder: the folder.
        found: how many files were found; hidden ones count, and so does each hidden folder, as one.
        used: how many of them became images.
        left_out: for every reason the paths that were left out, relative to the folder. With ``used`` they add up to
            ``found``.
        formats: how many of the used images are of each format.
        smallest: width and height, in pixels, of the used image with the fewest pixels.
        largest: the same for the one with the most.
        enlarged: how many of the used images had a shorter side below the size asked for.
        size: edge of the squares that were made, in pixels.
        on_disk: whether the images are mapped to a file because they are too large to hold in memory.
    """

    folder: Path
    found: int
    used: int
    left_out: Mapping[str, tuple[Path, ...]]
    formats: Mapping[str, int]
    smallest: tuple[int, int]
    largest: tuple[int, int]
    enlarged: int
    size: int
    on_disk: bool

    def __str__(self) -> str:
        lines = [f"{_files(self.found)} found in {_printable(self.folder)}"]
        formats = ", ".join(f"{count} {name}" for name, count in self.formats.items())
        used = f"  {self.used} used as {self.size} x {self.size} pixels ({formats})"
        if self.used:
            used += f", from {_by(self.smallest)} to {_by(self.largest)} pixels"
            used += f"; {self.enlarged} enlarged" if self.enlarged else ""
            lines.append(used)
        if self.on_disk:
            lines.append(
                "  the images are mapped to a file on disk, for they are more than a gigabyte"
            )
        for reason, paths in self.left_out.items():
            names = [_printable(path) for path in paths[:3]]
            names += [f"and {len(paths) - 3} more"] if len(paths) > 3 else []
            lines.append(f"  {len(paths)} left out, {reason}: {', '.join(names)}")
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class FolderImages:
    """The images of a folder.

    Attributes:
        images: uint8 (n, size, size, 3), RGB.
        paths: where image ``i`` comes from.
        summary: what was found, used and left out.
    """

    images: NDArray[np.uint8]
    paths: tuple[Path, ...]
    summary: FolderSummary

    def __len__(self) -> int:
        return len(self.paths)


def load_image_folder(
    folder: str | Path, size: int, *, batch_size: int | None = None
) -> FolderImages:
    """Reads every image in a folder and its subfolders as squares of one size.

    Every image is turned upright, cropped to its central square, and resized; transparent pixels become white, and of
    an animation the first frame is taken.

    The order is that of the sorted relative paths. A file that cannot be used is left out, and the summary names it.
    Links to folders are not followed. A keyboard interrupt stops after the images in work, and leaves nothing behind.

    Args:
        folder: the folder.
        size: edge of the squares in pixels, from 1 to 2048.
        batch_size: if it is given, a folder with fewer images is an error.

    Raises:
        FileNotFoundError: there is no such folder.
        NotADirectoryError: it is a file.
        ValueError: it holds no image that can be used, or fewer than a batch, or ``size`` is out of range.
    """
    size = whole_number(
        "size", size, "the edge of the squares in pixels", 1, _LARGEST_SIZE
    )
    if batch_size is not None:
        batch_size = whole_number(
            "batch_size", batch_size, "the number of images in a batch", 1
        )
    root = Path(folder).expanduser()
    _check_folder(root)
    candidates, left_out = _list_files(root)
    readable_formats()  # loads Pillow's decoders before several threads want them
    images, on_disk = _allocate(len(candidates), size)
    outcomes = _load_all([root / path for path in candidates], images)

    used: list[ReadImage] = []
    paths = []
    for row, (path, outcome) in enumerate(zip(candidates, outcomes, strict=True)):
        if isinstance(outcome, str):
            left_out.append((outcome, path))
            continue
        if row != len(used):
            images[len(used)] = images[row]
        used.append(outcome)
        paths.append(root / path)
    summary = _summarize(root, size, used, left_out, on_disk)
    _check_count(summary, batch_size)
    return FolderImages(images[: len(used)], tuple(paths), summary)


def _summarize(
    root: Path,
    size: int,
    used: Sequence[ReadImage],
    left_out: Sequence[tuple[str, Path]],
    on_disk: bool,
) -> FolderSummary:
    by_reason: dict[str, list[Path]] = {}
    for reason, path in left_out:
        by_reason.setdefault(reason, []).append(path)
    commonest_first = sorted(
        by_reason.items(), key=lambda item: (-len(item[1]), item[0])
    )
    by_area = sorted(
        (image.pixels for image in used),
        key=lambda pixels: (pixels[0] * pixels[1], pixels),
    ) or [(0, 0)]
    return FolderSummary(
        folder=root,
        found=len(used) + len(left_out),
        used=len(used),
        left_out=MappingProxyType(
            {reason: tuple(sorted(paths)) for reason, paths in commonest_first}
        ),
        formats=MappingProxyType(
            dict(Counter(image.format for image in used).most_common())
        ),
        smallest=by_area[0],
        largest=by_area[-1],
        enlarged=sum(min(image.pixels) < size for image in used),
        size=size,
        on_disk=on_disk,
    )


def _list_files(root: Path) -> tuple[list[Path], list[tuple[str, Path]]]:
    """The files worth opening, relative to the folder and sorted, and what is left out unopened with its reason."""
    candidates: list[Path] = []
    left_out: list[tuple[str, Path]] = []

    def forbidden(error: OSError) -> None:
        left_out.append(("unreadable", Path(error.filename).relative_to(root)))

    for name, folders, files in os.walk(root, onerror=forbidden):
        here = Path(name).relative_to(root)
        left_out += [
            ("hidden", here / hidden)
            for hidden in filter(_is_hidden, [*folders, *files])
        ]
        folders[:] = sorted(
            subfolder for subfolder in folders if not _is_hidden(subfolder)
        )
        candidates += [here / file for file in files if not _is_hidden(file)]
    return sorted(candidates), left_out


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _NOT_PICTURES


def _check_folder(root: Path) -> None:
    if root.is_dir():
        return
    if root.exists():
        raise NotADirectoryError(
            f"{_printable(root)} is a file, but a folder of images is expected: give the folder it is in, "
            "or unpack it if it is an archive."
        )
    near = next((parent for parent in root.absolute().parents if parent.is_dir()), None)
    raise FileNotFoundError(
        f"There is no folder {_printable(root)}, but a folder of images is expected: check its name "
        f"(the part of the path that exists is {_printable(near) if near else 'none'})."
    )


def _check_count(summary: FolderSummary, batch_size: int | None) -> None:
    faults = "; ".join(
        f"{len(paths)} {reason}" for reason, paths in summary.left_out.items()
    )
    held = f"{_files(summary.found)} ({faults})" if faults else _files(summary.found)
    if summary.used == 0:
        raise ValueError(
            f"The folder {_printable(summary.folder)} holds {held}, and no image that can be used: give a folder with "
            "images such as JPEG or PNG files in it or in its subfolders."
        )
    if batch_size is not None and summary.used < batch_size:
        raise ValueError(
            f"The folder {_printable(summary.folder)} gives {summary.used} images out of {held}, but one batch takes "
            f"{batch_size}: add images, or choose a batch_size of at most {summary.used}."
        )


def _allocate(count: int, size: int) -> tuple[NDArray[np.uint8], bool]:
    """An array for so many images, and whether it is mapped to a file."""
    shape = (count, size, size, 3)
    if count * size * size * 3 <= _MAPPED_BYTES:
        return np.empty(shape, np.uint8), False
    folder = data_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The file has no name, so that it vanishes with the array however the program ends.
        with tempfile.TemporaryFile(dir=folder) as file:
            return np.memmap(file, np.uint8, "w+", shape=shape), True
    except OSError as error:
        raise OSError(
            f"{count} images of {size} x {size} pixels need {count * size * size * 3 / 1e9:.1f} GB in {folder}, and "
            f"that failed ({error.strerror or error}): free space there, set LABS_DATA to another folder, or take a "
            "smaller size."
        ) from error


def _load_all(
    files: Sequence[Path], images: NDArray[np.uint8]
) -> list[ReadImage | str]:
    """Loads every file into the row of its index, and says for each what it is or why it is left out."""
    outcomes: list[ReadImage | str] = []
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="images")
    try:
        with (
            warnings.catch_warnings(),
            tqdm(
                total=len(files),
                desc="loading images",
                unit="image",
                disable=len(files) <= 100,
            ) as progress,
        ):
            # Pillow warns about odd files; what becomes of each of them is in the summary.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            for rows in chunks(len(files), _QUEUE):
                for outcome in pool.map(load_square, files[rows], images[rows]):
                    outcomes.append(outcome)
                    progress.update()
    finally:
        pool.shutdown(cancel_futures=True)
    return outcomes


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _by(pixels: tuple[int, int]) -> str:
    return f"{pixels[0]} x {pixels[1]}"


def _printable(path: Path) -> str:
    """A path as text that can be printed, whatever bytes are in its name."""
    return str(path).encode("utf-8", "backslashreplace").decode()
