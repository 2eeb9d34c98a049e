"""Losses of energies: D is an autoencoder, and its error on an image takes the place of a score.

D puts out ``{"energy": (batch, 1), "code": (batch, features)}``, as ``models.autoencoder_discriminator`` does.
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.core import (
    AdversarialLoss,
    ScoreFunction,
    Term,
    adam,
    registered_loss,
    registered_term,
)
from labhelpers.losses.seen import Seen

_mean_energies: Mapping[str, ScoreFunction] = {
    "real_energy": lambda real_energy, fake_energy: tf.reduce_mean(real_energy),
    "fake_energy": lambda real_energy, fake_energy: tf.reduce_mean(fake_energy),
}


@registered_loss
def ebgan(margin: float = 10.0, pull_away: float = 0.1) -> AdversarialLoss:
    """D's energy is low for real images and at least ``margin`` for fakes; G is paid for low energies.

    Args:
        margin: m; a fake with more energy than this is left alone, each for itself and not on average.
        pull_away: weight of the term that pushes the codes of the fakes apart; only G pays it.

    Source: Zhao et al. 2017, section 2. The margin depends on the scale of the energy: theirs is 10 on MNIST.
    """

    def discriminator(real_energy: Tensor, fake_energy: Tensor) -> Tensor:
        return tf.reduce_mean(real_energy) + tf.reduce_mean(
            tf.nn.relu(margin - fake_energy)
        )

    return AdversarialLoss(
        discriminator=discriminator,
        generator=lambda real_energy, fake_energy: tf.reduce_mean(fake_energy),
        formula=r"L_D = \mathbb{E} E(x) + \mathbb{E}[m - E(G)]_+, \quad L_G = \mathbb{E} E(G) "
        rf"+ {pull_away:g}\,\mathrm{{PT}}",
        source="Zhao et al. 2017, Energy-based Generative Adversarial Network, section 2",
        terms=(pull_away_term(pull_away),),
        reads="energy",
        generator_optimizer=adam(1e-3, 0.5),
        discriminator_optimizer=adam(1e-3, 0.5),
        monitors=_mean_energies,
    )


@registered_term
def pull_away_term(weight: float = 0.1) -> Term:
    """G pays for codes of its images that point the same way.

    Source: Zhao et al. 2017, section 2.
    """
    return Term(
        "generator",
        lambda seen: mean_squared_cosine(seen.fake["code"]),
        weight,
        formula=rf"{weight:g}\,\mathrm{{PT}}",
        source="Zhao et al. 2017, section 2",
    )


def mean_squared_cosine(codes: Tensor) -> Tensor:
    """Mean squared cosine between the codes of different images: 1 for equal ones, 0 for orthogonal ones.

    Args:
        codes: (batch, features).

    Returns:
        A scalar.
    """
    unit = tf.math.l2_normalize(codes, axis=1)
    all_pairs = tf.reduce_sum(tf.square(tf.matmul(unit, unit, transpose_b=True)))
    # Cutting out the diagonal with set_diag would not compile with XLA.
    with_itself = tf.reduce_sum(tf.square(tf.reduce_sum(tf.square(unit), axis=1)))
    count = tf.cast(tf.shape(codes)[0], codes.dtype)
    return tf.math.divide_no_nan(all_pairs - with_itself, count * (count - 1))


@registered_loss
def began(gamma: float = 0.5, rate: float = 0.001) -> AdversarialLoss:
    """D reconstructs real images well and fakes badly, as far as a controller lets it; G is paid for low energies.

    The energy is a mean absolute error. ``convergence`` is the paper's measure M: it falls as the samples get better.

    Args:
        gamma: diversity; lower means better looking and more alike.
        rate: how fast the controller's k moves.

    Source: Berthelot et al. 2017, section 3 (losses, k, M).
    """

    def convergence(real_energy: Tensor, fake_energy: Tensor) -> Tensor:
        return tf.reduce_mean(real_energy) + tf.abs(
            _imbalance(gamma, real_energy, fake_energy)
        )

    return AdversarialLoss(
        discriminator=lambda real_energy, fake_energy: tf.reduce_mean(real_energy),
        generator=lambda real_energy, fake_energy: tf.reduce_mean(fake_energy),
        formula=r"L_D = \mathbb{E} L(x) - k\,\mathbb{E} L(G), \quad L_G = \mathbb{E} L(G), \quad "
        r"k \leftarrow \mathrm{clip}(k + \lambda(\gamma L(x) - L(G)), 0, 1)",
        source="Berthelot et al. 2017, BEGAN: Boundary Equilibrium Generative Adversarial Networks, section 3",
        terms=(controlled_fakes(gamma, rate),),
        reads="energy",
        generator_optimizer=adam(1e-4, 0.9),
        discriminator_optimizer=adam(1e-4, 0.9),
        monitors={**_mean_energies, "convergence": convergence},
    )


@registered_term
def controlled_fakes(gamma: float = 0.5, rate: float = 0.001) -> Term:
    """D earns k times the energy of the fakes; k holds that energy at ``gamma`` times the real images'.

    Args:
        gamma: the ratio of both energies that k works for.
        rate: how fast k moves. It starts at 0 and stays in [0, 1].

    Source: Berthelot et al. 2017, section 3.3.
    """

    def amount(seen: Seen) -> tuple[Tensor, dict[str, Tensor]]:
        real_energy, fake_energy, k = (
            seen.real["energy"],
            seen.fake["energy"],
            seen.state["k"],
        )
        moved = tf.clip_by_value(
            k + rate * _imbalance(gamma, real_energy, fake_energy), 0.0, 1.0
        )
        return -k * tf.reduce_mean(fake_energy), {"k": moved}

    return Term(
        "discriminator",
        amount,
        formula=r"-k\,\mathbb{E} L(G)",
        source="Berthelot et al. 2017",
        keeps={"k": 0.0},
    )


def _imbalance(gamma: float, real_energy: Tensor, fake_energy: Tensor) -> Tensor:
    return gamma * tf.reduce_mean(real_energy) - tf.reduce_mean(fake_energy)
