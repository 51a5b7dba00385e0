"""Methods of a base outside the program, its constructor among them, as ``super()`` reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks.torch.attributes import MODULE_METHODS
from initlint.tracing import (
    attributes,
    construction,
    dataclass_fields,
    derived,
    layers,
    members,
    protocols,
    storing,
    subscripts,
)
from initlint.tracing.derived import ContainerInstance
from initlint.tracing.module_methods import call_on_module
from initlint.tracing.values import Arguments, BoundMethod, Instance, Keywords, Scope, SuperValue, Unknown, Value

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def call_on_super(
    tracer: Tracer,
    receiver: SuperValue,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> Value:
    """A method of an external base, reached through ``super()``, or the constructor that a dataclass has."""
    owner = receiver.receiver
    if isinstance(owner, ContainerInstance):
        return _call_on_shell(tracer, owner, name, arguments, keywords, place, scope)
    if not isinstance(owner, Instance):
        return Unknown(f"super().{name}", place)
    if name == "__init__":
        if dataclass_fields.is_dataclass(owner.cls) and not owner.cls.is_module:
            dataclass_fields.fill_fields(tracer, owner, receiver.cls, arguments, keywords)
        call_external_constructor(tracer, owner, arguments, keywords, place, scope)
        return None
    if name in ("__getitem__", "get") and arguments and derived.ITEMS in owner.attributes:
        return subscripts.load_item(tracer, owner.attributes[derived.ITEMS], arguments[0], place)
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
    if name == "forward" and derived.container_base(owner.cls) is not None:
        return layers.call_module(tracer, derived.held(owner), arguments, keywords, place, scope)
    if name == "forward" and owner.cls.has_unknown_base:
        return Unknown("forward of a base that cannot be read", place)
    if name in MODULE_METHODS:
        return call_on_module(tracer, owner, name, arguments, keywords, place, scope)
    return Unknown(f"super().{name}", place)


def call_external_constructor(
    tracer: Tracer, owner: Instance, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> None:
    """What the constructor of a base outside the program does: of a layer, of a container, or of a model with a config."""
    layer = derived.layer_base(owner.cls)
    if layer is not None:
        _construct_layer(tracer, owner, layer, arguments, keywords, place, scope)
        return
    kind = derived.container_base(owner.cls)
    if kind is not None:
        filled = construction.make_container(tracer, kind, arguments, keywords, place)
        tracer.heap.set_field(filled, "parents", 1)
        for key, value in filled.items.items():
            storing.store(tracer, owner, key, value, place, scope)
        if filled.is_open:
            tracer.heap.set_field(owner, "is_complete", False)
    if owner.cls.has_unknown_base:
        _keep_arguments(tracer, owner, arguments, keywords)


def _construct_layer(
    tracer: Tracer,
    owner: Instance,
    name: str,
    arguments: Arguments,
    keywords: Keywords,
    place: Place,
    scope: Scope,
) -> None:
    """Makes the layer that an instance is one of, and gives the instance what the layer holds."""
    made = construction.make_layer(tracer, name, arguments, keywords, place)
    kept = {key: layers.kept_argument(made, key) for key in made.arguments}
    for key, value in {**kept, **made.attributes}.items():
        tracer.heap.set(owner.attributes, key, value)
    tracer.shells[id(owner)] = made
    reset = members.class_member(tracer, owner.cls, "reset_parameters")
    if reset is not None:
        tracer.call(BoundMethod(reset, owner), (), {}, place, scope)  # type: ignore[arg-type]


def _keep_arguments(tracer: Tracer, owner: Instance, arguments: Arguments, keywords: Keywords) -> None:
    """A base that cannot be read is taken to keep its config, and what else it is given by name."""
    if arguments and "config" not in owner.attributes:
        tracer.heap.set(owner.attributes, "config", arguments[0])
    for key, value in keywords.items():
        if key != "**" and not owner.cls.is_module:
            owner.attributes.setdefault(key, value)


def _call_on_shell(
    tracer: Tracer, owner: Value, name: str, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope
) -> Value:
    assert isinstance(owner, ContainerInstance)
    if name == "__init__":
        filled = construction.make_container(tracer, owner.container.kind, arguments, keywords, place)
        owner.container.items.update(filled.items)
        owner.container.is_open = filled.is_open
        return None
    return call_on_module(tracer, owner.container, name, arguments, keywords, place, scope)
