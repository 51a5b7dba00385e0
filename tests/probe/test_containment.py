"""Whatever a target does becomes a clear problem, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contained import linux_only, posix_only, problem

from initlint.probe import processes
from initlint.probe.containment import Outcome, memory_limit, run_contained
from initlint.probe.listening import OUTPUT_KEPT
from initlint.probe.recording import Recording
from initlint.probe.request import Request, parse_size

WORKER = """
from initlint.probe.importing import load
from initlint.probe.recording import InitialLoss, Recording
from initlint.probe.worker import serve


def job(request, tell):
    tell("importing")
    target = load(request.target, request.directory)
    tell("building")
    model = target(**request.arguments)
    tell("forward")
    if model is not None:
        model()
    loss = InitialLoss(kind="cotangent", description=str(request.arguments))
    return Recording(
        target=request.target, model="", device="cpu", dtype="", torch="", batch=1, inputs="", rows=(), parameters=(),
        loss=loss,
    )


serve(job)
"""
"""Does what a probe does with a target, without PyTorch: loads it, calls it, and calls what that gives."""

SLEEPER = f"import time; time.sleep(20)  # {os.getpid()}"
"""What a process does that should be ended; it ends by itself in case containment fails."""
TEST = "INITLINT_TEST"
"""Environment variable that everything started by a test inherits."""

Probe = Callable[..., Outcome]


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Probe]:
    """Probes a ``model.py`` with the given source, and makes sure that afterwards no process of it is left."""
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setenv(TEST, str(tmp_path))

    def run(source: str, **settings: object) -> Outcome:
        (tmp_path / "model.py").write_text(source)
        limits = {"time_limit": 20.0, "memory_limit": parse_size("1GB"), **settings}
        request = Request(target="model.py:Net", directory=str(tmp_path), **limits)  # type: ignore[arg-type]
        return run_contained(request, lambda stage: None, worker=[str(worker)])

    yield run
    assert not list(_started(str(tmp_path)))


def _started(test: str) -> Iterator[int]:
    """Living processes that a test has started, where ``/proc`` tells."""
    for process in processes._living():
        if f"{TEST}={test}".encode() in processes._environment(process.pid):
            yield process.pid


# ---------------------------------------------------------------------------------------------------- what goes well


def test_a_target_that_works_gives_its_recording(probe: Probe) -> None:
    outcome = probe("def Net(): pass")
    assert isinstance(outcome.result, Recording)
    assert (outcome.result.target, outcome.notes, outcome.output) == ("model.py:Net", (), "")


def test_arguments_arrive_as_the_literals_that_they_are(probe: Probe) -> None:
    values = {"sides": (3, 3), "big": 2**80, "p": 0.1, "names": {"a"}, "off": None}
    outcome = probe("def Net(**values): pass", arguments=values)
    assert isinstance(outcome.result, Recording)
    assert outcome.result.loss.description == str(values)


def test_stages_are_told_in_their_order(tmp_path: Path, probe: Probe) -> None:
    probe("def Net(): pass")
    told: list[str] = []
    request = Request(target="model.py:Net", directory=str(tmp_path))
    run_contained(request, told.append, worker=[str(tmp_path / "worker.py")])
    assert told == ["importing", "building", "forward"]


def test_a_target_reads_nothing_from_standard_input(probe: Probe) -> None:
    assert "EOFError" in problem(probe("answer = input()\ndef Net(): pass")).message


def test_a_target_sees_no_arguments_of_the_command_line(probe: Probe) -> None:
    source = "import argparse\nargparse.ArgumentParser().parse_args()\ndef Net(): pass"
    assert isinstance(probe(source).result, Recording)


def test_what_a_target_prints_is_kept_and_no_error(probe: Probe) -> None:
    outcome = probe("import os\nprint('out', flush=True)\nos.system('echo err >&2')\ndef Net(): pass")
    assert isinstance(outcome.result, Recording)
    assert outcome.output == "out\nerr\n"


# --------------------------------------------------------------------------------------------- exceptions and endings


def test_an_import_error_names_the_line_and_what_to_install(probe: Probe) -> None:
    found = problem(probe("import os\nimport not_there_at_all\n"))
    assert found.path.endswith("model.py")
    assert found.line == 2
    assert found.message.startswith(
        "ModuleNotFoundError: No module named 'not_there_at_all', raised while importing the target."
    )
    assert found.remedy.startswith("Install not_there_at_all")


def test_a_syntax_error_is_at_its_line(probe: Probe) -> None:
    found = problem(probe("x = 1\ny = (\n"))
    assert (Path(found.path).name, found.line) == ("model.py", 2)
    assert found.message.startswith("SyntaxError: '(' was never closed")


def test_an_exception_in_the_constructor_shows_the_users_frames_only(probe: Probe) -> None:
    source = """
import functools

class Net:
    def __init__(self):
        functools.reduce(self.add, [1, 2])

    def add(self, a, b):
        raise ValueError("width must be even")
