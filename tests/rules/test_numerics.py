"""How far the rules on numerics follow a value, and that what they predict is what PyTorch computes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from initlint import check_text

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\ndef loss(x, y, flag, items):\n"
FOLLOWED = {
    "a name": "p = F.softmax(x, 1)\nreturn torch.log(p)",
    "a name given on": "p = F.softmax(x, 1)\nq = p\nreturn q.log()",
    "a part": "p = x.softmax(-1)\nreturn torch.log(p[:, 0].squeeze(-1).float())",
    "a tuple": "p, q = F.softmax(x, 1), y\nreturn torch.log(p)",
    "both branches": "if flag:\n    p = F.softmax(x, 1)\nelse:\n    p = F.softmax(y, 1)\nreturn torch.log(p)",
    "a branch that leaves": "p = F.softmax(x, 1)\nif flag:\n    p = y\n    return p\nreturn torch.log(p)",
    "a conditional": "p = F.softmax(x, 1) if flag else F.softmax(y, 1)\nreturn torch.log(p)",
    "the body of a loop": "for item in items:\n    p = F.softmax(item, 1)\n    x = x + torch.log(p)\nreturn x",
    "around a loop": "p = F.softmax(x, 1)\nfor _ in items:\n    p = p[1:]\nreturn torch.log(p)",
    "a module made on the way": "return torch.log(nn.Softmax(dim=1)(x))",
    "a sequential": "net = nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1), nn.Flatten())\nreturn torch.log(net(x))",
    "an inner function": "def soft(z):\n    return F.softmax(z, 1)\nreturn torch.log(soft(x))",
    "a walrus": "if (p := F.softmax(x, 1)) is not None:\n    return p.log()",
    "a try": "try:\n    p = F.softmax(x, 1)\nfinally:\n    y = 1\nreturn torch.log(p)",
}
NOT_FOLLOWED = {
    "another value": "p = F.softmax(x, 1)\np = y\nreturn torch.log(p)",
    "one branch only": "p = x\nif flag:\n    p = F.softmax(x, 1)\nreturn torch.log(p)",
    "a write in place": "p = F.softmax(x, 1)\np.add_(1e-3)\nreturn torch.log(p)",
    "a write of a part": "p = F.softmax(x, 1)\np[:, 0] = 1\nreturn torch.log(p)",
    "an operator in place": "p = F.softmax(x, 1)\np += y\nreturn torch.log(p)",
    "a change in a loop": "p = F.softmax(x, 1)\nfor item in items:\n    y = torch.log(p)\n    p = p * item\nreturn y",
    "a break": "p = F.softmax(x, 1)\nfor item in items:\n    if item:\n        p = item\n        break\nreturn torch.log(p)",
    "a handler": "p = y\ntry:\n    p = F.softmax(x, 1)\nexcept ValueError:\n    pass\nreturn torch.log(p)",
    "code that never runs": "p = F.softmax(x, 1)\nreturn p\ntorch.log(p)",
    "a name of a comprehension": "p = F.softmax(x, 1)\nreturn [torch.log(p) for p in items]",
    "a name of a lambda": "p = F.softmax(x, 1)\nreturn lambda p: torch.log(p)",
    "a function that is given": "def soft(z, act=F.softmax):\n    return act(z)\nreturn torch.log(soft(x, flag))",
}


def lines(body: str) -> list[str]:
    """The codes reported on a function with that body."""
    text = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    report = check_text(text, select=["INL501"])
    assert not report.errors
    return [finding.code for finding in report.findings]


@pytest.mark.parametrize("body", FOLLOWED.values(), ids=FOLLOWED)
def test_a_softmax_is_followed_through(body: str) -> None:
    assert lines(body) == ["INL501"]


@pytest.mark.parametrize("body", NOT_FOLLOWED.values(), ids=NOT_FOLLOWED)
def test_no_value_is_taken_for_a_softmax_that_may_be_another(body: str) -> None:
    assert lines(body) == []


def test_a_loop_that_feeds_itself_ends() -> None:
    body = (
        "a, b = x, y\nwhile flag:\n    a, b = b, a.log()\n    b = F.softmax(torch.log(a + b), 1)\nreturn torch.log(b)"
    )
    assert lines(body) == []


DTYPES = {"float32": torch.float32, "float16": torch.float16}
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def predicted(code: str, expression: str) -> dict[str, float]:
    """The numbers behind the one finding on an expression of x."""
    report = check_text(f"import torch\n\n\ndef loss(x):\n    return {expression}\n", select=[code])
    assert len(report.findings) == 1
    return dict(report.findings[0].predicted or {})  # type: ignore[arg-type]


@each_dtype
def test_a_softmax_is_zero_from_the_predicted_gap_on(dtype: str) -> None:
    gap = predicted("INL501", "torch.log(torch.softmax(x, -1))")[f"gap_{dtype}"]
    below, above = (torch.tensor([0.0, -gap * near], dtype=DTYPES[dtype]).softmax(0)[1] for near in (1.005, 0.99))
    assert below == 0 < above


@each_dtype
def test_a_sigmoid_is_zero_from_the_predicted_input_on(dtype: str) -> None:
    limit = predicted("INL502", "torch.log(torch.sigmoid(x))")[f"limit_{dtype}"]
    below, above = (torch.tensor(limit * near, dtype=DTYPES[dtype]).sigmoid() for near in (1.005, 0.99))
    assert below == 0 < above


@each_dtype
def test_one_minus_a_sigmoid_is_zero_from_the_predicted_input_on(dtype: str) -> None:
    limit = predicted("INL502", "torch.log(1 - torch.sigmoid(x))")[f"limit_{dtype}"]
    above, below = (1 - torch.tensor(limit * near, dtype=DTYPES[dtype]).sigmoid() for near in (1.005, 0.99))
    assert above == 0 < below


def test_the_gradient_of_what_is_reported_is_not_a_number() -> None:
    gap = predicted("INL501", "torch.log(torch.softmax(x, -1))")["gap_float32"]
    logits = torch.tensor([0.0, -gap - 1], requires_grad=True)
    torch.log(logits.softmax(0)).sum().backward()
    assert logits.grad is not None
    assert logits.grad.isnan().all()


@each_dtype
def test_an_exponential_is_infinite_from_the_predicted_exponent_on(dtype: str) -> None:
    limit = predicted("INL504", "torch.log(torch.exp(x).sum(-1))")[f"overflow_{dtype}"]
    below, above = (torch.tensor(limit * near, dtype=DTYPES[dtype]).exp() for near in (0.995, 1.005))
    assert below.isfinite()
    assert above.isinf()


@each_dtype
def test_a_product_of_chances_is_zero_from_the_predicted_number_on(dtype: str) -> None:
    numbers = predicted("INL505", "torch.log(torch.softmax(x, -1).prod(-1))")
    count = int(numbers[f"factors_{dtype}"])
    product = torch.full((count,), 1 / numbers["classes"], dtype=DTYPES[dtype]).cumprod(0)
    assert product[-1] == 0 < product[-2]


AT_ZERO = {
    "a mean squared error": lambda x: torch.nn.functional.mse_loss(x, x.detach()).sqrt(),
    "a difference": lambda x: ((x - x.detach()) ** 2).sum() ** 0.5,
    "a variance": lambda x: (0 * x).var().sqrt(),
    "a difference clamped at 0": lambda x: ((x - x.detach()) ** 2).clamp(min=0).sqrt().sum(),
    "a row's distance to itself": lambda x: (2 * (x**2).sum() - 2 * x @ x).clamp(min=0).sqrt(),
    "a branch of where": lambda x: torch.where(x > 9, (0 * x).pow(2).sqrt(), x).sum(),
    "hypot": lambda x: torch.hypot(0 * x, 0 * x).sum(),
}
NOT_AT_ZERO = {
    "what is below 0 and clamped there": lambda x: (-x).clamp(min=0).sqrt().sum(),
    "norm": lambda x: (0 * x).norm(),
    "vector_norm": lambda x: torch.linalg.vector_norm(0 * x),
    "std": lambda x: (0 * x).std(),
    "cdist": lambda x: torch.cdist(x.view(1, -1), x.view(1, -1)).sum(),
    "relu": lambda x: (-x).relu().pow(2).sum().sqrt(),
}


def gradient(function: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """At 1, 2, 3."""
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    function(x).backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("function", AT_ZERO.values(), ids=AT_ZERO)
def test_the_gradient_of_a_root_at_zero_is_not_a_number(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert gradient(function).isnan().any()


@pytest.mark.parametrize("function", NOT_AT_ZERO.values(), ids=NOT_AT_ZERO)
def test_what_is_not_reported_has_a_gradient_at_zero(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert gradient(function).isfinite().all()


@pytest.mark.parametrize(("reduction", "severity"), [("sum(-1)", "warning"), ("sum()", "info"), ("mean()", "info")])
def test_a_root_of_the_sum_over_a_whole_batch_is_a_remark(reduction: str, severity: str) -> None:
    text = f"import torch\n\n\ndef loss(a, b):\n    return torch.sqrt(((a - b) ** 2).{reduction}).mean()\n"
    assert [finding.severity.value for finding in check_text(text, select=["INL506"]).findings] == [severity]
