"""Whether a fix helps: the model that it changes is probed before and after, each time in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.checking import Examined
from initlint.diagnosis.trajectory import trajectories
from initlint.finding import Finding, Place, Problem
from initlint.fix.outcome import Measured, Proof
from initlint.fix.replacement import Unfixable
from initlint.probing import diagnosed
from initlint.program.building import Building, Made, Options, attributes_read
from initlint.program.module import flatten, target_names
from initlint.program.nodes import last_name
from initlint.reading import facts
from initlint.reading.source import SourceFile, is_notebook

if TYPE_CHECKING:
    from initlint.network import Network
    from initlint.program import Program
    from initlint.rule import Rule

MOST_MODELS = 3
"""Models that are tried for one fix, up to the first that shows what is reported; else the first that can be built."""
WIDTH = 64
"""Given for an argument without a default: units enough that chance hardly shows."""
LEAST_GAIN = 0.05
"""Rise of the score, which goes from 0 to 1, that counts as help; the scores of two draws of one model differ by less."""
SEEDS = 3
"""Builds of a model whose medians are compared."""


class Prover:
    """Probes models before and after fixes."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = {rule.code: rule for rule in rules}

    def prove(
        self, finding: Finding, now: Examined, before: Mapping[Path, bytes], after: Mapping[Path, bytes]
    ) -> Proof | None:
        """What the fix of a finding does to the model it is about; ``None`` if nothing of it is seen before training.

        `before` and `after` hold what the files do, by absolute path, where that is not what is on disk.
        Raises `Unfixable` if the fix does not help.
        """
        rule = self._rules.get(finding.code)
        if rule is None or not rule.is_measured():
            return None
        reason = "no model that it changes stands where it can be imported from"
        chosen: tuple[_Model, Measured] | None = None
        for model in _models(finding, now):
            first = _probed(rule, model, before)
            if isinstance(first, Problem):
                reason = f"{model.shown} cannot be probed: {_short(first)}"
            elif chosen is None or first.is_reported:
                chosen = model, first
            if chosen is not None and chosen[1].is_reported:
                break
        if chosen is None:
            return Proof(finding, reason=reason)
        return _proof(finding, *chosen, _probed(rule, chosen[0], after))


def _proof(finding: Finding, model: _Model, before: Measured, after: Measured | Problem) -> Proof:
    """Raises `Unfixable` if what was measured afterwards is no better."""
    if isinstance(after, Problem):
        raise Unfixable(f"{model.shown} cannot be probed any more: {_short(after)}")
    gain = after.score - before.score
    is_mended = before.is_reported and not after.is_reported
    if gain < LEAST_GAIN and not (is_mended and gain > -LEAST_GAIN):
        raise Unfixable(f"it does not help: {before.compared(after)}")
    return Proof(finding, model.shown, before, after)


def _short(problem: Problem) -> str:
    return problem.message.partition("\n")[0].rstrip(":")


def _probed(rule: Rule, model: _Model, contents: Mapping[Path, bytes]) -> Measured | Problem:
    from initlint.probe.containment import run_contained
    from initlint.probe.request import Request

    sources = {str(path): data for path, data in contents.items() if not is_notebook(path)}
    target = f"{model.file}:{model.name}"
    arguments = {name: _asked(value) for name, value in model.arguments.items()}
    request = Request(target=target, arguments=arguments, seeds=SEEDS, passes=("seeds", "unwritten"), contents=sources)
    outcome = run_contained(request, lambda stage: None)
    if isinstance(outcome.result, Problem):
        return outcome.result
    found = diagnosed(outcome.result)
    assert found.network is not None and found.health is not None
    is_reported = any(True for _ in rule.check_measured(found.network))
    return Measured(found.health.score, _gradient(found.network), is_reported, rule.gauge(found.network))


