"""What is traced: functions and scripts that build models, and the module classes that nothing else builds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial

from initlint.finding import Place
from initlint.frameworks import composites
from initlint.frameworks import torch as framework
from initlint.network import Network, Observation, Replication
from initlint.program import Definition, Module, Program
from initlint.program.module import ImportedBinding, flatten
from initlint.reading import facts
from initlint.tracing import arguments, members, models, modules
from initlint.tracing.naming import kept_in_lists
from initlint.tracing.tracer import Tracer
from initlint.tracing.values import (
    ClassValue,
    ContainerValue,
    ExternalValue,
    FunctionValue,
    Instance,
    LayerValue,
    Scope,
    Value,
    is_module,
)

SAME_CALLS = 3
"""Functions of a module that call the same names and are traced: a library's factories differ in sizes alone."""


@dataclass
class Traced:
    """What a root shows."""

    networks: list[Network] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)
    """Classes (by identity of node) that need not be traced on their own: their instances were followed, built as a part
    of another or with arguments that are known."""


@dataclass(eq=False)
class Root:
    """A function, script or class to trace."""

    module: Module
    trace: Callable[[Traced], None]
    node: facts.Class | None = None
    """Of a class."""
    bases: tuple[int, ...] = ()
    """Those of the class that the program defines, by identity of node."""
    parts: tuple[int, ...] = ()
    """The classes that it calls by their own or an imported name, likewise."""

    @property
    def place(self) -> Place:
        """Where the class stands; of anything else, the start of the file."""
        start, end = (0, 0) if self.node is None else (self.node.start, self.node.end)
        return self.module.source.place(start, end)

    @property
    def identity(self) -> int | None:
        """Of a class, as in `Traced.settled`."""
        return None if self.node is None else id(self.node)


def script_root(tracer: Tracer, module: Module) -> Root:
    """The top level of a module."""
    return Root(module, partial(_trace_context, tracer, module, module.source.facts.body, None))


MANY_ROOTS = 200
"""From so many on a program is a library: its classes come before the factories that build them through other functions, and
parts before wholes, so that it is known what a whole takes at the least."""


def find_roots(tracer: Tracer, program: Program) -> list[list[Root]]:
    """All roots, in the order in which their networks are given; steps are spent on one list after the other."""
    direct = _module_names(tracer, program) | MODEL_CALLS
    first: list[Root] = []
    last: list[Root] = []
    makers = _with_callers(program, direct)
    for module in program.modules:
        seen: Counter[frozenset[str]] = Counter()
        for body, function in _contexts(module, makers):
            called = frozenset(module.source.facts.called if function is None else function.called)
            seen[called] += 1
            if seen[called] <= SAME_CALLS:
                root = Root(module, partial(_trace_context, tracer, module, body, function))
                (last if direct.isdisjoint(called) else first).append(root)
    classes = list(_class_roots(tracer, program))
    is_library = len(first) + len(last) + len(classes) > MANY_ROOTS
    return [[*first, *reversed(classes)], last] if is_library else [[*first, *last, *classes]]


def _class_roots(tracer: Tracer, program: Program) -> Iterator[Root]:
    """Module classes; those that others build come last."""
    found = [(module, node) for module in program.modules for node in _classes_in(module.source.facts.body)]
    used = {name for _, node in found for name in node.called}
    bases = {_last_name(base.value) for _, node in found for base in node.bases}
    names = {node.name for _, node in found}
    for module, node in sorted(found, key=lambda entry: entry[1].name in used):
        tracer.begin()
        cls = tracer.class_value(node, tracer.scope_of(module))
        if cls.is_module and not is_alias(cls) and not (node.name in bases and _is_abstract(tracer, cls)):
            yield Root(
                module, partial(_trace_class, tracer, cls), node, _bases(cls), _parts_of(program, module, node, names)
            )


def _bases(cls: ClassValue) -> tuple[int, ...]:
    return tuple(id(base.node) for base in cls.order[1:] if isinstance(base, ClassValue))


def _parts_of(program: Program, module: Module, node: facts.Class, names: AbstractSet[str]) -> tuple[int, ...]:
    """`names`: those of all classes."""
    found = [program.resolve(module, name) for name in node.called if name in names and name in module.bindings]
    own = [each.node for each in found if isinstance(each, Definition) and isinstance(each.node, facts.Class)]
    return tuple(id(each) for each in own if each is not node)


def _last_name(node: facts.Expression) -> str:
    return node.id if isinstance(node, facts.Name) else node.name if isinstance(node, facts.Attribute) else ""


def is_alias(cls: ClassValue) -> bool:
    """Whether a class is another one under a new name: what is to be known of it is known of its base."""
    is_bare = all(isinstance(s, facts.Evaluate) and isinstance(s.value, facts.Literal) for s in cls.node.body)
    return is_bare and len(cls.bases) == 1 and isinstance(cls.bases[0], ClassValue) and not cls.node.decorators


def _is_abstract(tracer: Tracer, cls: ClassValue) -> bool:
    """Whether it has no `forward` to follow; what it does to its parts shows in the classes derived from it."""
    inherits_one = any(
        isinstance(base, ExternalValue)
        and (base.name in framework.CONTAINERS or framework.layer_spec(base.name) is not None)
        for base in cls.order
    )
    return not inherits_one and members.class_member(tracer, cls, "forward") is None


