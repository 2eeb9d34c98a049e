"""Training steps, the Keras models that run them, and callbacks."""

from labhelpers.training.callbacks import (
    Checkpoints,
    Quality,
    SampleGrid,
    StopOnNonFinite,
    TimeBudget,
    resume,
    save_checkpoint,
)
from labhelpers.training.gan import GAN, adversarial_step
from labhelpers.training.vae import VAE, sample_z, vae_step

__all__ = [
    "GAN",
    "VAE",
    "Checkpoints",
    "Quality",
    "SampleGrid",
    "StopOnNonFinite",
    "TimeBudget",
    "adversarial_step",
    "resume",
    "sample_z",
    "save_checkpoint",
    "vae_step",
]
