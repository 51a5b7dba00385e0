"""Room for recursion: parsing in a thread whose stack is larger than the one a program starts with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import TypeVar

STACK_BYTES = 64 * 1024 * 1024
"""Address space, not memory: only what is used of it is ever allocated."""
_INTERRUPT_SECONDS = 0.2
"""How soon Ctrl-C is noticed where waiting for a thread cannot be interrupted (Windows)."""

_NAME = "initlint: deep stack"

_Result = TypeVar("_Result")


def call_with_deep_stack(function: Callable[[], _Result]) -> _Result:
    """Call the function in the deep thread of this process and wait; what it raises is raised here."""
    outcome: Future[_Result] = Future()
    _Deep.of_process().tasks.put(lambda: _settle(function, outcome))
    while not wait([outcome], _INTERRUPT_SECONDS).done:
        pass
    return outcome.result()


def runs_alone() -> bool:
    """Whether the process has no other threads than the one that asks and the deep one, which waits for work."""
    return all(thread.name == _NAME or thread is threading.current_thread() for thread in threading.enumerate())


def _settle(function: Callable[[], _Result], outcome: Future[_Result]) -> None:
    try:
        outcome.set_result(function())
    except BaseException as error:  # handed over to the waiting thread, whatever it is
        outcome.set_exception(error)


class _Deep:
    """One thread for all calls: a new one gets its memory afresh from the system, which took 7 % of the time of reading timm."""

    _one: _Deep | None = None

    def __init__(self) -> None:
        self.process = os.getpid()
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        previous = threading.stack_size(STACK_BYTES)
        try:
            threading.Thread(target=self._work, name=_NAME, daemon=True).start()
        finally:
            threading.stack_size(previous)

    @classmethod
    def of_process(cls) -> _Deep:
        """The one of this process; a forked one has none of the threads of its parent."""
        if cls._one is None or cls._one.process != os.getpid():
            cls._one = cls()
        return cls._one

    def _work(self) -> None:
        while True:
            self.tasks.get()()
