"""Checks of lab 01: the parts of a variational autoencoder."""

from __future__ import annotations

import functools
import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses, models, training
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.networks import (
    dense_pair_of,
    expect_range,
    expect_twin,
    fresh,
    with_random_weights,
)
from labhelpers.checks.numeric import (
    Floats,
    Likely,
    expect_gradients_of,
    expect_results,
    expect_same_compiled,
    parts_of,
    tensor,
    to_array,
)

_IMAGE_SHAPE = (28, 28, 1)
_WIDTH = 256


def _dense_decoder(latent_dim: int) -> keras.Model:
    return models.dense_decoder(_IMAGE_SHAPE, latent_dim, _WIDTH)


@exercise(stand_in=_dense_decoder)
def build_decoder(answer: Answer) -> str:
    """Exercise 1: the decoder, from codes to pixel probabilities."""
    rng = np.random.default_rng(4)
    for latent_dim in (2, 8):
        given = f"build_decoder({latent_dim})"
        build = functools.partial(answer, latent_dim)
        network = fresh(build, (latent_dim,), "codes", given)
        codes = rng.normal(size=(5, latent_dim))
        _expect_images(network(tensor(codes)), tensor(codes), given)
        _expect_parameters(network, latent_dim, given)
        sure = "probabilities come out of one sigmoid"
        expect_range(network, codes, given, sure, low=0)
        with_random_weights(network, rng, 0.3)
        _expect_decoding(network, latent_dim, codes, given)
    return "right shapes, 202,256 parameters for 2 dimensions, and probabilities."


def _expect_images(images: Any, codes: Tensor, given: str) -> None:
    """The output has the shape of images."""
    if isinstance(images, list | tuple):
        raise Wrong(
            f"{given} has {len(images)} outputs, expected one: mean and log variance "
            "belong to the encoder."
        )
    expected, found = (len(codes), *_IMAGE_SHAPE), to_array(images, given).shape
    if found == expected:
        return
    hint = {
        (len(codes), 784): " Give the 784 numbers the shape of an image: Reshape.",
        expected[:-1]: " The axis of channels is missing: Reshape to (28, 28, 1).",
    }.get(found, "")
    raise Wrong(
        f"{given} makes {found} from codes of shape {tuple(codes.shape)}, expected "
        f"{expected}.{hint}"
    )


def _expect_parameters(network: keras.Model, latent_dim: int, given: str) -> None:
    """Two dense layers with bias, all trainable."""
    pixels = math.prod(_IMAGE_SHAPE)
    expected = (latent_dim + 1) * _WIDTH + (_WIDTH + 1) * pixels
    found = network.count_params()
    hint = {
        (latent_dim + 1) * pixels: f" The hidden layer of {_WIDTH} units is missing.",
        latent_dim * _WIDTH + _WIDTH * pixels: " Both layers need a bias.",
    }.get(found, f" One hidden layer of {_WIDTH} units, and one unit for each pixel.")
    if found != expected:
        raise Wrong(f"{given} has {found:,} parameters, expected {expected:,}.{hint}")
    trainable = sum(math.prod(v.shape) for v in network.trainable_variables)
    if trainable != expected:
        raise Wrong(
            f"{given} trains {trainable:,} of its {found:,} parameters, expected all of "
            "them: freeze nothing."
        )


def _expect_decoding(
    network: keras.Model, latent_dim: int, codes: Floats, given: str
) -> None:
    """A network draws what two dense layers with its weights draw."""
    layers = dense_pair_of(
        network, (latent_dim, _WIDTH, math.prod(_IMAGE_SHAPE)), given
    )

    def cut(scores: Tensor) -> Tensor:
        return tf.clip_by_value(scores, 0, 1)

    def in_any_order(images: Floats) -> Floats:
        # In which order the 784 numbers fill the image is learned anyway.
        return np.sort(images.reshape(len(images), -1), axis=1)

    instead = {
        "has no activation": tf.identity,
        "has a tanh": tf.tanh,
        "has a sigmoid": tf.sigmoid,
        "has a LeakyReLU": keras.layers.LeakyReLU(),
        "has a LeakyReLU of slope 0.2": tf.nn.leaky_relu,
        "has an ELU": tf.nn.elu,
    }
    expect_twin(
        network,
        layers(tf.nn.relu, tf.sigmoid),
        codes,
        given,
        [
            *(
                (layers(bend, tf.sigmoid), f"The hidden layer {words}, not a ReLU.")
                for words, bend in instead.items()
            ),
            (
                layers(tf.nn.relu, tf.nn.softmax),
                "That is a softmax: every pixel has a probability of its own, so use a "
                "sigmoid.",
            ),
            (
                layers(tf.nn.relu, cut),
                "Cut-off values have no gradient: end in a sigmoid.",
            ),
        ],
        in_any_order,
    )


