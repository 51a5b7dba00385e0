"""Threads that read what the process of a target sends and prints, however much it is."""

from __future__ import annotations

import queue
import threading
from typing import BinaryIO

import msgspec

from initlint.probe import messages

OUTPUT_KEPT = 1 << 16
"""Bytes of what the target prints, the last ones."""
PATIENCE = 1.0
"""Seconds for a reader to see the end of its stream once all writers are gone."""


class Results(threading.Thread):
    """Reads messages up to the first that ends the probe; a text says why one could not be read."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(daemon=True, name="initlint probe results")
        self._stream = stream
        self._queue: queue.SimpleQueue[messages.Message | str] = queue.SimpleQueue()

    def run(self) -> None:
        """Read; returns at the end of the stream."""
        try:
            messages.skip_to_first(self._stream)
            while True:
                message = messages.read(self._stream)
                self._queue.put(message)
                if not isinstance(message, messages.Begun):
                    return
        except (EOFError, OSError):
            return
        except (ValueError, msgspec.MsgspecError) as error:
            self._queue.put(str(error))

    def next(self, timeout: float) -> messages.Message | str | None:
        """The next message; `None` if there is none within `timeout` seconds."""
        try:
            return self._queue.get(timeout=timeout) if timeout > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """Wait for the end and close the stream; one that a surviving process holds open is left."""
        _close(self, self._stream)


class Tail(threading.Thread):
    """Reads what is printed and keeps the end of it."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(daemon=True, name="initlint probe output")
        self._stream = stream
        self._kept = bytearray()

    def run(self) -> None:
        """Read; returns at the end of the stream."""
        while data := self._stream.read1(OUTPUT_KEPT):  # type: ignore[attr-defined]
            self._kept += data
            del self._kept[:-OUTPUT_KEPT]

    def text(self) -> str:
        """What was kept so far."""
        return bytes(self._kept).decode("utf-8", "replace")

    def close(self) -> None:
        """Wait for the end and close the stream; one that a surviving process holds open is left."""
        _close(self, self._stream)


def _close(reader: threading.Thread, stream: BinaryIO) -> None:
    reader.join(PATIENCE)
    if not reader.is_alive():
        stream.close()
