"""The fixes of numerics: the finding is gone, the value is the same where it was finite, and finite where it was not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sick import fix, sick_cases

from initlint import check

UNFIXED = {
    "INL501": {"bad_across_files": 2, "bad_entropy": 1, "bad_policy_gradient": 1, "bad_with_epsilon": 1},
    "INL502": {"bad_across_files": 2, "bad_focal": 2},
    "INL504": {"bad_attention": 1, "bad_energy": 1},
    "INL505": {"bad_sequence_likelihood": 2, "bad_running_product": 2},
}
"""Rules -> sick fixtures -> findings that no fix is offered for: the operand is made elsewhere, or would mean another thing."""


@pytest.mark.parametrize("case", sick_cases(UNFIXED), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_fix_is_offered_for_is_gone_and_nothing_else_is_reported(case: Path, tmp_path: Path) -> None:
    code, copy = case.parent.name, tmp_path / case.name
    shutil.copytree(case, copy) if case.is_dir() else shutil.copy(case, copy)
    report = fix(copy, code)
    assert not report.errors
    assert [finding.code for finding in report.findings] == [code] * UNFIXED[code].get(case.stem, 0)
    assert report.fixes is not None
    assert report.fixes.left_out == ()
    for path in [copy] if copy.is_file() else copy.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
    again = fix(copy, code).fixes
    assert again is not None
    assert again.changes == ()


EXPRESSIONS = {
    "INL501 direct": "torch.log(torch.softmax(x, dim=-1))",
    "INL501 method": "x.softmax(-1).log()",
    "INL501 part": "torch.log(F.softmax(x, dim=-1)[:, 1])",
    "INL501 variable": "torch.log(p[:, :2].sum(-1, keepdim=True) * 0 + 1) + torch.log(p)",
    "INL501 layer": "torch.log(nn.Softmax(dim=-1)(x))",
    "INL502 direct": "torch.log(torch.sigmoid(x))",
    "INL502 complement": "torch.log(1 - torch.sigmoid(x - 1))",
    "INL502 log1p": "torch.log1p(-x.sigmoid())",
    "INL504 logsumexp": "torch.log(torch.exp(x).sum(dim=-1, keepdim=True))",
    "INL504 softplus": "torch.log(1 + torch.exp(x * 2))",
    "INL504 softmax": "torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)",
    "INL504 logaddexp": "torch.log(torch.exp(x) + (x * 2).exp())",
    "INL505 softmax": "torch.log(torch.softmax(x, dim=-1).prod(dim=0))",
    "INL505 sigmoid": "torch.log(torch.prod(torch.sigmoid(x), dim=-1))",
    "INL505 survival": "torch.log(torch.cumprod(1 - torch.sigmoid(x), dim=-1))",
    "INL505 complement": "torch.log((1 - torch.sigmoid(x)).prod(-1, keepdim=True))",
}
Function = Callable[[torch.Tensor], torch.Tensor]


def made(expression: str, code: str, folder: Path) -> tuple[Function, Function]:
    """A function of that expression, and the same after its fix."""
    path = folder / "function.py"
    head = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\ndef f(x):\n"
    path.write_text(f"{head}    p = torch.softmax(x, dim=-1)\n    return {expression}\n", encoding="utf-8")
    found: list[Function] = []
    for _ in range(2):
        names: dict[str, Function] = {}
        exec(path.read_text(encoding="utf-8"), names)
        found.append(names["f"])
        check(path, isolated=True, select=[code], fix=True)
    assert check(path, isolated=True, select=[code]).findings == ()
    return found[0], found[1]


def gradient(function: Function, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    function(x).sum().backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_fix_keeps_the_value_and_mends_the_gradient(name: str, tmp_path: Path) -> None:
    before, after = made(EXPRESSIONS[name], name.partition(" ")[0], tmp_path)
    near = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(after(near), before(near))
    far = torch.tensor([[400.0, -400.0, 300.0, -300.0, 0.0]])
    assert not gradient(before, far).isfinite().all()
    assert gradient(after, far).isfinite().all()


@pytest.mark.parametrize(
    "body",
    [
        "e = torch.exp(x) if x.dim() > 1 else torch.exp(2 * x)\n    return e / e.sum(-1, keepdim=True)",
        "e = torch.exp(x)\n    x = x + 1\n    return e / e.sum(-1, keepdim=True), x",
        "e = torch.exp(x)\n    return e / e.sum(-1)",
        "e = torch.exp(x)\n    return e / e.sum(-1, keepdim=True).squeeze(-1)",
        "z = torch.exp(x).sum(-1)\n    return torch.log(z.unsqueeze(0))",
    ],
)
def test_a_sum_of_exponentials_is_left_where_another_thing_would_be_computed(body: str, tmp_path: Path) -> None:
    path = tmp_path / "function.py"
    path.write_text(f"import torch\n\n\ndef f(x):\n    {body}\n", encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert len(check(path, isolated=True, select=["INL504"], fix=True).findings) == 1
    assert path.read_text(encoding="utf-8") == text


def test_the_name_of_an_operation_stays_with_it(tmp_path: Path) -> None:
    path = tmp_path / "function.py"
    body = 'p = tf.nn.softmax(x, axis=-1, name="p")\n    return p, tf.math.log(p)'
    path.write_text(f"import tensorflow as tf\n\n\ndef f(x):\n    {body}\n", encoding="utf-8")
    check(path, isolated=True, select=["INL501"], fix=True)
    assert path.read_text(encoding="utf-8").endswith("    return p, tf.nn.log_softmax(x, axis=-1)\n")


@pytest.mark.parametrize(
    ("name", "use", "fixed"),
    [("score", "", "score"), ("prob", "", "log_prob"), ("score", " + score", None)],
    ids=["used once", "named for what it holds", "used twice"],
)
def test_a_sigmoid_that_is_used_for_its_logarithm_alone_is_made_one(
    name: str, use: str, fixed: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "model.py"
    body = [f"    {name} = torch.sigmoid(model(x))", f"    return (torch.log({name}[:, 0]){use}).mean()\n"]
    path.write_text("\n".join(["import torch\n\n\ndef f(model, x):", *body]), encoding="utf-8")
    check(path, isolated=True, select=["INL502"], fix=True)
    after = path.read_text(encoding="utf-8").splitlines()[-2:]
    made = [f"    {fixed} = torch.nn.functional.logsigmoid(model(x))", f"    return {fixed}[:, 0].mean()"]
    assert after == (made if fixed is not None else "\n".join(body).splitlines())


LOSSES_OF_LOG_PROBABILITIES = {
    "F.cross_entropy(p, y)": "F.nll_loss(p, y)",
    "F.cross_entropy(p, y, weight=w, ignore_index=3)": "F.nll_loss(p, y, weight=w, ignore_index=3)",
    "nn.CrossEntropyLoss(reduction='sum')(p, y)": "nn.NLLLoss(reduction='sum')(p, y)",
    "F.cross_entropy(p, y, label_smoothing=0.1)": "F.cross_entropy(p, y, label_smoothing=0.1)",
    "F.cross_entropy(p, y, **options)": "F.cross_entropy(p, y, **options)",
}


@pytest.mark.parametrize("loss", LOSSES_OF_LOG_PROBABILITIES)
def test_log_probabilities_that_are_wanted_elsewhere_get_the_loss_that_takes_them(loss: str, tmp_path: Path) -> None:
    path = tmp_path / "losses.py"
    head = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\ndef f(x, y, w, q, options):\n"
    text = "    p = torch.log_softmax(x, dim=1)\n    return {} - (q * p).sum()\n"
    path.write_text(head + text.format(loss), encoding="utf-8")
    check(path, isolated=True, select=["INL503"], fix=True, unsafe_fixes=True)
    assert path.read_text(encoding="utf-8") == head + text.format(LOSSES_OF_LOG_PROBABILITIES[loss])


def test_log_probabilities_along_another_axis_are_left_to_the_author(tmp_path: Path) -> None:
    path = tmp_path / "losses.py"
    text = "import torch\nimport torch.nn.functional as F\n\n\ndef f(x, y, q):\n    p = torch.log_softmax(x, dim=0)\n"
    path.write_text(f"{text}    return F.cross_entropy(p, y) - (q * p).sum()\n", encoding="utf-8")
    assert check(path, isolated=True, select=["INL503"], fix=True, unsafe_fixes=True).fixes.changes == ()  # type: ignore[union-attr]


SOFTMAXES = """
import torch
import torch.nn.functional as F


def f(model, x, y):
    {first} = model(x)
    {name} = F.softmax({first}, dim=1)
    loss = F.cross_entropy({name}, y)
    other = {other}
    return loss, other
"""
REMOVED, HANDED = "removed", "handed"


@pytest.mark.parametrize(
    ("first", "name", "other", "fate"),
    [
        ("out", "out", "x", REMOVED),
        ("out", "out", "out.argmax(1)", REMOVED),
        ("out", "out", "out > 0.5", HANDED),
        ("logits", "probs", "probs > 0.5", HANDED),
        ("logits", "out", "out > 0.5", HANDED),
        ("logits", "probs", "x", HANDED),
    ],
)
def test_probabilities_that_something_else_wants_stay_and_the_loss_gets_the_logits(
    first: str, name: str, other: str, fate: str, tmp_path: Path
) -> None:
    path = tmp_path / "losses.py"
    path.write_text(SOFTMAXES.format(first=first, name=name, other=other), encoding="utf-8")
    check(path, isolated=True, select=["INL503"], fix=True, unsafe_fixes=True)
    after = path.read_text(encoding="utf-8")
    assert ("F.softmax" not in after) is (fate == REMOVED)
    assert (f"F.cross_entropy({name}, y)" in after) is (fate != HANDED)
