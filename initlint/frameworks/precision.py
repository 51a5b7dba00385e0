"""What makes a program compute in half precision, and what its types hold."""

from __future__ import annotations

LARGEST_HALF = 65504.0
"""The largest float16: (2 - 2^-10) 2^15. bfloat16 has the range of float32."""
LOST_IN_HALF = 2.0**-25
"""Half of the smallest float16 above 0, 2^-24: what is not larger is rounded to 0."""
HALVES = frozenset({"float16", "half"})
"""Names of the type."""
AUTOCASTS = {
    "torch.cuda.amp.autocast": 1,
    "torch.cuda.amp.autocast_mode.autocast": 1,
    "torch.autocast": 1,
    "torch.amp.autocast": 1,
    "torch.amp.autocast_mode.autocast": 1,
}
"""Context managers that compute in half precision -> position of the type, float16 unless something else is given. The
first argument is the device, or whether it is on."""
OTHER_DEVICES = frozenset({"cpu", "xpu", "mps", "hpu"})
"""Devices whose half is another by default."""
SCALERS = frozenset({"torch.cuda.amp.GradScaler", "torch.amp.GradScaler", "torch.cuda.amp.grad_scaler.GradScaler"})
"""Scalers of losses, which float16 alone needs."""
HALVING = frozenset({"half"})
"""Methods of a model or tensor that turn it into float16."""
OPTIONS: dict[str, frozenset[object]] = {
    "precision": frozenset({16, "16", "16-mixed", "16-true"}),
    "fp16": frozenset({True}),
    "mixed_precision": frozenset({"fp16"}),
}
"""Options of trainers that turn it on -> their values."""
TRAINERS = frozenset({"Trainer", "Fabric", "Accelerator", "TrainingArguments", "Seq2SeqTrainingArguments"})
"""Last names of what has them."""
CASTS_TO_HALF = frozenset({"linear", "conv", "conv_transpose"})
"""Operations of layers that autocast computes in float16. So it does with every product of matrices."""
KEEPS_TYPE = frozenset(
    {
        "keep", "detach", "add", "subtract", "multiply", "divide", "negate", "relu", "relu6", "sigmoid", "tanh", "abs",
        "clamp", "clamp_min", "clamp_max", "maximum", "minimum", "max", "min", "mean", "var", "std", "sqrt",
        "masked_fill",
    }
)  # fmt: skip
"""Operations that give the type they are given, under autocast, too; the others (softmax, log, exp, power, sum, norm, ...)
compute in float32 there."""
CASTS = frozenset({"float", "double", "to", "type", "type_as", "bfloat16", "cast", "astype", "float16", "gather_nd"})
"""Methods that may give another type."""
LIMIT = "torch.finfo"
SIZES = frozenset({"shape", "size", "len", "dim", "numel"})
"""Attributes, methods and functions that give numbers."""
NUMERIC_MODULES = frozenset({"math", "np", "numpy"})
NUMERIC_CALLS = frozenset({"sqrt", "float", "int", "pow", "rsqrt", "max", "min"})
OF_NUMBERS = frozenset({"power", "add", "subtract", "multiply", "divide", "negate", "sqrt"})
"""Operations that make numbers of numbers."""
