"""``argparse`` and plain namespaces: options and their defaults, as attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from initlint.finding import Place
from initlint.tracing.values import Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

PARSERS = frozenset({"argparse.ArgumentParser", "configargparse.ArgumentParser", "configargparse.ArgParser"})
NAMESPACES = frozenset({"argparse.Namespace", "types.SimpleNamespace"})


@dataclass(eq=False)
class ParserValue:
    """An argument parser: what its options default to."""

    defaults: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False)
class NamespaceValue:
    """An object of nothing but attributes."""

    attributes: dict[str, Value] = field(default_factory=dict)
    is_sequence: ClassVar[bool] = False
    """Whether its attributes are its items, too."""


def call_parser(
    tracer: Tracer,
    parser: ParserValue,
    name: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    place: Place,
) -> Value:
    """``parser.name(...)``."""
    if name == "add_argument":
        option = _option(arguments, keywords)
        if option is not None:
            tracer.heap.set(parser.defaults, option, _default(option, keywords))
        return Unknown("an option", place)
    if name == "set_defaults":
        for option, value in keywords.items():
            tracer.heap.set(parser.defaults, option, value)
        return None
    if name in ("add_argument_group", "add_mutually_exclusive_group"):
        return parser
    if name in ("parse_args", "parse_known_args"):
        made = NamespaceValue(dict(parser.defaults))
        tracer.heap.born(made, made.attributes)
        return made if name == "parse_args" else (made, Unknown("options that are not known", place))
    return Unknown(f"method {name} of an argument parser", place)


def _option(names: Sequence[Value], keywords: Mapping[str, Value]) -> str | None:
    """The attribute an option ends up in: ``dest``, or its first long name."""
    wanted = keywords.get("dest")
    if isinstance(wanted, str):
        return wanted
    texts = [name for name in names if isinstance(name, str)]
    longest = next((name for name in texts if name.startswith("--")), texts[0] if texts else None)
    return None if longest is None else longest.lstrip("-").replace("-", "_")


def _default(option: str, keywords: Mapping[str, Value]) -> Value:
    if "default" in keywords:
        return keywords["default"]
    action = keywords.get("action")
    if action in ("store_true", "store_false"):
        return action == "store_false"
    return Unknown(f"option {option} has no default")
