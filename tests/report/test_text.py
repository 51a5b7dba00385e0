"""The text report: pleasant between 80 and 120 columns, right at its edges."""

from __future__ import annotations

import pytest

from initlint.finding import Place
from initlint.report.excerpt import columns
from initlint.report.palette import Palette
from initlint.report.report import Report
from initlint.report.text import render

PLAIN = Palette(False)


def excerpt(made, line: str, start: int, end: int, width: int = 80) -> tuple[str, str]:
    """The source line and the underline, without what stands left of them."""
    one = made(place=Place("model.py", 7, start, 7, end))
    lines = render(Report(findings=(one,), excerpts={one.place: (line,)}), PLAIN, width=width).splitlines()
    at = next(number for number, shown in enumerate(lines) if shown.startswith("    7 |"))
    return lines[at][len("    7 | ") :], lines[at + 1][len("      | ") :]


def test_the_whole_report(report: Report) -> None:
    assert render(report, PLAIN) == (
        "notes.ipynb\n"
        "\n"
        "  cell 3, 2:1 info TST101 shown-rule\n"
        "    fc.weight: std 0.000, expected 0.088.\n"
        "    2 | sick()\n"
        "      | ^^^^\n"
        "    help: Remove it.\n"
        "\n"
        "pkg/model.py\n"
        "\n"
        "  3:5 warning TST101 shown-rule\n"
        "    fc.weight: std 0.000, expected 0.088.\n"
        "    3 |     sick()\n"
        "      |     ^^^^^^\n"
        "    help: Remove it.\n"
        "\n"
        "  7:1 error TST101 shown-rule\n"
        "    fc.weight: std 0.000, expected 0.088.\n"
        "    7 | sick(\n"
        "      | ^^^^^\n"
        "    8 | )\n"
        "      | ^\n"
        "    note: pkg/other file.py:2:1: defined here\n"
        "\n"
        "z.py\n"
        "\n"
        "  1:1 warning INL001 unused-suppression\n"
        "    fc.weight: std 0.000, expected 0.088.\n"
        "    help: Remove it.\n"
        "\n"
        "bad.py:4:2 problem\n"
        "    syntax error\n"
        "    help: Mend it.\n"
        "\n"
        "gone.py problem\n"
        "    no such file\n"
        "\n"
        "1 error, 2 warnings, 1 info, 2 problems in 4 files, 0 networks traced (2 suppressed, 1 in the baseline).\n"
    )


@pytest.mark.parametrize("width", [80, 100, 120, 400])
def test_no_line_is_wider_than_the_terminal_nor_than_120_columns(make_finding, width: int) -> None:
    long = make_finding(
        message="fc.weight: " + "std 0.000, expected 0.088; " * 12,
        help="Write " + "`nn.init.kaiming_normal_(self.fc.weight)` " * 5,
        place=Place("model.py", 7, 200, 7, 240),
    )
    report = Report(findings=(long,), excerpts={long.place: ("x = " + "call(1) + " * 60,)})
    lines = render(report, PLAIN, width=width, show_summary=False).splitlines()
    assert max(columns(line) for line in lines) <= min(width, 120)


def test_the_underline_stands_under_its_place(make_finding) -> None:
    assert excerpt(make_finding, "    sick(1)", 5, 12) == ("    sick(1)", "    ^^^^^^^")


def test_tabs_and_wide_characters_do_not_shift_the_underline(make_finding) -> None:
    assert excerpt(make_finding, "\tsick(1)", 2, 9) == ("    sick(1)", "    ^^^^^^^")
    assert excerpt(make_finding, "'宽' + sick(1)", 7, 14) == ("'宽' + sick(1)", "       ^^^^^^^")
    assert excerpt(make_finding, "'e\u0301' + sick(1)", 8, 15) == ("'e\u0301' + sick(1)", "      ^^^^^^^")


def test_a_place_far_to_the_right_is_brought_into_view(make_finding) -> None:
    line, mark = excerpt(make_finding, "x = " + "1 + " * 100 + "sick(1)", 405, 412)
    assert line[mark.index("^") : mark.rindex("^") + 1] == "sick(1)"
    assert line.startswith("…")


def test_a_long_place_is_cut_at_the_edge(make_finding) -> None:
    line, mark = excerpt(make_finding, "sick(" + "1, " * 100 + ")", 1, 307)
    assert line.endswith("…")
    assert len(mark) == len(line) == 80 - len("    7 | ")


def test_an_empty_place_still_has_a_mark(make_finding) -> None:
    assert excerpt(make_finding, "x", 2, 2) == ("x", " ^")


def test_colours_change_nothing_but_the_colour(report: Report) -> None:
    import re

    coloured = render(report, Palette(True))
    assert "\x1b[31;1merror\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(report, PLAIN)


def test_control_characters_in_paths_and_messages_are_shown_harmless(make_finding) -> None:
    one = make_finding(place=Place("a\x1b[2J.py", 1, 1, 1, 2), message="bell \x07 and \x1b[31m")
    assert "\x1b" not in render(Report(findings=(one,)), PLAIN)


def test_a_healthy_run_says_so() -> None:
    assert render(Report(files=("a.py",)), PLAIN) == "Nothing to report in 1 file, 0 networks traced.\n"
