"""Checks of lab 07: the best D, the earth mover's distance, hinge, the gradient penalty, BEGAN, InfoGAN."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from labhelpers import losses
from labhelpers.arrays import Tensor
from labhelpers.checks.core import Answer, Wrong, exercise
from labhelpers.checks.numeric import (
    FAKE_LOGITS,
    GIVEN_LOGITS,
    REAL_LOGITS,
    Floats,
    Hint,
    expect_close,
    gradients,
    one_number,
    parts_of,
    softplus,
    tensor,
    to_array,
)


def _best_scores(real_density: Any, fake_density: Any) -> tuple[Any, Any, Any]:
    p, q = tf.convert_to_tensor(real_density), tf.convert_to_tensor(fake_density)
    return tf.math.log(p) - tf.math.log(q), p / (p + q), tf.sign(p - q)


@exercise(stand_in=_best_scores)
def best_scores(answer: Answer) -> str:
    """Exercise 1: the score of the best D under the cross-entropy, least squares (0, 1) and hinge."""
    names = ("cross_entropy", "least_squares", "hinge")
    p = np.array([0.3, 0.05, 0.8, 2.0, 0.01])
    q = np.array([0.1, 0.45, 0.7, 0.001, 6.0])
    share = p / (p + q)

    def call(scale: float = 1.0) -> tuple[Any, ...]:
        found = answer(tensor(scale * p), tensor(scale * q))
        return parts_of(found, names, "three scores", "the answer")

    right = (np.log(p / q), share, np.sign(p - q))
    hints: tuple[list[Hint], ...] = (
        [
            (share, "That is the probability: D's score is its logit."),
            (-np.log(p / q), "Real and fake are swapped."),
            (p / q, "Take the logarithm: a score may lie below 0."),
            (np.log(share), "The score s has sigmoid(s) = p / (p + q): solve for s."),
            (p - q, "Set the slope of p sp(-s) + q sp(s) to 0."),
        ],
        [
            (1 - share, "Real and fake are swapped."),
            (
                np.log(p / q),
                "Least squares has a best score of its own: set the slope of its loss to 0.",
            ),
            (
                right[2],
                "Between the two targets D says how likely both are: set the slope to 0.",
            ),
            (
                p - q,
                "Divide by p + q: the answer must not depend on the scale of both.",
            ),
            (2 * share - 1, "The targets are 0 and 1, not -1 and 1."),
        ],
        [
            (-right[2], "Real and fake are swapped."),
            (
                share,
                "Hinge is straight between its margins: its lowest point lies at one of them.",
            ),
            (
                2 * share - 1,
                "Hinge is straight between its margins: its lowest point lies at one of them.",
            ),
            (
                np.log(p / q),
                "Beyond the margin nothing is won: the best score lies at a margin.",
            ),
            ((p > q).astype(float), "The margins lie at -1 and +1."),
        ],
    )
    densities = f"real_density={p.tolist()}, fake_density={q.tolist()}"
    for name, found, expected, likely in zip(names, call(), right, hints, strict=True):
        expect_close(found, expected, f"{name} for {densities}", hints=likely)
    for name, found, expected in zip(names, call(7.0), right, strict=True):
        expect_close(
            found,
            expected,
            f"{name} for densities 7 times as large",
            hints=[(to_array(found, name), "Only the ratio of both may matter.")],
        )
    return "a log ratio without limits, a share from 0 to 1, and a mere sign."


def _earth_mover(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(tf.abs(tf.sort(real) - tf.sort(fake)))


@exercise(stand_in=_earth_mover)
def earth_mover(answer: Answer) -> str:
    """Exercise 2: the earth mover's distance between equally many points on a line."""
    rng = np.random.default_rng(3)

    def right(real: Floats, fake: Floats) -> float:
        return float(np.abs(np.sort(real) - np.sort(fake)).mean())

    def compare(real: Floats, fake: Floats, given: str) -> None:
        gaps = np.abs(real[:, None] - fake[None, :])
        expect_close(
            answer(tensor(real), tensor(fake)),
            right(real, fake),
            given,
            hints=[
                (
                    np.abs(real - fake).mean(),
                    "Which fake goes to which point is free: find the cheapest plan.",
                ),
                (
                    real.mean() - fake.mean(),
                    "Two means say nothing of the way of each point.",
                ),
                (
                    fake.mean() - real.mean(),
                    "Two means say nothing of the way of each point.",
                ),
                (
                    abs(real.mean() - fake.mean()),
                    "Two means say nothing of the way of each point.",
                ),
                (
                    np.abs(np.sort(real) - np.sort(fake)).sum(),
                    "Each point weighs 1/n: take the mean of the ways.",
                ),
                (
                    ((np.sort(real) - np.sort(fake)) ** 2).mean(),
                    "The work is the way, not its square.",
                ),
                (
                    np.sqrt(((np.sort(real) - np.sort(fake)) ** 2).mean()),
                    "The work is the way, not its square.",
                ),
                (
                    gaps.min(axis=0).mean(),
                    "Each real point takes one fake only: two fakes cannot both have the nearest.",
                ),
                (
                    gaps.min(axis=1).mean(),
                    "Each fake can fill one place only: two places cannot both have the nearest.",
                ),
                (gaps.mean(), "Not all pairs: each fake goes to one place."),
            ],
        )

    compare(np.array([0.0, 3.0]), np.array([7.0, 1.0]), "real [0, 3], fake [7, 1]")
    compare(
        np.array([0.0, 0.1, 5.0]),
        np.array([0.2, 6.0, 7.0]),
        "real [0, 0.1, 5], fake [0.2, 6, 7]",
    )
    compare(np.array([-1.0, 1.0]), np.array([0.0, 0.0]), "real [-1, 1], fake [0, 0]")
    for count in (1, 200):
        compare(
            rng.normal(size=count),
            2 + 3 * rng.normal(size=count),
            f"{count} random points each",
        )
    return "the cheapest plan never crosses; any number of points."


