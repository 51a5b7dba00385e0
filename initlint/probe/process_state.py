"""What PyTorch and the random generators keep for the whole process, and putting it back."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch.nn.modules import module as module_hooks


@contextmanager
def process_preserved() -> Iterator[None]:
    """Afterwards what PyTorch and the random generators keep for the whole process is as before.

    Random state (Python's, NumPy's global one, CPU, MPS, and CUDA if it has been used before), grad and inference mode,
    default dtype and device, autocast, anomaly detection, deterministic algorithms, cuDNN's choice of them, number of
    threads, hooks on all modules. Inside, gradients are recorded, whatever the caller's mode.
    """
    with ExitStack() as stack:
        # records gradients; when it ends, grad mode and inference mode are the caller's again
        stack.enter_context(torch.inference_mode(False))
        for setting in SETTINGS:
            stack.callback(setting.restore, setting.read())
        for read, write in _random_generators():
            stack.callback(write, read())
        for hooks in _global_hooks():
            stack.callback(hooks.update, hooks.copy())
            stack.callback(hooks.clear)
        yield


class _Setting(NamedTuple):
    read: Callable[[], Any]
    write: Callable[[Any], None]

    def restore(self, value: Any) -> None:
        if self.read() != value:  # some writes cost, warn, or are refused once work has begun
            self.write(value)


def _default_device() -> torch.device | None:
    """What ``torch.set_default_device`` last set; ``with torch.device(...)`` ends by itself."""
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return None if context is None else context.device


def _read_autocast() -> tuple[Any, ...]:
    if hasattr(torch, "get_autocast_dtype"):  # torch 2.4
        kinds = [(kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in ("cpu", "cuda")]
        return (torch.is_autocast_cache_enabled(), *kinds)
    cpu = (torch.is_autocast_cpu_enabled(), torch.get_autocast_cpu_dtype())
    return (torch.is_autocast_cache_enabled(), *cpu, torch.is_autocast_enabled(), torch.get_autocast_gpu_dtype())


def _write_autocast(state: tuple[Any, ...]) -> None:
    is_cached, *kinds = state
    torch.set_autocast_cache_enabled(is_cached)
    if hasattr(torch, "get_autocast_dtype"):
        for kind, is_enabled, dtype in kinds:
            torch.set_autocast_enabled(kind, is_enabled)
            torch.set_autocast_dtype(kind, dtype)
        return
    names = ("set_autocast_cpu_enabled", "set_autocast_cpu_dtype", "set_autocast_enabled", "set_autocast_gpu_dtype")
    for name, value in zip(names, kinds, strict=True):
        getattr(torch, name)(value)


def _read_determinism() -> tuple[bool, ...]:
    is_on, is_warning = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    return is_on, is_warning, torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark


def _write_determinism(state: tuple[bool, ...]) -> None:
    is_on, is_warning, torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = state
    set_deterministic(is_on, warn_only=is_warning)


def set_deterministic(is_on: bool, *, warn_only: bool) -> None:
    """As `torch.use_deterministic_algorithms`, which also tells the compiler and imports all of it for that: 3 seconds."""
    torch._C._set_deterministic_algorithms(is_on, warn_only=warn_only)


def _attribute(owner: Any, name: str) -> _Setting:
    return _Setting(partial(getattr, owner, name, None), partial(setattr, owner, name))


def _read_anomaly() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _write_anomaly(state: tuple[bool, bool]) -> None:
    torch.set_anomaly_enabled(*state)


SETTINGS = (
    _Setting(torch.get_default_dtype, torch.set_default_dtype),
    _Setting(_default_device, torch.set_default_device),
    _Setting(_read_autocast, _write_autocast),
    _Setting(_read_determinism, _write_determinism),
    _attribute(module_hooks, "_global_is_full_backward_hook"),
    _Setting(_read_anomaly, _write_anomaly),
    _Setting(torch.get_num_threads, torch.set_num_threads),
    _attribute(getattr(torch.utils, "deterministic", SimpleNamespace()), "fill_uninitialized_memory"),  # torch 2.2
)


def _random_generators() -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
    """How to read and to write the state of each generator in use."""
    yield random.getstate, random.setstate
    if numpy := sys.modules.get("numpy"):
        yield numpy.random.get_state, numpy.random.set_state
    yield torch.get_rng_state, torch.set_rng_state
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        yield torch.cuda.get_rng_state_all, torch.cuda.set_rng_state_all
    if torch.backends.mps.is_available():
        yield torch.mps.get_rng_state, torch.mps.set_rng_state


def _global_hooks() -> Iterator[dict[Any, Any]]:
    """The registries behind ``torch.nn.modules.module.register_module_forward_hook`` and its like."""
    for name, value in vars(module_hooks).items():
        if name.startswith("_global_") and isinstance(value, dict):
            yield value
