"""What a program asks of classes and modules: whether one derives from another, and what names there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.frameworks import torch as framework
from initlint.frameworks.torch.attributes import MODULE_METHODS, MODULE_NAMES, TENSOR_NAMES
from initlint.program import Module
from initlint.signal.size import Size
from initlint.tracing import attributes, members, patches, storing, tensors
from initlint.tracing.joining import MISSING
from initlint.tracing.type_tests import note_type_test
from initlint.tracing.values import (
    RETURNED,
    Arguments,
    BoundMethod,
    ClassValue,
    ContainerValue,
    DictValue,
    ExternalValue,
    FunctionValue,
    Instance,
    Keywords,
    LayerValue,
    ListValue,
    Method,
    Partial,
    Scope,
    Signal,
    TensorValue,
    TypeName,
    Unknown,
    Value,
    is_module,
)

if TYPE_CHECKING:
    from initlint.tracing.tracer import Tracer


def is_subclass(value: Value, wanted: Value) -> bool | None:
    """``issubclass(value, wanted)``; `None` if it is not known."""
    if isinstance(wanted, tuple):
        answers = [is_subclass(value, each) for each in wanted]
        return True if True in answers else None if None in answers else False
    if isinstance(value, TypeName):
        return None
    if isinstance(value, ClassValue):
        return _derives(value, wanted)
    if not isinstance(value, ExternalValue) or framework.layer_spec(value.name) is None:
        return None
    if isinstance(wanted, ClassValue):
        return False
    return framework.is_subclass(value.name, wanted.name) if isinstance(wanted, ExternalValue) else None


def _derives(value: ClassValue, wanted: Value) -> bool | None:
    if wanted in value.order:
        return True
    unknown = None if value.has_unknown_base else False
    if not isinstance(wanted, ExternalValue):
        return unknown if isinstance(wanted, ClassValue) else None
    if wanted.name == framework.MODULE and value.is_module:
        return True
    externals = [base.name for base in value.order if isinstance(base, ExternalValue)]
    return True if any(framework.is_subclass(name, wanted.name) for name in externals) else unknown


def names_in(value: Value) -> Value:
    """``dir(value)``: of the framework's modules those names that the tables know, and others."""
    if isinstance(value, ExternalValue) and f"{value.name}." in framework.FUNCTIONAL_ROOTS:
        return ListValue([*framework.FUNCTIONS, *framework.WEIGHTED_FUNCTIONS], is_open=True)
    return Unknown("the names of something unknown")


def call_isinstance(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) != 2:
        return Unknown("isinstance", place)
    value, wanted = arguments
    kinds = list(wanted) if isinstance(wanted, tuple) else [wanted]
    answers = [_is_instance(value, kind) for kind in kinds]
    answer = True if True in answers else None if None in answers else False
    if is_module(value) and answer is not None:
        names = " or ".join(str(getattr(kind, "name", kind)) for kind in kinds)
        note_type_test(tracer, TypeName(value), names, answer, "==", place, scope)
    return Unknown("isinstance of something unknown") if answer is None else answer


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "str": (str,),
    "bool": (bool,),
    "tuple": (tuple,),
    "list": (ListValue,),
    "dict": (DictValue,),
    "set": (ListValue,),
}


ABSTRACT_TYPES: dict[str, tuple[type, ...]] = {
    "Iterable": (tuple, ListValue, DictValue, str),
    "Collection": (tuple, ListValue, DictValue, str),
    "Container": (tuple, ListValue, DictValue, str),
    "Sized": (tuple, ListValue, DictValue, str),
    "Hashable": (int, float, str, tuple, type(None), FunctionValue, BoundMethod, ClassValue, ExternalValue),
    "MutableSequence": (ListValue,),
    "MutableMapping": (DictValue,),
    "Sequence": (tuple, ListValue, str),
    "Mapping": (DictValue,),
    "Callable": (FunctionValue, BoundMethod, ClassValue, Partial),
    "Number": (int, float),
    "Integral": (int,),
    "Real": (int, float),
}


def _is_instance(value: Value, kind: Value) -> bool | None:
    if isinstance(value, Unknown) and value.reason.startswith(framework.CONVOLUTIONAL):
        return None if isinstance(kind, ExternalValue) and kind.name != framework.LINEAR else False
    if isinstance(value, (Unknown, Size)) or isinstance(kind, Unknown):
        return None
    if isinstance(value, Partial) and isinstance(kind, ExternalValue):
        return kind.name in ("functools.partial", "typing.Callable", "collections.abc.Callable")
    if isinstance(kind, ClassValue):
        return (isinstance(value, Instance) and kind in value.cls.order) or _derives_unknown(value)
    if not isinstance(kind, ExternalValue):
        return None
    name, last = kind.name, kind.name.rpartition(".")[2]
    if name == "types.FunctionType":
        return isinstance(value, FunctionValue)
    if name.startswith("builtins.") and last in PYTHON_TYPES:
        return isinstance(value, PYTHON_TYPES[last]) and not (last == "int" and isinstance(value, bool))
    if last in ABSTRACT_TYPES and not name.startswith("torch"):
        return isinstance(value, ABSTRACT_TYPES[last])
    if isinstance(value, LayerValue):
        return framework.is_subclass(value.name, name) if value.spec is not None or name == framework.MODULE else None
    if isinstance(value, ContainerValue):
        return framework.CONTAINERS.get(name) == value.kind or name == framework.MODULE
    if isinstance(value, Instance):
        return _instance_is(value, name)
    if isinstance(value, (TensorValue, Signal)):
        return (
            name in ("torch.Tensor", framework.PARAMETER) if isinstance(value, TensorValue) else name == "torch.Tensor"
        )
    return False


