"""INL301."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding
from initlint.fix import Fix
from initlint.frameworks.draws import scaled_draw, scaled_init
from initlint.frameworks.remedies import RECTIFIED, RECTIFIED_NAME, RECTIFIER, SMOOTH_RECTIFIER
from initlint.network import Network
from initlint.network.stack import Stack
from initlint.program import Program
from initlint.rule import Rule

from .judging import SGD_LIMIT, Cause, cause, whole_stacks
from .redrawing import all_of, calls_replaced, fix_of, redrawn_stack
from .wording import as_measured, consequence, evidence, init_in_words, power, severity, span, witnessed

STEEPEST = 1 / 4
"""Largest slope of the logistic function."""


class SigmoidInDeepStack(Rule):
    """Logistic activations between the layers of a deep hidden stack.

    Why: the slope of a sigmoid is at most 1/4, so each layer passes at most 1/16 of the gradient's variance on at
    Xavier's scale, and its output has mean 1/2, which pushes the next layer into saturation. Nothing in a stack
    without normalisation or skips brings the gradient back.
    Predicted: the product over the hidden layers of fan_in x Var(w) x E[f'(z)^2]; reported beyond 3.5 decades.
    Measured: the second moment of the gradient at the first hidden pre-activation over that at the last.
    Silent on: output layers, gates, attention, squeeze-and-excite, sigmoid(x) * x, and normalised or residual stacks.
    Fix: a rectifier with He initialisation (ReLU, GELU, SiLU), or tanh with Xavier's; keep the sigmoid for the output.
    Source: Glorot and Bengio 2010, section 3; LeCun et al. 1998, section 4.4; Hochreiter 1991.
    """

    code = "INL301"
    name = "sigmoid-in-deep-stack"
    mends_dialects = True
    bad = """
from torch import nn

net = nn.Sequential(
    nn.Linear(64, 128),
    nn.Sigmoid(),  # bad
    nn.Linear(128, 128),
    nn.Sigmoid(),
    nn.Linear(128, 128),
    nn.Sigmoid(),
    nn.Linear(128, 128),
    nn.Sigmoid(),
    nn.Linear(128, 10),
)
"""
    good = """
from torch import nn

net = nn.Sequential(
    nn.Linear(64, 128),
    nn.ReLU(),
    nn.Linear(128, 128),
    nn.ReLU(),
    nn.Linear(128, 1),
    nn.Sigmoid(),
)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges every plain stack of sigmoids."""
        return (self._finding(stack, decades) for stack, decades in failing(network))

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the same stacks by the gradient that was measured."""
        return self.check_network(network)

    def _finding(self, stack: Stack, decades: float) -> Finding:
        first = next(s for s in stack.hidden if s.nonlinearity is not None and s.nonlinearity.is_logistic)
        assert first.activation is not None
        message = (
            f"{stack.network.name}: {len(stack.hidden)} hidden layers with {first.activation.kind} ({span(stack)}, "
            f"{init_in_words(first)}) multiply the gradient by {(stack.factor or 0) ** 0.5:.2g} a layer (a sigmoid's slope "
            f"is at most {STEEPEST}), its variance by {power(decades)} over the stack{as_measured(stack)}: {consequence(decades)}"
        )
        predicted, measured = witnessed(stack.network, evidence(stack))
        return self.finding(
            first.activation.place,
            message,
            help=f"use {RECTIFIER} (or {SMOOTH_RECTIFIER}) in the hidden layers with {scaled_init('relu')}, "
            "or put a normalisation layer before each sigmoid",
            severity=severity(decades),
            predicted=predicted,
            measured=measured,
            fix=partial(_fix, stack),
        )


def _fix(stack: Stack, program: Program) -> Fix | None:
    """Rectifiers for the logistic activations, and weights drawn for them."""
    between = [(stage.activation, stage.nonlinearity) for stage in stack.stages[:-1]]
    activations = [layer for layer, phi in between if layer is not None and phi is not None and phi.is_logistic]
    places = {(layer.place, layer.op) for layer in activations}
    if any((layer.place, layer.op) in places and layer not in activations for layer in stack.network.layers):
        return None  # something else goes through it, too: the output, perhaps
    draw = scaled_draw(RECTIFIED_NAME)
    edits = all_of(
        [
            calls_replaced(program, activations, RECTIFIED.get),
            redrawn_stack(program, stack, draw),
        ]
    )
    return fix_of(f"Use rectifiers, and draw the weights with {draw.name}", edits)


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient loses."""
    for stack in whole_stacks(network):
        decades = stack.gradient
        if decades is not None and decades < -SGD_LIMIT and cause(stack) is Cause.LOGISTIC:
            yield stack, decades
