"""What names mean where gradients are values: a tape makes them, functions bound copies of them, a step is given them."""

from __future__ import annotations

from typing import NamedTuple

TAPE = "GradientTape"
"""Last name of the context manager that records what a gradient is made of."""
GRADIENT = "gradient"
"""Method of a tape that sends the gradient back..."""
SOURCES = ("sources", 1)
"""...and its argument that says to which variables."""


class Given(NamedTuple):
    """Where a step is given what it works with."""

    gradients: tuple[str, int]
    """Name and position of the argument that holds the gradients."""
    are_paired: bool
    """Whether that is pairs of a gradient and its variable."""
    variables: tuple[str, int] | None = None


STEPS = {
    "apply_gradients": Given(("grads_and_vars", 0), are_paired=True),
    "apply": Given(("grads", 0), are_paired=False, variables=("trainable_variables", 1)),
}
"""Methods of an optimiser that make a step with the gradients that they are given."""
MINIMIZE = "minimize"
"""Method of an optimiser that sends a loss back through the tape that it is given, and steps..."""
MINIMIZED = ("var_list", 1)
"""...and its argument that says which variables."""
BY_TAPE = "tape"
"""Option by which it is given the tape, without which the loss is a function."""
VARIABLES = frozenset({"trainable_variables", "trainable_weights"})
"""Attributes of a model that hold what is trained of it."""


class Bounding(NamedTuple):
    """A function that gives back bounded copies."""

    by: str
    """As in `initlint.program.loops.events.Clip`."""
    bound: tuple[str, int]
    """Name and position of the argument that says how far."""


BY_NORM = Bounding("norm", ("clip_norm", 1))
BY_VALUE = Bounding("value", ("clip_value_max", 2))
CLIPS = {
    **dict.fromkeys(("tensorflow.clip_by_global_norm", "tensorflow.compat.v1.clip_by_global_norm"), BY_NORM),
    **dict.fromkeys(("tensorflow.clip_by_norm", "tensorflow.compat.v1.clip_by_norm"), BY_NORM),
    **dict.fromkeys(("tensorflow.clip_by_value", "tensorflow.compat.v1.clip_by_value"), BY_VALUE),
    "keras.ops.clip": Bounding("value", ("x_max", 2)),
}
CLIP_NAMES = frozenset(name.rpartition(".")[2] for name in CLIPS)
UNSCALING = frozenset({"get_unscaled_gradients"})
"""Methods of an optimiser that divide its loss scale out of the gradients that they are given."""
OPTION_BY_VALUE = "clipvalue"
MODEL_CLIPS = frozenset({"clipnorm", OPTION_BY_VALUE, "global_clipnorm"})
"""Options by which a Keras optimiser bounds gradients itself."""
