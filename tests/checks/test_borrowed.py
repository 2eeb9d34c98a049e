"""An answer that is labhelpers' own version in disguise is not an answer; the rest of labhelpers may be used."""

from __future__ import annotations

import functools

import pytest
import tensorflow as tf

import labhelpers
from labhelpers import checks, losses, training
from labhelpers import losses as ours
from labhelpers.losses import kl_divergence as k
from labhelpers.losses import vae_loss as v


def as_called(mean, log_var):
    return losses.kl_divergence(mean, log_var)


def under_another_name(mean, log_var):
    return ours.kl_divergence(mean, log_var)


def imported(mean, log_var):
    return k(mean, log_var)


def by_the_package(mean, log_var):
    return labhelpers.losses.kl_divergence(mean, log_var)


def inside_a_function(mean, log_var):
    def inner():
        return losses.kl_divergence(mean, log_var) * 1.0

    return inner()


BORROWED = [losses.kl_divergence, as_called, under_another_name, imported, by_the_package, inside_a_function]


@pytest.mark.parametrize("answer", BORROWED, ids=lambda answer: answer.__name__)
def test_the_labs_own_version_is_no_answer(answer, capsys):
    goes_on = checks.lab01.kl_divergence(answer)
    assert goes_on is losses.kl_divergence
    assert "is labhelpers' own version, or calls it; expected your own code" in capsys.readouterr().out
    with pytest.raises(AssertionError):
        checks.require("kl_divergence")


def test_what_a_wrapper_of_the_checks_stands_for_is_no_answer_either(capsys):
    def answer(*arguments):
        return tuple(v(*arguments).values())

    checks.lab01.vae_loss(answer)
    assert "own version" in capsys.readouterr().out


def test_a_check_run_twice_does_not_praise_the_stand_in(capsys):
    answer = checks.lab01.sample_z(None)
    checks.lab01.sample_z(answer)
    assert "✓" not in capsys.readouterr().out
    assert answer is training.sample_z


def own_kl(mean, log_var):
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_var) - 1 - log_var, axis=1)


def with_another_part_of_labhelpers(images, reconstructions, mean, log_var, beta):
    p = tf.clip_by_value(reconstructions, 1e-7, 1 - 1e-7)
    pixels = images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p)
    reconstruction = -tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2, 3)))
    kl = tf.reduce_mean(losses.kl_divergence(mean, log_var))
    return reconstruction + beta * kl, reconstruction, kl


@pytest.mark.parametrize(
    ("name", "answer"),
    [("kl_divergence", own_kl), ("vae_loss", with_another_part_of_labhelpers)],
)
def test_own_code_counts_also_where_it_uses_labhelpers(name, answer, capsys):
    assert getattr(checks.lab01, name)(answer) is answer, capsys.readouterr().out


def test_what_is_no_plain_function_is_left_to_the_check(capsys):
    bound = functools.partial(own_kl)
    assert checks.lab01.kl_divergence(bound) is bound, capsys.readouterr().out
