"""Lab 07's exercises: differently written right answers, and likely wrong ones with what the check must say."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from scipy import optimize, stats

from tests.checks.exercises import Exercises

# --- the best D


def _best(p, q):
    return tf.math.log(p / q), p / (p + q), tf.sign(p - q)


def _best_numpy(p, q):
    p, q = np.asarray(p, "float64"), np.asarray(q, "float64")
    return np.log(p) - np.log(q), 1 / (1 + q / p), np.where(p > q, 1.0, -1.0)


def _best_ops(p, q):
    share = p / (p + q)
    logit = -keras.ops.log(1 / share - 1)
    return [logit, share, keras.ops.sign(share - 0.5)]


def _best_by_search(p, q):
    """Nothing derived: the score of the lowest loss, on a fine net."""
    s = np.linspace(-12, 12, 240_001)
    p, q = np.asarray(p, "float64")[:, None], np.asarray(q, "float64")[:, None]
    paid = (
        p * np.logaddexp(0, -s) + q * np.logaddexp(0, s),
        p * (s - 1) ** 2 + q * s**2,
        p * np.maximum(0, 1 - s) + q * np.maximum(0, 1 + s),
    )
    return tuple(s[each.argmin(axis=1)] for each in paid)


def _best_but(index, change):
    def answer(p, q):
        parts = list(_best(p, q))
        parts[index] = change(p, q)
        return tuple(parts)

    return answer


def _best_lists(p, q):
    pairs = [(float(a), float(b)) for a, b in zip(p, q, strict=True)]
    return [np.log(a / b) for a, b in pairs], [a / (a + b) for a, b in pairs], [1.0 - 2 * (a < b) for a, b in pairs]


# --- the earth mover's distance


def _mover(real, fake):
    return tf.reduce_mean(tf.abs(tf.sort(real) - tf.sort(fake)))


def _mover_numpy(real, fake):
    return np.abs(np.sort(np.asarray(real)) - np.sort(np.asarray(fake))).mean()


def _mover_by_area(real, fake):
    """The area between both distribution functions."""
    real, fake = np.asarray(real, "float64"), np.asarray(fake, "float64")
    places = np.sort(np.concatenate([real, fake]))
    above = [(real <= place).mean() - (fake <= place).mean() for place in places[:-1]]
    return float((np.abs(above) * np.diff(places)).sum())


def _mover_by_plan(real, fake):
    rows, columns = optimize.linear_sum_assignment(ways := np.abs(np.subtract.outer(real, fake)))
    return ways[rows, columns].mean()


# --- hinge


def _h(real, fake):
    return tf.reduce_mean(tf.nn.relu(1 - real)) + tf.reduce_mean(tf.nn.relu(1 + fake)), -tf.reduce_mean(fake)


def _h_maximum(real, fake):
    return tf.reduce_mean(tf.maximum(0.0, 1 - real)) + tf.reduce_mean(tf.maximum(0.0, 1 + fake)), tf.reduce_mean(-fake)


def _h_keras(real, fake):
    hinge = keras.losses.Hinge()
    return hinge(tf.ones_like(real), real) + hinge(-tf.ones_like(fake), fake), -keras.ops.mean(fake)


def _h_batch_mean(real, fake):
    d_loss = tf.nn.relu(1 - tf.reduce_mean(real)) + tf.nn.relu(1 + tf.reduce_mean(fake))
    return d_loss, -tf.reduce_mean(fake)


def _by_scale(one):
    def answer(real, fake):
        if not isinstance(real, list | tuple):
            return one(real, fake)
        found = [one(*pair) for pair in zip(real, fake, strict=True)]
        return sum(each[0] for each in found) / len(found), sum(each[1] for each in found) / len(found)

    return answer


def _h_loop(real, fake):
    reals, fakes = (part if isinstance(part, list | tuple) else [part] for part in (real, fake))
    d_loss = g_loss = 0.0
    for one, other in zip(reals, fakes, strict=True):
        losses = _h(one, other)
        d_loss, g_loss = d_loss + losses[0] / len(reals), g_loss + losses[1] / len(reals)
    return d_loss, g_loss


def _h_ops(real, fake):
    pairs = list(zip(real, fake, strict=True)) if isinstance(real, list | tuple) else [(real, fake)]
    of_d = [keras.ops.mean(keras.ops.relu(1 - r)) + keras.ops.mean(keras.ops.relu(f + 1)) for r, f in pairs]
    return tf.add_n(of_d) / len(of_d), tf.add_n([keras.ops.mean(-f) for _, f in pairs]) / len(of_d)


def _h_fakes_in_numpy(real, fake):
    return tf.reduce_mean(tf.nn.relu(1 - real)) + np.maximum(0, 1 + fake.numpy()).mean(), -tf.reduce_mean(fake)


def _h_half_hidden(real, fake):
    d_loss, g_loss = _h(real, (fake + tf.stop_gradient(fake)) / 2)
    return d_loss, g_loss


def _h_two_scales(real, fake):
    """Half of the sum, however many there are."""
    if not isinstance(real, list | tuple):
        return _h(real, fake)
    share = min(len(real), 2)
    return tuple(sum(part) / share for part in zip(*map(_h, real, fake), strict=True))


def _h_python(real, fake):
    if float(tf.reduce_max(real)) < 1:  # a shortcut that needs a number
        return 1 - tf.reduce_mean(real) + tf.reduce_mean(tf.nn.relu(1 + fake)), -tf.reduce_mean(fake)
    return _h(real, fake)


def _h_masked(real, fake):
    """Only the scores beyond the margin, however many there are."""
    beyond = tf.boolean_mask(1 - real, real < 1), tf.boolean_mask(1 + fake, fake > -1)
    counts = (tf.cast(tf.size(part), tf.float32) for part in (real, fake))
    paid = [tf.reduce_sum(part) / count for part, count in zip(beyond, counts, strict=True)]
    return paid[0] + paid[1], -tf.reduce_mean(fake)


def _pooled(real, fake):
    together = lambda parts: tf.concat([tf.reshape(part, (-1,)) for part in parts], axis=0)  # noqa: E731
    return _h(together(real), together(fake)) if isinstance(real, list | tuple) else _h(real, fake)


def _summed(real, fake):
    d_loss, g_loss = _by_scale(_h)(real, fake)
    count = len(real) if isinstance(real, list | tuple) else 1
    return count * d_loss, count * g_loss


def _first_only(real, fake):
    return _h(real[0], fake[0]) if isinstance(real, list | tuple) else _h(real, fake)


# --- gradient penalty


def _penalty(
    critic,
    real,
    fake,
    mix,
    *,
    axes=None,
    share=None,
    size=lambda squares: tf.sqrt(tf.maximum(squares, 1e-12)),
    cost=lambda norm: tf.reduce_mean((norm - 1) ** 2),
    collect=tf.reduce_sum,
    place=lambda real, fake, share: share * real + (1 - share) * fake,
    **training,
):
    rank = len(real.shape)
    mixed = place(real, fake, share(mix) if share else tf.reshape(mix, [-1] + [1] * (rank - 1)))
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        total = collect(critic(mixed, **training))
    return cost(size(tf.reduce_sum(tape.gradient(total, mixed) ** 2, axis=axes or tuple(range(1, rank)))))


def _images_only(critic, real, fake, mix):
    return _penalty(critic, real, fake, mix, axes=(1, 2, 3), share=lambda mix: tf.reshape(mix, (-1, 1, 1, 1)))


def _varied(**more):
    return lambda critic, real, fake, mix: _penalty(critic, real, fake, mix, **more)


def _penalty_by_image(critic, real, fake, mix):
    """Image by image, in a Python loop."""
    parts = []
    for i in range(len(mix)):
        mixed = fake[i : i + 1] + mix[i] * (real[i : i + 1] - fake[i : i + 1])
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            score = critic(mixed)
        norm = tf.sqrt(tf.reduce_sum(tape.gradient(score, mixed) ** 2) + 1e-12)
        parts.append((norm - 1) ** 2)
    return tf.add_n(parts) / len(parts)


def _penalty_flat(critic, real, fake, mix):
    turned = tf.transpose(real), tf.transpose(fake)  # batch last: mix stretches by itself
    mixed = tf.transpose(mix * turned[1] + (1 - mix) * turned[0])
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        scores = critic(mixed)
    gradient = tf.reshape(tape.gradient(scores, mixed), (tf.shape(mixed)[0], -1))
    return tf.reduce_mean(tf.square(tf.sqrt(tf.reduce_sum(gradient**2, axis=1) + 1e-12) - 1))


def _penalty_keras(critic, real, fake, mix):
    """Differences, a norm of its own, and Keras' operations."""
    share = keras.ops.reshape(mix, (-1, *[1] * (len(real.shape) - 1)))
    place = real + share * (fake - real)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(place)
        scores = critic(place)
    slope = keras.layers.Flatten()(tape.gradient(scores, place))
    return keras.ops.mean(keras.ops.square(keras.ops.sqrt(keras.ops.sum(slope**2, axis=1) + 1e-10) - 1))


