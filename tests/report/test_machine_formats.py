"""Formats for programs: json, sarif, github."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from initlint.finding import Place, Problem
from initlint.fix.replacement import Patch, Replacement
from initlint.report import github, sarif
from initlint.report import json as json_report
from initlint.report.report import Report

# The official schema as the npm package @microsoft/jest-sarif 1.0.0-beta.0 (MIT) ships it.
SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text())


def reject(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


# ---------------------------------------------------------------------------------------------------------------- json


def test_json_holds_what_the_contract_says(report: Report) -> None:
    document = json.loads(json_report.render(report), parse_constant=reject)
    assert list(document) == ["version", "tool", "findings", "errors", "summary"]
    assert document["tool"] == "initlint"
    assert document["findings"][1] == {
        "code": "TST101",
        "name": "shown-rule",
        "severity": "warning",
        "path": "pkg/model.py",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 11,
        "message": "fc.weight: std 0.000, expected 0.088.",
        "help": "Remove it.",
        "evidence": {"predicted": {"std": 0.0, "gain": "inf", "loss": "nan", "shape": [2, None]}, "measured": None},
        "related": [],
        "fix": None,
    }
    assert document["errors"][0] == {
        "path": "bad.py",
        "line": 4,
        "column": 2,
        "message": "syntax error",
        "help": "Mend it.",
    }
    assert document["summary"] == {
        "files": 4,
        "networks": 0,
        "untraced": 0,
        "findings": 4,
        "by_severity": {"error": 1, "warning": 2, "info": 1},
        "by_code": {"INL001": 1, "TST101": 3},
        "suppressed": 2,
        "baselined": 1,
        "fixable": 0,
        "errors": 2,
    }


def test_json_names_the_cell_of_a_notebook(report: Report) -> None:
    assert json.loads(json_report.render(report))["findings"][0]["cell"] == 3


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("-inf"), {1: {2}}, (1, "a"), object(), Path("x"), 10**400, "\ud800", b"bytes", 1 + 2j],
)
def test_json_is_valid_whatever_the_evidence_holds(make_finding, value: object) -> None:
    text = json_report.render(Report(findings=(make_finding(predicted={"value": value}),)))
    json.loads(text.encode("utf-8", "backslashreplace"), parse_constant=reject)


# --------------------------------------------------------------------------------------------------------------- sarif


def run_of(report: Report) -> dict[str, Any]:
    document = json.loads(sarif.render(report), parse_constant=reject)
    jsonschema.validate(document, SCHEMA)
    (run,) = document["runs"]
    return run


def test_the_schema_can_fail() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0", "runs": [{"results": []}]}, SCHEMA)


@pytest.mark.parametrize("empty", [Report(), Report(errors=(Problem("", "?"),))])
def test_sarif_of_nothing_is_valid(empty: Report) -> None:
    assert run_of(empty)["results"] == []


def test_sarif_describes_the_rules_and_results_refer_to_them(report: Report) -> None:
    run = run_of(report)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["INL001", "TST101"]
    assert rules[1]["name"] == "shown-rule"
    assert rules[1]["shortDescription"]["text"] == "A rule for reports."
    assert rules[1]["fullDescription"]["text"] == "somebody must be told."
    assert rules[1]["defaultConfiguration"] == {"level": "warning", "enabled": True}
    assert "**Why.** somebody must be told." in rules[1]["help"]["markdown"]
    assert "```python\nsick()  # bad\n```" in rules[1]["help"]["markdown"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert [result["level"] for result in run["results"]] == ["note", "warning", "error", "warning"]


def test_sarif_points_at_the_place(report: Report) -> None:
    result = run_of(report)["results"][1]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "pkg/model.py"},
        "region": {
            "startLine": 3,
            "startColumn": 5,
            "endLine": 3,
            "endColumn": 11,
            "snippet": {"text": "    sick()"},
        },
    }
    assert result["message"]["text"] == "fc.weight: std 0.000, expected 0.088.\nRemove it."


def test_sarif_holds_the_fix(make_finding) -> None:
    place = Place("pkg/model.py", 3, 5, 3, 9)
    patch = Patch("Mend it", True, "pkg/model.py", (Replacement(20, 24, "healthy"),), (place,))
    (result,) = run_of(Report(findings=(make_finding(patch=patch),)))["results"]
    (fix,) = result["fixes"]
    region = {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9}
    assert fix["description"] == {"text": "Mend it"}
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "pkg/model.py"}
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "healthy"}}]


def test_sarif_gives_related_places_and_the_cell_of_a_notebook(report: Report) -> None:
    notebook, _, long, _ = run_of(report)["results"]
    (related,) = long["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "pkg/other%20file.py"
    assert related["message"]["text"] == "defined here"
    assert notebook["locations"][0]["logicalLocations"][0]["name"] == "cell 3, line 2"
    assert notebook["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_sarif_tells_equal_findings_apart_and_keeps_their_marks_when_lines_move(make_finding) -> None:
    def marks(first: int, second: int) -> Iterator[str]:
        places = [Place("model.py", line, 1, line, 7) for line in (first, second)]
        findings = tuple(make_finding(place=place) for place in places)
        run = run_of(Report(findings=findings, excerpts=dict.fromkeys(places, ("sick()",))))
        return (result["partialFingerprints"]["initlint/v1"] for result in run["results"])

    before, after = list(marks(1, 2)), list(marks(11, 30))
    assert before == after
    assert len(set(before)) == 2


def test_sarif_tells_of_problems(report: Report) -> None:
    (invocation,) = run_of(report)["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert first["message"]["text"] == "syntax error Mend it."
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 2}
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "gone.py"


def test_sarif_writes_any_path_as_a_uri(make_finding) -> None:
    places = [Place(path, 1, 1, 1, 2) for path in ("a b#c%.py", "/abs/ü.py", "../up.py", "x\udcff.py")]
    run = run_of(Report(findings=tuple(make_finding(place=place) for place in places)))
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]
    assert uris == ["a%20b%23c%25.py", "file:///abs/%C3%BC.py", "../up.py", "x%FF.py"]


# -------------------------------------------------------------------------------------------------------------- github


def test_github_annotations(report: Report) -> None:
    assert github.render(report).splitlines() == [
        "::notice file=notes.ipynb,line=1,title=TST101 shown-rule"
        "::cell 3, line 2: fc.weight: std 0.000, expected 0.088.%0ARemove it.",
        "::warning file=pkg/model.py,line=3,endLine=3,col=5,endColumn=11,title=TST101 shown-rule"
        "::fc.weight: std 0.000, expected 0.088.%0ARemove it.",
        "::error file=pkg/model.py,line=7,endLine=8,col=1,title=TST101 shown-rule"
        "::fc.weight: std 0.000, expected 0.088.",
        "::warning file=z.py,line=1,endLine=1,col=1,endColumn=5,title=INL001 unused-suppression"
        "::fc.weight: std 0.000, expected 0.088.%0ARemove it.",
        "::error file=bad.py,line=4,col=2,title=initlint::syntax error Mend it.",
        "::error file=gone.py,title=initlint::no such file",
    ]


def test_github_escapes_what_has_a_meaning(make_finding) -> None:
    one = make_finding(place=Place("a,b:c%.py", 1, 1, 1, 2), message="50 %\r\n::error::x", help="")
    assert github.render(Report(findings=(one,))) == (
        "::warning file=a%2Cb%3Ac%25.py,line=1,endLine=1,col=1,endColumn=2,title=TST101 shown-rule"
        "::50 %25%0D%0A::error::x\n"
    )


def test_github_says_nothing_of_a_healthy_run() -> None:
    assert github.render(Report()) == ""
