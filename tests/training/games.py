"""Tiny games, one for each thing that a type of GAN may need of the engine: images of 4x4, a few weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from labhelpers import losses
from labhelpers.losses import Batch, Seen, Term, registered_term
from labhelpers.losses.core import Draw, mean_over_parts
from labhelpers.training import GAN, Game
from labhelpers.training.step import Player

SHAPE = (4, 4, 1)
COUNT, BATCH = 18, 4
"""The fifth batch of an epoch is half full."""

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, size=(COUNT, *SHAPE)).astype(np.float32)
OTHERS = RNG.uniform(-1, 1, size=(COUNT - 5, *SHAPE)).astype(np.float32)
LABELS = np.arange(COUNT) % 3


def drawing_network(inputs: int | tuple[int, ...], name: str, **more: int) -> keras.Model:
    """From a vector or an image, and perhaps further vectors, to an image in [-1, 1]."""
    first = keras.Input((inputs,) if isinstance(inputs, int) else inputs)
    rest = [keras.Input((size,), name=key) for key, size in more.items()]
    flat = layers.Concatenate()([layers.Flatten()(first), *rest]) if rest else layers.Flatten()(first)
    hidden = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Dense(5, activation="relu")(flat)))
    image = layers.Reshape(SHAPE)(layers.Dense(16, activation="tanh")(hidden))
    return keras.Model([first, *rest] if rest else first, image, name=name)


def judging_network(name: str, **more: int | tuple[int, ...]) -> keras.Model:
    """From an image, and perhaps something that it is told, to a score."""
    image = keras.Input(SHAPE)
    rest = [keras.Input(size if isinstance(size, tuple) else (size,), name=key) for key, size in more.items()]
    parts = [layers.Flatten()(each) for each in (image, *rest)]
    flat = layers.Concatenate()(parts) if rest else parts[0]
    score = layers.Dense(1)(layers.Dropout(0.2)(layers.Dense(5, activation="tanh")(flat)))
    return keras.Model([image, *rest] if rest else image, score, name=name)


# --- Terms that labs will bring along. Each is a few lines.


def _normal_like_images(shape: tuple[Any, ...], seed: keras.random.SeedGenerator) -> Any:
    return keras.random.normal(shape, seed=seed)


@registered_term
def path_length(weight: float = 2.0, every: int = 1, decay: float = 0.01) -> Term:
    """G pays where equal steps in w do not change the image equally: StyleGAN2's regularisation."""

    def amount(seen: Seen) -> Any:
        generator = seen.networks["generator"]
        with tf.GradientTape() as tape:
            w = generator.get_layer("mapping")(seen.batch.source)
            tape.watch(w)
            along = tf.reduce_sum(generator.get_layer("synthesis")(w) * seen.drawn["direction"])
        lengths = tf.sqrt(tf.reduce_sum(tf.square(tape.gradient(along, w)), axis=1) + 1e-12)
        mean = seen.state["path_mean"] + decay * (tf.reduce_mean(lengths) - seen.state["path_mean"])
        return tf.reduce_mean(tf.square(lengths - mean)), {"path_mean": tf.stop_gradient(mean)}

    return Term(
        "generator", amount, weight, every=every, draws={"direction": _normal_like_images}, keeps={"path_mean": 0.0}
    )


@registered_term
def pixels(weight: float = 100.0) -> Term:
    """G pays for the mean absolute difference from the true image."""
    return Term("generator", lambda seen: tf.reduce_mean(tf.abs(seen.fake_images - seen.real_images)), weight)


@registered_term
def content(weight: float = 1.0) -> Term:
    """G pays for the difference in what a frozen network sees."""

    def amount(seen: Seen) -> Any:
        look = seen.networks["content"]
        return tf.reduce_mean(tf.square(look(seen.fake_images) - look(seen.real_images)))

    return Term("generator", amount, weight)


@registered_term
def feature_matching(weight: float = 10.0) -> Term:
    """G pays for the difference in what D's layers see."""

    def amount(seen: Seen) -> Any:
        pairs = zip(seen.fake["features"], seen.real["features"], strict=True)
        return tf.add_n([tf.reduce_mean(tf.abs(fake - tf.stop_gradient(real))) for fake, real in pairs])

    return Term("generator", amount, weight)


