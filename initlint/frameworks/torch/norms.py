"""PyTorch's normalisations, as layers and as functions, and what sets them apart."""

from __future__ import annotations

from initlint.frameworks.tables import FunctionSpec, LayerSpec, signature

_NORM = signature("num_features", eps=1e-5, momentum=0.1, affine=True, track_running_stats=True)
_EPSILON = {"epsilon": "eps"}
NORM_LAYERS: dict[str, LayerSpec] = {
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
}

_AFFINE = {"weight": None, "bias": None}
_NORMALISE = FunctionSpec("norm")
_NORM_BY_STATISTICS = FunctionSpec(
    "norm",
    signature=signature("mean", "variance", **_AFFINE, use_input_stats=True, momentum=0.1, eps=1e-5),
    options=_EPSILON,
)
_NORM_BY_PARTS = FunctionSpec("norm", signature=signature("parts", **_AFFINE, eps=1e-5), options=_EPSILON)
_NORM_OF_SIZE = FunctionSpec("norm", signature=signature("parts", weight=None, eps=None), options=_EPSILON)
NORM_FUNCTIONS: dict[str, FunctionSpec] = {
    "batch_norm": _NORM_BY_STATISTICS,
    "layer_norm": _NORM_BY_PARTS,
    "group_norm": _NORM_BY_PARTS,
    "instance_norm": _NORM_BY_STATISTICS,
    "rms_norm": _NORM_OF_SIZE,
    "normalize": _NORMALISE,
    "local_response_norm": _NORMALISE,
}

BATCH_NORMS = frozenset(
    {
        *(name for name in NORM_LAYERS if name.removeprefix("Lazy").startswith("BatchNorm")),
        "SyncBatchNorm",
        "batch_norm",
    }
)
INSTANCE_NORMS = frozenset(
    {*(name for name in NORM_LAYERS if name.removeprefix("Lazy").startswith("InstanceNorm")), "instance_norm"}
)
ROOT_MEAN_SQUARE_NORMS = frozenset({"RMSNorm", "rms_norm"})
NORMS_OF_LAST_AXIS = frozenset({"LayerNorm"}) | ROOT_MEAN_SQUARE_NORMS
"""Norms whose weight has the width of the last axis."""
NORMS_OF_NEIGHBOURS = frozenset({"normalize", "LocalResponseNorm", "local_response_norm", "CrossMapLRN2d"})
"""Norms whose result depends on a width that is not followed."""
NORMS_OF_UNITS = BATCH_NORMS | INSTANCE_NORMS
"""Norms that take from each unit its own mean, over samples or places: a constant that is added to a unit is gone."""
NORM_OF_ROWS = frozenset({"BatchNorm1d", "LazyBatchNorm1d"})
"""Behind a linear map, whose units lie on the last axis: these have them on axis 1, so that there are two axes."""