def _hinge_losses(real_scores: Any, fake_scores: Any) -> tuple[Any, Any]:
    loss = losses.hinge()
    several = isinstance(real_scores, list | tuple)
    pairs = (
        list(zip(real_scores, fake_scores, strict=True))
        if several
        else [(real_scores, fake_scores)]
    )
    return (
        tf.reduce_mean([loss.discriminator(*pair) for pair in pairs]),
        tf.reduce_mean([loss.generator(*pair) for pair in pairs]),
    )


@exercise(stand_in=_hinge_losses)
def hinge_losses(answer: Answer) -> str:
    """Exercise 3: the hinge loss, for one map of scores or for a list of them."""
    rng = np.random.default_rng(4)

    def call(real: Any, fake: Any) -> tuple[Any, Any]:
        d_loss, g_loss = parts_of(
            answer(real, fake), ("d_loss", "g_loss"), "the two losses", "the answer"
        )
        one_number(d_loss, "d_loss")
        one_number(g_loss, "g_loss")
        return d_loss, g_loss

    def relu(x: Any) -> Any:
        return np.maximum(x, 0)

    def right(real: Floats, fake: Floats) -> tuple[float, float]:
        return float(relu(1 - real).mean() + relu(1 + fake).mean()), float(-fake.mean())

    real, fake = REAL_LOGITS, FAKE_LOGITS
    d_right, g_right = right(real, fake)
    d_loss, g_loss = call(tensor(real), tensor(fake))
    if np.isclose(float(d_loss), g_right, rtol=1e-4) and np.isclose(
        float(g_loss), d_right, rtol=1e-4
    ):
        raise Wrong(
            f"{GIVEN_LOGITS}: the two losses are swapped, expected d_loss first, then g_loss."
        )
    expect_close(
        d_loss,
        d_right,
        f"d_loss of {GIVEN_LOGITS}",
        hints=[
            (
                relu(1 - real.mean()) + relu(1 + fake.mean()),
                "Clip each image at 0, then take the mean: not the other way round.",
            ),
            (
                relu(1 + real).mean() + relu(1 - fake).mean(),
                "The signs are flipped: real above +1, fake below -1.",
            ),
            (relu(1 - real).mean(), "The fakes are missing."),
            (
                (1 - real).mean() + (1 + fake).mean(),
                "Clip each term at 0: nothing is paid beyond the margin.",
            ),
            (relu(-real).mean() + relu(fake).mean(), "The margin of 1 is missing."),
            (d_right / 2, "Add the two terms, without a factor 1/2."),
        ],
    )
    expect_close(
        g_loss,
        g_right,
        f"g_loss of {GIVEN_LOGITS}",
        hints=[
            (
                relu(1 - fake).mean(),
                "G's loss has no margin: it is minus the mean score of the fakes.",
            ),
            (fake.mean(), "The sign is flipped: G wants high scores for its fakes."),
            (
                -relu(1 + fake).mean(),
                "G's loss is not minus D's: no clipping, no margin.",
            ),
        ],
    )
    # Two scales: 3 images with 4 x 4 patches, and one score each; real and fake batches of different size.
    reals = [rng.normal(size=(3, 4, 4, 1)), rng.normal(1.5, size=(3, 1))]
    fakes = [rng.normal(size=(2, 4, 4, 1)), rng.normal(-1.5, size=(2, 1))]
    by_scale = np.array([right(*pair) for pair in zip(reals, fakes, strict=True)])
    pooled = right(
        np.concatenate([part.ravel() for part in reals]),
        np.concatenate([part.ravel() for part in fakes]),
    )
    given = "two scales, 4 x 4 patches and one score an image"
    for sequence in (list, tuple):
        found = call(
            sequence(tensor(part) for part in reals),
            sequence(tensor(part) for part in fakes),
        )
        for index, name in enumerate(("d_loss", "g_loss")):
            expect_close(
                found[index],
                by_scale[:, index].mean(),
                f"{name} of {given}",
                hints=[
                    (
                        pooled[index],
                        "Each scale counts the same, however many patches it has: a mean of means.",
                    ),
                    (
                        by_scale[:, index].sum(),
                        "Take the mean over the scales, so that more scales do not cost more.",
                    ),
                    (by_scale[0, index], "The second scale is missing."),
                    (by_scale[1, index], "The first scale is missing."),
                ],
            )
    gradients(
        lambda scores: call(tensor(real), scores)[1],
        {"the fakes' scores": tensor(fake)},
        "g_loss",
    )
    gradients(
        lambda scores: call(scores, tensor(fake))[0],
        {"the real scores": tensor(real)},
        "d_loss",
    )
    return (
        "clipped score by score for D, no margin for G, and each scale counts the same."
    )


