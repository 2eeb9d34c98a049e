"""The judge of handwritten digits: a small classifier of MNIST, frozen."""

from __future__ import annotations

import keras
from keras import layers

from labhelpers.judging.frozen import WEIGHTS, read_weights
from labhelpers.judging.judge import Judge

FILE = WEIGHTS / "mnist_judge.npz"
SHA256 = "2cfb85b6d338d46f982cf1944c7abe8b5656b8d44191009d00f6aa7cf490df03"


def mnist_judge() -> Judge:
    """The frozen MNIST classifier: 64 features, 10 classes.

    It reads 98.49 % of the 10,000 MNIST test images right. Between the 10,000 test images and the first 10,000
    training images its FID is 0.529: the floor on which FIDs of generated digits stand.

    Returns:
        The judge, for images ``(n, 28, 28, 1)``. Loads from the package, without network. Keep it: every call makes a
        new one.

    Raises:
        FileNotFoundError: the weights are missing.
        ValueError: the file is not the one with the stated SHA-256.
    """
    model = mnist_classifier()
    model.set_weights(read_weights(FILE, SHA256))
    return judge_of(model)


def judge_of(model: keras.Model) -> Judge:
    """The judge whose network is a copy of a trained ``mnist_classifier``."""
    return Judge.from_model(model, layer="features")


def mnist_classifier(seed: int = 0) -> keras.Model:
    """The untrained network of the MNIST judge: two convolutions with pooling, 64 features, 10 logits.

    Args:
        seed: of the starting weights. No global random state is used or moved.

    Returns:
        Functional model from images ``(n, 28, 28, 1)`` in [0, 1] to logits ``(n, 10)``; 105,866 parameters; the layer
        ``features`` holds the 64 values after its ReLU.
    """

    # float32 whatever the global policy: a judge must not change with the mixed precision of the model that it judges.
    def start(offset: int) -> dict[str, object]:
        return {
            "dtype": "float32",
            "kernel_initializer": keras.initializers.GlorotUniform(
                seed=10 * seed + offset
            ),
        }

    images = keras.Input((28, 28, 1), name="images", dtype="float32")
    x = layers.Conv2D(
        16, 3, padding="same", activation="relu", name="conv_1", **start(1)
    )(images)
    x = layers.MaxPooling2D(name="pool_1", dtype="float32")(x)  # 28x28 => 14x14
    x = layers.Conv2D(
        32, 3, padding="same", activation="relu", name="conv_2", **start(2)
    )(x)
    x = layers.MaxPooling2D(name="pool_2", dtype="float32")(x)  # 14x14 => 7x7
    x = layers.Flatten(name="flatten", dtype="float32")(x)
    x = layers.Dense(64, activation="relu", name="features", **start(3))(x)
    logits = layers.Dense(10, name="logits", **start(4))(x)
    return keras.Model(images, logits, name="mnist_judge")
