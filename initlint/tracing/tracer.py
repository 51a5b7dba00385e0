"""The abstract interpreter: runs constructors and `forward` over facts, on values that may be unknown.

Branches that depend on something unknown are both run and joined; loops of unknown length run once and may not have
run at all. Work is bounded: `STEPS` expressions and statements for each thing traced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Layer
from initlint.program import Definition, External, Module, Program
from initlint.reading import facts
from initlint.tracing import calls, classes, expressions, resolving, statements
from initlint.tracing.effects import Effect, Key
from initlint.tracing.flow import Flow
from initlint.tracing.handing_down import Family
from initlint.tracing.heap import Heap
from initlint.tracing.joining import MISSING
from initlint.tracing.keeping import Keeper
from initlint.tracing.purity import Purity
from initlint.tracing.record import Record
from initlint.tracing.repeating import Repeats
from initlint.tracing.values import (
    ClassValue,
    Device,
    ExternalValue,
    Instance,
    LayerValue,
    Scope,
    Signal,
    Unknown,
    Value,
)

STEPS = 150_000
"""Statements and expressions run for one root. The largest models of torchvision and timm take a third of it."""
STEPS_SHARED = 20_000
"""What one value may take that all roots share; a config class of transformers takes a fifth of it."""


class OutOfBudgetError(Exception):
    """The root took more than `STEPS` steps."""


class Tracer:
    """Runs parts of one program. What it meets goes into `record`."""

    def __init__(self, program: Program) -> None:
        self.program: Program = program
        self.kept = Keeper()
        self.heap = Heap(self.join_signals, self.kept)
        self.record = Record()
        self.steps = 0
        self.limit = STEPS
        """Steps the root that is traced may take."""
        self.depth = 0
        self.constructing: list[Instance] = []
        self.calling: list[Value] = []
        """Modules whose `forward` runs, outermost first."""
        self.names: dict[int, str] = {}
        """Path of attributes from the root, by identity of module."""
        self.loaded: dict[int, tuple[Value, Place]] = {}
        """Modules that were traced and then got their weights from a file, by identity, and where."""
        self.repeated = 0
        """Loops of unknown length that what runs stands in."""
        self.applied: dict[int, list[tuple[Value, Place, frozenset[int]]]] = {}
        """For each instance whose constructor runs: init functions applied to it, where, and to which modules."""
        self.stored: dict[tuple[int, str], Place] = {}
        """Where an attribute of an instance was set to a tuple, which has no place of its own."""
        self.asked: set[tuple[int, str]] = set()
        """Attributes that an instance, by identity, is asked for just now because they are not there."""
        self.guards = 0
        """Blocks with a handler for exceptions that what runs stands in."""
        self.shells: dict[int, LayerValue] = {}
        """For an instance of a class derived from a framework layer: that layer."""
        self.stand_ins: list[Value] = []
        """Kept alive, since `names` knows modules by identity."""
        self.layer_owner: dict[int, Value] = {}
        """The module that made each layer on record."""
        self.active: dict[int, int] = {}
        """How often each function runs just now, by identity of node."""
        self.purity = Purity()
        self.repeats = Repeats()
        self.reads_of_own = 0
        """How often a top-level name was read whose value the root has for itself."""
        self.effects: dict[Key, Effect] = {}
        """What calls on one tensor did, for the calls to come."""
        self.composites: dict[Module, str] = {}
        """What frameworks build of other layers, as source; each with the name of its framework."""
        self.site: Place | None = None
        """Where the program builds or calls the composite that runs."""
        self.default_device: Value = Device("cpu")
        """Where tensors are made."""
        self.default_dtype: Value = ExternalValue(framework.DEFAULT_DTYPE)
        """What layers compute in."""
        self.patches: dict[str, Value] = {}
        """What the program sets on things outside it, by dotted name."""
        self.signal_marks: dict[tuple[int, str], Value] = {}
        """Attributes of signals that no tensor has, by layer and name."""
        self.marks: dict[int, dict[str, Value]] = {}
        """Attributes that the program sets on parameters, by identity of parameter."""
        self.generators: dict[int, bool] = {}
        """Whether a function is a generator, by identity of node."""
        self._places: dict[int, Place] = {}
        """By identity of node: the facts live as long as the program."""
        self._scopes: dict[int, Scope] = {}
        self._classes: dict[int, ClassValue] = {}
        self._evaluating: set[tuple[int, str]] = set()
        self._globals: dict[tuple[int, str], Value] = {}
        self._kept_globals: dict[tuple[int, str], Value] = {}
        self._defaults: dict[int, Value] = {}
        self._families: dict[Module, Family] = {}

    # ------------------------------------------------------------------------------------------------------- interface

    def begin(self) -> None:
        """Starts afresh: a new root, a new record, a full budget."""
        self.kept.restore()
        self.record = Record()
        self.heap = Heap(self.join_signals, self.kept)
        self.steps = 0
        self.depth = 0
        self.constructing.clear()
        self.calling.clear()
        self.names.clear()
        self.loaded.clear()
        self.repeated = 0
        self.repeats = Repeats()
        self.applied.clear()
        self.stored.clear()
        self.guards = 0
        self.shells.clear()
        self.layer_owner.clear()
        self.active.clear()
        self.effects.clear()
        self.default_device = Device("cpu")
        self.default_dtype = ExternalValue(framework.DEFAULT_DTYPE)
        self.patches.clear()
        self.marks.clear()
        self.signal_marks.clear()
        self._globals.clear()

    def step(self) -> None:
        """Spends one step of the budget."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfBudgetError

    def evaluate(self, node: facts.Expression, scope: Scope) -> Value:
        """The value of an expression."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfBudgetError
        return expressions.EXPRESSIONS[type(node)](self, node, scope)

    def run(self, body: Sequence[facts.Statement], scope: Scope) -> Flow:
        """Runs statements."""
        return statements.run(self, body, scope)

    def call(
        self, function: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], place: Place, scope: Scope
    ) -> Value:
        """The value of a call."""
        return calls.call(self, function, tuple(arguments), keywords, place, scope)

    # ----------------------------------------------------------------------------------------------------------- places

    def place(self, node: facts.Node, scope: Scope) -> Place:
        """Where a node stands; one of a composite's: where that is built or called."""
        if self.site is not None and scope.module in self.composites:
            return self.site
        key = id(node)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = scope.module.source.place(node.start, node.end)
        return found

    def unknown(self, reason: str, place: Place | None = None) -> Unknown:
        """An unknown, its reason put on record."""
        if place is not None:
            self.record.reasons.append((place, reason))
        return Unknown(reason, place)

    def note_failure(self) -> None:
        """Says that what runs raises, if it surely runs and no handler waits for it."""
        self.record.fails = self.record.fails or (not self.guards and self.heap.is_certain)

    # ------------------------------------------------------------------------------------------------------------ names

    def scope_of(self, module: Module) -> Scope:
        """The top-level scope of a module."""
        if id(module) not in self._scopes:
            self._scopes[id(module)] = Scope(module)
            self.kept.hold_names(self._scopes[id(module)].names)
        return self._scopes[id(module)]

    def lookup(self, name: str, scope: Scope) -> Value:
        """The value of a name, through enclosing functions, the module, imports and builtins; `None` if unbound."""
        current: Scope | None = scope
        while current is not None:
            if name in current.names:
                return current.names[name]
            if current.parent is None:
                break
            current = current.parent
        return self.global_value(scope.module, name)

    def global_value(self, module: Module, name: str) -> Value:
        """What a top-level name of a module is worth."""
        key = (id(module), name)
        found = self._kept_globals.get(key, MISSING)
        if found is not MISSING:
            return found
        if key not in self._globals:
            if key in self._evaluating:
                return resolving.before_itself(self, module, name)
            self._evaluating.add(key)
            try:
                self._globals[key], is_kept = self._build_shared(lambda: resolving.top_level_value(self, module, name))
            finally:
                self._evaluating.discard(key)
            if is_kept and not self._evaluating:
                self._kept_globals[key] = self._globals[key]
                return self._globals[key]
        self.reads_of_own += 1
        return self._globals[key]

    def family(self, module: Module) -> Family:
        """Who builds whom among the classes of a module."""
        if module not in self._families:
            self._families[module] = Family(module)
        return self._families[module]

    def default_instance(self, cls: ClassValue, place: Place) -> Value:
        """``Class()``, for a class that is no module; the same one in all roots, where that can be."""
        key = id(cls.node)
        if key not in self._defaults:
            made, is_kept = self._build_shared(lambda: self.call(cls, (), {}, place, cls.scope))
            if not is_kept:
                return made
            self._defaults[key] = made
        return self._defaults[key]

    def _build_shared(self, build: Callable[[], Value]) -> tuple[Value, bool]:
        """A value that other roots may share, and whether they do. The steps that it takes are not the root's, then."""
        before, limit = self.steps, self.limit
        sizes = self.record.sizes
        self.limit = min(max(limit, before + STEPS_SHARED), STEPS)
        try:
            value = build()
        finally:
            self.limit = limit
        is_kept = self.record.sizes == sizes and self.kept.hold(value)
        if is_kept:
            self.limit = min(limit + self.steps - before, STEPS)
        return value, is_kept

    def external(self, name: str) -> Value:
        """A name outside the program; a class for a module that its framework builds of other layers."""
        return resolving.external(self, name)

    def resolved(self, found: Definition | External | Module | None, name: str) -> Value:
        """The value behind what a name was resolved to."""
        return resolving.resolved(self, found, name)

    def class_value(self, node: facts.Class, scope: Scope) -> ClassValue:
        """The class a definition makes; the same one each time for a class at module level."""
        if id(node) not in self._classes:
            self._classes[id(node)] = classes.build(self, node, scope)
            self.kept.hold_names(self._classes[id(node)].constants)
        return self._classes[id(node)]

    # ---------------------------------------------------------------------------------------------------------- signals

    def add_layer(self, op: str, kind: str, place: Place, inputs: Iterable[Signal] = (), **details: object) -> Signal:
        """Puts an operation on record and gives its output."""
        layer = Layer(len(self.record.layers), op, kind, "", place, tuple(signal.node for signal in inputs))
        for name, value in details.items():
            setattr(layer, name, value)
        self.record.layers.append(layer)
        return Signal(layer.id)

    def join_signals(self, left: Value, right: Value) -> Value:
        """A signal that is either of two."""
        inputs = [value for value in (left, right) if isinstance(value, Signal)]
        place = self.record.layers[inputs[0].node].place
        return self.add_layer("join", "join", place, inputs, reason="differs between branches")

    def name_of(self, module: Value) -> str:
        """The path of attributes that leads to a module."""
        return self.names.get(id(module), "")

    def is_constructed(self, instance: Instance) -> bool:
        """Whether the constructor of an instance has run to its end."""
        return all(instance is not other for other in self.constructing)
