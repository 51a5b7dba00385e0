"""Colours of a report on a terminal, and of one that has none."""

from __future__ import annotations

from dataclasses import dataclass

from initlint.finding import Severity

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
OF_SEVERITY = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@dataclass(frozen=True)
class Palette:
    """Paints text with ANSI sequences, or leaves it as it is."""

    is_coloured: bool = False

    def paint(self, text: str, *styles: str) -> str:
        """`text` in styles named in `CODES`."""
        if not self.is_coloured or not text:
            return text
        return f"\x1b[{';'.join(CODES[style] for style in styles)}m{text}\x1b[0m"

    def severity(self, severity: Severity, text: str | None = None) -> str:
        """`text`, or the severity's own word, in the severity's colour."""
        return self.paint(severity.value if text is None else text, OF_SEVERITY[severity], "bold")
