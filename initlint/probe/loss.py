"""What is differentiated: a loss the output's shape calls for, the user's own, or a random cotangent."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.nn import functional

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs
from initlint.probe.outputs import contraction, cotangents, named_tensors

Kind = Literal["cross-entropy", "regression", "cotangent", "given", "output"]

NAMED = ("cross-entropy", "mse", "none")
"""Losses that are asked for by name; anything else is ``module:function`` or ``path.py:function``."""

MOST_CLASSES = 100_000
"""Width up to which ``(batch, width)`` is taken for logits: ImageNet-21k and extreme classification lie below."""

TARGET_STREAM = 3 << 28
"""Added to the seed: targets are no copy of the inputs, the cotangent or the weights of the same seed."""

LOGITS = ("logits", "out", "prediction_logits", "logits_per_image")
"""Names under which Hugging Face and torchvision return scores of classes, the likeliest first."""

SUM_TOLERANCE = 1e-3
"""Distance from 1 at which a sum of half precision probabilities is still 1: 2^-11 an entry, entries partly cancelling."""

_REMEDY = "Give --loss module:function, called with (output, target) or (output), or --loss none."


@dataclass(frozen=True)
class Loss:
    """How a number is made of the output."""

    kind: Kind
    function: Callable[[Any], torch.Tensor]
    text: str
    classes: int | None = None
    expected: float | None = None
    """What a model that knows nothing has: ln(classes); the variance of the targets. ``None`` where nobody can say."""

    def value(self, output: Any) -> torch.Tensor:
        """The loss as a tensor without dimensions. Raises `ProbeError` if the user's function returns anything else."""
        value = self.function(output)
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            return value.reshape(())
        shown = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
        raise ProbeError("loss", f"{self.text} returns {shown}, not one number", "Reduce it, as with .mean().")

    def describe(self) -> str:
        """For the report: ``cross-entropy on synthetic targets of 10 classes``."""
        return self.text


def choose_loss(
    output: Any,
    *,
    given: str | Callable[..., Any] | None = None,
    inputs: Inputs | None = None,
    target: torch.Tensor | None = None,
    seed: int = 0,
) -> Loss:
    """The loss for an output like this one; targets are drawn here once, so that values can be compared.

    `given` is one of `NAMED` or the user's own function. Raises `ProbeError` (stage "loss") where it does not fit.
    """
    if given == "none":
        return _cotangent_loss(seed)
    name, primary = _primary(output)
    if primary is None:
        return _without_tensor(output, given, target, seed)
    if callable(given):
        drawn = target if target is not None else _synthetic_for(primary, seed)
        return _own_loss(given, drawn)
    if isinstance(given, str) and given not in NAMED:
        raise ProbeError("loss", f"{given!r} is no loss: named ones are " + ", ".join(NAMED), _REMEDY)
    if target is not None and (given is None or given == "cross-entropy" or target.is_floating_point()):
        return _against_target(primary, target)
    if given == "mse":
        return _regression(primary, seed)
    if given == "cross-entropy":
        return _asked_cross_entropy(primary, seed)
    return _by_shape(output, name, primary, inputs, seed)


def _primary(output: Any) -> tuple[str, torch.Tensor | None]:
    """The floating output that a loss is made of: one named as logits, else the first."""
    floating = [(name, tensor) for name, tensor in named_tensors(output) if tensor.is_floating_point()]
    by_name = dict(reversed([(name.rsplit(".", 1)[-1], (name, tensor)) for name, tensor in floating]))
    for wanted in LOGITS:
        if wanted in by_name:
            return by_name[wanted]
    return floating[0] if floating else ("", None)


def _refind(output: Any) -> torch.Tensor:
    """The same place in another output of the model."""
    tensor = _primary(output)[1]
    if tensor is None:
        raise ProbeError("loss", "the output holds no floating tensor", _REMEDY)
    return tensor


