"""From a model to a batch it can be run on: given, declared, or worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from initlint.probe.inputs.batch import Inputs, Recipe, make_inputs
from initlint.probe.inputs.spec import Input, parse_input


def find_inputs(
    model: nn.Module,
    *,
    specs: Sequence[str | Input] = (),
    file: str | None = None,
    batch: int | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> Inputs:
    """The batch to run `model` on, on `device`.

    In order: `specs` (``--input``), `file` (a real batch), what the model declares, what can be worked out by trying.
    Trials run where the model is, and leave no trace in it. Raises `ProbeError` (stage "inputs"); what the model itself
    raises for another reason than its inputs comes through.
    """
    if specs:
        return make_inputs(given(specs, model), "--input", batch=batch, device=device, dtype=dtype, seed=seed)
    raise NotImplementedError(file)


def given(specs: Sequence[str | Input], model: nn.Module) -> Recipe:
    """The inputs the user wrote: named ones by keyword, the others in order."""
    inputs = [_within_table(parse_input(spec) if isinstance(spec, str) else spec, model) for spec in specs]
    named = {spec.name: spec for spec in inputs if spec.name is not None}
    return Recipe(tuple(spec for spec in inputs if spec.name is None), named)


def _within_table(spec: Input, model: nn.Module) -> Input:
    """Integers without a range are taken for indices of the first embedding."""
    if not spec.is_integer or spec.high is not None:
        return spec
    tables = (module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding))
    rows = next(tables, None)
    return spec if rows is None else replace(spec, low=0, high=rows)
