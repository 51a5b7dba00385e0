"""Networks on graphs: what of PyTorch Geometric is written out, since it works by inspection of what is derived from it."""

from __future__ import annotations

MESSAGE_PASSING = frozenset(
    f"torch_geometric.nn.{path}MessagePassing" for path in ("", "conv.", "conv.message_passing.")
)
"""Names of the base class of graph convolutions: written out in `initlint/composites/message_passing.py`."""