def _asked(value: object) -> object:
    """An argument as the probe is asked for it."""
    from initlint.probe.request import Attributes, Reference

    if isinstance(value, Made):
        given = {name: _asked(one) for name, one in value.arguments.items()}
        return Reference(f"{value.path}:{value.name}", is_called=True, arguments=given)
    if isinstance(value, Options):
        return Attributes({name: _asked(one) for name, one in value.values.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(map(_asked, value))
    return {name: _asked(one) for name, one in value.items()} if isinstance(value, dict) else value


def _gradient(network: Network) -> float | None:
    """Second moment of the gradient at the first hidden layer over that at the last, along the trunk."""
    decades = [each.gradient for each in trajectories(network) if each.is_trunk and each.gradient is not None]
    return 10.0 ** min(max(decades, key=abs), LARGEST) if decades else None


LARGEST = 300.0
"""Decades up to which a ratio is a float."""


# -------------------------------------------------------------------------------------------------- what is to be probed


@dataclass(frozen=True)
class _Model:
    """A class, function or variable at the top level of a file that gives a model."""

    file: Path
    name: str
    arguments: Mapping[str, object]

    @property
    def shown(self) -> str:
        """As it is called."""
        given = ", ".join(f"{key}={_shown(value)}" for key, value in self.arguments.items())
        return f"{self.name}({given})" if given else self.name


def _models(finding: Finding, now: Examined) -> list[_Model]:
    """The models that a finding is about and that can be named."""
    affected = (network for network in now.report.networks if _is_about(finding, network))
    named = {(each.file, each.name): each for network in affected for each in _named(network, now)}
    return list(named.values())[:MOST_MODELS]


def _shown(value: object) -> str:
    """An argument in a report."""
    if isinstance(value, Made):
        return f"{value.name}({', '.join(f'{key}={_shown(one)}' for key, one in value.arguments.items())})"
    return "the options' defaults" if isinstance(value, Options) else repr(value)


def _is_about(finding: Finding, network: Network) -> bool:
    places = {finding.place, *(place for place, _ in finding.related)}
    writes = (write.place for parameter in network.parameters for write in parameter.writes)
    return any(
        place in places for found in ((layer.place for layer in network.layers), writes) for place in found
    ) or any(parameter.place in places for parameter in network.parameters)


def _named(network: Network, now: Examined) -> Iterator[_Model]:
    """What a network was traced from, and what calls it in the same file: an init may stand there."""
    source = now.sources.get(network.place.path)
    if source is None or is_notebook(source.path):
        return
    top = list(flatten(source.facts.body))
    found = [statement for statement in top if _holds(source, statement, network.place)]
    path = source.path.absolute()
    for statement in (*found, *(each for each in top if each not in found and _calls(each, network.name))):
        yield from (_Model(path, name, _arguments(now.program, source, statement)) for name in _names(statement))


def _calls(statement: facts.Statement, name: str) -> bool:
    if isinstance(statement, facts.Function):
        return name in statement.called
    return isinstance(statement, facts.Assign) and last_name(statement.value) == name


def _names(statement: facts.Statement) -> Iterator[str]:
    if isinstance(statement, (facts.Class, facts.Function)):
        yield statement.name
    elif isinstance(statement, facts.Assign):
        yield from target_names(statement.targets[0])


def _arguments(program: Program, source: SourceFile, statement: facts.Statement) -> dict[str, object]:
    """What the project gives, or settings that fit; a width for each other argument that has to be given and may be one."""
    if not isinstance(statement, (facts.Class, facts.Function)):
        return {}
    module = next((one for one in program.modules if one.source is source), None)
    given = Building(program.values).given(module, statement) if module is not None else {}
    members = flatten(statement.body) if isinstance(statement, facts.Class) else [statement]
    name = "__init__" if isinstance(statement, facts.Class) else statement.name
    called = next((one for one in members if isinstance(one, facts.Function) and one.name == name), None)
    parameters = called.parameters[isinstance(statement, facts.Class) :] if called is not None else ()
    required = [each for each in parameters if each.default is None and not each.kind.startswith("*")]
    widths = {each.name: WIDTH for each in required if called is not None and _may_be_width(called, each)}
    return {**widths, **given}


def _may_be_width(called: facts.Function, parameter: facts.Parameter) -> bool:
    if parameter.annotation is None:
        return not attributes_read(called.body, parameter.name)
    return _is_int(parameter.annotation)


def _is_int(annotation: facts.Expression) -> bool:
    return isinstance(annotation, facts.Name) and annotation.id == "int"


def _holds(source: SourceFile, statement: facts.Statement, place: Place) -> bool:
    if isinstance(statement, (facts.Class, facts.Function)):
        whole = source.place(statement.start, statement.body_end)
    else:
        whole = source.place(statement.start, statement.end)
    return whole.line <= place.line <= whole.end_line
