"""MNIST and Fashion-MNIST from every place, and what is said of broken files."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import struct
import threading

import numpy as np
import pytest

from labhelpers import data
from labhelpers.data import digits as module
from labhelpers.data.digits import IDX_NAMES, DataFileError


@pytest.fixture(autouse=True)
def _no_network(monkeypatch, tmp_path):
    """An empty data directory, an empty Keras cache, and addresses that lead nowhere."""
    monkeypatch.setenv("LABS_DATA", str(tmp_path / "labs data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "labs data").mkdir()
    _redirect(monkeypatch, "http://127.0.0.1:9/")


def _redirect(monkeypatch, base, hashes=None):
    for name in ("_MNIST", "_FASHION"):
        recipe = getattr(module, name)
        downloads = {
            file: (base + file, (hashes or {}).get(file, known)) for file, (_, known) in recipe.downloads.items()
        }
        monkeypatch.setattr(module, name, module._Recipe(**{**vars(recipe), "downloads": downloads}))


def _arrays(train=6, test=4, classes=10):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "y_train": np.arange(train, dtype=np.uint8) % classes,
        "x_test": rng.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "y_test": np.arange(test, dtype=np.uint8) % classes,
    }


def _write_idx(path, array):
    raw = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


def test_npz_in_the_data_directory_comes_first():
    arrays = _arrays()
    np.savez(data.data_directory() / "mnist.npz", **arrays)
    digits = data.load_mnist()
    assert digits.train_images.shape == (6, 28, 28, 1)
    assert digits.train_images.dtype == np.uint8
    np.testing.assert_array_equal(digits.test_images[..., 0], arrays["x_test"])
    np.testing.assert_array_equal(digits.train_labels, arrays["y_train"])
    assert "mnist.npz" in digits.source
    assert digits.image_shape == (28, 28, 1)
    assert "6 training and 4 test images" in str(digits)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("folder", ["", "mnist"])
def test_original_idx_files(ending, folder):
    place = data.data_directory() / folder
    place.mkdir(exist_ok=True)
    arrays = _arrays()
    for name, key in zip(IDX_NAMES, ("x_train", "y_train", "x_test", "y_test"), strict=True):
        _write_idx(place / f"{name}{ending}", arrays[key])
    np.testing.assert_array_equal(data.load_mnist().train_images[..., 0], arrays["x_train"])


def test_fashion_with_eight_classes():
    arrays = _arrays()
    arrays["y_train"][:] = 9
    np.savez(data.data_directory() / "fashion_mnist_8_classes.npz", **arrays)
    clothes = data.load_fashion_mnist()
    assert clothes.name == "Fashion-MNIST"
    assert clothes.class_names[clothes.train_labels[0]] == "ankle boot"


def test_without_network_digits_on_board_and_one_line_that_says_so(capsys):
    digits = data.load_mnist()
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "1,797" in line
    assert "LABS_DATA" in line
    assert digits.train_images.shape == (1500, 28, 28, 1)
    assert digits.test_images.shape == (297, 28, 28, 1)
    assert set(digits.train_labels) == set(range(10))
    assert digits.train_images.max() > 240
    assert digits.train_images[:, :4].max() == 0, "the frame is empty, as MNIST's is"


def test_without_network_no_digits_in_place_of_clothes():
    with pytest.raises(FileNotFoundError, match=r"Fashion-MNIST is not in .*fashion_mnist.npz"):
        data.load_fashion_mnist()


def _faults():
    good = _arrays()

    def with_array(**changed):
        return lambda path: np.savez(path, **{**good, **changed})

    def truncated(path):
        np.savez_compressed(path, **good)
        path.write_bytes(path.read_bytes()[:-300])

    def flipped(path):
        np.savez_compressed(path, **good)
        raw = bytearray(path.read_bytes())
        raw[600:700] = bytes(100)
        path.write_bytes(bytes(raw))

    objects = np.array([{"a": 1}] * 6, dtype=object)
    return {
        "empty": (lambda path: path.write_bytes(b""), "0 bytes.*broken or truncated"),
        "text": (lambda path: path.write_text("<html>not found</html>"), "cannot be read as an npz"),
        "truncated": (truncated, "broken or truncated"),
        "flipped": (flipped, "broken or truncated"),
        "missing array": (
            lambda path: np.savez(path, x_train=good["x_train"]),
            "holds the arrays x_train, expected x_train, y_train",
        ),
        "wrong size": (with_array(x_train=np.zeros((6, 32, 32), np.uint8)), r"\(6, 32, 32\), expected uint8"),
        "floats": (with_array(x_test=np.zeros((4, 28, 28))), "float64"),
        "labels too few": (with_array(y_train=np.zeros(5, np.uint8)), "one integer an image"),
        "labels too large": (with_array(y_test=np.full(4, 77, np.uint8)), "from 77 to 77, expected 0 to 9"),
        "no images": (with_array(x_test=np.zeros((0, 28, 28), np.uint8)), r"\(0, 28, 28\)"),
        "pickled objects": (with_array(x_train=objects), "cannot be read"),
    }


@pytest.mark.parametrize("fault", _faults())
def test_a_broken_file_is_named_and_not_replaced(fault, capsys):
    spoil, words = _faults()[fault]
    path = data.data_directory() / "mnist.npz"
    with path.open("wb"):
        pass
    spoil(path)
    with pytest.raises(DataFileError, match=words) as caught:
        data.load_mnist()
    assert "mnist.npz" in str(caught.value)
    assert "Replace the file" in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda raw: raw[:-5], "promises an array"),
        (lambda raw: b"\x89PNG" + raw[4:], "expected 000008"),
        (lambda raw: raw[:3], "begins with"),
        (lambda raw: raw[:6], "promises an array"),
    ],
)
def test_a_broken_idx_file_is_named(spoil, words):
    place = data.data_directory()
    arrays = _arrays()
    for name, key in zip(IDX_NAMES, ("x_train", "y_train", "x_test", "y_test"), strict=True):
        _write_idx(place / name, arrays[key])
    path = place / IDX_NAMES[2]
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataFileError, match=words):
        data.load_mnist()


def test_a_broken_gz_and_a_missing_idx_file_are_named():
    place = data.data_directory()
    arrays = _arrays()
    for name, key in zip(IDX_NAMES, ("x_train", "y_train", "x_test", "y_test"), strict=True):
        _write_idx(place / f"{name}.gz", arrays[key])
    path = place / f"{IDX_NAMES[0]}.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataFileError, match="cannot be unpacked"):
        data.load_mnist()
    path.unlink()
    with pytest.raises(DataFileError, match=f"{IDX_NAMES[0]} is missing"):
        data.load_mnist()


@pytest.fixture
def server(tmp_path):
    """A web server on this machine, in place of the public one."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    httpd.server_close()


