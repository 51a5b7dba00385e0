"""INL203."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from initlint.finding import Finding, Place, Severity
from initlint.fix import Fix, Name, replaced
from initlint.frameworks.draws import scaled_init
from initlint.frameworks.losses import IDENTITY
from initlint.frameworks.remedies import ALPHA_DROPOUT, SELU_SUBSTITUTES, self_normalising_dropout
from initlint.network import TRANSPARENT, Layer, Network
from initlint.network.stack import Stack, stacks
from initlint.program import Program
from initlint.program.functions import call_at
from initlint.program.nodes import last_name
from initlint.rule import Rule

from .judging import SGD_LIMIT, Cause, blame, cause, other_places, whole_stacks, worst
from .redrawing import Located, all_of, calls_replaced, fix_of, redrawing_stack
from .wording import as_measured, evidence, init_in_words, power, severity, witnessed

LEAST_HARM = 1.0
"""Decades over the stack from which it is reported."""


class SeluNeedsLecun(Rule):
    """SELU without the init, dropout or plain stack that it normalises itself with.

    Why: SELU drives mean and variance to 0 and 1 only if fan_in x Var(w) = 1 (LeCun normal). With PyTorch's default
    it is 1/3. Ordinary dropout shifts mean and variance at every layer; batch norm does the normalising instead.
    Predicted: the product over the hidden layers of the gradient's and the signal's factor; for the init reported from
    one decade on.
    Measured: the variance behind each SELU.
    Silent on: AlphaDropout, kaiming_* with nonlinearity="linear", square Xavier, and single SELUs.
    Fix: kaiming_normal_(nonlinearity="linear") and AlphaDropout; no batch norm.
    Source: Klambauer, Unterthiner, Mayr and Hochreiter 2017, arXiv:1706.02515.
    """

    code = "INL203"
    name = "selu-needs-lecun"
    mends_dialects = True
    bad = """
from torch import nn

layers = []
for _ in range(8):
    layers += [nn.Linear(64, 64), nn.SELU()]  # bad
net = nn.Sequential(*layers, nn.Linear(64, 1))
"""
    good = """
from torch import nn

layers = []
for _ in range(8):
    linear = nn.Linear(64, 64)
    nn.init.kaiming_normal_(linear.weight, nonlinearity="linear")
    nn.init.zeros_(linear.bias)
    layers += [linear, nn.SELU(), nn.AlphaDropout(0.1)]
net = nn.Sequential(*layers, nn.Linear(64, 1))
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judges the init of SELU stacks, and what stands between SELUs."""
        yield from self.check_measured(network)
        yield from self._dropout(network)
        yield from self._norms(network)

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judges the init of SELU stacks; of a probed network by what was measured."""
        return (self._wrong_init(stack, decades) for stack, decades in failing(network))

    def _wrong_init(self, stack: Stack, decades: float) -> Finding:
        message = (
            f"{stack.network.name}: {len(stack.hidden)} SELU layers with {init_in_words(stack.hidden[0])}; SELU keeps mean 0 and "
            f"variance 1 only with fan_in x Var(w) = 1: the variance is multiplied by {power(decades)} over the "
            f"stack{as_measured(stack)}"
        )
        predicted, measured = witnessed(stack.network, evidence(stack))
        return self.finding(
            blame(stack),
            message,
            help=f"on every layer before a SELU: {scaled_init('selu')}",
            severity=severity(decades) if abs(decades) > SGD_LIMIT else Severity.WARNING,
            predicted=predicted,
            measured=measured,
            related=other_places(stack.hidden, blame(stack)),
            fix=partial(redrawing_stack, stack),
        )

    def _dropout(self, network: Network) -> Iterator[Finding]:
        for stack in stacks(network):
            if sum(_is_selu(layer) for stage in stack.stages for layer in stage.between) > 1:
                found = [layer for stage in stack.hidden for layer in stage.between if _is_ordinary_dropout(layer)]
                yield from [self._ordinary(network, found)] if found else []

    def _ordinary(self, network: Network, found: list[Layer]) -> Finding:
        layer, others = found[0], _more(found)
        message = (
            f"{layer.kind}(p={layer.options['p']}){others} between SELU layers multiplies the variance by "
            f"{1 / (1 - float(str(layer.options['p']))):.2g} each time; SELU then no longer normalises itself"
        )
        return self.finding(
            layer.place,
            message,
            help=self_normalising_dropout(layer.options["p"]),
            predicted={"network": network.name, "layers": [each.name for each in found]},
            related=_elsewhere(found),
            fix=partial(_fix_dropout, found),
        )

    def _norms(self, network: Network) -> Iterator[Finding]:
        by_id = {layer.id: layer for layer in network.layers}
        norms = [_norm_before(layer, by_id) for layer in network.live() if _is_selu(layer)]
        found = [norm for norm in norms if norm is not None]
        if found:
            kind = found[0].kind
            yield self.finding(
                found[0].place,
                f"{kind}{_more(found)} before a SELU: it normalises already, and SELU's own fixed point is lost",
                help=f"remove {kind}, or use {SELU_SUBSTITUTES} with it",
                predicted={"network": network.name, "layers": [each.name for each in found]},
                related=_elsewhere(found),
                fix=partial(_fix_norms, found),
            )


def _fix_norms(found: list[Layer], program: Program) -> Fix | None:
    """Nothing in their places, so that the layers behind them keep theirs."""
    return fix_of(f"Take the {found[0].kind} out", all_of(_taken_out(program, layer) for layer in found))


def _taken_out(program: Program, layer: Layer) -> list[Located] | None:
    call = call_at(program, layer.place)
    if call is None or last_name(call) != layer.kind or not layer.kind[:1].isupper():
        return None
    return [(layer.place.path, replaced(call, Name(IDENTITY), "()"))]


def _fix_dropout(found: list[Layer], program: Program) -> Fix | None:
    return fix_of("Use alpha dropout", calls_replaced(program, found, ALPHA_DROPOUT.get))


def _norm_before(layer: Layer, by_id: dict[int, Layer]) -> Layer | None:
    """The norm whose output a SELU gets."""
    before = by_id[layer.inputs[0]] if layer.inputs else None
    while before is not None and before.op in TRANSPARENT - {"activation"} and before.inputs:
        before = by_id[before.inputs[0]]
    return before if before is not None and before.op == "norm" else None


def _more(found: list[Layer]) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""


def _elsewhere(found: list[Layer]) -> list[tuple[Place, str]]:
    """The other lines that build what is reported at the first."""
    return [(place, "and here") for place in dict.fromkeys(each.place for each in found) if place != found[0].place]


def failing(network: Network) -> Iterator[tuple[Stack, float]]:
    """The stacks that fail for this cause, with the decades that the gradient or the signal loses or gains."""
    for stack in whole_stacks(network):
        decades = worst(stack)
        if abs(decades) > LEAST_HARM and cause(stack) is Cause.SELU_INIT:
            yield stack, decades


def _is_selu(layer: Layer) -> bool:
    return layer.op == "activation" and layer.activation == "selu"


def _is_ordinary_dropout(layer: Layer) -> bool:
    rate = layer.options.get("p")
    return (
        layer.op == "dropout" and layer.options.get("variant") != "alpha" and isinstance(rate, float) and 0 < rate < 1
    )
