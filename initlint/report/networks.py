"""The traced models with their predicted numbers: as JSON values and as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from initlint.report.palette import Palette

if TYPE_CHECKING:
    from initlint.network import Network
    from initlint.network.prediction import Prediction

UNKNOWN = "?"
HEADINGS = ("layer", "op", "line", "fan-in", "weight std", "var in", "var out", "gain", "backward gain")
LEFT_ALIGNED = 2
"""Columns of words; the others are numbers."""


def describe(network: Network) -> dict[str, Any]:
    """One network: what is not known is ``None``, with a ``reason``; a size that has only a name is a string.

    ``verdict`` and ``score`` are what a probe is expected to say, ``None`` where an operation of the network is not known.
    """
    from initlint.diagnosis.forecast import forecast
    from initlint.network.prediction import predict

    place, health = network.place, forecast(network)
    return {
        "name": network.name,
        "path": place.path,
        "line": place.line,
        "verdict": None if health is None else health.verdict,
        "score": None if health is None else health.score,
        "nodes": [_node(prediction) for prediction in predict(network)],
    }


def _node(prediction: Prediction) -> dict[str, Any]:
    from initlint.network import WEIGHTED
    from initlint.network.point import law_of
    from initlint.signal.distribution import Distribution
    from initlint.signal.size import combine

    layer = prediction.layer
    law = law_of(layer) if layer.op in WEIGHTED else Distribution.unknown()
    return {
        "name": layer.name,
        "op": layer.kind or layer.op,
        "path": layer.place.path,
        "line": layer.place.line,
        "fan_in": _value(layer.fan_in),
        "fan_out": _value(layer.fan_out),
        "weight_std": _value(combine(lambda variance: variance**0.5, law.variance)),
        "weight_mean": _value(law.mean),
        "forward": {
            "variance_in": _value(prediction.before.variance),
            "variance_out": _value(prediction.after.variance),
            "gain": _value(prediction.gain),
        },
        "backward": {"gain": _value(prediction.backward_gain)},
        "reason": prediction.reason or None,
    }


def _value(value: object) -> int | float | str | None:
    return value if value is None or isinstance(value, (int, float)) else str(value)


def render(networks: Iterable[Network], palette: Palette) -> str:
    """One table a network."""
    return "".join(f"{line}\n" for network in networks for line in _table(describe(network), palette))


def _table(network: Mapping[str, Any], palette: Palette) -> Iterator[str]:
    yield f"{palette.paint(network['name'], 'bold')} ({network['path']}:{network['line']})"
    rows = [HEADINGS, *map(_row, network["nodes"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    heading, *lines = (_line(row, widths) for row in rows)
    yield f"  {palette.paint(heading, 'dim')}"
    for line, node in zip(lines, network["nodes"], strict=True):
        yield f"  {line}" + (f"  ({node['reason']})" if node["reason"] else "")
    yield ""


def _row(node: Mapping[str, Any]) -> tuple[str, ...]:
    has_weight = node["fan_in"] is not None or node["weight_std"] is not None
    weight = (_shown(node["fan_in"]), _shown(node["weight_std"])) if has_weight else ("", "")
    forward, backward = node["forward"], node["backward"]
    signal = (forward["variance_in"], forward["variance_out"], forward["gain"], backward["gain"])
    return (node["name"] or "-", node["op"], str(node["line"]), *weight, *map(_shown, signal))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.ljust(width) if column < LEFT_ALIGNED else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _shown(value: object) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.4g}" if isinstance(value, float) else LONG_FRACTION.sub(_shortened, str(value))


LONG_FRACTION = re.compile(r"\d+\.\d{4,}")
"""In a number with symbols, such as ``0.5773502691896257*width**-0.5``."""


def _shortened(fraction: re.Match[str]) -> str:
    return f"{float(fraction[0]):.4g}"
