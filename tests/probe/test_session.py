"""One probe from request to recording: what is asked for is what is run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from initlint.probe.errors import ProbeError
from initlint.probe.recording import Recording
from initlint.probe.request import Request
from initlint.probe.session import run
from initlint.probe.settings import device_of

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.hidden = nn.Linear(4, width)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(width, 3)

    def forward(self, x):
        return self.out(self.drop(self.hidden(x).relu()))


def half(output, target=None):
    return output.square().mean() / 2


model = Net()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(MODEL)
    return tmp_path


def probed(folder: Path, target: str = "net.py:Net", **options: object) -> Recording:
    return run(Request(target=target, directory=str(folder), **{"seeds": 1, **options}), lambda stage: None)  # type: ignore[arg-type]


def test_stages_are_told_in_order(folder: Path) -> None:
    told: list[str] = []
    run(Request(target="net.py:Net", directory=str(folder), seeds=1), told.append)
    assert told == ["importing", "building", "inputs", "forward", "backward", "jacobian", "time", "unwritten"]


def test_each_seed_is_a_new_draw_and_numbers_are_medians(folder: Path) -> None:
    singles = [probed(folder, seeds=count).rows[1].output.second for count in (1, 3)]
    merged = probed(folder, seeds=3)
    assert merged.seeds == (0, 1, 2)
    assert singles[0] != singles[1] == merged.rows[1].output.second


def test_an_instance_is_measured_once_whatever_the_seeds(folder: Path) -> None:
    assert probed(folder, "net.py:model", seeds=3).seeds == (0,)


def test_the_same_request_gives_the_same_numbers(folder: Path) -> None:
    assert probed(folder).rows == probed(folder).rows


def test_constructor_arguments_reach_the_model(folder: Path) -> None:
    rows = probed(folder, arguments={"width": 5}).rows
    assert next(row for row in rows if row.name == "hidden").fan_out == 5


def test_training_mode_is_the_default_and_eval_is_asked_for(folder: Path) -> None:
    rates = [
        next(row.options["p"] for row in probed(folder, is_eval=is_eval).rows if row.op == "dropout")
        for is_eval in (False, True)
    ]
    assert rates == [0.5, 0.0]


def test_a_loss_of_the_users_is_found_by_module_and_name(folder: Path) -> None:
    loss = probed(folder, loss="net.py:half").loss
    assert loss.kind == "given"
    assert loss.value is not None and loss.value > 0


def test_a_loss_may_be_a_class_of_torch(folder: Path) -> None:
    assert probed(folder, loss="torch.nn:CrossEntropyLoss").loss.kind == "given"


def test_a_loss_that_is_no_function_is_an_error(folder: Path) -> None:
    with pytest.raises(ProbeError, match="not a function"):
        probed(folder, loss="net.py:torch.pi")


def test_passes_can_be_switched_off(folder: Path) -> None:
    assert probed(folder, passes=()).conditioning is None
    assert probed(folder).conditioning is not None


def test_steps_are_observed_only_on_demand(folder: Path) -> None:
    assert not probed(folder).steps
    assert len(probed(folder, steps=3, learning_rate=0.01).steps) == 3


def test_float64_is_asked_for(folder: Path) -> None:
    assert {row.output.dtype for row in probed(folder, dtype="float64").rows} == {"float64"}


def test_autocast_runs_linear_maps_in_the_narrow_dtype(folder: Path) -> None:
    rows = probed(folder, autocast="bfloat16").rows
    assert next(row.output.dtype for row in rows if row.name == "hidden") == "bfloat16"


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ProbeError, match="not available"):
        device_of(f"cuda:{torch.cuda.device_count() + 7}")


def test_the_cost_of_extra_passes_is_counted_apart(folder: Path) -> None:
    cost = probed(folder).cost
    assert min(cost.building, cost.step, cost.passes) > 0


def test_a_pass_that_the_model_does_not_stand_is_noted_and_the_step_kept(folder: Path) -> None:
    source = MODEL.replace("return self.out", "x.requires_grad = False\n        return self.out")
    (folder / "rigid.py").write_text(source)
    found = probed(folder, "rigid.py:Net")
    assert found.conditioning is None
    assert any(note.startswith("the jacobian pass failed: RuntimeError") for note in found.notes)
    assert found.rows
