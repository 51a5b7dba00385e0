"""Fully connected networks: every activation, every init, many ways to write them down."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from trainability.dense_sources import MOST_ATTRIBUTES, STYLES, WITHOUT_DEFAULT
from trainability.model import PIXELS, Model, fill
from trainability.pieces import ACTIVATIONS, WEIGHTS, apply_all, initialise, initialise_all

DEPTHS = (2, 2, 3, 3, 4, 5, 6, 8, 10, 14, 20, 30, 45, 60)
"""Layers with weights, the output's included."""
CHOSEN = {
    ("relu", "default"): (3, 4, 5, 6, 7, 8, 14, 30),
    ("relu", "xavier_n"): (6, 9, 12, 15, 18),
    ("relu", "he_n"): (12, 20, 30, 40, 60),
    ("relu", "orth_relu"): (20, 40, 60),
    ("relu", "orth"): (10, 14),
    ("relu", "n005"): (4, 6),
    ("relu", "n002"): (10,),
    ("relu", "n1"): (12,),
    ("relu", "xavier_u"): (28,),
    ("relu", "orth_half"): (8,),
    ("gelu", "he_n"): (8, 14, 24),
    ("gelu", "default"): (6, 12),
    ("gelu", "xavier_n"): (20,),
    ("gelu", "n002"): (8,),
    ("gelu", "n1"): (14,),
    ("gelu", "orth_half"): (12,),
    ("gelu", "lecun"): (36,),
    ("silu", "xavier_u"): (5, 8),
    ("silu", "default"): (4, 10),
    ("silu", "n005"): (12,),
    ("silu", "orth"): (40,),
    ("tanh", "default"): (5, 8, 12, 20, 45),
    ("tanh", "n001"): (6,),
    ("tanh", "n002"): (16,),
    ("tanh", "xavier_n"): (10, 20, 30, 45, 60),
    ("tanh", "xavier_g"): (10, 30),
    ("tanh", "orth"): (30, 60),
    ("hardtanh", "xavier_n"): (15, 40),
    ("hardtanh", "default"): (16,),
    ("hardtanh", "n005"): (10,),
    ("selu", "lecun"): (10, 20, 40, 60),
    ("selu", "n002"): (12,),
    ("selu", "n1"): (10,),
    ("selu", "he_n"): (40,),
    ("elu", "he_n"): (6, 12, 24),
    ("elu", "default"): (14, 30),
    ("elu", "n001"): (10,),
    ("leaky", "he_n"): (10, 30, 50),
    ("leaky", "default"): (12,),
    ("leaky", "xavier_n"): (40,),
    ("leaky", "u01"): (7,),
    ("sigmoid", "xavier_n"): (2, 3, 4, 8),
    ("sigmoid", "he_n"): (5, 12),
    ("sigmoid", "orth"): (20,),
    ("sigmoid", "n005"): (6,),
    ("sigmoid", "default"): (2, 3, 6),
    ("softplus", "xavier_n"): (3, 5, 8),
    ("softplus", "default"): (6,),
    ("softplus", "he_n"): (20,),
}
"""Depths about where plain gradient descent stops working, and some beyond."""
RARE = {"zeros", "const", "eye", "u01", "he_out", "xavier_g", "orth_half", "orth_two"}
"""Initialisers of which a few activations are enough."""


@dataclass(frozen=True)
class Plan:
    """A fully connected network to be written."""

    activation: str
    init: str
    depth: int
    width: int
    style: str

    @property
    def name(self) -> str:
        """Unique among the plans."""
        return f"dense-{self.activation}-{self.init}-d{self.depth}-w{self.width}-{self.style}"


def models() -> Iterator[Model]:
    """All of them; the same ones in every run."""
    for plan in plans():
        yield Model(plan.name, PIXELS, write(plan))


def plans() -> Iterator[Plan]:
    """Chosen depths first, then a part of activation x init at random depths."""
    for (activation, init), depths in CHOSEN.items():
        for depth in depths:
            yield plan(activation, init, depth)
    for activation in ACTIVATIONS:
        for init in ("default", *WEIGHTS):
            rng = random.Random(f"{activation} {init}")
            share, depth = rng.random(), rng.choice(DEPTHS)
            if share < (0.2 if init in RARE else 0.4) and depth not in CHOSEN.get((activation, init), ()):
                yield plan(activation, init, depth)


def plan(activation: str, init: str, depth: int) -> Plan:
    rng = random.Random(f"{activation} {init} {depth}")
    width = rng.choice((16, 32, 64, 128, 256) if depth <= 8 else (32, 64, 64, 128) if depth <= 20 else (32, 64))
    return Plan(activation, init, depth, width, rng.choice(list(_styles(init, depth))))


def _styles(init: str, depth: int) -> Iterator[str]:
    for style in STYLES:
        if (style == "attributes" and depth > MOST_ATTRIBUTES) or (style in WITHOUT_DEFAULT and init == "default"):
            continue
        yield style


def write(plan: Plan) -> str:
    """The source text."""
    module, call = ACTIVATIONS[plan.activation]
    init, hidden = plan.init, [f"fc{number}" for number in range(1, plan.depth)]
    members = [f"self.{name}" for name in (*hidden, "out")]
    widths = [64, *[plan.width] * len(hidden), 10]
    raw = "" if init == "default" else WEIGHTS[init]
    return fill(
        STYLES[plan.style],
        **{name: call.format(value) for name, value in CALLS.items()},
        activation=plan.activation,
        depth=str(plan.depth),
        hidden=str(plan.depth - 1),
        width=str(plan.width),
        module=module,
        linear=initialise(init, "linear"),
        layer_or_pass=initialise(init, "layer") or ["pass"],
        m_or_pass=initialise(init, "m") or ["pass"],
        init_members=_loop(initialise(init, "layer"), "[self.inp, *self.hidden, self.out]"),
        init_weights=["", *initialise_all(init)],
        apply=apply_all(init),
        weight=raw.format("weight"),
        param=raw.format("param"),
        attributes=[f"{self} = nn.Linear({a}, {b})" for self, a, b in zip(members, widths, widths[1:], strict=False)],
        each=[line for member in members for line in initialise(init, member)],
        calls=[f"x = {call.format(f'self.{name}(x)')}" for name in hidden],
    )


CALLS = {"call": "x", "call_layer": "layer(x)", "call_inp": "self.inp(x)", "call_first": "self.first(x)"}
"""What the activation is called with."""


def _loop(body: list[str], over: str) -> list[str]:
    return [f"for layer in {over}:", *(f"    {line}" for line in body)] if body else []
