"""What a rule is, for a reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from textwrap import fill, indent

from initlint.report.palette import Palette
from initlint.report.text import WIDEST
from initlint.rule import Rule

Pairs = Sequence[tuple[str, str]]
"""Labels, each with its text."""
INDENT = "    "


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


def explained(rule: Rule, *, width: int, is_coloured: bool) -> str:
    """The whole explanation, wrapped to `width` columns; with colour, the examples are highlighted as Python."""
    state = "on by default" if rule.default else f"off unless selected: --extend-select {rule.code}"
    title = f"{rule.code} {rule.name}"
    parts = [(title, f"{rule.severity.value}, {state}"), ("", rule.summary()), *rule.document().items()]
    examples = [("Bad", rule.bad.strip("\n")), ("Good", rule.good.strip("\n"))]
    width = min(width, WIDEST)
    return _in_colour(parts, examples, width) if is_coloured else _plainly(parts, examples, width)


def _plainly(parts: Pairs, examples: Pairs, width: int) -> str:
    told = [fill(f"{label}: {text}" if label else text, width, break_on_hyphens=False) for label, text in parts]
    return "\n\n".join([*told, *(f"{label}:\n{indent(source, INDENT)}" for label, source in examples)]) + "\n"


def _in_colour(parts: Pairs, examples: Pairs, width: int) -> str:
    from rich.console import Console
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.text import Text

    console = Console(file=StringIO(), force_terminal=True, width=width, highlight=False)
    for label, text in parts:
        console.print(Text.assemble((f"{label}: " if label else "", "bold cyan"), text), end="\n\n")
    for label, source in examples:
        console.print(Text(f"{label}:", "bold red" if label == "Bad" else "bold green"))
        syntax = Syntax(source, "python", theme="ansi_dark", background_color="default")
        console.print(Padding(syntax, (0, 0, 1, len(INDENT))))
    written = console.file
    assert isinstance(written, StringIO)
    return written.getvalue()
