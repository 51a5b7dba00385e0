"""INL201."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding
from initlint.frameworks.draws import scaled_init
from initlint.network import Network
from initlint.network.stack import Stack
from initlint.rule import Rule

from .judging import PLAIN_LIMIT, Cause, blame, cause, other_places, whole_stacks
from .redrawing import redrawing_stack
from .wording import as_measured, consequence, evidence, init_in_words, power, severity, span, witnessed


class HeInitMissing(Rule):
    """A deep plain stack of rectifiers whose init loses the variance layer by layer.

    Why: a rectifier passes half of the second moment on. Weights of variance 1/fan_in (LeCun), 2/(fan_in + fan_out)
    (Xavier) or 1/(3 fan_in) (the default of Linear and Conv layers in PyTorch) make 1/2, 1/2 or 1/6 of it a layer, and
    nothing in a stack without normalisation or skips brings it back: signal and gradient die geometrically.
    Predicted: the product over the hidden layers of fan_in x Var(w) x E[f'(z)^2]; reported beyond 5 decades.
    Measured: the second moment of the gradient at the first hidden pre-activation over that at the last.
    Silent on: stacks shallow enough to train all the same, normalised or residual ones, He initialisation, and networks
    whose depth, init or activation is not known.
    Fix: kaiming_normal_ or kaiming_uniform_ with nonlinearity="relu" on every hidden layer, or a normalisation layer.
    Source: He, Zhang, Ren and Sun 2015, arXiv:1502.01852, section 2.2 and figure 3; Glorot and Bengio 2010.
    """

    code = "INL201"
    name = "he-init-missing"
    mends_dialects = True
    bad = """
from torch import nn


def build(depth=14, width=256):
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(width, width), nn.ReLU()]  # bad
    return nn.Sequential(*layers, nn.Linear(width, 10))
"""
    good = """
from torch import nn


def build(depth=14, width=256):
    layers = []
    for _ in range(depth):
        linear = nn.Linear(width, width)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every plain stack of rectifiers."""
        return (self._finding(stack, decades) for stack, decades in failing(network))

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same stacks by the gradient that was measured."""
        return self.check_network(network)

    def _finding(self, stack: Stack, decades: float) -> Finding:
        depth, first = len(stack.hidden), stack.hidden[0]
        activation = first.activation
        kind = activation.kind if activation is not None else "rectifier"
        message = (
            f"{stack.network.name}: {depth} {kind} layers ({span(stack)}) with {init_in_words(first)} keep x {stack.factor:.2g} "
            f"of the gradient's variance a layer, {power(decades)} over the stack; about 1 is needed{as_measured(stack)}: "
            f"{consequence(decades)}"
        )
        call = scaled_init(activation.activation if activation is not None else "relu")
        predicted, measured = witnessed(stack.network, evidence(stack))
        return self.finding(
            blame(stack),
            message,
            help=f"on every hidden layer: {call}; or put a normalisation layer between them",
            severity=severity(decades),
            predicted=predicted,
            measured=measured,
            related=other_places(stack.hidden, blame(stack)),
            fix=partial(redrawing_stack, stack),
        )


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient loses."""
    for stack in whole_stacks(network):
        decades = stack.gradient
        if decades is not None and decades < -PLAIN_LIMIT and cause(stack) is Cause.HE_MISSING:
            yield stack, decades