def _codes(
    rng: np.random.Generator, count: int, dimensions: int, parts: int = 2
) -> tuple[Tensor, ...]:
    """Mean, log variance and, of three parts, noise."""
    return tuple(map(tensor, rng.normal(size=(parts, count, dimensions))))


@exercise(stand_in=training.sample_z)
def sample_z(answer: Answer) -> str:
    """Exercise 2: codes from mean, log variance and noise."""
    rng = np.random.default_rng(0)
    small = ([[1.0, -2.0]], [[2 * math.log(2), 0.0]], [[1.0, -0.5]])
    batch = _codes(rng, 5, 3, 3)
    mistakes: list[Likely] = [
        (
            lambda m, v, e: m + np.exp(v) * e,
            "That multiplies the noise by the variance, not by its square root.",
        ),
        (lambda m, v, e: m + v * e, _LOGARITHM),
        (lambda m, v, e: m + np.sqrt(v) * e, _LOGARITHM),
        (lambda m, v, e: m + np.sqrt(np.abs(v)) * e, _LOGARITHM),
        (lambda m, v, e: m + v / 2 * e, _LOGARITHM),
        (lambda m, v, e: m + e, "The noise must be scaled by the standard deviation."),
        (lambda m, v, e: m, "Where is the noise?"),
        (lambda m, v, e: m + np.exp(v / 2), "Where is the noise?"),
        (lambda m, v, e: np.exp(v / 2) * e, "The mean is missing."),
        (lambda m, v, e: m + np.exp(-v / 2) * e, "Check the sign in the exponent."),
        (
            lambda m, v, e: m - np.exp(v / 2) * e,
            "Add the scaled noise, do not subtract it.",
        ),
        (
            lambda m, v, e: (m + np.exp(v / 2)) * e,
            "The mean is not scaled: only sigma is multiplied by the noise.",
        ),
    ]
    expect_results(
        answer,
        training.sample_z,
        {
            "mean=[1, -2], log_var=[log 4, 0], epsilon=[1, -0.5]": [
                tensor(part) for part in small
            ],
            "a batch of 5 codes with 3 dimensions": batch,
            "one code with one dimension": _codes(rng, 1, 1, 3),
            "log_var=[-12, 12]": [
                tensor([[1.0, -1]]),
                tensor([[-12.0, 12]]),
                tensor([[2.0, 1]]),
            ],
        },
        mistakes,
    )
    names = ("mean", "log_var", "epsilon")
    inputs = dict(zip(names, batch, strict=True))
    expect_gradients_of(training.sample_z, answer, inputs, "the codes")
    _expect_compiled(answer, batch, "sample_z")
    return "right values, and gradients flow to mean and log_var."


_LOGARITHM = "log_var is a logarithm: take its exponential first."


def _expect_compiled(answer: Answer, batch: tuple[Tensor, ...], given: str) -> None:
    """A right answer is right in the lab's compiled step, for batches of any size."""
    smaller = [tuple(part[:count] for part in batch) for count in (2, 1)]
    expect_same_compiled(answer, batch, *smaller, given=given, autograph=True)


