"""Checks of lab 03: the optimal discriminator, both losses, a step, both networks, ranges, batch norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses, models
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise, kind_of, said_by
from labhelpers.checks.networks import (
    Function,
    Reference,
    dense_pair_of,
    expect_shape,
    expect_twin,
    fresh,
    with_random_weights,
)
from labhelpers.checks.numeric import (
    FAKE_LOGITS,
    GIVEN_LOGITS,
    REAL_LOGITS,
    Floats,
    Likely,
    expect_close,
    expect_gradients_of,
    expect_results,
    gradients,
    shorten,
    sigmoid,
    softplus,
    tensor,
    to_array,
)
from labhelpers.checks.small_game import d_loss, expect_game_step
from labhelpers.data.ranges import ready_to_show, to_float, to_uint8
from labhelpers.training import Player, adversarial_step


# Stand-ins are not lambdas: AutoGraph prints a warning for each lambda whose source it cannot find in a file.
def _own_discriminator_loss(real_logits: Any, fake_logits: Any) -> Any:
    return losses.non_saturating().discriminator(real_logits, fake_logits)


@exercise(stand_in=_own_discriminator_loss)
def discriminator_loss(answer: Answer) -> str:
    """Exercise 2: D's loss from raw scores."""

    def terms(put: Answer) -> Answer:
        """A loss from softplus(-real) and softplus(fake)."""
        return lambda real, fake: put(softplus(-np.asarray(real)), softplus(fake))

    mistakes: list[Likely] = [
        (
            terms(lambda r, f: (r.mean() + f.mean()) / 2),
            "Leave out the factor 1/2: here the two terms are simply added.",
        ),
        (
            terms(lambda r, f: (r.sum() + f.sum()) / (r.size + f.size)),
            "Average each term over its own images, and add.",
        ),
        (
            terms(lambda r, f: r.sum() + f.sum()),
            "Average over the batch, do not sum.",
        ),
        (
            lambda r, f: softplus(r).mean() + softplus(-np.asarray(f)).mean(),
            "The labels are swapped: D should call real images real.",
        ),
        (
            lambda r, f: softplus(-np.asarray(f)).mean() + softplus(r).mean(),
            "Real and fake are swapped.",
        ),
        (
            terms(lambda r, f: -r.mean() - f.mean()),
            "D minimises this: check the sign.",
        ),
        (terms(lambda r, f: r.mean()), "The term for the fakes is missing."),
        (terms(lambda r, f: f.mean()), "The term for the real images is missing."),
        (terms(lambda r, f: r.mean() - f.mean()), "Both terms are costs: add them."),
        (terms(lambda r, f: r + f), "Average over the batch."),
        (
            lambda r, f: np.mean(r) - np.mean(f),
            "Where is the logarithm?",
        ),
        (lambda r, f: np.mean(f) - np.mean(r), "Where is the logarithm?"),
    ]
    four = tensor(REAL_LOGITS), tensor(FAKE_LOGITS)
    expect_results(
        answer,
        lambda r, f: d_loss(np.asarray(r), np.asarray(f)),
        {
            GIVEN_LOGITS: four,
            "four real scores and two fake ones": (
                tensor(REAL_LOGITS.ravel()),
                tensor(FAKE_LOGITS.ravel()[:2]),
            ),
            "real_logits=[[-0.5]], fake_logits=[[0.25]]": (
                tensor([[-0.5]]),
                tensor([[0.25]]),
            ),
        },
        mistakes,
    )
    _expect_stable(
        answer,
        {"real_logits": -100.0, "fake_logits": 100.0},
        200.0,
        "D is sure and wrong",
    )
    _expect_stable(
        answer,
        {"real_logits": 100.0, "fake_logits": -100.0},
        0.0,
        "D is sure and right",
    )
    inputs = dict(zip(("real_logits", "fake_logits"), four, strict=True))
    expect_gradients_of(_own_discriminator_loss, answer, inputs, "the loss")
    _expect_compiled(answer, *four)
    return "right, also for scores of plus and minus 100."


def _own_generator_loss(fake_logits: Any) -> Any:
    return losses.non_saturating().generator(fake_logits, fake_logits)


