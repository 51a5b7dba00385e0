"""What the rules on scale share: limits measured against training, who is to blame, and how numbers are worded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from initlint.finding import Place, Severity
from initlint.network import Network, Parameter, Write
from initlint.network.stack import Stack, Stage, stacks

SGD_LIMIT = 3.5
"""Decades of the gradient's second moment over the hidden stages beyond which plain SGD does not train: of 66 networks
on scikit-learn's digits (width 128, best of three learning rates) all beyond it failed, and none below 3.3."""
ADAM_LIMIT = 7.0
"""Decades beyond which Adam does not train either (36 networks, the same data)."""
PLAIN_LIMIT = 5.0
"""Decades from which rectifier stacks at a framework's default are reported. Between `SGD_LIMIT` and this lie networks
of AlexNet's and NeRF's depth, which people do train, with momentum or Adam and time."""
FAN_MULTIPLES = (1 / 3, 2 / 3, 1.0, 4 / 3, 2.0, 3.0, 1 / 6, 2.04, 1.02)
"""fan x variance of the usual initialisers that look at the fan: LeCun, He, Xavier, normal or uniform by 1/sqrt(fan)."""
CLOSE = 1e-3
"""Relative tolerance for recognising one of `FAN_MULTIPLES`: floats that were computed, not rounded by hand."""


def whole_stacks(network: Network, least: int = 2) -> Iterator[Stack]:
    """The stacks with at least `least` hidden stages and no constant weight, which has a rule of its own."""
    for stack in stacks(network):
        if len(stack.hidden) >= least and not any(is_constant(stage) for stage in stack.stages):
            yield stack


def is_constant(stage: Stage) -> bool:
    """Whether all its weights are equal."""
    return stage.layer.weight is not None and stage.layer.weight.constant is not None


def share(stack: Stack, is_kind: Iterable[bool]) -> float:
    """Share of the hidden stages of one kind, 0 to 1."""
    return sum(is_kind) / max(len(stack.hidden), 1)


def last_write(stage: Stage) -> Write | None:
    """The write that decides a stage's weight."""
    return stage.layer.weight.last if stage.layer.weight is not None else None


def is_explicit(stage: Stage) -> bool:
    """Whether somebody wrote the init of the stage's weight down."""
    found = last_write(stage)
    return found is not None and found.is_explicit


def blame(stack: Stack) -> Place:
    """The line to change: the explicit init of the first stage that has one, else where the first layer is built."""
    for stage in stack.hidden:
        found = last_write(stage)
        if found is not None and found.is_explicit:
            return found.place
    return stack.hidden[0].layer.place


def is_hard_coded(stage: Stage) -> bool:
    """Whether the spread of its weights is a plain number that does not follow from the fans."""
    found, parameter = last_write(stage), stage.layer.weight
    if found is None or parameter is None or not found.is_explicit or found.distribution is None:
        return False
    if found.initializer.startswith(("xavier", "kaiming", "orthogonal", "eye", "dirac", "reset")):
        return False
    variance = found.distribution.second
    return isinstance(variance, (int, float)) and variance > 0 and not _follows_fan(stage, parameter, float(variance))


def _follows_fan(stage: Stage, parameter: Parameter, variance: float) -> bool:
    fans = [fan for fan in (stage.layer.fan_in, stage.layer.fan_out) if isinstance(fan, (int, float))]
    sizes = [size for size in parameter.shape or () if isinstance(size, (int, float))]
    candidates = [*fans, *sizes, *([sum(fans) / 2] if len(fans) == 2 else []), math.prod(sizes) if sizes else 0]
    return any(
        math.isclose(fan * variance, multiple, rel_tol=CLOSE) for fan in candidates for multiple in FAN_MULTIPLES
    )


def severity(decades: float) -> Severity:
    """Error where no optimiser trains it, warning where plain SGD does not."""
    return Severity.ERROR if abs(decades) > ADAM_LIMIT else Severity.WARNING


def consequence(decades: float) -> str:
    """What follows for training."""
    if abs(decades) > ADAM_LIMIT:
        return "neither SGD nor Adam will move the first layers" if decades < 0 else "training will diverge"
    return "plain SGD will stall" if decades < 0 else "plain SGD will diverge"


def power(decades: float) -> str:
    """A ratio given as a power of ten: ``2.1e-09``."""
    if math.isinf(decades):
        return "0" if decades < 0 else "inf"
    exponent = math.floor(decades)
    mantissa = round(10 ** (decades - exponent), 1)
    return f"{mantissa:.2g}" if exponent == 0 else f"{mantissa:.1f}e{exponent:+03d}"


def init_in_words(stage: Stage) -> str:
    """How the stage's weight is initialised."""
    found = last_write(stage)
    if found is None or found.initializer in ("default", "reset_parameters"):
        return "the framework's default init"
    return f"{found.initializer}"


def evidence(stack: Stack, **more: object) -> dict[str, object]:
    """The numbers of a stack as plain values."""
    numbers = [
        {
            "name": stage.layer.name,
            "op": stage.layer.kind,
            "line": stage.layer.place.line,
            "fan_in": stage.layer.fan_in if isinstance(stage.layer.fan_in, (int, float)) else None,
            "forward_gain": signal.forward_gain,
            "backward_gain": signal.chi,
        }
        for stage, signal in stack.numbers()
    ]
    return {
        "network": stack.network.name,
        "depth": len(stack.hidden),
        "log10_gradient_ratio": stack.gradient,
        "log10_forward_ratio": stack.forward,
        "factor_per_layer": stack.factor,
        "layers": numbers,
        **more,
    }


def span(stack: Stack) -> str:
    """Which layers it is about: ``fc1 to fc12``."""
    first, last = stack.hidden[0].layer.name, stack.hidden[-1].layer.name
    return f"{first} to {last}" if first and last and first != last else stack.network.name