def _penalty_hidden(critic, real, fake, mix):
    return _penalty(critic, real, fake, mix, cost=lambda n: tf.reduce_mean((n - 1) * tf.stop_gradient(n - 1)))


# --- BEGAN's controller


def _k(k, real, fake, gamma=0.5, rate=0.001):
    missed = gamma * tf.reduce_mean(real) - tf.reduce_mean(fake)
    return tf.clip_by_value(k + rate * missed, 0.0, 1.0), tf.reduce_mean(real) + tf.abs(missed)


def _k_without_settings(k, real, fake):
    return _k(k, real, fake)


def _k_min_max(k, real, fake, gamma=0.5, rate=0.001):
    missed = gamma * tf.reduce_mean(real) - tf.reduce_mean(fake)
    moved = tf.minimum(1.0, tf.maximum(0.0, k + rate * missed))
    return moved, tf.maximum(tf.reduce_mean(real) + missed, tf.reduce_mean(real) - missed)


def _k_ops(k, real, fake, gamma=0.5, rate=0.001):
    missed = keras.ops.mean(fake) - gamma * keras.ops.mean(real)
    return [keras.ops.clip(k - rate * missed, 0, 1), keras.ops.mean(real) + keras.ops.abs(missed)]


def _k_free(k, real, fake, gamma=0.5, rate=0.001):
    missed = gamma * tf.reduce_mean(real) - tf.reduce_mean(fake)
    return k + rate * missed, tf.reduce_mean(real) + tf.abs(missed)


