"""What an installation brings along besides the package."""

from __future__ import annotations

from jupyterlab_server.config import get_page_config


def test_a_students_jupyterlab_loads_no_tools_of_nbgrader() -> None:
    assert "@jupyter/nbgrader" in get_page_config([])["disabledExtensions"]
