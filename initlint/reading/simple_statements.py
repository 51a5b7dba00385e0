"""LibCST statements without a block → facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst
from msgspec.structs import replace

from initlint.reading import facts
from initlint.reading.patterns import PatternLowering

_AUGMENTED: dict[type[cst.CSTNode], str] = {
    cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.MatrixMultiplyAssign: "@",
    cst.DivideAssign: "/", cst.ModuloAssign: "%", cst.BitAndAssign: "&", cst.BitOrAssign: "|", cst.BitXorAssign: "^",
    cst.LeftShiftAssign: "<<", cst.RightShiftAssign: ">>", cst.PowerAssign: "**", cst.FloorDivideAssign: "//",
}  # fmt: skip


class SimpleLowering(PatternLowering):
    """Lowers what stands on one logical line."""

    def simple(self, node: Any) -> Any:
        """A small statement; ``None`` if it says nothing."""
        return _SIMPLE[type(node)](self, node)

    def _evaluate(self, node: Any) -> Any:
        value = self.expression(node.value)
        return facts.Evaluate(value.start, value.end, value)

    def _assign(self, node: Any) -> Any:
        targets = tuple([self.expression(item.target) for item in node.targets])
        value = self.expression(node.value)
        return facts.Assign(targets[0].start, value.end, targets, value)

    def _annotated(self, node: Any) -> Any:
        target = self.expression(node.target)
        annotation = self.expression(node.annotation.annotation)
        value = self.optional(node.value)
        return facts.Assign(target.start, self.at, (target,), value, annotation)

    def _augmented(self, node: Any) -> Any:
        target = self.expression(node.target)
        value = self.expression(node.value)
        return facts.AugmentedAssign(target.start, value.end, target, _AUGMENTED[type(node.operator)], value)

    def _return(self, node: Any) -> Any:
        start = self.word("return")
        value = self.optional(node.value)
        return facts.Return(start, self.at, value)

    def _raise(self, node: Any) -> Any:
        start = self.word("raise")
        value = self.optional(node.exc)
        if node.cause is not None:
            self.expression(node.cause.item)
        return facts.Raise(start, self.at, value)

    def _assert(self, node: Any) -> Any:
        start = self.word("assert")
        test = self.expression(node.test)
        self.optional(node.msg)
        return facts.Assert(start, self.at, test)

    def _delete(self, node: Any) -> Any:
        start = self.word("del")
        target = self.expression(node.target)
        return facts.Delete(start, self.at, target)

    def _keyword(self, node: Any) -> Any:
        word = type(node).__name__.lower()
        start = self.word(word)
        return facts.Keyword(start, self.at, word)

    def _scope(self, node: Any) -> Any:
        kind = type(node).__name__.lower()
        start = self.word(kind)
        names = tuple([self.name(item.name) for item in node.names])
        return facts.Scope(start, self.at, kind, names)

    def _type_alias(self, node: Any) -> None:
        self.word("type")
        self.name(node.name)
        self.type_parameters(node.type_parameters)
        self.expression(node.value)

    # --------------------------------------------------------------------------------------------------------- imports

    def _import(self, node: Any) -> Any:
        start = self.word("import")
        names = tuple([self._imported(alias) for alias in node.names])
        return facts.Import(start, self.at, names)

    def _import_from(self, node: Any) -> Any:
        start = self.word("from")
        module = None if node.module is None else self._dotted(node.module)
        if type(node.names) is cst.ImportStar:
            self.import_star()
            names: tuple[facts.ImportedName, ...] = (facts.ImportedName("*"),)
        else:
            names = tuple([self._imported(alias) for alias in node.names])
        if node.rpar is not None:
            self.close(")")
        return facts.Import(start, self.at, names, module, len(node.relative), True)

    def _lazy_import(self, node: Any) -> Any:
        start = self.word("lazy")
        is_from = type(node) is cst.LazyImportFrom
        return replace(self._import_from(node) if is_from else self._import(node), start=start)

    def _imported(self, node: Any) -> facts.ImportedName:
        name = self._dotted(node.name)
        return facts.ImportedName(name, None if node.asname is None else self.name(node.asname.name))

    def _dotted(self, node: Any) -> str:
        if type(node) is cst.Attribute:
            return f"{self._dotted(node.value)}.{self.name(node.attr)}"
        return self.name(node)

    def type_parameters(self, node: Any) -> None:
        if node is None:
            return
        self.open("[")
        for parameter in node.params:
            self.name(parameter.param.name)
            self.optional(getattr(parameter.param, "bound", None))
            self.optional(parameter.default)
        self.close("]")


_SIMPLE: dict[type[cst.CSTNode], Callable[[Any, Any], Any]] = {
    cst.Expr: SimpleLowering._evaluate,
    cst.Assign: SimpleLowering._assign,
    cst.AnnAssign: SimpleLowering._annotated,
    cst.AugAssign: SimpleLowering._augmented,
    cst.Return: SimpleLowering._return,
    cst.Raise: SimpleLowering._raise,
    cst.Assert: SimpleLowering._assert,
    cst.Del: SimpleLowering._delete,
    cst.Pass: SimpleLowering._keyword,
    cst.Break: SimpleLowering._keyword,
    cst.Continue: SimpleLowering._keyword,
    cst.Global: SimpleLowering._scope,
    cst.Nonlocal: SimpleLowering._scope,
    cst.TypeAlias: SimpleLowering._type_alias,
    cst.Import: SimpleLowering._import,
    cst.ImportFrom: SimpleLowering._import_from,
}
if hasattr(cst, "LazyImport"):  # LibCST 1.9
    _SIMPLE |= {cst.LazyImport: SimpleLowering._lazy_import, cst.LazyImportFrom: SimpleLowering._lazy_import}
