"""Probed models for machines: the contract of the JSON, and findings in SARIF and GitHub's form."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from probed_model import BATCH, PATH, WIDTH, failed, gradient, probed, row, stack, statistics

from initlint.finding import Finding, Place, Severity
from initlint.report import github, sarif
from initlint.report import json as json_report
from initlint.report.report import ProbedTarget, Report

NODE = {"name", "op", "path", "line", "fan_in", "fan_out", "weight_std", "weight_mean", "forward", "backward"}
"""What `check --show-networks` says of a layer."""
MEASURED = {"mean", "std", "zero_fraction", "saturated_fraction", "dead_fraction", "correlation", "gradient_rms"}


def document(*targets: ProbedTarget) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json_report.render(Report(targets=targets)))
    return found


def layers(target: ProbedTarget) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(target)["targets"][0]["layers"]
    return found


def test_a_target_has_what_the_contract_says() -> None:
    (target,) = document(stack(6, 0.5, 1e-3))["targets"]
    assert (target["target"], target["device"], target["dtype"], target["seeds"]) == (
        "pkg/model.py:Net",
        "cpu",
        "float32",
        [0, 1, 2],
    )
    assert (target["verdict"], target["batch"], target["shapes"]) == ("broken", BATCH, {"x": [BATCH, WIDTH]})
    assert 0 <= target["score"] < 0.1
    assert target["loss"]["value"] == 2.412
    assert target["loss"]["expected"] == pytest.approx(math.log(10))
    first = target["first"]
    assert (first["code"], first["symptom"], first["layer"], first["path"], first["line"]) == (
        "INL603",
        "vanishing gradients",
        "layers.1",
        PATH,
        11,
    )


def test_a_layer_has_the_fields_of_a_predicted_one_and_the_measured_ones() -> None:
    first, second = layers(stack(2, 0.25, 0.5))
    assert set(first) >= NODE | MEASURED
    assert (second["name"], second["op"], second["path"], second["line"]) == ("layers.1", "Linear", PATH, 11)
    assert (second["call"], second["call_path"], second["call_line"]) == (0, PATH, 50)
    assert (second["fan_in"], second["fan_out"], second["weight_mean"]) == (WIDTH, WIDTH, 0)
    assert second["weight_std"] == pytest.approx(WIDTH**-0.5)
    assert second["forward"] == {"variance_in": 1.0, "variance_out": 0.25, "gain": 0.25}
    assert second["backward"] == {"gain": 0.5}
    assert (second["std"], second["gradient_rms"]) == (0.5, 1.0)
    assert first["forward"] == {"variance_in": None, "variance_out": 1.0, "gain": None}


def test_a_gradient_that_also_comes_another_way_gives_no_backward_gain() -> None:
    rows = [row(0, 1.0, 2.0), row(1, 1.0, 1.0), row(2, 1.0, 1.0, op="add", kind="add", inputs=(1, 0), weight="")]
    assert [each["backward"]["gain"] for each in layers(probed(rows))] == [None, None, 1.0]


def test_nothing_that_is_divided_by_nothing_has_no_gain() -> None:
    rows = [row(0, 0.0, 1.0), row(1, 1.0, 0.0)]
    assert [each["forward"]["gain"] for each in layers(probed(rows))] == [None, None]
    assert [each["backward"]["gain"] for each in layers(probed(rows))] == [None, None]


def test_numbers_that_are_not_finite_are_valid_json() -> None:
    broken = row(1, 1.0, 1.0, output=statistics(math.inf, mean=math.nan), gradient=gradient(math.nan))
    second = layers(probed([row(0, 1.0, 1.0), broken]))[1]
    assert (second["mean"], second["gradient_rms"]) == ("nan", "nan")


def test_statistics_of_the_finite_entries_do_not_hide_the_others() -> None:
    lost = row(
        0, 1.0, 1.0, output=statistics(0.0, nonfinite_fraction=0.5), gradient=gradient(0.0, nonfinite_fraction=1.0)
    )
    (first,) = layers(probed([lost]))
    assert (first["forward"]["variance_out"], first["gradient_rms"]) == ("nan", "nan")


def test_a_target_that_failed_has_no_score_and_all_keys() -> None:
    good, bad = document(stack(2), failed())["targets"]
    assert set(good) == set(bad)
    assert (bad["target"], bad["score"], bad["verdict"], bad["layers"]) == ("pkg/model.py:Broken", None, None, [])
    assert good["score"] is not None


def test_the_summary_counts_verdicts() -> None:
    summary = document(stack(2), stack(2), failed())["summary"]
    assert (summary["targets"], summary["by_verdict"]) == (3, {"healthy": 2, "not probed": 1})


def test_a_check_speaks_of_no_targets() -> None:
    assert "targets" not in document()
    assert "targets" not in document()["summary"]


def test_notes_of_the_run_and_of_the_recording_are_both_told() -> None:
    target = stack(2, notes=("measured",))
    told = document(ProbedTarget(target.target, target.network, target.health, notes=("left behind",)))
    assert told["targets"][0]["notes"] == ["measured", "left behind"]


def test_a_measured_finding_outside_the_project_is_said_in_every_form() -> None:
    place = Place("/usr/lib/python3/site-packages/blocks.py", 12, 5, 12, 9)
    one = Finding("INL603", "vanishing-gradients", Severity.ERROR, place, "gone", measured={"decades": -math.inf})
    report = Report(findings=(one,), targets=(stack(2),))
    (result,) = json.loads(sarif.render(report))["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location["uri"] == "file:///usr/lib/python3/site-packages/blocks.py"
    assert result["properties"]["measured"] == {"decades": "-inf"}
    assert github.render(report).startswith("::error file=/usr/lib/python3/site-packages/blocks.py,line=12,")
    assert json.loads(json_report.render(report))["findings"][0]["evidence"]["measured"] == {"decades": "-inf"}
