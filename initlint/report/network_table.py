"""A traced network for a reader at a terminal: a row a layer with what is predicted of it, and why the rest is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING

from initlint.finding import Place
from initlint.report.columns import GAP, Column, fit, lines, total_width
from initlint.report.excerpt import printable
from initlint.report.folding import Repeat, find_repeats
from initlint.report.layer_table import LEAST_BAR, LEAST_NAME, LEAST_WORD, WIDEST_BAR, compact, short_place
from initlint.report.networks import spelled
from initlint.report.probe import Drawing
from initlint.report.sparkline import Scale, decades, draw_bar
from initlint.report.text import INDENT

if TYPE_CHECKING:
    from initlint.network import Network
    from initlint.network.prediction import Prediction

UNKNOWN = "?"
LEGEND = (
    "Predicted for an input of mean 0 and variance 1. gain: var out over var in; back: E[g^2] before the layer over E[g^2] "
    "behind it; variance: var out along the depth, on a logarithmic scale; ?: not known, [n] says why."
)
FOLDED_FROM = 30
"""Rows from which a table's repeats are folded: more than a screen."""
LONGEST_VALUE = 12
"""Columns of a value with symbols, such as ``0.577*width**-0.5``."""
MOST_REASONS = 12
"""Reasons listed under a table."""


def render(networks: Iterable[Network], drawing: Drawing) -> str:
    """One table a network, behind what the columns mean; nothing if there is none."""
    parts = [list(_network(network, drawing)) for network in networks]
    legend = [drawing.palette.paint(line, "dim") for line in wrap(LEGEND, drawing.room)] if parts else []
    return "".join(f"{line}\n" for part in ([*legend, ""] if parts else [], *parts) for line in part)


def _network(network: Network, drawing: Drawing) -> Iterator[str]:
    from initlint.network.prediction import predict

    table = _Table(network, predict(network), drawing)
    title = drawing.palette.paint(printable(network.name), "bold")
    yield f"{title} ({printable(network.place.path)}:{network.place.line})"
    yield from (f"{INDENT}{line}" for line in (table.summary(), *table.rows(), *table.footnotes()))
    yield ""


class _Table:
    """The rows of one network."""

    def __init__(self, network: Network, predictions: Sequence[Prediction], drawing: Drawing) -> None:
        self.network = network
        self.predictions = predictions
        self.drawing = drawing

    @cached_property
    def repeats(self) -> list[Repeat]:
        """What is folded."""
        return find_repeats(list(map(_key, self.predictions))) if len(self.predictions) > FOLDED_FROM else []

    @cached_property
    def reasons(self) -> dict[tuple[Place, str], int]:
        """Why something is not known, and where -> its number."""
        own = [(each.layer.place, each.reason) for each in self.predictions if each.reason]
        return {each: number for number, each in enumerate(dict.fromkeys((*own, *self.network.reasons)), 1)}

    def summary(self) -> str:
        """How much of it there is, and is known."""
        if not self.predictions:
            return "no layers traced"
        unknown = sum(each.after.variance is None for each in self.predictions)
        count = f"{len(self.predictions)} operations"
        return f"{count}, {unknown} with a variance that is not known" if unknown else f"{count}, all known"

    def rows(self) -> Iterator[str]:
        """The heading and the rows, repeats folded."""
        if not self.predictions:
            return
        hidden = {row for each in self.repeats for row in range(each.start + each.period, each.end)}
        shown = [row for row in range(len(self.predictions)) if row not in hidden]
        heading, *drawn = lines(self._columns([self.predictions[row] for row in shown]))
        yield self.drawing.palette.paint(heading, "dim")
        folded = {each.start + each.period - 1: each for each in self.repeats}
        for row, line in zip(shown, drawn, strict=True):
            yield self.drawing.palette.paint(line, "yellow") if self.predictions[row].reason else line
            if row in folded:
                yield from self._fold(folded[row])

    def footnotes(self) -> Iterator[str]:
        """The reasons by their numbers."""
        for (place, reason), number in list(self.reasons.items())[:MOST_REASONS]:
            label = f"[{number}] "
            text = f"{printable(reason)} ({short_place(place)})"
            first, *rest = wrap(text, self.drawing.room - len(label), break_on_hyphens=False) or [""]
            yield f"{label}{first}"
            yield from (f"{' ' * len(label)}{line}" for line in rest)
        if len(self.reasons) > MOST_REASONS:
            yield f"and {len(self.reasons) - MOST_REASONS} more reasons; --format json has all"

    def _columns(self, shown: Sequence[Prediction]) -> list[Column]:
        notes = Column("", tuple(self._note(each) for each in shown))
        room = self.drawing.room - (notes.width + 2 * GAP) - LEAST_BAR - 2 * GAP
        table = fit(_words_and_numbers(shown, self.drawing.glyphs.cut), room, self.drawing.glyphs.cut)
        left = self.drawing.room - total_width(table) - table[-1].gap() - notes.width - 2 * GAP
        return [*table, self._bars(shown, max(LEAST_BAR, min(WIDEST_BAR, left))), *([notes] if notes.width else [])]

    def _bars(self, shown: Sequence[Prediction], width: int) -> Column:
        values = [_decades(each) for each in shown]
        scale = Scale.spanning(values)
        heading = "variance" if width >= len("variance") else "var"
        return Column(heading, tuple(draw_bar(value, scale, width, self.drawing.glyphs) for value in values))

    def _note(self, prediction: Prediction) -> str:
        reason = prediction.reason
        return f"[{self.reasons[prediction.layer.place, reason]}]" if reason else ""

    def _fold(self, repeat: Repeat) -> Iterator[str]:
        """What stands for the rows that are left out."""
        size, arrow = repeat.period, self.drawing.glyphs.arrow
        before, after = self.predictions[repeat.start + size - 1], self.predictions[repeat.end - 1]
        rows = f"these {size} rows" if size > 1 else "this row"
        text = f"{self.drawing.glyphs.cut} {repeat.again} more times {rows}{self._names(repeat)}: var out "
        text += f"{_shown(before.after.variance)} {arrow} {_shown(after.after.variance)}{self._widths(repeat)}"
        yield from (self.drawing.palette.paint(line, "dim") for line in wrap(text, self.drawing.room))

    def _names(self, repeat: Repeat) -> str:
        size = repeat.period
        for row in range(repeat.start + size, repeat.start + 2 * size):
            first, last = self.predictions[row].layer.name, self.predictions[row + (repeat.again - 1) * size].layer.name
            if first and first != last:
                return f" ({printable(first)} to {printable(last)})"
        return ""

    def _widths(self, repeat: Repeat) -> str:
        """The extent of the fan-ins, where they differ from those of the rows that are shown."""
        fans = [self.predictions[row].layer.fan_in for row in range(repeat.start, repeat.end)]
        known = [fan for fan in fans if isinstance(fan, (int, float))]
        is_same = fans == fans[: repeat.period] * (1 + repeat.again)
        return "" if is_same or not known else f", fan-in {min(known):g} to {max(known):g}"


