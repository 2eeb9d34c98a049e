import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from labhelpers.data.toys import ring
from labhelpers.losses.adversarial import AdversarialLoss, non_saturating
from labhelpers.models.dense import toy_pair
from labhelpers.models.pair import Pair
from labhelpers.training.callbacks import CHECKPOINT, Checkpoints, Quality, SampleGrid, StopOnNonFinite, resume
from labhelpers.training.gan import GAN

POINTS = ring(200, seed=0).points


def pair_with_dropout(hidden: int = 8) -> Pair:
    critic = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )
    return Pair(toy_pair(hidden=hidden).generator, critic)


def new_gan(seed: int, hidden: int = 8) -> GAN:
    keras.utils.set_random_seed(seed)
    gan = GAN(*pair_with_dropout(hidden), ema=0.9)
    gan.compile(steps_per_execution=2, jit_compile=False)  # XLA would compile for longer than this trains
    return gan


def train(gan: GAN, epochs: int, **kwargs: Any) -> None:
    gan.fit(POINTS, batch_size=64, epochs=epochs, progress=False, **kwargs)


def draw(samples: np.ndarray) -> np.ndarray:
    return np.zeros((4, len(samples)), np.uint8)


def assert_same_state(one: GAN, other: GAN) -> None:
    state = [
        [*gan.variables, *gan.generator_optimizer.variables, *gan.discriminator_optimizer.variables]
        for gan in (one, other)
    ]
    for first, second in zip(*state, strict=True):
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second), err_msg=first.path)
    assert one.step_history == other.step_history


def test_resume_is_bit_identical_to_a_run_without_a_stop(tmp_path: Path) -> None:
    whole = new_gan(seed=1)
    train(whole, 4)
    first = new_gan(seed=1)
    train(first, 2, callbacks=[Checkpoints(tmp_path)])
    second = new_gan(seed=99)  # other weights, noise and dropout: all must come from the file
    assert resume(second, tmp_path) == 2
    assert_same_state(first, second)
    train(second, 4, initial_epoch=2)
    assert_same_state(whole, second)
    assert len(second.step_history["g_loss"]) == 4 * 4


def test_the_checkpoint_holds_dropout_states_averages_and_moments(tmp_path: Path) -> None:
    gan = new_gan(seed=1)
    train(gan, 1, callbacks=[Checkpoints(tmp_path)])
    with np.load(tmp_path / CHECKPOINT, allow_pickle=False) as saved:
        arrays = [saved[name] for name in saved.files if name.startswith("variable_")]
    wanted = [
        gan.seed_generator.state,
        gan.discriminator.layers[2].seed_generator.state,
        gan.discriminator.layers[1].moving_variance,
        gan.ema_generator.weights[0],  # type: ignore[union-attr]
        gan.discriminator_optimizer.iterations,
        gan.discriminator_optimizer.variables[2],
    ]
    for variable in wanted:
        assert any(np.array_equal(np.asarray(variable), array) for array in arrays)


def test_no_checkpoint_is_the_start(tmp_path: Path) -> None:
    assert resume(new_gan(seed=1), tmp_path / "nothing") == 0


def test_checkpoints_come_every_few_epochs_and_at_the_end(tmp_path: Path) -> None:
    found = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            found.append(resume(new_gan(seed=1), tmp_path))

    train(new_gan(seed=1), 5, callbacks=[Checkpoints(tmp_path, every=2), Look()])
    assert found == [0, 2, 2, 4, 5]
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_checkpoint_of_other_networks_is_a_sentence(tmp_path: Path) -> None:
    train(new_gan(seed=1), 1, callbacks=[Checkpoints(tmp_path)])
    with pytest.raises(ValueError, match=r"of shape \[2, 8\] and type float32 where this model has .* \[2, 9\]"):
        resume(new_gan(seed=1, hidden=9), tmp_path)
    without_average = GAN(*pair_with_dropout())
    without_average.compile(jit_compile=False)
    with pytest.raises(ValueError, match="variables, but this model with its optimizers has"):
        resume(without_average, tmp_path)
    before = [np.array(v) for v in without_average.variables]
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, without_average.variables, strict=True))


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    train(new_gan(seed=1), 1, callbacks=[Checkpoints(tmp_path)])
    whole = (tmp_path / CHECKPOINT).read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"not a checkpoint"):
        (tmp_path / CHECKPOINT).write_bytes(broken)
        with pytest.raises(ValueError, match="is no whole checkpoint"):
            resume(new_gan(seed=1), tmp_path)


def test_an_uncompiled_model_is_a_sentence(tmp_path: Path) -> None:
    train(new_gan(seed=1), 1, callbacks=[Checkpoints(tmp_path)])
    with pytest.raises(ValueError, match="is not compiled"):
        resume(GAN(*pair_with_dropout()), tmp_path)


def test_an_interrupt_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    gan = new_gan(seed=1)
    with pytest.raises(KeyboardInterrupt):
        train(gan, 4, callbacks=[Checkpoints(tmp_path), Interrupt()])
    whole = new_gan(seed=1)
    train(whole, 4)
    again = new_gan(seed=2)
    train(again, 4, initial_epoch=resume(again, tmp_path))
    assert_same_state(whole, again)


VICTIM = """
import sys, time
from pathlib import Path
import numpy as np
sys.path.insert(0, {tests!r})
import test_callbacks as t
savez = np.savez
count = 0
def slow(file, **arrays):
    # The third save stops in its middle, with half of the file written, until the kill comes.
    global count
    count += 1
    if count < 3:
        return savez(file, **arrays)
    names = list(arrays)
    savez(file, **{{name: arrays[name] for name in names[: len(names) // 2]}})
    file.flush()
    Path({folder!r}, "in_the_middle").touch()
    time.sleep(600)
np.savez = slow
t.train(t.new_gan(seed=1), 4, callbacks=[t.Checkpoints({folder!r})])
"""


def test_resume_after_kill_9_in_the_middle_of_a_save(tmp_path: Path) -> None:
    code = VICTIM.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "in_the_middle").exists():
            assert process.poll() is None, process.communicate()[1].decode()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / CHECKPOINT).with_suffix(".part").stat().st_size > 0
    again = new_gan(seed=5)
    assert resume(again, tmp_path) == 2
    train(again, 4, initial_epoch=2, callbacks=[Checkpoints(tmp_path)])
    whole = new_gan(seed=1)
    train(whole, 4)
    assert_same_state(whole, again)
    assert resume(new_gan(seed=6), tmp_path) == 4


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

    handle, shown = Handle(), []

    def display(picture: Any, display_id: bool = False) -> Handle:
        shown.append(picture.size)
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
    import tensorflow as tf

    gan = new_gan(seed=1)

    def explode(real_logits: Any, fake_logits: Any) -> Any:
        steps = tf.cast(gan.generator_optimizer.iterations.value, tf.float32)
        return tf.reduce_mean(tf.nn.softplus(fake_logits)) + tf.where(steps >= 6, np.nan, 0.0)

    plain = non_saturating()
    gan.adversarial_loss = AdversarialLoss(explode, plain.generator, "", "", name="explode")
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
