"""A training that is stopped by hand: what is said, what is kept, and how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from labhelpers.training import Checkpoints, Interrupted, go_on, resume
from tests.training.small_gan import assert_same_state, new_gan, train


class Stop(keras.callbacks.Callback):
    """Stops once, as the stop button does."""

    def __init__(self, epoch: int, when: str) -> None:
        super().__init__()
        self.epoch, self.when, self.done = epoch, when, False

    def _stop(self, when: str) -> None:
        if when == self.when and int(self.model.epoch.numpy()) == self.epoch and not self.done:
            self.done = True
            raise KeyboardInterrupt

    def on_train_begin(self, logs: Any = None) -> None:
        self._stop("train")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._stop("begin")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._stop("batch")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._stop("end")


@pytest.mark.parametrize(
    ("when", "epoch", "said", "steps"),
    [
        ("train", 0, "0 of 4 epochs are done", 0),
        ("begin", 2, "2 of 4 epochs are done", 8),
        ("batch", 2, "2 of 4 epochs and 2 of the 4 steps of the next are done", 10),
        ("end", 2, "3 of 4 epochs are done", 12),
    ],
)
def test_it_says_how_far_it_got_and_goes_on(when: str, epoch: int, said: str, steps: int) -> None:
    gan = new_gan(seed=1)
    with pytest.raises(Interrupted, match=said) as stop:
        train(gan, 4, callbacks=[Stop(epoch, when)])
    assert "model = training.go_on()" in str(stop.value)
    assert len(gan.step_history.get("g_loss", [])) == steps
    assert np.isfinite(gan.sample(5)).all()
    assert go_on() is gan
    assert int(gan.epoch.numpy()) == 3
    begun_anew = 2 if when == "batch" else 0
    assert len(gan.step_history["g_loss"]) == 16 + begun_anew


def test_a_stop_between_epochs_changes_nothing() -> None:
    whole, stopped = new_gan(seed=1), new_gan(seed=1)
    train(whole, 3)
    with pytest.raises(Interrupted):
        train(stopped, 3, callbacks=[Stop(1, "begin")])
    go_on()
    assert_same_state(whole, stopped)


def test_with_checkpoints_it_names_the_exact_way(tmp_path: Path) -> None:
    whole, stopped = new_gan(seed=1), new_gan(seed=1)
    train(whole, 3)
    with pytest.raises(Interrupted) as stop:
        train(stopped, 3, callbacks=[Checkpoints(tmp_path), Stop(1, "batch")])
    assert f"initial_epoch=training.resume(model, {str(tmp_path)!r})" in str(stop.value)
    train(stopped, 3, initial_epoch=resume(stopped, tmp_path))
    assert_same_state(whole, stopped)


def test_there_is_nothing_to_go_on_with_after_a_new_training() -> None:
    gan = new_gan(seed=1)
    with pytest.raises(Interrupted):
        train(gan, 2, callbacks=[Stop(0, "batch")])
    train(gan, 1)
    with pytest.raises(ValueError, match="No training was stopped by hand"):
        go_on()


def test_the_stop_button_of_a_notebook_shows_the_sentence_and_no_traceback() -> None:
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    manager.start_kernel(cwd=str(Path(__file__).parents[2]))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    replies = []

    def run(code: str, until: str = "") -> Any:
        message = client.execute(code, stop_on_error=False)  # else the kernel may drop the cell after an error
        while until:
            content = client.get_iopub_msg(timeout=120)["content"]
            if until in content.get("text", ""):
                break
        else:
            return client._recv_reply(message, timeout=120)["content"]
        manager.interrupt_kernel()
        return client._recv_reply(message, timeout=120)["content"]

    try:
        setup = (
            "from labhelpers import training\n"
            "from tests.training.small_gan import *\n"
            "gan = new_gan(seed=1)\n"
            "begun = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: print('begun', flush=True))"
        )
        assert run(setup)["status"] == "ok"
        replies.append(run("train(gan, 100_000, callbacks=[begun])", until="begun"))
        replies.append(run("assert np.isfinite(gan.sample(3)).all()"))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert replies[0]["status"] == "error"
    assert replies[0]["ename"] == "Interrupted"
    assert replies[0]["traceback"] == [replies[0]["evalue"]]
    assert "of 100000 epochs" in replies[0]["evalue"]
    assert replies[1]["status"] == "ok", replies[1]
