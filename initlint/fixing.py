"""One run of ``check`` that mends what it finds: checked again after each pass, and written at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from initlint.checking import Examined, examine, untold
from initlint.finding import Finding, Place, Problem
from initlint.fix.document import moved
from initlint.fix.outcome import Change, Fixes, LeftOut, Proof
from initlint.fix.planning import document_of
from initlint.fix.replacement import Patch, Replacement, Unfixable, merged
from initlint.report.writing import write_bytes_whole
from initlint.suppression import source_line

if TYPE_CHECKING:
    from initlint.configuration import Configuration
    from initlint.gathering import Progress
    from initlint.reading.source import SourceFile
    from initlint.report.report import Report
    from initlint.selection import Selection

MOST_ROUNDS = 200
"""Checks of one run: each either makes a fix or leaves one out, so that only a fault in a rule can reach it."""
Mark = tuple[str, str, int]
"""Code, displayed path and offset of a finding: what it is known by from one check to the next."""


@dataclass(frozen=True)
class Task:
    """What to fix, and how to check it."""

    paths: Sequence[Path]
    configuration: Configuration
    selection: Selection
    report_unused_suppressions: bool = False
    force_exclude: bool = False
    allows_unsafe: bool = False
    is_verified: bool = False
    """Whether the models that unsafe fixes change are probed before and after, which runs their code."""


def run_with_fixes(task: Task, *, is_written: bool, tell: Progress = untold) -> Report:
    """Check, fix, and check again until nothing is left to fix; then write the files, or only say what would be.

    The report is that of the last check. A file that has changed meanwhile is left alone, and in its `errors`.
    """
    with TemporaryDirectory(prefix="initlint-") as folder:
        cache = task.configuration.cache_dir or Path(folder)
        quick = replace(task, configuration=replace(task.configuration, cache_dir=cache))
        mender = _Mender(quick, tell)
        mender.run()
    changes = mender.changes()
    problems = [_write(change) for change in changes] if is_written else []
    report = mender.now.report
    fixes = Fixes(tuple(mender.fixed), tuple(mender.left_out), changes, is_written, mender.found, tuple(mender.proofs))
    return replace(report, errors=(*report.errors, *filter(None, problems)), fixes=fixes)


def _write(change: Change) -> Problem | None:
    """Why the file could not be written."""
    again = "Run the command again."
    try:
        if change.path.read_bytes() != change.before:
            return Problem(change.display, "changed while it was checked: it is left as it is", again)
        if not change.path.stat().st_mode & 0o222:
            return Problem(change.display, "cannot be fixed: it is read-only", "Make it writable.")
        write_bytes_whole(change.path, change.after)
    except OSError as error:
        return Problem(change.display, f"cannot be written: {error.strerror or error}", "Check that it is writable.")
    return None


@dataclass
class _Mender:
    """Fixes held in memory, and the last check of the files with them."""

    task: Task
    tell: Progress
    fixed: list[Finding] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    _before: dict[Path, bytes] = field(default_factory=dict)
    _contents: dict[Path, bytes] = field(default_factory=dict)
    _refused: set[Mark] = field(default_factory=set)

    def run(self) -> None:
        """Pass after pass, until no fix is left to make."""
        self.now = self._examine(self._contents)
        self.found = len(self.now.report.findings)
        for _ in range(MOST_ROUNDS):
            chosen = self._chosen()
            if not chosen:
                return
            self._attempt(chosen)

    def changes(self) -> tuple[Change, ...]:
        """The files that the fixes change."""
        sources = {source.path.absolute(): source for source in self.now.sources.values()}
        changed = sorted(path for path, data in self._contents.items() if data != self._before[path])
        return tuple(
            Change(sources[path].path, sources[path].display, self._before[path], self._contents[path])
            for path in changed
        )

    def _examine(self, contents: Mapping[Path, bytes]) -> Examined:
        task = self.task
        return examine(
            task.paths,
            task.configuration,
            task.selection,
            report_unused_suppressions=task.report_unused_suppressions,
            force_exclude=task.force_exclude,
            tell=self.tell,
            contents=contents,
        )

    def _chosen(self) -> list[Finding]:
        """The findings to fix in this pass: those whose patches do not get in each other's way.

        Of fixes that are to be measured one at a time, behind all others.
        """
        chosen = self._compatible()
        if not self.task.is_verified:
            return chosen
        safe = [finding for finding in chosen if finding.patch is not None and finding.patch.safe]
        return safe or chosen[:1]

    def _compatible(self) -> list[Finding]:
        chosen: list[Finding] = []
        patches: dict[str, list[Patch]] = {}
        for finding in self.now.report.findings:
            patch = finding.patch
            if (
                patch is None
                or not (patch.safe or self.task.allows_unsafe)
                or _mark(self.now, finding) in self._refused
            ):
                continue
            if not patch.collides(patches.setdefault(patch.path, [])):
                patches[patch.path].append(patch)
                chosen.append(finding)
        return chosen

    def _attempt(self, chosen: list[Finding]) -> None:
        """Make the fixes if they stand up to a second check; else fewer of them, or leave the one out."""
        try:
            trial = _Trial.of(self.now, chosen)
            after = self._examine({**self._contents, **trial.contents})
            trial.require(self.now, after)
            proof = self._proof(chosen, trial)
        except Unfixable as reason:
            if len(chosen) > 1:
                self._attempt(chosen[: len(chosen) // 2])
            else:
                self._refused.add(_mark(self.now, chosen[0]))
                self.left_out.append(LeftOut(chosen[0], str(reason)))
        else:
            self._accept(chosen, trial, after)
            if proof is not None:
                self.proofs.append(proof)
                self.fixed[-1] = replace(chosen[0], measured=proof.evidence)

    def _proof(self, chosen: list[Finding], trial: _Trial) -> Proof | None:
        """What was measured, if that is asked for. Raises `Unfixable` if the fix does not help."""
        if not self.task.is_verified or all(finding.patch is not None and finding.patch.safe for finding in chosen):
            return None
        from initlint.proving import Prover

        prover = Prover(self.now.report.rules)
        return prover.prove(chosen[0], self.now, self._contents, {**self._contents, **trial.contents})

    def _accept(self, chosen: list[Finding], trial: _Trial, after: Examined) -> None:
        for path, data in trial.before.items():
            self._before.setdefault(path, data)
        self._contents.update(trial.contents)
        self._refused = set(trial.moved(self._refused))
        self.fixed.extend(chosen)
        self.now = after


@dataclass(frozen=True)
class _Trial:
    """Some fixes made at once."""

    findings: tuple[Finding, ...]
    replacements: Mapping[str, list[Replacement]]
    """By the displayed path of the file."""
    before: Mapping[Path, bytes]
    contents: Mapping[Path, bytes]
    """What the files hold afterwards."""

    @staticmethod
    def of(now: Examined, findings: Sequence[Finding]) -> _Trial:
        """Raises `Unfixable`."""
        patches = sorted((finding.patch for finding in findings if finding.patch), key=lambda patch: patch.path)
        replacements = {path: merged(list(group)) for path, group in groupby(patches, lambda patch: patch.path)}
        before: dict[Path, bytes] = {}
        contents: dict[Path, bytes] = {}
        for path, changes in replacements.items():
            source = now.sources[path]
            document = document_of(source, is_certain=True)
            if document is None:
                raise Unfixable("the file changed while it was checked")
            place = source.path.absolute()
            before[place], contents[place] = document.edited(()), document.edited(changes)
        return _Trial(tuple(findings), replacements, before, contents)

    def moved(self, marks: Iterable[Mark]) -> Iterator[Mark]:
        """Where the findings of the check before are to be found in the check after."""
        for code, path, offset in marks:
            yield code, path, moved(offset, self.replacements.get(path, ()))

    def require(self, before: Examined, after: Examined) -> None:
        """Raises `Unfixable` if the check after the fixes speaks against them."""
        failed = [each for each in after.report.errors if each not in before.report.errors]
        if failed:
            raise Unfixable(f"the file would not be read any more: {failed[0].message}")
        known = Counter(self._lines(after, self.moved(_mark(before, finding) for finding in before.report.findings)))
        found = Counter(self._lines(after, (_mark(after, finding) for finding in after.report.findings)))
        fresh = found - known
        if fresh:
            code, path, line = min(fresh)
            raise Unfixable(f"{code} would be reported at {path}:{line}")
        gone = Counter(self._lines(after, self.moved(_mark(before, finding) for finding in self.findings)))
        for mark, count in gone.items():
            if found[mark] > known[mark] - count:
                raise Unfixable(f"{mark[0]} would still be reported")

    @staticmethod
    def _lines(after: Examined, marks: Iterable[Mark]) -> Iterator[Mark]:
        """The marks with lines for offsets: a finding may start elsewhere on its line."""
        for code, path, offset in marks:
            source = after.sources.get(path)
            yield code, path, 0 if source is None else source.facts.position(offset)[0]


def _mark(examined: Examined, finding: Finding) -> Mark:
    place = finding.place
    return finding.code, place.path, _offset(examined.sources[place.path], place)


def _offset(source: SourceFile, place: Place) -> int:
    return source.facts.line_starts[source_line(source, place) - 1] + place.column - 1
