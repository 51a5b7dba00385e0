"""How far judgements agree with training, in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tables import table

from trainability import labels
from trainability.judges import Judgement
from trainability.model import Model
from trainability.ranking import precision_recall, roc_auc

LIMITS = {"broken": ("broken",), "at risk or broken": ("at risk", "broken")}
"""Which verdicts say that a model will fail."""


@dataclass(frozen=True)
class Outcome:
    """What was said of a model and what training gave."""

    model: Model
    judgement: Judgement
    runs: labels.ModelRuns

    @property
    def accuracies(self) -> dict[str, float]:
        """The best of all runs, by optimiser."""
        found = {name: labels.best(self.runs, name) for name in labels.OPTIMIZERS}
        return {name: best for name, best in found.items() if best is not None}

    def failed(self, optimizer: str) -> bool:
        """Whether no run of it got beyond the limit."""
        return self.accuracies[optimizer] <= labels.TRAINED


def histogram(every: Iterable[labels.ModelRuns]) -> str:
    """How many models reached which test accuracy, for each optimiser: two heaps with little between them."""
    runs = list(every)
    rows = []
    for name in labels.OPTIMIZERS:
        reached = [found for one in runs if (found := labels.best(one, name)) is not None]
        counted = Counter(min(int(10 * accuracy), 9) for accuracy in reached)
        failed = sum(accuracy <= labels.TRAINED for accuracy in reached)
        rows.append((name, len(reached), failed, *(counted[tenth] for tenth in range(10))))
    return table(("optimiser", "models", "failed", *(f"from {tenth / 10}" for tenth in range(10))), rows)


def agreement(outcomes: Sequence[Outcome]) -> str:
    """AUC of the score, precision and recall of the verdict, against each optimiser that all were trained with.

    Once more without the models that learned something, but not enough: of these training itself is not sure.
    """
    rows: list[tuple[object, ...]] = []
    for name in labels.OPTIMIZERS:
        if all(name in outcome.accuracies for outcome in outcomes):
            clear = [outcome for outcome in outcomes if not labels.CHANCE < outcome.accuracies[name] <= labels.TRAINED]
            rows += _agreement(outcomes, name, name)
            rows += _agreement(clear, name, f"{name}, clearly")
    return table(("fails under", "models", "failed", "AUC", "said to fail if", "precision", "recall"), rows)


def _agreement(outcomes: Sequence[Outcome], optimizer: str, title: str) -> Iterator[tuple[object, ...]]:
    sick = [outcome.judgement.score for outcome in outcomes if outcome.failed(optimizer)]
    healthy = [outcome.judgement.score for outcome in outcomes if not outcome.failed(optimizer)]
    auc = f"{roc_auc(healthy, sick):.3f}"
    for limit, verdicts in LIMITS.items():
        pairs = [(outcome.judgement.verdict in verdicts, outcome.failed(optimizer)) for outcome in outcomes]
        precision, recall = precision_recall(pairs)
        yield title, len(outcomes), len(sick), auc, limit, f"{precision:.1%}", f"{recall:.1%}"


def by_family(outcomes: Sequence[Outcome]) -> str:
    """Right and wrong verdicts against plain SGD, "at risk" counted as failing."""
    counts: dict[str, Counter[tuple[bool, bool]]] = {}
    for outcome in outcomes:
        counts.setdefault(outcome.model.family, Counter())[is_suspect(outcome), outcome.failed("SGD")] += 1
    rows = [
        (family, count.total(), *(count[said, failed] for said, failed in ORDER)) for family, count in counts.items()
    ]
    together = ("together", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    headings = ("family", "models", "failed, said so", "failed, missed", "trained, said to fail", "trained, said so")
    return table(headings, [*rows, together])


ORDER = ((True, True), (False, True), (True, False), (False, False))


def is_suspect(outcome: Outcome) -> bool:
    """Whether its verdict is not "healthy"."""
    return outcome.judgement.verdict != "healthy"


def disagreements(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A line for each verdict that plain SGD does not confirm, with what was said and what came."""
    for outcome in outcomes:
        if is_suspect(outcome) != outcome.failed("SGD"):
            kind = "missed" if outcome.failed("SGD") else "false alarm"
            reached = ", ".join(f"{name} {accuracy:.2f}" for name, accuracy in outcome.accuracies.items())
            said = f"{outcome.judgement.verdict} {outcome.judgement.score:.2f}"
            yield f"{kind:<11} {outcome.model.name:<44} {said:<13} {reached}  {outcome.judgement.codes}"
