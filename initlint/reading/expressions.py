"""Compound expressions → facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libcst as cst

from initlint.reading import facts
from initlint.reading.literals import HANDLERS, LiteralLowering

MAX_CHAIN = 250
"""Terms of ``a + b + ...`` or links of ``a.b().c()...`` beyond which a chain is opaque: facts are read recursively."""

_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Plus: "+", cst.Minus: "-", cst.BitInvert: "~", cst.Not: "not", cst.And: "and", cst.Or: "or",
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.LeftShift: "<<", cst.RightShift: ">>", cst.BitOr: "|", cst.BitAnd: "&", cst.BitXor: "^",
    cst.MatrixMultiply: "@", cst.LessThan: "<", cst.GreaterThan: ">", cst.Equal: "==", cst.NotEqual: "!=",
    cst.LessThanEqual: "<=", cst.GreaterThanEqual: ">=", cst.In: "in", cst.NotIn: "not in", cst.Is: "is",
    cst.IsNot: "is not",
}  # fmt: skip


class ExpressionLowering(LiteralLowering):
    """A generator that is the only argument of a call starts at its element; every other place is as one expects."""

    # ------------------------------------------------------------------------------------- attributes, calls, indices

    def _postfix(self, node: Any) -> Any:
        links = []
        while True:
            links.append(node)
            node = node.func if type(node) is cst.Call else node.value
            if node.lpar or type(node) not in _LINKS:
                break
        lowered = self.expression(node)
        start = lowered.start
        for link in reversed(links):
            lowered = _LINKS[type(link)](self, link, lowered, start)
        return facts.Opaque(start, self.at) if len(links) > MAX_CHAIN else lowered

    def _attribute(self, node: Any, value: Any, start: int) -> Any:
        name = node.attr.value
        if name.isascii() and self.text.startswith(f".{name}", self.at):  # nearly always, and much quicker
            self.at += len(name) + 1
        else:
            name = self.name(node.attr)
        return facts.Attribute(start, self.at, value, name)

    def _call(self, node: Any, function: Any, start: int) -> Any:
        self.open("(")
        arguments = self.arguments(node.args)
        self.close(")")
        if type(function) is facts.Attribute:
            self.called.append(function.name)
        elif type(function) is facts.Name:
            self.called.append(function.id)
        return facts.Call(start, self.at, function, arguments)

    def _subscript(self, node: Any, value: Any, start: int) -> Any:
        self.open("[")
        items = tuple([self._index(element.slice) for element in node.slice])
        has_comma = type(node.slice[-1].comma) is cst.Comma
        if has_comma:
            self.comma()
        is_tuple = has_comma or len(items) > 1
        index = facts.Sequence(items[0].start, self.at, "tuple", items) if is_tuple else items[0]
        self.close("]")
        return facts.Subscript(start, self.at, value, index)

    def _index(self, node: Any) -> Any:
        if type(node) is cst.Slice:
            return self._slice(node)
        return self._starred(node) if node.star else self.expression(node.value)

    def _slice(self, node: Any) -> Any:
        lower = self.optional(node.lower)
        colon = self.colon()
        upper = self.optional(node.upper)
        if type(node.second_colon) is cst.Colon:
            self.colon()
        step = self.optional(node.step)
        return facts.Slice(colon if lower is None else lower.start, self.at, lower, upper, step)

    def arguments(self, nodes: Sequence[Any]) -> tuple[facts.Argument, ...]:
        return tuple([self._argument(node) for node in nodes])

    def _argument(self, node: Any) -> facts.Argument:
        keyword = None if node.keyword is None else self.name(node.keyword)
        return facts.Argument(self.expression(node.value), keyword, node.star)

    # --------------------------------------------------------------------------------------------------- operations

    def _unary(self, node: Any) -> Any:
        before = self.at
        operand = self.expression(node.expression)
        operator = _OPERATORS[type(node.operator)]
        start = self.prefix(operator, before, operand.start)
        return facts.Unary(start, operand.end, operator, operand)

    def _binary(self, node: Any) -> Any:
        return self._chain(node, facts.Binary)

    def _boolean(self, node: Any) -> Any:
        return self._chain(node, facts.Boolean)

    def _chain(self, node: Any, kind: Callable[..., Any]) -> Any:
        links, own = [], type(node)
        while True:
            links.append(node)
            node = node.left
            if node.lpar or type(node) is not own:
                break
        lowered = self.expression(node)
        start = lowered.start
        for link in reversed(links):
            right = self.expression(link.right)
            lowered = kind(start, right.end, _OPERATORS[type(link.operator)], lowered, right)
        return facts.Opaque(start, lowered.end) if len(links) > MAX_CHAIN else lowered

    def _comparison(self, node: Any) -> Any:
        left = self.expression(node.left)
        operators = tuple([_OPERATORS[type(item.operator)] for item in node.comparisons])
        comparators = tuple([self.expression(item.comparator) for item in node.comparisons])
        return facts.Compare(left.start, comparators[-1].end, left, operators, comparators)

    def _conditional(self, node: Any) -> Any:
        body = self.expression(node.body)
        test = self.expression(node.test)
        otherwise = self.expression(node.orelse)
        return facts.Conditional(body.start, otherwise.end, test, body, otherwise)

    def _walrus(self, node: Any) -> Any:
        target = self.expression(node.target)
        value = self.expression(node.value)
        return facts.NamedExpression(target.start, value.end, target, value)

    def _await(self, node: Any) -> Any:
        start = self.leaf("await")
        value = self.expression(node.expression)
        return facts.Await(start, value.end, value)

    def _yield(self, node: Any) -> Any:
        start = self.leaf("yield")
        value = node.value.item if type(node.value) is cst.From else node.value
        lowered = self.optional(value)
        return facts.Yield(start, self.at, lowered)

    def _starred(self, node: Any) -> Any:
        before = self.at
        value = self.expression(node.value)
        return facts.Starred(self.prefix("*", before, value.start), value.end, value)

    # --------------------------------------------------------------------------------------------------- containers

    def _tuple(self, node: Any) -> Any:
        items = tuple([self._item(element) for element in node.elements])
        if not items:
            return facts.Sequence(self.at, self.at, "tuple", ())
        if type(node.elements[-1].comma) is cst.Comma:
            self.comma()
        return facts.Sequence(items[0].start, self.at, "tuple", items)

    def _item(self, element: Any) -> Any:
        return self.expression(element.value if type(element) is cst.Element else element)

    def _list(self, node: Any) -> Any:
        start = self.open("[")
        items = tuple([self._item(element) for element in node.elements])
        self.close("]")
        return facts.Sequence(start, self.at, "list", items)

    def _set(self, node: Any) -> Any:
        start = self.open("{")
        items = tuple([self._item(element) for element in node.elements])
        self.close("}")
        return facts.Sequence(start, self.at, "set", items)

    def _dictionary(self, node: Any) -> Any:
        start = self.open("{")
        keys, values = [], []
        for element in node.elements:
            keys.append(self.expression(element.key) if type(element) is cst.DictElement else None)
            values.append(self.expression(element.value))
        self.close("}")
        return facts.Dictionary(start, self.at, tuple(keys), tuple(values))

    def _list_comprehension(self, node: Any) -> Any:
        return self._comprehension(node, "list", "[]")

    def _set_comprehension(self, node: Any) -> Any:
        return self._comprehension(node, "set", "{}")

    def _comprehension(self, node: Any, kind: str, brackets: str) -> Any:
        start = self.open(brackets[0])
        element = self.expression(node.elt)
        clauses = tuple(self._clauses(node.for_in))
        self.close(brackets[1])
        return facts.Comprehension(start, self.at, kind, element, None, clauses)

    def _generator(self, node: Any) -> Any:
        element = self.expression(node.elt)
        clauses = tuple(self._clauses(node.for_in))
        return facts.Comprehension(element.start, self.at, "generator", element, None, clauses)

    def _dict_comprehension(self, node: Any) -> Any:
        start = self.open("{")
        key = self.expression(node.key)
        value = self.expression(node.value)
        clauses = tuple(self._clauses(node.for_in))
        self.close("}")
        return facts.Comprehension(start, self.at, "dict", key, value, clauses)

    def _merging_comprehension(self, node: Any) -> Any:
        start = self.open("{")
        self.expression(node.value)
        for _ in self._clauses(node.for_in):
            pass
        self.close("}")
        return facts.Opaque(start, self.at)

    def _clauses(self, node: Any) -> Iterator[facts.Clause]:
        while node is not None:
            target = self.expression(node.target)
            iterable = self.expression(node.iter)
            yield facts.Clause(target, iterable, tuple([self.expression(condition.test) for condition in node.ifs]))
            node = node.inner_for_in

    # -------------------------------------------------------------------------------------------------- parameters

    def _lambda(self, node: Any) -> Any:
        start = self.leaf("lambda")
        parameters = self.parameters(node.params)
        body = self.expression(node.body)
        return facts.Lambda(start, body.end, parameters, body)

    def parameters(self, node: Any) -> tuple[facts.Parameter, ...]:
        lowered = [self._parameter(param, "positional") for param in node.posonly_params]
        lowered += [self._parameter(param, "normal") for param in node.params]
        if type(node.star_arg) is cst.Param:
            lowered.append(self._parameter(node.star_arg, "*"))
        lowered += [self._parameter(param, "keyword") for param in node.kwonly_params]
        if node.star_kwarg is not None:
            lowered.append(self._parameter(node.star_kwarg, "**"))
        return tuple(lowered)

    def _parameter(self, node: Any, kind: str) -> facts.Parameter:
        name = self.name(node.name)
        annotation = None if node.annotation is None else self.expression(node.annotation.annotation)
        return facts.Parameter(name, kind, self.optional(node.default), annotation)


_LINKS: dict[type[cst.CSTNode], Callable[[Any, Any, Any, int], Any]] = {
    cst.Attribute: ExpressionLowering._attribute,
    cst.Call: ExpressionLowering._call,
    cst.Subscript: ExpressionLowering._subscript,
}
HANDLERS.update(dict.fromkeys(_LINKS, ExpressionLowering._postfix))
HANDLERS.update(
    {
        cst.UnaryOperation: ExpressionLowering._unary,
        cst.BinaryOperation: ExpressionLowering._binary,
        cst.BooleanOperation: ExpressionLowering._boolean,
        cst.Comparison: ExpressionLowering._comparison,
        cst.IfExp: ExpressionLowering._conditional,
        cst.NamedExpr: ExpressionLowering._walrus,
        cst.Await: ExpressionLowering._await,
        cst.Yield: ExpressionLowering._yield,
        cst.StarredElement: ExpressionLowering._starred,
        cst.Tuple: ExpressionLowering._tuple,
        cst.List: ExpressionLowering._list,
        cst.Set: ExpressionLowering._set,
        cst.Dict: ExpressionLowering._dictionary,
        cst.ListComp: ExpressionLowering._list_comprehension,
        cst.SetComp: ExpressionLowering._set_comprehension,
        cst.DictComp: ExpressionLowering._dict_comprehension,
        cst.GeneratorExp: ExpressionLowering._generator,
        cst.Lambda: ExpressionLowering._lambda,
    }
)
if hasattr(cst, "StarredDictComp"):  # LibCST 1.9
    HANDLERS[cst.StarredDictComp] = ExpressionLowering._merging_comprehension
