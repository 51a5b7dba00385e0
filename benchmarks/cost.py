"""What a cold check costs as programs grow: per thousand lines, per file, and on the largest library as a whole.

Every figure is processor time of one process. Lines are those of the files that matter. `together` is compared with the
smallest library; the slowest file is the one whose reading and the tracing of whose functions, scripts and classes take
longest. The cold run takes turns with a bare parse of the same files with LibCST, one process each.
"""

from __future__ import annotations

import argparse
import gc
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from packages import FOLDER, folder_of, pinned
from speed import bare_parse, cold_check, line_count, measure, relevant
from tables import row

from initlint.finding import Problem
from initlint.judging import Judge
from initlint.program import Program
from initlint.reading.discovery import discover
from initlint.reading.reader import Reader
from initlint.reading.source import SourceFile
from initlint.rule import load_rules

MOST_PER_FILE = 2.0
"""Seconds, reading and tracing. Goal."""
MOST_OF_SMALLEST = 1.2
"""Time per line on the largest library, over that on the smallest. Goal."""
MOST_OF_PARSE = 2.0
"""A cold check of the largest library, over a bare parse of its files. Goal."""


@dataclass(frozen=True)
class Cost:
    """Seconds that one package takes."""

    name: str
    lines: int
    reading: float
    tracing: float
    rules: float
    slowest: tuple[str, float]
    """A file, and its seconds."""

    def per_thousand(self, seconds: float) -> float:
        """Milliseconds per thousand lines."""
        return seconds / self.lines * 1e6

    @property
    def together(self) -> float:
        return self.reading + self.tracing + self.rules


def main() -> None:
    """Measure every package, print the table and what the goals say of it."""
    options = _options()
    print(row(("package", "lines", "reading", "tracing", "rules", "together", "slowest file", "seconds")))
    print(row(("---", *("---:" for _ in range(5)), "---", "---:")))
    costs: list[Cost] = []
    for name in options.only or pinned():
        cost = cost_of(name, folder_of(name, options.packages))
        if cost is not None:
            costs.append(cost)
            print(_described(cost), flush=True)
    smallest, largest = min(costs, key=lambda cost: cost.lines), max(costs, key=lambda cost: cost.lines)
    print(_compared(smallest, largest))
    file, seconds = max((cost.slowest for cost in costs), key=lambda pair: pair[1])
    print(f"slowest file: {file}, {seconds:.2f} s (goal {MOST_PER_FILE:.0f})")
    if options.repeats:
        print(_against_parse(folder_of(largest.name, options.packages), options.repeats))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="packages to measure [all]")
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder of the unpacked packages")
    parser.add_argument("--repeats", type=int, default=1, help="cold runs of the largest against a bare parse [1]")
    return parser.parse_args()


# ------------------------------------------------------------------------------------------------------- one package


def cost_of(name: str, folder: Path) -> Cost | None:
    """What a cold check of a package takes; `None` if none of its files matters."""
    files = relevant(folder)
    if not files:
        return None
    gc.collect()  # what is left of the package before
    began = process_time()
    sources, reading_of = _read(folder)
    read = process_time()
    program = Program(sources, [source.path for source in sources], _unread)
    tracing_of = _trace(program)
    traced = process_time()
    Judge(list(load_rules().values())).judge(program, lambda stage, done, total: None)
    judged = process_time()
    slowest = max(((path, reading_of[path] + tracing_of[path]) for path in reading_of), key=lambda pair: pair[1])
    shown = slowest[0].relative_to(folder.absolute()).as_posix(), slowest[1]
    return Cost(name, line_count(files), read - began, traced - read, judged - traced, shown)


class Stopwatch:
    """The seconds spent on each file, which come one after the other."""

    def __init__(self) -> None:
        self.seconds: dict[Path, float] = defaultdict(float)
        self._mark = process_time()

    def stop(self, path: Path | None) -> None:
        """Says that all since the last stop was spent on a file; `None`: on no single one."""
        mark = process_time()
        if path is not None:
            self.seconds[path.absolute()] += mark - self._mark
        self._mark = mark


def _read(folder: Path) -> tuple[list[SourceFile], Mapping[Path, float]]:
    """The sources, and the seconds that each took."""
    files = discover([folder]).files
    watch = Stopwatch()
    sources, _ = Reader().read_all(files, on_file=watch.stop)
    return sources, watch.seconds


def _unread(path: Path) -> SourceFile | Problem:
    return Reader().read(path)


def _trace(program: Program) -> Mapping[Path, float]:
    """Traces the program, and tells the seconds that the roots of each file took."""
    watch = Stopwatch()
    program.networks(lambda module: watch.stop(None if module is None else module.path))
    return watch.seconds


# -------------------------------------------------------------------------------------------------------- the largest


def _against_parse(folder: Path, repeats: int) -> str:
    with TemporaryDirectory() as scratch:
        commands = {"parse": bare_parse(relevant(folder), Path(scratch)), "cold": cold_check(folder)}
        times = measure(commands, repeats)
    parsed, checked = median(times["parse"]), median(times["cold"])
    ratio = checked / parsed
    return f"{folder.name}: cold check {checked:.1f} s, bare parse {parsed:.1f} s: {ratio:.2f} x (goal {MOST_OF_PARSE:.0f})"


def _compared(smallest: Cost, largest: Cost) -> str:
    ratio = largest.per_thousand(largest.together) / smallest.per_thousand(smallest.together)
    return f"\nper line, {largest.name} over {smallest.name}: {ratio:.2f} (goal at most {MOST_OF_SMALLEST})"


def _described(cost: Cost) -> str:
    stages = (cost.reading, cost.tracing, cost.rules, cost.together)
    rates = (f"{cost.per_thousand(seconds):.0f}" for seconds in stages)
    return row((cost.name, cost.lines, *rates, cost.slowest[0], f"{cost.slowest[1]:.2f}"))


if __name__ == "__main__":
    main()
