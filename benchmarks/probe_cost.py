"""What `initlint probe` costs, as ratios to a plain forward and backward pass of the same model on the same batch.

Everything runs in turns in one process, and each ratio is to the plain pass of the same turn: median and minimum are
reported. Times are processor times on a CPU, wall-clock times between synchronisations on a GPU. The peak of memory above
what model and batch take is measured in a process for each: resident memory on a CPU (Linux only), allocated on a GPU.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from initlint.probe import assembly
from initlint.probe.inputs.batch import Inputs, Recipe
from initlint.probe.origins import Origins
from initlint.probe.outputs import cotangents
from initlint.probe.settings import Settings
from initlint.probe.step import Run, step

SEED = 0
MEBIBYTE = 2**20

# -------------------------------------------------------------------------------------------------------------- models


class Block(nn.Module):
    """Two convolutions and a skip connection (He et al. 2016, arXiv:1512.03385)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs, height, width) to (batch, outputs, height / stride, width / stride)."""
        y: Tensor = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
        y += self.skip(x)
        found: Tensor = self.relu(y)
        return found


class Sequence(nn.Module):
    """A recurrent network that is read at its last step."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.LSTM(256, 256, num_layers=2, batch_first=True)
        self.head = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, steps, 256) to (batch, 10)."""
        found: Tensor = self.head(self.cells(x)[0][:, -1])
        return found


def mlp() -> nn.Module:
    """20 layers, 512 wide."""
    pairs = ((nn.Linear(512, 512), nn.ReLU()) for _ in range(20))  # initlint: ignore[INL201]
    return nn.Sequential(*(layer for pair in pairs for layer in pair))


def residual() -> nn.Module:
    """ResNet-18."""
    blocks, inputs = [], 64
    for outputs in (64, 128, 256, 512):
        blocks += [Block(inputs, outputs, 1 if inputs == outputs else 2), Block(outputs, outputs, 1)]
        inputs = outputs
    stem = (nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (mlp, (256, 512)),
    "residual": (residual, (8, 3, 64, 64)),
    "lstm": (Sequence, (16, 128, 256)),
}
"""How to build it, and the shape of its batch."""


@dataclass
class Subject:
    """A model with its batch."""

    build: Callable[[], nn.Module]
    model: nn.Module
    batch: Tensor

    @property
    def device(self) -> torch.device:
        """Where both are."""
        return self.batch.device

    def inputs(self) -> Inputs:
        """The batch as a probe gets it."""
        given = (self.batch,)
        return Inputs(given, {}, None, "given", len(self.batch), Recipe(given, {}), self.device, torch.float32)

    def settings(self) -> Settings:
        """How it is probed."""
        return Settings(self.device, inputs=self.inputs())


def subject(name: str, device: str) -> Subject:
    """One of `MODELS`, on a device."""
    build, shape = MODELS[name]
    torch.manual_seed(SEED)
    return Subject(build, build().to(device), torch.randn(shape).to(device))


# ---------------------------------------------------------------------------------------------------------------- runs


def plain(subject: Subject) -> None:
    """Forward and backward, and nothing else."""
    output = subject.model(subject.batch)
    ((tensor, cotangent),) = cotangents(output, SEED)
    torch.autograd.backward([tensor], [cotangent])


def recorded(subject: Subject) -> Run:
    """The recorded step, with all numbers brought to the host."""
    run = step(subject.model, subject.inputs(), subject.settings(), SEED)
    run.recorder.collector.resolve()
    return run


def probed(subject: Subject) -> None:
    """The recorded step and the whole recording made of it."""
    run = step(subject.model, subject.inputs(), subject.settings(), SEED)
    assembly.rows(run.recorder, run.recorder.collector.resolve(), Origins())
    assembly.parameter_rows(subject.model, run.weights, Origins(), len(subject.batch), "sgd", 0.1)


def with_anomalies(subject: Subject) -> None:
    """Under ``torch.autograd.detect_anomaly``."""
    with torch.autograd.detect_anomaly(check_nan=True):
        plain(subject)


def summarised(subject: Subject) -> None:
    """torchinfo's table of layers: a forward pass alone."""
    from torchinfo import summary

    summary(subject.model, input_data=subject.batch, verbose=0, mode="train")


