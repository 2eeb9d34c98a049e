"""Three seeded steps of every model and loss end in the weights that were recorded before the engine changed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import golden

RECORDED = golden.recorded()


def test_every_case_is_recorded() -> None:
    assert RECORDED.keys() == golden.CASES.keys()


@pytest.mark.parametrize("name", golden.CASES)
def test_three_steps_end_in_the_recorded_weights(name: str) -> None:
    # Where they were recorded they are equal to the bit, which `python -m tests.training.golden` shows. Another
    # processor adds in another order: that changes a float32 sum by some 1e-7 of it, and Adam's normalised step hands
    # it on to the weight times the learning rate of at most 1e-3.
    found = golden.as_recorded(golden.run(name))
    assert "weights" in found
    for key in found.keys() & RECORDED[name].keys():
        values = RECORDED[name][key]
        np.testing.assert_allclose(found[key], values, rtol=2e-5, atol=2e-6, err_msg=key)
