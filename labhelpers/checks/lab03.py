"""Checks of lab 03: both losses, the optimal discriminator, a step with two tapes, the range of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labhelpers.checks.core import Answer, Wrong, exercise, expect_close, shorten, to_array
from labhelpers.data.ranges import to_float
from labhelpers.losses import adversarial
from labhelpers.training.gan import adversarial_step

Floats = NDArray[np.float64]

# Values for hand calculation: both losses are known to five digits for them.
_REAL = np.array([[-5.0], [1.4], [12.5], [2.7]])
_FAKE = np.array([[10.0], [4.4], [-5.5], [3.6]])
_RATE = 0.5


def _softplus(values: Floats) -> Floats:
    return np.logaddexp(0.0, values)


def _sigmoid(values: Floats) -> Floats:
    return np.exp(-np.logaddexp(0.0, -values))


def _d_loss(real: Floats, fake: Floats) -> float:
    return float(_softplus(-real).mean() + _softplus(fake).mean())


def _g_loss(fake: Floats) -> float:
    return float(_softplus(-fake).mean())


@exercise(stand_in=adversarial.non_saturating().discriminator)
def discriminator_loss(answer: Answer) -> str:
    """Exercise 2: D's loss from raw scores."""
    real, fake = _softplus(-_REAL), _softplus(_FAKE)
    right = real.mean() + fake.mean()
    given = "real_logits=[-5, 1.4, 12.5, 2.7], fake_logits=[10, 4.4, -5.5, 3.6]"
    hints = [
        (right / 2, "Leave the factor 1/2 out: the two parts are added here."),
        (real.sum() + fake.sum(), "Average over the batch, do not sum."),
        (_d_loss(-_REAL, -_FAKE), "The labels are swapped: D should call real images real."),
        (_d_loss(_FAKE, _REAL), "Real and fake are swapped."),
        (-right, "D minimises this: check the sign."),
        (real.mean(), "The part of the fakes is missing."),
        (fake.mean(), "The part of the real images is missing."),
        (real + fake, "Average over the batch."),
        ((_REAL.mean() - _FAKE.mean()), "Where is the logarithm?"),
    ]
    expect_close(answer(_tensor(_REAL), _tensor(_FAKE)), right, given, hints=hints)
    _expect_stable(answer, [_tensor([[-100.0]]), _tensor([[100.0]])], 200.0, "D is sure and wrong: real -100, fake 100")
    _expect_stable(answer, [_tensor([[100.0]]), _tensor([[-100.0]])], 0.0, "D is sure and right: real 100, fake -100")
    expect_close(
        answer(_tensor(_REAL.ravel()), _tensor(_FAKE.ravel()[:2])),
        _d_loss(_REAL, _FAKE[:2]),
        "four real scores and two fake ones",
        hints=[((real.sum() + fake[:2].sum()) / 6, "Average each part over its own images.")],
    )
    _expect_gradients(
        answer,
        [_REAL, _FAKE],
        [-_sigmoid(-_REAL) / 4, _sigmoid(_FAKE) / 4],
        ("real_logits", "fake_logits"),
    )
    return "right, also for scores of plus and minus 100."


def _own_generator_loss(fake_logits: Any) -> Any:
    return adversarial.non_saturating().generator(fake_logits, fake_logits)


@exercise(stand_in=_own_generator_loss)
def generator_loss(answer: Answer) -> str:
    """Exercise 3: G's non-saturating loss from raw scores."""
    right = _g_loss(_FAKE)
    given = "fake_logits=[10, 4.4, -5.5, 3.6]"
    hints = [
        (-_softplus(_FAKE).mean(), "That is the minimax loss: G should maximise log D(G(z)) instead."),
        (_softplus(_FAKE).mean(), "That is D's view of the fakes: G wants them to be called real."),
        (-right, "G minimises this: check the sign."),
        (4 * right, "Average over the batch, do not sum."),
        (right / 2, "Leave the factor 1/2 out."),
        (_softplus(-_FAKE), "Average over the batch."),
        (-_FAKE.mean(), "Where is the logarithm?"),
    ]
    expect_close(answer(_tensor(_FAKE)), right, given, hints=hints)
    _expect_stable(answer, [_tensor([[-100.0]])], 100.0, "D is sure that it is fake: fake_logits=[-100]")
    _expect_stable(answer, [_tensor([[100.0]])], 0.0, "D is fooled: fake_logits=[100]")
    expect_close(answer(_tensor(_FAKE.ravel())), right, "the same scores as a plain vector")
    _expect_gradients(answer, [_FAKE], [-_sigmoid(-_FAKE) / 4], ("fake_logits",))
    return "right, and its gradient is largest where D is sure that an image is fake."