@exercise(stand_in=_own_generator_loss)
def generator_loss(answer: Answer) -> str:
    """Exercise 3: G's non-saturating loss from raw scores."""

    def right(fake: Any) -> Any:
        return softplus(-np.asarray(fake)).mean()

    mistakes: list[Likely] = [
        (
            lambda f: -softplus(f).mean(),
            "That is the minimax loss: G should maximise log D(G(z)) instead.",
        ),
        (
            lambda f: softplus(f).mean(),
            "That is how D sees the fakes: G wants them to be called real.",
        ),
        (lambda f: -right(f), "G minimises this: check the sign."),
        (
            lambda f: softplus(-np.asarray(f)).sum(),
            "Average over the batch, do not sum.",
        ),
        (lambda f: right(f) / 2, "Leave out the factor 1/2."),
        (lambda f: softplus(-np.asarray(f)), "Average over the batch."),
        (lambda f: -np.mean(f), "Where is the logarithm?"),
        (lambda f: -sigmoid(f).mean(), "Where is the logarithm?"),
    ]
    four = tensor(FAKE_LOGITS)
    expect_results(
        answer,
        right,
        {
            "fake_logits=[10, 4.4, -5.5, 3.6]": (four,),
            "the same scores as a plain vector": (tensor(FAKE_LOGITS.ravel()),),
            "fake_logits=[[-0.5]]": (tensor([[-0.5]]),),
        },
        mistakes,
    )
    _expect_stable(answer, {"fake_logits": -100.0}, 100.0, "D is sure that it is fake")
    _expect_stable(answer, {"fake_logits": 100.0}, 0.0, "D is fooled")
    expect_gradients_of(_own_generator_loss, answer, {"fake_logits": four}, "the loss")
    _expect_compiled(answer, four)
    return "right, and its gradient is largest where D is sure that an image is fake."


def _expect_compiled(loss: Answer, *scores: Tensor) -> None:
    """A right loss must be right in the lab's compiled step, whose batches have a known size."""
    try:
        found = tf.function(loss)(*scores)
    except Exception as error:
        raise Wrong(
            f"it works in plain Python but not under tf.function ({type(error).__name__}: {said_by(error)}), "
            "expected a loss that compiles: TensorFlow only, no NumPy and no .numpy()."
        ) from error
    expect_close(found, np.asarray(loss(*scores)), "the loss, compiled")


def _own_optimal_discriminator(p_data: Any, p_model: Any) -> Any:
    return p_data / (p_data + p_model)


@exercise(stand_in=_own_optimal_discriminator)
def optimal_discriminator(answer: Answer) -> str:
    """Exercise 1: the best answer that D can give, from the two densities."""
    mistakes: list[Likely] = [
        (
            lambda p, q: q / (p + q),
            "That is the probability of fake: D says how probable it is that the point is real.",
        ),
        (lambda p, q: (p + q) / 2, "Divide by the sum of both densities."),
        (lambda p, q: p / (p + q) / 2, "Where p_data = p_model, D should say 1/2."),
        (lambda p, q: p - q, "D is a probability: a share of the sum."),
        (lambda p, q: p, "D must also know where the fakes are."),
        (
            lambda p, q: np.log(p / (p + q)),
            "That is the logarithm of D.",
        ),
        (
            lambda p, q: np.where(np.asarray(p) > q, 1.0, 0.0),
            "D is a probability, not a verdict: it may say 0.8.",
        ),
    ]
    p = np.array([0.2, 0.5, 0.3, 0.9])
    q = np.array([0.2, 0.1, 0.6, 0.0])
    given = "p_data=[.2, .5, .3, .9], p_model=[.2, .1, .6, 0]"
    with np.errstate(divide="ignore", invalid="ignore"):
        found = answer(p, q)
        if (
            isinstance(found, np.ndarray)
            and not np.isfinite(found.astype(np.float64)).all()
        ):
            raise Wrong(
                f"{given}: gave {shorten(found)}, expected {shorten(p / (p + q))}. Where there are no fakes, D is 1, "
                "not infinite."
            )
        fifty = np.random.default_rng(0).uniform(0.1, 3, size=(2, 50))
        expect_results(
            answer,
            _own_optimal_discriminator,
            {
                given: (p, q),
                "p_data=0.4, p_model=0.4": (0.4, 0.4),
                "p_data=3, p_model=1": (3, 1),
                "fifty densities, some above 1": tuple(fifty),
                "a grid of densities": tuple(fifty.reshape(2, 5, 10)),
                "p_data=[0, 0.002], p_model=[0.5, 0.001]": (
                    np.array([0.0, 0.002]),
                    np.array([0.5, 0.001]),
                ),
            },
            mistakes,
        )
    return "1/2 wherever both densities are equal."