@registered_term
def mean_image(weight: float = 1.0) -> Term:
    """G pays where the running mean of its images is not that of the real ones: two tensors are kept."""

    def amount(seen: Seen) -> Any:
        fake, real = (
            seen.state[name] + 0.1 * (tf.reduce_mean(images, axis=0) - seen.state[name])
            for name, images in (("mean_fake", seen.fake_images), ("mean_real", seen.real_images))
        )
        return tf.reduce_sum(tf.square(fake - real)), {"mean_fake": fake, "mean_real": real}

    zeros = np.zeros(SHAPE, np.float32)
    return Term("generator", amount, weight, keeps={"mean_fake": zeros, "mean_real": zeros})


# --- Games


def style_gan(**more: Any) -> GAN:
    """Lazy R1 and lazy path length, which keeps a number."""
    mapping = keras.Sequential([keras.Input((3,)), layers.Dense(3, activation="tanh")], name="mapping")
    synthesis = keras.Sequential(
        [keras.Input((3,)), layers.Dense(16, activation="tanh"), layers.Reshape(SHAPE)], name="synthesis"
    )
    noise = keras.Input((3,))
    generator = keras.Model(noise, synthesis(mapping(noise)), name="style_generator")
    loss = losses.non_saturating().plus(losses.r1(2.0, every=4), path_length(every=2))
    return GAN(generator, judging_network("style_discriminator"), loss, ema=0.9, **more)


@keras.saving.register_keras_serializable(package="tests")
class Translation(GAN):
    """From a drawing to a face, with pairs: D is told the drawing, G starts from it, its noise is dropout."""

    arrays = ("faces", "drawings")

    def draws(self) -> dict[str, Draw]:
        return self.adversarial_loss.draws

    def deal(self, data: Any, drawn: Mapping[str, Any]) -> Batch:
        faces, drawings = data
        return Batch(faces, drawings, told_to_discriminator=(drawings,), drawn=drawn)


def translation(**more: Any) -> Translation:
    """L1 and a content term on G, from a helper that never moves, and a gradient penalty in three critic steps."""
    loss = losses.wgan_gp(critic_steps=3).plus(pixels(10.0), content())
    helper = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(3)], name="content_network")
    networks = drawing_network(SHAPE, "translator"), judging_network("pair_judge", drawing=SHAPE)
    return Translation(*networks, loss, helpers={"content": helper}, **more)


def pyramid(**more: Any) -> GAN:
    """D puts out patches and one score for the whole, from two heads, and its features, which G must match."""
    image = keras.Input(SHAPE)
    patches = layers.Conv2D(3, 2, activation="tanh")(image)
    outputs = {
        "logit": [layers.Conv2D(1, 2)(patches), layers.Dense(1)(layers.Flatten()(layers.AveragePooling2D(2)(image)))],
        "features": [patches, layers.Flatten()(image)],
    }
    loss = losses.least_squares().plus(losses.r1(0.1), feature_matching())
    return GAN(drawing_network(3, "patch_generator"), keras.Model(image, outputs, name="patch_judge"), loss, **more)


def moving_mean(**more: Any) -> GAN:
    """A term on G keeps two tensors."""
    return GAN(
        drawing_network(3, "mean_generator"), judging_network("mean_judge"), losses.hinge().plus(mean_image()), **more
    )


@keras.saving.register_keras_serializable(package="tests")
class TwoStories(GAN):
    """G is told a label as one number of three, D something else: two numbers made of it."""

    arrays = ("images", "labels")

    def deal(self, data: Any, drawn: Mapping[str, Any]) -> Batch:
        images, labels = data
        label = tf.one_hot(labels, 3)
        told = tf.stack(
            [tf.reduce_sum(label * tf.constant(row), axis=1) for row in ([1.0, 2, 3], [-1.0, 0, 1])], axis=1
        )
        return Batch(images, drawn["noise"], (label,), (told,), drawn)


def two_stories(**more: Any) -> TwoStories:
    """Conditions that differ for G and D, with a controller."""
    image, told = keras.Input(SHAPE), keras.Input((2,), name="story")
    code = layers.Dense(3)(layers.Concatenate()([layers.Flatten()(image), told]))
    error = layers.Dense(1, activation="softplus")(code)
    judge = keras.Model([image, told], {"energy": error, "code": code}, name="story_judge")
    return TwoStories(drawing_network(3, "story_generator", label=3), judge, losses.began(rate=0.1), ema=0.9, **more)


