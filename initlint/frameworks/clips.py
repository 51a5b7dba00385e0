"""Calls and options that clip gradients, to write into a loop or to give to whatever takes the steps."""

from __future__ import annotations

COMPILED_CLIP = "give the optimizer clipnorm=1.0 or global_clipnorm=1.0"


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
