"""How far what is said of a model before training agrees with training it.

Judges the generated models of `trainability/`, by reading their source and by probing them, and compares with labels that
come from training them on scikit-learn's digits: of four learning rates of plain SGD, or three of Adam, the best counts.
`--label` trains what has no label, which takes about half an hour; it can be stopped and goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from trainability import fresh, labels
from trainability.catalogue import models
from trainability.judges import JUDGES, Judgement
from trainability.labelling import label
from trainability.model import Model
from trainability.scores import Outcome, agreement, by_family, disagreements, histogram


def main() -> int:
    """Print the tables; 1 while a model has no label."""
    options = _options()
    torch.set_num_threads(options.threads)
    every = fresh.models() if options.fresh else models()
    path = options.labels or (labels.FRESH if options.fresh else labels.LABELS)
    if options.label:
        label(path, every)
    runs = labels.read(path)
    known = [model for model in every if labels.key(model) in runs]
    print(histogram(runs[labels.key(model)] for model in known))
    for name in options.judge:
        outcomes = list(_judged(name, known, runs))
        print("\n".join([f"\n## {name}\n", agreement(outcomes), by_family(outcomes), *disagreements(outcomes)]))
        if options.dump:
            _dump(options.dump, name, outcomes)
    if len(known) < len(every):
        print(f"{len(every) - len(known)} models or their source are new: label them with --label", file=sys.stderr)
    return int(len(known) < len(every))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judge", nargs="*", help=f"of {', '.join(JUDGES)} [all]", default=list(JUDGES))
    parser.add_argument("--label", action="store_true", help="train what has no label")
    parser.add_argument("--labels", type=Path, help="where the labels are [beside the models]")
    parser.add_argument("--fresh", action="store_true", help="the models that no limit was chosen on")
    parser.add_argument("--dump", type=Path, help="also write what was measured of each model to this folder, as JSON")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch [1]")
    return parser.parse_args()


def _judged(name: str, known: Sequence[Model], runs: labels.Runs) -> Iterator[Outcome]:
    judge = JUDGES[name]()
    for model in known:
        yield Outcome(model, judge(model), runs[labels.key(model)])


def _dump(folder: Path, name: str, outcomes: Sequence[Outcome]) -> None:
    document = {outcome.model.name: _entry(outcome.judgement, outcome) for outcome in outcomes}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _entry(judgement: Judgement, outcome: Outcome) -> dict[str, object]:
    failed = {name: outcome.failed(name) for name in labels.OPTIMIZERS}
    return {"failed": failed, "accuracy": outcome.accuracies, **vars(judgement)}


if __name__ == "__main__":
    sys.exit(main())
