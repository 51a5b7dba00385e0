"""What is predicted from the source of a network, and what the network does."""

from __future__ import annotations

import pytest

import initlint
from initlint.network.prediction import predict
from initlint.signal.size import as_float

torch = pytest.importorskip("torch")
HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"


def gains(source: str, shape: tuple[int, ...]) -> dict[str, float]:
    """Predicted variance behind each named layer."""
    (network,) = initlint.check_text(HEADER + source, "net.py").networks
    found = {each.layer.name: as_float(each.after.variance) for each in predict(network, [shape])}
    return {name: value for name, value in found.items() if name and value is not None}


def measured(source: str, shape: tuple[int, ...], seeds: int = 4) -> dict[str, float]:
    """Variance behind each module, averaged over builds."""
    totals: dict[str, float] = {}
    for seed in range(seeds):
        torch.manual_seed(seed)
        space: dict[str, object] = {}
        exec(HEADER + source, space)
        model = space["Net"]()  # type: ignore[operator]
        handles = [
            module.register_forward_hook(
                lambda _, __, output, name=name: totals.__setitem__(
                    name, totals.get(name, 0.0) + float(output.detach().var()) / seeds
                )
            )
            for name, module in model.named_modules()
            if name
        ]
        model(torch.randn(shape))
        for handle in handles:
            handle.remove()
    return totals


def assert_predicted(source: str, shape: tuple[int, ...], *names: str, rel: float = 0.08, seeds: int = 4) -> None:
    predicted, real = gains(source, shape), measured(source, shape, seeds)
    for name in names:
        assert predicted[name] == pytest.approx(real[name], rel=rel), name
