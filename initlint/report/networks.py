"""The traced models as tables of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from initlint.report.palette import Palette

if TYPE_CHECKING:
    from initlint.network import Network

UNKNOWN = "?"
HEADINGS = ("layer", "op", "line", "fan-in", "weight std", "var in", "var out", "gain", "backward gain")
LEFT_ALIGNED = 2
"""Columns of words; the others are numbers."""


def render(networks: Iterable[Network], palette: Palette) -> str:
    """One table a network."""
    return "".join(f"{line}\n" for network in networks for line in _table(network.as_json(), palette))


def _table(network: Mapping[str, Any], palette: Palette) -> Iterator[str]:
    yield palette.paint(f"{network.get('name')}", "bold") + f" ({network.get('path')}:{network.get('line')})"
    rows = [HEADINGS, *(_row(node) for node in network["nodes"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for number, (row, node) in enumerate(zip(rows, [{}, *network["nodes"]], strict=True)):
        cells = [_aligned(cell, width, column) for column, (cell, width) in enumerate(zip(row, widths, strict=True))]
        line = "  ".join(cells).rstrip()
        yield "  " + (palette.paint(line, "dim") if number == 0 else line) + _reason(node)
    yield ""


def _row(node: Mapping[str, Any]) -> tuple[str, ...]:
    forward, backward = node.get("forward") or {}, node.get("backward") or {}
    numbers = (
        node.get("fan_in"),
        node.get("weight_std"),
        forward.get("variance_in"),
        forward.get("variance_out"),
        forward.get("gain"),
        backward.get("gain"),
    )
    return (str(node.get("name") or "-"), str(node.get("op")), str(node.get("line")), *map(_shown, numbers))


def _reason(node: Mapping[str, Any]) -> str:
    return f"  ({node['reason']})" if node.get("reason") else ""


def _shown(value: object) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < LEFT_ALIGNED else cell.rjust(width)