def _own_optimal_discriminator(p_data: Any, p_model: Any) -> Any:
    return p_data / (p_data + p_model)


@exercise(stand_in=_own_optimal_discriminator)
def optimal_discriminator(answer: Answer) -> str:
    """Exercise 1: the best that D can say, from the two densities."""
    p = np.array([0.2, 0.5, 0.3, 0.9])
    q = np.array([0.2, 0.1, 0.6, 0.0])
    right = p / (p + q)
    with np.errstate(divide="ignore", invalid="ignore"):
        hints = [
            (q / (p + q), "That is the probability of fake: D says how probable real is."),
            ((p + q) / 2, "Divide by the sum of both densities."),
            (p / (p + q) / 2, "Where p_data = p_model, D should say 1/2."),
            (p - q, "A probability is needed: a share of the sum."),
            (p, "D must know where the fakes are, too."),
            (np.log(p / (p + q)), "That is the logarithm of D."),
        ]
        found = answer(p, q)
        if not np.isfinite(np.asarray(found, dtype=np.float64)).all() if isinstance(found, np.ndarray) else False:
            raise Wrong(
                f"p_data=[.2, .5, .3, .9], p_model=[.2, .1, .6, 0]: gave {shorten(found)}, expected {shorten(right)}. "
                "Where there are no fakes, D is 1, not infinite."
            )
    expect_close(found, right, "p_data=[.2, .5, .3, .9], p_model=[.2, .1, .6, 0]", hints=hints)
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
    found = adversarial_step(
        generator,
        discriminator,
        generator_optimizer,
        discriminator_optimizer,
        adversarial.non_saturating(),
        real_images,
        [noise],
    )
    return found["d_loss"], found["g_loss"]


class _Game(NamedTuple):
    """Two linear networks for points in the plane: G(z) = z a + b and D(x) = x w + c."""

    a: Floats
    b: Floats
    w: Floats
    c: Floats


@exercise(stand_in=_own_step)
def train_step(answer: Answer) -> str:
    """Exercise 4: one step of both networks, with two tapes."""
    rng = np.random.default_rng(5)
    start = _Game(rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(2, 1)), rng.normal(size=1))
    real, noise = rng.normal(size=(6, 2)) + 1, rng.normal(size=(6, 3))
    for compiled in (False, True):
        networks, optimizers = _linear_networks(start)
        step = tf.function(answer) if compiled else answer
        try:
            result = step(*networks, *optimizers, _tensor(real), _tensor(noise))
        except Exception as error:
            if not compiled:
                raise
            raise Wrong(
                f"it works alone but not under tf.function ({type(error).__name__}), expected a step that compiles: "
                "use TensorFlow only, no .numpy() and no print of values."
            ) from error
        found = _Game(*(np.asarray(weight, dtype=np.float64) for network in networks for weight in network.weights))
        _compare_step(start, found, real, noise)
        _compare_losses(result, start, found, real, noise)
    return "both networks moved, each down its own loss, and it compiles."


def _own_preprocess(images: Any) -> Any:
    return to_float(np.asarray(images), "tanh")


