"""Callbacks for every ``ImageModel``: a growing sample grid, exact checkpoints, a stop at NaN, quality by epoch."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from labhelpers.training.base import ImageModel

CHECKPOINT = "checkpoint.npz"


class SampleGrid(keras.callbacks.Callback):
    """Draws the same noise every few epochs, so that one sees the samples grow out of it.

    In a notebook one picture is replaced in place. The first frame shows the untrained model.

    Args:
        draw: from samples (n, ...) to a uint8 picture (height, width) or (height, width, 3).
        fixed_noise: (n, latent_dim), the noise of every frame.
        every: epochs between two frames; the last epoch is always drawn.

    Attributes:
        frames: the uint8 pictures.
        epochs: the number of epochs trained at each frame.

    Raises:
        ValueError: ``every`` is below 1.
    """

    def __init__(self, draw: Callable[[np.ndarray], np.ndarray], fixed_noise: np.ndarray, *, every: int = 1) -> None:
        super().__init__()
        _require_positive(every)
        self.draw = draw
        self.fixed_noise = np.asarray(fixed_noise, dtype=np.float32)
        self.every = every
        self.frames: list[np.ndarray] = []
        self.epochs: list[int] = []
        self._display: Any = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """The first frame: the model before training."""
        self._display = None
        if not self.frames:
            self._add(epoch=0)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """A frame every few epochs, and after the last."""
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params.get("epochs"):
            self._add(epoch + 1)

    def _add(self, epoch: int) -> None:
        self.frames.append(np.asarray(self.draw(self.model.sample(self.fixed_noise)), dtype=np.uint8))
        self.epochs.append(epoch)
        self._show(self.frames[-1])

    def _show(self, frame: np.ndarray) -> None:
        if not _in_notebook():
            return
        import PIL.Image
        from IPython.display import display

        picture = PIL.Image.fromarray(frame)
        if self._display is None:
            self._display = display(picture, display_id=True)
        else:
            self._display.update(picture)


class Quality(keras.callbacks.Callback):
    """Measures the model every few epochs, and after the last, and adds the result to the history.

    Args:
        evaluate: from the model to a number, or to a dict of named numbers.
        every: epochs between two measurements.
        name: what a single number is called in the history.

    Attributes:
        epochs: the number of epochs trained at each measurement.
        values: the named numbers of each measurement.

    Raises:
        ValueError: ``every`` is below 1.
    """

    def __init__(
        self, evaluate: Callable[[ImageModel], float | Mapping[str, float]], *, every: int = 1, name: str = "fid"
    ) -> None:
        super().__init__()
        _require_positive(every)
        self.evaluate = evaluate
        self.every = every
        self.name = name
        self.epochs: list[int] = []
        self.values: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Measure, and write into the logs that the history is made from."""
        if (epoch + 1) % self.every and epoch + 1 != self.params.get("epochs"):
            return
        found = self.evaluate(self.model)
        named = {k: float(v) for k, v in found.items()} if isinstance(found, Mapping) else {self.name: float(found)}
        self.epochs.append(epoch + 1)
        self.values.append(named)
        if logs is not None:
            logs.update(named)


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops the training when a loss is NaN or infinite, and says which one and where.

    Keras' own ``TerminateOnNaN`` reads only a loss that is called "loss".

    Attributes:
        message: the sentence, or None while all is well.
    """

    message: str | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Forget an earlier run."""
        self.message = None
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember the epoch for the sentence."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the means so far: one loss that is not finite makes its mean not finite."""
        if self.message or all(np.isfinite(value) for value in (logs or {}).values()):
            return
        broken = {
            name: int(np.flatnonzero(~np.isfinite(values))[0])
            for name, values in self.model.step_losses.by_step().items()
            if not np.isfinite(values).all()
        }
        if not broken:
            return
        name = min(broken, key=lambda name: broken[name])
        step = broken[name]
        value = self.model.step_losses.by_step()[name][step]
        self.message = (
            f"Training stopped: {name} is {value} at step {step + 1} of epoch {self._epoch + 1}, expected a finite "
            "number. Lower the learning rate, check the range of the images, or resume from the last checkpoint."
        )
        print(self.message)
        self.model.stop_training = True


