"""The processes that a target has started, however it started them: found, counted, and ended.

On Linux they are read from ``/proc``. Elsewhere only the process group is known: it is ended as a whole and not watched.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

MARK = "INITLINT_PROBE"
"""Environment variable that the processes of one probe carry, also those that leave its session and lose their parent."""
ENDING_LIMIT = 10.0
"""Seconds after which processes that cannot be killed (in the kernel, waiting for a device) are left."""
ROUNDS = 200
"""Searches for new processes before those found are killed while others may still be starting."""
PAUSE = 0.005
"""Seconds for killed processes to vanish."""
IS_LINUX = sys.platform.startswith("linux")
DEAD = "ZX"


class Process(NamedTuple):
    """A living process."""

    pid: int
    parent: int
    session: int
    started: int
    """Clock ticks since boot; with the pid it names a process for good."""
    resident: int
    """Bytes, those shared with other processes included."""

    @property
    def identity(self) -> tuple[int, int]:
        return self.pid, self.started


class Tree:
    """The process `root`, leader of its session, and all that comes of it. `mark` is its value of `MARK`."""

    def __init__(self, root: int, mark: str) -> None:
        self.root = root
        self._mark = f"{MARK}={mark}".encode()
        self._known: set[tuple[int, int]] = set()
        self._foreign: set[tuple[int, int]] = set()

    def members(self) -> list[Process]:
        """Those alive now; elsewhere than on Linux none is known."""
        living = list(_living())
        members: set[int] = {process.pid for process in living if self._is_own(process)}
        size = -1
        while size != len(members):
            size = len(members)
            members |= {process.pid for process in living if process.parent in members}
        found = [process for process in living if process.pid in members and process.pid != os.getpid()]
        self._known.update(process.identity for process in found)
        return found

    def _is_own(self, process: Process) -> bool:
        if process.session == self.root or process.pid == self.root or process.identity in self._known:
            return True
        if process.identity in self._foreign:
            return False
        is_marked = self._mark in _environment(process.pid)
        if not is_marked:
            self._foreign.add(process.identity)
        return is_marked

    def end(self) -> int:
        """Kill them all; how many there were beside the root. They are stopped first, so that none starts another."""
        if not IS_LINUX:
            _end_group(self.root)
            return 0
        ended: set[int] = set()
        deadline = time.monotonic() + ENDING_LIMIT
        while time.monotonic() < deadline and (members := self.stop()):
            for process in members:
                ended.add(process.pid)
                send(process.pid, signal.SIGKILL)
            time.sleep(PAUSE)
        return len(ended - {self.root})

    def stop(self, *, except_root: bool = False) -> list[Process]:
        """Stop them all, those that are started meanwhile included; the members."""
        stopped: set[tuple[int, int]] = set()
        members: list[Process] = []
        for _ in range(ROUNDS):
            members = [process for process in self.members() if not (except_root and process.pid == self.root)]
            fresh = [process for process in members if process.identity not in stopped]
            if not fresh:
                break
            for process in fresh:
                send(process.pid, signal.SIGSTOP)
            stopped.update(process.identity for process in fresh)
        return members


def send(pid: int, number: int) -> None:
    """A signal to a process that may have ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def memory_of(members: list[Process], limit: int) -> int:
    """Bytes that the processes take together.

    Exact, with shared pages counted once, only where the cheap upper bound is above `limit`.
    """
    bound = sum(process.resident for process in members)
    if bound <= limit or len(members) < 2:
        return bound
    return sum(_proportional(process) for process in members)


def _proportional(process: Process) -> int:
    for line in _read(f"/proc/{process.pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return process.resident


def _end_group(root: int) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(root, signal.SIGKILL)


def _living() -> Iterator[Process]:
    if not IS_LINUX:
        return
    page = os.sysconf("SC_PAGE_SIZE")
    for name in os.listdir("/proc"):
        if name.isdigit() and (text := _read(f"/proc/{name}/stat")):
            fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold anything
            if fields[0].decode() not in DEAD:
                parent, session, started, pages = (int(fields[index]) for index in (1, 3, 19, 21))
                yield Process(int(name), parent, session, started, pages * page)


def _environment(pid: int) -> bytes:
    return _read(f"/proc/{pid}/environ")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # it has ended, or is another user's
        return b""
