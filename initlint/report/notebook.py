"""Probed models as HTML, for a notebook: the table of the terminal, with bars. One piece, no script, nothing from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from initlint.finding import Finding, Severity
from initlint.report.extras import extra_lines
from initlint.report.layer_table import Depth, compact, flags, name_of, short_place
from initlint.report.measured import LayerNumbers
from initlint.report.probe import header_lines, where_first
from initlint.report.report import ProbedTarget, Report
from initlint.report.sparkline import UNICODE, Scale, decades

if TYPE_CHECKING:
    from initlint.diagnosis.health import Health

COLOURS = {"healthy": "#2a7f3f", "at risk": "#b26a00", "broken": "#c0392b"}
"""Of a verdict: readable on white and on black."""
OF_SEVERITY = {Severity.ERROR: "#c0392b", Severity.WARNING: "#b26a00", Severity.INFO: "#2c6fbb"}
BLUE, GREY = "#4a90d9", "#8886"
CURVE_WIDTH, CURVE_HEIGHT = 360, 48
"""Pixels of a curve."""
BAR_WIDTH = 90
"""Pixels of a bar."""
TALLEST = 480
"""Pixels of a table before it scrolls."""
HEADINGS = ("layer", "op", "line", "var in", "var out", "gain", "grad rms", "variance", "gradient", "")
WORDS = 3
"""Columns of words, to the left; then come numbers."""
STYLE = "text-align:left;padding:1px 8px;white-space:nowrap;font-family:monospace;font-size:12px"


def render(report: Report) -> str:
    """All targets with their findings."""
    parts = [part for probed in report.targets for part in _target(probed)]
    findings = "".join(_finding(finding) for finding in report.findings)
    problems = "".join(
        f"<p>{_bold('problem', OF_SEVERITY[Severity.ERROR])} {escape(each.message)}</p>" for each in report.errors
    )
    return f'<div style="line-height:1.4">{"".join(parts)}{findings}{problems}</div>'


def _target(probed: ProbedTarget) -> Iterator[str]:
    network, health = probed.network, probed.health
    if network is None or network.measured is None or health is None:
        yield f"<p>{_bold(probed.target)}: not probed</p>"
        return
    yield f"<p>{_bold(probed.target)} {_verdict(health)}</p><p>"
    yield "<br>".join(
        f"{escape(label)}: {escape(text)}" for label, text in header_lines(network.measured, probed.notes)
    )
    yield "</p>"
    depth = Depth.of(network, None if health.first is None else health.first.layer)
    if depth.layers:
        yield from _curves(depth)
        yield from _table(depth)
    yield f"<p>{_lines(extra_lines(network.measured, UNICODE.arrow))}</p>"


def _lines(pairs: Iterable[tuple[str, str]]) -> str:
    return "<br>".join(f"{escape(label)}: {escape(text)}" for label, text in pairs)


def _bold(text: str, colour: str = "inherit") -> str:
    return f'<b style="color:{colour}">{escape(text)}</b>'


def _verdict(health: Health) -> str:
    first = "" if health.first is None else f": {where_first(health.first)}"
    return f"{_bold(health.verdict, COLOURS[health.verdict])}, score {health.score:.2f}{escape(first)}"


def _curves(depth: Depth) -> Iterator[str]:
    """Variance and gradient of the trunk, first layer to last, each between the powers of ten of its scale."""
    curves = (
        ("variance", [decades(each.variance_out) for each in depth.main], depth.variances()),
        ("gradient", [decades(each.gradient_total) for each in depth.main], depth.gradients()),
    )
    for label, points, scale in curves:
        yield f'<figure style="display:inline-block;margin:4px 16px 4px 0"><figcaption>{label} along the depth, '
        yield f"1e{scale.low:.1f} to 1e{scale.high:.1f}</figcaption>{_polyline(points, scale, label)}</figure>"


def _polyline(points: Sequence[float | None], scale: Scale, label: str) -> str:
    step = CURVE_WIDTH / max(len(points) - 1, 1)
    drawn = " ".join(
        f"{number * step:.1f},{CURVE_HEIGHT - (CURVE_HEIGHT - 4) * scale.share(point) - 2:.1f}"
        for number, point in enumerate(points)
        if point is not None and not math.isnan(point)
    )
    return (
        f'<svg role="img" aria-label="{label} along the depth" width="{CURVE_WIDTH}" height="{CURVE_HEIGHT}">'
        f'<rect width="100%" height="100%" fill="none" stroke="{GREY}"/>'
        f'<polyline points="{drawn}" fill="none" stroke="{BLUE}" stroke-width="2"/></svg>'
    )


def _table(depth: Depth) -> Iterator[str]:
    yield f'<div style="max-height:{TALLEST}px;overflow:auto"><table style="border-collapse:collapse"><thead><tr>'
    yield from (f'<th style="{STYLE}">{heading}</th>' for heading in HEADINGS)
    yield "</tr></thead><tbody>"
    scales = depth.variances(), depth.gradients()
    yield from (_row(numbers, depth, scales) for numbers in depth.layers)
    yield "</tbody></table></div>"


def _row(numbers: LayerNumbers, depth: Depth, scales: tuple[Scale, Scale]) -> str:
    layer = numbers.layer.id
    words = (name_of(numbers), numbers.layer.kind or numbers.layer.op, short_place(numbers.place))
    values = (numbers.variance_in, numbers.variance_out, numbers.gain, numbers.gradient_rms)
    cells = [
        *map(escape, words),
        *map(compact, values),
        _bar(decades(numbers.variance_out), scales[0], is_lost=layer in depth.lost_signal),
        _bar(decades(numbers.gradient_total), scales[1], is_lost=layer in depth.lost_gradient),
        escape(", ".join(flags(numbers, depth))),
    ]
    colour = f"color:{COLOURS['broken']};font-weight:bold" if layer == depth.first else ""
    styled = (
        f"{STYLE};text-align:{'right' if WORDS <= at < WORDS + len(values) else 'left'}" for at in range(len(cells))
    )
    return (
        f'<tr style="{colour}">'
        + "".join(f'<td style="{s}">{c}</td>' for s, c in zip(styled, cells, strict=True))
        + "</tr>"
    )


def _bar(value: float | None, scale: Scale, *, is_lost: bool) -> str:
    """As wide as the value stands high on its scale; red where it has left the trainable range."""
    if value is None:
        return ""
    if math.isnan(value):
        return "not finite"
    width = max(1, round(scale.share(value) * BAR_WIDTH))
    colour = COLOURS["broken"] if is_lost else BLUE
    return f'<div style="width:{width}px;height:10px;background:{colour}"></div>'


def _finding(finding: Finding) -> str:
    place, colour = finding.place, OF_SEVERITY[finding.severity]
    head = f"{_bold(f'{finding.severity.value} {finding.code}', colour)} {escape(finding.name)}"
    help_ = f"<br><i>help:</i> {escape(finding.help)}" if finding.help else ""
    return f"<p>{head}, {escape(place.path)}:{place.line}<br>{escape(finding.message)}{help_}</p>"
