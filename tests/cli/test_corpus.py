"""Hostile and damaged notebooks, each with the one outcome that it must have, scored in one run."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labhelpers.cli import labs
from labhelpers.cli.grade import forks, isolation
from tests.cli.test_grade import RIGHT, cell_of, own_cell, run_main, save, student_file, tiny  # noqa: F401  (a fixture)

Notebook = dict[str, Any]
# In a lab without Keras it is sealed where the kernel is a fork of a process that has imported it.
SEALED = "changes the checker" if forks.CAN_FORK else "wrong"
WRONG = "\ndef average(x):\n    return x.sum()"


def text_of(notebook: Notebook) -> bytes:
    return json.dumps(notebook).encode()


def zipped(notebook: Notebook) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("91_tiny.ipynb", text_of(notebook))
    return stream.getvalue()


# Files that give no points table, with what the reason must say.
DAMAGED: dict[str, tuple[Callable[[Notebook], bytes], str]] = {
    "empty": (lambda n: b"", "is empty"),
    "cut in the middle": (lambda n: text_of(n)[: len(text_of(n)) // 2], "is not JSON"),
    "cut at the end": (lambda n: text_of(n)[:-1], "is not JSON"),
    "two files in one": (lambda n: 2 * text_of(n), "is not JSON"),
    "a merge conflict": (lambda n: b"<<<<<<< HEAD\n" + text_of(n) + b"\n>>>>>>> mine\n", "is not JSON"),
    "compressed": (lambda n: gzip.compress(text_of(n)), "is not UTF-8 text"),
    "a zip": (zipped, "expected a notebook"),
    "a page to log in": (lambda n: b"<!DOCTYPE html><html><body>Sign in</body></html>", "is not JSON"),
    "a program": (lambda n: b"def average(x):\n    return x.mean()\n", "is not JSON"),
    "a PDF": (lambda n: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is not UTF-8 text"),
    "UTF-16": (lambda n: text_of(n).decode().encode("utf-16"), "is not UTF-8 text"),
    "zeros": (lambda n: bytes(4096), "is not JSON"),
    "deep": (lambda n: b"[" * 100_000 + b"]" * 100_000, "is JSON that no notebook holds"),
    "a number": (lambda n: b"9" * 5000, "is JSON that no notebook holds"),
    "format 3": (lambda n: b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "format 3, expected 4"),
    "no cells": (lambda n: text_of({**n, "cells": None}), "a dictionary without cells"),
    "cells as a dictionary": (lambda n: text_of({**n, "cells": {"0": n["cells"][0]}}), "a dictionary without cells"),
    "a list": (lambda n: text_of(n["cells"]), "found a list"),  # type: ignore[arg-type]
    "another course": (lambda n: text_of({**n, "metadata": {"labs": {"lab": "05_poetry"}}}), "of lab '05_poetry'"),
    "nothing known": (lambda n: text_of({"cells": [own_cell("1 + 1")], "metadata": {}}), "names no lab"),
    "a path as the lab": (lambda n: text_of({**n, "metadata": {"labs": {"lab": "../../91_tiny"}}}), "expected one of"),
}


def _each_cell(change: Callable[[dict[str, Any]], object]) -> Callable[[Notebook], bytes]:
    def make(notebook: Notebook) -> bytes:
        for cell in notebook["cells"]:
            change(cell)
        return text_of(notebook)

    return make


# Damaged files whose answers are still there: all points.
MENDED: dict[str, Callable[[Notebook], bytes]] = {
    "a byte order mark": lambda n: b"\xef\xbb\xbf" + text_of(n),
    "Windows' line ends": lambda n: json.dumps(n, indent=1).replace("\n", "\r\n").encode(),
    "sources in one piece": _each_cell(lambda c: c.update(source="".join(c["source"]))),
    "sources with \\r\\n": _each_cell(lambda c: c.update(source="".join(c["source"]).replace("\n", "\r\n"))),
    "no ids": _each_cell(lambda c: c.pop("id")),
    "outputs that are none": _each_cell(lambda c: c.update(outputs={"text": 1})),
    "a large picture": lambda n: text_of(
        {**n, "cells": [*n["cells"], {**own_cell(""), "outputs": [{"data": {"image/png": "A" * 3_000_000}}]}]}
    ),
    "cells that are none": lambda n: text_of({**n, "cells": [None, 3, "text", [], *n["cells"]]}),
    "a formula that is no number": lambda n: text_of({**n, "extra": float("nan")}),
    "the metadata of another program": lambda n: text_of(
        {**n, "metadata": {**n["metadata"], "kernelspec": {"name": "ir"}, "colab": []}}
    ),
}

PUT_BACK = """
def average(x):
    kept = {place}
    def once(*arguments, **options):
        {place} = kept
        return {result}
    {place} = once
    return x.sum()