def _own_step(
    generator: keras.Model,
    discriminator: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    real_images: Any,
    noise: Any,
) -> tuple[Any, Any]:
    players = (
        Player(generator, generator_optimizer),
        Player(discriminator, discriminator_optimizer),
    )
    found = adversarial_step(
        *players, losses.non_saturating(), [losses.Batch(real_images, noise)]
    )
    return found["d_loss"], found["g_loss"]


@exercise(stand_in=_own_step)
def train_step(answer: Answer) -> str:
    """Exercise 4: one step of both networks, with two tapes."""
    expect_game_step(answer)
    return "both networks moved, each down its own loss, and it compiles."


def _own_build_generator() -> keras.Model:
    return models.vanilla_pair().generator


def _own_build_discriminator() -> keras.Model:
    return models.vanilla_pair().discriminator


@exercise(stand_in=_own_build_generator)
def build_generator(answer: Answer) -> str:
    """Exercise 5: the generator of UW's dense pair."""
    _expect_dense_pair(
        answer,
        "build_generator()",
        sizes=(100, 128, 784),
        takes=(100,),
        makes=(28, 28, 1),
        last=tf.tanh,
        hints=[
            (tf.identity, "The last activation is missing: it should be tanh."),
            (tf.sigmoid, "It ends in a sigmoid, which never gets below 0."),
            (tf.nn.relu, "It ends in a ReLU, expected a tanh."),
            (lambda x: tf.clip_by_value(x, -1, 1), "It cuts off, expected a tanh."),
            (lambda x: tf.tanh(tf.tanh(x)), "It ends in two tanhs, expected one."),
        ],
    )
    return "114,064 parameters, images in [-1, 1], for batches of any size."


@exercise(stand_in=_own_build_discriminator)
def build_discriminator(answer: Answer) -> str:
    """Exercise 5: the discriminator of UW's dense pair."""
    _expect_dense_pair(
        answer,
        "build_discriminator()",
        sizes=(784, 128, 1),
        takes=(28, 28, 1),
        makes=(1,),
        last=tf.identity,
        hints=[
            (tf.sigmoid, "It ends in a sigmoid: your losses take raw scores."),
            (tf.tanh, "It ends in a tanh: a score has no limits."),
            (tf.nn.relu, "It ends in a ReLU: a score may be negative."),
            (lambda x: tf.nn.leaky_relu(x, 0.01), "The score needs no LeakyReLU."),
        ],
    )
    return "100,609 parameters, one raw score an image, for batches of any size."


