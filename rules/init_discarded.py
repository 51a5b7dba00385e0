"""INL106."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from initlint.finding import Finding, Place, Severity
from initlint.fix import Edit, Fix, copied, inserted, replaced, statement_after
from initlint.frameworks.draws import init_of_weight
from initlint.frameworks.remedies import SHAPED_AFTER, WRITE_BACK, has_weight, written_back
from initlint.frameworks.torch import ALIASES, COPIES
from initlint.network import DiscardedInit, Network, Parameter, RecomputedInit, Write
from initlint.program import Program
from initlint.program.discarding import Discarded, discarded
from initlint.program.functions import call_at
from initlint.program.initialising import Initialisation, initialisation
from initlint.program.nodes import is_same, last_name, nodes
from initlint.reading import facts
from initlint.rule import Rule
from initlint.signal.initializers import INITIALIZERS

BEFORE_WRAPPING = (
    "initialise the layer before weight_norm or spectral_norm wraps it; or leave this out, which changes nothing"
)


class InitDiscarded(Rule):
    """An init whose effect is lost.

    Why: an init of a copy or of a new tensor leaves the parameter as it was; one that a later init writes over has no
    effect, nor has one of a weight under weight norm, which is computed anew from others before each forward pass; an
    initialiser that is given a module raises. The weights are not what the source says.
    Predicted: the tensor that the call writes to, its other uses, and the writes to a parameter in the order they run.
    Measured: -
    Silent on: in-place calls on .data, detach() and views, copies that are written back, returned or stored, defaults
    of a layer that are drawn again, and a general init that a special one follows.
    Fix: initialise the parameter itself; run the special init after the general one.
    Source: the documentation of torch.Tensor.clone and of torch.nn.Module.apply.
    """

    code = "INL106"
    name = "init-discarded"
    bad = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)
        nn.init.xavier_uniform_(self.fc.weight.clone())  # bad

    def forward(self, x):
        return self.fc(x)
"""
    good = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        return self.fc(x)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Looks for initialisers that were given a module, or a weight that is computed anew."""
        for seen in network.observed(DiscardedInit):
            message = f"{seen.initializer} of a module ({seen.target}), a tensor is expected: the call raises"
            remedy = f"initialise its weight: {init_of_weight(seen.initializer)}"
            fix = partial(_fix_module, seen)
            yield self.finding(seen.place, message, help=remedy, severity=Severity.ERROR, fix=fix)
        for lost in network.observed(RecomputedInit):
            if lost.initializer in INITIALIZERS:
                yield self._recomputed(lost)

    def _recomputed(self, seen: RecomputedInit) -> Finding:
        message = (
            f"{seen.initializer} of {seen.parameter}: its layer computes this weight anew from others before each "
            f"forward pass, what is written here is lost"
        )
        return self.finding(seen.place, message, help=BEFORE_WRAPPING)

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks for inits of tensors that nothing keeps, and for writes that later ones undo."""
        for module in program.modules:
            yield from map(self._unkept, discarded(module))
        yield from self._undone(program)
        for network in program.networks():
            yield from self._twice(program, network)

    def _unkept(self, seen: Discarded) -> Finding:
        what = "a copy of the weight" if seen.is_copy else "a new tensor"
        message = (
            f"{seen.initializer} of {seen.tensor}: {what} that nothing stores, the parameter itself stays as it was"
        )
        remedy = f"initialise the parameter itself, or {WRITE_BACK}"
        fix = partial(_fix_copy if seen.is_copy else _fix_fresh, seen)
        return self.finding(seen.place, message, help=remedy, fix=fix)

    def _undone(self, program: Program) -> Iterator[Finding]:
        """Constants that a general init writes over in every network."""
        fates: dict[Place, list[tuple[Parameter, Write, Write | None]]] = defaultdict(list)
        for network in program.networks():
            for parameter in network.parameters:
                for write in filter(_is_special, parameter.writes):
                    fates[write.place].append((parameter, write, _undoing(parameter, write)))
        for place, found in fates.items():
            parameter, write, undoing = found[0]
            if undoing is not None and all(later is not None for _, _, later in found):
                yield self._overwritten(place, parameter, write, undoing)

    def _overwritten(self, place: Place, parameter: Parameter, write: Write, later: Write) -> Finding:
        message = (
            f"{parameter.name}: {write.initializer} is undone by {later.initializer} in {later.function}, line "
            f"{later.place.line}, which runs later: the constant start is lost"
        )
        remedy = f"run {write.initializer} after {later.function}, or leave the layer out there"
        return self.finding(place, message, help=remedy, related=[(later.place, "this call runs later")])

    def _twice(self, program: Program, network: Network) -> Iterator[Finding]:
        """A parameter initialised twice in the same words, beside one that is left out."""
        for parameter in network.parameters:
            first, second = _repeated(parameter) or (None, None)
            if first is None or second is None or not _is_copied(program, first, second):
                continue
            left_out = [other for other in network.parameters if _is_left_out(other, parameter)]
            sibling = left_out[0] if left_out else None
            if sibling is not None:
                message = (
                    f"{parameter.name} is initialised twice by {first.initializer}, and {sibling.name} not at all: "
                    f"it keeps the framework's default init"
                )
                fix = partial(_fix_repeated, second.place, parameter, sibling) if len(left_out) == 1 else None
                remedy = f"write {sibling.name} in one of the two calls"
                yield self.finding(first.place, message, help=remedy, fix=fix)


