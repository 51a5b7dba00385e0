"""The table of the rules in README.md. Run as a script, it brings the table up to date."""

from __future__ import annotations

from pathlib import Path

from initlint.rule import load_rules

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- rules -->\n", "<!-- end of rules -->\n"
HEADINGS = ("code", "name", "severity", "default", "reports")


def table() -> str:
    """What `initlint rule --all` lists, as Markdown."""
    rows = [
        (rule.code, f"`{rule.name}`", rule.severity.value, "on" if rule.default else "opt-in", rule.summary())
        for rule in load_rules().values()
    ]
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def with_table(text: str) -> str:
    """The text with the table of today between its marks. Raises `ValueError` if they are not there."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
