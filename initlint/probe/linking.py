"""The link step of a probe: from what was recorded to a network in the words that `check` uses.

Rows become layers and parameters get a law, so that what judges a traced network judges a measured one too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec.structs import replace

from initlint.finding import Place
from initlint.network import Layer, Network, Parameter, Write
from initlint.probe.laws import laws_of, measured_law
from initlint.probe.recording import InitCall, ParameterRow, Recording, Row


def link(recording: Recording) -> Network:
    """The measured network: a layer for each row, a parameter for each parameter, each with its numbers."""
    place = _place(recording)
    used = _uses(recording)
    parameters = {row.name: _parameter(row, used.get(row.name, place)) for row in recording.parameters}
    rows, outputs = fold_biases(recording)
    network = Network(recording.model, place, framework=recording.framework, outputs=outputs, measured=recording)
    network.parameters = list(parameters.values())
    known = {row.id: row for row in rows}
    network.layers = [_layer(row, known, parameters, place) for row in rows]
    network.reasons = [(layer.place, layer.reason) for layer in network.layers if layer.reason]
    network.is_complete = bool(recording.outputs) and not any(layer.op == "unknown" for layer in network.live())
    return network


def fold_biases(recording: Recording) -> tuple[list[Row], tuple[int, ...]]:
    """The rows and outputs with ``x @ w + b`` as one linear map that has a bias."""
    known = {row.id: row for row in recording.rows}
    uses = Counter(source for row in recording.rows for source in row.inputs)
    uses.update(recording.outputs)
    vectors = {each.name for each in recording.parameters if len(each.values.shape) == 1}
    moved: dict[int, int] = {}
    for row in recording.rows:
        before = (
            known[row.inputs[0]]
            if row.op == "add" and len(row.inputs) == 1 and set(row.parameters) <= vectors
            else None
        )
        if before is not None and before.op == "linear" and not before.bias and uses[before.id] == 1 and row.parameters:
            moved[row.id] = before.id
            added = {"bias": row.parameters[0], "parameters": (*before.parameters, *row.parameters)}
            known[before.id] = replace(before, output=row.output, gradient=row.gradient, **added)
    kept = (row for row in known.values() if row.id not in moved)
    rows = [replace(row, inputs=tuple(moved.get(source, source) for source in row.inputs)) for row in kept]
    return rows, tuple(moved.get(output, output) for output in recording.outputs)


def _uses(recording: Recording) -> dict[str, Place]:
    """Where each parameter is first used, for those that nothing is known of but that."""
    found: dict[str, Place] = {}
    for row in recording.rows:
        place = row.built if row.is_module else row.called
        if place is not None:
            found.update({name: place for name in row.parameters if name not in found})
    return found


def _place(recording: Recording) -> Place:
    """Where the model is defined; for one that has no source, the target as it was written."""
    if recording.place is not None:
        return recording.place
    found = (row.built or row.called for row in recording.rows)
    return next((place for place in found if place is not None), Place(recording.target, 1, 1, 1, 1))


def _layer(row: Row, rows: Mapping[int, Row], parameters: Mapping[str, Parameter], default: Place) -> Layer:
    built, called = (row.built, row.called) if row.is_module else (row.called, row.built)
    is_attribute = row.is_module or bool(row.weight)
    used = tuple(parameters[name] for name in row.parameters if name in parameters)
    return Layer(
        row.id,
        "norm" if _is_norm(row, rows) else row.op,
        row.kind,
        row.name if is_attribute else "",
        built or called or default,
        row.inputs,
        parameters.get(row.weight),
        parameters.get(row.bias),
        used,
        row.fan_in,
        row.fan_out,
        row.activation,
        dict(row.options),
        reason=f"no theory of {row.kind}" if row.op == "unknown" else "",
        measured=row,
    )


SPREADS = frozenset({"rsqrt", "sqrt", "std", "norm", "vector_norm"})
"""Functions that give the size of a signal, or one over it."""


def _is_norm(row: Row, rows: Mapping[int, Row]) -> bool:
    """Whether it divides a signal by its own size: a norm written by hand, as the RMS norm of most language models is."""
    if row.op != "multiply" or len(row.inputs) != 2:
        return False
    signal, other = row.inputs
    size = rows[other]
    if size.op == "add" and len(size.inputs) == 1:  # an epsilon outside the root
        size = rows[size.inputs[0]]
    return size.kind in SPREADS and _comes_from(size, signal, rows)


MOST_STEPS = 8
"""Operations from a signal to its size: a mean to subtract, a square, a mean, an epsilon, a root, with some to spare."""


def _comes_from(row: Row, source: int, rows: Mapping[int, Row]) -> bool:
    """Whether the row is computed from `source`, or from what `source` takes a mean off."""
    wanted = {source, *(rows[source].inputs if rows[source].op == "add" else ())}
    for _ in range(MOST_STEPS):
        if row.id in wanted:
            return True
        if not row.inputs:
            return False
        row = rows[row.inputs[0]]
    return False


def _parameter(row: ParameterRow, default: Place) -> Parameter:
    place = row.built or default
    made = Parameter(row.name, row.role, row.values.shape, place)
    made.is_frozen = not row.is_trained
    made.measured = row
    calls = row.writes or (InitCall(initializer="default", place=place),)
    made.writes = tuple(_write(row, call, place, is_last=call is calls[-1]) for call in calls)
    return made


def _write(row: ParameterRow, call: InitCall, default: Place, is_last: bool) -> Write:
    """A call as `check` knows it. What the last one drew is known from the values; of the others, from the call."""
    law = measured_law(row, call) if is_last else next(iter(laws_of(row.values.shape, call)), None)
    return Write(call.initializer, call.place or default, law, call.arguments, function=call.function)
