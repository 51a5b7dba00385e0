"""The theory: what weights and activations do to the variance of a signal and of its gradient.

Pure functions of numbers, which may be symbolic (`Size`) or unknown (``None``).
"""

from initlint.signal.activations import ACTIVATIONS, activation
from initlint.signal.defaults import DEFAULTS, Defaults
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import INITIALIZERS, calculate_gain, fans
from initlint.signal.moments import STANDARD, UNKNOWN, Moments
from initlint.signal.nonlinearity import Activation
from initlint.signal.size import Number, Size, Value, as_float, combine, is_known
from initlint.signal.stack import LayerSignal, StackLayer, StackSignal, propagate_stack

__all__ = [
    "ACTIVATIONS",
    "DEFAULTS",
    "INITIALIZERS",
    "STANDARD",
    "UNKNOWN",
    "Activation",
    "Defaults",
    "Distribution",
    "LayerSignal",
    "Moments",
    "Number",
    "Size",
    "StackLayer",
    "StackSignal",
    "Value",
    "activation",
    "as_float",
    "calculate_gain",
    "combine",
    "fans",
    "is_known",
    "propagate_stack",
]
