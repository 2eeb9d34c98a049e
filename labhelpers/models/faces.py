"""Pairs for face images of any size: the rules that choose the sizes, a light pair built by them, and augmentation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import layers

from labhelpers.arrays import Tensor
from labhelpers.models.pair import Pair

COMFORTABLE_START = 8
"""The side from which a generator likes to start: small enough to plan a whole face, large enough to be cheap."""


def doublings_for(image_size: int) -> int:
    """How many times a generator doubles, so that it starts as near to 8 pixels as it can (as a ratio).

    Args:
        image_size: side of the images, at least 8.

    Returns:
        1 or more: 2 for 28, 3 for 64, 4 for 100.

    Raises:
        ValueError: the images are smaller than 8 pixels.
    """
    _require_size(image_size)
    return max(1, round(math.log2(image_size / COMFORTABLE_START)))


def sizes_of(image_size: int, doublings: int | None = None) -> tuple[int, ...]:
    """The sides of a generator's images, from its start to its last layer.

    The start is ``image_size / 2 ** doublings``, rounded up. Where it does not divide, the last side is larger than the
    image, and the generator crops.

    Args:
        image_size: side of the images, at least 8.
        doublings: how many layers double the side; ``doublings_for(image_size)`` unless given.

    Returns:
        ``doublings + 1`` sides: (25, 50, 100) for 100 and 2, (13, 26, 52, 104) for 100 and 3.

    Raises:
        ValueError: the images are too small, or so many doublings would start below 2 pixels.

    Source: Practical 8, "initial size = final size / 2^n", with the rounding that its own example of 12 leaves out.
    """
    _require_size(image_size)
    steps = doublings_for(image_size) if doublings is None else doublings
    if steps < 1 or 2**steps > image_size / 2:
        most = int(math.log2(image_size / 2))
        raise ValueError(
            f"{steps} doublings do not lead to images of {image_size} pixels from a start of 2 or more: choose 1 to "
            f"{most} doublings."
        )
    start = math.ceil(image_size / 2**steps)
    return tuple(start * 2**step for step in range(steps + 1))


def mirrored_sizes(image_size: int, halvings: int | None = None) -> tuple[int, ...]:
    """The sides in a discriminator of strided convolutions with padding "same": each half of the last, rounded up.

    Args:
        image_size: side of the images, at least 8.
        halvings: how many layers halve the side; as many as the generator doubles unless given.

    Returns:
        ``halvings + 1`` sides, the image's first: (100, 50, 25, 13, 7) for 100 and 4.

    Raises:
        ValueError: the images are too small, or there is nothing to halve.
    """
    _require_size(image_size)
    steps = doublings_for(image_size) if halvings is None else halvings
    if steps < 1:
        raise ValueError(f"halvings is {steps}, expected at least 1.")
    sides = [image_size]
    for _ in range(steps):
        sides.append(math.ceil(sides[-1] / 2))
    return tuple(sides)


def latent_range(image_size: int) -> tuple[int, int]:
    """The latent lengths that Practical 8's rule of thumb names for images of a size: a place to start, not a law.

    What counts is how different the images are; the size is only a hint of it.

    Args:
        image_size: side of the images, at least 8.

    Returns:
        The smallest and the largest length.
    """
    _require_size(image_size)
    if image_size <= 32:
        return 50, 100
    return (100, 200) if image_size <= 128 else (256, 512)


def sizing_table(image_sizes: Iterable[int], doublings: int | None = None) -> Any:
    """What the rules say for several sizes of images, as a table.

    Args:
        image_sizes: sides of images.
        doublings: for all of them; ``doublings_for`` each unless given.

    Returns:
        A ``pandas.DataFrame`` with one row a size: latent length, sides in the generator, pixels that it crops off,
        sides in the discriminator.
    """
    import pandas as pd

    rows = []
    for size in image_sizes:
        steps = doublings_for(size) if doublings is None else doublings
        sides = sizes_of(size, steps)
        rows.append(
            {
                "image": f"{size}x{size}",
                "latent": "{} to {}".format(*latent_range(size)),
                "doublings": steps,
                "generator": " => ".join(map(str, sides)),
                "cropped": sides[-1] - size,
                "discriminator": " => ".join(map(str, mirrored_sizes(size, steps))),
            }
        )
    return pd.DataFrame(rows).set_index("image")


def light_face_pair(
    image_size: int = 48, latent_dim: int = 64, *, channels: int = 3, filters: int = 24, doublings: int | None = None
) -> Pair:
    """A pair for square images of any size, by the rules above; at 48x48 it learns faces in minutes on two cores.

    G has many filters early, where the side is small, and few late; D is its mirror. Each has one hidden dense layer,
    which sees the face as a whole. G's last doubling is a smooth enlargement and a convolution: in a short training
    it leaves less grain than a transposed convolution. Train the pair with Adam(4e-4, 0.5) and batches of 16.

    Args:
        image_size: side of the images, at least 8.
        latent_dim: length of a noise vector.
        channels: 3 for colour, 1 for grey.
        filters: of the layer next to the image; each layer further inside has twice as many, up to eight times.
        doublings: how many layers double the side; ``doublings_for(image_size)`` unless given.

    Returns:
        The generator, which ends in tanh, and the discriminator, which ends in one raw score.

    Raises:
        ValueError: see ``sizes_of``.

    Source: the rules of Radford et al. 2015, section 3, but for the hidden dense layers.
    """
    sides = sizes_of(image_size, doublings)
    steps = len(sides) - 1
    # From the image inwards: filters, 2 filters, 4 filters, and no more than 8 filters.
    width = [filters * 2 ** min(step, 3) for step in range(steps)]
    generator_layers: list[layers.Layer] = [
        keras.Input((latent_dim,)),
        layers.Dense(256, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Dense(sides[0] ** 2 * width[-1], use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
        layers.Reshape((sides[0], sides[0], width[-1])),
    ]
    for step in reversed(range(steps - 1)):
        generator_layers += [
            layers.Conv2DTranspose(width[step], 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
        ]
    generator_layers += [
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Conv2D(channels, 3, padding="same", activation="tanh"),
    ]
    extra = sides[-1] - image_size
    if extra:
        near, far = extra // 2, extra - extra // 2
        generator_layers.append(layers.Cropping2D(((near, far), (near, far))))

    discriminator_layers: list[layers.Layer] = [keras.Input((image_size, image_size, channels))]
    for step in range(steps):
        discriminator_layers += [
            layers.Conv2D(width[step], 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
        ]
    discriminator_layers += [layers.Flatten(), layers.Dense(128), layers.LeakyReLU(0.2), layers.Dense(1)]
    return Pair(
        keras.Sequential(generator_layers, name="light_face_generator"),
        keras.Sequential(discriminator_layers, name="light_face_discriminator"),
    )


@keras.saving.register_keras_serializable(package="labhelpers")
class RandomColour(layers.Layer):
    """Changes brightness, saturation and contrast at random, of each image by its own amounts; in training only.

    Takes and gives images (batch, height, width, channels) in [-1, 1]; what leaves the range is not clipped, so that
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
        self.brightness, self.saturation, self.contrast, self.seed = brightness, saturation, contrast, seed
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

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The same shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        amounts = {"brightness": self.brightness, "saturation": self.saturation, "contrast": self.contrast}
        return {**super().get_config(), **amounts, "seed": self.seed}

    def _draw(self, images: Tensor, middle: float, reach: float) -> Tensor:
        """One number for each image, (batch, 1, 1, 1)."""
        shape = (keras.ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, middle - reach, middle + reach, dtype=images.dtype, seed=self.seed_generator)


