"""Watches one forward and backward pass: every module and every functional call, in signal order.

A function mode sees all calls of one forward pass; hooks of all modules tell in which module each happens; a hook on each
result receives its gradient. Each result carries the number of the row that made it, so that rows know their inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks
from torch.nn.utils.parametrize import ParametrizationList
from torch.overrides import TorchFunctionMode

from initlint.probe.call_options import RELU6, bounds_of, options_of
from initlint.probe.interception import body_of, custom_functions
from initlint.probe.keras_models import layer_paths
from initlint.probe.logits import attention_logits
from initlint.probe.marks import MARK, first_signal, mark_of, marks_before, marks_of, tensors_in
from initlint.probe.operations import IGNORE, PASS, UNKNOWN, Operation, operation
from initlint.probe.places import Spot, caller
from initlint.probe.statistics import Collector, is_measurable
from initlint.probe.weights import NOTHING, Use, Weights

MOST_REPEATS = 128
"""Times that one call at one place in one module is recorded; a hand-written cell over 1000 steps would fill the memory."""
PARTIAL_OPS = frozenset({"linear", "conv", "conv_transpose", "bilinear", "recurrent", "embedding", "attention"})
"""Operations recorded even if no input of theirs comes from the model's inputs: learned queries, for example."""
CHANNELS_FIRST = frozenset({"conv", "conv_transpose"})
CHANNELS_LAST = frozenset({"linear", "bilinear", "recurrent", "embedding", "attention", "matmul"})
OPENED = "multi_head_attention_forward"
"""A function of many operations, whose body is run under the recorder."""


@dataclass
class Event:
    """One recorded operation, before its numbers are known."""

    operation: Operation
    name: str
    owner: nn.Module | None
    call: int
    inputs: tuple[int, ...]
    spot: Spot | None
    signal: int
    """Handle of the output's statistics."""
    options: dict[str, Any] = field(default_factory=dict)
    use: Use = NOTHING
    units: tuple[int, int] = (-1, 0)
    """The axis that the units lie on, and how many there are; 0: not known."""
    gradient: int | None = None
    is_observable: bool = True
    """Whether the output can receive a gradient."""
    logits: Tensor | None = None


