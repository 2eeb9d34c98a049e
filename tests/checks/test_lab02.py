"""Lab 02's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import layers

from tests.checks.exercises import Exercises


def _shared(encoder):
    return keras.Model(encoder.inputs, layers.Dense(1)(encoder.get_layer("hidden").output))


def _copied(encoder):
    copy = keras.models.clone_model(encoder)
    copy.set_weights(encoder.get_weights())
    return keras.Model(copy.input, layers.Dense(1)(copy.get_layer("hidden").output), name="discriminator")


def _sequential(encoder):
    hidden = layers.Dense(256, activation="relu")
    model = keras.Sequential([keras.Input(encoder.input_shape[1:]), layers.Flatten(), hidden, layers.Dense(1)])
    hidden.set_weights(encoder.get_layer("hidden").get_weights())
    return model


def _sequential_of_the_same_layers(encoder):
    return keras.Sequential([layers.Flatten(), encoder.get_layer("hidden"), layers.Dense(1), layers.Flatten()])


class _Discriminator(keras.Model):
    def __init__(self, encoder):
        super().__init__()
        self.trunk = keras.Model(encoder.input, encoder.get_layer("hidden").output)
        self.head = layers.Dense(1)

    def call(self, images):
        return self.head(self.trunk(images))


def _untrained(encoder):
    return keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(256, activation="relu"), layers.Dense(1)]
    )


def _other_width(encoder):
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(128), layers.Dense(1)])


def _linear_trunk(encoder):
    hidden = layers.Dense(256)
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), hidden, layers.Dense(1)])
    hidden.set_weights(encoder.get_layer("hidden").get_weights())
    return model


def _on_hidden(*head, encoder):
    x = encoder.get_layer("hidden").output
    for layer in head:
        x = layer(x)
    return keras.Model(encoder.input, x)


def _on_the_mean(encoder):
    return keras.Model(encoder.input, layers.Dense(1)(encoder.outputs[0]))


def _frozen(encoder):
    encoder.trainable = False
    return _shared(encoder)


def _frozen_copy(encoder):
    model = _copied(encoder)
    model.get_layer("hidden").trainable = False
    return model


def _retrained(encoder):
    model = _shared(encoder)
    hidden = encoder.get_layer("hidden")
    hidden.set_weights([2 * weight for weight in hidden.get_weights()])
    return model


def _new_bias(encoder):
    model = _copied(encoder)
    kernel, bias = model.get_layer("hidden").get_weights()
    model.get_layer("hidden").set_weights([kernel, 0 * bias])
    return model


class _Own(_Discriminator):
    """The head's scores, and what is done before or after."""

    def __init__(self, encoder, end=tf.identity, start=tf.identity, middle=tf.identity):
        super().__init__(encoder)
        self.start, self.middle, self.end = start, middle, end

    def call(self, images, training=None):
        return self.end(self.head(self.middle(self.trunk(self.start(images), training=True))))


class _OwnDense(keras.Model):
    """By TensorFlow's operations alone."""

    def __init__(self, encoder):
        super().__init__()
        hidden = encoder.get_layer("hidden")
        self.kernel, self.bias = hidden.kernel, hidden.bias
        self.head = self.add_weight(shape=(1, 256))
        self.offset = self.add_weight(shape=(1,))

    def call(self, images):
        units = tf.nn.relu(tf.reshape(images, (-1, 784)) @ self.kernel + self.bias)
        return tf.matmul(units, self.head, transpose_b=True) + self.offset


def _only_six(encoder):
    images = keras.Input(batch_shape=(6, 28, 28, 1))
    return keras.Model(images, _shared(encoder)(images))


def _functional_gan(generator, discriminator):
    noise = keras.Input((generator.input_shape[-1],))
    return keras.Model(noise, discriminator(generator(noise)))


class _GAN(keras.Model):
    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator

    def call(self, noise):
        return self.discriminator(self.generator(noise))


def _frozen_gan(generator, discriminator):
    discriminator.trainable = False
    return _functional_gan(generator, discriminator)


def _gan_of_copies(generator, discriminator):
    copies = []
    for network in (generator, discriminator):
        copies.append(keras.models.clone_model(network))
        copies[-1].set_weights(network.get_weights())
    return keras.Sequential(copies)


class _OwnGAN(_GAN):
    def __init__(self, generator, discriminator, middle=tf.identity, end=tf.identity):
        super().__init__(generator, discriminator)
        self.middle, self.end = middle, end

    def call(self, noise, training=None):
        return self.end(self.discriminator(self.middle(self.generator(noise, training=True)), training=True))


