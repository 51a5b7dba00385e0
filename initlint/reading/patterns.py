"""Match patterns → the values they compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import libcst as cst

from initlint.reading import facts
from initlint.reading.expressions import ExpressionLowering

Values: TypeAlias = "tuple[facts.Expression, ...] | None"
"""As in `facts.Case`: empty if the pattern matches everything, ``None`` if it does more than compare."""


class PatternLowering(ExpressionLowering):
    """Moves over a pattern and keeps what it compares with."""

    def pattern(self, node: Any) -> Values:
        # A `MatchValue` shows the parentheses of its expression as its own.
        brackets = 0 if type(node) in (cst.MatchValue, cst.MatchSingleton) else len(node.lpar)
        for _ in range(brackets):
            self.open("(")
        values = _PATTERNS[type(node)](self, node)
        for _ in range(brackets):
            self.close(")")
        return values

    def _compared(self, node: Any) -> Values:
        return (self.expression(node.value),)

    def _alternatives(self, node: Any) -> Values:
        found: list[facts.Expression] = []
        exact = True
        for element in node.patterns:
            values = self.pattern(element.pattern)
            exact = exact and bool(values)
            found += values or ()
        return tuple(found) if exact else None

    def _capture(self, node: Any) -> Values:
        if node.pattern is None:
            self._name_or_blank(node.name)
            return ()
        values = self.pattern(node.pattern)
        self.name(node.name)
        return values

    def _name_or_blank(self, name: Any) -> None:
        if name is None:
            self.leaf("_")
        else:
            self.name(name)

    def _list_pattern(self, node: Any) -> Values:
        if node.lbracket is not None:
            self.open("[")
        self._elements(node.patterns)
        if node.rbracket is not None:
            self.close("]")
        return None

    def _tuple_pattern(self, node: Any) -> Values:
        self._elements(node.patterns)
        return None

    def _elements(self, nodes: Any) -> None:
        for node in nodes:
            if type(node) is cst.MatchStar:
                self._name_or_blank(node.name)
            else:
                self.pattern(node.value)

    def _mapping(self, node: Any) -> Values:
        self.open("{")
        for element in node.elements:
            self.expression(element.key)
            self.pattern(element.pattern)
        if node.rest is not None:
            self.name(node.rest)
        self.close("}")
        return None

    def _class(self, node: Any) -> Values:
        self.expression(node.cls)
        self.open("(")
        self._elements(node.patterns)
        for element in node.kwds:
            self.name(element.key)
            self.pattern(element.pattern)
        self.close(")")
        return None


_PATTERNS: dict[type[cst.CSTNode], Callable[[Any, Any], Values]] = {
    cst.MatchValue: PatternLowering._compared,
    cst.MatchSingleton: PatternLowering._compared,
    cst.MatchOr: PatternLowering._alternatives,
    cst.MatchAs: PatternLowering._capture,
    cst.MatchList: PatternLowering._list_pattern,
    cst.MatchTuple: PatternLowering._tuple_pattern,
    cst.MatchMapping: PatternLowering._mapping,
    cst.MatchClass: PatternLowering._class,
}
