"""Training steps, the Keras models that run them, callbacks, and checkpoints."""

from labhelpers.training.callbacks import (
    Quality,
    SampleGrid,
    StopOnNonFinite,
    TimeBudget,
)
from labhelpers.training.checkpoints import Checkpoints, resume, save_checkpoint
from labhelpers.training.conditional import ConditionalGAN, InfoGAN
from labhelpers.training.game import Game
from labhelpers.training.gan import GAN
from labhelpers.training.loading import UntrustedFileError, load_trusted
from labhelpers.training.stages import carry_weights
from labhelpers.training.step import Player, adversarial_step
from labhelpers.training.stopping import Interrupted, go_on
from labhelpers.training.vae import VAE, sample_z, vae_step

__all__ = [
    "GAN",
    "VAE",
    "Checkpoints",
    "ConditionalGAN",
    "Game",
    "InfoGAN",
    "Interrupted",
    "Player",
    "Quality",
    "SampleGrid",
    "StopOnNonFinite",
    "TimeBudget",
    "UntrustedFileError",
    "adversarial_step",
    "carry_weights",
    "go_on",
    "load_trusted",
    "resume",
    "sample_z",
    "save_checkpoint",
    "vae_step",
]
