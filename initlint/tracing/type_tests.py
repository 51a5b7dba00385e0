"""Tests of the type of a module, or of the name of that type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.network import TypeTest
from initlint.tracing import comparing, modules
from initlint.tracing.values import ClassName, ListValue, Scope, TensorValue, TypeName, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def note_type_test(
    tracer: Tracer, left: Value, right: Value, answer: bool | None, symbol: str, place: Place, scope: Scope
) -> None:
    """Puts on record that a module's type or the name of its type was asked for."""
    for subject, wanted in ((left, right), (right, left)):
        if isinstance(subject, (TypeName, ClassName)) and answer is not None:
            of = subject.of
            matched = answer if symbol in ("==", "is", "in") else not answer
            kind = getattr(of, "type_name", "parameter")
            owns = isinstance(of, TensorValue) or any(modules.named_tensors(of))
            tracer.record.observations.append(TypeTest(place, scope.function_name, kind, _words(wanted), matched, owns))


def _words(wanted: Value) -> str:
    """What a test asks for. Never the whole of a value, which may hold a model."""
    if isinstance(wanted, (tuple, ListValue)):
        return ", ".join(map(_words, wanted if isinstance(wanted, tuple) else wanted.items))
    name = getattr(wanted, "name", None)
    if isinstance(name, str) and name:
        return name
    return str(wanted) if comparing.is_hashable(wanted) else type(wanted).__name__
