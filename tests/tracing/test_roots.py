"""Which classes and functions are traced on their own."""

from __future__ import annotations

from pathlib import Path

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


HEAVY = """
from torch import nn


class Heavy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Identity() for _ in range(1000)])

    def forward(self, x):
        return self.layers(x)


class Light(nn.Module):
    def forward(self, x):
        return x.relu()
"""
DERIVED = "\n\nclass {base}{number}({base}):\n    pass\n\n    count = {number}\n"
WHOLE = """

class Whole{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = {base}{number}()

    def forward(self, x):
        return self.part(x)
"""


def tries(text: str) -> int:
    """How often a root was run."""
    told: list[object] = []
    assert list(Gathered.from_text(text, "model.py").program.networks(told.append))
    return len(told) - 1


def test_where_classes_of_a_base_take_more_than_a_round_gives_the_others_wait_for_the_next() -> None:
    heavy, light = (
        HEAVY + "".join(DERIVED.format(base=base, number=n) for n in range(20)) for base in ("Heavy", "Light")
    )
    assert tries(light) == 20 + 1 + 2, "Heavy itself is tried twice"
    assert tries(heavy) <= 20 + 1 + 2 + 5


def test_a_whole_waits_for_the_next_round_where_its_part_takes_more_than_this_one_gives() -> None:
    """Parts come first in a library."""
    parts = "".join(DERIVED.format(base="Heavy", number=n) + WHOLE.format(base="Heavy", number=n) for n in range(2))
    many = "".join(DERIVED.format(base="Light", number=n) for n in range(200))
    assert tries(HEAVY + many + parts) - tries(HEAVY + many) == 2 * 2 + 2


def test_a_thorough_check_gives_every_model_its_steps(tmp_path: Path) -> None:
    numbers = " + ".join(["[n for n in range(1000)]"] * 20)
    text = HEAVY.replace("[nn.Identity() for _ in range(1000)]", f"[nn.Identity()][: len({numbers})]")
    many = "".join(DERIVED.format(base="Heavy", number=n) for n in range(30))
    (tmp_path / "model.py").write_text(text + many)
    cut_off = initlint.check([tmp_path], select=["INL101"], isolated=True)
    assert cut_off.untraced > 0
    thorough = initlint.check([tmp_path], select=["INL101"], isolated=True, thorough=True)
    assert thorough.untraced == 0
    assert len(thorough.networks) == 32
