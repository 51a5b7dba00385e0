"""What of the last output of a recurrent module reaches the input of each earlier time step.

Its size per step back is what decides whether long dependencies can be learned (Bengio et al. 1994,
doi:10.1109/72.279181; Pascanu et al. 2013, arXiv:1211.5063).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from initlint.probe.outputs import contraction
from initlint.probe.passes.precision import doubled
from initlint.probe.passes.results import TimeGradient
from initlint.probe.preserving import preserved


def time_gradients(
    model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int = 0
) -> tuple[TimeGradient, ...]:
    """For each ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU`` in `model` that ran over two steps or more, in the order of running.

    The model runs once to see what each is given, first call only; then each runs by itself on that, with its initial
    state, and a random cotangent at the last output of each sequence: of the last layer, and of a bidirectional
    module the forward direction (whose layers above the first also see the backward one). Cells called in a loop are
    not seen. Raises what the model raises.
    """
    with preserved(model, (args, kwargs)):
        torch.manual_seed(seed)
        for parameter in model.parameters():
            parameter.requires_grad = False  # no work for the gradients of weights
        calls: dict[str, _Call] = {}
        for name, module in model.named_modules():
            if isinstance(module, nn.RNNBase):
                module.register_forward_pre_hook(partial(_see, calls, name), with_kwargs=True)
        with torch.no_grad():
            model(*args, **kwargs)
        found = [_measure(call, seed) for call in calls.values()]
        return tuple(each for each in found if each is not None)


class _Call(NamedTuple):
    name: str
    module: nn.RNNBase
    sequence: Tensor | PackedSequence
    state: Any


def _see(calls: dict[str, _Call], name: str, module: nn.RNNBase, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    sequence, state = (*args, *(kwargs[key] for key in ("input", "hx") if key in kwargs), None)[:2]
    calls.setdefault(name, _Call(name, module, sequence, state))


def _measure(call: _Call, seed: int) -> TimeGradient | None:
    squares, lengths = _squares(call, seed)
    steps = len(squares)
    if steps < 2:
        return None
    back = torch.arange(steps, device=squares.device).unsqueeze(1)
    position = lengths.to(squares.device) - 1 - back  # (steps back, batch)
    mean = torch.where(position >= 0, squares.gather(0, position.clamp(min=0)), 0).sum(1) / (position >= 0).sum(1)
    values = mean.tolist()
    reach = next((step for step, value in enumerate(values) if not 0 < value < math.inf), steps)
    return TimeGradient(
        name=call.name,
        steps=steps,
        mean_squares=tuple(value if math.isfinite(value) else None for value in reversed(values)),
        rate=_rate(values, reach),
        reach=reach,
    )


def _squares(call: _Call, seed: int) -> tuple[Tensor, Tensor]:
    """(steps, batch): mean square over the features of the gradient with respect to each input; the lengths (batch,)."""
    module, sequence = call.module, call.sequence
    data = sequence.data if isinstance(sequence, PackedSequence) else sequence
    leaf = data.detach().clone().requires_grad_()
    with torch.backends.cudnn.flags(enabled=False):  # its kernels have no backward pass in eval mode
        output, _ = module(_like(sequence, leaf), call.state)
    padded, lengths = _by_time(output, module)
    last = padded[lengths - 1, torch.arange(len(lengths)), : module.proj_size or module.hidden_size]
    (gradient,) = torch.autograd.grad(contraction([(last, _cotangent(last, seed))]), leaf)
    return doubled(_by_time(_like(sequence, gradient), module)[0]).square().mean(2), lengths


def _cotangent(last: Tensor, seed: int) -> Tensor:
    """Random, with mean square 1 for each sequence, so that none outweighs the others where it is longer than they."""
    noise = torch.randn(last.shape, generator=torch.Generator().manual_seed(seed))
    return (noise / noise.square().mean(1, keepdim=True).sqrt()).to(last)


def _like(sequence: Tensor | PackedSequence, data: Tensor) -> Tensor | PackedSequence:
    """`data` packed as `sequence` is, if it is."""
    return sequence._replace(data=data) if isinstance(sequence, PackedSequence) else data


def _by_time(sequence: Tensor | PackedSequence, module: nn.RNNBase) -> tuple[Tensor, Tensor]:
    """(steps, batch, features), and the lengths (batch,)."""
    if isinstance(sequence, PackedSequence):
        return pad_packed_sequence(sequence)
    batched = sequence.unsqueeze(1) if sequence.dim() == 2 else sequence
    padded = batched.transpose(0, 1) if module.batch_first and sequence.dim() == 3 else batched
    return padded, torch.full((padded.shape[1],), padded.shape[0])


def _rate(values: list[float], reach: int) -> float | None:
    """Factor for each step back, over the steps that are reached; 0 where nothing gets further than the last step."""
    if reach == 0:
        return None
    if reach == 1:
        return 0.0 if values[1] == 0 else None
    return math.exp((math.log(values[reach - 1]) - math.log(values[0])) / (reach - 1))
