"""Convolutional pairs: those of the course documents, and light ones for two processor cores."""

from __future__ import annotations

import keras
from keras import layers

from labhelpers.models.pair import Pair
from labhelpers.models.sizes import sizes_of


def cnn_pair(latent_dim: int = 100) -> Pair:
    """Lab 2's convolutional pair for 28x28 images: G 1,925,633 parameters, D 138,561.

    Args:
        latent_dim: length of a noise vector.

    Returns:
        G from noise (batch, latent_dim) to images (batch, 28, 28, 1) in [-1, 1]; D from such images to
        logits (batch, 1).

    Source: Lab 2, part 1, without the sigmoid: the losses take logits.
    """
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(7 * 7 * 256),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(
                128, 4, strides=2, padding="same", activation="relu"
            ),
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

    Args:
        latent_dim: length of a noise vector.
        channels: 3 for colour, 1 for grey; the counts are those of 3.

    Returns:
        G from noise (batch, latent_dim) to images (batch, 64, 64, channels) in [-1, 1]; D from such images to
        logits (batch, 1).

    Source: University of Washington, Lab 7, part 4, both tables; weights from N(0, 0.02) as Radford et al. 2015,
    section 4.
    """

    def convolution(
        kind: type[layers.Layer], filters: int, *, strides: int, padding: str
    ) -> layers.Layer:
        return kind(
            filters,
            4,
            strides=strides,
            padding=padding,
            use_bias=False,
            kernel_initializer=_small_normal(),
        )

    blocks: list[layers.Layer] = []
    for filters, strides, padding in (
        (512, 1, "valid"),
        (256, 2, "same"),
        (128, 2, "same"),
        (64, 2, "same"),
    ):
        blocks += [
            convolution(
                layers.Conv2DTranspose, filters, strides=strides, padding=padding
            ),
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
    blocks = [
        convolution(layers.Conv2D, 64, strides=2, padding="same"),
        layers.LeakyReLU(0.2),
    ]
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
    without the dense layer D can only add up what it finds in such patches. Train it with Adam(8e-4, 0.5, 0.99),
    batches of 64 and R1 of weight 0.5 in every fourth step, and draw with an average of G's weights (decay 0.995);
    ``benchmarks/dcgan.py`` shows what it gets.

    Args:
        latent_dim: length of a noise vector.
        channels: of the images.

    Returns:
        G from noise (batch, latent_dim) to images (batch, 28, 28, channels) in [-1, 1]; D from such images to
        logits (batch, 1).

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
            layers.Conv2DTranspose(
                channels, 4, strides=2, padding="same", activation="tanh"
            ),
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

    Args:
        latent_dim: length of a noise vector.

    Returns:
        G from noise (batch, latent_dim) to images (batch, 100, 100, 3) in [-1, 1]; D from such images to
        logits (batch, 1).

    Source: Practical 8, sections 2 and 3.
    """

    def upsample(filters: int) -> list[layers.Layer]:
        return [
            layers.Conv2DTranspose(
                filters, 3, strides=2, padding="same", use_bias=False
            ),
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
            layers.Conv2DTranspose(
                3, 3, padding="same", use_bias=False, activation="tanh"
            ),
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
        [keras.Input((100, 100, 3)), *blocks, layers.Flatten(), layers.Dense(1)],
        name="anime_discriminator",
    )
    return Pair(generator, discriminator)


def light_face_pair(
    image_size: int = 48,
    latent_dim: int = 64,
    *,
    channels: int = 3,
    filters: int = 24,
    doublings: int | None = None,
) -> Pair:
    """A pair for square images of any size, sized by ``sizes_of``; at 48x48 it learns faces in minutes on two cores.

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
            layers.Conv2DTranspose(
                width[step], 4, strides=2, padding="same", use_bias=False
            ),
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

    discriminator_layers: list[layers.Layer] = [
        keras.Input((image_size, image_size, channels))
    ]
    for step in range(steps):
        discriminator_layers += [
            layers.Conv2D(width[step], 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
        ]
    discriminator_layers += [
        layers.Flatten(),
        layers.Dense(128),
        layers.LeakyReLU(0.2),
        layers.Dense(1),
    ]
    return Pair(
        keras.Sequential(generator_layers, name="light_face_generator"),
        keras.Sequential(discriminator_layers, name="light_face_discriminator"),
    )


def _small_normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
