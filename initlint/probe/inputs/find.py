"""From a model to a batch it can be run on: given, declared, or worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, Recipe, make_inputs
from initlint.probe.inputs.declared import declared_plan, examples, own_batch
from initlint.probe.inputs.files import read_batch
from initlint.probe.inputs.guess import first_guess
from initlint.probe.inputs.huggingface import transformers_plan
from initlint.probe.inputs.plan import Plan
from initlint.probe.inputs.search import Search, nothing_fits
from initlint.probe.inputs.spec import Input, parse_input
from initlint.probe.inputs.trial import runs


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
    if file is not None:
        return make_inputs(read_batch(file, model), file, batch=batch, device=device, dtype=dtype, seed=seed)
    recipe, source = _declared_or_worked_out(model, dtype)
    return make_inputs(recipe, source, batch=batch, device=device, dtype=dtype, seed=seed)


def _declared_or_worked_out(model: nn.Module, dtype: torch.dtype) -> tuple[Recipe, str]:
    own = own_batch(model)
    if own is not None:
        return own
    for example in examples(model) if transformers_plan(model) is None else ():
        for recipe in (example.drawn, example.given):
            if runs(model, recipe, dtype=dtype):
                return recipe, example.source
    search = Search(model, dtype)
    plan = search.run([*_declared_plans(model), first_guess(model)])
    if plan is None:
        error = nothing_fits(model, search.failures)
        raise error from (search.failures[0].error if isinstance(error, ProbeError) and search.failures else None)
    return plan.recipe(), _sentence(plan, search.trials)


def _declared_plans(model: nn.Module) -> list[Plan]:
    """Of Hugging Face and timm, which the first trials are made with."""
    plans = (transformers_plan(model), declared_plan(model))
    return [plan for plan in plans if plan is not None]


def _sentence(plan: Plan, trials: int) -> str:
    """``worked out from conv1 (Conv2d): x (B, 3, 224, 224), after 2 trials``."""
    reasons = ", ".join(dict.fromkeys(argument.reason for argument in plan.arguments if argument.reason))
    after = "the first trial" if trials == 1 else f"{trials} trials"
    return f"worked out{' from ' + reasons if reasons else ''}: {plan.describe()}, after {after}"


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
