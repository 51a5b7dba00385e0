"""Functions, classes and objects of the program, modules among them, and collections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from initlint.finding import Place
from initlint.program import Module as ProgramModule
from initlint.reading import facts
from initlint.signal.size import Size

if TYPE_CHECKING:
    from initlint.frameworks.tables import LayerSpec
    from initlint.tracing.tracer import Tracer

Value: TypeAlias = object
Arguments: TypeAlias = tuple[Value, ...]
Keywords: TypeAlias = Mapping[str, Value]
Builtin: TypeAlias = "Callable[[Tracer, Arguments, Keywords, Place, Scope], Value]"
"""A function outside the program, as the tracer provides it."""


@dataclass(frozen=True, eq=False)
class Unknown:
    """A value that cannot be known, and why."""

    reason: str
    place: Place | None = None
    loaded: Place | None = None
    """For a module that came with its weights: where they were loaded."""
    is_conditional: bool = False
    """Whether it is ``True`` where a condition that is not known holds: of ``condition and True``."""


@dataclass(frozen=True, eq=False)
class Either(Unknown):
    """One of several things that can be called, whichever a branch made; a call of it calls each of them."""

    values: tuple[Value, ...] = field(kw_only=True)
    is_optional: bool = field(default=False, kw_only=True)
    """Whether it may as well be ``None`` or not set: what is called or read of it is not."""


@dataclass(frozen=True)
class ExternalValue:
    """Something outside the program, by its canonical dotted name."""

    name: str


@dataclass(frozen=True)
class Device:
    """``torch.device("cuda:0")``."""

    type: str
    index: int | None = None


RETURNED = "<returned>"
"""The name under which a call's scope keeps the values it may return."""


@dataclass(eq=False)
class Scope:
    """Names and their values: of a call, or of a module (no parent)."""

    module: ProgramModule
    parent: Scope | None = None
    names: dict[str, Value] = field(default_factory=dict)
    function: FunctionValue | None = None
    owner: Instance | None = None
    """The instance the running method belongs to."""
    defining: ClassValue | None = None
    """The class the running method stands in, for ``super()``."""
    left: frozenset[str] = frozenset()
    """How control may have left the loop that runs, on some branch: ``"break"``, ``"return"``."""

    @property
    def function_name(self) -> str:
        """Name of the function that runs; empty at module level."""
        return self.function.name if self.function is not None else ""


@dataclass(eq=False)
class FunctionValue:
    """A function of the program, or a lambda."""

    node: facts.Function | facts.Lambda
    scope: Scope
    """Where it is defined."""
    defining: ClassValue | None = None

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, facts.Function) else "<lambda>"


@dataclass(eq=False)
class ClassValue:
    """A class of the program."""

    node: facts.Class
    scope: Scope
    bases: tuple[Value, ...]
    members: dict[str, facts.Statement]
    order: tuple[ClassValue | ExternalValue, ...] = ()
    """Method resolution order, itself first; external bases as their names."""
    is_module: bool = False
    has_unknown_base: bool = False
    constants: dict[str, Value] = field(default_factory=dict)
    setters: dict[str, FunctionValue] = field(default_factory=dict)
    """What runs when one of its properties is assigned."""
    called: set[str] | None = None
    """The attributes of ``self`` that its methods call, once somebody asked."""

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(eq=False)
class Instance:
    """An object of a class of the program."""

    cls: ClassValue
    place: Place
    attributes: dict[str, Value] = field(default_factory=dict)
    is_complete: bool = True
    """False once something unknown may have set its attributes."""
    parents: int = 0
    """In how many other modules it is kept."""

    @property
    def type_name(self) -> str:
        return self.cls.name


@dataclass(eq=False)
class LayerValue:
    """An object of one of the framework's layer classes."""

    name: str
    """Canonical name of its class."""
    spec: LayerSpec | None
    """``None`` for a class that the tables do not know."""
    arguments: Mapping[str, Value]
    place: Place
    attributes: dict[str, Value] = field(default_factory=dict)
    parents: int = 0

    @property
    def type_name(self) -> str:
        return self.name.rpartition(".")[2]


class Items(dict[str, Value]):
    """The modules of a ``Sequential`` or ``ModuleList`` by name: one that is there on some branches only becomes a `Many`."""


@dataclass(eq=False)
class ContainerValue:
    """A ``Sequential``, ``ModuleList`` or ``ModuleDict``, or an instance of a class derived from one."""

    kind: str
    """``"sequential"``, ``"list"`` or ``"dict"``."""
    place: Place
    items: dict[str, Value] = field(default_factory=dict)
    is_open: bool = False
    """True if it may hold more than is known."""
    type_name: str = "Sequential"
    parents: int = 0
    attributes: dict[str, Value] = field(default_factory=dict)
    """What else is set on it: flags, numbers."""

    def __post_init__(self) -> None:
        if self.kind != "dict":
            self.items = Items(self.items)


@dataclass(eq=False)
class ListValue:
    """A list or a set."""

    items: list[Value] = field(default_factory=list)
    is_open: bool = False
    place: Place | None = None


@dataclass(eq=False)
class DictValue:
    """A dict with known keys."""

    items: dict[Value, Value] = field(default_factory=dict)
    is_open: bool = False
    place: Place | None = None


@dataclass(eq=False)
class AttributesOf(DictValue):
    """``vars(owner)``: its items are the very attributes of an object that is no module, so that either changes both."""

    owner: Instance = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class Many:
    """Stands in a list for any number of items like these, none included."""

    items: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class BoundMethod:
    """A function with its first argument."""

    function: FunctionValue
    receiver: Value


@dataclass(frozen=True, eq=False)
class Method:
    """A method of the framework or of Python, on a value: ``layers.append``, ``self.apply``, ``weight.normal_``."""

    receiver: Value
    name: str


@dataclass(frozen=True, eq=False)
class Native:
    """A function the tracer provides."""

    name: str
    call: Callable[[tuple[Value, ...], Mapping[str, Value], Place], Value]


@dataclass(frozen=True, eq=False)
class Partial:
    """``functools.partial(function, *arguments, **keywords)``."""

    function: Value
    arguments: tuple[Value, ...]
    keywords: Mapping[str, Value]


@dataclass(frozen=True, eq=False)
class SuperValue:
    """``super()`` in a method."""

    cls: ClassValue
    receiver: Value


ModuleValue: TypeAlias = "Instance | LayerValue | ContainerValue"
Number: TypeAlias = "int | float | Size"


def is_module(value: Value) -> bool:
    """Whether it is a module of the framework's sense."""
    return isinstance(value, (LayerValue, ContainerValue)) or (isinstance(value, Instance) and value.cls.is_module)


def alternatives(value: Value) -> tuple[Value, ...]:
    """What a value may be that is one of several; else itself."""
    if isinstance(value, Either):
        return value.values
    return tuple(each for item in value.items for each in alternatives(item)) if isinstance(value, Many) else (value,)


def is_plain(value: Value) -> bool:
    """Whether it is a number, a string or ``None``: equal values are the same for a program."""
    return value is None or isinstance(value, (bool, int, float, str, Size))


def describe(value: Value) -> str:
    """How a value is named in a message."""
    if isinstance(value, (Instance, LayerValue, ContainerValue)):
        return value.type_name
    if isinstance(value, Unknown):
        return "unknown"
    return repr(value)
