"""Every way of saving gives back what was saved, and a file that could run code is refused before it runs."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import keras
import numpy as np
import pytest

from labhelpers import models
from labhelpers.training import UntrustedFileError, load_trusted

NOISE = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    return models.light_face_pair(16, 4, filters=4).generator


class Malicious:
    """Pickled, it is a call that leaves a mark on the disk."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_networks_come_back_with_identical_samples(generator: keras.Model, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"generator{suffix}"
    generator.save(path)
    np.testing.assert_array_equal(load_trusted(path)(NOISE), generator(NOISE))


LOADED = """
import sys
from pathlib import Path
import numpy as np
from labhelpers.training import load_trusted
assert "labhelpers.models" not in sys.modules
folder, name = Path(sys.argv[1]), sys.argv[2]
np.save(folder / "energies.npy", load_trusted(folder / name)(np.load(folder / "images.npy"))["energy"])
"""


# Each format in a process of its own: the first load would import the models for the second.
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_network_of_our_own_layers_comes_back_where_only_training_was_imported(suffix: str, tmp_path: Path) -> None:
    network = models.autoencoder_discriminator((4,), hidden=3, code_dim=2)
    network.save(tmp_path / f"network{suffix}")
    np.save(tmp_path / "images.npy", NOISE)
    command = [sys.executable, "-c", LOADED, tmp_path, f"network{suffix}"]
    loaded = subprocess.run(command, check=False, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    np.testing.assert_allclose(np.load(tmp_path / "energies.npy"), network(NOISE)["energy"], rtol=1e-5)


def test_arrays_come_back(tmp_path: Path) -> None:
    losses = np.array([1.5, 0.25])
    np.save(tmp_path / "losses.npy", losses)
    np.savez(tmp_path / "losses.npz", g=losses, d=2 * losses)
    np.testing.assert_array_equal(load_trusted(tmp_path / "losses.npy"), losses)
    both = load_trusted(tmp_path / "losses.npz")
    assert sorted(both) == ["d", "g"]
    np.testing.assert_array_equal(both["d"], 2 * losses)


def test_joblib_weights_come_back_only_when_trusted(generator: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "weights.joblib"
    joblib.dump({"gen_weights": generator.get_weights()}, path)
    with pytest.raises(UntrustedFileError, match="i_trust_this_file=True"):
        load_trusted(path)
    other = models.light_face_pair(16, 4, filters=4).generator
    assert not np.array_equal(other(NOISE), generator(NOISE))
    other.set_weights(load_trusted(path, i_trust_this_file=True)["gen_weights"])
    np.testing.assert_array_equal(other(NOISE), generator(NOISE))


def _pickle(path: Path, thing: object) -> None:
    path.write_bytes(pickle.dumps(thing))


def _objects(path: Path, thing: object) -> None:
    np.save(path, np.array([thing], dtype=object), allow_pickle=True)


def _named_objects(path: Path, thing: object) -> None:
    np.savez(path, losses=np.array([thing], dtype=object))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.pkl", _pickle),
        ("a.pickle", _pickle),
        ("a.PKL", _pickle),
        ("a.joblib", lambda path, thing: joblib.dump(thing, path)),
        ("packed.joblib", lambda path, thing: joblib.dump(thing, path, compress=3)),
        ("a.npy", _objects),
        ("a.npz", _named_objects),
        ("renamed.npy", _pickle),  # a pickle under the name of an array
        ("renamed.npz", _pickle),
    ],
)
def test_a_malicious_pickle_is_refused_and_does_not_run(name: str, write: Any, tmp_path: Path) -> None:
    path, mark = tmp_path / name, tmp_path / "mark"
    write(path, Malicious(mark))
    with pytest.raises(UntrustedFileError, match="Expected a file that holds numbers only"):
        load_trusted(path)
    assert not mark.exists()


def test_the_malicious_pickle_is_a_real_one(tmp_path: Path) -> None:
    path, mark = tmp_path / "a.joblib", tmp_path / "mark"
    joblib.dump(Malicious(mark), path)
    load_trusted(path, i_trust_this_file=True)
    assert mark.exists()


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_network_with_code_in_it_is_refused_and_does_not_run(suffix: str, tmp_path: Path) -> None:
    path, mark = tmp_path / f"network{suffix}", tmp_path / "mark"
    target = str(mark)
    # the code travels as bytes in the file; it would run when the layer is built or called
    layer = keras.layers.Lambda(lambda x, target=target: (__import__("pathlib").Path(target).touch(), x)[1])
    inputs = keras.Input((2,))
    network = keras.Model(inputs, keras.layers.Dense(1)(layer(inputs)))
    network.save(path)
    mark.unlink()  # building it here made the mark
    with pytest.raises(UntrustedFileError, match="Lambda"):
        load_trusted(path)
    assert not mark.exists()


def test_other_files_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="check the name"):
        load_trusted(tmp_path / "missing.npy")
    (tmp_path / "notes.txt").write_text("numbers")
    with pytest.raises(ValueError, match=r"expected \.npy"):
        load_trusted(tmp_path / "notes.txt")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.save_weights(tmp_path / "only.weights.h5")
    with pytest.raises(ValueError, match="load_weights"):
        load_trusted(tmp_path / "only.weights.h5")


@pytest.mark.parametrize("suffix", ["npy", "npz", "keras", "h5"])
@pytest.mark.parametrize("trusted", [False, True])
def test_a_damaged_file_is_a_sentence(suffix: str, trusted: bool, tmp_path: Path) -> None:
    whole, damaged = tmp_path / f"whole.{suffix}", tmp_path / f"damaged.{suffix}"
    if suffix == "npy":
        np.save(whole, np.arange(1000))
    elif suffix == "npz":
        np.savez(whole, numbers=np.arange(1000))
    else:
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(50)]).save(whole)
    content = whole.read_bytes()
    for broken in (content[: len(content) // 2], content[:8], b""):
        damaged.write_bytes(broken)
        with pytest.raises(ValueError, match=rf"damaged\.{suffix} is damaged \(.*\), expected a whole file"):
            load_trusted(damaged, i_trust_this_file=trusted)
