"""From the bytes of one file to its facts. The only way to LibCST, which is imported when first needed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from initlint.collector import paused_collector
from initlint.reading.decoding import decode, line_starts, normalise_line_ends
from initlint.reading.facts import Cell, FileFacts
from initlint.reading.failure import Failure, UnreadableError
from initlint.reading.nesting import refuse_deep
from initlint.reading.notebooks import join_cells
from initlint.reading.stack import call_with_deep_stack
from initlint.reading.suppressions import Commented, find_suppressions, may_suppress

if TYPE_CHECKING:
    import libcst as cst

_FACTS, _FAILURE = b"\1", b"\0"
_encode = msgspec.msgpack.Encoder().encode
_decode_facts = msgspec.msgpack.Decoder(FileFacts).decode
_decode_failure = msgspec.msgpack.Decoder(Failure).decode


class Source(NamedTuple):
    """The text that offsets count in, and the cells it is made of if it is a notebook's."""

    text: str
    cells: tuple[Cell, ...] = ()

    @staticmethod
    def of(data: bytes, *, is_notebook: bool) -> Source:
        """Raises `UnreadableError`."""
        return Source(*join_cells(data)) if is_notebook else Source(decode(data))

    @staticmethod
    def of_text(text: str, *, is_notebook: bool) -> Source:
        """Raises `UnreadableError`. The text of a notebook is its JSON."""
        if is_notebook:
            return Source(*join_cells(text.encode("utf-8", "surrogatepass")))
        return Source(normalise_line_ends(text.removeprefix("\ufeff")))


def read_source(data: bytes, *, is_notebook: bool) -> bytes:
    """The facts of a file, or why it has none, packed for the cache and for other processes."""
    try:
        source = Source.of(data, is_notebook=is_notebook)
        return _FACTS + _pack(facts_of(source))
    except UnreadableError as error:
        return _FAILURE + _encode(error.failure)


def unpack(packed: bytes) -> FileFacts | Failure:
    """What `read_source` packed. Raises `ValueError` for anything else."""
    if packed.startswith(_FACTS):
        try:
            return _decode_facts(memoryview(packed)[1:])
        except RecursionError:  # packed with more room for recursion than there is here
            return _too_deep().failure
    if packed.startswith(_FAILURE):
        return _decode_failure(memoryview(packed)[1:])
    raise ValueError("neither facts nor a failure")


def _pack(facts: FileFacts) -> bytes:
    """Packing is what proves that facts can be stored, so it is done even where nothing is."""
    try:
        return _encode(facts)
    except RecursionError as error:
        raise _too_deep() from error


def facts_of(source: Source) -> FileFacts:
    """Raises `UnreadableError`."""
    starts = line_starts(source.text)
    try:
        refuse_deep(source.text, starts)
        with paused_collector():
            return call_with_deep_stack(lambda: _lower(source, starts))
    except RecursionError as error:
        raise _too_deep() from error
    except UnreadableError as error:
        raise _in_cell(error.failure, source.cells) from error


def _lower(source: Source, starts: tuple[int, ...]) -> FileFacts:
    from initlint.reading.statements import StatementLowering

    text = source.text
    tree = _parse(text)
    lowering = StatementLowering(text)
    try:
        body = lowering.module(tree)
    except RecursionError:
        raise
    except Exception as error:  # a place that was lost, or syntax that this version of initlint has never heard of
        line = FileFacts((), starts).position(lowering.at)[0]
        message = f"cannot be followed: {type(error).__name__}: {error}"
        raise UnreadableError(message, "Please report this as a fault of initlint.", line) from error
    commented = Commented(text, starts, lowering.strings, lowering.extents)
    suppressions = find_suppressions(commented) if may_suppress(text) else ()
    return FileFacts(body, starts, suppressions, source.cells, tuple(dict.fromkeys(lowering.called)))


def _parse(text: str) -> cst.Module:
    import libcst as cst

    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        raise _syntax_error(text, error) from error
    except Exception as error:  # whatever else the parser stumbles over is about this file only
        raise UnreadableError(f"cannot be parsed: {error}", "Exclude it.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a panic in Rust arrives as; not importable
            raise
        raise UnreadableError("cannot be parsed: the parser failed on it", "Exclude it.") from error


def _syntax_error(text: str, error: cst.ParserSyntaxError) -> UnreadableError:
    """CPython says better than LibCST what is wrong and where; unless it takes the text for right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as better:
            return UnreadableError(f"syntax error: {better.msg}", "", better.lineno, better.offset or None)
        except (ValueError, MemoryError, RecursionError):
            pass
    remedy = "Write it in a plainer way, or exclude the file."
    return UnreadableError(
        "syntax error: LibCST does not understand this", remedy, error.raw_line, error.raw_column + 1
    )


def _in_cell(failure: Failure, cells: Sequence[Cell]) -> UnreadableError:
    """The failure with its line counted within the cell, and the cell named."""
    line = failure.line
    cell = next((cell for cell in reversed(cells) if line is not None and cell.line <= line), None)
    if line is None or cell is None:
        return UnreadableError(failure.message, failure.remedy, line, failure.column)
    line -= cell.line - 1
    return UnreadableError(f"cell {cell.number}, line {line}: {failure.message}", failure.remedy, line, failure.column)


def _too_deep() -> UnreadableError:
    return UnreadableError("is nested too deeply", "Exclude it, or split what is nested.")
