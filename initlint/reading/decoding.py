"""From bytes to text, by the rules Python itself follows."""

from __future__ import annotations

import re
from itertools import accumulate
from tokenize import detect_encoding

from initlint.reading.failure import UnreadableError

_LINE_END = re.compile(r"\r\n|\r|\n")
_LONE_RETURN = re.compile(r"\r(?!\n)")
UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS_UTF8 = "Save the file as UTF-8, or name its encoding in the first line: # -*- coding: ... -*-"


def decode(data: bytes) -> str:
    """The text of a source file, without byte order mark.

    Line ends stay as they are, but a lone carriage return becomes a newline: both are one character and end a line.
    Raises `UnreadableError`.
    """
    if data.startswith(_UTF16_BOMS):
        raise UnreadableError("is encoded in UTF-16, which Python does not read", "Save the file as UTF-8.")
    if (position := data.find(b"\0")) >= 0:
        raise UnreadableError(
            "is binary: it holds a NUL byte", "Exclude it, or give it another suffix.", _line_at(data, position)
        )
    try:
        text = data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        message = f"byte 0x{data[error.start]:02x} is not {error.encoding}: {error.reason}"
        raise UnreadableError(message, _SAVE_AS_UTF8, _line_at(data, error.start)) from error
    except (LookupError, ValueError) as error:
        raise UnreadableError(f"cannot be decoded: {error}", _SAVE_AS_UTF8, 1) from error
    return normalise_line_ends(text.removeprefix("\ufeff"))


def normalise_line_ends(text: str) -> str:
    return _LONE_RETURN.sub("\n", text) if "\r" in text else text


def line_starts(text: str) -> tuple[int, ...]:
    """Offset at which each line of a text without lone carriage returns starts."""
    lengths = map(len, text.split("\n"))
    return tuple(accumulate(lengths, lambda start, length: start + length + 1, initial=0))[:-1]


def encoding_of(data: bytes) -> str:
    """Raises `UnreadableError` for an encoding that does not exist or contradicts the byte order mark."""
    head = data[:400]
    if not head.startswith(UTF8_BOM) and b"coding" not in head:
        return "utf-8"
    lines = iter(data.splitlines(keepends=True)[:2])
    try:
        return detect_encoding(lambda: next(lines, b""))[0]
    except SyntaxError as error:
        raise UnreadableError(f"cannot be decoded: {error.msg}", _SAVE_AS_UTF8, 1) from error


def _line_at(data: bytes, position: int) -> int:
    return len(_LINE_END.findall(data[:position].decode("latin-1"))) + 1
