"""How a file writes a dotted name at a place, and the import that it lacks."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from initlint.fix.layout import Layout
from initlint.fix.replacement import Replacement, Unfixable
from initlint.fix.scopes import Scope, scopes_at
from initlint.frameworks.importing import import_forms
from initlint.reading import facts


def spell(dotted: str, offset: int, layout: Layout) -> tuple[str, Replacement | None]:
    """A dotted name as it reads at an offset, and the import to add for it. Raises `Unfixable`."""
    scopes = scopes_at(layout.file, offset)
    known = sorted(_known(scopes, offset), key=lambda pair: (-len(pair[1]), pair[0]))
    for name, meaning in known:
        if dotted == meaning or dotted.startswith(f"{meaning}."):
            return name + dotted[len(meaning) :], None
    for module, form in import_forms(dotted):
        if not any(form.name in scope.taken or form.name in scope.imported for scope in scopes):
            return form.name + dotted[len(module) :], _import(form.statement, offset, layout)
    raise Unfixable(f"no name is free for {dotted}")


def _known(scopes: list[Scope], offset: int) -> Iterator[tuple[str, str]]:
    """The names that imports bind at the offset, and what they are."""
    hidden: set[str] = set()
    for depth, scope in enumerate(scopes, 1):
        is_run_later = depth == len(scopes) and len(scopes) > 2  # the file's own, seen from inside of a definition
        for name, (meaning, end) in scope.imported.items():
            if name not in hidden and (is_run_later or end <= offset):
                yield name, meaning
        hidden |= scope.taken | scope.imported.keys()


def _import(statement: str, offset: int, layout: Layout) -> Replacement:
    """The import in its place among those at the top. Raises `Unfixable` if that is below the offset."""
    leading = _leading_imports(layout)
    key = _rank(statement.split()[1])
    before = [one for one in leading if _rank(_module(one)) <= key]
    if before:
        found = layout.behind(layout.standing(before[-1].start, before[-1].end), statement)
    elif leading:
        found = layout.before(layout.standing(leading[0].start, leading[0].end), statement)
    else:
        found = _on_top(statement, layout)
    if found.start > offset:
        raise Unfixable("its import would come too late")
    return Replacement(found.start, found.end, found.text, is_import=True)


def _leading_imports(layout: Layout) -> list[facts.Import]:
    """The imports that a file begins with, each on lines of its own."""
    found: list[facts.Import] = []
    for statement in layout.file.body:
        if not isinstance(statement, facts.Import):
            break
        if layout.begins_line(statement.start) and layout.ends_line(statement.end):
            found.append(statement)
    return found


def _module(statement: facts.Import) -> str:
    return "." * statement.level + (statement.module or "") if statement.is_from else statement.names[0].name


def _rank(module: str) -> tuple[int, str]:
    """The order that imports customarily stand in: the future, the standard library, other packages, the own one."""
    root = module.partition(".")[0]
    if module == "__future__":
        return 0, ""
    if not root:
        return 3, ""
    return (1 if root in sys.stdlib_module_names else 2), module


def _on_top(statement: str, layout: Layout) -> Replacement:
    """The import above the first statement, behind a docstring."""
    if not layout.file.body:
        raise Unfixable("the file says nothing")
    first = layout.file.body[0]
    found = layout.before(layout.standing(first.start, first.end), statement)
    line_break = layout.line_break(first.start)
    return Replacement(found.start, found.end, found.text + line_break)
