"""PyTorch's modules: their base classes, those that hold others, and what a model's methods are called by convention."""

from __future__ import annotations

MODULE = "torch.nn.Module"
PLACEHOLDER = "torch.fx.Proxy"
"""Stands for the input of a graph."""
MODULE_BASES = frozenset(
    {
        MODULE,
        "torch.jit.ScriptModule",
        "lightning.LightningModule",
        "lightning.pytorch.LightningModule",
        "pytorch_lightning.LightningModule",
        "lightning.pytorch.core.LightningModule",
        "pytorch_lightning.core.LightningModule",
        "pytorch_lightning.core.lightning.LightningModule",
        "transformers.PreTrainedModel",
        "transformers.modeling_utils.PreTrainedModel",
        "torch.nn.modules.Module",
        "torch.nn.modules.module.Module",
    }
)
"""External classes whose subclasses are modules with nothing of their own that matters here."""
AUTOGRAD_FUNCTION = "torch.autograd.Function"
"""Base of classes whose ``apply`` runs their ``forward`` with a context in front."""
PLAIN_BASES = frozenset({"torch.utils.data.Dataset", AUTOGRAD_FUNCTION, "torch.optim.Optimizer"})
"""External classes whose subclasses are no modules."""
COMPOSITES = frozenset(
    f"torch.nn.{name}"
    for name in (
        "Transformer",
        "TransformerDecoder",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerEncoderLayer",
        "quantized.FloatFunctional",
    )
) | {"torch.ao.nn.quantized.FloatFunctional"}
"""Modules that PyTorch builds of other layers: written out in `initlint/composites/pytorch.py`."""
CONTAINERS = {
    "torch.nn.Sequential": "sequential",
    "torch.nn.ModuleList": "list",
    "torch.nn.ModuleDict": "dict",
    "torch.nn.ParameterList": "list",
    "torch.nn.ParameterDict": "dict",
}
PARAMETER = "torch.nn.Parameter"
BUFFER = "torch.nn.Buffer"
CONVOLUTIONAL = ("torchvision.models.",)
"""Beginnings of the names of models whose layers, but for the last, are convolutions."""
HOW_IT_RUNS = frozenset(
    {
        "gradient_checkpointing_enable",
        "activation_checkpointing_enable",
        "_backward_compatibility_gradient_checkpointing",
        "enable_input_require_grads",
    }
)
"""Methods of models that change how they run, neither their weights nor their signal."""
GIVE_BACK_THE_MODULE = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
        "double",
        "bfloat16",
        "train",
        "eval",
        "requires_grad_",
        "type",
        "share_memory",
        "to_empty",
        "compile",
    }
)
"""Methods of modules that change where, how or of what type it is, and give it back."""
INPUT_NAMES = frozenset(
    {"input_ids", "pixel_values", "input_features", "input_values", "audio_values", "decoder_input_ids"}
)
"""What arguments of a ``forward`` are called by convention that hold data, of which some may be left out."""
_SAME_AS = {
    "apex.normalization.FusedLayerNorm": "torch.nn.LayerNorm",
    "apex.normalization.fused_layer_norm.FusedLayerNorm": "torch.nn.LayerNorm",
    "apex.normalization.FusedRMSNorm": "torch.nn.RMSNorm",
    "apex.normalization.fused_layer_norm.FusedRMSNorm": "torch.nn.RMSNorm",
}
"""Layers of other libraries that do what one of PyTorch's does, by the same arguments."""
_CANONICAL = ("torch.nn.modules.", "torch.nn.parameter.")


def canonical(name: str) -> str:
    """One name for a thing that PyTorch exports under several: ``torch.nn.modules.conv.Conv2d`` is ``torch.nn.Conv2d``."""
    for prefix in _CANONICAL:
        if name.startswith(prefix):
            return "torch.nn." + name.rpartition(".")[2]
    return _SAME_AS.get(name, name)
