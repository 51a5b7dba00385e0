"""What crosses the border between the process of a target and ours: length-prefixed msgpack, decoded by type.

What comes from the target's side is not trusted: sizes are capped, and only these structures are made of it.
"""

from __future__ import annotations

from typing import BinaryIO

import msgspec
from msgspec import Struct

from initlint.finding import Problem
from initlint.probe.recording import Recording
from initlint.probe.request import Request

PREAMBLE = b"\x00initlint probe\x00"
"""Before the first message; what stands before it was printed while Python started."""
LARGEST = 1 << 28
"""Bytes of a message: 100 times the recording of a network with 10 000 operations."""
LENGTH_BYTES = 8


class Task(Struct, frozen=True):
    """What the process of a target is to do. Pickled: arguments are any Python literals, and it comes from our side."""

    request: Request
    memory: int
    """Bytes."""
    traces: str
    """File for the tracebacks of fatal signals."""


class Begun(Struct, frozen=True, tag=True):
    """A stage begins."""

    stage: str


class Done(Struct, frozen=True, tag=True):
    """The target was probed."""

    recording: Recording


class Failed(Struct, frozen=True, tag=True):
    """The target could not be probed."""

    problem: Problem


Message = Begun | Done | Failed
_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def write(stream: BinaryIO, message: Message) -> None:
    """Send one message."""
    data = msgspec.msgpack.encode(message)
    stream.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    stream.flush()


def skip_to_first(stream: BinaryIO) -> None:
    """Read up to the first message; raises `EOFError` if there is none."""
    seen = b""
    while not seen.endswith(PREAMBLE):
        seen = seen[-len(PREAMBLE) :] + _read(stream, 1)


def read(stream: BinaryIO) -> Message:
    """The next message. Raises `EOFError` at the end, `ValueError` for what is none."""
    size = int.from_bytes(_read(stream, LENGTH_BYTES), "big")
    if size > LARGEST:
        raise ValueError(f"a message of {size} bytes is too large")
    message: Message = _DECODER.decode(_read(stream, size))
    return message


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
