"""Settings of a project: ``[tool.initlint]`` in pyproject.toml, or ``initlint.toml``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from initlint.finding import Severity
from initlint.selection import UNCHANGED, Selection, nearest

NEVER = "never"
FILE_NAMES = ("initlint.toml", "pyproject.toml")
"""In the order in which they are looked for in one directory."""
ROOT_MARKS = (".git", ".hg")
SEVERITIES = tuple(severity.value for severity in Severity)


class ConfigurationError(ValueError):
    """A configuration file that cannot be used. The message names file, key and what is expected."""


@dataclass(frozen=True)
class Configuration:
    """What a project has settled. Paths are absolute."""

    source: Path | None = None
    """The file it was read from."""
    root: Path = field(default_factory=Path.cwd)
    """Directory of that file, or of the project; the globs relate to it."""
    selection: Selection = UNCHANGED
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Globs of files, each with the selectors of the rules that are silent there."""
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] | None = None
    """Globs of the files taken from directories; ``None``: those the reader knows."""
    fail_on: Severity | None = Severity.WARNING
    """The mildest severity that makes the exit code 1; ``None``: none does."""
    severity: Severity = Severity.INFO
    """The mildest severity reported."""
    baseline: Path | None = None
    jobs: int | None = None
    thorough: bool = False
    """Whether all models are traced, however many there are."""
    cache_dir: Path | None = None
    probe: tuple[Mapping[str, object], ...] = ()
    """The ``[[tool.initlint.probe]]`` tables, as written."""

    def excludes(self, path: Path) -> bool:
        """Whether a glob of `exclude` names the path or a folder it is in."""
        return bool(self.exclude) and match(self.exclude, path, self.root)

    def override(self, **settings: object) -> Configuration:
        """This configuration with other `settings`, by the names of its fields; ``None`` leaves one as it is."""
        return replace(self, **{name: value for name, value in settings.items() if value is not None})  # type: ignore[arg-type]


def load_configuration(
    paths: Iterable[Path] = (), *, file: Path | None = None, isolated: bool = False
) -> Configuration:
    """The configuration in `file`, else the nearest above the common parent of `paths` (without any: above the
    current directory), else the defaults.

    Raises `ConfigurationError` for a file that is not there, is no TOML, or holds an unknown key or a wrong type.
    """
    start = common_parent(paths)
    if isolated:
        return Configuration(root=project_root(start))
    if file is not None:
        return _configure(file.absolute(), _read_table(file.absolute(), is_required=True) or {})
    for directory in _upwards(start):
        for name in FILE_NAMES:
            table = _read_table(directory / name, is_required=False)
            if table is not None:
                return _configure(directory / name, table)
    return Configuration(root=project_root(start))


def match(globs: Iterable[str], path: Path, root: Path) -> bool:
    """Whether the path is among those that `globs`, written as in a ``.gitignore`` in `root`, name."""
    from pathspec import GitIgnoreSpec

    inside = os.path.relpath(path, root).replace(os.sep, "/")
    return GitIgnoreSpec.from_lines(globs).match_file(inside)


def common_parent(paths: Iterable[Path]) -> Path:
    """The deepest directory that holds all `paths`; the current one if there is none."""
    directories = [str(path if path.is_dir() else path.parent) for path in map(Path.absolute, paths)]
    try:
        return Path(os.path.commonpath(list(map(os.path.normpath, directories))))
    except ValueError:  # no path at all, or paths on two drives
        return Path.cwd()


def project_root(start: Path) -> Path:
    """The root of the repository around `start`, else the current directory if `start` is inside it, else `start`."""
    for directory in _upwards(start):
        if _is_root(directory):
            return directory
    return Path.cwd() if Path.cwd() in (start, *start.parents) else start


def _upwards(start: Path) -> Iterable[Path]:
    for directory in (start, *start.parents):
        yield directory
        if _is_root(directory):
            return