class TimeBudget(keras.callbacks.Callback):
    """Stops the training after a number of seconds, so that two models can be compared after equal time.

    The clock starts after the first call of the compiled step, whose time goes into compiling, and is read after every
    further call.

    Args:
        seconds: how long to train.

    Attributes:
        used: the seconds on the clock when the training ended.

    Raises:
        ValueError: the seconds are not positive.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        if not seconds > 0:
            raise ValueError(f"The time budget is {seconds} s, expected more than 0 s.")
        self.seconds = seconds
        self.used = 0.0
        self._start: float | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Set the clock back."""
        self._start = None

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the clock."""
        now = time.perf_counter()
        if self._start is None:
            self._start = now
        self.used = now - self._start
        if self.used >= self.seconds:
            self.model.stop_training = True


class Checkpoints(keras.callbacks.Callback):
    """Saves all that an exact resume needs, every few epochs and after the last, in one file.

    The file holds every variable of the model (weights, batch-norm statistics, averages, the states of all random
    generators), those of its optimizers, the losses of all steps and the epoch. It is written beside the old one and
    then takes its place in one move, so that a kill at any moment leaves a whole file. It holds numbers and no code.

    Args:
        directory: where the file is kept; it is made if it is missing.
        every: epochs between two checkpoints.

    Raises:
        ValueError: ``every`` is below 1.
    """

    def __init__(self, directory: str | os.PathLike[str], *, every: int = 1) -> None:
        super().__init__()
        _require_positive(every)
        self.directory = Path(directory)
        self.every = every

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save, unless the numbers are broken: the last good checkpoint is worth more."""
        due = (epoch + 1) % self.every == 0 or epoch + 1 == self.params.get("epochs")
        if due and all(np.isfinite(value) for value in (logs or {}).values()):
            save_checkpoint(self.model, self.directory, epochs_done=epoch + 1)


def save_checkpoint(model: ImageModel, directory: str | os.PathLike[str], *, epochs_done: int) -> Path:
    """Write one checkpoint; ``Checkpoints`` does it during training.

    Args:
        model: a compiled model.
        directory: where the file is kept.
        epochs_done: what ``resume`` will give back.

    Returns:
        The path of the file.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    variables = _state(model)
    arrays: dict[str, Any] = {f"variable_{index}": np.asarray(variable) for index, variable in enumerate(variables)}
    arrays |= {f"history_{name}": np.asarray(values) for name, values in model.step_history.items()}
    arrays["about"] = np.array(json.dumps({"epochs_done": epochs_done, "shapes": _shapes(variables)}))
    target = folder / CHECKPOINT
    beside = target.with_suffix(".part")
    with beside.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)
    return target


def resume(model: ImageModel, directory: str | os.PathLike[str]) -> int:
    """Bring a model back to its last checkpoint, so that the training goes on as if it had never stopped.

    ``model.fit(images, initial_epoch=resume(model, directory), epochs=...)`` also starts a new training, where there is
    no checkpoint yet.

    Args:
        model: the same networks, compiled in the same way.
        directory: the one that ``Checkpoints`` was given.

    Returns:
        The number of epochs done; 0 where there is no checkpoint.

    Raises:
        ValueError: the checkpoint is of other networks or optimizers, or is no whole checkpoint.
    """
    path = Path(directory) / CHECKPOINT
    if not path.exists():
        return 0
    try:
        with np.load(path, allow_pickle=False) as saved:
            arrays = {name: saved[name] for name in saved.files}
            about = json.loads(str(arrays.pop("about")))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is no whole checkpoint ({error}), expected a file that Checkpoints wrote. "
            "Delete it and train again, or copy it once more from where it came from."
        ) from error
    variables = _state(model)
    _require_same(about["shapes"], _shapes(variables), path)
    for index, variable in enumerate(variables):
        variable.assign(arrays[f"variable_{index}"])
    model.step_history.clear()
    for name, values in arrays.items():
        if name.startswith("history_"):
            model.step_history[name.removeprefix("history_")] = values.tolist()
    return int(about["epochs_done"])


def _state(model: ImageModel) -> list[keras.Variable]:
    """Every variable of a compiled model and of its optimizers, in an order that the same model always has."""
    if not model.compiled:
        raise ValueError("This model is not compiled, so it has no optimizers. Call its compile() first.")
    optimizers = getattr(model, "optimizers", (model.optimizer,))
    for optimizer in optimizers:
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
    return [*model.variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]


def _shapes(variables: list[keras.Variable]) -> list[list[Any]]:
    return [[variable.name, list(variable.shape), str(variable.dtype)] for variable in variables]


def _require_same(saved: list[list[Any]], own: list[list[Any]], path: Path) -> None:
    if len(saved) != len(own):
        raise ValueError(
            f"{path} holds {len(saved)} variables, but this model with its optimizers has {len(own)}: it is a "
            "checkpoint of other networks or optimizers. Build and compile them as they were, or use another directory."
        )
    for (saved_name, *saved_rest), (name, *rest) in zip(saved, own, strict=True):
        if saved_rest != rest:
            raise ValueError(
                f"{path} holds {saved_name!r} of shape {saved_rest[0]} and type {saved_rest[1]} where this model has "
                f"{name!r} of shape {rest[0]} and type {rest[1]}: it is a checkpoint of other networks. Build them as "
                "they were, or use another directory."
            )


def _require_positive(every: int) -> None:
    if every < 1:
        raise ValueError(f"every is {every}, expected a number of epochs of at least 1.")


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
