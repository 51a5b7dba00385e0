"""INL107."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from initlint.finding import Finding, Place
from initlint.network import EarlyApply, Network, TypeTest
from initlint.program import Module, Program
from initlint.program.module import flatten
from initlint.program.selectors import Selecting, Selector, selecting
from initlint.reading import facts
from initlint.rule import Rule

SHOWN = 4
"""Classes named in a message."""


class InitSelectorMisses(Rule):
    """An init function whose test of type or name matches no layer that it is given, or is always true.

    Why: the function runs over every layer and touches none: a Conv2d test on a Conv1d model, type(m) == nn.Linear on
    subclasses, a loop over children() of blocks. The weights keep the framework's default.
    Predicted: the answer of each test for each module and parameter of the models that it is applied to.
    Measured: weights that an init function was meant to write and that are still at the default.
    Silent on: functions of which one test matches in any model of the program, models with parts that are not known,
    tests with a fallback in their else, classes that build what they ask for with other options, and models without
    weights at the time.
    Fix: name the classes that the model is made of; walk modules(), which goes all the way down.
    Source: the documentation of torch.nn.Module.children and of isinstance.
    """

    code = "INL107"
    name = "init-selector-misses"
    bad = """
from torch import nn


def init_weights(m):
    if isinstance(m, nn.Conv2d):  # bad
        nn.init.kaiming_normal_(m.weight)


def build():
    return nn.Sequential(nn.Conv1d(1, 8, 3), nn.ReLU()).apply(init_weights)
"""
    good = """
from torch import nn


def init_weights(m):
    if isinstance(m, (nn.Conv1d, nn.Conv2d)):
        nn.init.kaiming_normal_(m.weight)


def build():
    return nn.Sequential(nn.Conv1d(1, 8, 3), nn.ReLU()).apply(init_weights)
"""

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Joins what was asked in all networks by the function that asked."""
        asked = [seen for network in program.networks() for seen in _asked(network)]
        early = {seen.function for network in program.networks() for seen in network.observed(EarlyApply)}
        for module in program.modules:
            here = [seen for seen in asked if seen.place.path == module.source.display]
            for function in selecting(module):
                yield from map(self._always_true, (s for s in function.selectors if s.is_always_true))
                tests = [seen for seen in here if _is_inside(seen.place, function.place) and seen.function not in early]
                missed = _missed(function, tests)
                if missed is not None and not _may_be_built(module, function, tests):
                    yield self._missing(missed, tests)

    def _always_true(self, selector: Selector) -> Finding:
        message = "the test is always true, as a text that is not empty counts as true: everything is initialised alike"
        return self.finding(selector.place, message, help='ask for each of them: "a" in name or "b" in name')

    def _missing(self, selector: Selector, tests: Sequence[TypeTest]) -> Finding:
        wanted = ", ".join(dict.fromkeys(seen.wanted for seen in tests))
        kinds = list(dict.fromkeys(seen.subject for seen in tests if seen.has_parameters))
        given = ", ".join(kinds[:SHOWN]) + (", ..." if len(kinds) > SHOWN else "")
        message = (
            f"{tests[0].function} asks for {wanted} and gets {given}: no test matches in {len(tests)} tries, and every "
            f"weight keeps its default init"
        )
        remedy = "ask for what the model is made of, with isinstance, and walk model.modules()"
        return self.finding(
            selector.place, message, help=remedy, predicted={"wanted": wanted, "given": kinds, "matches": 0}
        )


def _asked(network: Network) -> list[TypeTest]:
    """What was asked; where a loop goes over a model with layers that are not known, each test may have held for one."""
    found = list(network.observed(TypeTest))
    return [replace(seen, matched=True) for seen in found] if any(seen.is_vague for seen in found) else found


def _is_inside(place: Place, whole: Place) -> bool:
    return place.cell == whole.cell and whole.line <= place.line <= whole.end_line


def _may_be_built(module: Module, function: Selecting, tests: Sequence[TypeTest]) -> bool:
    """Whether the class that the function stands in, which it is asked of with all that is inside, builds what is asked for
    with other options than those that were traced."""
    wanted = {name.rpartition(".")[2] for seen in tests for name in seen.wanted.split(" or ")}
    asked = {seen.subject for seen in tests}
    around = (node for node in flatten(module.source.facts.body) if isinstance(node, facts.Class))
    holding = (each for each in around if _is_inside(function.place, module.source.place(each.start, each.body_end)))
    return any(each.name in asked and not wanted.isdisjoint(each.called) for each in holding)


def _missed(function: Selecting, tests: Sequence[TypeTest]) -> Selector | None:
    """The first selector of a function of which all were asked and none matched."""
    if any(seen.matched for seen in tests) or not any(seen.has_parameters for seen in tests):
        return None
    for selector in function.selectors:
        was_asked = any(_is_inside(seen.place, where) for seen in tests for where in selector.tests)
        if not was_asked or selector.has_fallback or selector.is_always_true:
            return None
    return function.selectors[0]
