"""Practical 8's program as the document prints it, on 580 drawn faces, for a stated number of epochs; what came out.

Run ``python benchmarks/documents/practical8.py --epochs 3`` (about 2 s a step on one core; the document's own 500
epochs are 18,500 steps and want a GPU: ``--epochs 500``). ``--folder`` takes a folder of pictures instead.

As in the document: 100x100 images in [-1, 1] from ``image_dataset_from_directory``, batches of 16 (the last one of 580
has 4 images, and still 16 fakes), 200 noise values, its two networks, Adam(1e-4) with Keras' defaults for both, one
tape a network, no augmentation (its second ``train_step`` replaces the first, which has one), losses kept for every
*batch* although the axis says epochs. Not as in the document: it draws and saves its sheet and its curves after every
batch; here the sheet is saved once an epoch.

It prints the losses by epoch; the FID of 500 samples by the labs' face judge beside its floor; D's mean score on
training and on held-out faces; the sides in D and what the comments say; what the contrast layer of the first
``train_step`` does to [-1, 1]; how long a frame of the GIF stays that ``duration=0.3`` asks for; and whether each of
the document's ways to save brings the same faces back.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import imageio.v2 as imageio
import joblib
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image

from labhelpers import data, judging, visualize

SIDE, BATCH, LATENT = 100, 16, 200


def networks() -> tuple[keras.Model, keras.Model]:
    """Both networks, layer by layer as printed."""
    grow: dict[str, Any] = {"strides": 2, "padding": "same", "use_bias": False}
    generator = keras.Sequential([keras.Input((LATENT,)), layers.Dense(25 * 25 * 256, use_bias=False)])
    generator.add(layers.BatchNormalization())
    generator.add(layers.LeakyReLU())
    generator.add(layers.Reshape((25, 25, 256)))
    for filters in (128, 64):
        generator.add(layers.Conv2DTranspose(filters, 3, **grow))
        generator.add(layers.BatchNormalization())
        generator.add(layers.LeakyReLU())
    generator.add(layers.Conv2DTranspose(3, 3, padding="same", use_bias=False, activation="tanh"))
    discriminator = keras.Sequential([keras.Input((SIDE, SIDE, 3))])
    for filters, slope in ((64, 0.3), (128, 0.3), (256, 0.2), (512, 0.2)):
        discriminator.add(layers.Conv2D(filters, 3, strides=2, padding="same"))
        discriminator.add(layers.LeakyReLU(slope))
        discriminator.add(layers.Dropout(0.3))
    discriminator.add(layers.Flatten())
    discriminator.add(layers.Dense(1))
    return generator, discriminator


def step_of(generator: keras.Model, discriminator: keras.Model, optimizers: list[Any]) -> Any:
    """The document's compiled training step: from real images to both losses."""
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function(reduce_retracing=True)
    def step(real_images: Any) -> Any:
        noise = tf.random.normal([BATCH, LATENT])
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake_images = generator(noise, training=True)
            real, fake = discriminator(real_images, training=True), discriminator(fake_images, training=True)
            g_loss = entropy(tf.ones_like(fake), fake)
            d_loss = entropy(tf.ones_like(real), real) + entropy(tf.zeros_like(fake), fake)
        for tape, loss, network, optimizer in zip(
            (g_tape, d_tape), (g_loss, d_loss), (generator, discriminator), optimizers, strict=True
        ):
            slopes = tape.gradient(loss, network.trainable_variables)
            optimizer.apply_gradients(zip(slopes, network.trainable_variables, strict=True))
        return g_loss, d_loss

    return step


def faces_in(folder: Path, seed: int) -> None:
    """580 drawn faces as files, as the document's folder "processed" holds 580."""
    folder.mkdir()
    for number, image in enumerate(data.draw_faces(580, SIDE, seed=seed).images):
        Image.fromarray(image).save(folder / f"{number:04d}.png")


def report_saving(generator: keras.Model, discriminator: keras.Model, optimizers: list[Any], folder: Path) -> None:
    """The document's ways to save both networks, each loaded into new ones."""
    noise = tf.random.normal([4, LATENT])
    before = generator(noise).numpy()
    parts = {"generator": generator, "discriminator": discriminator}
    tf.train.Checkpoint(**parts, generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1]).save(
        str(folder / "training_checkpoints" / "ckpt")
    )
    again = networks()
    checkpoint = tf.train.latest_checkpoint(str(folder / "training_checkpoints"))
    tf.train.Checkpoint(generator=again[0], discriminator=again[1]).restore(checkpoint).expect_partial()
    same = {"checkpoint": np.array_equal(again[0](noise), before)}
    joblib.dump({name: part.get_weights() for name, part in parts.items()}, folder / "weights.joblib")
    again = networks()
    again[0].set_weights(joblib.load(folder / "weights.joblib")["generator"])
    same["joblib"] = np.array_equal(again[0](noise), before)
    for suffix in ("h5", "keras"):
        generator.save(folder / f"generator.{suffix}")
        same[suffix] = np.array_equal(keras.models.load_model(folder / f"generator.{suffix}")(noise), before)
    print("saved, loaded, the same faces:", same)


