"""`initlint.probe` as a function: what it takes, what it gives, and that it leaves nothing changed."""

from __future__ import annotations

import inspect
import json
import linecache
import math
import random
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

import initlint  # noqa: E402
from initlint.configuration import ConfigurationError  # noqa: E402
from initlint.probe.errors import ProbeError  # noqa: E402
from initlint.report import json as json_report  # noqa: E402
from initlint.selection import SelectionError  # noqa: E402

WIDTH = 16
NO_PASSES: tuple[str, ...] = ()


class Sick(nn.Module):
    """Twenty sigmoids in a row."""

    def __init__(self, depth: int = 20) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return x


class Pair(nn.Module):
    """Takes two inputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(WIDTH, WIDTH), nn.Linear(4, WIDTH)
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return self.head(torch.relu(self.one(first) + self.two(second)))  # type: ignore[no-any-return]


def healthy() -> nn.Module:
    return nn.Sequential(nn.Linear(WIDTH, 32), nn.ReLU(), nn.Linear(32, 10))


def probe(model: object, inputs: object = None, **options: object) -> initlint.ProbeResult:
    """Without what takes time and is not looked at."""
    return initlint.probe(model, inputs, **{"device": "cpu", "passes": NO_PASSES, "isolated": True, **options})  # type: ignore[arg-type, no-any-return]


# ------------------------------------------------------------------------------------------------------- what it takes


@pytest.mark.parametrize("model", [healthy(), healthy, lambda: (healthy(), "and more")])
def test_a_model_may_be_built_or_made_by_a_function(model: object) -> None:
    result = probe(model)
    assert (result.verdict, result.errors) == ("healthy", ())
    assert [layer["op"] for layer in result.layers if layer["op"] != "input"] == ["Linear", "ReLU", "Linear"]


def test_a_class_is_built_with_the_arguments_once_for_each_seed() -> None:
    result = probe(Sick, arguments={"depth": 4}, seeds=2, passes=("seeds",))
    assert sum(layer["op"] == "Linear" for layer in result.layers) == 4
    assert result.network is not None
    assert result.network.measured is not None
    assert result.network.measured.seeds == (0, 1)


@pytest.mark.parametrize(
    "inputs",
    [
        (torch.randn(9, WIDTH), torch.randn(9, 4)),
        {"second": torch.randn(9, 4), "first": torch.randn(9, WIDTH)},
        [f"9,{WIDTH}", "9,4"],
        [f"first:9,{WIDTH}", "second:9,4"],
    ],
)
def test_inputs_are_arguments_named_arguments_or_texts(inputs: object) -> None:
    measured = probe(Pair(), inputs).target.network.measured  # type: ignore[union-attr]
    assert measured is not None
    assert measured.batch == 9


def test_the_measured_numbers_are_those_of_the_inputs_given() -> None:
    given = 3 * torch.randn(512, WIDTH) + 2
    first = probe(healthy(), given).layers[0]
    assert first["op"] == "input"
    assert first["mean"] == pytest.approx(given.mean().item(), abs=0.2)
    assert first["std"] == pytest.approx(given.std().item(), rel=0.05)


def test_a_loss_of_one_s_own_sees_output_and_labels() -> None:
    labels = torch.arange(8) % 10
    seen = []

    def loss(output: Tensor, target: Tensor) -> Tensor:
        seen.append(target)
        return nn.functional.cross_entropy(output, target)

    measured = probe(healthy(), torch.randn(8, WIDTH), labels=labels, loss=loss).network.measured  # type: ignore[union-attr]
    assert measured is not None
    assert torch.equal(seen[0], labels)
    assert measured.loss.kind == "given"
    assert measured.loss.value == pytest.approx(math.log(10), rel=0.3)


def test_a_text_names_a_target_that_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(f"import os\nfrom torch import nn\ndef net():\n    return nn.Linear({WIDTH}, os.getpid() and 2)\n")
    result = probe(f"{path}:net")
    assert result.verdict == "healthy"
    failed = probe(f"{path}:nothing")
    assert (failed.score, failed.verdict, failed.layers, failed.network) == (None, None, [], None)
    assert "nothing" in failed.errors[0].message
    assert str(failed)


# -------------------------------------------------------------------------------------------------------- what it gives


def test_a_result_has_findings_verdict_and_score() -> None:
    result = probe(Sick())
    assert result.verdict == "broken"
    assert result.score is not None
    assert result.score < 0.1
    finding = next(one for one in result.findings if one.code == "INL301")
    source, start = inspect.getsourcelines(Sick.forward)
    sigmoid = start + next(offset for offset, line in enumerate(source) if "sigmoid" in line)
    assert finding.place.line == sigmoid
    assert result.report.excerpts[finding.place][0].strip() == "x = torch.sigmoid(layer(x))"
    assert finding.measured


def test_the_layers_are_those_of_the_json() -> None:
    result = probe(healthy())
    (target,) = json.loads(json_report.render(result.report))["targets"]
    assert json.loads(json.dumps(json_report.plain(result.layers))) == target["layers"]
    assert target["target"] == "Sequential"


def test_a_result_prints_and_shows_itself_as_its_table() -> None:
    result = probe(Sick())
    for shown in (str(result), repr(result)):
        assert "layers.0" in shown
        assert "broken, score 0.0" in shown
        assert "INL301" in shown
    assert "<table" in result._repr_html_()


def test_rules_are_selected_as_by_the_command() -> None:
    assert not probe(Sick(), select=["INL101"]).findings
    assert not probe(Sick(), ignore=["ALL"]).findings
    with pytest.raises(SelectionError):
        probe(Sick(), select=["NO1"])
    with pytest.raises(ConfigurationError):
        probe(Sick(), isolated=False, config="missing.toml")


def test_code_that_was_typed_in_has_its_lines_in_the_report(tmp_path: Path) -> None:
    """As in a notebook, where the source of a cell is in no file."""
    name = str(tmp_path / "ipykernel_7" / "1.py")
    source = "from __future__ import annotations\n" + inspect.getsource(Sick)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope = {"nn": nn, "torch": torch, "Tensor": Tensor, "WIDTH": WIDTH}
    exec(compile(source, name, "exec"), scope)
    result = probe(scope["Sick"])
    finding = next(one for one in result.findings if one.code == "INL301")
    assert finding.place.path == name
    assert result.report.excerpts[finding.place] == ("            x = torch.sigmoid(layer(x))",)


# --------------------------------------------------------------------------------------------------- what it leaves alone


def test_the_same_probe_gives_the_same_numbers() -> None:
    first, second = (probe(healthy, seeds=1).layers for _ in range(2))
    assert first == second


def test_a_built_model_and_the_process_are_afterwards_as_before() -> None:
    model = nn.Sequential(nn.Linear(WIDTH, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 2))
    model[1].eval()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    drawn = random.getstate(), torch.get_rng_state()
    with torch.no_grad():
        probe(model)
        assert not torch.is_grad_enabled()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert [module.training for module in model] == [True, False, True, True]
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    assert model[3].weight.grad is None
    assert random.getstate() == drawn[0]
    assert torch.equal(torch.get_rng_state(), drawn[1])
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_building_a_class_draws_no_random_numbers_of_the_caller_s() -> None:
    before = torch.get_rng_state()
    probe(healthy)
    assert torch.equal(torch.get_rng_state(), before)


def test_another_type_is_measured_on_a_copy() -> None:
    model = healthy()
    result = probe(model, dtype="float64")
    assert result.network is not None
    assert result.network.measured is not None
    assert result.network.measured.dtype == "float64"
    assert model[0].weight.dtype == torch.float32  # type: ignore[index, union-attr]


def test_a_model_of_another_type_is_probed_as_it_is() -> None:
    result = probe(healthy().double())
    assert result.layers[-1]["dtype"] == "float64"


# ------------------------------------------------------------------------------------------------------- what goes wrong


def test_what_the_model_raises_comes_through() -> None:
    class Failing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        probe(Failing(), torch.randn(4, 4))


def test_inputs_that_are_none_are_told_with_what_to_give() -> None:
    with pytest.raises(ProbeError, match="the inputs are a int") as caught:
        probe(healthy(), 3)
    assert "tuple" in caught.value.remedy


def test_tensors_cannot_be_given_to_another_process() -> None:
    with pytest.raises(ValueError, match="must be texts"):
        probe("net.py:net", torch.randn(4, 4))


def test_an_option_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="device: expected auto"):
        probe(healthy(), device="gpu")


# ---------------------------------------------------------------------------------------------------------- the function


def test_the_package_of_the_same_name_is_the_function() -> None:
    import initlint.probe.recording
    import initlint.probing

    assert inspect.signature(initlint.probe) == inspect.signature(initlint.probing.probe)
    assert initlint.probe.recording.Recording


def test_asking_for_the_function_does_not_import_torch() -> None:
    program = "import initlint, sys; initlint.probe; initlint.ProbeResult; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
