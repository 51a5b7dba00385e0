"""Methods of modules: of the program's own classes, of containers and of the framework's layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.network import Write
from initlint.tracing import (
    applying,
    collection_methods,
    dtypes,
    layers,
    members,
    modules,
    storing,
    subscripts,
    tensors,
)
from initlint.tracing.derived import held
from initlint.tracing.values import (
    Arguments,
    BoundMethod,
    ContainerValue,
    DictValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Many,
    Scope,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_on_module(
    tracer: Tracer,
    module: Instance | LayerValue | ContainerValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> Value:
    if name in framework.GIVE_BACK_THE_MODULE:
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
    elif isinstance(module, ContainerValue) and module.kind != "dict":
        subscripts.extend_container(tracer, module, [Many((value,))])


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
