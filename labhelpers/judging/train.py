"""Trains the two judges anew and writes their weights into the package: a tool, which no lab imports.

``python -m labhelpers.judging.train mnist`` trains the MNIST judge from real MNIST, and
``python -m labhelpers.judging.train faces`` the face judge from drawn faces.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers.data import draw_faces, load_mnist
from labhelpers.data.faces import ATTRIBUTES
from labhelpers.judging import faces, mnist
from labhelpers.judging.frozen import write_weights
from labhelpers.judging.quality import RealReference, real_reference

MNIST_SEED = 0
FACE_SEED, FACE_TEST_SEED, FACE_OTHER_SEED = (
    101,
    102,
    103,
)  # of the drawn faces; the labs draw theirs from others


def main(arguments: Sequence[str]) -> int:
    """Train a judge, write its weights into the package, and print what they are worth.

    Args:
        arguments: ``["mnist"]`` or ``["faces"]``.

    Returns:
        0, or 1 where the data is not the real MNIST.
    """
    parser = argparse.ArgumentParser(
        prog="python -m labhelpers.judging.train", description="Train a judge anew."
    )
    parser.add_argument("judge", choices=("mnist", "faces"))
    return (
        _train_mnist_judge()
        if parser.parse_args(arguments).judge == "mnist"
        else _train_face_judge()
    )


def _train_mnist_judge() -> int:
    """Train the MNIST judge on real MNIST; ``main`` says what comes of it."""
    data = load_mnist()
    print(data)
    if (len(data.train_images), len(data.test_images)) != (60_000, 10_000):
        print(
            f"Found {len(data.train_images):,} + {len(data.test_images):,} images, expected the 60,000 + 10,000 of "
            "MNIST: put mnist.npz into the folder that LABS_DATA names.",
            file=sys.stderr,
        )
        return 1
    tf.config.experimental.enable_op_determinism()
    model = train_mnist_classifier(data.train_images, data.train_labels)
    sha256 = write_weights(mnist.FILE, model)
    judge = mnist.judge_of(model)
    accuracy = float(
        (
            judge.probabilities(data.test_images).argmax(axis=1) == data.test_labels
        ).mean()
    )
    print(f"test accuracy {accuracy:.4f}")
    _print_floor(
        real_reference(judge, data.test_images, data.train_images[:10_000]), 10_000
    )
    _print_file(mnist.FILE, sha256, mnist.SHA256)
    return 0


def _train_face_judge(count: int = 6000, test_count: int = 1000) -> int:
    """Train the face judge on drawn faces; ``main`` says what comes of it."""
    train = draw_faces(count, faces.SIZE, seed=FACE_SEED)
    test, other = (
        draw_faces(test_count, faces.SIZE, seed=seed)
        for seed in (FACE_TEST_SEED, FACE_OTHER_SEED)
    )
    tf.config.experimental.enable_op_determinism()
    model = train_face_classifier(train.images, train.attributes)
    sha256 = write_weights(faces.FILE, model)
    accuracy = attribute_accuracy(model, test.images, test.attributes)
    print(", ".join(f"{name} {share:.3f}" for name, share in accuracy.items()))
    print(f"mean test accuracy {np.mean(list(accuracy.values())):.4f}")
    _print_floor(
        real_reference(faces.judge_of(model), test.images, other.images), test_count
    )
    _print_file(faces.FILE, sha256, faces.SHA256)
    return 0


def _print_floor(reference: RealReference, count: int) -> None:
    floor = reference.floor(count)
    if floor is not None:
        print(
            f"FID floor {floor[0]:.3f}, {len(reference.features):,} images against {floor[1]:,} others"
        )


def _print_file(file: Path, sha256: str, stated: str) -> None:
    print(f"{file.stat().st_size:,} bytes, SHA-256 {sha256}")
    if sha256 != stated:
        print(
            "This is a new judge: where it is loaded, state its hash, and the numbers above in the docstring."
        )


def train_mnist_classifier(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    *,
    seed: int = MNIST_SEED,
    epochs: int = 2,
) -> keras.Model:
    """Train the network of the MNIST judge: Adam(1e-3), batch 64, two epochs.

    Nothing is regularised or normalised, and the training is short on purpose: the size of the features, and with it
    the scale of every FID, grows with each epoch. Sets the global seeds.

    Args:
        images: ``(n, 28, 28, 1)`` or ``(n, 28, 28)`` uint8.
        labels: ``(n,)`` digits.
        seed: of the starting weights and of the order of the images.
        epochs: passes over the images.

    Returns:
        The trained classifier with logits. With TensorFlow's deterministic operations the same seed gives the same
        weights on the same machine; another processor may round otherwise.
    """
    keras.utils.set_random_seed(seed)
    model = mnist.mnist_classifier(seed)
    model.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    pixels = images.reshape(-1, 28, 28, 1).astype(np.float32) / np.float32(255)
    model.fit(pixels, labels.astype(np.int64), batch_size=64, epochs=epochs, verbose=2)
    return model


def train_face_classifier(
    images: NDArray[np.uint8],
    attributes: Mapping[str, NDArray[np.str_]],
    *,
    seed: int = 0,
    epochs: int = 10,
) -> keras.Model:
    """Train the network of the face judge to read every attribute: Adam(1e-3), batch 64.

    Sets the global seeds.

    Args:
        images: ``(n, 48, 48, 3)`` uint8.
        attributes: as ``DrawnFaces`` has them.
        seed: of the starting weights and of the order of the images.
        epochs: passes over the images.

    Returns:
        The trained network with logits; as reproducible as `train_mnist_classifier`.
    """
    keras.utils.set_random_seed(seed)
    model = faces.face_classifier(seed)

    def loss(targets: Any, logits: Any) -> Any:
        parts = zip(
            tf.split(logits, _kinds(), axis=1), tf.unstack(targets, axis=1), strict=True
        )
        return tf.add_n(
            [
                tf.nn.sparse_softmax_cross_entropy_with_logits(
                    tf.cast(target, tf.int64), part
                )
                for part, target in parts
            ]
        )

    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
    model.fit(
        images / np.float32(255),
        _attribute_numbers(attributes),
        batch_size=64,
        epochs=epochs,
        verbose=2,
    )
    return model


def attribute_accuracy(
    model: keras.Model,
    images: NDArray[np.uint8],
    attributes: Mapping[str, NDArray[np.str_]],
) -> dict[str, float]:
    """How well the network of the face judge reads the attributes.

    Args:
        model: a trained `faces.face_classifier`.
        images: ``(n, 48, 48, 3)`` uint8.
        attributes: as ``DrawnFaces`` has them.

    Returns:
        By attribute, the share of images on which it is read right.
    """
    logits = model.predict(images / np.float32(255), batch_size=500, verbose=0)
    parts = np.split(logits, np.cumsum(_kinds())[:-1], axis=1)
    read = np.stack([part.argmax(axis=1) for part in parts], axis=1)
    right = (read == _attribute_numbers(attributes)).mean(axis=0)
    return dict(zip(ATTRIBUTES, right.tolist(), strict=True))


def _kinds() -> list[int]:
    return [len(values) for values in ATTRIBUTES.values()]


def _attribute_numbers(attributes: Mapping[str, NDArray[np.str_]]) -> NDArray[np.int64]:
    """Every attribute as the number of its value: ``(n, 10)``."""
    columns = [
        [list(values).index(value) for value in attributes[name]]
        for name, values in ATTRIBUTES.items()
    ]
    return np.array(columns, dtype=np.int64).T


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
