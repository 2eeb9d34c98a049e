"""The adversarial training step: one function from two players and what is dealt to named losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.core import AdversarialLoss, Term, mean_over_parts
from labhelpers.losses.seen import Batch, Seen
from labhelpers.training.replicas import mean_over_replicas


class Player:
    """A network with the optimizer that moves it, and with the networks that learn along with it, if there are any.

    Args:
        networks: the one that plays, or a sequence: that one first, then those that learn along.
        optimizer: built on their trainable variables.
    """

    def __init__(
        self,
        networks: keras.Model | Sequence[keras.Model],
        optimizer: keras.optimizers.Optimizer,
    ) -> None:
        self.networks = (
            (networks,) if isinstance(networks, keras.Model) else tuple(networks)
        )
        self.optimizer = optimizer

    def __call__(self, inputs: Any, told: Sequence[Tensor] = ()) -> Any:
        """What the playing network makes of its inputs, and of what it is told besides, in training mode."""
        return self.networks[0]([inputs, *told] if told else inputs, training=True)

    def descend(self, tape: tf.GradientTape, loss: Tensor) -> None:
        """One step of this player's networks, and of nothing else, down its loss."""
        variables = self.variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)

    @property
    def variables(self) -> list[keras.Variable]:
        """Everything that the optimizer moves.

        Raises:
            ValueError: a network has nothing to train.
        """
        for network in self.networks:
            if not network.trainable_variables:
                raise ValueError(
                    f"The network {network.name!r} has 0 trainable variables (its `trainable` is {network.trainable}), "
                    "so it would never learn; each optimizer here moves its own networks only, so nothing has to be "
                    f"frozen. Set {network.name}.trainable = True and compile again."
                )
        return [
            variable
            for network in self.networks
            for variable in network.trainable_variables
        ]


def adversarial_step(
    generator: Player,
    discriminator: Player,
    loss: AdversarialLoss,
    batches: Sequence[Batch],
    state: Mapping[str, Any] | None = None,
    networks: Mapping[str, keras.Model] | None = None,
) -> dict[str, Tensor]:
    """One step of the game: D learns from both kinds of images, then G from that D.

    1. G draws fakes from its source, and its tape remembers how.
    2. D scores the real images and the fakes, and takes a step down its own loss plus
       the terms that it pays.
    3. The D that has just learned scores the same fakes again; G takes a step down its
       loss plus its terms, through D, which stays as it is.

    Args:
        generator: from ``batch.source`` to images.
        discriminator: from images to scores (batch, 1), to a list of scores, or to a
            dict of named outputs.
        loss: what both of them pay.
        batches: one for each of the loss's ``critic_steps``.
        state: variables for what the terms keep between steps, by name.
        networks: the game's networks by name, for terms that need another one.

    Returns:
        The scalars named in ``loss.names``; ``g_loss`` and ``d_loss`` are without the
        terms.

    Raises:
        ValueError: a network has nothing to train, or a term misses something that it
            needs.
    """
    table = Table(generator, discriminator, loss, state or {}, networks or {})
    for batch in batches:
        with tf.GradientTape() as generator_tape:
            fake_images = generator(batch.source, batch.told_to_generator)
        with tf.GradientTape() as discriminator_tape:
            seen = table.look(batch, fake_images)
            d_loss = table.loss_of_scores(loss.discriminator, seen)
            d_terms = table.pay("discriminator", seen)
            d_total = sum(d_terms.values(), start=d_loss)
        discriminator.descend(discriminator_tape, d_total)
        if loss.clip_weights is not None:
            for weight in discriminator.variables:
                weight.assign(
                    tf.clip_by_value(weight, -loss.clip_weights, loss.clip_weights)
                )
    with generator_tape:
        again = table.look(
            batch, fake_images, known=None if loss.relativistic else seen.real
        )
        g_loss = table.loss_of_scores(loss.generator, again)
        g_terms = table.pay("generator", again)
        g_total = sum(g_terms.values(), start=g_loss)
    generator.descend(generator_tape, g_total)
    return {
        "g_loss": g_loss,
        "d_loss": d_loss,
        **d_terms,
        **g_terms,
        **table.watch(seen),
    }


