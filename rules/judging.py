"""What the rules on scale share: limits measured against training, and who is to blame."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import Enum

from initlint.finding import Place
from initlint.frameworks.gains import looks_at_fan, named_gain
from initlint.network import Network, Parameter, Write
from initlint.network.stack import Stack, Stage, stacks
from initlint.signal.distribution import Distribution
from initlint.signal.nonlinearity import Activation
from initlint.signal.size import combine

SGD_LIMIT = 3.5
"""Decades of the gradient's second moment over the hidden stages beyond which plain SGD does not train: of 66 networks
on scikit-learn's digits (width 128, best of three learning rates) all beyond it failed, and none below 3.3."""
ADAM_LIMIT = 10.0
"""Decades beyond which Adam does not train either. ReLU networks with PyTorch's default init on ten Gaussian clusters, 400
steps, best of two learning rates: 12 hidden layers (8.6 decades) reach 100 %, 14 (10.1) 85 %, 20 (14.8) 53 %."""
PLAIN_LIMIT = 5.0
"""Decades from which rectifier stacks at a framework's default are reported. Between `SGD_LIMIT` and this lie networks
of AlexNet's and NeRF's depth, which people do train, with momentum or Adam and time."""
FAN_MULTIPLES = (1 / 3, 2 / 3, 1.0, 4 / 3, 2.0, 3.0, 1 / 6, 2.04, 1.02)
"""fan x variance of the usual initialisers that look at the fan: LeCun, He, Xavier, normal or uniform by 1/sqrt(fan)."""
CLOSE = 1e-3
"""Relative tolerance for recognising one of `FAN_MULTIPLES`: floats that were computed, not rounded by hand."""


def whole_stacks(network: Network, least: int = 2) -> Iterator[Stack]:
    """The stacks with at least `least` hidden stages and no constant or unwritten weight, which have rules of their own;
    of models that other code may initialise anew only those that would train."""
    unwritten = {found.name for found in network.measured.unwritten} if network.measured is not None else set()
    for stack in stacks(network):
        names = {stage.layer.weight.name for stage in stack.stages if stage.layer.weight is not None}
        is_drawn = not names & unwritten and not any(map(is_constant, stack.stages))
        if len(stack.hidden) >= least and is_drawn and not _is_redrawn(stack):
            yield stack


def _is_redrawn(stack: Stack) -> bool:
    """Whether it would not train, and other code may give it other weights."""
    return abs(worst(stack)) > SGD_LIMIT and stack.network.is_initialised_elsewhere()


def is_constant(stage: Stage) -> bool:
    """Whether all its weights are equal."""
    return stage.layer.weight is not None and stage.layer.weight.constant is not None


def share(stack: Stack, is_kind: Iterable[bool]) -> float:
    """Share of the hidden stages of one kind, 0 to 1."""
    return sum(is_kind) / max(len(stack.hidden), 1)


def last_write(stage: Stage) -> Write | None:
    """The write that decides a stage's weight."""
    return stage.layer.weight.last if stage.layer.weight is not None else None


def is_explicit(stage: Stage) -> bool:
    """Whether somebody wrote the init of the stage's weight down."""
    found = last_write(stage)
    return found is not None and found.is_explicit


def blame(stack: Stack) -> Place:
    """The line to change: the explicit init of the first stage that has one, else where the first layer is built."""
    found = next((stage for stage in stack.hidden if is_explicit(stage)), stack.hidden[0])
    written = last_write(found)
    return written.place if written is not None and written.is_explicit else found.layer.place


def other_places(stages: Iterable[Stage], place: Place) -> list[tuple[Place, str]]:
    """The other lines on which what is reported at a place stands, too: the explicit inits of the stages."""
    writes = [last_write(stage) for stage in stages]
    found = dict.fromkeys(written.place for written in writes if written is not None and written.is_explicit)
    return [(each, "and here") for each in found if each != place]


def worst(stack: Stack) -> float:
    """The larger of the changes of gradient and signal over the stack, in decades; 0 if neither is known."""
    return max((decades for decades in (stack.gradient, stack.forward) if decades is not None), key=abs, default=0.0)