def _without_tensor(
    output: Any, given: str | Callable[..., Any] | None, target: torch.Tensor | None, seed: int
) -> Loss:
    if callable(given):
        return _own_loss(given, target)
    if given is None:
        return _cotangent_loss(seed)
    raise ProbeError("loss", f"the output ({type(output).__name__}) holds no floating tensor for {given}", _REMEDY)


def _by_shape(output: Any, name: str, primary: torch.Tensor, inputs: Inputs | None, seed: int) -> Loss:
    own = _own_scalar(output, name, primary, inputs)
    if own is not None:
        return own
    batch = inputs.batch if inputs else (primary.shape[0] if primary.dim() else 1)
    if primary.dim() == 0 or primary.shape[0] != batch or batch < 2:
        return _cotangent_loss(seed)
    if primary.dim() == 1 or (primary.dim() == 2 and primary.shape[1] == 1):
        return _regression(primary, seed)
    if primary.dim() == 2 and primary.shape[1] <= MOST_CLASSES:
        return _cross_entropy(primary, 1, _classes(primary, 1, seed), "synthetic")
    axis = _dense_axis(name, primary, inputs)
    return (
        _cotangent_loss(seed)
        if axis is None
        else _cross_entropy(primary, axis, _classes(primary, axis, seed), "synthetic")
    )


def _own_scalar(output: Any, name: str, primary: torch.Tensor, inputs: Inputs | None) -> Loss | None:
    """A loss that the model computes itself: its only number, or what it calls ``loss`` when it was given labels."""
    is_labelled = inputs is not None and any("label" in key for key in inputs.kwargs)
    loss = next((tensor for path, tensor in named_tensors(output) if path == "loss"), None)
    if is_labelled and loss is not None and loss.dim() == 0:
        return Loss("output", lambda output: dict(named_tensors(output))["loss"], "the model's own loss")
    if primary.dim() == 0 and primary.requires_grad:
        text = f"the model's own output {name}".strip() + ", which is one number"
        return Loss("output", _refind, text)
    return None


def _dense_axis(name: str, primary: torch.Tensor, inputs: Inputs | None) -> int | None:
    """The axis of the classes in an output for every pixel or token; ``None`` unless it is certain to be one."""
    is_named = name.rsplit(".", 1)[-1] in LOGITS
    tables = {spec.high for spec in inputs.recipe.specs if spec.is_integer} if inputs else set()
    last, channels = primary.dim() - 1, primary.shape[1]
    if primary.dim() == 3 and primary.shape[2] > 1:
        is_vocabulary = primary.shape[2] in tables
        return last if is_named or is_vocabulary or _normalised(primary, last) else None
    if primary.dim() >= 4 and channels > 1:
        return 1 if is_named or _normalised(primary, 1) else None
    return None


def _normalised(scores: torch.Tensor, axis: int) -> Literal["probabilities", "log-probabilities"] | None:
    """Whether the scores are probabilities already, or their logarithms."""
    if scores.shape[axis] < 2:
        return None
    values = scores.detach().float()
    if bool((values >= 0).all()) and bool(((values.sum(axis) - 1).abs() < SUM_TOLERANCE).all()):
        return "probabilities"
    if bool((values <= 0).all()) and bool((values.logsumexp(axis).abs() < SUM_TOLERANCE).all()):
        return "log-probabilities"
    return None


def _cross_entropy(scores: torch.Tensor, axis: int, target: torch.Tensor, origin: str) -> Loss:
    """Over the classes along `axis`; `target` has the shape of the scores without it."""
    classes, form = scores.shape[axis], _normalised(scores, axis)

    def function(output: Any) -> torch.Tensor:
        values = _refind(output).float().movedim(axis, 1)
        if form is None:
            return functional.cross_entropy(values, target)
        smallest = torch.finfo(values.dtype).tiny
        logarithms = values.clamp_min(smallest).log() if form == "probabilities" else values
        return functional.nll_loss(logarithms, target)

    what = "cross-entropy" if form is None else f"negative log-likelihood of {form}"
    text = f"{what} on {origin} targets of {classes} classes"
    return Loss("cross-entropy", function, text, classes, math.log(classes))


