"""Frozen networks that look at images: features for FID and its relatives, class probabilities for the rest.

A judge never trains: it holds its own copy of the weights and runs them in inference mode. One judge belongs to one
kind of data; its numbers are comparable with each other and with nothing else, published FIDs (Inception features)
least of all.

``python -m labhelpers.judges`` trains the MNIST judge anew from real MNIST and writes its weights, and
``python -m labhelpers.judges face`` does so with the face judge, from drawn faces.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import ArrayLike, NDArray

from labhelpers.data import draw_faces, load_mnist
from labhelpers.data.faces import ATTRIBUTES
from labhelpers.data.ranges import RANGES, Activation
from labhelpers.metrics import real_reference

__all__ = [
    "FACE_JUDGE_ACCURACY",
    "FACE_JUDGE_FLOOR",
    "FACE_JUDGE_SHA256",
    "MNIST_JUDGE_ACCURACY",
    "MNIST_JUDGE_FLOOR",
    "MNIST_JUDGE_SHA256",
    "Judge",
    "face_classifier",
    "face_judge",
    "mnist_classifier",
    "mnist_judge",
    "resized_for",
    "train_face_classifier",
    "train_mnist_classifier",
]

MNIST_JUDGE_ACCURACY = 0.9849
"""Share of the 10,000 MNIST test images that `mnist_judge` classifies right."""

MNIST_JUDGE_FLOOR = 0.529
"""FID under `mnist_judge` of the 10,000 test images against the first 10,000 training images."""

MNIST_JUDGE_SHA256 = "2cfb85b6d338d46f982cf1944c7abe8b5656b8d44191009d00f6aa7cf490df03"
"""SHA-256 of the file of weights."""

FACE_JUDGE_ACCURACY = 0.8231
"""Mean over the ten attributes of the share of 1,000 unseen drawn faces on which the face judge's network reads it."""

FACE_JUDGE_FLOOR = 22.028
"""FID under `face_judge` of 1,000 drawn faces (seed 102) against 1,000 others (seed 103), at 48x48."""

FACE_JUDGE_SHA256 = "09648cec7053a6dc5be475183b0d76909bd422ea5b7703f13dcc565173ed855a"
"""SHA-256 of the file of weights."""

FACE_JUDGE_SIZE = 48
"""Side of the images that the face judge looks at."""

_FACE_WEIGHTS = Path(__file__).parent / "weights" / "face_judge.npz"
_FACE_SEED, _FACE_TEST_SEED, _FACE_OTHER_SEED = 101, 102, 103  # of the drawn faces; the labs draw theirs from others
_MNIST_WEIGHTS = Path(__file__).parent / "weights" / "mnist_judge.npz"
_MNIST_SEED = 0
_BATCH = 500
_RANGE_SLACK = 1e-3  # rounding of a resized or low-precision image; a wrong scale is off by far more


