"""Weights of the judges in files that must have a stated hash, so that numbers of different days are comparable."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from labhelpers.files import written_whole

WEIGHTS = Path(__file__).parent / "weights"
"""Folder of the files."""


def read_weights(file: Path, sha256: str) -> list[NDArray[np.float32]]:
    """Weights of a judge's network.

    Args:
        file: as `write_weights` writes it.
        sha256: of the file.

    Returns:
        The weights in the order of ``Model.get_weights``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file has another hash.
    """
    if not file.is_file():
        raise FileNotFoundError(
            f"there is no file {file.name} in {file.parent}, expected a judge's weights: install the package anew."
        )
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{file.name} has the SHA-256 {found[:12]}..., expected {sha256[:12]}...: the judge was changed or damaged "
            "and its numbers would not compare, so install the package anew "
            "(or, after training a new judge, state its new hash)."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return [arrays[name] for name in arrays.files]


def write_weights(file: Path, model: keras.Model) -> str:
    """Write the weights of a model, in order and under their names.

    Args:
        file: where to; an older file is replaced.
        model: a judge's trained network.

    Returns:
        The SHA-256 of the file.
    """
    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{
            v.path.replace("/", "."): w
            for v, w in zip(model.weights, model.get_weights(), strict=True)
        },
    )
    with written_whole(file) as stream:
        stream.write(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()