@exercise(stand_in=losses.kl_divergence)
def kl_divergence(answer: Answer) -> str:
    """Exercise 3: KL divergence in closed form, one value per image."""

    def kl(
        square: Answer = np.square, variance: Answer = np.exp, of: Answer = np.sum
    ) -> Answer:
        """KL, or a wrong one by what is changed of it."""
        return lambda m, v: of(0.5 * (square(m) + variance(v) - 1 - v), axis=1)

    right = kl()
    parts = kl(of=lambda values, axis: np.asarray(values))
    rng = np.random.default_rng(1)
    batch = _codes(rng, 6, 4)
    mistakes: list[Likely] = [
        (lambda *g: -right(*g), "KL is never negative: check the sign in front."),
        (lambda *g: 2 * right(*g), "The factor 1/2 is missing."),
        (
            lambda *g: -2 * right(*g),
            "KL is never negative, and the factor 1/2 is missing.",
        ),
        (lambda *g: right(*g) / 2, "That is half of it: 1/2 stands there once."),
        (kl(of=np.mean), "Sum over the latent dimensions, do not average."),
        (
            lambda *g: right(*g).sum(),
            "Keep one value per image: sum over the latent dimensions only.",
        ),
        (
            lambda *g: right(*g).mean(),
            "Keep one value per image: the mean over the batch comes later.",
        ),
        (
            lambda *g: parts(*g).sum(axis=0),
            "Sum over the latent dimensions (axis 1), not over the batch.",
        ),
        (parts, "Sum over the latent dimensions."),
        (
            lambda *g: right(*g)[:, None],
            "Drop the last axis: one value per image, shape (batch,).",
        ),
        (lambda m, v: right(m, v) + m.shape[1] / 2, "The term -1 is missing."),
        (
            lambda m, v: right(m, v) + (m.shape[1] - 1) / 2,
            "The 1 is subtracted in every dimension, inside the sum.",
        ),
        (kl(square=np.zeros_like), "The squared mean is missing."),
        (kl(square=np.abs), "Square the mean."),
        (kl(square=np.asarray), "Square the mean."),
        (
            kl(variance=lambda v: np.exp(v / 2)),
            "exp(log_var) is the variance; do not take its root.",
        ),
        (
            kl(variance=lambda v: np.exp(2 * v)),
            "exp(log_var) is the variance already; do not square it.",
        ),
        (
            kl(variance=np.asarray),
            "log_var is a logarithm: its exponential is missing.",
        ),
        (
            lambda m, v: right(m, v) + 2 * np.sum(v, axis=1) / 2,
            "log_var is subtracted, not added.",
        ),
    ]
    expect_results(
        answer,
        right,
        {
            "mean=[[0, 0], [1, -2]], log_var=[[0, 0], [log 4, 0]]": [
                tensor([[0.0, 0.0], [1.0, -2.0]]),
                tensor([[0.0, 0.0], [2 * math.log(2), 0.0]]),
            ],
            "a batch of 6 codes with 4 dimensions": batch,
            "one code with 3 dimensions": _codes(rng, 1, 3),
            "4 codes with one dimension": _codes(rng, 4, 1),
        },
        mistakes,
    )
    inputs = dict(zip(("mean", "log_var"), batch, strict=True))
    expect_gradients_of(losses.kl_divergence, answer, inputs, "KL")
    _expect_compiled(answer, batch, "KL")
    return "0 at the standard normal, and right for six random Gaussians."


# Stand-ins are not lambdas: AutoGraph prints a warning for each lambda whose source it cannot find in a file.
def _vae_loss(*arguments: Any) -> tuple[Any, ...]:
    return tuple(losses.vae_loss(*arguments).values())


