"""Callbacks for every ``ImageModel``: a growing sample grid, quality by epoch, a stop at NaN, a budget of time."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from labhelpers.described import Described
from labhelpers.training.image_model import ImageModel
from labhelpers.training.replicas import several_workers


class SampleGrid(keras.callbacks.Callback):
    """Draws the same noise every few epochs, so that one sees the samples grow out of it.

    In a notebook one picture is replaced in place. The first frame shows the untrained model.

    Args:
        draw: from samples (n, ...) to a uint8 picture (height, width) or (height, width, 3).
        fixed_noise: what every frame is drawn from: noise (n, latent_dim), or what else the model's ``sample`` takes,
            such as labels (n,).
        every: epochs between two frames; the last epoch is always drawn.

    Attributes:
        frames: the uint8 pictures.
        epochs: the number of epochs trained at each frame.

    Raises:
        ValueError: ``every`` is below 1.
    """

    def __init__(
        self,
        draw: Callable[[np.ndarray], np.ndarray],
        fixed_noise: np.ndarray,
        *,
        every: int = 1,
    ) -> None:
        super().__init__()
        require_positive(every)
        self.draw = draw
        fixed_noise = np.asarray(fixed_noise)
        self.fixed_noise = (
            fixed_noise.astype(np.float32)
            if fixed_noise.dtype.kind == "f"
            else fixed_noise
        )
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
        self.frames.append(
            np.asarray(self.draw(self.model.sample(self.fixed_noise)), dtype=np.uint8)
        )
        self.epochs.append(epoch)
        self._show(self.frames[-1])

    def _show(self, frame: np.ndarray) -> None:
        if not _in_notebook():
            return
        import PIL.Image
        from IPython.display import display

        buffer = io.BytesIO()
        PIL.Image.fromarray(frame).save(buffer, "PNG")
        picture = Described(
            buffer.getvalue(),
            f"{len(self.fixed_noise)} samples {_after(self.epochs[-1])}, always from the same noise, "
            f"mean brightness {frame.mean() / 255:.2f}",
        )
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
        self,
        evaluate: Callable[[ImageModel], float | Mapping[str, float]],
        *,
        every: int = 1,
        name: str = "fid",
    ) -> None:
        super().__init__()
        require_positive(every)
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
        named = (
            {k: float(v) for k, v in found.items()}
            if isinstance(found, Mapping)
            else {self.name: float(found)}
        )
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

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
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
        if several_workers(self.model.distribute_strategy):
            raise ValueError(
                "A time budget ends each worker by its own clock, and the others would wait for it for ever. Train "
                "several workers for a number of epochs."
            )
        self._start = None

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Look at the clock."""
        now = time.perf_counter()
        if self._start is None:
            self._start = now
        self.used = now - self._start
        if self.used >= self.seconds:
            self.model.stop_training = True


def require_positive(every: int) -> None:
    """Refuse 0 epochs and fewer."""
    if every < 1:
        raise ValueError(
            f"every is {every}, expected a number of epochs of at least 1."
        )


def _after(epochs: int) -> str:
    if not epochs:
        return "before training"
    return f"after {epochs} {'epoch' if epochs == 1 else 'epochs'} of training"


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
