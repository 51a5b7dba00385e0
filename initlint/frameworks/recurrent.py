"""Recurrent layers of all frameworks."""

from __future__ import annotations

from typing import NamedTuple

from initlint.frameworks import keras, static_graphs, torch


class RecurrentLayer(NamedTuple):
    """A class of recurrent layers."""

    kind: str
    is_gated: bool
    size: tuple[str, int]
    """Name and position of the argument that gives the width of the state."""


def recurrent_layer(name: str) -> RecurrentLayer | None:
    """The recurrent layer that a full name stands for."""
    kind, spec, own = name.rpartition(".")[2], torch.layer_spec(name), keras.own_name(name)
    if spec is not None and spec.op == torch.RECURRENT_OP:
        return RecurrentLayer(kind, spec.variant in torch.GATED_CELLS, ("hidden_size", 1))
    if own in keras.RECURRENT:
        return RecurrentLayer(kind, keras.RECURRENT[own], ("units", 0))
    if static_graphs.own_cell(name) in static_graphs.CELLS:
        return RecurrentLayer(kind, static_graphs.CELLS[kind], static_graphs.CELL_WIDTH)
    return None


def is_container(name: str) -> bool:
    """Whether a class holds what its constructor is given, and nothing else."""
    is_wrapper = keras.own_name(name) in keras.WRAPPERS or static_graphs.own_cell(name) in static_graphs.WRAPPERS
    return name in torch.CONTAINERS or is_wrapper


def is_graph(name: str) -> bool:
    """Whether a class makes a model of the signals up to its outputs."""
    return keras.own_name(name) in keras.GRAPH


def is_module(name: str) -> bool:
    """Whether a class is the base of models and layers."""
    return name in torch.MODULE_BASES or keras.own_name(name) in keras.MODEL_BASES
