"""The variational autoencoder: its step, bounds on log p(x), training, saving."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import models, training

SHAPE = (4, 4, 1)


def _vae(latent_dim: int = 2, **options: Any) -> training.VAE:
    keras.utils.set_random_seed(1)
    vae = training.VAE(
        models.dense_encoder(SHAPE, latent_dim, 8), models.dense_decoder(SHAPE, latent_dim, 8), **options
    )
    vae.compile(keras.optimizers.Adam(0.01), steps_per_execution=2, jit_compile=False)
    return vae


def _images(count: int = 20) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 1, (count, *SHAPE)).astype(np.float32)


def test_a_step_descends_and_touches_both_networks() -> None:
    vae = _vae()
    before = [v.numpy() for v in vae.trainable_variables]
    epsilon = np.zeros((20, 2), np.float32)
    first = training.vae_step(vae.encoder, vae.decoder, vae.optimizer, _images(), epsilon, 1.0)
    for _ in range(30):
        last = training.vae_step(vae.encoder, vae.decoder, vae.optimizer, _images(), epsilon, 1.0)
    assert float(last["loss"]) < float(first["loss"])
    assert all((b != a.numpy()).any() for b, a in zip(before, vae.trainable_variables, strict=True))


def test_the_same_seed_gives_the_same_training() -> None:
    def weights() -> list[np.ndarray]:
        vae = _vae()
        history = vae.fit(_images(), batch_size=8, epochs=2, progress=False).history
        assert set(history) == set(vae.step_history) == {"loss", "reconstruction", "kl"}
        return [v.numpy() for v in vae.trainable_variables]

    for one, other in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_it_cannot_take_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="ends in sigmoid"):
        _vae().fit(_images() * 2 - 1, progress=False)
    with pytest.raises(ValueError, match=r"VAE\.fit got 2 array\(s\), expected 1: images"):
        _vae().fit(_images(), np.zeros(20), progress=False)


def test_elbo_is_minus_its_parts_and_leaves_beta_out() -> None:
    images = _images(50)
    parts = _vae(beta=9.0).elbo(images, batch_size=16)
    assert parts["elbo"] == pytest.approx(-parts["reconstruction"] - parts["kl"])
    plain = _vae(beta=0.0).elbo(images, batch_size=16)
    assert plain == pytest.approx(parts, rel=1e-6)


def test_importance_weighting_tightens_the_bound() -> None:
    """With one sample both bounds have the same mean; 200 copies of the images keep the noise below 0.2 nats."""
    vae = _vae()
    vae.fit(_images(64), batch_size=8, epochs=20, progress=False)
    images = np.repeat(_images(20), 200, axis=0)
    elbo = vae.elbo(images)["elbo"]
    assert vae.importance_weighted_bound(images, samples=1) == pytest.approx(elbo, abs=0.2)
    assert vae.importance_weighted_bound(images[:200], samples=50) > vae.elbo(images[:200])["elbo"]


def test_the_bound_is_exact_for_a_linear_model_with_its_true_posterior() -> None:
    """A decoder that ignores z has log p(x) in closed form, and the prior is its exact posterior: no gap at all."""
    vae = _vae()
    for network in (vae.encoder, vae.decoder):
        for variable in network.trainable_variables:
            variable.assign(tf.zeros_like(variable))
    images = _images(10)
    assert vae.importance_weighted_bound(images, samples=3) == pytest.approx(-16 * math.log(2), rel=1e-5)
    assert vae.elbo(images)["elbo"] == pytest.approx(-16 * math.log(2), rel=1e-5)


def test_save_and_load(tmp_path: Path) -> None:
    vae = _vae(beta=0.5)
    vae.fit(_images(), batch_size=8, epochs=1, progress=False)
    path = tmp_path / "vae.keras"
    vae.save(path)
    loaded = keras.saving.load_model(path)
    assert isinstance(loaded, training.VAE)
    assert loaded.beta == 0.5
    np.testing.assert_array_equal(loaded.reconstruct(_images()), vae.reconstruct(_images()))
    np.testing.assert_array_equal(vae(_images()), vae.reconstruct(_images()))
    codes = np.zeros((3, 2), np.float32)
    np.testing.assert_array_equal(loaded.sample(codes), vae.sample(codes))
    assert 0 <= vae.sample(codes).min() <= vae.sample(codes).max() <= 1
    loaded.compile(jit_compile=False)
    loaded.fit(_images(), batch_size=8, epochs=1, progress=False)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_xla_trains_to_the_same_place(jit_compile: bool) -> None:
    vae = _vae()
    vae.compile(keras.optimizers.Adam(0.01), jit_compile=jit_compile)
    vae.fit(_images(), batch_size=10, epochs=2, progress=False)
    assert vae.step_history["loss"][-1] == pytest.approx(11.6, abs=0.6)
