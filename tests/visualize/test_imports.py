"""The room is light to import: networks that are drawn bring Keras along themselves."""

from __future__ import annotations

import subprocess
import sys


def test_importing_visualize_loads_neither_keras_nor_tensorflow():
    code = "import sys, labhelpers.visualize; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
