"""The process of a target: reads what to do, confines itself, runs the user's code, and sends what it found.

What the user's code prints goes to standard error; results go to what was standard output when the process began.
"""

from __future__ import annotations

import faulthandler
import functools
import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from initlint.probe import endings, messages
from initlint.probe.errors import STARTING, ProbeError

if TYPE_CHECKING:
    from initlint.probe.recording import Recording
    from initlint.probe.request import Request

Tell = Callable[[str], None]
"""Told the stage that begins."""
Job = Callable[["Request", Tell], "Recording"]
NICENESS = 5
"""Added in each copy of the process that it forks, and again in their copies: what forks without end soon has too low a
priority to keep our process from ending it. Workers of a data loader are copies of the first generation."""
NO_TORCH = "pip install 'initlint[probe]'"


def main() -> None:
    """Probe one target."""
    serve(probe)


def probe(request: Request, tell: Tell) -> Recording:
    """The real job. Raises `ProbeError` where PyTorch cannot be imported."""
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ProbeError(STARTING, "probe needs PyTorch, and it is not installed", f"Run {NO_TORCH}.") from error
    from initlint.probe import overlay
    from initlint.probe.keras_models import choose_backend
    from initlint.probe.session import run

    choose_backend()
    overlay.install(request.contents)
    return run(request, tell)


def serve(job: Job) -> None:
    """Do the one task that stands on standard input, under its limits, and send the result or the problem."""
    task: messages.Task = pickle.load(sys.stdin.buffer)
    results = _take_over_streams()
    traces = open(task.traces, "a")  # noqa: SIM115 - stays open for as long as the process may crash
    faulthandler.enable(traces)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, traces)
    _confine(task.memory)
    sys.argv = [task.request.target]
    _send(results, _result(job, task, results))


def _result(job: Job, task: messages.Task, results: BinaryIO) -> messages.Message:
    stage = STARTING
    own = os.getpid()

    def tell(begun: str) -> None:
        nonlocal stage
        stage = begun
        if os.getpid() == own:
            messages.write(results, messages.Begun(begun))

    try:
        result: messages.Message = messages.Done(job(task.request, tell))
    except BaseException as error:  # sys.exit() and an interrupt are endings, too
        result = messages.Failed(endings.of_error(error, task.request.target, stage, task.memory))
    if os.getpid() != own:
        os._exit(0)  # a copy of this process that the target has forked: the original reports
    return result


def _send(results: BinaryIO, message: messages.Message) -> None:
    messages.write(results, message)
    results.close()


def _take_over_streams() -> BinaryIO:
    """The stream for results. After it the user's code reads nothing and prints to standard error."""
    results = open(os.dup(1), "wb")  # noqa: SIM115 - lives as long as the process
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    results.write(messages.PREAMBLE)
    results.flush()
    return results


def _confine(memory: int) -> None:
    """Limit memory, leave no core dump, make copies yield, and end with the process that started this one."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("RLIMIT_DATA", "RLIMIT_AS"):
        with suppress(AttributeError, ValueError, OSError):
            _, hardest = resource.getrlimit(getattr(resource, name))
            limit = memory if hardest == resource.RLIM_INFINITY else min(memory, hardest)
            resource.setrlimit(getattr(resource, name), (limit, hardest))
            break
    os.register_at_fork(after_in_child=functools.partial(os.nice, NICENESS))
    _end_with_parent()


def _end_with_parent() -> None:
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, <linux/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


if __name__ == "__main__":
    main()
