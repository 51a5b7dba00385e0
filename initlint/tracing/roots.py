"""What is traced: functions and scripts that build models, and the module classes that nothing else builds."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from initlint.finding import Problem
from initlint.frameworks import torch as framework
from initlint.network import Network, Observation
from initlint.program import Module, Program
from initlint.program.module import ImportedBinding
from initlint.reading import facts
from initlint.signal.size import Size
from initlint.tracing import attributes, classes, models, modules
from initlint.tracing.tracer import STEPS, OutOfBudgetError, Tracer
from initlint.tracing.values import (
    ClassValue,
    ContainerValue,
    DictValue,
    FunctionValue,
    Instance,
    LayerValue,
    ListValue,
    Scope,
    Value,
    is_module,
)


@dataclass
class Progress:
    """What earlier roots have shown."""

    settled: set[int] = field(default_factory=set)
    """Classes (by identity of node) that were built with known arguments, or as a part of another."""


STEPS_FOR_ALL, STEPS_PER_LINE = 500_000, 4
"""Steps for a whole program: what a small one may take, and what each line adds. A step costs about as much as the parser
takes for a twentieth of a line, so tracing stays within half of the cost of parsing, whatever the program does."""


SHARES = 8
"""What a root may take at first, in equal shares of the steps that are left for all that wait. Most take far less than
one, so that the shares grow; what is cut off is run again with what is left in the end."""


LEAST_STEPS = 2_000
"""What a root may take in any case: enough for nine in ten in most libraries."""


SAME_CALLS = 3
"""Functions of a module that call the same names and are traced: a library's factories differ in sizes alone."""


@dataclass(eq=False)
class Root:
    """A function, script or class to trace."""

    module: Module
    trace: Callable[[], Iterator[Network]]
    node: facts.Class | None = None
    """Of a class."""


def trace_program(program: Program) -> Iterator[Network]:
    """Every network of the program: what its functions and scripts build, then its module classes on their own.

    Roots that need many steps come after all the others, while steps for the whole program are left; those that never
    come to an end are counted in `Program.untraced`.
    """
    tracer = Tracer(program)
    progress = Progress()
    lines = sum(len(module.source.facts.line_starts) for module in program.modules)
    left = STEPS_FOR_ALL + STEPS_PER_LINE * lines
    waiting = _roots(tracer, program, progress)
    with _deep_recursion():
        for is_last in (False, True):
            later: list[Root] = []
            for index, root in enumerate(waiting):
                if root.node is not None and id(root.node) in progress.settled:
                    continue
                if left <= 0:
                    later.append(root)
                    continue
                share = max(LEAST_STEPS, SHARES * left // (len(waiting) - index))
                tracer.limit = min(STEPS, left if is_last else share, left)
                found = list(_guarded(program, root.module, root.trace()))
                left -= tracer.steps
                is_cut_off = tracer.steps > tracer.limit
                if is_cut_off:
                    later.append(root)
                if not is_cut_off or is_last:
                    yield from found
            waiting = later
    program.untraced = len(waiting)


def trace_script(program: Program, module: Module) -> Iterator[Network]:
    """The networks that the top level of one module builds, whatever it calls to do so."""
    tracer = Tracer(program)
    tracer.limit = STEPS
    with _deep_recursion():
        yield from _guarded(program, module, _trace_context(tracer, module, module.source.facts.body, None, Progress()))


MANY_ROOTS = 200
"""From so many on a program is a library: its classes come before the factories that build them through other functions."""


def _roots(tracer: Tracer, program: Program, progress: Progress) -> list[Root]:
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
                root = Root(module, partial(_trace_context, tracer, module, body, function, progress))
                (last if direct.isdisjoint(called) else first).append(root)
    classes = list(_class_roots(tracer, program, progress))
    is_library = len(first) + len(last) + len(classes) > MANY_ROOTS
    return [*first, *classes, *last] if is_library else [*first, *last, *classes]


def _class_roots(tracer: Tracer, program: Program, progress: Progress) -> Iterator[Root]:
    """Module classes; those that others build come last."""
    found = [(module, node) for module in program.modules for node in _classes_in(module.source.facts.body)]
    used = _names_called(program)
    for module, node in sorted(found, key=lambda entry: entry[1].name in used):
        yield Root(module, partial(_trace_class, tracer, module, node, progress), node)


DEEPEST_RECURSION = 9_000
"""Python frames: `DEEPEST_CALL` calls of the program, each through nested statements and expressions."""


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEPEST_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _guarded(program: Program, module: Module, found: Iterator[Network]) -> Iterator[Network]:
    """The networks of one root; a root that the tracer fails on is a problem of its file, and the others go on."""
    try:
        yield from found
    except (OutOfBudgetError, RecursionError):
        return
    except Exception as error:
        kind = f"{type(error).__name__}: {error}"
        remedy = "This is a fault in initlint, not in your code; the rest was checked. Please report it."
        program.faults.append(Problem(module.source.display, f"a model cannot be traced: {kind}", remedy))


def _module_names(tracer: Tracer, program: Program) -> set[str]:
    """Names under which the program calls the framework's layers and its own classes that may be modules."""
    found = {name.rpartition(".")[2] for name in framework.CONTAINERS} | set(framework.LAYERS)
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
    progress: Progress,
) -> Iterator[Network]:
    tracer.begin()
    scope = tracer.scope_of(module)
    if function is not None:
        scope = Scope(module, scope, function=FunctionValue(function, scope))
        _give_arguments(tracer, function.parameters, scope)
    else:
        scope = Scope(module, scope)
    try:
        tracer.run(body, scope)
    except (OutOfBudgetError, RecursionError):
        return
    made = [value for value in tracer.record.made if _is_root(value)]
    _note_classes(tracer, made, progress)
    shared = list(tracer.record.observations)
    for value in made:
        if isinstance(value, (Instance, ContainerValue)):
            yield from models.trace_model(tracer, value, shared)
            shared = []
    if shared:
        yield _observed(tracer, module, scope, shared)


