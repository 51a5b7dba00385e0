"""How often a verdict on the scale of a plain network agrees with training it.

Writes the source of many networks (activation x init x depth), lets `initlint.check_text` judge that source, and trains
the very same source on ten Gaussian clusters with each of a few learning rates, of which the best counts. A network
that stays below 90 % accuracy has failed. A finding of any severity but info should mean that plain SGD fails, an error
that Adam fails too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

import initlint
from initlint import Severity

WIDTH, CLASSES, SAMPLES, BATCH, STEPS = 64, 10, 1024, 64, 300
SPREAD = 0.7
"""Distance of the clusters' centres from 0 in units of the noise, per axis: a linear model gets all of them right."""
TRAINED = 0.9
DEPTHS = (3, 6, 12, 24, 48)
ACTIVATIONS = ("nn.ReLU()", "nn.GELU()", "nn.Tanh()", "nn.Sigmoid()")
INITS = {
    "default": "pass",
    "xavier": "nn.init.xavier_normal_(linear.weight)",
    "he": 'nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")',
    "orthogonal": "nn.init.orthogonal_(linear.weight)",
    "std 0.02": "nn.init.normal_(linear.weight, std=0.02)",
    "std 1": "nn.init.normal_(linear.weight)",
    "uniform": "nn.init.uniform_(linear.weight)",
}
SOURCE = """
from torch import nn


def build():
    layers = []
    for _ in range({depth}):
        linear = nn.Linear({width}, {width})
        {init}
        layers += [linear, {activation}]
    return nn.Sequential(*layers, nn.Linear({width}, {classes}))
"""
Optimizer: TypeAlias = "Callable[..., torch.optim.Optimizer]"
OPTIMIZERS: dict[str, tuple[Optimizer, Sequence[float]]] = {
    "SGD": (torch.optim.SGD, (0.01, 0.1, 1.0)),
    "Adam": (torch.optim.Adam, (1e-4, 1e-3, 1e-2)),
}


@dataclass(frozen=True)
class Outcome:
    """What was predicted of a network and what training it gave."""

    name: str
    predicted: Severity
    codes: tuple[str, ...]
    accuracy: dict[str, float]
    """By optimiser."""


def main() -> None:
    """Judge and train every network; print each disagreement and the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch [1]")
    parser.add_argument("--all", action="store_true", help="print every network, not only the disagreements")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    outcomes = []
    for outcome in study():
        outcomes.append(outcome)
        if options.all or disagrees(outcome):
            print(describe(outcome), flush=True)
    print("\n".join(scores(outcomes)))


def study() -> Iterator[Outcome]:
    """The outcome of each network."""
    data = clusters()
    for activation, init, depth in product(ACTIVATIONS, INITS, DEPTHS):
        source = SOURCE.format(activation=activation, init=INITS[init], depth=depth, width=WIDTH, classes=CLASSES)
        found = initlint.check_text(source).findings
        worst = max((one.severity for one in found), key=lambda severity: severity.rank, default=Severity.INFO)
        accuracy = {name: best_accuracy(source, data, *how) for name, how in OPTIMIZERS.items()}
        codes = tuple(sorted({one.code for one in found}))
        yield Outcome(f"{activation} {init} x {depth}", worst, codes, accuracy)


def clusters() -> tuple[Tensor, Tensor]:
    """Inputs `(samples, width)` of mean 0 and variance 1, and classes `(samples,)`."""
    generator = torch.Generator().manual_seed(0)
    classes = torch.randint(CLASSES, (SAMPLES,), generator=generator)
    centres = SPREAD * torch.randn(CLASSES, WIDTH, generator=generator)
    inputs = centres[classes] + torch.randn(SAMPLES, WIDTH, generator=generator)
    return (inputs - inputs.mean(0)) / inputs.std(0), classes


def best_accuracy(source: str, data: tuple[Tensor, Tensor], optimizer: Optimizer, rates: Iterable[float]) -> float:
    """The best over the learning rates, 0 to 1; stops at the first that trains."""
    best = 0.0
    for rate in rates:
        torch.manual_seed(0)
        names: dict[str, Any] = {}
        exec(source, names)
        best = max(best, train(names["build"](), data, lambda weights, lr=rate: optimizer(weights, lr=lr)))
        if best > TRAINED:
            break
    return best


def train(model: nn.Module, data: tuple[Tensor, Tensor], make: Optimizer) -> float:
    """Accuracy on the data trained on, 0 to 1. Stops when all is lost or won."""
    inputs, classes = data
    optimizer = make(model.parameters())
    best = 0.0
    for step in range(STEPS):
        batch = torch.randint(SAMPLES, (BATCH,))
        loss = nn.functional.cross_entropy(model(inputs[batch]), classes[batch])
        if not torch.isfinite(loss):
            break
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step % 50 == 49:
            with torch.no_grad():
                best = max(best, (model(inputs).argmax(1) == classes).float().mean().item())
            if best > TRAINED:
                break
    return best


def disagrees(outcome: Outcome) -> bool:
    """Whether a verdict and training say different things."""
    return any(said != failed for _, said, failed in _verdicts(outcome))


def _verdicts(outcome: Outcome) -> Iterator[tuple[str, bool, bool]]:
    """For each optimiser: whether failure was predicted, and whether it failed."""
    for name, least in (("SGD", Severity.WARNING), ("Adam", Severity.ERROR)):
        yield name, outcome.predicted.reaches(least), outcome.accuracy[name] <= TRAINED


def describe(outcome: Outcome) -> str:
    """One line."""
    reached = ", ".join(f"{name} {share:.2f}" for name, share in outcome.accuracy.items())
    return f"{outcome.name:<28} {outcome.predicted.value:<8} {' '.join(outcome.codes):<8} {reached}"


def scores(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A Markdown table: how far failure was predicted."""
    yield "| optimiser | networks | failed | predicted | of these failed | precision | recall |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name in OPTIMIZERS:
        pairs = [(said, failed) for outcome in outcomes for who, said, failed in _verdicts(outcome) if who == name]
        both, said = pairs.count((True, True)), sum(said for said, _ in pairs)
        failed = sum(failed for _, failed in pairs)
        shares = f"{both / max(said, 1):.0%} | {both / max(failed, 1):.0%}"
        yield f"| {name} | {len(pairs)} | {failed} | {said} | {both} | {shares} |"


if __name__ == "__main__":
    main()
