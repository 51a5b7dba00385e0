"""PyTorch's convolutions, pools and pads: what looks at places through a window."""

from __future__ import annotations

from initlint.frameworks.tables import FunctionSpec, LayerSpec, signature

_CONV = signature(
    "in_channels",
    "out_channels",
    "kernel_size",
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    bias=True,
    padding_mode="zeros",
)
_TRANSPOSE = signature(
    "in_channels",
    "out_channels",
    "kernel_size",
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    bias=True,
    dilation=1,
    padding_mode="zeros",
)
_POOL = {
    "max": signature("kernel_size", stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False),
    "avg": signature("kernel_size", stride=None, padding=0, ceil_mode=False, count_include_pad=True),
}


def _lazy(arguments: dict[str, object]) -> dict[str, object]:
    """Those of the layer that takes its input's width from its first input."""
    return {name: default for name, default in arguments.items() if name != "in_channels"}


CONVOLUTIONS: dict[str, LayerSpec] = {}
POOLS: dict[str, LayerSpec] = {}
PADS: dict[str, LayerSpec] = {}
for _axes in (1, 2, 3):
    CONVOLUTIONS[f"Conv{_axes}d"] = LayerSpec("conv", _CONV, parents=("_ConvNd",), axes=_axes)
    CONVOLUTIONS[f"ConvTranspose{_axes}d"] = LayerSpec(
        "conv_transpose", _TRANSPOSE, parents=("_ConvNd", "_ConvTransposeNd"), axes=_axes
    )
    CONVOLUTIONS[f"LazyConv{_axes}d"] = LayerSpec(
        "conv", _lazy(_CONV), parents=(f"Conv{_axes}d", "_ConvNd"), axes=_axes
    )
    CONVOLUTIONS[f"LazyConvTranspose{_axes}d"] = LayerSpec(
        "conv_transpose",
        _lazy(_TRANSPOSE),
        parents=(f"ConvTranspose{_axes}d", "_ConvNd", "_ConvTransposeNd"),
        axes=_axes,
    )
    for _kind in ("Max", "Avg"):
        POOLS[f"{_kind}Pool{_axes}d"] = LayerSpec(
            "pool", _POOL[_kind.lower()], options={"kernel_size": "kernel_size"}, axes=_axes, variant=_kind.lower()
        )
        POOLS[f"Adaptive{_kind}Pool{_axes}d"] = LayerSpec(
            "pool", signature("output_size"), axes=_axes, variant=_kind.lower()
        )
    POOLS[f"LPPool{_axes}d"] = LayerSpec("unknown")
    for _kind in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
        PADS[f"{_kind}Pad{_axes}d"] = LayerSpec("reshape")

_WINDOW = signature(kernel_size=None, stride=None)
POOL_FUNCTIONS: dict[str, FunctionSpec] = {}
for _axes in (1, 2, 3):
    for _kind in ("max", "avg"):
        POOL_FUNCTIONS[f"{_kind}_pool{_axes}d"] = FunctionSpec("pool", _kind, _WINDOW, {"kernel_size": "kernel_size"})
        POOL_FUNCTIONS[f"adaptive_{_kind}_pool{_axes}d"] = FunctionSpec("pool", _kind)
