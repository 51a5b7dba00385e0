"""What silences a finding: comments and per-file ignores; and which comments silence nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.configuration import match
from initlint.finding import Finding, Place
from initlint.rule import Rule
from initlint.selection import picks, require_known, suggestion

if TYPE_CHECKING:
    from initlint.reading.facts import Suppression
    from initlint.reading.source import SourceFile


class UnusedSuppression(Rule):
    """A comment that silences nothing.

    Why: What it was written for is gone, or its rule is misspelt; the next fault on that line would be hidden by it.
    Predicted: After all rules have run, a finding for each code or name that silenced no finding on its lines.
    Silent on: Rules that did not run, and ``noqa`` comments that speak to other linters.
    Fix: Remove the comment, or correct the rule it names.
    Source: The practice of other linters.
    """

    code = "INL001"
    name = "unused-suppression"
    default = False
    bad = "layers = 3  # initlint: ignore[INL101]"
    good = "layers = 3"


UNUSED_SUPPRESSION = UnusedSuppression()
"""Part of the engine, of no pack; it runs with ``--report-unused-suppressions``."""


class PerFileIgnores:
    """Rules that are silent in some files."""

    def __init__(self, globs: Sequence[tuple[str, tuple[str, ...]]], root: Path, known: Mapping[str, Rule]) -> None:
        """`globs` in the manner of ``.gitignore``, relative to `root`, with selectors.

        Raises `SelectionError` for a selector that picks none of the `known` rules.
        """
        for _, selectors in globs:
            for selector in selectors:
                require_known(selector, known)
        self._root = root
        self._globs = globs
        self._selectors: dict[str, tuple[str, ...]] = {}

    def covers(self, finding: Finding) -> bool:
        """Whether the finding's rule is silent in its file."""
        return bool(self._globs) and picks(self._for(finding.place.path), finding.code, finding.name)

    def _for(self, path: str) -> tuple[str, ...]:
        if path not in self._selectors:
            matching = (words for glob, words in self._globs if match((glob,), Path(path), self._root))
            self._selectors[path] = tuple(word for words in matching for word in words)
        return self._selectors[path]


class Suppressions:
    """The suppression comments of a run's files, and which of them were of use."""

    def __init__(self, sources: Mapping[str, SourceFile], ignores: PerFileIgnores) -> None:
        """`sources` are the files to report on, by their displayed path."""
        self.silenced = 0
        self._sources = sources
        self._ignores = ignores
        self._used: set[tuple[str, int, str]] = set()

    def loud(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings in the files to report on that nothing silences; the silenced ones are counted."""
        ours = [finding for finding in findings if finding.place.path in self._sources]
        loud = [finding for finding in ours if not self._is_commented(finding) and not self._ignores.covers(finding)]
        self.silenced += len(ours) - len(loud)
        return loud

    def _is_commented(self, finding: Finding) -> bool:
        """Each comment that covers the finding counts as used."""
        source = self._sources[finding.place.path]
        if not source.facts.suppressions:
            return False
        line = source_line(source, finding.place)
        words = [
            (source.display, comment.line, word)
            for comment in source.facts.suppressions
            if comment.first <= line <= comment.last
            for word in comment.rules or ("",)
            if not word or picks((word,), finding.code, finding.name)
        ]
        self._used.update(words)
        return bool(words)

    def unused(self, ran: Sequence[Rule], known: Mapping[str, Rule]) -> Iterator[Finding]:
        """A finding for each comment that silenced nothing.

        Not for what a rule outside `ran` might have needed, nor for a ``noqa`` that speaks to other linters.
        """
        for source in self._sources.values():
            for comment in source.facts.suppressions:
                for word in comment.rules or ("",):
                    is_used = (source.display, comment.line, word) in self._used
                    if not is_used and _should_be_used(comment, word, ran, known):
                        yield _unused_finding(source, comment, word, known)


def _should_be_used(comment: Suppression, word: str, ran: Sequence[Rule], known: Mapping[str, Rule]) -> bool:
    if _picks_any(word, ran):
        return True
    return not comment.is_noqa and not _picks_any(word, known.values())


def _picks_any(word: str, rules: Iterable[Rule]) -> bool:
    """False for the empty word of a bare comment."""
    return any(picks((word,), rule.code, rule.name) for rule in rules)


def _unused_finding(source: SourceFile, comment: Suppression, word: str, known: Mapping[str, Rule]) -> Finding:
    if not word:
        message = "nothing is reported here: the comment silences nothing"
    elif _picks_any(word, known.values()):
        message = f"{word} is not reported here: the comment silences nothing"
    else:
        message = f"{word!r} is no rule: the comment silences nothing{suggestion(word, known)}"
    starts = (*source.facts.line_starts, source.facts.line_starts[-1] + 2)
    place = source.place(starts[comment.line - 1], max(starts[comment.line] - 1, starts[comment.line - 1]))
    return UNUSED_SUPPRESSION.finding(place, message, help="Remove it.")


def source_line(source: SourceFile, place: Place) -> int:
    """The line of a place counted over the whole source, all cells of a notebook joined."""
    if place.cell is None:
        return place.line
    cells = source.facts.cells
    return cells[bisect_right([cell.number for cell in cells], place.cell) - 1].line + place.line - 1
