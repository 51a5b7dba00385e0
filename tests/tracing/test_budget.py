"""Tracing is bounded, and says what it left out."""

from __future__ import annotations

import initlint

RUNAWAY = """
from torch import nn


def grow(n, layers):
    for first in range(1000):
        for second in range(1000):
            layers.append(nn.Linear(n + first, n + second))
    return layers


class Endless(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*grow(1, []))

    def forward(self, x):
        return self.body(x)
"""
SICK = """

class Sick(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        for layer in (self.a, self.b):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.b(self.a(x).relu())
"""


def test_a_model_that_takes_too_many_steps_is_counted_and_the_others_are_judged() -> None:
    report = initlint.check_text(RUNAWAY + SICK, "model.py")
    assert report.untraced >= 1
    assert [finding.code for finding in report.findings] == ["INL101"]
    assert report.errors == ()


def test_nothing_is_counted_as_cut_off_where_all_was_traced() -> None:
    assert initlint.check_text("from torch import nn\n" + SICK, "model.py").untraced == 0


def test_recursion_on_something_unknown_ends() -> None:
    text = """
from torch import nn


def unwrap(thing):
    if hasattr(thing, "module"):
        return unwrap(thing.module)
    return [unwrap(thing.left), unwrap(thing.right)]


class Wrapper(nn.Module):
    def __init__(self, thing):
        super().__init__()
        self.inner = unwrap(thing)
"""
    report = initlint.check_text(text + SICK, "model.py")
    assert report.untraced == 0
    assert [finding.code for finding in report.findings] == ["INL101"]


ENDLESS = """
from torch import nn


def double(n, seen=()):
    return double([n, *seen]) + double([*seen, n])


class Grown(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        layers = []
        while True:
            layers.append(nn.Linear(width, width))
            {step}
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)
"""


def test_a_loop_without_end_ends_and_the_others_are_judged() -> None:
    report = initlint.check_text(ENDLESS.format(step="width += 1") + SICK, "model.py")
    assert [finding.code for finding in report.findings] == ["INL101"]
    assert report.errors == ()


def test_a_function_that_calls_itself_twice_without_end_is_cut_off_and_the_others_are_judged() -> None:
    report = initlint.check_text(ENDLESS.format(step="width = double(width)") + SICK, "model.py")
    assert report.untraced >= 1
    assert [finding.code for finding in report.findings] == ["INL101"]


def test_a_loop_that_breaks_out_once_enough_is_built_builds_just_that() -> None:
    step = "if len(layers) == 5:\n                break"
    networks = initlint.check_text(ENDLESS.format(step=step), "model.py").networks
    assert [layer.op for layer in networks[0].live()].count("linear") == 5


QUARTERED = """
from torch import nn


def quarter(left, right, depth, found):
    if right - left > limit(depth):
        middle = (left + right) // 2
        quarter(left, middle, depth + 1, found)
        quarter(middle, right, depth + 1, found)
    else:
        found.append((left, right))
    return found


class Tree(nn.Module):
    def __init__(self):
        super().__init__()
        self.leaves = quarter(0, 65536, 0, [])
"""


def test_a_list_that_may_hold_thousands_of_different_items_ends() -> None:
    report = initlint.check_text(QUARTERED + SICK, "model.py")
    assert report.seconds < 60
    assert [finding.code for finding in report.findings] == ["INL101"]


PART = """

class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[each for _ in range(24) for each in (nn.Linear(64, 64), nn.ReLU())])

    def forward(self, x):
        return self.layers(x)
"""
WHOLE = """

class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.body = nn.Sequential(*grow(1, []))
        for layer in self.part.layers:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, x):
        return self.body(self.part(x))
"""


def test_nothing_is_said_of_the_init_of_a_part_whose_whole_was_cut_off() -> None:
    """The whole may draw its weights anew."""
    alone = initlint.check_text(RUNAWAY + PART, "model.py")
    assert [finding.code for finding in alone.findings] == ["INL201"]
    report = initlint.check_text(RUNAWAY + PART + WHOLE, "model.py")
    assert report.findings == ()
    part = next(network for network in report.networks if network.name == "Part")
    assert {parameter.doubt for parameter in part.parameters if parameter.distribution is None}
    assert part.is_complete
