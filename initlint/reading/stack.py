"""Room for recursion: parsing in a thread whose stack is larger than the one a program starts with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

STACK_BYTES = 64 * 1024 * 1024
"""Address space, not memory: only what is used of it is ever allocated."""
_INTERRUPT_SECONDS = 0.2
"""How soon Ctrl-C is noticed where waiting for a thread cannot be interrupted (Windows)."""

_Result = TypeVar("_Result")


def call_with_deep_stack(function: Callable[[], _Result]) -> _Result:
    """Call the function in a thread of its own and wait; what it raises is raised here."""
    outcome: Future[_Result] = Future()
    thread = threading.Thread(target=_settle, args=(function, outcome), daemon=True)
    previous = threading.stack_size(STACK_BYTES)
    try:
        thread.start()
    finally:
        threading.stack_size(previous)
    while thread.is_alive():
        thread.join(_INTERRUPT_SECONDS)
    return outcome.result()


def _settle(function: Callable[[], _Result], outcome: Future[_Result]) -> None:
    try:
        outcome.set_result(function())
    except BaseException as error:  # handed over to the waiting thread, whatever it is
        outcome.set_exception(error)
