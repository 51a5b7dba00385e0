"""``collections.namedtuple``: classes that are made of a name and names, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.tracing import iteration
from initlint.tracing.namespaces import NamespaceValue
from initlint.tracing.values import Arguments, Keywords, Scope, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


@dataclass(frozen=True, eq=False)
class RecordType:
    """What ``namedtuple`` makes."""

    fields: tuple[str, ...]
    defaults: tuple[Value, ...] = ()
    """Of the last fields."""

    def make(self, tracer: Tracer, arguments: Arguments, keywords: Keywords) -> Record:
        """An instance."""
        optional = self.fields[len(self.fields) - len(self.defaults) :]
        given = dict(zip(optional, self.defaults, strict=False)) | dict(zip(self.fields, arguments, strict=False))
        given |= {name: value for name, value in keywords.items() if name in self.fields}
        made = Record({name: given.get(name, Unknown(f"field {name} is not given")) for name in self.fields})
        tracer.heap.born(made, made.attributes)
        return made


class Record(NamespaceValue):
    """An instance of such a class: its fields by name, and one after the other."""

    is_sequence = True


def define(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``namedtuple("Name", "one other")``."""
    given = arguments[1] if len(arguments) > 1 else keywords.get("field_names")
    listed = given.replace(",", " ").split() if isinstance(given, str) else iteration.items(tracer, given)
    names = [each for each in listed or () if isinstance(each, str)]
    if listed is None or len(names) < len(listed):
        return Unknown("a named tuple of fields that are not known", place)
    return RecordType(tuple(names), tuple(iteration.items(tracer, keywords.get("defaults")) or ()))
