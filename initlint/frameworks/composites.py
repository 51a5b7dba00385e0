"""Modules that frameworks build of other layers, and where they are written out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from initlint.frameworks import graphs, keras, torch

FOLDER = Path(__file__).parent.with_name("composites")
SOURCES = {
    "torch": (FOLDER / "pytorch.py", FOLDER / "message_passing.py"),
    "keras": tuple(sorted((FOLDER / "keras").glob("*.py"))),
}
"""By framework: files, none of which defines a name of another."""

NAMES = frozenset({name.rpartition(".")[2] for name in torch.COMPOSITES} | keras.MODELS)
"""Last names of what a call of makes a model."""
READ_ELSEWHERE = frozenset(name.rpartition(".")[2] for name in graphs.MESSAGE_PASSING)
"""Last names of classes that are taken as they are written out, also where the source of their library is there."""
SETTINGS = frozenset({keras.COMPILE})
"""Methods of models that say how they are trained: what they do stands where they are called."""
FINDS_IN_LISTS = frozenset({"keras"})
"""Frameworks that register layers kept in plain lists and dicts, too."""
OWN_NAMES: dict[str, Callable[[str], str]] = {"keras": keras.automatic_name}
"""Frameworks whose layers have names of their own -> the name of one of a class that was given none."""
PARAMETERS: dict[str, dict[str, str]] = keras.PARAMETERS
"""In those: kind of layer -> name of a parameter here -> there."""
DEFAULT_DRAWS = {"keras": "xavier_uniform_"}
"""Frameworks that write out how they draw kernels if nothing is said -> the initialiser, in PyTorch's words."""
SPOKEN: dict[str, Callable[[str], str]] = {"keras": keras.spoken}
"""Framework -> says in its words what is said in PyTorch's."""


def composite(name: str) -> tuple[str, str] | None:
    """The framework whose source has what a full name outside the program stands for, and its name there."""
    if name in torch.COMPOSITES or name in graphs.MESSAGE_PASSING:
        return "torch", name.rpartition(".")[2]
    found = keras.written_out(name)
    return None if found is None else ("keras", found)
