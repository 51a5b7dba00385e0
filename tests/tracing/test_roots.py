"""Which classes and functions are traced on their own."""

from __future__ import annotations

import initlint
from initlint.gathering import Gathered

PARTS = """
from torch import nn


class Part(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.a, self.b = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return self.b(self.a(x).relu())


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.part, self.head = Part(16), nn.Linear(16, 2)

    def forward(self, x):
        return self.head({body})
"""


def names(text: str) -> list[str]:
    return [network.name for network in initlint.check_text(text, "model.py").networks]


def test_a_part_that_a_larger_network_runs_has_no_network_of_its_own() -> None:
    assert names(PARTS.format(body="self.part(x)")) == ["Whole"]


def test_a_part_that_is_built_and_never_run_has_one() -> None:
    assert sorted(names(PARTS.format(body="x"))) == ["Part", "Whole"]


def test_a_class_that_is_another_under_a_new_name_is_not_traced_again() -> None:
    renamed = '\n\nclass Renamed(Whole):\n    """The same."""\n'
    assert names(PARTS.format(body="self.part(x)") + renamed) == ["Whole"]


def test_a_base_without_a_forward_shows_in_what_derives_from_it() -> None:
    derived = """
from torch import nn


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(8, 8)


class Derived(Base):
    def forward(self, x):
        return self.inner(x)
"""
    assert names(derived) == ["Derived"]


LARGE = """

class Large{number}(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for first in range(1000):
            for second in range(1000):
                layers.append(nn.Identity())
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)
"""
SMALL = """

class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)

    def forward(self, x):
        return self.a(x)
"""


def test_many_large_models_leave_steps_for_a_small_one_behind_them() -> None:
    text = "from torch import nn\n" + "".join(LARGE.format(number=number) for number in range(40)) + SMALL
    report = initlint.check_text(text, "model.py", select=["INL101"])
    assert report.untraced > 0
    assert "Small" in [network.name for network in report.networks]


def test_who_asks_for_the_networks_is_told_when_roots_are_found_and_of_each_that_was_run() -> None:
    program = Gathered.from_text(PARTS.format(body="x"), "model.py").program
    told: list[str | None] = []
    networks = list(program.networks(lambda module: told.append(None if module is None else module.path.name)))
    assert len(networks) == 2
    assert told == [None, "model.py", "model.py"]
