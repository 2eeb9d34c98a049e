"""Generators and discriminators: the networks of the course documents, and light ones for two processor cores.

Every pair is a function from sizes to ``(generator, discriminator)``. A generator takes noise (batch, latent_dim); a
discriminator gives raw scores (batch, 1): no sigmoid, the losses take care of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import keras
from keras import layers

ImageShape: TypeAlias = tuple[int, int, int]
Tensor: TypeAlias = Any


class Pair(NamedTuple):
    """The two players."""

    generator: keras.Model
    discriminator: keras.Model


def vanilla_pair(latent_dim: int = 100, image_shape: ImageShape = (28, 28, 1), hidden: int = 128) -> Pair:
    """UW's dense pair: G 100-128-784 with tanh (114,064 parameters), D 784-128-1 (100,609).

    Source: University of Washington, Lab 7, parts 2 and 3; LeakyReLU with PyTorch's slope 0.01.
    """
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(hidden),
            layers.LeakyReLU(0.01),
            layers.Dense(math.prod(image_shape), activation="tanh"),
            layers.Reshape(image_shape),
        ],
        name="vanilla_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Flatten(),
            layers.Dense(hidden),
            layers.LeakyReLU(0.01),
            layers.Dense(1),
        ],
        name="vanilla_discriminator",
    )
    return Pair(generator, discriminator)


def deep_dense_pair(latent_dim: int = 100, image_shape: ImageShape = (28, 28, 1)) -> Pair:
    """Module 6's deep dense pair: G 128-256-512-1024 with batch norm, D 512-256-1.

    1,510,032 and 533,505 trainable parameters.

    Momentum 0.1 of the batch norm makes its statistics those of the last few batches, and epsilon 0.8 is large beside
    a variance of about 1: both are the document's.

    Source: Module 6, steps 3 and 4.
    """
    pixels = math.prod(image_shape)

    def dense(units: int, **more: Any) -> layers.Layer:
        return layers.Dense(units, kernel_initializer="he_uniform", **more)

    blocks: list[layers.Layer] = [dense(128), layers.LeakyReLU(0.2)]
    for units in (256, 512, 1024):
        blocks += [dense(units), layers.BatchNormalization(momentum=0.1, epsilon=0.8), layers.LeakyReLU(0.2)]
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            *blocks,
            dense(pixels, activation="tanh"),
            layers.Reshape(image_shape),
        ],
        name="deep_dense_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Flatten(),
            dense(512),
            layers.LeakyReLU(0.2),
            dense(256),
            layers.LeakyReLU(0.2),
            dense(1),
        ],
        name="deep_dense_discriminator",
    )
    return Pair(generator, discriminator)


def cnn_pair(latent_dim: int = 100) -> Pair:
    """Lab 2's convolutional pair for 28x28 images: G 1,925,633 parameters, D 138,561.

    Source: Lab 2, part 1, without the sigmoid: the losses take logits.
    """
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(7 * 7 * 256),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 4, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 7, padding="same", activation="tanh"),
        ],
        name="cnn_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(128, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="cnn_discriminator",
    )
    return Pair(generator, discriminator)


def dcgan_pair(latent_dim: int = 100, channels: int = 3) -> Pair:
    """The 64x64 DCGAN of UW's tables: 3,576,704 trainable parameters in G and 2,765,568 in D.

    Source: University of Washington, Lab 7, part 4, both tables; weights from N(0, 0.02) as Radford et al. 2015,
    section 4.
    """

    def convolution(kind: type[layers.Layer], filters: int, *, strides: int, padding: str) -> layers.Layer:
        return kind(filters, 4, strides=strides, padding=padding, use_bias=False, kernel_initializer=_small_normal())

    blocks: list[layers.Layer] = []
    for filters, strides, padding in ((512, 1, "valid"), (256, 2, "same"), (128, 2, "same"), (64, 2, "same")):
        blocks += [
            convolution(layers.Conv2DTranspose, filters, strides=strides, padding=padding),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            layers.ReLU(),
        ]
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Reshape((1, 1, latent_dim)),
            *blocks,
            convolution(layers.Conv2DTranspose, channels, strides=2, padding="same"),
            layers.Activation("tanh"),
        ],
        name="dcgan_generator",
    )
    blocks = [convolution(layers.Conv2D, 64, strides=2, padding="same"), layers.LeakyReLU(0.2)]
    for filters in (128, 256, 512):
        blocks += [
            convolution(layers.Conv2D, filters, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            layers.LeakyReLU(0.2),
        ]
    discriminator = keras.Sequential(
        [
            keras.Input((64, 64, channels)),
            *blocks,
            convolution(layers.Conv2D, 1, strides=1, padding="valid"),
            layers.Flatten(),
        ],
        name="dcgan_discriminator",
    )
    return Pair(generator, discriminator)


def light_dcgan_pair(latent_dim: int = 64, channels: int = 1) -> Pair:
    """A DCGAN for 28x28 images that reaches good digits on two processor cores.

    Beside the convolutions each network has one hidden dense layer, which Radford et al. leave out. It costs little
    here and makes the networks see a digit as a whole: D's second convolution sees only 10x10 pixels at a time, so
    without the dense layer D can only add up what it finds in such patches. Train it with Adam(4e-4, 0.5) and batches
    of 64.

    Source: the rules of Radford et al. 2015, section 3, but for the dense layers.
    """
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(256, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(7 * 7 * 64, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(32, 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2DTranspose(channels, 4, strides=2, padding="same", activation="tanh"),
        ],
        name="light_dcgan_generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, channels)),
            layers.Conv2D(32, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(64, 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(128),
            layers.LeakyReLU(0.2),
            layers.Dense(1),
        ],
        name="light_dcgan_discriminator",
    )
    return Pair(generator, discriminator)


def anime_pair(latent_dim: int = 200) -> Pair:
    """Practical 8's pair for 100x100 RGB images: G 33,011,136 parameters, D 1,576,065.

    97 % of G's parameters are in its first layer. LeakyReLU has Keras' slope 0.3 where the document names none.

    Source: Practical 8, sections 2 and 3.
    """

    def upsample(filters: int) -> list[layers.Layer]:
        return [
            layers.Conv2DTranspose(filters, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
        ]

    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(25 * 25 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
            layers.Reshape((25, 25, 256)),
            *upsample(128),
            *upsample(64),
            layers.Conv2DTranspose(3, 3, padding="same", use_bias=False, activation="tanh"),
        ],
        name="anime_generator",
    )
    blocks: list[layers.Layer] = []
    for filters, slope in ((64, 0.3), (128, 0.3), (256, 0.2), (512, 0.2)):
        blocks += [
            layers.Conv2D(filters, 3, strides=2, padding="same"),
            layers.LeakyReLU(slope),
            layers.Dropout(0.3),
        ]
    discriminator = keras.Sequential(
        [keras.Input((100, 100, 3)), *blocks, layers.Flatten(), layers.Dense(1)], name="anime_discriminator"
    )
    return Pair(generator, discriminator)


def toy_pair(latent_dim: int = 2, hidden: int = 128) -> Pair:
    """A pair for points in the plane: two hidden layers each."""

    def network(inputs: int, outputs: int, name: str) -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((inputs,)),
                layers.Dense(hidden, activation="relu"),
                layers.Dense(hidden, activation="relu"),
                layers.Dense(outputs),
            ],
            name=name,
        )

    return Pair(network(latent_dim, 2, "toy_generator"), network(2, 1, "toy_discriminator"))


def discriminator_from_encoder(encoder: keras.Model) -> keras.Model:
    """The trunk of a VAE's encoder with one score on top of it in place of mean and log variance.

    The trunk is a copy: training the discriminator leaves the encoder as it is.

    Args:
        encoder: from ``dense_encoder`` or ``conv_encoder``; its layer ``hidden`` is the end of the trunk.

    Returns:
        A model from images (batch, *image_shape) to logits (batch, 1), named ``discriminator``.

    Raises:
        ValueError: the encoder has no layer ``hidden``.
    """
    copy = keras.models.clone_model(encoder)
    copy.set_weights(encoder.get_weights())
    logits = layers.Dense(1, name="logit")(copy.get_layer("hidden").output)
    return keras.Model(copy.inputs[0], logits, name="discriminator")


def assemble_gan(generator: keras.Model, discriminator: keras.Model) -> keras.Model:
    """D(G(z)) as one model from noise (batch, latent_dim) to logits (batch, 1); it shares the weights of both.

    Args:
        generator: from noise to images.
        discriminator: from images of that shape to logits.

    Raises:
        ValueError: the discriminator takes another shape of images than the generator makes.
    """
    noise = keras.Input(generator.input_shape[1:], name="noise")
    return keras.Model(noise, discriminator(generator(noise)), name="gan")


def _small_normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)


@keras.saving.register_keras_serializable(package="labhelpers")
class PositionEmbedding(layers.Layer):
    """Adds a trained vector to every token, one for each position; otherwise attention cannot tell positions apart.

    Takes and gives (batch, tokens, features).

    Source: Dosovitskiy et al. 2021, section 3.1.
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """One vector for each position."""
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.positions = self.add_weight(tuple(input_shape[1:]), initializer=small, name="positions")

    def call(self, tokens: Tensor) -> Tensor:
        """Tokens with their positions added."""
        return tokens + self.positions


