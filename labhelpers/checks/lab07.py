"""Checks of lab 07: the best D, the earth mover's distance, hinge, the gradient penalty, BEGAN, InfoGAN."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
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
    Likely,
    expect_close,
    expect_gradients_of,
    expect_results,
    expect_same_compiled,
    parts_of,
    shorten,
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
    p = np.array([0.3, 0.05, 0.8, 2.0, 0.01])
    q = np.array([0.1, 0.45, 0.7, 0.001, 6.0])

    def part(index: int) -> Answer:
        names = ("cross_entropy", "least_squares", "hinge")

        def call(p: Floats, q: Floats) -> Any:
            found = answer(tensor(p), tensor(q))
            return parts_of(found, names, "three scores", "the answer")[index]

        return call

    def log_ratio(p: Floats, q: Floats) -> Floats:
        return np.log(p / q)

    def share(p: Floats, q: Floats) -> Floats:
        return p / (p + q)

    def sign(p: Floats, q: Floats) -> Floats:
        return np.sign(p - q)

    swapped = "Real and fake are swapped."
    to_a_margin = (
        "Hinge is straight between its margins: its lowest point lies at one of them."
    )
    likely: tuple[list[Likely], ...] = (
        [
            (share, "That is the probability: D's score is its logit."),
            (lambda p, q: log_ratio(q, p), swapped),
            (lambda p, q: p / q, "Take the logarithm: a score may lie below 0."),
            (
                lambda p, q: np.log(share(p, q)),
                "The score s has sigmoid(s) = p / (p + q): solve for s.",
            ),
            (lambda p, q: p - q, "Set the slope of p sp(-s) + q sp(s) to 0."),
        ],
        [
            (lambda p, q: share(q, p), swapped),
            (
                log_ratio,
                "Least squares has a best score of its own: set the slope of its loss to 0.",
            ),
            (
                sign,
                "Between the two targets D says how likely both are: set the slope to 0.",
            ),
            (
                lambda p, q: p - q,
                "Divide by p + q: the answer must not depend on the scale of both.",
            ),
            (
                lambda p, q: 2 * share(p, q) - 1,
                "The targets are 0 and 1, not -1 and 1.",
            ),
        ],
        [
            (lambda p, q: sign(q, p), swapped),
            (share, to_a_margin),
            (lambda p, q: 2 * share(p, q) - 1, to_a_margin),
            (
                log_ratio,
                "Beyond the margin nothing is won: the best score lies at a margin.",
            ),
            (lambda p, q: (p > q).astype(float), "The margins lie at -1 and +1."),
        ],
    )
    cases = {
        f"real_density={p.tolist()}, fake_density={q.tolist()}": (p, q),
        "densities 7 times as large": (7 * p, 7 * q),
    }
    equal = {"real_density=fake_density=[0.25, 3]": (np.array([0.25, 3.0]),) * 2}
    for index, (name, right) in enumerate(
        {"cross_entropy": log_ratio, "least_squares": share, "hinge": sign}.items()
    ):
        expect_results(
            part(index),
            right,
            {
                f"{name} for {given}": inputs
                for given, inputs in (cases | (equal if index < 2 else {})).items()
            },
            likely[index],
        )
    for given, inputs in equal.items():
        found = to_array(part(2)(*inputs), f"hinge for {given}: the result")
        if found.shape != (2,) or np.abs(found).max() > 1 + 1e-6:
            raise Wrong(
                f"hinge for {given}: gave {shorten(found)}, expected two scores from -1 to 1, where all cost the same."
            )
    return "a log ratio without limits, a share from 0 to 1, and a mere sign."


def _earth_mover(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(tf.abs(tf.sort(real) - tf.sort(fake)))


@exercise(stand_in=_earth_mover)
def earth_mover(answer: Answer) -> str:
    """Exercise 2: the earth mover's distance between equally many points on a line."""
    rng = np.random.default_rng(3)

    def ways(real: Floats, fake: Floats) -> Floats:
        return np.sort(real) - np.sort(fake)

    def gaps(real: Floats, fake: Floats) -> Floats:
        return np.abs(real[:, None] - fake[None, :])

    two_means = "Two means say nothing of the way of each point."
    no_square = "The work is the way, not its square."
    likely: list[Likely] = [
        (
            lambda real, fake: np.abs(real - fake).mean(),
            "Which fake goes to which point is free: find the cheapest plan.",
        ),
        (lambda real, fake: real.mean() - fake.mean(), two_means),
        (lambda real, fake: fake.mean() - real.mean(), two_means),
        (lambda real, fake: abs(real.mean() - fake.mean()), two_means),
        (
            lambda real, fake: np.abs(ways(real, fake)).sum(),
            "Each point weighs 1/n: take the mean of the ways.",
        ),
        (lambda real, fake: (ways(real, fake) ** 2).mean(), no_square),
        (lambda real, fake: np.sqrt((ways(real, fake) ** 2).mean()), no_square),
        (
            lambda real, fake: gaps(real, fake).min(axis=0).mean(),
            "Each real point takes one fake only: two fakes cannot both have the nearest.",
        ),
        (
            lambda real, fake: gaps(real, fake).min(axis=1).mean(),
            "Each fake can fill one place only: two places cannot both have the nearest.",
        ),
        (
            lambda real, fake: gaps(real, fake).mean(),
            "Not all pairs: each fake goes to one place.",
        ),
        (
            lambda real, fake: np.abs(ways(real, fake)).max(),
            "The mean of the ways, not the longest.",
        ),
    ]
    cases = {
        "real [0, 3], fake [7, 1]": ([0.0, 3.0], [7.0, 1.0]),
        "real [0, 0.1, 5], fake [0.2, 6, 7]": ([0.0, 0.1, 5.0], [0.2, 6.0, 7.0]),
        "real [-1, 1], fake [0, 0]": ([-1.0, 1.0], [0.0, 0.0]),
        "real [7, 1, 4], fake [0, 3, -2]": ([7.0, 1.0, 4.0], [0.0, 3.0, -2.0]),
        **{
            f"{count} random point{'s' * (count > 1)} each": (
                rng.normal(size=count),
                2 + 3 * rng.normal(size=count),
            )
            for count in (1, 51, 200)
        },
    }
    expect_results(
        lambda real, fake: answer(tensor(real), tensor(fake)),
        lambda real, fake: np.abs(ways(real, fake)).mean(),
        {
            given: [np.array(points) for points in inputs]
            for given, inputs in cases.items()
        },
        likely,
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

    def part(index: int) -> Answer:
        def call(real: Any, fake: Any) -> Any:
            found = answer(_tensors(real), _tensors(fake))
            return parts_of(
                found, ("d_loss", "g_loss"), "the two losses", "the answer"
            )[index]

        return call

    def relu(x: Floats) -> Floats:
        return np.maximum(x, 0)

    def d_loss(real: Floats, fake: Floats) -> Any:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def g_loss(real: Floats, fake: Floats) -> Any:
        return -fake.mean()

    def by_scale(one: Answer, over: Answer = np.mean) -> Answer:
        return lambda real, fake: over(
            [one(*pair) for pair in zip(_scales(real), _scales(fake), strict=True)]
        )

    def pooled(one: Answer) -> Answer:
        def call(real: Any, fake: Any) -> Any:
            return one(
                *(
                    np.concatenate([scale.ravel() for scale in _scales(scores)])
                    for scores in (real, fake)
                )
            )

        return call

    def of_scales(one: Answer) -> list[Likely]:
        return [
            (
                pooled(one),
                "Each scale counts the same, however many patches it has: a mean of means.",
            ),
            (
                by_scale(one, np.sum),
                "Take the mean over the scales, so that more scales do not cost more.",
            ),
            (
                by_scale(one, lambda values: np.sum(values) / min(len(values), 2)),
                "Divide by the number of scales, whatever it is.",
            ),
            (by_scale(one, lambda values: values[0]), "The second scale is missing."),
            (by_scale(one, lambda values: values[-1]), "Only the last scale counts."),
        ]

    d_likely: list[Likely] = [
        (g_loss, "The two losses are swapped: d_loss first, then g_loss."),
        (
            lambda real, fake: relu(1 - real.mean()) + relu(1 + fake.mean()),
            "Clip each image at 0, then take the mean: not the other way round.",
        ),
        (
            lambda real, fake: relu(1 + real).mean() + relu(1 - fake).mean(),
            "The signs are flipped: real above +1, fake below -1.",
        ),
        (lambda real, fake: relu(1 - real).mean(), "The fakes are missing."),
        (lambda real, fake: relu(1 + fake).mean(), "The real images are missing."),
        (
            lambda real, fake: (1 - real).mean() + (1 + fake).mean(),
            "Clip each term at 0: nothing is paid beyond the margin.",
        ),
        (
            lambda real, fake: relu(-real).mean() + relu(fake).mean(),
            "The margin of 1 is missing.",
        ),
        (
            lambda real, fake: d_loss(real, fake) / 2,
            "Add the two terms, without a factor 1/2.",
        ),
        (
            lambda real, fake: relu(1 - real).sum() + relu(1 + fake).sum(),
            "Take the mean over the scores, not the sum.",
        ),
    ]
    g_likely: list[Likely] = [
        (
            lambda real, fake: relu(1 - fake).mean(),
            "G's loss has no margin: it is minus the mean score of the fakes.",
        ),
        (
            lambda real, fake: fake.mean(),
            "The sign is flipped: G wants high scores for its fakes.",
        ),
        (
            lambda real, fake: -relu(1 + fake).mean(),
            "G's loss is not minus D's: no clipping, no margin.",
        ),
        (
            lambda real, fake: -real.mean(),
            "G pays for the scores of its fakes, not for those of the real images.",
        ),
        (
            lambda real, fake: -fake.sum(),
            "Take the mean over the scores, not the sum.",
        ),
    ]

    # Scales of 3 real and 2 fake images: patches, single scores, and patches again.
    def scales(count: int, batch: int, mean: float) -> list[Floats]:
        shapes = ((4, 4, 1), (1,), (3, 2, 1))
        return [rng.normal(mean, size=(batch, *shape)) for shape in shapes[:count]]

    lists = {
        f"{words} in a {kind.__name__}": (
            kind(scales(count, 3, 1.5)),
            kind(scales(count, 2, -1.5)),
        )
        for words, count, kind in (
            ("two scales, 4 x 4 patches and one score an image,", 2, list),
            ("two scales", 2, tuple),
            ("one scale", 1, list),
            ("three scales", 3, list),
        )
    }
    single = {
        GIVEN_LOGITS: (REAL_LOGITS, FAKE_LOGITS),
        "real_scores=[0.5], fake_scores=[-2]": (np.array([0.5]), np.array([-2.0])),
        "one tensor of 5 x 5 patches": (
            rng.normal(1.0, size=(3, 5, 5, 1)),
            rng.normal(-1.0, size=(2, 5, 5, 1)),
        ),
    }
    for cases in (single, single | lists):
        for index, (name, right, likely) in enumerate(
            (("d_loss", d_loss, d_likely), ("g_loss", g_loss, g_likely))
        ):
            expect_results(
                part(index),
                by_scale(right),
                {f"{name} of {given}": inputs for given, inputs in cases.items()},
                [(by_scale(one), words) for one, words in likely] + of_scales(right),
            )
    for words, (real, fake) in (*single.items(), *lists.items()):
        count = len(_scales(real))
        tensors = [tensor(scale) for scale in (*_scales(real), *_scales(fake))]
        names = [
            f"the {kind} scores{f' of scale {number + 1}' * (count > 1)}"
            for kind in ("real", "fake")
            for number in range(count)
        ]

        def split(*scores: Any, of: Answer, index: int, like: Any = real) -> Any:
            half = len(scores) // 2
            pair = (
                (type(like)(scores[:half]), type(like)(scores[half:]))
                if isinstance(like, list | tuple)
                else scores
            )
            return of(*pair)[index]

        for index, name in enumerate(("d_loss", "g_loss")):
            expect_gradients_of(
                functools.partial(split, of=_hinge_losses, index=index),
                functools.partial(split, of=answer, index=index),
                dict(zip(names, tensors, strict=True)),
                f"{name} of {words}",
            )
    expect_same_compiled(
        answer,
        [tensor(REAL_LOGITS), tensor(FAKE_LOGITS)],
        [tensor(REAL_LOGITS[:1]), tensor(FAKE_LOGITS[:3])],
        given="hinge_losses",
        xla=True,
    )
    return (
        "clipped score by score for D, no margin for G, and each scale counts the same."
    )


def _scales(scores: Any) -> Any:
    return scores if isinstance(scores, list | tuple) else [scores]


def _tensors(scores: Any) -> Any:
    if isinstance(scores, list | tuple):
        return type(scores)(tensor(scale) for scale in scores)
    return tensor(scores)


def _gradient_penalty(
    critic: Answer, real_images: Any, fake_images: Any, mix: Any
) -> Any:
    batch = losses.Batch(real_images, source=None, drawn={"mix": mix})
    return losses.gradient_penalty().amount(
        losses.Seen(batch, fake_images, real=None, fake=None, score=critic)
    )


@dataclass(frozen=True)
class _Critic:
    """A critic whose gradient is known: ``slope`` everywhere, or where it is bent, the image times that."""

    slope: float
    bent: bool = False

    def __call__(self, images: Tensor, training: bool = True) -> Tensor:
        """Scores (batch, 1)."""
        rows = tf.reshape(images, (tf.shape(images)[0], -1))
        each = 0.5 * tf.square(rows) if self.bent else rows
        return self.slope * tf.reduce_sum(each, axis=1, keepdims=True)

    def gradient(self, images: Floats) -> Floats:
        """Of the sum of the scores by the images."""
        return self.slope * (images if self.bent else np.ones_like(images))


@exercise(stand_in=_gradient_penalty)
def gradient_penalty(answer: Answer) -> str:
    """Exercise 4: the mean of (norm - 1)^2 of the critic's gradient at the mixed images."""
    rng = np.random.default_rng(10)

    def data(*shape: int) -> tuple[Floats, Floats, Floats]:
        real, fake = rng.normal(size=(2, *shape))
        return real, fake, rng.uniform(0.1, 0.9, size=shape[0])

    images = data(3, 2, 2, 1)
    plain, flat, bent = _Critic(2.0), _Critic(0.25), _Critic(1.0, bent=True)
    cases: dict[str, tuple[Any, ...]] = {
        "the critic 2 * sum(x) over 4 pixels, whose gradient has norm 4": (
            plain,
            *images,
        ),
        "the critic sum(x) / 4 over 4 pixels, whose gradient has norm 1/2": (
            flat,
            *images,
        ),
        "the critic sum(x^2) / 2, whose gradient at x is x": (bent, *images),
        "the same for one image": (bent, *(part[:1] for part in images)),
        "the same for images of 3 x 2 pixels and 3 channels": (bent, *data(4, 3, 2, 3)),
        "the same for points in the plane, (4, 2), which have no height and width": (
            bent,
            *data(4, 2),
        ),
    }

    def call(critic: Any, *parts: Floats) -> Any:
        return answer(critic, *(tensor(part) for part in parts))

    def shaped(mix: Floats, like: Floats) -> Floats:
        return mix.reshape(-1, *[1] * (like.ndim - 1))

    def gradient(critic: _Critic, real: Floats, fake: Floats, mix: Floats) -> Floats:
        share = shaped(mix, real)
        return critic.gradient(share * real + (1 - share) * fake)

    def norms(gradient: Floats, axes: Sequence[int] | None = None) -> Floats:
        every = tuple(range(1, gradient.ndim)) if axes is None else tuple(axes)
        return np.sqrt((gradient**2).sum(axis=every))

    def from_norms(cost: Answer, norm: Answer = norms) -> Answer:
        return lambda *inputs: cost(norm(gradient(*inputs)))

    def at(place: Answer) -> Answer:
        def penalty(critic: _Critic, real: Floats, fake: Floats, mix: Floats) -> Any:
            return mean_square(norms(critic.gradient(place(real, fake, mix))))

        return penalty

    def mean_square(norm: Floats) -> Any:
        return np.square(norm - 1).mean()

    all_pixels = "The norm is over all pixels of an image: height, width and channels."
    own_norm = "Each image has its own gradient: the norm is not over the whole batch."
    own_number = (
        "Mix each image with its own number, mix * real + (1 - mix) * fake, the same for all its pixels: "
        "reshape mix."
    )
    likely: list[Likely] = [
        (
            from_norms(lambda norm: 10 * mean_square(norm)),
            "The loss itself multiplies by the weight of 10: return the mean alone.",
        ),
        (
            from_norms(lambda norm: np.square(norm).mean()),
            "The target is missing: (norm - 1)^2.",
        ),
        (
            from_norms(lambda norm: np.square(np.maximum(norm - 1, 0)).mean()),
            "A norm below 1 costs, too: the penalty has two sides.",
        ),
        (
            from_norms(lambda norm: np.square(np.minimum(norm - 1, 0)).mean()),
            "A norm above 1 costs, too: the penalty has two sides.",
        ),
        (
            from_norms(lambda norm: np.square(norm**2 - 1).mean()),
            "Take the root: this is (norm^2 - 1)^2.",
        ),
        (
            from_norms(lambda norm: np.abs(norm - 1).mean()),
            "Square the difference.",
        ),
        (from_norms(lambda norm: (norm - 1).mean()), "Square the difference."),
        (
            from_norms(lambda norm: np.square(norm.mean() - 1)),
            "Each image pays for its own norm: square the differences, then take the mean.",
        ),
        (
            from_norms(lambda norm: np.square(norm - 1).sum()),
            "Take the mean over the batch, not the sum.",
        ),
        *(
            (
                from_norms(
                    mean_square,
                    lambda found, axes=axes: norms(
                        found,
                        [axis for axis in axes if -found.ndim <= axis < found.ndim],
                    ),
                ),
                words,
            )
            for axes, words in (
                ((1,), all_pixels),
                ((1, 2), all_pixels),
                ((-1,), all_pixels),
                ((2,), all_pixels),
                ((0, 1, 2, 3), own_norm),
                ((0,), own_norm),
            )
        ),
        (
            lambda critic, real, fake, mix: mean_square(
                norms(gradient(critic, real, fake, mix) / len(real))
            ),
            "Differentiate the sum of the scores, not their mean.",
        ),
        (at(lambda real, fake, mix: real), "It was taken at the real images."),
        (at(lambda real, fake, mix: fake), "It was taken at the fake images."),
        (
            at(lambda real, fake, mix: (real + fake) / 2),
            "It was taken half way between real and fake: mix says where.",
        ),
        (
            at(lambda real, fake, mix: mix.mean() * real + (1 - mix.mean()) * fake),
            own_number,
        ),
        (
            at(lambda real, fake, mix: mix[0] * real + (1 - mix[0]) * fake),
            own_number,
        ),
        (
            at(lambda real, fake, mix: real + shaped(mix, real) * (real - fake)),
            "The places lie between real and fake: mix * real + (1 - mix) * fake.",
        ),
    ]

    def as_images(critic: _Critic, real: Floats, fake: Floats, mix: Floats) -> Any:
        share = mix.reshape(-1, 1, 1, 1)
        found = critic.gradient(share * real + (1 - share) * fake)
        return mean_square(norms(found))

    likely.append(
        (
            as_images,
            "Points have no height and width: take the number of axes from len(real.shape).",
        )
    )

    def other_way(function: Answer) -> Answer:
        return lambda critic, real, fake, mix: function(critic, real, fake, 1 - mix)

    right = from_norms(mean_square)
    # fake + mix * (real - fake) is meant; from the real end it is as good
    turned = np.allclose(
        to_array(call(bent, *images), "the penalty"),
        other_way(right)(bent, *images),
        rtol=1e-3,
    )
    way = other_way if turned else (lambda function: function)
    expect_results(
        call, way(right), cases, [(way(one), words) for one, words in likely]
    )
    _expect_learnable(
        answer,
        lambda critic, real, fake, mix: _gradient_penalty(
            critic, real, fake, 1 - mix if turned else mix
        ),
        images,
    )
    return "each image has its own place and norm, any batch size, and the penalty reaches the critic's weights."


def _expect_learnable(answer: Answer, right: Answer, images: Sequence[Floats]) -> None:
    """The penalty must move the critic's weights, compiled, too, and without NaN where the critic is flat."""
    parts = [tensor(part) for part in images]
    critic = keras.Sequential(
        [
            keras.Input(parts[0].shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(5, activation="softplus"),
            keras.layers.Dense(1),
        ]
    )
    rng = np.random.default_rng(12)
    weights = [rng.normal(size=weight.shape) for weight in critic.get_weights()]
    kernels = {
        "the critic's first weights": critic.trainable_variables[0].value,
        "its last weights": critic.trainable_variables[2].value,
    }
    critic.set_weights(weights)
    expect_gradients_of(
        lambda *_: right(critic, *parts),
        lambda *_: answer(critic, *parts),
        kernels,
        "the penalty",
    )
    critic.set_weights([0 * weight for weight in weights])
    with tf.GradientTape() as tape:
        penalty = answer(critic, *parts)
    for slope in tape.gradient(
        penalty, list(kernels.values()), unconnected_gradients="zero"
    ):
        if not np.isfinite(slope).all():
            raise Wrong(
                "where the critic is flat, the gradient is not finite, expected 0 there: the root's slope at 0 is "
                "infinite. Keep what is under it above 0: tf.sqrt(tf.maximum(squares, 1e-12))."
            )
    critic.set_weights(weights)

    def step(*parts: Tensor) -> tuple[Tensor, ...]:
        with tf.GradientTape() as tape:
            penalty = answer(critic, *parts)
        return penalty, *tape.gradient(penalty, list(kernels.values()))

    expect_same_compiled(
        step, parts, [part[:1] for part in parts], given="the penalty", xla=True
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
    five, half = np.array([[4.0], [6.0]]), np.array([[1.0], [0.0], [0.5]])

    def part(index: int) -> Answer:
        def call(k: float, real: Floats, fake: Floats, *more: float) -> Any:
            found = answer(tensor(k), tensor(real), tensor(fake), *more)
            return parts_of(found, ("k", "convergence"), "two numbers", "the answer")[
                index
            ]

        return call

    # From the old k, both mean energies, gamma and the rate.
    def of_means(function: Answer) -> Answer:
        def call(
            k: float,
            real: Floats,
            fake: Floats,
            gamma: float = 0.5,
            rate: float = 0.001,
        ) -> Any:
            return function(k, real.mean(), fake.mean(), gamma, rate)

        return call

    def cut(k: float) -> Any:
        return np.clip(k, 0, 1)

    flipped = "The sign is flipped: fakes with too little energy are to be pushed up, so k must grow."
    k_likely: list[Likely] = [
        (
            lambda k, r, f, gamma, rate: k + rate * (gamma * r - f),
            "k is a share: it stays in [0, 1].",
        ),
        (lambda k, r, f, gamma, rate: cut(k - rate * (gamma * r - f)), flipped),
        (lambda k, r, f, gamma, rate: k - rate * (gamma * r - f), flipped),
        (
            lambda k, r, f, gamma, rate: cut(rate * (gamma * r - f)),
            "Add the change to the old k.",
        ),
        (
            lambda k, r, f, gamma, rate: rate * (gamma * r - f),
            "Add the change to the old k.",
        ),
        (lambda k, r, f, gamma, rate: cut(k + rate * (r - f)), "gamma is missing."),
        (
            lambda k, r, f, gamma, rate: cut(k - rate * (r - f)),
            "gamma is missing, and the sign is flipped.",
        ),
        (
            lambda k, r, f, gamma, rate: cut(k + rate * (r - gamma * f)),
            "gamma belongs to the real images' error.",
        ),
        (
            lambda k, r, f, gamma, rate: cut(k + gamma * r - f),
            "The rate is missing.",
        ),
        (
            lambda k, r, f, gamma, rate: cut(k - gamma * r + f),
            "The rate is missing, and the sign is flipped.",
        ),
        (
            lambda k, r, f, gamma, rate: cut(k + rate * abs(gamma * r - f)),
            "k falls, too, where the fakes' energy is too large: no absolute value here.",
        ),
        (
            lambda k, r, f, gamma, rate: r + abs(gamma * r - f),
            "That is M: return k first, then M.",
        ),
    ]
    m_likely: list[Likely] = [
        (
            lambda k, r, f, gamma, rate: r + abs(r - f),
            "How far the goal is missed: gamma belongs in there, too.",
        ),
        (
            lambda k, r, f, gamma, rate: r + rate * abs(gamma * r - f),
            "The rate has no place in it.",
        ),
        (
            lambda k, r, f, gamma, rate: abs(gamma * r - f),
            "The error of the real images is missing.",
        ),
        (lambda k, r, f, gamma, rate: r, "How far the goal is missed is missing."),
        (
            lambda k, r, f, gamma, rate: f + abs(gamma * r - f),
            "The error of the real images, not of the fakes.",
        ),
        (
            lambda k, r, f, gamma, rate: r + gamma * r - f,
            "The size of what is missed counts: take its absolute value, and add it.",
        ),
        (
            lambda k, r, f, gamma, rate: r - gamma * r + f,
            "The size of what is missed counts: take its absolute value, and add it.",
        ),
        (
            lambda k, r, f, gamma, rate: r - abs(gamma * r - f),
            "What is missed is added, not taken off.",
        ),
    ]
    cases = {
        "k = 0.3, energies of mean 5 (real) and 0.5 (fake), gamma 0.5, rate 0.1": (
            (0.3, five, half, 0.5, 0.1)
        ),
        "k = 0.95, the same energies, pushed upwards": (0.95, five, half, 0.5, 0.1),
        "k = 0.05, energies of mean 0.5 (real) and 5 (fake), pushed downwards": (
            (0.05, half, five, 0.5, 0.1)
        ),
        "k = 0.5, one image each of energy 1 (real) and 2 (fake), gamma 0.7, rate 0.02": (
            (0.5, np.array([[1.0]]), np.array([[2.0]]), 0.7, 0.02)
        ),
        "k = 0.3 with the default gamma and rate": (0.3, five, half),
    }
    for index, (name, right, likely) in enumerate(
        (
            (
                "k",
                lambda k, r, f, gamma, rate: cut(k + rate * (gamma * r - f)),
                k_likely,
            ),
            (
                "convergence",
                lambda k, r, f, gamma, rate: r + abs(gamma * r - f),
                m_likely,
            ),
        )
    ):
        expect_results(
            part(index),
            of_means(right),
            {f"{name} for {given}": inputs for given, inputs in cases.items()},
            [(of_means(one), words) for one, words in likely],
        )
    expect_same_compiled(
        lambda k, real, fake: answer(k, real, fake, 0.5, 0.1),
        [tensor(0.3), tensor(five), tensor(half)],
        [tensor(0.99), tensor(five[:1]), tensor(half[:2])],
        given="update_k",
        xla=True,
    )
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
        value = call(tensor(logits), tensor(means))
        # that the same code is right for quiet logits has been seen by then
        logs = "Let a cross-entropy take the logits: a probability near 0 has no exact logarithm."
        loud_only = [(value, logs)] if loud > 10 else []
        constant = 0.5 * uniform * np.log(2 * np.pi)
        expect_close(
            value,
            right,
            f"{given}: codes_loss",
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
                (errors + 0.5 * squares.sum(axis=1), "Average over the batch."),
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
                    "One of several values: a softmax over all of them, not a sigmoid for each.",
                ),
                *loud_only,
            ],
        )
        parts = {"Q's logits": tensor(logits), "Q's means": tensor(means)}
        expect_gradients_of(
            lambda category, mean: _codes_loss(
                tensor(latent), {"category": category, "uniform": mean}
            ),
            call,
            parts,
            "codes_loss",
        )
        expect_same_compiled(
            lambda latent, *read: answer(
                latent, dict(zip(("category", "uniform"), read, strict=True))
            ),
            [tensor(latent), *parts.values()],
            [tensor(latent[:1]), *(part[:1] for part in parts.values())],
            given="codes_loss",
            xla=True,
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
