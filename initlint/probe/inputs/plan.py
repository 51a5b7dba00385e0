"""What a trial feeds to forward: a guess for each argument, and how sure each of its sizes is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from initlint.probe.inputs.batch import Recipe
from initlint.probe.inputs.spec import BATCH, Input, Size

VIDEO_RANK = 5
"""Axes of ``(batch, channels, frames, height, width)``."""

LARGEST_SAMPLE = 2**22
"""Numbers in one sample beyond which nothing is tried: 27 images of 3 x 224 x 224."""


@dataclass(frozen=True)
class Argument:
    """A guess for one argument of forward, or for one entry of a dict that is an argument."""

    name: str
    """``batch.image`` is the entry ``image`` of the argument ``batch``."""
    spec: Input | None = None
    """``None``: `value` is passed."""
    value: Any = None
    fixed: frozenset[int] = frozenset()
    """Axes whose sizes a layer has asked for; the others are free to be changed."""
    alternatives: tuple[Input, ...] = ()
    """Other forms the name may stand for, tried when the error does not say what is wrong."""
    is_keyword: bool = False
    reason: str = ""
    """What the guess comes from: ``conv1 (Conv2d)``."""

    @property
    def root(self) -> str:
        """The argument of forward that this is, or is in."""
        return self.name.partition(".")[0]

    @property
    def shape(self) -> tuple[Size, ...]:
        return self.spec.shape if self.spec else ()

    def with_spec(self, spec: Input, *fixed: int) -> Argument:
        """Another spec, with the axes `fixed` known and no other."""
        return replace(self, spec=spec, fixed=frozenset(fixed))

    def resized(self, sizes: dict[int, int], *, is_known: bool) -> Argument:
        """New sizes for some axes; known ones are fixed from now on."""
        assert self.spec is not None
        shape = tuple(sizes.get(axis, size) for axis, size in enumerate(self.shape))
        fixed = self.fixed | set(sizes) if is_known else self.fixed
        return replace(self, spec=replace(self.spec, shape=shape), fixed=fixed)

    def axes(self, size: int) -> list[int]:
        """Where the shape has this size."""
        return [axis for axis, own in enumerate(self.shape) if own == size]

    @property
    def free_axes(self) -> list[int]:
        return [axis for axis, size in enumerate(self.shape) if size != BATCH and axis not in self.fixed]

    @property
    def scaled_axes(self) -> list[int]:
        """The free ones that change together: of a video height and width, not the frames."""
        return self.free_axes[-2:] if len(self.shape) == VIDEO_RANK else self.free_axes


@dataclass(frozen=True)
class Plan:
    """All arguments of one call."""

    arguments: tuple[Argument, ...]

    def with_argument(self, argument: Argument) -> Plan:
        return Plan(tuple(argument if own.name == argument.name else own for own in self.arguments))

    def drawn(self, sources: frozenset[str] = frozenset()) -> Iterator[Argument]:
        """Arguments that are tensors: those in `sources`, or all where none is."""
        tensors = [argument for argument in self.arguments if argument.spec is not None]
        yield from [argument for argument in tensors if argument.name in sources] or tensors

    @property
    def is_affordable(self) -> bool:
        return all(math.prod(argument.spec.sizes(1)) <= LARGEST_SAMPLE for argument in self.drawn() if argument.spec)

    def with_entry(self, root: str, entry: Argument) -> Plan:
        """`entry` of a dict in place of the tensor that was passed for `root`, or beside the dict's other entries."""
        own = [argument for argument in self.arguments if argument.root == root]
        entry = replace(entry, name=f"{root}.{entry.name}", is_keyword=own[-1].is_keyword)
        end = self.arguments.index(own[-1])
        kept = self.arguments[: end + (own[-1].name != root)]
        return Plan((*kept, entry, *self.arguments[end + 1 :]))

    def recipe(self) -> Recipe:
        args: dict[str, Any] = {}
        kwargs: dict[str, Any] = {}
        for argument in self.arguments:
            values, value = kwargs if argument.is_keyword else args, argument.spec or argument.value
            if argument.name == argument.root:
                values[argument.root] = value
            else:
                values.setdefault(argument.root, {})[argument.name.partition(".")[2]] = value
        return Recipe(tuple(args.values()), kwargs)

    def tensor_of(self, argument: Argument, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What was drawn for the argument, in a call made of the recipe."""
        roots = list(dict.fromkeys(own.root for own in self.arguments if not own.is_keyword))
        value = kwargs[argument.root] if argument.is_keyword else args[roots.index(argument.root)]
        return value if argument.name == argument.root else value[argument.name.partition(".")[2]]

    def describe(self) -> str:
        """``x (B, 3, 224, 224), mask None``."""
        return ", ".join(f"{argument.name} {_shown(argument)}" for argument in self.arguments)


def _shown(argument: Argument) -> str:
    if argument.spec is None:
        return repr(argument.value)
    shape = "(" + ", ".join(map(str, argument.shape)) + ("," if len(argument.shape) == 1 else "") + ")"
    return shape if argument.spec.dtype is None else f"{argument.spec.dtype} {shape}"