DIGITS = re.compile(r"\d+")


def _key(prediction: Prediction) -> tuple[object, ...]:
    """What the rows of a repeat share: everything but widths and numbers."""
    layer = prediction.layer
    is_known = prediction.after.variance is not None
    return (
        DIGITS.sub("#", layer.name),
        layer.op,
        layer.kind,
        layer.place,
        len(layer.inputs),
        is_known,
        prediction.reason,
    )


def _words_and_numbers(shown: Sequence[Prediction], cut: str) -> list[Column]:
    def numbers(heading: str, values: Iterable[str], rank: int) -> Column:
        whole = tuple(values)
        return Column(heading, whole, is_number=True, brief=tuple(_abridged(each, cut) for each in whole), rank=rank)

    return [
        Column("layer", tuple(printable(each.layer.name) or "-" for each in shown), least=LEAST_NAME),
        Column("op", tuple(printable(each.layer.kind or each.layer.op) for each in shown), least=LEAST_WORD),
        Column("line", tuple(short_place(each.layer.place) for each in shown), least=LEAST_WORD, brief=_lines(shown)),
        numbers("fan-in", (_weighted(each, each.layer.fan_in) for each in shown), rank=4),
        numbers("w std", (_weighted(each, _std(each)) for each in shown), rank=3),
        numbers("var in", (_shown(each.before.variance) if each.layer.inputs else "" for each in shown), rank=5),
        numbers("var out", (_shown(each.after.variance) for each in shown), rank=0),
        numbers("gain", (_shown(each.gain) if each.layer.inputs else "" for each in shown), rank=1),
        numbers("back", (_shown(each.backward_gain) if each.layer.inputs else "" for each in shown), rank=2),
    ]


def _lines(shown: Sequence[Prediction]) -> tuple[str, ...] | None:
    """The lines without their file, if it is the same for all."""
    if len({(each.layer.place.path, each.layer.place.cell) for each in shown}) > 1:
        return None
    return tuple(str(each.layer.place.line) for each in shown)


def _std(prediction: Prediction) -> object:
    from initlint.network.point import law_of

    return law_of(prediction.layer).std


def _weighted(prediction: Prediction, value: object) -> str:
    """A number that only layers with weights have."""
    from initlint.network import WEIGHTED

    return _shown(value) if prediction.layer.op in WEIGHTED else ""


def _decades(prediction: Prediction) -> float | None:
    value = prediction.after.variance
    return decades(float(value)) if isinstance(value, (int, float)) else None


def _shown(value: object) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, (int, float)):
        return str(value) if isinstance(value, int) and abs(value) < MOST_WHOLE else compact(float(value))
    return LONG_FRACTION.sub(lambda found: f"{float(found[0]):.3g}", spelled(value))


MOST_WHOLE = 10**7
"""Up to which a whole number is written out."""
LONG_FRACTION = re.compile(r"\d+\.\d{3,}")
"""In a number with symbols, such as ``0.5773502691896257*width**-0.5``."""


def _abridged(text: str, cut: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - len(cut)] + cut
