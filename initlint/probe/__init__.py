"""Running a model once, forward and backward, and measuring whether it can learn.

The package is also the function `initlint.probe(model, ...)`, see `initlint.probing.probe`.

Importing this package loads nothing else: `check` never needs what is in here, and PyTorch is loaded by what measures
only. A target runs in a process of its own (`initlint.probe.containment`).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    """Importing any module of a package binds the package to its name in the parent, in the place of a function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from initlint.probing import probe

        return probe(*args, **kwargs)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        from initlint.probing import probe

        return signature(probe)


sys.modules[__name__].__class__ = _CallablePackage
