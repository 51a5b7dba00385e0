"""How the steps of a program are spent on its roots, and which of the networks found are kept."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

from initlint.collector import paused_collector
from initlint.finding import Problem
from initlint.network import Network, Write
from initlint.program import Module, Program
from initlint.tracing.roots import Root, Traced, find_roots, script_root
from initlint.tracing.tracer import STEPS, OutOfBudgetError, Tracer

STEPS_FOR_ALL, STEPS_PER_LINE = 500_000, 5
"""Steps for a whole program: what a small one may take, and what each line adds. A step costs about as much as the parser
takes for a tenth of a line, so tracing costs at most about 0.6 times as much as parsing, whatever the program does."""

FIRST_STEPS = 700
"""What a root may take in the first round. A third of all roots of transformers need no more; a quarter need over 17 000, and
what is spent on those before they are cut off is lost."""

GROWTH = 8
"""How much more a root may take that was cut off, once all others have had their turn."""

STEPS_PER_FILE = 250_000
"""For all roots in one file, in shares for those that wait. They take about a second."""

LEAST_IN_FILE = 5
"""A root gets this part of what is left to its file, however many wait: the first of those around one model shows most of it."""

ENDLESS = 10**15
"""Steps for a whole program, and for a file, where all models are to be traced."""

STEPS_BETWEEN_COLLECTIONS = 100_000
"""Of garbage, which is young, as everything that lives longer lives to the end."""


def trace_program(program: Program, on_root: Callable[[Module | None], None] | None = None) -> Iterator[Network]:
    """Every network of the program: what its functions and scripts build, then its module classes on their own.

    What takes few steps comes first, so that most of what is there is traced, however large the program is. Roots for
    which no steps are left are counted in `Program.untraced`. `on_root` is told the module of each that was run, and before the
    first, once all roots are found, `None`.
    """
    yield from Spending(program, on_root).networks()


def trace_script(program: Program, module: Module) -> Iterator[Network]:
    """The networks that the top level of one module builds, whatever it calls to do so."""
    tracer = Tracer(program)
    tracer.limit = STEPS
    with _deep_recursion():
        found = _run(program, script_root(tracer, module))
    yield from found.networks


ENOUGH_CUT_OFF, OFTEN = 3, 8
"""Classes derived from one base that were cut off, and for each that was not so many, until the next one is not tried."""


class Experience:
    """What one round has shown of roots that take more than its limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._too_long: set[int] = set()
        self._cut_off: Counter[int] = Counter()
        self._finished: Counter[int] = Counter()

    def note(self, root: Root, is_cut_off: bool) -> None:
        """A root that was run, or that was not tried."""
        if is_cut_off and root.identity is not None:
            self._too_long.add(root.identity)
        (self._cut_off if is_cut_off else self._finished).update(root.bases)

    def says_that_it_takes_more(self, root: Root) -> bool:
        """Whether a part of it was cut off, or nearly all that derive from one of its bases were."""
        return not self._too_long.isdisjoint(root.parts) or any(
            self._cut_off[base] >= ENOUGH_CUT_OFF + OFTEN * self._finished[base] for base in root.bases
        )


