"""``labs doctor``: what this machine has, what is missing, and how long each lab will take here."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labhelpers import profiles

if TYPE_CHECKING:
    from labhelpers.cli.labs import Lab
    from labhelpers.models import Pair

KINDS = ("dense", "convolutions", "attention")
"""What the time of a lab goes into: networks of these layers. What is left goes into starting: imports, compiling."""

REFERENCE = {
    "dense": 0.0032,
    "convolutions": 0.034,
    "attention": 0.048,
    "starting": 8.5,
}
"""Seconds that ``measure`` found on the machine of the labs' own minutes: of a step of each kind, and for compiling."""

REFERENCE_MACHINE = "two quiet cores of a server processor with AVX-512"


@dataclass(frozen=True)
class Work:
    """What the time of a lab goes into.

    Attributes:
        quick: share of each kind of network in the minutes of ``quick``.
        full: minutes of each kind at ``full`` on the reference machine, reckoned from the measured parts of ``quick``
            and from how many steps, images and pixels more there are.
    """

    quick: Mapping[str, float]
    full: Mapping[str, float]


WORK = {
    "01": Work({"dense": 0.75, "convolutions": 0.25}, {"dense": 7, "convolutions": 4}),
    "02": Work({"dense": 1.0}, {"dense": 19}),
    "03": Work({"dense": 1.0}, {"dense": 36}),
    "04": Work({"dense": 0.3, "convolutions": 0.7}, {"dense": 11, "convolutions": 50}),
    "05": Work({"attention": 0.8, "convolutions": 0.2}, {"attention": 83, "convolutions": 18}),
    "06": Work({"convolutions": 1.0}, {"convolutions": 250}),
    "07": Work({"dense": 0.7, "convolutions": 0.3}, {"dense": 59, "convolutions": 46}),
}  # fmt: skip
"""By the number of the lab; one that is missing here is taken for all kinds in equal parts."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``labs doctor`` has no options."""


def main(options: argparse.Namespace) -> int:
    """Print all that was found; return 1 where something is missing that the labs need."""
    for name, value in machine():
        print(f"{name:<15}{value}")
    missing = list(faults())
    lines = missing or ["Nothing is missing."]
    try:
        import psutil

        from labhelpers.cli.labs import catalogue
        from labhelpers.cli.list import data_sources

        labs = catalogue()
        for name, value in data_sources(labs).items():
            print(f"{name:<15}{value}")
        print("\n" + "\n".join(lines))
        print("\nTen seconds of measuring ...", flush=True)
        before, own = psutil.cpu_times(), time.process_time()
        found = measure()
    except ImportError as error:
        print(
            "\n".join(["", *lines, "", f"Nothing can be measured yet ({error})."]),
            file=sys.stderr,
        )
        return 1
    print("\n" + report(labs, found))
    share = by_others(before, psutil.cpu_times(), time.process_time() - own)
    if share > 0.2:
        print(
            f"Other programs took {share:.0%} of the processor meanwhile: close them, and measure again."
        )
    return 1 if missing else 0


def machine() -> Iterator[tuple[str, str]]:
    """Name and value of all that there is to say about this machine."""
    yield "Python", f"{platform.python_version()} in {sys.prefix}"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield (
        "versions",
        ", ".join(
            f"{name} {_version(name) or 'missing'}"
            for name in ("labhelpers", "tensorflow", "keras", "numpy", "jupyterlab")
        ),
    )
    yield "cores", str(os.cpu_count())
    if _version("psutil"):
        import psutil

        from labhelpers import memory

        whole = psutil.virtual_memory().total
        yield (
            "memory",
            f"{memory.free() / 2**30:.1f} GB free of {whole / 2**30:.1f} GB",
        )
    yield "disk", f"{_free_disk() / 2**30:.0f} GB free"
    yield "GPU", gpus()
    for variable in (profiles.VARIABLE, "LABS_DATA"):
        if variable in os.environ:
            yield variable, os.environ[variable]


def faults() -> Iterator[str]:
    """A sentence for everything that the labs miss here."""
    if not (3, 11) <= sys.version_info < (3, 14):
        yield f"This is Python {platform.python_version()}, expected 3.11, 3.12 or 3.13: install one, and begin again."
    absent = list(_unmet_requirements())
    if absent:
        yield (
            f"These packages are missing or of another version: {', '.join(absent)}. Run the first line of the README "
            "again; its `pip install -r requirements.txt` adds what is missing."
        )
    if _version("psutil"):
        from labhelpers import memory

        try:
            profile = profiles.current().name
        except (ImportError, ValueError) as error:
            yield str(error)
            profile = "quick"
        if short := memory.shortage(profile):
            yield short
    if _free_disk() < 2**30:
        yield "Less than 1 GB of the disk is free: what a lab saves (checkpoints, pages, data) may not fit. Make room."


def gpus() -> str:
    """The GPUs that TensorFlow sees, in words."""
    try:
        import tensorflow as tf
    except ImportError as error:
        cause = (
            "; on Windows it needs the Microsoft Visual C++ Redistributable for x64"
            if sys.platform == "win32"
            else ""
        )
        return f"unknown: TensorFlow cannot be imported ({error}){cause}"
    found = tf.config.list_physical_devices("GPU")
    if found:
        return ", ".join(
            tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
            for gpu in found
        )
    if sys.platform == "win32":
        return "none: on Windows TensorFlow uses GPUs only within WSL2"
    return "none found"


