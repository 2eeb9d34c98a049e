"""What the two players of a GAN pay, as values: two functions of D's scores, and terms that are added to them.

``D(x)`` is a raw score (a logit) throughout, never a probability: ``softplus(t) = log(1 + exp(t))`` turns it into a
cross-entropy that is finite at every score, where ``log(sigmoid(t))`` is -inf from -87.34 on: below
1.2e-38, the smallest normal float32, TensorFlow takes a sigmoid for 0.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

import keras
import numpy as np
import tensorflow as tf

from labhelpers.arrays import Tensor
from labhelpers.losses.seen import Seen

ScoreFunction: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""From D's scores of real and of fake images to a scalar."""

Amount: TypeAlias = Callable[[Seen], Any]
"""From what a player has seen to a scalar, or to a pair: that scalar, and new values of what the term keeps."""

Draw: TypeAlias = Callable[[tuple[Any, ...], keras.random.SeedGenerator], Tensor]
"""From the shape of a batch of real images and a source of random numbers to something random."""

OptimizerFactory: TypeAlias = Callable[[], keras.optimizers.Optimizer]


def adam(
    learning_rate: float, beta_1: float, beta_2: float = 0.999, **more: Any
) -> OptimizerFactory:
    """A recipe for Adam: an optimizer belongs to one player, so a loss keeps recipes and the game makes them."""
    return functools.partial(
        keras.optimizers.Adam, learning_rate, beta_1, beta_2, **more
    )


def real_accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Share of the real images that D calls real: a logit above 0."""
    return tf.reduce_mean(tf.cast(real_logits > 0, tf.float32))


def fake_accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Share of the fake images that D calls fake: a logit below 0."""
    return tf.reduce_mean(tf.cast(fake_logits < 0, tf.float32))


accuracies: Mapping[str, ScoreFunction] = {
    "d_real_accuracy": real_accuracy,
    "d_fake_accuracy": fake_accuracy,
}
"""What is logged beside a loss whose border between real and fake is a score of 0."""

mean_scores: Mapping[str, ScoreFunction] = {
    "real_score": lambda real_scores, fake_scores: tf.reduce_mean(real_scores),
    "fake_score": lambda real_scores, fake_scores: tf.reduce_mean(fake_scores),
}
"""What is logged beside a loss whose scores have no such border."""


@dataclass(frozen=True)
class Term:
    """Something that a player pays besides the loss of the scores. It is logged under its name, as it is paid.

    Attributes:
        payer: who pays: "generator", "discriminator" or "both".
        amount: what is paid, before the weight; for a term that keeps something also what is kept from now on:
            ``(amount, {name: new value})``.
        weight: factor of the amount.
        formula: what is paid, weight included, in LaTeX.
        source: paper and equation.
        every: the term is computed in every ``every``-th step of its payer only, and paid ``every`` times then, so that
            on average as much is paid. In the other steps it is logged as 0.
        draws: what it needs drawn at random for each batch, by name; it finds it in ``seen.drawn``.
        keeps: first values of what it keeps between steps, by name; found in ``seen.state``. Numbers are logged.
        monitors: what to log beside it, each from what D has seen.
        name: the name of the function that made this value.
        arguments: the arguments it was made with.
    """

    payer: Literal["generator", "discriminator", "both"]
    amount: Amount = field(compare=False, repr=False)
    weight: float = 1.0
    formula: str = field(default="", compare=False, repr=False)
    source: str = field(default="", compare=False, repr=False)
    every: int = 1
    draws: Mapping[str, Draw] = field(default_factory=dict, compare=False, repr=False)
    keeps: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    monitors: Mapping[str, Callable[[Seen], Tensor]] = field(
        default_factory=dict, compare=False, repr=False
    )
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(
                f"every is {self.every}, expected a number of steps of at least 1."
            )

    def is_paid_by(self, player: str) -> bool:
        """Whether the "generator", or the "discriminator", pays this term."""
        return self.payer in (player, "both")


