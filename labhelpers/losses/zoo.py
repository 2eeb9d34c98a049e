"""The zoo of GAN losses: least squares, Wasserstein, hinge, penalties on D's gradient, and energies of autoencoders.

Each is a value like those of ``labhelpers.losses.adversarial``, and runs in the same training step.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from labhelpers.losses.adversarial import (
    AdversarialLoss,
    Controller,
    Penalty,
    Tensor,
    adam,
    registered_loss,
)

_Discriminator = Callable[..., Tensor]


@registered_loss
def least_squares(fake_target: float = 0.0, real_target: float = 1.0, generator_target: float = 1.0) -> AdversarialLoss:
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
        return 0.5 * tf.reduce_mean(tf.square(real_logits - b)) + 0.5 * tf.reduce_mean(tf.square(fake_logits - a))

    # D's accuracies would ask for the border halfway between both targets, so the scores themselves are logged.
    return AdversarialLoss(
        discriminator=discriminator,
        generator=lambda real_logits, fake_logits: 0.5 * tf.reduce_mean(tf.square(fake_logits - c)),
        formula=rf"L_D = \tfrac12 \mathbb{{E}}(r - {b:g})^2 + \tfrac12 \mathbb{{E}}(f - {a:g})^2, \quad "
        rf"L_G = \tfrac12 \mathbb{{E}}(f - {c:g})^2",
        source="Mao et al. 2017, Least Squares Generative Adversarial Networks, equations 2, 8, 9",
        monitors=_scores,
    )


@registered_loss
def wgan(clip_weights: float = 0.01, critic_steps: int = 5) -> AdversarialLoss:
    """The Wasserstein distance, from a critic kept smooth by small weights.

    The critic's loss falls as the samples get better. The paper's code also takes 100 critic steps for each of the
    first 25 generator steps and for every 500th; this value does not.

    Args:
        clip_weights: the critic's trainable weights stay in [-clip_weights, clip_weights].
        critic_steps: critic steps a generator step.

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
def wgan_gp(weight: float = 10.0, critic_steps: int = 5, target: float = 1.0) -> AdversarialLoss:
    """The Wasserstein distance, from a critic whose gradient is held at norm 1 between real and fake images.

    The critic must not use batch norm: the penalty is on each image's own gradient.

    Args:
        weight: lambda, the weight of the penalty.
        critic_steps: critic steps a generator step.
        target: the norm that the gradient is held at; the penalty is taken relative to it.

    Source: Gulrajani et al. 2017, algorithm 1; the relative target: the code of Karras et al. 2018 (ProGAN).
    """
    return dataclasses.replace(
        _wasserstein(),
        formula=r"L_D = \mathbb{E} f - \mathbb{E} r "
        r"+ \lambda \mathbb{E}(\lVert \nabla_{\hat x} D(\hat x) \rVert - 1)^2, \quad L_G = -\mathbb{E} f",
        source="Gulrajani et al. 2017, Improved Training of Wasserstein GANs, algorithm 1",
        penalty=gradient_penalty(weight, target),
        critic_steps=critic_steps,
        generator_optimizer=adam(1e-4, 0.0, 0.9),
        discriminator_optimizer=adam(1e-4, 0.0, 0.9),
    )


@registered_loss
def hinge() -> AdversarialLoss:
    """D learns only from images that it does not yet place beyond its margin of 1.

    The optimizers are SAGAN's: D learns four times as fast as G, and no momentum.

    Source: Lim and Ye 2017 (Geometric GAN), section 3; Zhang et al. 2019 (SAGAN), equation 4 and section 4.
    """

    def discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_logits))

    return AdversarialLoss(
        discriminator=discriminator,
        generator=lambda real_logits, fake_logits: -tf.reduce_mean(fake_logits),
        formula=r"L_D = \mathbb{E}[1 - r]_+ + \mathbb{E}[1 + f]_+, \quad L_G = -\mathbb{E} f",
        source="Zhang et al. 2019, Self-Attention Generative Adversarial Networks, equation 4",
        generator_optimizer=adam(1e-4, 0.0, 0.9),
        discriminator_optimizer=adam(4e-4, 0.0, 0.9),
    )


