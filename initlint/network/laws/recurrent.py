"""Recurrent layers that run over a whole sequence: RNN, LSTM, GRU, of several layers and both directions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from initlint.network.network import Layer
from initlint.network.parameter import Parameter
from initlint.network.point import Point, number
from initlint.signal import places, propagation
from initlint.signal.activations import activation
from initlint.signal.distribution import Distribution
from initlint.signal.moments import UNKNOWN, Moments
from initlint.signal.propagation import NO_BIAS
from initlint.signal.recurrent import Drive, Response, respond
from initlint.signal.size import Value, as_float

PART = re.compile(r"(weight|bias)_(ih|hh)_l(\d+)(_reverse)?$")
"""What a parameter of such a layer is called: kind, side, index, direction."""
SETTLED = 1e-4
"""Relative change a step of a plain RNN's second moment from which on it stays."""
LIMIT_STEPS = 60
"""Steps of a plain RNN that are followed one by one."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One layer in one direction: its parameters by kind and side, as in ``"weight_ih"``."""

    parts: dict[str, Parameter]

    def law(self, name: str) -> Distribution:
        """What a part is drawn from; of a bias that is not there, zero."""
        found = self.parts.get(name)
        return NO_BIAS if found is None else found.distribution or Distribution.unknown()

    def fan(self, side: str) -> Value:
        """Terms of the sums over the input, or over the state."""
        found = self.parts.get(f"weight_{side}")
        return found.shape[1] if found is not None and found.shape else None

    def summed(self, side: str, before: Moments) -> Moments:
        """What one side gives to a pre-activation."""
        law, fan = self.law(f"weight_{side}"), self.fan(side)
        bias = propagation.bias_that_counts(fan, law, self.law(f"bias_{side}"))
        return places.pairwise(lambda moments: propagation.linear(moments, fan, law, bias), before)


def recur(point: Point) -> Moments:
    """The outputs of all steps of the last layer."""
    before, steps = point.before, _steps(point)
    for index, passes in enumerate(_passes(point.layer)):
        if index:
            dropped = propagation.dropout(before, number(point.layer, "p"))
            before = replace(dropped, apart=before.apart, across=before.across)
        before = places.pairwise(_both_ways, *(_run(point.layer, each, before, steps) for each in passes))
    return before if _passes(point.layer) else UNKNOWN


def recur_backward(layer: Layer, before: Moments) -> Value:
    """Of a single layer, at the limit of many steps."""
    rows = _passes(layer)
    if len(rows) != 1:
        return None
    total = 0.0
    for each in rows[0]:
        found = _response(layer, each, before, None)
        fan, second = as_float(each.fan("hh")), as_float(each.law("weight_ih").second)
        if found is None or fan is None or second is None or not math.isfinite(found.gradient):
            return None
        total += fan * second * found.gradient
    return total


def _both_ways(*ways: Moments) -> Moments:
    return propagation.concatenate((way, 1) for way in ways)


def _steps(point: Point) -> int | None:
    """Places along the axis that it runs over; of several axes, if these are equally long."""
    sides = point.extent.sides if point.layer.options.get("is_batch_first") == 1 else None
    return sides[0] if sides and len(set(sides)) == 1 else None


def _passes(layer: Layer) -> Sequence[Sequence[Pass]]:
    """By layer, then by direction; empty for a cell, or one whose outputs are projected."""
    found: dict[tuple[int, str], dict[str, Parameter]] = {}
    for parameter in layer.parameters:
        named = PART.search(parameter.name)
        if named is None:
            return ()
        kind, side, index, way = named.groups()
        found.setdefault((int(index), way or ""), {})[f"{kind}_{side}"] = parameter
    if layer.options.get("projection") != 0:
        return ()
    count = 1 + max((index for index, _ in found), default=-1)
    return [[Pass(parts) for (at, _), parts in found.items() if at == index] for index in range(count)]


def _run(layer: Layer, each: Pass, before: Moments, steps: int | None) -> Moments:
    if layer.options.get("variant") == "rnn":
        return _plain(layer, each, before, steps)
    found = _response(layer, each, before, steps)
    return UNKNOWN if found is None else Moments(0, *found.output.parts)


def _response(layer: Layer, each: Pass, before: Moments, steps: int | None) -> Response | None:
    """Of a gated layer whose pre-activations are centred."""
    drive = each.summed("ih", before)
    share = as_float(each.summed("hh", Moments(0, 1)).second)
    bias = as_float(each.summed("hh", Moments(0, 0)).second)
    second = as_float(drive.second)
    is_centred = all(law.mean == 0 for law in map(each.law, ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
    if layer.options.get("variant") not in ("lstm", "gru") or share is None or bias is None or second is None:
        return None
    if not is_centred or not math.isfinite(second):
        return None
    alike = [as_float(value) or 0.0 for value in (drive.apart, drive.across)]
    return respond(str(layer.options["variant"]), Drive(second, *alike).rounded(), bias, share - bias, steps)


def _plain(layer: Layer, each: Pass, before: Moments, steps: int | None) -> Moments:
    """tanh or ReLU of the sum of input and state, from a state of 0."""
    name = layer.options.get("nonlinearity")
    if name not in ("tanh", "relu"):
        return UNKNOWN
    shape, drive = activation(str(name)), each.summed("ih", before)
    state, seen = Moments(0, 0, 0, 0), list[Moments]()
    for _ in range(min(steps or LIMIT_STEPS, LIMIT_STEPS)):
        last = as_float(state.second)
        state = places.activate(places.pairwise(propagation.add, drive, each.summed("hh", state)), shape)
        second = as_float(state.second)
        if last is None or second is None:
            return UNKNOWN
        seen.append(state)
        if abs(second - last) <= SETTLED * second:
            return _averaged(seen, steps)
    return _averaged(seen, steps) if steps and steps <= LIMIT_STEPS else UNKNOWN


def _averaged(seen: list[Moments], steps: int | None) -> Moments:
    """Over all steps; those beyond the last are as that one."""
    beyond = (steps or len(seen)) - len(seen)
    counts = [1] * (len(seen) - 1) + [1 + beyond] if steps else [0] * (len(seen) - 1) + [1]
    return places.pairwise(lambda *each: propagation.concatenate(zip(each, counts, strict=True)), *seen)
