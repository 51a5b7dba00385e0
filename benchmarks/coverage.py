"""How much of the production libraries the tracer knows, by module class, and what it does not follow.

Counted is every class that is an `nn.Module` by its linked bases and has a `forward` written in the program, its own or
an inherited one; those whose `forward` does nothing, or nothing but raise, are counted apart, as abstract. A class is

* complete: a network was traced from it in which every operation from the inputs to the outputs is known;
* in another: no network of its own is complete, but its `forward` was followed in another one, or operations that stand
  in its source are reached there, and each of those is known (what helper functions outside the class do is not looked
  at: an upper bound);
* no signal: its `forward` was followed to its end in a network of its own, and what it gives is known to depend on no
  input by way of a gradient: a table of positions, a mask, places, counts. There is nothing that could be predicted;
* handed: a network was traced from it in which all is known but the calls of what it is built with, where nothing in the
  program says what that is: a wrapper of any model;
* partial: a network was traced from it, or reaches its source, in which operations are unknown;
* none: neither.

A class that is another one under a new name, with nothing in its body, counts as that one does.

A reason counts once for each class that is partial or none; "alone" counts the classes that have no other, which mending
it completes. The last line names the next reason to mend: the one that stands alone most often.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packages import FOLDER, HERE, folder_of, pinned
from tables import row

from initlint.configuration import Configuration
from initlint.finding import Place
from initlint.gathering import Gathered
from initlint.network import Network
from initlint.program import Module, Program
from initlint.program.module import flatten
from initlint.reading import facts
from initlint.tracing.calls import HANDED
from initlint.tracing.members import class_member
from initlint.tracing.roots import is_alias
from initlint.tracing.spending import Spending
from initlint.tracing.tracer import Tracer
from initlint.tracing.values import ClassValue, FunctionValue

CACHE = HERE.parent / ".initlint_cache"
SHARES = ("complete", "in another", "no signal", "handed", "partial", "none")
FOLLOWED = SHARES[:4]
NO_OUTPUT = "no output is reached"
CUT_OFF = "none: no steps are left for it"
NOT_BUILT = "none: no instance can be built"
QUOTED = re.compile(r"'[^']*'|`[^`]*`")


@dataclass(eq=False)
class Class:
    """A module class of a library, and what networks show of it."""

    place: Place
    """From its name to the end of its body."""
    is_abstract: bool
    original: Class | None = None
    """The class that it is under a new name."""
    is_complete: bool = False
    is_followed: bool = False
    """As a part of another."""
    is_cut_off: bool = False
    is_root: bool = False
    is_silent: bool = False
    """By a network of its own."""
    known: int = 0
    """Operations in its source that networks of other classes reach, and that are known."""
    root_reasons: set[str] = field(default_factory=set)
    """Why networks traced from it are incomplete."""
    inner_reasons: set[str] = field(default_factory=set)
    """Why operations in its source are unknown, in other networks."""

    @property
    def share(self) -> str:
        """One of `SHARES`."""
        if self.original is not None:
            return self.original.share
        if self.is_complete:
            return "complete"
        if (self.known or self.is_followed) and not self.inner_reasons:
            return "in another"
        if self.is_silent and self.root_reasons == {NO_OUTPUT}:
            return "no signal"
        if self.root_reasons and all(reason.startswith(HANDED) for reason in self.root_reasons):
            return "handed"
        return "partial" if self.is_root or self.inner_reasons else "none"

    @property
    def reasons(self) -> set[str]:
        """Why it is not complete. What its own network says is more than what others do."""
        found = self.root_reasons or self.inner_reasons
        return found or {CUT_OFF if self.is_cut_off else NOT_BUILT}


def main() -> None:
    """Trace every package, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="packages to trace [all]")
    parser.add_argument("--packages", type=Path, default=FOLDER, help="folder of the unpacked packages")
    parser.add_argument("--thorough", action="store_true", help="trace every class, whatever it takes")
    parser.add_argument("--reasons", type=int, default=25, help="how many to print [25]")
    options = parser.parse_args()
    everything: list[Class] = []
    headings = ("package", "classes", "abstract", *SHARES, "followed", "cut off")
    print(row(headings), row(("---", *("---:" for _ in headings[1:]))), sep="\n")
    for name in options.only or pinned():
        found, untraced = classes_of(folder_of(name, options.packages), options.thorough)
        print(row((name, *_counts(found), untraced)), flush=True)
        everything += found
    print(row(("together", *_counts(everything), "")))
    print(_reasons([each for each in everything if not each.is_abstract], options.reasons))


# --------------------------------------------------------------------------------------------------------- the classes


