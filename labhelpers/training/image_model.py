"""What every model of the labs shares: ``fit`` from an array of images, named losses per step and per epoch, seeds."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.data.ranges import require_range
from labhelpers.training.batches import batches
from labhelpers.training.replicas import (
    LOST_WORKER,
    lost_worker,
    mean_over_replicas,
    require_shareable,
    rows_of_batch,
    several_workers,
    trained_as_one,
)
from labhelpers.training.stopping import (
    Interrupted,
    forget_stopped,
    keep_stopped,
    sentence,
)


@keras.saving.register_keras_serializable(package="labhelpers")
class StepLosses(keras.metrics.Metric):
    """Every step's named losses of one epoch, kept on the device; the result is their mean over the steps so far.

    Args:
        names: the losses, in the order in which they are stored.
        capacity: the largest number of steps in an epoch.
    """

    def __init__(self, names: Sequence[str], capacity: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = tuple(names)
        self.capacity = capacity
        self.rows = self.add_variable(
            (capacity, len(self.names)),
            initializer="zeros",
            aggregation="only_first_replica",  # all replicas store the same
            name="rows",
        )
        self.count = self.add_variable(
            (),
            initializer="zeros",
            dtype="int32",
            aggregation="only_first_replica",
            name="count",
        )

    def update_state(self, losses: dict[str, Tensor]) -> None:
        """Store the losses of one step: a dict of scalars with this metric's names."""
        row = tf.stack([tf.cast(losses[name], tf.float32) for name in self.names])
        self.rows.assign(
            tf.tensor_scatter_nd_update(self.rows.value, [[self.count.value]], [row])
        )
        self.count.assign(self.count + 1)

    def result(self) -> dict[str, Tensor]:
        """The mean of each loss over the steps so far."""
        means = tf.reduce_sum(self.rows.value, axis=0) / tf.cast(
            tf.maximum(self.count.value, 1), tf.float32
        )
        return dict(zip(self.names, tf.unstack(means), strict=True))

    def by_step(self) -> dict[str, np.ndarray]:
        """Each loss as an array with one value per step of this epoch."""
        rows = np.asarray(self.rows)[: int(np.asarray(self.count))]
        return dict(zip(self.names, rows.T.copy(), strict=True))

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this metric."""
        return {**super().get_config(), "names": self.names, "capacity": self.capacity}


class _EpochKeeper(keras.callbacks.Callback):
    """Tells the data which epoch begins, and moves the step losses of an ended one to the host."""

    def __init__(self, initial_epoch: int) -> None:
        super().__init__()
        self.done = initial_epoch
        self.in_epoch = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.epoch.assign(epoch)
        self.in_epoch = True
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.epoch_seconds.append(time.perf_counter() - self.started)
        self.keep_losses()
        self.in_epoch = False
        self.done = epoch + 1

    def keep_losses(self) -> int:
        """Move this epoch's losses to the host; the number of its steps so far."""
        found = self.model.step_losses.by_step()
        for name, values in found.items():
            self.model.step_history.setdefault(name, []).extend(values.tolist())
        return max(map(len, found.values()), default=0)


