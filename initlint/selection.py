"""Which rules run: selectors (codes, prefixes of codes, names, ``ALL``) and what they pick."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from initlint.rule import Rule

ALL = "ALL"
PREFIX = re.compile(r"[A-Z]{2,8}\d{0,3}")
EXACT = 100
"""Specificity of a whole code or a name; a prefix has its length, `ALL` has 0."""


class SelectionError(ValueError):
    """A selector that picks no installed rule."""


@dataclass(frozen=True)
class Selection:
    """What one source of settings (the configuration, the command line) says about rules.

    `select` replaces what was on before, the defaults included; `extend_select` and `ignore` change it. Where several
    selectors meet one rule the most specific decides; between equals `ignore` does.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


UNCHANGED = Selection()
"""Says nothing about any rule."""


def select_rules(rules: Mapping[str, Rule], layers: Iterable[Selection]) -> tuple[Rule, ...]:
    """The rules that run, in the order of their codes; each layer overrides those before it.

    Raises `SelectionError` for a selector that picks nothing.
    """
    enabled = {code: rule.default for code, rule in rules.items()}
    for layer in layers:
        for selector in (*(layer.select or ()), *layer.extend_select, *layer.ignore):
            require_known(selector, rules)
        for code, rule in rules.items():
            enabled[code] = _decide(rule, layer, enabled[code])
    return tuple(rule for code, rule in rules.items() if enabled[code])


def _decide(rule: Rule, layer: Selection, before: bool) -> bool:
    picked = _strongest(rule, (*(layer.select or ()), *layer.extend_select))
    ignored = _strongest(rule, layer.ignore)
    if picked < 0 and ignored < 0:
        return before and layer.select is None
    return picked > ignored


def _strongest(rule: Rule, selectors: Iterable[str]) -> int:
    return max((specificity(selector, rule.code, rule.name) for selector in selectors), default=-1)


def specificity(selector: str, code: str, name: str) -> int:
    """How narrowly a selector picks the rule `code` `name`; -1 if it does not."""
    if selector in (code, name):
        return EXACT
    if selector == ALL:
        return 0
    return len(selector) if PREFIX.fullmatch(selector) and code.startswith(selector) else -1


def picks(selectors: Iterable[str], code: str, name: str) -> bool:
    """Whether any selector picks the rule."""
    return any(specificity(selector, code, name) >= 0 for selector in selectors)


def require_known(selector: str, rules: Mapping[str, Rule]) -> None:
    """Raises `SelectionError`, with the nearest known selector, if `selector` picks none of `rules`."""
    if selector != ALL and not any(picks((selector,), code, rule.name) for code, rule in rules.items()):
        raise SelectionError(f"unknown rule {selector!r}{suggestion(selector, rules)}")


def suggestion(word: str, rules: Mapping[str, Rule]) -> str:
    """``"; did you mean INL101 (constant-weight-init)?"``, or nothing if nothing is near."""
    near = nearest(word.upper(), rules) or nearest(word.lower(), (rule.name for rule in rules.values()))
    found = next((rule for rule in rules.values() if near in (rule.code, rule.name)), None)
    return "" if found is None else f"; did you mean {found.code} ({found.name})?"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)
