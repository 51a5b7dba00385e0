"""What PyTorch's names mean."""

from __future__ import annotations

from initlint.frameworks import einops
from initlint.frameworks.tables import FunctionSpec, LayerSpec, signature

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
PLAIN_BASES = frozenset({"torch.utils.data.Dataset", "torch.autograd.Function", "torch.optim.Optimizer"})
"""External classes whose subclasses are no modules."""
COMPOSITES = frozenset(
    f"torch.nn.{name}"
    for name in (
        "Transformer",
        "TransformerDecoder",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerEncoderLayer",
    )
)
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

# -------------------------------------------------------------------------------------------------------------- layers

_LINEAR = signature("in_features", "out_features", bias=True)
_CONV = signature(
    "in_channels",
    "out_channels",
    "kernel_size",
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    bias=True,
    padding_mode="zeros",
)
_TRANSPOSE = signature(
    "in_channels",
    "out_channels",
    "kernel_size",
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    bias=True,
    dilation=1,
    padding_mode="zeros",
)
_EMBEDDING = signature("num_embeddings", "embedding_dim", padding_idx=None)
_RECURRENT = signature(
    "input_size",
    "hidden_size",
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
    proj_size=0,
)
_OVER_TIME = {"p": "dropout", "is_batch_first": "batch_first", "projection": "proj_size"}
"""Options of a recurrent layer that runs over a sequence itself; a cell has none of them."""
_CELL = signature("input_size", "hidden_size", bias=True)
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
_NORM = signature("num_features", eps=1e-5, momentum=0.1, affine=True, track_running_stats=True)
_EPSILON = {"epsilon": "eps"}
_POOL = {
    "max": signature("kernel_size", stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False),
    "avg": signature("kernel_size", stride=None, padding=0, ceil_mode=False, count_include_pad=True),
}


def _activation(name: str, /, options: dict[str, str] | None = None, **arguments: object) -> LayerSpec:
    return LayerSpec("activation", signature(**arguments), name, options or {})


