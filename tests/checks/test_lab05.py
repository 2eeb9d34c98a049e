"""Lab 05's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tests.checks.exercises import Exercises


def _cut(order, flat=True):
    """Patches by reshape, transpose and reshape, with this order of the axes."""

    def answer(images, patch_size):
        _, height, width, channels = images.shape
        rows, columns = height // patch_size, width // patch_size
        cut = tf.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
        shape = (patch_size * patch_size * channels,) if flat else (patch_size, patch_size, channels)
        return tf.reshape(tf.transpose(cut, order), (-1, rows * columns, *shape))

    return answer


def _right_extract(images, patch_size):
    window = (1, patch_size, patch_size, 1)
    patches = tf.image.extract_patches(images, window, window, (1, 1, 1, 1), "VALID")
    return tf.reshape(patches, (tf.shape(images)[0], -1, patches.shape[-1]))


def _right_slices(images, patch_size):
    _, height, width, channels = images.shape
    patches = [
        tf.reshape(images[:, top : top + patch_size, left : left + patch_size], (-1, patch_size**2 * channels))
        for top in range(0, height, patch_size)
        for left in range(0, width, patch_size)
    ]
    return tf.stack(patches, axis=1)


def _put(order):
    """The inverse by reshape, transpose and reshape, with this order of the axes."""

    def answer(patches, patch_size, image_shape):
        height, width, channels = image_shape
        rows, columns = height // patch_size, width // patch_size
        cut = tf.reshape(patches, (-1, rows, columns, patch_size, patch_size, channels))
        return tf.reshape(tf.transpose(cut, order), (-1, height, width, channels))

    return answer


def _right_concatenated(patches, patch_size, image_shape):
    height, width, channels = image_shape
    columns = width // patch_size
    tiles = tf.reshape(patches, (-1, patches.shape[1], patch_size, patch_size, channels))
    rows = [
        tf.concat([tiles[:, row * columns + column] for column in range(columns)], axis=2)
        for row in range(height // patch_size)
    ]
    return tf.concat(rows, axis=1)


class _AddWeight(keras.layers.Layer):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=tuple(input_shape[1:]), initializer="random_normal", name="positions")

    def call(self, tokens):
        return tokens + self.positions


class _WithBatchAxis(keras.layers.Layer):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=(1, *input_shape[1:]), initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, tokens):
        return keras.ops.add(tokens, self.positions)


class _Embedding(keras.layers.Layer):
    """The document's way, made to work: the embedding belongs to the layer, and is looked up in call."""

    def build(self, input_shape):
        self.tokens = input_shape[1]
        self.embedding = keras.layers.Embedding(self.tokens, input_shape[2])
        self.embedding.build((None,))

    def call(self, tokens):
        return tokens + self.embedding(tf.range(self.tokens))


class _Untrainable(_AddWeight):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=tuple(input_shape[1:]), initializer="random_normal", trainable=False)


class _PlainVariable(_AddWeight):
    def build(self, input_shape):
        self.positions = tf.random.normal(tuple(input_shape[1:]))


class _EmbeddingInCall(keras.layers.Layer):
    def call(self, tokens):
        return tokens + keras.layers.Embedding(tokens.shape[1], tokens.shape[2])(tf.range(tokens.shape[1]))


class _OneNumberAPosition(_AddWeight):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=(input_shape[1], 1), initializer="random_normal")


class _OneVectorForAll(_AddWeight):
    def build(self, input_shape):
        self.positions = self.add_weight(shape=(input_shape[2],), initializer="random_normal")


class _Multiplied(_AddWeight):
    def call(self, tokens):
        return tokens * self.positions


class _Joined(_AddWeight):
    def call(self, tokens):
        return tf.concat([tokens, tf.broadcast_to(self.positions, tf.shape(tokens))], axis=2)


class _OnlyPositions(_AddWeight):
    def call(self, tokens):
        return tf.zeros_like(tokens) + self.positions


class _Stopped(_AddWeight):
    def call(self, tokens):
        return tokens + tf.stop_gradient(self.positions.value)