class Spending:
    """One program's roots, and what is left to spend on them."""

    def __init__(self, program: Program, on_root: Callable[[Module | None], None] | None = None) -> None:
        self._program = program
        self._on_root = on_root
        self._tracer = Tracer(program)
        self._roots = find_roots(self._tracer, program)
        lines = sum(len(module.source.facts.line_starts) for module in program.modules)
        self._left = ENDLESS if program.is_thorough else STEPS_FOR_ALL + STEPS_PER_LINE * lines
        in_file = ENDLESS if program.is_thorough else STEPS_PER_FILE
        self._left_of_file: Counter[int] = Counter({id(module): in_file for module in program.modules})
        self._since_collection = 0
        self._done: list[tuple[Root, Traced]] = []
        self.settled: set[int] = set()
        """Classes (by identity of node) that were followed as parts of what was traced."""
        self.cut_off: list[Root] = []
        """Roots that never came to an end."""

    def networks(self) -> list[Network]:
        """Spends what there is."""
        if self._on_root is not None:
            self._on_root(None)
        with _deep_recursion(), paused_collector():
            for roots in self._roots:
                self.cut_off += self._spend(roots)
        self._program.untraced = len(self.cut_off)
        return self._kept()

    def _spend(self, waiting: list[Root]) -> list[Root]:
        """Runs roots round by round; those that never came to an end."""
        limit = FIRST_STEPS
        while limit < STEPS and waiting:
            waiting = self._round(waiting, limit, is_last=False)
            limit *= GROWTH
        return self._round(waiting, STEPS, is_last=True)

    def _round(self, waiting: list[Root], limit: int, is_last: bool) -> list[Root]:
        """Gives each root its turn; those that were cut off, or surely would be."""
        later: list[Root] = []
        seen = Experience(limit)
        in_file = Counter(id(root.module) for root in waiting)
        for root in waiting:
            left = self._left_of_file[id(root.module)]
            share = max(left // in_file[id(root.module)], left // LEAST_IN_FILE)
            in_file[id(root.module)] -= 1
            if root.identity in self.settled:
                continue
            self._tracer.limit = min(limit, self._left, share)
            if self._tracer.limit <= 0 or (not is_last and seen.says_that_it_takes_more(root)):
                seen.note(root, is_cut_off=True)
                later.append(root)
                continue
            found = _run(self._program, root)
            self._pay(root)
            is_cut_off = self._tracer.steps > self._tracer.limit
            seen.note(root, is_cut_off)
            if is_cut_off:
                later.append(root)
            if is_last or not is_cut_off:
                self._done.append((root, found))
                self.settled |= found.settled
        return later

    def _pay(self, root: Root) -> None:
        steps = self._tracer.steps
        self._left -= steps
        self._left_of_file[id(root.module)] -= steps
        self._since_collection += steps
        if self._since_collection > STEPS_BETWEEN_COLLECTIONS:
            self._since_collection = 0
            gc.collect(1)
        if self._on_root is not None:
            self._on_root(root.module)

    def _kept(self) -> list[Network]:
        """The networks of the roots, in their order, without those of classes that a root kept shows as parts."""
        kept: list[tuple[Root, Traced]] = []
        shown: set[int] = set()
        for root, found in reversed(self._done):
            if root.identity not in shown or not found.settled <= shown:
                kept.append((root, found))
                shown |= found.settled
        order = {id(root): index for index, root in enumerate(chain.from_iterable(self._roots))}
        kept.sort(key=lambda entry: order[id(entry[0])])
        self._doubt(kept)
        return [network for _, found in kept for network in found.networks]

    def _doubt(self, kept: list[tuple[Root, Traced]]) -> None:
        """Says of the parts of wholes that were cut off that the whole may have initialised them."""
        roots = {root.identity: root for root in chain.from_iterable(self._roots) if root.identity is not None}
        wholes: dict[int, Root] = {}
        waiting = list(self.cut_off)
        while waiting:
            whole = waiting.pop()
            for part in whole.parts:
                if part not in wholes:
                    wholes[part] = whole
                    waiting += [roots[part]] if part in roots else []
        for root, found in kept:
            if root.identity is not None and root.identity in wholes:
                write = Write("unknown", wholes[root.identity].place, None, is_certain=False)
                for network in found.networks:
                    for parameter in network.parameters:
                        parameter.writes = (*parameter.writes, write)


def _run(program: Program, root: Root) -> Traced:
    """What one root gives; a root that the tracer fails on is a problem of its file, and the others go on."""
    found = Traced()
    try:
        root.trace(found)
    except (OutOfBudgetError, RecursionError):
        pass
    except Exception as error:
        kind = f"{type(error).__name__}: {error}"
        remedy = "This is a fault in initlint, not in your code; the rest was checked. Please report it."
        program.faults.append(Problem(root.module.source.display, f"a model cannot be traced: {kind}", remedy))
    return found


DEEPEST_RECURSION = 9_000
"""Python frames: `calls.DEEPEST_CALL` calls of the program, each through nested statements and expressions."""


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEPEST_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