LAYERS: dict[str, LayerSpec] = {
    "Linear": LayerSpec("linear", _LINEAR),
    "LazyLinear": LayerSpec("linear", signature("out_features", bias=True), parents=("Linear",)),
    "NonDynamicallyQuantizableLinear": LayerSpec("linear", _LINEAR, parents=("Linear",)),
    "Bilinear": LayerSpec("bilinear", signature("in1_features", "in2_features", "out_features", bias=True)),
    "Embedding": LayerSpec("embedding", _EMBEDDING, options={"padding_idx": "padding_idx"}, variant="embedding"),
    "EmbeddingBag": LayerSpec("embedding", signature("num_embeddings", "embedding_dim"), variant="embedding"),
    "RNN": LayerSpec(
        "recurrent",
        {**_RECURRENT, "nonlinearity": "tanh"},
        options={**_OVER_TIME, "nonlinearity": "nonlinearity"},
        parents=("RNNBase",),
        variant="rnn",
    ),
    "LSTM": LayerSpec("recurrent", _RECURRENT, options=_OVER_TIME, parents=("RNNBase",), variant="lstm"),
    "GRU": LayerSpec("recurrent", _RECURRENT, options=_OVER_TIME, parents=("RNNBase",), variant="gru"),
    "RNNCell": LayerSpec("recurrent", {**_CELL, "nonlinearity": "tanh"}, parents=("RNNCellBase",), variant="rnn"),
    "LSTMCell": LayerSpec("recurrent", _CELL, parents=("RNNCellBase",), variant="lstm"),
    "GRUCell": LayerSpec("recurrent", _CELL, parents=("RNNCellBase",), variant="gru"),
    "MultiheadAttention": LayerSpec("attention", _ATTENTION),
    "BatchNorm1d": LayerSpec("norm", _NORM, options=_EPSILON, parents=("_BatchNorm", "_NormBase")),
    "BatchNorm2d": LayerSpec("norm", _NORM, options=_EPSILON, parents=("_BatchNorm", "_NormBase")),
    "BatchNorm3d": LayerSpec("norm", _NORM, options=_EPSILON, parents=("_BatchNorm", "_NormBase")),
    "LazyBatchNorm1d": LayerSpec("norm", parents=("_BatchNorm", "BatchNorm1d")),
    "LazyBatchNorm2d": LayerSpec("norm", parents=("_BatchNorm", "BatchNorm2d")),
    "LazyBatchNorm3d": LayerSpec("norm", parents=("_BatchNorm", "BatchNorm3d")),
    "SyncBatchNorm": LayerSpec("norm", _NORM, options=_EPSILON, parents=("_BatchNorm", "_NormBase")),
    "InstanceNorm1d": LayerSpec(
        "norm", {**_NORM, "affine": False}, options=_EPSILON, parents=("_InstanceNorm", "_NormBase")
    ),
    "InstanceNorm2d": LayerSpec(
        "norm", {**_NORM, "affine": False}, options=_EPSILON, parents=("_InstanceNorm", "_NormBase")
    ),
    "InstanceNorm3d": LayerSpec(
        "norm", {**_NORM, "affine": False}, options=_EPSILON, parents=("_InstanceNorm", "_NormBase")
    ),
    "LayerNorm": LayerSpec(
        "norm", signature("normalized_shape", eps=1e-5, elementwise_affine=True, bias=True), options=_EPSILON
    ),
    "RMSNorm": LayerSpec("norm", signature("normalized_shape", eps=None, elementwise_affine=True), options=_EPSILON),
    "GroupNorm": LayerSpec("norm", signature("num_groups", "num_channels", eps=1e-5, affine=True), options=_EPSILON),
    "LocalResponseNorm": LayerSpec("norm", signature("size")),
    "CrossMapLRN2d": LayerSpec("norm", signature("size")),
    "ReLU": _activation("relu", inplace=False),
    "ReLU6": _activation("relu6", inplace=False),
    "LeakyReLU": _activation("leaky_relu", {"negative_slope": "negative_slope"}, negative_slope=0.01, inplace=False),
    "PReLU": _activation("prelu", {"negative_slope": "init"}, num_parameters=1, init=0.25),
    "RReLU": _activation("rrelu", {"lower": "lower", "upper": "upper"}, lower=1 / 8, upper=1 / 3, inplace=False),
    "ELU": _activation("elu", {"alpha": "alpha"}, alpha=1.0, inplace=False),
    "CELU": _activation("celu", {"alpha": "alpha"}, alpha=1.0, inplace=False),
    "SELU": _activation("selu", inplace=False),
    "GELU": _activation("gelu", {"approximate": "approximate"}, approximate="none"),
    "SiLU": _activation("silu", inplace=False),
    "Mish": _activation("mish", inplace=False),
    "Sigmoid": _activation("sigmoid"),
    "LogSigmoid": _activation("logsigmoid"),
    "Tanh": _activation("tanh"),
    "Hardtanh": _activation("hardtanh", {"min_val": "min_val", "max_val": "max_val"}, min_val=-1.0, max_val=1.0),
    "Hardswish": _activation("hardswish", inplace=False),
    "Hardsigmoid": _activation("hardsigmoid", inplace=False),
    "Softplus": _activation("softplus", {"beta": "beta", "threshold": "threshold"}, beta=1.0, threshold=20.0),
    "Softsign": _activation("softsign"),
    "Tanhshrink": _activation("tanhshrink"),
    "Softshrink": _activation("softshrink", {"lambd": "lambd"}, lambd=0.5),
    "Hardshrink": _activation("hardshrink", {"lambd": "lambd"}, lambd=0.5),
    "Threshold": LayerSpec(
        "activation", signature("threshold", "value"), "threshold", {"threshold": "threshold", "value": "value"}
    ),
    "GLU": LayerSpec("multiply", signature(dim=-1)),
    "Softmax": LayerSpec("softmax", signature(dim=None), options={"axis": "dim"}),
    "LogSoftmax": LayerSpec("softmax", signature(dim=None), options={"axis": "dim"}),
    "Softmax2d": LayerSpec("softmax"),
    "Softmin": LayerSpec("softmax", signature(dim=None), options={"axis": "dim"}),
    "AlphaDropout": LayerSpec("dropout", signature(p=0.5, inplace=False), options={"p": "p"}, variant="alpha"),
    "FeatureAlphaDropout": LayerSpec("dropout", signature(p=0.5, inplace=False), options={"p": "p"}, variant="alpha"),
}
for _name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"):
    LAYERS[_name] = LayerSpec("dropout", signature(p=0.5, inplace=False), options={"p": "p"}, parents=("_DropoutNd",))
