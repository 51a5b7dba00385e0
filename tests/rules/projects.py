"""Projects of a few short files, checked with one rule; the lines to be reported are marked."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from initlint import Finding, check

MARK = "# here"
RECURRENT_MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.LSTM(8, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])
"""


class Project:
    """A directory of sources to check with one rule."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, str] = {}

    def add(self, name: str, source: str) -> Project:
        self.sources[name] = dedent(source).lstrip("\n")
        (self.folder / name).write_text(self.sources[name], encoding="utf-8")
        return self

    def findings(self, code: str) -> list[Finding]:
        report = check(self.folder, isolated=True, select=[code])
        assert not report.errors
        return list(report.findings)

    def is_right(self, code: str) -> bool:
        """Whether exactly the marked lines are reported."""
        wanted = {
            (name, number)
            for name, source in self.sources.items()
            for number, line in enumerate(source.splitlines(), 1)
            if line.endswith(MARK)
        }
        return {(Path(one.place.path).name, one.place.line) for one in self.findings(code)} == wanted


def loop(body: str) -> str:
    """A loop over batches with a body, in a function with a model, its optimiser and a gradient scaler."""
    head = """
import torch
from torch.nn.utils import clip_grad_norm_


def fit(model, loader, flag, other, every=4):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cuda")
    for i, (x, y) in enumerate(loader):
        loss = (model(x) - y).pow(2).mean()
"""
    return head + "".join(f"        {line}\n" for line in dedent(body).strip().splitlines())
