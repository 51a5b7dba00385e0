"""Parameters that nothing writes are found with certainty, and no others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from initlint.probe.passes.results import Unwritten
from initlint.probe.passes.unwritten import find_unwritten


def holding(make: Callable[[], Tensor]) -> Callable[[], nn.Module]:
    """Builds a module with the parameter ``weight``, made by `make`."""

    def build() -> nn.Module:
        module = nn.Module()
        module.weight = nn.Parameter(make())
        return module

    return build


def computed_nan() -> Tensor:
    """Written, if badly."""
    return torch.zeros(3) / torch.zeros(3)


WRITTEN: dict[str, Callable[[], nn.Module]] = {
    "empty, then filled": holding(lambda: nn.init.xavier_uniform_(torch.empty(4, 3))),
    "Tensor(n, m), then filled": holding(lambda: torch.Tensor(4, 3).normal_()),
    "NaN on purpose": holding(lambda: torch.full((3,), math.nan)),
    "NaN by computation": holding(computed_nan),
    "nothing to write": holding(lambda: torch.empty(0)),
    "no memory": holding(lambda: torch.empty(3, device="meta")),
    "lazy": lambda: nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d()),
    "linear": lambda: nn.Linear(3, 4),
    "convolutions": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose1d(3, 4, 3), nn.Conv3d(2, 2, 1)),
    "norms": lambda: nn.Sequential(nn.BatchNorm2d(4), nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm1d(3, True)),
    "recurrent": lambda: nn.ModuleList(
        [nn.LSTM(3, 4, 2, proj_size=2), nn.GRU(3, 4, bidirectional=True), nn.LSTMCell(2, 2)]
    ),
    "embeddings": lambda: nn.ModuleList([nn.Embedding(9, 3, padding_idx=0), nn.EmbeddingBag(9, 3)]),
    "transformer": lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
    "attention": lambda: nn.MultiheadAttention(8, 2, kdim=4, vdim=4, add_bias_kv=True),
    "bilinear and PReLU": lambda: nn.ModuleList([nn.Bilinear(2, 3, 4), nn.PReLU(3)]),
    "orthogonal": holding(lambda: nn.init.orthogonal_(torch.empty(6, 4))),
    "truncated normal": holding(lambda: nn.init.trunc_normal_(torch.empty(6, 4))),
    "sparse": holding(lambda: nn.init.sparse_(torch.empty(6, 4), 0.5)),
    "spectral norm": lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4)),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_written_is_not_reported(case: str) -> None:
    """Torch's own modules and initialisers write every entry; NaN that was written is no uninitialised memory."""
    assert find_unwritten(WRITTEN[case]) == ()


UNWRITTEN: dict[str, Callable[[], Tensor]] = {
    "empty": lambda: torch.empty(4, 3),
    "Tensor(n, m)": lambda: torch.Tensor(4, 3),
    "FloatTensor(n, m)": lambda: torch.FloatTensor(4, 3),
    "empty_like": lambda: torch.empty_like(torch.zeros(4, 3)),
    "new_empty": lambda: torch.zeros(1).new_empty(4, 3),
    "new": lambda: torch.zeros(1).new(4, 3),
    "half": lambda: torch.empty(4, 3, dtype=torch.float16),
    "complex": lambda: torch.empty(4, 3, dtype=torch.complex64),
    "scaled": lambda: torch.empty(4, 3) * 0.02,
    "sum of it": lambda: torch.empty(4, 3).cumsum(0),
}


@pytest.mark.parametrize("case", UNWRITTEN)
def test_every_way_to_allocate_without_writing_is_found(case: str) -> None:
    """Also what is computed from uninitialised memory."""
    assert find_unwritten(holding(UNWRITTEN[case])) == (Unwritten(name="weight", share=1.0),)


def test_a_partly_written_parameter_is_reported_with_its_share() -> None:
    """Half of the rows filled leaves half of the entries."""

    def build() -> nn.Module:
        linear = nn.Linear(3, 4)
        linear.weight = nn.Parameter(torch.empty(4, 3))
        nn.init.normal_(linear.weight[:2])
        return linear

    assert find_unwritten(build) == (Unwritten(name="weight", share=0.5),)


def test_buffers_are_reported_as_such_and_integers_are_not() -> None:
    """A buffer says that it is one."""

    def build() -> nn.Module:
        module = nn.Linear(2, 2)
        module.register_buffer("queue", torch.empty(4))
        module.register_buffer("pointer", torch.empty(1, dtype=torch.int64))
        return module

    assert find_unwritten(build) == (Unwritten(name="queue", share=1.0, is_buffer=True),)


def test_memory_that_holds_nan_from_elsewhere_hides_nothing() -> None:
    """The answer does not depend on what the allocator hands out again."""
    for _ in range(20):
        torch.full((4, 3), math.nan)
        assert find_unwritten(holding(lambda: torch.empty(4, 3) * 0.02)) == (Unwritten(name="weight", share=1.0),)


def test_a_model_with_nothing_to_report_is_built_once() -> None:
    """The second build is for telling written NaN apart."""
    calls: list[int] = []

    def build() -> nn.Module:
        calls.append(1)
        return nn.Linear(2, 2)

    find_unwritten(build)
    assert len(calls) == 1


def test_a_caller_who_fills_memory_already_gets_the_same_answer() -> None:
    """The ordinary build is done without filling even if the caller has it switched on."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        assert find_unwritten(holding(lambda: torch.empty(2))) == (Unwritten(name="weight", share=1.0),)
    finally:
        torch.use_deterministic_algorithms(False)


def test_nothing_of_the_process_changes() -> None:
    """Random state, determinism and warnings are as before."""
    state, filters = torch.get_rng_state(), list(warnings.filters)
    find_unwritten(lambda: nn.Linear(3, 3))
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.are_deterministic_algorithms_enabled()
    assert warnings.filters == filters
