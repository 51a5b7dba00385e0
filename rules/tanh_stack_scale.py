"""INL302."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding
from initlint.frameworks.draws import scaled_init
from initlint.network import Network
from initlint.network.stack import Stack
from initlint.rule import Rule

from .judging import SGD_LIMIT, Cause, blame, cause, other_places, scale_ratio, whole_stacks
from .redrawing import redrawing_stack
from .wording import as_measured, consequence, evidence, init_in_words, power, severity, span, witnessed


class TanhStackScale(Rule):
    """A deep tanh stack whose init is off the critical line.

    Why: with fan_in x Var(w) below 1 a tanh stack is ordered: signal and gradient shrink by that factor a layer. Above
    it is chaotic: units saturate and gradients grow. Only near 1 (Xavier) does a gradient survive many layers.
    Predicted: the product over the hidden layers of fan_in x Var(w) x E[tanh'(z)^2]; reported beyond 3.5 decades.
    Measured: the second moment of the gradient at the first hidden pre-activation over that at the last.
    Silent on: stacks shallow enough to train all the same, normalised and residual ones.
    Fix: xavier_uniform_ or xavier_normal_ with gain 1 (very deep stacks) up to calculate_gain("tanh") = 5/3.
    Source: Poole et al. 2016, arXiv:1606.05340; Schoenholz et al. 2017, arXiv:1611.01232, figure 5.
    """

    code = "INL302"
    name = "tanh-stack-scale"
    mends_dialects = True
    bad = """
from torch import nn

layers = []
for _ in range(16):
    layers += [nn.Linear(128, 128), nn.Tanh()]  # bad
net = nn.Sequential(*layers, nn.Linear(128, 10))
"""
    good = """
from torch import nn

layers = []
for _ in range(16):
    linear = nn.Linear(128, 128)
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    layers += [linear, nn.Tanh()]
net = nn.Sequential(*layers, nn.Linear(128, 10))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every plain stack of saturating units."""
        return (self._finding(stack, decades) for stack, decades in failing(network))

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same stacks by the gradient that was measured."""
        return self.check_network(network)

    def _finding(self, stack: Stack, decades: float) -> Finding:
        first = stack.hidden[0]
        kind = first.activation.kind if first.activation is not None else "linear"
        ratio = scale_ratio(stack.hidden[-1])
        scale = f", fan_in x Var(w) = {ratio:.2g} where 1 is needed" if ratio is not None else ""
        total = f"{power(decades)} over the stack{as_measured(stack)}"
        message = (
            f"{stack.network.name}: {len(stack.hidden)} {kind} layers ({span(stack)}) with {init_in_words(first)}{scale}: the "
            f"gradient's variance is multiplied by {stack.factor:.2g} a layer, {total}: "
            f"{consequence(decades)}"
        )
        predicted, measured = witnessed(stack.network, evidence(stack))
        return self.finding(
            blame(stack),
            message,
            help=f"on every hidden layer: {scaled_init(first.activation.activation if first.activation else 'linear')}",
            severity=severity(decades),
            predicted=predicted,
            measured=measured,
            related=other_places(stack.hidden, blame(stack)),
            fix=partial(redrawing_stack, stack),
        )


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient loses or gains."""
    for stack in whole_stacks(network):
        decades = stack.gradient
        if decades is not None and abs(decades) > SGD_LIMIT and cause(stack) is Cause.TANH_SCALE:
            yield stack, decades
