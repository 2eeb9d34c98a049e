"""Losses: functions of what networks put out, in nats where they are likelihoods."""

from labhelpers.losses.variational import kl_divergence, reconstruction_loss, vae_loss

__all__ = ["kl_divergence", "reconstruction_loss", "vae_loss"]