class Judge:
    """A frozen network with features and, where it is a classifier, class probabilities.

    Attributes:
        name: what the judge is called in tables.
        image_shape: ``(height, width, channels)`` that it takes.
        feature_dim: number of features of an image; a FID needs more samples than that.
        classes: number of classes, 0 where the network is no classifier.
    """

    def __init__(self, name: str, model: keras.Model, *, input_range: tuple[float, float] = (0.0, 1.0)) -> None:
        """Freeze a model; `from_model` makes such a model of any Keras model.

        Args:
            name: what the judge is called.
            model: from one batch of images to a dict with ``features`` ``(n, d)`` and, where it classifies,
                ``probabilities`` ``(n, classes)``. The judge becomes its owner: nobody may train it later.
            input_range: the range of pixel values that the model was trained on.
        """
        self.name = name
        self.image_shape: tuple[int, ...] = tuple(model.input_shape[1:])
        self.feature_dim = int(model.output["features"].shape[-1])
        self.classes = int(model.output["probabilities"].shape[-1]) if "probabilities" in model.output else 0
        self._input_range = input_range
        # One signature with an open batch axis: a last, smaller batch is no new trace.
        self._forward = tf.function(
            lambda images: model(images, training=False),
            input_signature=[tf.TensorSpec([None, *self.image_shape], tf.float32)],
            jit_compile=False,
        )

    @classmethod
    def from_model(
        cls,
        model: keras.Model,
        layer: str | int | None = None,
        *,
        input_range: tuple[float, float] = (0.0, 1.0),
    ) -> Self:
        """A judge for other data, from any functional or Sequential Keras model; the model is copied and left alone.

        Features with positions (a convolution's output) are averaged over them. Probabilities are the model's output
        where it ends in a softmax, the softmax of it where it ends in a linear layer, and missing otherwise.

        Args:
            model: a trained model of one image input and one output.
            layer: name or index of the layer whose output is the features. None: the input of the last layer that has
                weights, which are a classifier's penultimate features.
            input_range: the range of pixel values that the model was trained on.

        Returns:
            The judge.

        Raises:
            ValueError: the model has no graph of layers (subclassed, or not built), several inputs or outputs, no such
                layer, or no layer with weights.
        """
        inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
        if not inputs or not outputs or len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"the model {model.name!r} is not built of layers from one input to one output, expected a functional "
                "or a built Sequential model: start it with keras.Input."
            )
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        if layer is None:
            weighted = [part for part in copy.layers if part.weights]
            if not weighted:
                raise ValueError(
                    f"the model {model.name!r} has no layer with weights, expected a trained network: give one."
                )
            features = weighted[-1].input
        else:
            names = [part.name for part in copy.layers]
            if layer not in names and not (isinstance(layer, int) and -len(names) <= layer < len(names)):
                raise ValueError(
                    f"the model {model.name!r} has no layer {layer!r}, expected one of {', '.join(names)}: "
                    "name one of these."
                )
            features = (copy.get_layer(layer) if isinstance(layer, str) else copy.layers[layer]).output
        if len(features.shape) == 3:
            features = layers.GlobalAveragePooling1D(dtype="float32")(features)
        elif len(features.shape) == 4:
            features = layers.GlobalAveragePooling2D(dtype="float32")(features)
        judged = {"features": features}
        answer, activation = copy.outputs[0], getattr(copy.layers[-1], "activation", None)
        ends_in_softmax = activation is keras.activations.softmax or isinstance(copy.layers[-1], layers.Softmax)
        classifies = len(answer.shape) == 2 and answer.shape[-1] > 1
        if classifies and ends_in_softmax:
            judged["probabilities"] = answer
        elif classifies and activation is keras.activations.linear:
            judged["probabilities"] = layers.Softmax(dtype="float32")(answer)
        return cls(model.name, keras.Model(copy.inputs[0], judged), input_range=input_range)

    def __repr__(self) -> str:
        return f"Judge({self.name!r}: images {self.image_shape}, {self.feature_dim} features, {self.classes} classes)"

    def features(self, images: ArrayLike, activation: Activation | None = None) -> NDArray[np.float32]:
        """Features of images.

        Args:
            images: ``(n, height, width, channels)``, the last axis may be missing where there is one channel. uint8
                from 0 to 255, or float.
            activation: the scale of float images, named by the last layer of the model that made them: "tanh" for
                [-1, 1], "sigmoid" for [0, 1]. Not needed for uint8.

        Returns:
            ``(n, feature_dim)`` float32.

        Raises:
            ValueError: images of another shape, float images whose scale is not named or wrong, other types of number.
        """
        return self._run(images, activation, "features")

    def probabilities(self, images: ArrayLike, activation: Activation | None = None) -> NDArray[np.float32]:
        """Class probabilities of images.

        Args:
            images: as for `features`.
            activation: as for `features`.

        Returns:
            ``(n, classes)`` float32, rows sum to 1.

        Raises:
            ValueError: as for `features`, or the judge is no classifier.
        """
        if not self.classes:
            raise ValueError(
                f"the judge {self.name!r} has features only, expected a classifier: make the judge from a model that "
                "ends in a softmax or in logits."
            )
        return self._run(images, activation, "probabilities")

    def _run(self, images: ArrayLike, activation: Activation | None, output: str) -> NDArray[np.float32]:
        pixels = self._checked(np.asarray(images), activation)
        low, high = RANGES[activation] if activation and pixels.dtype != np.uint8 else (0.0, 255.0)
        wanted_low, wanted_high = self._input_range
        scale = (wanted_high - wanted_low) / (high - low)
        results = []
        for start in range(0, len(pixels), _BATCH):
            batch = pixels[start : start + _BATCH].astype(np.float32)
            batch = (batch - np.float32(low)) * np.float32(scale) + np.float32(wanted_low)
            results.append(self._forward(tf.constant(batch))[output].numpy().astype(np.float32))
        return np.concatenate(results)

    def _checked(self, images: NDArray[np.generic], activation: Activation | None) -> NDArray[np.generic]:
        if images.ndim == 3 and self.image_shape[-1] == 1:
            images = images[..., None]
        if images.shape[1:] != self.image_shape or len(images) == 0:
            raise ValueError(
                f"images have shape {images.shape}, expected (n, {', '.join(map(str, self.image_shape))}) with at "
                f"least one image: reshape them, or take the judge of data of that shape."
            )
        if images.dtype == np.uint8:
            return images
        if images.dtype.kind != "f":
            raise ValueError(
                f"images hold {images.dtype}, expected uint8 from 0 to 255 or float: convert them with astype, to "
                "uint8 where the values go up to 255."
            )
        low, high = float(images.min()), float(images.max())
        if activation not in RANGES:
            raise ValueError(
                f"images are float, from {low:.3g} to {high:.3g}, and activation is {activation!r}, expected the last "
                'layer of the model that made them: pass activation="tanh" for [-1, 1] or "sigmoid" for [0, 1].'
            )
        first, last = RANGES[activation]
        # Written so that NaN fails too.
        if not (low >= first - _RANGE_SLACK and high <= last + _RANGE_SLACK):
            raise ValueError(
                f"images have values from {low:.3g} to {high:.3g}, expected {first:g} to {last:g} for {activation}: "
                "name the last layer of the model that made them, or rescale them (NaN means that training diverged)."
            )
        return images


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
        return {"dtype": "float32", "kernel_initializer": keras.initializers.GlorotUniform(seed=10 * seed + offset)}

    images = keras.Input((28, 28, 1), name="images", dtype="float32")
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_1", **start(1))(images)
    x = layers.MaxPooling2D(name="pool_1", dtype="float32")(x)  # 28x28 => 14x14
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv_2", **start(2))(x)
    x = layers.MaxPooling2D(name="pool_2", dtype="float32")(x)  # 14x14 => 7x7
    x = layers.Flatten(name="flatten", dtype="float32")(x)
    x = layers.Dense(64, activation="relu", name="features", **start(3))(x)
    logits = layers.Dense(10, name="logits", **start(4))(x)
    return keras.Model(images, logits, name="mnist_judge")


