"""The Wasserstein distance between real and fake images, from a critic that is kept from being steep."""

from __future__ import annotations

import dataclasses
import functools

import keras
import tensorflow as tf

from labhelpers.losses.core import AdversarialLoss, adam, mean_scores, registered_loss
from labhelpers.losses.penalties import gradient_penalty, relative_norm


@registered_loss
def wgan(clip_weights: float = 0.01, critic_steps: int = 5) -> AdversarialLoss:
    """The Wasserstein distance, from a critic kept smooth by small weights.

    The critic's loss is minus its estimate of the distance, so it rises towards 0 as the samples get better. The
    paper's code also takes 100 critic steps for each of the first 25 generator steps and for every 500th; this value
    does not.

    Args:
        clip_weights: the critic's trainable weights stay in [-clip_weights, clip_weights].
        critic_steps: critic steps for each generator step.

    Source: Arjovsky et al. 2017, algorithm 1.
    """
    rmsprop = functools.partial(keras.optimizers.RMSprop, 5e-5)
    return dataclasses.replace(
        _wasserstein(),
        source="Arjovsky et al. 2017, Wasserstein GAN, algorithm 1",
        clip_weights=clip_weights,
        critic_steps=critic_steps,
        generator_optimizer=rmsprop,
        discriminator_optimizer=rmsprop,
    )


@registered_loss
def wgan_gp(
    weight: float = 10.0, critic_steps: int = 5, target: float = 1.0
) -> AdversarialLoss:
    """The Wasserstein distance, from a critic whose gradient is held at norm 1 between real and fake images.

    The critic must not use batch norm: the penalty is on each image's own gradient.

    Args:
        weight: lambda, the weight of the penalty.
        critic_steps: critic steps for each generator step.
        target: the norm that the gradient is held at; the penalty is taken relative to it.

    Source: Gulrajani et al. 2017, algorithm 1; the relative target: the code of Karras et al. 2018 (ProGAN).
    """
    return dataclasses.replace(
        _wasserstein(),
        formula=r"L_D = \mathbb{E} f - \mathbb{E} r "
        rf"+ \lambda \mathbb{{E}}({relative_norm(target)} - 1)^2, \quad L_G = -\mathbb{{E}} f",
        source="Gulrajani et al. 2017, Improved Training of Wasserstein GANs, algorithm 1",
        terms=(gradient_penalty(weight, target),),
        critic_steps=critic_steps,
        generator_optimizer=adam(1e-4, 0.0, 0.9),
        discriminator_optimizer=adam(1e-4, 0.0, 0.9),
    )


def _wasserstein() -> AdversarialLoss:
    return AdversarialLoss(
        discriminator=lambda real_scores, fake_scores: (
            tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)
        ),
        generator=lambda real_scores, fake_scores: -tf.reduce_mean(fake_scores),
        formula=r"L_D = \mathbb{E} f - \mathbb{E} r, \quad L_G = -\mathbb{E} f",
        source="",
        monitors=mean_scores,
    )