@exercise(stand_in=_own_preprocess)
def preprocess(answer: Answer) -> str:
    """Exercise 5: the range that a generator with tanh can reach."""
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
            (x / 255, "That is [0, 1]: a tanh reaches down to -1."),
            (x / 255 - 0.5, "That is [-0.5, 0.5]."),
            ((x - 127.5) / 255, "That is [-0.5, 0.5]: divide by half the range."),
            (x / 128 - 1, "White should be exactly 1: divide by 127.5."),
            (x - 127.5, "The division is missing."),
            (x / 127.5, "The shift is missing."),
            (1 - x / 127.5, "Black and white are swapped."),
            (wrapped / 255 - 1, "uint8 numbers wrap round at 256: turn them into floats first."),
            (np.tanh(x / 255), "The data need a linear scale, not a tanh."),
        ],
    )
    kind = tf.as_dtype(getattr(found, "dtype", "float64")).name
    if kind != "float32":
        raise Wrong(f"{given}: gave numbers of type {kind}, expected float32, as the networks compute.")
    batch = np.random.default_rng(0).integers(0, 256, size=(5, 28, 28, 1)).astype(np.uint8)
    expect_close(answer(batch.copy()), batch / 127.5 - 1, "a batch of 5 random images")
    black = np.zeros((2, 28, 28, 1), dtype=np.uint8)
    expect_close(answer(black), -np.ones(black.shape), "two black images")
    return "black is -1 and white is 1."


def _tensor(values: Sequence[Any] | Floats) -> Any:
    return tf.constant(np.asarray(values), dtype=tf.float32)


def _expect_stable(answer: Answer, logits: list[Any], right: float, given: str) -> None:
    loss, gradients = _loss_and_gradients(answer, logits)
    found = np.asarray(loss, dtype=np.float64)
    if right and found.ndim == 0 and np.isfinite(found) and 10 < found < right / 2:
        raise Wrong(
            f"{given}: gave {shorten(found)}, expected {right:g}. The probability was clipped: compute with the "
            "scores, not with their sigmoid."
        )
    if not all(np.isfinite(value).all() for value in (found, *gradients)):
        raise Wrong(
            f"{given}: gave the loss {shorten(found)} and the gradient {shorten(gradients[-1])}, expected {right:g} "
            "and a finite gradient. exp and log overflow there: use tf.nn.softplus, or from_logits=True on the scores."
        )
    expect_close(loss, right, given)


def _loss_and_gradients(answer: Answer, logits: list[Any]) -> tuple[Any, list[Floats]]:
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = answer(*logits)
    if not isinstance(loss, tf.Tensor):
        raise Wrong(
            f"the result is a {type(loss).__name__}, expected a tensor: NumPy lets no gradient through."
            if loss is not None
            else "the result is None, expected a tensor: is there a `return`?"
        )
    gradients = tape.gradient(loss, logits)
    if any(gradient is None for gradient in gradients):
        raise Wrong("no gradient flows to the scores, expected one: stay in TensorFlow from end to end.")
    return loss, [np.asarray(gradient, dtype=np.float64) for gradient in gradients]


def _expect_gradients(answer: Answer, inputs: list[Floats], right: list[Floats], names: tuple[str, ...]) -> None:
    _, gradients = _loss_and_gradients(answer, [_tensor(values) for values in inputs])
    for name, gradient, expected in zip(names, gradients, right, strict=True):
        expect_close(gradient, expected, f"the gradient with respect to {name}")


def _linear_networks(start: _Game) -> tuple[list[keras.Model], list[keras.optimizers.Optimizer]]:
    networks = [
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="generator"),
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="discriminator"),
    ]
    networks[0].set_weights([start.a, start.b])
    networks[1].set_weights([start.w, start.c])
    optimizers = [keras.optimizers.SGD(_RATE) for _ in networks]
    for network, optimizer in zip(networks, optimizers, strict=True):
        optimizer.build(network.trainable_variables)
    return networks, optimizers


def _d_step(game: _Game, real: Floats, noise: Floats, sign: float = 1.0) -> _Game:
    """D one step down (or, with sign -1, up) its loss."""
    fake = noise @ game.a + game.b
    d_real = -_sigmoid(-(real @ game.w + game.c)) / len(real)
    d_fake = _sigmoid(fake @ game.w + game.c) / len(fake)
    w = game.w - sign * _RATE * (real.T @ d_real + fake.T @ d_fake)
    return game._replace(w=w, c=game.c - sign * _RATE * (d_real.sum(0) + d_fake.sum(0)))


def _g_step(
    game: _Game, noise: Floats, judge: _Game, slope: Callable[[Floats], Floats] = lambda f: -_sigmoid(-f)
) -> _Game:
    """G one step down a loss with this derivative by the fake score, through the D of ``judge``."""
    fake = noise @ game.a + game.b
    d_points = slope(fake @ judge.w + judge.c) / len(fake) @ judge.w.T
    return game._replace(a=game.a - _RATE * noise.T @ d_points, b=game.b - _RATE * d_points.sum(0))


