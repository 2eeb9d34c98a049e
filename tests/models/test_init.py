"""Saved networks name their layers; importing the models must be enough to find them."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_models_registers_their_layers() -> None:
    names = [
        "Patchify",
        "PositionEmbedding",
        "RandomColour",
        "ReconstructionEnergy",
        "SelfAttention",
        "TrainingOnly",
        "Unpatchify",
    ]
    program = (
        "import keras, labhelpers.models\n"
        "known = keras.saving.get_custom_objects()\n"
        "print(*sorted(name for name in known if name.startswith('labhelpers>')))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [f"labhelpers>{name}" for name in names]