@exercise(stand_in=_vae_loss)
def vae_loss(answer: Answer) -> str:
    """Exercise 4: the loss in nats per image, with its two parts."""
    rng = np.random.default_rng(3)
    batch = _random_batch(rng, 5)
    cases = {
        "images=[[1, 0], [1, 1]], reconstructions=[[.5, .5], [.9, .8]], mean=[[1], [2]], log_var=0, beta=3": (
            _tiny_images([[1.0, 0.0], [1.0, 1.0]]),
            _tiny_images([[0.5, 0.5], [0.9, 0.8]]),
            tensor([[1.0], [2.0]]),
            tensor([[0.0], [0.0]]),
            3.0,
        ),
        "5 random images of 3x2x1, beta=0.5": (*batch, 0.5),
        "4 random images of 2x5x3, beta=2": (*_random_batch(rng, 4, (2, 5, 3), 3), 2.0),
        "one random image of 7x7x1, beta=1": (
            *_random_batch(rng, 1, (7, 7, 1), 1),
            1.0,
        ),
        "pixels 1 and 0, reconstructed as 0.0001 and 0.9999, beta=1": (
            _tiny_images([[1.0, 0.0], [0.0, 1.0]]),
            _tiny_images([[1e-4, 1 - 1e-4], [0.5, 1e-4]]),
            tensor([[0.5], [0.0]]),
            tensor([[0.0], [0.1]]),
            1.0,
        ),
    }
    for name, mistakes in (
        ("reconstruction", _RECONSTRUCTION_MISTAKES),
        ("kl", _KL_MISTAKES),
        ("loss", _LOSS_MISTAKES),
    ):
        number = ("loss", "reconstruction", "kl").index(name)

        def part(*arguments: Any, number: int = number) -> Any:
            return parts_of(
                answer(*arguments),
                ("loss", "reconstruction", "kl"),
                "the three values",
                "the answer",
            )[number]

        def right(*arguments: Any, number: int = number) -> Any:
            return _vae_loss(*arguments)[number]

        named = {f"{given}: {name}": inputs for given, inputs in cases.items()}
        expect_results(part, right, named, mistakes)

    def loss(*parts: Tensor) -> Any:
        return answer(*parts, 0.5)[0]

    def all_three(*parts: Tensor) -> Any:
        return answer(*parts, 0.5)

    def right_loss(*parts: Tensor) -> Tensor:
        return _vae_loss(*parts, 0.5)[0]

    names = ("images", "reconstructions", "mean", "log_var")
    expect_gradients_of(
        right_loss, loss, dict(zip(names, batch, strict=True)), "the loss"
    )
    _expect_finite(loss, "Clip the probabilities away from 0 and 1 first")
    _expect_compiled(all_three, batch, "vae_loss")
    return "reconstruction, KL and loss are right, for any batch size, and finite at probabilities of 0 and 1."


def _expect_finite(loss: Answer, advice: str) -> None:
    """Neither a loss nor its gradient may be infinite where the decoder is as sure as can be."""
    images = _tiny_images([[1.0, 0.0], [1.0, 1.0]])
    mean, log_var = tensor([[1.0], [2.0]]), tensor([[0.0], [0.0]])
    for guesses, kind in ((1 - images, "wrong"), (images, "right")):
        given = f"reconstructions of exactly 0 and 1, all {kind}"
        with tf.GradientTape() as tape:
            tape.watch(guesses)
            value = loss(images, guesses, mean, log_var)
        try:
            to_array(value, f"the loss for {given},")
            slope = tape.gradient(value, guesses, unconnected_gradients="zero")
            to_array(slope, f"the gradient of the loss for {given},")
        except Wrong as wrong:
            raise Wrong(f"{wrong} {advice}.") from None


def _nats(images: Any, guesses: Any) -> Floats:
    """What each number of each image costs: (batch, height, width, channels)."""
    x, p = (np.asarray(part, np.float64) for part in (images, guesses))
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p))


def _divergence(mean: Any, log_var: Any) -> Floats:
    """KL of each image and dimension."""
    m, v = (np.asarray(part, np.float64) for part in (mean, log_var))
    return 0.5 * (m**2 + np.exp(v) - 1 - v)