class _Unused(_AddWeight):
    def call(self, tokens):
        return tokens


def _d_loss(real_logits, fake_logits):
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def _g_loss(fake_logits):
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


class _OneAfterTheOther(keras.Model):
    """D first, then G against the new D; what a mutant changes is a method of its own."""

    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator

    def compile(self, generator_optimizer, discriminator_optimizer, **more):
        super().compile(**more)
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer

    d_loss = staticmethod(_d_loss)
    g_loss = staticmethod(_g_loss)

    def d_variables(self):
        return self.discriminator.trainable_variables

    def g_variables(self):
        return self.generator.trainable_variables

    def report(self, g_loss, d_loss):
        return {"g_loss": g_loss, "d_loss": d_loss}

    def train_step(self, real_images):
        noise = tf.random.normal((tf.shape(real_images)[0], self.generator.input_shape[-1]))
        with tf.GradientTape() as tape:
            d_loss = self.d_loss(self.discriminator(real_images), self.discriminator(self.generator(noise)))
        self.discriminator_optimizer.apply(tape.gradient(d_loss, self.d_variables()), self.d_variables())
        with tf.GradientTape() as tape:
            g_loss = self.g_loss(self.discriminator(self.generator(noise)))
        self.generator_optimizer.apply(tape.gradient(g_loss, self.g_variables()), self.g_variables())
        return self.report(g_loss, d_loss)