class Cause(Enum):
    """What makes a stack fail. Each has one rule that reports it."""

    LOGISTIC = "the activation"
    SELU_INIT = "an init that is not SELU's"
    SHIFTED = "weights with a mean"
    HARD_CODED = "a spread that ignores the fan"
    GAIN = "a gain that is another activation's"
    TANH_SCALE = "an init off tanh's critical line"
    HE_MISSING = "an init that is not a rectifier's"
    DEPTH = "the depth"


def cause(stack: Stack) -> Cause:
    """The one thing to change first, if a stack fails."""
    shapes = [stage.nonlinearity for stage in stack.hidden]
    is_shifted_by_init = share(stack, map(is_shifted, stack.hidden)) >= MAJORITY
    is_hard = share(stack, map(is_hard_coded, stack.hidden)) >= MAJORITY
    if share(stack, (phi is not None and phi.is_logistic for phi in shapes)) > MAJORITY:
        if is_shifted_by_init:
            return Cause.SHIFTED
        return Cause.HARD_CODED if is_hard and _is_init_to_blame(stack) else Cause.LOGISTIC
    if share(stack, (phi is not None and phi.name == "selu" for phi in shapes)) > MAJORITY:
        return Cause.SELU_INIT if not is_critical(stack) else Cause.DEPTH
    if is_shifted_by_init:
        return Cause.SHIFTED
    if is_hard:
        return Cause.HARD_CODED
    if any(is_misnamed(stage) for stage in stack.hidden):
        return Cause.GAIN
    if is_critical(stack):
        return Cause.DEPTH
    return Cause.HE_MISSING if is_rectified(stack) else Cause.TANH_SCALE


def _is_init_to_blame(stack: Stack) -> bool:
    """Whether plain SGD would train the stack, whatever its activations, if its weights were drawn by their fans."""
    found = stack.gradient_at_fan_in
    return found is not None and abs(found) <= SGD_LIMIT


MAJORITY = 0.5
CRITICAL = (0.8, 1.25)
"""fan_in x Var(w), as a multiple of the activation's right one, within which an init counts as right: sampling, fans
that differ a little between neighbours."""


def is_critical(stack: Stack) -> bool:
    """Whether the stages have, in the geometric mean, the variance that is right for their activation."""
    ratios = [scale_ratio(stage) for stage in stack.hidden]
    known = [ratio for ratio in ratios if ratio is not None]
    if len(known) < len(ratios) or not known:
        return False
    return CRITICAL[0] <= math.exp(sum(map(math.log, known)) / len(known)) <= CRITICAL[1]


def scale_ratio(stage: Stage) -> float | None:
    """fan_in x E[w^2] over what the activation needs to keep the second moment, or over He's, whichever is nearer.

    1 between the two; `None` if not known.
    """
    law = stage.layer.weight.distribution if stage.layer.weight is not None else None
    total = combine(lambda fan, second: fan * second, stage.layer.fan_in, law.second if law is not None else None)
    if not isinstance(total, (int, float)) or total <= 0:
        return None
    low, high = sorted((HE_GAIN**2, needed_gain(stage) ** 2)) if needed_gain(stage) != 1 else (1.0, 1.0)
    return total / low if total < low else max(total / high, 1.0)


HE_GAIN = math.sqrt(2)
"""He's, which is the customary one for every rectifier, smooth ones included."""


def needed_gain(stage: Stage) -> float:
    """The gain of the stage's activation: 1 for a linear or saturating one (Xavier's condition), He's for rectifiers."""
    phi = stage.nonlinearity
    return phi.forward_gain if phi is not None and phi.is_relu_like else 1.0


def is_rectified(stack: Stack) -> bool:
    """Whether most of the hidden stages are rectifiers."""
    shapes = [stage.nonlinearity for stage in stack.hidden]
    return share(stack, (phi is not None and phi.is_relu_like and phi.name != "selu" for phi in shapes)) > MAJORITY