def _regression(primary: torch.Tensor, seed: int) -> Loss:
    target = torch.randn(primary.shape, generator=_generator(primary, seed), device=primary.device)
    return _squared_error(target, "standard normal", 1.0)


def _squared_error(target: torch.Tensor, origin: str, expected: float | None) -> Loss:
    def function(output: Any) -> torch.Tensor:
        return functional.mse_loss(_refind(output).float(), target.float())

    return Loss("regression", function, f"mean squared error on {origin} targets", None, expected)


def _asked_cross_entropy(primary: torch.Tensor, seed: int) -> Loss:
    axis = 2 if primary.dim() == 3 else 1
    if primary.dim() < 2 or primary.shape[axis] < 2:
        shape = tuple(primary.shape)
        raise ProbeError("loss", f"an output of shape {shape} has no classes for cross-entropy", _REMEDY)
    return _cross_entropy(primary, axis, _classes(primary, axis, seed), "synthetic")


def _against_target(primary: torch.Tensor, target: torch.Tensor) -> Loss:
    """The target of a real batch: numbers of the output's own shape, or classes for each place but along one axis."""
    if target.is_floating_point() and target.numel() == primary.numel():
        variance = float(target.float().var(correction=0))
        return _squared_error(target.reshape(primary.shape), "given", variance)
    for axis in (1, primary.dim() - 1):
        rest = primary.movedim(axis, 0).shape[1:] if primary.dim() > 1 else None
        if not target.is_floating_point() and rest is not None and tuple(target.shape) == tuple(rest):
            _require_classes(target, primary.shape[axis])
            return _cross_entropy(primary, axis, target.long(), "given")
    message = f"a target {str(target.dtype)[6:]} {tuple(target.shape)} does not fit an output {tuple(primary.shape)}"
    raise ProbeError("loss", message, _REMEDY)


def _require_classes(target: torch.Tensor, classes: int) -> None:
    low, high = int(target.min()), int(target.max())
    if high >= classes or (low < 0 and low != -100):  # -100: cross_entropy's ignore_index
        raise ProbeError("loss", f"targets from {low} to {high} for {classes} classes", "Number classes from 0.")


def _own_loss(function: Callable[..., Any], target: torch.Tensor | None) -> Loss:
    """Called with the output, and with the target if it takes two arguments."""
    call = function() if isinstance(function, type) else function
    name = getattr(function, "__name__", type(function).__name__)
    if not _takes_target(call):
        return Loss("given", call, f"{name}(output)")
    if target is None:
        raise ProbeError("loss", f"{name} takes a target and the batch has none", "Give --input-file with a target.")
    return Loss("given", lambda output: call(output, target), f"{name}(output, target)")


def _takes_target(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature
        return True
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    is_variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return (
        len(required) > 1 or is_variadic or (len(positional) > 1 and positional[1].name in ("target", "targets", "y"))
    )


def _synthetic_for(primary: torch.Tensor, seed: int) -> torch.Tensor:
    """Classes where the output has them, else normal numbers of its shape."""
    if primary.dim() == 2 and primary.shape[1] > 1:
        return _classes(primary, 1, seed)
    return torch.randn(primary.shape, generator=_generator(primary, seed), device=primary.device)


def _classes(scores: torch.Tensor, axis: int, seed: int) -> torch.Tensor:
    """A class for each place of the scores, uniformly drawn."""
    shape = scores.movedim(axis, 0).shape[1:]
    return torch.randint(scores.shape[axis], shape, generator=_generator(scores, seed), device=scores.device)


def _generator(like: torch.Tensor, seed: int) -> torch.Generator:
    return torch.Generator(like.device).manual_seed(TARGET_STREAM + seed)


def _cotangent_loss(seed: int) -> Loss:
    def function(output: Any) -> torch.Tensor:
        pairs = cotangents(output, seed)
        if not pairs:
            raise ProbeError("loss", "no output depends on a parameter through a gradient", _REMEDY)
        return contraction(pairs)

    return Loss("cotangent", function, "a random unit cotangent on the output")
