"""Fixes that draw weights anew: init calls that are replaced, put behind a tensor, or added where a model is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from initlint.finding import Place
from initlint.fix import Edit, Fix, Name, copied, replaced, statement_after
from initlint.fix.edit import Part
from initlint.frameworks.draws import Draw, drawn_like, scaled_draw
from initlint.frameworks.options import TOLD, Option, initializer_option
from initlint.frameworks.remedies import layer_class
from initlint.frameworks.torch import PARAMETER, canonical
from initlint.network import TRANSPARENT, Layer, Network
from initlint.network.stack import Stack, Stage
from initlint.program import Program
from initlint.program.functions import call_at, class_at, lineage, statement_at
from initlint.program.initialising import initialisation
from initlint.program.module import flatten
from initlint.program.nodes import last_name, spelled_names
from initlint.reading import facts

from .judging import is_explicit, last_write
from .telling import drawn_by, is_taken, renamed, resolved, told

ROOT = PARAMETER.partition(".")[0] + "."
"""What the full names of the framework begin with."""
KEPT = frozenset({"mode", "generator"})
"""Arguments of an init call that stay as they are when another draws."""
MATRIX_PRODUCT = "matmul"
"""Kind of a layer that multiplies by an ``(in, out)`` parameter."""
MOST_OWNERS = 4
"""Attributes that a loop names one by one."""
LOOP_NAMES = ("module", "layer", "each")
Located = tuple[str, Edit]
"""An edit, and the displayed path of its file."""


def fix_of(title: str, edits: Iterable[Located] | None, *, safe: bool = False) -> Fix | None:
    """The fix that some edits make; `None` if there are none, or in more than one file."""
    found = list(dict.fromkeys(edits or ()))
    paths = {path for path, _ in found}
    return Fix(title, tuple(edit for _, edit in found), safe, *paths) if len(paths) == 1 else None


def all_of(edits: Iterable[list[Located] | None]) -> list[Located] | None:
    """All edits; `None` if some of them cannot be made."""
    found = list(edits)
    return None if None in found else [edit for some in found if some is not None for edit in some]


# ------------------------------------------------------------------------------------------------------- one init call


def redrawn(program: Program, place: Place, draw: Draw) -> list[Located] | None:
    """The write at a place gives way to another draw, or is followed by one."""
    call = call_at(program, place)
    if call is None:
        return None
    found = initialisation(call)
    option = _option(program, place, call, draw) if found is None else None
    if option is not None:
        edit = told(program, place.path, call, option)
        return None if edit is None else [(place.path, edit)]
    if found is None:
        return _drawn_fresh(program, place, call, draw)
    target = found.target
    if found.is_method and isinstance(target, facts.Attribute) and target.name == "data":
        target = target.value
    given = [each.value for each in call.arguments if each.value is not target and each.keyword not in KEPT]
    if any(isinstance(one, facts.Name) and is_taken(program, place.path, one) for one in given):
        return None
    named = ((each.keyword, each.value) for each in call.arguments if each.keyword in KEPT)
    kept = [part for keyword, value in named for part in (f", {keyword}=", copied(value))]
    return [(place.path, replaced(call, *_call(drawn_like(draw, found.name), [copied(target)], kept)))]


def _option(program: Program, place: Place, call: facts.Call, draw: Draw) -> Option | None:
    """For a layer that is told when it is made how to draw its kernel: that."""
    layer = resolved(program, place.path, call.function)
    option = initializer_option(layer, draw)
    return initializer_option(layer, drawn_like(draw, drawn_by(call, option.name))) if option is not None else None


def _drawn_fresh(program: Program, place: Place, call: facts.Call, draw: Draw) -> list[Located] | None:
    """A new tensor is drawn: behind the statement that stores it as a parameter, or on the spot."""
    if last_name(call).endswith("_") or not _is_of_framework(program, place, call.function):  # no new tensor
        return None
    statement = statement_at(program, place)
    if isinstance(statement, facts.Assign) and len(statement.targets) == 1 and _is_parameter(statement.value):
        return [(place.path, statement_after(statement, *_call(draw, [copied(statement.targets[0])])))]
    tensor = call.arguments[0].value if _is_parameter(call) and call.arguments else call
    return [(place.path, replaced(tensor, *_call(draw, [copied(tensor)])))]


def _is_parameter(node: object) -> bool:
    return isinstance(node, facts.Call) and last_name(node) == PARAMETER.rpartition(".")[2]


def _call(draw: Draw, target: list[Part], kept: Iterable[Part] = ()) -> list[Part]:
    """The parts of an init call."""
    given = [f", {draw.arguments}"] if draw.arguments else []
    return [Name(draw.initializer), "(", *target, *kept, *given, ")"]


def redrawing(stages: Iterable[Stage], program: Program) -> Fix | None:
    """The fix that draws the weights of stages by their fans and activations, in the init calls that they have."""
    return _redrawing([(stage.layer, draw_before(stage.activation)) for stage in stages], program)


def redrawing_layers(network: Network, layers: Iterable[Layer], program: Program) -> Fix | None:
    """The fix that draws the weights of layers by their fans and the activations behind them.

    Of layers that share an init call the first decides.
    """
    return _redrawing([(layer, draw_of(network, layer)) for layer in layers], program)


def _redrawing(found: Iterable[tuple[Layer, Draw]], program: Program) -> Fix | None:
    draws: dict[Place, Draw] = {}
    for layer, draw in found:
        written = layer.weight.last if layer.weight is not None else None
        if written is None or not written.is_explicit:
            return None
        draws.setdefault(written.place, draw.transposed() if layer.kind == MATRIX_PRODUCT else draw)
    names = " and ".join(dict.fromkeys(draw.name for draw in draws.values()))
    return fix_of(f"Draw the weights with {names}", all_of(redrawn(program, *each) for each in draws.items()))


# ------------------------------------------------------------------------------------------------------ a whole network


def redrawing_stack(stack: Stack, program: Program) -> Fix | None:
    """The fix that draws the hidden weights of a stack for its activation."""
    draw = draw_before(stack.hidden[0].activation)
    return fix_of(f"Draw the weights with {draw.name}", redrawn_stack(program, stack, draw))


def redrawn_stack(program: Program, stack: Stack, draw: Draw) -> list[Located] | None:
    """Every hidden layer of a stack drawn alike: in its own init calls, or where the network is complete."""
    found = stack.hidden
    if stack.network.framework in TOLD:
        return all_of(redrawn(program, place, draw) for place in dict.fromkeys(stage.layer.place for stage in found))
    places = [written.place for stage in found if (written := last_write(stage)) is not None and is_explicit(stage)]
    if len(places) == len(found):
        return all_of(redrawn(program, place, draw) for place in dict.fromkeys(places))
    classes = [layer_class(stage.layer.kind) for stage in found]
    known = [name for name in dict.fromkeys(classes) if name is not None]
    return None if None in classes else _drawn_at_the_end(program, stack, known, draw)


def _drawn_at_the_end(program: Program, stack: Stack, classes: list[str], draw: Draw) -> list[Located] | None:
    """A loop over the modules of these classes, at the end of the constructor or behind the expression that builds."""
    place, is_alone = stack.network.place, _is_alone(stack)
    home = class_at(program, place)
    if home is None or home[0].source.place(home[1].start, home[1].end) != place:
        return _behind_expression(program, place, classes, draw) if is_alone else None
    owners = ["self"] if is_alone else _owners(stack)
    constructor = _constructor(program, *home)
    if constructor is None or not owners:
        return None
    path, function = constructor
    loop = _loop(owners, classes, draw, spelled_names(function))
    return [(path, statement_after(function.body[-1], *loop))]


def _is_alone(stack: Stack) -> bool:
    """Whether all weights of the network are the stack's: nothing else, pretrained perhaps, would be drawn with them."""
    own = {id(stage.layer.weight) for stage in stack.stages}
    weights = (parameter for parameter in stack.network.parameters if parameter.role == "weight")
    return stack.network.is_complete and all(id(weight) in own for weight in weights)


