"""Activations and initialisers as source text."""

from __future__ import annotations

ACTIVATIONS: dict[str, tuple[str, str]] = {
    "relu": ("nn.ReLU()", "F.relu({})"),
    "leaky": ("nn.LeakyReLU(0.1)", "F.leaky_relu({}, 0.1)"),
    "gelu": ("nn.GELU()", "F.gelu({})"),
    "silu": ("nn.SiLU()", "F.silu({})"),
    "elu": ("nn.ELU()", "F.elu({})"),
    "selu": ("nn.SELU()", "F.selu({})"),
    "tanh": ("nn.Tanh()", "torch.tanh({})"),
    "sigmoid": ("nn.Sigmoid()", "torch.sigmoid({})"),
    "softplus": ("nn.Softplus()", "F.softplus({})"),
    "hardtanh": ("nn.Hardtanh()", "F.hardtanh({})"),
}
"""As a module and as a function of `{}`."""

WEIGHTS: dict[str, str] = {
    "xavier_n": "nn.init.xavier_normal_({})",
    "xavier_u": "nn.init.xavier_uniform_({})",
    "xavier_g": 'nn.init.xavier_uniform_({}, gain=nn.init.calculate_gain("tanh"))',
    "he_n": 'nn.init.kaiming_normal_({}, nonlinearity="relu")',
    "he_u": 'nn.init.kaiming_uniform_({}, nonlinearity="relu")',
    "he_out": 'nn.init.kaiming_normal_({}, mode="fan_out", nonlinearity="relu")',
    "lecun": "nn.init.normal_({0}, std={0}[0].numel() ** -0.5)",
    "orth": "nn.init.orthogonal_({})",
    "orth_relu": 'nn.init.orthogonal_({}, gain=nn.init.calculate_gain("relu"))',
    "orth_half": "nn.init.orthogonal_({}, gain=0.5)",
    "orth_two": "nn.init.orthogonal_({}, gain=2.0)",
    "n001": "nn.init.normal_({}, std=0.01)",
    "n002": "nn.init.normal_({}, mean=0.0, std=0.02)",
    "n005": "nn.init.normal_({}, 0.0, 0.05)",
    "n01": "nn.init.normal_({}, std=0.1)",
    "n1": "nn.init.normal_({})",
    "u01": "nn.init.uniform_({})",
    "const": "nn.init.constant_({}, 0.05)",
    "zeros": "nn.init.zeros_({})",
    "eye": "nn.init.eye_({})",
}
"""What writes the weight `{}`; `default` leaves the framework's."""
KEEP_BIAS = {"n005", "he_u", "u01", "eye"}
"""Initialisers in whose models the biases stay as the framework makes them, so that both are seen."""


def initialise(init: str, layer: str, *, bias: bool = True) -> list[str]:
    """Statements that initialise the weight, and mostly the bias, of a layer; none for `default`."""
    if init == "default":
        return []
    weight = WEIGHTS[init].format(f"{layer}.weight")
    return [weight, f"nn.init.zeros_({layer}.bias)"] if bias and init not in KEEP_BIAS else [weight]


def initialise_all(init: str, kinds: str = "nn.Linear", *, bias: bool = True) -> list[str]:
    """A function `init_weights` for `Module.apply`; nothing for `default`."""
    if init == "default":
        return []
    body = [f"        {line}" for line in initialise(init, "module", bias=bias)]
    return ["def init_weights(module):", f"    if isinstance(module, {kinds}):", *body, "", ""]


def apply_all(init: str) -> list[str]:
    """The statement that calls `init_weights`."""
    return [] if init == "default" else ["self.apply(init_weights)"]
