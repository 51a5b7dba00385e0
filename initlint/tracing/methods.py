"""Methods of modules, containers, lists, dicts, strings and signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Parameter, Write
from initlint.tracing import applying, attributes, iteration, layers, tensors
from initlint.tracing.namespaces import ParserValue, call_parser
from initlint.tracing.values import (
    BoundMethod,
    ClassName,
    ClassValue,
    ContainerValue,
    DictValue,
    ExternalValue,
    Instance,
    LayerValue,
    ListValue,
    Many,
    Method,
    Row,
    Scope,
    Signal,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer

Arguments = tuple[Value, ...]
Keywords = Mapping[str, Value]


def call_method(
    tracer: Tracer, method: Method, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``receiver.name(...)``."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Row) and (known := tensors.call_row(receiver, name, arguments)) is not None:
        return known
    if isinstance(receiver, (int, float)) and name == "item":
        return receiver
    if isinstance(receiver, TensorValue):
        return tensors.call(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, Signal):
        return _call_on_signal(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, ListValue):
        return _call_on_list(tracer, receiver, name, arguments, place)
    if isinstance(receiver, DictValue):
        return _call_on_dict(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, str):
        return _call_on_string(tracer, receiver, name, arguments, place, scope)
    if isinstance(receiver, SuperValue):
        return _call_on_super(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, (Instance, LayerValue, ContainerValue)):
        return _call_on_module(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, ClassValue):
        return _load_class(tracer, receiver, arguments, keywords, place, scope)
    if isinstance(receiver, Unknown) and receiver.loaded is not None:
        return applying.call_on_loaded(tracer, receiver, name, arguments, place, scope)
    if isinstance(receiver, ParserValue):
        return call_parser(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, tuple) and name == "index":
        return Unknown("an index")
    from initlint.tracing.calls import call_unknown

    return call_unknown(tracer, Unknown(f"method {name} of something unknown"), arguments, keywords, place)


# ------------------------------------------------------------------------------------------------------- what is inside


def submodules(module: Value) -> Iterator[tuple[str, Value]]:
    """Names and values of the modules kept directly in a module; a `Many` for those that may be there."""
    shell = getattr(module, "container", None)
    if isinstance(shell, ContainerValue):
        yield from shell.items.items()
    if isinstance(module, ContainerValue):
        yield from module.items.items()
    elif isinstance(module, (Instance, LayerValue)):
        for name, value in module.attributes.items():
            if is_module(value) or (isinstance(value, Unknown) and value.loaded is not None):
                yield name, value


def named_modules(module: Value, prefix: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Value]]:
    """A module and all modules in it with their paths, as ``named_modules`` gives them."""
    seen = set() if seen is None else seen
    if id(module) in seen:
        return
    seen.add(id(module))
    yield prefix, module
    for name, inner in submodules(module):
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(inner, Many):
            for each in inner.items:
                if is_module(each):
                    yield from named_modules(each, path, seen)
        elif is_module(inner):
            yield from named_modules(inner, path, seen)


def modules_of(tracer: Tracer, module: Value) -> list[Value]:
    """A module and all modules in it."""
    return [inner for _, inner in named_modules(module)]


def own_tensors(module: Value) -> Iterator[tuple[str, TensorValue]]:
    """Names and tensors of the parameters kept directly in a module."""
    if isinstance(module, (Instance, LayerValue)):
        for name, value in module.attributes.items():
            if isinstance(value, TensorValue) and value.is_trained:
                yield name, value
    elif isinstance(module, ContainerValue):
        for name, value in module.items.items():
            if isinstance(value, TensorValue) and value.is_trained:
                yield name, value


def own_parameters(module: Value) -> list[Parameter]:
    """The parameters kept directly in a module."""
    return [tensor.parameter for _, tensor in own_tensors(module) if tensor.parameter is not None]


def named_tensors(module: Value) -> Iterator[tuple[str, TensorValue]]:
    """Every parameter of a module with its path, each once."""
    seen: set[int] = set()
    for path, inner in named_modules(module):
        for name, tensor in own_tensors(inner):
            if id(tensor.parameter) not in seen:
                seen.add(id(tensor.parameter))
                yield (f"{path}.{name}" if path else name), tensor


def parameters_of(tracer: Tracer, module: Value) -> list[Parameter]:
    """Every parameter of a module."""
    return [tensor.parameter for _, tensor in named_tensors(module) if tensor.parameter is not None]


def disturb(tracer: Tracer, value: Value, place: Place) -> None:
    """Says that something unknown may have written to a value: its parameters are unknown from here on."""
    if isinstance(value, TensorValue):
        if value.parameter is not None and value.parameter.role != "tensor":
            _overwrite(tracer, value.parameter, place)
    elif isinstance(value, (Instance, LayerValue, ContainerValue)):
        for parameter in parameters_of(tracer, value):
            _overwrite(tracer, parameter, place)
        if isinstance(value, Instance):
            tracer.heap.set_field(value, "is_complete", False)
    elif isinstance(value, ListValue):
        for item in value.items:
            disturb(tracer, item, place)


def _overwrite(tracer: Tracer, parameter: Parameter, place: Place) -> None:
    tracer.heap.set_field(parameter, "writes", (*parameter.writes, Write("unknown", place, None)))


# -------------------------------------------------------------------------------------------------------------- modules

SAME = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "bfloat16",
        "train",
        "eval",
        "requires_grad_",
        "type",
        "share_memory",
        "to_empty",
        "compile",
    }
)


def _call_on_module(
    tracer: Tracer,
    module: Instance | LayerValue | ContainerValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> Value:
    if name in SAME:
        _freeze(tracer, module, name, arguments)
        return module
    if name in ("forward", "__call__"):
        return layers.call_module(tracer, module, arguments, keywords, place, scope)
    if name in ("add_module", "register_module", "register_parameter", "register_buffer"):
        _register(tracer, module, name, arguments, keywords, place, scope)
        return None
    if name in QUERIES:
        return _query(tracer, module, name, place, scope)
    if name == "apply":
        applying.apply(tracer, module, arguments[0] if arguments else None, place, scope)
        return module
    if name == "load_state_dict":
        applying.mark_loaded(tracer, module, place)
        return Unknown("missing and unexpected keys")
    if name in ("reset_parameters", "_reset_parameters") and isinstance(module, LayerValue):
        _reset(tracer, module, place, scope)
        return None
    if name == "post_init" or (name == "init_weights" and isinstance(module, Instance)):
        return _post_init(tracer, module, place, scope)
    if isinstance(module, ContainerValue):
        return _call_on_container(tracer, module, name, arguments, keywords, place, scope)
    if name in ("keys", "values", "items") and isinstance(module, Instance):
        return _call_on_container(tracer, held(module), name, arguments, keywords, place, scope)
    return Unknown(f"method {name} of {module.type_name}", place)


def held(module: Instance) -> ContainerValue:
    """The modules kept in an instance of a class derived from a container that has a ``forward`` of its own."""
    bases = (base.name for base in module.cls.order if isinstance(base, ExternalValue))
    kind = next((framework.CONTAINERS[name] for name in bases if name in framework.CONTAINERS), "dict")
    inside = ContainerValue(kind, module.place, dict(submodules(module)), not module.is_complete)
    inside.type_name = module.type_name
    return inside


QUERIES = frozenset(
    {
        "modules",
        "named_modules",
        "children",
        "named_children",
        "parameters",
        "named_parameters",
        "buffers",
        "named_buffers",
        "state_dict",
    }
)


def _query(tracer: Tracer, module: Value, name: str, place: Place, scope: Scope) -> Value:
    if name == "state_dict":
        pairs: list[Value] = [(path, tensor) for path, tensor in named_tensors(module)]
        return (
            DictValue({str(path): tensor for path, tensor in named_tensors(module)}, True) if pairs else Unknown(name)
        )
    plain = name.removeprefix("named_")
    is_named = plain != name
    found = [
        applying.named(path, inner) if is_named else inner
        for path, inner in _inside(module, plain)
        if not isinstance(inner, Unknown)
    ]
    return ListValue([*found, *applying.parts(tracer, module, is_named, plain == "parameters", place, scope)])


def _inside(module: Value, kind: str) -> Iterator[tuple[str, Value]]:
    """Paths and values of the modules, children or parameters of a module."""
    if kind == "modules":
        yield from named_modules(module)
    elif kind == "children":
        yield from submodules(module)
    elif kind == "parameters":
        yield from named_tensors(module)


def _freeze(tracer: Tracer, module: Value, name: str, arguments: Arguments) -> None:
    if name == "requires_grad_" and arguments[:1] == (False,):
        for parameter in parameters_of(tracer, module):
            tracer.heap.set_field(parameter, "is_frozen", True)


def _register(
    tracer: Tracer, module: Value, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> None:
    given = [*arguments, *keywords.values()]
    if len(given) < 2:
        return
    key, value = given[0], given[1]
    if isinstance(value, TensorValue) and name == "register_buffer":
        value = TensorValue(value.shape, tensors.law_of(value), place=value.place)
    if isinstance(key, str):
        attributes.store(tracer, module, key, value, place, scope)
    elif isinstance(module, Instance):
        tracer.heap.set_field(module, "is_complete", False)


def _post_init(tracer: Tracer, module: Value, place: Place, scope: Scope) -> Value:
    """Hugging Face's ``post_init``: applies the model's own ``_init_weights`` to every module in it."""
    if isinstance(module, Instance):
        function = attributes.class_member(tracer, module.cls, "_init_weights")
        if function is not None:
            for inner in reversed(modules_of(tracer, module)):
                tracer.call(BoundMethod(function, module), (inner,), {}, place, scope)  # type: ignore[arg-type]
            return None
    disturb(tracer, module, place)
    return None


def _reset(tracer: Tracer, module: LayerValue, place: Place, scope: Scope) -> None:
    """A framework layer's ``reset_parameters``: back to its defaults."""
    for parameter in own_parameters(module):
        default = next((write for write in parameter.writes if write.initializer == "default"), None)
        if default is not None:
            again = Write("reset_parameters", place, default.distribution, function=scope.function_name)
            tracer.heap.set_field(parameter, "writes", (*parameter.writes, again))


