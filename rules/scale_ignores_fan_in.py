"""INL204."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding
from initlint.frameworks.draws import scaled_init
from initlint.network import Network
from initlint.network.stack import Stack, Stage
from initlint.rule import Rule

from .judging import SGD_LIMIT, Cause, cause, is_hard_coded, last_write, needed_gain, other_places, whole_stacks, worst
from .redrawing import redrawing
from .wording import as_measured, consequence, evidence, power, severity, span, witnessed


class ScaleIgnoresFanIn(Rule):
    """A hard-coded spread that, given the fan-in, makes the signal of a deep stack explode or die.

    Why: a layer multiplies the variance by fan_in x Var(w). A spread that is one number for every width makes that
    factor whatever the width happens to be: N(0, 1) at fan-in 256 gives 128 behind a ReLU, N(0, 0.01) gives 0.013.
    Predicted: the product over the hidden layers of the gradient's and of the signal's factor; reported beyond 3.5
    decades.
    Measured: the same ratios on one batch.
    Silent on: heads and other stacks too short for it to matter, normalised and residual networks, embeddings, and
    spreads that follow from the fan.
    Fix: an initialiser that divides by the fan: kaiming_normal_ before rectifiers, xavier_uniform_ before tanh.
    Source: LeCun, Bottou, Orr and Mueller 1998, section 4.6; He et al. 2015, arXiv:1502.01852.
    """

    code = "INL204"
    name = "scale-ignores-fan-in"
    mends_dialects = True
    bad = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(256, 256) for _ in range(8)])
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=1.0)  # bad

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return x
"""
    good = """
from torch import nn


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(256, 256, 3) for _ in range(4)])
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.01)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return x
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every plain stack by its worse direction."""
        for stack, decades in failing(network):
            guilty = next(stage for stage in stack.hidden if is_hard_coded(stage))
            yield self._finding(stack, guilty, decades)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same stacks by what was measured."""
        return self.check_network(network)

    def _finding(self, stack: Stack, stage: Stage, decades: float) -> Finding:
        written = last_write(stage)
        assert written is not None and written.distribution is not None
        spread, wanted = _std(stage), _wanted(stage)
        fan = f" at fan-in {stage.layer.fan_in}" if isinstance(stage.layer.fan_in, int) else ""
        advice = f", expected about {wanted:.2g}" if wanted is not None else ""
        name = stage.layer.weight.name if stage.layer.weight is not None else stage.layer.name
        message = (
            f"{name}: {written.initializer} gives std {spread:.3g}{fan}{advice}; over {len(stack.hidden)} layers "
            f"({span(stack)}) the variance is multiplied by {power(decades)}{as_measured(stack)}: {consequence(decades)}"
        )
        activation = stage.activation.activation if stage.activation is not None else "linear"
        predicted, measured = witnessed(stack.network, evidence(stack, weight_std=spread, expected_std=wanted))
        return self.finding(
            written.place,
            message,
            help=f"scale by the fan instead: {scaled_init(activation)}",
            severity=severity(decades),
            predicted=predicted,
            measured=measured,
            related=other_places(filter(is_hard_coded, stack.hidden), written.place),
            fix=partial(redrawing, list(filter(is_hard_coded, stack.hidden))),
        )


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient or the signal loses or gains."""
    for stack in whole_stacks(network):
        decades = worst(stack)
        if abs(decades) > SGD_LIMIT and cause(stack) is Cause.HARD_CODED:
            yield stack, decades


def _std(stage: Stage) -> float | None:
    law = stage.layer.weight.distribution if stage.layer.weight is not None else None
    return float(law.std) if law is not None and isinstance(law.std, (int, float)) else None


def _wanted(stage: Stage) -> float | None:
    """The std that keeps the second moment: the activation's gain over the root of the fan-in."""
    fan = stage.layer.fan_in
    return needed_gain(stage) / math.sqrt(fan) if isinstance(fan, (int, float)) and fan > 0 else None
