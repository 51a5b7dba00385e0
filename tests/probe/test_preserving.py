"""A probe leaves no trace on a model. Each test changes one thing inside `preserved`, on a model that has them mixed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from initlint.probe.preserving import preserved


class Mixed(nn.Module):
    """Train and eval, frozen and tied, hooked, with buffers of all kinds and state that ``forward`` changes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.frozen_norm = nn.BatchNorm1d(4).eval()
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.first.weight
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.drop = nn.Dropout(0.5).eval()
        self.register_buffer("replaced", torch.zeros(4))
        self.register_buffer("shared_row", torch.ones(1, 4).expand(6, 4))
        self.hidden = torch.zeros(4)
        self.states = [torch.zeros(4)]
        self.unregistered = [nn.BatchNorm1d(4)]
        self.calls = 0
        self.noise = torch.Generator().manual_seed(3)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        self.calls += 1
        self.replaced = self.replaced + 1
        self.shared_row[0] += 1
        self.register_buffer("added", torch.ones(1))
        self.hidden += x.detach().mean(0)
        self.states.append(self.hidden.clone())
        self.extra = nn.Linear(4, 4)
        self.unregistered[0](x)
        noise = torch.rand(4, generator=self.noise)
        y = self.tied(self.frozen_norm(self.norm(self.first(x)))) + noise
        return self.drop(self.frozen(y) + self.extra(y))


@pytest.fixture
def model() -> Mixed:
    torch.manual_seed(0)
    return Mixed()


@pytest.fixture
def batch() -> Tensor:
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(1))


def step(model: nn.Module, batch: Tensor) -> None:
    """One forward and backward pass."""
    model(batch).square().sum().backward()


def test_training_flags_come_back_as_mixed_as_they_were(model: Mixed, batch: Tensor) -> None:
    """Mixed train and eval flags are not flattened."""
    before = {name: module.training for name, module in model.named_modules()}
    with preserved(model, batch):
        model.eval()
        model.norm.train()
    assert {name: module.training for name, module in model.named_modules()} == before
    assert not model.drop.training
    assert model.norm.training


def test_batch_norm_statistics_and_counters_come_back(model: Mixed, batch: Tensor) -> None:
    """Buffers that a forward pass updates in place have their values again."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with preserved(model, batch):
        step(model, batch)
        assert model.norm.num_batches_tracked == 1
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_buffers_that_forward_replaces_or_adds_do_not_stay(model: Mixed, batch: Tensor) -> None:
    """The very buffers of before are registered, and no other."""
    before = dict(model.named_buffers())
    with preserved(model, batch):
        step(model, batch)
    after = dict(model.named_buffers())
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)


def test_an_expanded_buffer_written_to_in_place_comes_back(model: Mixed, batch: Tensor) -> None:
    """A buffer whose rows share memory is restored, without being made dense."""
    with preserved(model, batch):
        step(model, batch)
        assert model.shared_row[0, 0] > 1
    assert torch.equal(model.shared_row, torch.ones(6, 4))
    assert model.shared_row.stride() == (0, 1)


def test_state_kept_between_calls_comes_back(model: Mixed, batch: Tensor) -> None:
    """Hidden state, counters and lists on the model, changed in place or not, are those of before."""
    hidden, states, first = model.hidden, model.states, model.states[0]
    with preserved(model, batch):
        step(model, batch)
    assert model.hidden is hidden
    assert torch.equal(hidden, torch.zeros(4))
    assert model.states is states
    assert len(states) == 1
    assert states[0] is first
    assert model.calls == 0


def test_a_generator_on_the_model_comes_back(model: Mixed, batch: Tensor) -> None:
    """Noise drawn from the model's own generator is drawn again."""
    before = model.noise.get_state()
    with preserved(model, batch):
        step(model, batch)
        assert not torch.equal(model.noise.get_state(), before)
    assert torch.equal(model.noise.get_state(), before)


def test_modules_that_are_registered_nowhere_come_back(model: Mixed, batch: Tensor) -> None:
    """Layers in a plain list, which ``modules()`` does not give, are restored as well."""
    with preserved(model, batch):
        step(model, batch)
        model.unregistered[0].eval()
    assert model.unregistered[0].num_batches_tracked == 0
    assert model.unregistered[0].training


