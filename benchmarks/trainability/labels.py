"""What training gave for each model, kept as data."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from trainability.model import Model

LABELS = Path(__file__).parent / "labels.json"
FRESH = Path(__file__).parent / "labels_fresh.json"
"""Of the models that no limit was chosen on."""
TRAINED = 0.8
"""Test accuracy, 0 to 1, above which a model has learned."""
CHANCE = 0.2
"""Test accuracy, 0 to 1, up to which it has learned next to nothing: ten classes give 0.1."""
ORDER = (("SGD", 0), ("SGD", 1), ("Adam", 0))
"""Optimiser and seed of the runs, what matters most first."""

OPTIMIZERS = ("SGD", "Adam")
"""Plain SGD, which the limits of the theory speak of, and what forgives most of what it does not."""
ModelRuns: TypeAlias = dict[str, dict[str, float]]
"""By optimiser and seed: accuracy by learning rate."""
Runs: TypeAlias = dict[str, ModelRuns]
"""By model and source."""


def key(model: Model) -> str:
    """Name and source: a model whose source has changed is another one."""
    return f"{model.name} {model.digest}"


def run_name(optimizer: str, seed: int) -> str:
    """As it stands in the file."""
    return f"{optimizer} {seed}"


def read(path: Path) -> Runs:
    """Of a file with a document, or with a line for each run."""
    if not path.exists():
        return {}
    if path.suffix == ".json":
        document: Runs = json.loads(path.read_text(encoding="utf-8"))
        return document
    runs: Runs = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, run, reached = json.loads(line)
        runs.setdefault(name, {})[run] = reached
    return runs


def merged(first: Runs, second: Runs) -> Runs:
    """All runs of both."""
    return {name: first.get(name, {}) | second.get(name, {}) for name in {**first, **second}}


def write(path: Path, runs: Runs) -> None:
    """One line for each model, sorted, so that a new label changes one line."""
    lines = [f"{json.dumps(name)}: {json.dumps(runs[name], sort_keys=True)}" for name in sorted(runs)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def missing(models: Iterable[Model], runs: Runs) -> Iterator[tuple[Model, str, int]]:
    """The runs still to do: all families from the start, so that a part is already a fair sample.

    Looks at the runs when it comes to a model: what has trained with one seed needs no other.
    """
    mixed = sorted(models, key=lambda model: random.Random(model.name).random())
    for optimizer, seed in ORDER:
        for model in mixed:
            known = runs.get(key(model), {})
            if run_name(optimizer, seed) not in known and not has_trained(known, optimizer):
                yield model, optimizer, seed


def has_trained(known: ModelRuns, optimizer: str) -> bool:
    """Whether some run of it got beyond the limit."""
    reached = best(known, optimizer)
    return reached is not None and reached > TRAINED


def hopeful_rates(known: ModelRuns, optimizer: str) -> list[str]:
    """The learning rates for a second seed: the two that got farthest with the first; none if all stayed at chance."""
    reached = known[run_name(optimizer, 0)]
    ranked = sorted(reached, key=lambda rate: reached[rate], reverse=True)
    return ranked[:2] if reached[ranked[0]] > CHANCE else []


def best(runs: ModelRuns, optimizer: str) -> float | None:
    """Accuracy over learning rates and seeds, or nothing where it was not trained."""
    reached = [rate for run, rates in runs.items() if run.startswith(f"{optimizer} ") for rate in rates.values()]
    return max(reached, default=None)