class _KerasLosses(_OneAfterTheOther):
    """Keras' cross-entropy, averaged over real and fake, and a combined model for G."""

    def train_step(self, real_images):
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        count = tf.shape(real_images)[0]
        images = tf.concat([real_images, self.generator(tf.random.normal((count, self.generator.input_shape[1])))], 0)
        labels = tf.concat([tf.ones((count, 1)), tf.zeros((count, 1))], 0)
        with tf.GradientTape() as tape:
            d_loss = loss(labels, self.discriminator(images, training=True))
        gradients = tape.gradient(d_loss, self.discriminator.trainable_weights)
        pairs = zip(gradients, self.discriminator.trainable_weights, strict=True)
        self.discriminator_optimizer.apply_gradients(pairs)
        with tf.GradientTape() as tape:
            fakes = self.generator(tf.random.normal((count, self.generator.input_shape[1])), training=True)
            g_loss = loss(tf.ones((count, 1)), self.discriminator(fakes, training=True))
        gradients = tape.gradient(g_loss, self.generator.trainable_weights)
        self.generator_optimizer.apply_gradients(zip(gradients, self.generator.trainable_weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


class _Together(_OneAfterTheOther):
    def train_step(self, real_images):
        noise = tf.random.normal((tf.shape(real_images)[0], self.generator.input_shape[-1]))
        with tf.GradientTape(persistent=True) as tape:
            fake_logits = self.discriminator(self.generator(noise))
            d_loss = _d_loss(self.discriminator(real_images), fake_logits)
            g_loss = _g_loss(fake_logits)
        d_gradients = tape.gradient(d_loss, self.discriminator.trainable_variables)
        g_gradients = tape.gradient(g_loss, self.generator.trainable_variables)
        self.discriminator_optimizer.apply(d_gradients, self.discriminator.trainable_variables)
        self.generator_optimizer.apply(g_gradients, self.generator.trainable_variables)
        return {"g_loss": g_loss, "d_loss": d_loss}


class _FrozenD(_OneAfterTheOther):
    def train_step(self, real_images):
        noise = tf.random.normal((tf.shape(real_images)[0], self.generator.input_shape[-1]))
        with tf.GradientTape() as tape:
            fake_logits = self.discriminator(self.generator(noise))
            g_loss = _g_loss(fake_logits)
        self.generator_optimizer.apply(tape.gradient(g_loss, self.g_variables()), self.g_variables())
        return self.report(g_loss, _d_loss(self.discriminator(real_images), fake_logits))


class _GMovesD(_OneAfterTheOther):
    def g_variables(self):
        return [*self.generator.trainable_variables, *self.discriminator.trainable_variables]


class _DMovesG(_OneAfterTheOther):
    def d_variables(self):
        return [*self.discriminator.trainable_variables, *self.generator.trainable_variables]


class _WrongSignD(_OneAfterTheOther):
    @staticmethod
    def d_loss(real_logits, fake_logits):
        return tf.reduce_mean(tf.nn.softplus(real_logits)) + tf.reduce_mean(tf.nn.softplus(-fake_logits))


class _WrongSignG(_OneAfterTheOther):
    @staticmethod
    def g_loss(fake_logits):
        return tf.reduce_mean(tf.nn.softplus(fake_logits))


class _NoDictionary(_OneAfterTheOther):
    def report(self, g_loss, d_loss):
        return g_loss, d_loss


class _PerImageLoss(_OneAfterTheOther):
    def report(self, g_loss, d_loss):
        return {"g_loss": g_loss * tf.ones(3), "d_loss": d_loss}


class _KeepsNothing(keras.Model):
    def __init__(self, generator, discriminator):
        super().__init__()

    def compile(self, *optimizers):
        super().compile()


RIGHT = {
    "patchify": [_cut((0, 1, 3, 2, 4, 5)), _right_extract, _right_slices],
    "unpatchify": [_put((0, 1, 3, 2, 4, 5)), _right_concatenated, lambda *a: keras.ops.copy(_right_concatenated(*a))],
    "PositionalEmbedding": [_AddWeight, _WithBatchAxis, _Embedding],
    "MyGAN": [_OneAfterTheOther, _KerasLosses, _Together],
}

WRONG = {
    "patchify": [
        (lambda images, p: tf.reshape(images, (images.shape[0], -1, p * p * images.shape[3])), "plain reshape"),
        (_cut((0, 3, 1, 2, 4, 5)), "row by row"),
        (_cut((0, 1, 3, 4, 2, 5)), "Inside a patch"),
        (_cut((0, 1, 3, 2, 4, 5), flat=False), "flat vector"),
        (lambda images, p: tf.transpose(_right_slices(images, p), (0, 2, 1)), "second axis"),
        (lambda images, p: _right_slices(images.numpy(), p).numpy(), "gradient"),
        (lambda images, p: None, "return"),
    ],
    "unpatchify": [
        (lambda patches, p, shape: tf.reshape(patches, (-1, *shape)), "plain reshape"),
        (lambda *a: tf.transpose(_right_concatenated(*a), (0, 2, 1, 3)), "swapped"),
        (lambda *a: _right_concatenated(*a)[..., 0], "channel axis"),
        (lambda *a: _right_concatenated(*a).numpy(), "gradient"),
        (lambda patches, p, shape: _right_concatenated(patches, p, (4, 4, 1)), "expected"),
        (lambda patches, p, shape: patches, "shape"),
    ],
    "PositionalEmbedding": [
        (_Untrainable, "not trainable"),
        (_PlainVariable, "add_weight"),
        (_EmbeddingInCall, "add_weight"),
        (_OneNumberAPosition, "input_shape[1:]"),
        (_OneVectorForAll, "input_shape[1:]"),
        (_Multiplied, "do not multiply"),
        (_Joined, "same shape"),
        (_OnlyPositions, "that come in"),
        (_Stopped, "no gradient"),
        (_Unused, "not used"),
        (lambda: np.zeros(3), "keras.layers.Layer"),
    ],
    "MyGAN": [
        (_FrozenD, "D moved by exactly 0.0"),
        (_GMovesD, "own network"),
        (_DMovesG, "own network"),
        (_WrongSignD, "signs in d_loss"),
        (_WrongSignG, "sign in g_loss"),
        (_NoDictionary, "train_step gave a tuple"),
        (_PerImageLoss, "average over the batch"),
        (_KeepsNothing, "no generator"),
        (lambda generator, discriminator: None, "keras.Model"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab05", RIGHT, WRONG
