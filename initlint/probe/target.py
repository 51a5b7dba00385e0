"""The text that names a target: ``path/to/file.py:Name`` or ``package.module:name``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from initlint.selection import nearest

SUFFIXES = (".py", ".pyw", ".ipynb")
FORM = "write path/to/file.py:Name or package.module:Name"
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class TargetError(ValueError):
    """A text that names no target. The message says the form that is expected, or the nearest file."""


@dataclass(frozen=True)
class Target:
    """Where an object is to be found. Either `file` or `module` is given."""

    text: str
    name: str
    """``"Net"``, ``"models.small"``; empty where a file is named and nothing in it."""
    file: Path | None = None
    """Absolute; it exists."""
    module: str = ""


def parse_target(text: str, directory: str | Path = ".") -> Target:
    """The target that `text` names; a relative path starts in `directory`.

    Raises `TargetError` if it has not the form of one, or names a file that is not there.
    """
    place, name = _split(text.strip())
    if _is_path(place):
        return Target(text, name, file=_existing(Path(directory).absolute() / Path(place).expanduser(), text))
    if not name:
        raise TargetError(f"names no object; {_form(place)}")
    if not DOTTED.fullmatch(place):
        raise TargetError(f"{place!r} is neither a file nor a module; {FORM}")
    return Target(text, name, module=place)


def _split(text: str) -> tuple[str, str]:
    """Place and name; the colon of a drive (``C:\\models\\net.py``) parts nothing."""
    place, colon, name = text.rpartition(":")
    if not colon or _is_path(name):
        return text, ""
    if name and not DOTTED.fullmatch(name):
        raise TargetError(f"{name!r} is no name of an object; {FORM}")
    return place, name


def _is_path(place: str) -> bool:
    return place.endswith(SUFFIXES) or "/" in place or "\\" in place


def _form(place: str) -> str:
    module, dot, name = place.rpartition(".")
    return f"write {module}:{name}" if dot and DOTTED.fullmatch(place) else FORM


def _existing(file: Path, text: str) -> Path:
    if file.is_dir():
        raise TargetError(f"{file.name} is a folder; {FORM}")
    if not file.exists():
        near = nearest(file.name, _sources(file.parent))
        hint = f"; did you mean {near!r}?" if near else ""
        raise TargetError(f"no such file{hint}")
    if file.suffix == ".ipynb":
        raise TargetError(
            "a notebook cannot be probed from outside; "
            "move the model to a .py file, or call initlint.probe(model) in the notebook"
        )
    return Path(os.path.normpath(file))


def _sources(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [entry.name for entry in folder.iterdir() if entry.suffix in SUFFIXES]
