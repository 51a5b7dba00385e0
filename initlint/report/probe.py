"""Probed models for a reader at a terminal: signal and gradient along the depth, drawn so that a collapse is seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from initlint.network import Parameter
from initlint.report.excerpt import printable
from initlint.report.extras import extra_lines
from initlint.report.layer_table import Depth, compact, draw_table, short_place
from initlint.report.measured import symptom_in_words
from initlint.report.palette import Palette
from initlint.report.report import ProbedTarget
from initlint.report.sparkline import UNICODE, Glyphs, Scale, decades, draw_sparkline
from initlint.report.text import INDENT, NARROWEST, WIDEST

if TYPE_CHECKING:
    from initlint.diagnosis.health import Diagnosis, Health
    from initlint.finding import Problem
    from initlint.network import Layer
    from initlint.probe.recording import InitialLoss, Recording

PLAIN = Palette()
STYLES = {"healthy": "green", "at risk": "yellow", "broken": "red"}
"""Colour of a verdict."""
LABEL = 10
"""Columns of the label of a line."""
ENDS = 24
"""Columns kept beside a curve for its first and last value."""


@dataclass(frozen=True)
class Drawing:
    """How and how wide to draw."""

    palette: Palette = PLAIN
    glyphs: Glyphs = UNICODE
    width: int = 100
    shows_all: bool = False
    """Whether long tables are shown whole."""

    @property
    def room(self) -> int:
        """Columns inside the indentation."""
        return max(NARROWEST, min(self.width, WIDEST)) - len(INDENT)


def render(targets: Iterable[ProbedTarget], drawing: Drawing) -> str:
    """One part a target, each ending in its verdict and an empty line."""
    return "".join(f"{line}\n" for probed in targets for line in (*_target(probed, drawing), ""))


def _target(probed: ProbedTarget, drawing: Drawing) -> Iterator[str]:
    yield drawing.palette.paint(printable(probed.target), "bold")
    network, health = probed.network, probed.health
    if network is None or network.measured is None or health is None:
        where = "" if probed.problem is None else f": see {_position(probed.problem)} below"
        yield f"{INDENT}{drawing.palette.paint('not probed', 'red', 'bold')}{printable(where)}"
        return
    for label, text in header_lines(network.measured, probed.notes, drawing.glyphs.times):
        yield from (f"{INDENT}{line}" for line in _labelled(label, text, drawing))
    depth = Depth.of(network, None if health.first is None else health.first.layer)
    if depth.layers:
        yield ""
        yield from (f"{INDENT}{line}" for line in curves(depth, drawing))
        yield ""
        table = draw_table(depth, drawing.palette, drawing.glyphs, drawing.room, shows_all=drawing.shows_all)
        yield from (f"{INDENT}{line}" for line in table)
    yield ""
    for label, text in extra_lines(network.measured, drawing.glyphs.arrow):
        yield from (f"{INDENT}{line}" for line in _labelled(label, text, drawing))
    yield ""
    yield from (f"{INDENT}{line}" for line in verdict(health, drawing))


def _position(problem: Problem) -> str:
    return problem.path if problem.line is None else f"{problem.path}:{problem.line}"


def header_lines(
    recording: Recording, notes: Iterable[str] = (), times: str = UNICODE.times
) -> Iterator[tuple[str, str]]:
    """What was probed and how, each line behind its label."""
    place = "" if recording.place is None else f" ({short_place(recording.place)})"
    builds = "" if len(recording.seeds) < 2 else f", median of {len(recording.seeds)} builds"
    yield "model", f"{recording.model}{place}"
    yield "ran on", f"{recording.device}, {recording.dtype}, batch {recording.batch}{builds}"
    yield "inputs", f"{_shapes(recording, times)}{recording.inputs}"
    yield "loss", loss_in_words(recording.loss)
    yield from (("note", note) for note in (*recording.notes, *notes))


def loss_in_words(loss: InitialLoss) -> str:
    """The loss before the first step, beside what a model that knows nothing gives."""
    if loss.value is None:
        return loss.description
    expected = "" if loss.expected is None else f", expected {loss.expected:.3g}"
    classes = "" if loss.classes is None or not expected else f" (ln {loss.classes})"
    return f"{loss.value:.3g}{expected}{classes}: {loss.description}"


def _shapes(recording: Recording, times: str) -> str:
    shown = (f"{name} {times.join(map(str, shape))}" for name, shape in recording.shapes.items())
    return "".join(f"{one}; " for one in shown)


def curves(depth: Depth, drawing: Drawing) -> Iterator[str]:
    """Variance and gradient of the trunk, first layer to last, as sparklines with their ends in numbers."""
    variances = [each.variance_out for each in depth.main]
    norms = [None if each.gradient_total is None else math.sqrt(each.gradient_total) for each in depth.main]
    yield _curve("variance", variances, depth.variances(), drawing)
    yield _curve("gradient", norms, depth.gradients().rooted(), drawing, "norm ")


def _curve(label: str, values: Sequence[float | None], scale: Scale, drawing: Drawing, unit: str = "") -> str:
    points = [decades(value) for value in values]
    drawn = draw_sparkline(points, scale, drawing.room - LABEL - ENDS, drawing.glyphs)
    known = [compact(value) for value in values if value is not None]
    ends = f"{unit}{known[0]} {drawing.glyphs.arrow} {known[-1]}" if known else ""
    return f"{drawing.palette.paint(label.ljust(LABEL), 'dim')}{drawing.palette.paint(drawn, 'cyan')}  {ends}".rstrip()


def verdict(health: Health, drawing: Drawing) -> Iterator[str]:
    """The verdict with its score, and where it first goes wrong."""
    said = drawing.palette.paint(health.verdict, STYLES[health.verdict], "bold")
    first = "" if health.first is None else f": {where_first(health.first)}"
    lines = wrap(f"{health.verdict}, score {health.score:.2f}{first}", drawing.room, break_long_words=False)
    yield f"{said}{lines[0][len(health.verdict) :]}"
    yield from lines[1:]


def where_first(diagnosis: Diagnosis) -> str:
    """``"vanishing gradients, first at layers.3 (model.py:12)"``."""
    words = symptom_in_words(diagnosis)
    found: Layer | Parameter | None = diagnosis.layer or diagnosis.parameter
    if found is None:
        return words
    return f"{words}, first at {printable(_called(found))} ({short_place(found.place)})"


def _called(found: Layer | Parameter) -> str:
    """Its name; of a functional call, the function and the module that calls it."""
    if found.name or isinstance(found, Parameter):
        return found.name
    caller = found.measured.name if found.measured is not None else ""
    return f"{found.kind} in {caller}" if caller else found.kind


def _labelled(label: str, text: str, drawing: Drawing) -> Iterator[str]:
    """`text` in lines under each other, the first behind its label."""
    lines = wrap(
        printable(" ".join(text.split())), drawing.room - LABEL, break_long_words=False, break_on_hyphens=False
    )
    for number, line in enumerate(lines):
        yield f"{drawing.palette.paint((label if number == 0 else '').ljust(LABEL), 'dim')}{line}"
