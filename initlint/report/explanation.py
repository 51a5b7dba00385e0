"""What a rule is, for a reader."""

from __future__ import annotations

import json
from collections.abc import Sequence

from initlint.report.palette import Palette
from initlint.rule import Rule


def as_json(rules: Sequence[Rule], *, is_list: bool) -> str:
    """A list of rules, or the one there is."""
    described = [_described(rule) for rule in rules]
    return json.dumps(described if is_list else described[0], indent=2, ensure_ascii=False) + "\n"


def _described(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "default": rule.default,
        "summary": rule.summary(),
        "document": rule.document(),
        "bad": rule.bad.strip("\n"),
        "good": rule.good.strip("\n"),
    }


def listed(rules: Sequence[Rule], palette: Palette) -> str:
    """One line a rule."""
    room = max((len(rule.name) for rule in rules), default=0)
    return "".join(f"{_line(rule, palette, room)}\n" for rule in rules)


def _line(rule: Rule, palette: Palette, room: int) -> str:
    severity = palette.severity(rule.severity, f"{rule.severity.value:<7}")
    state = "on " if rule.default else "opt"
    return f"{palette.paint(rule.code, 'bold')} {rule.name:<{room}}  {severity} {state}  {rule.summary()}"


def explained(rule: Rule, palette: Palette) -> str:
    """The whole explanation."""
    state = "on by default" if rule.default else f"off unless selected (--extend-select {rule.code})"
    parts = [
        f"{palette.paint(f'{rule.code} {rule.name}', 'bold')} ({palette.severity(rule.severity)}, {state})",
        rule.summary(),
    ]
    parts += [f"{palette.paint(label, 'cyan', 'bold')}: {text}" for label, text in rule.document().items()]
    parts += [
        f"{palette.paint('Bad', 'red', 'bold')}:\n{_indented(rule.bad)}",
        f"{palette.paint('Good', 'green', 'bold')}:\n{_indented(rule.good)}",
    ]
    return "\n\n".join(parts) + "\n"


def _indented(source: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in source.strip("\n").splitlines())
