"""What models declare of their inputs, and how far that is taken."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from initlint.probe.errors import ProbeError
from initlint.probe.inputs.batch import Inputs, redraw
from initlint.probe.inputs.find import find_inputs


class Model(nn.Module):
    """Takes images of any size; what it declares is set on it."""

    def __init__(self, **declared: Any) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        for name, value in declared.items():
            setattr(self, name, value)

    def forward(self, x: Tensor) -> Tensor:
        return self.stem(x)


class Words(nn.Module):
    """With the attributes of a Hugging Face model."""

    main_input_name = "input_ids"

    def __init__(self, **config: Any) -> None:
        super().__init__()
        self.config = SimpleNamespace(model_type="words", **config)
        self.table = nn.Embedding(50, 4)

    def forward(self, input_ids: Tensor | None = None, attention_mask: Tensor | None = None, **kwargs: Any) -> Tensor:
        assert input_ids is not None and attention_mask is None
        return self.table(input_ids)


class Translator(Words):
    def forward(
        self, input_ids: Tensor | None = None, decoder_input_ids: Tensor | None = None, **kwargs: Any
    ) -> Tensor:
        assert input_ids is not None and decoder_input_ids is not None
        return self.table(input_ids) + self.table(decoder_input_ids)


class Pictures(Words):
    main_input_name = "pixel_values"

    def forward(self, pixel_values: Tensor | None = None) -> Tensor:
        assert pixel_values is not None
        return pixel_values


def shape(inputs: Inputs) -> tuple[int, ...]:
    (value,) = (*inputs.args, *inputs.kwargs.values())
    return tuple(value.shape)


def test_an_example_is_taken_in_form_with_more_samples_and_values_of_its_own() -> None:
    inputs = find_inputs(Model(example_input_array=torch.zeros(1, 3, 20, 24)))
    assert inputs.source == "example_input_array"
    assert shape(inputs) == (32, 3, 20, 24)
    assert 0.9 < inputs.args[0].std().item() < 1.1


def test_integers_of_an_example_stay_within_what_it_shows() -> None:
    model = nn.Sequential(nn.Embedding(50, 4))
    model.dummy_inputs = {"input": torch.tensor([[7, 6, 0], [1, 2, 3]])}
    inputs = find_inputs(model)
    assert inputs.source == "dummy_inputs"
    assert inputs.kwargs["input"].shape == (32, 3)
    assert inputs.kwargs["input"].max() == 7


def test_an_example_that_runs_only_as_it_is_is_taken_as_it_is() -> None:
    class Fixed(Model):
        def forward(self, x: Tensor) -> Tensor:
            assert len(x) == 5
            return self.stem(x)

    assert shape(find_inputs(Fixed(example_input_array=torch.zeros(5, 3, 8, 8)))) == (5, 3, 8, 8)


def test_an_example_that_does_not_run_is_passed_over() -> None:
    inputs = find_inputs(Model(example_input_array=torch.zeros(1, 7)))
    assert inputs.source.startswith("worked out")


@pytest.mark.parametrize("settings", [{"input_size": (3, 40, 48)}, SimpleNamespace(input_size=(3, 40, 48))])
@pytest.mark.parametrize("name", ["pretrained_cfg", "default_cfg"])
def test_the_size_that_timm_states_is_the_first_tried(name: str, settings: Any) -> None:
    inputs = find_inputs(Model(**{name: settings}))
    assert shape(inputs) == (32, 3, 40, 48)
    assert inputs.source == f"worked out from {name}['input_size']: x (B, 3, 40, 48), after the first trial"


def test_a_stated_size_with_other_channels_than_the_model_has_is_mended() -> None:
    assert shape(find_inputs(Model(default_cfg={"input_size": (1, 40, 40)}))) == (32, 3, 40, 40)


def test_hugging_face_text_models_get_enough_ids_within_vocabulary_and_positions() -> None:
    inputs = find_inputs(Words(vocab_size=50, max_position_embeddings=20))
    assert list(inputs.kwargs) == ["input_ids"]
    assert inputs.kwargs["input_ids"].shape == (32, 20)
    assert inputs.kwargs["input_ids"].max() == 49


def test_hugging_face_settings_may_be_nested() -> None:
    inputs = find_inputs(Words(text_config=SimpleNamespace(vocab_size=9)))
    assert inputs.kwargs["input_ids"].shape == (32, 32)
    assert inputs.kwargs["input_ids"].max() == 8


def test_encoder_decoders_get_ids_for_both() -> None:
    inputs = find_inputs(Translator(vocab_size=50, is_encoder_decoder=True))
    assert list(inputs.kwargs) == ["input_ids", "decoder_input_ids"]


@pytest.mark.parametrize("size", [30, (30, 30), {"height": 30, "width": 30}])
def test_hugging_face_images_have_the_size_that_is_configured(size: object) -> None:
    assert shape(find_inputs(Pictures(image_size=size, num_channels=1))) == (32, 1, 30, 30)


def test_a_batch_the_author_returns_is_taken_as_it_is() -> None:
    class Own(Model):
        def probe_inputs(self) -> dict[str, Tensor]:
            return {"x": torch.full((4, 3, 9, 9), 2.0), "target": torch.arange(4)}

    inputs = find_inputs(Own(example_input_array=torch.zeros(1, 3, 20, 24)))
    assert inputs.source == "probe_inputs()"
    assert (inputs.kwargs["x"] == 2).all() and inputs.batch == 4
    assert inputs.target is not None and redraw(inputs, 0).target is not None


def test_a_function_beside_the_model_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "example_inputs", lambda: torch.ones(2, 3, 9, 9), raising=False)
    assert find_inputs(Model()).source == "example_inputs()"


def test_a_function_of_another_kind_by_that_name_is_no_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "example_inputs", lambda batch: batch, raising=False)
    assert find_inputs(Model()).source.startswith("worked out")


def test_a_batch_without_a_tensor_is_an_error_that_names_the_function() -> None:
    class Own(Model):
        def probe_inputs(self) -> str:
            return "nothing"

    with pytest.raises(ProbeError, match=r"probe_inputs\(\) returns no tensor"):
        find_inputs(Own())


def test_a_declaration_that_raises_is_no_declaration() -> None:
    class Raising(Model):
        @property
        def dummy_inputs(self) -> Tensor:
            raise NotImplementedError

    assert find_inputs(Raising()).source.startswith("worked out")


def test_what_the_user_gives_comes_before_what_the_model_declares() -> None:
    assert find_inputs(Model(example_input_array=torch.zeros(1, 3, 9, 9)), specs=["2,3,8,8"]).source == "--input"
