"""What the user may write as an input, and what is drawn for it."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, redraw
from initlint.probe.inputs.find import find_inputs
from initlint.probe.inputs.spec import BATCH, DTYPES, Input, parse_input


def drawn(*specs: str, batch: int | None = None, dtype: torch.dtype = torch.float32) -> Inputs:
    return find_inputs(nn.Linear(3, 3), specs=specs, batch=batch, dtype=dtype)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8,3,224,224", Input((8, 3, 224, 224))),
        ("B,3,32,32", Input((BATCH, 3, 32, 32))),
        ("x:8,64", Input((8, 64), name="x")),
        ("int64:8,128", Input((8, 128), "int64")),
        ("long:8", Input((8,), "int64")),
        ("torch.bfloat16:8", Input((8,), "bfloat16")),
        ("mask:bool:8,128", Input((8, 128), "bool", "mask")),
        ("ids:int64:8,128:0..30000", Input((8, 128), "int64", "ids", 0, 30000)),
        ("nodes:int64:2,64:0..B", Input((2, 64), "int64", "nodes", 0, BATCH)),
        ("8:-0.5..1e-1", Input((8,), low=-0.5, high=0.1)),
        ("float:float32:8", Input((8,), "float32", "float")),
        ("t:-", Input((), name="t")),
        ("()", Input(())),
        (" x : 8, ", Input((8,), name="x")),
    ],
)
def test_every_leading_part_may_be_left_out(text: str, expected: Input) -> None:
    assert parse_input(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("8;3", "letter 1: '8;3'", "is not a shape"),
        ("", "letter 1: an empty part", "is not a shape"),
        ("x:", "letter 3: an empty part", "is not a shape"),
        ("8,0", "letter 1: '8,0'", "size of 0"),
        ("a-b:3", "letter 1: 'a-b'", "is neither an argument's name nor a type"),
        ("a:b:int64:3", "letter 1: 'a'", "is a part too many"),
        ("int64:3:5..2", "letter 9: '5..2'", "is an empty range"),
        ("int64:3:0..x", "letter 9: '0..x'", "is not a range of two numbers"),
        ("int64:3:0..1.5", "letter 9: '0..1.5'", "is not a range of whole numbers"),
        ("uint8:3:0..300", "letter 9: '0..300'", "holds numbers that uint8 cannot"),
        ("bool:3:0..3", "letter 8: '0..3'", "goes beyond false and true"),
        ("complex64:3:0..3", "letter 13: '0..3'", "which a complex input cannot have"),
        ("3:0..inf", "letter 3: '0..inf'", "is an empty range"),
    ],
)
def test_an_error_names_the_part_that_is_wrong_and_the_right_form(text: str, place: str, reason: str) -> None:
    with pytest.raises(ProbeError, match=re.escape(place)) as caught:
        parse_input(text)
    assert reason in caught.value.message
    assert caught.value.stage == "inputs"
    assert "ids:int64:8,128:0..30000" in caught.value.remedy


@given(st.text(alphabet="B0123456789,:.-xint64bool() ", max_size=24))
def test_any_text_is_read_or_refused_and_what_is_read_can_be_written_again(text: str) -> None:
    try:
        spec = parse_input(text)
    except ProbeError:
        return
    assert parse_input(spec.describe()) == spec


def test_floats_are_normal_with_mean_zero_and_variance_one() -> None:
    values = drawn("4000,10").args[0]
    assert abs(values.mean().item()) < 0.025  # 5 standard errors of 40 000 numbers
    assert abs(values.var().item() - 1) < 0.036


def test_a_range_of_floats_is_uniform() -> None:
    values = drawn("4000,10:2..4").args[0]
    assert 2 <= values.min() < 2.01 and 3.99 < values.max() < 4
    assert abs(values.mean().item() - 3) < 0.015


def test_integers_take_every_value_from_the_first_to_before_the_last() -> None:
    assert set(drawn("int64:1000:-2..3").args[0].tolist()) == {-2, -1, 0, 1, 2}


def test_a_mask_has_both_values_unless_a_range_says_which() -> None:
    assert set(drawn("bool:100").args[0].tolist()) == {True, False}
    assert drawn("bool:100:1..2").args[0].all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_can_be_drawn(dtype: str) -> None:
    assert drawn(f"{dtype}:4").args[0].dtype is getattr(torch, dtype)


def test_floats_without_a_type_have_the_type_the_model_runs_in() -> None:
    inputs = drawn("x:4", "y:float32:4", dtype=torch.float64)
    assert (inputs.kwargs["x"].dtype, inputs.kwargs["y"].dtype) == (torch.float64, torch.float32)


def test_named_inputs_go_in_by_name_and_the_others_in_order() -> None:
    inputs = drawn("1,2", "mask:bool:1,4", "1,3")
    assert [tuple(value.shape) for value in inputs.args] == [(1, 2), (1, 3)]
    assert list(inputs.kwargs) == ["mask"]
    assert inputs.source == "--input"


def test_the_batch_size_stands_for_b_and_is_smaller_for_large_samples() -> None:
    assert drawn("B,3", batch=5).args[0].shape == (5, 3)
    assert drawn("B,3").batch == 32
    assert drawn("B,3,224,224").batch == 8
    assert drawn("7,3").batch == 7
    assert drawn("int64:2,50:0..B", "B,3", batch=4).args[0].max() == 3


def test_integers_without_a_range_stay_within_the_first_embedding() -> None:
    model = nn.Sequential(nn.Embedding(7, 2), nn.Linear(2, 2))
    assert find_inputs(model, specs=["int64:400"]).args[0].max() == 6


def test_a_seed_gives_the_same_numbers_and_another_seed_independent_ones() -> None:
    first, again, other = (find_inputs(nn.Linear(3, 3), specs=["1000"], seed=seed).args[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert abs(torch.corrcoef(torch.stack([first, other]))[0, 1].item()) < 0.16  # 5 standard errors


def test_drawing_again_gives_an_independent_batch_of_the_same_kind() -> None:
    inputs = drawn("B,400", "ids:int64:B,4:0..9", batch=3)
    fresh = redraw(inputs, seed=1)
    assert fresh.describe() == inputs.describe()
    assert abs(torch.corrcoef(torch.stack([fresh.args[0].flatten(), inputs.args[0].flatten()]))[0, 1].item()) < 0.15


def test_drawing_leaves_the_random_state_alone() -> None:
    model, state = nn.Linear(3, 3), torch.get_rng_state()
    redraw(find_inputs(model, specs=["8,3", "bool:3", "int64:3:0..9"]), seed=4)
    assert torch.equal(torch.get_rng_state(), state)
