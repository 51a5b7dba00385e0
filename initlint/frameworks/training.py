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
SCALE_FREE_OPTIMIZERS = frozenset(
    {"torch.optim.LBFGS", "torch.optim.lbfgs.LBFGS", "torch.optim.Rprop", "torch.optim.rprop.Rprop"}
)
"""Those whose step is as long whatever factor the gradients have. L-BFGS starts with a step of the norm 1 at most and takes
the length of later ones from differences of gradients, which a clip makes wrong; its line search asks that gradient and loss
belong together. Rprop looks at signs alone. Source: Nocedal and Wright 2006, algorithms 7.4 and 3.5; `torch.optim`."""
MANUAL_STEPS = frozenset({"add_", "sub_", "addcdiv_", "addcmul_"})
"""In-place methods that make a step by hand when they are given a ``.grad``."""
NO_GRADIENT = frozenset({"no_grad", "inference_mode"})
NO_OPTIMIZERS = ("torch.optim.lr_scheduler.", "torch.optim.swa_utils.")
GRADIENT_SCALERS = frozenset({"GradScaler", "ShardedGradScaler"})
ENGINES = frozenset({"deepspeed.initialize"})
"""Calls that give an engine with its own backward and step, which clips if its configuration says so."""
ENGINE_SETTINGS = ("config", "config_params")
"""Under which it is given, as a dictionary or the name of a file."""
ENGINE_CLIPPING = "gradient_clipping"
MAKERS = frozenset({"from_pretrained", "load_from_checkpoint"})
"""Methods that classes of models have from their framework and that make an object of the class."""
OFF = (None, 0)
"""Values with which options that bound gradients switch that off; `False` is equal to 0."""
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
CLIP_FUNCTIONS = {
    "torch.nn.utils.clip_grad_norm_": "norm",
    "torch.nn.utils.clip_grad_norm": "norm",
    "torch.nn.utils.clip_grad.clip_grad_norm_": "norm",
    "torch.nn.utils.clip_grad.clip_grad_norm": "norm",
    "torch.nn.utils.clip_grad_value_": "value",
    "torch.nn.utils.clip_grad.clip_grad_value_": "value",
}
"""Functions that bound gradients in place -> what they bound: the norm of all together, or each value."""
CLAMPS_IN_PLACE = frozenset({"clamp_", "clip_"})
"""Methods that bound each value in place when they are called on a ``.grad``."""
CLIP_METHODS = {"clip_grad_norm_": "norm", "clip_grad_value_": "value"}
"""The same as methods of an accelerator, which undo the loss scale first, or of a sharded model."""
CLIP_BOUNDS = {"norm": "max_norm", "value": "clip_value"}
CLIP_PARAMETERS = "parameters"
CLIP_ARGUMENTS = frozenset({"parameters", "max_norm", "norm_type", "clip_value"})
"""What functions and methods are both given."""
MODULE_GENERATORS = frozenset({"parameters", "buffers"})
"""Methods of a module that give a generator: what goes through it once leaves nothing."""
MODULE_ROOT = "torch.nn."
OPTIMIZER_PARAMETERS = "params"
LAZY_CALLS = frozenset({"itertools.chain", "itertools.chain.from_iterable", "builtins.filter", "builtins.map"})
LAZY_BUILTINS = frozenset({"filter", "map", "iter"})
"""Calls that give an iterator over what they are given."""
KEEPS_PARAMETERS = frozenset({"list", "tuple", "filter", "chain", "iter"})
"""Last names of calls that give all or some of the parameters that they are given, and no others."""
EAGER_BUILTINS = frozenset({"list", "tuple", "set", "sum", "sorted", "max", "min", "len"})
"""Builtins that go through all they are given."""
CLIPPING_CLASSES = frozenset({"accelerate.Accelerator", "accelerate.accelerator.Accelerator"})
"""Classes that have the clipping methods and are given the parameters as their first argument."""
LOSS_SCALE_OPTION = ("mixed_precision", "fp16")
"""Their option, and its value, with which their backward call multiplies the loss; the steps of optimisers that they
prepared divide it out again. Source: `Accelerator.backward` and `AcceleratedOptimizer.step` of accelerate."""
SCALES_OTHERWISE = frozenset({"GradScalerKwargs", "DeepSpeedPlugin", "MegatronLMPlugin", "deepspeed_plugin"})
"""What they may be given that switches the loss scale off, or leaves it to an engine."""
CLIPPING_CLASS_NAME = re.compile(r"accelerator", re.IGNORECASE)
ZERO = frozenset({"zero_grad"})
"""Methods that clear gradients."""
CLEARING = frozenset({"zero_", "detach_", "requires_grad_"})
"""In-place methods that clear a ``.grad``, or leave its values as they are."""
UNSCALE = frozenset({"unscale_", "unscale_gradients", "unscale", "unscale_grads", "master_params"})
"""Methods that undo a loss scale, or give gradients in which it is undone."""
SCALE = "scale"
"""Method of a gradient scaler that multiplies a loss."""
FIRST_SCALE = 2.0**16
"""The factor a gradient scaler starts with. Source: `init_scale` of torch.amp.GradScaler."""
CURRENT_SCALE = frozenset({"get_scale", "loss_scale", "_scale", "inv_scale"})
"""What gives the factor of a gradient scaler, or its inverse."""
SCALER_SWITCH = "enabled"
MAY_STEP = re.compile(
    r"backward|zero_?grad|unscale|optimi[sz]|grad|clip(?!_?(?:range|value_(?:f|l)|frac|param|eps|ratio|coef))|^step|_step$|_step_|update_(?:param|weight|net|model|actor|crit)"
    r"|train_(?:step|on|batch|one)|training_step|^fit$|^learn$",
    re.IGNORECASE,
)
"""Names of what may send a gradient back, clear it, bound it or step, if it cannot be followed."""
NEVER_STEPS = re.compile(
    r"^(?:save|load|log|print|get|add_|is_|has_|no_grad|enable_grad|set_grad|named_|state_dict|format|append|sched|lr_|"
    r"adjust_l|warm|watch|eval|plot|show|write|report|requires_grad|trainable|set_postfix|set_description|time|barrier)",
    re.IGNORECASE,
)
"""Names of what does not, whatever it is given."""
NO_STEPPER = re.compile(
    r"sched|ema|metric|meter|prof|logg|env|bar$|timer|writer|dataset|loader|stat|clock|anneal|average", re.IGNORECASE
)
"""Names of what has a ``step`` that changes no parameter."""
ACCUMULATION_TEST = re.compile(
    r"accum|sync|update_freq|boundar|micro|virtual|grad_step|iter_size|aggregat|should_step|do_step|is_last|last_batch",
    re.IGNORECASE,
)
"""Names in a test that lets several batches pass before a step."""
ACCUMULATE = "accumulate"
"""Context manager in which an accelerator makes steps only every few batches..."""
ACCUMULATION = "gradient_accumulation_steps"
"""...and its option that says how many."""
HOOKS = frozenset({"register_hook", "register_full_backward_hook", "register_post_accumulate_grad_hook"})
CALLBACK = re.compile(r"hook|callback|handler|plugin|after_backward|before_step|pre_step|post_backward", re.IGNORECASE)
"""Names of what a user may hang into a loop between backward and step."""
HARMLESS_CALLBACK = re.compile(r"^(?:register_|remove|add_|append)", re.IGNORECASE)
MAY_CLIP = re.compile(r"clip|grad|norm", re.IGNORECASE)
NEVER_CLIPS = frozenset(
    {
        "zero_grad", "no_grad", "enable_grad", "set_grad_enabled", "requires_grad_", "is_grad_enabled",
        "inference_mode", "autograd", "grad", "layer_norm", "batch_norm", "weight_norm", "spectral_norm",
        "clear_grad", "clear_grads", "gradient", "get_unscaled_gradients", "get_scaled_loss",
        "global_norm",
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
        "watch", "LossScaleOptimizer",
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
