"""Watches one forward and backward pass: every module and every functional call, in signal order.

A function mode sees all calls of one forward pass; hooks of all modules tell in which module each happens; a hook on each
result receives its gradient. Each result carries the number of the row that made it, so that rows know their inputs.
"""

from __future__ import annotations

import math
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

from initlint.probe.keras_models import layer_paths
from initlint.probe.operations import IGNORE, PASS, UNKNOWN, Operation, operation
from initlint.probe.places import Spot, caller
from initlint.probe.statistics import Collector, is_measurable
from initlint.probe.weights import NOTHING, Use, Weights

MARK = "_initlint_row"
"""Attribute of a tensor: number of the row that made it."""
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
            stack.enter_context(_custom_functions(self._run_custom))
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
                return _body(func)(*args, **kwargs)
        if what.name == "hardtanh" and _bounds(what, args, kwargs) == RELU6:
            what = operation(torch.nn.functional.relu6)
        before = _before(what, args)
        result = func(*args, **kwargs)
        if what.op == PASS:
            self._hand_on(result, args)
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
        is_seen = isinstance(output, Tensor) and _mark(output) is not None  # to ask a tensor more calls the mode
        result = None if is_seen else _first_signal(output)
        if result is not None and _mark(result) is None and not isinstance(module, ParametrizationList):
            sources = _marks(args)
            if sources or not args:
                self._record_unseen(type(module).__name__, sources, result)
        while self._stack and self._stack.pop()[0] is not module:
            pass

    def _run_custom(self, name: str, args: tuple[Any, ...], run: Callable[[], Any]) -> Any:
        """An autograd function of the user's: one row, since no gradient is seen inside. One that runs modules, as a
        reentrant checkpoint does, keeps the rows of its inside, and its end can be observed."""
        sources, before, entered = _marks(args), len(self.events), self._entered
        output = run()
        result = _first_signal(output)
        if result is None or not sources:
            return output
        mark = _mark(result)
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

    def _hand_on(self, result: Any, args: tuple[Any, ...]) -> None:
        marks = _marks(args)
        if marks:
            for tensor in _tensors((result,)):
                setattr(tensor, MARK, marks[0])

    def _record(
        self, what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any, before: tuple[int, ...]
    ) -> None:
        output = _first_signal(result)
        if output is None:
            return
        inputs = before or _marks(kwargs.values())
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
        for other in _tensors((result,)) if isinstance(result, (tuple, list)) else ():
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
        bounds = _bounds(what, args, kwargs) if what.activation == "hardtanh" else None
        return self.collector.take_signal(output, what.activation, bounds, unit_axis)

    def _describe(self, event: Event, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        what = event.operation
        event.options = _options(what, args, kwargs)
        event.use = self._weights.use(what, event.name, args, kwargs)
        if what.name == "scaled_dot_product_attention":
            event.logits = _logits(args[0], args[1], kwargs.get("scale"))

    def _is_repeated(self, *key: object) -> bool:
        self._repeats[key] += 1
        self.is_cut = self.is_cut or self._repeats[key] > MOST_REPEATS
        return self._repeats[key] > MOST_REPEATS

    def _spread(self, result: Any, marks: Sequence[int]) -> None:
        if marks:
            for tensor in _tensors((result,)):
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


# ----------------------------------------------------------------------------------------------------------- options


def _options(what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a call that the theory needs."""
    found = what.read_options(args, kwargs)
    if what.op == "dropout" and what.argument("training", args, kwargs) is False:
        found["p"] = 0.0
    if what.op == "pool":
        found.update(_window(what, args, kwargs))
    if what.op in ("multiply", "add", "scale"):
        found.update(_constant(what, args))
    return found


RELU6 = (0.0, 6.0)
"""Bounds of a hard tanh that is a ReLU6; torch's module runs it as one."""


def _bounds(what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[float, float] | None:
    given = _options(what, args, kwargs)
    low, high = given.get("min_val"), given.get("max_val")
    return (float(low), float(high)) if isinstance(low, (int, float)) and isinstance(high, (int, float)) else None


def _window(what: Operation, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    side = what.argument("kernel_size", args, kwargs)
    axes = int(what.name[-2]) if what.name[-2:] in ("1d", "2d", "3d") else 1
    sides = tuple(side) if isinstance(side, (tuple, list)) else (side,) * axes
    variant = {"variant": what.activation} if what.activation else {}
    return {**variant, "window": math.prod(sides)} if all(isinstance(each, int) for each in sides) else variant


def _constant(what: Operation, args: tuple[Any, ...]) -> dict[str, Any]:
    """What a signal is multiplied by, or what is added to it, if that is a number."""
    numbers = [value for value in args[:2] if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if what.name == "neg":
        return {"factor": -1.0}
    if len(numbers) != 1 or len(args) < 2:
        return {}
    number = float(numbers[0])
    if what.op == "add":
        is_reversed = what.name == "rsub"
        return {
            "factor": -1.0 if is_reversed else 1.0,
            "offset": -number if what.name in ("sub", "subtract") else number,
        }
    if what.name in ("div", "divide", "true_divide"):
        return {"factor": 1 / number if number else math.inf}
    return {"factor": number} if what.name in ("mul", "multiply") else {}


# ------------------------------------------------------------------------------------------------------------- marks


def _before(what: Operation, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The rows of the arguments, read before the call: an operation in place gives its output the mark of its input."""
    return () if what.op == PASS else _marks(args)


def _mark(tensor: Tensor) -> int | None:
    return tensor.__dict__.get(MARK)


def _marks(values: Iterable[Any]) -> tuple[int, ...]:
    found = (_mark(tensor) for tensor in _tensors(values))
    return tuple(dict.fromkeys(mark for mark in found if mark is not None))


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among values, and in lists and tuples among them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)
        elif isinstance(value, dict):
            yield from _tensors(value.values())


def _first_signal(value: Any) -> Tensor | None:
    return next((tensor for tensor in _tensors((value,)) if is_measurable(tensor)), None)


# --------------------------------------------------------------------------------------------------- inside functions


def _body(function: FunctionType) -> FunctionType:
    """The function without its first step, which would hand the call to the recorder once more."""
    names = {**function.__globals__, "has_torch_function": lambda tensors: False}
    made = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


QUERIES, HEADS = 64, 8
"""How many queries and how many (sample, head) pairs the logits of an attention are looked at for."""


def _logits(query: Tensor, key: Tensor, scale: float | None) -> Tensor | None:
    """What the softmax of an attention is taken of: ``q @ k^T`` times the scale, for a part of it."""
    if query.dim() < 3 or query.shape[:-2] != key.shape[:-2]:
        return None
    with torch.no_grad():
        some = query.flatten(0, -3)[:HEADS, :QUERIES].float()
        others = key.flatten(0, -3)[:HEADS, : 4 * QUERIES].float()
        factor = query.shape[-1] ** -0.5 if scale is None else scale
        return some @ others.transpose(-2, -1) * factor


@contextmanager
def _custom_functions(around: Callable[[str, tuple[Any, ...], Callable[[], Any]], Any]) -> Iterator[None]:
    """While it lasts, every call of an autograd function goes through `around`: its name, its arguments and the call."""
    original = torch.autograd.Function.__dict__["apply"]

    def apply(cls: type, *args: Any, **kwargs: Any) -> Any:
        return around(cls.__name__, args, partial(original.__func__, cls, *args, **kwargs))

    torch.autograd.Function.apply = classmethod(apply)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        torch.autograd.Function.apply = original  # type: ignore[method-assign]