def _expect_dense_pair(
    answer: Answer,
    given: str,
    *,
    sizes: tuple[int, int, int],
    takes: tuple[int, ...],
    makes: tuple[int, ...],
    last: Function,
    hints: Sequence[tuple[Function, str]],
) -> None:
    """Judge a network of two dense layers by its size, its shapes, its numbers and its gradients."""
    kind = "noise" if len(takes) == 1 else "images"
    network = fresh(answer, takes, kind, given)
    expect_shape(
        tuple(network.output_shape),
        makes,
        "scores" if len(makes) == 1 else "images",
        f"{given} makes",
    )
    inside, hidden, outside = sizes
    expected = (inside + 1) * hidden + (hidden + 1) * outside
    count = network.count_params()
    if count != expected:
        without = expected - hidden - outside
        hint = "Both dense layers have a bias." if count == without else ""
        raise Wrong(
            f"{given} has {count:,} parameters, expected {expected:,}: {inside} => {hidden} => {outside}, dense layers "
            f"only. {hint}".rstrip()
        )
    if len(network.trainable_weights) != 4:
        raise Wrong(
            f"{given} has {len(network.trainable_weights)} trainable weights, expected 4: two kernels and two biases."
        )
    rng = np.random.default_rng(3)
    with_random_weights(network, rng, 0.1)
    layers = dense_pair_of(network, sizes, given)

    def run(slope: float, end: Function) -> Reference:
        flat = layers(lambda x: tf.nn.leaky_relu(x, slope), end)
        return lambda rows: tf.reshape(flat(rows), (-1, *makes))

    slopes = {
        0.3: "The hidden LeakyReLU has Keras' default slope 0.3, expected 0.01.",
        0.2: "The hidden LeakyReLU has the slope 0.2, expected 0.01.",
        0.1: "The hidden LeakyReLU has the slope 0.1, expected 0.01.",
        0.0: "The hidden layer has a ReLU, expected a LeakyReLU with slope 0.01.",
        1.0: "The hidden layer has no activation, expected a LeakyReLU with slope 0.01.",
    }
    likely = [(run(slope, last), words) for slope, words in slopes.items()]
    likely += [(run(0.01, end), words) for end, words in hints]
    likely += [
        (run(slope, end), f"{words} And the hidden layer: {more}")
        for end, words in hints
        for slope, more in slopes.items()
    ]
    for scale in (1.0, 30.0):
        expect_twin(
            network,
            run(0.01, last),
            scale * rng.normal(size=(5, *takes)),
            given,
            likely,
        )


def _own_preprocess(images: Any) -> Any:
    return to_float(np.asarray(images), "tanh")


@exercise(stand_in=_own_preprocess)
def preprocess(answer: Answer) -> str:
    """Exercise 6: pixels in the range of a tanh."""
    rng = np.random.default_rng(0)
    cases = {
        "uint8 pixels 0, 51, 102, 255": np.array([0, 51, 102, 255]).reshape(1, 2, 2, 1),
        "5 random images": rng.integers(0, 256, size=(5, 28, 28, 1)),
        "images from 37 to 180": rng.integers(37, 181, size=(3, 28, 28, 1)),
        "colour images of 5x3 with pixels from 0 to 99": rng.integers(
            0, 100, size=(2, 5, 3, 3)
        ),
        "two black images": np.zeros((2, 28, 28, 1), int),
        "one grey image, all pixels 51": np.full((1, 28, 28, 1), 51),
    }
    mistakes: list[Likely] = [
        (
            lambda x: x / 255.0,
            "That is [0, 1], the upper half of what a tanh can reach: black should be -1.",
        ),
        (lambda x: x / 255.0 - 0.5, "That is [-0.5, 0.5]."),
        (lambda x: x / 128.0 - 1, "White should be exactly 1: divide by 127.5."),
        (lambda x: (x - 128.0) / 127.5, "The middle of 0 and 255 is 127.5, not 128."),
        (lambda x: x - 127.5, "The division is missing."),
        (lambda x: x / 127.5, "The shift is missing."),
        (lambda x: 1 - x / 127.5, "Black and white are swapped."),
        (
            lambda x: x * np.uint8(2) / 255.0 - 1,
            "uint8 numbers wrap round at 256: convert them to floats first.",
        ),
        (lambda x: np.tanh(x / 255.0), "The data need a linear scale, not a tanh."),
        (
            lambda x: (x - x.min() * 1.0) / max(int(x.max()) - int(x.min()), 1) * 2 - 1,
            _OWN_RANGE,
        ),
        (lambda x: x / max(x.max(), 1) * 2.0 - 1, _OWN_RANGE),
    ]

    def given_a_copy(images: Any) -> Any:
        return answer(images.copy())

    inputs = {given: (x.astype(np.uint8),) for given, x in cases.items()}
    expect_results(given_a_copy, lambda x: x / 127.5 - 1, inputs, mistakes)
    for given, (images,) in inputs.items():
        kind = tf.as_dtype(getattr(given_a_copy(images), "dtype", "float64")).name
        if kind != "float32":
            raise Wrong(
                f"{given}: gave numbers of type {kind}, expected float32, as the networks compute."
            )
    return "black is -1 and white is 1."


