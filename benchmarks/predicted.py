"""The gain of each layer as predicted from source, against what a probe measures of the same network.

Each architecture of the zoo is built and probed once, with random weights and inputs from N(0, 1), and traced from a script
that builds it by the same call. Of both sides the layers of one place and name are compared, in their order. Recordings are
kept in a folder and measured anew where they are not there. Nothing is left out because it does badly.

Coverage is the share of the measured layers that have a prediction; the error is ``|predicted - measured| / measured``.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from packages import FOLDER
from zoo import CONFIGURATIONS, ZOO, Architecture, declare_missing_operators

from initlint.finding import Place
from initlint.gathering import Gathered
from initlint.network import WEIGHTED, Layer, Network
from initlint.network.prediction import Prediction, predict
from initlint.probe.recording import Recording, Row
from initlint.signal.size import as_float, combine
from initlint.tracing import trace_script

HERE = Path(__file__).parent
RECORDINGS = FOLDER / ".recordings"
COMPARED = WEIGHTED | {"norm", "activation", "pool", "add", "concat"}
"""Operations that are compared: those that change the signal by a law of their own."""
BATCH = 4
"""Samples: enough for a batch norm, and little to wait for."""
NOTHING = 1e-12
"""A variance from which on a signal counts as none: what rounding leaves of a constant."""
NEAR = 0.1
"""Relative error up to which a prediction holds."""
MOST_REASONS = 25
LIBRARIES = ("torchvision", "timm", "transformers")
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
    print(f"{'architecture':<52} {'layers':>6} {'coverage':>8} {'median':>7} {'in 10%':>6}")
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


# ------------------------------------------------------------------------------------------------------------ measuring


def measure(architecture: Architecture, under: Path) -> Recording:
    """What a probe records of it; kept under the folder."""
    kept = under / f"{architecture.library}-{architecture.name}.msgpack"
    if not kept.exists():
        under.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(msgspec.msgpack.encode(_record(architecture)))
    return msgspec.msgpack.decode(kept.read_bytes(), type=Recording)


def _record(architecture: Architecture) -> Recording:
    from initlint.probe import session
    from initlint.probe.request import Request

    given = tuple(re.sub(r"^\d+,", f"{BATCH},", text) for text in architecture.inputs)
    request = Request(
        target=f"{HERE / 'zoo.py'}:{architecture.library}_model",
        arguments={"name": architecture.name},
        inputs=given,
        batch=None if given else BATCH,
        device="cpu",
        seeds=1,
        passes=(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return session.run(request, lambda stage: None)


# -------------------------------------------------------------------------------------------------------------- tracing


def trace(architecture: Architecture, under: Path, model: str = "") -> Network | None:
    """The network that `check` reads from a script that builds the architecture; the script is kept, too."""
    kept = under / f"{architecture.library}-{architecture.name}.txt"
    if not kept.exists():
        kept.write_text(script(architecture), encoding="utf-8")
    with TemporaryDirectory() as folder:
        for name in LIBRARIES:
            found = find_spec(name)
            if found is not None and found.origin is not None:
                Path(folder, name).symlink_to(Path(found.origin).parent)
        gathered = Gathered.from_text(kept.read_text(encoding="utf-8"), str(Path(folder, "script.py")))
        (module,) = gathered.program.modules
        networks = list(trace_script(gathered.program, module))
    return max(networks, key=lambda each: (each.name == model, len(each.layers)), default=None)


def script(architecture: Architecture) -> str:
    """Source that builds it as the zoo does."""
    declare_missing_operators()
    return {"torchvision": _torchvision, "timm": _timm, "transformers": _transformers}[architecture.library](
        architecture.name
    )


def _torchvision(name: str) -> str:
    builder = import_module("torchvision.models").get_model_builder(name)
    options = "weights=None, weights_backbone=None" if "backbone" in str(builder.__annotations__) else "weights=None"
    return f"from {builder.__module__} import {name}\nmodel = {name}({options})\n"


def _timm(name: str) -> str:
    entry = import_module("timm.models").model_entrypoint(name)
    return f"from {entry.__module__} import {name}\nmodel = {name}()\n"


def _transformers(name: str) -> str:
    transformers = import_module("transformers")
    kind, options = CONFIGURATIONS[name]
    model, configuration = getattr(transformers, name), getattr(transformers, kind)
    given = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return (
        f"from {model.__module__} import {name}\nfrom {configuration.__module__} import {kind}\n"
        f"model = {name}({kind}({given}))\n"
    )


# ------------------------------------------------------------------------------------------------------------ comparing


def compare(architecture: Architecture, recordings: Path) -> Comparison:
    """Measure and trace one, and match the layers."""
    found = Comparison(architecture)
    try:
        recording = measure(architecture, recordings)
    except Exception as error:
        found.problem = f"not measured: {type(error).__name__}: {' '.join(str(error).split())[:150]}"
        return found
    network = trace(architecture, recordings, recording.model)
    known = _by_key(predict(network, list(recording.shapes.values()))) if network is not None else {}
    rows = {row.id: row for row in recording.rows}
    keys = {row.id: next((key for key in _keys_of_row(row) if key in known), ("", row.op)) for row in recording.rows}
    counts = Counter(keys.values())
    seen: Counter[Key] = Counter()
    for row in recording.rows:
        value, key = gain_of(row, rows), keys[row.id]
        seen[key] += 1
        if row.op not in COMPARED or value is None:
            continue
        found.measured[row.op] += 1
        same = known.get(key, [])
        if key[0] == _spot(row.called) and len(same) != counts[key]:
            same = []  # of the calls at one place some were not traced: which is which is not known
        prediction = same[min(seen[key], len(same)) - 1] if same else None
        _note(found, row, value, prediction, rows)
    return found


def gain_of(row: Row, rows: Mapping[int, Row]) -> float | None:
    """Measured variance behind it over that before it; of a source the variance itself."""
    before = rows[row.inputs[0]].output.variance if row.inputs and row.op != "embedding" else 1.0
    after = row.output.variance
    if not (math.isfinite(before) and math.isfinite(after)) or before < NOTHING:
        return None
    return after / before


def predicted_gain(prediction: Prediction) -> float | None:
    """Likewise, of a prediction."""
    if prediction.layer.op == "embedding" or not prediction.layer.inputs:
        return as_float(prediction.after.variance)
    return as_float(combine(lambda gain: gain, prediction.gain))


def _note(found: Comparison, row: Row, measured: float, prediction: Prediction | None, rows: Mapping[int, Row]) -> None:
    if prediction is None:
        found.missing[f"not traced: {row.op}"] += 1
        return
    value = predicted_gain(prediction)
    if value is None:
        found.missing[prediction.reason or f"unknown before {row.op}"] += 1
        return
    error = abs(value - measured) / measured if measured > NOTHING else float(abs(value) > NOTHING)
    found.errors.append((row.op, error))
    where = row.called or row.built
    text = f"{row.name} {row.kind} {row.output.shape}: predicted {value:.4g}, measured {measured:.4g}"
    found.wrong.append((error, text + (f" ({Path(where.path).name}:{where.line})" if where is not None else "")))


def _keys_of_row(row: Row) -> list[Key]:
    """What it may be called on the other side: by its module, by its weight, or by where it is called."""
    names = [row.name if row.is_module else "", row.weight if row.op in WEIGHTED else "", _spot(row.called)]
    return [(name, row.op) for name in names if name]


def _by_key(predictions: Iterable[Prediction]) -> dict[Key, list[Prediction]]:
    found: dict[Key, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        found[_key_of_layer(prediction.layer)].append(prediction)
    return found


def _key_of_layer(layer: Layer) -> Key:
    return layer.name or _spot(layer.place), layer.op


def _spot(place: Place | None) -> str:
    return f"{Path(place.path).name}:{place.line}" if place is not None else ""


# ------------------------------------------------------------------------------------------------------------ reporting


def line(found: Comparison) -> str:
    """One row of the table."""
    name = f"{found.architecture.library}/{found.architecture.name}"
    if found.problem:
        return f"{name:<52} {found.problem}"
    return f"{name:<52} {_figures(found.measured.total(), [error for _, error in found.errors])}"


def _figures(measured: int, errors: Sequence[float]) -> str:
    """Count, coverage, median error and share within 10 %."""
    shown = f"{measured:>6} {len(errors) / max(measured, 1):>8.1%}"
    if not errors:
        return f"{shown} {'-':>7} {'-':>6}"
    within = sum(error <= NEAR for error in errors) / len(errors)
    return f"{shown} {statistics.median(errors):>7.1%} {within:>6.0%}"


def summary(found: Sequence[Comparison]) -> Iterator[str]:
    """Totals, by operation and over all, and why there is no prediction."""
    measured = sum((each.measured for each in found), Counter[str]())
    errors = [pair for each in found for pair in each.errors]
    yield ""
    for op, count in measured.most_common():
        yield f"{op:<52} {_figures(count, [error for other, error in errors if other == op])}"
    failed = sum(bool(each.problem) for each in found)
    yield f"{f'all of {len(found)}, {failed} not measured':<52} {_figures(measured.total(), [error for _, error in errors])}"
    yield "\nno prediction:"
    for reason, count in sum((each.missing for each in found), Counter[str]()).most_common(MOST_REASONS):
        yield f"  {count:>6} {reason}"


if __name__ == "__main__":
    sys.exit(main())
