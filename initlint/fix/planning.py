"""From findings to patches: what each rule says of a fix, worked out in the source as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from initlint.finding import Finding, Problem
from initlint.fix.document import Document, open_document
from initlint.fix.edit import Fix
from initlint.fix.replacement import Patch, Unfixable
from initlint.fix.working_out import work_out
from initlint.judging import failure
from initlint.reading.decoding import line_starts, normalise_line_ends
from initlint.reading.failure import UnreadableError
from initlint.reading.parsing import read_source, unpack
from initlint.reading.source import SourceFile, is_notebook

if TYPE_CHECKING:
    from initlint.program import Program


class Planner:
    """Works out the patches of findings. What fails in a rule's plan is in `problems`."""

    def __init__(self, program: Program, sources: Mapping[str, SourceFile]) -> None:
        """`sources` are the files that may be changed, by their displayed path."""
        self.problems: list[Problem] = []
        self._program = program
        self._sources = sources
        self._documents: dict[str, Document | None] = {}

    def planned(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings, those that can be fixed with their patch."""
        for finding in findings:
            fix = self._fix(finding)
            yield finding if fix is None else replace(finding, patch=self._patch(fix, finding))

    def _fix(self, finding: Finding) -> Fix | None:
        if finding.fix is None or isinstance(finding.fix, Fix):
            return finding.fix
        try:
            return finding.fix(self._program)
        except Exception as error:
            self.problems.append(failure(f"the fix of {finding.code} {finding.name}", finding.place.path, error))
            return None

    def _patch(self, fix: Fix, finding: Finding) -> Patch | None:
        source = self._sources.get(fix.path or finding.place.path)
        document = None if source is None else self._document(source)
        if source is None or document is None:
            return None
        try:
            return work_out(fix, source, document)
        except Unfixable:
            return None

    def _document(self, source: SourceFile) -> Document | None:
        """``None`` if the file cannot be edited, or is not any more what was read."""
        if source.display not in self._documents:
            self._documents[source.display] = document_of(source)
        return self._documents[source.display]


def document_of(source: SourceFile, *, is_certain: bool = False) -> Document | None:
    """The file of a source, to be edited; ``None`` if it cannot be, or is not any more what was read.

    That is told by its lines; to be certain it is read once more.
    """
    try:
        data = source.data()
        document = open_document(data, is_notebook=is_notebook(source.path))
    except (OSError, UnreadableError, UnicodeError, LookupError, Unfixable):
        return None
    if line_starts(normalise_line_ends(document.text)) != source.facts.line_starts:
        return None
    if is_certain and unpack(read_source(data, is_notebook=is_notebook(source.path))) != source.facts:
        return None
    return document
