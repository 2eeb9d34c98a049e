"""Loading what others saved: files that can run code when they are loaded are refused unless one says to trust them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["UntrustedFileError", "load_trusted"]

PICKLES = (".joblib", ".pkl", ".pickle")


class UntrustedFileError(ValueError):
    """A file that could run code while it is loaded, and that nobody has said to trust."""


def load_trusted(
    path: str | os.PathLike[str], *, i_trust_this_file: bool = False
) -> Any:
    """Load arrays or a network from a file; one that could run code is refused unless it is trusted.

    * ``.npy``, ``.npz``: numbers and text. Objects in them are pickles, and are refused.
    * ``.keras``, ``.h5``: a network. One with Python code in it (a ``Lambda`` layer) is refused.
    * ``.joblib``, ``.pkl``, ``.pickle``: always refused, because to load a pickle is to run it.

    Args:
        path: the file; its suffix says what it is.
        i_trust_this_file: True where you made the file yourself, or would run a program from the same person.

    Returns:
        An array, a dict of arrays (``.npz``), a Keras model (not compiled), or whatever a pickle holds.

    Raises:
        FileNotFoundError: there is no such file.
        UntrustedFileError: it could run code, and is not trusted.
        ValueError: the suffix is of no kind that is known here, or the file is damaged.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(
            f"There is no file {file}: check the name and the folder."
        )
    suffix = file.suffix.lower()
    if suffix in PICKLES:
        return _load_pickle(file, i_trust_this_file)
    if suffix in (".npy", ".npz"):
        return _load_arrays(file, i_trust_this_file)
    if suffix in (".keras", ".h5", ".hdf5"):
        return _load_network(file, i_trust_this_file)
    raise ValueError(
        f"{file.name} ends in {suffix or 'nothing'}, expected .npy, .npz, .keras, .h5, .joblib or .pkl: "
        "only these are known here. For a folder of checkpoints there is resume()."
    )


def _load_pickle(file: Path, trusted: bool) -> Any:
    if not trusted:
        raise _refusal(
            file, "a pickle, and a pickle is a program that runs while it is loaded"
        )
    import joblib

    return joblib.load(file)


def _load_arrays(file: Path, trusted: bool) -> Any:
    try:
        loaded = np.load(file, allow_pickle=trusted)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        if trusted or "allow_pickle" not in str(error):
            raise _damage(file, error) from error
        raise _refusal(
            file,
            "an array of Python objects, which is a pickle that runs while it is loaded",
        ) from error


def _load_network(file: Path, trusted: bool) -> Any:
    import keras

    import labhelpers.models  # noqa: F401  (registers our own layers)

    if file.suffix.lower() == ".keras":
        if not zipfile.is_zipfile(file):
            raise _damage(
                file, "it is no zip archive"
            )  # Keras would say that there is no such file
    elif not trusted and _holds_code(_h5_config(file)):
        # Keras has its own guard; older releases of it left this format out.
        raise _refusal(file, "a network with Python code in it (a Lambda layer)")
    try:
        return keras.models.load_model(file, compile=False, safe_mode=not trusted)
    except ValueError as error:
        if trusted or not any(
            word in str(error).lower() for word in ("safe_mode", "unsafe", "lambda")
        ):
            raise
        raise _refusal(
            file, "a network with Python code in it (a Lambda layer)"
        ) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise _damage(file, error) from error


def _h5_config(file: Path) -> Any:
    import h5py

    try:
        with h5py.File(file, "r") as content:
            config = content.attrs.get("model_config")
    except OSError as error:
        raise _damage(file, error) from error
    if config is None:
        raise ValueError(
            f"{file.name} holds no network, expected a file that model.save made. Weights alone (.weights.h5) are "
            "loaded by model.load_weights() into a network that you build."
        )
    return json.loads(config.decode("utf-8") if isinstance(config, bytes) else config)


def _holds_code(config: Any) -> bool:
    """Whether a network's config names a Lambda layer, or a function written out as bytes."""
    if isinstance(config, dict):
        if config.get("class_name") in ("Lambda", "__lambda__"):
            return True
        return any(map(_holds_code, config.values()))
    return isinstance(config, list) and any(map(_holds_code, config))


def _refusal(file: Path, what: str) -> UntrustedFileError:
    return UntrustedFileError(
        f"{file.name} is {what}. Expected a file that holds numbers only: ask its author for .npz, or for .keras "
        "without Lambda layers. If you made it yourself, say load_trusted(path, i_trust_this_file=True)."
    )


def _damage(file: Path, found: object) -> ValueError:
    return ValueError(
        f"{file.name} is damaged ({found}), expected a whole file. Copy it once more from where it came from."
    )