def train_mnist_classifier(
    images: NDArray[np.uint8], labels: NDArray[np.integer], *, seed: int = _MNIST_SEED, epochs: int = 2
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
    model = mnist_classifier(seed)
    model.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    pixels = images.reshape(-1, 28, 28, 1).astype(np.float32) / np.float32(255)
    model.fit(pixels, labels.astype(np.int64), batch_size=64, epochs=epochs, verbose=2)
    return model


def mnist_judge() -> Judge:
    """The frozen MNIST classifier: 64 features, 10 classes.

    It reads 98.49 % of the 10,000 MNIST test images right. Between the 10,000 test images and the first 10,000
    training images its FID is 0.529: the floor on which FIDs of generated digits stand.

    Returns:
        The judge, for images ``(n, 28, 28, 1)``. Loads from the package, without network. Keep it: every call makes a
        new one.

    Raises:
        FileNotFoundError: the weights are missing.
        ValueError: the file is not the one whose SHA-256 is `MNIST_JUDGE_SHA256`.
    """
    model = mnist_classifier()
    model.set_weights(_read_weights(_MNIST_WEIGHTS, MNIST_JUDGE_SHA256))
    return Judge.from_model(model, layer="features")


def face_classifier(seed: int = 0) -> keras.Model:
    """The untrained network of the face judge: three convolutions with pooling, 64 features, logits for ten attributes.

    Args:
        seed: of the starting weights. No global random state is used or moved.

    Returns:
        Functional model from images ``(n, 48, 48, 3)`` in [0, 1] to logits ``(n, 51)``, those of ``ATTRIBUTES`` one
        after the other; the layer ``features`` holds the 64 values after its ReLU.
    """

    def start(offset: int) -> dict[str, object]:
        return {"dtype": "float32", "kernel_initializer": keras.initializers.GlorotUniform(seed=10 * seed + offset)}

    images = keras.Input((FACE_JUDGE_SIZE, FACE_JUDGE_SIZE, 3), name="images", dtype="float32")
    x = images
    for number, filters in enumerate((24, 32, 48), start=1):  # 48x48 => 24x24 => 12x12 => 6x6
        name = f"conv_{number}"
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name, **start(number))(x)
        x = layers.MaxPooling2D(name=f"pool_{number}", dtype="float32")(x)
    x = layers.Flatten(name="flatten", dtype="float32")(x)
    x = layers.Dense(64, activation="relu", name="features", **start(4))(x)
    logits = layers.Dense(sum(map(len, ATTRIBUTES.values())), name="logits", **start(5))(x)
    return keras.Model(images, logits, name="face_judge")


