"""INL104."""

from __future__ import annotations

import re
from collections.abc import Iterator

from initlint.finding import Finding
from initlint.frameworks.torch import INIT_HOOKS, TRANSPARENT_DECORATORS
from initlint.network import EarlyApply, Network
from initlint.program import Program
from initlint.program.functions import Written, functions, lineage
from initlint.program.initialising import initialises_weights, may_initialise
from initlint.program.nodes import last_name
from initlint.program.usage import Usage
from initlint.rule import Rule

INIT_NAME = re.compile(r"init|reset|xavier|kaiming|orthogonal|weights", re.IGNORECASE)
"""What a function that is meant to initialise is called."""


class InitNeverApplied(Rule):
    """An init function that nothing calls, or that runs before the layers it should reach exist.

    Why: the weights keep the framework's default, and the init that was written for them is dead code. apply() reaches
    the modules that are registered when it runs, and no later one.
    Predicted: the name is used nowhere in what was read; or every layer the function would reach is made after the
    call.
    Measured: -
    Silent on: what frameworks call (_init_weights of a PreTrainedModel, reset_parameters), overrides, classes with
    bases that were not read, public functions and methods outside of scripts, and names put together from strings.
    Fix: self.apply(self._init_weights) as the last line of the constructor.
    Source: the documentation of torch.nn.Module.apply.
    """

    code = "INL104"
    name = "init-never-applied"
    bad = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)

    def _init_weights(self, m):  # bad
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)

    def forward(self, x):
        return self.fc(x)
"""
    good = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight)

    def forward(self, x):
        return self.fc(x)
"""

    def check_network(self, network: Network) -> Iterator[Finding]:
        """Looks for init functions that ran too early."""
        for seen in network.observed(EarlyApply):
            layers = ", ".join(seen.later[:3]) + (f" and {len(seen.later) - 3} more" if len(seen.later) > 3 else "")
            message = (
                f"{seen.function} is applied before {layers} of {network.name} exist: it reaches no layer, and their "
                f"weights keep the default init"
            )
            remedy = f"move the call to the end of the constructor, behind {seen.later[-1]}"
            yield self.finding(seen.place, message, help=remedy, predicted={"missed": list(seen.later)})

    def check_program(self, program: Program) -> Iterator[Finding]:
        """Looks for init functions whose name nothing uses."""
        candidates = [
            written
            for module in program.modules
            for written in functions(module)
            if _is_init(written) and _is_ours_to_call(program, written)
        ]
        if candidates:
            usage = Usage(program)
            yield from (self._finding(written) for written in candidates if not usage.is_used(written))

    def _finding(self, written: Written) -> Finding:
        name = written.node.name
        owner = f"{written.cls.name}.{name}" if written.cls is not None else name
        takes_module = len(written.node.parameters) == (2 if written.cls is not None else 1)
        call = f"self.apply(self.{name})" if written.cls is not None and takes_module else f"self.{name}()"
        where = "at the end of the constructor" if written.cls is not None else "behind the model's construction"
        message = (
            f"{owner} initialises weights, but nothing calls or applies it: they keep the framework's default init"
        )
        remedy = f"add {call if written.cls is not None else f'model.apply({name})'} {where}"
        return self.finding(written.place, message, help=remedy)


def _is_init(written: Written) -> bool:
    name = written.node.name
    is_dunder = name.startswith("__") and name.endswith("__")
    is_registered = any(last_name(each) not in TRANSPARENT_DECORATORS for each in written.node.decorators)
    if is_dunder or is_registered or not INIT_NAME.search(name):
        return False
    return may_initialise(written.node.called) and initialises_weights(written.node.body)


def _is_ours_to_call(program: Program, written: Written) -> bool:
    """Whether nobody outside of what was read calls it: private or in a script, no override, no framework's hook."""
    name = written.node.name
    if not name.startswith("_") and not written.module.is_script:
        return False
    if written.cls is None:
        return True
    line = lineage(program, written.module, written.cls)
    is_hook = any(name in INIT_HOOKS.get(base, INIT_HOOKS[""]) for base in line.externals)
    return line.is_module and line.is_known and name not in line.inherited() and not is_hook
