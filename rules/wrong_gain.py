"""INL202."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding, Severity
from initlint.frameworks.draws import scaled_init
from initlint.frameworks.gains import named_gain
from initlint.network import Network
from initlint.network.stack import Stack, Stage
from initlint.rule import Rule

from .judging import SGD_LIMIT, Cause, cause, is_misnamed, last_write, needed_gain, other_places, whole_stacks, worst
from .redrawing import redrawing
from .wording import as_measured, evidence, power, severity, witnessed

LEAST_HARM = 1.0
"""Decades over the stack below which a wrong gain is not worth a word."""


class WrongGain(Rule):
    """The gain of an init names another activation than the one that follows.

    Why: each activation needs its own gain to keep the variance: sqrt(2) for ReLU, 1 for a linear unit, up to 5/3 for
    tanh. With another's the variance is off by the same factor at every layer. The second argument of kaiming_* is the
    slope of a leaky ReLU, not a scale: a larger one makes the weights smaller.
    Predicted: the product over the hidden layers; reported from one decade on.
    Measured: a layer's gain over the expected one.
    Silent on: differences too small to matter (ReLU's for LeakyReLU(0.01)), the last layer, normalised stacks, and
    a=sqrt(5), which is how PyTorch writes its default.
    Fix: name the activation that follows.
    Source: He et al. 2015, arXiv:1502.01852, equations 10 and 15; torch.nn.init.calculate_gain.
    """

    code = "INL202"
    name = "wrong-gain"
    mends_dialects = True
    bad = """
from torch import nn

layers = []
for _ in range(10):
    linear = nn.Linear(256, 256)
    nn.init.kaiming_normal_(linear.weight, nonlinearity="linear")  # bad
    nn.init.zeros_(linear.bias)
    layers += [linear, nn.ReLU()]
net = nn.Sequential(*layers)
"""
    good = """
from torch import nn

layers = []
for _ in range(10):
    linear = nn.Linear(256, 256)
    nn.init.kaiming_normal_(linear.weight, nonlinearity="leaky_relu")
    nn.init.zeros_(linear.bias)
    layers += [linear, nn.ReLU()]
net = nn.Sequential(*layers)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every plain stack whose init calls name an activation."""
        for stack, decades in failing(network):
            guilty = next(stage for stage in stack.hidden if is_misnamed(stage))
            yield self._finding(stack, guilty, decades)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same stacks by what was measured."""
        return self.check_network(network)

    def _finding(self, stack: Stack, stage: Stage, decades: float) -> Finding:
        written = last_write(stage)
        named = named_gain(written.initializer, written.arguments) if written is not None else None
        assert written is not None and named is not None and stage.activation is not None
        kind, gain = named
        message = (
            f"{written.initializer} uses the gain of {kind} ({gain:.3g}) before {stage.activation.kind}, which needs "
            f"{needed_gain(stage):.3g}: the variance is off by {gain**2 / needed_gain(stage) ** 2:.2g} a layer, "
            f"{power(decades)} over {len(stack.hidden)} layers{as_measured(stack)}"
        )
        numbers = evidence(stack, gain=gain, expected_gain=needed_gain(stage))
        predicted, measured = witnessed(stack.network, numbers)
        return self.finding(
            written.place,
            message,
            help=scaled_init(stage.activation.activation),
            severity=severity(decades) if abs(decades) > SGD_LIMIT else Severity.INFO,
            predicted=predicted,
            measured=measured,
            related=other_places(filter(is_misnamed, stack.hidden), written.place),
            fix=partial(redrawing, list(filter(is_misnamed, stack.hidden))),
        )


EXPLAINED = 0.5
"""Share of the measured decades that the wrong gain has to account for."""


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient or the signal loses or gains."""
    for stack in whole_stacks(network):
        decades = worst(stack)
        if abs(decades) > LEAST_HARM and cause(stack) is Cause.GAIN and _is_confirmed(stack, decades):
            yield stack, decades


def _is_confirmed(stack: Stack, decades: float) -> bool:
    """Whether the gain explains at least half of what was measured, if it was: small gates scatter by more than that."""
    if stack.network.measured is None:
        return True
    guilty = next(stage for stage in stack.hidden if is_misnamed(stage))
    written = last_write(guilty)
    named = named_gain(written.initializer, written.arguments) if written is not None else None
    explained = 2 * math.log10(named[1] / needed_gain(guilty)) * (len(stack.hidden) - 1) if named is not None else 0.0
    return explained / decades >= EXPLAINED
