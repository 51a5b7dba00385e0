"""A call that only gives a plain value is run once; one that does more, or reads what has changed, is run again."""

from __future__ import annotations

import pytest

import initlint

HEAD = """
from torch import nn

MODE = {"wide": False}
COUNT = []


def slowly(value):
    for _ in range(20):
        value = value + 0
    return value


def quadruple(width):
    return slowly(4 * width)


def by_mode():
    return slowly(64 if MODE["wide"] else 8)


def counted():
    COUNT.append(1)
    return slowly(8 * len(COUNT))


def scaled(by):
    def scale(width):
        return slowly(by * width)

    return scale


double, triple = scaled(2), scaled(3)
"""
MODEL = """

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, {first})
        {between}
        self.second = nn.Linear(4, {second})

    def forward(self, x):
        return self.first(x), self.second(x)
"""


@pytest.mark.parametrize(
    ("first", "between", "second", "widths"),
    [
        ("quadruple(2)", "", "quadruple(2)", [8, 8]),
        ("quadruple(2)", "", "quadruple(True)", [8, 4]),
        ("by_mode()", 'MODE["wide"] = True', "by_mode()", [8, 64]),
        ("counted()", "", "counted()", [8, 16]),
        ("double(4)", "", "triple(4)", [8, 12]),
    ],
)
def test_equal_calls_give_what_python_gives(first: str, between: str, second: str, widths: list[int]) -> None:
    text = HEAD + MODEL.format(first=first, between=between, second=second) * 2
    for network in initlint.check_text(text, "model.py").networks:
        assert [layer.fan_out for layer in network.layers if layer.op == "linear"] == widths


RECURSIVE = """
from torch import nn


def width(n):
    return 32 if n == 0 else width(n - 1) + width(n - 1) - width(n - 1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, width(12))

    def forward(self, x):
        return self.layer(x)
"""


def test_a_call_is_run_once_for_all_that_ask_the_same() -> None:
    """Without that, it takes 800 000 calls, five times as many as a model may take steps."""
    report = initlint.check_text(RECURSIVE, "model.py")
    assert report.untraced == 0
    assert [layer.fan_out for layer in report.networks[0].layers if layer.op == "linear"] == [32]


MAKING = """
from torch import nn


def layer(width):
    made = nn.Linear(width, width)
    for _ in range(20):
        width = width + 0
    return made


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = layer(8), layer(8)

    def forward(self, x):
        return self.second(self.first(x))
"""


def test_a_function_that_makes_layers_makes_new_ones_each_time() -> None:
    [network] = initlint.check_text(MAKING, "model.py").networks
    names = [parameter.name for parameter in network.parameters]
    assert names == ["first.weight", "first.bias", "second.weight", "second.bias"]
