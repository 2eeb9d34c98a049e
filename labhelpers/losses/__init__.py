"""Losses: values for the adversarial game, terms that are added to them, and the parts of a VAE's loss."""

from labhelpers.losses.core import (
    LOSSES,
    TERMS,
    AdversarialLoss,
    Term,
    adam,
    registered_loss,
    registered_term,
)
from labhelpers.losses.energies import began, ebgan, mean_squared_cosine
from labhelpers.losses.information import codes_error
from labhelpers.losses.penalties import gradient_penalty, r1, r2
from labhelpers.losses.scores import (
    hinge,
    least_squares,
    non_saturating,
    relativistic,
    saturating,
)
from labhelpers.losses.seen import Batch, Seen
from labhelpers.losses.variational import kl_divergence, reconstruction_loss, vae_loss
from labhelpers.losses.wasserstein import wgan, wgan_gp

__all__ = [
    "LOSSES",
    "TERMS",
    "AdversarialLoss",
    "Batch",
    "Seen",
    "Term",
    "adam",
    "began",
    "codes_error",
    "ebgan",
    "gradient_penalty",
    "hinge",
    "kl_divergence",
    "least_squares",
    "mean_squared_cosine",
    "non_saturating",
    "r1",
    "r2",
    "reconstruction_loss",
    "registered_loss",
    "registered_term",
    "relativistic",
    "saturating",
    "vae_loss",
    "wgan",
    "wgan_gp",
]
