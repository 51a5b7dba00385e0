"""PyTorch's layer classes: the table of all of them, and what it says of one."""

from __future__ import annotations

from initlint.frameworks import einops
from initlint.frameworks.tables import LayerSpec, signature
from initlint.frameworks.torch.activations import ACTIVATION_LAYERS, SOFTMAX_LAYERS
from initlint.frameworks.torch.convolutions import CONVOLUTIONS, PADS, POOLS
from initlint.frameworks.torch.lawless import LAYERS_WITHOUT_LAW
from initlint.frameworks.torch.modules import MODULE
from initlint.frameworks.torch.norms import NORM_LAYERS
from initlint.frameworks.torch.recurrent import RECURRENT_LAYERS

_LINEAR = signature("in_features", "out_features", bias=True)
_EMBEDDING = signature("num_embeddings", "embedding_dim", padding_idx=None)
_ATTENTION = signature(
    "embed_dim",
    "num_heads",
    dropout=0.0,
    bias=True,
    add_bias_kv=False,
    add_zero_attn=False,
    kdim=None,
    vdim=None,
    batch_first=False,
)
_DROPOUT = LayerSpec("dropout", signature(p=0.5, inplace=False), options={"p": "p"}, parents=("_DropoutNd",))
_KEEPS_ENTRIES = (
    "Identity",
    "Flatten",
    "Unflatten",
    "Upsample",
    "UpsamplingNearest2d",
    "UpsamplingBilinear2d",
    "PixelShuffle",
    "PixelUnshuffle",
    "ChannelShuffle",
    "Unfold",
)
LAYERS: dict[str, LayerSpec] = {
    "Linear": LayerSpec("linear", _LINEAR),
    "LazyLinear": LayerSpec("linear", signature("out_features", bias=True), parents=("Linear",)),
    "NonDynamicallyQuantizableLinear": LayerSpec("linear", _LINEAR, parents=("Linear",)),
    "Bilinear": LayerSpec("bilinear", signature("in1_features", "in2_features", "out_features", bias=True)),
    "Embedding": LayerSpec("embedding", _EMBEDDING, options={"padding_idx": "padding_idx"}, variant="embedding"),
    "EmbeddingBag": LayerSpec("embedding", signature("num_embeddings", "embedding_dim"), variant="embedding"),
    **RECURRENT_LAYERS,
    **CONVOLUTIONS,
    "MultiheadAttention": LayerSpec("attention", _ATTENTION),
    **NORM_LAYERS,
    **ACTIVATION_LAYERS,
    "GLU": LayerSpec("multiply", signature(dim=-1)),
    **SOFTMAX_LAYERS,
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _DROPOUT),
    "AlphaDropout": LayerSpec("dropout", signature(p=0.5, inplace=False), options={"p": "p"}, variant="alpha"),
    "FeatureAlphaDropout": LayerSpec("dropout", signature(p=0.5, inplace=False), options={"p": "p"}, variant="alpha"),
    **POOLS,
    **PADS,
    **dict.fromkeys(_KEEPS_ENTRIES, LayerSpec("reshape")),
}
_WITHOUT_LAW = LayerSpec("function")
LINEAR = "torch.nn.Linear"
RESHAPED_TO_ROWS = frozenset({"Flatten", "flatten"})
"""What leaves one vector a sample: two axes."""


def layer_spec(name: str) -> LayerSpec | None:
    """The layer class of that canonical name."""
    if not name.startswith("torch.nn."):
        return einops.LAYERS.get(name)
    own = name[len("torch.nn.") :]
    return _WITHOUT_LAW if own in LAYERS_WITHOUT_LAW else LAYERS.get(own)


def is_subclass(layer: str, wanted: str) -> bool:
    """Whether the layer class derives from the other one; both canonical names."""
    if layer == wanted or wanted in (MODULE, "builtins.object"):
        return True
    spec = layer_spec(layer)
    return spec is not None and wanted.rpartition(".")[2] in spec.parents and wanted.startswith("torch.nn")
