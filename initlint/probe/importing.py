"""From the name of a target to the object: importing a file or a module. Runs where the target runs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from initlint.probe.errors import IMPORTING, ProbeError
from initlint.probe.target import Target, TargetError, parse_target
from initlint.reading.source import displayed
from initlint.selection import nearest

PREFIX = "initlint_target_"
"""Before the name of a module that is loaded under a name of its own, because another module has the file's."""
NAMES_SHOWN = 12


def load(text: str, directory: str | Path = ".") -> object:
    """The object that a target names; the module that holds it is imported.

    A file inside packages is imported under its dotted name, so relative imports work; another file as a module of its
    own, with its folder first on the path. `directory` is on the path, too. An ``if __name__ == "__main__"`` does not
    run. Raises `ProbeError` where there is no such thing, and whatever the module raises.
    """
    try:
        target = parse_target(text, directory)
    except TargetError as error:
        raise ProbeError(IMPORTING, str(error)) from error
    _prepend(Path(directory).absolute())
    module = _import_file(target.file) if target.file is not None else _import_module(target.module)
    return _find(module, target)


def _prepend(folder: Path) -> None:
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


# ------------------------------------------------------------------------------------------------------------ importing


def _import_file(file: Path) -> ModuleType:
    root, dotted = _dotted_name(file)
    _prepend(root)
    if "." in dotted or file.name == "__init__.py":
        return _import_from_package(dotted, file)
    return _import_alone(file)


def _dotted_name(file: Path) -> tuple[Path, str]:
    """The folder that the outermost package around a file is in, and the file's name from there."""
    parts = [] if file.name == "__init__.py" else [file.stem]
    folder = file.parent
    while (folder / "__init__.py").exists() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts) or file.stem


def _import_from_package(dotted: str, file: Path) -> ModuleType:
    module = importlib.import_module(dotted)
    if not _is_from(module, file):
        raise ProbeError(
            IMPORTING,
            f"the name {dotted} belongs to another module, {getattr(module, '__file__', 'built in')}",
            f"Rename the package, or run initlint where {displayed(file)} is the one that is imported.",
        )
    return module


def _import_alone(file: Path) -> ModuleType:
    name = file.stem if _is_free(file.stem, file) else PREFIX + file.stem
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ProbeError(IMPORTING, f"{displayed(file)} is no Python source")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up there
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, ImportError) and "no known parent package" in str(error):
            raise _relative_import(file, error) from error
        raise
    return module


def _is_free(name: str, file: Path) -> bool:
    return name not in sys.modules or _is_from(sys.modules[name], file)


def _is_from(module: ModuleType, file: Path) -> bool:
    source = getattr(module, "__file__", None)
    return source is not None and os.path.exists(source) and os.path.samefile(source, file)


def _relative_import(file: Path, error: ImportError) -> ProbeError:
    package = file.parent.name
    remedy = f"Give it from the folder above as {package}.{file.stem}:Name, or add {package}/__init__.py."
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename != str(file):
        trace = trace.tb_next
    line = trace.tb_lineno if trace is not None and trace.tb_frame.f_code.co_filename == str(file) else None
    return ProbeError(IMPORTING, "imports its neighbours relatively, outside a package", remedy, displayed(file), line)


def _import_module(dotted: str) -> ModuleType:
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if dotted != missing and not dotted.startswith(missing + "."):
            raise  # the module is there, and imports one that is not
        raise _no_module(dotted, missing) from error


def _no_module(dotted: str, missing: str) -> ProbeError:
    parent, _, name = missing.rpartition(".")
    near = nearest(name, _neighbours(parent))
    hint = f"; did you mean {'.'.join(filter(None, (parent, near)))}?" if near else ""
    remedy = "Run initlint where it can be imported, or give the file: path/to/file.py:Name."
    return ProbeError(IMPORTING, f"there is no module {missing}{hint}", remedy)


def _neighbours(package: str) -> Iterator[str]:
    """Names of the modules in a package; for none: of those in the folder that targets start in."""
    import pkgutil

    paths = getattr(sys.modules.get(package), "__path__", None) if package else sys.path[:1]
    return (info.name for info in pkgutil.iter_modules(paths)) if paths else iter(())


# ----------------------------------------------------------------------------------------------------- finding the name


def _find(module: ModuleType, target: Target) -> object:
    if not target.name:
        raise _no_name(module, target, "the target names no object in it")
    found: object = module
    for part in target.name.split("."):
        found = _attribute(found, part, target)
    return found


def _attribute(holder: object, name: str, target: Target) -> object:
    try:
        return getattr(holder, name)
    except AttributeError as error:
        shown = getattr(holder, "__name__", type(holder).__name__)
        raise _no_name(holder, target, f"{shown} has no {name!r}", name) from error


def _no_name(module: object, target: Target, reason: str, word: str = "") -> ProbeError:
    names = list(_candidates(module)) if isinstance(module, ModuleType) else []
    near = nearest(word, vars(module)) if word and isinstance(module, ModuleType) else None
    hint = f"; did you mean {near!r}?" if near else ""
    shown = ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
    place = displayed(target.file) if target.file is not None else target.module
    remedy = f"Give {place}:Name; models and functions in it: {shown}." if names else ""
    return ProbeError(IMPORTING, reason + hint, remedy, place if target.file is not None else None)


def _candidates(module: ModuleType) -> Iterator[str]:
    """Names in a module that could be meant: its own Module classes, then instances, then its own functions."""
    from inspect import isfunction

    from torch import nn

    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    own = {name: value for name, value in public.items() if getattr(value, "__module__", None) == module.__name__}
    yield from (name for name, value in own.items() if isinstance(value, type) and issubclass(value, nn.Module))
    yield from (name for name, value in public.items() if isinstance(value, nn.Module))
    yield from (name for name, value in own.items() if isfunction(value))
