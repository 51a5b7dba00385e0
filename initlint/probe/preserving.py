"""Leaving no trace: whatever runs on a model inside `preserved`, model, inputs and process are afterwards as before."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from initlint.probe.process_state import process_preserved

CONTAINERS = (dict, OrderedDict, defaultdict, list, set, deque)
"""What can change in place and hold tensors, hooks or modules. Exact types: a subclass may do anything on a write."""

PLAIN = (bool, int, float, str)
"""Most of what is met; nothing in it can change."""


@contextmanager
def preserved(model: nn.Module, inputs: object = None, *, keep_parameters: bool = False) -> Iterator[None]:
    """Afterwards `model`, the tensors in `inputs` and the process are as before, also after an exception.

    Kept of each module, also of one in a plain list: its class, its attributes (training flag, hooks, submodules, buffers,
    parameters, whatever is set in ``forward``) and the contents of the lists, dicts, sets and `torch.Generator` objects
    among them. Kept of each tensor: memory, shape, dtype, ``requires_grad``, ``grad`` and hooks; values too, of the
    parameters only with `keep_parameters`, so that one step costs no copy of them. Lazy modules are lazy again.
    Not reached: tensors inside other objects.

    Kept of the process: what `process_preserved` says. Inside, gradients are recorded, whatever the caller's mode, and
    start at ``None``.
    """
    with process_preserved(), ExitStack() as stack:
        snapshot = _Snapshot(keep_parameters)
        snapshot.add(model)
        snapshot.add(inputs)
        snapshot.forget_gradients()
        snapshot.schedule(stack)
        yield


class _Snapshot:
    """What has been seen, each object once: tied parameters and shared modules are met again and again."""

    def __init__(self, keep_parameters: bool) -> None:
        self._keep_parameters = keep_parameters
        self._seen: dict[int, object] = {}
        """By id; the objects are held so that no id is used twice."""
        self._modules: list[_ModuleState] = []
        self._containers: list[tuple[Any, Any]] = []
        self._tensors: list[_TensorState] = []
        self._generators: list[tuple[torch.Generator, Tensor]] = []

    def add(self, value: object) -> None:
        """Everything in `value` that could change."""
        if value is None or isinstance(value, PLAIN) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, Tensor):
            self._tensors.append(_TensorState.of(value, self._keep_parameters))
        elif isinstance(value, nn.Module):
            self._add_module(value)
        elif isinstance(value, (Mapping, list, tuple, set, deque)):
            self._add_contents(value)
        elif isinstance(value, torch.Generator):
            self._generators.append((value, value.get_state()))

    def _add_module(self, module: nn.Module) -> None:
        if isinstance(module, torch.jit.ScriptModule):  # its attributes live in C++, behind wrappers
            self._modules.append(_ModuleState(module, type(module), {"training": module.training}))
            self.add([*module.parameters(recurse=False), *module.buffers(recurse=False), *module.children()])
            return
        self._modules.append(_ModuleState(module, type(module), dict(vars(module))))
        for value in vars(module).values():
            self.add(value)

    def _add_contents(self, container: Any) -> None:
        if type(container) in CONTAINERS:
            self._containers.append((container, container.copy()))
        for item in container.values() if isinstance(container, Mapping) else container:
            self.add(item)

    def forget_gradients(self) -> None:
        """Without their gradients, tensors get new ones, and the old ones keep their values without a copy."""
        for state in self._tensors:
            if state.is_leaf and state.tensor.grad is not None:
                state.tensor.grad = None

    def schedule(self, stack: ExitStack) -> None:
        """Have everything put back when `stack` closes: each part even if another one fails. Modules come first."""
        for tensor in self._tensors:
            stack.callback(tensor.restore)
        for generator, position in self._generators:
            stack.callback(generator.set_state, position)
        stack.callback(self._refill_containers)
        for module in self._modules:
            stack.callback(module.restore)

    def _refill_containers(self) -> None:
        for container, contents in self._containers:
            _refill(container, contents)


class _ModuleState(NamedTuple):
    module: nn.Module
    kind: type[nn.Module]
    attributes: dict[str, Any]

    def restore(self) -> None:
        if isinstance(self.module, torch.jit.ScriptModule):
            self.module.training = self.attributes["training"]
            return
        self.module.__class__ = self.kind  # a lazy module becomes another one when it first runs
        vars(self.module).clear()
        vars(self.module).update(self.attributes)


class _TensorState(NamedTuple):
    tensor: Tensor
    kind: type[Tensor]
    attributes: dict[str, Any]
    memory: Tensor
    """A view of the same memory, with a version counter of its own: writing through it is invisible to autograd."""
    values: Tensor | None
    is_leaf: bool
    requires_grad: bool
    gradient: Tensor | None
    hooks: tuple[_Hooks, ...]

    @staticmethod
    def of(tensor: Tensor, keep_parameters: bool) -> _TensorState:
        is_kept = not is_lazy(tensor) and (keep_parameters or not isinstance(tensor, nn.Parameter))
        memory = tensor.data
        return _TensorState(
            tensor=tensor,
            kind=type(tensor),
            attributes=dict(vars(tensor)),
            memory=memory,
            values=_without_repeats(memory).clone() if is_kept else None,
            is_leaf=tensor.is_leaf,
            requires_grad=tensor.requires_grad,
            gradient=tensor.grad if tensor.is_leaf else None,
            hooks=tuple(_Hooks.of(tensor, name) for name in TENSOR_HOOKS) if tensor.is_leaf else (),
        )

    def restore(self) -> None:
        if self.values is not None:
            with torch.inference_mode(self.memory.is_inference()):
                _without_repeats(self.memory).copy_(self.values)
        if self.is_leaf and not self.tensor.is_leaf:
            self.tensor.detach_()  # something that has a history was written into it
        self.tensor.data = self.memory
        if type(self.tensor) is not self.kind:  # a lazy parameter got its shape
            self.tensor.__class__ = self.kind
        vars(self.tensor).clear()
        vars(self.tensor).update(self.attributes)
        self._restore_gradient()

    def _restore_gradient(self) -> None:
        if not self.is_leaf:
            return
        if self.tensor.requires_grad != self.requires_grad:
            self.tensor.requires_grad = self.requires_grad
        if self.tensor.grad is not self.gradient:
            self.tensor.grad = self.gradient
        for hooks in self.hooks:
            hooks.restore(self.tensor)


TENSOR_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")


class _Hooks(NamedTuple):
    attribute: str
    hooks: Any
    """``None``, or the very dict that the hooks' handles remove themselves from."""
    contents: Any

    @staticmethod
    def of(tensor: Tensor, attribute: str) -> _Hooks:
        hooks = getattr(tensor, attribute)
        return _Hooks(attribute, hooks, None if hooks is None else hooks.copy())

    def restore(self, tensor: Tensor) -> None:
        if self.hooks is not None:
            _refill(self.hooks, self.contents)
        if (added := getattr(tensor, self.attribute)) is not self.hooks:
            added.clear()  # autograd holds on to this dict whatever the attribute is set to
            setattr(tensor, self.attribute, self.hooks)


def _refill(container: Any, contents: Any) -> None:
    container.clear()
    (container.extend if isinstance(container, (list, deque)) else container.update)(contents)


def _without_repeats(tensor: Tensor) -> Tensor:
    """The part of an expanded tensor that has memory of its own: one entry along each axis of stride 0."""
    if tensor.layout is torch.strided:
        for axis, stride in enumerate(tensor.stride()):
            if stride == 0 and tensor.shape[axis] > 1:
                tensor = tensor.narrow(axis, 0, 1)
    return tensor