"""
    found = problem(probe(source))
    assert (Path(found.path).name, found.line) == ("model.py", 9)
    assert "ValueError: width must be even, raised while building the model." in found.message
    trail = found.message.partition(" Called through ")[2]
    assert trail.count(".py:") - trail.count("worker.py:") == 2
    assert "functools" not in trail
    assert "initlint/" not in trail


def test_an_exception_in_forward_says_so(probe: Probe) -> None:
    source = "class Net:\n    def __call__(self):\n        return [][1]\n"
    found = problem(probe(source))
    assert found.line == 3
    assert "IndexError: list index out of range, raised in the forward pass." in found.message


def test_an_exception_whose_text_cannot_be_made_is_told_by_its_type(probe: Probe) -> None:
    source = "class Odd(Exception):\n    def __str__(self): raise ValueError\ndef Net(): raise Odd()\n"
    assert "Odd" in problem(probe(source)).message


def test_an_exception_is_told_with_the_one_that_it_was_raised_because_of(probe: Probe) -> None:
    source = """
def Net():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise ImportError("no model") from error
"""
    message = problem(probe(source)).message
    assert message.startswith("ImportError: no model (because of ZeroDivisionError: division by zero), raised while")


def test_an_exception_that_is_its_own_cause_is_told_once(probe: Probe) -> None:
    found = problem(probe("def Net():\n    error = ValueError('odd')\n    raise error from error\n"))
    assert found.message.startswith("ValueError: odd, raised while building the model.")


def test_a_very_long_exception_text_is_cut(probe: Probe) -> None:
    found = problem(probe("def Net(): raise ValueError('x' * 10_000_000)"))
    assert len(found.message) < 3000


def test_endless_recursion_is_an_exception_like_others(probe: Probe) -> None:
    found = problem(probe("def Net(): Net()"))
    assert "RecursionError" in found.message
    assert len(found.message) < 3000


@pytest.mark.parametrize("call", ["sys.exit(3)", "raise SystemExit('bye')", "exit()"])
def test_an_exit_is_a_problem_at_its_line(probe: Probe, call: str) -> None:
    found = problem(probe(f"import sys\ndef Net():\n    {call}\n"))
    assert found.message.startswith("the target ends the program while building the model: sys.exit(")
    assert (found.line, found.remedy) == (3, "Raise an exception there instead.")


def test_a_script_that_exits_when_it_is_imported_is_told_of_the_guard(probe: Probe) -> None:
    assert '__name__ == "__main__"' in problem(probe("import sys\nsys.exit()")).remedy


def test_an_exit_past_python_says_the_exit_code_and_the_last_line_printed(probe: Probe) -> None:
    found = problem(probe("import os\nprint('giving up', flush=True)\ndef Net():\n    os._exit(7)\n"))
    assert found.message == (
        "the process of the target ended while building the model with exit code 7 and no result. "
        "It last printed: giving up"
    )


@posix_only
def test_a_segfault_names_the_signal_and_the_users_line(probe: Probe) -> None:
    found = problem(probe("import ctypes\ndef Net():\n    ctypes.string_at(0)\n"))
    assert "was ended by SIGSEGV while building the model" in found.message
    assert (Path(found.path).name, found.line) == ("model.py", 3)


@posix_only
def test_an_abort_of_compiled_code_names_the_signal(probe: Probe) -> None:
    found = problem(probe("import os\ndef Net():\n    os.abort()\n"))
    assert "SIGABRT" in found.message
    assert found.line == 3


@posix_only
def test_a_kill_from_outside_is_said_to_be_one(probe: Probe) -> None:
    found = problem(probe("import os, signal\ndef Net():\n    os.kill(os.getpid(), signal.SIGKILL)\n"))
    assert (
        "was ended by SIGKILL while building the model, as the system does when it has no memory left" in found.message
    )


def test_no_python_to_run_it_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_contained(Request(target="model.py:Net"), lambda stage: None, python=str(tmp_path / "no-python"))


# --------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "sum(iter(int, 1))",  # a loop of compiled code that never gives way
    ],
)
def test_an_infinite_loop_is_ended_in_time_and_its_place_told(probe: Probe, loop: str) -> None:
    began = time.monotonic()
    found = problem(probe(f"class Net:\n    def __call__(self):\n        {loop}\n", time_limit=1.0))
    assert time.monotonic() - began < 5
    assert "did not finish within 1 s: still running in the forward pass" in found.message
    if os.name == "posix":
        assert (Path(found.path).name, found.line) == ("model.py", 3)
        assert "model.py:3 in __call__" in found.message
    assert "--time-limit" in found.remedy


def test_a_loop_that_ignores_signals_and_exceptions_is_ended(probe: Probe) -> None:
    source = """
import signal
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def Net():
    while True:
        try: 1 / 0
        except BaseException: pass
"""
    assert "did not finish within 1 s" in problem(probe(source, time_limit=1.0)).message


@linux_only
@pytest.mark.parametrize("taking", ["bytearray(1 << 33)", "[bytearray(1 << 24) for _ in range(512)]"])
def test_a_process_that_takes_too_much_memory_is_ended(probe: Probe, taking: str) -> None:
    found = problem(probe(f"def Net():\n    {taking}\n", memory_limit=parse_size("300MB")))
    assert "needs more memory while building the model than the limit of 300 MB" in found.message
    assert found.line == 2
    assert "--memory-limit" in found.remedy


@linux_only
def test_memory_taken_by_several_processes_together_is_counted(probe: Probe) -> None:
    source = """