def _k_of(clip):
    def answer(k, real, fake, gamma=0.5, rate=0.001):
        missed = gamma * tf.reduce_mean(real) - tf.reduce_mean(fake)
        return clip(k + rate * missed), tf.reduce_mean(real) + abs(missed)

    return answer


def _k_with(convergence):
    def answer(k, real, fake, gamma=0.5, rate=0.001):
        error, missed = tf.reduce_mean(real), gamma * tf.reduce_mean(real) - tf.reduce_mean(fake)
        return _k(k, real, fake, gamma, rate)[0], convergence(error, missed, rate)

    return answer


# --- InfoGAN's term


def _codes(latent, read):
    n, m = read["category"].shape[1], read["uniform"].shape[1]
    wanted, codes = latent[:, -n - m : -m], latent[:, -m:]
    errors = tf.nn.softmax_cross_entropy_with_logits(wanted, read["category"])
    return tf.reduce_mean(errors) + tf.reduce_mean(tf.reduce_sum(tf.square(read["uniform"] - codes), axis=1)) / 2


def _codes_keras(latent, read):
    n, m = read["category"].shape[-1], read["uniform"].shape[-1]
    wanted = keras.ops.argmax(latent[:, -n - m : -m], axis=1)
    error = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(wanted, read["category"])
    return error + 0.5 * m * keras.losses.MeanSquaredError()(latent[:, -m:], read["uniform"])


def _codes_log_softmax(latent, read):
    n, m = read["category"].shape[1], read["uniform"].shape[1]
    _, wanted, codes = tf.split(latent, [latent.shape[1] - n - m, n, m], axis=1)
    log_q = tf.reduce_sum(wanted * tf.nn.log_softmax(read["category"]), axis=1)
    log_q -= tf.reduce_sum((read["uniform"] - codes) ** 2, axis=1) / 2
    return -tf.reduce_mean(log_q)


def _codes_ops(latent, read):
    n, m = read["category"].shape[-1], read["uniform"].shape[-1]
    logits = read["category"] - keras.ops.logsumexp(read["category"], axis=-1, keepdims=True)
    paid = keras.ops.sum(-latent[:, -n - m : -m] * logits, axis=1)
    paid += keras.ops.sum(keras.ops.square(latent[:, -m:] - read["uniform"]), axis=1) / 2
    return keras.ops.sum(paid) / tf.cast(tf.shape(latent)[0], tf.float32)


