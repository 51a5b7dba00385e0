"""PyTorch's activations and softmaxes, as layers and as functions."""

from __future__ import annotations

from initlint.frameworks.tables import FunctionSpec, LayerSpec, signature


def _activation(name: str, /, options: dict[str, str] | None = None, **arguments: object) -> LayerSpec:
    return LayerSpec("activation", signature(**arguments), name, options or {})


ACTIVATION_LAYERS: dict[str, LayerSpec] = {
    "ReLU": _activation("relu", inplace=False),
    "ReLU6": _activation("relu6", inplace=False),
    "LeakyReLU": _activation("leaky_relu", {"negative_slope": "negative_slope"}, negative_slope=0.01, inplace=False),
    "PReLU": _activation("prelu", {"negative_slope": "init"}, num_parameters=1, init=0.25),
    "RReLU": _activation("rrelu", {"lower": "lower", "upper": "upper"}, lower=1 / 8, upper=1 / 3, inplace=False),
    "ELU": _activation("elu", {"alpha": "alpha"}, alpha=1.0, inplace=False),
    "CELU": _activation("celu", {"alpha": "alpha"}, alpha=1.0, inplace=False),
    "SELU": _activation("selu", inplace=False),
    "GELU": _activation("gelu", {"approximate": "approximate"}, approximate="none"),
    "SiLU": _activation("silu", inplace=False),
    "Mish": _activation("mish", inplace=False),
    "Sigmoid": _activation("sigmoid"),
    "LogSigmoid": _activation("logsigmoid"),
    "Tanh": _activation("tanh"),
    "Hardtanh": _activation("hardtanh", {"min_val": "min_val", "max_val": "max_val"}, min_val=-1.0, max_val=1.0),
    "Hardswish": _activation("hardswish", inplace=False),
    "Hardsigmoid": _activation("hardsigmoid", inplace=False),
    "Softplus": _activation("softplus", {"beta": "beta", "threshold": "threshold"}, beta=1.0, threshold=20.0),
    "Softsign": _activation("softsign"),
    "Tanhshrink": _activation("tanhshrink"),
    "Softshrink": _activation("softshrink", {"lambd": "lambd"}, lambd=0.5),
    "Hardshrink": _activation("hardshrink", {"lambd": "lambd"}, lambd=0.5),
    "Threshold": LayerSpec(
        "activation", signature("threshold", "value"), "threshold", {"threshold": "threshold", "value": "value"}
    ),
}
ELEMENTWISE: dict[str, FunctionSpec] = {
    "relu": FunctionSpec("activation", "relu"),
    "relu6": FunctionSpec("activation", "relu6"),
    "leaky_relu": FunctionSpec(
        "activation", "leaky_relu", signature(negative_slope=0.01), {"negative_slope": "negative_slope"}
    ),
    "prelu": FunctionSpec("activation", "prelu"),
    "rrelu": FunctionSpec(
        "activation", "rrelu", signature(lower=1 / 8, upper=1 / 3), {"lower": "lower", "upper": "upper"}
    ),
    "elu": FunctionSpec("activation", "elu", signature(alpha=1.0), {"alpha": "alpha"}),
    "celu": FunctionSpec("activation", "celu", signature(alpha=1.0), {"alpha": "alpha"}),
    "selu": FunctionSpec("activation", "selu"),
    "gelu": FunctionSpec("activation", "gelu", signature(approximate="none"), {"approximate": "approximate"}),
    "silu": FunctionSpec("activation", "silu"),
    "mish": FunctionSpec("activation", "mish"),
    "sigmoid": FunctionSpec("activation", "sigmoid"),
    "logsigmoid": FunctionSpec("activation", "logsigmoid"),
    "tanh": FunctionSpec("activation", "tanh"),
    "hardtanh": FunctionSpec(
        "activation", "hardtanh", signature(min_val=-1.0, max_val=1.0), {"min_val": "min_val", "max_val": "max_val"}
    ),
    "hardswish": FunctionSpec("activation", "hardswish"),
    "hardsigmoid": FunctionSpec("activation", "hardsigmoid"),
    "softplus": FunctionSpec(
        "activation", "softplus", signature(beta=1.0, threshold=20.0), {"beta": "beta", "threshold": "threshold"}
    ),
    "softsign": FunctionSpec("activation", "softsign"),
    "tanhshrink": FunctionSpec("activation", "tanhshrink"),
    "softshrink": FunctionSpec("activation", "softshrink", signature(lambd=0.5), {"lambd": "lambd"}),
    "hardshrink": FunctionSpec("activation", "hardshrink", signature(lambd=0.5), {"lambd": "lambd"}),
    "sin": FunctionSpec("activation", "sin"),
    "cos": FunctionSpec("activation", "cos"),
    "exp": FunctionSpec("activation", "exp"),
    "abs": FunctionSpec("activation", "abs"),
    "square": FunctionSpec("activation", "square"),
    "sqrt": FunctionSpec("activation", "sqrt"),
    "rsqrt": FunctionSpec("activation", "rsqrt"),
}
"""Activations that are functions under `FUNCTIONAL_ROOTS` and, with the same name, methods of a tensor."""
POWERS = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt"}
"""Exponents of ``**`` that have a function of their own."""
SOFTMAX_LAYERS: dict[str, LayerSpec] = {
    "Softmax": LayerSpec("softmax", signature(dim=None), options={"axis": "dim"}),
    "LogSoftmax": LayerSpec("softmax", signature(dim=None), options={"axis": "dim"}),
    "Softmax2d": LayerSpec("softmax"),
    "Softmin": LayerSpec("softmax", signature(dim=None), options={"axis": "dim"}),
}
_SOFTMAX = FunctionSpec("softmax", signature=signature(dim=None), options={"axis": "dim"})
SOFTMAX_FUNCTIONS = dict.fromkeys(("softmax", "log_softmax", "gumbel_softmax", "softmin"), _SOFTMAX)
SHARES = frozenset({"Softmax", "Softmin", "softmax", "softmin"})
"""Those of the softmaxes that give shares of 1."""
CHANNELS_FIRST = "Softmax2d"
"""The softmax that is always over axis 1."""