import subprocess, sys, time
def Net():
    taking = "import time; taken = b'x' * 150_000_000; time.sleep(20)"
    started = [subprocess.Popen([sys.executable, "-c", taking]) for _ in range(3)]
    time.sleep(20)
"""
    found = problem(probe(source, memory_limit=parse_size("300MB")))
    assert "than the limit of 300 MB" in found.message
    assert found.line == 6


def test_without_a_limit_asked_for_memory_is_limited_below_the_machine(probe: Probe) -> None:
    if hasattr(os, "sysconf"):
        assert 0 < memory_limit() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert isinstance(probe("def Net(): pass", memory_limit=None).result, Recording)


def test_a_flood_of_output_neither_blocks_nor_is_kept(probe: Probe) -> None:
    source = """
import sys
def Net():
    for _ in range(50):
        sys.stdout.write("x" * (1 << 20)); sys.stderr.write("y" * (1 << 20))
    print("end", flush=True)
"""
    outcome = probe(source)
    assert isinstance(outcome.result, Recording)
    assert len(outcome.output) == OUTPUT_KEPT
    assert outcome.output.endswith("end\n")


def test_an_endless_flood_of_output_is_ended_and_its_place_told(probe: Probe) -> None:
    found = problem(probe("def Net():\n    while True:\n        print('x' * 1000)\n", time_limit=1.0))
    assert "did not finish" in found.message
    assert found.line == 3 or os.name != "posix"


# ------------------------------------------------------------------------------------------------- processes left behind


@linux_only
def test_a_fork_bomb_is_ended(probe: Probe) -> None:
    # Ends by itself, with at most 2^10 processes, each for 10 s at most, in case containment fails.
    source = """
import os, time
def Net():
    until = time.monotonic() + 10
    for _ in range(10):
        os.fork()
        time.sleep(0.02)
    time.sleep(max(0, until - time.monotonic()))
    os._exit(0)
"""
    found = problem(probe(source))
    assert "started more than 64 processes while building the model" in found.message
    assert found.line is not None


@linux_only
def test_processes_left_running_are_ended_and_noted(probe: Probe) -> None:
    source = f"""
import subprocess, sys
def Net():
    subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
"""
    outcome = probe(source)
    assert isinstance(outcome.result, Recording)
    assert outcome.notes == ("ended 1 process that the target had left running",)


@linux_only
@pytest.mark.parametrize("environment", ["None", "{}"], ids=["marked", "unmarked"])
def test_a_daemon_of_its_own_session_is_ended(probe: Probe, environment: str) -> None:
    source = f"""
import subprocess, sys, time
def Net():
    subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], start_new_session=True, env={environment})
    time.sleep(0.5)
"""
    outcome = probe(source)
    assert outcome.notes == ("ended 1 process that the target had left running",)
    assert not _sleepers()


@linux_only
def test_an_orphaned_daemon_is_ended_although_its_parent_crashed(probe: Probe) -> None:
    source = f"""
import os, subprocess, sys
def Net():
    if os.fork() == 0:
        os.setsid()
        subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], start_new_session=True)
        os._exit(0)
    os.wait()
    os._exit(1)
"""
    assert "exit code 1" in problem(probe(source)).message
    assert not _sleepers()


def _sleepers() -> list[str]:
    lines = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if SLEEPER in line and not line.startswith("Z")]


@posix_only
def test_a_copy_of_the_process_that_the_target_forks_sends_no_result_of_its_own(probe: Probe) -> None:
    outcome = probe("import os\nos.fork()\ndef Net(): pass")
    assert isinstance(outcome.result, Recording)


@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_process_of_a_target_ends_with_ours(tmp_path: Path, probe: Probe, number: signal.Signals) -> None:
    probe("def Net(): pass")
    source = "import time\ndef Net():\n    open('started', 'w').close()\n    time.sleep(20)\n"
    running = _start_probing(tmp_path, source)
    running.send_signal(number)
    _, errors = running.communicate(timeout=10)
    assert (b"KeyboardInterrupt" in errors) == (number == signal.SIGINT)
    time.sleep(0.2)


@linux_only
def test_an_interrupt_ends_what_the_target_has_started(tmp_path: Path, probe: Probe) -> None:
    probe("def Net(): pass")
    source = f"""
import subprocess, sys, time
def Net():
    subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True)
    open('started', 'w').close()
    time.sleep(20)
"""
    running = _start_probing(tmp_path, source)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=10)
    assert not _sleepers()


def _start_probing(folder: Path, source: str) -> subprocess.Popen[bytes]:
    """A process of its own that probes a target, once the target's code runs."""
    (folder / "model.py").write_text(source)
    script = (
        "from initlint.probe.containment import run_contained\nfrom initlint.probe.request import Request\n"
        "run_contained(Request(target='model.py:Net'), print, worker=['worker.py'])\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    until = time.monotonic() + 20
    while not (folder / "started").exists() and running.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    return running
