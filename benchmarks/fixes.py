"""Every fix that the rules offer in production libraries or training code, made in memory: none crashes, all files compile.

Runs as `initlint check --diff --unsafe-fixes` does, with all rules. Nothing is written but the diff, on request. Exits
with 1 if a changed file does not compile, or if a second run over the result changes it again.

With --fixtures the sick fixtures are fixed instead, and the models that the unsafe fixes change are probed before and after.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copyfile, copytree
from tempfile import TemporaryDirectory

from packages import FOLDER, folder_of, pinned, repositories

import initlint
from initlint.fix.difference import render
from initlint.fix.outcome import Fixes


@dataclass(frozen=True)
class Row:
    """What became of one package."""

    package: str
    findings: int
    fixed: int
    left_out: int
    files: int
    faults: int
    seconds: float


def main() -> int:
    """Fix every package, print the table and what was left out; return the exit code."""
    options = _options()
    if options.fixtures:
        return _measure(options.only or MEASURED)
    print(f"| {' | '.join(Row.__annotations__)} |\n| --- |{' ---: |' * (len(Row.__annotations__) - 1)}")
    faults = 0
    for name in options.only or (repositories() if options.repositories else pinned()):
        row = _row(name, options)
        print(f"| {' | '.join(map(str, vars(row).values()))} |", flush=True)
        faults += row.faults
    return int(faults > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="packages to fix [all]")
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder of the unpacked packages")
    parser.add_argument("--repositories", action="store_true", help="fix the repositories of training code instead")
    parser.add_argument("--select", action="append", help="rules to run [ALL]")
    parser.add_argument("--diffs", type=Path, help="folder to write the diff of each package to")
    parser.add_argument(
        "--fixtures", action="store_true", help="measure the fixes of sick fixtures; only: codes of rules"
    )
    parser.add_argument("--twice", action="store_true", help="also fix a fixed copy: nothing may be left to do")
    return parser.parse_args()


def _row(name: str, options: argparse.Namespace) -> Row:
    began = time.perf_counter()
    folder = folder_of(name, options.packages)
    with TemporaryDirectory() as cache:
        mend = partial(_fixed, select=options.select, cache=Path(cache))
        fixes = mend(folder)
        faults = list(_faults(fixes))
        # What is known is said before the second run, which takes as long as the first.
        _tell(name, (*faults, *_told(fixes)))
        if options.diffs:
            (options.diffs / f"{name}.diff").write_bytes(render(fixes.changes))
        again = list(_second(folder, fixes, mend)) if options.twice else []
        _tell(name, again)
    counts = (fixes.found, len(fixes.fixed), len(fixes.left_out), len(fixes.changes), len(faults) + len(again))
    return Row(name, *counts, round(time.perf_counter() - began, 1))


def _fixed(folder: Path, *, select: list[str] | None, cache: Path) -> Fixes:
    report = initlint.check(
        folder,
        isolated=True,
        select=select or ["ALL"],
        fix=True,
        unsafe_fixes=True,
        write=False,
        cache_dir=cache,
    )
    assert report.fixes is not None
    return report.fixes


def _tell(name: str, lines: Iterable[str]) -> None:
    for line in lines:
        print(f"{name}: {line}", file=sys.stderr, flush=True)


def _told(fixes: Fixes) -> Iterator[str]:
    counted = Counter((finding.code, finding.patch.title) for finding in fixes.fixed if finding.patch is not None)
    yield from (f"{count} x {code}: {title}" for (code, title), count in sorted(counted.items()))
    for each in fixes.left_out:
        place = each.finding.place
        yield f"left out: {each.finding.code} {place.path}:{place.line}: {each.reason}"


def _faults(fixes: Fixes) -> Iterator[str]:
    """Changed files that do not compile."""
    for change in fixes.changes:
        if change.path.suffix != ".py":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(change.after, change.display, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            yield f"does not compile: {change.display}: {error}"


def _second(folder: Path, fixes: Fixes, mend: Callable[[Path], Fixes]) -> Iterator[str]:
    """Files that a second run over the fixed package changes again."""
    if not fixes.changes:
        return
    with TemporaryDirectory() as place:
        copy = Path(place, folder.name)
        copytree(folder, copy)
        for change in fixes.changes:
            (copy / change.path.relative_to(folder)).write_bytes(change.after)
        again = mend(copy)
    yield from (f"changes again: {change.display}" for change in again.changes)


# ------------------------------------------------------------------------------------------------------ measured effects

FIXTURES = Path(__file__).parent.parent / "fixtures"
MEASURED = ("INL101", "INL103", "INL201", "INL202", "INL203", "INL204", "INL205", "INL208", "INL301")
"""Rules whose fixes change the start of a model, which a probe can see."""


def _measure(codes: Iterable[str]) -> int:
    """Print what the fixes of the sick fixtures were measured to do; 1 if one of them was left out."""
    harmful = 0
    print("| fixture | effect |\n| --- | --- |")
    for case in (path for code in codes for path in sorted((FIXTURES / code).glob("bad_*"))):
        with TemporaryDirectory() as place:
            copy = Path(place, case.name)
            copytree(case, copy) if case.is_dir() else copyfile(case, copy)
            report = initlint.check(
                copy, isolated=True, extend_select=[case.parent.name], fix=True, unsafe_fixes=True, verify=True
            )
        assert report.fixes is not None
        told = [proof.effect for proof in report.fixes.proofs] + [each.reason for each in report.fixes.left_out]
        harmful += len(report.fixes.left_out)
        print(f"| {case.parent.name}/{case.name} | {'; '.join(told) or 'no fix'} |", flush=True)
    return int(harmful > 0)


if __name__ == "__main__":
    sys.exit(main())