def _owners(stack: Stack) -> list[str]:
    """The attributes of the model that hold the hidden layers; none if there are many."""
    roots = list(dict.fromkeys(stage.layer.name.partition(".")[0] for stage in stack.hidden))
    return [f"self.{root}" for root in roots] if all(map(str.isidentifier, roots)) and len(roots) <= MOST_OWNERS else []


def _constructor(program: Program, module: object, cls: facts.Class) -> tuple[str, facts.Function] | None:
    """The ``__init__`` that a class has or inherits, and the file it stands in."""
    for definition in lineage(program, module, cls).classes:  # type: ignore[arg-type]
        assert isinstance(definition.node, facts.Class)
        for member in flatten(definition.node.body):
            if isinstance(member, facts.Function) and member.name == "__init__" and member.body:
                return definition.module.source.display, member
    return None


def _behind_expression(program: Program, place: Place, classes: list[str], draw: Draw) -> list[Located] | None:
    call, statement = call_at(program, place), statement_at(program, place)
    if call is None or statement is None:
        return None
    if isinstance(statement, facts.Return) and statement.value == call:
        loop = _loop(["model"], classes, draw, set())
        parts: list[Part] = ["model = ", copied(call), "\n", *loop, "\nreturn model"]
        return [(place.path, replaced(statement, *parts))]
    if isinstance(statement, facts.Assign) and statement.value == call and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, facts.Name):
            return [(place.path, statement_after(statement, *_loop([target.id], classes, draw, {target.id})))]
    return None


