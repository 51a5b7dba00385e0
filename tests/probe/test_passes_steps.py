"""A few optimiser steps, observed and undone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, Recipe
from initlint.probe.loss import Loss
from initlint.probe.passes.steps import observe


def batch(*args: Tensor) -> Inputs:
    """These tensors as the model's inputs."""
    recipe = Recipe(args=args)
    return Inputs(args, {}, None, "given", len(args[0]), recipe, torch.device("cpu"), torch.float32)


def loss_of(function: Callable[[Any], Tensor]) -> Loss:
    return Loss(kind="given", function=function, text="given")


SQUARE = loss_of(lambda output: output.square().mean())


def mlp(depth: int = 4) -> nn.Sequential:
    """Tanh layers 8 wide."""
    torch.manual_seed(0)
    layers = [layer for _ in range(depth) for layer in (nn.Linear(8, 8), nn.Tanh())]
    return nn.Sequential(*layers[:-1])


def test_a_healthy_model_learns_step_by_step() -> None:
    """The loss falls, all groups move, nothing is non-finite."""
    found = observe(mlp(), batch(torch.randn(16, 8)), SQUARE, 5, "sgd", 0.1)
    losses = [step.loss for step in found]
    assert [step.index for step in found] == [0, 1, 2, 3, 4]
    assert losses == sorted(losses, reverse=True)
    assert all(step.non_finite == "" for step in found)


def test_the_numbers_are_those_of_the_optimiser() -> None:
    """Growth, update ratio and gradient against a step taken by hand."""
    model, x = mlp(), torch.randn(16, 8)
    (found,) = observe(model, batch(x), SQUARE, 1, "Adam", 0.01)
    weight, values = model[0].weight, model[0].weight.detach()
    before = values.clone()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(x).square().mean().backward()
    optimizer.step()
    assert found.early.update_ratio == pytest.approx(float((values - before).norm() / before.norm()), rel=1e-5)
    assert found.early.growth == pytest.approx(float(values.norm() / before.norm()), rel=1e-5)
    assert weight.grad is not None
    assert found.early.gradient_rms == pytest.approx(float(weight.grad.square().mean().sqrt()), rel=1e-5)


def test_early_layers_of_a_vanishing_stack_stall() -> None:
    """Their update ratio is decades below that of the last layers."""
    model = nn.Sequential(*(layer for _ in range(12) for layer in (nn.Linear(8, 8), nn.Sigmoid())))
    (found,) = observe(model, batch(torch.randn(16, 8)), SQUARE, 1, "sgd", 0.1)
    assert found.early.update_ratio is not None
    assert found.late.update_ratio is not None
    assert found.early.update_ratio < 1e-3 * found.late.update_ratio


def test_weights_that_grow_are_seen_to_grow_until_something_is_not_finite() -> None:
    """Far too large a learning rate: growth, then the first thing that is not finite, then an end."""
    found = observe(mlp(), batch(torch.randn(16, 8)), loss_of(lambda y: y.pow(4).sum()), 50, "sgd", 100.0)
    growth = [step.every.growth for step in found if step.every.growth is not None]
    assert growth[-1] > 10
    assert len(found) < 50
    assert found[-1].non_finite != ""
    assert all(step.non_finite == "" for step in found[:-1])


def test_a_loss_that_is_not_finite_ends_before_the_step() -> None:
    """Said as such, with no numbers for the groups."""
    (found,) = observe(mlp(), batch(torch.randn(4, 8)), loss_of(lambda y: y.sum() * math.inf), 3, "sgd", 0.1)
    assert (found.loss, found.non_finite, found.every.growth) == (None, "loss", None)


def test_a_gradient_that_is_not_finite_is_named_where_it_arises() -> None:
    """The last parameter in the order of the model is the first in that of the backward pass."""
    loss = loss_of(lambda y: (y * 0).sqrt().sum())
    (found,) = observe(mlp(), batch(torch.randn(4, 8)), loss, 3, "sgd", 0.1)
    assert found.non_finite == "gradient of 6.bias"
    assert found.every.gradient_rms is None


def test_the_model_is_as_before() -> None:
    """Parameters bit for bit, gradients, batch-norm statistics, random state."""
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    observe(model, batch(torch.randn(16, 8, generator=torch.Generator().manual_seed(0))), SQUARE, 3, "adamw", 0.1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_frozen_parameters_do_not_move_and_are_in_no_group() -> None:
    """With the first half frozen the first group is of the trained ones; with all frozen there is nothing to observe."""
    model = mlp()
    model[0].requires_grad_(False)
    (found,) = observe(model, batch(torch.randn(16, 8)), SQUARE, 1, "sgd", 0.1)
    assert found.early.update_ratio is not None
    assert found.early.update_ratio > 0
    assert observe(mlp().requires_grad_(False), batch(torch.randn(16, 8)), SQUARE, 1, "sgd", 0.1) == ()


def test_weights_that_get_no_gradient_are_in_no_group() -> None:
    """An unused parameter of the model itself, registered before its layers, is not taken for a stalled layer."""
    model = mlp()
    model.register_parameter("unused", nn.Parameter(torch.ones(4, 4)))
    (found,) = observe(model, batch(torch.randn(16, 8)), SQUARE, 1, "sgd", 0.1)
    assert found.early.update_ratio is not None
    assert found.early.update_ratio > 0


def test_a_loss_that_no_parameter_reaches_is_nothing_to_observe() -> None:
    """A detached output: no step can be taken, which other findings say."""
    assert observe(mlp(), batch(torch.randn(16, 8)), loss_of(lambda y: y.detach().sum()), 2, "sgd", 0.1) == ()


def test_sparse_gradients_of_embeddings_are_measured() -> None:
    """An embedding with ``sparse=True``."""
    model = nn.Sequential(nn.Embedding(10, 4, sparse=True), nn.Linear(4, 2))
    (found,) = observe(model, batch(torch.randint(10, (6,))), SQUARE, 1, "sgd", 0.1)
    assert found.early.gradient_rms is not None
    assert found.early.gradient_rms > 0


@pytest.mark.parametrize("name", ["SGD", "adam", "AdamW", "rmsprop", "Adagrad", "NAdam", "radam", "adamax"])
def test_optimisers_are_found_in_any_case(name: str) -> None:
    """By their name in torch.optim."""
    assert observe(mlp(), batch(torch.randn(16, 8)), SQUARE, 1, name, 0.01)[0].loss is not None


@pytest.mark.parametrize("name", ["adm", "Optimizer", "lbfgs", "nonsense"])
def test_an_optimiser_that_cannot_be_used_is_an_error_with_a_remedy(name: str) -> None:
    """Named, with the nearest one or the list."""
    with pytest.raises(ProbeError, match=name) as caught:
        observe(mlp(), batch(torch.randn(16, 8)), SQUARE, 1, name, 0.01)
    assert caught.value.remedy.startswith("Give --optimizer")


def test_an_option_the_optimiser_refuses_is_an_error() -> None:
    """A negative learning rate."""
    with pytest.raises(ProbeError, match="learning rate"):
        observe(mlp(), batch(torch.randn(16, 8)), SQUARE, 1, "sgd", -1.0)
