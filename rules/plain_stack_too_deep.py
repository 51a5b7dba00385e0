"""INL305."""

from __future__ import annotations

from collections.abc import Iterator

from initlint.finding import Finding
from initlint.network import Network
from initlint.network.stack import Stack
from initlint.rule import Rule

from .judging import PLAIN_LIMIT, Cause, cause, whole_stacks
from .wording import as_measured, consequence, evidence, power, severity, span, witnessed


class PlainStackTooDeep(Rule):
    """A plain stack so deep that the gradient is lost although each layer's init is the right one.

    Why: no initialisation keeps a GELU, SiLU or SELU stack, or one with dropout, exactly critical: the few percent a
    layer that remain add up over the depth. Beyond the depth scale neither signal nor gradient gets through.
    Predicted: the product over the hidden layers of fan_in x Var(w) x E[f'(z)^2]; reported beyond 5 decades.
    Measured: the second moment of the gradient at the first hidden pre-activation over that at the last.
    Silent on: residual, dense and normalised networks.
    Fix: skip connections, or a normalisation layer every few layers; or fewer layers.
    Source: Schoenholz et al. 2017, arXiv:1611.01232, section 3; He et al. 2016, arXiv:1512.03385.
    """

    code = "INL305"
    name = "plain-stack-too-deep"
    bad = """
from torch import nn

layers = []
for _ in range(60):
    linear = nn.Linear(256, 256)  # bad
    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
    nn.init.zeros_(linear.bias)
    layers += [linear, nn.ReLU(), nn.Dropout(0.3)]
net = nn.Sequential(*layers)
"""
    good = """
from torch import nn

layers = []
for _ in range(60):
    linear = nn.Linear(256, 256)
    nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
    layers += [linear, nn.LayerNorm(256), nn.ReLU()]
net = nn.Sequential(*layers)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every plain stack whose scale is right."""
        return (self._finding(stack, decades) for stack, decades in failing(network))

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same stacks by the gradient that was measured."""
        return self.check_network(network)

    def _finding(self, stack: Stack, decades: float) -> Finding:
        depth, first = len(stack.hidden), stack.hidden[0]
        kind = first.activation.kind if first.activation is not None else "linear"
        enough, total = int(depth * PLAIN_LIMIT / abs(decades)), f"{power(decades)} over the stack{as_measured(stack)}"
        message = (
            f"{stack.network.name}: {depth} {kind} layers ({span(stack)}) with neither normalisation nor skips multiply the "
            f"gradient's variance by {stack.factor:.3g} a layer, {total}, although their "
            f"init is right: {consequence(decades)}"
        )
        predicted, measured = witnessed(stack.network, evidence(stack, trainable_depth=enough))
        return self.finding(
            first.layer.place,
            message,
            help=f"add skip connections or a normalisation layer; plain, about {enough} layers are the limit",
            severity=severity(decades),
            predicted=predicted,
            measured=measured,
        )


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient loses or gains."""
    for stack in whole_stacks(network):
        decades = stack.gradient
        if decades is not None and abs(decades) > PLAIN_LIMIT and cause(stack) is Cause.DEPTH:
            yield stack, decades