_OWN_RANGE = (
    "Black is 0 and white is 255 in every image, whatever its own darkest and lightest "
    "pixels are: scale by fixed numbers."
)


def _own_back_to_pixels(images: Any) -> Any:
    return to_uint8(ready_to_show(np.asarray(images), "tanh"))


@exercise(stand_in=_own_back_to_pixels)
def back_to_pixels(answer: Answer) -> str:
    """Exercise 6: from the range of a tanh back to uint8."""
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    images = (pixels.astype(np.float32) - 127.5) / np.float32(127.5)
    given = "all 256 grey values, brought to [-1, 1]"
    found = answer(images.copy())
    kind = tf.as_dtype(getattr(found, "dtype", "float64")).name
    array = to_array(found, f"{given}: the result")
    right = pixels.astype(np.float64)
    if array.shape == right.shape and not np.array_equal(array, right):
        hints = [
            (right / 255, "That is [0, 1]: pixels go up to 255."),
            (
                np.clip(np.rint(images * 255.0), 0, 255),
                "That is the way back from [0, 1]: everything below 0 is lost.",
            ),
            (images * 127.5, "The shift is missing."),
            (255 - right, "Black and white are swapped."),
        ]
        words = next(
            (w for other, w in hints if np.allclose(array, other, atol=1e-6)), ""
        )
        if not words and _cuts_off(answer):
            words = _ROUND
        places = np.flatnonzero(array != right)
        first = int(places[0])
        raise Wrong(
            f"{given}: {len(places)} of 256 came back as another value, as {first} did as "
            f"{array.ravel()[first]:g}, expected every pixel as it was. {words}".rstrip()
        )
    if kind != "uint8":
        raise Wrong(f"{given}: gave numbers of type {kind}, expected uint8.")
    expect_close(found, right, given)
    expect_close(
        answer((_BETWEEN / 127.5 - 1).astype(np.float32)),
        np.rint(_BETWEEN),
        "what a network makes, here 10.7, 99.2, 99.8 and 200.6 as pixels",
        hints=[(np.floor(_BETWEEN), _ROUND)],
    )
    beyond = np.array([-1.5, -1.002, 1.002, 1.5], np.float32).reshape(1, 2, 2, 1)
    expect_close(
        answer(beyond.copy()),
        np.array([0, 0, 255, 255.0]).reshape(1, 2, 2, 1),
        "values a little outside of [-1, 1]: -1.5, -1.002, 1.002, 1.5",
        hints=[
            ((((beyond + 1) * 127.5).astype(np.int64) % 256).astype(float), _CLIP),
            (np.rint((beyond + 1) * 127.5) % 256, _CLIP),
        ],
    )
    for given, low, high, shape in (
        ("3 random images", 0, 256, (3, 28, 28, 1)),
        ("colour images with pixels from 20 to 99", 20, 100, (2, 5, 3, 3)),
        ("one grey image", 51, 52, (1, 28, 28, 1)),
    ):
        batch = np.random.default_rng(1).integers(low, high, size=shape)
        expect_close(answer((batch / 127.5 - 1).astype(np.float32)), batch, given)
    return "all 256 grey values come back as they were."


_BETWEEN = np.array([10.7, 99.2, 99.8, 200.6]).reshape(1, 2, 2, 1)


def _cuts_off(answer: Answer) -> bool:
    """Whether what lies between two pixels becomes the lower one."""
    found = to_array(answer((_BETWEEN / 127.5 - 1).astype(np.float32)), "it")
    return np.array_equal(found, np.floor(_BETWEEN))


_ROUND = "astype cuts the decimals off: round first."
_CLIP = "uint8 wraps round: cut the values to 0 to 255 first."


def _own_batch_norm() -> keras.layers.Layer:
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


