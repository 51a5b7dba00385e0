"""The shared vocabulary: what a network is, whether it was predicted from source or measured."""

from initlint.network.network import (
    TRANSPARENT,
    WEIGHTED,
    DiscardedInit,
    EarlyApply,
    LateInit,
    Layer,
    Network,
    Observation,
    RecomputedInit,
    Replication,
    Training,
    TypeTest,
    UnregisteredLayers,
    VectorInit,
)
from initlint.network.parameter import Number, Parameter, Shape, Write

__all__ = [
    "TRANSPARENT",
    "WEIGHTED",
    "DiscardedInit",
    "EarlyApply",
    "LateInit",
    "Layer",
    "Network",
    "Number",
    "Observation",
    "Parameter",
    "RecomputedInit",
    "Replication",
    "Shape",
    "Training",
    "TypeTest",
    "UnregisteredLayers",
    "VectorInit",
    "Write",
]