def measure(seconds: float = 0.7) -> dict[str, float]:
    """Train three small pairs of networks for a moment.

    Args:
        seconds: how long each of them trains, without compiling.

    Returns:
        Seconds of one step of each of ``KINDS``, and ``"starting"``: of building and compiling all three.
    """
    import numpy as np

    from labhelpers import models
    from labhelpers.training import GAN, TimeBudget

    pairs: dict[str, Callable[[], Pair]] = {
        "dense": models.vanilla_pair,
        "convolutions": models.light_dcgan_pair,
        "attention": models.light_transformer_pair,
    }
    images = np.random.default_rng(0).uniform(-1, 1, size=(12_800, 28, 28, 1))
    images = images.astype(np.float32)
    found = {"starting": 0.0}
    for kind, make in pairs.items():
        begun = time.perf_counter()
        gan = GAN(*make())
        a_call = 4
        gan.compile(jit_compile=False, steps_per_execution=a_call)
        clock = TimeBudget(seconds)
        gan.fit(images, batch_size=64, epochs=100, callbacks=[clock], progress=False)
        steps = len(gan.step_history["g_loss"]) - a_call
        found[kind] = clock.used / max(steps, 1)
        found["starting"] += (
            time.perf_counter() - begun - clock.used - a_call * found[kind]
        )
    return found


def minutes(lab: Lab, profile: str, found: Mapping[str, float]) -> float:
    """How long a lab will take here.

    Args:
        lab: with its own minutes at ``smoke`` and ``quick``.
        profile: which run.
        found: what ``measure`` gave here.
    """
    work = WORK.get(lab.number) or Work(dict.fromkeys(KINDS, 1 / 3), {})
    start = lab.minutes["smoke"]
    if profile == "smoke":
        parts: Mapping[str, float] = {}
    elif profile == "quick":
        rest = max(lab.minutes["quick"] - start, 0.0)
        parts = {kind: rest * share for kind, share in work.quick.items()}
    else:
        parts = work.full
    return start * found["starting"] / REFERENCE["starting"] + sum(
        amount * found[kind] / REFERENCE[kind] for kind, amount in parts.items()
    )


def by_others(before: Any, after: Any, own: float) -> float:
    """The share of the processor that other programs took between two readings of ``psutil.cpu_times``.

    Args:
        before: the first reading.
        after: the second one.
        own: seconds of this process between both.
    """
    idle = ("idle", "iowait")
    names = [name for name in before._fields if not name.startswith("guest")]
    spent = {name: getattr(after, name) - getattr(before, name) for name in names}
    busy = sum(seconds for name, seconds in spent.items() if name not in idle)
    return max(busy - own, 0.0) / max(sum(spent.values()), 1e-9)


def report(labs: list[Lab], found: Mapping[str, float]) -> str:
    """The table of minutes, and how it was made."""
    width = max(len(lab.title) for lab in labs)
    head = f"{'minutes here':<{width + 2}}" + "".join(f"{n:>8}" for n in profiles.NAMES)
    lines = [head]
    for lab in labs:
        times = (minutes(lab, profile, found) for profile in profiles.NAMES)
        lines.append(
            f"{lab.title:<{width + 2}}"
            + "".join(f"{_short(time):>8}" for time in times)
        )
    here = ", ".join(
        f"{kind} {_milliseconds(found[kind])} ({_milliseconds(REFERENCE[kind])})"
        for kind in KINDS
    )
    lines += [
        "",
        "A training step took here (and on the reference machine):",
        f"{here}; building and compiling {found['starting']:.1f} s ({REFERENCE['starting']:.1f} s).",
        f"The reference is {REFERENCE_MACHINE}, on which the labs were timed at smoke and quick. Minutes at full are",
        "reckoned from the parts of quick, not timed.",
    ]
    return "\n".join(lines)


def _short(time: float) -> str:
    return f"{time:.1f}" if time < 9.95 else f"{time:.0f}"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.{1 if seconds < 0.01 else 0}f} ms"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _unmet_requirements() -> Iterator[str]:
    """Each package that labhelpers or a lab's browser needs and that is not here in the version that it takes."""
    for line in importlib.metadata.requires("labhelpers") or ():
        text, _, marker = line.partition(";")
        name = re.match(r"[\w.-]+", text)
        if marker and "workshop" not in marker:
            continue
        if marker and (not name or name[0] not in ("jupyterlab", "ipykernel")):
            continue  # what only instructors need
        assert name
        here = _version(name[0])
        if here is None:
            yield text.strip()
            continue
        try:
            from packaging.specifiers import SpecifierSet
        except ImportError:
            continue
        if not SpecifierSet(text.strip()[len(name[0]) :]).contains(
            here, prereleases=True
        ):
            yield f"{text.strip()} (here: {here})"


def _free_disk() -> int:
    from labhelpers.data.directory import data_directory

    place = data_directory().resolve()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
