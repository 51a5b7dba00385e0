"""Trains what has no label yet."""

from __future__ import annotations

import json
from pathlib import Path

from trainability import labels
from trainability.model import Model
from trainability.training import accuracies, digits


def label(path: Path, every: list[Model]) -> None:
    """Appends a line for each run to a file beside the labels, so that it can be stopped; then writes the labels."""
    data, journal = digits(), path.with_suffix(".jsonl")
    runs = labels.merged(labels.read(path), labels.read(journal))
    for model, optimizer, seed in labels.missing(every, runs):
        known = runs.setdefault(labels.key(model), {})
        rates = map(float, labels.hopeful_rates(known, optimizer)) if seed else ()
        reached = accuracies(model, optimizer, seed, data, list(rates))
        run = labels.run_name(optimizer, seed)
        with journal.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps((labels.key(model), run, reached)) + "\n")
        known[run] = reached
        print(f"{model.name} {run}: {max(reached.values()):.3f}", flush=True)
    labels.write(path, {labels.key(model): runs[labels.key(model)] for model in every})
    journal.unlink(missing_ok=True)