def classes_of(folder: Path, is_thorough: bool = False) -> tuple[list[Class], int]:
    """The module classes under a folder with what is known of them, and how many roots the budget cut off."""
    settings = Configuration(root=folder.absolute(), cache_dir=CACHE, thorough=is_thorough)
    program = Gathered.from_paths([folder], settings, lambda stage, done, total: None).program
    found = _module_classes(program)
    by_file: dict[str, list[Class]] = defaultdict(list)
    for each in found.values():
        by_file[each.place.path].append(each)
    spending = Spending(program)
    for network in spending.networks():
        _note(network, by_file)
    cut_off = {root.identity for root in spending.cut_off}
    for identity, each in found.items():
        each.is_followed, each.is_cut_off = identity in spending.settled, identity in cut_off
    return list(found.values()), program.untraced


def _module_classes(program: Program) -> dict[int, Class]:
    """By identity of node."""
    tracer = Tracer(program)
    found: dict[int, Class] = {}
    aliases: list[tuple[Class, ClassValue]] = []
    for module in list(program.modules):
        tracer.begin()
        for node in flatten(module.source.facts.body):
            if isinstance(node, facts.Class):
                cls = tracer.class_value(node, tracer.scope_of(module))
                for each in _with_forward(tracer, module, cls):
                    found[id(node)] = each
                    if is_alias(cls):
                        aliases.append((each, cls))
    for each, cls in aliases:
        base = cls.bases[0]
        each.original = found.get(id(base.node)) if isinstance(base, ClassValue) else None
    return found


def _with_forward(tracer: Tracer, module: Module, cls: ClassValue) -> Iterator[Class]:
    forward = class_member(tracer, cls, "forward")
    if cls.is_module and isinstance(forward, FunctionValue) and isinstance(forward.node, facts.Function):
        place = module.source.place(cls.node.start, cls.node.body_end)
        yield Class(place, _does_nothing(forward.node))


def _does_nothing(function: facts.Function) -> bool:
    """A docstring may stand before. What is left of ``pass`` and ``...`` is a word or a literal."""
    return all(isinstance(statement, facts.Raise) or _is_idle(statement) for statement in function.body)


def _is_idle(statement: facts.Statement) -> bool:
    if isinstance(statement, facts.Evaluate):
        return isinstance(statement.value, (facts.Literal, facts.Opaque))
    return isinstance(statement, facts.Keyword) and statement.word == "pass"


# -------------------------------------------------------------------------------------------------------- the networks


def _note(network: Network, by_file: dict[str, list[Class]]) -> None:
    root = _class_at(network.place, by_file)
    live = network.live()
    if root is not None:
        root.is_root = True
        root.is_complete |= network.is_complete
        root.is_silent |= network.gives_no_signal
        root.root_reasons |= {kind_of(layer.reason) for layer in live if layer.op == "unknown"}
        if not network.outputs:
            root.root_reasons.add(NO_OUTPUT)
    for layer in live:
        owner = _class_at(layer.place, by_file)
        if owner is None or owner is root or layer.op == "input":
            continue
        if layer.op == "unknown":
            owner.inner_reasons.add(kind_of(layer.reason))
        else:
            owner.known += 1


def _class_at(place: Place, by_file: dict[str, list[Class]]) -> Class | None:
    """The innermost class whose source holds a place."""
    holding = [each for each in by_file.get(place.path, ()) if each.place.line <= place.line <= each.place.end_line]
    return max(holding, key=lambda each: each.place.line, default=None)


def kind_of(reason: str) -> str:
    """The reason without the names that differ from program to program."""
    return QUOTED.sub("…", reason)


# ---------------------------------------------------------------------------------------------------------- the tables


def _counts(found: Sequence[Class]) -> tuple[object, ...]:
    concrete = [each for each in found if not each.is_abstract]
    counted = Counter(each.share for each in concrete)
    followed = sum(counted[name] for name in FOLLOWED)
    share = f"{followed / len(concrete):.0%}" if concrete else "-"
    return (len(concrete), len(found) - len(concrete), *(counted[name] for name in SHARES), share)


def _reasons(found: Sequence[Class], most: int) -> str:
    open_ones = [each for each in found if each.share in ("partial", "none") and each.original is None]
    counted = Counter(reason for each in open_ones for reason in each.reasons)
    alone = Counter(next(iter(each.reasons)) for each in open_ones if len(each.reasons) == 1)
    rows = [row((reason, count, alone[reason])) for reason, count in counted.most_common(most)]
    following = alone.most_common(1)
    last = [f"\nNext to mend: {reason} ({count} classes)" for reason, count in following]
    return "\n".join(["", row(("reason", "classes", "alone")), row(("---", "---:", "---:")), *rows, *last])


if __name__ == "__main__":
    main()