def _compare_step(start: _Game, found: _Game, real: Floats, noise: Floats) -> None:
    def same(one: Floats, other: Floats) -> bool:
        return bool(np.allclose(one, other, rtol=1e-3, atol=1e-4))

    d_right = _d_step(start, real, noise)
    # Both orders are in use: G may look at D before or after D's own step.
    g_right = [_g_step(start, noise, judge) for judge in (d_right, start)]
    if same(found.w, start.w):
        raise Wrong("D's weights did not move, expected a step down discriminator_loss.")
    if same(found.a, start.a):
        raise Wrong("G's weights did not move, expected a step down generator_loss through D.")
    if not (same(found.w, d_right.w) and same(found.c, d_right.c)):
        raise Wrong(
            f"D's weights became {shorten(found.w)}, expected {shorten(d_right.w)}.{_hint_d(start, found, real, noise)}"
        )
    if not any(same(found.a, right.a) and same(found.b, right.b) for right in g_right):
        raise Wrong(
            f"G's bias became {shorten(found.b)}, expected {shorten(g_right[0].b)}.{_hint_g(start, found, real, noise)}"
        )


def _hint_d(start: _Game, found: _Game, real: Floats, noise: Floats) -> str:
    def same(other: _Game) -> bool:
        return bool(np.allclose(found.w, other.w, rtol=1e-3, atol=1e-4))

    fake = noise @ start.a + start.b
    if same(_d_step(start, real, noise, sign=-1.0)):
        return " That is a step up: minimise the loss."
    if same(_d_step(start, fake, real @ np.linalg.pinv(start.a) - start.b @ np.linalg.pinv(start.a))):
        return " Real and fake are swapped."
    d_right = _d_step(start, real, noise)
    for judge in (start, d_right):
        images = noise @ start.a + start.b
        slope = -_sigmoid(-(images @ judge.w + judge.c)) / len(images)
        if np.allclose(found.w, d_right.w - _RATE * images.T @ slope, rtol=1e-2, atol=1e-2):
            return " G's loss moved D, too: give each optimizer the variables of its own network only."
        if np.allclose(found.w, start.w - _RATE * images.T @ slope, rtol=1e-2, atol=1e-2):
            return " D stepped down G's loss: each network has a loss of its own."
    return " Check which loss and which variables D's tape is asked for."


def _hint_g(start: _Game, found: _Game, real: Floats, noise: Floats) -> str:
    def same(other: _Game) -> bool:
        return bool(np.allclose(found.b, other.b, rtol=1e-3, atol=1e-4))

    for judge in (start, _d_step(start, real, noise)):
        if same(_g_step(start, noise, judge, lambda f: _sigmoid(-f))):
            return " That is a step up: minimise the loss."
        if same(_g_step(start, noise, judge, lambda f: -_sigmoid(f))):
            return " That is the minimax loss: use generator_loss."
        if same(_g_step(start, noise, judge, _sigmoid)):
            return " G made D's work easier: it stepped down D's loss, not its own."
        if same(_g_step(start, noise, judge, lambda f: _sigmoid(f) - _sigmoid(-f))):
            return " D's loss moved G, too: give each optimizer the variables of its own network only."
    return " Check which loss and which variables G's tape is asked for."


def _compare_losses(result: Any, start: _Game, found: _Game, real: Floats, noise: Floats) -> None:
    if isinstance(result, dict):
        result = (result.get("d_loss"), result.get("g_loss"))
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        kind = "None" if result is None else f"a {type(result).__name__}"
        raise Wrong(f"both networks moved, but the step returned {kind}, expected the two losses d_loss, g_loss.")
    fake = noise @ start.a + start.b
    d_right = _d_loss(real @ start.w + start.c, fake @ start.w + start.c)
    g_right = [_g_loss(fake @ judge.w + judge.c) for judge in (start, found)]
    expect_close(
        result[0], d_right, "d_loss", hints=[(value, "Return d_loss first, then g_loss.") for value in g_right]
    )
    value = to_array(result[1], "g_loss")
    expected = min(g_right, key=lambda right: float(np.abs(value - right).max()))
    expect_close(result[1], expected, "g_loss")
