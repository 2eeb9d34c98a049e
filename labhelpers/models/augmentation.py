"""Changes of images in training, in front of a discriminator, so that it cannot learn a few images by heart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from labhelpers.arrays import Tensor


@keras.saving.register_keras_serializable(package="labhelpers")
class RandomColour(layers.Layer):
    """Changes brightness, saturation and contrast of each image by random amounts of its own, in training only.

    Takes and returns images (batch, height, width, channels) in [-1, 1]; what leaves the range is not clipped, so that
    gradients flow through every pixel. Keras' own layers for this clip, and the one for saturation takes a detour
    through hues.

    Args:
        brightness: each image gets a number added from ``[-brightness, brightness]``.
        saturation: distances from the grey image are multiplied by a number from ``[1 - saturation, 1 + saturation]``.
        contrast: distances from the mean of the image, by one from ``[1 - contrast, 1 + contrast]``.
        seed: of the random numbers.

    Source: Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training; amounts as in its program.
    """

    def __init__(
        self,
        brightness: float = 0.5,
        saturation: float = 1.0,
        contrast: float = 0.5,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.brightness, self.saturation, self.contrast, self.seed = (
            brightness,
            saturation,
            contrast,
            seed,
        )
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        """The images, recoloured where ``training``."""
        if not training:
            return images
        images = images + self._draw(images, 0.0, self.brightness)
        grey = keras.ops.mean(images, axis=-1, keepdims=True)
        images = (images - grey) * self._draw(images, 1.0, self.saturation) + grey
        mean = keras.ops.mean(images, axis=(1, 2, 3), keepdims=True)
        return (images - mean) * self._draw(images, 1.0, self.contrast) + mean

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """The same shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        amounts = {
            "brightness": self.brightness,
            "saturation": self.saturation,
            "contrast": self.contrast,
        }
        return {**super().get_config(), **amounts, "seed": self.seed}

    def _draw(self, images: Tensor, middle: float, reach: float) -> Tensor:
        """One number for each image, (batch, 1, 1, 1)."""
        shape = (keras.ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(
            shape,
            middle - reach,
            middle + reach,
            dtype=images.dtype,
            seed=self.seed_generator,
        )


@keras.saving.register_keras_serializable(package="labhelpers")
class TrainingOnly(layers.Layer):
    """Runs layers one after the other in training, and passes images through untouched otherwise.

    Keras' own random layers also change images where nothing says whether this is training; this one does not.

    Args:
        changes: layers from images to images of the same shape.
    """

    def __init__(self, changes: Sequence[layers.Layer], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.changes = list(changes)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Build the layers."""
        for layer in self.changes:
            layer.build(input_shape)

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        """The images, changed where ``training``."""
        if training:
            for layer in self.changes:
                images = layer(images, training=True)
        return images

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """The same shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        changes = [keras.saving.serialize_keras_object(layer) for layer in self.changes]
        return {**super().get_config(), "changes": changes}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TrainingOnly:
        """The inverse of ``get_config``."""
        return cls(
            [
                keras.saving.deserialize_keras_object(part)
                for part in config.pop("changes")
            ],
            **config,
        )


def differentiable_augmentation(
    seed: int | None = None,
    *,
    changes: Sequence[str] = ("colour", "translation", "cutout"),
    colour: float = 1.0,
) -> list[layers.Layer]:
    """Layers that change images in training so that gradients flow back to them: colour, translation, cutout.

    Each image gets its own draw: other colours, a move by up to an eighth of the side (grey fills the gap), and a
    grey square of half the side somewhere.

    Args:
        seed: of the random numbers.
        changes: which of the three, by name.
        colour: strength of the colour changes: 1 as in the paper, 0 for none.

    Returns:
        New layers, one for each change, for ``augmented``.

    Raises:
        ValueError: no change has that name.

    Source: Zhao et al. 2020, section 3; the translation and the cutout are Keras' own layers.
    """
    seeds = (
        (None, None, None) if seed is None else (3 * seed, 3 * seed + 1, 3 * seed + 2)
    )
    known = {
        "colour": RandomColour(
            0.5 * colour, colour, 0.5 * colour, seed=seeds[0], name="colour"
        ),
        "translation": layers.RandomTranslation(
            0.125,
            0.125,
            fill_mode="constant",
            fill_value=0.0,
            seed=seeds[1],
            name="translation",
        ),
        "cutout": layers.RandomErasing(
            (1.0, 1.0),
            scale=(0.25, 0.25),
            fill_value=0.0,
            value_range=(-1, 1),
            seed=seeds[2],
            name="cutout",
        ),
    }
    unknown = set(changes) - set(known)
    if unknown:
        raise ValueError(
            f"There is no change {', '.join(sorted(unknown))}: choose from {', '.join(known)}."
        )
    return [known[name] for name in changes]


def augmented(
    discriminator: keras.Model, augmentation: Sequence[layers.Layer] | None = None
) -> keras.Model:
    """A discriminator that looks at augmented images while it trains: at real ones and at fakes.

    The layers stand in front of it, so whatever it is shown passes through them, and G's gradient flows back through
    them. Outside of training they do nothing. The new model shares the weights of the old one.

    Args:
        discriminator: from images to raw scores.
        augmentation: layers that change images, run in training only; ``differentiable_augmentation()`` unless given.

    Returns:
        A model with the same inputs and outputs.
    """
    changes = TrainingOnly(
        differentiable_augmentation() if augmentation is None else augmentation,
        name="augmentation",
    )
    images = keras.Input(discriminator.input_shape[1:], name="images")
    return keras.Model(
        images, discriminator(changes(images)), name=f"augmented_{discriminator.name}"
    )
