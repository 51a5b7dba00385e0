"""What surrounds a model in a program of PyTorch: wrappers, decorators, and calls that leave its weights alone."""

from __future__ import annotations

REPARAMETRISATIONS = {
    "torch.nn.utils.weight_norm": True,
    "torch.nn.utils.parametrizations.weight_norm": True,
    "torch.nn.utils.spectral_norm": False,
    "torch.nn.utils.parametrizations.spectral_norm": False,
    "torch.nn.utils.parametrizations.orthogonal": False,
}
"""Wrappers that return the layer they are given -> whether the weight keeps its value. From then on the layer computes it
from other parameters."""
UNDONE_REPARAMETRISATIONS = frozenset(
    {
        "torch.nn.utils.remove_weight_norm",
        "torch.nn.utils.remove_spectral_norm",
        "torch.nn.utils.parametrize.remove_parametrizations",
    }
)
"""What makes the weight a parameter again."""
WRAPPERS = frozenset(
    {
        "torch.compile",
        "torch.jit.script",
        "torch.nn.DataParallel",
        "torch.nn.parallel.DataParallel",
        "torch.nn.parallel.DistributedDataParallel",
        "torch.nn.SyncBatchNorm.convert_sync_batchnorm",
        "torch.fx.symbolic_trace",
    }
)
"""Calls that give back the module they are given, as far as its weights and its signal go."""
HARMLESS_ROOTS = (
    "torch.optim.",
    "torch.utils.data.",
    "torch.save",
    "torch.load",
    "torch.no_grad",
    "torch.cuda.",
    "torch.device",
    "torch.manual_seed",
    "torch.is_tensor",
    "torch.numel",
    "torch.isnan",
    "torch.nn.utils.clip_grad",
    "torch.nn.utils.parameters_to_vector",
    "torch.onnx.",
    "torch.jit.",
    "torch.distributed.",
    "logging.",
    "math.",
    "warnings.",
    "typing.",
    "functools.",
    "itertools.",
    "collections.",
    "os.",
    "time.",
    "random.",
    "torchsummary.",
    "torchinfo.",
    "tqdm.",
    "json.",
    "copy.",
    "operator.",
    "torch.optim",
    "wandb.",
    "torch.amp.",
    "torch.autograd.",
)
"""Beginnings of external names that write to no parameter they are given."""
NOT_AS_WRITTEN = frozenset(
    {
        "torch.jit.is_tracing",
        "torch.jit.is_scripting",
        "torch.compiler.is_compiling",
        "torch.compiler.is_dynamo_compiling",
        "torch.compiler.is_exporting",
        "torch._dynamo.is_compiling",
        "torch._dynamo.external_utils.is_compiling",
        "torch.onnx.is_in_onnx_export",
        "torch.distributed.is_initialized",
        "torch.cuda.is_available",
    }
)
"""Functions that ask whether a program runs otherwise than by itself, as it is written: compiled, exported, as one of many,
on an accelerator."""
TRANSPARENT_DECORATORS = frozenset(
    {
        "no_grad",
        "inference_mode",
        "staticmethod",
        "classmethod",
        "abstractmethod",
        "ignore",
        "unused",
        "export",
        "wraps",
    }
)
"""Last names of decorators that leave a function what it is."""