@keras.saving.register_keras_serializable(package="labhelpers")
class TrainingOnly(layers.Layer):
    """Runs layers one after the other in training, and passes images through untouched otherwise.

    Keras' own random layers change images also where nobody says whether it is training; this one does not.

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

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """The same shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        changes = [keras.saving.serialize_keras_object(layer) for layer in self.changes]
        return {**super().get_config(), "changes": changes}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TrainingOnly:
        """The inverse of ``get_config``."""
        return cls([keras.saving.deserialize_keras_object(part) for part in config.pop("changes")], **config)


def differentiable_augmentation(
    seed: int | None = None,
    *,
    changes: Sequence[str] = ("colour", "translation", "cutout"),
    colour: float = 1.0,
) -> list[layers.Layer]:
    """Layers that change images in training so that gradients flow back to them: colour, translation, cutout.

    Each image gets its own draw: other colours, a move by up to an eighth of the side (grey comes in), and a grey
    square of half the side somewhere.

    Args:
        seed: of the random numbers.
        changes: which of the three, by name.
        colour: strength of the colour changes: 1 as in the paper, 0 for none.

    Returns:
        New layers, one for each change, for ``augmented``.

    Raises:
        ValueError: there is no change of that name.

    Source: Zhao et al. 2020, section 3; the translation and the cutout are Keras' own layers.
    """
    seeds = (None, None, None) if seed is None else (3 * seed, 3 * seed + 1, 3 * seed + 2)
    known = {
        "colour": RandomColour(0.5 * colour, colour, 0.5 * colour, seed=seeds[0], name="colour"),
        "translation": layers.RandomTranslation(
            0.125, 0.125, fill_mode="constant", fill_value=0.0, seed=seeds[1], name="translation"
        ),
        "cutout": layers.RandomErasing(
            (1.0, 1.0), scale=(0.25, 0.25), fill_value=0.0, value_range=(-1, 1), seed=seeds[2], name="cutout"
        ),
    }
    unknown = set(changes) - set(known)
    if unknown:
        raise ValueError(f"There is no change {', '.join(sorted(unknown))}: choose from {', '.join(known)}.")
    return [known[name] for name in changes]


def augmented(discriminator: keras.Model, augmentation: Sequence[layers.Layer] | None = None) -> keras.Model:
    """A discriminator that looks at augmented images while it trains: at real ones and at fakes.

    The layers stand in front of it, so whatever it is shown passes through them, and G's gradient flows back through
    them. Outside of training they do nothing. The new model shares the weights of the old one.

    Args:
        discriminator: from images to raw scores.
        augmentation: layers that change images, run in training only; ``differentiable_augmentation()`` unless given.

    Returns:
        A model with the same inputs and outputs.
    """
    changes = TrainingOnly(differentiable_augmentation() if augmentation is None else augmentation, name="augmentation")
    images = keras.Input(discriminator.input_shape[1:], name="images")
    return keras.Model(images, discriminator(changes(images)), name=f"augmented_{discriminator.name}")


def _require_size(image_size: int) -> None:
    if image_size < 8:
        raise ValueError(f"The images have a side of {image_size} pixels, expected 8 or more: choose larger images.")
