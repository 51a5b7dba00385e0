"""Trains a model on scikit-learn's digits and says how well that went."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from trainability.model import Model

TRAIN_SAMPLES, BATCH, EVERY = 1347, 64, 40
"""Of 1797 digits three quarters are trained on; accuracy is measured every so many steps."""
STEPS = (400, 1200)
"""By seed, about 19 and 57 times each digit: the second seed is for models that fail with the first, for what is slow, but
learns, is no failure."""
ENOUGH = 0.9
"""Accuracy on digits not trained on at which a run ends: it has trained."""
CHANCE, PATIENCE = 0.15, 0.6
"""Test accuracy up to which a run has learned nothing, and the share of its steps after which it is given up for that."""
CALM = 2.5
"""Cross-entropy, in nats, that a run which stays near ln 10, the loss of one who knows nothing, never exceeds."""
Optimizer: TypeAlias = Callable[..., torch.optim.Optimizer]
OPTIMIZERS: dict[str, tuple[Optimizer, tuple[float, ...]]] = {
    "SGD": (torch.optim.SGD, (0.1, 0.5, 0.02, 0.003)),
    "Adam": (torch.optim.Adam, (1e-3, 1e-2, 1e-4)),
}
"""With the learning rates to try, the likeliest first. SGD has no momentum."""


@dataclass(frozen=True)
class Digits:
    """Pixels `(samples, 64)` of mean 0 and variance 1 over the training samples, and classes `(samples,)`."""

    inputs: Tensor
    classes: Tensor
    test_inputs: Tensor
    test_classes: Tensor


def digits() -> Digits:
    """The same split in every run."""
    pixels, classes = (torch.from_numpy(array) for array in load_digits(return_X_y=True))
    order = torch.randperm(len(classes), generator=torch.Generator().manual_seed(0))
    known, unknown = order[:TRAIN_SAMPLES], order[TRAIN_SAMPLES:]
    spread = pixels[known].std(0)
    inputs = ((pixels - pixels[known].mean(0)) / torch.where(spread > 0, spread, 1.0)).float()
    return Digits(inputs[known], classes[known], inputs[unknown], classes[unknown])


def accuracies(model: Model, optimizer: str, seed: int, data: Digits, rates: Iterable[float] = ()) -> dict[str, float]:
    """Best test accuracy of a run, 0 to 1, by learning rate; all that are to be tried, if none are given.

    No more rates once one has trained, and none below one at which nothing happens: they do less still.
    """
    make, usual = OPTIMIZERS[optimizer]
    reached: dict[str, float] = {}
    least = 0.0
    for rate in rates or usual:
        if rate < least:
            continue
        torch.manual_seed(seed)
        network = build(model)
        run = train(network, make(network.parameters(), lr=rate, fused=True), model, data, STEPS[seed])
        reached[str(rate)] = round(run.accuracy, 4)
        if run.accuracy > ENOUGH:
            break
        least = rate if run.is_inert else least
    return reached


def build(model: Model) -> nn.Module:
    """Runs the source and calls its target."""
    names: dict[str, Any] = {}
    exec(compile(model.source, f"{model.name}.py", "exec"), names)
    network: nn.Module = names[model.target]()
    return network


@dataclass
class Run:
    """What one training run came to."""

    accuracy: float = 0.0
    """The best on the way on digits not trained on, 0 to 1."""
    worst_loss: float = 0.0
    """Infinite once it was not a number."""
    is_given_up: bool = False

    @property
    def is_inert(self) -> bool:
        """Whether it neither learned nor went astray."""
        return self.is_given_up and self.worst_loss < CALM


def train(network: nn.Module, optimizer: torch.optim.Optimizer, model: Model, data: Digits, steps: int) -> Run:
    """Ends early when all is lost or won."""
    inputs, run = data.inputs.view(-1, *model.shape), Run()
    for step in range(1, steps + 1):
        batch = torch.randint(len(inputs), (BATCH,))
        loss = nn.functional.cross_entropy(network(inputs[batch]), data.classes[batch])
        run.worst_loss = max(run.worst_loss, float(loss.detach().nan_to_num(math.inf)))
        if run.worst_loss == math.inf:
            break
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step % EVERY == 0:
            run.accuracy = max(run.accuracy, accuracy(network, model, data))
            run.is_given_up = step >= PATIENCE * steps and run.accuracy <= CHANCE
            if run.is_given_up or run.accuracy > ENOUGH:
                break
    return run


@torch.no_grad()
def accuracy(network: nn.Module, model: Model, data: Digits) -> float:
    """On the digits not trained on, in evaluation mode."""
    network.eval()
    said = network(data.test_inputs.view(-1, *model.shape)).argmax(1)
    network.train()
    return float((said == data.test_classes).float().mean())
