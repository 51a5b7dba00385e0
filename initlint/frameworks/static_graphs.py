"""What names mean where a program first builds a graph of operations, the step among them, and then runs it: TensorFlow 1."""

from __future__ import annotations

import re

OPTIMIZER = re.compile(
    r"^tensorflow\.(?:compat\.v1\.)?train\.(?:Adadelta|Adagrad|AdagradDA|Adam|Ftrl|GradientDescent|Momentum|"
    r"ProximalAdagrad|ProximalGradientDescent|RMSProp)Optimizer$"
)
"""Full names of the optimisers. None has an option that bounds gradients."""
MINIMIZE = "minimize"
"""Their method that sends a loss back and steps..."""
COMPUTE = "compute_gradients"
"""...the one that only sends it back, and gives pairs of a gradient and its variable..."""
LOSS = ("loss", 0)
VARIABLES = ("var_list", None)
"""...and what both are given: the loss, and the variables if these are not all."""
GRADIENTS = frozenset({"tensorflow.gradients", "tensorflow.compat.v1.gradients"})
"""Functions that send sums back..."""
FUNCTIONS = frozenset(name.rpartition(".")[2] for name in GRADIENTS)
SUMS = ("ys", 0)
SOURCES = ("xs", 1)
"""...to which variables."""
ALL_VARIABLES = frozenset({"tensorflow.trainable_variables", "tensorflow.compat.v1.trainable_variables"})
"""Functions that give all variables that are trained, unless they are given a scope."""
NO_GRADIENT = frozenset({"stop_gradient"})
CELL_ROOTS = (
    "tensorflow.nn.rnn_cell", "tensorflow.compat.v1.nn.rnn_cell", "tensorflow.contrib.rnn",
)  # fmt: skip
CELLS = {
    "BasicRNNCell": False, "BasicLSTMCell": True, "LSTMCell": True, "GRUCell": True, "LSTMBlockCell": True,
    "GRUBlockCell": True, "LayerNormBasicLSTMCell": True,
}  # fmt: skip
"""Recurrent cells -> whether they have gates."""
CELL_WIDTH = ("num_units", 0)
WRAPPERS = frozenset({"MultiRNNCell", "DropoutWrapper", "ResidualWrapper", "DeviceWrapper"})
"""Cells that are made of the cells they are given."""
RUNS_CELLS = frozenset({"dynamic_rnn", "static_rnn", "bidirectional_dynamic_rnn", "static_bidirectional_rnn"})
"""Last names of the functions that apply the cells that they are given to one time step after another..."""
CELL_ARGUMENTS = (("cell", 0), ("cell_fw", 0), ("cell_bw", 1))
"""...and where they are given those."""


def own_cell(name: str) -> str | None:
    """The name of a cell, or of a wrapper of cells, without its module; `None` for anything else."""
    module, _, last = name.rpartition(".")
    return last if module in CELL_ROOTS else None


CLIP = "clip_by_global_norm"
"""Function beside those that send sums back, which gives back bounded gradients and their norm."""
REMEDY = f"bound the gradients by tf.{CLIP} between compute_gradients and apply_gradients"
