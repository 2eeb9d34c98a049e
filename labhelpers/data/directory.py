"""Where data sets live on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def data_directory() -> Path:
    """The folder that holds downloaded and drawn data.

    Returns:
        The folder named by the environment variable ``LABS_DATA``, or the project's ``data`` folder where it is not
        set; ``data`` in the working directory where the package came without the project, as in Colab. The folder
        need not exist yet: whoever writes into it creates it.
    """
    named = os.environ.get("LABS_DATA")
    if named:
        return Path(named).expanduser()
    project = Path(__file__).resolve().parents[2]
    return (project if (project / "pyproject.toml").exists() else Path.cwd()) / "data"