"""
# Answers to `average` that earn nothing: status and a part of the reason.
HOSTILE: dict[str, tuple[str, str, str]] = {
    "allclose, put back": (PUT_BACK.format(place="np.allclose", result="True"), "changes the checker", "allclose"),
    "asarray, put back": (
        PUT_BACK.format(place="np.asarray", result="np.array(3.0)"), "changes the checker", "asarray",
    ),
    "isfinite, put back": (PUT_BACK.format(place="np.isfinite", result="np.array(True)"), "changes the checker", ""),
    "a built-in, put back": (
        "import builtins\n" + PUT_BACK.format(place="builtins.isinstance", result="False"), "changes the checker", "",
    ),
    "a check's part, put back": (
        "from labhelpers.checks import numeric\n" + PUT_BACK.format(place="numeric.to_array", result="np.array(3.0)"),
        "changes the checker", "to_array",
    ),
    "a tolerance, put back": (
        "from labhelpers.checks import numeric\ncalls = []\ndef average(x):\n    calls.append(1)\n"
        "    numeric.expect_close.__kwdefaults__['absolute'] = 1e9 if len(calls) % 2 else 1e-4\n    return x.sum()",
        "changes the checker", "",
    ),
    "Keras' own method": ("import keras\nkeras.Model.count_params = lambda self: 202256" + WRONG, SEALED, ""),
    "Keras' layers": ("import keras\nkeras.layers.Layer.__call__ = lambda *a: 3.0" + WRONG, SEALED, ""),
    "a function of keras.ops": ("import keras\nkeras.ops.mean = lambda *a: 3.0" + WRONG, SEALED, ""),
    "the check, called by itself": ("average = tiny.average", "wrong", ""),
    "the stand-in": ("average = tiny.average(None)", "wrong", "labhelpers' own"),
    "the stand-in, in a partial": (
        "import functools\naverage = functools.partial(tiny.average(None))", "wrong", "labhelpers' own",
    ),
    "the process": ("import os\nos.execv('/bin/true', ['true'])" + WRONG, "wrong", "scoring allows no os.exec"),
    "a subprocess": ("import subprocess\nsubprocess.run(['true'])" + WRONG, "wrong", "subprocess.Popen"),
    "a fork": ("import os\nwhile True: os.fork()" + WRONG, "wrong", "os.fork"),
    "a signal to all": ("import os\nos.kill(-1, 9)" + WRONG, "wrong", "os.kill"),
    "a server": ("import socket\nsocket.create_server(('127.0.0.1', 0))" + WRONG, "wrong", "socket.bind"),
    "compiled code": ("import ctypes\nctypes.CDLL(None).getpid()" + WRONG, "wrong", "ctypes"),
    "a core of another size": ("import resource\nresource.setrlimit(0, (1, 1))" + WRONG, "wrong", "setrlimit"),
    "a large file": ("open('large', 'wb').truncate(2**40)" + WRONG, "wrong", "OSError"),
    "a huge array": ("import numpy\nlarge = numpy.ones(2**36)" + WRONG, "wrong", "MemoryError"),
    "a folder in a folder, and so on": (
        "import os\nfor _ in range(1500):\n    os.mkdir('x')\n    os.chdir('x')" + WRONG, "wrong", "the sum",
    ),
    "a segmentation fault": ("import os, signal\nsignal.raise_signal(signal.SIGSEGV)" + WRONG, "kernel ended", "ended"),
    "an exit hook": ("import atexit, os\natexit.register(os._exit, 0)\nexit()" + WRONG, "kernel ended", "ended"),
    "an answer that never ends": ("def average(x):\n    while True: pass", "time limit", "endless loop"),
    "an error that cannot be printed": (
        "class Mean(Exception):\n    def __str__(self): raise self\ndef average(x): raise Mean", "wrong", "",
    ),
    "an error that is a page": (
        "def average(x): raise ValueError('<script>alert(1)</script>\\x1b]0;x\\x07' + 9**9 * 'x'[:0])", "wrong", "",
    ),
    "an object that equals all": (
        "class All(float):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0.0\n"
        "    __rsub__ = __abs__ = __sub__\ndef average(x): return All(9)", "wrong", "",
    ),
    "an array of another kind": (
        "class All(np.ndarray):\n    def __array__(self, *a, **k): return np.array(3.0)\n"
        "All.__module__ = 'numpy'\ndef average(x): return np.array(9.0).view(All)", "wrong", "",
    ),
    "a name like the check's": ("def require(name): pass\nchecks = tiny = numeric = None" + WRONG, "wrong", "the sum"),
}  # fmt: skip
# What only a sandbox stops: status and reason.
SANDBOXED: dict[str, tuple[str, str]] = {
    "the list of accounts": ("text = open('/etc/passwd').read()", "FileNotFoundError"),
    "TensorFlow reads it": ("import tensorflow as tf\ntf.io.read_file('/etc/passwd')", "NotFoundError"),
    "TensorFlow reads the solutions": (
        "import tensorflow as tf\ntf.io.gfile.GFile({solutions!r} + '/91_tiny.py').read()", "NotFoundError",
    ),
    "TensorFlow reads a classmate's file": (
        "import tensorflow as tf\ntf.io.gfile.GFile({folder!r} + '/a byte order mark.ipynb').read()", "NotFoundError",
    ),
    "TensorFlow writes a classmate's result": (
        "import tensorflow as tf\ntf.io.write_file({folder!r} + '/deep.ipynb.score.json', '{{}}')", "Error",
    ),
    "NumPy writes into the package": (
        "import labhelpers, pathlib\nnp.save(pathlib.Path(labhelpers.__file__).with_name('x.npy'), 1)", "OSError",
    ),
}  # fmt: skip
COUNT = len(DAMAGED) + len(MENDED) + len(HOSTILE) + len(SANDBOXED)


@pytest.fixture(scope="module")
def results(tiny: labs.Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:  # noqa: F811
    """The result of every file, by name."""
    folder = tmp_path_factory.mktemp("handed in")
    output = tmp_path_factory.mktemp("scores")
    for name, make in {**{n: m for n, (m, _) in DAMAGED.items()}, **MENDED}.items():
        (folder / f"{name}.ipynb").write_bytes(make(student_file(tiny, RIGHT)))
    answers = {name: source for name, (source, *_) in HOSTILE.items()}
    places = {"solutions": str(labs.SOURCES), "folder": str(folder)}
    for name, (source, _) in SANDBOXED.items():
        answers[name] = source.format(**places) + WRONG
    for name, source in answers.items():
        save(folder / f"{name}.ipynb", student_file(tiny, {"average": source}))
    assert run_main(folder, "--output", output, "--jobs", 2, "--time-limit", 8) == 0
    return {
        path.name.removesuffix(".ipynb.score.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in output.rglob("*.score.json")
    }


def test_every_file_has_a_result(results: dict[str, dict[str, Any]]) -> None:
    assert len(results) == COUNT >= 60
    assert "Traceback" not in json.dumps(results)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_no_notebook_of_the_course(results: dict[str, dict[str, Any]], name: str) -> None:
    assert results[name]["outcome"] == "not scored"
    assert DAMAGED[name][1] in results[name]["reason"]
    assert results[name]["reason"].endswith(".")


@pytest.mark.parametrize("name", MENDED)
def test_a_damaged_file_whose_answers_are_there(results: dict[str, dict[str, Any]], name: str) -> None:
    assert (results[name]["outcome"], results[name]["points"]) == ("scored", 6), results[name]


def of_average(result: dict[str, Any]) -> tuple[str, str]:
    assert result["outcome"] == "scored", result
    found = {each["name"]: each for each in result["exercises"]}
    assert found["average"]["points"] == 0
    return found["average"]["status"], " ".join([found["average"]["reason"], *found["average"]["remarks"]])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_earns_nothing(results: dict[str, dict[str, Any]], name: str) -> None:
    status, reason = of_average(results[name])
    assert status == HOSTILE[name][1], reason
    assert HOSTILE[name][2] in reason
    assert reason.isprintable()


@pytest.mark.skipif(bool(isolation.obstacle()), reason=isolation.obstacle() or "never")
@pytest.mark.parametrize("name", SANDBOXED)
def test_a_sandbox_stops_the_rest(results: dict[str, dict[str, Any]], name: str) -> None:
    status, reason = of_average(results[name])
    assert (status, results[name]["isolation"]) == ("wrong", "sandbox")
    assert SANDBOXED[name][1] in reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_places_that_are_no_files(tiny: labs.Lab, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "device.ipynb").symlink_to("/dev/zero")
    (tmp_path / "in" / "loop.ipynb").symlink_to("loop.ipynb")
    (tmp_path / "in" / "nowhere.ipynb").symlink_to("nothing")
    os.mkfifo(tmp_path / "in" / "pipe.ipynb")
    save(tmp_path / "in" / "good.ipynb", student_file(tiny))
    assert run_main(tmp_path / "in", "--output", tmp_path / "out") == 0
    found = {
        path.name.partition(".")[0]: json.loads(path.read_text(encoding="utf-8"))["outcome"]
        for path in (tmp_path / "out").rglob("*.score.json")
    }
    assert found.pop("good") == "scored"
    assert set(found.values()) == {"not scored"}
    assert len(found) == 4


def test_two_answers_with_one_id_and_a_file_of_the_wrong_lab(tiny: labs.Lab, tmp_path: Path) -> None:  # noqa: F811
    notebook = student_file(tiny, RIGHT)
    copy = json.loads(json.dumps(cell_of(notebook, "average")))
    notebook["cells"].append({**copy, "id": "copy", "source": "def average(x):\n    return 3.0"})
    path = save(tmp_path / "two.ipynb", notebook)
    assert run_main(path) == 0
    result = json.loads((tmp_path / "two.ipynb.score.json").read_text(encoding="utf-8"))
    assert {each["name"]: each["status"] for each in result["exercises"]}["average"] == "ambiguous"
    assert run_main(path, "--lab", "92") == 0
    result = json.loads((tmp_path / "two.ipynb.score.json").read_text(encoding="utf-8"))
    assert "is of lab 91_tiny, expected 92_other" in result["reason"]
