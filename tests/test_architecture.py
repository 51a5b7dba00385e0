"""Which rooms know which: data goes one way, and no module needs itself to be imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "initlint"
ROOMS: Mapping[str, frozenset[str]] = {
    "reading": frozenset(),
    "signal": frozenset(),
    "composites": frozenset(),
    "frameworks": frozenset({"signal"}),
    "network": frozenset({"frameworks", "signal"}),
    "program": frozenset({"reading", "frameworks", "network", "signal", "fix", "tracing"}),
    "tracing": frozenset({"reading", "frameworks", "program", "network", "signal"}),
    "fix": frozenset({"reading", "frameworks", "program"}),
    "probe": frozenset({"reading", "frameworks", "network", "signal", "diagnosis"}),
    "diagnosis": frozenset({"frameworks", "network", "signal", "probe"}),
    "report": frozenset({"fix", "network", "signal", "diagnosis", "probe"}),
    "cli": frozenset({"fix", "report", "probe"}),
}
"""Room -> the others that it may import of. `program` asks `fix` how edits are written down, and `tracing` for networks."""


def module_name(path: Path) -> str:
    """``initlint.tracing.calls``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py") if "composites" not in path.parts}
"""All but the composites, which are read and never imported."""


def statements(body: list[ast.stmt], has_functions: bool) -> Iterator[ast.ImportFrom]:
    """The imports that run, with or without those inside functions; not those for the checker of types alone."""
    for node in body:
        if isinstance(node, ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        elif has_functions or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in ("body", "orelse", "handlers", "finalbody"):
                yield from statements(getattr(node, part, []), has_functions)


def imported(source: str, has_functions: bool = False) -> set[str]:
    """The modules of ours that a module imports."""
    found: set[str] = set()
    for node in statements(ast.parse(source).body, has_functions):
        parts = {f"{node.module}.{each.name}" for each in node.names}
        found |= (parts & MODULES.keys()) or ({node.module} & MODULES.keys())
    return found


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """Modules of which each imports the next, and the last the first; empty if there are none."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        found = next((way for each in sorted(imports[name]) if (way := follow(each, [*path, name]))), [])
        done.add(name)
        return found

    return next((way for name in sorted(imports) if (way := follow(name, []))), [])


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert not circle({name: imported(path.read_text(encoding="utf-8")) for name, path in MODULES.items()})


def test_a_circle_would_be_found() -> None:
    assert circle({"a": {"b"}, "b": {"c", "d"}, "c": {"b"}, "d": set()}) == ["b", "c"]


def test_every_room_imports_only_of_those_that_it_may_know() -> None:
    for name, path in MODULES.items():
        room = path.relative_to(PACKAGE).parts[0]
        others = {each.split(".")[1] for each in imported(path.read_text(encoding="utf-8"), True) if "." in each}
        assert room not in ROOMS or others & ROOMS.keys() <= ROOMS[room] | {room}, name


def test_every_folder_is_a_room() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= ROOMS.keys()
