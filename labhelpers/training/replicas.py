"""One training on several replicas (GPUs, or machines): what makes it equal to the training on one.

A model that is made, compiled and given its optimizers within ``strategy.scope()`` is trained by ``fit`` as ever.
``batch_size`` is that of a whole step, whatever the number of replicas:

* each replica gets an equal piece of every batch; a last batch that cannot be shared equally goes to each one whole;
* what is drawn at random for a step is drawn for its whole batch, and each replica takes the rows of its images;
* gradients, losses and what terms keep between steps are means over the replicas;
* batch norm takes its statistics over the whole batch; dropout and augmentation differ from replica to replica.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from labhelpers.arrays import Tensor

LOST_WORKER = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)
"""What TensorFlow raises where a worker does not answer; which one depends on what it was waiting for."""

_here = threading.local()  # each replica of a machine is traced in a thread of its own


@contextmanager
def rows_of_batch(where: Tensor, total: Tensor) -> Iterator[None]:
    """Within it, ``for_rows_here`` knows which rows of the whole batch this replica has.

    Args:
        where: (rows,), their places in the whole batch.
        total: scalar, the rows of the whole batch.
    """
    _here.rows = where, total
    try:
        yield
    finally:
        del _here.rows


def for_rows_here(
    draw: Callable[[Tensor], Tensor], count: Tensor, step: int = 0, steps: int = 1
) -> Tensor:
    """Something random for each image here: what one device would draw for these images.

    Args:
        draw: from a number of images to a tensor with a row for each.
        count: how many images there are here.
        step: which critic step it is for: that one takes every ``steps``-th row of the batch, from this row on.
        steps: critic steps in a training step.
    """
    if not hasattr(_here, "rows"):
        return draw(count)
    where, total = _here.rows
    whole = draw((total + steps - 1 - step) // steps)
    return tf.gather(whole, where[step::steps] // steps)


def mean_over_replicas(values: Any) -> Any:
    """The mean of each tensor of a structure over all replicas, within a step; on one device the tensors themselves."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1 or not values:
        return values
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, values)


def shared_rows(order: Tensor, replicas: int, steps: int) -> tuple[Tensor, ...]:
    """The rows of a batch, arranged so that cutting them into ``replicas`` equal pieces gives each replica its own.

    Args:
        order: (count, ...), the batch's rows of the data.
        replicas: how many pieces there will be.
        steps: critic steps in a training step: every piece begins with the rows of the first one.

    Returns:
        The arranged rows; their places in the batch; and, as often as there are rows, how many the batch has.
    """
    # An epoch's last batch may hold fewer images than there are critic steps: each step needs at least one.
    total = tf.maximum(tf.shape(order)[0], steps)
    even = tf.equal(total % (replicas * steps), 0)
    where = tf.range(tf.where(even, total, replicas * total)) % total
    rows = tf.gather(order, where % tf.shape(order)[0])
    return rows, where, tf.fill(tf.shape(where), total)


@contextmanager
def trained_as_one(
    model: keras.Model, optimizers: Iterable[keras.optimizers.Optimizer]
) -> Iterator[None]:
    """Within it, ``fit`` on several replicas does what it does on one device; on one device nothing changes.

    The optimizers sum the gradients of all replicas, so each divides by their number. Random states of layers differ
    from replica to replica.

    Raises:
        ValueError: something was made outside of the strategy's scope, or would not be the same on several replicas.
    """
    strategy = model.distribute_strategy
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        yield
        return
    optimizers = tuple(optimizers)
    _require_scope(model, optimizers, strategy)
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.synchronized
    ]
    scales = [optimizer.loss_scale_factor for optimizer in optimizers]
    for norm in norms:
        norm.synchronized = True
    for optimizer, scale in zip(optimizers, scales, strict=True):
        optimizer.loss_scale_factor = (scale or 1) * replicas
    _move_seeds(model, strategy, 1)
    try:
        yield
    finally:
        _move_seeds(model, strategy, -1)
        for norm in norms:
            norm.synchronized = False
        for optimizer, scale in zip(optimizers, scales, strict=True):
            optimizer.loss_scale_factor = scale


def require_shareable(batch_size: int, replicas: int) -> None:
    """Refuse a batch that the replicas cannot share equally."""
    if batch_size % replicas:
        raise ValueError(
            f"batch_size is {batch_size}, which {replicas} replicas cannot share equally. It is the size of the whole "
            f"batch, not of one replica's piece: choose a multiple of {replicas}."
        )


def several_workers(strategy: tf.distribute.Strategy) -> bool:
    """Whether a strategy spans several processes."""
    return bool(strategy.extended._in_multi_worker_mode())


def saves_here(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes files for all: the only one, or the first of several workers."""
    return not several_workers(strategy) or bool(strategy.extended.should_checkpoint)


def lost_worker(done: int, error: Exception) -> str:
    """What is said where another worker of a training is gone.

    Args:
        done: whole epochs.
        error: TensorFlow's own.
    """
    return (
        f"Another worker of this training is gone, so it stopped after {done} whole epochs ({type(error).__name__}). "
        "Start all workers again, and give fit initial_epoch=training.resume(model, folder) with the folder of its "
        "Checkpoints: it goes on exactly after the last saved epoch."
    )


def _require_scope(
    model: keras.Model,
    optimizers: tuple[keras.optimizers.Optimizer, ...],
    strategy: tf.distribute.Strategy,
) -> None:
    for what, variables in (
        ("The model, or one of its networks,", model.variables),
        *(
            (f"The optimizer {optimizer.name!r}", optimizer.variables)
            for optimizer in optimizers
        ),
    ):
        for variable in variables:
            if not strategy.extended.variable_created_in_scope(variable.value):
                raise ValueError(
                    f"{what} was made outside of the scope of {type(strategy).__name__}, so {variable.name!r} is on "
                    "one replica only. Make networks, model and optimizers, and compile, inside "
                    "`with strategy.scope():`."
                )
    for optimizer in optimizers:
        for name in ("clipnorm", "global_clipnorm", "clipvalue"):
            if getattr(optimizer, name) is not None:
                raise ValueError(
                    f"The optimizer {optimizer.name!r} has {name}={getattr(optimizer, name)}, which would clip each "
                    "replica's gradient before their mean is taken: several replicas would not train as one does. "
                    "Leave it out."
                )


def _move_seeds(
    model: keras.Model, strategy: tf.distribute.Strategy, sign: int
) -> None:
    """Move the random states of all layers (dropout, augmentation) by the replica's number, there or back."""
    states = [
        generator.state.value
        for layer in model._flatten_layers(include_self=False)
        for generator in layer._seed_generators
    ]

    def move() -> None:
        here = tf.distribute.get_replica_context().replica_id_in_sync_group
        for state in states:
            by = tf.cast(tf.stack([sign * here, 0]), state.dtype)
            state.assign_add(by)

    if states:
        tf.function(lambda: strategy.run(move))()
