"""Sources with hundreds of like parts, or with parts that lead in circles, are followed to an end in good time."""

from __future__ import annotations

from time import process_time

import pytest
from projects import Project, loop

from initlint.configuration import Configuration
from initlint.gathering import Gathered
from initlint.rule import load_rules


@pytest.mark.parametrize(
    "long",
    [
        "total = " + " + ".join(["1"] * 900),
        "if 0:\n    pass\n" + "".join(f"elif {n}:\n    pass\n" for n in range(90)),
        "x" + ".relu()" * 150,
    ],
    ids=["terms of a sum", "branches", "chained calls"],
)
def test_source_with_hundreds_of_like_parts_is_walked(recurrent: Project, long: str) -> None:
    recurrent.add("long.py", f"import torch\n{long}\ndef step(optimizer):\n    optimizer.step()\n").add(
        "train.py",
        """
        import long
        import torch
        from model import Net

        model = Net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for x in []:
            model(x).mean().backward()
            optimizer.step()  # here
        """,
    )
    assert recurrent.is_right("INL401")


MANY_WAYS = 12
"""Layers of the next class in each class: five levels down there are a quarter of a million paths."""
SECONDS_FOR_MANY_WAYS = 5
"""Processor time of the rule alone: a search that walks each path takes minutes, one that looks into each class once a
tenth of a second."""


def test_parts_that_many_paths_lead_to_are_looked_into_once(recurrent: Project) -> None:
    """The layer at the bottom is no recurrent one, so that nothing ends the search before all of it was seen."""
    recurrent.add("model.py", "\n\n".join(["from torch import nn", *map(_level, range(7))]))
    recurrent.add("train.py", LOOP_OVER_LEVELS)
    gathered = Gathered.from_paths([recurrent.folder], Configuration(), lambda *_: None)
    rule = load_rules()["INL401"]
    began = process_time()
    assert not list(rule.check_program(gathered.program))
    assert process_time() - began < SECONDS_FOR_MANY_WAYS


def _level(depth: int) -> str:
    made = f"Level{depth - 1}()" if depth else "nn.Linear(8, 8)"
    parts = "\n".join(f"        self.part{number} = {made}" for number in range(MANY_WAYS))
    return f"class Level{depth}(nn.Module):\n    def __init__(self):\n        super().__init__()\n{parts}\n"


LOOP_OVER_LEVELS = """
import torch
from model import Level6

model = Level6()
optimizer = torch.optim.Adam(model.parameters())
for x, y in batches:
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
"""


def test_a_round_with_hundreds_of_branches_is_given_up_in_good_time(project: Project) -> None:
    branches = "\n".join(f"if x[{n}]: optimizer.zero_grad()" for n in range(300))
    before = process_time()
    assert project.add(
        "train.py", loop(f"{branches}\nclip_grad_norm_(model.parameters(), 1.0)\nloss.backward()\noptimizer.step()")
    ).is_right("INL402")
    assert process_time() - before < 10


def test_helpers_that_call_one_another_in_a_circle_are_walked_to_an_end(project: Project) -> None:
    project.add(
        "train.py",
        """
        import torch

        def ahead(model, optimizer, n):
            if n:
                back(model, optimizer, n - 1)
            optimizer.step()

        def back(model, optimizer, n):
            model(n).sum().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            ahead(model, optimizer, n)
        """,
    )
    assert project.is_right("INL402")