for _axes in (1, 2, 3):
    LAYERS[f"Conv{_axes}d"] = LayerSpec("conv", _CONV, parents=("_ConvNd",), axes=_axes)
    LAYERS[f"ConvTranspose{_axes}d"] = LayerSpec(
        "conv_transpose", _TRANSPOSE, parents=("_ConvNd", "_ConvTransposeNd"), axes=_axes
    )
    _lazy = {name: default for name, default in _CONV.items() if name != "in_channels"}
    LAYERS[f"LazyConv{_axes}d"] = LayerSpec("conv", _lazy, parents=(f"Conv{_axes}d", "_ConvNd"), axes=_axes)
    _lazy = {name: default for name, default in _TRANSPOSE.items() if name != "in_channels"}
    LAYERS[f"LazyConvTranspose{_axes}d"] = LayerSpec(
        "conv_transpose", _lazy, parents=(f"ConvTranspose{_axes}d", "_ConvNd", "_ConvTransposeNd"), axes=_axes
    )
    for _kind in ("Max", "Avg"):
        LAYERS[f"{_kind}Pool{_axes}d"] = LayerSpec(
            "pool", _POOL[_kind.lower()], options={"kernel_size": "kernel_size"}, axes=_axes, variant=_kind.lower()
        )
        LAYERS[f"Adaptive{_kind}Pool{_axes}d"] = LayerSpec(
            "pool", signature("output_size"), axes=_axes, variant=_kind.lower()
        )
    LAYERS[f"LPPool{_axes}d"] = LayerSpec("unknown")
    for _kind in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
        LAYERS[f"{_kind}Pad{_axes}d"] = LayerSpec("reshape")
for _name in (
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
):
    LAYERS[_name] = LayerSpec("reshape")
BATCH_NORMS = frozenset(
    {*(name for name in LAYERS if name.removeprefix("Lazy").startswith("BatchNorm")), "SyncBatchNorm", "batch_norm"}
)
INSTANCE_NORMS = frozenset(
    {*(name for name in LAYERS if name.removeprefix("Lazy").startswith("InstanceNorm")), "instance_norm"}
)
ROOT_MEAN_SQUARE_NORMS = frozenset({"RMSNorm", "rms_norm"})
NORMS_OF_LAST_AXIS = frozenset({"LayerNorm"}) | ROOT_MEAN_SQUARE_NORMS
"""Norms whose weight has the width of the last axis."""
NORMS_OF_NEIGHBOURS = frozenset({"normalize", "LocalResponseNorm", "local_response_norm", "CrossMapLRN2d"})
"""Norms whose result depends on a width that is not followed."""
NORMS_OF_UNITS = BATCH_NORMS | INSTANCE_NORMS
"""Norms that take from each unit its own mean, over samples or places: a constant that is added to a unit is gone."""
STACKS = frozenset({"stack"})
"""Functions that put signals behind each other along an axis of their own."""
SHARES = frozenset({"Softmax", "Softmin", "softmax", "softmin"})
"""Those of the softmaxes that give shares of 1."""
RESHAPED_TO_ROWS = frozenset({"Flatten", "flatten"})
"""What leaves one vector a sample: two axes."""
NORM_OF_ROWS = frozenset({"BatchNorm1d", "LazyBatchNorm1d"})
"""Behind a linear map, whose units lie on the last axis: these have them on axis 1, so that there are two axes."""
CHANNELS_FIRST = "Softmax2d"
"""The softmax that is always over axis 1."""
GATED_CELLS = frozenset({"lstm", "gru"})
GATED_LAYERS = frozenset({"LSTM", "GRU", "LSTMCell", "GRUCell", *GATED_CELLS, "lstm_cell", "gru_cell"})
"""Layers and functions whose state goes around the weights, through gates."""
LINEAR = "torch.nn.Linear"