@keras.saving.register_keras_serializable(package="tests")
class Cycle(Game):
    """Two translators and two judges, images without pairs, a pool of earlier fakes for each judge."""

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator": ("to_b", "to_a"),
        "discriminator": ("judge_a", "judge_b"),
    }
    averaged = ("to_b", "to_a")
    arrays = ("images of A", "images of B")
    paired = False
    output_activation = "tanh"
    POOL = 6

    def __init__(self, to_b: Any, to_a: Any, judge_a: Any, judge_b: Any, loss: Any = None, **more: Any) -> None:
        super().__init__({"to_b": to_b, "to_a": to_a, "judge_a": judge_a, "judge_b": judge_b}, loss, **more)

    def names_of_losses(self) -> tuple[str, ...]:
        return ("g_loss", "d_loss", "cycle")

    def keeps(self) -> dict[str, Any]:
        return {name: np.zeros((self.POOL, *SHAPE), np.float32) for name in ("pool_a", "pool_b")}

    def draws(self) -> dict[str, Draw]:
        return {"slot": lambda shape, seed: keras.random.randint((shape[0],), 0, self.POOL, seed=seed)}

    def step(self, data: Any, drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        a, b = data
        drawer, judge = self.player("generator"), self.player("discriminator")
        to_b, to_a = (Player(network, drawer.optimizer) for network in drawer.networks)
        judge_a, judge_b = (Player(network, judge.optimizer) for network in judge.networks)
        with tf.GradientTape() as drawer_tape:
            fake_b, fake_a = to_b(a), to_a(b)
            cycle = 10.0 * (tf.reduce_mean(tf.abs(to_a(fake_b) - a)) + tf.reduce_mean(tf.abs(to_b(fake_a) - b)))
        d_loss, earlier = 0.0, {}
        with tf.GradientTape() as judge_tape:
            for name, look, real, fake in (("pool_a", judge_a, a, fake_a), ("pool_b", judge_b, b, fake_b)):
                pool, slot = tf.convert_to_tensor(self.state[name]), drawn[0]["slot"][:, None]
                earlier[name] = tf.tensor_scatter_nd_update(pool, slot, fake)
                d_loss += 0.5 * mean_over_parts(
                    self.adversarial_loss.discriminator, look(real), look(tf.gather_nd(earlier[name], slot))
                )
        judge.descend(judge_tape, d_loss)
        for name, pool in earlier.items():
            self.state[name].assign(pool)
        with drawer_tape:
            g_loss = sum(
                self.adversarial_loss.generator(None, look(fake))
                for look, fake in ((judge_a, fake_a), (judge_b, fake_b))
            )
            total = g_loss + cycle
        drawer.descend(drawer_tape, total)
        return {"g_loss": g_loss, "d_loss": d_loss, "cycle": cycle}

    def sample(self, images: np.ndarray) -> np.ndarray:
        return np.asarray((self.ema_to_b or self.to_b)(images, training=False))


def cycle(**more: Any) -> Cycle:
    """Four networks, own step, state of the game, averages of two networks, arrays of different lengths."""
    translators = [drawing_network(SHAPE, name) for name in ("a_to_b", "b_to_a")]
    judges = [judging_network(name) for name in ("judge_of_a", "judge_of_b")]
    return Cycle(*translators, *judges, losses.least_squares(), ema=0.9, **more)


@keras.saving.register_keras_serializable(package="tests")
class Reader(GAN):
    """A third network, Q, that learns along with G."""

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "generator": ("generator", "reader"),
        "discriminator": ("discriminator",),
    }


@registered_term
def read_noise(weight: float = 1.0) -> Term:
    """G and its reader pay for what the reader cannot read back."""

    def amount(seen: Seen) -> Any:
        return tf.reduce_mean(tf.square(seen.networks["reader"](seen.fake_images, training=True) - seen.batch.source))

    return Term("generator", amount, weight)


def reader(**more: Any) -> Reader:
    """Three networks; two learn from one loss."""
    network = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(3)], name="reader_network")
    loss = losses.non_saturating().plus(read_noise())
    pair = drawing_network(3, "read_generator"), judging_network("read_judge")
    return Reader(*pair, loss, helpers={"reader": network}, **more)


