"""Whole files, blocks and what they hold → facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from initlint.reading import facts
from initlint.reading.simple_statements import SimpleLowering
from initlint.reading.suppressions import Extent


class StatementLowering(SimpleLowering):
    """Lowers a whole file, from top to bottom."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.extents: list[Extent] = []

    def module(self, node: cst.Module) -> tuple[facts.Statement, ...]:
        return _without_docstring(self._statements(node.body))

    # ------------------------------------------------------------------------------------------------------- blocks

    def _statements(self, nodes: Sequence[Any]) -> list[Any]:
        lowered: list[Any] = []
        for node in nodes:
            if type(node) is cst.SimpleStatementLine:
                self._line(node.body, lowered)
            else:
                lowered.append(_COMPOUND[type(node)](self, node))
        return lowered

    def _line(self, nodes: Sequence[Any], lowered: list[Any]) -> None:
        """Lower the small statements of one logical line."""
        count = len(lowered)
        for node in nodes:
            statement = self.simple(node)
            if statement is not None:
                lowered.append(statement)
        if len(lowered) > count:
            self.extents.append(Extent(lowered[count].start, self.at, self.at))

    def _block(self, suite: Any, start: int) -> list[Any]:
        """Lower what stands under a header that starts at `start` and ends at the next colon."""
        header_end = self.header_end()
        if type(suite) is cst.IndentedBlock:
            lowered = self._statements(suite.body)
        else:
            lowered = []
            self._line(suite.body, lowered)
        self.extents.append(Extent(start, header_end, self.at))
        return lowered

    def _body(self, suite: Any, start: int) -> tuple[Any, ...]:
        return tuple(self._block(suite, start))

    def _part(self, node: Any, word: str) -> tuple[Any, ...]:
        """The block of an ``else`` or ``finally``, empty if there is none."""
        return () if node is None else self._body(node.body, self.word(word))

    # --------------------------------------------------------------------------------------------- compound statements

    def _if(self, node: Any) -> Any:
        branches = []
        word = "if"
        while type(node) is cst.If:
            start = self.word(word)
            test = self.expression(node.test)
            branches.append((start, test, self._body(node.body, start)))
            node, word = node.orelse, "elif"
        otherwise = self._part(node, "else")
        for start, test, body in reversed(branches):
            otherwise = (facts.If(start, self.at, test, body, otherwise),)
        return otherwise[0]

    def _for(self, node: Any) -> Any:
        start = self._start(node, "for")
        target = self.expression(node.target)
        iterable = self.expression(node.iter)
        body = self._body(node.body, start)
        otherwise = self._part(node.orelse, "else")
        return facts.For(start, self.at, target, iterable, body, otherwise)

    def _while(self, node: Any) -> Any:
        start = self.word("while")
        test = self.expression(node.test)
        body = self._body(node.body, start)
        otherwise = self._part(node.orelse, "else")
        return facts.While(start, self.at, test, body, otherwise)

    def _with(self, node: Any) -> Any:
        start = self._start(node, "with")
        has_bracket = type(node.lpar) is cst.LeftParen
        if has_bracket:
            self.open("(")
        items = tuple([self._with_item(item) for item in node.items])
        if has_bracket:
            self.close(")")
        body = self._body(node.body, start)
        return facts.With(start, self.at, items, body)

    def _with_item(self, node: Any) -> facts.WithItem:
        value = self.expression(node.item)
        return facts.WithItem(value, None if node.asname is None else self.expression(node.asname.name))

    def _try(self, node: Any) -> Any:
        start = self.word("try")
        body = self._body(node.body, start)
        handlers = tuple([self._handler(handler) for handler in node.handlers])
        otherwise = self._part(node.orelse, "else")
        final = self._part(node.finalbody, "finally")
        return facts.Try(start, self.at, body, handlers, otherwise, final)

    def _handler(self, node: Any) -> facts.Handler:
        start = self.word("except")
        kind = self.optional(node.type)
        name = None if node.name is None else self.name(node.name.name)
        return facts.Handler(kind, name, self._body(node.body, start))

    def _match(self, node: Any) -> Any:
        start = self.word("match")
        subject = self.expression(node.subject)
        cases = tuple([self._case(case) for case in node.cases])
        return facts.Match(start, self.at, subject, cases)

    def _case(self, node: Any) -> facts.Case:
        start = self.word("case")
        values = self.pattern(node.pattern)
        guard = self.optional(node.guard)
        return facts.Case(values, guard, self._body(node.body, start))

    def _function(self, node: Any) -> Any:
        outer = self._enter()
        decorators = tuple([self.expression(item.decorator) for item in node.decorators])
        header = self._start(node, "def")
        name = self.name(node.name)
        start, end = self.at - len(node.name.value), self.at
        self.type_parameters(node.type_parameters)
        self.open("(")
        parameters = self.parameters(node.params)
        returns = None if node.returns is None else self.expression(node.returns.annotation)
        body = _without_docstring(self._block(node.body, decorators[0].start if decorators else header))
        is_async = node.asynchronous is not None
        called = self._leave(outer)
        return facts.Function(start, end, name, parameters, body, decorators, returns, is_async, self.at, called)

    def _enter(self) -> list[str]:
        """Starts a definition: names called from here on are its own."""
        outer, self.called = self.called, []
        self.depth += 1
        return outer

    def _leave(self, outer: list[str]) -> tuple[str, ...]:
        """Ends a definition: the names called in it, which an enclosing definition, but not the file, calls too."""
        called = tuple(dict.fromkeys(self.called))
        self.depth -= 1
        self.called = outer + list(called) if self.depth else outer
        return called

    def _class_definition(self, node: Any) -> Any:
        outer = self._enter()
        decorators = tuple([self.expression(item.decorator) for item in node.decorators])
        header = self.word("class")
        name = self.name(node.name)
        start, end = self.at - len(node.name.value), self.at
        self.type_parameters(node.type_parameters)
        if type(node.lpar) is cst.LeftParen:
            self.open("(")
        bases = self.arguments(node.bases) + self.arguments(node.keywords)
        body = _without_docstring(self._block(node.body, decorators[0].start if decorators else header))
        return facts.Class(start, end, name, bases, body, decorators, self.at, self._leave(outer))

    def _start(self, node: Any, word: str) -> int:
        """Move over the first words of a statement that may be asynchronous."""
        if node.asynchronous is None:
            return self.word(word)
        start = self.word("async")
        self.word(word)
        return start


def _without_docstring(statements: list[Any]) -> tuple[Any, ...]:
    first = statements[0] if statements else None
    is_docstring = (
        type(first) is facts.Evaluate and type(first.value) is facts.Literal and isinstance(first.value.value, str)
    )
    return tuple(statements[1:] if is_docstring else statements)


_Lower = Callable[[StatementLowering, Any], Any]

_COMPOUND: dict[type[cst.CSTNode], _Lower] = {
    cst.If: StatementLowering._if,
    cst.For: StatementLowering._for,
    cst.While: StatementLowering._while,
    cst.With: StatementLowering._with,
    cst.Try: StatementLowering._try,
    cst.TryStar: StatementLowering._try,
    cst.Match: StatementLowering._match,
    cst.FunctionDef: StatementLowering._function,
    cst.ClassDef: StatementLowering._class_definition,
}