def test_a_download_lands_in_keras_cache_with_a_bar(server, monkeypatch, capsys, tmp_path):
    folder, address = server
    np.savez(folder / "mnist.npz", **_arrays())
    digest = hashlib.sha256((folder / "mnist.npz").read_bytes()).hexdigest()
    _redirect(monkeypatch, address, {"mnist.npz": f"sha256:{digest}"})
    assert data.load_mnist().source == "Keras' cache"
    printed = capsys.readouterr()
    assert "100%" in printed.out
    assert printed.err == ""
    assert (tmp_path / "keras/datasets/mnist.npz").exists()
    (folder / "mnist.npz").unlink()
    assert len(data.load_mnist().train_images) == 6, "the second time it comes from the cache"


def test_a_download_that_breaks_leaves_no_half_file(server, monkeypatch, tmp_path):
    folder, address = server
    (folder / "mnist.npz").write_bytes(b"half a file")
    _redirect(monkeypatch, address)
    assert data.load_mnist().name == "scikit-learn digits"
    left = [path for path in (tmp_path / "keras").rglob("*") if path.is_file()]
    assert left == []


def test_a_broken_file_in_keras_cache_is_named_too(tmp_path):
    cache = tmp_path / "keras/datasets"
    cache.mkdir(parents=True)
    (cache / "mnist.npz").write_bytes(b"PK broken")
    with pytest.raises(DataFileError, match=r"keras.datasets.mnist\.npz"):
        data.load_mnist()


def test_the_real_files_are_read_where_they_are(real_data):
    digits = data.load_mnist(real_data)
    assert digits.train_images.shape == (60_000, 28, 28, 1)
    assert digits.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert digits.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
