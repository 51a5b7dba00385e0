"""Methods of modules and signals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.torch.attributes import MODULE_METHODS
from initlint.network import Write
from initlint.tracing import (
    applying,
    attributes,
    collection_methods,
    construction,
    dtypes,
    layers,
    members,
    modules,
    patterns,
    protocols,
    rows,
    storing,
    subscripts,
    tensor_construction,
    tensor_methods,
    tensors,
)
from initlint.tracing.namespaces import ParserValue, call_parser
from initlint.tracing.values import (
    Arguments,
    BoundMethod,
    ClassValue,
    ContainerValue,
    DictValue,
    ExternalValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Method,
    Row,
    Scope,
    ShapeOf,
    Signal,
    SuperValue,
    TensorValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_method(
    tracer: Tracer, method: Method, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``receiver.name(...)``."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Row) and (known := rows.call(name, (receiver, *arguments))) is not None:
        return known
    if isinstance(receiver, (int, float)) and name == "item":
        return receiver
    if isinstance(receiver, TensorValue):
        return tensor_methods.call(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, Signal):
        return _call_on_signal(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, ListValue):
        return collection_methods.call_on_list(tracer, receiver, name, arguments, place)
    if isinstance(receiver, DictValue):
        return collection_methods.call_on_dict(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, str):
        return collection_methods.call_on_string(tracer, receiver, name, arguments, place, scope)
    if isinstance(receiver, SuperValue):
        return _call_on_super(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, Instance) and name in protocols.METHODS and protocols.is_mapping(receiver):
        return protocols.call_on_mapping(tracer, receiver, name, arguments, place)
    if isinstance(receiver, (Instance, LayerValue, ContainerValue)):
        return _call_on_module(tracer, receiver, name, arguments, keywords, place, scope)
    if isinstance(receiver, ClassValue):
        return _load_class(tracer, receiver, arguments, keywords, place, scope)
    if isinstance(receiver, Unknown) and receiver.loaded is not None:
        return applying.call_on_loaded(tracer, receiver, name, arguments, place, scope)
    if isinstance(receiver, ParserValue):
        return call_parser(tracer, receiver, name, arguments, keywords, place)
    if isinstance(receiver, (re.Pattern, re.Match)):
        return (
            patterns.call_method(receiver, name, arguments) if not keywords else Unknown(f"{name} of a pattern", place)
        )
    if isinstance(receiver, tuple) and name == "index":
        return Unknown("an index")
    from initlint.tracing.calls import call_unknown

    return call_unknown(tracer, Unknown(f"method {name} of something unknown"), arguments, keywords, place)


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
        dtypes.note_conversion(tracer, name, arguments, keywords)
        return module
    if name in ("forward", "__call__"):
        return layers.call_module(tracer, module, arguments, keywords, place, scope)
    if name in ("add_module", "register_module", "register_parameter", "register_buffer"):
        _register(tracer, module, name, arguments, keywords, place, scope)
        return None
    if name in QUERIES:
        is_deep = keywords.get("recurse", True) is not False
        return _query(tracer, module, name, place, scope, is_deep)
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
        return collection_methods.call_on_container(tracer, module, name, arguments, keywords, place, scope)
    if name in ("keys", "values", "items") and isinstance(module, Instance):
        return collection_methods.call_on_container(tracer, held(module), name, arguments, keywords, place, scope)
    return Unknown(f"method {name} of {module.type_name}", place)


def held(module: Instance) -> ContainerValue:
    """The modules kept in an instance of a class derived from a container that has a ``forward`` of its own."""
    bases = (base.name for base in module.cls.order if isinstance(base, ExternalValue))
    kind = next((framework.CONTAINERS[name] for name in bases if name in framework.CONTAINERS), "dict")
    inside = ContainerValue(kind, module.place, dict(modules.submodules(module)), not module.is_complete)
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


def _query(tracer: Tracer, module: Value, name: str, place: Place, scope: Scope, is_deep: bool) -> Value:
    if name == "state_dict":
        pairs: list[Value] = [(path, tensor) for path, tensor in modules.named_tensors(module)]
        return (
            DictValue({str(path): tensor for path, tensor in modules.named_tensors(module)}, True)
            if pairs
            else Unknown(name)
        )
    plain = name.removeprefix("named_")
    is_named = plain != name
    found = [
        applying.named(path, inner) if is_named else inner
        for path, inner in (_inside(module, plain) if is_deep else _directly_inside(module, plain))
        if not isinstance(inner, Unknown)
    ]
    if not is_deep and (not isinstance(module, Instance) or module.is_complete):
        return ListValue(found)
    return ListValue([*found, *applying.parts(tracer, module, is_named, plain == "parameters", place, scope)])


def _inside(module: Value, kind: str) -> Iterator[tuple[str, Value]]:
    """Paths and values of the modules, children or parameters of a module."""
    if kind == "modules":
        yield from modules.named_modules(module)
    elif kind == "children":
        yield from modules.submodules(module)
    elif kind == "parameters":
        yield from modules.named_tensors(module)


def _directly_inside(module: Value, kind: str) -> Iterator[tuple[str, Value]]:
    """Likewise, of the module alone."""
    if kind == "parameters":
        yield from modules.own_tensors(module)


def _freeze(tracer: Tracer, module: Value, name: str, arguments: Arguments) -> None:
    if name == "requires_grad_" and arguments[:1] == (False,):
        for parameter in modules.parameters_of(tracer, module):
            tracer.heap.set_field(parameter, "is_frozen", True)


def _register(
    tracer: Tracer, module: Value, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> None:
    given = [*arguments, *keywords.values()]
    if len(given) < 2:
        return
    key, value = given[0], given[1]
    if name == "register_buffer":
        value = tensors.buffered(value)
    if isinstance(key, str):
        storing.store(tracer, module, key, value, place, scope)
    elif isinstance(module, Instance):
        tracer.heap.set_field(module, "is_complete", False)


def _post_init(tracer: Tracer, module: Value, place: Place, scope: Scope) -> Value:
    """Hugging Face's ``post_init``: applies the model's own ``_init_weights`` to every module in it."""
    if isinstance(module, Instance):
        function = members.class_member(tracer, module.cls, "_init_weights")
        if function is not None:
            for inner in reversed(modules.modules_of(tracer, module)):
                tracer.call(BoundMethod(function, module), (inner,), {}, place, scope)  # type: ignore[arg-type]
            return None
    modules.disturb(tracer, module, place)
    return None


def _reset(tracer: Tracer, module: LayerValue, place: Place, scope: Scope) -> None:
    """A framework layer's ``reset_parameters``: back to its defaults."""
    for parameter in modules.own_parameters(module):
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
        return subscripts.load_item(tracer, owner.attributes[classes.ITEMS], arguments[0], place)
    if name == "__setattr__" and len(arguments) == 2 and isinstance(arguments[0], str):
        storing.set_on_instance(tracer, owner, arguments[0], arguments[1], place)
        return None
    if name in ("__getattr__", "__getattribute__") and len(arguments) == 1 and isinstance(arguments[0], str):
        return attributes.load_by_super(tracer, owner, arguments[0], place)
    if name in protocols.METHODS and protocols.is_mapping(owner):
        return protocols.call_on_mapping(tracer, owner, name, arguments, place)
    shell = tracer.shells.get(id(owner))
    if name == "forward" and shell is not None:
        return layers.call_shell(tracer, owner, shell, arguments, keywords)
    if name == "forward" and owner.cls.has_unknown_base:
        return Unknown("forward of a base that cannot be read", place)
    if name in MODULE_METHODS:
        return _call_on_module(tracer, owner, name, arguments, keywords, place, scope)
    return Unknown(f"super().{name}", place)


