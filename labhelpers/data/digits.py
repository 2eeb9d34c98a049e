"""MNIST and Fashion-MNIST: the student's own file, Keras' cache, a download, or (digits only) what is on board."""

from __future__ import annotations

import contextlib
import gzip
import os
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labhelpers.data.directory import data_directory
from labhelpers.data.images import LabeledImages

_DIGIT_NAMES = tuple("0123456789")
_CLOTHES_NAMES = (
    "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class _Recipe:
    """Where one data set may be found: names of npz files, folders of idx files, Keras' cache, and its downloads."""

    name: str
    npz_names: tuple[str, ...]
    idx_folder: str
    class_names: tuple[str, ...]
    downloads: dict[str, tuple[str, str]]


_KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

_MNIST = _Recipe(
    name="MNIST",
    npz_names=("mnist.npz",),
    idx_folder="mnist",
    class_names=_DIGIT_NAMES,
    downloads={
        "mnist.npz": (
            _KERAS_FILES + "mnist.npz",
            "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        )
    },
)
_FASHION = _Recipe(
    name="Fashion-MNIST",
    npz_names=("fashion_mnist.npz", "fashion_mnist_8_classes.npz"),
    idx_folder="fashion-mnist",
    class_names=_CLOTHES_NAMES,
    downloads={
        f"fashion-mnist/{name}.gz": (_KERAS_FILES + f"{name}.gz", f"md5:{md5}")
        for name, md5 in zip(
            IDX_NAMES,
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            strict=True,
        )
    },
)


class DataFileError(ValueError):
    """A data file is there, but it is not what it should be."""


def load_mnist(directory: Path | None = None) -> LabeledImages:
    """The handwritten digits of MNIST.

    Looked for in this order:

    1. the data directory: ``mnist.npz`` (arrays ``x_train y_train x_test y_test``), or the four original idx files,
       plain or ``.gz``, in it or in its folder ``mnist``;
    2. the copy that Keras keeps (``~/.keras/datasets/mnist.npz``), else a download to that place;
    3. without a network: the 1,797 digits that scikit-learn brings along, enlarged to 28x28. One line says so.

    Args:
        directory: the data directory, where not the one of ``data_directory()``.

    Returns:
        uint8 images (n, 28, 28, 1) with labels and their source.

    Raises:
        DataFileError: a file is there but broken, truncated or of another shape. It is never replaced silently.
    """
    found = _find(_MNIST, directory)
    if isinstance(found, LabeledImages):
        return found
    digits = embedded_digits()
    print(
        f"Using {digits.source}, because MNIST could not be downloaded ({found}). For real MNIST: {_advice(_MNIST)}"
    )
    return digits


def load_fashion_mnist(directory: Path | None = None) -> LabeledImages:
    """Pictures of clothes, in the same form as MNIST's digits.

    Looked for like MNIST, as ``fashion_mnist.npz``, ``fashion_mnist_8_classes.npz`` or the four idx files in the folder
    ``fashion-mnist``. Nothing stands in for it.

    Args:
        directory: the data directory, where not the one of ``data_directory()``.

    Returns:
        uint8 images (n, 28, 28, 1) with labels and their source.

    Raises:
        DataFileError: a file is there but broken, truncated or of another shape.
        FileNotFoundError: no file is there and none could be downloaded.
    """
    found = _find(_FASHION, directory)
    if isinstance(found, LabeledImages):
        return found
    raise FileNotFoundError(
        f"Fashion-MNIST is not in {directory or data_directory()}, and it could not be downloaded ({found}). "
        f"{_advice(_FASHION)}"
    )


def planned_source(fashion: bool = False) -> str:
    """What the loader would read now, in a few words, without reading or downloading it."""
    recipe = _FASHION if fashion else _MNIST
    path = _local_files(recipe, data_directory())
    if path is None and not (_keras_cache() / next(iter(recipe.downloads))).exists():
        return "a download" + (
            "" if fashion else ", or the digits on board where there is no network"
        )
    return (
        f"{recipe.name} from {path[0]}" if path else f"{recipe.name} from Keras' cache"
    )


def embedded_digits() -> LabeledImages:
    """The 1,797 handwritten digits of scikit-learn, enlarged from 8x8 to 20x20 and framed to 28x28 as MNIST's are.

    Returns:
        uint8 images (n, 28, 28, 1) with labels and their source; the last 297 are the test images.

    Source: UCI "Optical Recognition of Handwritten Digits" (Alpaydin, Kaynak 1998).
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.zeros((len(bunch.images), 28, 28, 1), dtype=np.uint8)
    for small, large in zip(bunch.images, images, strict=True):
        picture = Image.fromarray(np.rint(small * (255 / 16)).astype(np.uint8))
        large[4:24, 4:24, 0] = np.asarray(
            picture.resize((20, 20), Image.Resampling.BICUBIC)
        )
    labels = bunch.target.astype(np.int64)
    return LabeledImages(
        name="scikit-learn digits",
        source="the 1,797 small handwritten digits that scikit-learn brings along, enlarged to 28x28",
        train_images=images[:1500],
        train_labels=labels[:1500],
        test_images=images[1500:],
        test_labels=labels[1500:],
        class_names=_DIGIT_NAMES,
    )


def _find(recipe: _Recipe, directory: Path | None) -> LabeledImages | str:
    """The data set from the first place that has it, or why the download failed."""
    place = directory or data_directory()
    files = _local_files(recipe, place)
    if files is not None:
        return _assemble(
            recipe, files, str(files[0] if len(files) == 1 else files[0].parent)
        )
    try:
        files = [_download(name, *origin) for name, origin in recipe.downloads.items()]
    except (OSError, ValueError) as error:
        return _short(error)
    return _assemble(recipe, files, "Keras' cache")


def _local_files(recipe: _Recipe, place: Path) -> list[Path] | None:
    """The data set's files in a folder: one npz, or four idx files."""
    for name in recipe.npz_names:
        if (place / name).is_file():
            return [place / name]
    folders = [place / recipe.idx_folder] + ([place] if recipe is _MNIST else [])
    for folder in folders:
        found = [
            next(
                (
                    path
                    for path in (folder / name, folder / f"{name}.gz")
                    if path.is_file()
                ),
                None,
            )
            for name in IDX_NAMES
        ]
        present = [path for path in found if path is not None]
        if len(present) == len(IDX_NAMES):
            return present
        if present:
            missing = [
                name
                for name, path in zip(IDX_NAMES, found, strict=True)
                if path is None
            ]
            raise DataFileError(
                f"{folder} holds {len(present)} of the four files of {recipe.name}; {', '.join(missing)} is missing. "
                "Add what is missing, or remove the folder's other idx files."
            )
    return None


def _assemble(recipe: _Recipe, files: list[Path], source: str) -> LabeledImages:
    arrays = (
        _read_npz(files[0]) if len(files) == 1 else [_read_idx(path) for path in files]
    )
    x_train, y_train, x_test, y_test = arrays
    _require_shape(files[0], x_train, y_train, len(recipe.class_names))
    _require_shape(files[-1], x_test, y_test, len(recipe.class_names))
    return LabeledImages(
        name=recipe.name,
        source=source,
        train_images=x_train.reshape(-1, 28, 28, 1),
        train_labels=y_train.astype(np.int64).reshape(-1),
        test_images=x_test.reshape(-1, 28, 28, 1),
        test_labels=y_test.astype(np.int64).reshape(-1),
        class_names=recipe.class_names,
    )


def _read_npz(path: Path) -> list[np.ndarray]:
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in names if name not in archive.files]
            if missing:
                raise DataFileError(
                    f"{path} holds the arrays {', '.join(archive.files) or 'none'}, expected {', '.join(names)}. "
                    f"{_MEND}"
                )
            return [archive[name] for name in names]
    except DataFileError:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise DataFileError(
            f"{path} ({path.stat().st_size:,} bytes) cannot be read as an npz archive ({_short(error)}): "
            f"it is broken or truncated. {_MEND}"
        ) from error


def _read_idx(path: Path) -> np.ndarray:
    """One idx file: two zero bytes, type 8 (uint8), the number of dimensions, each size as a big-endian int32, data."""
    try:
        raw = (
            gzip.decompress(path.read_bytes())
            if path.suffix == ".gz"
            else path.read_bytes()
        )
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(
            f"{path} cannot be unpacked ({_short(error)}): it is broken or truncated. {_MEND}"
        ) from error
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08":
        raise DataFileError(
            f"{path} begins with the bytes {raw[:4].hex()}, expected 000008 and the rank. {_MEND}"
        )
    rank = raw[3]
    shape = tuple(
        int(size)
        for size in np.frombuffer(
            raw, dtype=">i4", count=min(rank, (len(raw) - 4) // 4), offset=4
        )
    )
    data = np.frombuffer(raw, dtype=np.uint8, offset=min(len(raw), 4 + 4 * rank))
    if len(shape) != rank or data.size != int(np.prod(shape)):
        raise DataFileError(
            f"{path} promises an array of shape {shape} and holds {data.size:,} values. {_MEND}"
        )
    return data.reshape(shape)


def _require_shape(
    path: Path, images: np.ndarray, labels: np.ndarray, classes: int
) -> None:
    """An error that names the file where its arrays are not uint8 images of 28x28 with a label each."""
    if (
        images.dtype != np.uint8
        or images.shape[1:] not in ((28, 28), (28, 28, 1))
        or len(images) == 0
    ):
        raise DataFileError(
            f"{path} holds images {images.dtype} {images.shape}, expected uint8 (n, 28, 28). {_MEND}"
        )
    if (
        not np.issubdtype(labels.dtype, np.integer)
        or labels.reshape(-1).shape != images.shape[:1]
    ):
        raise DataFileError(
            f"{path} holds labels {labels.dtype} {labels.shape} for {len(images):,} images, "
            f"expected one integer an image. {_MEND}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise DataFileError(
            f"{path} holds labels from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}. {_MEND}"
        )


_MEND = "Replace the file, or remove it to use the next place in the order."


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"


def _download(name: str, url: str, known_hash: str) -> Path:
    """A file of Keras' cache, downloaded with a bar where it is not there; a stopped download leaves nothing behind."""
    import pooch

    path = _keras_cache() / name
    if not path.exists():
        downloader = pooch.HTTPDownloader(progressbar=True, timeout=10)
        pooch.get_logger().setLevel("WARNING")
        with contextlib.redirect_stderr(sys.stdout):  # a notebook shows stderr in red
            pooch.retrieve(
                url,
                known_hash,
                fname=path.name,
                path=path.parent,
                downloader=downloader,
            )
    return path


def _advice(recipe: _Recipe) -> str:
    return (
        f"put {recipe.npz_names[0]} into the folder {data_directory()} (or set LABS_DATA to the folder that holds it), "
        "or connect to a network and run again."
    )


def _short(error: BaseException) -> str:
    """What went wrong, in a few words."""
    text = " ".join(str(error).split())
    for pattern, words in (
        ("NameResolution", "no network"),
        ("getaddrinfo", "no network"),
        ("timed out", "timed out"),
    ):
        if pattern in text:
            return words
    return f"{type(error).__name__}: {text[:120]}"
