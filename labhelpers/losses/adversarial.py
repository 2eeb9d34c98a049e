"""What the two players of a GAN pay, as values: one ``AdversarialLoss`` holds all that tells one GAN loss from another.

``D(x)`` is a raw score (a logit) throughout, never a probability: ``softplus(t) = log(1 + exp(t))`` turns it into a
cross-entropy that is exact at every score, where ``log(sigmoid(t))`` is infinite from -104 on in float32.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import keras
import tensorflow as tf

Tensor: TypeAlias = Any
"""A TensorFlow tensor: TensorFlow ships no types."""

ScoreFunction: TypeAlias = Callable[..., Tensor]
"""From ``(real_logits, fake_logits)`` to a scalar."""

Penalty: TypeAlias = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, Tensor], Tensor]
"""From ``(discriminator, real_images, fake_images, mix)`` to a scalar; ``mix`` is one number in [0, 1) an image."""

OptimizerFactory: TypeAlias = Callable[[], keras.optimizers.Optimizer]


def adam(learning_rate: float, beta_1: float, beta_2: float = 0.999, **more: Any) -> OptimizerFactory:
    """A recipe for Adam: an optimizer belongs to one network, so a loss keeps recipes and the model makes them."""
    return functools.partial(keras.optimizers.Adam, learning_rate, beta_1, beta_2, **more)


def real_accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Share of the real images that D calls real: a logit above 0."""
    return tf.reduce_mean(tf.cast(real_logits > 0, tf.float32))


def fake_accuracy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Share of the fake images that D calls fake: a logit below 0."""
    return tf.reduce_mean(tf.cast(fake_logits < 0, tf.float32))


@dataclass(frozen=True)
class Controller:
    """A number that the training itself moves, such as BEGAN's k.

    Attributes:
        name: under which it is logged.
        start: its first value.
        update: from ``(value, real_logits, fake_logits)`` to its next value, once a training step.
    """

    name: str
    start: float
    update: Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """One GAN loss with all that belongs to it. Two losses are equal where their names and arguments are.

    Attributes:
        discriminator: ``(real_logits, fake_logits) -> scalar``, what D minimises. With a controller, its value comes
            as a third argument. Logits are (batch, 1), or whatever else the loss asks its discriminator to put out.
        generator: ``(real_logits, fake_logits) -> scalar``, what G minimises.
        formula: both losses in LaTeX, with r = D(x) and f = D(G(z)).
        source: paper and equation.
        penalty: what is added to D's loss, computed from D's gradients.
        critic_steps: D steps, each with fresh noise, for one G step.
        clip_weights: D's trainable weights are cut to [-clip_weights, clip_weights] after each of its steps.
        controller: a number that moves with the training, and goes into ``discriminator``.
        generator_optimizer: recipe for the optimizer of the paper.
        discriminator_optimizer: the same for D.
        monitors: what to log beside the losses, each from ``(real_logits, fake_logits)``.
        name: the name of the function that made this value.
        arguments: the arguments it was made with.
    """

    discriminator: ScoreFunction = field(compare=False, repr=False)
    generator: ScoreFunction = field(compare=False, repr=False)
    formula: str = field(compare=False, repr=False)
    source: str = field(compare=False, repr=False)
    penalty: Penalty | None = field(default=None, compare=False, repr=False)
    critic_steps: int = field(default=1, compare=False)
    clip_weights: float | None = field(default=None, compare=False)
    controller: Controller | None = field(default=None, compare=False, repr=False)
    generator_optimizer: OptimizerFactory = field(default=adam(2e-4, 0.5), compare=False, repr=False)
    discriminator_optimizer: OptimizerFactory = field(default=adam(2e-4, 0.5), compare=False, repr=False)
    monitors: Mapping[str, ScoreFunction] = field(
        default_factory=lambda: {"d_real_accuracy": real_accuracy, "d_fake_accuracy": fake_accuracy},
        compare=False,
        repr=False,
    )
    name: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The scalars that one training step with this loss reports, in their order."""
        extra = [*(["penalty"] if self.penalty else []), *([self.controller.name] if self.controller else [])]
        return ("g_loss", "d_loss", *extra, *self.monitors)

    def to_config(self) -> dict[str, Any]:
        """Name and arguments, as JSON can hold them."""
        arguments = {key: _pack(value) for key, value in self.arguments.items()}
        return {"name": self.name, "arguments": arguments}

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> AdversarialLoss:
        """The loss that ``to_config`` described.

        Raises:
            ValueError: there is no loss of this name.
        """
        name = config["name"]
        if name not in LOSSES:
            raise ValueError(
                f"There is no loss named {name!r}, expected one of {', '.join(sorted(LOSSES))}. "
                "Import the module that registers it, or write the function and decorate it with registered_loss."
            )
        return LOSSES[name](**{key: _unpack(value) for key, value in config["arguments"].items()})


LOSSES: dict[str, Callable[..., AdversarialLoss]] = {}
"""Every loss by its name: a saved model says which loss it was trained with."""


def registered_loss(factory: Callable[..., AdversarialLoss]) -> Callable[..., AdversarialLoss]:
    """Give the losses that a function makes its name and arguments, and list it in ``LOSSES``."""
    signature = inspect.signature(factory)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> AdversarialLoss:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        loss = factory(*args, **kwargs)
        return dataclasses.replace(loss, name=factory.__name__, arguments=dict(bound.arguments))

    LOSSES[factory.__name__] = make
    return make


def _pack(value: Any) -> Any:
    return {"loss": value.to_config()} if isinstance(value, AdversarialLoss) else value


def _unpack(value: Any) -> Any:
    return AdversarialLoss.from_config(value["loss"]) if isinstance(value, Mapping) and "loss" in value else value


_CROSS_ENTROPY = r"L_D = \mathbb{E}\,\log(1 + e^{-r}) + \mathbb{E}\,\log(1 + e^{f}), "


def _cross_entropy(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


@registered_loss
def non_saturating() -> AdversarialLoss:
    """The loss that GANs are trained with: G maximises log D(G(z)).

    Where D is sure that an image is fake, G's gradient is largest: just where G has most to learn.
    The optimizers are those of Radford et al. 2015, section 4.

    Source: Goodfellow et al. 2014, equation 1 for D and the end of section 3 for G.
    """
    return AdversarialLoss(
        discriminator=_cross_entropy,
        generator=lambda real_logits, fake_logits: tf.reduce_mean(tf.nn.softplus(-fake_logits)),
        formula=_CROSS_ENTROPY + r"\quad L_G = \mathbb{E}\,\log(1 + e^{-f})",
        source="Goodfellow et al. 2014, Generative Adversarial Nets, section 3",
    )


@registered_loss
def saturating() -> AdversarialLoss:
    """The minimax game as it is written: G minimises log(1 - D(G(z))), the negative of D's own loss on the fakes.

    Where D is sure that an image is fake, G's gradient vanishes.

    Source: Goodfellow et al. 2014, equation 1.
    """
    return AdversarialLoss(
        discriminator=_cross_entropy,
        generator=lambda real_logits, fake_logits: -tf.reduce_mean(tf.nn.softplus(fake_logits)),
        formula=_CROSS_ENTROPY + r"\quad L_G = -\mathbb{E}\,\log(1 + e^{f})",
        source="Goodfellow et al. 2014, Generative Adversarial Nets, equation 1",
    )