def test_modules_added_in_forward_do_not_stay(model: Mixed, batch: Tensor) -> None:
    """The tree of modules is that of before."""
    before = list(model.named_modules())
    with preserved(model, batch):
        step(model, batch)
    assert list(model.named_modules()) == before


def test_gradients_that_were_none_are_none(model: Mixed, batch: Tensor) -> None:
    """A model that had no gradients has none afterwards."""
    with preserved(model, batch):
        step(model, batch)
        assert model.first.weight.grad is not None
    assert all(parameter.grad is None for parameter in model.parameters())


def test_gradients_that_were_there_are_the_same_tensors_with_the_same_values(model: Mixed, batch: Tensor) -> None:
    """Half accumulated gradients are neither added to nor replaced, and do not leak into what is measured."""
    step(model, batch)
    gradient = model.first.weight.grad
    assert gradient is not None
    values = gradient.clone()
    with preserved(model, batch):
        assert model.first.weight.grad is None
        step(model, batch)
    assert model.first.weight.grad is gradient
    assert torch.equal(gradient, values)


def test_frozen_parameters_stay_frozen_and_others_trained(model: Mixed, batch: Tensor) -> None:
    """Flags that were changed inside come back, each its own."""
    before = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    with preserved(model, batch):
        for parameter in model.parameters():
            parameter.requires_grad = not parameter.requires_grad
        step(model, batch)
    assert {name: parameter.requires_grad for name, parameter in model.named_parameters()} == before
    assert len(set(before.values())) == 2


def test_tied_weights_stay_tied(model: Mixed, batch: Tensor) -> None:
    """One parameter under two names is one parameter still, also when one of them was replaced."""
    shared = model.first.weight
    with preserved(model, batch, keep_parameters=True):
        model.tied.weight = nn.Parameter(torch.zeros(4, 4))
        step(model, batch)
    assert model.first.weight is shared
    assert model.tied.weight is shared


