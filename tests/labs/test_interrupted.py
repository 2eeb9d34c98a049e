"""The main training of every lab, stopped by hand: the model stays, a sentence says how far it got, and it goes on."""

from __future__ import annotations

import linecache
import re
import signal
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from labhelpers import training, visualize
from labhelpers.cli import labs, notebooks
from labhelpers.training.image_model import ImageModel

MAIN = {
    "01": "vae",
    "02": "warm",
    "03": "best_digits",
    "04": "dcgan",
    "05": "touching",
    "06": "faces",
    "07": "ring_non_saturating",
}
"""The name of the model in each lab's main training."""


class StopButton(keras.callbacks.Callback):
    """Presses it after the second call of the compiled step."""

    calls = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls += 1
        if self.calls == 2:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C does what it does in a program of one's own: processes that run tests may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the time of a smoke run goes into figures."""
    for name in visualize.__all__:
        if name.startswith(("show_", "plot_")):
            monkeypatch.setattr(visualize, name, lambda *given, **settings: None)


@pytest.mark.parametrize("lab", labs.catalogue(), ids=lambda lab: lab.stem)
@pytest.mark.usefixtures("ctrl_c", "no_pictures")
def test_the_main_training_can_be_stopped_and_goes_on(lab: labs.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = ImageModel.fit

    def fit_with_button(model: Any, *arrays: Any, callbacks: Any = (), **settings: Any) -> Any:
        if plain(model.name) == MAIN[lab.number]:
            monkeypatch.setattr(ImageModel, "fit", fit)
            callbacks = [*callbacks, StopButton()]
            settings["epochs"] += 1  # in a smoke run the second call may be the last one
        return fit(model, *arrays, callbacks=callbacks, **settings)

    monkeypatch.setattr(ImageModel, "fit", fit_with_button)
    with pytest.raises(training.Interrupted) as stop:
        run_cells(lab)
    found = re.search(r"(\d+) of (\d+) epochs( and (\d+) of the (\d+) steps of the next)? are done", str(stop.value))
    assert found, str(stop.value)
    done, epochs = int(found[1]), int(found[2])
    assert done < epochs
    assert done or found[3]

    steps = {len(losses) for losses in training.stopping._stopped[0][0].step_history.values()}
    model: Any = training.go_on()
    assert plain(model.name) == MAIN[lab.number]
    assert int(model.epoch.numpy()) == epochs - 1
    assert min(len(losses) for losses in model.step_history.values()) > max(steps)
    asked: Any = 4 if isinstance(model, training.GAN) else np.zeros((4, model.latent_dim))
    assert np.isfinite(model.sample(asked)).all()


def run_cells(lab: labs.Lab) -> None:
    """Run a lab with its answers, which are right: their checks, and the words of the install cell, are left out."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(notebooks.solution_notebook(lab).cells):
        if cell.cell_type == "code" and "find_spec" not in cell.source and "checks.lab" not in cell.source:
            name = f"<{lab.stem} {number}>"  # so that inspect finds it
            linecache.cache[name] = (len(cell.source), None, cell.source.splitlines(keepends=True), name)
            exec(compile(cell.source, name, "exec"), scope)


def plain(name: str) -> str:
    return re.sub(r"\W+", "_", name)