# ----------------------------------------------------------------------------------------------------------- functions

_DROPOUT = FunctionSpec("dropout", signature={"p": 0.5, "training": True}, options={"p": "p"})
_WINDOW = signature(kernel_size=None, stride=None)
_MAX = FunctionSpec("pool", "max", _WINDOW, {"kernel_size": "kernel_size"})
_AVG = FunctionSpec("pool", "avg", _WINDOW, {"kernel_size": "kernel_size"})
_RESHAPE = FunctionSpec("reshape")
_SOFTMAX = FunctionSpec("softmax", signature=signature(dim=None), options={"axis": "dim"})
_NORMALISE = FunctionSpec("norm")
_AFFINE = {"weight": None, "bias": None}
_NORM_BY_STATISTICS = FunctionSpec(
    "norm",
    signature=signature("mean", "variance", **_AFFINE, use_input_stats=True, momentum=0.1, eps=1e-5),
    options=_EPSILON,
)
_NORM_BY_PARTS = FunctionSpec("norm", signature=signature("parts", **_AFFINE, eps=1e-5), options=_EPSILON)
_NORM_OF_SIZE = FunctionSpec("norm", signature=signature("parts", weight=None, eps=None), options=_EPSILON)

ELEMENTWISE: dict[str, FunctionSpec] = {
    "relu": FunctionSpec("activation", "relu"),
    "relu6": FunctionSpec("activation", "relu6"),
    "leaky_relu": FunctionSpec(
        "activation", "leaky_relu", signature(negative_slope=0.01), {"negative_slope": "negative_slope"}
    ),
    "prelu": FunctionSpec("activation", "prelu"),
    "rrelu": FunctionSpec(
        "activation", "rrelu", signature(lower=1 / 8, upper=1 / 3), {"lower": "lower", "upper": "upper"}
    ),
    "elu": FunctionSpec("activation", "elu", signature(alpha=1.0), {"alpha": "alpha"}),
    "celu": FunctionSpec("activation", "celu", signature(alpha=1.0), {"alpha": "alpha"}),
    "selu": FunctionSpec("activation", "selu"),
    "gelu": FunctionSpec("activation", "gelu", signature(approximate="none"), {"approximate": "approximate"}),
    "silu": FunctionSpec("activation", "silu"),
    "mish": FunctionSpec("activation", "mish"),
    "sigmoid": FunctionSpec("activation", "sigmoid"),
    "logsigmoid": FunctionSpec("activation", "logsigmoid"),
    "tanh": FunctionSpec("activation", "tanh"),
    "hardtanh": FunctionSpec(
        "activation", "hardtanh", signature(min_val=-1.0, max_val=1.0), {"min_val": "min_val", "max_val": "max_val"}
    ),
    "hardswish": FunctionSpec("activation", "hardswish"),
    "hardsigmoid": FunctionSpec("activation", "hardsigmoid"),
    "softplus": FunctionSpec(
        "activation", "softplus", signature(beta=1.0, threshold=20.0), {"beta": "beta", "threshold": "threshold"}
    ),
    "softsign": FunctionSpec("activation", "softsign"),
    "tanhshrink": FunctionSpec("activation", "tanhshrink"),
    "softshrink": FunctionSpec("activation", "softshrink", signature(lambd=0.5), {"lambd": "lambd"}),
    "hardshrink": FunctionSpec("activation", "hardshrink", signature(lambd=0.5), {"lambd": "lambd"}),
    "sin": FunctionSpec("activation", "sin"),
    "cos": FunctionSpec("activation", "cos"),
    "exp": FunctionSpec("activation", "exp"),
    "abs": FunctionSpec("activation", "abs"),
    "square": FunctionSpec("activation", "square"),
    "sqrt": FunctionSpec("activation", "sqrt"),
    "rsqrt": FunctionSpec("activation", "rsqrt"),
}
"""Activations that are functions under `FUNCTIONAL_ROOTS` and, with the same name, methods of a tensor."""
POWERS = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt"}
"""Exponents of ``**`` that have a function of their own."""
FUNCTIONS: dict[str, FunctionSpec] = {
    **ELEMENTWISE,
    "softmax": _SOFTMAX,
    "log_softmax": _SOFTMAX,
    "gumbel_softmax": _SOFTMAX,
    "softmin": _SOFTMAX,
    "batch_norm": _NORM_BY_STATISTICS,
    "layer_norm": _NORM_BY_PARTS,
    "group_norm": _NORM_BY_PARTS,
    "instance_norm": _NORM_BY_STATISTICS,
    "rms_norm": _NORM_OF_SIZE,
    "normalize": _NORMALISE,
    "local_response_norm": _NORMALISE,
    "glu": FunctionSpec("multiply"),
    "dropout": _DROPOUT,
    "dropout1d": _DROPOUT,
    "dropout2d": _DROPOUT,
    "dropout3d": _DROPOUT,
    "alpha_dropout": FunctionSpec("dropout", "alpha", {"p": 0.5, "training": False}, {"p": "p"}),
    "feature_alpha_dropout": FunctionSpec("dropout", "alpha", {"p": 0.5, "training": False}, {"p": "p"}),
    "scaled_dot_product_attention": FunctionSpec(
        "attention", signature=signature("key", "value", attn_mask=None, dropout_p=0.0, is_causal=False, scale=None)
    ),
    "multi_head_attention_forward": FunctionSpec("attention"),
    "matmul": FunctionSpec("matmul"),
    "mm": FunctionSpec("matmul"),
    "bmm": FunctionSpec("matmul"),
    "einsum": FunctionSpec("matmul"),
    "cat": FunctionSpec("concat"),
    "concat": FunctionSpec("concat"),
    "concatenate": FunctionSpec("concat"),
    "hstack": FunctionSpec("concat"),
    "stack": FunctionSpec("concat"),
    "add": FunctionSpec("add"),
    "sub": FunctionSpec("add"),
    "mul": FunctionSpec("multiply"),
    "multiply": FunctionSpec("multiply"),
    "mean": FunctionSpec("pool", "avg"),
    "sum": FunctionSpec("pool", "sum"),
    "max": FunctionSpec("pool", "max"),
    "amax": FunctionSpec("pool", "max"),
    "interpolate": _RESHAPE,
}
for _axes in (1, 2, 3):
    FUNCTIONS[f"max_pool{_axes}d"] = _MAX
    FUNCTIONS[f"avg_pool{_axes}d"] = _AVG
    FUNCTIONS[f"adaptive_avg_pool{_axes}d"] = FunctionSpec("pool", "avg")
    FUNCTIONS[f"adaptive_max_pool{_axes}d"] = FunctionSpec("pool", "max")
