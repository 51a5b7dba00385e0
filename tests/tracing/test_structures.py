"""Inputs that are more than one tensor: a batch with attributes, a dict of tensors, a list of images."""

from __future__ import annotations

import pytest

import initlint
from initlint.network import Network

HEAD = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.map, self.maps = nn.Linear(8, 8), nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 4)])
"""


def network(*lines: str, arguments: str = "x") -> Network:
    body = [f"    def forward(self, {arguments}):", *(f"        {line}" for line in lines)]
    (found,) = initlint.check_text("\n".join([HEAD, *body]), "model.py").networks
    return found


def inputs(found: Network) -> list[str]:
    return [layer.kind for layer in found.live() if layer.op == "input"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("return self.map(x.nodes)", "x.nodes"),
        ("return self.map(x['image'])", "x['image']"),
        ("return self.map(x.get('image'))", "x['image']"),
        ("return torch.cat([self.map(image) for image in x])", "x[]"),
        ("return [self.map(value) for key, value in x.items()]", "x[]"),
        ("return [map(image) for map, image in zip(self.maps, x)]", "x[]"),
    ],
)
def test_what_an_input_holds_is_an_input(line: str, kind: str) -> None:
    found = network(line)
    assert found.is_complete
    assert inputs(found) == [kind]


def test_what_the_program_puts_into_a_batch_is_what_it_reads() -> None:
    for name in (".nodes", "['nodes']"):
        found = network(f"x{name} = self.map(x{name})", f"return self.map(x{name})")
        assert [layer.op for layer in found.live()] == ["input", "linear", "linear"]


def test_the_attributes_of_a_tensor_are_no_inputs() -> None:
    found = network("return self.map(x.data) if x.shape[0] > 2 and x.is_sparse else self.map(x)")
    assert inputs(found) == ["x"]


def test_an_argument_that_a_forward_surely_fails_without_is_given() -> None:
    """Whatever it is called, and beside others that it requires."""
    failing = ("if index is None: raise ValueError", "return self.map(x)")
    assert network(*failing, arguments="x, index=None").is_complete
    assert inputs(network("return self.map(x) * (1 if index is None else 2)", arguments="x, index=None")) == ["x"]


def test_a_list_of_unknown_length_may_equal_any_tuple() -> None:
    """So that a check of a shape is not taken to fail."""
    assert network("if tuple(x.shape[1:]) not in ((8,), (3, 8)): raise ValueError", "return self.map(x)").is_complete
    assert network("if not torch.is_tensor(x): raise ValueError", "return self.map(x)").is_complete


def test_rows_of_a_list_that_nothing_was_put_into_are_survived() -> None:
    source = f"""{HEAD}
    def forward(self, x):
        done = [[] for _ in range(x.count)]
        flat = [one for some in done for one in some]
        return sum(one * weight for one, weight in zip(flat, self.weights)) + self.map(x)
"""
    assert initlint.check_text(source, "model.py").errors == ()


@pytest.mark.parametrize(
    "lines",
    [
        ("flat, spec = tree_flatten((x, {'other': y}))", "flat = [self.map(each) for each in flat]"),
        ("flat, spec = tree_flatten([x, (y, 3)])", "flat[0], flat[1] = self.map(flat[0]), self.map(flat[1])"),
    ],
)
def test_a_tree_is_taken_apart_and_put_together_again(lines: tuple[str, ...]) -> None:
    found = network(
        "from torch.utils._pytree import tree_flatten, tree_unflatten",
        *lines,
        "return tree_unflatten(flat, spec)",
        arguments="x, y",
    )
    assert found.is_complete
    assert [found.layers[output].op for output in found.outputs] == ["linear", "linear"]


def test_what_is_done_to_each_leaf_of_a_tree_is_done_to_each() -> None:
    lines = ("from torch.utils._pytree import tree_map", "return tree_map(self.map, {'one': x, 'more': [y, y.relu()]})")
    found = network(*lines, arguments="x, y")
    assert found.is_complete
    assert [found.layers[output].op for output in found.outputs] == ["linear"] * 3
