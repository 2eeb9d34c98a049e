"""Penalties on D's gradient with respect to its input: terms that keep D from changing steeply."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.core import Term, parts_of, registered_term
from labhelpers.losses.seen import Seen


def _one_number_an_image(
    shape: tuple[Any, ...], seed: keras.random.SeedGenerator
) -> Tensor:
    return keras.random.uniform((shape[0],), seed=seed)


@registered_term
def gradient_penalty(weight: float = 10.0, target: float = 1.0) -> Term:
    """The mean of ``((norm - target) / target)**2``, with the norm of D's gradient at mixed images.

    Each mixed image lies on the line from a real one to a fake one, at one random place for all of its pixels; the norm
    is over all pixels of an image.

    Args:
        weight: lambda.
        target: the norm that the gradient is held at.

    Raises:
        ValueError: D uses batch norm, where a gradient is not of one image alone (when the step is run).

    Source: Gulrajani et al. 2017, equation 3 and algorithm 1; the relative target: the code of Karras et al. 2018.
    """

    def amount(seen: Seen) -> Tensor:
        _refuse_batch_norm(seen.networks.get("discriminator"))
        real_images, fake_images = seen.real_images, seen.fake_images
        share = tf.reshape(seen.drawn["mix"], [-1] + [1] * (real_images.shape.rank - 1))
        mixed = fake_images + tf.cast(share, real_images.dtype) * (
            real_images - fake_images
        )
        # Below 1e-12 the root's gradient is infinite, and 0 times infinite is NaN: cut there, it is 0.
        norm = tf.sqrt(tf.maximum(squared_gradient(seen.score, mixed), 1e-12))
        return tf.reduce_mean(tf.square((norm - target) / target))

    return Term(
        "discriminator",
        amount,
        weight,
        formula=rf"{weight:g}\, \mathbb{{E}}({relative_norm(target)} - 1)^2",
        source="Gulrajani et al. 2017, Improved Training of Wasserstein GANs, equation 3",
        draws={"mix": _one_number_an_image},
    )


@registered_term
def r1(gamma: float = 10.0, every: int = 1) -> Term:
    """``gamma / 2`` times the mean squared norm of D's gradient at the real images.

    Args:
        gamma: weight; 10 in the paper's experiments.
        every: steps of D between two payments; StyleGAN2 pays 16 times as much in every 16th step.

    Source: Mescheder et al. 2018, equation 9.
    """
    term = _zero_centred(
        gamma, every, lambda seen: seen.real_images, "D(x)", "equation 9"
    )
    # The penalty needs no random place. Drawing one keeps the order of the random numbers, and with it every figure
    # that the labs quote for a seed.
    return dataclasses.replace(term, draws={"mix": _one_number_an_image})


@registered_term
def r2(gamma: float = 10.0, every: int = 1) -> Term:
    """``gamma / 2`` times the mean squared norm of D's gradient at the fake images.

    Args:
        gamma: weight.
        every: steps of D between two payments.

    Source: Mescheder et al. 2018, equation 10.
    """
    return _zero_centred(
        gamma, every, lambda seen: seen.fake_images, "D(G(z))", "equation 10"
    )


def _zero_centred(
    gamma: float,
    every: int,
    images: Callable[[Seen], Tensor],
    score: str,
    equation: str,
) -> Term:
    return Term(
        "discriminator",
        lambda seen: tf.reduce_mean(squared_gradient(seen.score, images(seen))),
        gamma / 2,
        formula=rf"\tfrac{{{gamma:g}}}{{2}}\, \mathbb{{E}} \lVert \nabla_x {score} \rVert^2",
        source=f"Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, {equation}",
        every=every,
    )


def relative_norm(target: float) -> str:
    """The norm that ``gradient_penalty`` holds at 1, in LaTeX."""
    return r"\lVert \nabla_{\hat x} D(\hat x) \rVert" + (
        "" if target == 1 else f" / {target:g}"
    )


def squared_gradient(score: Callable[[Tensor], Any], images: Tensor) -> Tensor:
    """Squared norm of the gradient of D's score at each image, over all of its pixels.

    Args:
        score: from images to scores, or to a list of scores, whose sum is differentiated.
        images: (batch, ...).

    Returns:
        (batch,).
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.add_n([tf.reduce_sum(part) for part in parts_of(score(images))])
    gradient = tape.gradient(total, images)
    return tf.reduce_sum(tf.square(gradient), axis=list(range(1, images.shape.rank)))


def _refuse_batch_norm(network: Any) -> None:
    if not isinstance(network, keras.Model):
        return
    if any(
        isinstance(layer, keras.layers.BatchNormalization)
        for layer in network._flatten_layers()
    ):
        raise ValueError(
            f"The critic {network.name!r} uses batch norm, which mixes the gradients of a batch, but the "
            "gradient penalty is on each image's own. Build it without BatchNormalization, or with LayerNormalization."
        )
