"""The table of a probed model: a row per layer in signal order."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from initlint.diagnosis.symptoms import DEAD, GRADIENT, SATURATED, SIGNAL, Limit
from initlint.diagnosis.trajectory import Trajectory, trajectories, trunk_ids
from initlint.finding import Place
from initlint.network import Layer, Network
from initlint.report.columns import GAP, Column, fit, lines, total_width
from initlint.report.excerpt import printable
from initlint.report.folding import MOST_ROWS, shown_rows
from initlint.report.measured import LayerNumbers, numbers_of
from initlint.report.palette import Palette
from initlint.report.sparkline import Glyphs, Scale, decades, draw_bar

LEAST_BAR, WIDEST_BAR = 5, 16
"""Columns of a bar."""
NUMBERS_NEED = 49
"""Columns that the table takes at least, without what strikes the eye in a row."""
BESIDE_BAR = 3
"""Columns of a bar's mark and of the gap behind it."""
LEAST_NAME, LEAST_WORD = 14, 8
"""Columns that names of layers, and other words, are cut to where there is no room."""
LOST = ("", "!")
"""Behind a bar, in the trainable range and out of it."""


@dataclass(frozen=True)
class Depth:
    """A model's layers and the scales on which they are drawn."""

    layers: Sequence[LayerNumbers]
    trunk: frozenset[int]
    """Ids of the layers that every path from the inputs to the last output goes through."""
    first: int | None = None
    """Id of the layer where it first goes wrong."""
    lost_signal: frozenset[int] = frozenset()
    """Ids of the layers where the signal has left the range that plain SGD trains."""
    lost_gradient: frozenset[int] = frozenset()
    """As `lost_signal`, of the gradient on its way back."""

    @classmethod
    def of(cls, network: Network, first: Layer | None) -> Depth:
        """The measured layers of a network."""
        found = trajectories(network)
        return cls(
            numbers_of(network),
            trunk_ids(network),
            None if first is None else first.id,
            frozenset(layer for each in found for layer in _beyond(each, each.strengths, SIGNAL)),
            frozenset(layer for each in found for layer in _beyond(each, each.sensitivities, GRADIENT)),
        )

    @property
    def main(self) -> list[LayerNumbers]:
        """The layers of the trunk, or all if there is hardly one."""
        found = [numbers for numbers in self.layers if numbers.layer.id in self.trunk]
        return found if len(found) > 1 else list(self.layers)

    def variances(self) -> Scale:
        """From the trunk alone: what a branch holds on purpose (a mask, a zero) must not flatten the rest."""
        return Scale.spanning(decades(numbers.variance_out) for numbers in self.main)

    def gradients(self) -> Scale:
        """As `variances`, of the gradient's sum of squares."""
        return Scale.spanning(decades(numbers.gradient_total) for numbers in self.main)


def _beyond(path: Trajectory, values: Sequence[float], limit: Limit) -> Iterator[int]:
    """Ids of the hidden layers of a path whose decades are beyond what plain SGD trains."""
    places = zip(path.hidden, values, strict=True)
    return (path.layers[place].id for place, value in places if not abs(value) < limit.risk)


def draw_table(depth: Depth, palette: Palette, glyphs: Glyphs, width: int, *, shows_all: bool) -> Iterator[str]:
    """The heading, the rows and what to know of them, at most `width` columns wide.

    Of a long table only the most telling rows are shown, unless `shows_all`.
    """
    count = len(depth.layers)
    marked = sorted(range(count), key=lambda row: _weight(depth.layers[row], depth), reverse=True)
    marked = [row for row in marked if flags(depth.layers[row], depth)]
    trunk = [row for row, numbers in enumerate(depth.layers) if numbers.layer.id in depth.trunk]
    shown = [depth.layers[row] for row in shown_rows(count, marked, trunk, count if shows_all else MOST_ROWS)]
    heading, *drawn = _drawn(shown, depth, glyphs, width)
    yield palette.paint(heading, "dim")
    yield from (_painted(line, numbers, depth, palette) for line, numbers in zip(drawn, shown, strict=True))
    legend = wrap(" ".join(_legend(shown, depth)), width)
    yield from (palette.paint(line, "dim") for line in legend)


def _weight(numbers: LayerNumbers, depth: Depth) -> tuple[bool, int]:
    """How telling a row is: the place where it first goes wrong most, then what has most to say."""
    return numbers.layer.id == depth.first, len(flags(numbers, depth))


def _legend(shown: Sequence[LayerNumbers], depth: Depth) -> Iterator[str]:
    if len(shown) < len(depth.layers):
        yield f"{len(shown)} of {len(depth.layers)} rows; --all-layers shows the others."
    if any(each.layer.id in depth.lost_signal | depth.lost_gradient for each in shown):
        yield f"! is off by more than plain SGD trains: gradient {GRADIENT.risk:g} decades, variance {SIGNAL.risk:g}."


