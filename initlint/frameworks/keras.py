"""What Keras' names mean."""

from __future__ import annotations

import re

PACKAGES = (
    "keras", "keras.src", "tf_keras", "tensorflow.keras", "tensorflow.compat.v1.keras", "tensorflow.python.keras",
)  # fmt: skip
"""Under which Keras is imported: as a package of its own, or as TensorFlow's."""
MODULES = (
    "", "activations.", "initializers.", "layers.", "losses.", "models.", "optimizers.", "optimizers.legacy.",
)  # fmt: skip
"""Parts of a package whose names are written out in `initlint/composites/keras`; the first is the package itself."""
OF_IMPORT = {"keras": "keras", "tensorflow": "tensorflow.keras", "tf_keras": "tf_keras"}
"""Modules that are imported -> the package of Keras that is reached through them."""
COMPILE = "compile"
"""The method of a model that says how it is trained."""
MODELS = frozenset({"Model", "Sequential"})
"""Classes without which there is no model."""
FUNCTIONS = ("tensorflow.nn", "tensorflow.optimizers", "tensorflow.initializers", "tensorflow.losses")
"""Where TensorFlow has the same functions and classes."""
MODEL_BASES = frozenset({"Model", "Sequential", "Functional", "Layer"})
"""Classes that hold layers."""
OPTIMIZERS = frozenset(
    {
        "Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion", "Adafactor", "Lamb",
        "Muon",
    }
)  # fmt: skip
"""Classes of optimisers, which bound the gradients if an option says so; strings name them in small letters."""
OPTIMIZER_STRINGS = frozenset(name.lower() for name in OPTIMIZERS)
DEFAULT_OPTIMIZER = "rmsprop"
"""What a model is compiled with if nothing is said."""
OPTIMIZER = "optimizer"
"""Attribute of a model that was compiled: its optimiser."""
LOSS_STRINGS = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
}
"""Strings that name a cross-entropy -> its class."""
INITIALIZED_BY = {
    **dict.fromkeys(("Dense", "Conv1D", "Conv2D", "Conv3D"), "kernel_initializer"),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), "kernel_initializer"),
    **dict.fromkeys(("Convolution1D", "Convolution2D", "Convolution3D"), "kernel_initializer"),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), "depthwise_initializer"),
}
"""Layers -> the option that says how their kernel is drawn."""
ACTIVATED_AT = {"Activation": 0, "Dense": 1}
"""Layers that are commonly given their activation by position -> where."""
RECURRENT = {
    "SimpleRNN": False, "SimpleRNNCell": False, "LSTM": True, "LSTMCell": True, "GRU": True, "GRUCell": True,
    "ConvLSTM1D": True, "ConvLSTM2D": True, "ConvLSTM3D": True, "CuDNNLSTM": True, "CuDNNGRU": True,
}  # fmt: skip
"""Recurrent layers -> whether they have gates."""
WRAPPERS = frozenset({"Sequential", "Bidirectional", "TimeDistributed", "RNN", "StackedRNNCells"})
"""Layers that are made of the layers they are given."""
GRAPH = frozenset({"Model", "Functional"})
"""Classes that make a model of the signals between its inputs and outputs..."""
GRAPH_OUTPUTS = ("outputs", 1)
"""...and where they are given the latter."""
ADD = "add"
"""Method of a model that gives it one more layer."""
ROOTS = frozenset((*(f"{package}.{part}".rstrip(".") for package in PACKAGES for part in MODULES), *FUNCTIONS))
"""All modules whose names are written out as they are."""
FUNCTION_ROOTS = frozenset(
    ("tensorflow.compat.v1.nn", *(f"{package}.{part}" for package in PACKAGES for part in ("ops", "ops.nn", "backend")))
)
"""Modules of functions on signals, which bear names that are those of layers and initialisers elsewhere.

TensorFlow's own prepare data as much as they run models, and are not worth the steps that following them takes.
"""
FUNCTION_NAMES = {
    **dict.fromkeys(("cast", "convert_to_tensor", "identity"), "cast"),
    "mean": "mean",
    "sum": "summed",
    "concatenate": "joined",
    **dict.fromkeys(("transpose", "permute_dimensions"), "transpose"),
    **dict.fromkeys(("abs", "absolute"), "absolute"),
    **dict.fromkeys(("add", "bias_add"), "plus"),
    "subtract": "minus",
    "multiply": "times",
    "divide": "over",
    **{name: name for name in ("reshape", "expand_dims", "squeeze", "stack", "matmul", "stop_gradient")},
    **{name: name for name in ("exp", "log", "sqrt", "square")},
    **{name: name for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "tanh")},
    **{name: name for name in ("sigmoid", "softmax", "log_softmax", "softplus", "softsign", "hard_sigmoid")},
    "shape": "sizes_of", "einsum": "einstein_sum", "minimum": "smaller", "maximum": "larger",
    "broadcast_to": "expanded", **dict.fromkeys(("power", "pow"), "raised"), "arange": "counted",
    "rsqrt": "inverse_root", "reciprocal": "inverse", "negative": "negated", "where": "chosen", "split": "pieces",
    "unstack": "rows_of", "clip": "bounded", "tile": "tiled", "repeat": "repeated", "pad": "padded",
    "slice": "cut_out", "slice_update": "written_over", **dict.fromkeys(("take", "gather"), "picked"),
    "take_along_axis": "picked_along", "moveaxis": "axis_moved", "swapaxes": "axes_swapped", "flip": "turned_over",
    "roll": "rolled", "cos": "cosine", "sin": "sine", "floor": "rounded_down", "zeros_like": "zeros_as",
    "ones_like": "ones_as", **dict.fromkeys(("max", "amax"), "largest_of"),
    **dict.fromkeys(("min", "amin"), "smallest_of"), "var": "variance_of", "std": "deviation_of",
    "cumsum": "running_sum", **dict.fromkeys(("argmax", "argmin", "argsort"), "place_of_largest"),
    "top_k": "highest", "one_hot": "classes_as_units",
    **dict.fromkeys(("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"), "compared"),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), "both"), "logical_not": "opposite",
    **dict.fromkeys(("any", "all"), "any_of"), "dot_product_attention": "attended",
}  # fmt: skip
"""Function on signals -> what it is written out as."""


