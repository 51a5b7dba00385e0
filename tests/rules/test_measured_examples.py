"""The rules' own examples and ``fixtures/<CODE>/probe_*``, built and probed: what is measured meets what is marked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from probed import findings, lines, measured_rules

from initlint import Rule

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
MARK = re.compile(r"# bad(?:: (?P<code>[A-Z]+\d{3}))?$")
CASES = sorted(FIXTURES.glob("*/probe_*.py"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rule" in metafunc.fixturenames:
        metafunc.parametrize("rule", measured_rules().values(), ids=lambda rule: rule.code)


def written(folder: Path, rule: Rule, kind: str) -> Path:
    source = folder / f"{kind}_{rule.code}.py"
    source.write_text(getattr(rule, kind), encoding="utf-8")
    return source


def marked(source: Path) -> list[int]:
    return [number for number, line in enumerate(source.read_text().splitlines(), 1) if MARK.search(line)]


def test_a_probe_reports_exactly_the_marked_lines_of_the_bad_example(rule: Rule, tmp_path: Path) -> None:
    source = written(tmp_path, rule, "bad")
    assert lines(source, rule.code) == marked(source) != []


def test_every_rule_is_silent_on_the_probed_good_example(rule: Rule, tmp_path: Path) -> None:
    source = written(tmp_path, rule, "good")
    assert [f"{found.code} {found.message}" for found in findings(source, also=rule.code)] == []


def test_what_a_probe_reports_is_evidence_of_a_measurement(rule: Rule, tmp_path: Path) -> None:
    for found in findings(written(tmp_path, rule, "bad"), also=rule.code):
        assert found.measured and found.predicted is None
        assert "measured" in found.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_a_probed_fixture_gets_exactly_the_findings_it_marks(case: Path) -> None:
    code = case.parent.name
    found = {(each.code, each.place.line) for each in findings(case, also=code)}
    wanted = {
        (mark["code"], number)
        for number, line in enumerate(case.read_text().splitlines(), 1)
        if (mark := MARK.search(line)) and mark["code"]
    }
    assert found == wanted
    assert bool(wanted) is case.stem.startswith("probe_bad")


def test_the_harness_fails_on_a_healthy_model_with_a_mark(tmp_path: Path) -> None:
    rule = measured_rules()["INL101"]
    source = tmp_path / "marked.py"
    source.write_text(rule.good.replace("zeros_(self.fc1.bias)", "zeros_(self.fc1.bias)  # bad"), encoding="utf-8")
    assert lines(source, rule.code) != marked(source)
