"""What one step of a game deals, and what a term of a loss can be computed from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras

from labhelpers.arrays import Tensor


class Batch(NamedTuple):
    """What is dealt for one step of D.

    Attributes:
        real_images: (batch, ...), in the range of the generator's last layer.
        source: what G starts from: noise (batch, latent_dim), or small images, drawings, codes.
        told_to_generator: further inputs of G, such as labels or a caption.
        told_to_discriminator: further inputs of D; they may be others than G's.
        drawn: everything random that the terms of the loss asked for, by name.
    """

    real_images: Tensor
    source: Any
    told_to_generator: tuple[Tensor, ...] = ()
    told_to_discriminator: tuple[Tensor, ...] = ()
    drawn: Mapping[str, Tensor] = {}


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a player has seen when it pays: the input of every term.

    Attributes:
        batch: what was dealt.
        fake_images: what G drew from it.
        real: what D put out for the real images.
        fake: what D put out for the fake ones; in G's turn this is the opinion of the D that has just learned.
        score: from images (batch, ...) to D's scores, in training mode, with D's condition filled in.
        state: by name, the numbers and tensors that are kept between steps.
        networks: every network of the game by its name, frozen helpers included.
    """

    batch: Batch
    fake_images: Tensor
    real: Any
    fake: Any
    score: Callable[[Tensor], Any]
    state: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)
    networks: Mapping[str, keras.Model] = dataclasses.field(default_factory=dict)

    @property
    def real_images(self) -> Tensor:
        """The real images of the batch."""
        return self.batch.real_images

    @property
    def drawn(self) -> Mapping[str, Tensor]:
        """What was drawn at random for the terms."""
        return self.batch.drawn
