"""A rule pack whose rules say how to mend what they report: one rule for each kind of edit, each about calls of a name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACK = '''
"""Rules with fixes, for tests of how fixes are made."""

from functools import partial

from initlint.fix import (
    Fix, Name, copied, inserted, replaced, statement_after, statement_before, statement_removed, statement_under,
)
from initlint.program.functions import call_at
from initlint.program.nodes import nodes
from initlint.reading import facts
from initlint.rule import Rule


def calls(program, *names):
    for module in program.modules:
        for node in nodes(module.source.facts.body):
            if isinstance(node, facts.Call) and isinstance(node.function, facts.Name) and node.function.id in names:
                yield module, node


def mended(call):
    """What each call is mended with, and whether that is safe."""
    first = call.arguments[0].value if call.arguments else None
    name = call.function.id
    return {
        "old": lambda: [replaced(call, Name("torch.nn.functional.log_softmax"), "(", copied(first), ")")],
        "root": lambda: [replaced(call, Name("math.sqrt"), "(", copied(first), ")")],
        "bare": lambda: [replaced(call, copied(first))],
        "times": lambda: [replaced(call, "2 * ", copied(first))],
        "early": lambda: [replaced(call.function, "late"), statement_before(call, "first()")],
        "then": lambda: [replaced(call.function, "now"), statement_after(call, "last()")],
        "guard": lambda: [replaced(call.function, "safe"), statement_under(call, "if ok:")],
        "gone": lambda: [statement_removed(call)],
        "block": lambda: [replaced(call.function, "x"), statement_after(call, "if a:\\n    b()\\n    if c:\\n        d()")],
        "broken": lambda: [replaced(call, "(")],
        "worse": lambda: [replaced(call, "stuck()")],
        "stuck": lambda: [replaced(call, "stuck()")],
        "again": lambda: [replaced(call, "old(1)")],
        "risky": lambda: [replaced(call.function, "brave")],
        "wide": lambda: [replaced(call, "\u2248")],
    }[name]()


NAMES = "old root bare times early then guard gone block broken worse again risky wide".split()


class Mendable(Rule):
    """A call that can be mended.

    Why: the tests need something to mend.
    """

    code = "TSF101"
    name = "mendable-call"
    bad = "old(x)  # bad"
    good = "new(x)"

    def check_program(self, program):
        for module, call in calls(program, *NAMES):
            place = module.source.place(call.start, call.end)
            fix = Fix("Mend it", tuple(mended(call)), safe=call.function.id != "risky")
            yield self.finding(place, "sick", fix=fix)


class Stuck(Rule):
    """A call whose fix does not help."""

    code = "TSF102"
    name = "stuck-call"
    bad = "stuck()  # bad"
    good = "new()"

    def check_program(self, program):
        for module, call in calls(program, "stuck"):
            place = module.source.place(call.start, call.end)
            yield self.finding(place, "stuck", fix=lambda program, call=call: Fix("Try it", tuple(mended(call)), True))


class Placebo(Rule):
    """A call of an initialiser that the fix only renames."""

    code = "TSF201"
    name = "placebo-call"
    bad = ""
    good = "new()"

    def check_network(self, network):
        places = {write.place for each in network.parameters for write in each.writes if write.initializer == "xavier_uniform_"}
        yield from (self.finding(place, "placebo", fix=partial(renamed, place)) for place in places)

    def check_measured(self, network):
        return iter(())


def renamed(place, program):
    call = call_at(program, place)
    return Fix("Rename it", (replaced(call.function, Name("torch.nn.init.xavier_normal_")),), False)


class Unplanned(Rule):
    """A call whose fix cannot be planned."""

    code = "TSF103"
    name = "unplanned-call"
    bad = "unplanned()  # bad"
    good = "new()"

    def check_program(self, program):
        for module, call in calls(program, "unplanned"):
            yield self.finding(module.source.place(call.start, call.end), "unplanned", fix=lambda program: 1 / 0)
'''


@pytest.fixture(scope="session")
def fixing_pack(tmp_path_factory: pytest.TempPathFactory, write_pack: Callable[..., Path]) -> Path:
    """Folder of the rule pack: TSF101 mendable-call, TSF102 stuck-call, TSF103 unplanned-call."""
    return write_pack(tmp_path_factory.mktemp("fixing"), "initlint_fixing_rules", {"calls": PACK})


@pytest.fixture
def fixing_rules(fixing_pack: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pack is installed in this process."""
    monkeypatch.syspath_prepend(str(fixing_pack))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "initlint_fixing_rules"]:
        del sys.modules[name]
