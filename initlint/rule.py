"""What a rule is, and how installed rules are found.

A rule lives in one module of a *rule pack*: a package named by an entry point in the group ``initlint.rules``. The
engine imports no rule by name; it walks the modules of each pack and takes every concrete `Rule` class it meets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc, isabstract
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar, TypeGuard

from initlint.finding import Finding, Place, Severity

if TYPE_CHECKING:
    from initlint.fix.edit import Fix, Plan
    from initlint.fix.outcome import Gauge
    from initlint.network import Network
    from initlint.program import Program

ENTRY_POINT_GROUP = "initlint.rules"
CODE = re.compile(r"[A-Z]{2,8}\d{3}")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DOCUMENT_LABELS = ("Why", "Predicted", "Measured", "Silent on", "Fix", "Source")


class RulePackError(Exception):
    """A rule pack that cannot be used: it does not import, holds no rule, or its codes clash."""


class Rule:
    """One pathology. A subclass states what it is and overrides the detectors it has.

    Its docstring starts with one line that says what the rule fires on, followed by paragraphs under the fixed labels
    *Why*, *Predicted*, *Measured*, *Silent on*, *Fix* and *Source*, each as ``Label: text`` at the start of a line.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.WARNING
    """The usual one; a finding may carry another."""
    default: ClassVar[bool] = True
    """Whether it is on without being selected."""
    mends_dialects: ClassVar[bool] = False
    """Whether its fixes suit networks of every framework, rather than of PyTorch alone."""
    bad: ClassVar[str]
    """Source on which the rule reports exactly the lines that end in ``# bad``."""
    good: ClassVar[str]
    """Source on which every rule is silent."""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Judge one traced network. Called once per network of the program."""
        return iter(())

    def check_measured(self, network: Network) -> Iterator[Finding]:
        """Judge one network that was probed: its layers and parameters hold what was `measured`."""
        return iter(())

    def gauge(self, network: Network) -> Gauge | None:
        """The one number that a probed network is judged by, where that is more than the size of its gradient."""
        return None

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Judge what needs more than one network. Called once per run."""
        return iter(())

    @classmethod
    def finding(
        cls,
        place: Place,
        message: str,
        *,
        help: str = "",
        severity: Severity | None = None,
        predicted: Mapping[str, object] | None = None,
        measured: Mapping[str, object] | None = None,
        related: Iterable[tuple[Place, str]] = (),
        fix: Fix | Plan | None = None,
    ) -> Finding:
        """A finding of this rule. A `fix` that has to look at the source first is given as a function of the program."""
        worst = severity or cls.severity
        return Finding(cls.code, cls.name, worst, place, message, help, predicted, measured, tuple(related), fix)

    @classmethod
    def is_measured(cls) -> bool:
        """Whether it has a detector for probed networks."""
        return cls.check_measured is not Rule.check_measured

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return cleandoc(cls.__doc__ or "").splitlines()[0]

    @classmethod
    def document(cls) -> dict[str, str]:
        """The labelled paragraphs of the docstring, in the order they stand."""
        label = "|".join(DOCUMENT_LABELS)
        parts = re.split(rf"(?m)^({label}): ?", cleandoc(cls.__doc__ or ""))
        return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def load_rules(packs: Iterable[EntryPoint] | None = None) -> dict[str, Rule]:
    """Every rule of every installed pack, by code, in the order of the codes.

    Raises `RulePackError`, naming the pack, if a pack does not import, holds no rule, or states a malformed or clashing
    code or name; and if there is no pack at all.
    """
    rules: dict[str, Rule] = {}
    for pack in entry_points(group=ENTRY_POINT_GROUP) if packs is None else packs:
        found = list(_rules_of(pack))
        if not found:
            raise RulePackError(f"rule pack {pack.value!r} holds no rule")
        for rule in found:
            _accept(rule, pack, rules)
    if not rules:
        raise RulePackError(f"no rule pack is installed (entry-point group {ENTRY_POINT_GROUP!r})")
    return dict(sorted(rules.items()))


def _rules_of(pack: EntryPoint) -> Iterator[Rule]:
    for module in _modules_of(pack):
        for value in vars(module).values():
            if _is_rule(value) and value.__module__ == module.__name__:
                yield _made(value, pack)


def _modules_of(pack: EntryPoint) -> Iterator[ModuleType]:
    """The pack's own module and, if it is a package, those in it."""
    try:
        package = import_module(pack.value)
        yield package
        for found in iter_modules(getattr(package, "__path__", ())):
            yield import_module(f"{pack.value}.{found.name}")
    except (Exception, SystemExit) as error:
        raise RulePackError(f"rule pack {pack.value!r} cannot be imported: {error}") from error


def _made(kind: type[Rule], pack: EntryPoint) -> Rule:
    try:
        return kind()
    except Exception as error:
        raise RulePackError(f"rule pack {pack.value!r}: {kind.code} cannot be made: {error}") from error


def _is_rule(value: object) -> TypeGuard[type[Rule]]:
    return isinstance(value, type) and issubclass(value, Rule) and hasattr(value, "code") and not isabstract(value)


def _accept(rule: Rule, pack: EntryPoint, rules: dict[str, Rule]) -> None:
    missing = [name for name in ("name", "bad", "good") if not hasattr(rule, name)] + ["docstring"] * (not rule.__doc__)
    if missing:
        raise RulePackError(f"rule pack {pack.value!r}: {rule.code} has no {', no '.join(missing)}")
    if not CODE.fullmatch(rule.code) or not NAME.fullmatch(rule.name):
        said = f"{rule.code!r} {rule.name!r} is not a code and a kebab-case name"
        raise RulePackError(f"rule pack {pack.value!r}: {said}")
    for other in rules.values():
        if rule.code == other.code or rule.name == other.name:
            said = f"{rule.code} {rule.name} clashes with {other.code} {other.name} of {type(other).__module__}"
            raise RulePackError(f"rule pack {pack.value!r}: {said}")
    rules[rule.code] = rule