@dataclass(frozen=True)
class AdversarialLoss:
    """One GAN loss with all that belongs to it. Two losses are equal where their names, arguments and terms are.

    Attributes:
        discriminator: ``(real_scores, fake_scores) -> scalar``, what D minimises.
        generator: the same for G.
        formula: both losses in LaTeX, with r = D(x) and f = D(G(z)).
        source: paper and equation.
        terms: what is paid besides.
        reads: which of D's outputs the functions take, where D puts out several by name.
        relativistic: whether G's function looks at the real images' scores, so that the D that has just learned must
            give them anew.
        critic_steps: D steps, each with images and noise of its own, for one G step.
        clip_weights: D's trainable weights are cut to [-clip_weights, clip_weights] after each of its steps.
        generator_optimizer: recipe for the optimizer of the paper.
        discriminator_optimizer: the same for D.
        monitors: what to log besides, each from ``(real_scores, fake_scores)``.
        name: the name of the function that made this value.
        arguments: the arguments it was made with.
    """

    discriminator: ScoreFunction = field(compare=False, repr=False)
    generator: ScoreFunction = field(compare=False, repr=False)
    formula: str = field(compare=False, repr=False)
    source: str = field(compare=False, repr=False)
    terms: tuple[Term, ...] = ()
    reads: str = field(default="logit", compare=False, repr=False)
    relativistic: bool = field(default=False, compare=False, repr=False)
    critic_steps: int = field(default=1, compare=False)
    clip_weights: float | None = field(default=None, compare=False)
    generator_optimizer: OptimizerFactory = field(
        default=adam(2e-4, 0.5), compare=False, repr=False
    )
    discriminator_optimizer: OptimizerFactory = field(
        default=adam(2e-4, 0.5), compare=False, repr=False
    )
    monitors: Mapping[str, ScoreFunction] = field(
        default_factory=lambda: accuracies, compare=False, repr=False
    )
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    added: tuple[Term, ...] = field(default=(), compare=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The scalars that one training step with this loss reports, in their order."""
        numbers = [name for name, start in self.keeps.items() if np.ndim(start) == 0]
        watched = [name for term in self.terms for name in term.monitors]
        return (
            "g_loss",
            "d_loss",
            *(term.name for term in self.terms),
            *numbers,
            *watched,
            *self.monitors,
        )

    @property
    def keeps(self) -> dict[str, Any]:
        """First values of all that the terms keep between steps, by name."""
        return {
            name: start for term in self.terms for name, start in term.keeps.items()
        }

    @property
    def draws(self) -> dict[str, Draw]:
        """All that the terms need drawn, by name."""
        return {name: draw for term in self.terms for name, draw in term.draws.items()}

    def plus(self, *terms: Term) -> AdversarialLoss:
        """This loss with more terms.

        Raises:
            ValueError: a term has no name, or its name, or that of what it keeps or monitors, is taken.
        """
        taken = {*self.names, *self.keeps}
        for term in terms:
            if not term.name:
                raise ValueError(
                    "This term has no name. Decorate the function that makes it with registered_term."
                )
            for name in (term.name, *term.keeps, *term.monitors):
                if name in taken:
                    raise ValueError(
                        f"The loss already reports something named {name!r}, expected each name once: leave one of "
                        "them out, or give the function that makes the term, what it keeps or its monitor another name."
                    )
                taken.add(name)
        payers = {"generator": "L_G", "discriminator": "L_D", "both": "L_D, L_G"}
        formulas = [
            rf", \quad {payers[term.payer]} \mathrel{{+}}= {term.formula}"
            for term in terms
        ]
        return dataclasses.replace(
            self,
            terms=(*self.terms, *terms),
            added=(*self.added, *terms),
            formula="".join([self.formula, *formulas]),
            source="; ".join(
                [self.source, *(term.source for term in terms if term.source)]
            ),
        )

    def score_of(self, output: Any) -> Any:
        """The scores in what D puts out: itself, or the entry that this loss reads.

        Raises:
            ValueError: there is no such entry.
        """
        if not isinstance(output, Mapping):
            return output
        if self.reads not in output:
            raise ValueError(
                f"The loss {self.name!r} reads {self.reads!r} of what D puts out, but there is only "
                f"{', '.join(sorted(output))}. Give D an output of this name, or choose a loss that reads another."
            )
        return output[self.reads]

    def to_config(self) -> dict[str, Any]:
        """Name and arguments of the loss and of each added term, as JSON can hold them."""
        config = {"name": self.name, "arguments": dict(self.arguments)}
        added = [
            {"name": term.name, "arguments": dict(term.arguments)}
            for term in self.added
        ]
        return {**config, "terms": added} if added else config

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> AdversarialLoss:
        """The loss that ``to_config`` described.

        Raises:
            ValueError: there is no loss, or no term, of this name.
        """
        if (
            config["name"] == "with_r1"
        ):  # how models that were saved before losses had terms name it
            config = config["arguments"]
            r1 = {"name": "r1", "arguments": {"gamma": config["gamma"]}}
            return AdversarialLoss.from_config(config["loss"]["loss"]).plus(
                _made_again(r1, TERMS)
            )
        loss: AdversarialLoss = _made_again(config, LOSSES)
        return loss.plus(
            *(_made_again(term, TERMS) for term in config.get("terms", ()))
        )


def parts_of(scores: Any) -> list[Tensor]:
    """The parts of D's scores: several scales or heads come as a list, anything else is one part."""
    return list(scores) if isinstance(scores, list | tuple) else [scores]


def mean_over_parts(
    function: ScoreFunction, real_scores: Any, fake_scores: Any
) -> Tensor:
    """A function of scores, as the mean over their parts: one for each scale or head.

    Args:
        function: from real and fake scores to a scalar; scores of patches (batch, h, w, 1) are one part.
        real_scores: a tensor, or a list of tensors.
        fake_scores: the same structure.
    """
    values = [
        function(*pair)
        for pair in zip(parts_of(real_scores), parts_of(fake_scores), strict=True)
    ]
    return values[0] if len(values) == 1 else tf.add_n(values) / len(values)


LOSSES: dict[str, Callable[..., AdversarialLoss]] = {}
"""Every loss by its name: a saved model says which loss it was trained with."""

TERMS: dict[str, Callable[..., Term]] = {}
"""Every term by its name."""

Value = TypeVar("Value", AdversarialLoss, Term)


def registered_loss(
    factory: Callable[..., AdversarialLoss],
) -> Callable[..., AdversarialLoss]:
    """Give the losses that a function makes its name and arguments, and list it in ``LOSSES``."""
    return _registered(factory, LOSSES)


def registered_term(factory: Callable[..., Term]) -> Callable[..., Term]:
    """Give the terms that a function makes its name and arguments, and list it in ``TERMS``."""
    return _registered(factory, TERMS)


def _registered(
    factory: Callable[..., Value], registry: dict[str, Callable[..., Value]]
) -> Callable[..., Value]:
    signature = inspect.signature(factory)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Value:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        value = factory(*args, **kwargs)
        named = dataclasses.replace(
            value, name=factory.__name__, arguments=dict(bound.arguments)
        )
        # Terms that the function itself has added are made again by it, and need no place in the config.
        return (
            dataclasses.replace(named, added=())
            if isinstance(named, AdversarialLoss)
            else named
        )

    registry[factory.__name__] = make
    return make


def _made_again(
    config: Mapping[str, Any], registry: dict[str, Callable[..., Value]]
) -> Value:
    name = config["name"]
    if name not in registry:
        kind = "loss" if registry is LOSSES else "term"
        raise ValueError(
            f"There is no {kind} named {name!r}, expected one of {', '.join(sorted(registry))}. "
            f"Import the module that registers it, or write the function and decorate it with registered_{kind}."
        )
    return registry[name](**config["arguments"])
