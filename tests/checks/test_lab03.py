"""Lab 03's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import functools

import keras
import numpy as np
import tensorflow as tf

from tests.checks.exercises import Exercises

_BCE = keras.losses.BinaryCrossentropy(from_logits=True)


def _d(real, fake):
    return tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))


def _g(fake):
    return tf.reduce_mean(tf.nn.softplus(-fake))


def _two_tapes(g, d, g_optimizer, d_optimizer, real, noise):
    """Module 6's order: both losses first, then both steps."""
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = g(noise, training=True)
        real_logits, fake_logits = d(real, training=True), d(fake, training=True)
        d_loss, g_loss = _d(real_logits, fake_logits), _g(fake_logits)
    d_gradients = d_tape.gradient(d_loss, d.trainable_variables)
    g_gradients = g_tape.gradient(g_loss, g.trainable_variables)
    d_optimizer.apply_gradients(zip(d_gradients, d.trainable_variables, strict=True))
    g_optimizer.apply_gradients(zip(g_gradients, g.trainable_variables, strict=True))
    return d_loss, g_loss


def _one_after_the_other(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape() as tape:
        d_loss = _d(d(real), d(tf.stop_gradient(g(noise))))
    d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    with tf.GradientTape() as tape:
        g_loss = _g(d(g(noise)))
    g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    return d_loss, g_loss


def _persistent(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = d(g(noise))
        d_loss = _BCE(tf.ones_like(d(real)), d(real)) + _BCE(tf.zeros_like(fake_logits), fake_logits)
        g_loss = _BCE(tf.ones_like(fake_logits), fake_logits)
    d_gradients = tape.gradient(d_loss, d.trainable_variables)
    g_gradients = tape.gradient(g_loss, g.trainable_variables)
    g_optimizer.apply(g_gradients, g.trainable_variables)
    d_optimizer.apply(d_gradients, d.trainable_variables)
    return [d_loss, g_loss]


def _step(d_sign=1.0, g_sign=1.0, g_loss=_g, d_loss=_d, move=("d", "g"), d_takes=None, g_takes=None, returns=None):
    """A wrong step, by what is changed of the right one."""

    def step(g, d, g_optimizer, d_optimizer, real, noise):
        with tf.GradientTape(persistent=True) as tape:
            fake_logits = d(g(noise))
            losses = {"d": d_loss(d(real), fake_logits), "g": g_loss(fake_logits)}
        d_gradients = tape.gradient(losses[d_takes or "d"], d.trainable_variables)
        g_gradients = tape.gradient(losses[g_takes or "g"], g.trainable_variables)
        if "d" in move:
            d_optimizer.apply([d_sign * gradient for gradient in d_gradients], d.trainable_variables)
        if "g" in move:
            g_optimizer.apply([g_sign * gradient for gradient in g_gradients], g.trainable_variables)
        return returns(losses) if returns else (losses["d"], losses["g"])

    return step


def _both_move_with_both(g, d, g_optimizer, d_optimizer, real, noise):
    everything = g.trainable_variables + d.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = d(g(noise))
        d_loss, g_loss = _d(d(real), fake_logits), _g(fake_logits)
        total = d_loss + g_loss
    gradients = tape.gradient(total, everything)
    keras.optimizers.SGD(0.5).apply(gradients, everything)
    return d_loss, g_loss


def _g_moves_with_d(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape(persistent=True) as tape:
        fake_logits = d(g(noise))
        d_loss, g_loss = _d(d(real), fake_logits), _g(fake_logits)
    d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    for loss in (g_loss, d_loss):
        for variable, gradient in zip(g.trainable_variables, tape.gradient(loss, g.trainable_variables), strict=True):
            variable.assign_sub(0.3 * gradient)
    return d_loss, g_loss


def _not_compiled(g, d, g_optimizer, d_optimizer, real, noise):
    d_loss, g_loss = _two_tapes(g, d, g_optimizer, d_optimizer, real, noise)
    return float(d_loss.numpy()), float(g_loss.numpy())


def _no_path(g, d, g_optimizer, d_optimizer, real, noise):
    fake = g(noise)
    with tf.GradientTape() as tape:
        g_loss = _g(d(fake))
    g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    return g_loss, g_loss


def _naive_d(real, fake):
    return -tf.reduce_mean(tf.math.log(tf.sigmoid(real))) - tf.reduce_mean(tf.math.log(1 - tf.sigmoid(fake)))


def _clipped_d(real, fake):
    bce = keras.losses.BinaryCrossentropy()
    return bce(tf.ones_like(real), tf.sigmoid(real)) + bce(tf.zeros_like(fake), tf.sigmoid(fake))


def _d_by_loops(real, fake):
    total = tf.zeros(())
    for score in tf.reshape(real, (-1,)):  # a loop that AutoGraph compiles
        total += tf.nn.softplus(-score) / len(real)
    return total + tf.reduce_sum(tf.nn.softplus(fake)) / fake.shape[0]


def _d_in_python(real, fake):
    """Right, but Python's own sum needs the scores one by one, and a compiled step has none."""
    return sum(tf.nn.softplus(-s) for s in tf.reshape(real, (-1,))) / len(real) + tf.reduce_mean(tf.nn.softplus(fake))


def _d_by_numpy(real, fake):
    fakes = tf.numpy_function(lambda s: np.float32(np.logaddexp(0, s).mean()), [fake], tf.float32)
    return tf.reduce_mean(tf.nn.softplus(-real)) + fakes + 0 * tf.reduce_sum(fake)


def _pooled(real, fake):
    losses = [tf.reshape(tf.nn.softplus(part), (-1,)) for part in (-real, fake)]
    return tf.reduce_mean(tf.concat(losses, axis=0))


def _two_d_steps(g, d, g_optimizer, d_optimizer, real, noise):
    fake = g(noise)
    for images, sign in ((real, -1), (fake, 1)):
        with tf.GradientTape() as tape:
            d_loss = tf.reduce_mean(tf.nn.softplus(sign * d(images)))
        d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    with tf.GradientTape() as tape:
        g_loss = _g(d(g(noise)))
    g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    return d_loss, g_loss


def _g_first(g, d, g_optimizer, d_optimizer, real, noise):
    with tf.GradientTape() as tape:
        g_loss = _g(d(g(noise)))
    g_optimizer.apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    with tf.GradientTape() as tape:
        d_loss = _d(d(real), d(g(noise)))
    d_optimizer.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    return d_loss, g_loss


def _by_hand(g, d, g_optimizer, d_optimizer, real, noise):
    """Labels of ones and zeros, the batch's size from its shape, and variables by another name."""
    batch = noise.shape[0]
    with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
        both = d(tf.concat([real, g(noise, training=True)], axis=0), training=True)
        labels = tf.concat([tf.ones((batch, 1)), tf.zeros((batch, 1))], axis=0)
        d_loss = 2 * _BCE(labels, both)
        g_loss = _BCE(tf.ones((batch, 1)), both[batch:])
    for tape, loss, network, optimizer in ((d_tape, d_loss, d, d_optimizer), (g_tape, g_loss, g, g_optimizer)):
        optimizer.apply(tape.gradient(loss, network.trainable_weights), network.trainable_weights)
    return d_loss, g_loss


L = keras.layers


def _generator(*, slope=0.01, hidden=128, last="tanh", bias=True, reshape=(28, 28, 1), more=()):
    """UW's G, or a wrong one by what is changed of it."""

    def build():
        start = keras.Input((100,))
        hidden_layers = [L.Dense(hidden, use_bias=bias), *(make() for make in more)]
        hidden_layers += [] if slope is None else [L.LeakyReLU(negative_slope=slope)]
        return keras.Sequential([start, *hidden_layers, L.Dense(784, activation=last), L.Reshape(reshape)])

    return build


def _discriminator(*, slope=0.01, last=None, units=1, more=()):
    def build():
        hidden_layers = [
            L.Dense(128),
            *([] if slope is None else [L.LeakyReLU(negative_slope=slope)]),
            *(make() for make in more),
        ]
        return keras.Sequential(
            [keras.Input((28, 28, 1)), L.Flatten(), *hidden_layers, L.Dense(units, activation=last)]
        )

    return build


def _functional_generator():
    noise = keras.Input((100,))
    x = L.Dense(128)(noise)
    x = keras.ops.leaky_relu(x, 0.01)
    return keras.Model(noise, keras.ops.reshape(keras.ops.tanh(L.Dense(784)(x)), (-1, 28, 28, 1)))


class _SubclassedGenerator(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = L.Dense(128), L.Dense(784)

    def call(self, noise):
        return tf.reshape(tf.tanh(self.second(tf.nn.leaky_relu(self.first(noise), 0.01))), (-1, 28, 28, 1))


def _one_by_activation():
    layers = [L.Dense(128, activation=L.LeakyReLU(negative_slope=0.01)), L.Dense(784), L.Activation("tanh")]
    return keras.Sequential([keras.Input((100,)), *layers, L.Reshape((28, 28, 1))])


def _functional_discriminator():
    image = keras.Input((28, 28, 1))
    x = keras.ops.leaky_relu(L.Dense(128)(keras.ops.reshape(image, (-1, 784))), 0.01)
    return keras.Model(image, L.Dense(1)(x))


class _ByNumpy(keras.Model):
    """What goes in takes a way through NumPy: right numbers and weights that learn, but G hears nothing."""

    def __init__(self, way):
        super().__init__()
        self.first, self.second, self.way = L.Dense(128), L.Dense(1), way

    def call(self, images):
        return self.second(tf.nn.leaky_relu(self.first(self.way(tf.reshape(images, (-1, 784)))), 0.01))


def _there_and_back(values):
    return tf.ensure_shape(tf.numpy_function(lambda x: x, [values], tf.float32), values.shape)


_LAYERS = [L.Dense(128), L.LeakyReLU(negative_slope=0.01), L.Dense(784, activation="tanh"), L.Reshape((28, 28, 1))]


def _fixed_input():
    noise = keras.Input(batch_shape=(128, 100))
    return keras.Model(noise, _generator()()(noise))


class _SubclassedDiscriminator(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = L.Dense(128), L.Dense(1)

    def call(self, images):
        return self.second(tf.nn.leaky_relu(self.first(tf.reshape(images, (-1, 784))), 0.01))


_SHARED = _generator()()


def _frozen():
    model = _generator()()
    model.layers[0].trainable = False
    return model


class _FixedBatch(_SubclassedGenerator):
    """As the course's own classes: the batch size is written into the reshape."""

    def call(self, noise):
        return tf.reshape(tf.tanh(self.second(tf.nn.leaky_relu(self.first(noise), 0.01))), (2, 28, 28, 1))


class _OwnNorm(L.Layer):
    def build(self, shape):
        self.mean = self.add_weight(shape=shape[-1:], initializer="zeros", trainable=False)
        self.variance = self.add_weight(shape=shape[-1:], initializer="ones", trainable=False)
        self.gamma = self.add_weight(shape=shape[-1:], initializer="ones")
        self.beta = self.add_weight(shape=shape[-1:], initializer="zeros")

    def call(self, x, training=False):
        mean, variance = self.mean, self.variance
        if training:
            mean, variance = tf.nn.moments(x, axes=[0])
            self.mean.assign(0.9 * self.mean + 0.1 * mean)
            self.variance.assign(0.9 * self.variance + 0.1 * variance)
        return self.gamma * (x - mean) / tf.sqrt(variance + 1e-5) + self.beta


def _norm(momentum=0.9, epsilon=1e-5):
    return lambda: L.BatchNormalization(momentum=momentum, epsilon=epsilon)


RIGHT = {
    "build_generator": [_generator(), _functional_generator, _SubclassedGenerator, _one_by_activation],
    "build_discriminator": [
        _discriminator(),
        _functional_discriminator,
        _SubclassedDiscriminator,
        lambda: _ByNumpy(tf.identity),
        lambda: keras.Sequential([L.Flatten(), L.Dense(128, activation=L.LeakyReLU(0.01)), L.Dense(1)]),
    ],
    "back_to_pixels": [
        lambda images: np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8),
        lambda images: np.round(255 * np.clip((np.asarray(images, np.float64) + 1) / 2, 0, 1)).astype("uint8"),
        lambda images: tf.cast(tf.clip_by_value(tf.round((images + 1) * 127.5), 0, 255), tf.uint8),
        lambda images: (np.clip(images, -1, 1) * 127.5 + 128).astype(np.uint8),
        lambda images: np.interp(images, (-1, 1), (0.5, 255.5)).astype("uint8"),
    ],
    "batch_norm": [
        _norm(),
        _OwnNorm,
        lambda: L.BatchNormalization(axis=-1, momentum=1 - 0.1, epsilon=0.00001),
        lambda: keras.Sequential([L.BatchNormalization(momentum=0.9, epsilon=1e-5)]),
    ],
    "optimal_discriminator": [
        lambda p, q: p / (p + q),
        lambda p, q: 1 - q / (p + q),
        lambda p, q: np.divide(p, np.add(p, q)),
        lambda p, q: tf.constant(p) / (tf.constant(p) + q),
        lambda p, q: 1 / (1 + np.divide(q, p)),
    ],
    "discriminator_loss": [
        _d,
        _d_by_loops,
        lambda real, fake: keras.ops.mean(keras.ops.softplus(-real)) + keras.ops.mean(keras.ops.logaddexp(0.0, fake)),
        lambda real, fake: _BCE(tf.ones_like(real), real) + _BCE(tf.zeros_like(fake), fake),
        lambda real, fake: -tf.reduce_mean(tf.math.log_sigmoid(real)) - tf.reduce_mean(tf.math.log_sigmoid(-fake)),
        lambda real, fake: (
            tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(real), real))
            + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.zeros_like(fake), fake))
        ),
    ],
    "generator_loss": [
        _g,
        lambda fake: _BCE(tf.ones_like(fake), fake),
        lambda fake: -tf.reduce_mean(tf.math.log_sigmoid(fake)),
        lambda fake: keras.ops.mean(keras.ops.softplus(-fake)),
        lambda fake: tf.reduce_sum(tf.nn.softplus(-fake)) / len(fake),
    ],
    "train_step": [_two_tapes, _one_after_the_other, _persistent, _by_hand],
    "preprocess": [
        lambda images: (images.astype("float32") - 127.5) / 127.5,
        lambda images: images.astype("float32") / 127.5 - 1,
        lambda images: tf.cast(images, tf.float32) / 255 * 2 - 1,
        lambda images: np.interp(images, (0, 255), (-1, 1)).astype(np.float32),
        L.Rescaling(1 / 127.5, -1),
        lambda images: images / np.float32(127.5) - 1,
    ],
}

