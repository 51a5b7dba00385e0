"""The traced models with their predicted numbers, as JSON values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from initlint.network import Network
    from initlint.network.prediction import Prediction


def describe(network: Network) -> dict[str, Any]:
    """One network: what is not known is ``None``, with a ``reason``; a size that has only a name is a string.

    ``reasons`` are those of parts that stand in no node; ``verdict`` and ``score`` are what a probe is expected to say,
    ``None`` where an operation of the network is not known.
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
        "reasons": [{"path": where.path, "line": where.line, "reason": reason} for where, reason in network.reasons],
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
    return value if value is None or isinstance(value, (int, float)) else spelled(value)


def spelled(value: object) -> str:
    """A symbolic number; what has no name in it is a question mark."""
    return NAMELESS.sub("?", str(value))


NAMELESS = re.compile(r"\?[0-9a-f]+")
"""How a width is told from others that the source does not name, as the tracer writes it."""