@keras.saving.register_keras_serializable(package="tests")
class Fading(GAN):
    """Both networks are told how far the fade from the coarse to the fine image has come, a number for each image."""

    FADE_STEPS = 8

    def deal(self, data: Any, drawn: Mapping[str, Any]) -> Batch:
        done = tf.cast(tf.convert_to_tensor(self.generator_optimizer.iterations), tf.float32) / self.FADE_STEPS
        share = tf.fill((tf.shape(data)[0], 1), tf.minimum(done, 1.0))
        return Batch(data, drawn["noise"], (share,), (share,), drawn)

    def call(self, noise: Any, training: bool = False) -> Any:
        return self.generator([noise, tf.ones((tf.shape(noise)[0], 1))], training=training)


def _blend(coarse: Any, fine: Any, share: Any) -> Any:
    share = layers.Reshape((1, 1, 1))(share)
    return layers.Add()([coarse, layers.Multiply()([share, layers.Subtract()([fine, coarse])])])


def coarse_stage() -> GAN:
    """The first stage: 2x2 images, enlarged."""
    noise = keras.Input((3,))
    trunk = layers.Dense(4, activation="tanh", name="trunk")(noise)
    image = layers.UpSampling2D(2)(layers.Reshape((2, 2, 1))(trunk))
    seen = keras.Input(SHAPE)
    score = layers.Dense(1, name="score")(layers.Flatten()(layers.AveragePooling2D(2)(seen)))
    generator = keras.Model(noise, image, name="coarse_generator")
    return GAN(generator, keras.Model(seen, score, name="coarse_judge"), losses.non_saturating(), ema=0.9)


def fading(**more: Any) -> Fading:
    """The second stage: finer networks fade in over what the first one has learned."""
    noise, share = keras.Input((3,)), keras.Input((1,), name="share")
    trunk = layers.Dense(4, activation="tanh", name="trunk")(noise)
    coarse = layers.UpSampling2D(2)(layers.Reshape((2, 2, 1))(trunk))
    fine = layers.Reshape(SHAPE)(layers.Dense(16, activation="tanh", name="fine")(trunk))
    generator = keras.Model([noise, share], _blend(coarse, fine, share), name="fading_generator")
    seen, told = keras.Input(SHAPE), keras.Input((1,), name="share")
    small = layers.AveragePooling2D(2)(seen)
    better = layers.Reshape((2, 2, 1))(layers.Dense(4, name="look")(layers.Flatten()(seen)))
    score = layers.Dense(1, name="score")(layers.Flatten()(_blend(small, better, told)))
    judge = keras.Model([seen, told], score, name="fading_judge")
    return Fading(generator, judge, losses.non_saturating(), ema=0.9, **more)


GAMES: dict[str, tuple[Callable[..., Game], tuple[np.ndarray, ...]]] = {
    "lazy R1 and path length": (style_gan, (IMAGES,)),
    "L1 and content in three critic steps": (translation, (IMAGES, IMAGES[::-1].copy())),
    "patches, heads and features": (pyramid, (IMAGES,)),
    "state of tensors": (moving_mean, (IMAGES,)),
    "conditions that differ, and a controller": (two_stories, (IMAGES, LABELS)),
    "four networks and a pool": (cycle, (IMAGES, OTHERS)),
    "a third network that learns along": (reader, (IMAGES,)),
    "a stage that fades in": (fading, (IMAGES,)),
}


def new_game(name: str, seed: int, **compile_arguments: Any) -> Game:
    """A compiled game with seeded weights."""
    keras.utils.set_random_seed(seed)
    game = GAMES[name][0]()
    game.compile(**{"jit_compile": False, "steps_per_execution": 2} | compile_arguments)
    return game


def play(game: Game, name: str, epochs: int, **more: Any) -> keras.callbacks.History:
    """Train up to an epoch."""
    return game.fit(*GAMES[name][1], batch_size=BATCH, epochs=epochs, progress=False, **more)


def state_of(game: Game) -> list[np.ndarray]:
    """All that training moves."""
    return [np.asarray(v) for v in (*game.variables, *(v for each in game.optimizers for v in each.variables))]