def _module_names(tracer: Tracer, program: Program) -> set[str]:
    """Names under which the program calls the framework's layers and its own classes that may be modules."""
    found = {name.rpartition(".")[2] for name in framework.CONTAINERS} | set(framework.LAYERS) | composites.NAMES
    for module in program.modules:
        tracer.begin()
        for node in _classes_in(module.source.facts.body):
            built = tracer.class_value(node, tracer.scope_of(module))
            if built.is_module or built.has_unknown_base:
                found.add(node.name)
    return found | _aliases(program, found)


def _aliases(program: Program, names: AbstractSet[str]) -> set[str]:
    """Other names that imports give them."""
    return {
        alias
        for module in program.modules
        for alias, binding in module.bindings.items()
        if isinstance(binding, ImportedBinding) and binding.name in names
    }


def _with_callers(program: Program, direct: AbstractSet[str]) -> AbstractSet[str]:
    """The names, and those of functions that call one of them, and of functions that call those, and so on."""
    makers = set(direct)
    functions = [
        statement
        for module in program.modules
        for statement in module.source.facts.body
        if isinstance(statement, facts.Function)
    ]
    while True:
        found = {function.name for function in functions if not makers.isdisjoint(function.called)} - makers
        if not found:
            return makers
        makers |= found
        functions = [function for function in functions if function.name not in makers]


MODEL_CALLS = frozenset({"deepcopy", "apply", "load_state_dict"})


def _contexts(
    module: Module, makers: AbstractSet[str]
) -> Iterator[tuple[Sequence[facts.Statement], facts.Function | None]]:
    """The script of a module and its functions that may build models: those that call one of `makers`."""
    if not makers.isdisjoint(module.source.facts.called):
        yield module.source.facts.body, None
    for statement in module.source.facts.body:
        if isinstance(statement, facts.Function) and not makers.isdisjoint(statement.called):
            yield statement.body, statement


def _trace_context(
    tracer: Tracer,
    module: Module,
    body: Sequence[facts.Statement],
    function: facts.Function | None,
    found: Traced,
) -> None:
    tracer.begin()
    scope = Scope(module, tracer.scope_of(module))
    if function is not None:
        scope.function = FunctionValue(function, tracer.scope_of(module))
        arguments.give_arguments(tracer, function.parameters, scope)
    tracer.run(body, scope)
    tracer.record.graph = tracer.record.layers
    listed = kept_in_lists(tracer) if tracer.composites else set()
    made = [value for value in tracer.record.made if _is_root(tracer, value) and id(value) not in listed]
    shared = list(tracer.record.observations)
    for value in made:
        if isinstance(value, (Instance, ContainerValue)):
            own, shared = _observed_in(tracer, value, shared)
            found.networks.extend(models.trace_model(tracer, value, own))
    if shared and not found.networks:
        found.networks.append(_observed(tracer, module, scope, shared))
    found.settled |= _built(tracer, made)


def _observed_in(
    tracer: Tracer, model: Value, shared: Sequence[Observation]
) -> tuple[list[Observation], list[Observation]]:
    """What was seen of a model's own parameters, and of no parameters in particular; and what is left for others."""
    owned = set(map(id, modules.parameters_of(tracer, model))) if shared else set()
    of_others = [isinstance(each, Replication) and owned.isdisjoint(map(id, each.parameters)) for each in shared]
    own = [each for each, is_other_s in zip(shared, of_others, strict=True) if not is_other_s]
    return own, [each for each, is_other_s in zip(shared, of_others, strict=True) if is_other_s]


def _observed(tracer: Tracer, module: Module, scope: Scope, shared: list[Observation]) -> Network:
    """A network of nothing but what was observed where no model was built."""
    place = module.source.place(0, 0)
    return Network(scope.function_name or module.path.stem, place, observations=shared)


def _is_root(tracer: Tracer, value: Value) -> bool:
    return is_module(value) and not getattr(value, "parents", 1) and not models.is_in_graph(tracer, value)


def _built(tracer: Tracer, roots: Sequence[Value]) -> set[int]:
    """The classes that a script or a function settles."""
    own = {id(value) for value in roots}
    settled = _parts(tracer, roots)
    for value in tracer.record.made:
        if isinstance(value, Instance) and value.is_complete and id(value) in own:
            is_known = tracer.record.known_arguments.get(id(value), False)
            if is_known or _was_written(tracer, value):
                settled.add(id(value.cls.node))
    return settled


def _parts(tracer: Tracer, roots: Sequence[Value]) -> set[int]:
    """The classes of what was made besides the roots and followed in a `forward`."""
    own = {id(value) for value in roots}
    return {
        id(value.cls.node)
        for value in tracer.record.made
        if isinstance(value, Instance)
        and value.is_complete
        and id(value) not in own
        and id(value) in tracer.record.followed
    }


def _was_written(tracer: Tracer, model: Value) -> bool:
    """Whether something outside of constructors wrote to its parameters."""
    written = (write for parameter in modules.parameters_of(tracer, model) for write in parameter.writes)
    return any(write.is_explicit and write.function != "__init__" for write in written)


def _trace_class(tracer: Tracer, cls: ClassValue, found: Traced) -> None:
    tracer.begin()
    made = arguments.build(tracer, cls, cls.scope)
    tracer.record.graph = tracer.record.layers
    if isinstance(made, (Instance, LayerValue, ContainerValue)):
        found.networks.extend(models.trace_model(tracer, made, list(tracer.record.observations)))
    found.settled |= _parts(tracer, [made]) - {id(cls.node)}


def _classes_in(body: Sequence[facts.Statement]) -> Iterator[facts.Class]:
    return (statement for statement in flatten(body) if isinstance(statement, facts.Class))
