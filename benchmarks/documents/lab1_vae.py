"""Lab 1's variational autoencoder with the loss as the document prints it, and with the KL line repaired.

Run ``LABS_DATA=... python benchmarks/documents/lab1_vae.py [--epochs 20] [--seeds 0 1]``; 20 epochs are the document's
own. Layers, data range, batches, optimizer and loop are the document's: dense 784-256-(2, 2) and 2-256-784, images in
[0, 1], a shuffled ``tf.data`` pipeline, Adam at its defaults, one ``tf.function`` for the step. Printed are the
document's own line (the loss of an epoch's last batch, 96 images) at some epochs, and, over the 10,000 test images, the
two parts in nats per image, how far the codes spread, and how much the reconstructions of different images differ: the
standard deviation of a pixel over the images, averaged over the pixels.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers import data, losses

BATCH_SIZE = 128
LATENT_DIM = 2


def networks() -> tuple[keras.Model, keras.Model]:
    """The document's encoder and decoder."""
    images = keras.Input((28, 28, 1))
    hidden = layers.Dense(256, activation="relu")(layers.Flatten()(images))
    encoder = keras.Model(images, [layers.Dense(LATENT_DIM)(hidden), layers.Dense(LATENT_DIM)(hidden)])
    decoder = keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            layers.Dense(256, activation="relu"),
            layers.Dense(28 * 28, activation="sigmoid"),
            layers.Reshape((28, 28, 1)),
        ]
    )
    return encoder, decoder


def printed_loss(images: Any, reconstructions: Any, mean: Any, log_var: Any) -> Any:
    """The reconstruction is a mean over the batch, KL a sum over it."""
    reconstruction = tf.reduce_mean(keras.losses.binary_crossentropy(images, reconstructions)) * 28 * 28
    return reconstruction - 0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var))


def repaired_loss(images: Any, reconstructions: Any, mean: Any, log_var: Any) -> Any:
    """Both parts are means over the batch."""
    reconstruction = tf.reduce_mean(keras.losses.binary_crossentropy(images, reconstructions)) * 28 * 28
    return reconstruction + tf.reduce_mean(losses.kl_divergence(mean, log_var))


def train(loss_function: Any, train_images: np.ndarray, epochs: int, seed: int) -> tuple[keras.Model, keras.Model]:
    """The document's loop, with one of the two losses."""
    keras.utils.set_random_seed(seed)
    encoder, decoder = networks()
    optimizer = keras.optimizers.Adam()
    variables = encoder.trainable_variables + decoder.trainable_variables
    dataset = tf.data.Dataset.from_tensor_slices(train_images).shuffle(60_000).batch(BATCH_SIZE)

    @tf.function
    def train_step(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            mean, log_var = encoder(batch)
            z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
            loss = loss_function(batch, decoder(z), mean, log_var)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    for epoch in range(1, epochs + 1):
        for batch in dataset:
            loss = train_step(batch)
        if epoch in {1, 2, 4, 10, epochs}:
            print(f"  epoch {epoch:2d}, loss of the last batch {float(loss):.2f}", flush=True)
    return encoder, decoder


def report(encoder: keras.Model, decoder: keras.Model, images: np.ndarray) -> None:
    """What came out, over the test images."""
    mean, log_var = encoder.predict(images, batch_size=1000, verbose=0)
    noise = np.random.default_rng(0).normal(size=mean.shape).astype(np.float32)
    decoded = decoder.predict(mean + np.exp(log_var / 2) * noise, batch_size=1000, verbose=0)
    reconstructed = decoder.predict(mean, batch_size=1000, verbose=0)
    kl = float(tf.reduce_mean(losses.kl_divergence(mean, log_var)))
    reconstruction = float(tf.reduce_mean(losses.reconstruction_loss(images, decoded)))
    print(f"  test images: reconstruction {reconstruction:.1f} nats, KL {kl:.6f} nats")
    print(f"  standard deviation of the mean codes {mean.std():.4f}")
    print(f"  a pixel's spread over images {images.std(axis=0).mean():.4f}, over reconstructions ", end="")
    print(f"{reconstructed.std(axis=0).mean():.6f}, at most {reconstructed.std(axis=0).max():.6f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    images = data.load_mnist().scaled("sigmoid")
    average = np.clip(images.train.mean(axis=0), 1e-7, 1 - 1e-7)
    nats = -(images.test * np.log(average) + (1 - images.test) * np.log(1 - average))
    print(f"the average training image for every test image: {nats.sum(axis=(1, 2, 3)).mean():.1f} nats")
    for name, loss_function in (("as printed", printed_loss), ("KL repaired", repaired_loss)):
        for seed in options.seeds:
            print(f"{name}, seed {seed}, {options.epochs} epochs")
            start = time.perf_counter()
            trained = train(loss_function, images.train, options.epochs, seed)
            report(*trained, images.test)
            print(f"  {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