@registered_loss
def with_r1(loss: AdversarialLoss, gamma: float = 10.0) -> AdversarialLoss:
    """Any loss, with a penalty on D's gradient at the real images: D may not change steeply where the data is.

    Args:
        loss: the loss that is penalised; a penalty of its own stays.
        gamma: weight; the penalty is ``gamma / 2`` times the mean squared norm of the gradient.

    Source: Mescheder et al. 2018, equation 9 (gamma 10 in their experiments).
    """
    own, r1 = loss.penalty, r1_penalty(gamma)

    def both(discriminator: _Discriminator, real_images: Tensor, fake_images: Tensor, mix: Tensor) -> Tensor:
        first = own(discriminator, real_images, fake_images, mix) if own else 0.0
        return first + r1(discriminator, real_images, fake_images, mix)

    return dataclasses.replace(
        loss,
        penalty=both,
        formula=loss.formula + r", \quad L_D \mathrel{+}= \tfrac{\gamma}{2} \mathbb{E} \lVert \nabla_x D(x) \rVert^2",
        source=loss.source
        + "; Mescheder et al. 2018, Which Training Methods for GANs do actually Converge?, equation 9",
    )


@registered_loss
def ebgan(margin: float = 10.0, pull_away: float = 0.1) -> AdversarialLoss:
    """D is an autoencoder; its error is the energy of an image, low for real ones and at least ``margin`` for fakes.

    D puts out ``{"energy": (batch, 1), "code": (batch, features)}``, as ``autoencoder_discriminator`` does.

    Args:
        margin: m; a fake with more energy than this is let alone, each for itself and not on average.
        pull_away: weight of the term that pushes the codes of the fakes apart; only G pays it.

    Source: Zhao et al. 2017, section 2. The margin depends on the scale of the energy: theirs is 10 on MNIST.
    """

    def discriminator(real: dict[str, Tensor], fake: dict[str, Tensor]) -> Tensor:
        return tf.reduce_mean(real["energy"]) + tf.reduce_mean(tf.nn.relu(margin - fake["energy"]))

    def generator(real: dict[str, Tensor], fake: dict[str, Tensor]) -> Tensor:
        return tf.reduce_mean(fake["energy"]) + pull_away * pull_away_term(fake["code"])

    return AdversarialLoss(
        discriminator=discriminator,
        generator=generator,
        formula=r"L_D = \mathbb{E} E(x) + \mathbb{E}[m - E(G)]_+, \quad L_G = \mathbb{E} E(G) + 0.1\,\mathrm{PT}",
        source="Zhao et al. 2017, Energy-based Generative Adversarial Network, section 2",
        generator_optimizer=adam(1e-3, 0.5),
        discriminator_optimizer=adam(1e-3, 0.5),
        monitors=_energies,
    )


@registered_loss
def began(gamma: float = 0.5, rate: float = 0.001) -> AdversarialLoss:
    """D is an autoencoder, and a controller k keeps the fakes' error at ``gamma`` times that of the real images.

    D puts out ``{"energy": (batch, 1), "code": ...}``, the energy as mean absolute error. ``convergence`` is the
    paper's measure M: it falls as the samples get better.

    Args:
        gamma: diversity; lower means better looking and more alike.
        rate: how fast k moves. It starts at 0 and stays in [0, 1].

    Source: Berthelot et al. 2017, section 3 (losses, k, M).
    """

    def discriminator(real: dict[str, Tensor], fake: dict[str, Tensor], k: Tensor) -> Tensor:
        return tf.reduce_mean(real["energy"]) - k * tf.reduce_mean(fake["energy"])

    def balance(real: dict[str, Tensor], fake: dict[str, Tensor]) -> Tensor:
        return gamma * tf.reduce_mean(real["energy"]) - tf.reduce_mean(fake["energy"])

    def convergence(real: dict[str, Tensor], fake: dict[str, Tensor]) -> Tensor:
        return tf.reduce_mean(real["energy"]) + tf.abs(balance(real, fake))

    return AdversarialLoss(
        discriminator=discriminator,
        generator=lambda real, fake: tf.reduce_mean(fake["energy"]),
        formula=r"L_D = \mathbb{E} L(x) - k\,\mathbb{E} L(G), \quad L_G = \mathbb{E} L(G), \quad "
        r"k \leftarrow \mathrm{clip}(k + \lambda(\gamma L(x) - L(G)), 0, 1)",
        source="Berthelot et al. 2017, BEGAN: Boundary Equilibrium Generative Adversarial Networks, section 3",
        controller=Controller(
            "k", 0.0, lambda k, real, fake: tf.clip_by_value(k + rate * balance(real, fake), 0.0, 1.0)
        ),
        generator_optimizer=adam(1e-4, 0.9),
        discriminator_optimizer=adam(1e-4, 0.9),
        monitors={**_energies, "convergence": convergence},
    )


