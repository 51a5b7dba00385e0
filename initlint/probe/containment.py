"""Running a target in a process of its own that cannot take ours along, nor outlive the call.

This guards against accidents: endless loops, crashes, leaks, floods, processes left behind. It is no sandbox: the
target's code may do what the user may do. Where there is no ``/proc`` (macOS, Windows) memory is limited per process, if
at all, and the number of processes is not watched.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from initlint.finding import Problem
from initlint.probe import endings, messages, processes
from initlint.probe.errors import STARTING
from initlint.probe.frames import Frame, frames_in
from initlint.probe.listening import Results, Tail
from initlint.probe.recording import Recording
from initlint.probe.request import Request

Tell = Callable[[str], None]

FOLDER = str(Path(__file__).parents[2])
START = f"import sys; sys.path[:1] = []; sys.path.append({FOLDER!r}); from initlint.probe.worker import main; main()"
"""The current directory stays off the path until the target is loaded: a ``random.py`` there is not the library's."""
PROCESS_LIMIT = 64
"""Processes alive at once. A data loader has one for each core at most."""
MEMORY_SHARE = 0.8
"""Of the physical memory."""
POLL = 0.1
"""Seconds between two looks at the processes."""
GRACE = 1.0
"""Seconds in which a process that has sent its result may end by itself."""
PLACE_PATIENCE = 0.5
"""Seconds to wait for a process to say where it stands before it is killed."""


@dataclass(frozen=True)
class Outcome:
    """What became of one target."""

    result: Recording | Problem
    notes: tuple[str, ...] = ()
    output: str = ""
    """The end of what the target printed."""


def run_contained(
    request: Request, tell: Tell, *, python: str = sys.executable, worker: Sequence[str] = ("-c", START)
) -> Outcome:
    """Probe a target in a process of its own; `tell` is told each stage as it begins.

    Whatever happens there becomes a result or a `Problem`. When this returns or raises, also for an interrupt, no process
    of the target is left.
    """
    with _traces_file() as traces, _Contained(request, [python, *worker], traces) as contained:
        result = contained.wait(tell)
        contained.end()
        return Outcome(result, contained.notes(), contained.output())


def memory_limit() -> int:
    """The limit where none is asked for: a share of what the machine, or the container, has. Bytes."""
    sizes = [_physical_memory()]
    with suppress(OSError, ValueError):
        sizes.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return int(MEMORY_SHARE * min(sizes))


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # Windows has no sysconf: nothing limits memory there
        return sys.maxsize


@contextmanager
def _traces_file() -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix="initlint-probe-")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        os.unlink(name)


class _Contained:
    """A target's process, watched."""

    def __init__(self, request: Request, command: Sequence[str], traces: Path) -> None:
        self._request = request
        self._traces = traces
        self._memory = request.memory_limit or memory_limit()
        self._stage = STARTING
        self._left = 0
        mark = uuid.uuid4().hex
        self._deadline = time.monotonic() + request.time_limit
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, processes.MARK: mark, "PYTHONIOENCODING": "utf-8:backslashreplace"},
        )
        self._tree = processes.Tree(self._process.pid, mark)
        self._results = Results(cast("BinaryIO", self._process.stdout))
        self._output = Tail(cast("BinaryIO", self._process.stderr))
        self._is_ended = False

    def __enter__(self) -> _Contained:
        self._results.start()
        self._output.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end()
        except KeyboardInterrupt:
            self.end()
            raise

    def wait(self, tell: Tell) -> Recording | Problem:
        """The result, or the problem that there is none."""
        self._hand_over()
        looked = time.monotonic()
        while True:
            message = self._results.next(POLL)
            if isinstance(message, messages.Begun):
                self._stage = message.stage
                tell(message.stage)
            elif message is not None:
                return self._received(message)
            if time.monotonic() - looked >= POLL:
                if (ending := self._ending()) is not None:
                    return ending
                looked = time.monotonic()

    def _hand_over(self) -> None:
        task = messages.Task(self._request, self._memory, str(self._traces))
        with suppress(BrokenPipeError), cast("BinaryIO", self._process.stdin) as stdin:
            stdin.write(pickle.dumps(task))

    def _received(self, message: messages.Done | messages.Failed | str) -> Recording | Problem:
        if isinstance(message, str):
            return endings.of_unreadable(self._request.target, message)
        self._wait_for_exit()  # what it printed is written then
        return message.problem if isinstance(message, messages.Failed) else message.recording

    def _ending(self) -> Recording | Problem | None:
        """How it ended, if it has or must."""
        target = self._request.target
        if (code := self._exit_code()) is not None:
            return self._ended(code)
        if time.monotonic() > self._deadline:
            return endings.of_time_limit(target, self._request.time_limit, self._stage, self._place())
        members = self._tree.members()
        if len(members) > PROCESS_LIMIT:
            return endings.of_process_limit(target, PROCESS_LIMIT, self._stage, self._place())
        if processes.memory_of(members, self._memory) > self._memory:
            return endings.of_memory_limit(target, self._memory, self._stage, self._place())
        return None

    def _ended(self, code: int) -> Recording | Problem:
        """The result of a process that is gone: it may have sent one."""
        self._left += self._tree.end()  # what it left would hold the streams open
        self._results.join(GRACE)
        while (message := self._results.next(0)) is not None:
            if not isinstance(message, messages.Begun):
                return self._received(message)
            self._stage = message.stage
        self._output.join(GRACE)
        return endings.of_exit(self._request.target, code, self._stage, self._traced(), self.output())

    def _exit_code(self) -> int | None:
        """As `subprocess` gives it, once the process has ended. It stays a zombie, so that its number is nobody else's."""
        if not hasattr(os, "waitid") or self._process.returncode is not None:
            return self._process.poll()
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def _wait_for_exit(self) -> None:
        deadline = time.monotonic() + GRACE
        while self._exit_code() is None and time.monotonic() < deadline:
            time.sleep(POLL / 10)

    def _place(self) -> list[Frame]:
        """Where the process stands: it is asked by a signal, which works in a loop of compiled code, too.

        What it has started is stopped first: a fork bomb leaves it no time to answer.
        """
        if not hasattr(signal, "SIGUSR1"):
            return []
        self._tree.stop(except_root=True)
        processes.send(self._process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + PLACE_PATIENCE
        size = -1
        while time.monotonic() < deadline and (size <= 0 or size != self._traces.stat().st_size):
            size = self._traces.stat().st_size
            time.sleep(POLL / 2)
        return self._traced()

    def _traced(self) -> list[Frame]:
        return frames_in(self._traces.read_text(errors="replace"))

    def end(self) -> None:
        """Leave no process and no open stream."""
        if self._is_ended:
            return
        self._left += self._tree.end()
        if self._exit_code() is None:
            self._process.kill()
        self._process.wait()
        self._is_ended = True
        with suppress(BrokenPipeError):
            cast("BinaryIO", self._process.stdin).close()
        self._results.close()
        self._output.close()

    def notes(self) -> tuple[str, ...]:
        """What the user should know beside the result."""
        if not self._left:
            return ()
        noun = "process" if self._left == 1 else "processes"
        return (f"ended {self._left} {noun} that the target had left running",)

    def output(self) -> str:
        """The end of what it printed."""
        return self._output.text()