for _name in (
    "view",
    "reshape",
    "permute",
    "transpose",
    "flatten",
    "unflatten",
    "squeeze",
    "unsqueeze",
    "contiguous",
    "to",
    "float",
    "half",
    "double",
    "bfloat16",
    "type",
    "type_as",
    "cpu",
    "cuda",
    "clone",
    "expand",
    "expand_as",
    "repeat",
    "t",
    "movedim",
    "swapaxes",
    "swapdims",
    "moveaxis",
    "narrow",
    "select",
    "index_select",
    "gather",
    "roll",
    "flip",
    "view_as",
    "reshape_as",
    "pad",
    "repeat_interleave",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "upsample",
    "requires_grad_",
    "channel_shuffle",
    "masked_select",
    "tile",
    "broadcast_to",
    "adjoint",
    "rot90",
    "upsample_nearest",
    "upsample_bilinear",
    "checkpoint_name",
):
    FUNCTIONS[_name] = _RESHAPE
LAYOUTS = {
    **dict.fromkeys(("view", "reshape"), "sizes"),
    "unflatten": "split",
    "permute": "order",
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), "swap"),
    **dict.fromkeys(("t", "adjoint", "mT", "mH", "H"), "swap_last"),
    **dict.fromkeys(("select", "unbind"), "drop"),
    "unsqueeze": "insert",
    **dict.fromkeys(
        ("contiguous", "to", "float", "half", "double", "bfloat16", "type", "type_as", "cpu", "cuda", "clone"), "same"
    ),
    **dict.fromkeys(("requires_grad_", "roll", "flip", "masked_fill", "checkpoint_name"), "same"),
}
"""Functions and methods that keep the entries -> what their arguments say of the axes."""
CONVERSIONS = frozenset({"to", "float", "half", "double", "bfloat16", "type", "type_as"})
"""Methods that may give numbers of another type."""
DEFAULT_DTYPE = "torch.float32"
"""What weights are made of, and so what layers compute in."""
DTYPE_ALIASES = {"torch.float": "torch.float32", "torch.half": "torch.float16", "torch.double": "torch.float64"}
"""Short name of a type of numbers -> its own."""
SPLITS = frozenset({"chunk", "split", "unbind", "tensor_split", "split_with_sizes"})
"""Functions and methods that cut one signal into several."""
WEIGHTED_FUNCTIONS = {
    "linear": "linear",
    "conv1d": "conv",
    "conv2d": "conv",
    "conv3d": "conv",
    "conv_transpose1d": "conv_transpose",
    "conv_transpose2d": "conv_transpose",
    "conv_transpose3d": "conv_transpose",
}
"""Functions of (signal, weight, bias)."""
DISPATCHED = {
    "embedding": "embedding",
    "embedding_bag": "embedding",
    "rnn_tanh": "recurrent",
    "rnn_relu": "recurrent",
    "lstm": "recurrent",
    "gru": "recurrent",
    "rnn_tanh_cell": "recurrent",
    "rnn_relu_cell": "recurrent",
    "lstm_cell": "recurrent",
    "gru_cell": "recurrent",
    "bilinear": "bilinear",
    "addmm": "linear",
    "baddbmm": "matmul",
    "addbmm": "matmul",
    "chain_matmul": "matmul",
    "dot": "matmul",
    "mv": "matmul",
    "rsub": "add",
    "subtract": "add",
    "div": "multiply",
    "divide": "multiply",
    "true_divide": "multiply",
    "rdiv": "multiply",
    "rtruediv": "multiply",
    "neg": "scale",
    "addcmul": "add",
    "lerp": "add",
    "logsumexp": "pool",
    "sum": "pool",
}
"""Functions and methods that only a running model calls by these names -> operation."""
HANDED_ON = frozenset(
    {
        "getitem",
        "detach",
        "masked_fill",
        "where",
        "tril",
        "triu",
        "index_put",
        "setitem",
        "scatter",
        "scatter_",
        "sort",
        "topk",
        "as_strided",
        "view_as_real",
        "view_as_complex",
        "pack_padded_sequence",
        "pad_packed_sequence",
        "nan_to_num",
        "alias",
        "ravel",
        "rearrange",
        "unsafe_chunk",
        "unsafe_split",
        "hsplit",
        "vsplit",
        "dsplit",
        "swapaxes",
        "resolve_conj",
        "resolve_neg",
        "conj",
        "im2col",
        "col2im",
        "fold",
    }
)
"""Functions and methods that pick, move or mask entries of their first signal."""
RESAMPLING = frozenset({"interpolate", "upsample"})
"""Of the functions that keep the layout only, those that make new entries."""
NO_SIGNAL = frozenset(
    {
        "dim",
        "ndim",
        "size",
        "stride",
        "numel",
        "nelement",
        "element_size",
        "item",
        "tolist",
        "numpy",
        "backward",
        "grad",
        "argmax",
        "argmin",
        "argsort",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "any",
        "all",
        "isnan",
        "isinf",
        "isfinite",
        "allclose",
        "equal",
        "arange",
        "zeros",
        "ones",
        "full",
        "empty",
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "rand_like",
        "randn_like",
        "randint_like",
        "rand",
        "randn",
        "randint",
        "randperm",
        "tensor",
        "as_tensor",
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty",
        "new_tensor",
        "bernoulli",
        "multinomial",
        "one_hot",
        "bincount",
        "unique",
        "nonzero",
        "storage",
        "data_ptr",
        "untyped_storage",
        "finfo",
        "sign",
        "floor",
        "round",
        "ceil",
        "len",
        "hash",
        "bool",
        "int",
        "repr",
        "format",
        "set_grad_enabled",
        "assert_async",
    }
)
"""Functions and methods that give no signal, or one that no gradient passes."""
FUNCTIONAL_ROOTS = ("torch.nn.functional.", "torch.special.", "torch.")
TRANSPOSED = frozenset({"T", "mT", "H", "mH"})
SHAPE_ATTRIBUTES = frozenset({"data", "real"}) | TRANSPOSED
CHECKPOINTS = frozenset({"torch.utils.checkpoint.checkpoint", "torch.utils.checkpoint.checkpoint_sequential"})
"""Calls of (function, *inputs) that give what the function gives."""

