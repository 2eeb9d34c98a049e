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
from labhelpers.training.conditional import ConditionalGAN, InfoGAN
from labhelpers.training.gan import GAN, adversarial_step
from labhelpers.training.saving import UntrustedFileError, load_trusted
from labhelpers.training.vae import VAE, sample_z, vae_step

__all__ = [
    "GAN",
    "VAE",
    "Checkpoints",
    "ConditionalGAN",
    "InfoGAN",
    "Quality",
    "SampleGrid",
    "StopOnNonFinite",
    "TimeBudget",
    "UntrustedFileError",
    "adversarial_step",
    "load_trusted",
    "resume",
    "sample_z",
    "save_checkpoint",
    "vae_step",
]