@exercise(stand_in=_own_batch_norm)
def batch_norm(answer: Answer) -> str:
    """Exercise 7: PyTorch's BatchNorm1d with its defaults, in Keras."""
    layer, other = answer(), answer()
    if not isinstance(layer, keras.layers.Layer):
        raise Wrong(f"batch_norm() is {kind_of(layer)}, expected a Keras layer.")
    if layer is other:
        raise Wrong(
            "batch_norm() returned the same layer twice, expected a new one with each call: two places in a network "
            "need two layers."
        )
    rng = np.random.default_rng(7)
    batch = rng.normal(size=(2000, 3))
    batch = (batch - batch.mean(axis=0)) / batch.std(axis=0)
    deviations, means = np.array([0.003, 0.5, 3.0]), np.array([0.01, -2.0, 5.0])
    batch = batch * deviations + means
    given = "units with standard deviations 0.003, 0.5 and 3"
    found = to_array(layer(tensor(batch), training=True), f"{given}: the result")
    if found.shape != batch.shape:
        raise Wrong(f"{given}: gave shape {found.shape}, expected {batch.shape}.")
    spread = found.std(axis=0)

    def leaves(epsilon: float) -> Floats:
        return deviations / np.sqrt(deviations**2 + epsilon)

    if not np.allclose(found.mean(axis=0), 0, atol=1e-2):
        raise Wrong(
            f"{given}: they leave with the means {shorten(found.mean(axis=0))}, expected 0 for each."
        )
    expect_close(
        spread,
        leaves(1e-5),
        f"{given}: the deviations with which they leave",
        hints=[
            (leaves(0.8), "epsilon is still 0.8."),
            (leaves(1e-3), "That is Keras' epsilon of 1e-3: PyTorch's eps is 1e-5."),
            # Units that vary much hardly feel epsilon: where they are right, it is epsilon.
            (
                np.append(spread[:1], leaves(1e-5)[1:]),
                f"epsilon is {'smaller' if spread[0] > leaves(1e-5)[0] else 'larger'} than PyTorch's eps of 1e-5.",
            ),
        ],
        relative=0.02,
    )
    learned = sum(int(np.prod(part.shape)) for part in layer.trainable_weights)
    if learned != 6:
        raise Wrong(
            f"the layer learns {learned} numbers for 3 units, expected 6, a scale and a shift for each: PyTorch's "
            "default is affine=True."
        )
    after = to_array(
        layer(tensor(np.zeros((1, 3))), training=False), "the layer at rest"
    )

    # gamma 1, beta 0, running mean m and variance v after one batch: (0 - m) / sqrt(v + eps)
    def rest(keep: float) -> Floats:
        mean, variance = (1 - keep) * means, keep + (1 - keep) * deviations**2
        return (-mean / np.sqrt(variance + 1e-5))[None]

    expect_close(
        after,
        rest(0.9),
        "after one batch, in inference, a row of zeros",
        hints=[
            (
                rest(0.1),
                "The running averages keep only a tenth: Keras' momentum is the share of the old average.",
            ),
            (rest(0.99), "That is Keras' momentum of 0.99."),
            (
                rest(0.8),
                "That is a momentum of 0.8. PyTorch's default of 0.1 is the share of the new batch.",
            ),
            (rest(0.2), "That is a momentum of 0.2."),
        ],
        relative=0.02,
        absolute=0.01,
    )
    return "variance 1 leaves it, and the running averages keep nine tenths."


def _expect_stable(
    answer: Answer, logits: dict[str, float], right: float, meaning: str
) -> None:
    """One score of each kind, so large that the exponential of it overflows."""
    given = f"{meaning}: {', '.join(f'{name}=[{value:g}]' for name, value in logits.items())}"
    loss, slopes = gradients(
        answer, {name: tensor([[value]]) for name, value in logits.items()}
    )
    found = np.asarray(loss, dtype=np.float64)
    if right and found.ndim == 0 and np.isfinite(found) and 10 < found < right / 2:
        raise Wrong(
            f"{given}: gave {shorten(found)}, expected {right:g}. The probability was clipped: compute with the "
            "scores, not with their sigmoid."
        )
    if not all(np.isfinite(value).all() for value in (found, *slopes)):
        raise Wrong(
            f"{given}: gave the loss {shorten(found)} and the gradient {shorten(slopes[-1])}, expected {right:g} "
            "and a finite gradient. exp and log overflow there: use tf.nn.softplus, or from_logits=True on the scores."
        )
    expect_close(loss, right, given)