def _call_on_super(
    tracer: Tracer,
    receiver: SuperValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> Value:
    """A method of an external base, reached through ``super()``, or the constructor that a dataclass has."""
    from initlint.tracing import classes
    from initlint.tracing.classes import ContainerInstance

    owner = receiver.receiver
    if isinstance(owner, ContainerInstance):
        return _call_on_shell(tracer, owner, name, arguments, keywords, place, scope)
    if not isinstance(owner, Instance):
        return Unknown(f"super().{name}", place)
    if name == "__init__":
        if classes.is_dataclass(owner.cls) and not owner.cls.is_module:
            classes.fill_fields(tracer, owner, receiver.cls, arguments, keywords)
        call_external_constructor(tracer, owner, arguments, keywords, place, scope)
        return None
    if name in ("__getitem__", "get") and arguments and classes.ITEMS in owner.attributes:
        return attributes.load_item(tracer, owner.attributes[classes.ITEMS], arguments[0], place)
    if name == "__setattr__" and len(arguments) == 2 and isinstance(arguments[0], str):
        attributes.store(tracer, owner, arguments[0], arguments[1], place, scope)
        return None
    if name == "forward" and owner.cls.has_unknown_base:
        return Unknown("forward of a base that cannot be read", place)
    if name in attributes.MODULE_METHODS:
        return _call_on_module(tracer, owner, name, arguments, keywords, place, scope)
    return Unknown(f"super().{name}", place)


def call_external_constructor(
    tracer: Tracer, owner: Instance, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> None:
    from initlint.tracing import classes

    for base in owner.cls.order:
        if isinstance(base, ExternalValue) and framework.layer_spec(base.name) is not None:
            made = layers.make_layer(tracer, base.name, arguments, keywords, place)
            for key, value in {**made.arguments, **made.attributes}.items():
                tracer.heap.set(owner.attributes, key, value)
            tracer.shells[id(owner)] = made
            reset = attributes.class_member(tracer, owner.cls, "reset_parameters")
            if reset is not None:
                tracer.call(BoundMethod(reset, owner), (), {}, place, scope)  # type: ignore[arg-type]
            return
    kind = classes.container_base(owner.cls)
    if kind is not None:
        filled = layers.make_container(tracer, kind, arguments, keywords, place)
        tracer.heap.set_field(filled, "parents", 1)
        for key, value in filled.items.items():
            attributes.store(tracer, owner, key, value, place, scope)
        if filled.is_open:
            tracer.heap.set_field(owner, "is_complete", False)
    if owner.cls.has_unknown_base:
        if arguments and "config" not in owner.attributes:
            tracer.heap.set(owner.attributes, "config", arguments[0])
        for key, value in keywords.items():
            if key != "**" and not owner.cls.is_module:
                owner.attributes.setdefault(key, value)


def _call_on_shell(
    tracer: Tracer, owner: Value, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    from initlint.tracing.classes import ContainerInstance

    assert isinstance(owner, ContainerInstance)
    if name == "__init__":
        filled = layers.make_container(tracer, owner.container.kind, arguments, keywords, place)
        owner.container.items.update(filled.items)
        owner.container.is_open = filled.is_open
        return None
    return _call_on_module(tracer, owner.container, name, arguments, keywords, place, scope)


# ------------------------------------------------------------------------------------------------ modules that were loaded


def _load_class(
    tracer: Tracer, cls: ClassValue, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``Class.from_pretrained(...)``."""
    return Unknown(f"{cls.name} with its weights loaded", place, loaded=place)


# ---------------------------------------------------------------------------------------------------------- collections


def _call_on_container(
    tracer: Tracer,
    module: ContainerValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> Value:
    if name in ("append", "extend"):
        more = list(arguments) if name == "append" else iteration.items(tracer, arguments[0]) if arguments else None
        attributes.extend_container(tracer, module, more)
        return module
    if name == "insert" and len(arguments) == 2 and isinstance(arguments[0], int):
        values = list(module.items.values())
        values.insert(arguments[0], arguments[1])
        tracer.heap.set_field(module, "items", {str(index): value for index, value in enumerate(values)})
        return None
    if name == "keys":
        return ListValue(list(module.items), module.is_open)
    if name == "values":
        return ListValue(list(module.items.values()), module.is_open)
    if name == "items":
        return ListValue([(key, value) for key, value in module.items.items()], module.is_open)
    if name == "update" and arguments and isinstance(arguments[0], DictValue):
        for key, value in arguments[0].items.items():
            tracer.heap.set(module.items, str(key), value)
        return None
    return Unknown(f"method {name} of a {module.type_name}", place)


def _call_on_list(tracer: Tracer, receiver: ListValue, name: str, arguments: Arguments, place: Place) -> Value:
    changed = list(receiver.items)
    result: Value = None
    first = arguments[0] if arguments else None
    if name in ("append", "add"):
        changed.append(first)
    elif name == "extend":
        more = iteration.items(tracer, first)
        changed.extend(more if more is not None else [Many((Unknown("an item of something unknown"),))])
    elif name == "insert" and isinstance(first, int) and len(arguments) > 1:
        changed.insert(first, arguments[1])
    elif name == "pop":
        index = first if isinstance(first, int) else -1
        if not -len(changed) <= index < len(changed):
            return Unknown("an item of a list that may be empty", place)
        result = changed.pop(index)
    elif name == "reverse":
        changed.reverse()
    elif name == "copy":
        return ListValue(changed, receiver.is_open, place)
    elif name == "clear":
        changed.clear()
    elif name == "index":
        return (
            changed.index(first) if isinstance(first, (int, str)) and first in changed else Unknown("an index", place)
        )
    else:
        return Unknown(f"method {name} of a list", place)
    tracer.heap.set_field(receiver, "items", changed)
    return result


def _call_on_dict(
    tracer: Tracer, receiver: DictValue, name: str, arguments: Arguments, keywords: Keywords, place: Place
) -> Value:
    if name == "items":
        pairs: list[Value] = [(key, value) for key, value in receiver.items.items()]
        return ListValue(pairs, receiver.is_open, place)
    if name in ("keys", "values"):
        return ListValue(list(receiver.items if name == "keys" else receiver.items.values()), receiver.is_open, place)
    if name in ("get", "pop", "setdefault"):
        return _get(tracer, receiver, name, arguments, place)
    if name == "update":
        source = arguments[0] if arguments else DictValue(dict(keywords.items()))
        for key, value in (source.items if isinstance(source, DictValue) else {}).items():
            tracer.heap.set(receiver.items, key, value)
        if not isinstance(source, DictValue) or source.is_open:
            tracer.heap.set_field(receiver, "is_open", True)
        return None
    if name == "copy":
        return DictValue(dict(receiver.items), receiver.is_open, place)
    return Unknown(f"method {name} of a dict", place)


def _get(tracer: Tracer, receiver: DictValue, name: str, arguments: Arguments, place: Place) -> Value:
    key, default = (*arguments, None, None)[:2]
    if not isinstance(key, (str, int, float, tuple)):
        return Unknown("a key that is not known", place)
    if key in receiver.items:
        value = receiver.items[key]
        if name == "pop":
            tracer.heap.delete(receiver.items, key)
        return value
    if receiver.is_open:
        return Unknown("a key that may be missing", place)
    if name == "setdefault":
        tracer.heap.set(receiver.items, key, default)
    return default


def _call_on_string(
    tracer: Tracer, receiver: str, name: str, arguments: Arguments, place: Place, scope: Scope
) -> Value:
    from initlint.tracing.expressions import note_type_test

    if name == "join" and arguments:
        parts = iteration.items(tracer, arguments[0])
        if parts is None or not all(isinstance(part, str) for part in parts):
            return Unknown("a joined string", place)
        return receiver.join(str(part) for part in parts)
    if name == "format" and all(isinstance(value, (str, int, float)) for value in arguments):
        try:
            return receiver.format(*arguments)
        except (IndexError, KeyError, ValueError):
            return Unknown("a string with an unknown part", place)
    if name not in STRING_METHODS or not all(isinstance(value, (str, int, tuple)) for value in arguments):
        return Unknown(f"method {name} of a string", place)
    try:
        result = getattr(receiver, name)(*arguments)
    except (TypeError, ValueError, IndexError, KeyError):
        return Unknown(f"method {name} of a string", place)
    if isinstance(receiver, ClassName) and name in ("find", "startswith", "endswith", "count"):
        matched = result >= 0 if name == "find" else bool(result)
        note_type_test(tracer, receiver, str(arguments[0]), matched, "in", place, scope)
    if isinstance(receiver, ClassName) and isinstance(result, str):
        return ClassName.made(result, receiver.of)
    return ListValue(list(result)) if isinstance(result, list) else result


STRING_METHODS = frozenset(
    {
        "find",
        "startswith",
        "endswith",
        "lower",
        "upper",
        "split",
        "strip",
        "replace",
        "count",
        "rsplit",
        "title",
        "capitalize",
        "lstrip",
        "rstrip",
        "partition",
        "rpartition",
        "isdigit",
        "removeprefix",
        "removesuffix",
    }
)


# -------------------------------------------------------------------------------------------------------------- signals


def _call_on_signal(
    tracer: Tracer, receiver: Signal, name: str, arguments: Arguments, keywords: Keywords, place: Place
) -> Value:
    from initlint.tracing.calls import call_unknown
    from initlint.tracing.natives import call_on_signals

    if name in (
        "size",
        "dim",
        "numel",
        "ndimension",
        "item",
        "new_zeros",
        "new_ones",
        "new_empty",
        "new_full",
        "get_device",
        "new_tensor",
    ):
        return Unknown(f"the {name} of a signal", place)
    if name in (
        "detach",
        "argmax",
        "argmin",
        "bool",
        "long",
        "int",
        "numpy",
        "tolist",
        "eq",
        "ne",
        "gt",
        "lt",
        "ge",
        "le",
    ):
        return Unknown(f"{name} of a signal", place)
    found = call_on_signals(tracer, name.rstrip("_"), (receiver, *arguments), keywords, place)
    if found is not None:
        return found
    return call_unknown(tracer, Unknown(f"method {name} of a signal"), (receiver, *arguments), keywords, place)


def deep_copy(tracer: Tracer, value: Value, memo: dict[int, Value] | None = None) -> Value:
    """``copy.deepcopy``: the same modules again, with parameters of their own that hold the same values."""
    memo = {} if memo is None else memo
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, (Instance, LayerValue, ContainerValue)):
        made = _copy_module(tracer, value, memo)
        tracer.heap.born(made, made.items if isinstance(made, ContainerValue) else made.attributes)
        return made
    if isinstance(value, TensorValue) and value.is_trained and value.parameter is not None:
        return _copy_tensor(tracer, value, value.parameter, memo)
    if isinstance(value, ListValue):
        copied = ListValue([deep_copy(tracer, item, memo) for item in value.items], value.is_open, value.place)
        tracer.heap.born(copied)
        return copied
    if isinstance(value, DictValue):
        return DictValue({key: deep_copy(tracer, item, memo) for key, item in value.items.items()}, value.is_open)
    if isinstance(value, tuple):
        return tuple(deep_copy(tracer, item, memo) for item in value)
    return value


def _copy_module(
    tracer: Tracer, value: Instance | LayerValue | ContainerValue, memo: dict[int, Value]
) -> Instance | LayerValue | ContainerValue:
    made: Instance | LayerValue | ContainerValue
    if isinstance(value, ContainerValue):
        made = ContainerValue(value.kind, value.place, {}, value.is_open, value.type_name)
    elif isinstance(value, LayerValue):
        made = LayerValue(value.name, value.spec, value.arguments, value.place)
    else:
        made = Instance(value.cls, value.place, {}, value.is_complete)
    memo[id(value)] = made
    source = value.items if isinstance(value, ContainerValue) else value.attributes
    target = made.items if isinstance(made, ContainerValue) else made.attributes
    for name, item in source.items():
        target[name] = deep_copy(tracer, item, memo)
    return made


def _copy_tensor(tracer: Tracer, value: TensorValue, parameter: Parameter, memo: dict[int, Value]) -> TensorValue:
    copied = Parameter(parameter.name, parameter.role, parameter.shape, parameter.place)
    copied.writes, copied.is_frozen = parameter.writes, parameter.is_frozen
    tracer.heap.born(copied)
    tracer.record.parameters.append(copied)
    made = TensorValue(value.shape, value.distribution, copied, is_trained=True, place=value.place)
    memo[id(value)] = made
    return made