def _loop(owners: list[str], classes: list[str], draw: Draw, taken: set[str]) -> list[Part]:
    """A statement that draws the weights of all modules of the classes."""
    name = next((name for name in LOOP_NAMES if name not in taken), "module_")
    kinds: list[Part] = []
    for each in classes:
        kinds += [", ", Name(each)]
    tested = kinds[1:] if len(classes) == 1 else ["(", *kinds[1:], ")"]
    each_module = ", ".join(f"*{owner}.modules()" for owner in owners)
    modules = f"({each_module})" if len(owners) > 1 else f"{owners[0]}.modules()"
    test: list[Part] = [f"for {name} in {modules}:\n    if isinstance({name}, ", *tested, "):\n        "]
    return [*test, *_call(draw, [f"{name}.weight"])]


# ----------------------------------------------------------------------------------------------------- which draw it is


def draw_before(activation: Layer | None) -> Draw:
    """The draw that keeps the variance in front of an activation."""
    if activation is None:
        return scaled_draw("linear")
    return scaled_draw(activation.activation, activation.options.get("negative_slope"))


def draw_of(network: Network, layer: Layer) -> Draw:
    """The draw that keeps the variance behind a layer."""
    return draw_before(_activation_behind(network, layer))


def _activation_behind(network: Network, layer: Layer) -> Layer | None:
    """The first activation that takes what a layer gives, if that is its only consumer."""
    consumers = network.consumers()
    after = consumers.get(layer.id, [])
    while len(after) == 1 and after[0].op in TRANSPARENT | {"add"}:
        if after[0].op == "activation":
            return after[0]
        after = consumers.get(after[0].id, [])
    return None


def calls_replaced(
    program: Program, layers: Iterable[Layer], names: Callable[[str], str | None]
) -> list[Located] | None:
    """What builds or calls each layer gives way to what `names` gives for it; `None` if some cannot be replaced."""
    return all_of(_call_replaced(program, layer, names(layer.kind)) for layer in layers)


def _call_replaced(program: Program, layer: Layer, name: str | None) -> list[Located] | None:
    call = call_at(program, layer.place)
    if name is None or call is None:
        return None
    edit = renamed(resolved(program, layer.place.path, call.function), call, layer.kind, name.rpartition(".")[2])
    if edit is not None:
        return [(layer.place.path, edit)]
    if last_name(call) != layer.kind:
        return None
    function = call.function
    if not call.arguments and isinstance(function, facts.Attribute) and layer.kind.islower():  # a tensor's method
        method = Edit(function.value.end, function.end, (f".{name.rpartition('.')[2]}",))
        return [(layer.place.path, method)]
    if not _is_of_framework(program, layer.place, function):
        return None
    return [(layer.place.path, replaced(function, Name(name)))]


def _is_of_framework(program: Program, place: Place, function: facts.Expression) -> bool:
    """Whether a name at a place leads into the framework that the fixes are written for, and not into another dialect."""
    return canonical(resolved(program, place.path, function)).startswith(ROOT)