def _drawn(layers: Sequence[LayerNumbers], depth: Depth, glyphs: Glyphs, width: int) -> list[str]:
    """Heading and rows, without colour."""
    notes = Column("", tuple(_note(flags(each, depth), _note_room(width), glyphs.cut) for each in layers))
    aside = notes.width
    table = fit(_columns(layers), width - aside - 2 * (LEAST_BAR + BESIDE_BAR + GAP), glyphs.cut)
    room = width - total_width(table) - table[-1].gap() - aside - 2 * BESIDE_BAR
    bars = _bars(layers, depth, glyphs, max(LEAST_BAR, min(WIDEST_BAR, room // 2)))
    return lines([*table, *bars, *([notes] if aside else [])])


def _note_room(width: int) -> int:
    """Columns for what strikes the eye in a row: what the numbers can spare, at most a third."""
    return max(LEAST_WORD, min(width - NUMBERS_NEED, width // 3))


def _note(words: Sequence[str], room: int, cut: str) -> str:
    """As many of the words as there is room for."""
    text = ", ".join(words)
    return text if len(text) <= room else text[: room - len(cut)] + cut


def _columns(layers: Sequence[LayerNumbers]) -> list[Column]:
    def numbers(heading: str, values: Sequence[float | None], rank: int) -> Column:
        return Column(heading, tuple(map(compact, values)), is_number=True, rank=rank)

    return [
        Column("layer", tuple(map(name_of, layers)), least=LEAST_NAME),
        Column("op", tuple(printable(each.layer.kind or each.layer.op) for each in layers), least=LEAST_WORD, rank=3),
        Column("line", tuple(short_place(each.place) for each in layers), least=LEAST_WORD, brief=_numbers(layers)),
        numbers("var in", [each.variance_in for each in layers], rank=4),
        numbers("var out", [each.variance_out for each in layers], rank=0),
        numbers("gain", [each.gain for each in layers], rank=2),
        numbers("grad rms", [each.gradient_rms for each in layers], rank=1),
    ]


def _numbers(layers: Sequence[LayerNumbers]) -> tuple[str, ...] | None:
    """The lines without their file, if it is the same for all."""
    if len({(each.place.path, each.place.cell) for each in layers}) > 1:
        return None
    return tuple(str(each.place.line) for each in layers)


def _bars(layers: Sequence[LayerNumbers], depth: Depth, glyphs: Glyphs, width: int) -> list[Column]:
    variances, gradients = depth.variances(), depth.gradients()
    forward = [
        draw_bar(decades(each.variance_out), variances, width, glyphs) + LOST[each.layer.id in depth.lost_signal]
        for each in layers
    ]
    backward = [
        draw_bar(decades(each.gradient_total), gradients, width, glyphs) + LOST[each.layer.id in depth.lost_gradient]
        for each in layers
    ]
    headings = ("variance", "gradient") if width >= len("variance") else ("var", "grad")
    return [Column(headings[0], tuple(forward)), Column(headings[1], tuple(backward))]


def _painted(line: str, numbers: LayerNumbers, depth: Depth, palette: Palette) -> str:
    if numbers.layer.id == depth.first:
        return palette.paint(line, "red", "bold")
    return palette.paint(line, "yellow") if flags(numbers, depth) else line


def flags(numbers: LayerNumbers, depth: Depth) -> list[str]:
    """What strikes the eye in a layer, in words; the worst first."""
    output, gradient = numbers.row.output, numbers.row.gradient
    found = ["first"] * (numbers.layer.id == depth.first)
    if output.nonfinite_fraction > 0:
        found.append("not finite")
    elif output.second == 0:
        found.append("all zero")
    if gradient is not None and gradient.nonfinite_fraction > 0:
        found.append("gradient not finite")
    elif gradient is not None and gradient.mean_square == 0:
        found.append("no gradient")
    if output.dead_fraction is not None and output.dead_fraction >= DEAD.info:
        found.append(f"{output.dead_fraction:.0%} dead")
    if output.saturated_fraction is not None and output.saturated_fraction >= SATURATED.info:
        found.append(f"{output.saturated_fraction:.0%} saturated")
    return found


def name_of(numbers: LayerNumbers) -> str:
    """Path of the module, with the number of the call from the second on."""
    name = printable(numbers.row.name) or "-"
    return name if numbers.row.call == 0 else f"{name} #{numbers.row.call + 1}"


def short_place(place: Place) -> str:
    """File and line, without the folders."""
    line = f"{printable(posixpath.basename(place.path))}:{place.line}"
    return line if place.cell is None else f"cell {place.cell}:{place.line}"


def compact(value: float | None) -> str:
    """A number in about six characters: ``0.334``, ``1.2e-9``; nothing for one that is not known."""
    if value is None:
        return ""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if SMALLEST_PLAIN <= abs(value) < LARGEST_PLAIN:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


SMALLEST_PLAIN, LARGEST_PLAIN = 0.01, 1e4
"""Between which a number is written without an exponent."""
