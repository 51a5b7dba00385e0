"""Recordings made by hand: what no small model shows on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from initlint.network import Layer, Network
from initlint.network.measurement import Gradient, Statistics
from initlint.probe.linking import link
from initlint.probe.recording import InitCall, InitialLoss, ParameterRow, Recording, Row


def statistics(second: float = 1.0, mean: float = 0.0, shape: tuple[int, ...] = (8, 16), **more: Any) -> Statistics:
    """Of a tensor with these moments."""
    return Statistics(shape=shape, mean=mean, second=second, abs_max=3 * second**0.5, **more)


def row(number: int, op: str = "linear", inputs: Sequence[int] = (), gradient: float | None = 1.0, **more: Any) -> Row:
    """A module's row, named by its number, with the mean square of its gradient."""
    output = more.pop("output", None) or statistics()
    made = None if gradient is None else Gradient(mean_square=gradient, elements=output.elements)
    given: dict[str, Any] = {"name": f"layer{number}", "kind": op, "is_module": True, "call": 0, **more}
    return Row(id=number, op=op, inputs=tuple(inputs), output=output, gradient=made, **given)


def weight(name: str, call: InitCall | None = None, values: Statistics | None = None, **more: Any) -> ParameterRow:
    """A weight matrix written by one call, or by nobody."""
    found = values or statistics(shape=(64, 64))
    gradient = more.pop("gradient", Gradient(mean_square=1.0, elements=found.elements))
    writes = () if call is None else (call,)
    return ParameterRow(name=name, role="weight", values=found, writes=writes, gradient=gradient, **more)


def recording(rows: Sequence[Row], parameters: Sequence[ParameterRow] = (), **more: Any) -> Recording:
    """Of a model whose output is its last row, unless others are given."""
    given: dict[str, Any] = {
        "outputs": (rows[-1].id,),
        "loss": InitialLoss(kind="cotangent", description=""),
        "batch": 8,
        **more,
    }
    return Recording(
        target="net.py:Net",
        model="Net",
        device="cpu",
        dtype="float32",
        torch="2.13",
        inputs="given",
        rows=tuple(rows),
        parameters=tuple(parameters),
        **given,
    )


def network(edges: Sequence[Sequence[int]], outputs: tuple[int, ...] | None = None, op: str = "add") -> Network:
    """One row for each tuple of inputs; those without any are inputs of the network."""
    rows = [row(number, op if inputs else "input", inputs) for number, inputs in enumerate(edges)]
    return link(recording(rows, outputs=(len(rows) - 1,) if outputs is None else outputs))


def ids(layers: Sequence[Layer]) -> list[int]:
    """Of layers, in their order."""
    return [layer.id for layer in layers]