def _instance_is(value: Instance, name: str) -> bool | None:
    if name == framework.MODULE:
        return value.cls.is_module
    externals = [base.name for base in value.cls.order if isinstance(base, ExternalValue)]
    if any(base == name or framework.is_subclass(base, name) for base in externals):
        return True
    return None if value.cls.has_unknown_base else False


def _derives_unknown(value: Value) -> bool | None:
    return None if isinstance(value, Instance) and value.cls.has_unknown_base else False


def call_hasattr(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) != 2 or not isinstance(arguments[1], str):
        return Unknown("hasattr", place)
    owner, name = arguments[0], str(arguments[1])
    if isinstance(owner, (LayerValue, ContainerValue, Instance)) and patches.inherited(tracer, owner, name) is not None:
        return True
    if isinstance(owner, (LayerValue, ContainerValue, Instance)):
        tracer.repeats.note_read(owner, name, owner.attributes.get(name, MISSING))
    if isinstance(owner, LayerValue):
        return name in owner.attributes or name in owner.arguments or name in MODULE_METHODS
    if isinstance(owner, ContainerValue):
        return name in owner.items or name in owner.attributes or name in MODULE_METHODS
    if isinstance(owner, Module):
        return tracer.program.resolve_attribute(owner, name) is not None
    if isinstance(owner, TypeName) and name == "__name__":
        return True
    if isinstance(owner, TensorValue):
        return tensors.has_mark(tracer, owner, name) or name in TENSOR_NAMES
    if isinstance(owner, Signal):
        return (owner.node, name) in tracer.signal_marks or name in TENSOR_NAMES
    if isinstance(owner, (ClassValue, ExternalValue)):
        answer = _has_class(owner, name) if isinstance(owner, ClassValue) else _has_external(tracer, owner, name)
        return Unknown("hasattr", place) if answer is None else answer
    if isinstance(owner, Instance):
        if name in owner.attributes or members.has_member(owner.cls, name):
            return True
        if attributes.load_by_program(tracer, owner, name) is not None:
            return True
        return False if owner.is_complete and not owner.cls.has_unknown_base else Unknown("hasattr", place)
    return Unknown("hasattr of something unknown", place)


def _has_class(cls: ClassValue, name: str) -> bool | None:
    if members.has_member(cls, name) or (cls.is_module and name in MODULE_NAMES) or name in members.CLASS_ATTRIBUTES:
        return True
    is_plain = all(
        isinstance(base, ClassValue) or base.name in (framework.MODULE, "builtins.object") for base in cls.order
    )
    return False if is_plain and not cls.has_unknown_base and not name.startswith("__") else None


def _has_external(tracer: Tracer, owner: ExternalValue, name: str) -> bool | None:
    if patches.load(tracer, owner.name, name) is not None:
        return True
    if owner.name == framework.MODULE:
        return name in MODULE_NAMES
    is_function = f"{owner.name}." in framework.FUNCTIONAL_ROOTS and name in framework.FUNCTIONS
    return True if is_function else None


def call_getattr(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) < 2 or not isinstance(arguments[1], str):
        return Unknown("an attribute whose name is not known", place)
    owner, name = arguments[0], arguments[1]
    if len(arguments) > 2:
        has = call_hasattr(tracer, (owner, name), {}, place, scope)
        if has is False:
            return arguments[2]
        if has is not True and isinstance(owner, (Instance, DictValue)):
            return Unknown(f"attribute {name} that may be missing", place)
        if isinstance(owner, (Unknown, Size)):
            return Unknown(f"attribute {name} of something unknown", place)
    return attributes.load(tracer, owner, name, place, scope)


def call_setattr(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    if len(arguments) == 3:
        owner, name, value = arguments
        if isinstance(name, str):
            storing.store(tracer, owner, name, value, place, scope)
        elif isinstance(owner, Instance):
            tracer.heap.set_field(owner, "is_complete", False)
    return None


def call_type(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    value = arguments[0] if len(arguments) == 1 else None
    if isinstance(value, (Instance, LayerValue, ContainerValue)):
        return TypeName(value)
    for name, kinds in PYTHON_TYPES.items():
        if value is not None and type(value) in kinds:
            return ExternalValue(f"builtins.{name}")
    return Unknown("the type of something unknown", place)


def call_callable(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    kinds = (
        FunctionValue,
        BoundMethod,
        ClassValue,
        Partial,
        ExternalValue,
        Method,
        Instance,
        LayerValue,
        ContainerValue,
    )
    value = arguments[0] if arguments else None
    return Unknown("callable", place) if isinstance(value, (Unknown, Size)) else isinstance(value, kinds)


def call_issubclass(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    answer = is_subclass(*arguments) if len(arguments) == 2 else None
    return Unknown("issubclass of something unknown", place) if answer is None else answer


def call_dir(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    return names_in(arguments[0]) if arguments else Unknown("the names of a scope", place)


def call_vars(tracer: Tracer, arguments: Arguments, keywords: Keywords, place: Place, scope: Scope) -> Value:
    """``vars(owner)``; without an argument what ``locals()`` gives."""
    if arguments:
        return attributes.load(tracer, arguments[0], "__dict__", place, scope)
    return DictValue({name: value for name, value in scope.names.items() if name != RETURNED}, place=place)
