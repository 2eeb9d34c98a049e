"""Checks of lab 03: the optimal discriminator, both losses, a step, both networks, ranges, batch norm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses, models
from labhelpers.checks.core import Answer, Wrong, exercise, kind_of
from labhelpers.checks.networks import as_model, with_random_weights
from labhelpers.checks.numeric import (
    FAKE_LOGITS,
    GIVEN_LOGITS,
    REAL_LOGITS,
    Floats,
    expect_close,
    gradients,
    parts_of,
    shorten,
    sigmoid,
    softplus,
    tensor,
    to_array,
)
from labhelpers.checks.small_game import Game, d_loss, g_loss, g_slope
from labhelpers.data.ranges import ready_to_show, to_float, to_uint8
from labhelpers.training import Player, adversarial_step

_RATE = 0.5


@exercise(stand_in=losses.non_saturating().discriminator)
def discriminator_loss(answer: Answer) -> str:
    """Exercise 2: D's loss from raw scores."""
    real, fake = softplus(-REAL_LOGITS), softplus(FAKE_LOGITS)
    right = d_loss(REAL_LOGITS, FAKE_LOGITS)
    hints = [
        (right / 2, "Leave out the factor 1/2: here the two terms are simply added."),
        (real.sum() + fake.sum(), "Average over the batch, do not sum."),
        (
            d_loss(-REAL_LOGITS, -FAKE_LOGITS),
            "The labels are swapped: D should call real images real.",
        ),
        (d_loss(FAKE_LOGITS, REAL_LOGITS), "Real and fake are swapped."),
        (-right, "D minimises this: check the sign."),
        (real.mean(), "The term for the fakes is missing."),
        (fake.mean(), "The term for the real images is missing."),
        (real + fake, "Average over the batch."),
        (REAL_LOGITS.mean() - FAKE_LOGITS.mean(), "Where is the logarithm?"),
    ]
    expect_close(
        answer(tensor(REAL_LOGITS), tensor(FAKE_LOGITS)),
        right,
        GIVEN_LOGITS,
        hints=hints,
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
    expect_close(
        answer(tensor(REAL_LOGITS.ravel()), tensor(FAKE_LOGITS.ravel()[:2])),
        d_loss(REAL_LOGITS, FAKE_LOGITS[:2]),
        "four real scores and two fake ones",
        hints=[
            (
                (real.sum() + fake[:2].sum()) / 6,
                "Average each term over its own images.",
            )
        ],
    )
    _expect_gradients(
        answer,
        {"real_logits": REAL_LOGITS, "fake_logits": FAKE_LOGITS},
        [-sigmoid(-REAL_LOGITS) / 4, sigmoid(FAKE_LOGITS) / 4],
    )
    return "right, also for scores of plus and minus 100."


def _own_generator_loss(fake_logits: Any) -> Any:
    return losses.non_saturating().generator(fake_logits, fake_logits)


@exercise(stand_in=_own_generator_loss)
def generator_loss(answer: Answer) -> str:
    """Exercise 3: G's non-saturating loss from raw scores."""
    right = g_loss(FAKE_LOGITS)
    given = "fake_logits=[10, 4.4, -5.5, 3.6]"
    hints = [
        (
            -softplus(FAKE_LOGITS).mean(),
            "That is the minimax loss: G should maximise log D(G(z)) instead.",
        ),
        (
            softplus(FAKE_LOGITS).mean(),
            "That is how D sees the fakes: G wants them to be called real.",
        ),
        (-right, "G minimises this: check the sign."),
        (4 * right, "Average over the batch, do not sum."),
        (right / 2, "Leave out the factor 1/2."),
        (softplus(-FAKE_LOGITS), "Average over the batch."),
        (-FAKE_LOGITS.mean(), "Where is the logarithm?"),
    ]
    expect_close(answer(tensor(FAKE_LOGITS)), right, given, hints=hints)
    _expect_stable(answer, {"fake_logits": -100.0}, 100.0, "D is sure that it is fake")
    _expect_stable(answer, {"fake_logits": 100.0}, 0.0, "D is fooled")
    expect_close(
        answer(tensor(FAKE_LOGITS.ravel())), right, "the same scores as a plain vector"
    )
    _expect_gradients(answer, {"fake_logits": FAKE_LOGITS}, [g_slope(FAKE_LOGITS) / 4])
    return "right, and its gradient is largest where D is sure that an image is fake."


def _own_optimal_discriminator(p_data: Any, p_model: Any) -> Any:
    return p_data / (p_data + p_model)


@exercise(stand_in=_own_optimal_discriminator)
def optimal_discriminator(answer: Answer) -> str:
    """Exercise 1: the best answer that D can give, from the two densities."""
    p = np.array([0.2, 0.5, 0.3, 0.9])
    q = np.array([0.2, 0.1, 0.6, 0.0])
    right = p / (p + q)
    given = "p_data=[.2, .5, .3, .9], p_model=[.2, .1, .6, 0]"
    with np.errstate(divide="ignore", invalid="ignore"):
        hints = [
            (
                q / (p + q),
                "That is the probability of fake: D says how probable it is that the point is real.",
            ),
            ((p + q) / 2, "Divide by the sum of both densities."),
            (p / (p + q) / 2, "Where p_data = p_model, D should say 1/2."),
            (p - q, "D is a probability: a share of the sum."),
            (p, "D must also know where the fakes are."),
            (np.log(p / (p + q)), "That is the logarithm of D."),
        ]
        found = answer(p, q)
        if (
            isinstance(found, np.ndarray)
            and not np.isfinite(found.astype(np.float64)).all()
        ):
            raise Wrong(
                f"{given}: gave {shorten(found)}, expected {shorten(right)}. Where there are no fakes, D is 1, not "
                "infinite."
            )
    expect_close(found, right, given, hints=hints)
    expect_close(answer(0.4, 0.4), 0.5, "p_data=0.4, p_model=0.4")
    rng = np.random.default_rng(0)
    p, q = rng.uniform(0.1, 3, size=(2, 50))
    expect_close(answer(p, q), p / (p + q), "fifty densities, some above 1")
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
    rng = np.random.default_rng(5)
    start = Game(
        rng.normal(size=(3, 2)),
        rng.normal(size=2),
        rng.normal(size=(2, 1)),
        rng.normal(size=1),
    )
    real, noise = rng.normal(size=(6, 2)) + 1, rng.normal(size=(6, 3))
    for compiled in (False, True):
        networks, optimizers = _linear_networks(start)
        step = tf.function(answer) if compiled else answer
        try:
            result = step(*networks, *optimizers, tensor(real), tensor(noise))
        except Exception as error:
            if not compiled:
                raise
            raise Wrong(
                f"it works eagerly but not under tf.function ({type(error).__name__}), expected a step that compiles: "
                "use TensorFlow only, no .numpy() and no printing of values."
            ) from error
        found = Game.of(*networks)
        _compare_step(start, found, real, noise)
        _compare_losses(result, start, found, real, noise)
    return "both networks moved, each down its own loss, and it compiles."


def _own_build_generator() -> keras.Model:
    return models.vanilla_pair().generator


def _own_build_discriminator() -> keras.Model:
    return models.vanilla_pair().discriminator


@exercise(stand_in=_own_build_generator)
def build_generator(answer: Answer) -> str:
    """Exercise 5: the generator of UW's dense pair."""
    network = _same_network_every_time(answer, "build_generator()", (100,))
    _expect_dense_pair(
        network,
        "build_generator()",
        sizes=(100, 128, 784),
        takes=(100,),
        makes=(28, 28, 1),
        last=("tanh", np.tanh),
        hints=[
            ("none", lambda x: x, "The last activation is missing: it should be tanh."),
            ("sigmoid", sigmoid, "It ends in a sigmoid, which never gets below 0."),
            ("relu", lambda x: np.maximum(x, 0), "It ends in a ReLU, expected a tanh."),
        ],
    )
    return "114,064 parameters, images in [-1, 1], for batches of any size."


@exercise(stand_in=_own_build_discriminator)
def build_discriminator(answer: Answer) -> str:
    """Exercise 5: the discriminator of UW's dense pair."""
    network = _same_network_every_time(answer, "build_discriminator()", (28, 28, 1))
    _expect_dense_pair(
        network,
        "build_discriminator()",
        sizes=(784, 128, 1),
        takes=(28, 28, 1),
        makes=(1,),
        last=("none", lambda x: x),
        hints=[
            ("sigmoid", sigmoid, "It ends in a sigmoid: your losses take raw scores."),
            ("tanh", np.tanh, "It ends in a tanh: a score has no limits."),
        ],
    )
    return "100,609 parameters, one raw score an image, for batches of any size."


def _same_network_every_time(
    answer: Answer, given: str, takes: tuple[int, ...]
) -> keras.Model:
    """The network of a builder, built, which makes a fresh one with each call."""
    first = as_model(answer(), given)
    if answer() is first:
        raise Wrong(
            f"{given} returned the same network twice, expected a new one with each call: build it inside the function."
        )
    try:
        first(tensor(np.zeros((2, *takes))))
    except Exception as error:
        text = " ".join(str(error).split())[:160]
        raise Wrong(
            f"{given} does not take a batch of shape {(2, *takes)} ({type(error).__name__}: {text}), expected that it "
            "does: what comes in, and of which shape?"
        ) from error
    return first


def _expect_dense_pair(
    network: keras.Model,
    given: str,
    *,
    sizes: tuple[int, int, int],
    takes: tuple[int, ...],
    makes: tuple[int, ...],
    last: tuple[str, Callable[[Floats], Floats]],
    hints: list[tuple[str, Callable[[Floats], Floats], str]],
) -> None:
    """Judge a network of two dense layers by its size, its shapes, its numbers and its gradients."""
    inside, hidden, outside = sizes
    shapes = [(inside, hidden), (hidden,), (hidden, outside), (outside,)]
    expected = sum(int(np.prod(shape)) for shape in shapes)
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
    found = {
        weight.shape: np.asarray(weight, np.float64) for weight in network.get_weights()
    }
    if set(found) != set(shapes):
        raise Wrong(
            f"{given} has weights of shapes {sorted(found)}, expected {sorted(shapes)}."
        )
    kernel, bias, kernel_2, bias_2 = (found[shape] for shape in shapes)

    def right(x: Floats, slope: float, end: Callable[[Floats], Floats]) -> Floats:
        sums = x.reshape(len(x), inside) @ kernel + bias
        return end(np.where(sums > 0, sums, slope * sums) @ kernel_2 + bias_2).reshape(
            len(x), *makes
        )

    for count_of_batch, scale in ((1, 1.0), (2, 1.0), (5, 1.0), (2, 30.0)):
        x = scale * rng.normal(size=(count_of_batch, *takes))
        x = x.astype(np.float32).astype(np.float64)
        where = f"{given} on a batch of {count_of_batch}"
        try:
            outputs = network(tensor(x), training=False)
        except Exception as error:
            raise Wrong(
                f"{where} raised {type(error).__name__}, expected shape {(count_of_batch, *makes)}: "
                "is a batch size written into the network?"
            ) from error
        array = to_array(outputs, where)
        if array.shape != (count_of_batch, *makes):
            raise Wrong(
                f"{where} makes shape {array.shape}, expected {(count_of_batch, *makes)}."
            )
        slopes = {
            0.3: "The hidden LeakyReLU has Keras' default slope 0.3, expected 0.01.",
            0.2: "The hidden LeakyReLU has the slope 0.2, expected 0.01.",
            0.0: "The hidden layer has a ReLU, expected a LeakyReLU with slope 0.01.",
            1.0: "The hidden layer has no activation, expected a LeakyReLU with slope 0.01.",
        }
        likely = [(right(x, slope, last[1]), words) for slope, words in slopes.items()]
        likely += [(right(x, 0.01, end), words) for _, end, words in hints]
        likely += [
            (right(x, slope, end), f"{words} And the hidden layer: {more}")
            for _, end, words in hints
            for slope, more in slopes.items()
        ]
        # 784 sums of products in float32, of weights and inputs that are made large on purpose
        expect_close(
            array,
            right(x, 0.01, last[1]),
            f"{where} (random weights)",
            hints=likely,
            relative=1e-3,
            absolute=1e-3 * max(scale, 1.0),
        )
        again = to_array(network(tensor(x), training=True), where)
        if not np.allclose(again, array, atol=1e-3 * scale):
            raise Wrong(
                f"{where} gives other numbers with training=True, expected the same: leave out dropout and the like."
            )
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(network(tensor(rng.normal(size=(4, *takes)))))
    for weight, gradient in zip(
        network.trainable_weights,
        tape.gradient(total, network.trainable_weights),
        strict=True,
    ):
        if gradient is None or not np.any(np.asarray(gradient)):
            raise Wrong(
                f"{given}: no gradient reaches {weight.name}, expected one: stay in Keras from end to end."
            )


def _own_preprocess(images: Any) -> Any:
    return to_float(np.asarray(images), "tanh")


@exercise(stand_in=_own_preprocess)
def preprocess(answer: Answer) -> str:
    """Exercise 6: pixels in the range of a tanh."""
    images = np.array([0, 51, 102, 255], dtype=np.uint8).reshape(1, 2, 2, 1)
    x = images.astype(np.float64)
    wrapped = (images * np.uint8(2)).astype(np.float64)
    found = answer(images.copy())
    given = "uint8 pixels 0, 51, 102, 255"
    expect_close(
        found,
        x / 127.5 - 1,
        given,
        hints=[
            (
                x / 255,
                "That is [0, 1], the upper half of what a tanh can reach: black should be -1.",
            ),
            (x / 255 - 0.5, "That is [-0.5, 0.5]."),
            ((x - 127.5) / 255, "That is [-0.5, 0.5]: divide by half the range."),
            (x / 128 - 1, "White should be exactly 1: divide by 127.5."),
            (x - 127.5, "The division is missing."),
            (x / 127.5, "The shift is missing."),
            (1 - x / 127.5, "Black and white are swapped."),
            (
                wrapped / 255 - 1,
                "uint8 numbers wrap round at 256: convert them to floats first.",
            ),
            (np.tanh(x / 255), "The data need a linear scale, not a tanh."),
        ],
    )
    kind = tf.as_dtype(getattr(found, "dtype", "float64")).name
    if kind != "float32":
        raise Wrong(
            f"{given}: gave numbers of type {kind}, expected float32, as the networks compute."
        )
    batch = (
        np.random.default_rng(0).integers(0, 256, size=(5, 28, 28, 1)).astype(np.uint8)
    )
    expect_close(answer(batch.copy()), batch / 127.5 - 1, "a batch of 5 random images")
    black = np.zeros((2, 28, 28, 1), dtype=np.uint8)
    expect_close(answer(black), -np.ones(black.shape), "two black images")
    return "black is -1 and white is 1."


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
        exact = (images.astype(np.float64) + 1) * 127.5
        hints = [
            (exact / 255, "That is [0, 1]: pixels go up to 255."),
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
        off = int((array != right).sum())
        words = words or (_ROUND if np.abs(array - right).max() <= 1 else "")
        raise Wrong(
            f"{given}: {off} of 256 came back as another value, expected every pixel as it was. {words}".rstrip()
        )
    if kind != "uint8":
        raise Wrong(f"{given}: gave numbers of type {kind}, expected uint8.")
    expect_close(found, right, given)
    between = np.array([10.7, 99.2, 99.8, 200.6]).reshape(1, 2, 2, 1)
    expect_close(
        answer((between / 127.5 - 1).astype(np.float32)),
        np.rint(between),
        "what a network makes, here 10.7, 99.2, 99.8 and 200.6 as pixels",
        hints=[(np.floor(between), _ROUND)],
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
    batch = np.random.default_rng(1).integers(0, 256, size=(3, 28, 28, 1))
    expect_close(
        answer((batch / 127.5 - 1).astype(np.float32)),
        batch,
        "a batch of 3 random images",
    )
    return "all 256 grey values come back as they were."


_ROUND = "astype cuts the decimals off: round first."
_CLIP = "uint8 wraps round: cut the values to 0 to 255 first."


def _own_batch_norm() -> keras.layers.Layer:
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


@exercise(stand_in=_own_batch_norm)
def batch_norm(answer: Answer) -> str:
    """Exercise 7: PyTorch's BatchNorm1d with its defaults, in Keras."""
    layer = answer()
    if not isinstance(layer, keras.layers.Layer):
        raise Wrong(f"batch_norm() is {kind_of(layer)}, expected a Keras layer.")
    rng = np.random.default_rng(7)
    batch = rng.normal(size=(2000, 3))
    batch = (batch - batch.mean(axis=0)) / batch.std(axis=0)
    deviations, means = np.array([0.02, 0.5, 3.0]), np.array([1.0, -2.0, 5.0])
    batch = batch * deviations + means
    given = "units with standard deviations 0.02, 0.5 and 3"
    found = to_array(layer(tensor(batch), training=True), f"{given}: the result")
    if found.shape != batch.shape:
        raise Wrong(f"{given}: gave shape {found.shape}, expected {batch.shape}.")
    spread = found.std(axis=0)
    right = deviations / np.sqrt(deviations**2 + 1e-5)
    if not np.allclose(found.mean(axis=0), 0, atol=1e-2):
        raise Wrong(
            f"{given}: they leave with the means {shorten(found.mean(axis=0))}, expected 0 for each."
        )
    if not np.allclose(spread, right, atol=0.02):
        if np.allclose(spread, deviations / np.sqrt(deviations**2 + 0.8), atol=0.02):
            hint = "epsilon is still 0.8."
        elif np.allclose(spread, deviations / np.sqrt(deviations**2 + 1e-3), atol=0.02):
            hint = "That is Keras' epsilon of 1e-3: PyTorch's eps is 1e-5."
        else:
            hint = "Look at epsilon."
        raise Wrong(
            f"{given}: they leave with {shorten(spread)}, expected {shorten(right)}. {hint}"
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


def _expect_gradients(
    answer: Answer, inputs: dict[str, Floats], right: list[Floats]
) -> None:
    _, found = gradients(
        answer, {name: tensor(values) for name, values in inputs.items()}
    )
    for name, gradient, expected in zip(inputs, found, right, strict=True):
        expect_close(gradient, expected, f"the gradient with respect to {name}")


def _linear_networks(
    start: Game,
) -> tuple[list[keras.Model], list[keras.optimizers.Optimizer]]:
    networks = [
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="generator"),
        keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(1)], name="discriminator"
        ),
    ]
    networks[0].set_weights([start.a, start.b])
    networks[1].set_weights([start.w, start.c])
    optimizers = [keras.optimizers.SGD(_RATE) for _ in networks]
    for network, optimizer in zip(networks, optimizers, strict=True):
        optimizer.build(network.trainable_variables)
    return networks, optimizers


def _compare_step(start: Game, found: Game, real: Floats, noise: Floats) -> None:
    d_right = start.d_step(real, start.fakes(noise), _RATE)
    # Both orders are in use: G may look at D before or after D's own step.
    judges = (d_right, start)
    if found.same_d(start):
        raise Wrong(
            "D's weights did not move, expected a step down discriminator_loss."
        )
    if found.same_g(start):
        raise Wrong(
            "G's weights did not move, expected a step down generator_loss through D."
        )
    if not found.same_d(d_right):
        hint = _hint_d(start, found, real, noise)
        raise Wrong(
            f"D's weights became {shorten(found.w)}, expected {shorten(d_right.w)}. {hint}"
        )
    g_right = [start.g_step(noise, judge, _RATE) for judge in judges]
    if not any(found.same_g(right) for right in g_right):
        hint = _hint_g(start, found, noise, judges)
        raise Wrong(
            f"G's bias became {shorten(found.b)}, expected {shorten(g_right[0].b)}. {hint}"
        )


def _hint_d(start: Game, found: Game, real: Floats, noise: Floats) -> str:
    fake = start.fakes(noise)
    d_right = start.d_step(real, fake, _RATE)
    if found.same_d(start.d_step(real, fake, -_RATE)):
        return "That is a step up: minimise the loss."
    if found.same_d(start.d_step(fake, real, _RATE)):
        return "Real and fake are swapped."
    for judge in (start, d_right):
        down_g = _RATE * fake.T @ (g_slope(judge.scores(fake)) / len(fake))
        if np.allclose(found.w, d_right.w - down_g, rtol=1e-2, atol=1e-2):
            return "G's loss moved D as well: give each optimizer the variables of its own network only."
        if np.allclose(found.w, start.w - down_g, rtol=1e-2, atol=1e-2):
            return "D stepped down G's loss: each network has a loss of its own."
    return "Check which loss and which variables D's tape is asked for."


def _hint_g(start: Game, found: Game, noise: Floats, judges: tuple[Game, ...]) -> str:
    wrong_slopes: list[tuple[Callable[[Floats], Floats], str]] = [
        (lambda f: -g_slope(f), "That is a step up: minimise the loss."),
        (lambda f: -sigmoid(f), "That is the minimax loss: use generator_loss."),
        (sigmoid, "G made D's work easier: it stepped down D's loss, not its own."),
        (
            lambda f: sigmoid(f) + g_slope(f),
            "D's loss moved G as well: give each optimizer the variables of its own network only.",
        ),
    ]
    for slope, words in wrong_slopes:
        if any(
            found.same_g(start.g_step(noise, judge, _RATE, slope)) for judge in judges
        ):
            return words
    return "Check which loss and which variables G's tape is asked for."


def _compare_losses(
    result: Any, start: Game, found: Game, real: Floats, noise: Floats
) -> None:
    names = ("d_loss", "g_loss")
    if isinstance(result, dict):
        result = tuple(result.get(name) for name in names)
    losses = parts_of(
        result, names, "the two losses", "both networks moved, but the step"
    )
    fake = start.fakes(noise)
    d_right = d_loss(start.scores(real), start.scores(fake))
    g_right = [g_loss(judge.scores(fake)) for judge in (start, found)]
    expect_close(
        losses[0],
        d_right,
        "d_loss",
        hints=[(value, "Return d_loss first, then g_loss.") for value in g_right],
    )
    value = to_array(losses[1], "g_loss")
    expected = min(g_right, key=lambda right: float(np.abs(value - right).max()))
    expect_close(losses[1], expected, "g_loss")
