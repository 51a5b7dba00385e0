"""One forward on a guess: whether it runs, and if not, which call failed on what."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from initlint.probe.inputs.batch import Recipe, leaves, make_inputs
from initlint.probe.inputs.plan import Plan
from initlint.probe.preserving import preserved

TRIAL_BATCH = 2
"""Samples in a trial: the fewest that batch norm takes in training mode."""

SOURCES = "_initlint_sources"
"""Attribute of a tensor: names of the arguments it was computed from."""


@dataclass(frozen=True, eq=False)
class Call:
    """The call that raised."""

    function: str
    """Name without module and underscores: ``linear``, ``conv2d``, ``add``."""
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def tensors(self) -> list[torch.Tensor]:
        """Among the arguments, in order."""
        return [leaf for leaf in leaves([self.args, self.kwargs]) if isinstance(leaf, torch.Tensor)]

    def argument(self, position: int, name: str) -> Any:
        return self.args[position] if position < len(self.args) else self.kwargs.get(name)


@dataclass(frozen=True, eq=False)
class Failure:
    """Why a plan does not run."""

    plan: Plan
    model: nn.Module
    error: Exception
    call: Call | None
    """``None``: the model's own code raised."""
    module: nn.Module | None
    """The innermost one that was running."""
    progress: int
    """Calls that worked before."""

    @property
    def text(self) -> str:
        return str(self.error)


def sources_of(tensor: torch.Tensor) -> frozenset[str]:
    """Names of the arguments that went into a tensor."""
    found: frozenset[str] = getattr(tensor, SOURCES, frozenset())
    return found


def attempt(model: nn.Module, plan: Plan, *, dtype: torch.dtype) -> Failure | None:
    """Run forward on a small batch of the plan, where the model is; ``None`` if it runs. Leaves no trace in the model."""
    inputs = make_inputs(plan.recipe(), "", batch=TRIAL_BATCH, device=_device_of(model), dtype=dtype)
    _mark(plan, inputs.args, inputs.kwargs)
    with _undone(model), _running_modules() as stack, _Watch() as watch:
        try:
            model(*inputs.args, **inputs.kwargs)
        except Exception as error:
            call = watch.call if watch.error is error else None
            return Failure(plan, model, error, call, stack[-1] if stack else None, watch.calls)
    return None


def runs(model: nn.Module, recipe: Recipe, *, dtype: torch.dtype) -> bool:
    """Whether forward takes a small batch of the recipe."""
    inputs = make_inputs(recipe, "", batch=TRIAL_BATCH, device=_device_of(model), dtype=dtype)
    with _undone(model):
        try:
            model(*inputs.args, **inputs.kwargs)
        except Exception:
            return False
    return True


@contextmanager
def _undone(model: nn.Module) -> Iterator[None]:
    """Whatever a trial changes is changed back, and warnings wait for the model's real run."""
    with warnings.catch_warnings(), preserved(model), torch.no_grad():
        warnings.simplefilter("ignore")
        yield


def _device_of(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def _mark(plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    for argument in plan.arguments:
        value = plan.tensor_of(argument, args, kwargs)
        if isinstance(value, torch.Tensor):
            setattr(value, SOURCES, frozenset([argument.name]))


@contextmanager
def _running_modules() -> Iterator[list[nn.Module]]:
    """The modules whose forward has begun and not ended, outermost first; what raised stays on it."""
    stack: list[nn.Module] = []

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        while stack and stack.pop() is not module:  # what raised and was caught inside
            pass

    handles = [
        register_module_forward_pre_hook(lambda module, args: stack.append(module)),
        register_module_forward_hook(leave),
    ]
    try:
        yield stack
    finally:
        for handle in handles:
            handle.remove()


class _Watch(TorchFunctionMode):
    """Follows the arguments through the calls, and keeps the call that raises."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.call: Call | None = None
        self.error: Exception | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        call = Call(getattr(func, "__name__", "").strip("_"), args, kwargs or {})
        try:
            _require_rows(call)
            result = func(*args, **call.kwargs)
        except Exception as error:
            self.call, self.error = call, error
            raise
        self.calls += 1
        if isinstance(result, (torch.Tensor, tuple, list)):
            _pass_on(call, result)
        return result


def _pass_on(call: Call, result: Any) -> None:
    found = frozenset[str]().union(*map(sources_of, call.tensors))
    if found:
        for leaf in leaves(result):
            if isinstance(leaf, torch.Tensor) and not isinstance(leaf, nn.Parameter):
                setattr(leaf, SOURCES, found | sources_of(leaf))


def _require_rows(call: Call) -> None:
    """Raise as the CPU does for an index beyond a table: a GPU would be lost for the whole process."""
    if call.function in ("embedding", "embedding_bag"):
        table = call.argument(1, "weight")
        rows = table.shape[0] if isinstance(table, torch.Tensor) and table.dim() else 0
    elif call.function == "one_hot":
        rows = call.argument(1, "num_classes") or 0
    else:
        return
    ids = call.args[0] if call.args else None
    if not isinstance(ids, torch.Tensor) or ids.is_floating_point() or ids.numel() == 0:
        return
    if 0 < rows <= int(ids.max()):
        raise IndexError("index out of range in self")