def _codes_half_numpy(latent, read):
    n, m = read["category"].shape[1], read["uniform"].shape[1]
    top = np.log(np.exp(read["category"] - np.max(read["category"], 1, keepdims=True)).sum(1))
    top = top + np.max(read["category"], 1)
    paid = top - tf.reduce_sum(latent[:, -n - m : -m] * read["category"], 1) + _half(latent[:, -m:], read["uniform"])
    return tf.reduce_mean(paid)


def _codes_by_count(latent, read):
    return tf.reduce_sum(_codes(latent, read) * len(latent)) / len(latent)


def _codes_from(error, squares, cut=None):
    """The term of parts that may be wrong: the category's error of (wanted, logits), the codes' of (codes, means)."""

    def answer(latent, read):
        n, m = read["category"].shape[1], read["uniform"].shape[1]
        wanted, codes = cut(latent, n, m) if cut else (latent[:, -n - m : -m], latent[:, -m:])
        return tf.reduce_mean(error(wanted, read["category"])) + tf.reduce_mean(squares(codes, read["uniform"]))

    return answer


_cross = tf.nn.softmax_cross_entropy_with_logits


def _half(codes, means):
    return 0.5 * tf.reduce_sum((codes - means) ** 2, axis=1)


def _codes_for_ten(latent, read):
    errors = _cross(latent[:, -12:-2], read["category"])
    return tf.reduce_mean(errors + _half(latent[:, -2:], read["uniform"]))


RIGHT = {
    "best_scores": [_best, _best_numpy, _best_ops, _best_by_search, _best_lists],
    "earth_mover": [
        _mover,
        _mover_numpy,
        _mover_by_area,
        _mover_by_plan,
        stats.wasserstein_distance,
    ],
    "hinge_losses": [_by_scale(_h), _by_scale(_h_maximum), _by_scale(_h_keras), _h_loop, _h_ops, _by_scale(_h_masked)],
    "gradient_penalty": [
        _varied(),
        _varied(training=True),
        _penalty_keras,
        _penalty_flat,
        _varied(size=lambda s: tf.sqrt(s + 1e-12)),
    ],
    "update_k": [_k, _k_min_max, _k_ops, _k_of(lambda k: tf.nn.relu(k) - tf.nn.relu(k - 1))],
    "codes_loss": [_codes, _codes_keras, _codes_log_softmax, _codes_ops],
}

