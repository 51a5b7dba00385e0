"""Which frames of a traceback are the user's, and how they are told. Needs no torch."""

from __future__ import annotations

import functools
import os
import re
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from initlint.reading.source import displayed

FRAMES_SHOWN = 6
INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]")
MACHINERY = re.compile(r"[/\\](?:site|dist)-packages[/\\](?:torch|keras|initlint)[/\\]")
FATAL_FRAME = re.compile(r'  File "(?P<path>.+)", line (?P<line>\d+) in (?P<function>.+)')
"""As `faulthandler` writes it."""


class Frame(NamedTuple):
    """One call on the way to where it went wrong."""

    path: str
    """As the interpreter knows it."""
    line: int
    function: str

    def __str__(self) -> str:
        where = f"{displayed(Path(self.path))}:{self.line}"
        return where if self.function == "<module>" else f"{where} in {self.function}"

    @property
    def is_users(self) -> bool:
        """Whether it is neither a framework's, nor the standard library's, nor ours."""
        return is_users(self.path)

    @property
    def is_installed(self) -> bool:
        """Whether it is a library's."""
        return INSTALLED.search(self.path) is not None


def innermost(frames: Iterable[Frame]) -> Frame | None:
    """Where the user should look: their own innermost frame, else that of a library; `frames` run outside in."""
    found = [frame for frame in frames if frame.is_users]
    own = [frame for frame in found if not frame.is_installed]
    return next(reversed(own or found), None)


def called_through(frames: Iterable[Frame]) -> str:
    """The user's frames as one sentence, outside in; empty if there is at most one."""
    found = [str(frame) for frame in frames if frame.is_users]
    if len(found) < 2:
        return ""
    left_out = ["..."] if len(found) > FRAMES_SHOWN else []
    return " Called through " + ", ".join([*left_out, *found[-FRAMES_SHOWN:]]) + "."


def frames_of(error: BaseException) -> list[Frame]:
    """The frames of an exception, outside in; a syntax error's place is the last one."""
    found = list(_walk(error.__traceback__))
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        found.append(Frame(error.filename, error.lineno, "<module>"))
    return found


def _walk(trace: TracebackType | None) -> Iterator[Frame]:
    while trace is not None:
        code = trace.tb_frame.f_code
        yield Frame(code.co_filename, trace.tb_lineno, getattr(code, "co_qualname", code.co_name))
        trace = trace.tb_next


def frames_in(text: str) -> list[Frame]:
    """The frames, outside in, of the thread that ran the model in what `faulthandler` wrote last."""
    _, _, last = text.rpartition("Fatal Python error")
    threads = [_fatal_frames(part) for part in re.split(r"(?m)^(?=(?:Current thread|Thread) )", last)]
    current = [_fatal_frames(part) for part in re.split(r"(?m)^(?=Current thread )", last)[1:]]
    return next((frames for frames in (*current, *threads) if innermost(frames) is not None), [])


def _fatal_frames(part: str) -> list[Frame]:
    found: list[Frame] = []
    for line in part.splitlines()[1:]:
        match = FATAL_FRAME.fullmatch(line)
        if match is None:
            break
        found.append(Frame(match["path"], int(match["line"]), match["function"]))
    return found[::-1]


GENERATED = ("<frozen", "<string>", "<template>", "<eval_with_key>", "<attrs generated", "<unknown>", "<torch")
"""Beginnings of the names of source that nobody wrote; others in brackets were typed in, in a notebook or at a prompt."""


@functools.cache
def is_users(path: str) -> bool:
    """Whether source of that name holds a model, rather than the machinery that runs it."""
    if path.startswith(GENERATED) or MACHINERY.search(path):
        return False
    folders = _machinery()
    is_standard = path.startswith(folders.standard) and INSTALLED.search(path) is None
    return not is_standard and not path.startswith(folders.own)


class _Folders(NamedTuple):
    own: tuple[str, ...]
    standard: tuple[str, ...]


@functools.cache
def _machinery() -> _Folders:
    own = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    torch = find_spec("torch")
    own += list(torch.submodule_search_locations or ()) if torch is not None else []
    standard = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    return _Folders(tuple(f"{folder}{os.sep}" for folder in own), tuple(f"{folder}{os.sep}" for folder in standard))
