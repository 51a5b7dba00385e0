"""A few steps of an optimiser: whether the loss falls, weights grow, early layers stall, and where NaN comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs
from initlint.probe.loss import Loss
from initlint.probe.passes.precision import root_mean_square
from initlint.probe.passes.results import Group, Step
from initlint.probe.preserving import preserved
from initlint.selection import nearest

UNSUITED = ("Optimizer", "LBFGS", "SparseAdam")
"""In torch.optim, but abstract, in need of a closure that evaluates again, or for sparse gradients only."""

NOTHING = Group(growth=None, update_ratio=None, gradient_rms=None)


def observe(
    model: nn.Module, inputs: Inputs, loss: Loss, steps: int, optimizer: str, learning_rate: float, seed: int = 0
) -> tuple[Step, ...]:
    """Train for some steps on one batch, always the same, and say what each step did; the model is then as before.

    `optimizer` is a class of torch.optim in any case, used with its defaults but for the learning rate. Weights are taken
    in the order of registration, without those that get no gradient. The steps end early where something is not finite or
    the loss depends on no parameter. Raises `ProbeError` for an optimiser that does not exist or does not take these
    parameters, and what the model raises.
    """
    with preserved(model, (inputs.args, inputs.kwargs), keep_parameters=True):
        torch.manual_seed(seed)
        trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        if not trained:
            return ()
        chosen = _make_optimizer(optimizer, list(trained.values()), learning_rate)
        return tuple(_train(model, inputs, loss, chosen, trained, steps))


def _make_optimizer(name: str, parameters: list[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    found = {
        key.lower(): kind for key, kind in vars(torch.optim).items() if _is_optimizer(kind) and key not in UNSUITED
    }
    if name.lower() not in found:
        raise ProbeError("steps", f"torch.optim has no optimiser `{name}` to take steps with", _suggestion(name, found))
    try:
        made: torch.optim.Optimizer = found[name.lower()](parameters, lr=learning_rate)
    except (TypeError, ValueError) as error:
        raise ProbeError("steps", f"the optimiser `{name}` does not take this model: {error}") from error
    return made


def _is_optimizer(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)


def _suggestion(name: str, found: Mapping[str, object]) -> str:
    close = nearest(name.lower(), found)
    return f"Give --optimizer {close}." if close else f"Give --optimizer with one of: {', '.join(sorted(found))}."


def _train(
    model: nn.Module,
    inputs: Inputs,
    loss: Loss,
    optimizer: torch.optim.Optimizer,
    trained: dict[str, nn.Parameter],
    steps: int,
) -> Iterator[Step]:
    watch = _Watch(trained)
    for index in range(steps):
        optimizer.zero_grad()
        value = loss.value(model(*inputs.args, **inputs.kwargs))
        number = float(value.detach())
        if not math.isfinite(number):
            yield Step(index=index, loss=None, early=NOTHING, late=NOTHING, every=NOTHING, non_finite="loss")
            return
        if not value.requires_grad:
            return
        value.backward()  # type: ignore[no-untyped-call]
        step = watch.over(optimizer, index, number)
        yield step
        if step.non_finite:
            return


class _Watch:
    """The parameters, with the size of the weights among them before the first step."""

    def __init__(self, trained: Mapping[str, nn.Parameter]) -> None:
        self._trained = trained
        self._weights = [each for each in trained.values() if each.dim() >= 2] or list(trained.values())
        self._start = {id(weight): root_mean_square(weight) for weight in self._weights}

    def over(self, optimizer: torch.optim.Optimizer, index: int, loss: float) -> Step:
        """Let `optimizer` take its step and measure it."""
        trouble = _first_gradient(self._trained)
        before = {id(weight): weight.detach().clone() for weight in self._weights}
        optimizer.step()
        weights = [weight for weight in self._weights if weight.grad is not None]
        quarter = max(len(weights) // 4, 1)
        return Step(
            index=index,
            loss=loss,
            early=self._group(weights[:quarter], before),
            late=self._group(weights[-quarter:], before),
            every=self._group(weights, before),
            non_finite=trouble or _first_weight(self._trained),
        )

    def _group(self, weights: Sequence[nn.Parameter], before: Mapping[int, Tensor]) -> Group:
        """`before`: the values before the step, by id of the parameter."""
        entries = sum(weight.numel() for weight in weights)
        start = math.sqrt(sum(self._start[id(weight)] ** 2 * weight.numel() for weight in weights))
        changes = [weight.detach() - before[id(weight)] for weight in weights]
        return Group(
            growth=_ratio(_size(weights), start),
            update_ratio=_ratio(_size(changes), _size([before[id(weight)] for weight in weights])),
            gradient_rms=_ratio(_size([w.grad for w in weights if w.grad is not None]), math.sqrt(entries)),
        )


def _size(tensors: Sequence[Tensor]) -> float:
    """Norm of all entries together."""
    return math.sqrt(sum(root_mean_square(_dense(tensor)) ** 2 * tensor.numel() for tensor in tensors))


def _dense(tensor: Tensor) -> Tensor:
    return tensor.to_dense() if tensor.is_sparse else tensor


def _ratio(value: float, base: float) -> float | None:
    return value / base if base and math.isfinite(value) and math.isfinite(base) else None


def _first_gradient(trained: Mapping[str, nn.Parameter]) -> str:
    """The first in the order of the backward pass, which is from the last parameter to the first."""
    for name, parameter in reversed(list(trained.items())):
        if parameter.grad is not None and not _is_finite(parameter.grad):
            return f"gradient of {name}"
    return ""


def _first_weight(trained: Mapping[str, nn.Parameter]) -> str:
    return next((name for name, parameter in trained.items() if not _is_finite(parameter)), "")


def _is_finite(tensor: Tensor) -> bool:
    return math.isfinite(root_mean_square(_dense(tensor)))