def train_face_classifier(
    images: NDArray[np.uint8], attributes: Mapping[str, NDArray[np.str_]], *, seed: int = 0, epochs: int = 10
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
    model = face_classifier(seed)

    def loss(targets: Any, logits: Any) -> Any:
        parts = zip(tf.split(logits, _kinds(), axis=1), tf.unstack(targets, axis=1), strict=True)
        return tf.add_n(
            [tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(target, tf.int64), part) for part, target in parts]
        )

    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
    model.fit(images / np.float32(255), _attribute_numbers(attributes), batch_size=64, epochs=epochs, verbose=2)
    return model


def attribute_accuracy(
    model: keras.Model, images: NDArray[np.uint8], attributes: Mapping[str, NDArray[np.str_]]
) -> dict[str, float]:
    """The share of images on which the network of the face judge reads each attribute right."""
    logits = model.predict(images / np.float32(255), batch_size=_BATCH, verbose=0)
    parts = np.split(logits, np.cumsum(_kinds())[:-1], axis=1)
    read = np.stack([part.argmax(axis=1) for part in parts], axis=1)
    right = (read == _attribute_numbers(attributes)).mean(axis=0)
    return dict(zip(ATTRIBUTES, right.tolist(), strict=True))


def _kinds() -> list[int]:
    return [len(values) for values in ATTRIBUTES.values()]


def _attribute_numbers(attributes: Mapping[str, NDArray[np.str_]]) -> NDArray[np.int64]:
    """Every attribute as the number of its value: ``(n, 10)``."""
    columns = [[list(values).index(value) for value in attributes[name]] for name, values in ATTRIBUTES.items()]
    return np.array(columns, dtype=np.int64).T


def face_judge() -> Judge:
    """The frozen network that has learned to read drawn faces: 64 features of images of 48x48, no classes.

    It reads an attribute right on 82.3 % of unseen drawn faces, the mean of ten attributes: hair colour and background
    nearly always, the shape of the eyes hardly better than by guessing. Between two sets of 1,000
    drawn faces its FID is 22.028: the floor on which FIDs of generated faces stand. It knows drawn faces only: with
    other pictures its numbers mean less.

    Returns:
        The judge. Loads from the package, without network. `resized_for` brings images to its size.

    Raises:
        FileNotFoundError: the weights are missing.
        ValueError: the file is not the one whose SHA-256 is `FACE_JUDGE_SHA256`.
    """
    model = face_classifier()
    model.set_weights(_read_weights(_FACE_WEIGHTS, FACE_JUDGE_SHA256))
    return Judge("face_judge", keras.Model(model.inputs[0], {"features": model.get_layer("features").output}))