class Recorder(TorchFunctionMode):
    """Records what runs between `__enter__` and `__exit__`; gradients come in afterwards, during the backward pass."""

    def __init__(self, model: nn.Module, batch: int, weights: Weights) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.collector = Collector(batch)
        self.is_cut = False
        """Whether repeats beyond `MOST_REPEATS` were left out."""
        self._model = model
        self._weights = weights
        self._paths = {id(layer): name for name, layer in layer_paths(model)}
        self._paths |= {id(module): name for name, module in model.named_modules(remove_duplicate=False)}
        self._stack: list[tuple[nn.Module, str, int]] = []
        self._calls: Counter[str] = Counter()
        self._entered = 0
        """Calls of modules so far."""
        self._repeats: Counter[tuple[object, ...]] = Counter()

    # ------------------------------------------------------------------------------------------------ what is watched

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Records the forward pass in its body."""
        with ExitStack() as stack:
            before = module_hooks.register_module_forward_pre_hook(self._enter_module)
            stack.callback(before.remove)
            after = module_hooks.register_module_forward_hook(self._leave_module)
            stack.callback(after.remove)
            stack.enter_context(custom_functions(self._run_custom))
            stack.enter_context(self)
            yield

    def mark_input(self, tensor: Tensor, name: str) -> None:
        """Make `tensor` a row of its own: an input of the model."""
        event = Event(Operation(name, "input"), name, None, 0, (), None, self.collector.take_signal(tensor))
        self._add(event, tensor)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        what = operation(func)
        if what.op == IGNORE:
            return func(*args, **kwargs)
        if what.name == OPENED and isinstance(func, FunctionType):
            with self:
                return body_of(func)(*args, **kwargs)
        if what.name == "hardtanh" and bounds_of(what, args, kwargs) == RELU6:
            what = operation(torch.nn.functional.relu6)
        before = marks_before(what, args)
        result = func(*args, **kwargs)
        if what.op == PASS:
            self._spread(result, marks_of(args))
        else:
            self._record(what, args, kwargs, result, before)
        return result

    # ------------------------------------------------------------------------------------------------------- modules

    def _enter_module(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        name = self._paths.get(id(module))
        if name is None:
            name = f"({type(module).__name__})"
        self._stack.append((module, name, self._calls[name]))
        self._calls[name] += 1
        self._entered += 1

    def _leave_module(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """A module whose output no watched call made, scripted code for example, becomes a row of unknown operation."""
        is_seen = isinstance(output, Tensor) and mark_of(output) is not None  # to ask a tensor more calls the mode
        result = None if is_seen else first_signal(output)
        if result is not None and mark_of(result) is None and not isinstance(module, ParametrizationList):
            sources = marks_of(args)
            if sources or not args:
                self._record_unseen(type(module).__name__, sources, result)
        while self._stack and self._stack.pop()[0] is not module:
            pass

    def _run_custom(self, name: str, args: tuple[Any, ...], run: Callable[[], Any]) -> Any:
        """An autograd function of the user's: one row, since no gradient is seen inside. One that runs modules, as a
        reentrant checkpoint does, keeps the rows of its inside, and its end can be observed."""
        sources, before, entered = marks_of(args), len(self.events), self._entered
        output = run()
        result = first_signal(output)
        if result is None or not sources:
            return output
        mark = mark_of(result)
        if self._entered == entered:
            del self.events[before:]
            self._record_unseen(name, sources, result)
            self._spread(output, (len(self.events) - 1,))
        elif mark is not None and not self.events[mark].is_observable:
            self._observe(self.events[mark], result)
        return output

    def _record_unseen(self, kind: str, sources: tuple[int, ...], result: Tensor) -> None:
        module, name, call = self._stack[-1] if self._stack else (self._model, "", 0)
        with torch._C.DisableTorchFunction():
            handle = self.collector.take_signal(result)
            event = Event(Operation(kind, UNKNOWN), name, module, call, sources, caller(), handle)
            self._add(event, result)

    # ---------------------------------------------------------------------------------------------------- operations

    def _record(
        self, what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any, before: tuple[int, ...]
    ) -> None:
        output = first_signal(result)
        if output is None:
            return
        inputs = before or marks_of(kwargs.values())
        if not inputs and what.op not in PARTIAL_OPS:
            return
        spot = caller(2)
        module, name, call = self._stack[-1] if self._stack else (self._model, "", 0)
        if self._is_repeated(name, what.name, spot and (id(spot.code), spot.instruction)):  # to hash code is slow
            self._spread(result, inputs[:1])
            return
        units = self._units(what, inputs, output)
        handle = self._take(what, output, units[0], args, kwargs)
        event = Event(what, name, module, call, inputs, spot, handle, units=units)
        self._describe(event, args, kwargs)
        self._add(event, output)
        self._spread(result, (len(self.events) - 1,))
        for other in tensors_in((result,)) if isinstance(result, (tuple, list)) else ():
            if other is not output and other.requires_grad:  # the last state of a recurrent module, for example
                other.register_hook(partial(self._on_other_gradient, event))  # type: ignore[no-untyped-call]

    def _units(self, what: Operation, inputs: tuple[int, ...], output: Tensor) -> tuple[int, int]:
        """Where the units of the output lie: where the last linear map left them, if an axis there still has their number."""
        if what.op in CHANNELS_FIRST:
            return 1, output.shape[1] if output.dim() > 1 else 0
        axis, count = self.events[inputs[0]].units if inputs else (-1, 0)
        if what.op in CHANNELS_LAST or not count or not output.dim():
            return -1, output.shape[-1] if output.dim() else 0
        places = (axis, -1, 1)
        found = next((each for each in places if each < output.dim() and output.shape[each] == count), -1)
        return found, output.shape[found]

    def _take(
        self, what: Operation, output: Tensor, unit_axis: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> int:
        bounds = bounds_of(what, args, kwargs) if what.activation == "hardtanh" else None
        return self.collector.take_signal(output, what.activation, bounds, unit_axis)

    def _describe(self, event: Event, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        what = event.operation
        event.options = options_of(what, args, kwargs)
        event.use = self._weights.use(what, event.name, args, kwargs)
        if what.name == "scaled_dot_product_attention":
            event.logits = attention_logits(args[0], args[1], kwargs.get("scale"))

    def _is_repeated(self, *key: object) -> bool:
        self._repeats[key] += 1
        self.is_cut = self.is_cut or self._repeats[key] > MOST_REPEATS
        return self._repeats[key] > MOST_REPEATS

    def _spread(self, result: Any, marks: Sequence[int]) -> None:
        """Gives all tensors of a result the first of some marks."""
        if marks:
            for tensor in tensors_in((result,)):
                setattr(tensor, MARK, marks[0])

    def _add(self, event: Event, output: Tensor) -> None:
        self.events.append(event)
        setattr(output, MARK, len(self.events) - 1)
        self._observe(event, output)

    def _observe(self, event: Event, output: Tensor) -> None:
        event.is_observable = output.requires_grad
        if output.requires_grad:
            output.register_hook(partial(self._on_gradient, event))  # type: ignore[no-untyped-call]

    def _on_gradient(self, event: Event, gradient: Tensor) -> None:
        if is_measurable(gradient):
            event.gradient = self.collector.take_gradient(gradient)

    def _on_other_gradient(self, event: Event, gradient: Tensor) -> None:
        """Of an output that is not the first: it counts where the first is not used."""
        if event.gradient is None:
            self._on_gradient(event, gradient)