def gradient_penalty(weight: float = 10.0, target: float = 1.0) -> Penalty:
    """``weight`` times the mean of ``((norm - target) / target)**2``, with the norm of D's gradient at mixed images.

    Each mixed image lies on the line from a real one to a fake one, at one random place for all of its pixels; the norm
    is over all pixels of an image.

    Raises:
        ValueError: D uses batch norm, where a gradient is not of one image alone.

    Source: Gulrajani et al. 2017, equation 3 and algorithm 1.
    """

    def penalty(discriminator: _Discriminator, real_images: Tensor, fake_images: Tensor, mix: Tensor) -> Tensor:
        _refuse_batch_norm(discriminator)
        share = tf.reshape(mix, [-1] + [1] * (real_images.shape.rank - 1))
        mixed = fake_images + tf.cast(share, real_images.dtype) * (real_images - fake_images)
        # Below 1e-12 the root's gradient is infinite, and 0 times infinite is NaN: cut there, it is 0.
        norm = tf.sqrt(tf.maximum(_squared_gradient(discriminator, mixed), 1e-12))
        return weight * tf.reduce_mean(tf.square((norm - target) / target))

    return penalty


def r1_penalty(gamma: float = 10.0) -> Penalty:
    """``gamma / 2`` times the mean squared norm of D's gradient at the real images.

    Source: Mescheder et al. 2018, equation 9.
    """

    def penalty(discriminator: _Discriminator, real_images: Tensor, fake_images: Tensor, mix: Tensor) -> Tensor:
        return gamma / 2 * tf.reduce_mean(_squared_gradient(discriminator, real_images))

    return penalty


def pull_away_term(codes: Tensor) -> Tensor:
    """Mean squared cosine between the codes of different images: 1 for equal ones, 0 for orthogonal ones.

    Args:
        codes: (batch, features).

    Source: Zhao et al. 2017, section 2.
    """
    unit = tf.math.l2_normalize(codes, axis=1)
    all_pairs = tf.reduce_sum(tf.square(tf.matmul(unit, unit, transpose_b=True)))
    # Cutting out the diagonal with set_diag would not compile with XLA.
    with_itself = tf.reduce_sum(tf.square(tf.reduce_sum(tf.square(unit), axis=1)))
    count = tf.cast(tf.shape(codes)[0], codes.dtype)
    return tf.math.divide_no_nan(all_pairs - with_itself, count * (count - 1))


def _wasserstein() -> AdversarialLoss:
    return AdversarialLoss(
        discriminator=lambda real_logits, fake_logits: tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits),
        generator=lambda real_logits, fake_logits: -tf.reduce_mean(fake_logits),
        formula=r"L_D = \mathbb{E} f - \mathbb{E} r, \quad L_G = -\mathbb{E} f",
        source="",
        monitors=_scores,
    )


def _squared_gradient(discriminator: _Discriminator, images: Tensor) -> Tensor:
    """Squared norm of D's gradient at each image, over all of its pixels: (batch,)."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(discriminator(images, training=True))
    gradient = tape.gradient(total, images)
    return tf.reduce_sum(tf.square(gradient), axis=list(range(1, images.shape.rank)))


def _refuse_batch_norm(discriminator: _Discriminator) -> None:
    network = getattr(discriminator, "network", discriminator)
    if not isinstance(network, keras.Model):
        return
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in network._flatten_layers()):
        raise ValueError(
            f"The critic {network.name!r} uses batch norm, which mixes the gradients of a batch, but the "
            "gradient penalty is on each image's own. Build it without BatchNormalization, or with LayerNormalization."
        )


_scores = {
    "real_score": lambda real_logits, fake_logits: tf.reduce_mean(real_logits),
    "fake_score": lambda real_logits, fake_logits: tf.reduce_mean(fake_logits),
}
_energies = {
    "real_energy": lambda real, fake: tf.reduce_mean(real["energy"]),
    "fake_energy": lambda real, fake: tf.reduce_mean(fake["energy"]),
}
