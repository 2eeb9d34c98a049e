"""Shared helpers of the labs on variational autoencoders and generative adversarial networks.

Submodules load on first use, so that ``import labhelpers`` stays light and loads no TensorFlow.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from types import ModuleType

__version__ = importlib.metadata.version("labhelpers")

_SUBMODULES = (
    "checks",
    "data",
    "judging",
    "losses",
    "models",
    "profiles",
    "quiet",
    "training",
    "visualize",
    "zoo",
)
__all__ = ["__version__", *_SUBMODULES]  # noqa: PLE0604


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return importlib.import_module(f"labhelpers.{name}")
    raise AttributeError(
        f"labhelpers has no part named {name!r}: it has {', '.join(_SUBMODULES)}"
    )


def __dir__() -> list[str]:
    return sorted(__all__)