# -------------------------------------------------------------------------------------------------------- initialisers

INIT_ROOTS = ("torch.nn.init.",)
FANS = "_calculate_fan_in_and_fan_out_"
"""The function among the initialisers that gives the (fan_in, fan_out) of a tensor."""
UNINITIALISED = frozenset(
    {"empty", "empty_like", "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor", "empty_strided"}
)
"""Tensor constructors (under ``torch.``) that leave the memory as it is."""
NEEDS_FANS = frozenset(
    {
        "xavier_uniform_",
        "xavier_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "orthogonal_",
        "sparse_",
    }
)
"""Initialisers that raise on a tensor with fewer than two axes."""
IN_PLACE_INITS = frozenset(
    {
        "normal_",
        "uniform_",
        "fill_",
        "zero_",
        "copy_",
        "bernoulli_",
        "exponential_",
        "log_normal_",
        "cauchy_",
        "trunc_normal_",
    }
)
"""In-place methods of a tensor that write all of it, whatever it held before."""
COPIES = frozenset({"clone", "numpy", "tolist"})
"""Tensor methods whose result counts as other memory."""
ALIASES = frozenset(
    {
        "detach",
        "view",
        "t",
        "transpose",
        "unsqueeze",
        "squeeze",
        "view_as",
        "requires_grad_",
        "permute",
        "flatten",
        "reshape",
        "contiguous",
        "cpu",
    }
)
"""Tensor methods whose result is the same memory, all of it."""
PICKS = frozenset({"gather", "take", "take_along_dim", "repeat_interleave", "tile", "broadcast_to"})
"""Tensor methods whose result holds entries of the tensor, in memory of its own."""
PARTS = frozenset({"chunk", "split", "narrow", "select", "unbind", "index_select", "diagonal"})
"""Tensor methods whose result is a part of the same memory."""

