"""A probe leaves the process as it was: random state, settings and modes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
import torch

from initlint.probe.process_state import process_preserved


def draw() -> list[Any]:
    """A number from each generator of the process."""
    return [random.random(), float(numpy.random.rand()), torch.rand(1).item()]


def test_random_state_of_python_numpy_and_torch_comes_back() -> None:
    """What is drawn next is what would have been drawn without a probe."""
    random.seed(1)
    numpy.random.seed(1)
    torch.manual_seed(1)
    expected = draw()
    random.seed(1)
    numpy.random.seed(1)
    torch.manual_seed(1)
    with process_preserved():
        torch.manual_seed(2)
        random.seed(2)
        draw()
    assert draw() == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_random_state_of_every_cuda_device_comes_back() -> None:
    """As on the CPU."""
    torch.cuda.init()
    before = torch.cuda.get_rng_state_all()
    with process_preserved():
        torch.cuda.manual_seed_all(2)
        torch.rand(1, device="cuda")
    assert all(torch.equal(*pair) for pair in zip(before, torch.cuda.get_rng_state_all(), strict=True))


@pytest.fixture
def restored() -> Iterator[None]:
    """What the tests below change for the process, changed back even if they fail."""
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    torch.utils.deterministic.fill_uninitialized_memory = True
    torch.set_anomaly_enabled(False)
    torch.set_autocast_enabled("cpu", False)
    torch.set_autocast_dtype("cpu", torch.bfloat16)


READINGS: dict[str, Callable[[], object]] = {
    "grad mode": torch.is_grad_enabled,
    "inference mode": torch.is_inference_mode_enabled,
    "default dtype": torch.get_default_dtype,
    "default device": lambda: torch.empty(0).device.type,
    "autocast": lambda: (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
    "anomaly detection": torch.is_anomaly_enabled,
    "deterministic algorithms": torch.are_deterministic_algorithms_enabled,
    "warnings only": torch.is_deterministic_algorithms_warn_only_enabled,
    "filling": lambda: torch.utils.deterministic.fill_uninitialized_memory,
    "cuDNN": lambda: (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark),
    "threads": torch.get_num_threads,
}


def disturb() -> None:
    """Change every setting that the readings above read."""
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_dtype("cpu", torch.float16)
    torch.set_anomaly_enabled(True)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, True
    torch.set_num_threads(torch.get_num_threads() + 1)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("setting", READINGS)
def test_settings_of_the_process_come_back(setting: str) -> None:
    """Whatever a model sets for the whole process is set back."""
    before = READINGS[setting]()
    with process_preserved():
        disturb()
        assert setting == "inference mode" or READINGS[setting]() != before
    assert READINGS[setting]() == before


@pytest.mark.usefixtures("restored")
def test_settings_of_the_caller_are_kept_not_set_to_the_default() -> None:
    """A caller with other defaults keeps them."""
    disturb()
    before = {name: read() for name, read in READINGS.items()}
    threads = torch.get_num_threads()
    with process_preserved():
        torch.set_default_dtype(torch.float16)
        torch.set_default_device("cpu")
        torch.set_grad_enabled(True)
        torch.use_deterministic_algorithms(False)
        torch.set_anomaly_enabled(False)
    after = {name: read() for name, read in READINGS.items()}
    torch.set_num_threads(threads - 1)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = False, False
    assert after == before