def _jacobian(subject: Subject) -> None:
    from initlint.probe.passes.jacobian import jacobian

    jacobian(subject.model, (subject.batch,), {}, seed=SEED)


def _time(subject: Subject) -> None:
    from initlint.probe.passes.time import time_gradients

    time_gradients(subject.model, (subject.batch,), {}, seed=SEED)


def _unwritten(subject: Subject) -> None:
    from initlint.probe.passes.unwritten import find_unwritten

    find_unwritten(subject.build)


def _replicas(subject: Subject) -> None:
    from initlint.probe.passes.symmetry import replicas

    replicas(subject.model)


def _building(subject: Subject) -> None:
    subject.build()


RUNS: dict[str, Callable[[Subject], object]] = {
    "recorded step": recorded,
    "whole recording": probed,
    "detect_anomaly": with_anomalies,
    **({"torchinfo": summarised} if find_spec("torchinfo") else {}),
}
PASSES: dict[str, Callable[[Subject], object]] = {
    "building": _building,
    "jacobian": _jacobian,
    "time": _time,
    "unwritten": _unwritten,
    "replicas": _replicas,
}
"""What a probe does besides, each once: every further seed is a building and a recorded step more."""

# ----------------------------------------------------------------------------------------------------------- measuring


def seconds(run: Callable[[Subject], object], subject: Subject) -> float:
    """Of one run, with no gradients left from the one before."""
    subject.model.zero_grad(set_to_none=True)
    clock = time.process_time
    if subject.device.type == "cuda":
        torch.cuda.synchronize()
        clock = time.perf_counter
    began = clock()
    run(subject)
    if subject.device.type == "cuda":
        torch.cuda.synchronize()
    return clock() - began


def ratios(subject: Subject, runs: dict[str, Callable[[Subject], object]], turns: int) -> dict[str, list[float]]:
    """To the plain pass of the same turn."""
    for run in (plain, *runs.values()):
        run(subject)
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(turns):
        bare = seconds(plain, subject)
        for name, run in runs.items():
            found[name].append(seconds(run, subject) / bare)
    return found


def peak(name: str, run: str, device: str) -> float:
    """MiB that one run takes at most above model and batch, in a process of its own."""
    command = (sys.executable, __file__, "--peak", name, run, "--device", device)
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def peak_here(subject: Subject, run: Callable[[Subject], object]) -> float:
    """As `peak`, in this process. A first small product loads what PyTorch loads once."""
    factor = torch.ones(64, 64, device=subject.device, requires_grad=True)
    torch.autograd.backward([(factor @ factor).sum()])
    if subject.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run(subject)
        return (torch.cuda.max_memory_allocated() - before) / MEBIBYTE
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is resident now
    before = _resident("VmRSS")
    run(subject)
    return (_resident("VmHWM") - before) / 1024


def _resident(name: str) -> int:
    """KiB, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


# ----------------------------------------------------------------------------------------------------------- reporting


def report(names: list[str], device: str, turns: int) -> Iterator[str]:
    """A table for each model."""
    for name in names:
        one = subject(name, device)
        bare = min(seconds(plain, one) for _ in range(3))
        yield f"{name} {MODELS[name][1]} on {device}: plain pass {bare * 1000:.0f} ms"
        yield f"  {'run':<16} {'median':>7} {'minimum':>8} {'memory':>7}"
        memory = {run: median(peak(name, run, device) for _ in range(3)) for run in ("plain", *RUNS)}
        for run, found in ratios(one, RUNS, turns).items():
            yield f"  {run:<16} {median(found):>7.2f} {min(found):>8.2f} {memory[run] / memory['plain']:>7.2f}"
        for run, found in ratios(one, PASSES, 3).items():
            yield f"  {run:<16} {median(found):>7.2f} {min(found):>8.2f}"


def main() -> None:
    """Measure and print."""
    options = _options()
    if options.peak:
        name, run = options.peak
        print(peak_here(subject(name, options.device), {"plain": plain, **RUNS}[run]))
        return
    for line in report(options.models, options.device, options.turns):
        print(line, flush=True)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS), metavar="MODEL")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--turns", type=int, default=21, help="paired runs [21]")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
