"""What the tables of half precision say (INL508), against PyTorch: its autocast for CUDA runs on tensors without values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from initlint.frameworks.precision import CASTS_TO_HALF, KEEPS_TYPE, LARGEST_HALF, LOST_IN_HALF

MAKERS: dict[str, Callable[[Tensor], Tensor]] = {
    "matmul": lambda x: x @ x,
    "linear": lambda x: functional.linear(x, x),
    "conv": lambda x: functional.conv1d(x.unsqueeze(0), x.unsqueeze(2)),
    "conv_transpose": lambda x: functional.conv_transpose1d(x.unsqueeze(0), x.unsqueeze(2)),
}
KEEPERS: dict[str, Callable[[Tensor], Tensor]] = {
    "keep": lambda h: h.transpose(0, 1).reshape(-1),
    "detach": lambda h: h.detach(),
    "add": lambda h: h + 1e-8,
    "subtract": lambda h: 1.0 - h,
    "multiply": lambda h: h * 0.5,
    "divide": lambda h: h / 3.0,
    "negate": lambda h: -h,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "abs": torch.abs,
    "clamp": lambda h: h.clamp(min=0.1),
    "clamp_min": lambda h: h.clamp_min(0.1),
    "clamp_max": lambda h: h.clamp_max(0.1),
    "maximum": lambda h: torch.maximum(h, h),
    "minimum": lambda h: torch.minimum(h, h),
    "max": lambda h: h.max(dim=1)[0],
    "min": lambda h: h.min(),
    "mean": torch.mean,
    "var": torch.var,
    "std": torch.std,
    "sqrt": torch.sqrt,
    "masked_fill": lambda h: h.masked_fill(h > 0, -1e4),
}
OTHERS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda h: h.softmax(dim=-1),
    "log_softmax": lambda h: h.log_softmax(dim=-1),
    "log": torch.log,
    "exp": torch.exp,
    "sum": torch.sum,
    "prod": torch.prod,
    "norm": torch.norm,
    "power": lambda h: h**2,
    "rsqrt": torch.rsqrt,
}


@pytest.fixture
def signal() -> Iterator[Tensor]:
    """A float32 tensor on a CUDA device that need not be there, under autocast to float16."""
    before = torch.is_autocast_enabled("cuda"), torch.get_autocast_dtype("cuda")
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", torch.float16)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield torch.empty(4, 4, device="cuda")
    torch.set_autocast_enabled("cuda", before[0])
    torch.set_autocast_dtype("cuda", before[1])


def test_every_operation_of_the_tables_is_tried() -> None:
    assert set(KEEPERS) == KEEPS_TYPE
    assert set(MAKERS) == CASTS_TO_HALF | {"matmul"}
    assert KEEPS_TYPE.isdisjoint(OTHERS)


@pytest.mark.parametrize("name", MAKERS)
def test_layers_and_products_of_matrices_give_float16(signal: Tensor, name: str) -> None:
    assert MAKERS[name](signal).dtype is torch.float16


@pytest.mark.parametrize("name", KEEPERS)
def test_operations_that_keep_the_type_give_float16_of_float16(signal: Tensor, name: str) -> None:
    assert KEEPERS[name](signal @ signal).dtype is torch.float16


@pytest.mark.parametrize("name", OTHERS)
def test_other_operations_compute_in_float32(signal: Tensor, name: str) -> None:
    assert OTHERS[name](signal @ signal).dtype is torch.float32


def test_half_of_the_smallest_number_is_rounded_away_and_more_is_not() -> None:
    zero = torch.zeros(1, dtype=torch.float16)
    assert (zero + LOST_IN_HALF).item() == 0
    assert (zero + LOST_IN_HALF * 1.001).item() > 0
    assert zero.clamp(min=LOST_IN_HALF).item() == 0


def test_a_mask_beyond_the_largest_number_raises_an_error() -> None:
    zero = torch.zeros(1, dtype=torch.float16)
    everything = torch.ones(1, dtype=torch.bool)
    assert zero.masked_fill(everything, -LARGEST_HALF).item() == -LARGEST_HALF
    with pytest.raises(RuntimeError, match="without overflow"):
        zero.masked_fill(everything, -LARGEST_HALF - 1)