class ImageModel(keras.Model):
    """A model that learns from arrays of images; the base of ``VAE`` and ``Game``.

    A subclass names its losses in ``loss_names``, says in ``output_activation`` which scale of images it makes, and
    writes ``losses_of_step(data)``, which runs one training step and returns the named losses.

    Attributes:
        arrays: what ``fit`` takes, in words for messages; the first one holds the real images.
        step_history: each loss as a list with one value per training step, over all calls of ``fit``.
        epoch_seconds: wall time of each epoch, over all calls of ``fit``; the first one includes compiling.
        batches_per_step: how many batches of real images one training step takes.
        paired: whether row i of one array of the data belongs to row i of the others.
        seed_generator: where all of the model's noise comes from; ``keras.utils.set_random_seed`` seeds it.
    """

    arrays: ClassVar[tuple[str, ...]] = ("images",)
    loss_names: tuple[str, ...] = ()
    batches_per_step: int = 1
    paired: bool = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator()
        self.epoch = tf.Variable(0, trainable=False, dtype=tf.int32)
        self.step_losses = StepLosses(self.loss_names, capacity=1, name="step_losses")
        self.step_history: dict[str, list[float]] = {}
        self.compiled_step: Callable[..., dict[str, Tensor]] | None = None
        self.epoch_seconds: list[float] = []

    @property
    def output_activation(self) -> str:
        """``"sigmoid"`` for images in [0, 1], ``"tanh"`` for images in [-1, 1], ``"linear"`` for points."""
        raise NotImplementedError

    def losses_of_step(self, data: Any) -> dict[str, Tensor]:
        """Run one training step on a batch of each array and return the named losses as scalars."""
        raise NotImplementedError

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The one metric that Keras resets before an epoch and reads after it."""
        return [self.step_losses]

    def train_step(self, data: Any) -> dict[str, Tensor]:
        """What ``fit`` compiles and runs for every batch."""
        strategy = tf.distribute.get_strategy()
        if strategy.num_replicas_in_sync == 1:
            self.step_losses.update_state(self.losses_of_step(data))
            return self.step_losses.result()
        data, where, total = data
        with rows_of_batch(where, total[0]):
            losses = mean_over_replicas(self.losses_of_step(data))
        self.step_losses.update_state(losses)
        means = self.step_losses.result()
        if several_workers(strategy):
            # Keras reduces what workers return over a first dimension, which scalars lack.
            return {name: mean[None] for name, mean in means.items()}
        return means

    def _maybe_symbolic_build(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: all is built. With several workers Keras would fail here, adding up their batches."""

    def get_compile_config(self) -> dict[str, Any] | None:
        """Nothing: a loaded model has its weights and is compiled anew; ``Checkpoints`` keep the optimizers, too."""
        return None

    def compile_step(
        self,
        step: Callable[..., dict[str, Tensor]],
        *,
        xla: bool,
        steps_per_execution: int = 1,
        **kwargs: Any,
    ) -> None:
        """Compile the model for ``fit``, and its pure step by XLA where ``xla`` says so.

        XLA gets the step alone: the noise is drawn outside of it, because on a CPU XLA draws normal numbers from a
        changing seed some 40 times slower than TensorFlow does. Several replicas talk to each other within a step, as
        neither a compiled step nor Keras' loop over steps can: they run it as it is, one step at a time.
        """
        alone = self.distribute_strategy.num_replicas_in_sync == 1
        super().compile(
            jit_compile=False,
            steps_per_execution=steps_per_execution if alone else 1,
            **kwargs,
        )
        self.compiled_step = (
            tf.function(step, jit_compile=xla, reduce_retracing=True, autograph=False)
            if alone
            else step
        )

    def noise(self, *shape: Any) -> Tensor:
        """Standard normal noise from the model's own seed."""
        return keras.random.normal(shape, seed=self.seed_generator)

    def fit(
        self,
        *arrays: np.ndarray,
        batch_size: int = 128,
        epochs: int = 1,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        progress: bool = True,
    ) -> keras.callbacks.History:
        """Train on images in the scale of the model's output.

        Args:
            arrays: images (n, ...), float32; for a model that takes more, what goes with them, such as labels (n,).
            batch_size: images in a batch, that of all replicas together; a step takes ``batches_per_step`` batches.
            epochs: the epoch to stop at, counted from 0.
            initial_epoch: the epoch to start at (above 0 after a resume).
            callbacks: Keras callbacks.
            progress: show a bar with the losses.

        Returns:
            The Keras history: one mean for each loss and epoch. ``step_history`` has the single steps.

        Raises:
            ValueError: the images are not in the range that the model makes, or there are none; or there are more or
                fewer arrays than the model takes, or they do not belong together; or several replicas could not train
                as one does.
            Interrupted: it was stopped by hand. The model can be used, and ``go_on`` trains it to the end.
            ConnectionError: another worker of a training on several is gone.
        """
        forget_stopped()
        self._require_arrays(arrays)
        require_range(arrays[0], self.output_activation)
        images_per_step = batch_size * self.batches_per_step
        steps = math.ceil(max(map(len, arrays)) / images_per_step)
        replicas = self.distribute_strategy.num_replicas_in_sync
        require_shareable(batch_size, replicas)
        if steps > self.step_losses.capacity:
            with self.distribute_strategy.scope():
                self.step_losses = StepLosses(
                    self.loss_names, capacity=steps, name="step_losses"
                )
            self.make_train_function(force=True)
        large = (
            sum(array.nbytes for array in arrays) > 10_000_000
        )  # for less it would take longer than it is worth
        if large:
            _give_memory_back()  # what was deleted before this training
        keeper = _EpochKeeper(initial_epoch)
        keepers: list[keras.callbacks.Callback] = [keeper]
        if progress:
            from tqdm.keras import TqdmCallback

            keepers.append(TqdmCallback(verbose=0, desc=self.name))
        data = batches(
            arrays if len(arrays) > 1 else arrays[0],
            images_per_step,
            seed=self.seed_generator.state.value,
            epoch=self.epoch,
            paired=self.paired,
            replicas=replicas,
            steps=self.batches_per_step,
        )
        try:
            with trained_as_one(self, getattr(self, "optimizers", (self.optimizer,))):
                return super().fit(
                    data,
                    epochs=epochs,
                    initial_epoch=initial_epoch,
                    callbacks=[*keepers, *callbacks],
                    shuffle=False,
                    verbose=0,
                )
        except KeyboardInterrupt:
            from labhelpers.training.checkpoints import Checkpoints

            done_steps = keeper.keep_losses() if keeper.in_epoch else 0
            settings = {
                "batch_size": batch_size,
                "epochs": epochs,
                "initial_epoch": keeper.done,
                "callbacks": callbacks,
                "progress": progress,
            }
            keep_stopped(self, arrays, settings)
            folders = [
                each.directory for each in callbacks if isinstance(each, Checkpoints)
            ]
            raise Interrupted(
                sentence(self.name, keeper.done, epochs, done_steps, steps, folders)
            ) from None
        except LOST_WORKER as error:
            if not several_workers(self.distribute_strategy):
                raise
            raise ConnectionError(lost_worker(keeper.done, error)) from error
        finally:
            del data
            if large:
                _give_memory_back()

    def _require_arrays(self, arrays: Sequence[np.ndarray]) -> None:
        """Check that these are as many arrays as the model takes, with as many rows where they are paired."""
        if len(arrays) != len(self.arrays):
            raise ValueError(
                f"{type(self).__name__}.fit got {len(arrays)} array(s), expected {len(self.arrays)}: "
                f"{', '.join(self.arrays)}."
            )
        if self.paired and len({len(array) for array in arrays}) > 1:
            found = ", ".join(
                f"{len(array):,} {name}"
                for name, array in zip(self.arrays, arrays, strict=True)
            )
            raise ValueError(
                f"There are {found}, expected as many of each: row i of one belongs to row i of all."
            )


def _give_memory_back() -> None:
    """Free what a training no longer needs, and hand it to the system.

    The copy of the images on the device is part of a cycle, as all graphs of TensorFlow are: without this, one copy
    after the other (188 MB for MNIST) waits until Python looks for cycles. And glibc keeps what is freed unless told.
    """
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def xla_pays(*networks: keras.Model) -> bool:
    """Whether to compile these networks with XLA.

    On the CPU, XLA nearly doubles the speed of dense networks and halves that of (transposed) convolutions
    (``benchmarks/``); on a GPU it is on.
    """
    if tf.config.list_physical_devices("GPU"):
        return True
    convolutions = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return not any(
        isinstance(layer, convolutions)
        for net in networks
        for layer in net._flatten_layers()
    )
