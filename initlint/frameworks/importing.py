"""How the modules of a framework are customarily imported."""

from __future__ import annotations

from typing import NamedTuple


class ImportForm(NamedTuple):
    """An import statement, and the name it binds."""

    statement: str
    name: str


IMPORTS = {
    "torch.nn.functional": ImportForm("import torch.nn.functional as F", "F"),
    "torch.nn": ImportForm("from torch import nn", "nn"),
    "tensorflow.keras": ImportForm("from tensorflow import keras", "keras"),
    "tensorflow": ImportForm("import tensorflow as tf", "tf"),
}
"""Dotted name -> what to write to have it. Any other is reached from its outermost package."""


def import_forms(dotted: str) -> list[tuple[str, ImportForm]]:
    """The ways to import a name, the customary one first: what is imported, and how."""
    root = dotted.partition(".")[0]
    known = [(module, form) for module, form in IMPORTS.items() if dotted.startswith(f"{module}.")]
    return [*known[:1], (root, ImportForm(f"import {root}", root))]
