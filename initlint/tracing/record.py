"""What is met while a root is traced."""

from __future__ import annotations

from dataclasses import dataclass, field

from initlint.finding import Place
from initlint.network import Layer, Observation, Parameter
from initlint.tracing.values import Value


@dataclass
class Record:
    """What was met while one root was traced."""

    layers: list[Layer] = field(default_factory=list)
    graph: list[Layer] = field(default_factory=list)
    """What was called outside of any model, of which some may be made."""
    parameters: list[Parameter] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    reasons: list[tuple[Place, str]] = field(default_factory=list)
    made: list[Value] = field(default_factory=list)
    """Modules constructed, in order."""
    known_arguments: dict[int, bool] = field(default_factory=dict)
    """For each instance made, by identity: whether all its arguments were known."""
    classes: set[int] = field(default_factory=set)
    fails: bool = False
    """Whether what ran surely raises: by itself, or as it asks an attribute of ``None``."""
    followed: set[int] = field(default_factory=set)
    """Instances, by identity, whose `forward` was run."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers that differ once something was met that matters to a network."""
        return len(self.layers), len(self.parameters), len(self.observations), len(self.made)