_RECONSTRUCTION_MISTAKES: list[Likely] = [
    (
        lambda x, p, *_: _nats(x, p).mean(),
        "Sum over the pixels of an image, do not average.",
    ),
    (lambda x, p, *_: _nats(x, p).sum(), "Average over the batch, do not sum."),
    (
        lambda x, p, *_: -_nats(x, p).sum() / len(x),
        "Check the sign: a likelihood below 1 costs a positive number of nats.",
    ),
    (
        lambda x, p, m, v, beta: beta * _nats(x, p).sum() / len(x),
        "beta is the weight of KL, not of the reconstruction.",
    ),
    (lambda x, p, *_: _nats(x, p).sum(axis=(1, 2, 3)), "Average over the batch."),
    (
        lambda x, p, *_: _nats(x, p).mean(axis=-1).sum() / len(x),
        "Sum over the channels, too: a colour pixel is three numbers, and "
        "binary_crossentropy takes their mean.",
    ),
    (
        lambda x, p, *_: 784 * _nats(x, p).mean(),
        "28 * 28 is written into it, which fits no other size: sum over the pixels.",
    ),
]

_KL_MISTAKES: list[Likely] = [
    (
        lambda x, p, m, v, beta: _divergence(m, v).sum(),
        "Average KL over the batch as well; a sum makes it batch_size times too large.",
    ),
    (
        lambda x, p, m, v, beta: beta * _divergence(m, v).sum() / len(x),
        "Return kl without beta; only the loss has it.",
    ),
    (
        lambda x, p, m, v, beta: _divergence(m, v).sum(axis=1),
        "Average over the batch.",
    ),
    (
        lambda x, p, m, v, beta: _divergence(m, v).mean(),
        "Sum over the latent dimensions, and average over the batch alone.",
    ),
    (
        lambda x, p, m, v, beta: -_divergence(m, v).sum() / len(x),
        "KL is never negative.",
    ),
]


def _weighed(weigh: Answer) -> Answer:
    """A loss from its two parts and beta."""
    return lambda x, p, m, v, beta: weigh(
        _nats(x, p).sum() / len(x), _divergence(m, v).sum() / len(x), beta
    )


_LOSS_MISTAKES: list[Likely] = [
    (_weighed(lambda r, k, beta: r + k), "beta is missing: it multiplies KL."),
    (
        _weighed(lambda r, k, beta: beta * r + k),
        "beta is the weight of KL, not of the reconstruction.",
    ),
    (_weighed(lambda r, k, beta: beta * (r + k)), "beta is the weight of KL alone."),
    (_weighed(lambda r, k, beta: r - beta * k), "Both parts are costs: add them."),
    (
        _weighed(lambda r, k, beta: -(r + beta * k)),
        "That is the ELBO: the loss is minus it.",
    ),
    (_weighed(lambda r, k, beta: r), "Where is KL?"),
    (_weighed(lambda r, k, beta: r + k / beta), "Multiply KL by beta."),
    (
        _weighed(lambda r, k, beta: (1 - beta) * r + beta * k),
        "beta is the weight of KL; the reconstruction's is 1.",
    ),
]


def _repaired_loss(images: Any, guesses: Any, mean: Any, log_var: Any) -> Any:
    variances = tf.exp(log_var)
    kl = 0.5 * tf.reduce_sum(tf.square(mean) + variances - 1 - log_var, axis=1)
    return losses.reconstruction_loss(images, guesses) + kl


@exercise(stand_in=_repaired_loss)
def repaired_loss(answer: Answer) -> str:
    """Find the bug: the document's loss, mended, for each image of the batch."""
    rng = np.random.default_rng(2)
    batches = {
        f"{count} random images of {'x'.join(map(str, shape))}, {dimensions} latent dimensions": _random_batch(
            rng, count, shape, dimensions
        )
        for count, shape, dimensions in (
            (5, (6, 4, 1), 3),
            (3, (8, 8, 3), 2),
            (1, (5, 7, 2), 4),
            (4, _IMAGE_SHAPE, 2),
        )
    }
    given, batch = next(iter(batches.items()))
    batches[f"{given}, twice over"] = tuple(tf.concat([x, x], axis=0) for x in batch)
    expect_results(answer, _repaired_loss, batches, _REPAIR_MISTAKES)
    names = ("images", "reconstructions", "mean", "log_var")
    inputs = dict(zip(names, batch, strict=True))
    expect_gradients_of(_repaired_loss, answer, inputs, "the loss")
    _expect_finite(answer, "The printed code clips them")
    _expect_compiled(answer, batch, "repaired_loss")
    return "a loss for each image, whatever its size and whoever shares its batch."