@keras.saving.register_keras_serializable(package="labhelpers")
class Patchify(layers.Layer):
    """Cuts images into square patches: (batch, height, width, channels) to (batch, patches, patch * patch * channels).

    Patches come row by row, and so do the pixels inside a patch.

    Args:
        patch: side of a patch in pixels.

    Raises:
        ValueError: the sides of the image are no multiples of the patch.

    Source: Dosovitskiy et al. 2021, section 3.1.
    """

    def __init__(self, patch: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patch = patch

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Check that the image can be cut."""
        _, height, width, _ = input_shape
        if height is None or width is None or height % self.patch or width % self.patch:
            raise ValueError(
                f"Images of {height}x{width} cannot be cut into patches of {self.patch}x{self.patch}: both sides must "
                "be multiples of the patch. Choose another patch, or pad the images."
            )

    def call(self, images: Tensor) -> Tensor:
        """Patches of the images."""
        _, height, width, channels = images.shape
        rows, columns = height // self.patch, width // self.patch
        cut = keras.ops.reshape(images, (-1, rows, self.patch, columns, self.patch, channels))
        ordered = keras.ops.transpose(cut, (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(ordered, (-1, rows * columns, self.patch * self.patch * channels))

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        return {**super().get_config(), "patch": self.patch}


@keras.saving.register_keras_serializable(package="labhelpers")
class Unpatchify(layers.Layer):
    """Puts patches back together into images: the inverse of ``Patchify``.

    Args:
        image_shape: (height, width, channels) of the images.
        patch: side of a patch in pixels.

    Raises:
        ValueError: the patches do not fill the image.
    """

    def __init__(self, image_shape: ImageShape = (28, 28, 1), patch: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.patch = patch

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Check that the patches fill the image."""
        height, width, channels = self.image_shape
        expected = ((height // self.patch) * (width // self.patch), self.patch * self.patch * channels)
        if tuple(input_shape[1:]) != expected or height % self.patch or width % self.patch:
            raise ValueError(
                f"{tuple(input_shape[1:])} are not the patches of a {height}x{width}x{channels} image, expected "
                f"{expected} for patches of {self.patch}x{self.patch}. Change the layer before this one."
            )

    def call(self, patches: Tensor) -> Tensor:
        """Images made of the patches."""
        height, width, channels = self.image_shape
        rows, columns = height // self.patch, width // self.patch
        cut = keras.ops.reshape(patches, (-1, rows, columns, self.patch, self.patch, channels))
        return keras.ops.reshape(keras.ops.transpose(cut, (0, 1, 3, 2, 4, 5)), (-1, height, width, channels))

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        return {**super().get_config(), "image_shape": self.image_shape, "patch": self.patch}


def transformer_pair(latent_dim: int = 100) -> Pair:
    """Lab 2's transformer pair for 28x28 images, made to work: G 1,052,737 parameters, D 1,075,585.

    Two things differ from the document, which cannot work as it stands: the positions are trained, and D cuts the image
    into 49 patches of 4x4 and projects each to 128 features.

    Source: Lab 2, part 2.
    """
    noise = keras.Input((latent_dim,))
    tokens = layers.Reshape((49, 128))(layers.Dense(49 * 128, activation="relu")(noise))
    tokens = PositionEmbedding(name="positions")(tokens)
    tokens = layers.MultiHeadAttention(num_heads=4, key_dim=128, name="attention")(tokens, tokens)
    tokens = layers.LayerNormalization()(tokens)
    tokens = layers.Dense(128, activation="relu")(tokens)
    tokens = layers.LayerNormalization()(tokens)
    x = layers.Reshape((7, 7, 128))(tokens)
    x = layers.Conv2DTranspose(64, 4, strides=2, padding="same", activation="relu")(x)
    fake_images = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")(x)

    images = keras.Input((28, 28, 1))
    tokens = layers.Dense(128, activation="relu")(Patchify(4)(images))
    tokens = PositionEmbedding(name="positions")(tokens)
    tokens = layers.MultiHeadAttention(num_heads=4, key_dim=128, name="attention")(tokens, tokens)
    tokens = layers.LayerNormalization()(tokens)
    logits = layers.Dense(1)(layers.Dense(128, activation="relu")(layers.Flatten()(tokens)))
    return Pair(
        keras.Model(noise, fake_images, name="transformer_generator"),
        keras.Model(images, logits, name="transformer_discriminator"),
    )


def light_transformer_pair(
    latent_dim: int = 64, image_shape: ImageShape = (28, 28, 1), *, patch: int = 7, width: int = 128, blocks: int = 1
) -> Pair:
    """A transformer pair that learns digits on two processor cores: G 274,225 parameters, D 143,233, no convolution.

    Attention and feed-forward layers are added to their input (residual), with the norm in front of them. Train it with
    Adam(5e-4, 0.5, 0.99) for both, batches of 64, an average of G (``ema=0.995``), and the non-saturating loss with an
    R1 penalty of gamma 0.5: on MNIST FID 21.0 after 1,564 steps (10,000 samples, our judge). Without the penalty a step
    costs little more than half, and the same FID takes 2,814 steps; the rarest digit is then three times as rare.
    Hidden dense layers (256 units before G's tokens, 128 after D's) kept FID above 220 for the first 200 to 600 steps.

    Args:
        latent_dim: length of a noise vector.
        image_shape: (height, width, channels), both sides multiples of the patch.
        patch: side of a patch in pixels.
        width: features of a token.
        blocks: transformer blocks in each network.

    Source: Dosovitskiy et al. 2021, section 3.1 (blocks); Jiang et al. 2021 (TransGAN), section 3.1.
    """
    height, image_width, channels = image_shape
    count, pixels = (height // patch) * (image_width // patch), patch * patch * channels

    noise = keras.Input((latent_dim,))
    tokens = layers.Reshape((count, width))(layers.Dense(count * width)(noise))
    tokens = PositionEmbedding(name="positions")(tokens)
    for number in range(blocks):
        tokens = _transformer_block(tokens, width, f"block_{number}")
    tokens = layers.Dense(pixels, activation="tanh")(layers.LayerNormalization()(tokens))
    fake_images = Unpatchify(image_shape, patch)(tokens)

    images = keras.Input(image_shape)
    tokens = layers.Dense(width)(Patchify(patch)(images))
    tokens = PositionEmbedding(name="positions")(tokens)
    for number in range(blocks):
        tokens = _transformer_block(tokens, width, f"block_{number}")
    logits = layers.Dense(1)(layers.Flatten()(layers.LayerNormalization()(tokens)))
    return Pair(
        keras.Model(noise, fake_images, name="light_transformer_generator"),
        keras.Model(images, logits, name="light_transformer_discriminator"),
    )


def _transformer_block(tokens: Tensor, width: int, name: str) -> Tensor:
    normed = layers.LayerNormalization()(tokens)
    tokens = tokens + layers.MultiHeadAttention(4, width // 4, name=f"{name}_attention")(normed, normed)
    hidden = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization()(tokens))
    return tokens + layers.Dense(width)(hidden)


@keras.saving.register_keras_serializable(package="labhelpers")
class ReconstructionEnergy(layers.Layer):
    """How badly an autoencoder gives back its input: from ``(images, reconstructions)`` to (batch, 1).

    Args:
        kind: ``"l2"``, the Euclidean norm of the error over all pixels (EBGAN), or ``"l1"``, its mean absolute value
            (BEGAN).

    Raises:
        ValueError: the kind is another one.

    Source: Zhao et al. 2017, section 2; Berthelot et al. 2017, section 3, with eta = 1.
    """

    def __init__(self, kind: str = "l2", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kind not in ("l1", "l2"):
            raise ValueError(f'The energy is {kind!r}, expected "l2" (EBGAN) or "l1" (BEGAN).')
        self.kind = kind

    def call(self, pair: Sequence[Tensor]) -> Tensor:
        """The energy of each image."""
        images, reconstructions = pair
        error = keras.ops.reshape(reconstructions - images, (-1, math.prod(images.shape[1:])))
        if self.kind == "l1":
            return keras.ops.mean(keras.ops.abs(error), axis=1, keepdims=True)
        squared = keras.ops.sum(keras.ops.square(error), axis=1, keepdims=True)
        # The root's gradient is infinite at 0; cut there, it is 0.
        return keras.ops.sqrt(keras.ops.maximum(squared, 1e-12))

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this layer."""
        return {**super().get_config(), "kind": self.kind}


def autoencoder_discriminator(
    data_shape: Sequence[int] = (28, 28, 1), *, hidden: int = 256, code_dim: int = 32, energy: str = "l2"
) -> keras.Model:
    """A dense autoencoder whose error is the score, for EBGAN and BEGAN.

    Args:
        data_shape: (height, width, channels), or (2,) for points.
        hidden: units of the layer on each side of the code.
        code_dim: length of the code.
        energy: ``"l2"`` for EBGAN, ``"l1"`` for BEGAN.

    Returns:
        A network from images to ``{"energy": (batch, 1), "code": (batch, code_dim)}``.

    Source: Zhao et al. 2017, section 2; Berthelot et al. 2017, section 3.
    """
    images = keras.Input(tuple(data_shape))
    x = layers.LeakyReLU(0.2)(layers.Dense(hidden)(layers.Flatten()(images)))
    code = layers.Dense(code_dim, name="code")(x)
    x = layers.LeakyReLU(0.2)(layers.Dense(hidden)(layers.LeakyReLU(0.2)(code)))
    reconstructions = layers.Reshape(tuple(data_shape))(layers.Dense(math.prod(data_shape))(x))
    scores = {"energy": ReconstructionEnergy(energy, name="energy")([images, reconstructions]), "code": code}
    return keras.Model(images, scores, name="autoencoder_discriminator")