def resized_for(judge: Judge, images: NDArray[Any]) -> NDArray[Any]:
    """Images in the size that a judge takes: averaged where they shrink; in the same type and range.

    Args:
        judge: the judge.
        images: ``(n, height, width, channels)``, uint8 or float.

    Returns:
        ``(n, *judge.image_shape)``; the images themselves where they have that size.
    """
    height, width, _ = judge.image_shape
    if images.shape[1:3] == (height, width):
        return images
    cut = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    small = np.concatenate([tf.image.resize(part, (height, width), antialias=True).numpy() for part in cut])
    return np.rint(small).astype(np.uint8) if images.dtype == np.uint8 else small.astype(images.dtype)


def _read_weights(file: Path, sha256: str) -> list[NDArray[np.float32]]:
    """Weights in the order of ``Model.get_weights``, from a file that must have the given hash."""
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


def _write_weights(file: Path, model: keras.Model) -> str:
    """Write the weights of a model, in order and under their names; returns the SHA-256 of the file."""
    buffer = io.BytesIO()
    np.savez(buffer, **{v.path.replace("/", "."): w for v, w in zip(model.weights, model.get_weights(), strict=True)})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def main(arguments: Sequence[str] = ()) -> int:
    """Train the MNIST judge on real MNIST, write its weights into the package, and print what they are worth.

    Args:
        arguments: ``["face"]`` for the face judge instead.

    Returns:
        0, or 1 where the data is not the real MNIST.
    """
    if list(arguments) == ["face"]:
        return _train_face_judge()
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
    sha256 = _write_weights(_MNIST_WEIGHTS, model)
    judge = Judge.from_model(model, layer="features")
    accuracy = float((judge.probabilities(data.test_images).argmax(axis=1) == data.test_labels).mean())
    floor = real_reference(judge, data.test_images, data.train_images[:10_000]).floor(10_000)
    print(f"test accuracy {accuracy:.4f}")
    if floor is not None:
        print(f"FID floor {floor[0]:.3f}, 10,000 test images against the first {floor[1]:,} training images")
    print(f"{_MNIST_WEIGHTS.stat().st_size:,} bytes, SHA-256 {sha256}")
    if sha256 != MNIST_JUDGE_SHA256:
        print("This is a new judge. State these three numbers in the constants of labhelpers/judges.py.")
    return 0


def _train_face_judge(count: int = 6000, test_count: int = 1000) -> int:
    """Train the face judge on drawn faces, write its weights into the package, and print what they are worth."""
    train = draw_faces(count, FACE_JUDGE_SIZE, seed=_FACE_SEED)
    test, other = (draw_faces(test_count, FACE_JUDGE_SIZE, seed=seed) for seed in (_FACE_TEST_SEED, _FACE_OTHER_SEED))
    tf.config.experimental.enable_op_determinism()
    model = train_face_classifier(train.images, train.attributes)
    sha256 = _write_weights(_FACE_WEIGHTS, model)
    accuracy = attribute_accuracy(model, test.images, test.attributes)
    judge = Judge("face_judge", keras.Model(model.inputs[0], {"features": model.get_layer("features").output}))
    floor = real_reference(judge, test.images, other.images).floor(test_count)
    print(", ".join(f"{name} {share:.3f}" for name, share in accuracy.items()))
    print(f"mean test accuracy {np.mean(list(accuracy.values())):.4f}")
    if floor is not None:
        print(f"FID floor {floor[0]:.3f}, {test_count:,} faces against {floor[1]:,} others")
    print(f"{_FACE_WEIGHTS.stat().st_size:,} bytes, SHA-256 {sha256}")
    if sha256 != FACE_JUDGE_SHA256:
        print("This is a new judge. State these three numbers in the constants of labhelpers/judges.py.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
