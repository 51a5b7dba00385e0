"""The program: the modules of a project, and where a name leads across them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from os.path import commonpath
from pathlib import Path
from typing import TYPE_CHECKING

from initlint.finding import Place, Problem
from initlint.program.module import Binding, ImportedBinding, Module
from initlint.program.resolution import Definition, External, Resolved
from initlint.reading import facts
from initlint.reading.source import SourceFile

if TYPE_CHECKING:
    from initlint.network import Network
    from initlint.program.loops.clips import Clipping
    from initlint.program.loops.values import Values
    from initlint.program.losses import LossInput
    from initlint.program.registries import Registrations
    from initlint.program.training import TrainingLoop

INSTALLED = frozenset({"site-packages", "dist-packages"})
LONGEST_CHAIN = 20
"""Re-exports followed from one name before it is given up as circular."""


class Program:
    """The facts of all files, linked.

    `paths` are all files of the project; a module outside `files` is read with `load` when an import leads to it.
    Findings are reported for `files` alone.
    """

    def __init__(
        self,
        files: Sequence[SourceFile],
        paths: Sequence[Path] = (),
        load: Callable[[Path], SourceFile | Problem] | None = None,
    ) -> None:
        self.files = files
        self.faults: list[Problem] = []
        """Roots that the tracer failed on."""
        self.is_thorough = False
        """Whether tracing goes on until all models are traced, however many there are."""
        self.untraced = 0
        """Functions, scripts and classes that may build models and that tracing had no steps left for."""
        self._load = load
        self._known = {path.absolute() for path in paths} | {file.path.absolute() for file in files}
        self._modules = {file.path.absolute(): Module.of(file) for file in files}
        self._reported = [self._modules[file.path.absolute()] for file in files]
        self._shown = {module.source.display: module for module in self._reported}
        self._located: dict[tuple[Path, str], Path | None] = {}
        self._targets: dict[tuple[int, int, str], Module | External] = {}
        """Of imports: of a module's identity, the level and the name."""
        self._dotted: dict[int, str] = {}
        self._roots: dict[Path, list[Path]] = {}
        self._common = Path(commonpath([path.parent for path in self._known])) if self._known else Path.cwd()
        self._networks: list[Network] | None = None
        self._training_loops: list[TrainingLoop] | None = None
        self._clippings: list[Clipping] | None = None
        self._loss_inputs: list[LossInput] | None = None

    @property
    def modules(self) -> list[Module]:
        """The modules of the files to report on, in their order."""
        return self._reported

    def module_shown(self, path: str) -> Module | None:
        """The module to report on that is displayed under a path."""
        return self._shown.get(path)

    @property
    def unread(self) -> list[Path]:
        """Files of the project that seemed not to matter, or to which no import has led so far."""
        return [] if self._load is None else sorted(self._known - self._modules.keys())

    def read(self, path: Path) -> Module | None:
        """One of the `unread` files as a module; `None` if it cannot be read."""
        return self._module(path)

    def networks(self, on_root: Callable[[Module | None], None] | None = None) -> Iterator[Network]:
        """Every network traced in the program, the first time it is asked for; afterwards the same ones.

        `on_root` is told the module of each script, function and class that was run for them, and first, once all of these are
        found, `None`.
        """
        if self._networks is None:
            from initlint.tracing import trace_program

            self._networks = list(trace_program(self, on_root))
            for network in self._networks:
                network.is_initialised_elsewhere = partial(self._is_initialised_elsewhere, network)
        return iter(self._networks)

    def _is_initialised_elsewhere(self, network: Network) -> bool:
        from initlint.program.reinitialising import is_initialised_elsewhere

        return is_initialised_elsewhere(self, network)

    @cached_property
    def initialised_classes(self) -> frozenset[int]:
        """Ids of the nodes of the classes whose objects are given to an init function somewhere."""
        from initlint.program.reinitialising import initialised_classes

        return initialised_classes(self)

    @cached_property
    def registrations(self) -> Registrations:
        """What modules put into the registries of others."""
        from initlint.program.registries import find_registrations

        return find_registrations(self)

    @cached_property
    def values(self) -> Values:
        """What expressions may be worth, as far as models, losses, optimisers and functions go."""
        from initlint.program.loops.links import Links
        from initlint.program.loops.values import Values

        return Values(Links(self))

    def training_loops(self) -> Iterator[TrainingLoop]:
        """Every training loop of the program, found the first time it is asked for."""
        if self._training_loops is None:
            from initlint.program.loops.search import find_loops

            self._training_loops = find_loops(self)
        return iter(self._training_loops)

    def clippings(self) -> Iterator[Clipping]:
        """Every call that is known to bound gradients, found the first time it is asked for."""
        if self._clippings is None:
            from initlint.program.loops.clips import find_clippings

            self._clippings = list(find_clippings(self))
        return iter(self._clippings)

    def value_trainers(self) -> Iterator[tuple[Place, str, str]]:
        """Trainers and optimisers that are told to bound each value of the gradient: where, which of them, by which
        option."""
        from initlint.program.loops.trainers import find_value_trainers

        return find_value_trainers(self.values)

    def loss_inputs(self) -> Iterator[LossInput]:
        """What each loss of raw logits is given, found the first time it is asked for."""
        if self._loss_inputs is None:
            from initlint.program.losses import find_loss_inputs

            self._loss_inputs = list(find_loss_inputs(self))
        return iter(self._loss_inputs)

    def dotted_name(self, module: Module) -> str:
        """The name under which a program imports a module, from its outermost package on."""
        if id(module) not in self._dotted:
            self._dotted[id(module)] = self._dotted_name(module)
        return self._dotted[id(module)]

    def _dotted_name(self, module: Module) -> str:
        path = module.path.absolute()
        parts = [] if path.name == "__init__.py" else [path.stem]
        folder = path.parent
        while (folder / "__init__.py").is_file() and folder.parent != folder:
            parts.insert(0, folder.name)
            folder = folder.parent
        return ".".join(parts)

    # ------------------------------------------------------------------------------------------------------ resolving

    def resolve(self, module: Module, name: str, depth: int = 0) -> Resolved:
        """What a top-level name of a module is: followed through imports and re-exports; `None` if nothing binds it."""
        binding = module.bindings.get(name)
        if binding is None:
            return self._resolve_star(module, name, depth)
        return self._follow(module, name, binding, depth)

    def resolve_attribute(self, owner: Module | External, name: str, depth: int = 0) -> Resolved:
        """What ``owner.name`` is for a module inside or outside the program.

        A submodule comes before what star imports may bring in: to look there, all that they name would have to be read.
        """
        if isinstance(owner, External):
            return External(f"{owner.name}.{name}")
        if owner.path.name == "__init__.py" and name not in owner.bindings:
            return self._module_at(owner.path.parent, name) or self.resolve(owner, name, depth)
        return self.resolve(owner, name, depth)

    def calls_of(self, module: Module, function: facts.Function) -> Iterator[tuple[Module, facts.Call]]:
        """The top-level calls of a function of a module, in all modules that were read so far."""
        for caller in list(self._modules.values()):
            for call in caller.calls:
                name = call.function.id if isinstance(call.function, facts.Name) else ""
                binding = caller.bindings.get(name)
                original = binding.name if isinstance(binding, ImportedBinding) else name
                if binding is not None and original == function.name:
                    found = self.resolve(caller, name)
                    if isinstance(found, Definition) and found.node is function:
                        yield caller, call

    def resolve_expression(self, module: Module, expression: facts.Expression | None) -> Resolved:
        """What a dotted name at the top level of a module is."""
        if isinstance(expression, facts.Name):
            return self.resolve(module, expression.id)
        if isinstance(expression, facts.Attribute):
            owner = self.resolve_expression(module, expression.value)
            if isinstance(owner, (Module, External)):
                return self.resolve_attribute(owner, expression.name)
        return None

    def _follow(self, module: Module, name: str, binding: Binding, depth: int) -> Resolved:
        if not isinstance(binding, ImportedBinding):
            return Definition(module, binding, name)
        if depth > LONGEST_CHAIN:
            return None
        target = self.locate(module, binding)
        if isinstance(target, External):
            return target if binding.name is None else External(f"{target.name}.{binding.name}")
        if binding.name is None:
            return target
        found = self.resolve_attribute(target, binding.name, depth + 1)
        return found or self._module_at(target.path.parent, binding.name)

    def _resolve_star(self, module: Module, name: str, depth: int) -> Resolved:
        if depth > LONGEST_CHAIN:
            return None
        outside: Resolved = None
        for star in module.star_imports:
            target = self.locate(module, star)
            if isinstance(target, External):
                outside = outside or External(f"{target.name}.{name}")
            elif target is not module and (found := self.resolve(target, name, depth + 1)) is not None:
                return found
        return outside

    def locate(self, module: Module, binding: ImportedBinding) -> Module | External:
        """The module an import names."""
        return self.module_named(module, binding.module, binding.level)

    def module_named(self, module: Module, dotted: str, level: int = 0) -> Module | External:
        """What an import of a dotted name in a module leads to; `level`: dots before it."""
        key = (id(module), level, dotted)
        if key not in self._targets:
            self._targets[key] = self._locate(module, dotted, level)
        return self._targets[key]

    def _locate(self, module: Module, dotted: str, level: int) -> Module | External:
        if level:
            folder = module.path.absolute().parent
            for _ in range(level - 1):
                folder = folder.parent
            return self._module_at(folder, dotted) or External("." * level + dotted)
        for folder in self._import_roots(module.path.absolute().parent):
            found = self._module_at(folder, dotted)
            if found is not None and found is not module:
                return found
        return External(dotted)

    def _import_roots(self, folder: Path) -> list[Path]:
        """The folders in which absolute imports of a file in `folder` may start: its own, and all above it up to the one
        that holds its outermost package, all files of the program, or the current directory."""
        if folder not in self._roots:
            top = folder
            while (top / "__init__.py").is_file() and top.parent != top:
                top = top.parent
            ends = [end for end in (top, self._common, Path.cwd()) if end == folder or end in folder.parents]
            highest = min(ends, key=lambda end: len(end.parts), default=folder)
            self._roots[folder] = [root for root in (folder, *folder.parents) if len(root.parts) >= len(highest.parts)]
        return self._roots[folder]

    def _module_at(self, folder: Path, dotted: str) -> Module | None:
        key = (folder, dotted)
        if key not in self._located:
            self._located[key] = self._find(folder, dotted)
        path = self._located[key]
        return None if path is None else self._module(path)

    def _find(self, folder: Path, dotted: str) -> Path | None:
        base = folder.joinpath(*dotted.split(".")) if dotted else folder
        beside = [base.with_name(base.name + ".py")] if dotted else []
        candidates = [*beside, base / "__init__.py"]
        return next((path for path in candidates if self._may_load(path)), None)

    def _may_load(self, path: Path) -> bool:
        """Whether a file may be read because an import leads to it: if nobody named it, not of an installed package."""
        if path in self._known or path in self._modules:
            return True
        return self._load is not None and INSTALLED.isdisjoint(path.parts) and path.is_file()

    def _module(self, path: Path) -> Module | None:
        if path not in self._modules:
            if self._load is None:
                return None
            read = self._load(path)
            if isinstance(read, Problem):
                return None
            self._modules[path] = Module.of(read)
        return self._modules[path]