def _gradient_penalty(
    critic: Answer, real_images: Any, fake_images: Any, mix: Any
) -> Any:
    batch = losses.Batch(real_images, source=None, drawn={"mix": mix})
    return losses.gradient_penalty().amount(
        losses.Seen(batch, fake_images, real=None, fake=None, score=critic)
    )


@exercise(stand_in=_gradient_penalty)
def gradient_penalty(answer: Answer) -> str:
    """Exercise 4: the mean of (norm - 1)^2 of the critic's gradient at the mixed images."""
    rng = np.random.default_rng(10)
    real, fake = rng.normal(size=(2, 3, 2, 2, 1))
    mix = np.array([0.2, 0.5, 0.9])

    def call(critic: Answer, count: int = 3) -> Any:
        return answer(
            critic, tensor(real[:count]), tensor(fake[:count]), tensor(mix[:count])
        )

    def linear(images: Tensor) -> Tensor:
        return 2.0 * tf.reduce_sum(images, axis=(1, 2, 3))[:, None]

    # The gradient of this critic is x itself: so the penalty tells where it was taken.
    def square(images: Tensor) -> Tensor:
        return 0.5 * tf.reduce_sum(images**2, axis=(1, 2, 3))[:, None]

    expect_close(
        call(linear),
        9.0,
        "the critic 2 * sum(x) over 4 pixels, whose gradient has norm 4",
        hints=[
            (
                90.0,
                "The loss itself multiplies by the weight of 10: return the mean alone.",
            ),
            (16.0, "The target is missing: (norm - 1)^2."),
            (
                1.0,
                "The norm is over all pixels of an image: height, width and channels.",
            ),
            (
                (np.sqrt(8) - 1) ** 2,
                "The norm is over all pixels of an image: height, width and channels.",
            ),
            (225.0, "Take the root: this is (norm^2 - 1)^2."),
            (3.0, "Square the difference."),
            (
                121.0,
                "Each image has its own gradient: the norm is not over the whole batch.",
            ),
            (
                (np.sqrt(48) - 1) ** 2,
                "Each image has its own gradient: the norm is not over the whole batch.",
            ),
            ((4 / 3 - 1) ** 2, "Differentiate the sum of the scores, not their mean."),
        ],
    )

    def mixed(share: Floats) -> Floats:
        return fake + share.reshape(-1, 1, 1, 1) * (real - fake)

    def value(images: Floats) -> float:
        return float(((np.sqrt((images**2).sum(axis=(1, 2, 3))) - 1) ** 2).mean())

    found = one_number(call(square), "the penalty")
    for place, images in (("real", real), ("fake", fake)):
        if np.isclose(found, value(images), rtol=1e-3):
            raise Wrong(
                f"the gradient was taken at the {place} images, expected it at the mixed ones."
            )
    either = [value(mixed(mix)), value(mixed(1 - mix))]
    if not any(np.isclose(found, right, rtol=1e-3, atol=1e-4) for right in either):
        raise Wrong(
            f"with the critic sum(x^2)/2 the penalty is {found:.4g}, expected {either[0]:.4g}: mix each image with "
            "its own number, mix * real + (1 - mix) * fake, the same for all its pixels: reshape mix."
        )
    expect_close(call(linear, 2), 9.0, "a batch of 2")
    _expect_points(answer)
    _expect_trains(call)
    return "each image has its own place and norm, any batch size, and the penalty reaches the critic's weights."


