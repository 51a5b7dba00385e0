"""What names mean in a training loop: who steps, who clips, what gives a model back as it was."""

from __future__ import annotations

import re

# ---------------------------------------------------------------------------------------------------- backward and step

BACKWARD = frozenset({"backward", "manual_backward"})
"""Calls that send the gradient back, whoever offers them: a loss, an accelerator, an engine."""
STEP = "step"
OPTIMIZER_ROOTS = ("torch.optim.",)
"""Where optimisers live that never bound the gradient themselves."""
PLAIN_OPTIMIZERS = frozenset(
    {
        "apex.optimizers.FusedAdam", "apex.optimizers.FusedSGD", "transformers.AdamW",
        "transformers.optimization.AdamW", "pytorch_transformers.AdamW", "torch_optimizer.RAdam",
        "torch_optimizer.AdaBound", "bitsandbytes.optim.Adam8bit",
    }
)  # fmt: skip
"""Further ones."""
MANUAL_STEPS = frozenset({"add_", "sub_", "addcdiv_", "addcmul_"})
"""In-place methods that make a step by hand when they are given a ``.grad``."""
NO_GRADIENT = frozenset({"no_grad", "inference_mode"})
NO_OPTIMIZERS = ("torch.optim.lr_scheduler.", "torch.optim.swa_utils.")
GRADIENT_SCALERS = frozenset({"GradScaler", "ShardedGradScaler"})
ENGINES = frozenset({"deepspeed.initialize"})
"""Calls that give an engine with its own backward and step, which clips if its configuration says so."""
ENGINE_CLIPPING = "gradient_clipping"
OPTIMIZER_NAME = re.compile(r"(?:^|_)(?:optim|optimi[sz]er|optims|opt)\d*(?:_|$|s$)|optimi[sz]er", re.IGNORECASE)
NO_OPTIMIZER_NAME = re.compile(r"sched|lr_|warm|env|option", re.IGNORECASE)
SCALER_NAME = re.compile(r"scaler", re.IGNORECASE)

# ------------------------------------------------------------------------------------------------------------- clipping

BOUNDING = re.compile(r"^(?:clamp|clip|renorm|minimum|maximum)_?$|clamp|clip|norm|tanh|sign$", re.IGNORECASE)
"""Functions and methods that bound what they are given."""
CLAMPS = ("clamp", "clip", "renorm")
"""Beginnings of the names of what bounds its values in place or in a copy."""
CLIP_OPTION = re.compile(r"clip.*(?:grad|norm)|grad.*(?:clip|norm)", re.IGNORECASE)
"""Options that bound the gradient: ``gradient_clipping``, ``max_grad_norm``, ..."""
IN_PLACE_SCALING = frozenset(
    {
        "mul_", "div_", "clamp_", "clamp_min_", "clamp_max_", "clip_", "renorm_", "copy_", "_foreach_mul_",
        "_foreach_div_", "multi_tensor_applier",
    }
)  # fmt: skip
"""In-place methods that may bound a gradient."""
HOOKS = frozenset({"register_hook", "register_full_backward_hook", "register_post_accumulate_grad_hook"})
CALLBACK = re.compile(r"hook|callback|handler|plugin|after_backward|before_step|pre_step|post_backward", re.IGNORECASE)
"""Names of what a user may hang into a loop between backward and step."""
HARMLESS_CALLBACK = re.compile(r"^(?:register_|remove|add_|append)", re.IGNORECASE)
MAY_CLIP = re.compile(r"clip|grad|norm", re.IGNORECASE)
NEVER_CLIPS = frozenset(
    {
        "zero_grad", "no_grad", "enable_grad", "set_grad_enabled", "requires_grad_", "is_grad_enabled",
        "inference_mode", "autograd", "grad", "layer_norm", "batch_norm", "weight_norm", "spectral_norm",
        "clear_grad", "clear_grads",
    }
)  # fmt: skip
PARAMETER_READERS = frozenset(
    {
        "list", "tuple", "set", "sum", "len", "filter", "map", "iter", "next", "all", "any", "zip", "enumerate",
        "sorted", "print", "chain", "max", "min", "dict", "id", "isinstance", "repr", "str", "type", "range",
        "reversed",
    }
)  # fmt: skip
"""Builtins that may be given parameters and change no gradient."""
HARMLESS_CALLS = (
    "torch.optim", "torch.save", "torch.load", "torch.nn.utils.parameters_to_vector",
    "torch.nn.utils.vector_to_parameters", "torch.autograd", "torch.no_grad", "torch.norm", "torch.linalg",
    "torch.stack", "torch.cat", "torch.sum", "torch.distributed", "torch.nn.init", "torch.nn.parallel",
    "torch.nn.DataParallel", "torch.compile", "torch.jit", "copy.", "itertools.", "wandb.", "tqdm", "logging.",
    "math.", "numpy.", "torchsummary", "torchinfo", "torch.cuda", "torch.amp", "functools.",
    "torch.optim.lr_scheduler",
)  # fmt: skip
"""Beginnings of external names that bound no gradient of what they are given."""

# --------------------------------------------------------------------------------------------------------------- models

PARAMETERS = frozenset({"parameters", "named_parameters", "trainable_parameters", "optimizers"})
"""Methods that give the parameters of the module they are called on, or optimisers that hold them."""
SAME_OBJECT = frozenset(
    {
        "to", "cuda", "cpu", "float", "half", "double", "bfloat16", "train", "eval", "requires_grad_", "apply",
        "share_memory", "type", "to_empty", "xpu", "mps", "compile",
    }
)  # fmt: skip
"""Methods of a module that give the module back."""
WRAPPERS = frozenset(
    {
        "DataParallel", "DistributedDataParallel", "DDP", "FullyShardedDataParallel", "FSDP", "deepcopy", "copy",
        "compile", "script", "convert_sync_batchnorm", "LegacyDistributedDataParallel", "convert_syncbn_model",
        "watch",
    }
)  # fmt: skip
"""Last names of external calls that give back what they are given, or stand for it."""
PREPARERS = frozenset(
    {
        "prepare", "setup", "setup_module", "setup_optimizers", "prepare_model", "prepare_optimizer", "initialize",
    }
)  # fmt: skip
"""Methods and functions that give back their arguments, wrapped, in their order."""
MODULE_WORD = re.compile(r"Module|Model|Network|Net$|Encoder|Decoder")
"""What the name of an external base class of a model holds."""
RECURRENT_WORD = re.compile(r"rnn|lstm|gru|cell|recurr", re.IGNORECASE)
"""Names of variables that choose among recurrent layers: ``getattr(nn, rnn_type)``."""
FALLBACK_RECURRENT = "RNN"
LENGTH_NAME = re.compile(
    r"^(?:seq(?:uence)?_?(?:len|length|size)|n_?steps|time_?steps|bptt|window(?:_?size|_?len|_?length)?|look_?back|"
    r"max_?(?:len|length|seq_?len|seq_?length)|lookback|n_?time_?steps|seqlen)$",
    re.IGNORECASE,
)
"""Variables that hold the number of time steps."""

# ------------------------------------------------------------------------------------------------------------ Lightning

LIGHTNING_ROOTS = ("lightning.", "pytorch_lightning.")
LIGHTNING_CLIPPING = "gradient_clip_val"
