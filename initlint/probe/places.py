"""From a running frame to the place in the source that it stands at."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

from initlint.finding import Place
from initlint.probe.frames import is_users

WORD_SIZE = 2
"""Bytes of one instruction: `f_lasti` counts bytes, `co_positions` instructions."""


class Spot(NamedTuple):
    """An instruction. Cheap to take while the model runs; `place` looks it up afterwards."""

    code: CodeType
    instruction: int

    def place(self) -> Place:
        """The expression that the instruction belongs to; before Python 3.11 the line, without columns."""
        return _place(self.code, self.instruction)


def caller(depth: int = 1, skips: Callable[[FrameType], bool] | None = None) -> Spot | None:
    """The innermost frame of the user's, `depth` frames up or further; `None` if there is none.

    Frames of PyTorch, of this package and of generated code are nobody's; `skips` leaves out more.
    """
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None:
        if is_users(frame.f_code.co_filename) and not (skips is not None and skips(frame)):
            return Spot(frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return None


@functools.cache
def _place(code: CodeType, instruction: int) -> Place:
    from initlint.reading.source import displayed

    path = displayed(Path(code.co_filename)) if os.path.exists(code.co_filename) else code.co_filename
    line, end_line, column, end_column = _position(code, instruction)
    if line is None:
        line = code.co_firstlineno
    if column is None or end_column is None:
        return Place(path, line, 1, line, 1)
    return Place(path, line, column + 1, end_line or line, end_column + 1)


def _position(code: CodeType, instruction: int) -> tuple[int | None, int | None, int | None, int | None]:
    if sys.version_info >= (3, 11):
        return next(islice(code.co_positions(), instruction // WORD_SIZE, None), (None, None, None, None))
    for start, end, line in code.co_lines():
        if start <= instruction < end:
            return line, line, None, None
    return None, None, None, None
