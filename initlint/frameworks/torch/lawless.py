"""Functions of PyTorch, and methods of a tensor, that are known and of which the theory has no law."""

from __future__ import annotations

ELEMENTWISE_WITHOUT_LAW = frozenset(
    {
        *(
            "log",
            "log1p",
            "log2",
            "log10",
            "expm1",
            "exp2",
            "logit",
            "sinc",
            "erf",
            "erfc",
            "erfinv",
            "lgamma",
            "digamma",
        ),
        *("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "arccos", "arcsin", "arctan"),
        *("sign", "sgn", "floor", "ceil", "round", "trunc", "frac", "fmod", "remainder", "reciprocal", "clamp", "clip"),
        *(
            "rad2deg",
            "deg2rad",
            "erfcx",
            "i0",
            "i1",
            "clamp_min",
            "clamp_max",
            "angle",
            "real",
            "imag",
            "conj",
            "float_power",
        ),
    }
)
"""What is done to each entry alone."""
WITHOUT_LAW = frozenset(
    {
        *("var", "std", "norm", "vector_norm", "matrix_norm", "logsumexp", "prod", "min", "amin", "aminmax", "median"),
        *("nanmedian", "nanmean", "nansum", "mode", "quantile", "kthvalue", "cumsum", "cumprod", "cummax", "cummin"),
        *(
            "logcumsumexp",
            "maximum",
            "minimum",
            "fmax",
            "fmin",
            "atan2",
            "hypot",
            "lerp",
            "where",
            "masked_fill",
            "diff",
        ),
        *("topk", "sort", "msort", "renorm", "cdist", "pdist", "pairwise_distance", "cosine_similarity", "cross"),
        *("dot", "inner", "outer", "vdot", "mv", "addmv", "addr", "baddbmm", "addbmm", "tensordot", "kron", "addcdiv"),
        *("scatter", "scatter_add", "scatter_reduce", "index_add", "index_copy", "index_fill", "index_put"),
        *("masked_scatter", "put", "segment_reduce", "grid_sample", "affine_grid", "fold", "col2im", "pixel_unshuffle"),
        *("trace", "diag", "diagonal", "diag_embed", "tril", "triu", "inverse", "inv", "pinverse", "pinv", "det"),
        *("logdet", "slogdet", "cholesky", "svd", "qr", "eig", "eigh", "solve", "lstsq", "matrix_exp", "matrix_power"),
        *(
            "stft",
            "istft",
            "fft",
            "ifft",
            "rfft",
            "irfft",
            "fft2",
            "ifft2",
            "rfft2",
            "irfft2",
            "fftn",
            "ifftn",
            "rfftn",
        ),
        *("irfftn", "fftshift", "ifftshift", "complex", "polar", "view_as_real", "view_as_complex", "unfold_copy"),
        *(
            "lp_pool1d",
            "lp_pool2d",
            "lp_pool3d",
            "max_unpool1d",
            "max_unpool2d",
            "max_unpool3d",
            "var_mean",
            "std_mean",
        ),
        *(
            "detach",
            "pad_sequence",
            "pack_sequence",
            "bernoulli",
            "multinomial",
            "vstack",
            "dstack",
            "row_stack",
            "column_stack",
        ),
        *("block_diag", "cartesian_prod", "cov", "corrcoef", "cumulative_trapezoid", "trapz", "trapezoid", "take"),
        *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "nll_loss", "binary_cross_entropy"),
        *("binary_cross_entropy_with_logits", "kl_div", "ctc_loss", "hinge_embedding_loss", "cosine_embedding_loss"),
        *("margin_ranking_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss", "soft_margin_loss"),
        *("multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "poisson_nll_loss"),
        "gaussian_nll_loss",
    }
)
"""What takes entries together, sorts, scatters or samples them, and losses."""
LOSS_LAYERS = frozenset(
    {
        *("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "CrossEntropyLoss", "NLLLoss", "BCELoss", "KLDivLoss"),
        *("BCEWithLogitsLoss", "CTCLoss", "HingeEmbeddingLoss", "CosineEmbeddingLoss", "MarginRankingLoss"),
        *("TripletMarginLoss", "TripletMarginWithDistanceLoss", "SoftMarginLoss", "MultiMarginLoss"),
        *("MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "PoissonNLLLoss", "GaussianNLLLoss"),
    }
)
LAYERS_WITHOUT_LAW = LOSS_LAYERS | {"CosineSimilarity", "PairwiseDistance", "Fold"}
"""Layers of which that is true."""
PAIRS = frozenset(
    {"topk", "sort", "kthvalue", "mode", "cummax", "cummin", "aminmax", "var_mean", "std_mean", "slogdet"}
)
"""Functions that give two tensors."""
WITH_PLACES = frozenset({"topk", "sort", "kthvalue", "mode", "cummax", "cummin"})
"""Those of them of which the second says where the entries of the first were."""
WITHOUT_GRADIENT = frozenset(
    {
        *("eq", "ne", "gt", "lt", "ge", "le", "greater", "less", "not_equal", "isnan", "isinf", "isfinite", "isclose"),
        *(
            "argmax",
            "argmin",
            "argsort",
            "searchsorted",
            "bucketize",
            "nonzero",
            "unique",
            "unique_consecutive",
            "bincount",
        ),
        *(
            "logical_and",
            "logical_or",
            "logical_not",
            "logical_xor",
            "any",
            "all",
            "histc",
            "count_nonzero",
        ),
        *("isin", "triu_indices", "tril_indices", "one_hot", "argwhere", "signbit", "isneginf", "isposinf", "isreal"),
        *("bitwise_and", "bitwise_or", "bitwise_not", "bitwise_xor"),
    }
)
"""Functions that give no signal: masks, places, counts."""
