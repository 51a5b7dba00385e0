"""The gain of each layer as predicted from source, against what a probe measures of the same network.

Each architecture of the zoo is built and probed three times, with random weights and inputs from N(0, 1), and traced from a
script that builds it by the same call. Of both sides the layers of one place and name are compared, in their order.
Recordings are kept in a folder and measured anew where they are not there. Nothing is left out because it does badly.

Coverage is the share of the measured layers that have a prediction; the error is ``|predicted - measured| / measured``, the
measured gain being that of variances averaged over the builds. The spread is what the same figure would be for one build
against the others: no prediction can be nearer than the draws are to each other.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recordings import RECORDINGS, measure
from scripts import trace
from zoo import ZOO, Architecture

from initlint.finding import Place
from initlint.network import WEIGHTED, Layer
from initlint.network.prediction import Prediction, predict
from initlint.probe.recording import Recording, Row
from initlint.signal.size import as_float, combine

COMPARED = WEIGHTED | {"norm", "activation", "pool", "add", "concat"}
"""Operations that are compared: those that change the signal by a law of their own."""
NOTHING = 1e-12
"""A variance from which on a signal counts as none: what rounding leaves of a constant."""
NEAR = 0.1
"""Relative error up to which a prediction holds."""
MOST_REASONS = 25
SHIFT = "shift"
"""A number that is added: what a probe calls a sum of one signal."""
POWERS, UNNAMED = frozenset({"square", "power"}), "unknown"
"""Activations that a probe has no operation for, and what it calls them."""
Key = tuple[str, str]
"""What a layer is called and its operation; for a call in a ``forward``, where it stands and the operation."""


@dataclass
class Comparison:
    """The measured layers of one architecture, and what became of each."""

    architecture: Architecture
    measured: Counter[str] = field(default_factory=Counter)
    """How many, by operation."""
    errors: list[tuple[str, float]] = field(default_factory=list)
    """Operation and error of those that have a prediction."""
    spread: list[float] = field(default_factory=list)
    """Of all measured layers: the error of the first build, were it taken for the prediction of the others."""
    missing: Counter[str] = field(default_factory=Counter)
    """Why layers have no prediction."""
    wrong: list[tuple[float, str]] = field(default_factory=list)
    """Error and description."""
    problem: str = ""

    @property
    def coverage(self) -> float:
        """Share of the measured layers."""
        total = self.measured.total()
        return len(self.errors) / total if total else 0.0


def main() -> int:
    """Compare all, print the table."""
    options = _options()
    wanted = [each for each in ZOO if re.search(options.only, f"{each.library}/{each.name}")]
    found = []
    print(
        f"{'architecture':<52} {'layers':>6} {'coverage':>8} {'median':>7} {'in 10%':>6}  {'spread':>7} {'in 10%':>6}"
    )
    for architecture in wanted:
        found.append(compare(architecture, options.recordings))
        print(line(found[-1]), flush=True)
        for error, text in sorted(found[-1].wrong, reverse=True)[: options.wrong]:
            print(f"      {error:8.1%} {text}")
    print("\n".join(summary(found)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="regular expression for library/name")
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, help="folder of what was measured before")
    parser.add_argument("--wrong", type=int, default=0, metavar="N", help="show the N worst layers of each")
    return parser.parse_args()


# ------------------------------------------------------------------------------------------------------------ comparing


def compare(architecture: Architecture, recordings: Path) -> Comparison:
    """Measure and trace one, and match the layers."""
    found = Comparison(architecture)
    try:
        builds = Builds(measure(architecture, recordings))
    except Exception as error:
        found.problem = f"not measured: {type(error).__name__}: {' '.join(str(error).split())[:150]}"
        return found
    first = builds.recordings[0]
    network = trace(architecture, recordings, first.model)
    known = _by_key(predict(network, list(first.shapes.values()))) if network is not None else {}
    keys = {row.id: next((key for key in _keys_of_row(row) if key in known), ("", row.op)) for row in first.rows}
    counts = Counter(keys.values())
    seen: Counter[Key] = Counter()
    for row in first.rows:
        value, key = builds.gain(row), keys[row.id]
        seen[key] += 1
        if row.op not in COMPARED or value is None:
            continue
        found.measured[row.op] += 1
        found.spread += builds.spread(row)
        same = known.get(key, [])
        if key[0] == _spot(row.called) and len(same) != counts[key]:
            same = []  # of the calls at one place some were not traced: which is which is not known
        prediction = same[min(seen[key], len(same)) - 1] if same else None
        _note(found, row, value, prediction)
    return found


class Builds:
    """Recordings of several builds of one architecture, all with the same rows."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self._rows = [{row.id: row for row in each.rows} for each in recordings]

    def gain(self, row: Row, builds: slice = slice(None)) -> float | None:
        """Variance behind a layer over that before it, both averaged over builds; of a source the variance itself."""
        rows = self._rows[builds]
        after = statistics.fmean(each[row.id].output.variance for each in rows)
        is_source = not row.inputs or row.op == "embedding"
        before = 1.0 if is_source else statistics.fmean(each[row.inputs[0]].output.variance for each in rows)
        if not (math.isfinite(before) and math.isfinite(after)) or before < NOTHING:
            return None
        return after / before

    def spread(self, row: Row) -> list[float]:
        """Error of the gain in the first build against that in the others; nothing where there is but one."""
        if len(self.recordings) < 2:
            return []
        one, others = self.gain(row, slice(1)), self.gain(row, slice(1, None))
        return [error_of(one, others)] if one is not None and others is not None else []


