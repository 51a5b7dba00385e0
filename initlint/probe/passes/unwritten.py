"""Parameters and buffers that nothing writes, found with certainty by building the model on memory filled with NaN.

Under deterministic algorithms PyTorch fills what it allocates and nobody asked to be zero (``torch.empty``,
``torch.Tensor(n, m)``, ``new_empty``, ``resize_``) with NaN. What is NaN after construction was not written, or was
computed from what was not, or is meant to be NaN; a second build, on memory filled with zeros, tells the last apart.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode

from initlint.probe.passes.results import Unwritten
from initlint.probe.process_state import process_preserved, set_deterministic

ALLOCATIONS = {
    f"aten::{name}"
    for name in ("empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided")
}
"""The operations behind every way to ask for memory without values."""


def find_unwritten(build: Callable[[], nn.Module]) -> tuple[Unwritten, ...]:
    """Where a model that `build` makes holds uninitialised memory after construction.

    `build` is called once, and a second time if there is anything to report; it must make the same model each time. Lazy
    parameters, integers (whose fill is a valid number), sparse tensors and those without memory are passed over. What is
    written later, by a first batch or a checkpoint, is reported too. Raises what `build` raises.
    """
    model = _build(build, _filled_with_nan())
    suspects = {name: mask for name, tensor in _tensors(model).items() if bool((mask := tensor.isnan()).any())}
    if not suspects:
        return ()
    reference = _tensors(_build(build, _ZeroFilled()))  # type: ignore[no-untyped-call]
    buffers = {name for name, _ in model.named_buffers()}
    return tuple(_judge(suspects, reference, buffers))


def _build(build: Callable[[], nn.Module], filling: AbstractContextManager[object]) -> nn.Module:
    with process_preserved(), filling:
        return build()


@contextmanager
def _filled_with_nan() -> Iterator[None]:
    set_deterministic(True, warn_only=True)
    if hasattr(torch.utils, "deterministic"):  # torch 2.2; before, it cannot be switched off
        torch.utils.deterministic.fill_uninitialized_memory = True  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an operation of the constructor is not deterministic
        yield


class _ZeroFilled(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Fills with zeros: memory that is merely not filled may hold NaN from anywhere."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        return result.zero_() if func._schema.name in ALLOCATIONS else result


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: tensor.detach() for name, tensor in named if not is_lazy(tensor) and _can_be_nan(tensor)}


def _can_be_nan(tensor: Tensor) -> bool:
    return (tensor.is_floating_point() or tensor.is_complex()) and not tensor.is_meta and tensor.layout is torch.strided


def _judge(suspects: dict[str, Tensor], reference: dict[str, Tensor], buffers: set[str]) -> Iterator[Unwritten]:
    for name, is_nan in suspects.items():
        if name in reference and reference[name].shape == is_nan.shape:
            is_unwritten = is_nan & ~reference[name].isnan()
            if share := int(is_unwritten.sum()) / is_nan.numel():
                yield Unwritten(name=name, share=share, is_buffer=name in buffers)
