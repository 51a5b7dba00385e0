"""Faults put into right training loops of other people, one at a time: how many of them are found.

Nothing is written: a changed file takes the place of the one on disk for one run. Each fault is told by the statement
that was changed; "missed" ones are printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packages import FOLDER, HERE, folder_of, pinned, repositories

from initlint.checking import untold
from initlint.configuration import Configuration
from initlint.finding import Place
from initlint.gathering import Gathered
from initlint.program import Program
from initlint.program.loops.events import clip_of
from initlint.program.loops.expressions import terminal_name
from initlint.program.loops.routines import Routine
from initlint.program.loops.statements import statement_of
from initlint.reading import facts
from initlint.rule import load_rules

CONFIGURATION = Configuration(cache_dir=HERE.parent / ".initlint_cache")
UNSCALE, STEP = "unscale_", "step"


@dataclass(frozen=True)
class Mutant:
    """Statements of one file that change places, or, where there is none to put in, go."""

    code: str
    """The rule that has to find it."""
    routine: Routine
    statements: tuple[facts.Statement, ...]
    other: facts.Statement | None = None

    @property
    def place(self) -> Place:
        """Of the first statement that is changed."""
        first = self.statements[0]
        return self.routine.module.source.place(first.start, first.end)

    def source(self) -> bytes:
        """The changed file. No line moves."""
        text = self.routine.module.source.text()
        spans = {(one.start, one.end): _blank(text[one.start : one.end]) for one in self.statements}
        if self.other is not None:
            (one,), other = self.statements, self.other
            spans = {
                (one.start, one.end): text[other.start : other.end],
                (other.start, other.end): text[one.start : one.end],
            }
        for (start, end), put in sorted(spans.items(), reverse=True):
            text = text[:start] + put + text[end:]
        return text.encode("utf-8", "surrogatepass")


def _blank(statement: str) -> str:
    """A statement that does nothing, on as many lines."""
    return "(" + "\n" * statement.count("\n") + ")"


def main() -> int:
    """Mutate each repository and package, print what was missed and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="repositories or packages [all]")
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder they are in")
    options = parser.parse_args()
    counts: dict[str, list[bool]] = {}
    for name in options.only or [*repositories(), *pinned()]:
        folder = folder_of(name, options.packages)
        for mutant, is_found in _judged(folder):
            counts.setdefault(mutant.code, []).append(is_found)
            place = mutant.place
            print(f"{'found ' if is_found else 'MISSED'} {mutant.code} {place.path}:{place.line}", flush=True)
    print("| rule | faults | found |\n| --- | ---: | ---: |")
    for code in sorted(counts):
        print(f"| {code} | {len(counts[code])} | {sum(counts[code])} |")
    return 0


def _judged(folder: Path) -> Iterator[tuple[Mutant, bool]]:
    """Every mutant of a repository, and whether its rule says more of it than of the original."""
    original = _program(folder, {})
    found = (*_swapped(original), *_scaled(original), *_removed(original))
    mutants = list({(mutant.code, mutant.place): mutant for mutant in found}.values())
    before = {code: _places(original, code) for code in {mutant.code for mutant in mutants}}
    for mutant in mutants:
        changed = _program(folder, {mutant.routine.module.path.absolute(): mutant.source()})
        yield mutant, bool(_places(changed, mutant.code) - before[mutant.code])


def _program(folder: Path, contents: dict[Path, bytes]) -> Program:
    return Gathered.from_paths([folder], CONFIGURATION, untold, contents).program


def _places(program: Program, code: str) -> set[Place]:
    return {finding.place for finding in load_rules()[code].check_program(program)}


# --------------------------------------------------------------------------------------------------------------- faults


def _swapped(program: Program) -> Iterator[Mutant]:
    """Clips that stand right in front of a step, put behind it."""
    for clipping in program.clippings():
        routine, call = clipping.clip.routine, clipping.clip.call
        clip = statement_of(routine, call)
        steps = [one for one in routine.calls if terminal_name(one.function) == STEP and one.start >= call.end]
        step = statement_of(routine, min(steps, key=lambda one: one.start)) if steps else None
        if isinstance(clip, facts.Evaluate) and isinstance(step, facts.Evaluate) and _is_next(routine, clip, step):
            behind = (
                statement_of(routine, steps[1]) if len(steps := sorted(steps, key=lambda one: one.start)) > 1 else None
            )
            if behind is None or not _is_next(routine, step, behind):
                yield Mutant("INL402", routine, (clip,), step)


def _is_next(routine: Routine, clip: facts.Statement, step: facts.Statement) -> bool:
    """Whether nothing but blank space and comments stands between two statements, at the same depth."""
    text = routine.module.source.text()
    between = text[clip.end : step.start].splitlines()
    is_blank = not any(line.partition("#")[0].strip() for line in between)
    columns = {routine.module.source.place(one.start, one.end).column for one in (clip, step)}
    return is_blank and len(columns) == 1


def _scaled(program: Program) -> Iterator[Mutant]:
    """Unscalings in front of a clip, taken out."""
    for clipping in program.clippings():
        routine, call = clipping.clip.routine, clipping.clip.call
        calls = [one for one in routine.calls if terminal_name(one.function) == UNSCALE and one.end <= call.start]
        statement = statement_of(routine, max(calls, key=lambda one: one.start)) if calls else None
        is_right = all(run.timing is None for run in clipping.runs)
        if isinstance(statement, facts.Evaluate) and is_right and not clipping.clip.unscales:
            yield Mutant("INL403", routine, (statement,))


def _removed(program: Program) -> Iterator[Mutant]:
    """All clips of a loop over a recurrent model, taken out."""
    calls = {
        module.source.place(call.start, call.end): (routine, call)
        for module in program.modules
        for routine in program.values.links.scopes(module).routines
        for call in routine.calls
    }
    for loop in program.training_loops():
        known = [calls[place] for place in loop.clips if place in calls] if any(loop.recurrences()) else []
        clips = [(routine, call) for routine, call in known if clip_of(program.values, call, routine) is not None]
        statements = tuple(one for routine, call in clips if (one := statement_of(routine, call)) is not None)
        if statements and len(clips) == len(loop.clips) and len({id(routine) for routine, _ in clips}) == 1:
            yield Mutant("INL401", clips[0][0], statements)


if __name__ == "__main__":
    sys.exit(main())