def _fix_module(seen: DiscardedInit, program: Program) -> Fix | None:
    """The weight of the layer instead of the layer."""
    call = call_at(program, seen.place)
    found = initialisation(call) if call is not None else None
    if found is None or not has_weight(seen.target):
        return None
    return Fix("Initialise its weight", (inserted(found.target.end, ".weight"),), safe=True)


def _fix_repeated(place: Place, parameter: Parameter, sibling: Parameter, program: Program) -> Fix | None:
    """The name of the module that is left out in the second call, where the first stands once."""
    (home, other) = (each.name.split(".")[-2] for each in (parameter, sibling))
    call = call_at(program, place)
    named = [node for node in nodes(call) if isinstance(node, facts.Attribute) and node.name == home]
    if len(named) != 1 or not other.isidentifier():
        return None
    edit = Edit(named[0].end - len(home), named[0].end, (other,))
    return Fix(f"Initialise {sibling.name}", (edit,), safe=False)


def _fix_copy(seen: Discarded, program: Program) -> Fix | None:
    """What was copied instead of the copy."""
    call = call_at(program, seen.place)
    found = initialisation(call) if call is not None else None
    if found is None:
        return None
    copy = found.target if isinstance(found.target, facts.Call) else _definition(program, seen, found)
    source = _copied_from(copy) if copy is not None else None
    if copy is None or source is None:
        return None
    data = ".data" if found.is_method and not _is_data(source) else ""
    return Fix("Initialise the parameter itself", (replaced(copy, copied(source), data),), safe=False)


def _fix_fresh(seen: Discarded, program: Program) -> Fix | None:
    """The tensor written into the one that it was shaped after, behind the call that fills it."""
    call = call_at(program, seen.place)
    found = initialisation(call) if call is not None else None
    made = _definition(program, seen, found) if found is not None else None
    shaped = made.arguments[0].value if isinstance(made, facts.Call) and made.arguments else None
    if call is None or not isinstance(shaped, facts.Attribute) or not last_name(made).endswith(SHAPED_AFTER):
        return None
    if _is_used_behind(program, seen, call):
        return None
    behind = statement_after(call, copied(shaped), written_back(seen.tensor))
    return Fix("Write the tensor back", (behind,), safe=False)


def _is_used_behind(program: Program, seen: Discarded, call: facts.Call) -> bool:
    named = (node for node in _nodes_beside(program, seen) if isinstance(node, facts.Name))
    return any(node.id == seen.tensor and node.start > call.end for node in named)


def _nodes_beside(program: Program, seen: Discarded) -> Iterator[facts.Node]:
    """All that stands in the same file."""
    module = program.module_shown(seen.place.path)
    return nodes(module.source.facts.body if module is not None else ())


def _definition(program: Program, seen: Discarded, found: Initialisation) -> facts.Expression | None:
    """What the local name that is initialised was given last."""
    before = (node for node in _nodes_beside(program, seen) if isinstance(node, facts.Assign))
    given = [node.value for node in before if node.end < found.call.start and last_name(node.targets[0]) == seen.tensor]
    return given[-1] if given else None


def _copied_from(copy: facts.Expression) -> facts.Expression | None:
    """The tensor at the bottom of a chain of copies and views of all of it: ``w`` of ``w.detach().cpu().clone()``."""
    while isinstance(copy, facts.Call) and not copy.arguments and isinstance(copy.function, facts.Attribute):
        if copy.function.name not in COPIES | ALIASES:
            return None
        copy = copy.function.value
    return copy if isinstance(copy, (facts.Name, facts.Attribute, facts.Subscript)) else None


def _is_data(tensor: facts.Expression) -> bool:
    return isinstance(tensor, facts.Attribute) and tensor.name == "data"


def _is_special(write: Write) -> bool:
    """Whether a call sets all of a tensor to one value."""
    is_call = write.initializer.endswith("_") and write.is_certain and not write.is_partial
    return is_call and write.distribution is not None and write.distribution.is_constant


def _undoing(parameter: Parameter, write: Write) -> Write | None:
    """The last write, if it surely makes something else of a weight and stands in another function."""
    last = parameter.writes[-1]
    is_weight = parameter.role in ("weight", "recurrent", "scale")
    is_other = (
        last.distribution is not None and write.distribution is not None and last.distribution != write.distribution
    )
    is_general = last.initializer.endswith("_") and last.function not in ("", write.function)
    is_sure = last.is_certain and not last.is_partial and last.place != write.place
    return last if is_weight and is_other and is_general and is_sure else None


def _repeated(parameter: Parameter) -> tuple[Write, Write] | None:
    """Two explicit writes, one straight after the other, by the same call in the same function."""
    written = [write for write in parameter.writes if write.is_explicit]
    for one, other in pairwise(written):
        is_same_call = one.initializer == other.initializer and one.function == other.function
        if is_same_call and one.is_certain and other.is_certain and one.place != other.place:
            return one, other
    return None


def _is_copied(program: Program, first: Write, second: Write) -> bool:
    """Whether the two calls are the same text, so that neither is a loop or another name for the tensor."""
    one, other = call_at(program, first.place), call_at(program, second.place)
    return one is not None and other is not None and is_same(one, other)


def _is_left_out(other: Parameter, parameter: Parameter) -> bool:
    """Whether a parameter of the same kind, in a module beside it, keeps its default."""
    home, _, leaf = parameter.name.rpartition(".")
    beside, _, name = other.name.rpartition(".")
    is_beside = home != beside and home.rpartition(".")[0] == beside.rpartition(".")[0] and name == leaf
    return is_beside and other.role == parameter.role and all(write.initializer == "default" for write in other.writes)
