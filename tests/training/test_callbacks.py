"""Callbacks watch a training, stop it where they must, and leave it as it would have been without them."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from labhelpers import losses
from labhelpers.training import (
    Checkpoints,
    ConditionalGAN,
    Quality,
    SampleGrid,
    StopOnNonFinite,
    TimeBudget,
    resume,
)
from tests.training.small_gan import POINTS, assert_same_state, new_gan, train
from tests.training.small_pairs import LABELLED_POINTS, LABELS, quickly_compiled, told_pair


def draw(samples: np.ndarray) -> np.ndarray:
    return np.zeros((4, len(samples)), np.uint8)


def test_the_grid_keeps_its_frames() -> None:
    seen = []

    def look(samples: np.ndarray) -> np.ndarray:
        seen.append(samples)
        return draw(samples)

    noise = np.random.default_rng(0).normal(size=(6, 2))
    gan = new_gan(seed=1)
    grid = SampleGrid(look, noise, every=2)
    train(gan, 5, callbacks=[grid])
    assert grid.epochs == [0, 2, 4, 5]
    assert [frame.shape for frame in grid.frames] == [(4, 6)] * 4
    assert all(frame.dtype == np.uint8 for frame in grid.frames)
    np.testing.assert_array_equal(seen[-1], gan.sample(noise.astype(np.float32)))
    assert not np.array_equal(seen[0], seen[1])


def test_labels_of_a_grid_stay_whole_numbers() -> None:
    labels = np.array([2, 0, 1, 1])
    gan = quickly_compiled(ConditionalGAN(*told_pair(hidden=8)))
    seen = []

    def look(samples: np.ndarray) -> np.ndarray:
        seen.append(samples)
        return draw(samples)

    grid = SampleGrid(look, labels)
    assert grid.fixed_noise.dtype == labels.dtype
    gan.fit(LABELLED_POINTS, LABELS, batch_size=20, epochs=1, progress=False, callbacks=[grid])
    assert grid.epochs == [0, 1]
    assert [frame.shape for frame in grid.frames] == [(4, 4)] * 2
    np.testing.assert_array_equal(seen[-1], gan.sample(labels))


def test_the_grid_does_not_disturb_training() -> None:
    plain, watched = new_gan(seed=1), new_gan(seed=1)
    train(plain, 3)
    quality = Quality(lambda model: float(model.sample(9).mean()))
    train(watched, 3, callbacks=[SampleGrid(draw, np.zeros((2, 2))), quality])
    assert_same_state(plain, watched)


def test_the_grid_replaces_its_picture_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.display

    class Handle:
        updates = 0

        def update(self, picture: Any) -> None:
            self.updates += 1
            assert picture.alt == (
                f"5 samples after {self.updates} {'epoch' if self.updates == 1 else 'epochs'} of training, "
                "always from the same noise, mean brightness 0.00"
            )

    handle, shown = Handle(), []

    def display(picture: Any, display_id: bool = False) -> Handle:
        shown.append(Image.open(io.BytesIO(picture.image)).size)
        assert display_id
        return handle

    monkeypatch.setattr("labhelpers.training.callbacks._in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", display)
    train(new_gan(seed=1), 3, callbacks=[SampleGrid(draw, np.zeros((5, 2)))])
    assert shown == [(5, 4)]
    assert handle.updates == 3


def test_quality_goes_into_the_history() -> None:
    gan = new_gan(seed=1)
    quality = Quality(lambda model: float(model.sample(4).shape[0]), every=2)
    pairs = Quality(lambda model: {"modes": 3, "good": 0.5}, every=5)
    history = gan.fit(POINTS, batch_size=64, epochs=5, progress=False, callbacks=[quality, pairs]).history
    assert history["fid"] == [4.0, 4.0, 4.0]
    assert quality.epochs == [2, 4, 5]
    assert (history["modes"], history["good"]) == ([3.0], [0.5])
    assert quality.values == [{"fid": 4.0}] * 3


def test_a_loss_that_is_not_finite_stops_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gan = new_gan(seed=1)

    def explode(real_logits: Any, fake_logits: Any) -> Any:
        steps = tf.cast(gan.generator_optimizer.iterations.value, tf.float32)
        return tf.reduce_mean(tf.nn.softplus(fake_logits)) + tf.where(steps >= 6, np.nan, 0.0)

    gan.adversarial_loss = dataclasses.replace(losses.non_saturating(), discriminator=explode)
    stop = StopOnNonFinite()
    train(gan, 5, callbacks=[Checkpoints(tmp_path), stop])
    # 4 steps an epoch; the seventh is the third of epoch 2. G pays what the D that became NaN says.
    assert stop.message is not None
    assert stop.message in capsys.readouterr().out
    assert "loss is nan at step 3 of epoch 2" in stop.message
    assert len(gan.step_history["g_loss"]) <= 8
    assert resume(new_gan(seed=1), tmp_path) == 1  # the broken epoch did not replace the good one


def test_finite_losses_do_not_stop() -> None:
    stop = StopOnNonFinite()
    gan = new_gan(seed=1)
    train(gan, 3, callbacks=[stop])
    assert stop.message is None
    assert len(gan.step_history["g_loss"]) == 12


@pytest.mark.parametrize(
    "make", [lambda: Checkpoints("x", every=0), lambda: SampleGrid(draw, np.zeros((1, 2)), every=0)]
)
def test_every_0_epochs_is_a_sentence(make: Any) -> None:
    with pytest.raises(ValueError, match="every is 0, expected a number of epochs of at least 1"):
        make()


def test_the_clock_starts_after_the_first_call_and_stops_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 101.0, 102.5, 104.0, 999.0])  # the first reading comes after the compiling
    monkeypatch.setattr("labhelpers.training.callbacks.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    budget = TimeBudget(2.5)
    gan = new_gan(seed=1)
    train(gan, 9, callbacks=[budget])
    assert budget.used == 2.5
    assert len(gan.step_history["g_loss"]) == 6  # three calls of two steps each
    with pytest.raises(ValueError, match="The time budget is 0 s, expected more than 0 s"):
        TimeBudget(0)
