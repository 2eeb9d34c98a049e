"""Training steps, the Keras models that run them, and callbacks."""

from labhelpers.training.callbacks import SampleGrid
from labhelpers.training.vae import VAE, sample_z, vae_step

__all__ = ["VAE", "SampleGrid", "sample_z", "vae_step"]