class Table:
    """Where the players sit during one step: what they see, what they owe, and what is kept between steps.

    Args:
        generator: one player.
        discriminator: the other.
        loss: what both pay.
        state: variables by name.
        networks: the game's networks by name.
    """

    def __init__(
        self,
        generator: Player,
        discriminator: Player,
        loss: AdversarialLoss,
        state: Mapping[str, Any],
        networks: Mapping[str, keras.Model],
    ) -> None:
        missing = sorted(loss.keeps.keys() - state.keys())
        if missing:
            raise ValueError(
                f"The loss {loss.name!r} keeps {', '.join(missing)} between steps, but got no variable for it: pass "
                "state={name: tf.Variable(start) for name, start in loss.keeps.items()}."
            )
        self.players = {"generator": generator, "discriminator": discriminator}
        self.loss = loss
        self.state = state
        self.networks = {
            name: player.networks[0] for name, player in self.players.items()
        } | dict(networks)

    def look(self, batch: Batch, fake_images: Tensor, known: Any = None) -> Seen:
        """Let D look at the real and the fake images; what it put out for the real ones may be known already."""
        missing = sorted(self.loss.draws.keys() - batch.drawn.keys())
        if missing:
            raise ValueError(
                f"The loss {self.loss.name!r} needs {', '.join(missing)} drawn at random for each batch, but got "
                f"{sorted(batch.drawn) or 'nothing'}. Draw them with loss.draws, or let a GAN do it in fit()."
            )
        judge, told = self.players["discriminator"], batch.told_to_discriminator

        def score(images: Tensor, training: bool = True) -> Any:
            # `training` is there for penalties that call D as they would call a network.
            return self.loss.score_of(judge(images, told))

        return Seen(
            batch,
            fake_images,
            real=judge(batch.real_images, told) if known is None else known,
            fake=judge(fake_images, told),
            score=score,
            state={
                name: tf.convert_to_tensor(variable)
                for name, variable in self.state.items()
            },
            networks=self.networks,
        )

    def loss_of_scores(self, function: Any, seen: Seen) -> Tensor:
        """One of the loss's functions of the scores, as the mean over the scores' parts."""
        return mean_over_parts(
            function, self.loss.score_of(seen.real), self.loss.score_of(seen.fake)
        )

    def pay(self, name: str, seen: Seen) -> dict[str, Tensor]:
        """What a player owes for its terms, by the terms' names; what the terms keep is put away."""
        owed = {}
        for term in self.loss.terms:
            if term.is_paid_by(name):
                owed[term.name], kept = _due(
                    term, seen, self.players[name].optimizer.iterations
                )
                for key, value in mean_over_replicas(kept).items():
                    self.state[key].assign(value)
        return owed

    def watch(self, seen: Seen) -> dict[str, Tensor]:
        """What is logged besides the losses: kept numbers, and the monitors."""
        numbers = {
            key: tf.convert_to_tensor(value)
            for key, value in self.state.items()
            if len(value.shape) == 0
        }
        of_terms = {
            key: monitor(seen)
            for term in self.loss.terms
            for key, monitor in term.monitors.items()
        }
        return (
            numbers
            | of_terms
            | {
                key: self.loss_of_scores(each, seen)
                for key, each in self.loss.monitors.items()
            }
        )


def _due(term: Term, seen: Seen, step: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """What a term costs in this step of its payer, and what it keeps from now on."""
    before = {name: seen.state[name] for name in term.keeps}

    def paid() -> tuple[Tensor, dict[str, Tensor]]:
        result = term.amount(seen)
        amount, kept = result if isinstance(result, tuple) else (result, {})
        return term.every * term.weight * amount, before | kept

    if term.every == 1:
        return paid()
    now = tf.convert_to_tensor(step) % term.every == 0
    nothing = tf.zeros((), tf.nest.flatten(seen.fake)[0].dtype)
    return tf.cond(now, paid, lambda: (nothing, dict(before)))
