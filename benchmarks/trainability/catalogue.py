"""All models of the benchmark."""

from __future__ import annotations

from itertools import chain

from trainability import attention, convolutional, dense, normalised, recurrent
from trainability.model import Model

FAMILIES = (dense, normalised, convolutional, recurrent, attention)


def models() -> list[Model]:
    """In a fixed order, names unique."""
    every = list(chain.from_iterable(family.models() for family in FAMILIES))
    assert len({model.name for model in every}) == len(every)
    return every