def test_parameters_come_back_after_training_steps(model: Mixed, batch: Tensor) -> None:
    """With `keep_parameters`, optimiser steps are undone bit for bit, and graphs of before still work."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    loss = model.first(batch).square().sum()
    with preserved(model, batch, keep_parameters=True):
        step(model, batch)
        torch.optim.SGD(model.parameters(), lr=0.1).step()
        assert not torch.equal(model.first.weight, before["first.weight"])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    model.zero_grad()
    loss.backward()
    assert model.first.weight.grad is not None


def test_one_step_costs_no_copy_of_the_parameters(model: Mixed, batch: Tensor) -> None:
    """Without `keep_parameters` no parameter is copied: what is written to one inside stays."""
    with preserved(model, batch), torch.no_grad():
        model.first.weight.fill_(7)
    assert bool((model.first.weight == 7).all())


def test_a_change_of_dtype_inside_is_undone(model: Mixed, batch: Tensor) -> None:
    """A model that was converted has its own memory again, so nothing is lost to rounding."""
    weight, address, value = model.first.weight, model.first.weight.data_ptr(), model.first.weight.detach().clone()
    with preserved(model, batch):
        model.half()
        assert model.first.weight.dtype == torch.float16
    assert model.first.weight is weight
    assert weight.data_ptr() == address
    assert torch.equal(weight, value)
    assert model.norm.running_var.dtype == torch.float32


def test_hooks_added_inside_are_gone_and_others_stay(model: Mixed, batch: Tensor) -> None:
    """Hooks of modules and of parameters: those of before still fire, and their handles still remove them."""
    seen: list[str] = []
    mine = model.first.register_forward_hook(lambda *_: seen.append("mine"))
    own = model.first.weight.register_hook(lambda _: seen.append("gradient"))
    with preserved(model, batch):
        mine.remove()
        for module in model.modules():
            module.register_forward_hook(lambda *_: seen.append("theirs"))
            module.register_full_backward_hook(lambda *_: seen.append("theirs"))
        model.norm.weight.register_hook(lambda _: seen.append("theirs"))
        model.norm.weight.register_post_accumulate_grad_hook(lambda _: seen.append("theirs"))
        model.first.weight.register_hook(lambda _: seen.append("theirs"))
    step(model, batch)
    assert sorted(set(seen)) == ["gradient", "mine"]
    mine.remove()
    own.remove()
    seen.clear()
    step(model, batch)
    assert seen == []


def test_hooks_on_all_modules_are_gone(model: Mixed, batch: Tensor) -> None:
    """A global hook added inside does not outlive it; one of before does."""
    seen: list[str] = []
    handle = register_module_forward_hook(lambda *_: seen.append("mine"))
    with preserved(model, batch):
        register_module_forward_hook(lambda *_: seen.append("theirs"))
    model.first(batch)
    handle.remove()
    assert seen == ["mine"]


def test_an_input_changed_in_place_comes_back(model: Mixed, batch: Tensor) -> None:
    """The batch, in whatever it is nested, has its values, its flag and no gradient."""
    before = batch.clone()
    with preserved(model, ({"x": [batch]}, None)):
        batch.mul_(2)
        batch.requires_grad_()
        step(model, batch)
    assert torch.equal(batch, before)
    assert not batch.requires_grad
    assert batch.grad is None


def test_a_buffer_into_which_a_history_was_written_is_a_leaf_again(model: Mixed, batch: Tensor) -> None:
    """State written in place from the graph does not keep the graph alive."""
    with preserved(model, batch):
        model.hidden.copy_(model.first(batch).mean(0))
        assert model.hidden.grad_fn is not None
    assert model.hidden.grad_fn is None
    assert torch.equal(model.hidden, torch.zeros(4))


def test_state_left_by_an_evaluation_in_inference_mode_comes_back(model: Mixed, batch: Tensor) -> None:
    """Inference tensors on the model can be restored too."""
    with torch.inference_mode():
        model.hidden = torch.ones(4)
    with preserved(model, batch), torch.inference_mode():
        model.hidden.zero_()
    assert torch.equal(model.hidden, torch.ones(4))
    assert model.hidden.is_inference()


def test_lazy_modules_are_lazy_again(batch: Tensor) -> None:
    """A lazy module that got its shape inside can get another one afterwards."""
    model = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.Linear(3, 2))
    with preserved(model, batch):
        step(model, batch)
        assert type(model[0]) is nn.Linear
    assert type(model[0]) is nn.LazyLinear
    assert isinstance(model[0].weight, nn.UninitializedParameter)
    assert isinstance(model[1].running_mean, nn.UninitializedBuffer)
    assert model(torch.randn(8, 9)).shape == (8, 2)


def test_a_sparse_buffer_comes_back(batch: Tensor) -> None:
    """A sparse adjacency matrix, which has no strides, is restored."""
    model = nn.Module()
    model.register_buffer("adjacency", torch.eye(3).to_sparse())
    with preserved(model, batch):
        model.adjacency.mul_(3)
    assert torch.equal(model.adjacency.to_dense(), torch.eye(3))


class Counting(nn.Module):
    """Counts its calls in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 4) to (batch, 4)."""
        self.calls += 1
        return self.linear(x)


def test_a_scripted_model_comes_back(batch: Tensor) -> None:
    """Of a ScriptModule, flags, buffers and gradients are restored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model = torch.jit.script(Counting())
    with preserved(model, batch, keep_parameters=True):
        model.eval()
        step(model, batch)
    assert model.training
    assert model.calls == 0
    assert all(parameter.grad is None for parameter in model.parameters())


def test_an_exception_inside_leaves_no_trace_either(model: Mixed, batch: Tensor) -> None:
    """Everything is restored before the exception goes on."""
    state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), preserved(model, batch):
        step(model, batch)
        model.eval()
        raise ZeroDivisionError
    assert model.training
    assert model.calls == 0
    assert model.first.weight.grad is None
    assert torch.equal(torch.get_rng_state(), state)


def test_a_model_that_is_left_alone_still_computes_the_same(model: Mixed, batch: Tensor) -> None:
    """Output and gradients after a probe are those without one, random numbers included."""
    torch.manual_seed(5)
    with preserved(model, batch):
        step(model, batch)
    out = model(batch)
    torch.manual_seed(0)
    other = Mixed()
    torch.manual_seed(5)
    assert torch.equal(out, other(batch))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_are_recorded_inside_whatever_the_caller_mode(
    model: Mixed, batch: Tensor, mode: Callable[[], Any]
) -> None:
    """A probe works under ``no_grad`` and ``inference_mode``, and the caller is in its mode again afterwards."""
    with mode():
        with preserved(model, batch):
            step(model, batch)
            assert model.first.weight.grad is not None
        assert not torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
    assert torch.is_grad_enabled()
