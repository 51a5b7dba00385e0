"""The worker that probes in a process of its own, with PyTorch: what it gives, and what is said where it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from contained import linux_only, problem

from initlint.probe.containment import Outcome, run_contained
from initlint.probe.recording import Recording
from initlint.probe.request import Request, parse_size

MODELS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4))

    def forward(self, x):
        return self.layers(x)

class Large(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(100_000, 10_000))

class Unbuildable(Net):
    def __init__(self):
        super().__init__()
        self.apply(self.fill)

    def fill(self, module):
        if isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.bias)
"""


def probe_for_real(folder: Path, name: str, **settings: object) -> Outcome:
    (folder / "models.py").write_text(MODELS)
    request = Request(target=f"models.py:{name}", directory=str(folder), seeds=1, passes=(), **settings)  # type: ignore[arg-type]
    return run_contained(request, lambda stage: None)


def test_a_model_is_probed(tmp_path: Path) -> None:
    found = probe_for_real(tmp_path, "Net", arguments={"width": 6}).result
    assert isinstance(found, Recording)
    assert (found.model, found.target) == ("Net", "models.py:Net")
    assert {parameter.values.shape for parameter in found.parameters} >= {(6, 6), (4, 6)}


@linux_only
def test_a_tensor_beyond_the_memory_limit_is_told_with_its_size(tmp_path: Path) -> None:
    found = problem(probe_for_real(tmp_path, "Large", memory_limit=parse_size("2GB")))
    assert "needs more memory while building the model than the limit of 2 GB: RuntimeError" in found.message
    assert "4000000000 bytes" in found.message
    assert found.line == 16


def test_the_frames_of_pytorch_are_left_out(tmp_path: Path) -> None:
    found = problem(probe_for_real(tmp_path, "Unbuildable"))
    assert found.message.startswith(
        "ValueError: Only tensors with 2 or more dimensions are supported, raised while building"
    )
    assert found.line == 25
    assert found.message.count(".py:") == 2
    assert "torch/nn" not in found.message


def test_a_missing_pytorch_is_told_with_the_command_that_installs_it(tmp_path: Path) -> None:
    without = "import sys; sys.modules['torch'] = None; from initlint.probe.worker import main; main()"
    outcome = run_contained(Request(target="models.py:Net"), lambda stage: None, worker=["-c", without])
    assert problem(outcome).message == "probe needs PyTorch, and it is not installed"
    assert problem(outcome).remedy == "Run pip install 'initlint[probe]'."


def test_our_side_loads_no_pytorch() -> None:
    code = "import sys, initlint.probe.containment; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
