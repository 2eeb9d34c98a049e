"""A game: networks that two players own, averages of them, and what is kept between steps; ``fit`` plays it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.core import AdversarialLoss, Draw
from labhelpers.losses.scores import non_saturating
from labhelpers.losses.seen import Batch
from labhelpers.training.image_model import ImageModel, xla_pays
from labhelpers.training.replicas import for_rows_here
from labhelpers.training.step import Player, adversarial_step

PLAYERS = ("generator", "discriminator")


class Game(ImageModel):
    """A generator and a discriminator that learn against each other, with any number of networks.

    A subclass gives its networks names, says which player owns which of them, and writes ``deal``, which makes a
    ``Batch`` of the data and of what was drawn. Where ``adversarial_step`` is not the step that it needs, it writes
    ``step``, too. Which network an optimizer moves is fixed by the variables that it is given: no network is ever
    frozen, and one that no player owns never moves.

    ``save`` and ``keras.models.load_model`` keep everything but the random states; for an exact resume there are
    ``Checkpoints``. A subclass that is registered with Keras and takes its networks by their names as arguments is
    saved and loaded without more code.

    Args:
        networks: by name; each becomes an attribute.
        loss: what both players pay; ``non_saturating()`` unless given.
        ema: decay of a running average of the networks in ``averaged``, such as 0.999, or None for none. The first
            steps decay faster, so that the start is soon forgotten. Source: Yazici et al. 2019, section 4.

    Attributes:
        players: the names of the networks that each player owns; the first one plays, the others learn along.
        averaged: the names of the networks that ``ema`` averages; the average is the attribute ``ema_NAME``.

    Raises:
        ValueError: a name is taken, or ``ema`` is no decay.
    """

    players: ClassVar[Mapping[str, tuple[str, ...]]] = {
        name: (name,) for name in PLAYERS
    }
    averaged: ClassVar[tuple[str, ...]] = ("generator",)

    def __init__(
        self,
        networks: Mapping[str, keras.Model],
        loss: AdversarialLoss | None = None,
        *,
        ema: float | None = None,
        **kwargs: Any,
    ) -> None:
        if ema is not None and not 0 <= ema < 1:
            raise ValueError(
                f"ema is {ema}, expected a decay in [0, 1) such as 0.999, or None for no average."
            )
        self.adversarial_loss = loss or non_saturating()
        self.batches_per_step = self.adversarial_loss.critic_steps
        self.loss_names = self.names_of_losses()
        super().__init__(**kwargs)
        self.ema = ema
        self.network_names = tuple(networks)
        for name, network in networks.items():
            if hasattr(type(self), name) or hasattr(
                self, name
            ):  # some properties have no value before compile
                raise ValueError(
                    f"A game has something named {name!r} already. Give this network another name."
                )
            setattr(self, name, network)
        for name in self.averaged:
            setattr(
                self,
                f"ema_{name}",
                None if ema is None else _copy_of(getattr(self, name)),
            )
        self.kept_names = tuple(self.keeps())
        self._kept = tuple(
            self.add_weight(
                np.shape(start),
                initializer=keras.initializers.Constant(start),
                trainable=False,
                name=name,
            )
            for name, start in self.keeps().items()
        )
        self.built = True

    def names_of_losses(self) -> tuple[str, ...]:
        """The scalars that one step reports."""
        return self.adversarial_loss.names

    def keeps(self) -> dict[str, Any]:
        """First values of all that is kept between steps, by name."""
        return self.adversarial_loss.keeps

    def draws(self) -> dict[str, Draw]:
        """All that is drawn at random for each batch, by name."""
        return self.adversarial_loss.draws

    def deal(self, data: Any, drawn: Mapping[str, Tensor]) -> Batch:
        """What the players get in one step of D.

        Args:
            data: a batch of each array that ``fit`` was given: one tensor, or a tuple of them.
            drawn: a tensor for each of ``draws()``.
        """
        raise NotImplementedError

    def step(
        self, data: Any, drawn: Sequence[Mapping[str, Tensor]]
    ) -> dict[str, Tensor]:
        """One training step; this is what is compiled.

        Args:
            data: a batch of each array for every one of the loss's critic steps, all in one tensor: the k-th of n steps
                takes the rows k, k + n, k + 2 n and so on.
            drawn: what was drawn for each critic step.
        """
        parts = [
            tf.nest.map_structure(lambda rows, k=k: rows[k :: len(drawn)], data)
            for k in range(len(drawn))
        ]
        batches = [
            self.deal(part, numbers) for part, numbers in zip(parts, drawn, strict=True)
        ]
        generator, discriminator = map(self.player, PLAYERS)
        return adversarial_step(
            generator,
            discriminator,
            self.adversarial_loss,
            batches,
            self.state,
            self.networks,
        )

    @property
    def networks(self) -> dict[str, keras.Model]:
        """Every network by its name."""
        return {name: getattr(self, name) for name in self.network_names}

    @property
    def state(self) -> dict[str, keras.Variable]:
        """The variables that hold what is kept between steps, by name."""
        return dict(zip(self.kept_names, self._kept, strict=True))

    @property
    def generator_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer of the generator's networks."""
        return self.optimizer

    @property
    def optimizers(
        self,
    ) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
        """Both optimizers, the generator's first."""
        return self.generator_optimizer, self.discriminator_optimizer

    def player(self, name: str) -> Player:
        """The "generator" or the "discriminator" of a compiled game: its networks, and what moves them."""
        networks = [getattr(self, network) for network in self.players[name]]
        return Player(networks, self.optimizers[PLAYERS.index(name)])

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | None = None,
        *,
        steps_per_execution: int = 32,
        jit_compile: bool | None = None,
    ) -> None:
        """Fix the optimizers, and build each on the variables of its own player.

        Args:
            generator_optimizer: the one that the loss recommends unless given.
            discriminator_optimizer: the same, for D.
            steps_per_execution: training steps that one call of the compiled function runs.
            jit_compile: whether to use XLA; where it pays unless given.

        Raises:
            ValueError: a network has nothing to train.
        """
        loss = self.adversarial_loss
        with self.distribute_strategy.scope():
            generator_optimizer = generator_optimizer or loss.generator_optimizer()
            discriminator_optimizer = (
                discriminator_optimizer or loss.discriminator_optimizer()
            )
        if generator_optimizer is discriminator_optimizer:
            raise ValueError(
                "Both players got the same optimizer, expected one each: an optimizer keeps one player's moments. "
                "Make two, even if their settings are the same."
            )
        if jit_compile is None:
            jit_compile = xla_pays(*self.networks.values())
        self.compile_step(
            self.step,
            xla=jit_compile,
            optimizer=generator_optimizer,
            steps_per_execution=steps_per_execution,
        )
        self.discriminator_optimizer = discriminator_optimizer
        with self.distribute_strategy.scope():
            for player in map(self.player, PLAYERS):
                player.optimizer.build(player.variables)
        self._compile_arguments = {
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }

    def losses_of_step(self, data: Any) -> dict[str, Tensor]:
        """One ``step`` with fresh noise, and the step of the averages."""
        steps, first = self.batches_per_step, tf.nest.flatten(data)[0]
        count = tf.shape(first)[0]
        if steps > 1:
            # An epoch's last batch may hold fewer images than there are steps of D: each needs at least one.
            again = tf.range(steps) % count
            data = tf.cond(
                count < steps,
                lambda: tf.nest.map_structure(
                    lambda rows: tf.gather(rows, again), data
                ),
                lambda: data,
            )
            count = tf.maximum(count, steps)

        # Drawn here, outside of the compiled step: see compile_step.
        def drawn_for(draw: Draw, step: int) -> Tensor:
            return for_rows_here(
                lambda rows: draw((rows, *first.shape[1:]), self.seed_generator),
                (count + steps - 1 - step) // steps,
                step,
                steps,
            )

        drawn = {
            name: [drawn_for(draw, step) for step in range(steps)]
            for name, draw in self.draws().items()
        }
        assert self.compiled_step
        losses = self.compiled_step(
            data,
            [
                {name: each[step] for name, each in drawn.items()}
                for step in range(steps)
            ],
        )
        if self.ema is not None:
            for name in self.averaged:
                self._follow(getattr(self, f"ema_{name}"), getattr(self, name))
        return losses

    def _follow(self, average: keras.Model, network: keras.Model) -> None:
        """Move every weight of an average, batch-norm statistics too, a little towards the network's."""
        steps = tf.cast(self.generator_optimizer.iterations.value, tf.float32)
        keep = tf.minimum(self.ema, (1 + steps) / (10 + steps))
        for mean, weight in zip(average.weights, network.weights, strict=True):
            mean.assign(mean + (1 - keep) * (weight - mean))

    def fit(self, *arrays: np.ndarray, **kwargs: Any) -> keras.callbacks.History:
        """Train; see ``ImageModel.fit``.

        Raises:
            ValueError: the game is not compiled, a network is frozen, or the arrays do not suit the game.
        """
        if not self.compiled:
            raise ValueError(
                "This GAN is not compiled, so it has no optimizers. Call its compile() before its fit()."
            )
        for player in map(self.player, PLAYERS):
            here, built = (
                len(player.variables),
                len(player.optimizer._trainable_variables),
            )
            if here != built:
                names = " and ".join(repr(network.name) for network in player.networks)
                raise ValueError(
                    f"The network {names} has {here} trainable variables, but its optimizer was built on "
                    f"{built}: something was frozen or thawed after compile. Undo it, or compile again."
                )
        return super().fit(*arrays, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """What rebuilds this game: its networks by their names, the loss by its name and arguments, the decay."""
        return {
            **super().get_config(),
            **{
                name: keras.saving.serialize_keras_object(network)
                for name, network in self.networks.items()
            },
            "loss": self.adversarial_loss.to_config(),
            "ema": self.ema,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Game:
        """The inverse of ``get_config``."""
        loss = AdversarialLoss.from_config(config["loss"])
        rest = {name: value for name, value in config.items() if name != "loss"}
        return cls(**keras.saving.deserialize_keras_object(rest), loss=loss)

    def get_compile_config(self) -> dict[str, Any]:
        """What compiles this game again: both optimizers and how steps are run."""
        if not self.compiled:
            return {}
        generator_optimizer, discriminator_optimizer = map(
            keras.saving.serialize_keras_object, self.optimizers
        )
        return {
            "generator_optimizer": generator_optimizer,
            "discriminator_optimizer": discriminator_optimizer,
            **self._compile_arguments,
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """The inverse of ``get_compile_config``."""
        self.compile(**keras.saving.deserialize_keras_object(config))


def _copy_of(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy
