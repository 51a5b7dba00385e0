"""The exact calls to write, by what is wrong."""

from __future__ import annotations

from typing import NamedTuple

from initlint.frameworks.torch import LAYERS
from initlint.frameworks.torch.attributes import MODULE_NAMES

SQUASHING = frozenset({"tanh", "sigmoid", "hardtanh", "softsign", "hardsigmoid"})
LEAKY = frozenset({"leaky_relu", "prelu", "rrelu"})


class Draw(NamedTuple):
    """A call of an initialiser, for a fix to write."""

    initializer: str
    """Its full name."""
    arguments: str = ""
    """Behind the tensor."""

    @property
    def name(self) -> str:
        return self.initializer.rpartition(".")[2]

    def transposed(self) -> Draw:
        """For a parameter with the inputs on its first axis, which initialisers take for the outputs."""
        if self.name not in _BY_FAN_IN:
            return self
        return self._replace(arguments=", ".join(filter(None, (self.arguments, 'mode="fan_out"'))))


_INIT = "torch.nn.init."
_BY_FAN_IN = ("kaiming_normal_", "kaiming_uniform_")
_HE = Draw(f"{_INIT}kaiming_normal_", 'nonlinearity="relu"')
_XAVIER = Draw(f"{_INIT}xavier_uniform_")
_FAMILIES = ("normal", "uniform")


OWN_GAINS = {"silu": 1.68, "hardswish": 1.74}
"""Smooth rectifiers whose gain is too far from He's for a deep stack -> 1 / sqrt(E[f(z)^2]) for a standard normal z."""


def scaled_draw(activation: str, slope: object = None) -> Draw:
    """The draw that keeps the variance in front of an activation; `slope` is that of a leaky rectifier."""
    if activation in SQUASHING:
        return _XAVIER._replace(arguments="gain=5 / 3" if activation == "tanh" else "")
    if activation in ("linear", "identity", "selu"):
        return _HE._replace(arguments='nonlinearity="linear"')
    if activation in LEAKY and isinstance(slope, (int, float)):
        return _HE._replace(arguments=f'a={slope:g}, nonlinearity="leaky_relu"')
    return Draw(f"{_INIT}orthogonal_", f"gain={OWN_GAINS[activation]}") if activation in OWN_GAINS else _HE


def drawn_like(draw: Draw, initializer: str) -> Draw:
    """The draw from the family, normal or uniform, of an initialiser of that name."""
    for family, other in (_FAMILIES, _FAMILIES[::-1]):
        if family in initializer:
            return draw._replace(initializer=draw.initializer.replace(other, family))
    return draw


def filling_draw(axes: int) -> Draw:
    """The draw for a parameter with so many axes that nothing fills."""
    return _XAVIER if axes >= 2 else Draw(f"{_INIT}zeros_")


def layer_class(kind: str) -> str | None:
    """The full name of a layer class of the framework's; `None` for any other."""
    return f"torch.nn.{kind}" if kind in LAYERS else None


def has_weight(kind: str) -> bool:
    """Whether a layer class of the framework's, given by its name, holds one matrix or kernel under ``weight``."""
    return kind in LAYERS and LAYERS[kind].op in ("linear", "conv", "conv_transpose", "bilinear", "embedding")


def scaled_init(activation: str) -> str:
    """The init call that keeps the variance in front of an activation."""
    if activation in SQUASHING:
        return (
            'nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))'
            if activation == "tanh"
            else ("nn.init.xavier_uniform_(layer.weight)")
        )
    if activation in ("linear", "identity", "selu"):
        return 'nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")'
    if activation in LEAKY:
        return 'nn.init.kaiming_normal_(layer.weight, a=slope, nonlinearity="leaky_relu")'
    return 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'


def random_init() -> str:
    """The init call that breaks a symmetry."""
    return 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'


RECTIFIED = {"Sigmoid": "torch.nn.ReLU", "sigmoid": "torch.relu"}
"""A logistic activation, by its name without the module -> the rectifier to put in its place."""
RECTIFIED_NAME = "relu"
"""The activation that `RECTIFIED` puts there."""
ALPHA_DROPOUT = {"Dropout": "torch.nn.AlphaDropout", "dropout": "torch.nn.functional.alpha_dropout"}
"""A dropout -> the one that keeps SELU's fixed point."""
RECTIFIER = "nn.ReLU()"
SMOOTH_RECTIFIER = "nn.GELU()"
LEAKY_RECTIFIER = "nn.LeakyReLU()"
SELU_SUBSTITUTES = "nn.ELU() or nn.ReLU()"
ORTHOGONAL = "nn.init.orthogonal_"
XAVIER = "xavier_uniform_"
FROM_PROBABILITIES = "give the loss from_logits=False"
FROM_LOGITS = 'give the loss from_logits=True, or the last layer activation="{}"'
LOSS_CLIP = 1e-7
"""Keras' `keras.config.epsilon()`: the least probability that a loss sees."""
COMPILED_CLIP = "give the optimizer clipnorm=1.0 or global_clipnorm=1.0"
LOSS_SCALER = "torch.amp.GradScaler"
BINARY_LOSS = "nn.BCEWithLogitsLoss()"
CLASS_LOSS = "nn.CrossEntropyLoss()"
LOGISTIC = "torch.sigmoid"
WITHOUT_BIAS = "pass bias=False; the norm adds a shift of its own"
STRAIGHT_THROUGH = "x + (torch.round(x) - x).detach()"
ZERO_HEAD = "nn.init.zeros_(head.weight)"
DEFAULT_INIT = "nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5))"
CONTAINERS = {"list": "nn.ModuleList", "tuple": "nn.ModuleList", "dict": "nn.ModuleDict"}
"""Plain container -> the one in which layers are registered."""

PARAMETER_CONTAINERS = {"list": "nn.ParameterList", "tuple": "nn.ParameterList", "dict": "nn.ParameterDict"}
TAKEN_KEYS = MODULE_NAMES | {"clear", "items", "keys", "pop", "update", "values"}
"""Names that no layer in a dictionary of layers can have, for they are attributes of it already."""


def is_free_key(name: str) -> bool:
    """Whether a layer in a dictionary of layers can have that name."""
    return name.isidentifier() and name not in TAKEN_KEYS and not name.startswith("_")


REACHES = "no init function, optimiser, .to() or state_dict() reaches"
"""What passes by layers that are not registered."""
SHAPED_AFTER = "_like"
"""How the names of functions end that make a tensor of the shape of another."""


def written_back(tensor: str) -> str:
    """Behind a parameter, the call that gives it the values of a tensor of that name."""
    return f".data.copy_({tensor})"


WRITE_BACK = "write the tensor back under torch.no_grad() with weight.copy_(...)"
_OF_VECTORS = {"bias": "nn.init.zeros_", "weight": "nn.init.ones_"}


def full_name(shown: str) -> str:
    """The full name of what messages show as ``nn.ModuleList``."""
    return f"torch.{shown}"


def draw_default(parameter: str) -> str:
    """The framework's own draw for a parameter of that name."""
    return f"nn.init.kaiming_uniform_({parameter}, a=math.sqrt(5))"


def draw_normal(parameter: str, std: float) -> str:
    """A normal draw for a parameter of that name."""
    return f"nn.init.normal_({parameter}, std={std:.2g})"


def fill(parameter: str, axes: int) -> str:
    """An init call for a parameter with so many axes."""
    return f"nn.init.{'xavier_uniform_' if axes >= 2 else 'zeros_'}({parameter})"


def vector_init(name: str) -> str:
    """What to draw a vector of that name with: biases start at 0, the scales of a norm at 1."""
    return _OF_VECTORS.get(name, "nn.init.zeros_")


LAST_WIDTH = ".shape[-1]"
"""The size of a tensor's last axis."""


def sums_last_axis(equation: object) -> bool:
    """Whether a product of two tensors sums over the last axis of the first: matrix products, and Einstein sums that say so."""
    if not isinstance(equation, str):
        return equation is None
    terms, _, result = equation.replace(" ", "").partition("->")
    first = terms.partition(",")[0]
    return bool(first) and first[-1] not in result


AS_MATRIX = ".view(1, -1)"
"""The same memory with two axes."""


def vector_draw(name: str) -> Draw | None:
    """The call for what is always a vector, by its name; `None` where it may be a matrix as well."""
    return Draw(f"{_INIT}zeros_") if name == "bias" else None


def init_of_weight(initializer: str) -> str:
    """The call of an initialiser on a layer's weight."""
    return f"nn.init.{initializer}(layer.weight)"


def build_each(kind: str, count: int) -> str:
    """Layers built one by one."""
    return f"[nn.{kind}(...) for _ in range({count})]"


def self_normalising_dropout(rate: object) -> str:
    """The dropout that keeps SELU's fixed point."""
    return f"nn.AlphaDropout({rate})"


def parameters_of(models: tuple[str, ...], optimizer: str) -> str:
    """All parameters of the models of these names, else those that the optimiser holds."""
    if len(models) > 1:
        return f"[{', '.join(f'*{name}.parameters()' for name in models)}]"
    if not models and optimizer:
        return f'[p for group in {optimizer}.param_groups for p in group["params"]]'
    return f"{models[0] if models else 'model'}.parameters()"


def clip_before_step(parameters: str, optimizer: str, scaler: str) -> str:
    """Clipping by norm at its place in the loop; behind the loss scaler's unscaling, where there is one."""
    clip = f"torch.nn.utils.clip_grad_norm_({parameters}, max_norm=1.0)"
    if scaler:
        return f"{scaler}.unscale_({optimizer}), then {clip}, before {scaler}.step({optimizer})"
    return f"{clip} before {optimizer}.step()" if optimizer else f"{clip} before the step"


TRAINER_BOUND = "1.0"
"""A bound on the norm, to give a trainer that takes the steps."""


def trainer_clip(holder: str, option: str) -> str:
    """The option by which a trainer clips by norm, given to the class that holds it."""
    return f"{holder}(..., {option}={TRAINER_BOUND})"


ENGINE_CLIP = ("gradient_clipping", TRAINER_BOUND)
"""What an engine's configuration is told to clip by norm with, and a bound."""


def engine_clip() -> str:
    """Clipping by norm where an engine takes the steps."""
    return f'"{ENGINE_CLIP[0]}": {ENGINE_CLIP[1]} in the configuration that the engine is given'


def accelerator_clip(accelerator: str, parameters: str) -> str:
    """Clipping by norm, behind the unscaling, by what sends the gradient back."""
    return f"{accelerator}.clip_grad_norm_({parameters}, max_norm={TRAINER_BOUND})"


def accelerator_clip_when_due(accelerator: str, parameters: str) -> str:
    """The same in a block that makes steps only every few batches."""
    return f"{step_is_due(accelerator)}\n    {accelerator_clip(accelerator, parameters)}"


def step_is_due(accelerator: str) -> str:
    """The test whether an accelerator makes a step with this batch."""
    return f"if {accelerator}.sync_gradients:"


def module_clip(module: str, optimizer: str) -> str:
    """Clipping by norm in a trainer's module that takes the steps itself."""
    return f"{module}.clip_gradients({optimizer}, gradient_clip_val={TRAINER_BOUND})"


def zero_row(parameter: str, row: int) -> str:
    """Zeros for one row of a parameter of that name."""
    return f"with torch.no_grad(): {parameter}[{row}].zero_()"


def open_forget_gates(bias: str, value: float) -> str:
    """A value for the second of the four gates that the bias of an LSTM holds."""
    return f"with n = {bias}.shape[0]: nn.init.constant_({bias}[n // 4 : n // 2], {value:g})"


CLIP_FUNCTION = "torch.nn.utils.clip_grad_norm_"


def clip_by_norm(parameters: str) -> str:
    """Clipping by norm of what is written so."""
    return f"{CLIP_FUNCTION}({parameters or 'model.parameters()'}, max_norm=1.0)"


def clip_copies(gradients: str) -> str:
    """Clipping by norm of gradients that are values, written so."""
    return f"{gradients or 'gradients'}, _ = tf.clip_by_global_norm({gradients or 'gradients'}, 1.0)"


PAIRED_CLIPS = frozenset({"clip_by_global_norm"})
"""Functions that give back a pair of bounded gradients and their norm."""
VALUE_OPTIONS = {
    "trainer": "leave the option out: the norm is bounded by default",
    "optimizer": "global_clipnorm=1.0 in its place",
}
"""Who is told to bound each value -> how it bounds the norm."""


def bounded_by_one(function: str, gradients: str) -> str:
    """The call of a function that clips, with a common bound."""
    return f"{function}({gradients}, {'-1.0, ' if function == 'clip_by_value' else ''}1.0)"


def kept_copies(function: str, gradients: str) -> str:
    """The use of what a function that clips gives back."""
    if function in PAIRED_CLIPS:
        return clip_copies(gradients)
    return f"[tf.{function}(gradient, ...) for gradient in gradients], and give that to the step"


def unscale(scaler: str, optimizer: str) -> str:
    """The call that divides the factor of a loss scaler out of the gradients that an optimiser holds."""
    return f"{scaler}.unscale_({optimizer or 'optimizer'})"


def unscaling_clip(accelerator: str, clip: str, parameters: str) -> str:
    """The clip that undoes an accelerator's loss scale first, instead of the function of that name."""
    return f"{accelerator}.{clip}({parameters or 'model.parameters()'}, ...), which unscales first, instead of {clip}"


def unscale_before(scaler: str, optimizer: str, clip: str) -> str:
    """The call in front of clipping."""
    return f"{unscale(scaler, optimizer)} before {clip}"
