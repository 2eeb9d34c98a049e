"""A judge: a frozen network that looks at images and gives their features, and class probabilities where it classifies.

A judge never trains: it holds its own copy of the weights and runs them in inference mode. One judge belongs to one
kind of data; its numbers are comparable with each other and with nothing else, published FIDs (Inception features)
least of all.
"""

from __future__ import annotations

from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import ArrayLike, NDArray

from labhelpers.arrays import chunks
from labhelpers.data.ranges import require_ready

_BATCH = 500


class Judge:
    """A frozen network with features and, where it is a classifier, class probabilities.

    Attributes:
        name: what the judge is called in tables.
        image_shape: ``(height, width, channels)`` that it takes.
        feature_dim: number of features of an image; a FID needs more samples than that.
        classes: number of classes, 0 where the network is no classifier.
    """

    def __init__(self, name: str, model: keras.Model) -> None:
        """Freeze a model; `from_model` makes such a model of any Keras model.

        Args:
            name: what the judge is called.
            model: from one batch of images in [0, 1] to a dict with ``features`` ``(n, d)`` and, where it classifies,
                ``probabilities`` ``(n, classes)``. The judge becomes its owner: nobody may train it later.
        """
        self.name = name
        self.image_shape: tuple[int, ...] = tuple(model.input_shape[1:])
        self.feature_dim = int(model.output["features"].shape[-1])
        self.classes = (
            int(model.output["probabilities"].shape[-1])
            if "probabilities" in model.output
            else 0
        )
        # One signature with an open batch axis: a last, smaller batch is no new trace.
        self._forward = tf.function(
            lambda images: model(images, training=False),
            input_signature=[tf.TensorSpec([None, *self.image_shape], tf.float32)],
            jit_compile=False,
        )

    @classmethod
    def from_model(cls, model: keras.Model, layer: str | int | None = None) -> Self:
        """A judge for other data, from any functional or Sequential Keras model; the model is copied and left alone.

        Features with positions (a convolution's output) are averaged over them. Probabilities are the model's output
        where it ends in a softmax, the softmax of it where it ends in a linear layer, and missing otherwise.

        Args:
            model: a trained model of one input, images in [0, 1], and one output.
            layer: name or index of the layer whose output is the features. None: the input of the last layer that has
                weights, which are a classifier's penultimate features.

        Returns:
            The judge.

        Raises:
            ValueError: the model has no graph of layers (subclassed, or not built), several inputs or outputs, no such
                layer, or no layer with weights.
        """
        inputs, outputs = (
            getattr(model, "inputs", None),
            getattr(model, "outputs", None),
        )
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
            if layer not in names and not (
                isinstance(layer, int) and -len(names) <= layer < len(names)
            ):
                raise ValueError(
                    f"the model {model.name!r} has no layer {layer!r}, expected one of {', '.join(names)}: "
                    "name one of these."
                )
            features = (
                copy.get_layer(layer) if isinstance(layer, str) else copy.layers[layer]
            ).output
        if len(features.shape) == 3:
            features = layers.GlobalAveragePooling1D(dtype="float32")(features)
        elif len(features.shape) == 4:
            features = layers.GlobalAveragePooling2D(dtype="float32")(features)
        judged = {"features": features}
        answer, activation = (
            copy.outputs[0],
            getattr(copy.layers[-1], "activation", None),
        )
        ends_in_softmax = activation is keras.activations.softmax or isinstance(
            copy.layers[-1], layers.Softmax
        )
        classifies = len(answer.shape) == 2 and answer.shape[-1] > 1
        if classifies and ends_in_softmax:
            judged["probabilities"] = answer
        elif classifies and activation is keras.activations.linear:
            judged["probabilities"] = layers.Softmax(dtype="float32")(answer)
        return cls(model.name, keras.Model(copy.inputs[0], judged))

    def __repr__(self) -> str:
        return f"Judge({self.name!r}: images {self.image_shape}, {self.feature_dim} features, {self.classes} classes)"

    def features(self, images: ArrayLike) -> NDArray[np.float32]:
        """Features of images.

        Args:
            images: ``(n, height, width, channels)``, the last axis may be missing where there is one channel. uint8, or
                float in [0, 1].

        Returns:
            ``(n, feature_dim)`` float32.

        Raises:
            ValueError: images of another shape, type or range.
        """
        return self._run(images, "features")

    def probabilities(self, images: ArrayLike) -> NDArray[np.float32]:
        """Class probabilities of images.

        Args:
            images: as for `features`.

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
        return self._run(images, "probabilities")

    def _run(self, images: ArrayLike, output: str) -> NDArray[np.float32]:
        pixels = np.asarray(images)
        if pixels.ndim == 3 and self.image_shape[-1] == 1:
            pixels = pixels[..., None]
        if pixels.shape[1:] != self.image_shape or len(pixels) == 0:
            raise ValueError(
                f"images have shape {pixels.shape}, expected (n, {', '.join(map(str, self.image_shape))}) with at "
                "least one image: reshape them, or take the judge of data of that shape."
            )
        require_ready(pixels)
        scale = np.float32(1 / 255 if pixels.dtype == np.uint8 else 1)
        batches = (
            tf.constant(pixels[part].astype(np.float32) * scale)
            for part in chunks(len(pixels), _BATCH)
        )
        return np.concatenate(
            [
                self._forward(batch)[output].numpy().astype(np.float32)
                for batch in batches
            ]
        )


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
    parts = (
        tf.image.resize(images[part], (height, width), antialias=True)
        for part in chunks(len(images), _BATCH)
    )
    small = np.concatenate([part.numpy() for part in parts])
    return (
        np.rint(small).astype(np.uint8)
        if images.dtype == np.uint8
        else small.astype(images.dtype)
    )
