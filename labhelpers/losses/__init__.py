"""Losses: functions of what networks put out, in nats where they are likelihoods."""

from labhelpers.losses.adversarial import AdversarialLoss, non_saturating, saturating
from labhelpers.losses.variational import kl_divergence, reconstruction_loss, vae_loss

__all__ = ["AdversarialLoss", "kl_divergence", "non_saturating", "reconstruction_loss", "saturating", "vae_loss"]
