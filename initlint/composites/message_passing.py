"""PyTorch Geometric's base class of graph convolutions, which finds out by inspection what its methods are to be given.

An edge is given what its ends have: ``x_j`` is ``x`` where the edge comes from, ``x_i`` where it goes to. What a node gets
from its edges is their sum, mean or maximum; of how many depends on the graph, and is not known.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

ENDS = {"_i": 1, "_j": 0}
"""Ending of a parameter's name -> the row of the edges' index that says whose tensor it is given."""


OTHERS: dict[str, Callable[[Tensor], Any]] = {}
"""Ways to put messages together that are not followed, by name: none of them is known."""


class _Aggregation(nn.Module):
    """What a node makes of what its edges say, by name."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(
        self,
        x: Tensor,
        index: Tensor | None = None,
        ptr: Tensor | None = None,
        dim_size: int | None = None,
        dim: int = -2,
    ) -> Any:
        if self.kind in ("add", "sum"):
            return x.sum(dim=dim, keepdim=True)
        if self.kind == "mean":
            return x.mean(dim=dim, keepdim=True)
        if self.kind == "max":
            return torch.amax(x, dim=dim, keepdim=True)
        if self.kind == "min":
            return torch.amin(x, dim=dim, keepdim=True)
        if self.kind == "mul":
            return torch.prod(x, dim=dim, keepdim=True)
        if self.kind in ("std", "var"):
            return torch.var(x, dim=dim, keepdim=True)
        return OTHERS[self.kind](x)


class _Several(nn.Module):
    """Several of them, side by side."""

    def __init__(self, kinds: Sequence[Any]) -> None:
        super().__init__()
        self.aggrs = nn.ModuleList([_aggregation(kind) for kind in kinds])

    def get_out_channels(self, in_channels: int) -> int:
        return in_channels * len(self.aggrs)

    def forward(
        self,
        x: Tensor,
        index: Tensor | None = None,
        ptr: Tensor | None = None,
        dim_size: int | None = None,
        dim: int = -2,
    ) -> Tensor:
        return torch.cat([each(x, index, ptr=ptr, dim_size=dim_size, dim=dim) for each in self.aggrs], dim=-1)


def _aggregation(kind: Any) -> Any:
    if isinstance(kind, str):
        return _Aggregation(kind)
    return _Several(kind) if isinstance(kind, (list, tuple)) else kind


def _of_edges(edge_index: Tensor, size: tuple[int, int] | None) -> dict[str, Any]:
    """What every method of a convolution may ask for."""
    return {"edge_index": edge_index, "size": size, "index": edge_index[1], "ptr": None, "dim_size": None}


class MessagePassing(nn.Module):
    """A convolution over the edges of a graph."""

    def __init__(
        self,
        aggr: Any = "sum",
        *,
        aggr_kwargs: dict[str, Any] | None = None,
        flow: str = "source_to_target",
        node_dim: int = -2,
        decomposed_layers: int = 1,
    ) -> None:
        super().__init__()
        self.aggr = aggr
        self.aggr_module = _aggregation(aggr)
        self.flow = flow
        self.node_dim = node_dim
        self.decomposed_layers = decomposed_layers
        self.explain = False
        self.fuse = False

    def reset_parameters(self) -> None:
        if hasattr(self.aggr_module, "reset_parameters"):
            self.aggr_module.reset_parameters()

    def propagate(self, edge_index: Tensor, size: tuple[int, int] | None = None, **kwargs: Any) -> Any:
        known = _of_edges(edge_index, size)
        out = self.message(**self._given(self.message, edge_index, kwargs, known))
        known["inputs"] = out
        asked = self._given(self.aggregate, edge_index, kwargs, known)
        asked.pop(next(iter(asked)))
        out = self.aggregate(out, **asked)
        asked = self._given(self.update, edge_index, kwargs, known)
        asked.pop(next(iter(asked)))
        return self.update(out, **asked)

    def edge_updater(self, edge_index: Tensor, size: tuple[int, int] | None = None, **kwargs: Any) -> Any:
        known = _of_edges(edge_index, size)
        return self.edge_update(**self._given(self.edge_update, edge_index, kwargs, known))

    def _given(
        self, function: Callable[..., Any], edge_index: Tensor, kwargs: dict[str, Any], known: dict[str, Any]
    ) -> dict[str, Any]:
        """What a method is given, by the names of its parameters."""
        found: dict[str, Any] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            if name in kwargs:
                found[name] = kwargs[name]
            elif name in known:
                found[name] = known[name]
            elif name[-2:] in ENDS and name[:-2] in kwargs:
                found[name] = self._lifted(kwargs[name[:-2]], edge_index, name[-2:])
            elif name[-2:] in ENDS and name[:-2] == "edge_index":
                found[name] = edge_index[ENDS[name[-2:]]]
            elif name[-2:] in ENDS and name[:-2] == "size":
                found[name] = None
            else:
                found[name] = parameter.default
        return found

    def _lifted(self, data: Any, edge_index: Tensor, end: str) -> Any:
        """What the nodes at one end of the edges have."""
        row = ENDS[end] if self.flow == "source_to_target" else 1 - ENDS[end]
        if isinstance(data, (tuple, list)):
            data = data[row]
        return data.index_select(self.node_dim, edge_index[row]) if isinstance(data, Tensor) else data

    edge_update: Callable[..., Any]

    def message(self, x_j: Tensor) -> Tensor:
        return x_j

    def aggregate(self, inputs: Tensor, index: Tensor, ptr: Tensor | None = None, dim_size: int | None = None) -> Any:
        return self.aggr_module(inputs, index, ptr=ptr, dim_size=dim_size, dim=self.node_dim)

    def update(self, inputs: Tensor) -> Tensor:
        return inputs
