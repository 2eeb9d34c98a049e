"""The variational autoencoder: losses by hand, gradients, bounds, training, saving."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from labhelpers import losses, models, training
from labhelpers.losses.variational import gaussian_log_density, standard_normal_log_density
from labhelpers.training.base import StepLosses

SHAPE = (4, 4, 1)


def _vae(latent_dim=2, **options):
    keras.utils.set_random_seed(1)
    vae = training.VAE(
        models.dense_encoder(SHAPE, latent_dim, 8), models.dense_decoder(SHAPE, latent_dim, 8), **options
    )
    vae.compile(keras.optimizers.Adam(0.01), steps_per_execution=2, jit_compile=False)
    return vae


def _images(count=20):
    return np.random.default_rng(0).uniform(0, 1, (count, *SHAPE)).astype(np.float32)


def test_kl_by_hand():
    """1/2 (1 + 4 - 1 - log 4) + 1/2 (4 + 1 - 1 - 0) nats."""
    kl = losses.kl_divergence(tf.constant([[1.0, -2.0], [0.0, 0.0]]), tf.constant([[math.log(4), 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(kl, [0.5 * (4 - math.log(4)) + 2, 0], rtol=1e-6)


def test_kl_agrees_with_samples():
    """KL is the mean of log q - log p under q; 400,000 samples leave an error below 0.02 nats (5 standard errors)."""
    mean, log_var = tf.constant([[0.7, -1.0]]), tf.constant([[-0.5, 0.8]])
    noise = np.random.default_rng(0).normal(size=(400_000, 2)).astype(np.float32)
    z = training.sample_z(mean, log_var, noise)
    sampled = tf.reduce_mean(gaussian_log_density(z, mean, log_var) - standard_normal_log_density(z))
    assert float(sampled) == pytest.approx(float(losses.kl_divergence(mean, log_var)[0]), abs=0.02)


def test_reconstruction_by_hand_and_finite_at_the_ends():
    images = tf.constant([1.0, 0.0, 1.0, 1.0], shape=(2, 1, 2, 1))
    guesses = tf.constant([0.5, 0.5, 0.9, 0.8], shape=(2, 1, 2, 1))
    nats = losses.reconstruction_loss(images, guesses)
    np.testing.assert_allclose(nats, [2 * math.log(2), -math.log(0.9) - math.log(0.8)], rtol=1e-5)
    wrong = losses.reconstruction_loss(images, 1 - images)
    assert np.isfinite(wrong).all()
    assert (wrong.numpy() > 30).all()


def test_loss_weighs_kl_by_beta_and_does_not_depend_on_the_batch_size():
    images, codes = (
        tf.constant(_images(6)),
        tf.constant(np.random.default_rng(1).normal(size=(6, 2)).astype(np.float32)),
    )
    once = losses.vae_loss(images, images[::-1], codes, -codes, beta=3.0)
    assert float(once["loss"]) == pytest.approx(float(once["reconstruction"] + 3 * once["kl"]), rel=1e-6)
    doubled = [tf.concat([part, part], 0) for part in (images, images[::-1], codes, -codes)]
    for name, value in losses.vae_loss(*doubled, beta=3.0).items():
        assert float(value) == pytest.approx(float(once[name]), rel=1e-5)


def test_gradient_of_the_loss_against_finite_differences():
    """Central differences in float64 with h = 1e-6 have an error near 1e-9 here; 1e-6 relative leaves room."""
    rng = np.random.default_rng(0)
    images, weights = rng.uniform(0, 1, (3, 2, 2, 1)), rng.normal(size=(2, 4))
    epsilon, start = rng.normal(size=(3, 2)), rng.normal(size=(2, 3, 2))

    def loss(parameters):
        mean, log_var = tf.unstack(parameters)
        z = training.sample_z(mean, log_var, tf.constant(epsilon))
        guesses = tf.reshape(tf.sigmoid(z @ weights), (3, 2, 2, 1))
        return losses.vae_loss(tf.constant(images), guesses, mean, log_var, 0.7)["loss"]

    variable = tf.Variable(start)
    with tf.GradientTape() as tape:
        value = loss(variable)
    gradient = tape.gradient(value, variable).numpy()
    for index in np.ndindex(start.shape):
        step = np.zeros_like(start)
        step[index] = 1e-6
        difference = (loss(tf.constant(start + step)) - loss(tf.constant(start - step))) / 2e-6
        assert gradient[index] == pytest.approx(float(difference), rel=1e-6, abs=1e-8)


def test_builders_have_the_course_sizes():
    encoder, decoder = models.dense_encoder((28, 28, 1), 2), models.dense_decoder((28, 28, 1), 2)
    assert encoder.count_params() == 784 * 256 + 256 + 2 * (256 * 2 + 2)
    assert decoder.count_params() == 2 * 256 + 256 + 256 * 784 + 784
    assert [output.shape for output in encoder.outputs] == [(None, 2), (None, 2)]
    conv = models.conv_decoder((28, 28, 1), 3)
    assert conv.output_shape == (None, 28, 28, 1)
    assert [output.shape for output in models.conv_encoder((28, 28, 1), 3).outputs] == [(None, 3), (None, 3)]
    with pytest.raises(ValueError, match="30x28, expected multiples of 4"):
        models.conv_decoder((30, 28, 1), 2)


def test_a_step_descends_and_touches_both_networks():
    vae = _vae()
    before = [v.numpy() for v in vae.trainable_variables]
    epsilon = np.zeros((20, 2), np.float32)
    first = training.vae_step(vae.encoder, vae.decoder, vae.optimizer, _images(), epsilon, 1.0)
    for _ in range(30):
        last = training.vae_step(vae.encoder, vae.decoder, vae.optimizer, _images(), epsilon, 1.0)
    assert float(last["loss"]) < float(first["loss"])
    assert all((b != a.numpy()).any() for b, a in zip(before, vae.trainable_variables, strict=True))


def test_fit_keeps_every_step_and_means_of_epochs_with_a_partial_batch():
    vae = _vae()
    history = vae.fit(_images(21), batch_size=5, epochs=3, progress=False)
    assert set(history.history) == {"loss", "reconstruction", "kl"}
    for name, values in history.history.items():
        steps = np.array(vae.step_history[name]).reshape(3, 5)
        np.testing.assert_allclose(values, steps.mean(axis=1), rtol=1e-5)
    assert len(vae.epoch_seconds) == 3


def test_fit_sees_every_image_once_an_epoch_in_a_new_order():
    from labhelpers.training.base import batches

    epoch = tf.Variable(0)
    seed = tf.Variable([7, 0])
    data = batches(np.arange(10, dtype=np.float32)[:, None], 4, seed=seed, epoch=epoch)
    orders = []
    for number in (0, 1, 0):
        epoch.assign(number)
        parts = [part.numpy().ravel() for part in data]
        assert [len(part) for part in parts] == [4, 4, 2]
        orders.append(np.concatenate(parts).tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] != orders[1]
    assert orders[0] == orders[2]


def test_the_same_seed_gives_the_same_training():
    def weights():
        vae = _vae()
        vae.fit(_images(), batch_size=8, epochs=2, progress=False)
        return [v.numpy() for v in vae.trainable_variables]

    for one, other in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_larger_data_set_after_a_smaller_one():
    vae = _vae()
    vae.fit(_images(8), batch_size=4, epochs=1, progress=False)
    vae.fit(_images(40), batch_size=4, epochs=1, progress=False)
    assert len(vae.step_history["loss"]) == 12


def test_callbacks_of_keras_work():
    vae = _vae()
    stop = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e9, patience=1)
    history = vae.fit(_images(), batch_size=8, epochs=9, callbacks=[stop], progress=False)
    assert len(history.history["loss"]) == 2


def test_images_of_another_range_are_refused():
    with pytest.raises(ValueError, match="ends in sigmoid"):
        _vae().fit(_images() * 2 - 1, progress=False)


def test_elbo_is_minus_its_parts_and_leaves_beta_out():
    images = _images(50)
    parts = _vae(beta=9.0).elbo(images, batch_size=16)
    assert parts["elbo"] == pytest.approx(-parts["reconstruction"] - parts["kl"])
    plain = _vae(beta=0.0).elbo(images, batch_size=16)
    assert plain == pytest.approx(parts, rel=1e-6)


def test_importance_weighting_tightens_the_bound():
    """With one sample both bounds have the same mean; 200 copies of the images keep the noise below 0.2 nats."""
    vae = _vae()
    vae.fit(_images(64), batch_size=8, epochs=20, progress=False)
    images = np.repeat(_images(20), 200, axis=0)
    elbo = vae.elbo(images)["elbo"]
    assert vae.importance_weighted_bound(images, samples=1) == pytest.approx(elbo, abs=0.2)
    assert vae.importance_weighted_bound(images[:200], samples=50) > vae.elbo(images[:200])["elbo"]


def test_the_bound_is_exact_for_a_linear_model_with_its_true_posterior():
    """A decoder that ignores z has log p(x) in closed form, and the prior is its exact posterior: no gap at all."""
    vae = _vae()
    for network in (vae.encoder, vae.decoder):
        for variable in network.trainable_variables:
            variable.assign(tf.zeros_like(variable))
    images = _images(10)
    assert vae.importance_weighted_bound(images, samples=3) == pytest.approx(-16 * math.log(2), rel=1e-5)
    assert vae.elbo(images)["elbo"] == pytest.approx(-16 * math.log(2), rel=1e-5)


def test_save_and_load(tmp_path):
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
    loaded.compile(jit_compile=False)
    loaded.fit(_images(), batch_size=8, epochs=1, progress=False)


def test_step_losses_are_means_so_far():
    metric = StepLosses(("a", "b"), capacity=3)
    metric.update_state({"a": 1.0, "b": 2.0})
    metric.update_state({"a": 3.0, "b": 2.0})
    assert {name: float(value) for name, value in metric.result().items()} == {"a": 2.0, "b": 2.0}
    np.testing.assert_array_equal(metric.by_step()["a"], [1.0, 3.0])
    metric.reset_state()
    assert metric.by_step()["a"].size == 0


@pytest.mark.parametrize("jit_compile", [False, True])
def test_xla_trains_to_the_same_place(jit_compile):
    vae = _vae()
    vae.compile(keras.optimizers.Adam(0.01), jit_compile=jit_compile)
    vae.fit(_images(), batch_size=10, epochs=2, progress=False)
    assert vae.step_history["loss"][-1] == pytest.approx(11.6, abs=0.6)