def _observed(tracer: Tracer, module: Module, scope: Scope, shared: list[Observation]) -> Network:
    """A network of nothing but what was observed where no model was built."""
    place = module.source.place(0, 0)
    return Network(scope.function_name or module.path.stem, place, observations=shared)


def _is_root(value: Value) -> bool:
    return is_module(value) and not getattr(value, "parents", 1)


def _note_classes(tracer: Tracer, made: Sequence[Value], progress: Progress) -> None:
    roots = {id(value) for value in made}
    for value in tracer.record.made:
        if isinstance(value, Instance) and value.is_complete:
            is_known = tracer.record.known_arguments.get(id(value), False)
            was_written = any(
                write.is_explicit and write.function != "__init__"
                for p in modules.parameters_of(tracer, value)
                for write in p.writes
            )
            if id(value) not in roots or is_known or was_written:
                progress.settled.add(id(value.cls.node))


def _give_arguments(tracer: Tracer, parameters: Sequence[facts.Parameter], scope: Scope) -> None:
    """Binds a root's parameters: to their defaults, to an instance of the annotated config class, or to a symbol."""
    for parameter in parameters:
        scope.names[parameter.name] = _argument(tracer, parameter, scope)


def _argument(tracer: Tracer, parameter: facts.Parameter, scope: Scope) -> Value:
    if parameter.kind == "*":
        return ListValue([], True)
    if parameter.kind == "**":
        return DictValue({}, False)
    outer = scope.parent or scope
    if parameter.default is not None:
        value = tracer.evaluate(parameter.default, outer)
        if value is not None or parameter.annotation is None:
            return value
    config = _config(tracer, parameter, outer)
    if config is not None:
        return config
    return None if parameter.default is not None else Size.symbol(parameter.name)


def _config(tracer: Tracer, parameter: facts.Parameter, scope: Scope) -> Value:
    """An instance of the class a parameter is annotated with, if its fields all have defaults."""
    if not isinstance(parameter.annotation, (facts.Name, facts.Attribute)):
        return None
    found = tracer.evaluate(parameter.annotation, scope)
    if not isinstance(found, ClassValue) or found.is_module or not _has_defaults(tracer, found):
        return None
    return tracer.default_instance(found, tracer.place(parameter.annotation, scope))


def _has_defaults(tracer: Tracer, cls: ClassValue) -> bool:
    function = attributes.class_member(tracer, cls, "__init__")
    if isinstance(function, FunctionValue):
        return all(p.default is not None or p.kind in ("*", "**") for p in function.node.parameters[1:])
    return classes.is_dataclass(cls)


def _classes_in(body: Sequence[facts.Statement]) -> Iterator[facts.Class]:
    from initlint.program.module import flatten

    for statement in flatten(body):
        if isinstance(statement, facts.Class):
            yield statement


def _names_called(program: Program) -> set[str]:
    """Names of classes that are called inside a class of the program."""
    return {
        name for module in program.modules for node in _classes_in(module.source.facts.body) for name in node.called
    }


def _trace_class(tracer: Tracer, module: Module, node: facts.Class, progress: Progress) -> Iterator[Network]:
    tracer.begin()
    scope = tracer.scope_of(module)
    try:
        cls = tracer.class_value(node, scope)
        if not cls.is_module:
            return
        made = _build(tracer, cls, scope)
    except (OutOfBudgetError, RecursionError):
        return
    for value in tracer.record.made:
        if isinstance(value, Instance) and value is not made and value.is_complete and value.parents:
            progress.settled.add(id(value.cls.node))
    if isinstance(made, (Instance, LayerValue, ContainerValue)):
        yield from models.trace_model(tracer, made, list(tracer.record.observations))


def _build(tracer: Tracer, cls: ClassValue, scope: Scope) -> Value:
    function = attributes.class_member(tracer, cls, "__init__")
    place = tracer.place(cls.node, scope)
    keywords: dict[str, Value] = {}
    arguments: list[Value] = []
    if isinstance(function, FunctionValue):
        for parameter in function.node.parameters[1:]:
            if parameter.kind == "**":
                continue
            value = _argument(tracer, parameter, Scope(function.scope.module, function.scope))
            if parameter.kind == "*":
                continue
            if parameter.kind == "positional":
                arguments.append(value)
            elif parameter.default is None or not isinstance(parameter.default, facts.Literal):
                keywords[parameter.name] = value
    return classes.instantiate(tracer, cls, tuple(arguments), keywords, place, scope)
