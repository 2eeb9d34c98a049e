"""What is asked of a student's network, on networks a few lines long."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from labhelpers.checks import networks
from labhelpers.checks.core import Wrong


def _generator(last="tanh"):
    body = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation=last), layers.Reshape((2, 2, 1))])
    return keras.Sequential([keras.Input((2,)), layers.Dense(3), body])


def test_layers_inside_networks_and_wrappers_are_found():
    kinds = [type(layer) for layer in networks.layers_of(_generator())]
    assert (kinds.count(layers.Dense), kinds.count(layers.Reshape)) == (2, 1)
    wrapped = keras.Sequential([keras.Input((4, 4, 1)), _spectral(layers.Conv2D(2, 3))])
    assert layers.Conv2D in [type(layer) for layer in networks.layers_of(wrapped)]


@pytest.mark.parametrize(
    ("value", "built", "words"),
    [
        (None, False, "it is None, expected a keras.Model: is there a `return`"),
        ([], False, r"it is a list, expected a keras.Model\."),
        (keras.Sequential([layers.Dense(1)]), True, "it is a Sequential, expected a built keras.Model: start it with"),
    ],
)
def test_what_is_no_network_is_named(value, built, words):
    with pytest.raises(Wrong, match=words):
        networks.as_model(value, "it", built=built)
    assert networks.as_model(network := _generator(), "it", built=built) is network


def test_shape_and_size_are_checked():
    network = _generator()
    networks.expect_shape(network.output_shape, (2, 2, 1), "images", "it makes")
    with pytest.raises(Wrong, match=r"it makes \(None, 2, 2, 1\), expected images of shape \(None, 4, 4, 1\). Crop."):
        networks.expect_shape(network.output_shape, (4, 4, 1), "images", "it makes", "Crop.")
    networks.expect_budget(network, 25, "it", "less")
    with pytest.raises(Wrong, match="it has 25 parameters, expected at most 24: less"):
        networks.expect_budget(network, 24, "it", "less")


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


NOISE = np.random.default_rng(0).normal(size=(8, 6))
IMAGES = np.random.default_rng(0).uniform(-1, 1, size=(8, 8, 8, 1))


def _drawing(*last, filters=1, **more):
    """A generator of 8x8 images, from its last convolution on."""
    up = layers.Conv2DTranspose(filters, 4, strides=2, padding="same", **more)
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(4 * 4 * 8),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.Reshape((4, 4, 8)),
            up,
            *last,
        ]
    )


def _drawing_by(end, hidden="relu"):
    """A generator whose end is an operation."""
    noise = keras.Input((6,))
    x = layers.Reshape((8, 8, 1))(layers.Dense(64)(layers.Dense(32, activation=hidden)(noise)))
    return keras.Model(noise, end(x))


class _Own(keras.Model):
    """Layers made in another order than they are used in, and operations of any kind between them and at the end."""

    def __init__(self, end, hidden=tf.nn.leaky_relu, shape=(8, 8, 1)):
        super().__init__()
        self.end, self.hidden, self.shape_ = end, hidden, shape
        self.last, self.first = layers.Dense(math.prod(shape)), layers.Dense(16)

    def call(self, values, training=False):
        flat = tf.reshape(values, (-1, math.prod(values.shape[1:])))
        return self.end(tf.reshape(self.last(self.hidden(self.first(flat))), (-1, *self.shape_)))


class _MinusMean(layers.Layer):
    def call(self, values):
        return values - keras.ops.mean(values, axis=0, keepdims=True)


class _Noisy(layers.Layer):
    def call(self, values):
        return values + keras.random.normal(keras.ops.shape(values))


def _spectral(layer):
    return layers.SpectralNormalization(layer)


def _scoring(*last, first=None, norm=layers.BatchNormalization):
    """A discriminator of 8x8 images, from its score on."""
    first = first or layers.Conv2D(8, 4, strides=2, padding="same")
    return keras.Sequential(
        [keras.Input((8, 8, 1)), first, norm(), layers.LeakyReLU(0.2), layers.Flatten(), layers.Dense(1), *last]
    )


RIGHT_GENERATORS = {
    "an activation": lambda: _drawing(activation="tanh"),
    "a layer": lambda: _drawing(layers.Activation("tanh")),
    "a layer of an operation": lambda: _drawing(layers.Activation(keras.ops.tanh)),
    "a Lambda": lambda: _drawing(layers.Lambda(tf.tanh)),
    "cropped": lambda: _drawing(layers.Activation("tanh"), layers.ZeroPadding2D(1), layers.Cropping2D(1)),
    "an operation": lambda: _drawing_by(keras.ops.tanh),
    "behind GELU": lambda: _drawing_by(keras.ops.tanh, "gelu"),
    "behind a tanh": lambda: _drawing_by(keras.ops.tanh, "tanh"),
    "by exponentials": lambda: _drawing_by(lambda x: 2 * keras.ops.sigmoid(2 * x) - 1),
    "a class": lambda: _Own(keras.ops.tanh),
    "a class with a hidden tanh": lambda: _Own(tf.tanh, tf.tanh),
    "behind a norm": lambda: _drawing(layers.LayerNormalization((1, 2, 3)), layers.Activation("tanh")),
    "behind batch norm": lambda: _drawing(layers.BatchNormalization(), layers.Activation("tanh")),
    "small weights": lambda: _drawing(activation="tanh", kernel_initializer=keras.initializers.RandomNormal(0, 1e-3)),
    "large weights": lambda: _drawing(activation="tanh", kernel_initializer=keras.initializers.RandomNormal(0, 30)),
    "a dark start": lambda: _drawing(activation="tanh", bias_initializer=keras.initializers.Constant(-1)),
    "spectral norm": lambda: keras.Sequential(
        [
            _drawing(filters=4),
            layers.ReLU(),
            _spectral(layers.Conv2D(1, 3, padding="same")),
            layers.Activation("tanh"),
        ]
    ),
    "dropout": lambda: _drawing(layers.Dropout(0.5), layers.Conv2D(1, 3, padding="same", activation="tanh"), filters=4),
}

WRONG_GENERATORS = {
    "nothing": (_drawing, r"of inputs times 1e\+06, expected \[-1, 1\]: end in a tanh"),
    "twice": (lambda: _drawing_by(lambda x: 2 * keras.ops.tanh(x)), r"expected \[-1, 1\]: end in a tanh"),
    "sigmoid": (lambda: _drawing(activation="sigmoid"), r"expected both ends of \[-1, 1\]: a sigmoid or a ReLU leaves"),
    "half": (lambda: _drawing_by(lambda x: (keras.ops.tanh(x) + 1) / 2), "leaves out the lower half, end in a tanh"),
    "ReLU after tanh": (lambda: _drawing(layers.ReLU(), activation="tanh"), "a ReLU leaves out the lower half"),
    "rescaled": (lambda: _drawing(layers.Rescaling(0.8), activation="tanh"), "something shrinks them or cuts them off"),
    "clipped after": (lambda: _Own(lambda x: tf.clip_by_value(tf.tanh(x), -1, 0.5)), "something shrinks them or cuts"),
    "softsign": (lambda: _drawing(activation="softsign"), "in another way than a tanh, expected a tanh as the last"),
    "clipped": (lambda: _Own(lambda x: tf.clip_by_value(x, -1, 1)), "no softsign, nothing that cuts off"),
    "hard tanh": (lambda: _drawing(layers.Activation("hard_tanh")), "in another way than a tanh"),
    "nearly": (lambda: _drawing_by(lambda x: 0.98 * keras.ops.tanh(x)), "in another way than a tanh"),
    "normed in training": (
        lambda: _drawing(layers.BatchNormalization(center=False, scale=False), activation="tanh"),
        r"in training, expected \[-1, 1\]: end in a tanh",
    ),
    "noisy in training": (
        lambda: _drawing(layers.GaussianNoise(0.1), activation="tanh"),
        r"in training, expected \[-1, 1\]: end in a tanh",
    ),
    "sine": (lambda: _drawing_by(keras.ops.sin), "in another way than a tanh"),
}


@pytest.mark.parametrize("make", RIGHT_GENERATORS.values(), ids=RIGHT_GENERATORS)
def test_a_tanh_is_known_by_what_it_does(make):
    network = make()
    images = networks.expect_rows_apart(network, NOISE, "it")
    before = network.get_weights()
    networks.expect_varied(images, "it")
    networks.expect_tanh(network, NOISE, "it")
    networks.expect_gradients(network, NOISE, "it")
    assert networks.largest_change(before, network.get_weights()) == 0


@pytest.mark.parametrize(("make", "words"), WRONG_GENERATORS.values(), ids=WRONG_GENERATORS)
def test_what_is_no_tanh_is_known_by_what_it_does(make, words):
    network = make()
    network(NOISE.astype(np.float32))
    with pytest.raises(Wrong, match=words):
        networks.expect_tanh(network, NOISE, "it")


def test_other_ranges_are_judged_as_well():
    networks.expect_range(_drawing(activation="sigmoid"), NOISE, "it", "end in a sigmoid", low=0)
    with pytest.raises(Wrong, match=r"expected \[0, 1\]: end in a sigmoid"):
        networks.expect_range(_drawing(activation="tanh"), NOISE, "it", "end in a sigmoid", low=0)
    with pytest.raises(Wrong, match="something shrinks them or cuts them off, end in one sigmoid"):
        networks.expect_range(
            _drawing_by(lambda x: keras.ops.sigmoid(keras.ops.sigmoid(x))), NOISE, "it", "end in one sigmoid", 0
        )


@pytest.mark.parametrize(
    "make",
    [
        _scoring,
        lambda: _scoring(norm=layers.LayerNormalization),
        lambda: _scoring(first=_spectral(layers.Conv2D(8, 4, strides=2, padding="same")), norm=layers.Identity),
        lambda: _scoring(norm=lambda: layers.Dropout(0.5)),
        lambda: _scoring(norm=lambda: layers.Activation("tanh")),
        lambda: _Own(lambda x: x, shape=(1,)),
    ],
)
def test_raw_scores_go_far_out_on_both_sides(make):
    network = make()
    networks.expect_rows_apart(network, IMAGES, "it")
    before = network.get_weights()
    networks.expect_raw_scores(network, IMAGES, "it")
    networks.expect_gradients(network, IMAGES, "it")
    assert networks.largest_change(before, network.get_weights()) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: _scoring(layers.Activation("sigmoid")), "expected raw scores .*: no sigmoid or tanh at the end"),
        (lambda: _scoring(layers.Activation(keras.ops.sigmoid)), "no sigmoid or tanh"),
        (lambda: _scoring(layers.Lambda(lambda x: 1 / (1 + tf.exp(-x)))), "no sigmoid or tanh"),
        (lambda: _Own(tf.sigmoid, shape=(1,)), "no sigmoid or tanh"),
        (lambda: _Own(lambda x: 0.5 * keras.ops.tanh(x / 2) + 0.5, shape=(1,)), "no sigmoid or tanh"),
        (lambda: _scoring(layers.Activation("tanh")), "no sigmoid or tanh"),
        (lambda: _scoring(layers.Softmax()), "no sigmoid or tanh"),
        (lambda: _scoring(layers.ReLU()), "expected both signs: no ReLU or softplus"),
        (lambda: _Own(tf.nn.softplus, shape=(1,)), "expected both signs"),
        (lambda: _Own(lambda x: -tf.abs(x), shape=(1,)), "expected both signs"),
        (lambda: _Own(lambda x: 5 * tf.tanh(x / 5), shape=(1,)), "no activation and no limits at the end"),
        (lambda: _Own(lambda x: tf.clip_by_value(x, -100, 100), shape=(1,)), "no limits at the end"),
        (lambda: _scoring(layers.LeakyReLU(0.2)), "no activation and no limits at the end"),
    ],
)
def test_squashed_scores_are_refused(make, words):
    network = make()
    network(IMAGES.astype(np.float32))
    with pytest.raises(Wrong, match=words):
        networks.expect_raw_scores(network, IMAGES, "it")


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda x: x - tf.reduce_mean(x, axis=0), "makes something else of an input when others are in the batch"),
        (lambda x: x[:1], r"makes \(1, 8, 8, 1\) of a batch of 5, expected \(5, 8, 8, 1\)"),
        (lambda x: tf.concat([x[i : i + 1] for i in range(len(x))], axis=0), "raised .* when compiled, where the size"),
        (lambda x: tf.constant(x.numpy()), "raised .* when compiled"),
    ],
)
def test_every_row_is_for_itself_in_batches_of_any_size_compiled(end, words):
    network = _Own(end)
    network(NOISE.astype(np.float32))
    with pytest.raises(Wrong, match=words):
        networks.expect_rows_apart(network, NOISE, "it")


def test_rows_may_be_mixed_where_that_is_allowed():
    mixing = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1), _MinusMean()])
    networks.expect_rows_apart(mixing, IMAGES, "it", mixing=True)
    with pytest.raises(Wrong, match="no layer may mix a batch"):
        networks.expect_rows_apart(mixing, IMAGES, "it")
    normed = _drawing(activation="tanh")
    networks.expect_rows_apart(normed, NOISE, "it")
    with pytest.raises(Wrong, match="LayerNormalization"):
        networks.expect_rows_apart(normed, NOISE, "it", training=True)


def test_every_place_hears_the_noise():
    networks.expect_varied(np.random.default_rng(0).normal(size=(5, 4, 4)), "it")
    gaps = keras.Sequential([_drawing(activation="tanh"), layers.Conv2DTranspose(1, 1, strides=2)])
    images = networks.outputs(gaps, NOISE, "it")
    with pytest.raises(Wrong, match="it: 192 of 256 pixel values are the same for 8 different noises, expected all"):
        networks.expect_varied(images, "it")


def _partly(keep):
    images = keras.Input((8, 8, 1))
    return keras.Model(images, layers.Dense(1)(layers.Flatten()(keep(images))))


class _Idle(_Own):
    """Has a layer that it calls for nothing."""

    def __init__(self, end):
        super().__init__(end)
        self.idle = layers.Dense(2)

    def call(self, values, training=False):
        return super().call(values) + 0 * tf.reduce_sum(self.idle(values))


@pytest.mark.parametrize(
    ("make", "inputs", "words"),
    [
        (lambda: _partly(lambda x: x[:, :4]), IMAGES, "does not look at 32 of the 64 numbers that go in"),
        (lambda: _partly(lambda x: 0 * x), IMAGES, "no gradient comes back to .*kernel"),
        (lambda: _drawing_by(keras.ops.sign), NOISE, "no gradient comes back to"),
        (lambda: _drawing_by(keras.ops.stop_gradient), NOISE, "no gradient comes back to"),
        (lambda: _Own(tf.tanh, hidden=tf.stop_gradient), NOISE, "no gradient comes back to .*kernel"),
        (lambda: _Idle(tf.tanh), NOISE, "no gradient comes back to .*kernel"),
        (lambda: _Own(lambda x: tf.constant(x.numpy())), NOISE, "raised .* when compiled"),
    ],
)
def test_lost_gradients_are_named(make, inputs, words):
    network = make()
    network(inputs.astype(np.float32))
    with pytest.raises(Wrong, match=words):
        networks.expect_gradients(network, inputs, "it")


def test_gradients_of_frozen_zeroed_and_partly_blind_networks():
    frozen = _drawing()
    frozen.trainable = False
    with pytest.raises(Wrong, match="it has 0 weights that train, expected all"):
        networks.expect_gradients(frozen, NOISE, "it")
    networks.expect_gradients(_drawing(layers.Conv2D(1, 1, kernel_initializer="zeros")), NOISE, "it")
    networks.expect_gradients(_partly(lambda x: x[:, :7]), IMAGES, "it", whole=False)
    spectral = keras.Sequential(
        [keras.Input((8, 8, 1)), _spectral(layers.Conv2D(3, 3)), layers.Flatten(), layers.Dense(1)]
    )
    before = spectral.get_weights()
    networks.expect_gradients(spectral, IMAGES, "it")
    assert networks.largest_change(before, spectral.get_weights()) == 0


def test_a_network_gets_ends_and_is_new_with_each_call():
    noise = {"shape": (6,), "kind": "noise", "given": "it"}
    for make in (lambda: _Own(tf.tanh), lambda: keras.Sequential([layers.Dense(3)]), _drawing):
        network = networks.fresh(make, **noise)
        assert network.input_shape == (None, 6)
    shared = layers.Dense(3)
    fixed = keras.Model(ends := keras.Input(batch_shape=(4, 6)), layers.Dense(3)(ends))
    two = keras.Model([one := keras.Input((6,)), keras.Input((6,))], layers.Dense(3)(one))
    for make, words in (
        (lambda: fixed, "returned the same network twice"),
        (lambda: keras.Sequential([layers.Dense(6), shared]), "networks that share weights"),
        (lambda: keras.models.clone_model(fixed), "takes batches of 4 only, expected any size"),
        (lambda: keras.models.clone_model(two), "takes 2 inputs, expected one"),
        (
            lambda: _Own(lambda x: tf.constant(x.numpy())),
            r"does not take noise of shape \(None, 6\) \(AttributeError: ",
        ),
        (_scoring, r"takes \(None, 8, 8, 1\), expected noise of shape \(None, 6\)"),
    ):
        with pytest.raises(Wrong, match=words):
            networks.fresh(make, **noise)


def test_strides_are_seen_however_a_convolution_is_written():
    spelt = [
        layers.Conv2D(2, 3, strides=2),
        _spectral(layers.Conv2D(2, 3, strides=2)),
        layers.Lambda(lambda x: tf.nn.conv2d(x, tf.ones((3, 3, 1, 2)), 2, "SAME")),
    ]
    for layer in spelt:
        network = keras.Sequential([keras.Input((8, 8, 1)), layer])
        assert ("Conv2D", 2) in networks.operations_of(network, (8, 8, 1))
    up = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2DTranspose(2, 4, strides=2)])
    assert ("Conv2DBackpropInput", 2) in networks.operations_of(up, (8, 8, 1))


def test_a_twin_has_the_same_numbers_gradients_and_modes():
    rows = np.random.default_rng(1).normal(size=(5, 64))

    def of(network, *hints, right=tf.nn.relu):
        dense = networks.dense_pair_of(network, (64, 16, 1), "it")
        references = [(dense(bend, tf.identity), words) for bend, words in hints]
        networks.expect_twin(network, dense(right, tf.identity), rows, "it", references)

    def network(*middle, hidden="relu"):
        parts = [keras.Input((64,)), layers.Dense(16, activation=hidden, bias_initializer="ones"), *middle]
        return keras.Sequential([*parts, layers.Dense(1)])

    of(network())
    for wrong, words in (
        (network(hidden="elu"), r"it gave|gave .* expected .*\. An ELU\.$"),
        (network(layers.Dropout(0.5)), "other numbers with training=True"),
        (network(layers.Lambda(tf.stop_gradient)), "in a training step no gradient comes back to what goes in"),
    ):
        with pytest.raises(Wrong, match=words):
            of(wrong, (tf.nn.elu, "An ELU."))
    with pytest.raises(Wrong, match=r"it has weights of shapes .*, expected two dense layers, 64 => 16 => 1"):
        of(keras.Sequential([keras.Input((64,)), layers.Dense(8), layers.Dense(1)]))


def test_a_copy_does_the_same():
    for network in (_drawing(activation="tanh"), _scoring(layers.Dropout(0.5))):
        networks.expect_copy(network, NOISE if network.input_shape[1:] == (6,) else IMAGES, "it")
    own = _Own(tf.tanh)
    own(NOISE.astype(np.float32))
    with pytest.raises(Wrong, match=r"it raised .* when it was copied.*expected a copy"):
        networks.expect_copy(own, NOISE, "it")
    random = _drawing(_Noisy())
    with pytest.raises(Wrong, match="a copy with the same weights makes something else"):
        networks.expect_copy(random, NOISE, "it")


def test_the_weight_that_moved_most_counts():
    before = [np.zeros(2), np.ones((2, 2))]
    assert networks.largest_change(before, [np.array([0.0, -3.0]), np.ones((2, 2))]) == 3
    assert networks.largest_change(before, before) == 0
