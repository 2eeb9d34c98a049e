"""How much each profile lets the contest train: read by lab 07 and by ``labs zoo``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """The size of one contest.

    Attributes:
        toy_count: points of the ring and of the grid.
        ring_epochs: passes over the ring, for a loss with one step of D.
        grid_epochs: the same over the grid.
        train_count: digits to learn from.
        digit_epochs: passes over the digits.
        sample_count: samples that are judged.
    """

    toy_count: int
    ring_epochs: int
    grid_epochs: int
    train_count: int
    digit_epochs: int
    sample_count: int


RUNS: dict[str, Run] = {
    "smoke": Run(
        1_280,
        ring_epochs=1,
        grid_epochs=1,
        train_count=640,
        digit_epochs=1,
        sample_count=200,
    ),
    "quick": Run(
        102_400,
        ring_epochs=7,
        grid_epochs=18,
        train_count=60_000,
        digit_epochs=6,
        sample_count=10_000,
    ),
    "full": Run(
        102_400,
        ring_epochs=20,
        grid_epochs=60,
        train_count=60_000,
        digit_epochs=60,
        sample_count=10_000,
    ),
}
"""The contest of each run profile."""