def _mended(put: Answer) -> Answer:
    """A repair from r and k of each image, how many numbers an image has, and how many channels."""
    return lambda x, p, m, v: put(
        _nats(x, p).sum(axis=(1, 2, 3)),
        _divergence(m, v).sum(axis=1),
        math.prod(x.shape[1:]),
        x.shape[-1],
    )


_ALONE = "return one value for each image, the loop takes the mean"
_SUMMED = "KL is still summed over the batch: that many times too large"
_NOT_ANY = "28 * 28 is written into it, which fits images of 784 numbers only"
_WHOLE = "The reconstruction is still one number for the whole batch"

_REPAIR_MISTAKES: list[Likely] = [
    (
        _mended(lambda r, k, n, c: r.mean() + k.mean()),
        f"That is the loss of the whole batch: {_ALONE}.",
    ),
    (
        _mended(lambda r, k, n, c: r.sum() + k.sum()),
        f"That is the sum over the batch: {_ALONE}.",
    ),
    (
        _mended(lambda r, k, n, c: r.mean() / n * 784 + k.sum()),
        f"{_SUMMED}; {_NOT_ANY}; and {_ALONE}.",
    ),
    (
        _mended(lambda r, k, n, c: r.mean() / n * 784 + k.mean()),
        f"KL is a mean now, but {_ALONE}; and {_NOT_ANY}.",
    ),
    (
        _mended(lambda r, k, n, c: r.mean() + k),
        f"KL is right. {_WHOLE}: tf.reduce_mean takes the mean over the images, too.",
    ),
    (
        _mended(lambda r, k, n, c: r.mean() / n * 784 + k),
        f"KL is right. {_WHOLE}, and {_NOT_ANY}.",
    ),
    (_mended(lambda r, k, n, c: r + k.sum()), f"{_SUMMED}."),
    (
        _mended(lambda r, k, n, c: r + k.mean()),
        "KL is one number for the whole batch: sum over axis 1.",
    ),
    (
        _mended(lambda r, k, n, c: r / n * 784 + k),
        f"KL is right, but {_NOT_ANY}: sum over the pixels.",
    ),
    (
        _mended(lambda r, k, n, c: r / c * 3 + k),
        "3 channels are written into it; images may have any number.",
    ),
    (
        _mended(lambda r, k, n, c: r / n + k),
        "Keep the reconstruction a sum over the pixels.",
    ),
    (
        _mended(lambda r, k, n, c: r / c + k),
        "binary_crossentropy averages over the last axis, the channels: multiply by "
        "their number.",
    ),
    (
        _mended(lambda r, k, n, c: r),
        "KL is gone; it should stay, with the right weight.",
    ),
    (_mended(lambda r, k, n, c: r - k), "Both parts are costs: add them."),
    (
        lambda x, p, m, v: (
            _nats(x, p).sum(axis=(1, 2, 3)) + _divergence(m, v).mean(axis=1)
        ),
        "Sum KL over the latent dimensions.",
    ),
    (
        _mended(lambda r, k, n, c: r + k.sum() / 128),
        "Do not divide by 128: sum over axis 1 only.",
    ),
    (
        _mended(lambda r, k, n, c: r + k / 128),
        "Do not divide by 128: a sum over axis 1 is all it needs.",
    ),
    (
        _mended(lambda r, k, n, c: (r + k)[:, None]),
        "Drop the last axis: shape (batch,).",
    ),
]


def _tiny_images(rows: list[list[float]]) -> Tensor:
    """Images of one row."""
    return tensor(np.array(rows)[:, None, :, None])


def _random_batch(
    rng: np.random.Generator,
    count: int,
    shape: tuple[int, ...] = (3, 2, 1),
    dimensions: int = 2,
) -> tuple[Tensor, ...]:
    """Images, reconstructions, means and log variances."""
    images = rng.uniform(0.05, 0.95, size=(2, count, *shape))
    return (*map(tensor, images), *_codes(rng, count, dimensions))
