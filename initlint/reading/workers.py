"""Parsing in several processes, one of which may die without taking the rest along."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from typing import NamedTuple, TypeAlias

from initlint.reading.parsing import read_source
from initlint.reading.stack import runs_alone

_CHUNK_BYTES = (50_000, 400_000)
"""Least and most source handed over at once: 0.1 to 1 s of work."""
_CHUNKS_PER_JOB = 8


class Raw(NamedTuple):
    """The content of a file."""

    data: bytes
    is_notebook: bool


_Chunk: TypeAlias = "list[int]"
_Packed: TypeAlias = "tuple[int, bytes | None]"


def read_in_processes(sources: Sequence[Raw], jobs: int) -> Iterator[_Packed]:
    """The packed facts of each source with its index, as they are done; ``None`` if reading it kills a process."""
    chunks = _chunks(sources, jobs)
    suspects = yield from _run(sources, chunks, jobs)
    for suspect in suspects:  # a broken pool does not say which of its tasks broke it
        culprits = yield from _run(sources, [suspect], 1)
        for index in (index for culprit in culprits for index in culprit):
            deadly = yield from _run(sources, [[index]], 1)
            yield from ((index, None) for _ in deadly)


def _run(sources: Sequence[Raw], chunks: Sequence[_Chunk], jobs: int) -> Generator[_Packed, None, list[_Chunk]]:
    """Read the chunks in one pool; returns those that were not finished when it broke."""
    unfinished: list[_Chunk] = []
    pool = ProcessPoolExecutor(min(jobs, len(chunks)), _context(), _ignore_interrupts)
    try:
        futures = {_submit(pool, [sources[index] for index in chunk]): chunk for chunk in chunks}
        for future in as_completed(futures):
            if isinstance(future.exception(), BrokenProcessPool):
                unfinished.append(futures[future])
            else:
                yield from zip(futures[future], future.result(), strict=True)
    finally:
        _shut_down(pool, is_broken=bool(unfinished))
    return unfinished


def _shut_down(pool: ProcessPoolExecutor, *, is_broken: bool) -> None:
    """End a pool, also a broken one whose writer is stuck.

    Before Python 3.11.5 a broken pool waits for ever for its writer, which waits for a reader where a chunk is larger than a
    pipe and all workers are dead (https://github.com/python/cpython/issues/94777). Closing the readers' end frees it.
    """
    manager, queue = getattr(pool, "_executor_manager_thread", None), getattr(pool, "_call_queue", None)
    pool.shutdown(wait=not is_broken, cancel_futures=True)
    if is_broken and manager is not None and queue is not None:
        manager.join(PATIENCE)
        if manager.is_alive():
            queue._reader.close()
            manager.join()


PATIENCE = 2.0
"""Seconds that a broken pool may take to end by itself: its workers are dead already, or are being killed."""


def _submit(pool: ProcessPoolExecutor, chunk: Sequence[Raw]) -> Future[list[bytes]]:
    """A pool that is broken already says so in the future, too."""
    try:
        return pool.submit(_read_chunk, chunk)
    except BrokenProcessPool as error:
        future: Future[list[bytes]] = Future()
        future.set_exception(error)
        return future


def _read_chunk(sources: Sequence[Raw]) -> list[bytes]:
    return [read_source(source.data, is_notebook=source.is_notebook) for source in sources]


def _chunks(sources: Sequence[Raw], jobs: int) -> list[_Chunk]:
    least, most = _CHUNK_BYTES
    total = sum(len(source.data) for source in sources)
    enough = min(most, max(least, total // (jobs * _CHUNKS_PER_JOB)))
    chunks: list[_Chunk] = []
    size = enough
    for index, source in enumerate(sources):
        if size >= enough:
            chunks.append([])
            size = 0
        chunks[-1].append(index)
        size += len(source.data)
    return chunks


def _context() -> BaseContext:
    """Forking is quick, but safe on Linux only, and only while no other thread is at work."""
    can_fork = sys.platform == "linux" and runs_alone()
    return get_context("fork" if can_fork else "spawn")


def _ignore_interrupts() -> None:
    """Ctrl-C reaches the whole process group; the parent alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
