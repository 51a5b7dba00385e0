"""Which files can matter at all, told from their text before anything is parsed."""

from __future__ import annotations

import re

from initlint.reading.decoding import decode
from initlint.reading.failure import UnreadableError

WORDS = (
    # frameworks
    "torch", "nn", "tensorflow", "tf", "keras", "jax", "flax", "haiku", "equinox", "eqx",
    # what is built on them, and may be all that a model or a training loop imports
    "accelerate", "deepspeed", "detectron2", "diffusers", "fairseq", "fastai", "ignite", "lightning", "mmcv",
    "mmengine", "pytorch_lightning", "timm", "torch_geometric", "torchvision", "transformers",
    # a training loop without an import of any
    "backward",
)  # fmt: skip
"""A file that holds none of these as a whole word describes no network and trains none."""

_MENTION = re.compile(rb"(?<![A-Za-z0-9_])(?:%s)(?![A-Za-z0-9_])" % "|".join(WORDS).encode())


def can_matter(data: bytes) -> bool:
    """Whether the source mentions a framework. ASCII is spelt alike in every encoding Python reads."""
    return _MENTION.search(data) is not None


def is_dispensable(data: bytes, *, is_notebook: bool) -> bool:
    """Whether a file need not be parsed: it cannot matter, and there is no doubt that it can be read."""
    if is_notebook:
        # In JSON, the word after a line end follows on the letter of the escape.
        return _is_json_notebook(data) and not can_matter(data.replace(rb"\n", b"\n"))
    return not can_matter(data) and _is_readable(data)


def _is_json_notebook(data: bytes) -> bool:
    text = data.strip()
    return text.startswith(b"{") and text.endswith(b"}") and (b'"cells"' in text or b'"worksheets"' in text)


def _is_readable(data: bytes) -> bool:
    if data.isascii() and b"\0" not in data:
        return True
    try:
        decode(data)
    except UnreadableError:
        return False
    return True
