"""What Keras' names mean."""

from __future__ import annotations

import re

PACKAGES = ("keras", "keras.src", "tf_keras", "tensorflow.keras", "tensorflow.python.keras")
"""Under which Keras is imported: as a package of its own, or as TensorFlow's."""
MODULES = ("", "activations.", "initializers.", "layers.", "losses.", "models.", "ops.", "optimizers.")
"""Parts of a package whose names are written out in `initlint/composites/keras.py`; the first is the package itself."""
COMPILE = "compile"
"""The method of a model that says how it is trained."""
MODELS = frozenset({"Model", "Sequential"})
"""Classes without which there is no model."""
FUNCTIONS = ("tensorflow.nn",)
"""Where TensorFlow has the same functions."""
ROOTS = frozenset((*(f"{package}.{part}".rstrip(".") for package in PACKAGES for part in MODULES), *FUNCTIONS))
"""All modules whose names are written out."""


def own_name(name: str) -> str | None:
    """The name without its package: ``tensorflow.keras.layers.Dense`` is ``Dense``; `None` for what is not of Keras."""
    module, _, last = name.rpartition(".")
    return last if module in ROOTS else None


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
)
_SPOKEN = [(re.compile(pattern), text) for pattern, text in _CALLS]


def spoken(text: str) -> str:
    """What is said in PyTorch's words, in Keras'."""
    for pattern, words in _SPOKEN:
        text = pattern.sub(lambda found: words % found[1] if "%" in words else words, text)  # noqa: B023
    return text
