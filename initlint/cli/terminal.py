"""What the streams of this process can show."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.report.palette import Palette

if TYPE_CHECKING:
    from initlint.report.sparkline import Glyphs

WIDTH_WITHOUT_TERMINAL = 100
"""Columns of a report in a file or a pipe, the same everywhere."""


def palette_for(choice: str, *, is_file: bool) -> Palette:
    """The palette for standard output by ``--color``: ``auto`` is colour on a terminal, unless ``NO_COLOR`` is set."""
    if choice != "auto":
        return Palette(choice == "always")
    if os.environ.get("NO_COLOR"):
        return Palette(False)
    is_dumb = os.environ.get("TERM") == "dumb"
    return Palette(bool(os.environ.get("FORCE_COLOR")) or (not is_file and not is_dumb and sys.stdout.isatty()))


def glyphs_for(*, is_file: bool) -> Glyphs:
    """What bars and curves are drawn with: files are UTF-8; a stream that cannot show the blocks gets ASCII."""
    from initlint.report.sparkline import ASCII, UNICODE

    if is_file:
        return UNICODE
    try:
        "".join(astuple(UNICODE)).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def width() -> int:
    """Columns a text report may take."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL


def emit(text: str, output: Path | None) -> None:
    """Write a report to standard output, or whole to a file. A reader that leaves early is no error."""
    from initlint.report.writing import write_whole

    with _told_errors(output):
        if output is not None:
            write_whole(output, text)
        else:
            sys.stdout.write(text)
            sys.stdout.flush()


def emit_bytes(data: bytes, output: Path | None) -> None:
    """As `emit`, for what has an encoding of its own."""
    from initlint.report.writing import write_bytes_whole

    with _told_errors(output):
        if output is not None:
            write_bytes_whole(output, data)
        else:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()


@contextmanager
def _told_errors(output: Path | None) -> Iterator[None]:
    import click

    from initlint.cli import close_output

    try:
        yield
    except BrokenPipeError:
        close_output()
    except OSError as error:
        raise click.ClickException(f"{output or 'standard output'}: cannot be written: {error.strerror}") from error
