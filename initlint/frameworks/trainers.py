"""What trainers that run the loop themselves are told, and when they call what they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# ------------------------------------------------------------------------------------------------------------- clipping


@dataclass(frozen=True)
class Trainer:
    """A class whose objects send the gradient back, bound it and step."""

    name: re.Pattern[str]
    """Its full names."""
    runs: str
    """The method that trains."""
    is_run_with_model: bool
    """Whether that is given the model; else the constructor is."""
    option: str
    """What bounds the norm of the gradient; 0 and `None` switch it off."""
    is_clipping: bool
    """Whether the gradient is bounded where the option is left out."""
    settings: re.Pattern[str] | None = None
    """Full names of the class that holds the options and is given as `SETTINGS`; `None` if the trainer has them."""
    others: Mapping[str, frozenset[object]] = field(default_factory=dict)
    """Further options of trainer or settings that may bound the gradient -> values with which they do not."""


TRAINER = "Trainer"
"""Last name of their classes."""
SETTINGS = "args"
SETTINGS_POSITION = 1
MODEL = "model"
MODEL_MAKER = "model_init"
"""A function that gives the model, instead of it."""
TRAINERS = (
    Trainer(re.compile(r"^(?:pytorch_)?lightning\.(?:.*\.)?Trainer$"), "fit", True, "gradient_clip_val", False),
    Trainer(
        re.compile(r"^transformers\.(?:.*\.)?(?:Seq2Seq)?Trainer$"),
        "train",
        False,
        "max_grad_norm",
        True,
        re.compile(r"^transformers\.(?:.*\.)?(?:Seq2Seq)?TrainingArguments$"),
        {
            "deepspeed": frozenset({None}),
            "optimizers": frozenset({None}),
            "optimizer_cls_and_kwargs": frozenset({None}),
            "optim": frozenset({"adamw_torch", "adamw_torch_fused", "adamw_hf", "adamw_bnb_8bit", "sgd", "rmsprop"}),
        },
    ),
)
"""Source: `Trainer` in Lightning's manual; `TrainingArguments.max_grad_norm` of transformers, 1.0 by default, which
`Trainer._inner_training_loop` asks to be greater than 0."""
OPTIONS_PARSER = re.compile(r"^transformers\.(?:.*\.)?HfArgumentParser$")
"""Full names of the class that makes objects of dataclasses of what a command line says..."""
PARSED_TYPES = ("dataclass_types", 0)
"""...its argument with the dataclasses, one or several..."""
PARSED = "parse_args_into_dataclasses"
"""...and its method that gives one object of each, with their defaults where the command line says nothing."""
MOST_STEPS = ("max_steps", "fast_dev_run")
"""Options that say after how many steps training ends, if they are larger than 0; `True` says after one."""
EXTENSIONS = frozenset({"callbacks", "plugins", "strategy"})
"""Options whose values may bound gradients, if something in them is named so."""
CLIPPING_HOOK = "configure_gradient_clipping"
"""The method of a model in which it bounds gradients itself."""
VALUE_ALGORITHM = ("gradient_clip_algorithm", "value")
"""The option that has each value bounded by itself, and its value."""
PLAIN_BASES = re.compile(r"^torch\.|Lightning[^.]*$|^transformers\.|^[^.]*$")
"""Full names of bases of models and trainers that bound no gradient in their hooks."""

# ---------------------------------------------------------------------------------------------------------------- hooks

MANUAL_BACKWARD = "manual_backward"
"""The method by which a module that takes the steps itself sends the gradient back."""
AUTOMATIC = "automatic_optimization"
CLOSURE = re.compile(r"closure", re.IGNORECASE)
"""Names of parameters that are given what sends the gradient back."""


@dataclass(frozen=True)
class TrainerHooks:
    """When a trainer calls the methods of a class, relative to the backward call that it makes itself."""

    base: re.Pattern[str]
    """Base classes with these methods."""
    too_early: frozenset[str]
    """Methods that run where no gradient is waiting for a step."""
    step: str
    """The method that makes the step, and runs the closure in it."""
    is_clipping: bool = False
    """Whether the trainer bounds the gradient by default."""
    due: str = ""
    """The method that the trainer calls with the optimiser between the backward call and the step."""


TRAINER_HOOKS = (
    TrainerHooks(
        re.compile(r"(?:^|\.)Lightning(?:Data)?Module$"),
        frozenset(
            {
                "training_step", "validation_step", "test_step", "forward", "on_train_batch_start",
                "on_train_batch_end", "on_before_backward", "on_before_zero_grad", "on_train_epoch_start",
                "on_train_epoch_end", "training_epoch_end", "training_step_end", "configure_optimizers",
            }
        ),
        "optimizer_step",
        due="on_before_optimizer_step",
    ),
    TrainerHooks(re.compile(r"^transformers\.(?:.*\.)?(?:Seq2Seq)?Trainer$"), frozenset({"compute_loss"}), "", True),
)  # fmt: skip
"""Source: the order of hooks in Lightning's manual (zero_grad and backward follow training_step) and
`Trainer.training_step` of transformers."""