def call_external_constructor(
    tracer: Tracer, owner: Instance, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> None:
    from initlint.tracing import classes

    for base in owner.cls.order:
        if isinstance(base, ExternalValue) and framework.layer_spec(base.name) is not None:
            made = construction.make_layer(tracer, base.name, arguments, keywords, place)
            kept = {key: layers.kept_argument(made, key) for key in made.arguments}
            for key, value in {**kept, **made.attributes}.items():
                tracer.heap.set(owner.attributes, key, value)
            tracer.shells[id(owner)] = made
            reset = members.class_member(tracer, owner.cls, "reset_parameters")
            if reset is not None:
                tracer.call(BoundMethod(reset, owner), (), {}, place, scope)  # type: ignore[arg-type]
            return
    kind = classes.container_base(owner.cls)
    if kind is not None:
        filled = construction.make_container(tracer, kind, arguments, keywords, place)
        tracer.heap.set_field(filled, "parents", 1)
        for key, value in filled.items.items():
            storing.store(tracer, owner, key, value, place, scope)
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
        filled = construction.make_container(tracer, owner.container.kind, arguments, keywords, place)
        owner.container.items.update(filled.items)
        owner.container.is_open = filled.is_open
        return None
    return _call_on_module(tracer, owner.container, name, arguments, keywords, place, scope)


def _load_class(
    tracer: Tracer, cls: ClassValue, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    """``Class.from_pretrained(...)``."""
    return Unknown(f"{cls.name} with its weights loaded", place, loaded=place)


def _call_on_signal(
    tracer: Tracer, receiver: Signal, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    from initlint.tracing.calls import call_unknown
    from initlint.tracing.natives import call_on_signals

    if name == "size":
        axis = arguments[0] if arguments else keywords.get("dim")
        whole = ShapeOf("the size of a signal", signal=receiver)
        return whole if axis is None else subscripts.load_item(tracer, whole, axis, place)
    if name in (
        "dim",
        "numel",
        "ndimension",
        "item",
        "get_device",
    ):
        return Unknown(f"the {name} of a signal", place)
    if name.startswith("new_"):
        made = tensor_construction.construct(tracer, name.removeprefix("new_"), arguments, keywords, place, scope)
        return Unknown(f"the {name} of a signal", place) if made is None else made
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