def _expect_points(answer: Answer) -> None:
    """Points in the plane, (batch, 2), and images of several channels must do, too."""
    for shape in ((2,), (3, 2, 3)):
        data = np.random.default_rng(11).normal(size=(2, 4, *shape))
        pixels = int(np.prod(shape))
        try:
            found = answer(
                lambda x: (
                    2.0
                    * tf.reduce_sum(tf.reshape(x, (tf.shape(x)[0], -1)), axis=1)[
                        :, None
                    ]
                ),
                tensor(data[0]),
                tensor(data[1]),
                tensor([0.1, 0.4, 0.6, 0.9]),
            )
        except Exception as error:
            raise Wrong(
                f"data of shape (4, {', '.join(map(str, shape))}) raised {type(error).__name__}, expected a penalty: "
                "points in the plane have no height and width. Take the axes from the data, len(real.shape)."
            ) from error
        expect_close(
            found,
            (2 * np.sqrt(pixels) - 1) ** 2,
            f"the critic 2 * sum(x) over data of shape (4, {', '.join(map(str, shape))})",
            hints=[
                (
                    (2 * np.sqrt(shape[-1]) - 1) ** 2,
                    "The norm is over all axes but the first.",
                ),
                (
                    to_array(found, "the penalty"),
                    "Points in the plane have no height and width: take the axes from len(real.shape).",
                ),
            ],
        )


def _expect_trains(call: Answer) -> None:
    """The penalty must be differentiable by the critic's weights, also where the gradient is 0."""
    critic = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    for scale in (1.0, 0.0):
        critic.set_weights([scale * np.ones((4, 1)), np.zeros(1)])
        kernel = critic.trainable_variables[0].value
        _, (slope,) = gradients(
            lambda _: call(critic), {"the critic's weights": kernel}, "the penalty"
        )
        if not np.isfinite(slope).all():
            raise Wrong(
                "where the critic is flat, the gradient is not finite, expected 0 there: the root's slope at 0 is "
                "infinite. Keep what is under it above 0: tf.sqrt(tf.maximum(squares, 1e-12))."
            )


