"""The theory: what weights and activations do to the variance of a signal and of its gradient.

Pure functions of numbers, which may be symbolic (`Size`) or unknown (``None``). Each name is loaded when it is first
asked for: whoever needs sizes alone does not pay for the integrals.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initlint.signal.activations import ACTIVATIONS as ACTIVATIONS
    from initlint.signal.activations import activation as activation
    from initlint.signal.defaults import DEFAULTS as DEFAULTS
    from initlint.signal.defaults import Defaults as Defaults
    from initlint.signal.distribution import Distribution as Distribution
    from initlint.signal.initializers import INITIALIZERS as INITIALIZERS
    from initlint.signal.initializers import calculate_gain as calculate_gain
    from initlint.signal.initializers import fans as fans
    from initlint.signal.moments import STANDARD as STANDARD
    from initlint.signal.moments import UNKNOWN as UNKNOWN
    from initlint.signal.moments import Moments as Moments
    from initlint.signal.nonlinearity import Activation as Activation
    from initlint.signal.size import Number as Number
    from initlint.signal.size import Size as Size
    from initlint.signal.size import Value as Value
    from initlint.signal.size import as_float as as_float
    from initlint.signal.size import combine as combine
    from initlint.signal.size import is_known as is_known
    from initlint.signal.stack import LayerSignal as LayerSignal
    from initlint.signal.stack import StackLayer as StackLayer
    from initlint.signal.stack import StackSignal as StackSignal
    from initlint.signal.stack import propagate_stack as propagate_stack

_NAMES = {
    "activations": ("ACTIVATIONS", "activation"),
    "defaults": ("DEFAULTS", "Defaults"),
    "distribution": ("Distribution",),
    "initializers": ("INITIALIZERS", "calculate_gain", "fans"),
    "moments": ("STANDARD", "UNKNOWN", "Moments"),
    "nonlinearity": ("Activation",),
    "size": ("Number", "Size", "Value", "as_float", "combine", "is_known"),
    "stack": ("LayerSignal", "StackLayer", "StackSignal", "propagate_stack"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
