"""What check reports on the fixtures and on the rules' own examples, line by line.

``fixtures/<CODE>/`` holds cases of one rule, ``fixtures/projects/`` whole repositories. A case is a file, or a
directory that is checked as one project. ``bad_*`` must give exactly what its comments ``# bad: CODE, CODE`` mark and
``good_*`` nothing. ``fp_*`` (marked ``# wrong: CODE``) and ``fn_*`` (marked ``# missed: CODE``) hold today's wrong
answers, so that they are counted and must be renamed when mended. ``probe_*`` are models that are run, and are tested with
the measured witnesses of the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from initlint import Rule, check
from initlint.rule import load_rules

FIXTURES = Path(__file__).parent.parent / "fixtures"
MARK = re.compile(r"# (?P<kind>bad|wrong|missed): (?P<codes>[A-Z]+\d{3}(?:, [A-Z]+\d{3})*)$", re.MULTILINE)
LOOSE_MARK = re.compile(r"#\s*(?:bad|wrong|missed)\b", re.IGNORECASE)
MARK_OF = {"bad": "bad", "fp": "wrong", "fn": "missed"}
CODE = re.compile(r"[A-Z]+\d{3}")


@dataclass(frozen=True, order=True)
class Mark:
    """That a rule reports, or is to report, on a line."""

    path: str
    line: int
    code: str


def sources(case: Path) -> list[Path]:
    """The Python files of a case."""
    return [case] if case.is_file() else sorted(case.rglob("*.py"))


def marks(case: Path, *kinds: str) -> list[Mark]:
    """What the comments of these kinds in a case mark."""
    return sorted(
        Mark(path.name if path == case else path.relative_to(case).as_posix(), number, code)
        for path in sources(case)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for mark in MARK.finditer(line)
        if mark["kind"] in kinds
        for code in mark["codes"].split(", ")
    )


def reported(case: Path, *, also: str | None = None) -> list[Mark]:
    """What the rules that are on by default report on a case, and the rule `also`."""
    report = check(case, isolated=True, extend_select=[also] if also else [])
    assert not report.errors
    places = [(finding, Path(finding.place.path).resolve()) for finding in report.findings]
    return sorted(
        Mark(path.name if path == case else path.relative_to(case).as_posix(), finding.place.line, finding.code)
        for finding, path in places
    )


def hold(case: Path, *, also: str | None = None) -> None:
    """Raise `AssertionError` unless a case reports exactly what it marks."""
    assert reported(case.resolve(), also=also) == marks(case.resolve(), "bad", "wrong")


def cases() -> list[Path]:
    """Every fixture, in the order of the codes."""
    folders = sorted(path for path in FIXTURES.iterdir() if path.is_dir())
    return [case for folder in folders for case in sorted(folder.iterdir()) if _is_read(case)]


def _is_read(case: Path) -> bool:
    return case.name[0] not in "._" and not case.name.startswith("probe_")


def is_static(rule: Rule) -> bool:
    """Whether it reports what it reads, rather than what a probe measures only."""
    kind = type(rule)
    return kind.check_network is not Rule.check_network or kind.check_program is not Rule.check_program


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.stem}"


def kind_of(case: Path) -> str:
    """``bad``, ``good``, ``fp`` or ``fn``."""
    return case.name.partition("_")[0]


@cache
def rules() -> list[Rule]:
    return list(load_rules().values())


each_case = pytest.mark.parametrize("case", cases(), ids=name_of)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, found in (("rule", rules()), ("static_rule", [rule for rule in rules() if is_static(rule)])):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, found, ids=lambda rule: rule.code)


@each_case
def test_fixture_gets_exactly_the_findings_it_marks(case: Path) -> None:
    hold(case, also=case.parent.name if CODE.fullmatch(case.parent.name) else None)


@each_case
def test_fixture_is_named_and_marked_by_its_kind(case: Path) -> None:
    kind = kind_of(case)
    assert kind in (*MARK_OF, "good")
    assert case.is_dir() or case.suffix == ".py"
    found = {wanted for wanted in MARK_OF.values() if marks(case, wanted)}
    assert found == ({MARK_OF[kind]} if kind in MARK_OF else set())


@each_case
def test_every_mark_in_a_fixture_is_well_formed(case: Path) -> None:
    for path in sources(case):
        text = path.read_text(encoding="utf-8")
        compile(text, path, "exec", dont_inherit=True)
        assert len(LOOSE_MARK.findall(text)) == len(MARK.findall(text))


@each_case
def test_fixture_of_a_rule_marks_that_rule(case: Path) -> None:
    if CODE.fullmatch(case.parent.name) and kind_of(case) != "good":
        assert case.parent.name in {mark.code for mark in marks(case, *MARK_OF.values())}


def test_every_rule_has_a_bad_and_a_good_fixture(rule: Rule) -> None:
    names = [case.name for case in (FIXTURES / rule.code).iterdir()]
    prefix = "" if is_static(rule) else "probe_"
    assert all(any(name.startswith(f"{prefix}{kind}_") for name in names) for kind in ("bad", "good"))


def test_rule_reports_exactly_the_marked_lines_of_its_bad_example(static_rule: Rule, tmp_path: Path) -> None:
    example = tmp_path / "bad.py"
    example.write_text(static_rule.bad, encoding="utf-8")
    wanted = [number for number, line in enumerate(static_rule.bad.splitlines(), 1) if line.endswith("# bad")]
    assert wanted
    assert [
        found.line for found in reported(example, also=static_rule.code) if found.code == static_rule.code
    ] == wanted


def test_every_rule_is_silent_on_the_good_example(rule: Rule, tmp_path: Path) -> None:
    example = tmp_path / "good.py"
    example.write_text(rule.good, encoding="utf-8")
    assert reported(example, also=rule.code) == []


def test_harness_fails_on_a_sick_model_without_a_mark(tmp_path: Path) -> None:
    case = tmp_path / "bad_unmarked.py"
    marked = (FIXTURES / "INL101" / "bad_zeros_before_relu.py").read_text(encoding="utf-8")
    case.write_text(MARK.sub("", marked), encoding="utf-8")
    with pytest.raises(AssertionError):
        hold(case)


def test_harness_fails_on_a_healthy_model_with_a_mark(tmp_path: Path) -> None:
    case = tmp_path / "bad_marked.py"
    healthy = (FIXTURES / "INL101" / "good_zero_output_layer.py").read_text(encoding="utf-8")
    case.write_text(healthy.replace("zero_()", "zero_()  # bad: INL101", 1), encoding="utf-8")
    with pytest.raises(AssertionError):
        hold(case)


def test_harness_fails_when_the_right_rule_reports_on_the_wrong_line(tmp_path: Path) -> None:
    case = tmp_path / "bad_moved.py"
    marked = (FIXTURES / "INL101" / "bad_zeros_before_relu.py").read_text(encoding="utf-8")
    moved = MARK.sub("", marked).replace("super().__init__()", "super().__init__()  # bad: INL101")
    case.write_text(moved, encoding="utf-8")
    with pytest.raises(AssertionError):
        hold(case)
