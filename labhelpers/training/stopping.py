"""A training that is stopped by hand: what is said then, and how it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from labhelpers.training.image_model import ImageModel


class Interrupted(KeyboardInterrupt):
    """A training was stopped by hand. In a notebook its sentence takes the place of the traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


_stopped: list[tuple[ImageModel, tuple[np.ndarray, ...], dict[str, Any]]] = []


def keep_stopped(
    model: ImageModel, arrays: tuple[np.ndarray, ...], settings: dict[str, Any]
) -> None:
    """Remember the training that was stopped last, for ``go_on``."""
    _stopped[:] = [(model, arrays, settings)]


def forget_stopped() -> None:
    """Forget it: another training has begun."""
    _stopped.clear()


def go_on() -> ImageModel:
    """Train on what was stopped by hand (stop button, Ctrl-C), up to the end that was asked for then.

    The epoch that was cut short begins anew; what it had learned is kept. Where the weights have to be exactly those of
    a training without a stop, save ``Checkpoints`` and ``resume``.

    Returns:
        The model, also where a function made it that the stop has ended.

    Raises:
        ValueError: nothing was stopped since the last training began.
    """
    if not _stopped:
        raise ValueError(
            "No training was stopped by hand since the last one began, expected one to go on with. Call fit of your "
            "model; with initial_epoch it begins at a later epoch."
        )
    model, arrays, settings = _stopped.pop()
    model.fit(*arrays, **settings)
    return model


def sentence(
    name: str,
    done: int,
    epochs: int,
    steps: int,
    of_steps: int,
    folders: Sequence[Path],
) -> str:
    """What is said about a training that was stopped.

    Args:
        name: of the model.
        done: whole epochs.
        epochs: how many were asked for.
        steps: done in the epoch that was cut short.
        of_steps: how many an epoch has.
        folders: where checkpoints were saved, if they were.
    """
    cut = f" and {steps} of the {of_steps} steps of the next" if steps else ""
    more = "".join(
        " For exactly the weights of a training without a stop, call fit again with "
        f"initial_epoch=training.resume(model, {str(folder)!r})."
        for folder in folders
    )
    return (
        f"You stopped the training of {name!r}: {done} of {epochs} epochs{cut} are done. The model keeps what it has "
        "learned and can be used. To train it to the end: model = training.go_on()"
        + more
    )
