"""Losses of D's raw scores: cross-entropies, least squares, hinge, and relativistic pairs."""

from __future__ import annotations

import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.core import AdversarialLoss, adam, mean_scores, registered_loss

_CROSS_ENTROPY = r"L_D = \mathbb{E}\,\log(1 + e^{-r}) + \mathbb{E}\,\log(1 + e^{f}), "


def _cross_entropy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
        tf.nn.softplus(fake_logits)
    )


@registered_loss
def non_saturating() -> AdversarialLoss:
    """The loss that GANs are trained with: G maximises log D(G(z)).

    Where D is sure that an image is fake, G's gradient is largest: just where G has most to learn.
    The optimizers are those of Radford et al. 2015, section 4.

    Source: Goodfellow et al. 2014, equation 1 for D and the end of section 3 for G.
    """
    return AdversarialLoss(
        discriminator=_cross_entropy,
        generator=lambda real_logits, fake_logits: tf.reduce_mean(
            tf.nn.softplus(-fake_logits)
        ),
        formula=_CROSS_ENTROPY + r"\quad L_G = \mathbb{E}\,\log(1 + e^{-f})",
        source="Goodfellow et al. 2014, Generative Adversarial Nets, section 3",
    )


@registered_loss
def saturating() -> AdversarialLoss:
    """The minimax game as it is written: G minimises log(1 - D(G(z))), the negative of D's own loss on the fakes.

    Where D is sure that an image is fake, G's gradient vanishes.

    Source: Goodfellow et al. 2014, equation 1.
    """
    return AdversarialLoss(
        discriminator=_cross_entropy,
        generator=lambda real_logits, fake_logits: (
            -tf.reduce_mean(tf.nn.softplus(fake_logits))
        ),
        formula=_CROSS_ENTROPY + r"\quad L_G = -\mathbb{E}\,\log(1 + e^{f})",
        source="Goodfellow et al. 2014, Generative Adversarial Nets, equation 1",
    )


@registered_loss
def least_squares(
    fake_target: float = 0.0, real_target: float = 1.0, generator_target: float = 1.0
) -> AdversarialLoss:
    """Squares instead of cross-entropies: a fake far on the right side of the border is still pulled towards it.

    Args:
        fake_target: a, what D should say to fakes.
        real_target: b, what D should say to real images.
        generator_target: c, what G wants D to say. (a, b, c) = (0, 1, 1) is the paper's choice in most experiments;
            (-1, 1, 0) makes the game minimise the Pearson chi-squared divergence.

    Source: Mao et al. 2017 (LSGAN), equations 2, 8 and 9. The raw score is used: a sigmoid would flatten the squares.
    """
    a, b, c = fake_target, real_target, generator_target

    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return 0.5 * tf.reduce_mean(tf.square(real_logits - b)) + 0.5 * tf.reduce_mean(
            tf.square(fake_logits - a)
        )

    # D's accuracies would ask for the border halfway between both targets, so the
    # scores themselves are logged.
    return AdversarialLoss(
        discriminator=discriminator,
        generator=lambda real_logits, fake_logits: (
            0.5 * tf.reduce_mean(tf.square(fake_logits - c))
        ),
        formula=rf"L_D = \tfrac12 \mathbb{{E}}(r - {b:g})^2 "
        rf"+ \tfrac12 \mathbb{{E}}(f - {a:g})^2, \quad "
        rf"L_G = \tfrac12 \mathbb{{E}}(f - {c:g})^2",
        source="Mao et al. 2017, Least Squares Generative Adversarial Networks, "
        "equations 2, 8, 9",
        monitors=mean_scores,
    )


@registered_loss
def hinge() -> AdversarialLoss:
    """D learns only from images that it does not yet place beyond its margin of 1.

    The optimizers are SAGAN's: D learns four times as fast as G, and no momentum.

    Source: Lim and Ye 2017 (Geometric GAN), section 3; Zhang et al. 2019 (SAGAN), equation 4 and section 4.
    """

    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(
            tf.nn.relu(1.0 + fake_logits)
        )

    return AdversarialLoss(
        discriminator=discriminator,
        generator=lambda real_logits, fake_logits: -tf.reduce_mean(fake_logits),
        formula=r"L_D = \mathbb{E}[1 - r]_+ + \mathbb{E}[1 + f]_+, \quad L_G = -\mathbb{E} f",
        source="Zhang et al. 2019, Self-Attention Generative Adversarial Networks, equation 4",
        generator_optimizer=adam(1e-4, 0.0, 0.9),
        discriminator_optimizer=adam(4e-4, 0.0, 0.9),
    )


@registered_loss
def relativistic() -> AdversarialLoss:
    """Each fake is compared with a real image: D raises the gap between their scores, G closes it.

    No fake can get away by being better than an absolute border, so a G that covers only some modes is never done.
    The paper pays it with both zero-centred penalties: ``relativistic().plus(r1(gamma), r2(gamma))``.

    Source: Jolicoeur-Martineau 2018, section 4 (RSGAN); Huang et al. 2024 (R3GAN), equation 2.
    """
    return AdversarialLoss(
        discriminator=lambda real_logits, fake_logits: tf.reduce_mean(
            tf.nn.softplus(fake_logits - real_logits)
        ),
        generator=lambda real_logits, fake_logits: tf.reduce_mean(
            tf.nn.softplus(real_logits - fake_logits)
        ),
        formula=r"L_D = \mathbb{E}\,\log(1 + e^{f - r}), \quad L_G = \mathbb{E}\,\log(1 + e^{r - f})",
        source="Huang et al. 2024, The GAN is dead; long live the GAN! A Modern Baseline GAN, equation 2",
        relativistic=True,
        monitors=mean_scores,
    )