WRONG = {
    "build_generator": [
        (_generator(last="sigmoid"), "sigmoid"),
        (_generator(last=None), "last activation is missing"),
        (_generator(slope=0.3), "default slope 0.3"),
        (_generator(slope=None), "no activation"),
        (_generator(slope=0.0), "ReLU"),
        (_generator(hidden=256), "114,064"),
        (_generator(bias=False), "parameters"),
        (_generator(reshape=(784,)), "shape"),
        (_generator(more=(lambda: L.Dropout(0.5),)), "dropout"),
        (_generator(more=(L.BatchNormalization,)), "parameters"),
        (_FixedBatch, "expected"),
        (_fixed_input, "batches of 128 only"),
        (lambda: keras.Sequential(_LAYERS), "share weights"),
        (_generator(last=lambda x: 0.98 * tf.tanh(x)), "expected"),
        (_generator(last=lambda x: tf.clip_by_value(x, -1.0, 1.0)), "cuts off"),
        (_generator(last=lambda x: tf.tanh(tf.tanh(x))), "two tanhs"),
        (_generator(last="relu", slope=0.2), "It ends in a ReLU, expected a tanh. And the hidden layer"),
        (_generator(more=(lambda: L.LayerNormalization(center=False, scale=False),)), "expected"),
        (_generator(more=(lambda: L.GaussianNoise(0.1),)), "leave out dropout and noise"),
        (_frozen, "trainable"),
        (lambda: _SHARED, "same network twice"),
        (_discriminator(), "expected noise of shape (None, 100)"),
        (lambda: None, "return"),
        (lambda: 3, "expected a keras.Model"),
    ],
    "build_discriminator": [
        (_discriminator(last="sigmoid"), "raw scores"),
        (_discriminator(last="tanh"), "no limits"),
        (_discriminator(slope=0.3), "default slope 0.3"),
        (_discriminator(slope=0.2), "slope 0.2"),
        (_discriminator(slope=None), "no activation"),
        (_discriminator(last="relu"), "may be negative"),
        (_discriminator(last=L.LeakyReLU(negative_slope=0.01)), "needs no LeakyReLU"),
        (_discriminator(last=lambda x: 4 * tf.tanh(x / 4)), "expected"),
        (lambda: _ByNumpy(_there_and_back), "no gradient comes back to what goes in"),
        (lambda: _ByNumpy(tf.stop_gradient), "no gradient comes back to what goes in"),
        (lambda: _ByNumpy(np.asarray), "does not take images"),
        (_discriminator(units=2), "expected scores of shape (None, 1)"),
        (_discriminator(more=(lambda: L.Dropout(0.3),)), "dropout"),
        (_generator(), "expected images of shape (None, 28, 28, 1)"),
        (lambda: None, "return"),
    ],
    "back_to_pixels": [
        (lambda images: (images * 127.5 + 127.5).astype(np.uint8), "round first"),
        (lambda images: np.rint((images + 1) * 127.5).astype(np.int64).astype(np.uint8), "cut the values"),
        (lambda images: ((images + 1) / 2).astype(np.float32), "[0, 1]"),
        (lambda images: np.clip(np.rint((images + 1) * 127.5), 0, 255), "uint8"),
        (lambda images: np.clip(np.rint(images * 255), 0, 255).astype(np.uint8), "below 0 is lost"),
        (lambda images: np.clip(np.rint(127.5 - images * 127.5), 0, 255).astype(np.uint8), "swapped"),
        (lambda images: np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8).ravel(), "shape"),
        (lambda images: np.clip(np.rint(images * 127 + 127), 0, 255).astype(np.uint8), "as it was. The lab goes on"),
        (lambda images: np.rint(255 * (images - images.min()) / np.ptp(images)).astype(np.uint8), "10.7"),
        (lambda images: None, "return"),
    ],
    "batch_norm": [
        (_norm(momentum=0.1, epsilon=0.8), "epsilon is still 0.8"),
        (_norm(epsilon=1e-3), "1e-5"),
        (_norm(momentum=0.1), "share of the old average"),
        (_norm(momentum=0.99), "0.99"),
        (_norm(momentum=0.8), "0.8"),
        (L.LayerNormalization, "0 for each"),
        (_norm(epsilon=1e-8), "epsilon is smaller than"),
        (_norm(epsilon=1e-4), "epsilon is larger than"),
        (lambda: L.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False), "affine=True"),
        (functools.cache(_norm()), "same layer twice"),
        (lambda: keras.layers.BatchNormalization, "expected a Keras layer"),
        (lambda: None, "expected a Keras layer"),
    ],
    "optimal_discriminator": [
        (lambda p, q: q / (p + q), "probability of fake"),
        (lambda p, q: p / q, "no fakes"),
        (lambda p, q: p - q, "share of the sum"),
        (lambda p, q: (p + q) / 2, "Divide by the sum"),
        (lambda p, q: p, "where the fakes are"),
        (lambda p, q: p / (p + q) / 2, "1/2"),
        (lambda p, q: np.log(p / (p + q)), "logarithm"),
        (lambda p, q: np.where(p > q, 1.0, 0.0), "not a verdict"),
        (lambda p, q: np.clip(p / (p + q), 0.01, 0.99), "expected"),
        (lambda p, q: p / p.sum() / (p / p.sum() + q / q.sum()), "expected"),
        (lambda p, q: None, "return"),
    ],
    "discriminator_loss": [
        (_naive_d, "from_logits=True"),
        (_clipped_d, "clipped"),
        (lambda real, fake: _d(real, fake) / 2, "1/2"),
        (lambda real, fake: _d(fake, real), "swapped"),
        (lambda real, fake: _d(-real, -fake), "labels are swapped"),
        (lambda real, fake: -_d(real, fake), "sign"),
        (lambda real, fake: tf.reduce_mean(tf.nn.softplus(-real)), "fakes is missing"),
        (lambda real, fake: tf.reduce_sum(tf.nn.softplus(-real)) + tf.reduce_sum(tf.nn.softplus(fake)), "do not sum"),
        (lambda real, fake: tf.nn.softplus(-real) + tf.nn.softplus(fake), "Average over the batch"),
        (lambda real, fake: float(_d(real, fake)), "NumPy"),
        (_pooled, "over its own images"),
        (lambda real, fake: _d(real, fake) - 2 * _g(-fake), "Both terms are costs"),
        (_d_by_numpy, "hidden from the gradient"),
        (lambda real, fake: _d(real, tf.stop_gradient(fake)), "no gradient flows from the result to fake_logits"),
        (_d_in_python, "under tf.function"),
        (lambda real, fake: _d(tf.cast(real, tf.float64), tf.cast(fake, tf.float64)), "float32"),
        (lambda real, fake: None, "return"),
    ],
    "generator_loss": [
        (lambda fake: -tf.reduce_mean(tf.nn.softplus(fake)), "minimax"),
        (lambda fake: tf.reduce_mean(tf.nn.softplus(fake)), "called real"),
        (lambda fake: -_g(fake), "sign"),
        (lambda fake: tf.reduce_sum(tf.nn.softplus(-fake)), "do not sum"),
        (lambda fake: tf.nn.softplus(-fake), "Average over the batch"),
        (lambda fake: -tf.reduce_mean(tf.math.log(tf.sigmoid(fake))), "from_logits=True"),
        (lambda fake: -tf.reduce_mean(tf.math.log(tf.sigmoid(fake) + 1e-7)), "16.1"),
        (lambda fake: -tf.reduce_mean(fake), "logarithm"),
        (lambda fake: np.logaddexp(0, -fake.numpy()).mean(), "NumPy"),
    ],
    "train_step": [
        (_step(move=("g",)), "D moved by exactly 0.0"),
        (_step(move=("d",)), "G moved by exactly 0.0"),
        (_step(d_sign=-1.0), "step up"),
        (_step(g_sign=-1.0), "step up"),
        (_step(g_loss=lambda fake: -tf.reduce_mean(tf.nn.softplus(fake))), "minimax"),
        (_step(g_loss=lambda fake: tf.reduce_mean(tf.nn.softplus(fake))), "easier"),
        (_step(d_loss=_pooled), "exactly half of the step"),
        (_step(d_loss=lambda real, fake: _g(real)), "the term for the fakes is missing"),
        (_step(d_loss=lambda real, fake: _g(-fake)), "the term for real images is missing"),
        (_step(d_loss=lambda real, fake: _g(real) - _g(-fake)), "sign of the term for the fakes"),
        (_step(d_loss=lambda real, fake: 6 * _d(real, fake)), "as many times too large"),
        (_two_d_steps, "two steps"),
        (_g_first, "of a G that had moved already"),
        (_step(returns=lambda losses: {"d_loss": losses["d"], "g_loss": losses["g"]}), "returned a dict"),
        (_step(g_takes="d"), "easier"),
        (_step(d_takes="g"), "loss of its own"),
        (_step(d_loss=lambda real, fake: _d(fake, real)), "expected"),
        (_step(returns=lambda losses: (losses["g"], losses["d"])), "d_loss first"),
        (_step(returns=lambda losses: None), "returned None"),
        (_step(returns=lambda losses: losses["d"]), "two losses"),
        (_both_move_with_both, "G's loss moved D"),
        (_g_moves_with_d, "D's loss moved G"),
        (_not_compiled, "tf.function"),
        (_no_path, "raised"),
    ],
    "preprocess": [
        (lambda images: images.astype("float32") / 255, "upper half"),
        (lambda images: images.astype("float32") / 255 - 0.5, "[-0.5, 0.5]"),
        (lambda images: images.astype("float32") / 128 - 1, "127.5"),
        (lambda images: images.astype("float32") - 127.5, "division is missing"),
        (lambda images: (images * np.uint8(2)).astype("float32") / 255 - 1, "wrap round"),
        (lambda images: images / 127.5 - 1, "float32"),
        (lambda images: 1 - images.astype("float32") / 127.5, "swapped"),
        (lambda images: np.tanh(images.astype("float32") / 255), "linear"),
        (lambda images: images / np.float32(max(images.max(), 1)) * 2 - 1, "whatever its own darkest"),
        (
            lambda images: (
                (images - np.float32(images.min())) / np.float32(max(int(images.max()) - int(images.min()), 1)) * 2 - 1
            ),
            "whatever its own darkest",
        ),
        (
            lambda images: (images.astype("float32") - images.mean()) / np.float32(max(images.std(), 1e-9)),
            "expected",
        ),
        (lambda images: None, "return"),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab03", RIGHT, WRONG
