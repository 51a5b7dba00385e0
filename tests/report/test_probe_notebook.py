"""The table in a notebook: one piece of HTML that is safe, whole and needs nothing from elsewhere."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser

from probed_model import failed, probed, row, stack, statistics

from initlint.finding import Finding, Place, Severity
from initlint.report.notebook import render
from initlint.report.report import ProbedTarget, Report

VOID = {"br"}


class Balanced(HTMLParser):
    """Notes the elements that are open, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(*targets: ProbedTarget, findings: tuple[Finding, ...] = ()) -> Balanced:
    errors = tuple(target.problem for target in targets if target.problem is not None)
    parser = Balanced()
    parser.feed(render(Report(targets=targets, findings=findings, errors=errors)))
    assert not parser.opened
    return parser


def test_it_has_a_row_a_layer_and_the_verdict() -> None:
    target = stack(6, 0.5, 1e-3)
    found = parsed(target)
    assert found.tags.count("tr") == 7
    assert f"broken, score {target.score:.2f}: vanishing gradients, first at layers.1 (model.py:11)" in found.text


def test_nothing_is_loaded_and_nothing_runs() -> None:
    html = render(Report(targets=(stack(6, 0.5, 1e-3),)))
    assert not re.search(r"<script|<link|<img|https?:|url\(|\son\w+=", html)


def test_the_user_s_names_are_no_markup() -> None:
    rows = [row(0, 1.0, 1.0, name="<script>alert(1)</script>", kind="<b>")]
    finding = Finding("X1", "x", Severity.ERROR, Place("<i>.py", 1, 1, 1, 2), "<u>message", "<u>help")
    found = parsed(probed(rows, target="<h1>"), failed(), findings=(finding,))
    assert {"script", "h1", "u"}.isdisjoint(found.tags)
    assert "<u>message" in found.text


def test_what_is_not_finite_or_zero_is_shown() -> None:
    rows = [row(0, 0.0, 0.0), row(1, 1.0, 1.0, output=statistics(math.nan, nonfinite_fraction=1.0))]
    found = parsed(probed(rows))
    assert "not finite" in found.text
    assert "all zero, no gradient" in found.text


def test_a_target_that_failed_is_said_with_its_problem() -> None:
    found = parsed(failed())
    assert "not probed" in found.text
    assert "NameError" in found.text
