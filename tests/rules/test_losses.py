"""What is said of activations that a loss does not expect (INL503), and how its fixes differ in safety."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import torch
from torch.nn import functional

from initlint import Finding, check

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, classes=7):
        super().__init__()
        self.fc1 = nn.Linear(20, 16)
        self.fc2 = nn.Linear(16, classes)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


def step(net: Net, x, y):
"""


def findings(tmp_path: Path, body: str) -> list[Finding]:
    """What is reported of a function whose body is given."""
    path = tmp_path / "step.py"
    path.write_text(HEAD + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines()), encoding="utf-8")
    return list(check(path, isolated=True, select=["INL503"]).findings)


def predicted(found: list[Finding], what: str) -> object:
    assert len(found) == 1 and found[0].predicted is not None
    return found[0].predicted[what]


# -------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("activation", ["softmax(net(x), dim=1)", "sigmoid(net(x))"])
def test_the_least_cross_entropy_is_that_of_the_most_extreme_probabilities(tmp_path: Path, activation: str) -> None:
    found = findings(tmp_path, f"return F.cross_entropy(torch.{activation}, y)")
    extreme = functional.one_hot(torch.tensor([3]), 7).double()
    assert predicted(found, "classes") == 7
    assert predicted(found, "least_loss") == pytest.approx(functional.cross_entropy(extreme, torch.tensor([3])).item())


def test_the_least_binary_loss_is_that_of_a_probability_of_one(tmp_path: Path) -> None:
    found = findings(tmp_path, "return F.binary_cross_entropy_with_logits(net(x).sigmoid(), y)")
    one = torch.ones(1, dtype=torch.float64)
    assert predicted(found, "least_loss") == pytest.approx(functional.binary_cross_entropy_with_logits(one, one).item())


def test_a_softmax_starts_with_a_gradient_smaller_by_the_number_of_classes() -> None:
    """What the message states, measured where all classes are equally likely."""
    target = torch.tensor([3])
    once = torch.zeros(1, 7, requires_grad=True)
    twice = torch.zeros(1, 7, requires_grad=True)
    functional.cross_entropy(once, target).backward()
    functional.cross_entropy(twice.softmax(dim=1), target).backward()  # initlint: ignore[INL503]
    assert once.grad is not None and twice.grad is not None
    assert torch.allclose(twice.grad, once.grad / 7)


def test_the_classes_are_read_from_the_layer_where_no_network_is_traced(tmp_path: Path) -> None:
    body = """
        head = nn.Linear(16, 5)
        return F.cross_entropy(F.softmax(head(unknown(x)), dim=1), y)
    """
    assert predicted(findings(tmp_path, body), "classes") == 5


# ---------------------------------------------------------------------------------------------------------------- fixes


SAFE = {
    "removed in the call of the loss": "return F.cross_entropy(F.softmax(net(x), dim=1), y)",
    "removed where the loss alone uses the name": """
        out = net(x).sigmoid()
        return F.binary_cross_entropy_with_logits(out, y)
    """,
    "another loss": "return nn.NLLLoss()(net(x), y)",
}
UNSAFE = {
    "others use the probabilities": """
        out = torch.softmax(net(x), dim=1)
        print(out.mean())
        return F.cross_entropy(out, y)
    """,
    "the loss is also given what it takes": """
        criterion = nn.NLLLoss()
        return criterion(net(x), y) + criterion(F.log_softmax(net(x), dim=1), y)
    """,
    "the loss is also given what is not known": """
        criterion = nn.BCELoss()
        return criterion(net(x), y) + criterion(other(x), y)
    """,
}


@pytest.mark.parametrize("body", SAFE.values(), ids=SAFE.keys())
def test_a_fix_that_the_loss_alone_sees_is_safe(tmp_path: Path, body: str) -> None:
    (found,) = findings(tmp_path, body)
    assert found.patch is not None and found.patch.safe


@pytest.mark.parametrize("body", UNSAFE.values(), ids=UNSAFE.keys())
def test_a_fix_that_others_may_see_is_unsafe(tmp_path: Path, body: str) -> None:
    (found,) = findings(tmp_path, body)
    assert found.patch is not None and not found.patch.safe


# --------------------------------------------------------------------------------------------------------------- silent


SILENT = {
    "a probability put together": "return F.nll_loss(torch.log(0.9 * F.softmax(net(x), dim=1) + 0.1 / 7), y)",
    "a method of what is no tensor": "return F.cross_entropy(sampler.softmax(x, y), y)",
    "either raw or not": "return F.cross_entropy(net(x) if x.ndim > 1 else net(x).softmax(dim=1), y)",
    "scaled behind the softmax": "return F.cross_entropy(10 * net(x).softmax(dim=1), y)",
    "a loss among unknown ones": "return (F.nll_loss if x.ndim > 1 else chosen)(net(x), y)",
    "clamped into the range": "return F.binary_cross_entropy(net(x).clamp(0, 1), y)",
}


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT.keys())
def test_what_is_not_certain_is_not_reported(tmp_path: Path, body: str) -> None:
    assert findings(tmp_path, body) == []