def error_of(value: float, measured: float) -> float:
    """Relative; of what is nothing, whether the other is nothing too."""
    return abs(value - measured) / measured if measured > NOTHING else float(abs(value) > NOTHING)


def predicted_gain(prediction: Prediction) -> float | None:
    """Likewise, of a prediction, for tensors of the size that was measured."""
    before, after = prediction.seen
    if prediction.layer.op == "embedding" or not prediction.layer.inputs:
        return as_float(after)
    return as_float(combine(lambda out, into: out / into, after, before))


def _note(found: Comparison, row: Row, measured: float, prediction: Prediction | None) -> None:
    if prediction is None:
        found.missing[f"not traced: {row.op}"] += 1
        return
    value = predicted_gain(prediction)
    if value is None:
        found.missing[prediction.reason or f"unknown before {row.op}"] += 1
        return
    error = error_of(value, measured)
    found.errors.append((row.op, error))
    where = row.called or row.built
    text = f"{row.name} {row.kind} {row.output.shape}: predicted {value:.4g}, measured {measured:.4g}"
    found.wrong.append((error, text + (f" ({Path(where.path).name}:{where.line})" if where is not None else "")))


def _keys_of_row(row: Row) -> list[Key]:
    """What it may be called on the other side: by its module, by its weight, or by where it is called."""
    weight = row.weight.partition("#")[0] if row.op in WEIGHTED else ""  # numbered: not the registered tensor
    names = [row.name if row.is_module else "", weight, _spot(row.called)]
    ops = [SHIFT, row.op] if row.op == "add" and len(row.inputs) == 1 else [row.op]
    return [(name, op) for op in ops for name in names if name]


def _by_key(predictions: Iterable[Prediction]) -> dict[Key, list[Prediction]]:
    found: dict[Key, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        found[_key_of_layer(prediction.layer)].append(prediction)
    return found


def _key_of_layer(layer: Layer) -> Key:
    is_shift = layer.op == "scale" and "offset" in layer.options
    op = SHIFT if is_shift else UNNAMED if layer.activation in POWERS else layer.op
    return layer.name or _spot(layer.place), op


def _spot(place: Place | None) -> str:
    return f"{Path(place.path).name}:{place.line}" if place is not None else ""


# ------------------------------------------------------------------------------------------------------------ reporting


def line(found: Comparison) -> str:
    """One row of the table."""
    name = f"{found.architecture.library}/{found.architecture.name}"
    if found.problem:
        return f"{name:<52} {found.problem}"
    return f"{name:<52} {_figures(found.measured.total(), [error for _, error in found.errors], found.spread)}"


def _figures(measured: int, errors: Sequence[float], spread: Sequence[float] = ()) -> str:
    """Count, coverage, median error and share within 10 %; the last two also of one build against the others."""
    shown = f"{measured:>6} {len(errors) / max(measured, 1):>8.1%} {_accuracy(errors)}"
    return f"{shown}  {_accuracy(spread)}" if spread else shown


def _accuracy(errors: Sequence[float]) -> str:
    if not errors:
        return f"{'-':>7} {'-':>6}"
    return f"{statistics.median(errors):>7.1%} {sum(error <= NEAR for error in errors) / len(errors):>6.0%}"


def summary(found: Sequence[Comparison]) -> Iterator[str]:
    """Totals, by operation and over all, and why there is no prediction."""
    measured = sum((each.measured for each in found), Counter[str]())
    errors = [pair for each in found for pair in each.errors]
    yield ""
    for library in dict.fromkeys(each.architecture.library for each in found):
        own = [each for each in found if each.architecture.library == library]
        pairs = [error for each in own for _, error in each.errors]
        spread = [error for each in own for error in each.spread]
        yield f"{f'{library}, {len(own)}':<52} {_figures(sum(e.measured.total() for e in own), pairs, spread)}"
    yield ""
    for op, count in measured.most_common():
        yield f"{op:<52} {_figures(count, [error for other, error in errors if other == op])}"
    failed = sum(bool(each.problem) for each in found)
    spread = [error for each in found for error in each.spread]
    total = _figures(measured.total(), [error for _, error in errors], spread)
    yield f"{f'all of {len(found)}, {failed} not measured':<52} {total}"
    yield "\nno prediction:"
    for reason, count in sum((each.missing for each in found), Counter[str]()).most_common(MOST_REASONS):
        yield f"  {count:>6} {reason}"


if __name__ == "__main__":
    sys.exit(main())
