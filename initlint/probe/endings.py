"""How a probe that gave no result ended, as a problem to report: what, in which stage, where, and the remedy."""

from __future__ import annotations

import errno
import signal
from collections.abc import Sequence
from pathlib import Path

from initlint.finding import Problem
from initlint.probe.errors import IMPORTING, ProbeError, describe_stage
from initlint.probe.frames import Frame, called_through, frames_of, innermost
from initlint.reading.source import displayed

LONGEST_MESSAGE = 1000
"""Letters of an exception's text; a state dictionary with other keys lists thousands of them."""
NO_MEMORY = ("can't allocate memory", "not enough memory", "cannot allocate memory", "bad_alloc", "bad allocation")
"""In the texts of errors that PyTorch and the system's loader raise for want of memory."""
KILLED_FROM_OUTSIDE = "as the system does when it has no memory left"


def of_error(error: BaseException, target: str, stage: str, memory: int) -> Problem:
    """The problem that an exception in the target's code is."""
    frames = frames_of(error)
    if isinstance(error, ProbeError):
        return _of_probe_error(error, target, frames)
    when = describe_stage(stage)
    trail = called_through(frames)
    if isinstance(error, SystemExit):
        message = f"the target ends the program {when}: sys.exit({_exit_code(error)}).{trail}"
        return _at(innermost(frames), target, message, _EXIT_REMEDIES.get(stage, "Raise an exception there instead."))
    if is_out_of_memory(error):
        message = f"needs more memory {when} than the limit of {shown_size(memory)}: {_text(error)}.{trail}"
        return _at(innermost(frames), target, message, _MEMORY_REMEDY)
    if type(error).__name__ == "OutOfMemoryError":
        message = f"the device has too little memory {when}: {_text(error)}.{trail}"
        return _at(innermost(frames), target, message, "Give a smaller --batch-size, or --device cpu.")
    return _at(innermost(frames), target, f"{_text(error)}, raised {when}.{trail}", _remedy(error, stage))


_EXIT_REMEDIES = {IMPORTING: 'Put what runs a program under if __name__ == "__main__".'}
_MEMORY_REMEDY = "Give a smaller --batch-size, or more with --memory-limit."


def _of_probe_error(error: ProbeError, target: str, frames: Sequence[Frame]) -> Problem:
    if error.path is not None:
        return Problem(displayed(Path(error.path)), error.message, error.remedy, error.line)
    return _at(innermost(frames), target, error.message, error.remedy)


def _at(frame: Frame | None, target: str, message: str, remedy: str = "") -> Problem:
    if frame is None:
        return Problem(target, message, remedy)
    return Problem(displayed(Path(frame.path)), message, remedy, frame.line)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the memory of the process, not that of a device, is exhausted."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    text = _message(error).lower()
    return isinstance(error, (RuntimeError, ImportError)) and any(phrase in text for phrase in NO_MEMORY)


def _text(error: BaseException) -> str:
    """Type and message in one line, with the error that it was raised because of."""
    cause = _first_cause(error)
    because = f" (because of {_one_line(cause)})" if cause is not error else ""
    return _one_line(error) + because


def _one_line(error: BaseException) -> str:
    name, text = type(error).__name__, " ".join(_message(error).split()).rstrip(".")
    shown = f"{name}: {text}" if text else name
    return shown if len(shown) <= LONGEST_MESSAGE else shown[:LONGEST_MESSAGE] + "..."


def _first_cause(error: BaseException) -> BaseException:
    """Where a chain of ``raise ... from ...`` begins; it may be a circle."""
    seen = {id(error)}
    while error.__cause__ is not None and id(error.__cause__) not in seen:
        error = error.__cause__
        seen.add(id(error))
    return error


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    try:
        return str(error)
    except Exception:  # the user's own exceptions may fail at this, too
        return ""


def _remedy(error: BaseException, stage: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and stage == IMPORTING:
        return f"Install {error.name.partition('.')[0]} where initlint runs, or run initlint where it can be imported."
    return ""


def _exit_code(error: SystemExit) -> str:
    return "" if error.code is None else repr(error.code)[:LONGEST_MESSAGE]


# ---------------------------------------------------------------------------------------------- seen from the other side


def of_time_limit(target: str, limit: float, stage: str, frames: Sequence[Frame]) -> Problem:
    """The wall-clock time is up; `frames` are where it stood, as far as that is known."""
    where = innermost(frames)
    seen = f"; last seen at {where}" if where is not None else ""
    message = f"did not finish within {limit:g} s: still running {describe_stage(stage)}{seen}."
    return _at(where, target, message + called_through(frames), "Give it more time with --time-limit.")


def of_memory_limit(target: str, limit: int, stage: str, frames: Sequence[Frame]) -> Problem:
    """All its processes together take too much."""
    message = f"needs more memory {describe_stage(stage)} than the limit of {shown_size(limit)}."
    return _at(innermost(frames), target, message + called_through(frames), _MEMORY_REMEDY)


def of_process_limit(target: str, limit: int, stage: str, frames: Sequence[Frame]) -> Problem:
    """It keeps starting processes."""
    message = f"started more than {limit} processes {describe_stage(stage)}; all are ended."
    remedy = 'Put what starts processes under if __name__ == "__main__".'
    return _at(innermost(frames), target, message + called_through(frames), remedy)


def of_exit(target: str, code: int, stage: str, frames: Sequence[Frame], output: str) -> Problem:
    """The process is gone without a result. `code` is negative for a signal, as `subprocess` gives it."""
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "")
    printed = f" It last printed: {last[:LONGEST_MESSAGE]}" if last else ""
    when = describe_stage(stage)
    if code >= 0:
        message = f"the process of the target ended {when} with exit code {code} and no result."
        return _at(innermost(frames), target, message + printed)
    name = signal_name(-code)
    outside = f", {KILLED_FROM_OUTSIDE}" if -code == getattr(signal, "SIGKILL", None) else ""
    what = {"SIGSEGV": ": invalid memory access in compiled code", "SIGABRT": ": compiled code gave up"}.get(name, "")
    message = f"the process of the target was ended by {name} {when}{what}{outside}."
    return _at(innermost(frames), target, message + called_through(frames) + printed)


def of_unreadable(target: str, reason: str) -> Problem:
    """What came back is no result: the target wrote to where results go."""
    return Problem(target, f"the process of the target sent no readable result: {reason}.")


def signal_name(number: int) -> str:
    """``"SIGSEGV"``; the number for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def shown_size(size: int) -> str:
    """``"4 GB"``, ``"512 MB"``."""
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
