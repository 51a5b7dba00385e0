"""Other sizes for an argument, so that a size further on becomes the one that is needed."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.probe.inputs.plan import Argument, Plan

USUAL_SIDES = (
    8,
    14,
    16,
    28,
    32,
    36,
    40,
    48,
    56,
    64,
    84,
    96,
    105,
    112,
    128,
    160,
    192,
    224,
    227,
    240,
    256,
    299,
    300,
    384,
    512,
)
"""Pixels: digits, CIFAR, Atari, Omniglot, mini-ImageNet, ImageNet and its fine-tuning resolutions."""

NEAR = 0.2
"""Share by which a usual size may lie off an estimate and still be tried before it."""

LARGEST_SIDE = 1024
"""Pixels."""

History = dict[tuple[str, int, int], list[tuple[int, int]]]
"""Of an argument, its number of axes and a wanted size: which sizes were found at which sides."""


def with_size(plan: Plan, sources: frozenset[str], actual: int, wanted: int, axis: int) -> Iterator[Plan]:
    """The arguments that have the size found, with the size wanted; `axis` is where it is looked for first."""
    if actual == wanted or wanted < 1:
        return
    for argument in plan.drawn(sources):
        axes = argument.axes(actual)
        free = [own for own in axes if own in argument.free_axes]
        if len(free) > 1 and len(argument.shape) > 3:  # height and width
            yield plan.with_argument(argument.resized(dict.fromkeys(free, wanted), is_known=True))
        first = axis % len(argument.shape) if argument.shape else 0
        for own in sorted(axes, key=lambda own: (own != first, own in argument.fixed)):
            yield plan.with_argument(argument.resized({own: wanted}, is_known=True))


def ratio_changes(plan: Plan, sources: frozenset[str], actual: int, wanted: int, history: History) -> Iterator[Plan]:
    """Other free sizes, where a size further on grows with them: the width of a flattened map, a number of patches."""
    for argument in plan.drawn(sources):
        free = argument.scaled_axes
        if not free or argument.spec is None or argument.axes(actual):
            continue
        side = int(argument.shape[free[-1]])
        seen = history.setdefault((argument.name, len(argument.shape), wanted), [])
        if (side, actual) not in seen:
            seen.append((side, actual))
        for new in estimates(seen, wanted, len(free)):
            if new != side:
                yield plan.with_argument(_scaled(argument, free, side, new))
    yield from _joined(plan, sources, actual, wanted)
    yield from _flat(plan, sources, actual, wanted)


def estimates(seen: list[tuple[int, int]], wanted: int, dimensions: int) -> list[int]:
    """Sides at which the size may be `wanted`: usual ones near the estimate, the estimate, its neighbours.

    The size grows as ``(a side + b) ** dimensions``: one point gives the ratio, two the line.
    """
    roots = sorted((side, size ** (1 / dimensions)) for side, size in seen if size > 0)
    if not roots:
        return []
    root = wanted ** (1 / dimensions)
    low = max((point for point in roots if point[1] <= root), default=None)
    high = min((point for point in roots if point[1] >= root), default=None)
    if low is not None and high is not None and high[1] > low[1]:
        guess = low[0] + (root - low[1]) * (high[0] - low[0]) / (high[1] - low[1])
    else:
        side, nearest = low or high or roots[0]
        guess = side * root / nearest
    floor, ceiling = (low[0] if low else 0), (high[0] if high else LARGEST_SIDE)
    near = sorted((abs(usual - guess), usual) for usual in USUAL_SIDES if abs(usual - guess) <= NEAR * guess)
    found = [*(usual for _, usual in near[:2]), round(guess), round(guess) + 1, round(guess) - 1]
    return [side for side in dict.fromkeys(found) if floor < side < ceiling or side == round(guess) > 0]


def _scaled(argument: Argument, free: list[int], side: int, new: int) -> Argument:
    """All free axes in proportion: images keep their form."""
    sizes = {axis: max(1, round(int(argument.shape[axis]) * new / side)) for axis in free}
    return argument.resized(sizes, is_known=False)


def _joined(plan: Plan, sources: frozenset[str], actual: int, wanted: int) -> Iterator[Plan]:
    """The last size of one argument changed by what is missing: it was joined with something else on the way."""
    for argument in plan.drawn(sources):
        last = len(argument.shape) - 1
        if argument.spec is None or argument.spec.dtype is not None or last < 1 or argument.axes(actual):
            continue
        size = int(argument.shape[last]) + wanted - actual
        if size > 0:
            yield plan.with_argument(argument.resized({last: size}, is_known=True))


def _flat(plan: Plan, sources: frozenset[str], actual: int, wanted: int) -> Iterator[Plan]:
    """A sample that was only flattened on the way: with as many numbers as are wanted."""
    for argument in plan.drawn(sources):
        if argument.spec is not None and argument.spec.dtype is None and argument.shape:
            sizes = argument.spec.sizes(1)
            numbers = 1
            for size in sizes:
                numbers *= size
            if numbers == actual and len(argument.shape) > 2:
                rest = numbers // sizes[-1]
                if wanted % rest == 0:
                    yield plan.with_argument(argument.resized({len(sizes) - 1: wanted // rest}, is_known=True))
                flat = type(argument.spec)((argument.shape[0], wanted), name=argument.spec.name)
                yield plan.with_argument(argument.with_spec(flat, 1))
