"""What the facts of a source must be, worked out a second time: from CPython's own `ast`, with its positions."""

# ruff: noqa: N802 (methods are named after the nodes they take)

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any

from initlint.reading import facts

_SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^", ast.MatMult: "@",
    ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not", ast.And: "and", ast.Or: "or", ast.Lt: "<",
    ast.Gt: ">", ast.Eq: "==", ast.NotEq: "!=", ast.LtE: "<=", ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in",
    ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
UNKNOWN = -1
"""Where ast has no node, and so no place."""


def expected_facts(text: str) -> tuple[Any, ...]:
    """The statements of the text. Places leave out parentheses; `UNKNOWN` where ast has no node."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    return _Oracle(text).body(tree.body, has_docstring=True)


class _Oracle:
    """`ast` → facts."""

    def __init__(self, text: str) -> None:
        self.text = text
        starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        self._starts = starts
        self._lines = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]

    def offset(self, line: int, column: int) -> int:
        """Columns of ast count bytes of UTF-8."""
        text = self._lines[line - 1]
        return self._starts[line - 1] + (column if text.isascii() else len(text.encode()[:column].decode()))

    def place(self, node: Any) -> tuple[int, int]:
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def body(self, nodes: list[Any], has_docstring: bool = False) -> tuple[Any, ...]:
        if has_docstring and nodes and isinstance(nodes[0], ast.Expr) and isinstance(nodes[0].value, ast.Constant):
            nodes = nodes[1:] if isinstance(nodes[0].value.value, str) else nodes
        return tuple(self.of(node) for node in nodes if type(node).__name__ != "TypeAlias")

    def all(self, nodes: list[Any]) -> tuple[Any, ...]:
        return tuple(map(self.of, nodes))

    def of(self, node: Any) -> Any:
        return None if node is None else getattr(self, type(node).__name__)(node, *self.place(node))

    # ---------------------------------------------------------------------------------------------- statements

    def Expr(self, node: Any, start: int, end: int) -> Any:
        value = self.of(node.value)
        return facts.Evaluate(start, end, value)

    def Assign(self, node: Any, start: int, end: int) -> Any:
        return facts.Assign(start, end, self.all(node.targets), self.of(node.value))

    def AnnAssign(self, node: Any, start: int, end: int) -> Any:
        return facts.Assign(start, end, (self.of(node.target),), self.of(node.value), self.of(node.annotation))

    def AugAssign(self, node: Any, start: int, end: int) -> Any:
        return facts.AugmentedAssign(start, end, self.of(node.target), _SYMBOLS[type(node.op)], self.of(node.value))

    def Return(self, node: Any, start: int, end: int) -> Any:
        return facts.Return(start, end, self.of(node.value))

    def Raise(self, node: Any, start: int, end: int) -> Any:
        return facts.Raise(start, end, self.of(node.exc))

    def Assert(self, node: Any, start: int, end: int) -> Any:
        return facts.Assert(start, end, self.of(node.test))

    def Delete(self, node: Any, start: int, end: int) -> Any:
        targets = self.all(node.targets)
        if len(targets) == 1 and not re.match(r"del\b.*,\s*(#.*)?$", self.text[start:end]):
            return facts.Delete(start, end, targets[0])
        return facts.Delete(start, end, facts.Sequence(targets[0].start, end, "tuple", targets))

    def Pass(self, node: Any, start: int, end: int) -> Any:
        return facts.Keyword(start, end, type(node).__name__.lower())

    Break = Continue = Pass

    def Global(self, node: Any, start: int, end: int) -> Any:
        return facts.Scope(start, end, type(node).__name__.lower(), tuple(node.names))

    Nonlocal = Global

    def Import(self, node: Any, start: int, end: int) -> Any:
        return facts.Import(start, end, self._imported(node.names))

    def ImportFrom(self, node: Any, start: int, end: int) -> Any:
        return facts.Import(start, end, self._imported(node.names), node.module, node.level, True)

    def _imported(self, names: Any) -> Any:
        return tuple(facts.ImportedName(alias.name, alias.asname) for alias in names)

    def If(self, node: Any, start: int, end: int) -> Any:
        return facts.If(start, end, self.of(node.test), self.body(node.body), self.body(node.orelse))

    def For(self, node: Any, start: int, end: int) -> Any:
        target, iterable = self.of(node.target), self.of(node.iter)
        return facts.For(start, end, target, iterable, self.body(node.body), self.body(node.orelse))

    AsyncFor = For

    def While(self, node: Any, start: int, end: int) -> Any:
        return facts.While(start, end, self.of(node.test), self.body(node.body), self.body(node.orelse))

    def With(self, node: Any, start: int, end: int) -> Any:
        items = (facts.WithItem(self.of(item.context_expr), self.of(item.optional_vars)) for item in node.items)
        return facts.With(start, end, tuple(items), self.body(node.body))

    AsyncWith = With

    def Try(self, node: Any, start: int, end: int) -> Any:
        handlers = (facts.Handler(self.of(one.type), one.name, self.body(one.body)) for one in node.handlers)
        bodies = self.body(node.orelse), self.body(node.finalbody)
        return facts.Try(start, end, self.body(node.body), tuple(handlers), *bodies)

    TryStar = Try

    def Match(self, node: Any, start: int, end: int) -> Any:
        cases = (
            facts.Case(self._pattern(case.pattern), self.of(case.guard), self.body(case.body)) for case in node.cases
        )
        return facts.Match(start, end, self.of(node.subject), tuple(cases))

    def _pattern(self, node: Any) -> tuple[Any, ...] | None:
        if isinstance(node, ast.MatchValue):
            return (self.of(node.value),)
        if isinstance(node, ast.MatchSingleton):
            return (facts.Literal(*self.place(node), node.value),)
        if isinstance(node, ast.MatchAs):
            return () if node.pattern is None else self._pattern(node.pattern)
        if isinstance(node, ast.MatchOr):
            alternatives = [self._pattern(pattern) for pattern in node.patterns]
            return tuple(one for some in alternatives for one in some or ()) if all(alternatives) else None
        return None

    def FunctionDef(self, node: Any, start: int, end: int) -> Any:
        is_async = isinstance(node, ast.AsyncFunctionDef)
        return facts.Function(
            *self._name_place(node, start, "def"),
            node.name,
            self._parameters(node.args),
            self.body(node.body, has_docstring=True),
            self.all(node.decorator_list),
            self.of(node.returns),
            is_async,
            end,
        )

    AsyncFunctionDef = FunctionDef

    def ClassDef(self, node: Any, start: int, end: int) -> Any:
        bases = [facts.Argument(*self._splat(base)) for base in node.bases]
        bases += [self._keyword(keyword) for keyword in node.keywords]
        body = self.body(node.body, has_docstring=True)
        place = self._name_place(node, start, "class")
        return facts.Class(*place, node.name, tuple(bases), body, self.all(node.decorator_list), end)

    def _name_place(self, node: Any, start: int, word: str) -> tuple[int, int]:
        found = re.compile(rf"(?:async[\s\\]+)?{word}[\s\\]+([\w\x80-\U0010ffff]+)").match(self.text, start)
        assert found is not None
        return found.span(1)

    def _parameters(self, node: Any) -> tuple[Any, ...]:
        plain = [*node.posonlyargs, *node.args]
        defaults = [None] * (len(plain) - len(node.defaults)) + node.defaults
        kinds = ["positional"] * len(node.posonlyargs) + ["normal"] * len(node.args)
        rows = list(zip(plain, kinds, defaults, strict=True))
        rows += [(node.vararg, "*", None)] if node.vararg else []
        rows += [(arg, "keyword", default) for arg, default in zip(node.kwonlyargs, node.kw_defaults, strict=True)]
        rows += [(node.kwarg, "**", None)] if node.kwarg else []
        return tuple(
            facts.Parameter(arg.arg, kind, self.of(default), self.of(arg.annotation)) for arg, kind, default in rows
        )

    # --------------------------------------------------------------------------------------------- expressions

    def Name(self, node: Any, start: int, end: int) -> Any:
        return facts.Name(start, end, node.id)

    def Constant(self, node: Any, start: int, end: int) -> Any:
        value = node.value
        is_known = value is None or isinstance(value, (bool, int, float, str))
        if isinstance(value, int) and value >= 2**64:
            is_known = False
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            is_known = False
        return facts.Literal(start, end, value) if is_known else facts.Opaque(start, end)

    def JoinedStr(self, node: Any, start: int, end: int) -> Any:
        return facts.FormattedString(start, end, tuple(self._parts(node.values)))

    def _parts(self, values: list[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, ast.FormattedValue):
                yield self.of(value.value)
            else:
                yield value.value.encode("utf-8", "replace").decode()

    def Attribute(self, node: Any, start: int, end: int) -> Any:
        return facts.Attribute(start, end, self.of(node.value), node.attr)

    def Call(self, node: Any, start: int, end: int) -> Any:
        arguments = [(value, facts.Argument(*self._splat(value))) for value in node.args]
        arguments += [(keyword.value, self._keyword(keyword)) for keyword in node.keywords]
        arguments.sort(key=lambda pair: (pair[0].lineno, pair[0].col_offset))
        return facts.Call(start, end, self.of(node.func), tuple(argument for _, argument in arguments))

    def _splat(self, node: Any) -> tuple[Any, None, str]:
        return (self.of(node.value), None, "*") if isinstance(node, ast.Starred) else (self.of(node), None, "")

    def _keyword(self, node: Any) -> Any:
        return facts.Argument(self.of(node.value), node.arg, "" if node.arg else "**")

    def Subscript(self, node: Any, start: int, end: int) -> Any:
        return facts.Subscript(start, end, self.of(node.value), self.of(node.slice))

    def Slice(self, node: Any, start: int, end: int) -> Any:
        return facts.Slice(start, end, self.of(node.lower), self.of(node.upper), self.of(node.step))

    def Starred(self, node: Any, start: int, end: int) -> Any:
        return facts.Starred(start, end, self.of(node.value))

    def Tuple(self, node: Any, start: int, end: int) -> Any:
        return facts.Sequence(start, end, type(node).__name__.lower(), self.all(node.elts))

    List = Set = Tuple

    def Dict(self, node: Any, start: int, end: int) -> Any:
        return facts.Dictionary(start, end, self.all(node.keys), self.all(node.values))

    def UnaryOp(self, node: Any, start: int, end: int) -> Any:
        return facts.Unary(start, end, _SYMBOLS[type(node.op)], self.of(node.operand))

    def BinOp(self, node: Any, start: int, end: int) -> Any:
        return facts.Binary(start, end, _SYMBOLS[type(node.op)], self.of(node.left), self.of(node.right))

    def BoolOp(self, node: Any, start: int, end: int) -> Any:
        first, *rest = self.all(node.values)
        for one in rest:
            first = facts.Boolean(UNKNOWN, UNKNOWN, _SYMBOLS[type(node.op)], first, one)
        return facts.Boolean(start, end, first.operator, first.left, first.right)

    def Compare(self, node: Any, start: int, end: int) -> Any:
        operators = tuple(_SYMBOLS[type(operator)] for operator in node.ops)
        return facts.Compare(start, end, self.of(node.left), operators, self.all(node.comparators))

    def IfExp(self, node: Any, start: int, end: int) -> Any:
        return facts.Conditional(start, end, self.of(node.test), self.of(node.body), self.of(node.orelse))

    def Lambda(self, node: Any, start: int, end: int) -> Any:
        return facts.Lambda(start, end, self._parameters(node.args), self.of(node.body))

    def ListComp(self, node: Any, start: int, end: int) -> Any:
        kind = {"ListComp": "list", "SetComp": "set", "GeneratorExp": "generator"}[type(node).__name__]
        return facts.Comprehension(start, end, kind, self.of(node.elt), None, self._clauses(node))

    SetComp = GeneratorExp = ListComp

    def DictComp(self, node: Any, start: int, end: int) -> Any:
        return facts.Comprehension(start, end, "dict", self.of(node.key), self.of(node.value), self._clauses(node))

    def _clauses(self, node: Any) -> tuple[Any, ...]:
        return tuple(facts.Clause(self.of(one.target), self.of(one.iter), self.all(one.ifs)) for one in node.generators)

    def NamedExpr(self, node: Any, start: int, end: int) -> Any:
        return facts.NamedExpression(start, end, self.of(node.target), self.of(node.value))

    def Await(self, node: Any, start: int, end: int) -> Any:
        return facts.Await(start, end, self.of(node.value))

    def Yield(self, node: Any, start: int, end: int) -> Any:
        return facts.Yield(start, end, self.of(node.value))

    YieldFrom = Yield