def _update_k(
    k: Any, real_energy: Any, fake_energy: Any, gamma: float = 0.5, rate: float = 0.001
) -> tuple[Any, Any]:
    imbalance = gamma * tf.reduce_mean(real_energy) - tf.reduce_mean(fake_energy)
    moved = tf.clip_by_value(k + rate * imbalance, 0.0, 1.0)
    return moved, tf.reduce_mean(real_energy) + tf.abs(imbalance)


@exercise(stand_in=_update_k)
def update_k(answer: Answer) -> str:
    """Exercise 5: BEGAN's controller and its measure of convergence."""
    real, fake = tensor([[4.0], [6.0]]), tensor([[1.0], [0.0], [0.5]])

    def call(
        k: float, *more: float, real: Any = real, fake: Any = fake
    ) -> tuple[Any, ...]:
        return parts_of(
            answer(tensor(k), real, fake, *more),
            ("k", "convergence"),
            "two numbers",
            "the answer",
        )

    moved, convergence = call(0.3, 0.5, 0.1)
    given = "k = 0.3, energies of mean 5 (real) and 0.5 (fake), gamma 0.5, rate 0.1"
    expect_close(
        moved,
        0.3 + 0.1 * (0.5 * 5.0 - 0.5),
        given,
        hints=[
            (
                0.3 - 0.1 * 2.0,
                "The sign is flipped: fakes with too little energy are to be pushed up, so k must grow.",
            ),
            (0.1 * 2.0, "Add the change to the old k."),
            (0.3 + 0.1 * (5.0 - 0.5), "gamma is missing."),
            (0.3 + 0.1 * (5.0 - 0.5 * 0.5), "gamma belongs to the real images' error."),
            (0.3 - 0.1 * (5.0 - 0.5), "gamma is missing, and the sign is flipped."),
            (1.0, "The rate is missing."),
            (0.0, "The rate is missing, or the sign is flipped."),
        ],
    )
    expect_close(
        convergence,
        7.0,
        f"convergence of {given}",
        hints=[
            (5.0 + 4.5, "How far the goal is missed: gamma belongs in there, too."),
            (5.0 + 0.2, "The rate has no place in it."),
            (2.0, "The error of the real images is missing."),
            (5.0, "How far the goal is missed is missing."),
            (0.5 + 2.0, "The error of the real images, not of the fakes."),
            (
                3.0,
                "The size of what is missed counts: take its absolute value, and add it.",
            ),
        ],
    )
    expect_close(
        call(0.95, 0.5, 0.1)[0],
        1.0,
        "k = 0.95, pushed upwards",
        hints=[(1.15, "k is a share: it stays in [0, 1].")],
    )
    low, convergence = call(0.05, 0.5, 0.1, real=fake, fake=real)
    expect_close(
        low,
        0.0,
        "k = 0.05, pushed downwards",
        hints=[(0.05 + 0.1 * (0.25 - 5.0), "k is a share: it stays in [0, 1].")],
    )
    expect_close(
        convergence,
        0.5 + 4.75,
        "convergence where the fakes' energy is too large",
        hints=[
            (0.5 - 4.75, "The size of what is missed counts: take its absolute value.")
        ],
    )
    expect_close(call(0.3)[0], 0.302, "k = 0.3 with the default gamma and rate")
    return "k moves the right way and stays in [0, 1]; M holds error and imbalance."


def _codes_loss(latent: Any, read: Any) -> Any:
    categories, uniform = read["category"].shape[1], read["uniform"].shape[1]
    category = latent[:, -categories - uniform : latent.shape[1] - uniform]
    codes = latent[:, latent.shape[1] - uniform :]
    errors = tf.nn.softmax_cross_entropy_with_logits(category, read["category"])
    squares = 0.5 * tf.reduce_sum(tf.square(read["uniform"] - codes), axis=1)
    return tf.reduce_mean(errors + squares)