def report_quality(generator: keras.Model, discriminator: keras.Model, scaled: Any, seed: int) -> None:
    """FID of 500 samples, and what D says of images that it has not trained on."""
    judge = judging.face_judge()
    held_out = data.draw_faces(500, SIDE, seed=seed).images
    reference = judging.real_reference(judge, judging.resized_for(judge, held_out))
    drawn = np.concatenate([generator(tf.random.normal([100, LATENT])).numpy() for _ in range(5)])
    print(judging.quality(judging.resized_for(judge, data.to_uint8((drawn + 1) / 2)), judge, reference))
    on_train = np.mean([float(tf.reduce_mean(discriminator(batch))) for batch in scaled])
    on_held_out = float(tf.reduce_mean(discriminator(data.to_float(held_out[:200], "tanh"))))
    print(f"D's mean score: {on_train:.2f} on its training images, {on_held_out:.2f} on held-out drawn faces")


def report_gif(out: Path) -> None:
    """How long a frame stays, for the document's duration and for 300."""
    frames = [imageio.imread(file) for file in sorted(out.glob("image_at_epoch_*.png"))]
    for duration in (0.3, 300):
        imageio.mimsave(out / "anime_dcgan.gif", [*frames, frames[0]], duration=duration)
        with Image.open(out / "anime_dcgan.gif") as gif:
            stays = gif.info.get("duration", 0)
        print(f"mimsave(duration={duration}): each frame stays {stays} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="of pictures; 580 drawn faces unless given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the sheets, the GIF and the saved files go")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(arguments.seed)
    out = arguments.out or Path(tempfile.mkdtemp(prefix="practical8-"))
    out.mkdir(parents=True, exist_ok=True)
    folder = arguments.folder
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="practical8-faces-")) / "processed"
        faces_in(folder, seed=arguments.seed)
    images = keras.utils.image_dataset_from_directory(
        str(folder), label_mode=None, image_size=(SIDE, SIDE), batch_size=BATCH, shuffle=True
    )
    scaled = images.map(lambda batch: (tf.cast(batch, tf.float32) - 127.5) / 127.5).prefetch(tf.data.AUTOTUNE)

    generator, discriminator = networks()
    print(f"G {generator.count_params():,} parameters, D {discriminator.count_params():,}")
    sides = [layer.output.shape[1] for layer in discriminator.layers if isinstance(layer, layers.Conv2D)]
    print("sides in D:", sides, '(its comments: "100 -> 50", "50 -> 25", "25 -> 12", "12 -> 6")')
    batch = next(iter(scaled))
    changed = layers.RandomContrast(0.1)(batch, training=True).numpy()
    print(f"RandomContrast(0.1) on [-1, 1]: from {changed.min():.2f} to {changed.max():.2f}")

    optimizers = [keras.optimizers.Adam(1e-4) for _ in range(2)]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    step = step_of(generator, discriminator, optimizers)
    fixed_noise = tf.random.normal([25, LATENT])
    g_losses: list[float] = []
    d_losses: list[float] = []
    for epoch in range(1, arguments.epochs + 1):
        start, done = time.perf_counter(), len(g_losses)
        for batch in scaled:
            g_loss, d_loss = step(batch)
            g_losses.append(float(g_loss))
            d_losses.append(float(d_loss))
        seconds = (time.perf_counter() - start) / (len(g_losses) - done)
        fakes = (generator(fixed_noise, training=False).numpy() + 1) / 2
        Image.fromarray(visualize.sheet(fakes, columns=5)).save(out / f"image_at_epoch_{epoch:04d}.png")
        print(
            f"epoch {epoch}: G {np.mean(g_losses[done:]):.3f} and D {np.mean(d_losses[done:]):.3f} on average, last "
            f"step G {g_losses[-1]:.3f} and D {d_losses[-1]:.3f} nats; {seconds:.2f} s a step",
            flush=True,
        )

    report_quality(generator, discriminator, scaled, seed=arguments.seed + 1)
    report_gif(out)
    report_saving(generator, discriminator, optimizers, out)
    print("sheets and files in", out)


if __name__ == "__main__":
    main()