WRONG = {
    "best_scores": [
        (_best_but(0, lambda p, q: p / (p + q)), "D's score is its logit"),
        (_best_but(0, lambda p, q: tf.math.log(p / (p + q))), "solve for s"),
        (_best_but(0, lambda p, q: p / q), "Take the logarithm"),
        (_best_but(1, lambda p, q: tf.math.log(p / q)), "a best score of its own"),
        (_best_but(1, lambda p, q: p - q), "Divide by p + q"),
        (_best_but(1, lambda p, q: tf.sign(p - q)), "how likely both are"),
        (_best_but(2, lambda p, q: 2 * p / (p + q) - 1), "lowest point lies at one of them"),
        (_best_but(2, lambda p, q: tf.cast(p > q, tf.float32)), "-1 and +1"),
        (lambda p, q: _best(q, p), "swapped"),
        (lambda p, q: _best(p, q)[:2], "three scores"),
        (lambda p, q: None, "three scores"),
        (_best_but(0, lambda p, q: tf.math.log(p / q) / np.log(10)), "expected"),
        (_best_but(1, lambda p, q: tf.reduce_mean(p / (p + q))), "shape"),
        (_best_but(2, lambda p, q: (p - q) / tf.abs(p - q)), "expected finite"),
        (_best_but(2, lambda p, q: 2 * tf.sign(p - q)), "expected"),
    ],
    "earth_mover": [
        (lambda real, fake: tf.reduce_mean(tf.abs(real - fake)), "the cheapest plan"),
        (lambda real, fake: tf.abs(tf.reduce_mean(real) - tf.reduce_mean(fake)), "Two means"),
        (lambda real, fake: tf.reduce_sum(tf.abs(tf.sort(real) - tf.sort(fake))), "1/n"),
        (lambda real, fake: tf.reduce_mean((tf.sort(real) - tf.sort(fake)) ** 2), "not its square"),
        (
            lambda real, fake: tf.reduce_mean(tf.reduce_min(tf.abs(real[:, None] - fake), axis=0)),
            "one fake only",
        ),
        (lambda real, fake: tf.reduce_mean(tf.abs(real[:, None] - fake)), "Not all pairs"),
        (lambda real, fake: tf.abs(tf.sort(real) - tf.sort(fake)), "shape"),
        (lambda real, fake: tf.reduce_max(tf.abs(tf.sort(real) - tf.sort(fake))), "not the longest"),
        (lambda real, fake: tf.reduce_mean(tf.abs(tf.sort(real) - fake)), "expected"),
        (lambda real, fake: tf.reduce_sum(tf.abs(tf.sort(real) - tf.sort(fake))) / 2, "expected"),
        (lambda real, fake: 2.5, "gave 2.5, expected 2.7."),
    ],
    "hinge_losses": [
        (_by_scale(_h_batch_mean), "not the other way round"),
        (_by_scale(lambda real, fake: (_h(-real, -fake)[0], _h(real, fake)[1])), "signs are flipped"),
        (lambda real, fake: (tf.reduce_mean(1 - real) + tf.reduce_mean(1 + fake), -tf.reduce_mean(fake)), "Clip each"),
        (_by_scale(lambda real, fake: (_h(real + 1, fake - 1)[0], -tf.reduce_mean(fake))), "margin of 1"),
        (_by_scale(lambda real, fake: (_h(real, fake)[0], tf.reduce_mean(tf.nn.relu(1 - fake)))), "no margin"),
        (_by_scale(lambda real, fake: (_h(real, fake)[0], tf.reduce_mean(fake))), "sign is flipped"),
        (_by_scale(lambda real, fake: (_h(real, fake)[0] / 2, -tf.reduce_mean(fake))), "factor 1/2"),
        (lambda real, fake: tuple(reversed(_by_scale(_h)(real, fake))), "swapped"),
        (_h, "raised"),
        (_pooled, "a mean of means"),
        (_summed, "Take the mean over the scales"),
        (_first_only, "second scale is missing"),
        (_by_scale(lambda real, fake: (tf.reduce_mean(tf.nn.relu(1 - real)), -tf.reduce_mean(fake))), "fakes are miss"),
        (_by_scale(lambda real, fake: (_h(real, fake)[0], -tf.reduce_mean(real))), "scores of its fakes"),
        (_by_scale(_h_fakes_in_numpy), "no gradient flows from d_loss"),
        (_by_scale(_h_half_hidden), "hidden from the gradient"),
        (_by_scale(_h_python), "when compiled"),
        (_h_two_scales, "whatever it is"),
        (lambda real, fake: tuple(map(float, _by_scale(_h)(real, fake))), "expected a tensor"),
        (_by_scale(lambda real, fake: tuple(part[None] for part in _h(real, fake))), "shape"),
        (_by_scale(lambda real, fake: tuple(tf.cast(part, tf.float64) for part in _h(real, fake))), "is float64"),
    ],
    "gradient_penalty": [
        (_varied(cost=lambda norm: 10 * tf.reduce_mean((norm - 1) ** 2)), "return the mean alone"),
        (_varied(cost=lambda norm: tf.reduce_mean(norm**2)), "target is missing"),
        (_varied(axes=(1,)), "all pixels"),
        (_varied(axes=(0, 1, 2, 3)), "not over the whole batch"),
        (_varied(size=lambda squares: squares), "Take the root"),
        (_varied(collect=tf.reduce_mean), "not their mean"),
        (_varied(size=tf.sqrt), "not finite"),
        (_varied(place=lambda real, fake, share: real), "real images"),
        (_varied(place=lambda real, fake, share: fake + 0 * share), "fake images"),
        (_varied(share=tf.reduce_mean), "own number"),
        (_varied(share=lambda mix: tf.random.stateless_uniform((3, 2, 2, 1), (1, 2))), ""),
        (_images_only, "have no height and width"),
        (lambda *a: float(_penalty(*a)), "no gradient"),
        (_varied(cost=lambda norm: tf.reduce_mean(tf.maximum(norm - 1, 0.0) ** 2)), "two sides"),
        (_varied(cost=lambda norm: tf.reduce_mean(tf.abs(norm - 1))), "Square the difference"),
        (_varied(cost=lambda norm: (tf.reduce_mean(norm) - 1) ** 2), "own norm"),
        (_varied(cost=lambda norm: tf.reduce_sum((norm - 1) ** 2)), "not the sum"),
        (_varied(place=lambda real, fake, share: (real + fake) / 2 + 0 * share), "half way"),
        (_varied(place=lambda real, fake, share: real + share * (real - fake)), "between real and fake"),
        (_penalty_by_image, "tf.shape(x)[0], not len(x)"),
        (_penalty_hidden, "hidden from the gradient"),
        (_varied(size=lambda squares: tf.constant(np.sqrt(squares))), "no gradient flows"),
    ],
    "update_k": [
        (_k_free, "k is a share"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, gamma, -rate), "sign is flipped"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(0.0, real, fake, gamma, rate), "old k"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, gamma, 1.0), "rate is missing"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, 1.0, rate), "gamma is missing"),
        (lambda k, real, fake, gamma=0.5, rate=0.001: _k(k, real, fake, gamma, rate)[0], "two numbers"),
        (_k_with(lambda error, missed, rate: error + missed), "absolute value"),
        (_k_with(lambda error, missed, rate: tf.abs(missed)), "real images is missing"),
        (_k_with(lambda error, missed, rate: error + rate * tf.abs(missed)), "rate has no place"),
        (_k_with(lambda error, missed, rate: np.float32(np.nan)), "finite"),
        (_k_of(lambda k: np.clip(k, 0, 1)), "when compiled"),
        (_k_of(lambda k: min(1.0, max(0.0, k))), "no Python `if`, min, max"),
        (_k_of(lambda k: tf.constant(float(k) if 0 < k < 1 else float(k > 0))), "when compiled"),
        (_k_of(lambda k: tf.cast(tf.clip_by_value(k, 0.0, 1.0), tf.float64)), "is float64"),
        (lambda *a: _k(*a)[::-1], "return k first"),
        (_k_without_settings, "raised TypeError"),
    ],
    "codes_loss": [
        (lambda latent, read: -_codes(latent, read), "sign is flipped"),
        (_codes_from(_cross, lambda codes, means: tf.reduce_sum((codes - means) ** 2, axis=1)), "factor 1/2"),
        (_codes_from(_cross, lambda codes, means: 0.5 * tf.reduce_mean((codes - means) ** 2, axis=1)), "Sum over"),
        (_codes_from(_cross, lambda codes, means: 0.0), "uniform codes are missing"),
        (_codes_from(lambda wanted, logits: _cross(wanted, tf.nn.softmax(logits)), _half), "one softmax"),
        (
            _codes_from(lambda wanted, logits: -tf.math.log(tf.reduce_sum(wanted * tf.nn.softmax(logits), 1)), _half),
            "finite",
        ),
        (
            _codes_from(
                lambda wanted, logits: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits), 1), _half
            ),
            "a softmax over all",
        ),
        (_codes_from(_cross, _half, cut=lambda latent, n, m: (latent[:, :n], latent[:, n : n + m])), "gave"),
        (_codes_from(_cross, _half, cut=lambda latent, n, m: (latent[:, -n:], latent[:, -n - m : -n])), "gave"),
        (_codes_for_ten, "not 10 and 2"),
        (
            lambda latent, read: _cross(latent[:, -12:-2], read["category"]) + _half(latent[:, -2:], read["uniform"]),
            "Average over the batch",
        ),
        (lambda latent, read: float(_codes(latent, read)), "NumPy lets no gradient"),
        (_codes_half_numpy, "hidden from the gradient"),
        (_codes_by_count, "when compiled"),
        (lambda latent, read: tf.cast(_codes(latent, read), tf.float64), "is float64"),
        (
            _codes_from(
                lambda wanted, logits: -tf.reduce_sum(wanted * tf.math.log(tf.nn.softmax(logits) + 1e-7), 1), _half
            ),
            "take the logits",
        ),
    ],
}


class TestExercises(Exercises):
    lab, right, wrong = "lab07", RIGHT, WRONG
