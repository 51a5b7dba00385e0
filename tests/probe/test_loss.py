"""Which loss is chosen for an output, and what its value is."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, Recipe, make_inputs
from initlint.probe.inputs.spec import Input
from initlint.probe.loss import choose_loss
from initlint.probe.outputs import cotangents, named_tensors


def batch_of(*specs: Input, batch: int = 8) -> Inputs:
    return make_inputs(Recipe(specs), "--input", batch=batch)


IMAGES = batch_of(Input(("B", 3, 4, 4)))
TOKENS = batch_of(Input(("B", 5), "int64", low=0, high=50))


def scores(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(shape, generator=generator).requires_grad_()


def test_logits_of_a_batch_get_cross_entropy_with_the_log_of_the_classes_expected() -> None:
    loss = choose_loss(scores(8, 10), inputs=IMAGES)
    assert (loss.kind, loss.classes, loss.expected) == ("cross-entropy", 10, math.log(10))
    assert loss.value(torch.zeros(8, 10)).item() == pytest.approx(math.log(10))


def test_equal_probabilities_cost_the_log_of_the_classes_as_equal_logits_do() -> None:
    probabilities = torch.softmax(scores(8, 4), 1)
    for output, uniform in (
        (probabilities, torch.full((8, 4), 0.25)),
        (probabilities.log(), torch.full((8, 4), -math.log(4))),
    ):
        loss = choose_loss(output, inputs=IMAGES)
        assert "probabilities" in loss.describe()
        assert loss.value(uniform).item() == pytest.approx(math.log(4))


def test_probabilities_that_are_zero_cost_much_but_not_infinity() -> None:
    one_hot = torch.eye(8)
    assert torch.isfinite(choose_loss(one_hot, inputs=IMAGES).value(one_hot))


@pytest.mark.parametrize("shape", [(8,), (8, 1)])
def test_one_number_for_each_sample_is_a_regression_on_targets_of_variance_one(shape: tuple[int, ...]) -> None:
    loss = choose_loss(scores(*shape), inputs=IMAGES)
    assert (loss.kind, loss.expected) == ("regression", 1.0)
    assert loss.value(torch.zeros(shape)).item() == pytest.approx(1.0, abs=1.0)


@pytest.mark.parametrize("shape", [(8, 6, 4, 4), (8, 5, 16), (3, 10), (8, 200_000)])
def test_features_of_unknown_meaning_get_a_random_cotangent(shape: tuple[int, ...]) -> None:
    assert choose_loss(scores(*shape), inputs=IMAGES).kind == "cotangent"


def test_scores_over_the_vocabulary_of_the_input_are_cross_entropy_over_tokens() -> None:
    loss = choose_loss(scores(8, 5, 50), inputs=TOKENS)
    assert (loss.kind, loss.classes) == ("cross-entropy", 50)


def test_what_is_named_logits_is_preferred_and_has_classes() -> None:
    loss = choose_loss({"hidden": scores(8, 5, 16), "logits": scores(8, 5, 12)}, inputs=TOKENS)
    assert (loss.kind, loss.classes) == ("cross-entropy", 12)


def test_dense_scores_named_out_have_classes_along_the_channels() -> None:
    loss = choose_loss({"out": scores(8, 21, 4, 4)}, inputs=IMAGES)
    assert (loss.kind, loss.classes) == ("cross-entropy", 21)


def test_an_output_that_is_one_number_is_the_loss_itself() -> None:
    output = scores(8).square().mean()
    loss = choose_loss(output, inputs=IMAGES)
    assert loss.kind == "output"
    assert torch.equal(loss.value(output), output)


def test_the_loss_of_a_model_counts_only_if_labels_were_given() -> None:
    output = {"loss": scores(8).mean(), "logits": scores(8, 4)}
    labelled = make_inputs(Recipe((), {"labels": Input(("B",), "int64", low=0, high=4)}), "--input", batch=8)
    assert choose_loss(output, inputs=labelled).kind == "output"
    assert choose_loss(output, inputs=IMAGES).kind == "cross-entropy"


def test_the_targets_of_a_real_batch_are_used() -> None:
    target = torch.arange(8) % 3
    perfect = torch.nn.functional.one_hot(target, 3) * 100.0
    assert choose_loss(perfect, inputs=IMAGES, target=target).value(perfect).item() == pytest.approx(0)
    values = scores(8, 3).detach()
    assert choose_loss(values, inputs=IMAGES, target=values).value(values).item() == 0


@pytest.mark.parametrize("target", [torch.zeros(7), torch.full((8,), 3), torch.full((8,), -1)])
def test_targets_that_do_not_fit_are_an_error_of_the_loss(target: torch.Tensor) -> None:
    with pytest.raises(ProbeError) as caught:
        choose_loss(scores(8, 3), inputs=IMAGES, target=target)
    assert caught.value.stage == "loss"


def test_a_function_of_the_user_gets_the_output_and_the_target_if_it_takes_one() -> None:
    output, target = scores(8, 3), torch.ones(8, 3)
    both = choose_loss(output, given=lambda output, target: (output - target).sum(), inputs=IMAGES, target=target)
    alone = choose_loss(output, given=lambda output, weight=2.0: output.sum() * weight, inputs=IMAGES)
    assert both.kind == "given"
    assert torch.equal(both.value(output), (output - target).sum())
    assert torch.equal(alone.value(output), output.sum() * 2)


def test_a_loss_class_of_torch_is_instantiated_and_gets_synthetic_classes() -> None:
    loss = choose_loss(scores(8, 3), given=torch.nn.CrossEntropyLoss, inputs=IMAGES)
    assert loss.value(torch.zeros(8, 3)).item() == pytest.approx(math.log(3))


def test_a_loss_that_is_not_one_number_is_an_error_that_names_the_function() -> None:
    def per_sample(output: torch.Tensor) -> torch.Tensor:
        return output.sum(1)

    with pytest.raises(ProbeError, match=r"per_sample\(output\) returns a tensor of shape \(8,\)"):
        choose_loss(scores(8, 3), given=per_sample, inputs=IMAGES).value(scores(8, 3))


def test_losses_asked_for_by_name() -> None:
    assert choose_loss(scores(8, 3), given="none", inputs=IMAGES).kind == "cotangent"
    assert choose_loss(scores(8, 3), given="mse", inputs=IMAGES).kind == "regression"
    assert choose_loss(scores(8, 5, 7), given="cross-entropy", inputs=IMAGES).classes == 7
    with pytest.raises(ProbeError, match="has no classes"):
        choose_loss(scores(8, 1), given="cross-entropy", inputs=IMAGES)


def test_the_same_seed_gives_the_same_targets_and_leaves_the_random_state_alone() -> None:
    output, state = scores(8, 10), torch.get_rng_state()
    values = [choose_loss(output, inputs=IMAGES, seed=seed).value(output).item() for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert torch.equal(torch.get_rng_state(), state)


def test_cotangents_have_mean_square_one_on_every_floating_output_that_depends_on_a_parameter() -> None:
    shared = scores(8, 3)
    output = {"a": shared, "b": (shared, scores(2).to(torch.complex64)), "ids": torch.arange(3), "fixed": torch.ones(3)}
    pairs = cotangents(output, seed=3)
    assert [tuple(tensor.shape) for tensor, _ in pairs] == [(8, 3), (2,)]
    for tensor, cotangent in pairs:
        assert cotangent.dtype == tensor.dtype
        assert cotangent.abs().square().mean().item() == pytest.approx(1, rel=1e-5)


def test_the_value_of_a_cotangent_loss_has_the_cotangents_as_its_gradient() -> None:
    output = (scores(8, 2, 2), scores(5))
    choose_loss(output, given="none", seed=4).value(output).backward()
    for tensor, cotangent in cotangents(output, seed=4):
        assert tensor.grad is not None and torch.allclose(tensor.grad, cotangent)


def test_tensors_are_found_in_named_tuples_dataclasses_and_nested_containers() -> None:
    @dataclass
    class Pair:
        mean: torch.Tensor
        rest: list[torch.Tensor]

    point = namedtuple("point", "x y")
    output = [point(torch.ones(1), torch.ones(2)), Pair(torch.ones(3), [torch.ones(4)])]
    assert [name for name, _ in named_tensors(output)] == ["0.x", "0.y", "1.mean", "1.rest.0"]