def _gan_of_six(generator, discriminator):
    noise = keras.Input(batch_shape=(6, generator.input_shape[-1]))
    return keras.Model(noise, discriminator(generator(noise)))


def _gan_with_sigmoid(generator, discriminator):
    noise = keras.Input(generator.input_shape[1:])
    return keras.Model(noise, layers.Activation("sigmoid")(discriminator(generator(noise))))


RIGHT = {
    "build_discriminator": [
        _shared,
        _copied,
        _sequential,
        _sequential_of_the_same_layers,
        _Discriminator,
        _Own,
        _OwnDense,
    ],
    "assemble_gan": [
        _functional_gan,
        lambda generator, discriminator: keras.Sequential([generator, discriminator]),
        lambda generator, discriminator: keras.Model(generator.input, discriminator(generator.output)),
        _GAN,
        _OwnGAN,
    ],
}

WRONG = {
    "build_discriminator": [
        (_untrained, "new weights"),
        (_other_width, "layer `hidden`"),
        (lambda e: _on_hidden(layers.Dense(1, activation="sigmoid"), encoder=e), "probability"),
        (lambda e: _on_hidden(layers.Dense(1, activation="tanh"), encoder=e), "without an activation"),
        (lambda e: _on_hidden(layers.Dense(2), encoder=e), "one score"),
        (lambda e: _on_hidden(layers.Dense(64, activation="relu"), layers.Dense(1), encoder=e), "64 numbers"),
        (lambda e: _on_hidden(layers.Dense(1, use_bias=False), encoder=e), "parameters"),
        (_on_the_mean, "32 numbers"),
        (_linear_trunk, "ReLU of the layer `hidden` is missing"),
        (_new_bias, "a new bias"),
        (lambda e: _on_hidden(layers.Dense(1), layers.ReLU(), encoder=e), "without an activation"),
        (lambda e: _Own(e, tf.nn.softplus), "without an activation"),
        (lambda e: _Own(e, tf.nn.leaky_relu), "without an activation"),
        (lambda e: _Own(e, lambda x: 8 * tf.tanh(x / 8)), "expected"),
        (lambda e: _Own(e, lambda x: tf.clip_by_value(x, -50, 50)), "no limits at the end"),
        (lambda e: _Own(e, start=lambda x: 2 * x - 1), "expected"),
        (lambda e: _Own(e, middle=tf.stop_gradient), "no gradient comes back"),
        (lambda e: _Own(e, start=lambda x: tf.constant(x.numpy())), "does not take images"),
        (lambda e: _on_hidden(layers.Dropout(0.3), layers.Dense(1), encoder=e), "leave out dropout"),
        (lambda e: _on_hidden(layers.Dense(1, dtype="float64"), encoder=e), "float64"),
        (_only_six, "batches of 6 only"),
        (_frozen, "freeze nothing"),
        (_frozen_copy, "freeze nothing"),
        (_retrained, "encoder changed"),
        (lambda e: e, "encoder itself"),
        (lambda e: keras.Model(e.input, e.outputs), "2 outputs"),
        (lambda e: layers.Dense(1)(e.get_layer("hidden").output), "expected a keras.Model"),
        (lambda e: None, "return"),
    ],
    "assemble_gan": [
        (_frozen_gan, "freeze nothing"),
        (_gan_of_copies, "not copies"),
        (_gan_with_sigmoid, "probability"),
        (lambda g, d: _OwnGAN(g, d, end=tf.nn.relu), "without an activation"),
        (lambda g, d: _OwnGAN(g, d, end=tf.nn.leaky_relu), "expected"),
        (lambda g, d: _OwnGAN(g, d, middle=tf.stop_gradient), "no gradient comes back"),
        (lambda g, d: _OwnGAN(g, d, middle=lambda x: tf.constant(x.numpy())), "does not take noise"),
        (lambda g, d: _OwnGAN(g, d, middle=lambda x: 2 * x - 1), "expected"),
        (_gan_of_six, "batches of 6 only"),
        (lambda g, d: keras.Sequential([d, g]), "expected"),
        (lambda g, d: g, "where is D"),
        (lambda g, d: d, "expected noise of shape (None, 32)"),
        (
            lambda g, d: keras.Model(z := keras.Input((32,)), layers.Rescaling(-1.0)(d(g(z)))),
            "flipped",
        ),
        (lambda g, d: (g, d), "a tuple, expected"),
        (lambda g, d: None, "return"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab02", RIGHT, WRONG