HARMFUL_MEAN = 4.0
"""fan_in x |mean| from which what all inputs have in common grows at least fourfold a layer."""
SMALLEST_MEAN = 0.05
"""The same bound for a width that is not known, on the mean alone: reached at a fan-in of 80."""


def is_shifted(stage: Stage) -> bool:
    """Whether its weights have a mean that outgrows the signal."""
    law = stage.layer.weight.distribution if stage.layer.weight is not None else None
    if law is None or law.is_constant or law.family in ("identity", "sparse") or not is_explicit(stage):
        return False
    mean, fan = law.mean, stage.layer.fan_in
    if isinstance(law.std, (int, float)) and isinstance(mean, (int, float)) and abs(mean) < 0.1 * law.std:
        return False
    total = combine(lambda n, m: n * m, fan, mean)
    if isinstance(total, (int, float)):
        return abs(total) >= HARMFUL_MEAN
    return isinstance(mean, (int, float)) and abs(mean) >= SMALLEST_MEAN and fan is not None


WRONG = 1.25
"""Ratio of variances from which one activation's gain is not another's: ReLU's and LeakyReLU(0.01)'s differ by 1.0001."""


def is_misnamed(stage: Stage) -> bool:
    """Whether the init call names an activation whose gain is not that of the one that follows."""
    written, phi = last_write(stage), stage.nonlinearity
    named = named_gain(written.initializer, written.arguments) if written is not None else None
    if named is None or phi is None or phi.is_logistic or phi.name == "selu":
        return False
    kind, gain = named
    if kind == phi.name or (kind == "relu" and phi.is_relu_like and phi.name != "prelu" and _is_near(gain, phi)):
        return False
    return not _is_near(gain, phi)


def _is_near(gain: float, phi: Activation) -> bool:
    wanted = phi.forward_gain if phi.is_relu_like else 1.0
    if phi.name in ("tanh", "hardtanh", "softsign") and 1.0 <= gain <= 5 / 3:
        return True
    return 1 / WRONG <= gain**2 / wanted**2 <= WRONG


def is_hard_coded(stage: Stage) -> bool:
    """Whether the spread of its weights is a plain number that does not follow from the fans."""
    found, parameter = last_write(stage), stage.layer.weight
    if found is None or parameter is None or not found.is_explicit or found.distribution is None:
        return False
    if looks_at_fan(found.initializer):
        return False
    if abs(mean_over_std(found.distribution)) > HARMLESS_MEAN:
        return False
    variance = found.distribution.second
    return isinstance(variance, (int, float)) and variance > 0 and not _follows_fan(stage, parameter, float(variance))


HARMLESS_MEAN = 0.1
"""Mean over std of weights up to which they count as centred."""


def mean_over_std(law: Distribution) -> float:
    """How far the weights are off centre; infinity if that is not known."""
    if isinstance(law.mean, (int, float)) and isinstance(law.std, (int, float)) and law.std > 0:
        return law.mean / law.std
    return 0.0 if law.mean == 0 else math.inf


def _follows_fan(stage: Stage, parameter: Parameter, variance: float) -> bool:
    fans = [fan for fan in (stage.layer.fan_in, stage.layer.fan_out) if isinstance(fan, (int, float))]
    sizes = [size for size in parameter.shape or () if isinstance(size, (int, float))]
    candidates = [*fans, *sizes, *([sum(fans) / 2] if len(fans) == 2 else []), math.prod(sizes) if sizes else 0]
    close = tolerance(parameter)
    return any(
        math.isclose(fan * variance, multiple, rel_tol=close) for fan in candidates for multiple in FAN_MULTIPLES
    )


SIGMAS = 4.0
"""Standard errors within which a measured variance agrees with another: one weight in 16 000 falls outside by chance."""


def tolerance(parameter: Parameter) -> float:
    """Relative tolerance of its variance: `CLOSE`, or the sampling error ``sqrt(2 / n)`` where it is known from n values."""
    seen, law = parameter.measured, parameter.distribution
    if seen is None or law is None or law.family != "other":
        return CLOSE
    return SIGMAS * math.sqrt(2 / max(seen.values.elements, 1))