def _is_root(directory: Path) -> bool:
    return any((directory / mark).exists() for mark in ROOT_MARKS)


def _read_table(path: Path, *, is_required: bool) -> dict[str, Any] | None:
    """The table of our settings in a file; ``None`` if it is not there (in a pyproject.toml: holds none of ours)."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        if is_required:
            raise ConfigurationError(f"{path}: no such configuration file") from error
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    if path.name != "pyproject.toml":
        return _parse(path, text)
    if not is_required and "initlint" not in text:
        return None
    return _own_table(path, _parse(path, text))


def _own_table(path: Path, document: dict[str, Any]) -> dict[str, Any] | None:
    table = document.get("tool", {}).get("initlint") if isinstance(document.get("tool", {}), dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(f"{path}: tool.initlint must be a table")
    return table


def _parse(path: Path, text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]
    try:
        document: dict[str, Any] = tomllib.loads(text)
        return document
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+), column (\d+)", str(error))
        where = f"{path}:{line[1]}:{line[2]}" if line else f"{path}:{text.count(chr(10)) + 1}"
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigurationError(f"{where}: is not valid TOML: {reason}") from error


def _configure(path: Path, table: Mapping[str, Any]) -> Configuration:
    settings: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            near = nearest(key, KEYS)
            hint = f"; did you mean {near!r}?" if near else f"; known keys: {', '.join(KEYS)}"
            raise ConfigurationError(f"{path}: unknown key {key!r}{hint}")
        try:
            settings[key.replace("-", "_")] = KEYS[key](value, path.parent)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"{path}: {key}: {error}") from error
    selection = Selection(
        **{key: settings.pop(key) for key in ("select", "extend_select", "ignore") if key in settings}
    )
    return replace(Configuration(source=path, root=path.parent, selection=selection), **settings)


# ---------------------------------------------------------------------------------------------------- types of settings


def _strings(value: object, root: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"expected a list of strings, found {_shown(value)}")
    return tuple(value)


def _string_lists(value: object, root: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a table of lists of strings, found {_shown(value)}")
    return tuple((glob, _strings(selectors, root)) for glob, selectors in value.items())


def _path(value: object, root: Path) -> Path:
    if not isinstance(value, str):
        raise TypeError(f"expected a path as a string, found {_shown(value)}")
    return root / Path(value).expanduser()


def _number(value: object, root: Path) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"expected a whole number from 1, found {_shown(value)}")
    return value


def _severity(value: object, root: Path) -> Severity:
    if value not in SEVERITIES:
        raise ValueError(f"expected one of {', '.join(SEVERITIES)}, found {_shown(value)}")
    return Severity(value)


def _boolean(value: object, root: Path) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, found {_shown(value)}")
    return value


def _severity_or_never(value: object, root: Path) -> Severity | None:
    if value not in (*SEVERITIES, NEVER):
        raise ValueError(f"expected one of {', '.join((*SEVERITIES, NEVER))}, found {_shown(value)}")
    return None if value == NEVER else Severity(value)


def _tables(value: object, root: Path) -> tuple[Mapping[str, object], ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise TypeError(f"expected tables written as [[tool.initlint.probe]], found {_shown(value)}")
    return tuple(value)


def _shown(value: object) -> str:
    names = {bool: "a boolean", str: "a string", int: "a number", float: "a number", list: "a list", dict: "a table"}
    shown = f" {value!r}" if isinstance(value, (bool, str, int, float)) else ""
    return names.get(type(value), type(value).__name__) + shown


KEYS: Mapping[str, Callable[[object, Path], object]] = {
    "select": _strings,
    "extend-select": _strings,
    "ignore": _strings,
    "per-file-ignores": _string_lists,
    "exclude": _strings,
    "include": _strings,
    "fail-on": _severity_or_never,
    "severity": _severity,
    "baseline": _path,
    "jobs": _number,
    "thorough": _boolean,
    "cache-dir": _path,
    "probe": _tables,
}
