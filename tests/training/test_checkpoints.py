"""A training that is stopped, interrupted or killed goes on from its last checkpoint as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from labhelpers.training import GAN, Checkpoints, resume
from labhelpers.training.checkpoints import CHECKPOINT
from tests.training.killing import run_until_killed
from tests.training.small_gan import assert_same_state, new_gan, pair_with_dropout, train


@pytest.fixture(scope="module")
def whole() -> GAN:
    """Trained for four epochs without a stop."""
    gan = new_gan(seed=1)
    train(gan, 4)
    return gan


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[GAN, Path]:
    """Trained for one epoch, and the folder of its checkpoint."""
    gan, folder = new_gan(seed=1), tmp_path_factory.mktemp("saved")
    train(gan, 1, callbacks=[Checkpoints(folder)])
    return gan, folder


def test_resume_is_bit_identical_to_a_run_without_a_stop(whole: GAN, tmp_path: Path) -> None:
    first = new_gan(seed=1)
    train(first, 2, callbacks=[Checkpoints(tmp_path)])
    second = new_gan(seed=99)  # other weights, noise and dropout: all must come from the file
    assert resume(second, tmp_path) == 2
    assert_same_state(first, second)
    train(second, 4, initial_epoch=2)
    assert_same_state(whole, second)
    assert len(second.step_history["g_loss"]) == 4 * 4


def test_the_checkpoint_holds_dropout_states_averages_and_moments(saved: tuple[GAN, Path]) -> None:
    gan, folder = saved
    with np.load(folder / CHECKPOINT, allow_pickle=False) as file:
        arrays = [file[name] for name in file.files if name.startswith("variable_")]
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


def test_a_checkpoint_of_other_networks_is_a_sentence(saved: tuple[GAN, Path]) -> None:
    with pytest.raises(ValueError, match=r"of shape \[2, 8\] and type float32 where this model has .* \[2, 9\]"):
        resume(new_gan(seed=1, hidden=9), saved[1])
    without_average = GAN(*pair_with_dropout())
    without_average.compile(jit_compile=False)
    before = [np.array(np.asarray(v)) for v in without_average.variables]
    with pytest.raises(ValueError, match="variables, but this model with its optimizers has"):
        resume(without_average, saved[1])
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, without_average.variables, strict=True))


def test_a_broken_file_is_a_sentence(saved: tuple[GAN, Path], tmp_path: Path) -> None:
    whole = (saved[1] / CHECKPOINT).read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"not a checkpoint"):
        (tmp_path / CHECKPOINT).write_bytes(broken)
        with pytest.raises(ValueError, match="is no whole checkpoint"):
            resume(new_gan(seed=1), tmp_path)


def test_an_uncompiled_model_is_a_sentence(saved: tuple[GAN, Path]) -> None:
    with pytest.raises(ValueError, match="is not compiled"):
        resume(GAN(*pair_with_dropout()), saved[1])


def test_an_interrupt_loses_nothing_that_was_saved(whole: GAN, tmp_path: Path) -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    gan = new_gan(seed=1)
    with pytest.raises(KeyboardInterrupt):
        train(gan, 4, callbacks=[Checkpoints(tmp_path), Interrupt()])
    again = new_gan(seed=2)
    train(again, 4, initial_epoch=resume(again, tmp_path))
    assert_same_state(whole, again)


VICTIM = """
import sys, time
from pathlib import Path
import numpy as np
from labhelpers.training import Checkpoints
from tests.training.small_gan import new_gan, train
savez = np.savez
count = 0
def slow(file, **arrays):
    # The third save stops in its middle, with half of the file written, until the kill comes.
    global count
    count += 1
    if count < 3:
        return savez(file, **arrays)
    names = list(arrays)
    savez(file, **{name: arrays[name] for name in names[: len(names) // 2]})
    file.flush()
    Path(sys.argv[1], "in_the_middle").touch()
    time.sleep(600)
np.savez = slow
train(new_gan(seed=1), 4, callbacks=[Checkpoints(sys.argv[1])])
"""


def test_resume_after_kill_9_in_the_middle_of_a_save(whole: GAN, tmp_path: Path) -> None:
    run_until_killed(VICTIM, tmp_path, "in_the_middle")
    (part,) = tmp_path.glob(f".{CHECKPOINT}-*.part")
    assert part.stat().st_size > 0
    again = new_gan(seed=5)
    assert resume(again, tmp_path) == 2
    train(again, 4, initial_epoch=2, callbacks=[Checkpoints(tmp_path)])
    assert_same_state(whole, again)
    assert resume(new_gan(seed=6), tmp_path) == 4
