"""Checkpoints: all that an exact resume needs, in one file that holds numbers and no code."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from labhelpers.files import written_whole
from labhelpers.training.callbacks import require_positive
from labhelpers.training.image_model import ImageModel
from labhelpers.training.replicas import saves_here

CHECKPOINT = "checkpoint.npz"


class Checkpoints(keras.callbacks.Callback):
    """Saves all that an exact resume needs, every few epochs and after the last, in one file.

    The file holds every variable of the model (weights, batch-norm statistics, averages, the states of all random
    generators), those of its optimizers, the losses of all steps and the epoch. It is written beside the old one and
    then takes its place in one move, so that a kill at any moment leaves a whole file. It holds numbers and no code. Of
    several workers the first one saves; all of them resume from its file, so the folder has to be shared.

    Args:
        directory: where the file is kept; it is made if it is missing.
        every: epochs between two checkpoints.

    Raises:
        ValueError: ``every`` is below 1.
    """

    def __init__(self, directory: str | os.PathLike[str], *, every: int = 1) -> None:
        super().__init__()
        require_positive(every)
        self.directory = Path(directory)
        self.every = every

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save, unless the numbers are broken: the last good checkpoint is worth more."""
        due = (epoch + 1) % self.every == 0 or epoch + 1 == self.params.get("epochs")
        if not saves_here(self.model.distribute_strategy):
            return
        if due and all(np.isfinite(value) for value in (logs or {}).values()):
            save_checkpoint(self.model, self.directory, epochs_done=epoch + 1)


def save_checkpoint(
    model: ImageModel, directory: str | os.PathLike[str], *, epochs_done: int
) -> Path:
    """Write one checkpoint; ``Checkpoints`` does it during training.

    Args:
        model: a compiled model.
        directory: where the file is kept.
        epochs_done: what ``resume`` will give back.

    Returns:
        The path of the file.
    """
    folder = Path(directory)
    variables = _state(model)
    arrays: dict[str, Any] = {
        f"variable_{index}": np.asarray(variable)
        for index, variable in enumerate(variables)
    }
    arrays |= {
        f"history_{name}": np.asarray(values)
        for name, values in model.step_history.items()
    }
    arrays["about"] = np.array(
        json.dumps({"epochs_done": epochs_done, "shapes": _shapes(variables)})
    )
    target = folder / CHECKPOINT
    with written_whole(target) as file:
        np.savez(file, **arrays)
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
        raise ValueError(
            "This model is not compiled, so it has no optimizers. Call its compile() first."
        )
    optimizers = getattr(model, "optimizers", (model.optimizer,))
    for optimizer in optimizers:
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
    return [
        *model.variables,
        *(variable for optimizer in optimizers for variable in optimizer.variables),
    ]


def _shapes(variables: list[keras.Variable]) -> list[list[Any]]:
    return [
        [variable.name, list(variable.shape), str(variable.dtype)]
        for variable in variables
    ]


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
