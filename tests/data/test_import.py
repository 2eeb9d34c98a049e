"""The package and its data sets are there at once: they load no TensorFlow."""

from __future__ import annotations

import subprocess
import sys


def test_labhelpers_is_light_to_import():
    code = (
        "import sys, labhelpers, labhelpers.data; assert labhelpers.data.load_mnist\n"
        "heavy = [name for name in ('tensorflow', 'keras') if name in sys.modules]; assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
