"""How long `initlint check` takes, as ratios to a bare parse of the same files with LibCST.

Every figure is the processor time of whole processes, interpreter start and imports included, of which one runs at a
time. What is compared takes turns, and medians are reported, so that a busy or a slow machine changes them little.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from packages import FOLDER, folder_of

from initlint.configuration import Configuration
from initlint.gathering import Gathered
from initlint.judging import Judge
from initlint.reading.discovery import discover
from initlint.reading.relevance import is_dispensable
from initlint.rule import load_rules

BARE_PARSE = """
import sys
import libcst

for path in open(sys.argv[1], encoding="utf-8").read().splitlines():
    with open(path, "rb") as file:
        libcst.parse_module(file.read())
"""
CHECK = (sys.executable, "-m", "initlint", "check", "--isolated", "--quiet", "--exit-zero", "--jobs", "1")


def main() -> None:
    """Measure and print."""
    options = _options()
    folder = folder_of(options.package, options.packages)
    files = relevant(folder)
    print(f"{options.package}: {len(files)} files that matter, {line_count(files)} lines; {options.repeats} repeats")
    with TemporaryDirectory() as scratch:
        times = measure(_commands(folder, files, Path(scratch)), options.repeats)
    bare = median(times["bare parse"])
    print(f"{'run':<12} {'seconds':>8} {'ratio':>6}")
    for name, taken in times.items():
        print(f"{name:<12} {median(taken):>8.2f} {median(taken) / bare:>6.2f}")
    print("\n".join(f"{stage:<12} {share:>8.0%}" for stage, share in stages(folder).items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", default="timm", help="which one to read [timm]")
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder of the unpacked packages")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each command [5]")
    return parser.parse_args()


def relevant(folder: Path) -> list[Path]:
    """The files that a check parses."""
    return [path for path in discover([folder]).files if not is_dispensable(path.read_bytes(), is_notebook=False)]


def line_count(files: Sequence[Path]) -> int:
    """Of all these files."""
    return sum(path.read_bytes().count(b"\n") for path in files)


def _commands(folder: Path, files: Sequence[Path], scratch: Path) -> dict[str, Sequence[str]]:
    """What is compared. The cache of the warm run is filled here."""
    warm = (*CHECK, "--cache-dir", str(scratch / "cache"), str(folder))
    processor_time(warm)
    return {"bare parse": bare_parse(files, scratch), "cold check": cold_check(folder), "warm check": warm}


def bare_parse(files: Sequence[Path], scratch: Path) -> Sequence[str]:
    """The command that parses files and does nothing else; their list is kept in `scratch`."""
    listed = scratch / "files"
    listed.write_text("\n".join(map(str, files)), encoding="utf-8")
    return sys.executable, "-c", BARE_PARSE, str(listed)


def cold_check(folder: Path) -> Sequence[str]:
    """The command that checks a folder of which nothing is known yet."""
    return (*CHECK, "--no-cache", str(folder))


def measure(commands: dict[str, Sequence[str]], repeats: int) -> dict[str, list[float]]:
    """Processor times of each command, which take turns."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            times[name].append(processor_time(command))
    return times


def processor_time(command: Sequence[str]) -> float:
    """Seconds of processor time that one process takes, its own children included."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        last_words = said[-2000:].decode(errors="replace")
        raise SystemExit(f"{' '.join(command)} failed:\n{last_words}")
    return usage.ru_utime + usage.ru_stime


def stages(folder: Path) -> dict[str, float]:
    """Share of each stage in a cold check without the start of the interpreter, 0 to 1."""
    marks = [process_time()]
    gathered = Gathered.from_paths([folder], Configuration(jobs=1), lambda stage, done, total: None)
    marks.append(process_time())
    gathered.program.networks()
    marks.append(process_time())
    judge = Judge(list(load_rules().values()))
    judge.judge(gathered.program, lambda stage, done, total: None)
    marks.append(process_time())
    whole = marks[-1] - marks[0]
    return {name: (marks[i + 1] - marks[i]) / whole for i, name in enumerate(("reading", "tracing", "rules"))}


if __name__ == "__main__":
    main()
