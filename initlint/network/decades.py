"""How signal and gradient change along a chain of layers that were measured, in decades."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from initlint.network.network import Layer


def along(layers: Sequence[Layer]) -> float | None:
    """Decades of the signal behind the last layer over that behind the first."""
    return _total(_step(_signal(after), _signal(before)) for before, after in pairwise(layers) if after.op != "pool")


def back(layers: Sequence[Layer]) -> float | None:
    """Decades of the gradient behind the first layer over that behind the last.

    Of the sum of its squares over all entries: for independent weights that changes by ``fan_in Var(w) E[f'^2]`` a layer,
    whatever widths and strides are (He et al. 2015, arXiv:1502.01852, section 2.2). A pool spreads it over more places,
    which the gradient of a kernel sums again: no change.
    """
    return _total(
        _step(_gradient(before), _gradient(after)) for before, after in pairwise(layers) if after.op != "pool"
    )


def _signal(layer: Layer) -> float | None:
    return layer.measured.output.second if layer.measured is not None else None


def _gradient(layer: Layer) -> float | None:
    seen = layer.measured.gradient if layer.measured is not None else None
    return seen.total if seen is not None else None


def _step(value: float | None, base: float | None) -> float | None:
    """log10 of a ratio: infinite where all is lost or overflows, 0 between two such, `None` for what was not seen."""
    if value is None or base is None:
        return None
    size, before = _size(value), _size(base)
    return 0.0 if size == before else size - before


def _size(value: float) -> float:
    if not math.isfinite(value):
        return math.inf
    return math.log10(value) if value > 0 else -math.inf


def _total(steps: Iterable[float | None]) -> float | None:
    """The sum; what is lost once does not come back."""
    found = list(steps)
    known = [step for step in found if step is not None]
    if not known or len(known) < len(found):
        return None
    return -math.inf if -math.inf in known else sum(known)
