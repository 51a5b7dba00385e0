"""Comments that silence rules, and the lines they reach."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from initlint.reading.facts import Suppression
from initlint.reading.source import SourceFile

Read = Callable[[str], SourceFile]


def suppressions(read: Read, *lines: str) -> list[Suppression]:
    return list(read("\n".join(lines)).facts.suppressions)


@pytest.mark.parametrize(
    ("comment", "rules", "is_noqa"),
    [
        ("# initlint: ignore", (), False),
        ("#initlint:ignore", (), False),
        ("# initlint: ignore because we know better", (), False),
        ("# initlint: ignore[INL101]", ("INL101",), False),
        ("# initlint: ignore [ INL101 , constant-weight-init ] since ...", ("INL101", "constant-weight-init"), False),
        ("# type: ignore  # initlint: ignore[INL2]", ("INL2",), False),
        ("# noqa", (), True),
        ("# NOQA", (), True),
        ("#noqa : INL101, INL102", ("INL101", "INL102"), True),
        ("# noqa: inl101 INL102 and more", ("INL101", "INL102"), True),
        ("# pragma: no cover # noqa:E501,INL101", ("INL101",), True),
    ],
)
def test_a_comment_silences_the_rules_it_names_or_all(
    read: Read, comment: str, rules: tuple[str, ...], is_noqa: bool
) -> None:
    assert suppressions(read, "a", f"b  {comment}", "c") == [Suppression(2, 2, rules, 2, is_noqa)]


@pytest.mark.parametrize(
    "line",
    [
        "x = '# noqa'",
        "x = f'# initlint: ignore{y}# noqa'",
        "x = '''",
        "x  # noqa: E501",
        "x  # noqa: see below",
        "x  # initlint: ignore[]",
        "x  # initlint: ignore[INL101",
        "x  # initlint: ignored",
        "x  # initlint: ignore-next",
        "x  # noqalified",
        "x  # see initlint",
    ],
)
def test_what_only_looks_like_a_suppression_is_none(read: Read, line: str) -> None:
    assert suppressions(read, line, *(["# noqa", "'''"] if line.endswith("'''") else [])) == []


def test_two_comments_in_one_both_count(read: Read) -> None:
    found = suppressions(read, "x  # initlint: ignore[INL101]  # noqa: INL102")
    assert [(one.rules, one.is_noqa) for one in found] == [(("INL101",), False), (("INL102",), True)]


def test_a_comment_counts_after_strings_that_look_like_one(read: Read) -> None:
    (found,) = suppressions(read, """x = f('#', "# noqa")  # initlint: ignore[INL101]""")
    assert found.rules == ("INL101",)


@pytest.mark.parametrize("line", [0, 1, 2, 3])
@pytest.mark.parametrize("comment", ["# initlint: ignore", "# noqa"])
def test_any_line_of_a_statement_silences_all_of_it(read: Read, line: int, comment: str) -> None:
    lines = ["x = f(", "    a,", "    '''b", "    c''')"]
    if line == 2:
        lines.insert(2, "    # own line")
    lines[line] += f"  {comment}"
    (found,) = suppressions(read, "before", *lines, "after")
    assert (found.first, found.last, found.line) == (2, len(lines) + 1, line + 2)


@pytest.mark.parametrize(
    ("header", "end"),
    [
        (["def f(self):  #!"], 3),
        (["async def f(  #!", "    self,", ") -> None:"], 5),
        (["def f(", "    self,", ") -> None:  #!"], 5),
        (["@decorator  #!", "@other(1)", "class A(B):"], 5),
        (["class A(", "    B", "):  #!"], 5),
        (["for x in y:  #!"], 3),
        (["if (x", "        and y):  #!"], 4),
        (["with a as b:  #!"], 3),
        (["while [", "]:  #!"], 4),
    ],
)
def test_a_header_silences_its_block(read: Read, header: list[str], end: int) -> None:
    lines = [line.replace("#!", "# initlint: ignore[INL101]") for line in header]
    (found,) = suppressions(read, *lines, "    a", "    b", "c")
    assert (found.first, found.last) == (1, end)
    (found,) = suppressions(read, *[line.replace("#!", "# noqa") for line in header], "    a", "    b", "c")
    assert (found.first, found.last) == (1, len(header))


def test_each_branch_of_a_statement_is_a_block_of_its_own(read: Read) -> None:
    found = suppressions(
        read,
        "if a:  # initlint: ignore[A1]",
        "    b",
        "elif c:  # initlint: ignore[B1]",
        "    d",
        "else:  # initlint: ignore[C1]",
        "    try:  # initlint: ignore[D1]",
        "        e",
        "    except E:  # initlint: ignore[E1]",
        "        f",
        "    finally:  # initlint: ignore[F1]",
        "        g",
        "match x:",
        "    case 1:  # initlint: ignore[G1]",
        "        h",
    )
    reached = {one.rules[0]: (one.first, one.last) for one in found}
    assert reached == {
        "A1": (1, 2),
        "B1": (3, 4),
        "C1": (5, 11),
        "D1": (6, 7),
        "E1": (8, 9),
        "F1": (10, 11),
        "G1": (13, 14),
    }


def test_a_block_on_the_line_of_its_header_is_silenced_with_it(read: Read) -> None:
    (found,) = suppressions(read, "class A: x = (1,", "   2)  # initlint: ignore", "y")
    assert (found.first, found.last) == (1, 2)


def test_a_comment_on_a_line_of_its_own_silences_no_block(read: Read) -> None:
    found = suppressions(read, "# noqa", "def f():", "    # initlint: ignore", "    x")
    assert [(one.first, one.last) for one in found] == [(1, 1), (3, 3)]


def test_a_comment_after_a_docstring_silences_the_docstring_alone(read: Read) -> None:
    (found,) = suppressions(read, "def f():", '    """Doc', '    string."""  # initlint: ignore', "    x")
    assert (found.first, found.last) == (2, 3)


def test_a_file_can_be_silenced_from_anywhere(read: Read) -> None:
    found = suppressions(
        read, "x", "def f():", "    y  # initlint: ignore-file[INL101]", "# initlint: ignore-file", "z", ""
    )
    assert found == [Suppression(1, 6, ("INL101",), 3), Suppression(1, 6, (), 4)]


def test_an_fstring_in_an_fstring_hides_what_it_holds(read: Read) -> None:
    (found,) = suppressions(read, "x = f'{f\"{y} # noqa\"} # noqa'; y = '# noqa'  # noqa: INL101")
    assert found.rules == ("INL101",)
