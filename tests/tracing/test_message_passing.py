"""Convolutions over graphs: a message is given what its parameters are called, and what a node gets is a sum or a mean."""

from __future__ import annotations

from pathlib import Path

import pytest

import initlint
from initlint.network import Network

MODULE = """
import torch
from torch import nn
from torch_geometric.nn import MessagePassing


class Convolution(MessagePassing):
    def __init__(self):
        super().__init__({options})
        self.map, self.edges, self.update_by = nn.Linear(8, 8), nn.Linear(3, 8), nn.Linear(8, 8)

    def forward(self, x, edge_index, edge_attr):
        return self.propagate(edge_index, x={given}, edge_attr=edge_attr)

{methods}
"""


def network(methods: str, options: str = "", given: str = "x") -> Network:
    indented = "\n".join(f"    {line}" for line in methods.split("\n"))
    text = MODULE.format(methods=indented, options=options, given=given)
    (found,) = initlint.check_text(text, "model.py").networks
    return found


def kinds(found: Network) -> list[str]:
    assert found.is_complete
    return [layer.name or layer.kind for layer in found.live()]


SENT = """
def message(self, x_j, edge_attr):
    return self.map(x_j) * self.edges(edge_attr)
"""


@pytest.mark.parametrize(
    ("options", "op", "variant"),
    [
        ("", "pool", "sum"),
        ("aggr='add'", "pool", "sum"),
        ("aggr='mean'", "pool", "avg"),
        ("aggr='max'", "pool", "max"),
        ("aggr=['mean', 'max']", "concat", None),
        ("aggr='std'", "function", None),
    ],
)
def test_what_the_edges_say_is_put_together_as_the_class_is_told(options: str, op: str, variant: str | None) -> None:
    found = network(SENT, options)
    assert {"map", "edges"} < set(kinds(found))
    last = found.layers[found.outputs[0]]
    assert (last.op, last.options.get("variant")) == (op, variant)


def test_both_ends_of_an_edge_are_given_by_name() -> None:
    found = network("def message(self, x_i, x_j):\n    return torch.cat([x_i, x_j - x_i], dim=-1)")
    assert kinds(found).count("index_select") == 2


def test_a_graph_of_two_kinds_of_nodes_has_one_tensor_for_each_end() -> None:
    found = network("def message(self, x_i, x_j):\n    return self.map(x_j) + x_i", given="(x, self.update_by(x))")
    (mapped,) = (layer for layer in found.layers if layer.name == "map")
    assert found.layers[found.layers[mapped.inputs[0]].inputs[0]].op == "input"


def test_the_nodes_make_something_of_what_they_get() -> None:
    assert kinds(network("def update(self, given):\n    return self.update_by(given)"))[-1] == "update_by"


def test_an_aggregation_that_nobody_knows_is_not_followed() -> None:
    assert not network(SENT, "aggr='of_my_own'").is_complete


def test_the_library_s_own_base_class_is_taken_as_it_is_written_out(tmp_path: Path) -> None:
    """Its source works by inspection, and by templates that are filled in when it runs."""
    files = {
        "torch_geometric/__init__.py": "",
        "torch_geometric/nn/__init__.py": "from .conv import MessagePassing",
        "torch_geometric/nn/conv/__init__.py": "from .message_passing import MessagePassing",
        "torch_geometric/nn/conv/message_passing.py": "from torch import nn\nclass MessagePassing(nn.Module):\n    pass\n",
        "model.py": MODULE.format(methods=SENT.replace("\n", "\n    "), options="", given="x"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    networks = initlint.check([tmp_path], isolated=True).networks
    (found,) = [each for each in networks if each.name == "Convolution"]
    assert found.is_complete
    assert found.layers[found.outputs[0]].kind == "sum"
