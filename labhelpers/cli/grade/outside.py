"""Which exercises are decided in a process that runs no student's code, and that process: the judge."""

from __future__ import annotations

from pathlib import Path

DECIDED_OUTSIDE = {
    "lab01": {"sample_z", "kl_divergence", "vae_loss", "repaired_loss"},
    "lab03": {
        "optimal_discriminator",
        "discriminator_loss",
        "generator_loss",
        "preprocess",
        "back_to_pixels",
    },
    "lab04": {"conv_output_size", "transposed_output_size", "count_parameters"},
    "lab05": {"attention", "multi_head", "patchify", "add_up"},
    "lab06": {
        "generator_sides",
        "discriminator_sides",
        "translate",
        "frame_milliseconds",
    },
    # The others of lab 07 are compiled by XLA, which no call to another process survives.
    "lab07": {"best_scores", "earth_mover"},
}
"""Exercises whose answer takes numbers and gives numbers, by the part of ``labhelpers.checks`` that has their check."""


def judge_side() -> str:
    """The text of the file that is sent to every judge."""
    return Path(__file__).with_name("judge_side.py").read_text(encoding="utf-8")
