"""Units of a layer that are equal to each other, and parameters that are copies of each other.

Units with equal weights *and* equal gradients stay equal for ever: every optimiser that treats entries alike moves them
together. Equal weights alone are parted by the first step where what consumes the units is random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parameter import is_lazy

from initlint.probe.passes.results import Replicas, Symmetry

BLOCK = 2**16
"""Entries that are converted to double precision at a time: 512 KiB, which stays in the cache."""
CLOSE = 1e-12
"""Relative difference of two projections in double precision below which the rows are compared entry by entry."""
SAMPLE = 64
"""Entries of a parameter that are compared before all of them are."""


def symmetry(name: str, weight: Tensor, owner: nn.Module | None = None) -> Symmetry:
    """Shares of the units of one weight, of two axes or more, that are equal to another unit of it.

    `owner` is the module that holds it and says which axis is that of the units. Where only ``forward`` knows, the axis
    with the smaller shares counts. The units of a recurrent weight are hidden units, equal if they are in every gate.
    Weights are equal bit for bit; gradients where they differ by less than half of the dtype's digits, since kernels
    round the rows of one product differently. A gradient of zero has no equal.
    """
    gradient = weight.grad if weight.is_leaf else None
    found = [_measure(name, weight, gradient, axis, gates) for axis, gates in _layouts(weight, owner)]
    return min(found, key=lambda each: (each.both or 0.0, each.weights))


def _layouts(weight: Tensor, owner: nn.Module | None) -> list[tuple[int, int]]:
    """Possible axes of the units, each with the number of blocks along it that belong to the same units."""
    if isinstance(owner, (nn.RNNBase, nn.RNNCellBase)):  # (gates * hidden, in)
        return [(0, max(weight.shape[0] // int(owner.hidden_size), 1))]
    if isinstance(owner, _ConvTransposeNd):  # (in, out / groups, *kernel)
        return [(1, 1)]
    if isinstance(owner, (nn.Linear, _ConvNd)) or type(owner).__module__.startswith("torch.nn."):  # (out, in, *kernel)
        return [(0, 1)]
    return [(0, 1), (weight.dim() - 1, 1)]


def _measure(name: str, weight: Tensor, gradient: Tensor | None, axis: int, gates: int) -> Symmetry:
    rows = _units(weight, axis, gates)
    classes = _classes(rows)
    both, zero = (None, None) if gradient is None else _compare(_units(gradient, axis, gates), classes)
    return Symmetry(name=name, units=len(rows), weights=_shared(classes), both=both, zero_gradients=zero)


def _units(tensor: Tensor, axis: int, gates: int) -> Tensor:
    """(units, entries of each)."""
    tensor = (tensor.cpu() if tensor.device.type == "mps" else tensor).detach().movedim(axis, 0)  # needs doubles
    tensor = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    return tensor.reshape(gates, tensor.shape[0] // gates, -1).transpose(0, 1).flatten(1)


def _project(rows: Tensor) -> Tensor:
    """(units,): each row on one random direction, the same for equal rows up to rounding."""
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(rows.shape[1], generator=generator, dtype=torch.float64)
    blocks = torch.split(rows, max(BLOCK // max(rows.shape[1], 1), 1))
    return torch.cat([block.double() @ direction.to(rows.device) for block in blocks])


def _classes(rows: Tensor) -> Tensor:
    """(units,): numbers, the same for equal rows. In the order of their projections these are neighbours."""
    projected, order = _project(rows).sort()
    is_same = projected.diff().abs() <= CLOSE * projected[1:].abs()
    where = is_same.nonzero().squeeze(1)
    is_same[where] = (rows[order[where]] == rows[order[where + 1]]).all(1)
    return _number(order, is_same)


def _compare(gradients: Tensor, classes: Tensor) -> tuple[float, float]:
    """Share of the units with an equal in class and gradient, and of those whose gradient is zero."""
    is_zero = (gradients == 0).all(1)
    order = torch.argsort(_project(gradients))
    order = order[torch.argsort(classes[order], stable=True)]
    left, right = order[:-1], order[1:]
    is_twin = (classes[left] == classes[right]) & ~is_zero[right]
    where = is_twin.nonzero().squeeze(1)
    before, after = gradients[left[where]].double(), gradients[right[where]].double()
    tolerance = torch.finfo(gradients.dtype).eps ** 0.5
    is_twin[where] = (before - after).norm(dim=1) <= tolerance * after.norm(dim=1)
    return _shared(_number(order, is_twin)), float(is_zero.double().mean())


def _number(order: Tensor, is_same: Tensor) -> Tensor:
    """(units,): the number of each unit's class, where units that follow each other in `order` may be the same."""
    starts = torch.cat([torch.zeros_like(order[:1]), (~is_same).long()]).cumsum(0)
    return torch.empty_like(order).scatter_(0, order, starts)


def _shared(classes: Tensor) -> float:
    """Share of the units that are not alone in their class."""
    sizes = classes.bincount()
    return float((sizes[classes] > 1).double().mean()) if len(classes) else 0.0


def replicas(model: nn.Module, rebuilt: nn.Module | None = None) -> tuple[Replicas, ...]:
    """Groups of different parameters of `model` with the same values, not all one value: copies of one draw.

    `rebuilt` is the same model built with another seed. With it, values that no seed changes are left out: what a formula
    gives, such as the state matrix of each layer of a state-space model, is the same everywhere by design.
    """
    groups: dict[object, list[tuple[str, Tensor]]] = defaultdict(list)
    fixed = dict(rebuilt.named_parameters()) if rebuilt is not None else {}
    for name, parameter in model.named_parameters():
        if not is_lazy(parameter) and not parameter.is_meta and not _is_fixed(parameter, fixed.get(name)):
            groups[_signature(parameter)].append((name, parameter.detach()))
    return tuple(found for group in groups.values() for found in _replicas(group))


def _is_fixed(parameter: Tensor, other: Tensor | None) -> bool:
    values = parameter.detach().flatten()
    is_constant = values.numel() == 0 or bool((values == values[0]).all())
    return is_constant or (other is not None and other.shape == parameter.shape and torch.equal(other, parameter))


def _signature(parameter: Tensor) -> object:
    values = parameter.detach().flatten()
    return parameter.shape, parameter.dtype, tuple(values[:: max(values.numel() // SAMPLE, 1)].tolist())


def _replicas(group: list[tuple[str, Tensor]]) -> Iterator[Replicas]:
    """Of parameters that agree in a sample of their entries, those that agree in all, and have memory of their own."""
    while group:
        (first, values), *others = group
        same = [
            name for name, tensor in others if torch.equal(tensor, values) and tensor.data_ptr() != values.data_ptr()
        ]
        if same:
            yield Replicas(names=(first, *same))
        group = [(name, tensor) for name, tensor in others if not torch.equal(tensor, values)]
