"""A parameter of a model: its shape, and every write to it in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.signal.distribution import Distribution
from initlint.signal.initializers import Shape
from initlint.signal.size import Number

if TYPE_CHECKING:
    from initlint.probe.recording import ParameterRow

__all__ = ["Number", "Parameter", "Shape", "Write"]


@dataclass(frozen=True)
class Write:
    """One write to a parameter: its construction, the framework's default, an init call, an in-place method."""

    initializer: str
    """The initialiser's name in its framework (``"kaiming_normal_"``, ``"fill_"``), ``"default"`` for what the layer's
    own constructor does, ``"empty"`` for memory that holds no value, ``"unknown"`` for what could not be followed."""
    place: Place
    distribution: Distribution | None
    """What the entries are drawn from afterwards; ``None``: unknown."""
    arguments: Mapping[str, object] = field(default_factory=dict)
    is_certain: bool = True
    """False if it stands in a branch that may not run."""
    is_partial: bool = False
    """True if it writes a part of the tensor only: a row, a slice."""
    function: str = ""
    """Name of the function the write stands in; empty at module level."""
    rows: int | None = None
    """Of a partial write: how many entries along the first axis it writes, if that is known."""

    @property
    def is_explicit(self) -> bool:
        """Whether somebody wrote it down, rather than the layer's own default; a copy of another layer is no init."""
        return self.initializer not in ("default", "empty", "clone")


class Parameter:
    """A tensor that is trained. Compared by identity: tied weights are one parameter."""

    __slots__ = ("is_frozen", "measured", "name", "place", "role", "shape", "writes")

    def __init__(self, name: str, role: str, shape: Shape | None, place: Place) -> None:
        self.name = name
        self.role = role
        """``"weight"``, ``"bias"``, ``"scale"`` (of a norm), ``"embedding"``, ``"recurrent"``, ``"raw"``."""
        self.shape = shape
        self.place = place
        """Where it is constructed."""
        self.writes: tuple[Write, ...] = ()
        self.is_frozen = False
        self.measured: ParameterRow | None = None
        """What the probe saw of it."""

    @property
    def last(self) -> Write | None:
        """The write that decides the whole tensor: the last one that is not partial."""
        return next((write for write in reversed(self.writes) if not write.is_partial), None)

    @property
    def distribution(self) -> Distribution | None:
        """What the entries are drawn from at the end; ``None`` where a write is unknown, uncertain or partial."""
        last = self.last
        if last is None or not self.is_settled:
            return None
        return last.distribution

    @property
    def parts(self) -> list[tuple[float, Distribution]] | None:
        """Laws of the rows with the share of all that each holds for; `None` where a write is unknown or uncertain."""
        last, count = self.last, self.shape[0] if self.shape else None
        law = last.distribution if last is not None else None
        if last is None or law is None or not isinstance(count, int):
            return None
        found: list[tuple[float, Distribution]] = [(1.0, law)] if last.is_certain else []
        for write in self.writes[self.writes.index(last) + 1 :]:
            if not write.is_certain or write.rows is None or write.distribution is None:
                return None
            share = min(write.rows / count, 1.0)
            found = [*((each * (1 - share), law) for each, law in found), (share, write.distribution)]
        return found or None

    @property
    def is_settled(self) -> bool:
        """Whether it is known which write came last, and that it wrote everything."""
        return bool(self.writes) and self.writes[-1].is_certain and not self.writes[-1].is_partial

    @property
    def doubt(self) -> str:
        """Why its distribution is not known: the write that is to blame, and where; empty if nothing wrote to it."""
        last = self.writes[-1] if self.writes else None
        if last is None:
            return ""
        what = "may not run" if not last.is_certain else "writes a part only" if last.is_partial else "is not known"
        done = "the code" if last.initializer == "unknown" else last.initializer
        return f"what {done} does to {self.name} {what} (line {last.place.line})"

    @property
    def constant(self) -> float | None:
        """The one value of every entry, if there is one."""
        found = self.distribution
        if found is None or not found.is_constant or not isinstance(found.mean, (int, float)):
            return None
        return float(found.mean)

    @property
    def dimensions(self) -> int | None:
        """Number of axes, if known."""
        return None if self.shape is None else len(self.shape)

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.shape!r}, {[write.initializer for write in self.writes]})"