# -------------------------------------------------------------------------------------------------------------- others

REPARAMETRISATIONS = {
    "torch.nn.utils.weight_norm": True,
    "torch.nn.utils.parametrizations.weight_norm": True,
    "torch.nn.utils.spectral_norm": False,
    "torch.nn.utils.parametrizations.spectral_norm": False,
    "torch.nn.utils.parametrizations.orthogonal": False,
}
"""Wrappers that return the layer they are given -> whether the weight keeps its value."""
LIMITS = "torch.finfo"
LIMITS_OF_FLOATS = {"min": -3.4028234663852886e38, "max": 3.4028234663852886e38}
"""What it says of 32-bit floats; of others, too, that no logit is as large."""
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
    }
)
"""Functions that ask whether a program runs otherwise than by itself, as it is written: compiled, exported, as one of many."""
RECURRENT_OP = "recurrent"
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
CONVOLUTIONAL = ("torchvision.models.",)
"""Beginnings of the names of models whose layers, but for the last, are convolutions."""
INIT_HOOKS: dict[str, frozenset[str]] = {
    "": frozenset({"reset_parameters"}),
    "transformers.PreTrainedModel": frozenset(
        {"_init_weights", "init_weights", "_initialize_weights", "reset_parameters"}
    ),
}
"""Base class -> methods that a framework calls when it builds or shards a model; the empty name: of every module."""
INIT_HOOKS["transformers.modeling_utils.PreTrainedModel"] = INIT_HOOKS["transformers.PreTrainedModel"]