@exercise(stand_in=_codes_loss)
def codes_loss(answer: Answer) -> str:
    """Exercise 6: what both players of InfoGAN pay for codes that Q cannot read."""

    def compare(
        count: int, noise: int, categories: int, uniform: int, loud: float
    ) -> None:
        rng = np.random.default_rng(count)
        one_hot = np.eye(categories)[rng.integers(categories, size=count)]
        codes = rng.uniform(-1, 1, size=(count, uniform))
        latent = np.concatenate(
            [rng.normal(size=(count, noise)), one_hot, codes], axis=1
        )
        logits = loud * rng.normal(size=(count, categories))
        means = rng.normal(size=(count, uniform))

        shifted = logits - logits.max(axis=1, keepdims=True)
        log_share = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        errors = -(one_hot * log_share).sum(axis=1)
        squares = (means - codes) ** 2
        again = np.exp(log_share) - np.log(
            np.exp(np.exp(log_share)).sum(axis=1, keepdims=True)
        )
        right = float((errors + 0.5 * squares.sum(axis=1)).mean())

        def call(category: Tensor, mean: Tensor) -> Any:
            return answer(tensor(latent), {"category": category, "uniform": mean})

        given = (
            f"{count} latent vectors of {noise} + {categories} + {uniform} numbers"
            + (", and logits of some hundred" if loud > 10 else "")
        )
        parts = {"Q's logits": tensor(logits), "Q's means": tensor(means)}
        value, slopes = gradients(call, parts, "codes_loss")
        one_number(value, f"{given}: codes_loss", "average over the batch")
        constant = 0.5 * uniform * np.log(2 * np.pi)
        expect_close(
            value,
            right,
            given,
            hints=[
                (
                    -right,
                    "The sign is flipped: it is an error, and both players want it small.",
                ),
                (
                    (errors + squares.sum(axis=1)).mean(),
                    "The Gaussian's exponent has a factor 1/2.",
                ),
                (
                    (errors + 0.5 * squares.mean(axis=1)).mean(),
                    "Sum over the uniform codes: each of them is to be read.",
                ),
                (
                    (errors + squares.mean(axis=1)).mean(),
                    "Half the square of each code's error, summed over the codes.",
                ),
                (
                    (errors + 0.5 * squares.sum(axis=1)).sum(),
                    "Take the mean over the batch, not the sum.",
                ),
                (errors.mean(), "The uniform codes are missing."),
                ((0.5 * squares.sum(axis=1)).mean(), "The category is missing."),
                (
                    right + constant,
                    "Leave constants out: 1/2 log(2 pi) moves no network.",
                ),
                (
                    right - np.log(categories),
                    "Leave the entropy of the codes out: it is constant.",
                ),
                (
                    (-(one_hot * again).sum(axis=1) + 0.5 * squares.sum(axis=1)).mean(),
                    'read["category"] holds logits: one softmax, not two.',
                ),
                (
                    (softplus(logits) - one_hot * logits).sum(axis=1).mean()
                    + 0.5 * squares.sum(axis=1).mean(),
                    "One of ten values: a softmax over all of them, not a sigmoid for each.",
                ),
            ],
        )
        for name, slope in zip(parts, slopes, strict=True):
            if not np.isfinite(slope).all():
                raise Wrong(
                    f"{given}: the gradient by {name} is not finite, expected numbers: let a cross-entropy take logits."
                )

    compare(6, noise=62, categories=10, uniform=2, loud=1.0)
    try:
        compare(5, noise=8, categories=4, uniform=3, loud=1.0)
    except Wrong:
        raise
    except Exception as error:
        raise Wrong(
            f"with 4 categories and 3 uniform codes it raised {type(error).__name__}, expected a number: take "
            'the sizes from read["category"].shape and read["uniform"].shape, not 10 and 2.'
        ) from error
    compare(3, noise=5, categories=10, uniform=2, loud=300.0)
    return "both codes, from logits, any sizes; gradients flow to Q and to G."