def own_name(name: str) -> str | None:
    """The name without its package: ``tensorflow.keras.layers.Dense`` is ``Dense``; `None` for what is not of Keras."""
    module, _, last = name.rpartition(".")
    return last if module in ROOTS else None


def written_out(name: str) -> str | None:
    """What a full name of Keras' is written out as; `None` for any other."""
    module, _, last = name.rpartition(".")
    return FUNCTION_NAMES.get(last) if module in FUNCTION_ROOTS else own_name(name)


def is_optimizer(name: str) -> bool:
    """Whether a full name, or the small letters in its place, stands for one of Keras' optimisers."""
    own = own_name(name)
    return own is not None and (own in OPTIMIZERS or own in OPTIMIZER_STRINGS)


PARAMETERS = {
    "linear": {"weight": "kernel"},
    "conv": {"weight": "kernel"},
    "conv_transpose": {"weight": "kernel"},
    "embedding": {"weight": "embeddings"},
    "norm": {"weight": "gamma", "bias": "beta"},
    "recurrent": {"weight_ih_l0": "kernel", "weight_hh_l0": "recurrent_kernel", "bias_ih_l0": "bias"},
}
"""Kind of layer -> what PyTorch calls a parameter -> what Keras does."""


def automatic_name(kind: str) -> str:
    """The name of a layer of a class that is given none, without its number. Source: `keras.src.utils.naming`."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


_CALLS = (
    (
        r'nn\.init\.kaiming_(normal|uniform)_\([\w.]+, (?:a=\w+, )?nonlinearity="(?:leaky_)?relu"\)',
        'kernel_initializer="he_%s"',
    ),
    (r'nn\.init\.kaiming_(normal|uniform)_\([\w.]+, nonlinearity="linear"\)', 'kernel_initializer="lecun_%s"'),
    (r"nn\.init\.xavier_(normal|uniform)_\([\w.]+(?:, gain=[^()]*\([^()]*\))?\)", 'kernel_initializer="glorot_%s"'),
    (r"nn\.init\.(zeros|ones)_\([\w.]+\)", 'initializer="%s"'),
    (r"nn\.init\.(orthogonal)_(?:\([\w.]+\))?", 'initializer="%s"'),
    (r"(?:nn\.init\.)?\bkaiming_(normal|uniform)_", "he_%s"),
    (r"(?:nn\.init\.)?\bxavier_(normal|uniform)_", "glorot_%s"),
    (r"(?:nn\.init\.)?\btrunc_(normal)_", "truncated_%s"),
    (r"(?:nn\.init\.)?\b(normal|uniform)_", "random_%s"),
    (r"(?:nn\.init\.)?\b(constant|zeros|ones|orthogonal)_", "%s"),
    (r"\bnn\.(ReLU|ELU|LeakyReLU|AlphaDropout|Dropout)\(", "layers.%s("),
    (r"\bnn\.(GELU)\(\)", 'layers.Activation("gelu")'),
    (r"\b(PyTorch)\b", "Keras"),
    (r"\btrains the (RNN)\b", "trains the Simple%s"),
)
_SPOKEN = [(re.compile(pattern), text) for pattern, text in _CALLS]


def spoken(text: str) -> str:
    """What is said in PyTorch's words, in Keras'."""
    for pattern, words in _SPOKEN:
        text = pattern.sub(lambda found: words % found[1] if "%" in words else words, text)  # noqa: B023
    return text