HOW_IT_RUNS = frozenset(
    {
        "gradient_checkpointing_enable",
        "activation_checkpointing_enable",
        "_backward_compatibility_gradient_checkpointing",
        "enable_input_require_grads",
    }
)
"""Methods of models that change how they run, neither their weights nor their signal."""

INPUT_NAMES = frozenset(
    {"input_ids", "pixel_values", "input_features", "input_values", "audio_values", "decoder_input_ids"}
)
"""What arguments of a ``forward`` are called by convention that hold data, of which some may be left out."""

_CANONICAL = ("torch.nn.modules.", "torch.nn.parameter.")


def canonical(name: str) -> str:
    """One name for a thing that PyTorch exports under several: ``torch.nn.modules.conv.Conv2d`` is ``torch.nn.Conv2d``."""
    for prefix in _CANONICAL:
        if name.startswith(prefix):
            return "torch.nn." + name.rpartition(".")[2]
    return name


def layer_spec(name: str) -> LayerSpec | None:
    """The layer class of that canonical name."""
    return LAYERS.get(name[len("torch.nn.") :]) if name.startswith("torch.nn.") else einops.LAYERS.get(name)


def function_name(name: str) -> str | None:
    """The last part of a function's name if it is one of torch's that take signals: ``torch.nn.functional.relu_`` is ``relu``."""
    for root in FUNCTIONAL_ROOTS:
        if name.startswith(root) and "." not in (rest := name[len(root) :]):
            return rest.rstrip("_") or None
    return None


def initializer_name(name: str) -> str | None:
    """The initialiser a dotted name stands for, with its underscore: ``torch.nn.init.xavier_normal`` is ``xavier_normal_``."""
    for root in INIT_ROOTS:
        if name.startswith(root) and "." not in (rest := name[len(root) :]):
            return rest if rest.endswith("_") else rest + "_"
    return None


def is_subclass(layer: str, wanted: str) -> bool:
    """Whether the layer class derives from the other one; both canonical names."""
    if layer == wanted or wanted in (MODULE, "builtins.object"):
        return True
    spec = layer_spec(layer)
    return spec is not None and wanted.rpartition(".")[2] in spec.parents and wanted.startswith("torch.nn")
